"""Batches of rows -> the rows that a loss must see at once.

Row losses take any cut. A group is a run of `size` consecutive rows, the rows of one key wherever they stand, or the
whole table; the order of rows inside a group is the order in which they were read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from losscli.kinds import Array


@dataclass(frozen=True)
class Block:
    """Rows with what belongs to them: the arrays by key, weights, the cell of each row's slice, its place."""

    arrays: Mapping[Any, Array]
    weights: Array | None
    cells: Array | None
    place: Array

    def __len__(self) -> int:
        return len(self.place)

    def take(self, rows: Array | slice) -> Block:
        return Block(
            {key: values[rows] for key, values in self.arrays.items()},
            None if self.weights is None else self.weights[rows],
            None if self.cells is None else self.cells[rows],
            self.place[rows],
        )


def join(blocks: list[Block]) -> Block:
    """The rows of several blocks in order; every array C-contiguous."""
    if len(blocks) == 1:
        return blocks[0]
    first = blocks[0]
    return Block(
        {key: np.concatenate([b.arrays[key] for b in blocks]) for key in first.arrays},
        None if first.weights is None else np.concatenate([b.weights for b in blocks if b.weights is not None]),
        None if first.cells is None else np.concatenate([b.cells for b in blocks if b.cells is not None]),
        np.concatenate([b.place for b in blocks]),
    )


def chunks(block: Block, rows: int) -> Iterator[Block]:
    """A block in pieces of at most `rows` rows, without copying."""
    if len(block) <= rows:
        yield block
        return
    for start in range(0, len(block), rows):
        yield block.take(slice(start, start + rows))


class Groups:
    """Forms groups of the rows that are fed to it; `how` is "table", "size" or "by"."""

    def __init__(self, how: str, size: int | None = None) -> None:
        self.how, self.size = how, size
        self.formed = 0
        self._waiting: list[Block] = []
        self._held = 0
        self._by_key: dict[str, list[Block]] = {}

    def feed(self, block: Block, keys: Sequence[str] | None, codes: Array | None) -> Iterator[Block]:
        """Take rows; yields every group that is complete."""
        if self.how == "by":
            assert keys is not None and codes is not None
            for code in np.unique(codes):
                name = keys[code] if code >= 0 else ""
                self._by_key.setdefault(name, []).append(block.take(np.flatnonzero(codes == code)))
            return
        self._waiting.append(block)
        self._held += len(block)
        if self.size is None or self._held < self.size:
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
        self._waiting, self._held, self._by_key = [], 0, {}

    def _one(self, block: Block) -> Block:
        self.formed += 1
        # Slices of a longer array are contiguous along rows already; a gathered array is a fresh one.
        return block
