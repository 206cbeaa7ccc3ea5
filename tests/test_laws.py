"""The laws, over every loss; a new loss joins by itself. (What a run adds to a kernel is in test_run_laws.py.)"""

from __future__ import annotations

import ast
import doctest
import inspect

import mpmath as mp
import numpy as np
import pytest
from conftest import LOSSES, choices, draw, variations
from oracle import SKIP, Formula, exact, outputs_mean

from losscli.contract.loss import as_terms
from losscli.losses import REGISTRY

CASES = [pytest.param(loss, choice, id=f"{loss.name}-{''.join(map(str, choice))}")
         for loss in LOSSES for choice in choices(loss)]  # fmt: skip


def rows_of(loss, cruel):
    if loss.scope != "row":
        return 6
    return 40 if cruel else 5


def digits(cruel):
    # e^-1550 needs some 700 digits beside 1; a slope has half of the digits.
    return 800 if cruel else 120


def close(got, want, scale=None):
    """Equal to 1e-12 of the value (or of `scale`); below 1e-290 doubles underflow."""
    want = mp.mpf(want)
    if mp.isinf(want) or abs(want) > mp.mpf(2) ** 1024:
        return got == (np.inf if want > 0 else -np.inf)
    if mp.isnan(want):
        return np.isnan(got)
    return abs(mp.mpf(float(got)) - want) <= mp.mpf("1e-12") * max(abs(want), scale or 0) + mp.mpf("1e-290")


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
        columns = draw(loss, rows_of(loss, cruel), rng, cruel=cruel, choice=choice)
        settled = loss.settle(params)
        before = {r: v.copy() for r, v in columns.items()}
        with np.errstate(all="ignore"):
            terms = as_terms(loss.kernel(*columns.values(), **settled))
        for role, values in columns.items():
            np.testing.assert_array_equal(values, before[role], err_msg="the kernel changed its input")
        assert set(terms) == set(formula.terms)
        with mp.workdps(digits(cruel)):
            compare_terms(formula, exact(loss, columns), settled, terms)


def compare_terms(formula, columns, params, terms):
    if formula.loss.unit == "element":
        (term,) = terms.values()
        total = mp.fsum(mp.mpf(float(v)) for v in term.values)
        assert close(total, formula.row(columns, 0, params)["loss"])
        return
    for name, term in terms.items():
        for i in range(len(term.values)):
            want = formula.row(columns, i, params)[name]
            part = term.where is None or bool(term.where[i])
            assert part == (want is not SKIP), f"row {i} of {name}: {params}"
            if part:
                assert close(term.values[i], want), (
                    f"row {i} of term {name} with {params}: kernel {term.values[i]!r}, formula {mp.nstr(want, 20)}; "
                    f"{ ({r: c[i] if c and len(c) > i else c for r, c in columns.items()}) }"
                )


@pytest.mark.parametrize("cruel", [False, True], ids=["ordinary", "cruel"])
@pytest.mark.parametrize(("loss", "choice"), CASES)
def test_gradient_is_slope_of_values(loss, choice, cruel):
    formula = Formula(loss)
    rng = np.random.default_rng([11, cruel])
    for params in variations(loss):
        rows = 4 if loss.scope != "row" else 12 if cruel else 3
        columns = draw(loss, rows, rng, cruel=cruel, choice=choice)
        settled = loss.settle(params)
        for role in loss.gradients:
            if np.asarray(columns[role]).dtype.kind == "f":
                check_slopes(loss, formula, columns, settled, role, cruel)


def check_slopes(loss, formula, columns, params, role, cruel):
    arrays = list(columns.values())
    upstream = np.random.default_rng(5).uniform(0.5, 2.0, 64)
    with np.errstate(all="ignore"):
        terms = as_terms(loss.kernel(*arrays, **params))
        if loss.scope != "row":
            factors = {t: upstream[: len(term.values)] for t, term in terms.items()}
            given = factors["loss"] if set(factors) == {"loss"} else factors
            slopes = {"loss": loss.gradients[role](*arrays, upstream=given, **params)}
        else:
            answer = loss.gradients[role](*arrays, **params)
            slopes = answer if isinstance(answer, dict) else {"loss": answer}
    matrix = loss.roles[role].kinds[0].shape == "matrix"
    with mp.workdps(digits(cruel)):
        for name, slope in slopes.items():
            if loss.scope != "row":
                assert slope.shape == columns[role].shape
                check_entries(loss, columns, role, slope, lambda c: group_sum(formula, c, params, factors))
            elif loss.unit == "element":
                assert slope.shape == columns[role].shape
                check_entries(loss, columns, role, slope, lambda c: formula.row(c, 0, params)["loss"])
            else:
                for i in range(len(slope)):
                    check_entries(loss, columns, role, slope[i],
                                  lambda c, i=i, name=name: part(formula.row(c, i, params)[name]),
                                  row=None if matrix else i)  # fmt: skip


def part(value):
    return mp.mpf(0) if value is SKIP else outputs_mean(value)


def group_sum(formula, columns, params, factors):
    n = len(next(iter(factors.values())))
    rows = [formula.row(columns, i, params) for i in range(n)]
    return mp.fsum(float(factors[t][i]) * part(rows[i][t]) for t in factors for i in range(n))


def check_entries(loss, columns, role, slope, value, row=None):
    """Each entry of `slope` against the exact one-sided differences of `value`; at a kink it lies between them."""
    # Half the digits: small enough to stay inside the domain beside 1e-300, and half are left for the difference.
    step = mp.mpf(10) ** (-mp.mp.dps // 2)
    base = value(exact(loss, columns))
    if mp.isinf(base) or mp.isnan(base):
        return
    spots = np.ndindex(slope.shape)
    wanted = []
    for spot in spots:
        place = spot if row is None else (row, *spot)
        up, down = (real(value(moved(loss, columns, role, place, sign * step))) for sign in (1, -1))
        right, left = (up - base) / step, (base - down) / step
        wanted.append((spot, left, right))
    wanted = [(spot, left, right) for spot, left, right in wanted if mp.isfinite(left) and mp.isfinite(right)]
    # Where all slopes are 0, the differences hold nothing but the rounding of the formula's own digits.
    noise = abs(base) * mp.mpf(10) ** (14 - mp.mp.dps) / step
    scale = max(noise, *(max(abs(lo), abs(hi)) for _, lo, hi in wanted), 0)
    for spot, left, right in wanted:
        got = slope[spot]
        if abs(left - right) <= mp.mpf("1e-13") * max(abs(left), abs(right), mp.mpf("1e-280")):
            assert close(got, (left + right) / 2, scale), (
                f"slope by {role}{spot}: got {got!r}, formula {mp.nstr((left + right) / 2, 20)}; {columns}"
            )
        else:
            low, high = sorted((left, right))
            slack = mp.mpf("1e-12") * scale
            assert low - slack <= got <= high + slack, f"{role}{spot}: {got} is no slope between {low} and {high}"


def real(value):
    """`value`, or NaN where the step left the domain (a root or a logarithm of a negative number)."""
    return mp.nan if isinstance(value, mp.mpc) else value


def moved(loss, columns, role, place, step):
    """The exact columns with one entry moved by `step`; never a rounded sum."""
    out = exact(loss, columns)
    target = out[role]
    for index in place[:-1]:
        target = target[index]
    target[place[-1]] += step
    return out


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
            terms = as_terms(loss.kernel(*columns.values(), **loss.settle({})))
        means = {n: t.values[slice(None) if t.where is None else t.where].mean() for n, t in terms.items()}
        assert loss.combine(means, loss.settle({})) == pytest.approx(loss.optimum, abs=1e-15)


def perfect_prediction(kinds, columns):
    pred, target = kinds.get("pred"), kinds.get("target")
    if pred is None or target is None:
        return None
    if pred.shape == target.shape and pred.name not in ("Logit", "LogitVector") and not target.total:
        if target.labels or target.name == "SoftBinary":
            columns["target"] = np.round(columns["target"])
        return columns["target"].copy()
    if pred.total and target.shape == "class":
        return np.eye(pred_width(columns))[columns["target"]]
    return None


def pred_width(columns):
    return columns["pred"].shape[1]


def test_every_loss_has_a_gradient_by_its_first_role():
    """zero_one is the one loss that is flat wherever it is smooth."""
    without = [loss.name for loss in LOSSES if not loss.gradients]
    assert without in ([], ["zero_one"])


def test_aliases_give_the_loss():
    from losscli import losses

    assert losses.l1 is REGISTRY["mae"]
    with pytest.raises(AttributeError, match="no loss is called"):
        _ = losses.nothing
