"""The wild cluster bootstrap, and the choice of a test."""

from fractions import Fraction

import numpy as np
import pytest
from scipy import stats

import losscli
from losscli.errors import UsageError
from losscli.statistics.hypothesis_tests import mcnemar
from losscli.statistics.wild_bootstrap import smallest_p, wild_cluster_bootstrap

ALPHA = Fraction(1, 20)


def clusters(seed=0, units=8):
    rng = np.random.default_rng(seed)
    sizes = rng.integers(2, 12, units)
    share = sizes / sizes.sum()
    return rng.normal(0.8, 1, units) * share, share


def t_of(values, share):
    """The CR2 t statistic, written out."""
    residuals = values - share * values.sum()
    return values.sum() / np.sqrt((residuals**2 / (1 - share)).sum())


@pytest.mark.parametrize("units", [5, 15])
def test_p_is_that_of_samples_written_out(units):
    """Own draws of Webb's and of Rademacher's weights, each sample's t by the formula of the data."""
    values, share = clusters(1, units)
    found = wild_cluster_bootstrap(values, share, 20_000, 0, (), ALPHA)
    rng = np.random.default_rng(5)
    points = np.sqrt([0.5, 1, 1.5]) if units < 6 else np.ones(1)
    weights = rng.choice(np.concatenate([points, -points]), (20_000, units))
    t = np.array([t_of(w * values, share) for w in weights])
    want = np.mean(np.abs(t) >= abs(t_of(values, share)) * (1 - 1e-12))
    assert found.p == pytest.approx(want, abs=4 * np.sqrt(2 * want * (1 - want) / 20_000))


@pytest.mark.parametrize("seed", range(4))
def test_the_interval_has_the_differences_that_are_not_rejected(seed):
    values, share = clusters(seed)
    low, high = wild_cluster_bootstrap(values, share, 999, 0, (), ALPHA).interval

    def p_of(difference):
        return wild_cluster_bootstrap(values - difference * share, share, 999, 0, (), ALPHA).p

    step = 1e-6 * (high - low)
    assert p_of(low - step) < 0.05 <= p_of(low + step)
    assert p_of(high + step) < 0.05 <= p_of(high - step)
    assert low < values.sum() < high


def test_with_equal_clusters_it_is_the_permutation_test():
    """With weights -1 and 1 and equal clusters, t grows with the difference: the signs of Fisher's test."""
    values = np.random.default_rng(2).normal(0.4, 1, 14) / 14
    found = wild_cluster_bootstrap(values, np.full(14, 1 / 14), 20_000, 0, (), ALPHA)
    want = stats.permutation_test((values,), lambda x, axis: x.sum(axis=axis), permutation_type="samples",
                                  vectorized=True, n_resamples=np.inf, batch=2048).pvalue  # fmt: skip
    assert found.p == pytest.approx(want, abs=4 * np.sqrt(want * (1 - want) / 20_000))


def test_what_it_cannot_tell():
    share = np.full(4, 0.25)
    assert wild_cluster_bootstrap(np.ones(1), np.ones(1), 99, 0, (), ALPHA) is None
    assert wild_cluster_bootstrap(np.full(4, 0.25), share, 99, 0, (), ALPHA) is None
    assert smallest_p(2, 9_999, ALPHA) == pytest.approx(1 / 6) and smallest_p(12, 10**6, ALPHA) == 2.0**-11
    assert smallest_p(30, 9_999, ALPHA) == 1e-4


def test_mid_p_counts_just_so_few_by_half():
    """Fagerland, Lydersen and Laake 2013, table 5: 1 and 7 of 21: exact 0.070, mid-p 0.039."""
    assert mcnemar(1, 7) == pytest.approx(0.0703125) and mcnemar(1, 7, mid_p=True) == pytest.approx(0.0390625)
    for wins, losses in ((0, 0), (3, 3), (2, 9), (400, 350)):
        binomial = stats.binom(wins + losses, 0.5)
        few = min(wins, losses)
        want = 2 * binomial.cdf(few) - binomial.pmf(few) if wins != losses else 1 - binomial.pmf(few) / 2
        assert mcnemar(wins, losses, mid_p=True) == pytest.approx(want if wins + losses else 1.0, rel=1e-9)


def compare(data, loss="mae", **settings):
    return losscli.compare(data, loss, target="y", pred={"a": "a", "b": "b"}, against="b", **settings).comparisons[0]


@pytest.fixture
def data():
    rng = np.random.default_rng(3)
    user = np.repeat(np.arange(9), rng.integers(1, 9, 9))
    effect = rng.normal(0.6, 0.4, 9)[user]
    size = len(user)
    return {"y": np.zeros(size), "a": rng.uniform(2, 3, size) + effect, "b": rng.uniform(2, 3, size), "user": user}


@pytest.mark.parametrize("test", ["t", "permutation", "wild"])
def test_the_test_that_is_asked_for_decides(data, test):
    found = compare(data, cluster="user", test=test)
    assert found.decision.test == found.uncertainty.method == test and found.decision.reason == "asked for"
    p = {"t": found.t_test, "permutation": found.permutation, "wild": found.wild}[test]
    assert (found.decision.p, found.decision.holm) == (p.p, p.holm)
    assert (found.verdict != "no difference shown") == (p.p < 0.05)
    assert (found.wild is not None) == (test == "wild")
    if test == "wild":
        difference = data["a"] - data["b"]
        values = np.bincount(data["user"], difference) / len(difference)
        share = np.bincount(data["user"]) / len(difference)
        own = wild_cluster_bootstrap(values, share, 100_000, 7, (), ALPHA)
        assert found.wild.p == pytest.approx(own.p, abs=4 * np.sqrt(2 * own.p / 10_000) + 1e-4)
        assert found.interval == pytest.approx(own.interval, rel=0.1)
        assert (
            compare(data, cluster="user", test=test, permutations=0)
            == compare(data, cluster="user", test=test, permutations=10_000)
            or found.permutations
        )
        swapped = {name: values[::-1] for name, values in data.items()}
        assert compare(swapped, cluster="user", test=test).wild == found.wild


def test_mcnemars_mid_p_is_asked_for():
    a, b = np.array([1] * 7 + [0] * 14, float), np.array([0] * 7 + [1] + [0] * 13, float)
    both = {"y": np.zeros(21), "a": a, "b": b, "w": np.linspace(1, 2, 21)}
    exact, mid = (compare(both, "zero_one", test=test) for test in ("mcnemar", "mcnemar-mid-p"))
    assert (exact.decision.p, exact.verdict) == (0.0703125, "no difference shown")
    assert (mid.decision.p, mid.mcnemar.p, mid.verdict) == (0.0390625, 0.0390625, "worse")
    assert exact.interval[0] == 0.0 < mid.interval[0]
    weighted = compare(both, "zero_one", test="mcnemar", weight="w")
    assert weighted.decision.test != "mcnemar" and "independent rows of one weight" in weighted.decision.reason
    assert "losses that are 0 or 1" in compare(both, "mae", test="mcnemar").decision.reason


@pytest.mark.parametrize("how", [{"test": "welch"}, {"permutations": 10}, {"test": "wild", "time": "t"}], ids=str)
def test_what_is_refused(data, how):
    with pytest.raises(UsageError):
        compare({**data, "t": np.arange(len(data["y"]))}, **how)
