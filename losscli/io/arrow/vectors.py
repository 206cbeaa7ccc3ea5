"""Arrow columns of lists as matrices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from losscli.io.arrow.buffers import Codes, Floats, Mask, missing_cells
from losscli.io.arrow.numbers import PLAIN, decode, quoted, spelling
from losscli.io.arrow.texts import encode, without_unused
from losscli.io.arrow.types import is_list, is_spelled
from losscli.lazy import dataclass

_Leaves = Callable[[pa.Array], tuple[NDArray[Any], Mask | None]]
"""The elements of lists as numbers or codes, and which of them are missing."""


class VectorError(Exception):
    """The error about the list at `index`."""

    def __init__(self, index: int, message: str, value: str | None = None) -> None:
        super().__init__(message)
        self.index, self.message, self.value = index, message, value


@dataclass(frozen=True)
class Ragged:
    """Lists of different lengths: all their elements, and between which of these each list lies.

    A list that is null has no elements.
    """

    type: pa.DataType
    elements: pa.Array
    offsets: Codes
    missing: Mask | None

    @property
    def spelled(self) -> bool:
        """Whether elements are numbers as a text file spells them."""
        return is_spelled(self.type)

    @property
    def rows(self) -> Codes:
        """The row of each element."""
        return np.repeat(np.arange(len(self.offsets) - 1), np.diff(self.offsets))

    def missing_with(self, gaps: Mask | None) -> Mask | None:
        """Which rows are missing, where these elements are, too."""
        if gaps is None:
            return self.missing
        found = np.zeros(len(self.offsets) - 1, np.bool_) if self.missing is None else self.missing.copy()
        found[self.rows[gaps]] = True
        return found


def ragged(array: pa.Array) -> Ragged | None:
    """The lists if they differ in length or are empty; None where all that are there have one length above 0."""
    starts, lengths = spans(array)
    missing = missing_cells(array)
    there = lengths if missing is None else lengths[~missing]
    if not len(there) or (there[0] and (there == there[0]).all()):
        return None
    if missing is not None:
        lengths = np.where(missing, 0, lengths)
    offsets = np.zeros(len(array) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    if missing is None and pa.types.is_fixed_size_list(array.type) is False:
        elements = array.values.slice(int(starts[0]), int(offsets[-1]))
    else:
        places = np.repeat(starts - offsets[:-1], lengths) + np.arange(offsets[-1])
        elements = array.values.take(pa.Array.from_buffers(pa.int64(), len(places), [None, pa.py_buffer(places)]))
    return Ragged(array.type, elements, offsets, missing)


def ragged_numbers(lists: Ragged) -> tuple[Floats, Mask | None]:
    """The elements as numbers, and which are missing; an error is about the list."""
    try:
        return _numbers(lists.elements)
    except VectorError as flaw:
        raise VectorError(int(lists.rows[flaw.index]), flaw.message, flaw.value) from None


WIDEST = 10_000_000  # a schema may declare two thousand million numbers per row and have no rows


def stack(array: pa.Array, width: int | None) -> tuple[Floats, Mask | None]:
    """The lists as rows of a matrix, and which rows are missing: null, or with an element that is."""
    return _stack(array, width, _numbers, 0.0)


def stack_texts(array: pa.Array, width: int | None) -> tuple[Codes, tuple[str, ...], Mask | None]:
    """The lists as rows of a matrix of codes, and the distinct texts; the codes of null lists are -1."""
    names: list[str] = []

    def leaves(cells: pa.Array) -> tuple[Codes, Mask | None]:
        codes, found = without_unused(*encode(cells))
        names.extend(found)
        missing = codes < 0
        return codes, missing if missing.any() else None

    codes, missing = _stack(array, width, leaves, -1)
    return codes, tuple(names), missing


def _stack(array: pa.Array, width: int | None, leaves: _Leaves, filler: float) -> tuple[NDArray[Any], Mask | None]:
    """Null lists are skipped while reading, as their elements are arbitrary."""
    starts, lengths = spans(array)
    missing = missing_cells(array)
    kept = np.arange(len(array)) if missing is None else np.flatnonzero(~missing)
    if not kept.size:
        wide = width or _fixed_width(array.type)
        if wide > WIDEST and len(array):
            raise VectorError(0, f"is declared as a vector of {wide} numbers", "null")
        return np.full((len(array), wide), filler), missing
    try:
        block, gaps = _block(array.values, starts[kept], lengths[kept], width, leaves)
    except VectorError as flaw:
        raise VectorError(int(kept[flaw.index]), flaw.message, flaw.value) from None
    if missing is None:
        return block, gaps
    values = np.full((len(array), block.shape[1]), filler)
    values[kept] = block
    if gaps is not None:
        missing[kept] = gaps
    return values, missing


def spans(array: pa.Array) -> tuple[Codes, Codes]:
    """The start of each list in `array.values`, which ignores slices, and its length."""
    count, kind = len(array), array.type
    if pa.types.is_fixed_size_list(kind):
        return (array.offset + np.arange(count)) * kind.list_size, np.full(count, kind.list_size)
    if not count:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    cell = np.dtype(np.int64 if pa.types.is_large_list(kind) else np.int32)
    offsets = np.frombuffer(array.buffers()[1], cell, count + 1, array.offset * cell.itemsize).astype(np.int64)
    return offsets[:-1], np.diff(offsets)


def _block(
    inner: pa.Array, starts: Codes, lengths: Codes, width: int | None, leaves: _Leaves
) -> tuple[NDArray[Any], Mask | None]:
    """The lists as rows of a matrix, and which of them lack an element (None: none does)."""
    nested = is_list(inner.type)
    size = int(lengths[0]) if width is None or nested else width
    wrong = np.flatnonzero(lengths != size)
    if wrong.size:
        index = int(wrong[0])
        raise VectorError(index, f"has {lengths[index]} elements where {size} {'are' if size != 1 else 'is'} expected")
    if size == 0:
        raise VectorError(0, "is empty")
    cells = _elements(inner, starts, size)
    try:
        values, missing = _stack(cells, None, leaves, 0.0) if nested else leaves(cells)
    except VectorError as flaw:
        raise VectorError(flaw.index // size, flaw.message, flaw.value) from None
    block = values.reshape(len(starts), -1)
    if width is not None and block.shape[1] != width:
        raise VectorError(0, f"has {block.shape[1]} elements where {width} are expected")
    return block, None if missing is None else np.asarray(missing.reshape(len(starts), size).any(axis=1))


def _elements(inner: pa.Array, starts: Codes, size: int) -> pa.Array:
    """The elements of all lists; nearly always a slice, since null lists rarely have elements."""
    if (starts[1:] - starts[:-1] == size).all():
        return inner.slice(int(starts[0]), len(starts) * size)
    places = (starts[:, None] + np.arange(size)).ravel()
    return inner.take(pa.Array.from_buffers(pa.int64(), len(places), [None, pa.py_buffer(places)]))


def _numbers(array: pa.Array) -> tuple[Floats, Mask | None]:
    cells = decode(array, PLAIN)
    if (index := cells.first_bad()) is not None:
        text = spelling(array[index].as_py())
        raise VectorError(index, f"has an element that {PLAIN.flaw(text)}: {quoted(text)}", text)
    return cells.values, cells.missing


def _fixed_width(kind: pa.DataType) -> int:
    """The length that the type declares; 0 if it declares none."""
    width = 1
    while is_list(kind):
        width *= kind.list_size if pa.types.is_fixed_size_list(kind) else 0
        kind = kind.value_type
    return width
