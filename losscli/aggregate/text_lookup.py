"""Many texts -> whole numbers: a table of their words, in which NumPy looks up all rows at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cache
from typing import Any, TypeAlias

import numpy as np

from losscli.aggregate.number_lookup import first_places, slots_of
from losscli.contract.kinds import Array
from losscli.io.arrow.words import LONGEST, spellings, words

_ROOM = 4  # slots of the table for each entry, at least

NumbersOf: TypeAlias = Callable[[list[str]], Array]
"""Gives each text its number; called under the lock."""


@cache
def _factors() -> Array:
    """An odd factor a word: a text that ends before a word has 0 there, which adds nothing.

    They are drawn when first needed, as to import NumPy's generators takes longer than most of a short run.
    """
    drawn: Array = np.random.Generator(np.random.PCG64(0)).integers(1 << 63, size=LONGEST // 8 + 1, dtype=np.uint64)
    return drawn * 2 + 1


class TextLookup:
    """Texts and their numbers. Reading is safe while another thread learns.

    The table of hashes holds entries alone, and of these the words tell whether one is the right one: what is looked up
    at random should be small enough for the caches.
    """

    def __init__(self, lock: threading.Lock) -> None:
        self._lock = lock
        self._table = np.full(2048, -1, np.int32)  # entries by slot: that of the hash, or the next that was free
        self._words = np.zeros((LONGEST // 8 + 1, 1024), np.uint64)  # by entry
        self._numbers = np.zeros(1024, np.int64)
        self._count = self._longest = 0  # entries, and words of the longest

    def numbers(self, column: Any, numbers_of: NumbersOf) -> Array | None:
        """The number of each text; None where they are too long. `numbers_of` is asked for new ones only."""
        found = words(column)
        if found is None:
            return None
        hashes = _hashes(found)
        entries = self._find(found, hashes)
        unknown = np.flatnonzero(entries < 0)
        if len(unknown):
            with self._lock:
                self._learn(column, found, hashes, unknown, numbers_of)
            entries = self._find(found, hashes)
            unknown = np.flatnonzero(entries < 0)  # new texts that share the hash of another new one
        numbers: Array = self._numbers.take(entries)  # read after the entries, so that it has them all
        if len(unknown):
            with self._lock:
                numbers[unknown] = numbers_of(spellings(column, unknown))
        return numbers

    def _find(self, found: Array, hashes: Array) -> Array:
        """The entry of each text; -1 for those that are not known."""
        table = self._table
        slots = slots_of(hashes, len(table))
        entries = table.take(slots).astype(np.int64)
        others = np.flatnonzero(self._differ(found, entries) & (entries >= 0))
        while len(others):
            slots[others] = at = (slots[others] + 1) & (len(table) - 1)
            entries[others] = there = table.take(at).astype(np.int64)
            others = others[self._differ(found[:, others], there) & (there >= 0)]
        return entries

    def _differ(self, found: Array, entries: Array) -> Array:
        """Which texts have other words than these entries."""
        held = self._words  # read after the entries, so that it has them all
        differ: Array = held[0].take(entries) != found[0]
        for at in range(1, max(len(found), self._longest)):
            differ |= held[at].take(entries) != (found[at] if at < len(found) else 0)
        return differ

    def _learn(self, column: Any, found: Array, hashes: Array, unknown: Array, numbers_of: NumbersOf) -> None:
        rows = unknown[np.sort(first_places(hashes[unknown]))]  # as they come
        rows = rows[self._find(found[:, rows], hashes[rows]) < 0]  # another thread may have been first
        if not len(rows):
            return
        numbers = numbers_of(spellings(column, rows))
        start, end = self._count, self._count + len(rows)
        if end > len(self._numbers):
            room = max(end, 2 * len(self._numbers)) - len(self._numbers)
            self._words = np.concatenate([self._words, np.zeros((len(self._words), room), np.uint64)], axis=1)
            self._numbers = np.concatenate([self._numbers, np.zeros(room, np.int64)])
        self._words[: len(found), start:end] = found[:, rows]
        self._numbers[start:end] = numbers
        self._longest = max(self._longest, len(found))
        self._count = end
        if _ROOM * end <= len(self._table):
            _insert(self._table, hashes[rows], np.arange(start, end, dtype=np.int32))
            return
        table = np.full(1 << (_ROOM * end).bit_length(), -1, np.int32)
        _insert(table, _hashes(self._words[: self._longest, :end]), np.arange(end, dtype=np.int32))
        self._table = table


def _insert(table: Array, hashes: Array, entries: Array) -> None:
    slots = slots_of(hashes, len(table))
    while len(entries):
        free = table[slots] < 0
        table[slots[free]] = entries[free]
        won = free & (table[slots] == entries)  # of those that meet in a slot, one stays
        entries, slots = entries[~won], (slots[~won] + 1) & (len(table) - 1)


def _hashes(found: Array) -> Array:
    """A whole number of 64 bits a text."""
    factors = _factors()
    total = found[0] * factors[0]
    for word, factor in zip(found[1:], factors[1:], strict=False):
        total += word * factor
    total ^= total >> np.uint64(32)
    hashes: Array = total.view(np.int64)
    return hashes
