"""The permutation test of a paired difference of two models, and the confidence interval that it makes."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from losscli.contract.kinds import Array
from losscli.statistics.resampling import BLOCK, PERMUTATION_STREAM, ROUNDING_NOISE, RandomStream, Statistic, blocks

_TINY = 5e-324  # the least double above 0
_SAMPLED = 16  # one of so many values is looked at first for a quantile
_KEPT = 13  # all exchanges of so few units are kept for other slices: in all less than 1 MB


class PermutationResult(NamedTuple):
    """What a permutation test found.

    Attributes
    ----------
    p : float
        The two-sided p-value.
    permutations : int
        How many permutations were made.
    exact : bool
        Whether these are all that there are.
    interval : tuple[float, float] or None
        The differences that the test does not reject. None where it was not requested, or the test cannot reject any.
    """

    p: float
    permutations: int
    exact: bool
    interval: tuple[float, float] | None = None


class _Observed(NamedTuple):
    """The difference of the data, and how far from 0 a permutation must be to count as no nearer."""

    difference: float
    threshold: float


def permutation_test(
    a: Array, b: Array, statistic: Statistic, permutations: int, seed: int, stream: Sequence[int],
    shares: Array | None = None, alpha: Fraction = Fraction(1, 20),
) -> PermutationResult | None:  # fmt: skip
    """The two-sided p-value of statistic(a.sum(0)) - statistic(b.sum(0)), by exchanging the models within units.

    Under the null hypothesis, which model a unit's sums come from makes no difference. Each permutation exchanges the
    two models in a random half of the units (approximate randomisation: Noreen 1989; for a mean, Fisher's random
    signs). p is the share of permutations whose difference is at least as far from 0 as that of the data, which count
    as one of them (Phipson and Smyth 2010). All 2**units exchanges are made where they are not more than
    `permutations`: then the test is exact.

    The interval has the differences that are not rejected. That units differ by d is tested by the signs of what is
    left of their differences less d times their shares. A choice of signs s with the difference T_s, in which units of
    the share f are exchanged, is no nearer to 0 than the data with the difference T if d lies between

        (T - T_s) / (2 f)  and  (T + T_s) / (2 (1 - f))

    which for means are those of the units that are exchanged and of the others (Hartigan 1969). So the bounds are
    quantiles of these, and 0 lies in the interval if and only if p >= alpha.

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
    shares : array of shape (units,), optional
        What part of a difference that all units have each unit contributes; they add up to 1. None: no interval.
    alpha
        1 - the confidence level of the interval.

    Returns
    -------
    PermutationResult or None
        A permutation that is undefined counts as far from 0, and so does one that is nearer to 0 by no more than
        rounding. None where the difference is undefined or infinite, or there are no units.

    References
    ----------
    Hartigan 1969, "Using subsample values as typical values", doi:10.1080/01621459.1969.10501057
    Noreen 1989, Computer-intensive methods for testing hypotheses, Wiley
    Phipson and Smyth 2010, "Permutation p-values should never be zero", doi:10.2202/1544-6115.1585
    """
    units = len(a)
    if not units or permutations < 1:
        return None
    a, b = np.asfortranarray(a), np.asfortranarray(b)  # as in bootstrap
    total_a, total_b, shift = a.sum(axis=0), b.sum(axis=0), b - a
    lows, highs = [np.array([-np.inf])], [np.array([np.inf])]  # of the data: no signs change

    def count_extreme(exchanged: Array, of: _Observed) -> int:
        """How many permutations (rows of 0 and 1) give a difference that is not below the threshold."""
        exchanged = exchanged.astype(np.float64, copy=False)
        shifts = (exchanged @ shift).T
        differences = statistic(_moved(np.add, total_a, shifts)) - statistic(_moved(np.subtract, total_b, shifts))
        extreme = ~(np.abs(differences) < of.threshold)
        if shares is not None:
            low, high = _not_rejected(of.difference, differences, exchanged @ shares, extreme)
            lows.append(low)
            highs.append(high)
        return int(np.count_nonzero(extreme))

    with np.errstate(all="ignore"):
        observed = _observed(float(statistic(total_a)), float(statistic(total_b)))
        if observed is None:
            return None
        exact = exchanges(units, permutations) == 1 << units
        if exact:
            # The other half of the exchanges are these with the models in each other's place: equally far from 0.
            made, choices = 1 << units, _all_exchanges(units) if units > _KEPT else _kept_exchanges(units)
        else:
            random = RandomStream(seed, (PERMUTATION_STREAM, *stream))
            made, choices = permutations, (random.bits(rows, units) for rows in blocks(permutations, units))
        extreme = sum(count_extreme(exchanged, observed) for exchanged in choices)
    p = extreme / (made // 2) if exact else (1 + extreme) / (1 + made)
    return PermutationResult(p, made, exact, None if shares is None else _interval(lows, highs, exact, alpha))


def _observed(ours: float, theirs: float) -> _Observed | None:
    difference = ours - theirs
    if not math.isfinite(difference):
        return None
    # Below that the rounding of the two values decides, and what is equal in exact numbers has to count as equal.
    noise = max(1e-12 * abs(difference), ROUNDING_NOISE * max(abs(ours), abs(theirs)))
    return _Observed(difference, abs(difference) - noise)


def _moved(operation: np.ufunc, totals: Array, shifts: Array) -> Array:
    """The totals of permutations, of shape (permutations, contributions): by columns, as few contributions are slow."""
    found = np.empty(shifts.shape)
    for total, shift, column in zip(totals, shifts, found, strict=True):
        operation(total, shift, out=column)
    return found.T


def _not_rejected(observed: float, differences: Array, flipped: Array, extreme: Array) -> tuple[Array, Array]:
    """For each permutation the differences that it speaks for: 0 is one of them where it is `extreme`."""
    one, other = (observed - differences) / (2 * flipped), (observed + differences) / (2 * (1 - flipped))
    low, high = np.minimum(one, other), np.maximum(one, other)
    undefined = np.isnan(low)
    low[undefined], high[undefined] = -np.inf, np.inf
    low[extreme & (low > 0)] = 0.0
    high[extreme & (high < 0)] = 0.0
    touches = ~extreme & (low <= 0) & (high >= 0)  # by rounding
    if observed > 0:
        low[touches] = _TINY
    else:
        high[touches] = -_TINY
    return low, high


def _interval(
    lows: list[Array], highs: list[Array], exact: bool, alpha: Fraction
) -> tuple[float, float] | None:  # fmt: skip
    """The differences that so many permutations are no nearer to 0 than the data that p >= alpha."""
    low, high = np.concatenate(lows[exact:]), np.concatenate(highs[exact:])  # all exchanges have the data among them
    least = math.ceil(alpha * len(low))
    if least <= 1:
        return None
    bounds = _smallest(low, least), -_smallest(-high, least)
    return bounds if all(map(math.isfinite, bounds)) else None


def _smallest(values: Array, nth: int) -> float:
    """The nth smallest value, counted from 1: among those that a sample says are small, which are soon found."""
    sample = values[::_SAMPLED].copy()
    at = nth // _SAMPLED + 4 * math.isqrt(nth // _SAMPLED) + 2
    if at < len(sample):
        sample.partition(at)
        few = values[values <= sample[at]]
        if len(few) >= nth:
            values = few
    values.partition(nth - 1)
    return float(values[nth - 1])


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


@functools.cache
def _kept_exchanges(units: int) -> tuple[Array, ...]:
    """All choices for so few units as most slices have, as doubles."""
    return tuple(exchanged.astype(np.float64) for exchanged in _all_exchanges(units))


def _all_exchanges(units: int) -> Iterator[Array]:
    """All choices of units to exchange that leave the first unit as it is, in blocks; none exchanged comes first."""
    choices = 1 << units - 1
    most = max(1, BLOCK // units)
    for start in range(0, choices, most):
        numbers = np.arange(start, min(start + most, choices))[:, np.newaxis]
        yield numbers >> np.arange(units - 1, -1, -1) & 1
