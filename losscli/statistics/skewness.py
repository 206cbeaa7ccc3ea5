"""The skewness of an estimate: the third cumulant of its sampling distribution over the cube of its standard error.

Of the mean of n alike units it is that of the units over sqrt(n). Where units have different shares h of the weight,
each is taken as h times a draw z of one distribution, so that it is

    skewness(z) * sum(h**3) / sum(h**2)**1.5

with the plain skewness of the z. That of the products h * z would be the skewness of the few largest weights. Blocks
add up by their third cumulants. docs/design/standard-errors.md has the formulas.

The skewness of a sample is made unbiased for normal draws (Joanes and Gill 1998, doi:10.1111/1467-9884.00122). Where
shares are unequal, it also shrinks by how much of it may be noise: sum(h**3) / sum(h**2)**1.5 makes more of it there.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import combinations_with_replacement
from typing import NamedTuple

from losscli.aggregate.exact_sum import ONE, rounded
from losscli.aggregate.wide_sum import Exact
from losscli.contract.kinds import Array
from losscli.statistics.contribution_sums import Column, ContributionSums
from losscli.statistics.exact_ratio import Ratio, mantissa_and_exponent, scaled_doubles
from losscli.statistics.finalized_sums import SliceIds, WeightedSliceId
from losscli.statistics.linearization import Block

_DIGITS, _TOLERANCE = 2.0**53, 1e-6  # of products that are rounded, and what that may change in a skewness
_MOST = 1.0  # no sample of alike units gives a mean more


def _of_mean(skewness: float, units: int, left: float) -> float:
    """The skewness of a mean, from that of a sample of its units and how much of it their shares leave."""
    if units <= 2 or not skewness:
        return 0.0
    noise = 6 / units * (1 - 1 / max(1.0, left * left * units))
    unbiased = math.sqrt(units * (units - 1)) / (units - 2)
    return skewness * unbiased * left * skewness**2 / (skewness**2 + noise)


def _limited(skewness: float) -> float:
    return max(-_MOST, min(skewness, _MOST))


def of_units(residuals: Sequence[Array], shares: Sequence[Array], variances: Sequence[float]) -> float:
    """The skewness of an estimate from its units.

    Parameters
    ----------
    residuals
        For each block what each unit adds to the estimate.
    shares
        For each block the share of each unit of the weight.
    variances
        The variance that each block adds.

    Returns
    -------
    float
        0 where no unit differs from the others.
    """
    cumulants = []
    for values, share, variance in zip(residuals, shares, variances, strict=True):
        used = share > 0
        draws = (values[used] / share[used]).tolist()
        mean = math.fsum(draws) / len(draws)
        squares = math.fsum([(draw - mean) ** 2 for draw in draws])
        cubes = math.fsum([(draw - mean) ** 3 for draw in draws])
        own = cubes * math.sqrt(len(draws)) / squares**1.5 if squares > 0 else 0.0
        weights = share[used].tolist()
        left = math.fsum([h**3 for h in weights]) / math.fsum([h**2 for h in weights]) ** 1.5
        cumulants.append(_of_mean(own, len(draws), left) * variance**1.5)
    total = math.fsum(variances) ** 1.5
    return _limited(math.fsum(cumulants) / total) if total > 0 else 0.0


def of_rows(sums: ContributionSums, blocks: Sequence[Block], slice_ids: SliceIds) -> float | None:
    """The skewness of an estimate from the third moments of its rows.

    Parameters
    ----------
    sums
        The unit statistics of the run.
    blocks
        The value as a linear function of sums: those about the same rows with the same weights are one block.
    slice_ids
        The slice.

    Returns
    -------
    float or None
        None where third moments are not kept, or not finite.
    """
    if len(blocks) == 1:  # of very many slices, that is each
        only = _block(sums, blocks[0], slice_ids)
        return None if only is None else _limited(only.skewness)
    found = [_block(sums, block, slice_ids) for block in blocks]
    known = [moments for moments in found if moments is not None]
    if len(known) < len(found):
        return None
    variances, _ = scaled_doubles([moments.variance for moments in known])
    total = math.fsum(variances) ** 1.5
    parts = [moments.skewness * variance**1.5 for moments, variance in zip(known, variances, strict=True)]
    return _limited(math.fsum(parts) / float(total)) if total else 0.0


class _Moments(NamedTuple):
    """The skewness of a block, and the variance that it adds, in units of the value that are common to all blocks."""

    skewness: float = 0.0
    variance: Ratio = Ratio(0, 1)


def _block(sums: ContributionSums, block: Block, slice_ids: SliceIds) -> _Moments | None:
    """The skewness and the variance of a block; None where its moments are not known."""
    coefficients = {one: by for one, by in block.coefficients.items() if by and sums.varies(one)}
    if not coefficients or block.units < 2 or block.effective_size <= 1:
        return _Moments()
    third = _power_sum(sums, coefficients, 3, slice_ids)
    left = None if third is None else _shares(sums, block, slice_ids)
    if third is None or left is None:
        return None
    first, second = (_power_sum(sums, coefficients, power, slice_ids) for power in (1, 2))
    if first is None or second is None:
        return None
    units = block.units
    # Sums of deviations from the mean, times powers of the units: the units of 2**-1074 cancel in the skewness.
    squares = units * second * ONE - first * first
    raw = units * units * third * ONE * ONE
    if squares <= 0:
        return _Moments()
    if abs(_standardised(raw, squares)) > _TOLERANCE * _DIGITS:
        return None
    cubes = raw - 3 * units * first * second * ONE + 2 * first * first * first
    skewness = _of_mean(_standardised(cubes, squares), units, left.skewness)
    # Of blocks whose sums have other bits below 2**-1074, the ratio has a denominator of its own.
    over, under = squares.as_integer_ratio()
    corrected = left.squares * Fraction(block.effective_size / (block.effective_size - 1))
    return _Moments(
        skewness,
        Ratio(over * corrected.numerator, under * corrected.denominator * (units * block.denominator * ONE) ** 2),
    )


def _standardised(cubes: Exact, squares: Exact) -> float:
    """The ratio cubes / squares**1.5, rounded."""
    (over, exponent), (under, below) = mantissa_and_exponent(cubes), mantissa_and_exponent(squares)
    if below % 2:
        under, below = 2 * under, below - 1
    return math.ldexp(over / under**1.5, exponent - 3 * below // 2)


class _Shares(NamedTuple):
    """The sum of the squares of the factors that units enter with, and how much skewness of a unit they leave."""

    squares: Fraction
    skewness: float


def _shares(sums: ContributionSums, block: Block, slice_ids: SliceIds) -> _Shares | None:
    if sums.moments_of != "values":
        return _Shares(Fraction(block.units), 1 / math.sqrt(block.units))
    if block.weight is None:
        return None
    squares = sums.product(block.weight, block.weight, slice_ids)
    cubes = sums.third_moment([block.weight] * 3, slice_ids)
    if cubes is None:  # only classes have weights
        counts = [(sums.product(block.weight, block.weight, [WeightedSliceId(c.number)]) or 0, c) for c in slice_ids]
        cubes = sum(count * (1 if c.factor is None else c.factor) ** 3 for count, c in counts)
    if not squares:
        return None
    return _Shares(Fraction(squares) / ONE, math.sqrt(rounded(Fraction(cubes) ** 2 * ONE, Fraction(squares) ** 3)))


def _power_sum(
    sums: ContributionSums, coefficients: Mapping[Column, int], power: int, slice_ids: SliceIds
) -> Exact | None:
    """The sum over units of a power of what they contribute, in units of 2**-1074."""
    total: Exact = 0
    for columns in combinations_with_replacement(coefficients, power):
        if power == 3 or sums.moments_of == "values":
            moment = sums.third_moment(columns, slice_ids)
        else:
            second = columns[1] if power == 2 else Column(sums.unit, columns[0].stratum)
            moment = sums.product(columns[0], second, slice_ids)
        if moment is None:
            return None
        alike = math.prod(math.factorial(columns.count(one)) for one in dict.fromkeys(columns))
        orders = math.factorial(power) // alike
        total += moment * orders * math.prod(coefficients[one] for one in columns)
    return total
