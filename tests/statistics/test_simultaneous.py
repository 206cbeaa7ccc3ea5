"""Simultaneous intervals: against known quantiles of maxima, and in whole runs."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.integrate
import scipy.stats

from losscli import compare, evaluate
from losscli.statistics.maximum import Maximum


def _equal(size, correlation):
    return np.full((size, size), correlation) + (1 - correlation) * np.eye(size)


def test_independent_statistics_are_sidaks():
    found = Maximum([np.ones((1, 1))] * 20, 0, ())
    assert found.pointwise(0.95) == pytest.approx(0.95 ** (1 / 20), rel=1e-15)
    assert found.adjusted(0.01) == pytest.approx(1 - 0.99**20, rel=1e-12)
    assert found.adjusted(1e-200) == pytest.approx(20e-200, rel=1e-12)
    assert Maximum([np.ones((1, 1))], 0, ()).pointwise(0.9) == 0.9


@pytest.mark.parametrize(("size", "critical"), [(2, 2.212), (3, 2.349), (5, 2.511), (9, 2.686)])
def test_one_statistic_in_common_is_dunnetts(size, critical):
    # Dunnett's two-sided 5 % points for infinitely many degrees of freedom; by his integral to more digits.
    def beyond(c):
        def inside(z):
            a, b = (scipy.stats.norm.cdf((sign * c - math.sqrt(0.5) * z) / math.sqrt(0.5)) for sign in (1, -1))
            return scipy.stats.norm.pdf(z) * (a - b) ** size

        return 1 - scipy.integrate.quad(inside, -9, 9)[0]

    assert beyond(critical) == pytest.approx(0.05, abs=2e-4)
    found = Maximum([_equal(size, 0.5)], 0, ())
    assert found.adjusted(2 * scipy.stats.norm.sf(critical)) == pytest.approx(0.05, abs=0.0025)
    assert scipy.stats.norm.isf((1 - found.pointwise(0.95)) / 2) == pytest.approx(critical, abs=0.02)


def test_differences_of_all_pairs_are_tukeys():
    # The studentised range of 3 with infinitely many degrees of freedom: 3.314 / sqrt(2).
    differences = np.array([[1, -1, 0], [1, 0, -1], [0, 1, -1]])
    found = Maximum([differences @ differences.T / 2], 0, ())
    critical = scipy.stats.norm.isf((1 - found.pointwise(0.95)) / 2)
    assert critical == pytest.approx(scipy.stats.studentized_range.ppf(0.95, 3, np.inf) / math.sqrt(2), abs=0.02)


def test_p_and_level_are_the_same_statement():
    found = Maximum([_equal(4, 0.8), _equal(3, 0.2), np.ones((1, 1))], 7, (1,))
    p = (1 - found.pointwise(0.95)) * (1 - 1e-9)  # a draw may lie just there
    assert found.adjusted(p) <= 0.05 + 1e-12 and found.adjusted(p * 1.01) > 0.0499
    assert 0.05 / 8 <= p <= 0.05
    previous = 0.0
    for p in (0.0, 1e-12, 1e-5, 1e-3, 0.02, 0.3, 0.9, 1.0):
        assert min(1, max(p, previous)) <= found.adjusted(p) <= min(1.0, 8 * p)
        previous = found.adjusted(p)
    assert math.isnan(found.adjusted(math.nan))


def test_what_is_the_same_counts_once():
    found = Maximum([np.ones((5, 5))], 0, ())
    assert found.pointwise(0.95) == pytest.approx(0.95, abs=0.003)


def _table(rows=240):
    rng = np.random.default_rng(4)
    y = rng.normal(size=rows)
    noise = rng.normal(size=rows)
    return {
        "y": y, "g": rng.choice(["a", "b", "c"], rows), "u": rng.integers(0, 30, rows),
        "m": y + noise, "n": y + 0.9 * noise + rng.normal(0, 0.5, rows), "k": y + rng.normal(size=rows),
    }  # fmt: skip


def test_slices_of_one_model_are_independent():
    table = _table()
    report = evaluate(table, "mse", target="y", pred="m", by="g", adjust="max-t")
    for one in report:
        how, level = one.uncertainty, 0.95 if not one.by else 0.95 ** (1 / 3)
        assert (how.level, how.simultaneous) == (0.95, 3 if one.by else 1)
        assert how.pointwise_level == pytest.approx(level, rel=1e-12)
        alone = evaluate(table, "mse", target="y", pred="m", by="g", interval=True, level=level).find("mse", **one.by)
        assert one.interval == pytest.approx(alone.interval, rel=1e-9)


@pytest.mark.parametrize("cluster", [None, "u"])
def test_models_on_the_same_rows_are_correlated(cluster):
    table = _table()
    report = evaluate(table, "mse", target="y", pred={n: n for n in "mnk"}, adjust="max-t", cluster=cluster)
    x = np.stack([(table["y"] - table[name]) ** 2 for name in "mnk"])
    influence = x - x.mean(axis=1, keepdims=True)
    if cluster is not None:
        sizes = np.bincount(table["u"])
        influence = np.stack([np.bincount(table["u"], row) for row in influence]) / np.sqrt(1 - sizes / len(table["u"]))
        influence /= np.sqrt((influence**2).sum(axis=1, keepdims=True))
        correlations = influence @ influence.T
    else:
        correlations = np.corrcoef(x)
    expected = Maximum([correlations], 0, ()).pointwise(0.95)
    assert {one.uncertainty.simultaneous for one in report} == {3}
    assert report[0].uncertainty.pointwise_level == pytest.approx(expected, abs=1e-6)
    assert 0.95 < expected < 0.95 ** (1 / 3)


def test_comparisons_have_intervals_and_p_values_of_one_family():
    table = _table()
    given = {"target": "y", "pred": {n: n for n in "mnk"}, "by": "g", "permutations": 0}
    found = compare(table, "mse", adjust="max-t", pairs=True, **given).comparisons
    alone = compare(table, "mse", adjust="none", pairs=True, **given).comparisons
    for one, other in zip(found, alone, strict=True):
        assert one.adjustment == "max-t" and one.uncertainty.simultaneous == (9 if one.by else 3)
        assert one.t_test.p == other.t_test.p <= one.t_test.adjusted <= 9 * one.t_test.p
        assert one.interval[0] < other.interval[0] and one.interval[1] > other.interval[1]
        # The interval leaves out 0 just where the adjusted p-value is below 0.05.
        assert (one.interval[0] > 0 or one.interval[1] < 0) == (one.t_test.adjusted < 0.05)


def test_proportions_and_constant_slices_belong_to_the_family():
    rng = np.random.default_rng(1)
    t = rng.integers(0, 2, 90)
    g = np.repeat(["a", "b", "c"], 30)
    table = {"y": t, "p": np.where(g == "a", t, t ^ (rng.random(90) < 0.2)), "g": g}
    report = evaluate(table, "zero_one", target="y", pred="p", by="g", adjust="max-t")
    whole, *slices = report
    assert [one.uncertainty.simultaneous for one in slices] == [3, 3, 3] and whole.uncertainty.simultaneous == 1
    level = 0.95 ** (1 / 3)
    for one in slices:
        expected = scipy.stats.binomtest(round(one.value * 30), 30).proportion_ci(level, "wilson")
        assert one.interval == pytest.approx((expected.low, expected.high), rel=1e-9, abs=1e-12)


def test_the_same_bits_in_any_order():
    table = _table()
    order = np.random.default_rng(0).permutation(240)
    other = {name: np.asarray(values)[order] for name, values in table.items()}
    for given in ({}, {"cluster": "u"}):
        runs = [evaluate(each, ["mse", "rmse"], target="y", pred={n: n for n in "mnk"}, by="g", adjust="max-t", **given)
                for each in (table, other)]  # fmt: skip
        assert [(r.interval, r.uncertainty) for r in runs[0]] == [(r.interval, r.uncertainty) for r in runs[1]]


@pytest.mark.parametrize(("models", "rows", "correlation"), [(8, 20, 0.8), (4, 60, 0.5), (5, 10, 0.95)])
def test_t_intervals_of_the_pointwise_level_hold_together(models, rows, correlation):
    # Of few rows too: each has its own quantile of Student's t, and a part of its standard error in common.
    rng = np.random.default_rng(3)
    level = Maximum([_equal(models, correlation)], 0, ()).pointwise(0.95)
    both = math.sqrt(correlation) * rng.normal(size=(6000, 1, rows))
    x = both + math.sqrt(1 - correlation) * rng.normal(size=(6000, models, rows))
    t = np.abs(x.mean(axis=2)) / (x.std(axis=2, ddof=1) / math.sqrt(rows))
    held = (t.max(axis=1) <= scipy.stats.t.ppf((1 + level) / 2, rows - 1)).mean()
    assert 0.94 <= held <= 0.96
