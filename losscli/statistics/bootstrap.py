"""Bootstrap and approximate randomisation of sums: the metric is never run again.

A caller has one row of sums for each unit that may be resampled (a row, a cluster), and a statistic that makes the
number of their totals, for many totals at once. Both procedures are products of a matrix of draws with the sums. They
go in blocks of a fixed number of replicates, and each replicate has its own part of the random stream, so the same
sums in the same order give the same bits.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from losscli.contract.kinds import Array
from losscli.statistics.resampling import BOOTSTRAP_STREAM, ROUNDING_NOISE, Draws, Statistic, blocks
from losscli.statistics.student_t import t_p_value, t_quantile

_UNDEFINED = 0.01  # a bootstrap with this share of undefined replicates has no result


@dataclass(frozen=True)
class Resampled:
    """What the replicates say: their standard deviation and the interval; `left_out` of them were undefined."""

    stderr: float
    low: float
    high: float
    left_out: int = 0


def bootstrap(
    sums: Array, statistic: Statistic, resamples: int, level: float, seed: int, words: Sequence[int]
) -> Resampled | None:
    """The standard error and the interval of statistic(sums.sum(0)) by resampling the rows of `sums`.

    The interval is bias-corrected and accelerated (BCa: Efron 1987, doi:10.1080/01621459.1987.10478410), or that of the
    plain percentiles where all replicates lie on one side of the value, or leaving a unit out leaves it undefined.
    Replicates that are NaN (all units of a term happened to be left out) are left out and counted, as long as they are
    fewer than 1 %. None where there is nothing to say: fewer than two units or replicates, an undefined or infinite
    value, an infinite replicate, more undefined ones. Where replicates differ by rounding only, stderr is 0.
    """
    units = len(sums)
    if units < 2 or resamples < 2:
        return None
    sums = np.asfortranarray(sums)  # a product's bits and its speed depend on how its factors lie in memory
    total = sums.sum(axis=0)
    with np.errstate(all="ignore"):  # 0/0 is what an empty term gives, and it is looked for
        value = float(statistic(total))
        draws = Draws(seed, (BOOTSTRAP_STREAM, *words))
        room = np.empty((next(blocks(resamples, units)), units))
        totals = [_counts(draws, room[:rows]) @ sums for rows in blocks(resamples, units)]
        replicates = np.asarray(statistic(np.concatenate(totals)), dtype=np.float64)
        undefined = np.isnan(replicates)
        left_out = int(undefined.sum())
        replicates = np.sort(replicates[~undefined])
        if left_out >= _UNDEFINED * resamples or not np.isfinite([value, replicates[0], replicates[-1]]).all():
            return None
        if replicates[-1] - replicates[0] <= ROUNDING_NOISE * np.abs(replicates).max():
            return Resampled(0.0, value, value, left_out)
        places = _bca(replicates, value, statistic(total - sums), level) or ((1 - level) / 2, (1 + level) / 2)
        low, high = (float(bound) for bound in np.quantile(replicates, places))
    return Resampled(_deviation(replicates), low, high, left_out)


def _counts(draws: Draws, room: Array) -> Array:
    """How often each unit (column) occurs in each resample (row), in `room`: fresh memory would double the time."""
    rows, units = room.shape
    cells = draws.indices(rows, units)
    cells += np.arange(0, rows * units, units)[:, np.newaxis]
    room[:] = np.bincount(cells.ravel(), minlength=rows * units).reshape(rows, units)
    return room


def _bca(replicates: Array, value: float, without: Array, level: float) -> tuple[float, float] | None:
    """Which quantiles of the replicates bound the interval; `without` are the values with one unit left out.

    As in scipy.stats.bootstrap, replicates that equal the value count half on each side.
    """
    noise = ROUNDING_NOISE * abs(value)
    below = np.count_nonzero(replicates < value - noise) + np.count_nonzero(replicates <= value + noise)
    bias = t_quantile(float(below) / 2 / len(replicates), math.inf)
    pull = without.mean() - without
    pull = pull / np.abs(pull).max()  # their cubes shall not overflow; all equal: NaN
    acceleration = float((pull**3).sum() / (6 * (pull**2).sum() ** 1.5))
    if not math.isfinite(bias) or not math.isfinite(acceleration):
        return None
    places = []
    for tail in (t_quantile((1 - level) / 2, math.inf), -t_quantile((1 - level) / 2, math.inf)):
        shrink = 1 - acceleration * (bias + tail)
        if shrink <= 0:
            return None
        z = bias + (bias + tail) / shrink
        outside = t_p_value(z, math.inf) / 2
        places.append(outside if z < 0 else 1 - outside)
    return places[0], places[1]


def _deviation(values: Array) -> float:
    """The standard deviation (n - 1); scaled, as squares overflow long before values do."""
    away = values - values.mean()
    scale = float(np.abs(away).max())
    return scale * math.sqrt(float(((away / scale) ** 2).sum()) / (len(values) - 1))
