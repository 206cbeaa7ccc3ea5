"""Exact fractions for a loss's `combine`: a variance that is 0 comes out as 0, and everything else with all its digits.

A root, a logarithm and a quotient by 0 are no fractions: from there on the number has 50 digits, as a `WideNumber`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

from losscli.statistics.wide_number import WideNumber

_Operation = Callable[[Any, Any], Any]


class ExactNumber:
    """A fraction; `combine` uses +, -, *, / and whole powers of it, and roots, for which NumPy asks by name."""

    __slots__ = ("value",)

    def __init__(self, value: Fraction) -> None:
        self.value = value

    @property
    def real(self) -> ExactNumber:
        """The number itself: `combine` asks for the real part of a complex step."""
        return self

    def _with(self, other: Any, operation: _Operation, *, turned: bool = False) -> Any:
        if isinstance(other, WideNumber):
            own: Any = WideNumber.of(self.value)
            return operation(other, own) if turned else operation(own, other)
        number = other.value if isinstance(other, ExactNumber) else Fraction(other)
        left, right = (number, self.value) if turned else (self.value, number)
        if operation is operator.truediv and not right:
            return WideNumber(Decimal("nan") if not left else Decimal("inf").copy_sign(Decimal(left.numerator)))
        return ExactNumber(operation(left, right))

    def __add__(self, other: Any) -> Any:
        return self._with(other, operator.add)

    def __radd__(self, other: Any) -> Any:
        return self._with(other, operator.add, turned=True)

    def __sub__(self, other: Any) -> Any:
        return self._with(other, operator.sub)

    def __rsub__(self, other: Any) -> Any:
        return self._with(other, operator.sub, turned=True)

    def __mul__(self, other: Any) -> Any:
        return self._with(other, operator.mul)

    def __rmul__(self, other: Any) -> Any:
        return self._with(other, operator.mul, turned=True)

    def __truediv__(self, other: Any) -> Any:
        return self._with(other, operator.truediv)

    def __rtruediv__(self, other: Any) -> Any:
        return self._with(other, operator.truediv, turned=True)

    def __pow__(self, power: int) -> ExactNumber:
        return ExactNumber(Fraction(self.value**power))

    def sqrt(self) -> WideNumber:
        """The square root."""
        return WideNumber.of(self.value).sqrt()

    def __float__(self) -> float:
        return float(self.value)
