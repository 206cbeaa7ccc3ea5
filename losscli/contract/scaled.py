"""Numbers as mantissas and exponents: for values, and steps on the way to them, that no double holds."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import numpy as np

from losscli.contract.kinds import Array

SMALLEST_NORMAL = 2.0**-1022
Bounds: TypeAlias = tuple[float, float]
"""Numbers that some values are not below, and not above."""
_NONE = -(1 << 20)  # the exponent of 0 beside others


class Scaled(NamedTuple):
    """Numbers as `values * 2**exponents`; each value is 0, or neither huge nor tiny."""

    values: Array
    exponents: Array

    def times(self, other: Scaled) -> Scaled:
        """The products, rounded to 53 bits."""
        return Scaled(self.values * other.values, self.exponents + other.exponents)

    def over(self, other: Scaled) -> Scaled:
        """The quotients, rounded to 53 bits."""
        return Scaled(self.values / other.values, self.exponents - other.exponents)

    def size(self) -> Scaled:
        """The absolute values."""
        return Scaled(np.abs(self.values), self.exponents)

    def at(self, index: Any) -> Scaled:
        """Some of the numbers."""
        return Scaled(self.values[index], self.exponents[index])

    def mean(self) -> Scaled:
        """The means over the last axis."""
        exponents = np.where(self.values == 0, _NONE, self.exponents)
        top = exponents.max(axis=-1, keepdims=True)
        mantissas, more = np.frexp(np.ldexp(self.values, exponents - top).sum(axis=-1) / self.values.shape[-1])
        return Scaled(mantissas, top[..., 0] + more)

    def doubles(self) -> Array:
        """The nearest doubles."""
        return np.asarray(np.ldexp(self.values, self.exponents))


def scaled(values: Any) -> Scaled:
    """Finite doubles as mantissas and exponents."""
    mantissas, exponents = np.frexp(values)
    return Scaled(mantissas, np.asarray(exponents, np.int64))


def difference(a: Array, b: Array) -> Scaled:
    """a - b, also where it overflows."""
    plain = a - b
    halved = np.isinf(plain)
    mantissas, exponents = scaled(np.where(halved, 0.5 * a - 0.5 * b, plain))
    return Scaled(mantissas, exponents + halved)


def is_normal(values: Any) -> Any:
    """Which doubles have all their digits: they are not 0, infinite, NaN or below the normal doubles."""
    sizes = np.abs(values)
    return (sizes >= SMALLEST_NORMAL) & (sizes < np.inf)


def positive_bounds(values: Array) -> Bounds | None:
    """The least and the largest, where all are normal doubles above 0; None where one is not, or there are none."""
    if not values.size:
        return None
    # Two reductions, and most losses are above 0.
    low = float(np.minimum.reduce(values, axis=None))
    if not low >= SMALLEST_NORMAL:
        return None
    high = float(np.maximum.reduce(values, axis=None))
    return (low, high) if high < np.inf else None


def doubtful_rows(values: Array) -> Array | None:
    """The rows with a value that is no normal double; None: there are none."""
    sizes = np.abs(values)
    if sizes.min(initial=1.0) >= SMALLEST_NORMAL and sizes.max(initial=1.0) < np.inf:
        return None
    normal = (sizes >= SMALLEST_NORMAL) & (sizes < np.inf)
    return np.flatnonzero(~(normal if normal.ndim == 1 else normal.all(axis=tuple(range(1, normal.ndim)))))
