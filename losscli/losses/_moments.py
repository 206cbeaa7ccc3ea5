"""Products and sums without rounding: a variance made of rounded squares has no digit where the mean is large."""

from __future__ import annotations

import numpy as np

from losscli.contract.kinds import Array

_SPLITTER = float(2**27 + 1)


def product(x: Array, y: Array) -> tuple[Array, Array]:
    """x * y as a double and the rest that it lacks (Dekker 1971, doi:10.1007/BF01397083).

    The sum of the two is exact where x and y are below 1e150 and their product above 1e-290.
    """
    value = x * y
    x_high, x_low = _halves(x)
    y_high, y_low = _halves(y)
    rest = ((x_high * y_high - value) + x_high * y_low + x_low * y_high) + x_low * y_low
    return value, np.where(np.isfinite(rest), rest, 0.0)


def added(total: Array, lost: Array, part: Array) -> tuple[Array, Array]:
    """A running sum with one number more, and what all its steps lost by rounding (Neumaier 1974)."""
    grown = total + part
    back = grown - total
    return grown, lost + ((total - (grown - back)) + (part - back))


def _halves(x: Array) -> tuple[Array, Array]:
    """Two doubles of half the digits whose sum is x."""
    large = _SPLITTER * x
    high = large - (large - x)
    return high, x - high
