"""Batches of rows -> the groups of rows that a loss takes together.

Row losses take any batches. A group is `size` consecutive rows, the rows of one key wherever they stand, or the whole
table; the order of rows inside a group is the order in which they were read.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from losscli.binding.encoded_labels import EncodedLabels
from losscli.binding.plan import Input
from losscli.binding.row_batch import RowBatch, join_arrays
from losscli.contract.kinds import Array


class _GrowingArray:
    """An array that grows at its end; what was appended is not held.

    Concatenated at the end, a table would be held twice. Memory that is asked to grow moves without a copy where the
    system can move pages; little is allocated in advance, as NumPy fills it with zeros.
    """

    def __init__(self, first: Array) -> None:
        self.values, self.count = np.array(first, order="C"), len(first)

    def append(self, piece: Array) -> None:
        assert (piece.dtype, piece.shape[1:]) == (self.values.dtype, self.values.shape[1:])
        start, self.count = self.count, self.count + len(piece)
        if self.count > len(self.values):
            self.values.resize((self.count + self.count // 8, *piece.shape[1:]), refcheck=False)
        self.values[start : self.count] = piece

    @property
    def whole(self) -> Array:
        return self.values[: self.count]


class _GrowingTable:
    """All rows so far as one batch; the first batch stays as it came until there is a second."""

    def __init__(self, first: RowBatch[Input, Array]) -> None:
        self.first: RowBatch[Input, Array] | None = first
        self.arrays: dict[Any, _GrowingArray] = {}

    def append(self, batch: RowBatch[Input, Array]) -> None:
        if self.first is not None:
            self.arrays = {key: _GrowingArray(values) for key, values in _fields(self.first)}
            self.first = None
        for key, values in _fields(batch):
            self.arrays[key].append(values)

    def batch(self) -> RowBatch[Input, Array]:
        if self.first is not None:
            return self.first
        found = {key: values.whole for key, values in self.arrays.items()}
        row_numbers, weights, slice_ids = (found.pop(name, None) for name in ("row_numbers", "weights", "slice_ids"))
        assert row_numbers is not None
        return RowBatch(found, row_numbers, weights, slice_ids)


def _fields(batch: RowBatch[Input, Array]) -> Iterator[tuple[Any, Array]]:
    """What a batch holds, as arrays."""
    yield from batch.arrays.items()
    yield "row_numbers", batch.row_number_array
    if batch.weights is not None:
        yield "weights", batch.weights
    if batch.slice_ids is not None:
        yield "slice_ids", batch.slice_ids


class Groups:
    """Forms groups of the rows that it is fed; `how` is "table", "size" or "by"."""

    def __init__(self, how: str, size: int | None = None) -> None:
        self.how, self.size = how, size
        self.formed = 0
        self._waiting: list[RowBatch[Input, Array]] = []
        self._held = 0
        self._table: _GrowingTable | None = None
        self._by_key: dict[str, list[RowBatch[Input, Array]]] = {}

    def feed(self, batch: RowBatch[Input, Array], key: EncodedLabels | None) -> Iterator[RowBatch[Input, Array]]:
        """Take rows, with the key of each row's group where groups have one; yields every group that is complete."""
        if self.how == "by":
            assert key is not None
            order = np.argsort(key.codes, kind="stable")
            codes = key.codes[order]
            for rows in np.split(order, np.flatnonzero(codes[1:] != codes[:-1]) + 1):
                code = key.codes[rows[0]]
                name = key.names[code] if code >= 0 else ""
                self._by_key.setdefault(name, []).append(batch.take(rows))
            return
        if self.size is None:
            if self._table is None:
                self._table = _GrowingTable(batch)
            else:
                self._table.append(batch)
            return
        self._waiting.append(batch)
        self._held += len(batch)
        if self._held < self.size:
            return
        whole = join_arrays(self._waiting)
        start = 0
        while len(whole) - start >= self.size:
            yield self._counted(whole.take(slice(start, start + self.size)))
            start += self.size
        self._waiting = [whole.take(slice(start, None))] if start < len(whole) else []
        self._held = len(whole) - start

    @property
    def open(self) -> int:
        """How many groups only the end of the rows completes."""
        return len(self._by_key) + bool(self._held)

    def finish(self) -> Iterator[RowBatch[Input, Array]]:
        """The groups that only the end of the rows completes."""
        for parts in self._by_key.values():
            yield self._counted(join_arrays(parts))
        if self._held:
            yield self._counted(join_arrays(self._waiting))
        if self._table is not None:
            yield self._counted(self._table.batch())
        self._waiting, self._held, self._table, self._by_key = [], 0, None, {}

    def _counted(self, group: RowBatch[Input, Array]) -> RowBatch[Input, Array]:
        self.formed += 1
        return group
