"""Which test decides a comparison; verdict, interval and p-value never contradict each other."""

import itertools
import math
import warnings
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from scipy import optimize, stats

import losscli
from losscli.statistics.decisions import Units, alpha_of, choose, verdict
from losscli.statistics.paired_proportions import tango
from losscli.statistics.paired_tests import score_interval
from losscli.statistics.permutation import permutation_test


def compare(data, loss="value", **settings):
    settings = {"target": "y", "pred": {"a": "a", "b": "b"}, "against": "b", **settings}
    return losscli.compare(data, loss, **settings).comparisons


def rows_of(a, b, **more):
    """Rows whose absolute errors are a and b."""
    return {"y": np.zeros(len(a)), "a": np.asarray(a, float), "b": np.asarray(b, float), **more}


# -- which test decides ------------------------------------------------------------------------------------------------


def test_the_rule():
    many = {"binary": False, "alike": True, "constant": False}
    assert choose(Units(20, 20.0, **many)).test == "t"
    assert choose(Units(19, 19.0, **many)).test == "permutation"
    assert choose(Units(500, 7.5, **many)).reason == "fewer than 20 effective units (7.5)"
    assert choose(Units(500, 500.0, binary=False, alike=True, constant=True)).test == "permutation"
    assert choose(Units(7, 7.0, binary=True, alike=True, constant=False)).test == "mcnemar"
    assert choose(Units(7, 7.0, binary=True, alike=False, constant=False)).test == "permutation"


@pytest.mark.parametrize(("rows", "enough"), [(2, False), (5, False), (6, True)])
def test_not_enough_units(rows, enough):
    """Of n units, 2 / 2**n is the smallest p-value: of five it is 0.0625."""
    rng = np.random.default_rng(0)
    found = compare(rows_of(rng.uniform(2, 3, rows), rng.uniform(0, 1, rows)), "mae")[0]
    assert found.decision.smallest_p == found.permutation.p == 2.0 ** (1 - rows)
    assert found.enough_units == enough
    assert found.verdict == ("worse" if enough else "not enough units")
    assert (found.interval is not None) == enough and found.stderr is not None
    assert compare(rows_of(rng.uniform(2, 3, 5), rng.uniform(0, 1, 5)), "mae", level=0.9)[0].verdict == "worse"


def test_one_unit_is_not_enough():
    assert compare(rows_of([1], [2]), "mae")[0].verdict == "not enough units"
    found = compare(rows_of([1, 2, 3], [4, 5, 7], user=["x"] * 3), "mae", cluster="user")[0]
    assert found.verdict == "not enough units"


def test_unequal_clusters_are_decided_by_the_permutation_test():
    """One cluster of a thousand rows beside 19 of ten: 1.4 effective clusters."""
    rng = np.random.default_rng(1)
    user = np.repeat(np.arange(20), [1000] + [10] * 19)
    data = rows_of(rng.exponential(1, len(user)), rng.exponential(1, len(user)), user=user)
    found = compare(data, "mae", cluster="user")[0]
    assert found.decision.test == "permutation" and found.uncertainty.method == "permutation"
    equal = compare({**data, "user": np.arange(len(user)) % 25}, "mae", cluster="user")[0]
    assert equal.decision.test == "t" and equal.uncertainty.method == "t"


def test_weights_and_clusters_take_the_place_of_mcnemars_test():
    rng = np.random.default_rng(2)
    right, other = rng.uniform(size=(2, 60)) < 0.6
    data = {"y": np.ones(60), "a": right * 1.0, "b": other * 1.0, "w": rng.uniform(1, 2, 60),
            "user": np.arange(60) // 4}  # fmt: skip
    assert compare(data, "zero_one")[0].decision.test == "mcnemar"
    assert compare(data, "zero_one", weight="w")[0].decision.test == "t"
    assert compare(data, "zero_one", cluster="user")[0].decision.test == "permutation"


@pytest.mark.parametrize("loss", ["mse", "rmse", "wmape"])
def test_gates_have_the_test_of_compare(loss, tmp_path):
    """A run with gates keeps the values of few units, so its tests are those of `compare`."""
    rng = np.random.default_rng(4)
    data = {"y": rng.uniform(1, 2, 12), "a": rng.normal(size=12), "b": rng.normal(size=12)}
    with_all, without = compare(data, loss, permutations=10_000)[0], compare(data, loss, permutations=0)[0]
    assert with_all.permutation == without.permutation and with_all.interval == without.interval
    swapped = {name: values[::-1] for name, values in data.items()}
    drawn = [compare(each, loss, permutations=500)[0].permutation for each in (swapped, data)]
    assert drawn[0] == drawn[1]


def test_rows_of_small_slices_are_kept_however_rows_are_cut(monkeypatch):
    rng = np.random.default_rng(5)
    size = 3000
    site = np.where(rng.uniform(size=size) < 0.005, rng.integers(0, 3, size), 9)
    data = {"y": np.zeros(size), "a": rng.normal(size=size), "b": rng.normal(size=size), "site": site.astype(str)}
    whole = compare(data, "mse", by="site", permutations=0)
    few = [one for one in whole if one.count < 20]
    assert few and all(one.permutation is not None for one in few)
    assert [one.permutation for one in whole if one.count >= 20] == [None, None]
    monkeypatch.setenv("LOSSCLI_CHUNK_ROWS", "7")
    assert compare(data, "mse", by="site", permutations=0) == whole


# -- no contradiction --------------------------------------------------------------------------------------------------


def contradiction(found, level):
    """What is wrong with a comparison; None if nothing is."""
    alpha = float(alpha_of(level))
    p = None if found.decision is None else found.decision.holm
    leaves_out_none = found.interval is not None and not found.interval[0] <= 0 <= found.interval[1]
    if found.verdict in ("better", "worse"):
        if p is None or p >= alpha:
            return "shown, but not by the test"
        if found.interval is not None and not leaves_out_none:
            return "shown, but 0 lies in the interval"
    elif leaves_out_none:
        return "not shown, but 0 lies outside of the interval"
    elif found.verdict == "no difference shown" and p is not None and p < alpha:
        return "not shown, but by the test"
    return None


def random_inputs(samples, seed):
    """Small samples of many kinds, one after the other, each its own slice."""
    rng = np.random.default_rng(seed)
    parts = []
    for sample in range(samples):
        rows = int(rng.integers(1, 40))
        kind = rng.integers(0, 4)
        a, b = rng.normal(rng.choice([0, 0.6, 1.5]), 1, rows), rng.normal(0, 1, rows)
        if kind == 1:
            a, b = np.exp(a), np.exp(b)
        elif kind == 2:
            a, b = np.round(a), np.round(b)
        elif kind == 3:
            a, b = (a > 0) * 1.0, (b > 0) * 1.0
        clusters = np.minimum(rng.geometric(0.08, rows), 30)
        parts.append((np.full(rows, sample), a, b, np.round(rng.lognormal(0, 1, rows), 3), clusters))
    sample, a, b, weight, cluster = map(np.concatenate, zip(*parts, strict=True))
    return {"y": np.zeros(len(a)), "a": a, "b": b, "w": weight, "user": cluster, "sample": sample}


@pytest.mark.parametrize("how", [{}, {"weight": "w"}, {"cluster": "user"}, {"level": 0.8}], ids=str)
@pytest.mark.parametrize("loss", ["mae", "rmse", "zero_one"])
def test_verdict_interval_and_p_value_do_not_contradict_each_other(loss, how):
    data = random_inputs(80, 1)
    if loss == "zero_one":
        data = {**data, "y": np.ones(len(data["y"])), "a": (data["a"] > 0) * 1.0, "b": (data["b"] > 0.3) * 1.0}
    found = compare(data, loss, by="sample", permutations=199, **how)
    wrong = [(one.by, contradiction(one, how.get("level", 0.95))) for one in found]
    assert [one for one in wrong if one[1]] == []
    assert len({one.verdict for one in found}) >= 3


# -- the interval of the permutation test ------------------------------------------------------------------------------


def mean(totals):
    return totals[..., 0]


@pytest.mark.parametrize("units", [6, 9])
@pytest.mark.parametrize("seed", range(3))
def test_the_interval_has_the_differences_that_the_test_does_not_reject(units, seed):
    """Against SciPy's exact test of each difference, on both sides of each bound."""
    rng = np.random.default_rng(seed)
    differences, weights = rng.normal(1, 1, units), rng.uniform(1, 3, units)
    share = weights / weights.sum()
    contributions = (differences * share)[:, None]
    found = permutation_test(contributions, 0 * contributions, mean, 512, 0, (), share, Fraction(1, 10))

    def p_of(shift):
        moved = (differences - shift) * share
        return stats.permutation_test((moved,), lambda x, axis: np.sum(x, axis=axis), permutation_type="samples",
                                      vectorized=True, n_resamples=np.inf).pvalue  # fmt: skip

    low, high = found.interval
    step = 1e-9
    assert found.exact and found.permutations == 2**units
    assert p_of(low - step) < 0.1 <= p_of(low + step)
    assert p_of(high + step) < 0.1 <= p_of(high - step)


def test_a_hand_made_interval():
    """Differences 1, 2, 4, 8 at 75 %: the third smallest and largest of the means of subsets and of their rests."""
    values = np.array([[1.0], [2], [4], [8]]) / 4
    found = permutation_test(values, 0 * values, mean, 16, 0, (), np.full(4, 0.25), Fraction(3, 8))
    subsets = [s for r in range(1, 4) for s in itertools.combinations((1, 2, 4, 8), r) if 1 in s]
    means = sorted(np.mean(s) for s in subsets)
    assert (found.p, found.exact) == (2 / 16, True)
    assert found.interval[0] == pytest.approx(means[1])  # with the data, that is the third


def test_p_and_interval_agree_at_no_difference():
    rng = np.random.default_rng(6)
    share = np.full(8, 1 / 8)
    for _ in range(300):
        a = np.round(rng.normal(0.5, 1, (8, 1)), 1) / 8
        found = permutation_test(a, 0 * a, mean, 256, 0, (), share, Fraction(1, 20))
        assert (found.interval[0] <= 0 <= found.interval[1]) == (found.p >= 0.05)


# -- proportions -------------------------------------------------------------------------------------------------------


def test_tangos_interval_as_printed():
    """Fagerland, Lydersen and Laake 2014, table 5: airway hyper-responsiveness before and after, 1 and 7 of 21."""
    assert tango(1, 7, 21, 0.95) == pytest.approx((-0.517, -0.026), abs=5e-4)


@pytest.mark.parametrize(("first", "second", "count"), [(1, 7, 21), (0, 6, 40), (12, 5, 300), (0, 0, 20), (9, 0, 9)])
def test_tangos_interval_by_the_likelihood(first, second, count):
    """The nuisance parameter by maximising the likelihood, the bounds by a search: no closed form."""

    def score(difference):
        def minus_log_likelihood(only_second):
            only_first, same = only_second + difference, 1 - 2 * only_second - difference
            return -sum(n * math.log(p) for n, p in ((first, only_first), (second, only_second),
                                                      (count - first - second, same)) if n)  # fmt: skip

        least, most = max(0.0, -difference), (1 - difference) / 2
        q = optimize.minimize_scalar(minus_log_likelihood, bounds=(least + 1e-15, most - 1e-15), method="bounded",
                                     options={"xatol": 1e-13}).x  # fmt: skip
        return (first - second - count * difference) / math.sqrt(count * (2 * q + difference * (1 - difference)))

    z = stats.norm.ppf(0.975)
    low, high = tango(first, second, count, 0.95)
    if low > -0.999:
        assert score(low) == pytest.approx(z, abs=1e-4)
    if high < 0.999:
        assert score(high) == pytest.approx(-z, abs=1e-4)
    assert (low, high) == pytest.approx(tuple(-end for end in reversed(tango(second, first, count, 0.95))), abs=1e-12)


def test_the_interval_of_zero_one_losses_is_tangos():
    """9 rows only the one has right, 1 only the other, of 40."""
    a, b = [1] * 9 + [0] * 31, [0] * 9 + [1] + [0] * 30
    data = {"y": np.zeros(40), "a": np.array(a, float), "b": np.array(b, float)}
    found = compare(data, "zero_one")[0]
    assert found.uncertainty.method == "score" and found.interval == tango(9, 1, 40, 0.95)
    assert found.verdict == "worse"
    score = replace(found, direction="higher", wins=9, losses=1)
    assert score_interval(score, 0.01, 0.95) == tango(9, 1, 40, 0.95) and verdict(score, score.decision) == "better"
    # The score test of 6 to 1 shows a difference, the exact one does not.
    none = compare({**data, "a": np.array([1] * 5 + [0] * 35), "b": np.zeros(40)}, "zero_one")[0]
    assert tango(5, 0, 40, 0.95)[0] > 0 and none.interval == (0.0, tango(5, 0, 40, 0.95)[1])
    assert none.verdict == "no difference shown"


# -- what is not finite ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [{}, {"cluster": "user"}, {"weight": "w"}, {"bootstrap": 50}], ids=str)
def test_an_infinite_difference_is_undefined_without_a_warning(how):
    data = {"y": np.array([1.0, 0, 1, 0]), "a": np.array([0.5, 0.4, 0.6, 0.1]), "b": np.array([0.0, 0.3, 0.2, 0.1]),
            "user": np.array([1, 1, 2, 3]), "w": np.array([1.0, 2, 1, 1])}  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = compare(data, "bce", **how)[0]
    assert (found.difference, found.verdict, found.decision) == (-math.inf, "undefined", None)
    assert (found.wins, found.losses, found.ties) == (2, 1, 1)
