"""The permutation test of a paired difference of two models."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from losscli.contract.kinds import Array
from losscli.statistics.resampling import BLOCK, PERMUTATION_STREAM, ROUNDING_NOISE, RandomStream, Statistic, blocks


def permutation_test(
    a: Array, b: Array, statistic: Statistic, permutations: int, seed: int, stream: Sequence[int]
) -> float | None:
    """The two-sided p-value of statistic(a.sum(0)) - statistic(b.sum(0)), by exchanging the models within units.

    Under the null hypothesis, which model a unit's sums come from makes no difference. Each permutation exchanges the
    two models in a random half of the units (approximate randomisation: Noreen 1989; for a mean, Fisher's random
    signs). p is the share of permutations whose difference is at least as far from 0 as that of the data, which count
    as one of them (Phipson and Smyth 2010). All 2**units exchanges are made where they are not more than
    `permutations`: then the test is exact.

    Parameters
    ----------
    a, b : array of shape (units, contributions)
        The sums of each unit (a row, a batch or a cluster) for the two models.
    statistic
        Makes the estimate of totals of shape (..., contributions).
    permutations
        How many random exchanges are made.
    seed, stream
        The seed of the run, and integers that tell apart the uses of this seed.

    Returns
    -------
    float or None
        The p-value. A permutation that is undefined counts as far from 0, and so does one that is nearer to 0 by no
        more than rounding. None where the difference is undefined or infinite, or there are no units.

    References
    ----------
    Noreen 1989, Computer-intensive methods for testing hypotheses, Wiley
    Phipson and Smyth 2010, "Permutation p-values should never be zero", doi:10.2202/1544-6115.1585
    """
    units = len(a)
    if not units or permutations < 1:
        return None
    a, b = np.asfortranarray(a), np.asfortranarray(b)  # as in bootstrap
    total_a, total_b, shift = a.sum(axis=0), b.sum(axis=0), b - a

    def count_extreme(exchanged: Array, threshold: float) -> int:
        """How many permutations (rows of 0 and 1) give a difference that is not below the threshold."""
        shifts = exchanged.astype(np.float64) @ shift
        differences = np.abs(statistic(total_a + shifts) - statistic(total_b - shifts))
        return int(np.count_nonzero(~(differences < threshold)))

    with np.errstate(all="ignore"):
        values = float(statistic(total_a)), float(statistic(total_b))
        observed = abs(values[0] - values[1])
        if not math.isfinite(observed):
            return None
        # Below that the rounding of the two values decides, and what is equal in exact numbers has to count as equal.
        threshold = observed - max(1e-12 * observed, ROUNDING_NOISE * max(map(abs, values)))
        if exchanges(units, permutations) == 1 << units:
            # The other half of the exchanges are these with the models in each other's place: equally far from 0.
            half = 1 << units - 1
            return sum(count_extreme(exchanged, threshold) for exchanged in _all_exchanges(units)) / half
        random = RandomStream(seed, (PERMUTATION_STREAM, *stream))
        extreme = sum(count_extreme(random.bits(rows, units), threshold) for rows in blocks(permutations, units))
    return (1 + extreme) / (1 + permutations)


def exchanges(units: int, permutations: int) -> int:
    """How many exchanges a test of so many units makes: all, or the random ones that are asked for if these are fewer.

    Parameters
    ----------
    units
        How many units there are.
    permutations
        How many exchanges are asked for.

    Returns
    -------
    int
        min(2**units, permutations).
    """
    return min(1 << units, permutations) if units < 63 else permutations


def _all_exchanges(units: int) -> Iterator[Array]:
    """All choices of units to exchange that leave the first unit as it is, in blocks; none exchanged comes first."""
    choices = 1 << units - 1
    most = max(1, BLOCK // units)
    for start in range(0, choices, most):
        numbers = np.arange(start, min(start + most, choices))[:, np.newaxis]
        yield numbers >> np.arange(units - 1, -1, -1) & 1
