"""Exact sums of many slices as doubles: each sum and each mean is the exact one, rounded once.

The levels of a sum are added as a pair of doubles with a bound of what that lacks. Where both ends of the interval
round to the same double, so does the exact number. The few slices where they do not, and numbers near the ends of the
range of doubles, are computed from exact integers.

References
----------
Dekker 1971, "A floating-point technique for extending the available precision", doi:10.1007/BF01397083
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from losscli.aggregate.exact_sum import ONE, Sums, rounded
from losscli.aggregate.term_accumulator import TermAccumulator
from losscli.aggregate.wide_sum import Exact, WideSums
from losscli.contract.error_free import two_product, two_sum
from losscli.contract.kinds import Array
from losscli.contract.presets import DivideBy

_LOWEST, _HIGHEST = -1022, 900  # exponents of levels whose digits are normal doubles, far from overflow
_SMALLEST, _LARGEST = 2.0**-800, 2.0**800  # where products and remainders are exact
_PLAIN = 1 << 53
_MANY = 1000  # of more slices than this, exact integers are made at once


class TermMeans(NamedTuple):
    """One term on many slices: a number a slice, as in `TermResult`, and by what its sum is divided."""

    means: Array
    sums: Array
    counts: Array
    weights: Array
    divisors: Array


class _Interval(NamedTuple):
    """Numbers between high + low - error and high + low + error."""

    high: Array
    low: Array
    error: Array
    known: Array  # where it holds


def term_means(term: TermAccumulator, slice_ids: Array, divisor: DivideBy) -> TermMeans:
    """The means of a term over each of these slices.

    Parameters
    ----------
    term
        What was added up.
    slice_ids
        Ids of slices.
    divisor
        What the sums are divided by: the weight of the units, their count, or that of all rows.
    """
    term.grow(int(slice_ids.max(initial=-1)) + 1)
    count = term.counts[slice_ids]
    weight, exact_weight = _weights(term, slice_ids, count)
    denominator, exact_denominator = weight, exact_weight
    if divisor != "weight":
        rows = count if divisor == "count" else count + term.weightless[slice_ids]
        denominator, exact_denominator = rows.astype(np.float64), _whole(rows)
    numerator = _wide_interval(term.sums, slice_ids)
    exact = _Exact(term, slice_ids, divisor)
    total = _rounded(numerator, exact.total)
    with np.errstate(all="ignore"):
        mean = _rounded(_quotient(numerator, exact_denominator), exact.mean)
    empty = (count == 0) | (denominator == 0)
    mean[empty], total[empty] = np.nan, 0.0
    plain = term.sums.plain
    if not plain.finite:
        nan, inf, neg_inf = (counts[slice_ids] > 0 for counts in (plain.nan, plain.inf, plain.neg_inf))
        for where, value in ((inf, np.inf), (neg_inf, -np.inf), (nan | (inf & neg_inf), np.nan)):
            total[where] = value
            mean[where & ~empty] = value
    return TermMeans(mean, total, count, weight, denominator)


class _Exact:
    """The numbers of single slices from exact integers."""

    def __init__(self, term: TermAccumulator, slice_ids: Array, divisor: DivideBy) -> None:
        self._term, self._ids, self._divisor = term, slice_ids, divisor

    def total(self, at: Array) -> list[float]:
        """The sums of these slices."""
        return [rounded(total, ONE) for total in exact_sums(self._term.sums, self._ids[at])]

    def mean(self, at: Array) -> list[float]:
        """The means of these slices; NaN where nothing is divided by."""
        ids = self._ids[at]
        if self._divisor == "weight" and self._term.weights is not None:
            below = _exact_of(self._term.weights, ids)
        else:
            rows = self._term.counts[ids] + (self._term.weightless[ids] if self._divisor == "rows" else 0)
            below = [number * ONE for number in rows.tolist()]
        pairs = zip(exact_sums(self._term.sums, ids), below, strict=True)
        return [rounded(above, one) if one else np.nan for above, one in pairs]


def exact_sums(sums: WideSums, slice_ids: Array) -> list[Exact]:
    """The finite parts of the sums of these slices, in units of 2**-1074."""
    if sums.small is None:
        return list[Exact](_exact_of(sums.plain, slice_ids))
    found = sums.evaluate()
    return [found[one] for one in slice_ids.tolist()]


def _exact_of(sums: Sums, slice_ids: Array) -> list[int]:
    if len(slice_ids) < _MANY:
        return [sums.exact(one) for one in slice_ids.tolist()]
    found = sums.evaluate()
    return [found[one] for one in slice_ids.tolist()]


def _weights(term: TermAccumulator, slice_ids: Array, count: Array) -> tuple[Array, _Interval]:
    if term.weights is None:
        return count.astype(np.float64), _whole(count)
    weights = term.weights
    exact = _interval(weights, slice_ids)
    return _rounded(exact, lambda at: [rounded(one, ONE) for one in _exact_of(weights, slice_ids[at])]), exact


def _whole(count: Array) -> _Interval:
    nothing = np.zeros(len(count))
    return _Interval(count.astype(np.float64), nothing, nothing, count < _PLAIN)


def _wide_interval(sums: WideSums, slice_ids: Array) -> _Interval:
    found = _interval(sums.plain, slice_ids)
    return found if sums.small is None else found._replace(known=np.zeros(len(slice_ids), bool))


def _interval(sums: Sums, slice_ids: Array) -> _Interval:
    """What the levels of these slices add up to."""
    high, low, error = (np.zeros(len(slice_ids)) for _ in range(3))
    known = slice_ids != 0 if sums.whole else np.ones(len(slice_ids), bool)
    for exponent, digits in sums.digits(slice_ids):
        if not _LOWEST <= exponent <= _HIGHEST:
            known &= digits == 0
            continue
        scale = 2.0**exponent
        whole = digits.astype(np.float64)
        parts = [whole * scale]
        if len(digits) and max(int(digits.max()), -int(digits.min())) >= _PLAIN:
            parts.append((digits - whole.astype(np.int64)).astype(np.float64) * scale)
        for part in parts:
            high, lost = two_sum(high, part)
            low, lost = two_sum(low, lost)
            error += np.abs(lost)
    high, low = two_sum(high, low)
    # Nearly always 0, and then a tie is known to be one. Otherwise it is more than what the sum of it and `low` rounds.
    error = np.where(error > 0, 2 * error + 2.0**-103 * np.abs(high), 0.0)
    return _Interval(high, low, error, known)


def _quotient(above: _Interval, below: _Interval) -> _Interval:
    first = above.high / below.high
    product, lost = two_product(first, below.high)
    left = ((above.high - product) - lost) + (above.low - first * below.low)
    high, low = two_sum(first, left / below.high)
    size = np.abs(high)
    error = size * (2.0**-98 + 2 * below.error / np.abs(below.high)) + 2 * above.error / np.abs(below.high)
    inside = [(a == 0) | ((np.abs(a) > _SMALLEST) & (np.abs(a) < _LARGEST)) for a in (above.high, high, below.high)]
    return _Interval(high, low, error, above.known & below.known & inside[0] & inside[1] & inside[2])


def _rounded(found: _Interval, exact: Callable[[Array], list[float]]) -> Array:
    """The doubles nearest to the numbers; those of `exact` where the interval has several."""
    high, low, error, known = found
    sure = known & (high + (low - error) == high) & (high + (low + error) == high)
    doubles = high + 0.0  # no -0.0: a sum of nothing is 0.0
    unsure = np.flatnonzero(~sure)
    if len(unsure):
        doubles[unsure] = exact(unsure)
    return doubles
