"""Arrays of numbers with 106 bits and a bound of their error: what tells that a rounded result is the exact one's.

A number is the sum of two doubles (Dekker 1971, doi:10.1007/BF01397083). Each operation adds to the bound what it may
have lost, and nothing where it lost nothing, so that a difference of 0 is known to be 0. `is_rounded` says where the
high double is certainly the exact number rounded once; elsewhere exact arithmetic must decide. Numbers that leave the
range in which products have their errors as doubles get an infinite bound.
"""

from __future__ import annotations

import numpy as np

from losscli.contract.error_free import two_product, two_sum
from losscli.contract.kinds import Array

_SMALL, _LARGE = 2.0**-900, 2.0**900  # sizes of products whose rounding errors are doubles
_CROSS, _PRODUCT, _QUOTIENT = 2.0**-50, 2.0**-105, 2.0**-96  # bounds of what an operation loses, with room to spare


class DoubleDouble:
    """An array of numbers `high + low`, each at most `error` from the exact one; `high` is the sum, rounded."""

    __slots__ = ("error", "high", "low")

    def __init__(self, high: Array, low: Array | None = None, error: Array | None = None) -> None:
        self.high = high
        self.low = np.zeros_like(high) if low is None else low
        self.error = np.zeros_like(high) if error is None else error

    def __add__(self, other: DoubleDouble) -> DoubleDouble:
        total, lost = two_sum(self.high, other.high)
        low, far = two_sum(self.low, other.low)
        middle, farther = two_sum(lost, low)
        total, middle = two_sum(total, middle)
        rest = far + farther
        middle, left = two_sum(middle, rest)
        high, low = two_sum(total, middle)
        error = self.error + other.error + np.abs(left) + np.abs(rest) * 2.0**-52
        return DoubleDouble(high, low, error * 1.01)

    def __neg__(self) -> DoubleDouble:
        return DoubleDouble(-self.high, -self.low, self.error)

    def __sub__(self, other: DoubleDouble) -> DoubleDouble:
        return self + -other

    def __mul__(self, other: DoubleDouble) -> DoubleDouble:
        product, lost = two_product(self.high, other.high)
        one, two = self.high * other.low, self.low * other.high
        size, crossed = np.abs(product), np.abs(one) + np.abs(two)
        high, low = two_sum(product, lost + (one + two))
        error = crossed * _CROSS + np.where((self.low != 0) | (other.low != 0), size * _PRODUCT, 0.0)
        error += (np.abs(self.high) + self.error) * other.error + np.abs(other.high) * self.error
        outside = (size < _SMALL) | ~(size < _LARGE)
        outside &= (self.high != 0) & (other.high != 0)
        error[outside] = np.inf
        return DoubleDouble(high, low, error * 1.01)

    def __truediv__(self, other: DoubleDouble) -> DoubleDouble:
        first = self.high / other.high
        rest = self - DoubleDouble(first) * other
        second = rest.high / other.high
        third = (rest - DoubleDouble(second) * other).high / other.high
        high, low = two_sum(first, second + third)
        size = np.abs(high)
        error = size * _QUOTIENT + (self.error + size * other.error) / np.abs(other.high) * 1.01
        error[~(other.error <= 2.0**-20 * np.abs(other.high))] = np.inf
        return DoubleDouble(high, low, error)

    def sqrt(self) -> DoubleDouble:
        """The square roots."""
        root = np.sqrt(self.high)
        rest = self - DoubleDouble(root) * DoubleDouble(root)
        high, low = two_sum(root, rest.high / (2 * root))
        error = high * _QUOTIENT + self.error / high
        error[~(self.error <= 2.0**-20 * self.high)] = np.inf
        return DoubleDouble(high, low, error)

    def where(self, chosen: Array, other: DoubleDouble) -> DoubleDouble:
        """These numbers where they are chosen, and others elsewhere."""
        pairs = ((self.high, other.high), (self.low, other.low), (self.error, other.error))
        return DoubleDouble(*(np.where(chosen, *pair) for pair in pairs))

    @property
    def is_exactly_0(self) -> Array:
        """Where the exact number is known to be 0."""
        return np.asarray((self.high == 0) & (self.low == 0) & (self.error == 0))

    @property
    def is_rounded(self) -> Array:
        """Where `high` is certainly the exact number, rounded to the nearest double."""
        # The bound grows by the rounding of what is added here. As rounding is monotone, both ends decide.
        error = self.error * 1.01 + np.where(self.error > 0, np.abs(self.low) * 2.0**-50, 0.0)
        inside = (self.high + (self.low + error) == self.high) & (self.high + (self.low - error) == self.high)
        return np.asarray(inside & np.isfinite(self.high) & np.isfinite(error))

    def mantissas(self) -> tuple[Array, Array, Array]:
        """The sizes of the numbers as m * 2**e with 1 <= m <= 2, m rounded once, and where that is certain.

        The exponent is that of the exact number, whose rounded mantissa may be 2.
        """
        mantissa, exponent = np.frexp(np.abs(self.high))
        certain = self.is_rounded & (mantissa > 0.5) & (self.high != 0)  # the exact number may lie below a power of two
        return 2 * mantissa, exponent - 1, certain | ((self.low == 0) & (self.error == 0) & (self.high != 0))


def whole(numbers: Array) -> DoubleDouble:
    """Integers of 64 bits."""
    low = numbers & 0xFFFFFFFF
    high, low_part = two_sum((numbers - low).astype(np.float64), low.astype(np.float64))
    return DoubleDouble(high, low_part)


def of_doubles(one: Array, other: Array) -> DoubleDouble:
    """The products of doubles."""
    return DoubleDouble(one) * DoubleDouble(other)
