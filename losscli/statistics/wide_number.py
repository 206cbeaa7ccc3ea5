"""Numbers of any size with their derivative: a loss's `combine` runs on them where a mean is no double with all digits.

They have 50 digits, and exponents that no run exceeds. The derivative is by the one number that is made with a
derivative of 1 (forward-mode automatic differentiation; Griewank and Walther 2008, doi:10.1137/1.9780898717761).
`combine` uses +, -, *, /, **, sqrt, exp and log only, and NumPy calls the methods of these names.
"""

from __future__ import annotations

import decimal
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

_DIGITS = decimal.Context(prec=50, Emin=decimal.MIN_EMIN, Emax=decimal.MAX_EMAX, traps=[])
_ZERO, _ONE, _TWO = Decimal(0), Decimal(1), Decimal(2)


class WideNumber:
    """A number and its derivative."""

    __slots__ = ("derivative", "value")

    def __init__(self, value: Decimal, derivative: Decimal = _ZERO) -> None:
        self.value, self.derivative = value, derivative

    @classmethod
    def of(cls, number: Any, derivative: int = 0) -> WideNumber:
        """A number as it is, exact to 50 digits."""
        if isinstance(number, np.ndarray):
            number = number.item()  # what np.where makes of numbers
        if isinstance(number, WideNumber):
            return number
        if isinstance(number, Fraction):
            return cls(_DIGITS.divide(Decimal(number.numerator), Decimal(number.denominator)), Decimal(derivative))
        return cls(Decimal(float(number)), Decimal(derivative))

    @property
    def real(self) -> WideNumber:
        """The number itself: `combine` asks for the real part of a complex step."""
        return self

    def __lt__(self, other: Any) -> bool:
        return bool(self.value < WideNumber.of(other).value)

    def __le__(self, other: Any) -> bool:
        return bool(self.value <= WideNumber.of(other).value)

    def __gt__(self, other: Any) -> bool:
        return bool(self.value > WideNumber.of(other).value)

    def __ge__(self, other: Any) -> bool:
        return bool(self.value >= WideNumber.of(other).value)

    def __neg__(self) -> WideNumber:
        return WideNumber(_DIGITS.minus(self.value), _DIGITS.minus(self.derivative))

    def __add__(self, other: Any) -> WideNumber:
        b = WideNumber.of(other)
        return WideNumber(_DIGITS.add(self.value, b.value), _DIGITS.add(self.derivative, b.derivative))

    def __sub__(self, other: Any) -> WideNumber:
        return self + -WideNumber.of(other)

    def __mul__(self, other: Any) -> WideNumber:
        b = WideNumber.of(other)
        derivative = _DIGITS.add(_DIGITS.multiply(self.derivative, b.value), _DIGITS.multiply(self.value, b.derivative))
        return WideNumber(_DIGITS.multiply(self.value, b.value), derivative)

    def __truediv__(self, other: Any) -> WideNumber:
        b = WideNumber.of(other)
        value = _DIGITS.divide(self.value, b.value)
        top = _DIGITS.subtract(self.derivative, _DIGITS.multiply(value, b.derivative))
        return WideNumber(value, _DIGITS.divide(top, b.value))

    def __pow__(self, other: Any) -> WideNumber:
        b = WideNumber.of(other)
        if b.derivative:
            return (self.log() * b).exp()
        derivative = _DIGITS.multiply(b.value, _DIGITS.power(self.value, _DIGITS.subtract(b.value, _ONE)))
        return WideNumber(_DIGITS.power(self.value, b.value), _DIGITS.multiply(derivative, self.derivative))

    def sqrt(self) -> WideNumber:
        """The square root."""
        root = _DIGITS.sqrt(self.value)
        return WideNumber(root, _DIGITS.divide(self.derivative, _DIGITS.multiply(_TWO, root)))

    def exp(self) -> WideNumber:
        """The exponential function."""
        value = _DIGITS.exp(self.value)
        return WideNumber(value, _DIGITS.multiply(value, self.derivative))

    def log(self) -> WideNumber:
        """The natural logarithm."""
        return WideNumber(_DIGITS.ln(self.value), _DIGITS.divide(self.derivative, self.value))

    __radd__ = __add__
    __rmul__ = __mul__

    def __rsub__(self, other: Any) -> WideNumber:
        return WideNumber.of(other) - self

    def __rtruediv__(self, other: Any) -> WideNumber:
        return WideNumber.of(other) / self

    def __rpow__(self, other: Any) -> WideNumber:
        return WideNumber.of(other) ** self


def exactly(number: Decimal) -> Fraction | float:
    """A finite number as a fraction, any other as a double."""
    return Fraction(number) if number.is_finite() else float(number)
