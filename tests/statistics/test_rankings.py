"""All pairs of models: pairs, ranks and relative skill, against formulas written out."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import scipy.stats

from losscli import compare


def _table(rows=200):
    rng = np.random.default_rng(12)
    y = rng.normal(size=rows)
    noise = rng.normal(size=rows)
    spreads = {"a": 1.0, "b": 1.1, "c": 1.6, "d": 0.8}
    models = {name: y + by * (0.6 * noise + 0.8 * rng.normal(size=rows)) for name, by in spreads.items()}
    return {"y": y, "g": rng.choice(["x", "z"], rows), "u": rng.integers(0, 20, rows), **models}


GIVEN = {"target": "y", "pred": {name: name for name in "abcd"}, "permutations": 0, "pairs": True}


def test_every_two_models_are_compared_once():
    report = compare(_table(), ["mse", "mae"], **GIVEN)
    found = [(c.spec, c.model, c.against) for c in report.comparisons]
    pairs = [(later, earlier) for earlier, later in itertools.combinations("abcd", 2)]
    assert sorted(found) == sorted((spec, *pair) for spec in ("mse", "mae") for pair in pairs)
    one_by_one = {c.against: c for c in compare(_table(), "mse", **{**GIVEN, "pairs": False}, against="b").comparisons}
    assert "b" in one_by_one and all(r.ranking is None for r in compare(_table(), "mse", **{**GIVEN, "pairs": False}))


def test_holm_is_over_all_pairs():
    found = compare(_table(), "mse", **GIVEN).comparisons
    ps = sorted(c.t_test.p for c in found)
    smallest = min(found, key=lambda c: c.t_test.p)
    assert smallest.t_test.holm == pytest.approx(min(1, 6 * ps[0]), rel=1e-12)


@pytest.mark.parametrize("baseline", [None, "c"])
@pytest.mark.parametrize("loss", ["mse", "rmse"])
def test_relative_skill_is_that_of_the_forecast_hubs(loss, baseline):
    table = _table()
    report = compare(table, loss, against=baseline, **GIVEN)
    values = {one.model: one.value for one in report}
    theta = {  # Cramer et al. 2022: over all models, the own among them
        m: math.prod(values[m] / values[n] for n in "abcd") ** (1 / 4) for m in "abcd"
    }
    x = {name: (table["y"] - table[name]) ** 2 for name in "abcd"}
    factor = 1.0 if loss == "mse" else 0.5  # the logarithm of a root is half of that of its square
    logs = {name: factor * (each - each.mean()) / each.mean() for name, each in x.items()}
    for one in report:
        ranking, scale = one.ranking, 1.0 if baseline is None else theta[baseline]
        assert ranking.relative_skill == pytest.approx(theta[one.model] / scale, rel=1e-12)
        assert ranking.rank == 1 + sum(value < one.value for value in values.values())
        assert ranking.scaled_by == baseline
        if one.model == baseline:
            assert ranking.relative_skill == 1 and ranking.interval is None
            continue
        other = np.mean(list(logs.values()), axis=0) if baseline is None else logs[baseline]
        stderr = (logs[one.model] - other).std(ddof=1) / math.sqrt(200)
        expected = scipy.stats.t.interval(0.95, 199, math.log(ranking.relative_skill), stderr)
        assert ranking.interval == pytest.approx(tuple(np.exp(expected)), rel=1e-9)
        assert ranking.uncertainty.df == pytest.approx(199)


def test_clusters_widen_the_interval_of_a_skill():
    table = _table()
    ranking = compare(table, "mse", cluster="u", against="a", **GIVEN).find("mse", "d").ranking
    x = {name: (table["y"] - table[name]) ** 2 for name in "ad"}
    influence = sum(sign * (x[name] / x[name].mean() - 1) / 200 for name, sign in (("d", 1), ("a", -1)))
    share = np.bincount(table["u"]) / 200
    stderr = math.sqrt((np.bincount(table["u"], influence) ** 2 / (1 - share)).sum())
    expected = scipy.stats.t.interval(0.95, ranking.uncertainty.df, math.log(ranking.relative_skill), stderr)
    assert ranking.interval == pytest.approx(tuple(np.exp(expected)), rel=1e-9)
    assert ranking.uncertainty.units == "u" and ranking.uncertainty.df < 19


def test_verdicts_are_counted_for_both_models():
    report = compare(_table(), "mse", by="g", **GIVEN)
    for one in report:
        signs = {"better": "worse", "worse": "better"}
        mine = [c.verdict for c in report.comparisons if (c.model, c.by) == (one.model, one.by)]
        mine += [signs.get(c.verdict) for c in report.comparisons if (c.against, c.by) == (one.model, one.by)]
        assert len(mine) == 3
        counts = mine.count("better"), mine.count("worse")
        assert (one.ranking.better_than, one.ranking.worse_than) == counts


def test_values_of_0_have_no_ratio():
    table = {"y": [1.0, 2.0, 3.0], "a": [1.0, 2.0, 3.0], "b": [1.0, 2.5, 3.0], "c": [1.0, 2.5, 3.0]}
    report = compare(table, "mae", target="y", pred={n: n for n in "abc"}, pairs=True, permutations=0)
    assert [one.ranking.rank for one in report] == [1, 2, 2]
    assert all(one.ranking.relative_skill is None for one in report)
    assert any("relative skill" in warning.message for warning in report.warnings)


def test_higher_is_better_for_scores():
    rng = np.random.default_rng(1)
    t = rng.integers(0, 2, 100)
    table = {"y": t, **{n: t ^ (rng.random(100) < by) for n, by in (("a", 0.1), ("b", 0.3))}}
    report = compare(table, "zero_one", target="y", pred={n: n for n in "ab"}, pairs=True, permutations=0)
    assert report.find("zero_one", "a").ranking.rank == 1
