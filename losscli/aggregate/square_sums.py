"""Sums of squares without rounding, by dot products of digits.

Values are cut into three digits each, on one grid of powers of two. The products of two digits are whole numbers of one
unit, and a dot product of 2**11 of them has no partial sum of more than 53 bits: it is exact, in whatever order BLAS
adds. That takes a third of the time of exact products and of the two folds of each, of the product and of its error.

Values far below the largest have bits below the last digit. They are left for a grid of their own.
"""

from __future__ import annotations

import math
import threading

import numpy as np

from losscli.aggregate.exact_sum import FOLD, UNIT_EXPONENT, Sums
from losscli.contract.kinds import Array

_BITS = 22  # from one digit to the next; each is at most 2**21 times its unit
_BLOCK = 1 << 11  # products of two digits whose sum is surely a double
_COVERED = 13  # values of at least 2**-13 times the largest have no bits below the last digit
_FEWEST, _MOST = 2.0**-300, 2.0**300  # sizes of the largest value; digits and their products are normal doubles
_SINGLE = 64  # fewer values than this are squared as integers
_GRIDS = 4
# Of each pair of digits: by what 2**-(sum of places) their products are scaled, and how far they are moved as integers.
_PLACES = np.array([0, 1, 2, 2, 3, 4]) * _BITS
_SHIFTS = (4 * _BITS, 3 * _BITS + 1, 2 * _BITS + 1, 2 * _BITS, _BITS + 1, 0)  # products of unlike digits count twice


class _Scratch(threading.local):
    """The digits of a piece. Each thread has its own."""

    def __init__(self) -> None:
        self.digits = np.empty((3, FOLD))


_scratch = _Scratch()


def add_squares(sums: Sums, values: Array) -> Array | None:
    """Add the squares of some values, all of slice 0.

    Returns
    -------
    Array or None
        The values whose squares are not added; None where all are. Those that are not finite, very large or very small
        are among them, and those of which few have a grid in common.
    """
    if len(values) > FOLD:
        return values
    for _ in range(_GRIDS):
        low = float(values.min(initial=np.inf))
        sizes = values if low > 0 else np.abs(values)
        top = float(sizes.max(initial=0.0))
        if not _FEWEST < top < _MOST:
            return values if top != 0 else None
        exponent = math.frexp(top)[1]
        small = sizes < math.ldexp(1.0, exponent - _COVERED)
        below = np.flatnonzero(small if low > 0 else small & (values != 0))
        _add_on_grid(sums, values, below, exponent)
        if not len(below):
            return None
        values = values[below]
        if len(below) < _SINGLE and float(np.abs(values).min()) > _FEWEST:
            for value in values.tolist():
                mantissa, power = math.frexp(value)
                sums.whole += int(mantissa * 2.0**53) ** 2 << (2 * (power - 53) + UNIT_EXPONENT)
            return None
    return values


def _add_on_grid(sums: Sums, values: Array, without: Array, exponent: int) -> None:
    """Add the squares of values below 2**exponent; those at the positions `without` are left out."""
    first, second, third = digits = _scratch.digits[:, : len(values)]
    power = exponent - (_BITS - 1)
    moved = math.ldexp(1.5, 52 + power)
    np.add(values, moved, out=first)
    first -= moved
    np.subtract(values, first, out=third)
    moved = math.ldexp(1.5, 52 + power - _BITS)
    np.add(third, moved, out=second)
    second -= moved
    third -= second
    if len(without):
        digits[:, without] = 0.0
    blocks, rest = divmod(len(values), _BLOCK)
    products = np.zeros((len(_SHIFTS), blocks + 1))
    whole = digits[:, : blocks * _BLOCK].reshape(3, blocks, _BLOCK)
    for part, out in ((whole, products[:, :blocks]), (digits[:, None, len(values) - rest :], products[:, blocks:])):
        if part.size:
            np.vecdot(part[0], part, out=out[:3])
            np.vecdot(part[1], part[1:], out=out[3:5])
            np.vecdot(part[2], part[2], out=out[5])
    products *= np.ldexp(1.0, _PLACES - 2 * power)[:, None]  # whole numbers
    total = sum(
        one << shift for one, shift in zip(products.astype(np.int64).sum(axis=1).tolist(), _SHIFTS, strict=True)
    )
    sums.whole += total << (2 * (power - 2 * _BITS) + UNIT_EXPONENT)
