"""Ratios of integers that are not reduced: with thousands of digits, greatest common divisors would take longest."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import NamedTuple

from losscli.aggregate.wide_sum import Exact

_ROOT_BITS = 64  # leading bits of a root: more than a double has, so that a single rounding is left

ROUNDING_BITS = 48  # what is smaller than 2**-48 of what it is the difference of may be rounding of a loss's values
EXACT_BITS = 150  # the same where a loss's values are not rounded, and only its derivatives are: those have 50 digits
_SUM_BITS = 192  # bits of a sum of ratios below the first bit of the largest


class Ratio(NamedTuple):
    """A ratio of two integers, not reduced."""

    numerator: int
    denominator: int


def quotient(a: Exact, b: Exact) -> Ratio:
    """a / b without the powers of two that both have: these are nearly all of their digits."""
    over, under = a, b
    if not (isinstance(over, int) and isinstance(under, int)):
        (a_top, a_bottom), (b_top, b_bottom) = a.as_integer_ratio(), b.as_integer_ratio()
        over, under = a_top * b_bottom, b_top * a_bottom
    both = over | under
    twos = (both & -both).bit_length() - 1
    return Ratio(over >> twos, under >> twos)


def mantissa_and_exponent(value: Exact) -> tuple[float, int]:
    """The number as m * 2**e with 0.5 <= |m| <= 2, rounded once; (0, 0) for 0."""
    over, under = value.as_integer_ratio()
    if not over:
        return 0.0, 0
    exponent = over.bit_length() - under.bit_length()
    return (over << max(0, -exponent)) / (under << max(0, exponent)), exponent


@functools.lru_cache(maxsize=16)  # that of one variance is asked for several times in a row
def square_root(value: Ratio) -> float:
    """The square root, rounded once, however far from 1 the ratio is; infinite where no double is that large.

    Parameters
    ----------
    value
        A ratio that is not negative.

    Returns
    -------
    float
        The double nearest to the exact square root.

    Raises
    ------
    ValueError
        If the ratio is negative.
    """
    over, under = value
    if (over < 0) != (under < 0) and over:
        raise ValueError(f"{over}/{under} has no real root")
    if not over:
        return 0.0
    shift = max(0, _ROOT_BITS - (over.bit_length() - under.bit_length()) // 2)
    scaled, left = divmod(over << 2 * shift, under)
    whole = math.isqrt(scaled)
    # One more bit says that the root lies above the integer: it can no longer be taken for halfway between doubles.
    above = left or whole * whole != scaled
    try:
        return (2 * whole + bool(above)) / (1 << shift + 1)
    except OverflowError:
        return math.inf


def scaled_doubles(values: Sequence[Ratio]) -> tuple[list[float], int]:
    """Ratios as doubles times one power of two: each is rounded once, and the largest lies near 1.

    Parameters
    ----------
    values
        Ratios with positive denominators.

    Returns
    -------
    doubles : list of float
        The ratios divided by 2**exponent. Those beyond the range of doubles below the largest are 0.
    exponent : int
        The power of two.
    """
    exponents = [over.bit_length() - under.bit_length() for over, under in values if over]
    exponent = max(exponents, default=0)
    down, up = max(0, -exponent), max(0, exponent)
    return [(over << down) / (under << up) if over else 0.0 for over, under in values], exponent


def is_above(value: Ratio, other: Ratio, bits: int) -> bool:
    """Whether a value is above 2**-bits of another: to a factor of 4, as it is decided by the lengths of integers."""
    if not value.numerator or not other.numerator:
        return bool(value.numerator)
    lengths = [one.numerator.bit_length() - one.denominator.bit_length() for one in (value, other)]
    return lengths[0] + bits > lengths[1]


def sum_of_ratios(values: Sequence[Ratio]) -> Ratio:
    """The sum of ratios, to 2**-192 of the largest: exact where there is a single one.

    Parameters
    ----------
    values
        Ratios with positive denominators.

    Returns
    -------
    Ratio
        The sum; rounded so that ratios of thousands of digits stay short.
    """
    used = [value for value in values if value.numerator]
    if len(used) <= 1:
        return used[0] if used else Ratio(0, 1)
    exponent = max(over.bit_length() - under.bit_length() for over, under in used)
    shift = _SUM_BITS - exponent
    up, down = max(0, shift), max(0, -shift)
    total = sum((over << up) // (under << down) for over, under in used)
    return Ratio(total << down, 1 << up)
