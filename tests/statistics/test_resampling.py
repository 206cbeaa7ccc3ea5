"""Bootstrap and permutation test against scipy, exact enumeration and hand-made replicates; streams are pinned."""

from __future__ import annotations

import inspect
import math
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
import scipy.stats
from memory import peak_of

from losscli.parallel import one_blas_thread
from losscli.statistics import permutation
from losscli.statistics.bootstrap import BootstrapResult, bootstrap
from losscli.statistics.resampling import RandomStream

SEEDED = {"rng" if "rng" in inspect.signature(scipy.stats.bootstrap).parameters else "random_state": 5}


def permutation_test(*given):
    """The p-value alone."""
    found = permutation.permutation_test(*given)
    return None if found is None else found.p


def ratio(totals):
    return totals[..., 0] / totals[..., 1]


def root(totals):
    return np.sqrt(ratio(totals))


def numerators(totals):
    return totals[..., 0]


def sums_of(values, weights=None):
    return np.column_stack([values, np.ones(len(values)) if weights is None else weights])


@pytest.fixture
def skewed():
    return np.random.default_rng(3).lognormal(0, 1.1, 45)


# --- the stream ---


def test_the_stream_is_pinned():
    """Seen once, kept for ever: a seed in an old report has to mean the same draws."""
    draws = RandomStream(7, (3, 2**40 + 5))
    assert draws.indices(2, 5).tolist() == [[0, 0, 0, 1, 3], [3, 1, 0, 2, 3]]
    assert draws.bits(1, 12).tolist() == [[1, 1, 1, 0, 0, 1, 0, 1, 0, 1, 0, 0]]
    assert RandomStream(0, ()).indices(1, 2**20)[0, :4].tolist() == [667902, 282891, 42963, 17330]
    a, b = sums_of(np.arange(1.0, 31)), sums_of(np.arange(1.0, 31)[::-1] ** 1.1)
    found = bootstrap(a, ratio, 100, 0.9, 1, (2,))
    assert (found.stderr, found.low, found.high) == pytest.approx((1.60786800023, 13.7181230444, 18.3282528192))
    assert permutation_test(a, b, ratio, 999, 1, (2,)) == 0.173


def test_seeds_and_stream_tell_streams_apart():
    ways = [(0, ()), (1, ()), (0, (0,)), (0, (1,)), (0, (0, 1)), (0, (1, 0)), (0, (2**32,)), (0, (2**32 + 1,)),
            (2**32, ()), (0, (2**64 - 1,))]  # fmt: skip
    assert len({tuple(RandomStream(*way).indices(1, 1000)[0]) for way in ways}) == len(ways)
    assert len({RandomStream(*way).bits(1, 256).tobytes() for way in ways}) == len(ways)


@pytest.mark.parametrize("count", [1, 2, 3, 7, 1000, 2**20 - 1, 2**20, 2**20 + 7])
def test_indices_are_spread_evenly(count):
    rows = max(1, 60_000 // count)
    drawn = RandomStream(1, (count,)).indices(rows, count)
    assert drawn.shape == (rows, count) and drawn.dtype == np.int64
    assert drawn.min() >= 0 and drawn.max() < count
    cells = min(count, 50)
    found = np.bincount(drawn.ravel() * cells // count, minlength=cells)
    edges = -(-np.arange(cells + 1) * count // cells)
    expected = drawn.size * np.diff(edges) / count
    assert ((found - expected) ** 2 / expected).sum() <= scipy.stats.chi2.ppf(0.9999, max(cells - 1, 1))


def test_bits_are_fair_and_independent():
    bits = RandomStream(1, ()).bits(500, 131)
    assert bits.shape == (500, 131) and set(np.unique(bits)) == {0, 1}
    for some in (bits, bits[1:] ^ bits[:-1], bits[:, 1:] ^ bits[:, :-1]):
        assert abs(some.mean() - 0.5) < 4 * 0.5 / math.sqrt(some.size)


# --- the bootstrap ---


def by_hand(values, weights, statistic, resamples, level, seed, stream):
    """BCa as Efron writes it, one resample after the other, with the normal of scipy."""
    draws = RandomStream(seed, (1, *stream)).indices(resamples, len(values))
    sums = sums_of(values, weights)
    replicates = np.array([float(statistic(sums[row].sum(axis=0))) for row in draws])
    value = float(statistic(sums.sum(axis=0)))
    bias = scipy.stats.norm.ppf(((replicates < value).mean() + (replicates <= value).mean()) / 2)
    without = np.array([float(statistic(np.delete(sums, i, axis=0).sum(axis=0))) for i in range(len(values))])
    away = without.mean() - without
    acceleration = (away**3).sum() / 6 / (away**2).sum() ** 1.5
    z = scipy.stats.norm.ppf([(1 - level) / 2, (1 + level) / 2])
    places = scipy.stats.norm.cdf(bias + (bias + z) / (1 - acceleration * (bias + z)))
    return replicates.std(ddof=1), *np.quantile(replicates, places)


@pytest.mark.parametrize("statistic", [ratio, root, numerators])
@pytest.mark.parametrize("level", [0.8, 0.95])
def test_bootstrap_is_efrons(statistic, level, skewed):
    weights = np.linspace(0.5, 2, len(skewed))
    found = bootstrap(sums_of(skewed, weights), statistic, 700, level, 11, (4, 2))
    expected = by_hand(skewed, weights, statistic, 700, level, 11, (4, 2))
    assert (found.stderr, found.low, found.high) == pytest.approx(expected, rel=1e-10)


def test_replicates_that_equal_the_value_are_half_below():
    hits = (np.arange(40) < 3).astype(float)
    found = bootstrap(sums_of(hits), ratio, 500, 0.9, 1, ())
    assert (found.stderr, found.low, found.high) == pytest.approx(
        by_hand(hits, None, ratio, 500, 0.9, 1, ()), rel=1e-10
    )
    # The same hits as tenths: whether a replicate equals the value is not left to how the tenths were rounded.
    tenths = bootstrap(sums_of(hits * 0.1), ratio, 500, 0.9, 1, ())
    assert (tenths.low, tenths.high) == pytest.approx((found.low / 10, found.high / 10), rel=1e-12)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [(ratio, lambda x, w, axis: x.sum(axis=axis) / len(np.moveaxis(x, axis, 0))),
     (root, lambda x, w, axis: np.sqrt(x.mean(axis=axis))),
     (lambda totals: totals[..., 0] / totals[..., 2], lambda x, w, axis: x.sum(axis=axis) / w.sum(axis=axis))],
    ids=["mean", "root of a mean", "ratio"],
)  # fmt: skip
def test_bootstrap_is_scipys(ours, theirs, skewed):
    weights = np.random.default_rng(8).uniform(0.5, 2, len(skewed))
    sums = np.column_stack([skewed, np.ones(len(skewed)), weights])
    found = bootstrap(sums, ours, 20_000, 0.8, 0, ())
    expected = scipy.stats.bootstrap((skewed, weights), theirs, n_resamples=20_000, paired=True, vectorized=True,
                                     batch=5000, method="BCa", confidence_level=0.8, **SEEDED)  # fmt: skip
    error = expected.standard_error
    assert found.stderr == pytest.approx(error, rel=0.03)  # 1 / sqrt(2 * 20,000) for each of the two is 0.5 %
    assert found.low == pytest.approx(expected.confidence_interval.low, abs=0.08 * error)  # percentiles: 0.25
    assert found.high == pytest.approx(expected.confidence_interval.high, abs=0.2 * error)  # percentiles: 0.9
    assert np.mean([found.low, found.high]) - float(ours(sums.sum(axis=0))) > 0.12 * error  # it is not symmetric


def test_where_bca_says_nothing_percentiles_do(skewed):
    sums, n = sums_of(skewed), len(skewed)
    at = skewed.mean()
    draws = RandomStream(0, (1,)).indices(400, n)

    def expected(statistic):
        replicates = [float(statistic(sums[row].sum(axis=0))) for row in draws]
        return pytest.approx(np.quantile(replicates, [0.05, 0.95]), rel=1e-10)

    def peak(totals):  # all replicates lie on one side of the value
        return -((ratio(totals) - at) ** 2)

    def lone(totals):  # they do, and the values without a unit on the other: the acceleration has the other sign
        return np.where(totals[..., 1] == n, 1, -1) * peak(totals)

    def whole(totals):  # no unit can be left out
        return np.where(totals[..., 1] < n, np.nan, ratio(totals))

    for statistic in (peak, lone, whole):
        found = bootstrap(sums, statistic, 400, 0.9, 0, ())
        assert (found.low, found.high) == expected(statistic)
        assert found.stderr > 0 and found.undefined == 0


def test_a_constant_has_a_point():
    weights = np.random.default_rng(0).uniform(0.1, 3, 60)
    found = bootstrap(sums_of(0.1 * weights, weights), ratio, 500, 0.95, 0, ())
    assert found.stderr == 0 and found.low == found.high == pytest.approx(0.1)
    assert bootstrap(np.zeros((9, 1)), numerators, 50, 0.95, 0, ()) == BootstrapResult(0.0, 0.0, 0.0)


def test_replicates_without_a_value():
    values = np.arange(1.0, 25)
    for members, undefined in ((5, True), (2, False)):
        rare = sums_of(values * (np.arange(24) < members), (np.arange(24) < members).astype(float))
        found = bootstrap(rare, ratio, 2000, 0.95, 3, ())
        draws = RandomStream(3, (1,)).indices(2000, 24)
        empty = int((draws >= members).all(axis=1).sum())
        assert empty > 0
        assert (found is not None and found.undefined == empty) is undefined
        assert found is None or (found.low > 1 and math.isfinite(found.stderr))
    assert bootstrap(sums_of(np.append(values, np.inf)), ratio, 200, 0.95, 3, ()) is None
    assert bootstrap(sums_of(np.append(values, np.nan)), ratio, 200, 0.95, 3, ()) is None
    # 1 / 0 only where a resample misses unit 0: replicates are infinite although the value is not.
    assert bootstrap(np.eye(30)[:, :1], lambda totals: 1 / totals[..., 0], 200, 0.95, 3, ()) is None
    for few in (sums_of(values[:0]), sums_of(values[:1])):
        assert bootstrap(few, ratio, 100, 0.95, 0, ()) is None
    assert bootstrap(sums_of(values), ratio, 1, 0.95, 0, ()) is None


def test_huge_and_tiny_values(skewed):
    plain = bootstrap(sums_of(skewed), ratio, 300, 0.95, 0, ())
    for scale in (2.0**1000, 2.0**-1000):
        found = bootstrap(sums_of(skewed * scale), ratio, 300, 0.95, 0, ())
        assert (found.stderr / scale, found.low / scale, found.high / scale) == pytest.approx(
            (plain.stderr, plain.low, plain.high), rel=1e-12
        )


def test_same_sums_same_bits(monkeypatch):
    rng = np.random.default_rng(0)
    a, b = (np.column_stack([rng.lognormal(size=3001), rng.uniform(size=3001)]) for _ in range(2))

    def both(a=a, b=b):
        with one_blas_thread():
            return bootstrap(a, ratio, 250, 0.95, 9, (1,)), permutation_test(a, b, ratio, 250, 9, (1,))

    first = both()
    assert both() == first and both(np.asfortranarray(a), np.asfortranarray(b)) == first
    assert both(np.column_stack([a, b])[:, :2], b) == first
    with ThreadPoolExecutor(3) as pool:
        assert set(pool.map(lambda _: both(), range(6))) == {first}
    whole = np.floor(a * 100), np.floor(b * 100)  # sums of whole numbers are exact, so that only the draws count
    expected = both(*whole)
    monkeypatch.setattr("losscli.statistics.resampling.BLOCK", 7 * 3001)
    assert both(*whole) == expected


def test_memory_is_bounded():
    sums = np.random.default_rng(0).uniform(1, 2, (131_072, 2))
    for run in (
        lambda: bootstrap(sums, ratio, 80, 0.95, 0, ()),
        lambda: permutation_test(sums, sums, ratio, 80, 0, ()),
    ):
        assert peak_of(run, 64e6) < 64e6


# --- the permutation test ---


def scipys(x, y, statistic, **how):
    """The exact test where 2**n is small; scipy takes twice the smaller tail, which here is the same."""
    return scipy.stats.permutation_test((x, y), lambda x, y, axis: statistic(x, axis) - statistic(y, axis),
                                        permutation_type="samples", vectorized=True, **how).pvalue  # fmt: skip


STATISTICS = [(ratio, lambda x, axis: x.mean(axis=axis)), (root, lambda x, axis: np.sqrt(x.mean(axis=axis)))]


@pytest.mark.parametrize(("ours", "theirs"), STATISTICS, ids=["mean", "root of a mean"])
@pytest.mark.parametrize("seed", range(4))
def test_all_exchanges_of_eight_rows_are_scipys(ours, theirs, seed):
    rng = np.random.default_rng(seed)
    x, y = rng.lognormal(0.4, 1, 8), rng.lognormal(0, 1, 8)
    found = permutation_test(sums_of(x), sums_of(y), ours, 256, 0, ())
    assert found == scipys(x, y, theirs, n_resamples=math.inf)
    assert (found * 256).is_integer() and found < 1
    assert permutation_test(sums_of(y), sums_of(x), ours, 256, 99, (5,)) == found  # nothing random
    assert permutation_test(sums_of(x), sums_of(y), ours, 255, 0, ()) != found


@pytest.mark.parametrize("seed", range(6))
def test_ties_are_ties(seed):
    """Tenths are no doubles: their sums miss one another by rounding, and have to count as equal."""
    rng = np.random.default_rng(seed)
    x, y = rng.integers(0, 4, 9), rng.integers(0, 4, 9)
    differences = [Fraction(int(d)) for d in x - y]
    permuted = [
        abs(sum(s * d for s, d in zip(signs, differences, strict=True))) for signs in product((1, -1), repeat=9)
    ]
    exact = sum(one >= abs(sum(differences)) for one in permuted) / 512
    assert permutation_test(sums_of(x * 0.1), sums_of(y * 0.1), ratio, 512, 0, ()) == exact
    sampled = permutation_test(sums_of(x * 0.1), sums_of(y * 0.1), ratio, 511, 0, ())
    assert sampled == permutation_test(sums_of(x * 1.0), sums_of(y * 1.0), ratio, 511, 0, ())


@pytest.mark.parametrize(("ours", "theirs"), STATISTICS, ids=["mean", "root of a mean"])
def test_sampled_permutations_are_scipys(ours, theirs):
    rng = np.random.default_rng(1)
    x = rng.lognormal(0, 0.5, 60)
    y = x * rng.lognormal(0.09, 0.4, 60)
    found = permutation_test(sums_of(x), sums_of(y), ours, 9999, 0, ())
    expected = scipys(x, y, theirs, n_resamples=9999, **SEEDED)
    assert 0.01 < expected < 0.5
    assert found == pytest.approx(expected, abs=5 * math.sqrt(2 * expected / 9999))


def test_p_values_are_uniform_where_there_is_no_difference():
    rng = np.random.default_rng(12)
    common = rng.lognormal(0, 1, (1000, 60))
    x, y = common * rng.lognormal(0, 0.5, (2, 1000, 60))
    ps = [permutation_test(sums_of(x[i]), sums_of(y[i]), root, 199, 0, (i,)) for i in range(1000)]
    assert scipy.stats.kstest(ps, "uniform").pvalue > 0.001
    assert all(np.mean(np.array(ps) <= level) < level + 3 * math.sqrt(level / 1000) for level in (0.01, 0.05, 0.1))


def test_p_values_at_the_ends():
    x = np.random.default_rng(0).uniform(1, 2, 50)
    assert permutation_test(sums_of(x), sums_of(x + 5), ratio, 999, 0, ()) == 1 / 1000
    assert permutation_test(sums_of(x), sums_of(x), ratio, 999, 0, ()) == 1
    assert permutation_test(sums_of(x[:1]), sums_of(x[:1] + 5), ratio, 999, 0, ()) == 1
    assert permutation_test(sums_of(x[:2]), sums_of(x[:2] + 5), ratio, 999, 0, ()) == 0.5


def test_p_values_that_there_are_not():
    x = np.arange(1.0, 21)
    assert permutation_test(sums_of(x[:0]), sums_of(x[:0]), ratio, 99, 0, ()) is None
    assert permutation_test(sums_of(x), sums_of(x + 1), ratio, 0, 0, ()) is None
    assert permutation_test(sums_of(x), sums_of(np.append(x[1:], np.inf)), ratio, 99, 0, ()) is None
    assert permutation_test(sums_of(x, 0 * x), sums_of(x), ratio, 99, 0, ()) is None

    def fragile(totals):  # undefined as soon as anything is exchanged
        return np.where(np.isin(totals[..., 0], (x.sum(), x.sum() + 1000)), totals[..., 0], np.nan)

    assert (
        permutation_test(sums_of(x), sums_of(x + 50), fragile, 99, 0, ()) == 1
    )  # counted as far apart: never too sure
