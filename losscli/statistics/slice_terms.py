"""What the units of many slices contribute to a mean, or to a function of means of the same units, as arrays.

Sums of contributions, of their products and of their powers are exact; what is made of them here has 106 bits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations_with_replacement
from math import factorial, prod
from typing import NamedTuple

import numpy as np

from losscli.contract.kinds import Array
from losscli.statistics.contribution_sums import ContributionSums
from losscli.statistics.digit_sums import DigitSums, taken
from losscli.statistics.double_double import DoubleDouble, of_doubles
from losscli.statistics.line_sums import LineTerm

_RANGE = 90  # sums of powers are between these powers of two, so that all that is made of them is a normal double
_DERIVATIVES = 2.0**-40, 2.0**40


class Moments(NamedTuple):
    """Sums of powers of what units contribute, one a slice, and how much of their skewness is left in the mean.

    `factors` is the sum of the squares of the factors that units enter with; `certain` says where all is known.
    """

    first: DoubleDouble
    second: DoubleDouble
    third: DoubleDouble
    factors: DoubleDouble
    left: Array
    certain: Array


class Contributions(NamedTuple):
    """The sums of sum(derivative * numerator) over units, one a slice.

    Attributes
    ----------
    units, weight
        How many units there are, and the sum of their weights.
    total, squares
        The sum of the contributions, and of their squares.
    largest
        What the squares would be if nothing cancelled, times the square of `weight`.
    weights
        The sums of contributions times weights, and of squared weights; None where all weights are 1.
    effective_size
        The effective sample size (Kish).
    moments
        Powers, for the skewness; None where third moments are not kept.
    denominators
        Of how many numbers the common denominator is the product that `linearization` gives the coefficients.
    certain
        Where all sums are finite, and in the range of this arithmetic.
    """

    units: Array
    weight: DoubleDouble
    total: DoubleDouble
    squares: DoubleDouble
    largest: DoubleDouble
    weights: tuple[DoubleDouble, DoubleDouble] | None
    effective_size: Array
    moments: Moments | None
    denominators: Array
    certain: Array


class _Sums:
    """The sums of some slices, read once each."""

    def __init__(self, sums: ContributionSums, terms: Sequence[LineTerm], numbers: Array) -> None:
        self.sums, self.numbers = sums, numbers
        self.certain = np.ones(len(numbers), bool)
        self.numerators = [term.numerator for term in terms]
        self.accumulators = [term.sums.accumulator for term in terms if term.sums is not None]
        self.totals = [DigitSums(one.sums, numbers) for one in self.accumulators]

    def read(self, digits: DigitSums, degree: int) -> DoubleDouble:
        """A sum of products of so many contributions."""
        number = digits.number()
        size = np.abs(number.high)
        within = (size >= 2.0 ** (-_RANGE * degree)) & (size <= 2.0 ** (_RANGE * degree)) & np.isfinite(number.error)
        self.certain &= within | number.is_exactly_0
        return number

    def product(self, one: int, other: int) -> DoubleDouble | None:
        """The sum of the products of two contributions."""
        kept = self.sums.kept_product(one, other)
        return None if kept is None else self.read(DigitSums(kept, self.numbers), 2)

    def moments(self, power: int) -> dict[tuple[int, ...], DoubleDouble] | None:
        """The sums of the products of so many numerators, by their places; None where one is not kept."""
        found = {}
        for places in combinations_with_replacement(range(len(self.numerators)), power):
            key = [self.numerators[at] for at in places]
            kept = self.sums.kept_moment(key if power > 1 else [*key, self.sums.unit])
            if kept is None:
                return None
            found[places] = self.read(DigitSums(kept, self.numbers), power)
        return found


def contributions(
    sums: ContributionSums, terms: Sequence[LineTerm], derivatives: Sequence[Array], numbers: Array
) -> Contributions | None:
    """The contributions of the units of slices of one id each to a function of means that share all units.

    Parameters
    ----------
    sums
        The unit statistics of the run.
    terms
        The terms, whose units have the same weights.
    derivatives
        By how much the value changes with the mean of each term.
    numbers
        The ids of the slices.

    Returns
    -------
    Contributions or None
        None where sums that are needed are not kept.
    """
    own = _Sums(sums, terms, numbers)
    units = taken(own.accumulators[0].counts, numbers).astype(np.float64)
    totals = [own.read(digits, 1) for digits in own.totals]
    pairs: list[tuple[int, ...]] = list(combinations_with_replacement(range(len(terms)), 2))
    products = {pair: own.product(*(own.numerators[at] for at in pair)) for pair in pairs}
    known = {pair: number for pair, number in products.items() if number is not None}
    if len(known) < len(pairs):
        return None
    weight, weights, size = DoubleDouble(units), None, units
    if (accumulated := own.accumulators[0].weights) is not None:
        denominator = terms[0].denominator
        by_weight = [own.product(numerator, denominator) for numerator in own.numerators]
        squared, common = own.product(denominator, denominator), [one for one in by_weight if one is not None]
        if squared is None or len(common) < len(terms):
            return None
        weight = own.read(DigitSums(accumulated, numbers), 1)
        effective = weight * weight / squared
        weights, size = (_linear(common, derivatives), squared), effective.high
        own.certain &= effective.is_rounded
    elif not all(np.array_equal(taken(one.counts, numbers), units) for one in own.accumulators):
        own.certain &= np.logical_and.reduce([taken(one.counts, numbers) == units for one in own.accumulators])
    for derivative in derivatives:
        own.certain &= (np.abs(derivative) > _DERIVATIVES[0]) & (np.abs(derivative) < _DERIVATIVES[1])
    total, squares = _linear(totals, derivatives), _power_sum(known, derivatives)
    largest = _largest(weight, totals, known, derivatives, weights)
    moments = None
    if sums.kept_moment([own.numerators[0]] * 3) is not None:
        moments = _moments(own, terms[0], derivatives, units, None if weights is None else weights[1], total, squares)
        if moments is None:
            return None
    denominators = _denominators(
        own, derivatives, None if accumulated is None else DigitSums(accumulated, numbers), units
    )
    return Contributions(units, weight, total, squares, largest, weights, size, moments, denominators, own.certain)


def _linear(sums: Sequence[DoubleDouble], derivatives: Sequence[Array]) -> DoubleDouble:
    """The sum of derivative * sum."""
    found = [DoubleDouble(derivative) * one for one, derivative in zip(sums, derivatives, strict=True)]
    total = found[0]
    for one in found[1:]:
        total = total + one
    return total


def _power_sum(products: Mapping[tuple[int, ...], DoubleDouble], derivatives: Sequence[Array]) -> DoubleDouble:
    """The sum over units of a power of sum(derivative * numerator), from the sums of products of numerators."""
    total: DoubleDouble | None = None
    for places, product in products.items():
        orders = factorial(len(places)) // prod(factorial(places.count(at)) for at in set(places))
        added = product if orders == 1 else DoubleDouble(np.full_like(product.high, orders)) * product
        for at in places:
            added = DoubleDouble(derivatives[at]) * added
        total = added if total is None else total + added
    assert total is not None
    return total


def _largest(
    weight: DoubleDouble, totals: Sequence[DoubleDouble], products: Mapping[tuple[int, ...], DoubleDouble],
    derivatives: Sequence[Array], weights: tuple[DoubleDouble, DoubleDouble] | None,
) -> DoubleDouble:  # fmt: skip
    """The squares of all that units contribute, numerators and weights each alone."""
    squared = weight if weights is None else weights[1]
    found = DoubleDouble(np.zeros_like(weight.high))
    for at, (total, derivative) in enumerate(zip(totals, derivatives, strict=True)):
        found = found + of_doubles(derivative, derivative) * (
            weight * weight * products[at, at] + total * total * squared
        )
    return found


def _moments(
    own: _Sums, term: LineTerm, derivatives: Sequence[Array], units: Array, squared_weights: DoubleDouble | None,
    total: DoubleDouble, squares: DoubleDouble,
) -> Moments | None:  # fmt: skip
    """The powers of contributions; of values without their weights, whose cubes say how much skewness is left."""
    third = own.moments(3)
    if third is None:
        return None
    if squared_weights is None:
        left = 1 / np.sqrt(units)
        return Moments(total, squares, _power_sum(third, derivatives), DoubleDouble(units), left, own.certain)
    first, second, cubes = own.moments(1), own.moments(2), own.sums.kept_moment([term.denominator] * 3)
    if first is None or second is None or cubes is None:
        return None
    cubed = own.read(DigitSums(cubes, own.numbers), 3)
    left_squared = cubed * cubed / (squared_weights * squared_weights * squared_weights)
    one, two, three = (_power_sum(each, derivatives) for each in (first, second, third))
    return Moments(one, two, three, squared_weights, np.sqrt(left_squared.high), left_squared.is_rounded)


def _denominators(own: _Sums, derivatives: Sequence[Array], weight: DigitSums | None, units: Array) -> Array:
    """How many different denominators the coefficients of the terms have: powers of two times that of the weight."""
    if len(derivatives) == 1:
        return np.ones(len(units), np.int64)
    of_weight = DigitSums.of_counts(units.astype(np.int64)).twos if weight is None else weight.twos
    powers = []
    for digits, derivative in zip(own.totals, derivatives, strict=True):
        mantissa, exponent = np.frexp(derivative)
        whole = np.ldexp(mantissa, 53).astype(np.int64)
        twos = np.log2((whole & -whole).astype(np.float64)).astype(np.int64)
        below = np.maximum(53 - exponent - twos, 0)  # the denominator of the derivative is 2**below
        powers.append(below - np.minimum(digits.twos, of_weight))
    ordered = np.sort(np.array(powers), axis=0)
    return np.asarray(1 + (np.diff(ordered, axis=0) != 0).sum(axis=0))
