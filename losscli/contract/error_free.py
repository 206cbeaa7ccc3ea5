"""Sums and products of doubles with what their rounding lost, which is a double too (away from the ends of the range).

References
----------
Dekker 1971, "A floating-point technique for extending the available precision", doi:10.1007/BF01397083
"""

from __future__ import annotations

from losscli.contract.kinds import Array

_SPLITTER = 2.0**27 + 1  # splits a double into two halves of 26 bits


def two_sum(a: Array, b: Array) -> tuple[Array, Array]:
    """The rounded sum, and what it lacks (Knuth)."""
    total = a + b
    other = total - a
    return total, (a - (total - other)) + (b - other)


def two_product(a: Array, b: Array) -> tuple[Array, Array]:
    """The rounded product, and what it lacks (Dekker)."""
    product = a * b
    (a_high, a_low), (b_high, b_low) = _halves(a), _halves(b)
    return product, a_low * b_low - (((product - a_high * b_high) - a_low * b_high) - a_high * b_low)


def _halves(a: Array) -> tuple[Array, Array]:
    moved = a * _SPLITTER
    high = moved - (moved - a)
    return high, a - high
