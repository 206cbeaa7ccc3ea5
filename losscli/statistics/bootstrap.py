"""Bootstrap and approximate randomisation of sums: the metric is never run again.

A caller has one row of sums for each unit that may be resampled (a row, a cluster), and a statistic that makes the
number of their totals, for many totals at once. Both procedures are products of a matrix of draws with the sums. They
go in blocks of a fixed number of replicates, and each replicate has its own stretch of the random stream, so the same
sums in the same order give the same bits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from losscli.contract.kinds import Array
from losscli.statistics.student_t import t_p_value, t_quantile

Statistic: TypeAlias = Callable[[Array], Array]
"""Totals of shape (..., columns) to values of shape (...)."""

_BOOTSTRAP, _SIGNS = 1, 2  # the two never share a stream
_BLOCK = 1 << 18  # entries of a block's matrix of draws: 2 MB, which stays in the cache
_HALVES = 1 << 20  # so many units can be drawn by 32 random bits each
_NOISE = 64 * 2.0**-52  # values no further apart than this, relative to their size, are taken as equal
_UNDEFINED = 0.01  # a bootstrap with this share of undefined replicates has no result


@dataclass(frozen=True)
class Resampled:
    """What the replicates say: their standard deviation and the interval; `left_out` of them were undefined."""

    stderr: float
    low: float
    high: float
    left_out: int = 0


class Draws:
    """Random indices and bits that stay the same for a seed, whatever the version of NumPy.

    NumPy keeps the raw stream of a bit generator and the hashing of seeds for ever, but not what `Generator` makes of
    them (NEP 19), so that is made here. `words` tell the uses of one seed apart; each is an integer of at most 64 bits.
    """

    def __init__(self, seed: int, words: Sequence[int]) -> None:
        halves = [part for word in words for part in (word & 0xFFFFFFFF, word >> 32 & 0xFFFFFFFF)]
        self._source = np.random.PCG64(np.random.SeedSequence(seed, spawn_key=halves))

    def indices(self, rows: int, count: int) -> Array:
        """For each of `rows`, `count` indices below `count`, as int64.

        A random fraction of 32 (53) bits times `count` is rounded down, so that the chances of two indices differ by at
        most count / 2**32 < 1/4096 of themselves below 2**20 units, by less than 2**-20 above. The indices that get a
        little more are spread evenly over the units, and a spread wrong by 1/4096 would show in 10 million resamples.
        """
        if count < _HALVES:
            raw = self._words(rows, -(-count // 2)).view("<u4")[:, :count]
            scaled = np.multiply(raw, np.uint64(count), dtype=np.uint64)
            scaled >>= np.uint64(32)  # in place: fresh memory costs as much as the shift
            return np.asarray(scaled.view(np.int64))
        fractions = (self._words(rows, count) >> np.uint64(11)) * 2.0**-53
        return np.asarray((fractions * count).astype(np.int64))

    def bits(self, rows: int, count: int) -> Array:
        """For each of `rows`, `count` random bits as uint8."""
        raw = self._words(rows, -(-count // 64)).view(np.uint8)
        return np.unpackbits(raw, axis=1, count=count, bitorder="little")

    def _words(self, rows: int, count: int) -> Array:
        raw = np.asarray(self._source.random_raw(rows * count), dtype="<u8")  # the bytes alike on any machine
        return raw.reshape(rows, count)


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
        draws = Draws(seed, (_BOOTSTRAP, *words))
        room = np.empty((next(_blocks(resamples, units)), units))
        totals = [_counts(draws, room[:rows]) @ sums for rows in _blocks(resamples, units)]
        replicates = np.asarray(statistic(np.concatenate(totals)), dtype=np.float64)
        undefined = np.isnan(replicates)
        left_out = int(undefined.sum())
        replicates = np.sort(replicates[~undefined])
        if left_out >= _UNDEFINED * resamples or not np.isfinite([value, replicates[0], replicates[-1]]).all():
            return None
        if replicates[-1] - replicates[0] <= _NOISE * np.abs(replicates).max():
            return Resampled(0.0, value, value, left_out)
        places = _bca(replicates, value, statistic(total - sums), level) or ((1 - level) / 2, (1 + level) / 2)
        low, high = (float(bound) for bound in np.quantile(replicates, places))
    return Resampled(_deviation(replicates), low, high, left_out)


def sign_flip(
    a: Array, b: Array, statistic: Statistic, permutations: int, seed: int, words: Sequence[int]
) -> float | None:
    """The two-sided p-value of statistic(a.sum(0)) - statistic(b.sum(0)) by approximate randomisation.

    Were the two models the same, it would not matter which of them each unit's sums came from: each replicate swaps
    those of a random half of the units (Noreen 1989, Computer-intensive methods for testing hypotheses; of a mean, the
    sign flips of Fisher). p is the share of replicates at least as far from 0, the data as they are being one of them
    (Phipson and Smyth 2010, doi:10.2202/1544-6115.1585); all 2**units swaps are made where that is no more work. A
    replicate that is undefined counts as far away, and so does one that misses by rounding. None where the difference
    is undefined or infinite, or there is nothing to swap.
    """
    units = len(a)
    if not units or permutations < 1:
        return None
    a, b = np.asfortranarray(a), np.asfortranarray(b)  # as in bootstrap
    total_a, total_b, move = a.sum(axis=0), b.sum(axis=0), b - a

    def beyond(swaps: Array, least: float) -> int:
        moved = swaps.astype(np.float64) @ move
        apart = np.abs(statistic(total_a + moved) - statistic(total_b - moved))
        return int(np.count_nonzero(~(apart < least)))

    with np.errstate(all="ignore"):
        values = float(statistic(total_a)), float(statistic(total_b))
        apart = abs(values[0] - values[1])
        if not math.isfinite(apart):
            return None
        # Below that the rounding of the two values decides, and what is equal in exact numbers has to count as equal.
        least = apart - max(1e-12 * apart, _NOISE * max(map(abs, values)))
        if units < 63 and 1 << units <= permutations:
            # The other half of the swaps are these with the models exchanged: equally far apart.
            half = 1 << units - 1
            return sum(beyond(swaps, least) for swaps in _all_swaps(units)) / half
        draws = Draws(seed, (_SIGNS, *words))
        far = sum(beyond(draws.bits(rows, units), least) for rows in _blocks(permutations, units))
    return (1 + far) / (1 + permutations)


def _blocks(replicates: int, units: int) -> Iterator[int]:
    """How many replicates are made together: as many as fit a block of a fixed size, at least one."""
    most = max(1, _BLOCK // units)
    for start in range(0, replicates, most):
        yield min(most, replicates - start)


def _counts(draws: Draws, room: Array) -> Array:
    """How often each unit (column) occurs in each resample (row), in `room`: fresh memory would double the time."""
    rows, units = room.shape
    cells = draws.indices(rows, units)
    cells += np.arange(0, rows * units, units)[:, np.newaxis]
    room[:] = np.bincount(cells.ravel(), minlength=rows * units).reshape(rows, units)
    return room


def _all_swaps(units: int) -> Iterator[Array]:
    """Every choice of units but the first, in blocks; the first choice is none of them."""
    choices = 1 << units - 1
    most = max(1, _BLOCK // units)
    for start in range(0, choices, most):
        numbers = np.arange(start, min(start + most, choices))[:, np.newaxis]
        yield numbers >> np.arange(units - 1, -1, -1) & 1


def _bca(replicates: Array, value: float, without: Array, level: float) -> tuple[float, float] | None:
    """Which quantiles of the replicates bound the interval; `without` are the values with one unit left out.

    As in scipy.stats.bootstrap, replicates that equal the value count half on each side.
    """
    noise = _NOISE * abs(value)
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
