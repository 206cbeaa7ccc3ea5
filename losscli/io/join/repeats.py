"""Rows that share a key: how many there are of each target, and whether any two of them are the same.

Whether rows repeat is decided by hashes, 8 bytes a row. A hash only says which rows may be the same: these are read
again and compared in all columns that matter (`io.join.duplicates`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import field
from hashlib import blake2b

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from losscli.errors import LosscliError
from losscli.io.arrow.texts import encode
from losscli.io.arrow.types import is_list
from losscli.lazy import dataclass

Hashes = npt.NDArray[np.uint64]
Indices = npt.NDArray[np.int64]

FEWEST_HASHES = 1 << 22
"""So many hashes are always kept: 32 MiB."""

HASHES_PER_TARGET = 16
"""So many hashes of each target are kept: about what its key takes."""

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MISSING = np.uint64(0x5851F42D4C957F2D)


class Occurrences:
    """How often each key has occurred so far."""

    def __init__(self, keys: int) -> None:
        self.counts = np.zeros(keys, np.int32)

    def add(self, ids: Indices) -> Indices:
        """Count the rows with these key ids; how many rows before each of them had the same key."""
        counts = self.counts[ids]
        before = counts.astype(np.int64)
        ascending = np.sort(ids)
        if (ascending[1:] != ascending[:-1]).all():
            self.counts[ids] = counts + np.int32(1)
            return before
        order = np.argsort(ids, kind="stable")
        first = np.flatnonzero(np.diff(ids[order], prepend=-1))
        lengths = np.diff(np.append(first, len(ids)))
        before[order] += np.arange(len(ids)) - np.repeat(first, lengths)
        self.counts[ids[order][first]] += lengths.astype(np.int32)
        return before

    @property
    def most(self) -> int:
        """How often the most frequent key occurred."""
        return int(self.counts.max(initial=0))

    def notes(self) -> Iterator[str]:
        """How many rows there are of each key, where there are several."""
        if self.most < 2:
            return
        counts = self.counts[self.counts > 0]
        fewest = int(counts.min())
        each = f"{fewest:,}" if fewest == self.most else f"{fewest:,} to {self.most:,}"
        yield f"many-to-one: {int(counts.sum(dtype=np.int64)):,} predictions of {len(counts):,} targets, {each} of each"


@dataclass
class RowHashes:
    """The hashes of rows, to find those that occur twice.

    Memory is bounded by `most` hashes: if there are more, only those of one part in 2, 4, 8, … are kept. Rows that
    come twice because a file was appended twice are in every part.
    """

    most: int
    parts: int = 1
    _sorted: Hashes = field(default_factory=lambda: np.zeros(0, np.uint64))
    _waiting: list[Hashes] = field(default_factory=list)
    _count: int = 0

    def add(self, hashes: Hashes) -> None:
        """Add the hashes of some rows."""
        if self.parts > 1:
            hashes = hashes[hashes <= self._highest]
        self._waiting.append(hashes)
        self._count += len(hashes)
        if self._count > max(1 << 18, len(self._sorted) // 4):
            self._merge()

    def repeated(self) -> Hashes:
        """The hashes that occur more than once, each once and in order."""
        self._merge()
        return np.unique(self._sorted[1:][self._sorted[1:] == self._sorted[:-1]])

    @property
    def _highest(self) -> np.uint64:
        return np.uint64((1 << 64) // self.parts - 1)

    def _merge(self) -> None:
        self._sorted = np.sort(np.concatenate([self._sorted, *self._waiting]))
        self._waiting, self._count = [], 0
        while len(self._sorted) > self.most:
            self.parts *= 2
            self._sorted = self._sorted[: np.searchsorted(self._sorted, self._highest, side="right")].copy()


def row_hashes(ids: Indices, columns: Sequence[pa.Array], seed: int = 0, *, stable: bool = False) -> Hashes:
    """A hash of each row, of the id of its key and of the cells of these columns.

    With `stable`, they are the same in every process: Python's own hashes of texts are faster, but differ between
    processes.
    """
    found = _mixed(ids.astype(np.uint64) + np.uint64(seed))
    for column in columns:
        found = _mixed(found ^ _cells(column, _digest if stable else hash))
    return found


def _digest(text: str | None) -> int:
    data = b"" if text is None else text.encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(data, digest_size=8).digest(), "little", signed=True)


def _cells(column: pa.Array, hash_of: Callable[[str | None], int]) -> Hashes:
    """A number for each cell, equal for equal cells."""
    kind = column.type
    if pa.types.is_floating(kind) or pa.types.is_integer(kind):
        numbers = np.asarray(column.to_numpy(zero_copy_only=False), np.float64) + 0.0  # -0 is 0
        return numbers.view(np.uint64).copy()
    if is_list(kind):
        return _lists(column, hash_of)
    try:
        codes, names = encode(column)
    except (LosscliError, pa.ArrowException, TypeError, ValueError):  # structs and the like
        cells = [hash_of(repr(cell)) for cell in column.to_pylist()]
        return np.array(cells, np.int64).view(np.uint64)
    known = np.array([*(hash_of(name) for name in names), 0], np.int64).view(np.uint64)
    known[-1] = _MISSING
    return known[codes]


def _lists(column: pa.Array, hash_of: Callable[[str | None], int]) -> Hashes:
    """A number for each list, of its numbers and their places."""
    if pa.types.is_fixed_size_list(column.type):
        width = column.type.list_size
        ends = np.arange(len(column) + 1) * width
        flat = _cells(column.values.slice(column.offset * width, len(column) * width), hash_of)
    else:
        offsets = column.offsets.to_numpy()
        ends = offsets - offsets[0]
        flat = _cells(column.values.slice(int(offsets[0]), int(offsets[-1] - offsets[0])), hash_of)
    places = np.arange(len(flat)) - np.repeat(ends[:-1], np.diff(ends))
    sums = np.append(np.uint64(0), np.cumsum(_mixed(flat + places.astype(np.uint64) * _GOLDEN), dtype=np.uint64))
    found: Hashes = sums[ends[1:]] - sums[ends[:-1]] + np.diff(ends).astype(np.uint64)
    return found


def _mixed(numbers: Hashes) -> Hashes:
    """The finaliser of splitmix64, with which every bit depends on every bit."""
    with np.errstate(over="ignore"):
        mixed = numbers + _GOLDEN
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return np.asarray(mixed ^ (mixed >> np.uint64(31)), np.uint64)
