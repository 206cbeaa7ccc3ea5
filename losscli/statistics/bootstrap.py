"""The bootstrap of sums: units are resampled, and no loss is computed again.

The caller has one row of sums for each unit that may be resampled (a row, a batch, a cluster), and a statistic that
makes the estimate of their totals, for many totals at once. The totals of the resamples are the product of a matrix of
counts with the sums. Resamples come in blocks of a fixed size, and each has its own part of the random stream, so the
same sums in the same order give the same bits.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from losscli.binding.request import BootstrapMethod
from losscli.contract.kinds import Array
from losscli.lazy import dataclass
from losscli.statistics.resampling import BOOTSTRAP_STREAM, ROUNDING_NOISE, RandomStream, Statistic, blocks
from losscli.statistics.standard_errors import standard_errors
from losscli.statistics.student_t import t_p_value, t_quantile

_MOST_UNDEFINED = 0.01  # a bootstrap with this share of undefined replicates has no result


@dataclass(frozen=True)
class BootstrapResult:
    """The standard deviation of the replicates, the confidence interval, and how many replicates were undefined.

    `degenerate` is how many of the others have no standard error of their own, of which a studentised interval can
    leave out only few; else its ends are NaN.
    `skewness` is that of the estimate, by the jackknife; None where that is not finite.
    """

    stderr: float
    low: float
    high: float
    undefined: int = 0
    degenerate: int = 0
    skewness: float | None = None


def bootstrap(
    sums: Array, statistic: Statistic, resamples: int, level: float, seed: int, stream: Sequence[int],
    method: BootstrapMethod = "bca",
) -> BootstrapResult | None:  # fmt: skip
    """The standard error and the confidence interval of statistic(sums.sum(0)), by resampling the rows of `sums`.

    The interval is bias-corrected and accelerated (BCa) unless `method` says otherwise. It is that of the plain
    percentiles where all replicates lie on one side of the estimate, or leaving one unit out leaves the estimate
    undefined. The draws, and so the standard error, are the same for all methods.

    Parameters
    ----------
    sums : array of shape (units, contributions)
        The sums of each unit.
    statistic
        Makes the estimate of totals of shape (..., contributions).
    resamples
        How many bootstrap resamples are drawn.
    level
        The confidence level, such as 0.95.
    seed, stream
        The seed of the run, and integers that tell apart the uses of this seed.
    method
        "bca"; "percentile": the quantiles of the replicates; "studentised": the estimate less the quantiles of
        t = (replicate - estimate) / (standard error of the resample), times the estimate's standard error. Both
        standard errors are by the delta method. `statistic` must take complex totals for this.

    Returns
    -------
    BootstrapResult or None
        Replicates that are NaN (all units of a term happened to be left out) are left out and counted, as long as they
        are fewer than 1 %. Where replicates differ by rounding only, stderr is 0. None for fewer than two units or
        resamples, an undefined or infinite estimate, an infinite replicate, or more undefined ones.

    References
    ----------
    Efron 1987, "Better bootstrap confidence intervals", doi:10.1080/01621459.1987.10478410
    Hall 1988, "Theoretical comparison of bootstrap confidence intervals", doi:10.1214/aos/1176350933
    """
    units = len(sums)
    if units < 2 or resamples < 2:
        return None
    sums = np.asfortranarray(sums)  # a product's bits and its speed depend on how its factors lie in memory
    total = sums.sum(axis=0)
    with np.errstate(all="ignore"):  # 0/0 is the mean of an empty term, and it is looked for
        estimate = float(statistic(total))
        random = RandomStream(seed, (BOOTSTRAP_STREAM, *stream))
        own = statistic if method == "studentised" else None
        totals, errors = _resampled(sums, random, resamples, own)
        drawn = np.asarray(statistic(totals), dtype=np.float64)
        undefined = int(np.isnan(drawn).sum())
        replicates = np.sort(drawn[~np.isnan(drawn)])
        if undefined >= _MOST_UNDEFINED * resamples or not np.isfinite([estimate, replicates[0], replicates[-1]]).all():
            return None
        if replicates[-1] - replicates[0] <= ROUNDING_NOISE * np.abs(replicates).max():
            return BootstrapResult(0.0, estimate, estimate, undefined)
        stderr = _standard_deviation(replicates)
        acceleration = _acceleration(statistic(total - sums))
        skewness = _skewness(acceleration, units)
        tails = (1 - level) / 2, (1 + level) / 2
        if method == "studentised":
            found = float(standard_errors(np.ones((1, units)), sums, total[np.newaxis], statistic)[0])
            ends, degenerate = _studentised(drawn, errors, (estimate, found), tails, units)
            return BootstrapResult(stderr, *ends, undefined, degenerate, skewness)
        probabilities = _bca(replicates, estimate, acceleration, level) if method == "bca" else None
        low, high = np.quantile(replicates, probabilities or tails)
    return BootstrapResult(stderr, float(low), float(high), undefined, skewness=skewness)


def _resampled(
    sums: Array, random: RandomStream, resamples: int, statistic: Statistic | None
) -> tuple[Array, Array]:  # fmt: skip
    """The totals of the units that each resample draws, one row a resample, and its standard errors if asked for."""
    totals, errors = [], [np.empty(0)]
    for counts in _all_counts(random, resamples, len(sums)):
        totals.append(counts @ sums)
        if statistic is not None:
            errors.append(standard_errors(counts, sums, totals[-1], statistic))
    return np.concatenate(totals), np.concatenate(errors)


def _all_counts(random: RandomStream, resamples: int, units: int) -> Iterator[Array]:
    """The counts of block after block, each in the memory of the one before."""
    room = np.empty((next(blocks(resamples, units)), units))
    for rows in blocks(resamples, units):
        yield _counts(random, room[:rows])


def _studentised(
    drawn: Array, errors: Array, estimate: tuple[float, float], tails: tuple[float, float], units: int
) -> tuple[tuple[float, float], int]:
    """The ends of the interval, and how many defined replicates have a standard error of 0 (up to rounding) or none.

    As for undefined replicates, fewer than 1 % of these are left out; from there on the ends are NaN.
    """
    value, found = estimate
    noise = ROUNDING_NOISE * (np.abs(drawn) + math.sqrt(units) * found)
    usable = (errors > noise) & np.isfinite(errors) & ~np.isnan(drawn)
    degenerate = int(np.count_nonzero(~usable & ~np.isnan(drawn)))
    if np.count_nonzero(~usable) >= _MOST_UNDEFINED * len(drawn) or not math.isfinite(found):
        return (math.nan, math.nan), degenerate
    low, high = np.quantile((drawn[usable] - value) / errors[usable], tails)
    return (float(value - high * found), float(value - low * found)), degenerate


def _counts(random: RandomStream, room: Array) -> Array:
    """How often each unit (column) occurs in each resample (row), in `room`: fresh memory would double the time."""
    rows, units = room.shape
    entries = random.indices(rows, units)
    entries += np.arange(0, rows * units, units)[:, np.newaxis]
    room[:] = np.bincount(entries.ravel(), minlength=rows * units).reshape(rows, units)
    return room


def _acceleration(jackknife: Array) -> float:
    """Efron's acceleration, from the estimates with one unit left out each; NaN where it is undefined."""
    influence = jackknife.mean() - jackknife
    influence = influence / np.abs(influence).max()  # so that cubes do not overflow; all equal: NaN
    return float((influence**3).sum() / (6 * (influence**2).sum() ** 1.5))


def _skewness(acceleration: float, units: int) -> float | None:
    """The skewness of the estimate, of which the acceleration is a sixth, unbiased for normal draws."""
    if units <= 2 or not math.isfinite(acceleration):
        return None
    skewness = 6 * acceleration * math.sqrt(units * (units - 1)) / (units - 2)
    return max(-1.0, min(skewness, 1.0))


def _bca(replicates: Array, estimate: float, acceleration: float, level: float) -> tuple[float, float] | None:
    """The probabilities of the quantiles that bound the BCa interval; None where they are undefined.

    As in scipy.stats.bootstrap, replicates that equal the estimate count half on each side.
    """
    noise = ROUNDING_NOISE * abs(estimate)
    below = np.count_nonzero(replicates < estimate - noise) + np.count_nonzero(replicates <= estimate + noise)
    correction = t_quantile(float(below) / 2 / len(replicates), math.inf)
    if not math.isfinite(correction) or not math.isfinite(acceleration):
        return None
    probabilities = []
    for tail in (t_quantile((1 - level) / 2, math.inf), -t_quantile((1 - level) / 2, math.inf)):
        shrink = 1 - acceleration * (correction + tail)
        if shrink <= 0:
            return None
        z = correction + (correction + tail) / shrink
        outside = t_p_value(z, math.inf) / 2
        probabilities.append(outside if z < 0 else 1 - outside)
    return probabilities[0], probabilities[1]


def _standard_deviation(values: Array) -> float:
    """The standard deviation (n - 1); scaled, as squares overflow long before values do."""
    deviations = values - values.mean()
    scale = float(np.abs(deviations).max())
    return scale * math.sqrt(float(((deviations / scale) ** 2).sum()) / (len(values) - 1))
