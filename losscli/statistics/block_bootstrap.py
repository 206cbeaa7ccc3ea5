"""The bootstrap of a series: blocks of successive times are resampled, so that dependence within a block stays."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from losscli.contract.kinds import Array
from losscli.statistics.long_run_variance import bartlett, persistence, working_model
from losscli.statistics.resampling import BOOTSTRAP_STREAM, ROUNDING_NOISE, RandomStream, Statistic, blocks
from losscli.statistics.student_t import t_p_value, t_quantile

_MOST_UNDEFINED = 0.01  # a bootstrap with this share of undefined replicates has no result


class BlockBootstrap(NamedTuple):
    """The standard error and the confidence interval, the length of blocks, and the autocorrelation of the series."""

    stderr: float
    low: float
    high: float
    block: int
    autocorrelation: float


def block_length(series: Array) -> int:
    """The length of blocks that estimates the variance of a mean best, for the circular block bootstrap.

    References
    ----------
    Politis & White 2004, "Automatic block-length selection for the dependent bootstrap", doi:10.1081/ETC-120028836,
    with the correction of Patton, Politis & White 2009, doi:10.1080/07474930802459016
    """
    n = len(series)
    rest = series - series.mean()
    near = max(5, int(math.log10(n)))  # so many lags in a row must be insignificant
    most = min(math.ceil(math.sqrt(n)) + near, n - 2)
    limit = 2 * math.sqrt(math.log10(n) / n)
    covariances, sizes = [], []
    for lag in range(most + 1):
        product = math.fsum(rest[lag:] * rest[: n - lag])
        scale = math.sqrt(math.fsum(rest[lag + 1 :] ** 2) * math.fsum(rest[: -(lag + 1)] ** 2))
        covariances.append(product / n)
        sizes.append(abs(product) / scale if scale else 0.0)
    first = next((at for at in range(most + 1 - near) if max(sizes[at : at + near]) < limit), None)
    width = most if first is None else min(2 * max(first, 1), most)
    slope, level = 0.0, covariances[0]
    for lag in range(1, width + 1):
        taper = 1.0 if 2 * lag <= width else 2 * (1 - lag / width)
        slope += 2 * taper * lag * covariances[lag]
        level += 2 * taper * covariances[lag]
    if not level:
        return 1
    best = float((2 * slope**2 / (4 / 3 * level**2)) ** (1 / 3) * n ** (1 / 3))
    return max(1, math.ceil(min(best, 3 * math.sqrt(n), n / 3)))


def block_bootstrap(
    sums: Array, statistic: Statistic, resamples: int, level: float, seed: int, stream: Sequence[int]
) -> BlockBootstrap | None:
    """The standard error and the confidence interval of statistic(sums.sum(0)), by resampling blocks of rows of `sums`.

    Blocks begin anywhere, and go on with the first time behind the last (circular blocks, Politis & Romano 1992), so
    that each time is in as many blocks. The interval is the expanded percentile interval (Hesterberg 2015,
    doi:10.1080/00031305.2015.1089789): that of percentiles, at the level that makes up for the variance that is lost
    within blocks, and for the degrees of freedom of so few.

    Parameters
    ----------
    sums : array of shape (times, contributions)
        The sums of each time, in order.
    statistic
        Makes the estimate of totals of shape (..., contributions).
    resamples, level, seed, stream
        As in `losscli.statistics.bootstrap.bootstrap`.

    Returns
    -------
    BlockBootstrap or None
        None for fewer than eight times, an undefined estimate, an infinite replicate, or undefined ones from 1 % on.
    """
    times = len(sums)
    if times < _FEWEST:
        return None
    sums = np.asfortranarray(sums)
    total = sums.sum(axis=0)
    with np.errstate(all="ignore"):  # 0/0 is the mean of an empty term, and it is looked for
        estimate = float(statistic(total))
        series = estimate - np.asarray(statistic(total - sums), np.float64)
        if not math.isfinite(estimate) or not np.isfinite(series).all():
            return None
        series = series - series.mean()
        if np.abs(series).max() <= ROUNDING_NOISE * abs(estimate):
            return BlockBootstrap(0.0, estimate, estimate, 1, 0.0)
        block = block_length(series)
        totals = _resampled_totals(sums, RandomStream(seed, (BOOTSTRAP_STREAM, *stream)), resamples, block)
        replicates = np.asarray(statistic(totals), np.float64)
        replicates = np.sort(replicates[~np.isnan(replicates)])
        if len(replicates) <= (1 - _MOST_UNDEFINED) * resamples or not np.isfinite(replicates[[0, -1]]).all():
            return None
        kept = 1 - block / times  # of the variance of independent times, in that of circular blocks
        df = working_model([(1.0, np.full(times, 1 / times))], bartlett(block - 1)).df
        tail = t_p_value(t_quantile((1 + level) / 2, df) / math.sqrt(kept), math.inf) / 2
        low, high = np.quantile(replicates, (tail, 1 - tail))
    stderr = float(replicates.std(ddof=1)) / math.sqrt(kept)
    return BlockBootstrap(stderr, float(low), float(high), block, persistence(series))


_FEWEST = 8  # times: of fewer, the length of blocks cannot be chosen


def _resampled_totals(sums: Array, random: RandomStream, resamples: int, block: int) -> Array:
    """The totals of the times that each resample draws, one row a resample; the last block is cut."""
    times = len(sums)
    inside = np.arange(times) % block
    found = []
    for rows in blocks(resamples, times):
        starts = random.indices(rows, times)[:, : -(-times // block)]
        drawn = (np.repeat(starts, block, axis=1)[:, :times] + inside) % times
        drawn += np.arange(0, rows * times, times)[:, np.newaxis]
        counts = np.bincount(drawn.ravel(), minlength=rows * times).reshape(rows, times).astype(np.float64)
        found.append(counts @ sums)
    return np.concatenate(found)
