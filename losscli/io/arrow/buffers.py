"""The buffers of Arrow arrays as NumPy arrays.

They are read directly, because `to_numpy`, `pa.array` and similar functions import pandas (a third of a second).
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.int64]
Mask: TypeAlias = NDArray[np.bool_]

EXACT = 2**53  # integers up to here are exact in float64


def missing_cells(array: pa.Array) -> Mask | None:
    """Which cells are null, or None if no cell is."""
    if pa.types.is_null(array.type):
        return np.ones(len(array), np.bool_) if len(array) else None
    bitmap = array.buffers()[0]
    if bitmap is None or array.null_count == 0:
        return None
    return ~_bits(bitmap, array.offset, len(array))


def plain_cells(array: pa.Array) -> NDArray[Any]:
    """The values of an integer, float or boolean array in their own type, also under nulls, mostly without a copy."""
    kind, count = array.type, len(array)
    if pa.types.is_boolean(kind):
        return _bits(array.buffers()[1], array.offset, count) if count else np.empty(0, np.bool_)
    letter = "f" if pa.types.is_floating(kind) else "i" if pa.types.is_signed_integer(kind) else "u"
    cell = np.dtype(f"{letter}{kind.bit_width // 8}")
    return np.frombuffer(array.buffers()[1], cell, count, array.offset * cell.itemsize) if count else np.empty(0, cell)


def largest(chunks: Iterable[pa.Array]) -> float:
    """At least the largest magnitude in arrays of float64, NaN apart: exact from 2^53 on, and 0 where all are small."""
    found = 0.0
    for chunk in chunks:
        values = plain_cells(chunk)
        # A dot product is faster than a mask; NaN and values that are huge make it large or NaN.
        with np.errstate(all="ignore"):
            if len(values) and not np.dot(values, values) < EXACT**2:
                found = max(found, float(np.fmax.reduce(np.abs(values))))
    return found


def indices(array: pa.Array) -> Codes:
    """The index of each cell of a dictionary array in its dictionary; -1 for null."""
    missing = missing_cells(array.indices)
    codes = plain_cells(array.indices).astype(np.int64)
    if missing is not None:
        codes[missing] = -1
    return codes


def _bits(buffer: pa.Buffer, offset: int, count: int) -> Mask:
    start = offset % 8
    raw = np.frombuffer(buffer, np.uint8, (start + count + 7) // 8, offset // 8)
    return np.unpackbits(raw, bitorder="little")[start : start + count].view(np.bool_)


def decimal_bits(array: pa.Array) -> tuple[NDArray[np.uint8], NDArray[np.int64], Mask]:
    """The bytes of each cell's unscaled integer, its lowest 64 bits, and whether these are the whole integer."""
    count, width = len(array), array.type.bit_width // 8
    if not count:
        return np.zeros((0, width), np.uint8), np.zeros(0, np.int64), np.zeros(0, np.bool_)
    raw = np.frombuffer(array.buffers()[1], np.uint8, count * width, array.offset * width).reshape(count, width)
    words = raw.view(np.int32 if width == 4 else np.int64)
    low = words[:, 0].astype(np.int64)
    return raw, low, (words[:, 1:] == (low >> 63)[:, None]).all(axis=1)


def unscaled_value(raw: NDArray[np.uint8]) -> int:
    """The unscaled integer in the bytes of one decimal cell."""
    return int.from_bytes(raw.tobytes(), "little", signed=True)


def decimal_value(whole: int, scale: int) -> Decimal:
    """The exact value of one cell; Arrow's own conversion fails if the scale exceeds the precision."""
    return Decimal(f"{whole}e{-scale}")


RowNumbers: TypeAlias = NDArray[Any] | range
"""Row numbers; a range if they are consecutive."""
