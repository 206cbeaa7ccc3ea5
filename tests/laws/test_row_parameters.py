"""Parameters of which each row has its own value: the bits of each row are those of its number."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest
from conftest import LOSSES, choices, draw
from formula_checks import compare_terms, digits
from oracle import Formula, exact

from losscli import losses
from losscli.contract.loss import Term, as_terms
from losscli.errors import DataError, UsageError

ROWS = 120
PER_ROW = [(loss, spec) for loss in LOSSES for spec in loss.params.values() if spec.param.per_row]
CASES = [pytest.param(loss, spec, choice, id=f"{loss.name}:{spec.name}-{''.join(map(str, choice))}")
         for loss, spec in PER_ROW for choice in choices(loss)]  # fmt: skip


def values_of(spec, rng, rows: int = ROWS):
    """Values within the range, its ends among them where they belong to it."""
    low = spec.kind.low if np.isfinite(spec.kind.low) else -3.0
    high = spec.kind.high if np.isfinite(spec.kind.high) else low + 3
    values = rng.uniform(low + 1e-3, high - 1e-3, rows)
    values[: rows // 4] = spec.default if spec.default is not None else values[0]
    ends = [end for end in (spec.param.ge, spec.param.le) if end is not None]
    values[rows // 4 : rows // 2] = rng.choice(ends, rows // 4) if ends else values[rows // 4 : rows // 2]
    return rng.permutation(values)


def columns_of(loss, choice, rng, cruel: bool):
    """Columns of the kinds of `choice`; of targets that may be soft, a third is 0 or 1."""
    columns = draw(loss, ROWS, rng, cruel=cruel, choice=choice)
    for role, which in zip(loss.roles.values(), choice, strict=True):
        if role.kinds[which].name == "SoftBinary":
            columns[role.name][::3] = rng.integers(0, 2, len(columns[role.name][::3]))
    return columns


def pieces(answer, row):
    return [np.asarray(term.values)[row].tobytes() for term in as_terms(answer).values()]


@pytest.mark.parametrize("cruel", [False, True], ids=["ordinary", "cruel"])
@pytest.mark.parametrize(("loss", "spec", "choice"), CASES)
def test_rows_have_the_bits_of_their_numbers(loss, spec, choice, cruel):
    rng = np.random.default_rng(11)
    columns, params = columns_of(loss, choice, rng, cruel), values_of(spec, rng)
    with np.errstate(all="ignore"):
        whole = loss(**columns, **{spec.name: params})
        gradients = {role: loss.gradient(role, **columns, **{spec.name: params}) for role in loss.gradients}
        for row in range(ROWS):
            own = {
                name: column if loss.roles[name].kinds[0].shape == "matrix" else column[row : row + 1]
                for name, column in columns.items()
            }
            own |= {spec.name: float(params[row])}
            assert pieces(loss(**own), 0) == pieces(whole, row), row
            for role, slope in gradients.items():
                if loss.roles[role].kinds[0].shape != "matrix":
                    assert loss.gradient(role, **own)[0].tobytes() == slope[row].tobytes(), (role, row)


@pytest.mark.parametrize(("loss", "spec"), [pytest.param(*case, id=f"{case[0].name}:{case[1].name}")
                                             for case in PER_ROW])  # fmt: skip
def test_rows_have_the_number_of_the_formula(loss, spec):
    if not spec.param.in_formula or any(role.kinds[0].shape == "matrix" for role in loss.roles.values()):
        return
    rng = np.random.default_rng(5)
    columns, params = draw(loss, 12, rng, choice=choices(loss)[0]), values_of(spec, rng, 12)
    values = loss(**columns, **{spec.name: params})
    for row in range(12):
        own = {name: column[row : row + 1] for name, column in columns.items()}
        settled = loss.settle({spec.name: float(params[row])})
        terms = {name: Term(term.values[row : row + 1]) for name, term in as_terms(values).items()}
        with mp.workdps(digits(cruel=False)):
            compare_terms(Formula(loss), exact(loss, own), settled, terms)


def test_several_outputs_of_a_row_have_its_value():
    rng = np.random.default_rng(3)
    pred, target, q = rng.normal(size=(6, 2)), rng.normal(size=(6, 2)), rng.uniform(size=6)
    found = losses.pinball(pred, target, q=q)
    for at in range(2):
        assert found[:, at].tolist() == losses.pinball(pred[:, at], target[:, at], q=q).tolist()


def test_what_is_no_value_of_each_row_is_refused():
    with pytest.raises(DataError, match=r"'q' of 'pinball': row 2 is 1.5, not a number >= 0 and <= 1"):
        losses.pinball([1.0, 2.0], [1.0, 1.0], q=[0.5, 1.5])
    with pytest.raises(DataError, match=r"row 1 is 1, not a number > 0 and < 1"):
        losses.expectile([1.0, 2.0], [1.0, 1.0], q=[1.0, 0.5])
    with pytest.raises(DataError, match=r"row 2 is nan"):
        losses.pinball([1.0, 2.0], [1.0, 1.0], q=[0.5, np.nan])
    with pytest.raises(DataError, match=r"'q' of 'pinball' has 3 values"):
        losses.pinball([1.0, 2.0], [1.0, 1.0], q=[0.5, 0.5, 0.5])
    with pytest.raises(DataError, match=r"'q' of 'pinball' must be a number, or one a row"):
        losses.pinball([1.0, 2.0], [1.0, 1.0], q=[[0.5, 0.5]])
    with pytest.raises(UsageError, match=r"'clip' of 'bce' must be a number"):
        losses.bce([0.5, 0.2], [1, 0], clip=[0.1, 0.2])


def test_what_a_parameter_lifts_or_the_whole_needs_is_no_parameter_of_rows():
    for loss, spec in PER_ROW:
        assert loss.scope == "row", loss
        assert spec.type == "float" and not spec.param.lifts, (loss, spec.name)
        assert not loss.own_combine, (loss, spec.name)
