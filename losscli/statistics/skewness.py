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

import functools
import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import combinations_with_replacement
from typing import NamedTuple

from losscli.aggregate.exact_sum import ONE, rounded
from losscli.aggregate.third_moments import MAX_COLUMNS
from losscli.aggregate.wide_sum import Exact
from losscli.contract.kinds import Array
from losscli.statistics.contribution_sums import Column, ContributionSums
from losscli.statistics.exact_ratio import Ratio, mantissa_and_exponent, scaled_doubles
from losscli.statistics.finalized_sums import SliceIds, WeightedSliceId
from losscli.statistics.linearization import Block

_DIGITS, _TOLERANCE = 2.0**53, 1e-6  # of products that are rounded, and what that may change in a skewness
_UNIT = ONE.bit_length() - 1
_MOST = 1.0  # no sample of alike units gives a mean more


def of_mean(skewness: float, units: int, left: float) -> float:
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
        cumulants.append(of_mean(own, len(draws), left) * variance**1.5)
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
    ratios = [moments.variance(block) for moments, block in zip(known, blocks, strict=True)]
    variances, _ = scaled_doubles(ratios)
    total = math.fsum(variances) ** 1.5
    parts = [moments.skewness * variance**1.5 for moments, variance in zip(known, variances, strict=True)]
    return _limited(math.fsum(parts) / float(total)) if total else 0.0


class _Moments(NamedTuple):
    """The skewness of a block, and n times the sum of the squares of its deviations, in units of 2**-shift.

    `factors` is the sum of the squares of the factors that units enter with, in units of 2**-1074.
    """

    skewness: float = 0.0
    squares: Exact = 0
    shift: int = 0
    factors: Exact = 0

    def variance(self, block: Block) -> Ratio:
        """The variance that the block adds, in units of the value that are common to all blocks."""
        if not self.squares:
            return Ratio(0, 1)
        over, under = self.squares.as_integer_ratio()
        more, less = (block.effective_size / (block.effective_size - 1)).as_integer_ratio()
        if isinstance(self.factors, int):
            more *= self.factors
        else:
            more, less = (self.factors * Fraction(more, less)).as_integer_ratio()
        scale = (block.units * block.denominator) ** 2 << _UNIT
        return Ratio(over * more << max(0, -self.shift), under * less * scale << max(0, self.shift))


def _block(sums: ContributionSums, block: Block, slice_ids: SliceIds) -> _Moments | None:
    """The skewness and the variance of a block; None where its moments are not known."""
    coefficients = {one: by for one, by in block.coefficients.items() if by and sums.varies(one)}
    if not coefficients or block.units < 2 or block.effective_size <= 1:
        return _Moments()
    third = _power_sum(sums, coefficients, 3, slice_ids)
    left = None if third is None else _shares(sums, block, slice_ids)
    if third is None or left is None:
        return None
    first = _power_sum(sums, coefficients, 1, slice_ids)
    second = _power_sum(sums, coefficients, 2, slice_ids)
    if first is None or second is None:
        return None
    units = block.units
    # Sums of deviations from the mean, times powers of the units: the units of 2**-1074 cancel in the skewness.
    first, second, third, twos = _without_twos(first, second, third)
    squares = units * second - first * first
    raw = units * units * third
    if squares <= 0:
        return _Moments()
    if _exceeds_digits(raw, squares):
        return None
    cubes = raw - 3 * units * first * second + 2 * first * first * first
    skewness = of_mean(_standardised(cubes, squares), units, left.skewness)
    return _Moments(skewness, squares, 2 * (_UNIT - twos), left.squares)


def _without_twos(first: Exact, second: Exact, third: Exact) -> tuple[Exact, Exact, Exact, int]:
    """Sums of powers in units of 2**-1074 as those of numbers times 2**(1074 - twos), with as few bits as can be."""
    if not (isinstance(first, int) and isinstance(second, int) and isinstance(third, int)):
        return first, second * ONE, third * ONE * ONE, 0
    ends = [
        ((total & -total).bit_length() - 1 + _UNIT * (power - 1)) // power
        for power, total in ((1, first), (2, second), (3, third)) if total
    ]  # fmt: skip
    twos = min(ends, default=0)
    return first >> twos, _moved(second, _UNIT - 2 * twos), _moved(third, 2 * _UNIT - 3 * twos), twos


def _moved(number: int, bits: int) -> int:
    return number << bits if bits >= 0 else number >> -bits


def _exceeds_digits(raw: Exact, squares: Exact) -> bool:
    """Whether the rounding of products may change the skewness."""
    if isinstance(raw, int) and isinstance(squares, int):  # nearly always, their lengths tell
        length = raw.bit_length() - 1.5 * (squares.bit_length() - 1)
        if length <= math.log2(_TOLERANCE * _DIGITS):
            return False
    return abs(_standardised(raw, squares)) > _TOLERANCE * _DIGITS


def _standardised(cubes: Exact, squares: Exact) -> float:
    """The ratio cubes / squares**1.5, rounded."""
    (over, exponent), (under, below) = mantissa_and_exponent(cubes), mantissa_and_exponent(squares)
    if below % 2:
        under, below = 2 * under, below - 1
    return math.ldexp(over / under**1.5, exponent - 3 * below // 2)


class _Shares(NamedTuple):
    """How much skewness of a unit is left, and the sum of the squares of the factors that units enter with.

    The sum is in units of 2**-1074.
    """

    squares: Exact
    skewness: float


def _shares(sums: ContributionSums, block: Block, slice_ids: SliceIds) -> _Shares | None:
    if sums.moments_of != "values":
        return _Shares(block.units << _UNIT, 1 / math.sqrt(block.units))
    if block.weight is None:
        return None
    squares = sums.product(block.weight, block.weight, slice_ids)
    cubes = sums.third_moment([block.weight] * 3, slice_ids)
    if cubes is None:  # only classes have weights
        counts = [(sums.product(block.weight, block.weight, [WeightedSliceId(c.number)]) or 0, c) for c in slice_ids]
        cubes = sum(count * (1 if c.factor is None else c.factor) ** 3 for count, c in counts)
    if not squares:
        return None
    return _Shares(squares, math.sqrt(rounded(cubes**2 * ONE, squares**3)))


def _power_sum(
    sums: ContributionSums, coefficients: Mapping[Column, int], power: int, slice_ids: SliceIds
) -> Exact | None:
    """The sum over units of a power of what they contribute, in units of 2**-1074."""
    total: Exact = 0
    columns, factors = tuple(coefficients), tuple(coefficients.values())
    if power == 3 and len(columns) > 2 * MAX_COLUMNS + 1:
        return None  # of so many terms no products of three are kept
    if len(columns) == 1:  # of very many slices, nearly all are such
        moment = _moment(sums, columns * power, slice_ids)
        return None if moment is None else moment * factors[0] ** power
    for places, orders in _multinomial(len(columns), power):
        moment = _moment(sums, [columns[at] for at in places], slice_ids)
        if moment is None:
            return None
        for at in places:
            moment *= factors[at]
        total += moment * orders
    return total


@functools.lru_cache(maxsize=64)
def _multinomial(columns: int, power: int) -> tuple[tuple[tuple[int, ...], int], ...]:
    """The products of a power of a sum, each with the number of orders that its factors have."""
    return tuple(
        (places, math.factorial(power) // math.prod(math.factorial(places.count(at)) for at in set(places)))
        for places in combinations_with_replacement(range(columns), power)
    )


def _moment(sums: ContributionSums, columns: Sequence[Column], slice_ids: SliceIds) -> Exact | None:
    """The sum over units of the product of one to three columns."""
    if len(columns) == 3 or sums.moments_of == "values":
        return sums.third_moment(columns, slice_ids)
    if len(columns) == 2:
        second = columns[1]
    else:
        second = sums.one if columns[0].stratum is None else Column(sums.unit, columns[0].stratum)
    return sums.product(columns[0], second, slice_ids)
