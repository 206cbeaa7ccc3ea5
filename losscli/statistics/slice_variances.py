"""The variances of one line on very many slices, as arrays: standard errors, degrees of freedom, skewness.

These are the formulas of `delta_method` and `skewness` for a mean, or a function of means whose terms have no unit in
common, of independent rows. Sums are exact; what is computed of them has 106 bits and a bound of its error. A slice is
`certain` where each number is shown to have the bits of exact arithmetic, which decides for the others. That is so of
slices of few different values, of values that hardly differ, and of a few in a million.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from losscli.contract.kinds import Array
from losscli.statistics.double_double import DoubleDouble
from losscli.statistics.interval_arrays import powers
from losscli.statistics.slice_terms import Contributions

_VARIES = 2.0**-90  # of the squares: above this, units differ by more than rounding, whatever the lengths of integers
_KEEPS_DIGITS = 2.0**30  # third moments about 0 that are below this many cubes of deviations keep their digits
_SUMMED = 2.0**-180  # what a sum of ratios may lose of the largest


class SliceVariances(NamedTuple):
    """The variances of a line, one a slice: the bits of `Variance`, where `certain`.

    `effective_size` is that of the term that has the smallest; `skewness` is None where third moments are not kept.
    """

    stderr: Array
    df: Array
    constant: Array
    effective_size: Array
    skewness: Array | None
    certain: Array

    def at(self, places: Array) -> SliceVariances:
        """Those of some of the slices."""
        skewness = None if self.skewness is None else self.skewness[places]
        return SliceVariances(
            self.stderr[places], self.df[places], self.constant[places], self.effective_size[places],
            skewness, self.certain[places],
        )  # fmt: skip

    @classmethod
    def joined(cls, parts: Sequence[SliceVariances]) -> SliceVariances:
        """Those of several groups of slices, one after the other."""
        skewness = [part.skewness for part in parts if part.skewness is not None]
        stderr, df, constant, size = (np.concatenate(each) for each in zip(*(part[:4] for part in parts), strict=True))
        return cls(stderr, df, constant, size, np.concatenate(skewness) if skewness else None,
                   np.concatenate([part.certain for part in parts]))  # fmt: skip


class _Block(NamedTuple):
    """One term: its variance as a product of what its exact form has above and below the line."""

    over: DoubleDouble
    under: DoubleDouble
    variance: DoubleDouble
    size: Array
    constant: Array
    certain: Array


class _Moments(NamedTuple):
    """The skewness of a term, and its variance as `skewness` weighs it."""

    skewness: Array
    over: DoubleDouble
    under: DoubleDouble
    certain: Array


def slice_variances(groups: Sequence[Contributions], certain: Array) -> SliceVariances:
    """The variances of a function of means.

    Parameters
    ----------
    groups
        What units contribute to its terms: those that share all units together.
    certain
        Where no unit is in two groups.

    Returns
    -------
    SliceVariances
        Not certain where a group has no variance, and there are several.
    """
    blocks = [_block(group) for group in groups]
    moments = [_moments(group, block) for group, block in zip(groups, blocks, strict=True)]
    certain = np.logical_and.reduce([certain, *(block.certain for block in blocks)])
    if len(blocks) == 1:
        variance, constant, df = blocks[0].variance, blocks[0].constant, blocks[0].size - 1
        found = None if moments[0] is None else (limited(moments[0].skewness), moments[0].certain)
    else:
        constant = np.zeros(len(certain), bool)
        variance, df, sure = _several(blocks)
        certain &= sure
        found = _skewness_of_several(moments)
    stderr = variance.sqrt()
    certain &= constant | (stderr.is_rounded & (stderr.high > 0))
    if found is not None:
        certain &= constant | found[1]
    size = np.minimum.reduce([block.size for block in blocks])
    return SliceVariances(
        np.where(constant, 0.0, stderr.high), df, constant, size, None if found is None else found[0], certain
    )


def _block(group: Contributions) -> _Block:
    """The variance of the mean of contributions: T / W**4 * n / (n - 1), T / W**2 being the sum of squared deviations.

    For the sums A of contributions, W of weights and of their products, T = W**2 AA - 2 W A AW + A**2 WW.
    """
    weight, total, size = group.weight, group.total, group.effective_size
    square = weight * weight
    if group.weights is None:  # products with weights of 1 are the sums themselves
        form = weight * (weight * group.squares - total * total)
    else:
        common, squared_weights = group.weights
        form = square * group.squares - _two(weight * total * common) + total * total * squared_weights
    constant = form.is_exactly_0
    varies = (form.high > group.largest.high * _VARIES) & (form.error < form.high * 2.0**-30)
    over, under = form * DoubleDouble(size), square * square * (DoubleDouble(size) - DoubleDouble(np.ones_like(size)))
    certain = group.certain & (constant | varies) & (size > 1)
    return _Block(over, under, over / under, size, constant & certain, certain)


def _several(blocks: Sequence[_Block]) -> tuple[DoubleDouble, Array, Array]:
    """The variance of a sum of independent means, Welch's degrees of freedom, and where these are certain."""
    variances = [block.variance for block in blocks]
    total = variances[0]
    for each in variances[1:]:
        total = total + each
    total.error += total.high * _SUMMED
    scaled, certain = _scaled(variances, blocks)
    for block in blocks:
        certain &= ~block.constant
    return total, welch(scaled, [1 / block.size for block in blocks]), certain


def welch(variances: Sequence[Array], shares: Sequence[Array]) -> Array:
    """What `degrees_of_freedom.of_disjoint_blocks` gives for each slice."""
    squares = []
    for variance, share in zip(variances, shares, strict=True):
        size = 1 / share
        by = size / (size - 1)
        residual = share * np.sqrt(by * by)
        squares.append(variance * variance * (share + powers(residual, 2) - share * by * by / (size * size)))
    return powers(fsums(variances), 2) / fsums(squares)


def _scaled(numbers: Sequence[DoubleDouble], ratios: Sequence[_Block | _Moments]) -> tuple[list[Array], Array]:
    """What `exact_ratio.scaled_doubles` gives of these ratios, and where that is certain."""
    exponents, certain = [], np.ones(len(numbers[0].high), bool)
    for number, ratio in zip(numbers, ratios, strict=True):
        (_, over, sure), (_, under, known) = ratio.over.mantissas(), ratio.under.mantissas()
        exponents.append(over - under)
        certain &= sure & known & number.is_rounded
    exponent = np.maximum.reduce(exponents)
    scaled = [np.ldexp(number.high, -exponent) for number in numbers]
    for each in scaled:
        certain &= each > 2.0**-900
    return scaled, certain


def _moments(group: Contributions, block: _Block) -> _Moments | None:
    """The skewness of a mean; None where third moments are not kept."""
    if group.moments is None:
        return None
    first, second, third, factors, left, certain = group.moments
    units, weight = DoubleDouble(group.units), group.weight
    squares = units * second - first * first
    raw = units * units * third
    cubes = raw - _three(units * first * second) + _two(first * first * first)
    certain = certain & (squares.error < squares.high * 2.0**-30)
    certain &= np.abs(raw.high) <= _KEEPS_DIGITS * squares.high * np.sqrt(squares.high)
    # The coefficients that `linearization` multiplies sums by are the derivatives times this, and times a power of two.
    by = weight
    for several in range(1, int(group.denominators.max(initial=1))):
        more = by * weight * weight
        by = more.where(group.denominators > several, by)
    scale = by * by
    (over, exponent, sure), (under, below, known) = (scale * by * cubes).mantissas(), (scale * squares).mantissas()
    straight = cubes.is_exactly_0
    certain &= known & (sure | straight)
    odd = below % 2 == 1
    under, below = np.where(odd, 2 * under, under), np.where(odd, below - 1, below)
    sample = np.ldexp(over / powers(under, 1.5), exponent - 3 * below // 2) * np.sign(cubes.high)
    skewness = mean_skewness(np.where(straight, 0.0, sample), group.units, left)
    ratio = DoubleDouble(block.size / (block.size - 1)) * factors
    return _Moments(skewness, scale * squares * ratio, _squared(units * by * weight), certain)


def _skewness_of_several(moments: Sequence[_Moments | None]) -> tuple[Array, Array] | None:
    """The skewness of a sum of independent means, and where it is certain."""
    known = [one for one in moments if one is not None]
    if len(known) < len(moments):
        return None
    scaled, certain = _scaled([one.over / one.under for one in known], known)
    variances = [np.abs(one) for one in scaled]  # of those that are certain, none is below 0
    for one in known:
        certain &= one.certain
    total = powers(fsums(variances), 1.5)
    parts = [one.skewness * powers(by, 1.5) for one, by in zip(known, variances, strict=True)]
    return limited(fsums(parts) / total), certain


def mean_skewness(skewness: Array, units: Array, left: Array) -> Array:
    """What `skewness` gives for means of these units, with its bits."""
    noise = 6 / units * (1 - 1 / np.maximum(1.0, left * left * units))
    unbiased = np.sqrt(units * (units - 1)) / (units - 2)
    squared = powers(skewness, 2)
    found = skewness * unbiased * left * squared / (squared + noise)
    return np.asarray(np.where((units <= 2) | (skewness == 0), 0.0, found))


def limited(skewness: Array) -> Array:
    """The skewness, at most that which a mean may have."""
    return np.asarray(np.clip(skewness, -1.0, 1.0))


def fsums(values: Sequence[Array]) -> Array:
    """The sums of the values of each slice, rounded once."""
    if len(values) == 2:
        return np.asarray(values[0] + values[1])
    from math import fsum

    return np.array([fsum(each) for each in zip(*(one.tolist() for one in values), strict=True)], np.float64)


def _two(number: DoubleDouble) -> DoubleDouble:
    return DoubleDouble(2 * number.high, 2 * number.low, 2 * number.error)


def _three(number: DoubleDouble) -> DoubleDouble:
    return _two(number) + number


def _squared(number: DoubleDouble) -> DoubleDouble:
    return number * number
