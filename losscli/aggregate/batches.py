"""Batches of rows -> the rows that a loss must see at once.

Row losses take any cut. A group is a run of `size` consecutive rows, the rows of one key wherever they stand, or the
whole table; the order of rows inside a group is the order in which they were read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from losscli.contract.kinds import Array
from losscli.io.arrow.buffers import RowNumbers


@dataclass(frozen=True)
class Block:
    """Rows with what belongs to them: the arrays by key, weights, the id of each row's slice, its place."""

    arrays: Mapping[Any, Array]
    weights: Array | None
    slice_ids: Array | None
    place: RowNumbers

    def __len__(self) -> int:
        return len(self.place)

    def take(self, rows: Array | slice) -> Block:
        return Block(
            {key: values[rows] for key, values in self.arrays.items()},
            None if self.weights is None else self.weights[rows],
            None if self.slice_ids is None else self.slice_ids[rows],
            self.place[rows] if isinstance(rows, slice) else np.asarray(self.place)[rows],
        )


def join(blocks: list[Block]) -> Block:
    """The rows of several blocks in order; every array C-contiguous."""
    if len(blocks) == 1:
        return blocks[0]
    first = blocks[0]
    return Block(
        {key: np.concatenate([b.arrays[key] for b in blocks]) for key in first.arrays},
        None if first.weights is None else np.concatenate([b.weights for b in blocks if b.weights is not None]),
        None if first.slice_ids is None else np.concatenate([b.slice_ids for b in blocks if b.slice_ids is not None]),
        np.concatenate([b.place for b in blocks]),
    )


def chunks(block: Block, rows: int) -> Iterator[Block]:
    """A block in pieces of at most `rows` rows, without copying."""
    if len(block) <= rows:
        yield block
        return
    for start in range(0, len(block), rows):
        yield block.take(slice(start, start + rows))


class _Long:
    """An array that grows at its end; nothing that it was made of is held.

    Joined in the end, a table would be held twice. Memory that is asked to grow moves without a copy where the system
    can move pages; what is asked for in advance is little, as NumPy fills it with zeros.
    """

    def __init__(self, first: Array) -> None:
        self.values, self.count = np.array(first, order="C"), len(first)

    def add(self, piece: Array) -> None:
        assert (piece.dtype, piece.shape[1:]) == (self.values.dtype, self.values.shape[1:])
        start, self.count = self.count, self.count + len(piece)
        if self.count > len(self.values):
            self.values.resize((self.count + self.count // 8, *piece.shape[1:]), refcheck=False)
        self.values[start : self.count] = piece

    @property
    def whole(self) -> Array:
        return self.values[: self.count]


class _Table:
    """All rows so far, as one block; the first one stays as it came until there is a second."""

    def __init__(self, first: Block) -> None:
        self.first: Block | None = first
        self.arrays: dict[Any, _Long] = {}

    def add(self, block: Block) -> None:
        if self.first is not None:
            self.arrays = {key: _Long(values) for key, values in _fields(self.first)}
            self.first = None
        for key, values in _fields(block):
            self.arrays[key].add(values)

    def block(self) -> Block:
        if self.first is not None:
            return self.first
        found = {key: values.whole for key, values in self.arrays.items()}
        weights, slice_ids, place = found.pop("weights", None), found.pop("slice_ids", None), found.pop("place")
        return Block(found, weights, slice_ids, place)


def _fields(block: Block) -> Iterator[tuple[Any, Array]]:
    yield from block.arrays.items()
    yield "place", np.asarray(block.place)
    if block.weights is not None:
        yield "weights", block.weights
    if block.slice_ids is not None:
        yield "slice_ids", block.slice_ids


class Groups:
    """Forms groups of the rows that are fed to it; `how` is "table", "size" or "by"."""

    def __init__(self, how: str, size: int | None = None) -> None:
        self.how, self.size = how, size
        self.formed = 0
        self._waiting: list[Block] = []
        self._held = 0
        self._table: _Table | None = None
        self._by_key: dict[str, list[Block]] = {}

    def feed(self, block: Block, keys: Sequence[str] | None, codes: Array | None) -> Iterator[Block]:
        """Take rows; yields every group that is complete."""
        if self.how == "by":
            assert keys is not None and codes is not None
            for code in np.unique(codes):
                name = keys[code] if code >= 0 else ""
                self._by_key.setdefault(name, []).append(block.take(np.flatnonzero(codes == code)))
            return
        if self.size is None:
            if self._table is None:
                self._table = _Table(block)
            else:
                self._table.add(block)
            return
        self._waiting.append(block)
        self._held += len(block)
        if self._held < self.size:
            return
        whole = join(self._waiting)
        start = 0
        while len(whole) - start >= self.size:
            yield self._one(whole.take(slice(start, start + self.size)))
            start += self.size
        self._waiting = [whole.take(slice(start, None))] if start < len(whole) else []
        self._held = len(whole) - start

    @property
    def open(self) -> int:
        """How many groups only the end of the rows completes."""
        return len(self._by_key) + bool(self._held)

    def finish(self) -> Iterator[Block]:
        """The groups that only the end of the rows completes."""
        for parts in self._by_key.values():
            yield self._one(join(parts))
        if self._held:
            yield self._one(join(self._waiting))
        if self._table is not None:
            yield self._one(self._table.block())
        self._waiting, self._held, self._table, self._by_key = [], 0, None, {}

    def _one(self, block: Block) -> Block:
        self.formed += 1
        # Slices of a longer array are contiguous along rows already; a gathered array is a fresh one.
        return block
