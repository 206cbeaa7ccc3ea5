"""Differences between slices: outside numbers, formulas written out, the same bits in any order, what is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats

from losscli import compare, evaluate
from losscli.errors import UsageError
from losscli.statistics import slice_differences
from losscli.statistics.proportions import newcombe, newcombe_p
from losscli.statistics.student_t import t_interval


def _table(rows=150, seed=5):
    rng = np.random.default_rng(seed)
    y = rng.normal(size=rows)
    g = rng.choice(["a", "b", "c"], rows, p=[0.5, 0.3, 0.2])
    p = y + rng.normal(size=rows) * np.where(g == "a", 1.0, 1.4)
    return {"y": y, "p": p, "g": g, "u": rng.integers(0, 25, rows), "w": rng.uniform(0.5, 2, rows)}


def _between(table, loss="mse", **given):
    report = evaluate(table, loss, target="y", pred="p", by="g", **{"between": "rest", **given})
    return {one.by["g"]: one.between for one in report if one.between is not None}


@pytest.mark.parametrize("between", ["rest", "g=b"])
def test_independent_rows_are_welchs_test(between):
    table = _table()
    squares = (table["y"] - table["p"]) ** 2
    found = _between(table, between=between)
    assert set(found) == ({"a", "b", "c"} if between == "rest" else {"a", "c"})
    for name, one in found.items():
        here, there = squares[table["g"] == name], squares[table["g"] != name]
        if between != "rest":
            there = squares[table["g"] == "b"]
        expected = scipy.stats.ttest_ind(here, there, equal_var=False)
        bounds = expected.confidence_interval(0.95)
        assert one.difference == pytest.approx(here.mean() - there.mean(), rel=1e-12)
        assert (one.t, one.p, one.uncertainty.df) == pytest.approx(
            (expected.statistic, expected.pvalue, expected.df), rel=1e-10
        )
        assert one.interval == pytest.approx((bounds.low, bounds.high), rel=1e-10)
        assert one.count == len(there) and one.against == (None if between == "rest" else {"g": "b"})
    ps = [one.p for one in found.values()]
    assert max(one.p_adjusted for one in found.values()) >= max(ps)


def test_a_root_has_the_standard_error_of_its_linearisation():
    table = _table()
    squares = (table["y"] - table["p"]) ** 2
    for name, one in _between(table, "rmse").items():
        variance = 0.0
        for part in (squares[table["g"] == name], squares[table["g"] != name]):
            variance += part.var(ddof=1) / len(part) / (4 * part.mean())
        assert one.stderr == pytest.approx(math.sqrt(variance), rel=1e-10)


def _cr2(values, here, there, clusters):
    """The standard error of a difference of two means whose clusters have rows in both, each corrected by its share."""
    total = np.zeros(int(clusters.max()) + 1)
    for part, sign in ((here, 1), (there, -1)):
        x, g = values[part], clusters[part]
        sums = np.bincount(g, (x - x.mean()) / len(x), minlength=len(total))
        share = np.bincount(g, minlength=len(total)) / len(x)
        total += sign * sums / np.sqrt(1 - share)
    return math.sqrt((total**2).sum())


def test_clusters_in_both_slices_are_taken_together():
    table = _table()
    squares = (table["y"] - table["p"]) ** 2
    for name, one in _between(table, cluster="u").items():
        here = table["g"] == name
        assert one.stderr == pytest.approx(_cr2(squares, here, ~here, table["u"]), rel=1e-10)
        assert one.uncertainty.units == "u" and one.uncertainty.count == len(set(table["u"].tolist()))


def test_clusters_within_slices_are_independent():
    table = _table()
    table["u"] = [f"{g}{u % 8}" for g, u in zip(table["g"], table["u"], strict=True)]
    report = evaluate(table, "mse", target="y", pred="p", by="g", cluster="u", between="g=b")
    alone = {one.by.get("g"): one for one in report}
    for name in "ac":
        one = alone[name].between
        variances = [alone[each].stderr ** 2 for each in (name, "b")]
        dfs = [alone[each].uncertainty.df for each in (name, "b")]
        assert one.stderr == pytest.approx(math.sqrt(sum(variances)), rel=1e-12)
        df = sum(variances) ** 2 / sum(v**2 / df for v, df in zip(variances, dfs, strict=True))
        assert one.uncertainty.df == pytest.approx(df, rel=1e-10)


@pytest.mark.parametrize("given", [{"weight": "w"}, {"weight": "w", "divide_by": "count"}, {"reduction": "sum"}])
def test_weights_and_sums_add_the_variances_of_both(given):
    table = _table()
    report = evaluate(table, "mse", target="y", pred="p", by="g", between="g=b", **given)
    alone = {one.by.get("g"): one for one in report}
    for name in "ac":
        assert alone[name].between.difference == alone[name].value - alone["b"].value
        expected = math.hypot(alone[name].stderr, alone["b"].stderr)
        assert alone[name].between.stderr == pytest.approx(expected, rel=1e-12)


def test_the_rest_is_what_a_filter_leaves():
    table = _table()
    table["c"] = ["x" if value > 0 else "z" for value in table["y"]]
    table["q"] = table["w"] / 4
    given = {"target": "c", "positive": "x", "pred": "q", "class_weight": "balanced"}
    report = evaluate(table, "bce", by="g", between="rest", **given)
    for name in "abc":
        alone = evaluate(table, "bce", where=f"g != '{name}'", interval=True, **given)[0]
        here = report.find("bce", g=name)
        assert here.between.value == pytest.approx(alone.value, rel=1e-14)
        assert here.between.stderr == pytest.approx(math.hypot(here.stderr, alone.stderr), rel=1e-10)


def test_proportions_are_newcombes():
    # Newcombe 1998, table II, method 10, contrast (a): 56/70 - 48/80; the digits of statsmodels 0.15.0,
    # confint_proportions_2indep(56, 70, 48, 80, method="newcomb", compare="diff")
    low, high = newcombe((0.8, 70, math.inf), (0.6, 80, math.inf), 0.95)
    assert (round(low, 4), round(high, 4)) == (0.0524, 0.3339)
    assert (low, high) == pytest.approx((0.05243147240236498, 0.33387265403690614), rel=1e-11)
    p = newcombe_p((0.8, 70, math.inf), (0.6, 80, math.inf))
    assert newcombe((0.8, 70, math.inf), (0.6, 80, math.inf), 1 - p)[0] == pytest.approx(0, abs=1e-9)
    assert newcombe_p((0.5, 10, math.inf), (0.5, 20, math.inf)) == 1
    assert 0 < newcombe_p((1.0, 1e6, math.inf), (0.0, 1e6, math.inf)) < 1e-200


def test_slices_without_an_error_have_an_interval():
    table = {"y": [1] * 30, "p": [1] * 30, "g": ["a"] * 10 + ["b"] * 20}
    found = _between(table, "zero_one")
    assert found["a"].uncertainty.method == "newcombe" and found["a"].p == 1 and found["a"].t is None
    assert found["a"].interval[0] < 0 < found["a"].interval[1]
    assert found["a"].interval == pytest.approx((-0.1611251580528194, 0.27753279986288926), rel=1e-11)


def test_two_slices_are_one_difference():
    table = _table()
    table["g"] = ["a" if g == "a" else "b" for g in table["g"]]
    found = _between(table)
    assert found["a"].difference == -found["b"].difference
    assert found["a"].p_adjusted == found["a"].p == found["b"].p_adjusted


def test_verdicts_and_adjustments():
    rng = np.random.default_rng(8)
    g = np.repeat(list("abcdef"), 60)
    table = {"y": rng.normal(size=360), "g": g}
    table["p"] = table["y"] + rng.normal(size=360) * np.where(g == "a", 2.0, 1.0)
    found = _between(table)
    assert found["a"].verdict == "worse" and found["b"].verdict in ("better", "no difference shown")
    ps = [one.p for one in found.values()]
    by_bh = [one.p_adjusted for one in _between(table, adjust="bh").values()]
    assert by_bh == pytest.approx(scipy.stats.false_discovery_control(ps).tolist(), rel=1e-12)


def test_the_same_bits_in_any_order():
    table = _table()
    order = np.random.default_rng(0).permutation(150)
    other = {name: np.asarray(values)[order] for name, values in table.items()}
    for given in ({}, {"cluster": "u"}, {"adjust": "max-t"}, {"cluster": "u", "adjust": "max-t", "between": "g=c"}):
        assert _between(table, **given) == _between(other, threads=1, **given)


def test_beside_the_bootstrap_differences_are_by_the_delta_method():
    table = _table()
    plain, beside = _between(table), _between(table, bootstrap=50)
    assert plain == beside


def test_what_is_refused():
    table = _table(30)
    for given, code in (
        ({"by": ()}, "USAGE_INCOMPLETE"), ({"between": "g=z"}, "USAGE_BAD_VALUE"),
        ({"between": "h=a"}, "USAGE_BAD_VALUE"), ({"between": "b"}, "USAGE_COLUMNS"),
    ):  # fmt: skip
        with pytest.raises(UsageError) as caught:
            evaluate(table, "mse", target="y", pred="p", **{"by": "g", "between": "rest", **given})
        assert caught.value.code == code
    with pytest.raises(TypeError):
        compare(table, "mse", target="y", pred={"a": "p", "b": "y"}, betwen="rest")


def test_the_slice_that_others_are_compared_with_is_estimated_once(monkeypatch):
    seen = []
    own = slice_differences.linearize

    def counted(sums, line, slice_ids):
        seen.append((line, tuple(one.number for one in slice_ids)))
        return own(sums, line, slice_ids)

    monkeypatch.setattr(slice_differences, "linearize", counted)
    table = _table(400)
    table["g"] = np.arange(400) % 40
    found = _between(table, between="g=3")
    assert len(found) == 39
    assert len(seen) == len(set(seen)) == 40


def test_quantiles_computed_together_are_those_of_each_difference():
    table = _table(2000)
    table["g"] = np.arange(2000) % 50
    found = _between(table, between="g=3")
    assert len({one.uncertainty.df for one in found.values()}) == 49
    for one in found.values():
        assert one.interval == t_interval(one.difference, one.stderr, one.uncertainty.df, 0.95)


def test_only_joint_intervals_keep_the_linearisations_of_slices(monkeypatch):
    made = []
    own = slice_differences.Member
    monkeypatch.setattr(slice_differences, "Member", lambda *given: made.append(given[0]) or own(*given))
    _between(_table(), between="g=b")
    assert not any(made)
    _between(_table(), between="g=b", adjust="max-t")
    assert any(made)
