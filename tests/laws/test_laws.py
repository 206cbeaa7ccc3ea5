"""The laws, over every loss; a new loss joins by itself. (What a run adds to a kernel is in test_run_laws.py.)"""

from __future__ import annotations

import ast
import doctest
import inspect

import conftest
import mpmath as mp
import numpy as np
import pytest
from conftest import LOSSES, choices, draw, required, variations
from formula_checks import check_slopes, compare_terms, digits, rows_of, term_means, terms_of
from oracle import Formula, exact

from losscli.contract.loss import as_terms
from losscli.losses import REGISTRY

CASES = [pytest.param(loss, choice, id=f"{loss.name}-{''.join(map(str, choice))}")
         for loss in LOSSES for choice in choices(loss)]  # fmt: skip


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)
def test_documented(loss):
    assert loss.summary.endswith(".") and len(loss.summary) < 130
    assert loss.example.startswith(">>>")
    assert loss.cite and loss.formula
    assert loss.no_library is None or len(loss.no_library) > 10  # the reason, in words
    assert all(p.param.help for p in loss.params.values())
    assert set(loss.gradients) <= set(loss.roles)
    assert all(parameter.isidentifier() for parameter in loss.params)
    said = {node.id for node in ast.walk(ast.parse(loss.formula)) if isinstance(node, ast.Name)}
    assert {name for name, p in loss.params.items() if p.param.in_formula} == said & set(loss.params)


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)
def test_doctest_true(loss):
    runner = doctest.DocTestRunner(verbose=False)
    test = doctest.DocTestParser().get_doctest(
        inspect.cleandoc(loss.__doc__), {loss.name: loss, "np": np}, loss.name, None, 0
    )
    assert test.examples
    report: list[str] = []
    runner.run(test, out=report.append)
    assert not report, "".join(report)


@pytest.mark.parametrize("cruel", [False, True], ids=["ordinary", "cruel"])
@pytest.mark.parametrize(("loss", "choice"), CASES)
def test_kernel_is_formula(loss, choice, cruel):
    formula = Formula(loss)
    rng = np.random.default_rng([7, cruel])
    for params in variations(loss):
        settled = loss.settle(params)
        columns = draw(loss, rows_of(loss, cruel), rng, cruel=cruel, choice=choice, params=settled)
        before = {r: v.copy() for r, v in columns.items()}
        with np.errstate(all="ignore"):
            terms = terms_of(loss, columns.values(), settled)
        for role, values in columns.items():
            np.testing.assert_array_equal(values, before[role], err_msg="the kernel changed its input")
        assert set(terms) == set(formula.terms)
        with mp.workdps(digits(cruel)):
            compare_terms(formula, exact(loss, columns), settled, terms)


@pytest.mark.parametrize("cruel", [False, True], ids=["ordinary", "cruel"])
@pytest.mark.parametrize(("loss", "choice"), CASES)
def test_gradient_is_slope_of_values(loss, choice, cruel):
    formula = Formula(loss)
    rng = np.random.default_rng([11, cruel])
    for params in variations(loss):
        rows = 4 if loss.scope != "row" else 12 if cruel else 3
        settled = loss.settle(params)
        columns = draw(loss, rows, rng, cruel=cruel, choice=choice, params=settled)
        for role in loss.gradients:
            if np.asarray(columns[role]).dtype.kind == "f":
                check_slopes(loss, formula, columns, settled, role, cruel)


@pytest.mark.parametrize("loss", [loss for loss in LOSSES if loss.optimum is not None], ids=lambda loss: loss.name)
def test_optimum_at_a_perfect_prediction(loss):
    """Where prediction and target are of one shape, the target predicts itself."""
    for choice in choices(loss):
        columns = draw(loss, 5, np.random.default_rng(3), choice=choice)
        if set(columns) < {"pred", "target"}:
            continue
        # An optional target says which rows take part, not what to predict.
        pairs = zip(loss.roles.values(), choice, strict=True)
        kinds = {role.name: role.kinds[i] for role, i in pairs if not role.optional}
        perfect = perfect_prediction(kinds, columns)
        if perfect is None:
            continue
        columns["pred"] = perfect
        with np.errstate(all="ignore"):
            terms = terms_of(loss, columns.values(), loss.settle(required(loss)))
        assert loss.combine(term_means(terms), loss.settle(required(loss))) == pytest.approx(loss.optimum, abs=1e-15)


@pytest.mark.parametrize("cruel", [False, True], ids=["ordinary", "cruel"])
@pytest.mark.parametrize(("loss", "choice"), CASES)
def test_no_number_is_beyond_the_limits(loss, choice, cruel):
    """Intervals end at these limits, so a loss that can be below its optimum must say that it has none."""
    rng = np.random.default_rng([13, cruel])
    low, high = loss.limits
    for params in variations(loss):
        settled = loss.settle(params)
        columns = draw(loss, 40 if loss.scope == "row" else 8, rng, cruel=cruel, choice=choice, params=settled)
        with np.errstate(all="ignore"):
            terms = terms_of(loss, columns.values(), settled)
        used = {n: t.values if t.where is None else t.values[t.where] for n, t in terms.items()}
        if any(term.by is not None for term in terms.values()):
            count = len(next(iter(terms.values())).values)
            chosen = [term_means(terms, slice(place, place + size)) for size in (1, 2, 7) for place in range(count - 6)]
        elif loss.combined or (len(terms) > 1 and all(t.where is None for t in terms.values())):  # of one row at a time
            chosen = [{n: values[place] for n, values in used.items()} for place in range(min(map(len, used.values())))]
        else:
            chosen = [{n: least(values, initial=0) for n, values in used.items()} for least in (np.min, np.max)]
        for means in chosen:
            with np.errstate(all="ignore"):
                value = loss.combine(means, settled)
            assert not value < low - 1e-15 * abs(low)
            assert not value > high * (1 + 1e-15)


def perfect_prediction(kinds, columns):
    pred, target = kinds.get("pred"), kinds.get("target")
    if pred is None or target is None:
        return None
    if pred.shape == target.shape and not pred.logit and not target.total:
        if target.labels or target.name == "SoftBinary":
            columns["target"] = np.round(columns["target"])
        return columns["target"].copy()
    if pred.total and target.shape == "class":
        return np.eye(pred_width(columns))[columns["target"]]
    return None


def pred_width(columns):
    return columns["pred"].shape[1]


def test_every_loss_has_a_gradient_by_its_first_role():
    """Only decisions, and the order of a table, are flat: a small step of the predictions changes none."""
    without = [loss for loss in LOSSES if not loss.gradients and "threshold" not in loss.params]
    for loss in [loss for loss in without if not loss.sorted_by]:
        columns, settled = draw(loss, 6, np.random.default_rng(5)), loss.settle(required(loss))
        moved = {role: values + 1e-9 if role == "pred" else values for role, values in columns.items()}
        before, after = (as_terms(loss.kernel(*given.values(), **settled)) for given in (columns, moved))
        assert {n: t.values.tolist() for n, t in before.items()} == {n: t.values.tolist() for n, t in after.items()}
    assert [loss.name for loss in LOSSES if loss.gradients and loss.no_gradient] == []


def test_aliases_give_the_loss():
    from losscli import losses

    assert losses.l1 is REGISTRY["mae"]
    with pytest.raises(AttributeError, match="unknown loss 'nothing'"):
        _ = losses.nothing


ENDS = np.array([1e308, -1e308, 1.7e308, -1.7e308, 1e154, -1e154, 1e200, 1e-162, -1e-170, 5e-324, -3e-310, 1.0, 0.0])
SCALED = [
    case for case in CASES if case.values[0].scales and case.values[0].scope == "row" and case.values[0].source_roles
]


@pytest.mark.parametrize(("loss", "choice"), SCALED)
def test_kernel_is_formula_at_the_ends_of_the_doubles(loss, choice, monkeypatch):
    """Where steps of a kernel overflow or vanish, the values that it declares as scaled numbers are the formula's."""
    monkeypatch.setattr(conftest, "CRUEL", ENDS)
    formula = Formula(loss)
    for params in variations(loss):
        columns = draw(loss, 60, np.random.default_rng(13), cruel=True, choice=choice)
        settled = loss.settle(params)
        with np.errstate(all="ignore"):
            terms = as_terms(loss.kernel(*columns.values(), **settled))
            loss.beyond(tuple(columns.values()), settled, terms)
        with mp.workdps(1500):
            compare_terms(formula, exact(loss, columns), settled, terms)
