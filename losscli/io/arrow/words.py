"""Texts as whole numbers of 64 bits, so that NumPy compares and hashes many at once."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from losscli.io.arrow.types import is_text

Words: TypeAlias = NDArray[np.uint64]

LONGEST = 63
"""Bytes of the longest text that is worth it."""

SAMPLE = 512
_MANY = 4096
# By how many bytes of a text a word has, from -1 (it ended before) to 8: the bits of these, and the mark of its end.
_BITS = np.array([0, *((1 << 8 * size) - 1 for size in range(9))], np.uint64)
_END = np.array([0, *(1 << 8 * size for size in range(8)), 0], np.uint64)


def mostly_differ(column: pa.Array) -> bool:
    """Whether so many texts of a column differ that a dictionary of them would not make it shorter."""
    if not is_text(column.type) or pa.types.is_string_view(column.type) or len(column) < _MANY:
        return False
    return len(column.slice(0, SAMPLE).dictionary_encode().dictionary) > SAMPLE * 9 // 10


def words(column: pa.Array) -> Words | None:
    """The words of each text, an array a word; None where a text is too long.

    Two texts have the same words only where they are equal: a byte marks the end of each.
    """
    count = len(column)
    ends, data = _layout(column)
    sizes = np.diff(ends)
    longest = int(sizes.max(initial=0))
    if longest > LONGEST:
        return None
    found = np.empty((longest // 8 + 1, count), np.uint64)
    alike = count > 0 and longest > 0 and int(sizes.min()) == longest
    padded = np.zeros(len(data) + 8 * len(found), np.uint8)
    padded[: len(data)] = data
    # Of every byte the eight from there on, as one number.
    at_byte = np.ndarray((len(padded) - 7,), "<u8", padded, strides=(1,))
    left: Any
    for number in range(len(found)):
        if alike:
            left = max(min(longest - 8 * number, 8), -1) + 1
            there = np.ndarray((count,), "<u8", padded, 8 * number, (longest,))
        else:
            left = np.clip(sizes - 8 * number, -1, 8) + 1
            there = at_byte[np.minimum(ends[:-1] + 8 * number, len(data))]
        np.bitwise_and(there, _BITS[left], out=found[number])
        found[number] |= _END[left]
    return found


def spellings(column: pa.Array, rows: NDArray[Any]) -> list[str]:
    """The texts of these rows."""
    ends, data = _layout(column)
    raw, cuts = data.tobytes(), zip(ends[rows].tolist(), ends[rows + 1].tolist(), strict=True)
    if raw.isascii():
        text = raw.decode()
        return [text[i:j] for i, j in cuts]
    return [raw[i:j].decode() for i, j in cuts]


def _layout(column: pa.Array) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Where each text begins, and the last one ends, in the bytes of all."""
    cell = np.dtype(np.int64 if pa.types.is_large_string(column.type) else np.int32)
    _, offsets, buffer = column.buffers()
    if not len(column):
        return np.zeros(1, np.int64), np.zeros(0, np.uint8)
    ends = np.frombuffer(offsets, cell, len(column) + 1, column.offset * cell.itemsize).astype(np.int64)
    first, last = int(ends[0]), int(ends[-1])
    data = np.zeros(0, np.uint8) if last == first else np.frombuffer(buffer, np.uint8, last - first, first)
    return ends - first, data
