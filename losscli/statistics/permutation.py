"""The permutation test of paired differences: signs are flipped."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from losscli.contract.kinds import Array
from losscli.statistics.resampling import BLOCK, PERMUTATION_STREAM, ROUNDING_NOISE, Draws, Statistic, blocks


def permutation_test(
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
        least = apart - max(1e-12 * apart, ROUNDING_NOISE * max(map(abs, values)))
        if units < 63 and 1 << units <= permutations:
            # The other half of the swaps are these with the models exchanged: equally far apart.
            half = 1 << units - 1
            return sum(beyond(swaps, least) for swaps in _all_swaps(units)) / half
        draws = Draws(seed, (PERMUTATION_STREAM, *words))
        far = sum(beyond(draws.bits(rows, units), least) for rows in blocks(permutations, units))
    return (1 + far) / (1 + permutations)


def _all_swaps(units: int) -> Iterator[Array]:
    """Every choice of units but the first, in blocks; the first choice is none of them."""
    choices = 1 << units - 1
    most = max(1, BLOCK // units)
    for start in range(0, choices, most):
        numbers = np.arange(start, min(start + most, choices))[:, np.newaxis]
        yield numbers >> np.arange(units - 1, -1, -1) & 1
