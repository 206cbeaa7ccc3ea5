"""Where units hardly differ: no certainty from a variance of 0, Wilson's interval of proportions, McNemar's test."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from scipy import stats

import losscli
from losscli.statistics.hypothesis_tests import mcnemar
from losscli.statistics.proportions import wilson


def decisions(wrong, seed=0):
    """Rows whose decision is wrong where `wrong` is 1: labels and probabilities."""
    wrong = np.asarray(wrong)
    label = np.random.default_rng(seed).integers(0, 2, len(wrong))
    return {"y": label.astype(float), "p": np.where(label == 1 - wrong, 0.9, 0.1)}


def evaluate(data, loss, **settings):
    return losscli.evaluate(data, loss, **{"target": "y", "pred": "p", "interval": True, **settings})


def compare(a, b, loss="mae", **settings):
    data = {"y": np.zeros(len(a)), "a": np.asarray(a, float), "b": np.asarray(b, float)}
    return losscli.compare(data, loss, target="y", pred={"a": "a", "b": "b"}, against="b", **settings).comparisons[0]


# -- proportions -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("wrong", "rows"), [(0, 5), (1, 5), (5, 5), (2, 100), (37, 200)])
@pytest.mark.parametrize("level", [0.95, 0.9])
def test_zero_one_has_wilsons_interval(wrong, rows, level):
    """scipy.stats.binomtest(...).proportion_ci(method="wilson"); 5 of 5 right are no proof of 0."""
    (found,) = evaluate(decisions([1] * wrong + [0] * (rows - wrong)), "zero_one", level=level)
    want = stats.binomtest(wrong, rows).proportion_ci(level, method="wilson")
    assert found.value == pytest.approx(wrong / rows)
    assert found.interval == pytest.approx((want.low, want.high), rel=1e-12, abs=1e-15)
    assert found.uncertainty.method == "wilson"
    assert found.stderr == pytest.approx(math.sqrt(found.value * (1 - found.value) / (rows - 1)), rel=1e-12)


def test_wilsons_interval_as_statsmodels_prints_it():
    """statsmodels 0.15.0: proportion_confint(count, nobs, method="wilson")."""
    assert wilson(0.0, 5, math.inf, 0.95) == pytest.approx((0.0, 0.434482464), abs=1e-8)
    assert wilson(0.3, 10, math.inf, 0.95) == pytest.approx((0.1077912674, 0.6032218525), abs=1e-8)


def test_proportions_of_weights_and_clusters_use_the_size_that_their_variance_shows():
    rng = np.random.default_rng(1)
    data = decisions((rng.uniform(size=200) < 0.2).astype(int))
    data |= {"w": rng.lognormal(size=200), "user": np.arange(200) // 10}
    for settings in ({"weight": "w"}, {"cluster": "user"}):
        (found,) = evaluate(data, "zero_one", **settings)
        size = 1 + found.value * (1 - found.value) / found.stderr**2
        df = found.uncertainty.df if "cluster" in settings else math.inf
        assert found.interval == pytest.approx(wilson(found.value, size, df, 0.95), rel=1e-12)
        assert found.interval[0] > 0
    right = {**decisions(np.zeros(200, int)), "w": data["w"], "user": data["user"]}
    (clustered,) = evaluate(right, "zero_one", cluster="user")
    assert clustered.interval == pytest.approx(wilson(0.0, 20, 19, 0.95)) and clustered.stderr == 0
    (drawn,) = evaluate(right, "zero_one", bootstrap=200)
    assert drawn.interval == pytest.approx(wilson(0.0, 200, math.inf, 0.95))


def test_wilsons_interval_holds_a_rare_rate():
    """Five errors of 100 rows: t intervals hold the rate in fewer than 0.9 of the samples."""
    rng = np.random.default_rng(2)
    samples, n = 4000, 100
    data = decisions((rng.uniform(size=samples * n) < 0.05).astype(int))
    found = [r for r in evaluate({**data, "s": np.repeat(np.arange(samples), n)}, "zero_one", by="s") if r.by]
    inside = np.mean([r.interval[0] <= 0.05 <= r.interval[1] for r in found])
    assert 0.94 <= inside <= 0.98


# -- no variance -------------------------------------------------------------------------------------------------------


def test_values_that_are_alike_have_no_interval_and_say_so():
    report = evaluate({"y": np.zeros(4), "p": np.full(4, 0.7)}, "mse")
    assert (report[0].stderr, report[0].interval) == (0.0, None)
    assert any("all values are alike" in warning.message for warning in report.warnings)
    drawn = evaluate({"y": np.zeros(4), "p": np.full(4, 0.7)}, "mse", bootstrap=100)
    assert (drawn[0].stderr, drawn[0].interval) == (0.0, None)


def test_two_equal_differences_show_nothing():
    found = compare([2.0, 3.0], [1.0, 2.0])
    assert (found.difference, found.stderr, found.interval) == (1.0, 0.0, None)
    assert (found.t, found.t_test, found.verdict) == (None, None, "not enough units")
    assert found.permutation.p == 0.5 and found.permutations == 4


def test_many_equal_differences_show_what_their_signs_show():
    rows = np.arange(1.0, 9.0)
    for permutations in (0, 1000):
        found = compare(rows + 1, rows, permutations=permutations)
        assert (found.t_test, found.interval, found.verdict) == (None, None, "worse")
    assert found.permutation.p == 2 / 2**8
    assert compare(rows[:5] + 1, rows[:5], permutations=0).verdict == "not enough units"


@pytest.mark.parametrize("cluster", [False, True])
def test_rounding_noise_is_no_variance(cluster):
    """Differences of 0.1 up to their last bits had t = 9e15."""
    rows = np.array([0.3, 0.7, 1.1, 1.9])
    data = {"y": np.zeros(4), "a": rows + 0.1, "b": rows, "user": np.arange(4)}
    found = losscli.compare(data, "mae", target="y", pred={"a": "a", "b": "b"}, against="b",
                            **({"cluster": "user"} if cluster else {})).comparisons[0]  # fmt: skip
    assert (found.t, found.t_test, found.stderr, found.interval) == (None, None, 0.0, None)
    assert found.verdict == "not enough units"


# -- McNemar's test ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("wins", "losses"), [(0, 0), (3, 3), (1, 9), (12, 5), (0, 6), (400, 350), (2000, 1800)])
def test_mcnemars_test_is_a_binomial_test_of_the_rows_that_differ(wins, losses):
    want = stats.binomtest(wins, wins + losses).pvalue if wins + losses else 1.0
    assert mcnemar(wins, losses) == pytest.approx(want, rel=1e-9)
    assert mcnemar(losses, wins) == mcnemar(wins, losses)


def test_mcnemars_test_as_statsmodels_prints_it():
    """statsmodels 0.15.0: mcnemar([[0, 12], [5, 0]], exact=True).pvalue"""
    assert mcnemar(12, 5) == pytest.approx(0.143463134765625, rel=1e-12)


def test_a_comparison_of_zero_one_losses_is_decided_by_mcnemars_test():
    first, second = decisions([1] * 9 + [0] * 31), decisions([0] * 9 + [1] + [0] * 30)
    data = {"y": first["y"], "a": first["p"], "b": second["p"], "w": np.ones(40)}
    models = {"target": "y", "pred": {"a": "a", "b": "b"}, "against": "b"}
    found = losscli.compare(data, "zero_one", **models).comparisons[0]
    assert (found.wins, found.losses) == (1, 9)
    assert found.mcnemar.p == pytest.approx(stats.binomtest(1, 10).pvalue, rel=1e-12)
    assert found.verdict == "worse" and found.mcnemar.holm == found.mcnemar.p
    assert losscli.compare(data, "brier", **models).comparisons[0].mcnemar is None
    assert losscli.compare(data, "zero_one", weight="w", **models).comparisons[0].mcnemar is None
    # Six rows that only one has right, of 40: its t interval would show a difference, and so does the exact test.
    none = losscli.compare({**data, "b": decisions([1] * 4 + [0] * 36)["p"]}, "zero_one", **models).comparisons[0]
    assert none.mcnemar.p == pytest.approx(0.0625) and none.verdict == "no difference shown"


def test_five_rows_of_which_one_model_has_all_right():
    """All rows differ alike, so there is no t; five rows cannot show it at 95 %, six can."""
    for rows, shown in ((5, "not enough units"), (6, "worse")):
        data = {"y": np.ones(rows), "a": np.full(rows, 0.1), "b": np.full(rows, 0.9)}
        found = losscli.compare(data, "zero_one", target="y", pred={"a": "a", "b": "b"}, against="b").comparisons[0]
        assert (found.t_test, found.stderr, found.verdict) == (None, 0.0, shown)
        assert (found.interval[0] > 0) == (shown == "worse") and found.interval[1] == 1.0
        assert found.mcnemar.p == pytest.approx(2.0 ** (1 - rows))


# -- what is infinite, what was enumerated, what decides ---------------------------------------------------------------


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("permutations", [0, 100])
def test_an_infinite_difference_is_undefined_and_warns_of_values_only(permutations):
    data = {"y": np.array([1.0, 0.0, 1.0]), "a": np.array([0.5, 0.4, 0.6]), "b": np.array([0.0, 0.3, 0.2])}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        report = losscli.compare(data, "bce", target="y", pred={"a": "a", "b": "b"}, against="b",
                                 permutations=permutations)  # fmt: skip
    found = report.comparisons[0]
    assert (found.difference, found.verdict) == (-math.inf, "undefined")
    assert found.interval is None and found.t_test is None
    both = losscli.compare({**data, "a": data["b"]}, "bce", target="y", pred={"a": "a", "b": "b"}, against="b")
    assert math.isnan(both.comparisons[0].difference) and both.comparisons[0].verdict == "undefined"


def test_permutations_are_what_was_enumerated():
    rng = np.random.default_rng(3)
    assert compare(rng.normal(size=3), rng.normal(size=3)).permutations == 8
    assert compare(rng.normal(size=30), rng.normal(size=30), permutations=500).permutations == 500
    found = compare(rng.normal(size=6), rng.normal(size=6), permutations=63)
    assert (found.permutations, found.permutations_exact) == (63, False)


def test_the_permutation_test_decides_where_units_are_few():
    """The t test of four differences shows one at 95 %; their signs cannot."""
    found = compare([1.1, 1.3, 1.2, 1.25], np.zeros(4))
    assert found.t_test.p < 0.05 < found.permutation.p == 0.125
    assert found.verdict == "not enough units" and found.interval is None
