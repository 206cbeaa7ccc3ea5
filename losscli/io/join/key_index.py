"""The ids of keys on the side that is held in memory: a table of hashes in NumPy, of any number of key columns.

It is an open table with linear probing. An entry holds as much of the hash of a key as leaves room for its number.
The table is cut into regions that stay in the cache while they are filled, by several threads. A hash only says where
a key may be: each is compared byte by byte with the one there, so that no collision counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa

from losscli.io.arrow.buffers import Mask
from losscli.io.arrow.build import from_numpy
from losscli.io.join.key_hashes import Hashes, Places, TextBytes, fast_hashes, filled, safe_hashes, same_texts
from losscli.lazy import dataclass
from losscli.parallel import stream_in_order, thread_count

KeyIds: TypeAlias = Places

NOT_FOUND = -1

REGION = 1 << 17
"""The most entries of a region: a megabyte."""

MANY_ROUNDS = 1000
"""After so many steps in one region its hashes are too much alike: keys were made to have the same ones."""

_TOGETHER = 1 << 15  # keys that are looked up together, so that the steps on the way stay in the cache
_EMPTY = np.uint64((1 << 64) - 1)


class _CrowdedError(Exception):
    """Many different keys have the same hash."""


class _Shape(NamedTuple):
    """The numbers of entries in the table and in a region, and of the bits of an entry that number a key."""

    entries: int
    region: int
    row_bits: int

    @classmethod
    def of(cls, keys: int) -> _Shape:
        entries = max(2, 1 << (2 * keys - 1).bit_length())  # at least half of them stay empty
        return cls(entries, min(entries, REGION), keys.bit_length())

    @property
    def row_mask(self) -> np.uint64:
        return np.uint64((1 << self.row_bits) - 1)

    def first(self, hashes: Hashes) -> Places:
        """Where the search for a key with such a hash begins."""
        return (hashes & np.uint64(self.entries - 1)).view(np.int64)

    def by_region(self, hashes: Hashes) -> tuple[Places, Places]:
        """The rows with these hashes by the region of each, in their order, and where those of each region end."""
        regions = self.entries // self.region
        # Of numbers of 16 bits NumPy counts how many there are of each, to sort them.
        places = np.empty(len(hashes), np.uint16 if regions <= 1 << 16 else np.int64)
        counts = np.zeros(regions, np.int64)
        for first in range(0, len(hashes), _TOGETHER):
            some = self.first(hashes[first : first + _TOGETHER]) // self.region
            places[first : first + _TOGETHER] = some
            counts += np.bincount(some, minlength=regions)
        return np.argsort(places, kind="stable"), np.append(0, np.cumsum(counts))

    def next(self, places: Places) -> Places:
        """The entry behind each of these, in the same region."""
        inside = self.region - 1
        return (places & ~inside) | ((places + 1) & inside)


@dataclass(frozen=True, eq=False)
class KeyIndex:
    """Ids of distinct keys, from 0 in the order of their first rows."""

    columns: tuple[TextBytes, ...]
    count: int
    shape: _Shape
    table: Hashes
    seeded: bool = False  # whether hashes are those that nobody can know before

    @classmethod
    def of(cls, columns: Sequence[pa.Array], hashes: Hashes | None = None) -> tuple[KeyIndex, Places]:
        """The index of key columns without nulls, and the id of each row's key; `hashes` are known already."""
        try:
            return cls._built(columns, fast_hashes(columns) if hashes is None else hashes, seeded=False)
        except _CrowdedError:
            return cls._built(columns, safe_hashes(columns), seeded=True)

    @classmethod
    def _built(cls, columns: Sequence[pa.Array], hashes: Hashes, *, seeded: bool) -> tuple[KeyIndex, Places]:
        texts, shape = tuple(map(TextBytes.of, columns)), _Shape.of(len(hashes))
        table = np.full(shape.entries, _EMPTY)
        repeats = _fill_regions(table, shape, texts, hashes, None if seeded else MANY_ROUNDS)
        ids = np.arange(len(hashes))
        if not repeats:
            return cls(texts, len(ids), shape, table, seeded), ids
        for rows, first in repeats:
            ids[rows] = first
        firsts = np.flatnonzero(ids == np.arange(len(ids)))
        dense = np.zeros(len(ids), np.int64)  # ids without gaps
        dense[firsts] = np.arange(len(firsts))
        used = np.flatnonzero(table != _EMPTY)
        entries = table[used]
        numbers = dense[(entries & shape.row_mask).view(np.int64)].view(np.uint64)
        table[used] = (entries & ~shape.row_mask) | numbers
        kept = from_numpy(firsts)
        distinct = tuple(TextBytes.of(column.take(kept)) for column in columns)
        return cls(distinct, len(firsts), shape, table, seeded), dense[ids]

    def __reduce__(self) -> tuple[Any, ...]:
        """Its keys: another process makes the table anew, as some hashes are those of this one."""
        return _of_texts, (self.columns,)

    def find(self, columns: Sequence[pa.Array], hashes: Hashes | None = None) -> Places:
        """The id of each row's key, -1 if the key is unknown or null; `hashes` are the fast ones, if known already."""
        if self.seeded or hashes is None:
            hashes = safe_hashes(columns) if self.seeded else fast_hashes(columns)
        texts, present = tuple(map(TextBytes.of, columns)), filled(columns)
        ids = np.empty(len(hashes), np.int64)
        for first in range(0, len(ids), _TOGETHER):
            rows = np.arange(first, min(first + _TOGETHER, len(ids)))
            ids[rows[0] : rows[-1] + 1] = self._found(hashes[rows[0] : rows[-1] + 1], texts, rows)
        if present is not None:
            ids[~present] = NOT_FOUND
        return ids

    def _found(self, hashes: Hashes, texts: Sequence[TextBytes], rows: Places) -> Places:
        """The ids of the keys of a few rows, a null being some text."""
        places = self.shape.first(hashes)
        ids = self._candidates(hashes, places)
        left = np.flatnonzero(ids >= 0)
        while len(wrong := left[~_same_keys(self.columns, ids[left], texts, rows[left])]):
            places[wrong] = some = self.shape.next(places[wrong])
            ids[wrong] = self._candidates(hashes[wrong], some)
            places[wrong] = some
            left = wrong[ids[wrong] >= 0]
        return ids

    def __len__(self) -> int:
        return self.count

    def _candidates(self, hashes: Hashes, places: Places) -> Places:
        """The first key with each hash from `places` on, which become where it is; -1 where there is none."""
        mask = self.shape.row_mask
        entries = self.table[places]
        left = np.flatnonzero(_occupied(entries, hashes, mask))
        while len(left):
            behind = self.shape.next(places[left])
            places[left], entries[left] = behind, self.table[behind]
            left = left[_occupied(entries[left], hashes[left], mask)]
        return np.where(entries == _EMPTY, NOT_FOUND, (entries & mask).view(np.int64))


def _of_texts(columns: tuple[TextBytes, ...]) -> KeyIndex:
    """The index of distinct keys, in their order."""
    return KeyIndex.of([texts.array() for texts in columns])[0]


def _occupied(entries: Hashes, hashes: Hashes, mask: np.uint64) -> Mask:
    """Whether an entry is that of a key with another hash."""
    return np.asarray(((entries ^ hashes) > mask) & (entries != _EMPTY))


def _same_keys(known: Sequence[TextBytes], rows: Places, asked: Sequence[TextBytes], at: Places) -> Mask:
    same = same_texts(known[0], rows, asked[0], at)
    for ours, theirs in zip(known[1:], asked[1:], strict=True):
        same &= same_texts(ours, rows, theirs, at)
    return same


def _fill_regions(
    table: Hashes, shape: _Shape, texts: Sequence[TextBytes], hashes: Hashes, most: int | None
) -> list[tuple[Places, Places]]:  # fmt: skip
    """Put all keys in their places, by several threads; the rows whose keys repeat, with the first row of each key."""
    order, ends = shape.by_region(hashes)

    def fill(region: int) -> list[tuple[Places, Places]]:
        rows = order[ends[region] : ends[region + 1]]
        part = table[region * shape.region : (region + 1) * shape.region]
        return _fill(part, shape, texts, rows, hashes[rows], most)

    return [found for some in stream_in_order(fill, range(len(ends) - 1), thread_count()) for found in some]


def _fill(
    region: Hashes, shape: _Shape, texts: Sequence[TextBytes], rows: Places, hashes: Hashes, most: int | None
) -> list[tuple[Places, Places]]:  # fmt: skip
    """Put the keys of these ascending rows in their region; the rows whose keys repeat, with the first row of each key.

    All rows take a step at a time. Of those that come to one empty entry at the same time the first row takes it. Equal
    keys begin at the same place, so they go on together until the first of them has an entry.
    """
    mask, inside = shape.row_mask, shape.region - 1
    entries = (hashes & ~mask) | rows.view(np.uint64)
    places, left = shape.first(hashes) & inside, np.arange(len(rows))
    repeats: list[tuple[Places, Places]] = []
    steps = 0
    while len(left):
        at = places[left]
        there = region[at]
        empty = there == _EMPTY
        claims = np.flatnonzero(empty)[::-1]  # the last assignment to an entry counts
        region[at[claims]] = entries[left[claims]]
        again = ~empty & ((there ^ entries[left]) <= mask)
        done = empty & (region[at] == entries[left])
        if again.any():
            likely = np.flatnonzero(again)
            first = (there[likely] & mask).view(np.int64)
            same = _same_keys(texts, first, texts, rows[left[likely]])
            if same.any():
                repeats.append((rows[left[likely[same]]], first[same]))
                done[likely[same]] = True
        places[left[~empty]] = (at[~empty] + 1) & inside
        left = left[~done]
        steps += 1
        if most is not None and steps > most:
            raise _CrowdedError
    return repeats
