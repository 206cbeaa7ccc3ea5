"""Many texts -> whole numbers: a table of their words, in which NumPy looks up all rows at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, TypeAlias

import numpy as np

from losscli.aggregate.number_lookup import NumberLookup
from losscli.contract.kinds import Array
from losscli.io.arrow.buffers import missing_cells
from losscli.io.arrow.canonical import canonical_labels
from losscli.io.arrow.words import LONGEST, spellings, words

NumbersOf: TypeAlias = Callable[[Sequence[str | None]], Array]
"""Gives each label its number; called under the lock."""


@cache
def _factors() -> Array:
    """An odd factor a word: a text that ends before a word has 0 there, which adds nothing.

    They are drawn when first needed, as to import NumPy's generators takes longer than most of a short run.
    """
    drawn: Array = np.random.Generator(np.random.PCG64(0)).integers(1 << 63, size=LONGEST // 8 + 1, dtype=np.uint64)
    return drawn * 2 + 1


class TextLookup:
    """Texts and their numbers. Reading is safe while another thread learns."""

    def __init__(self, lock: threading.Lock) -> None:
        self._lock = lock
        self._entries = NumberLookup()  # hash -> entry
        self._words = np.zeros((LONGEST // 8 + 1, 1024), np.uint64)  # by entry
        self._numbers = np.zeros(1024, np.int64)
        self._count = self._longest = 0  # entries, and words of the longest

    def numbers(self, column: Any, numbers_of: NumbersOf) -> Array | None:
        """The number of each text; None where they are too long. `numbers_of` labels is asked for new ones only."""
        found = words(column)
        if found is None:
            return None
        hashes = _hashes(found)
        numbers = self._find(found, hashes)
        unknown = np.flatnonzero(numbers < 0)
        if len(unknown):
            with self._lock:
                self._learn(column, found, hashes, unknown, numbers_of)
            numbers = self._find(found, hashes)
            rare = np.flatnonzero(numbers < 0)  # texts that share the hash of another
            if len(rare):
                with self._lock:
                    numbers[rare] = numbers_of(canonical_labels(spellings(column, rare)))
        missing = missing_cells(column)
        if missing is not None:
            with self._lock:
                numbers[missing] = numbers_of([None])[0]
        return numbers

    def _find(self, found: Array, hashes: Array) -> Array:
        """The number of each text; -1 for those that are not known, or share the hash of another."""
        entries = self._entries.find(hashes)
        held, numbers = self._words, self._numbers  # after the entries, so that they have them all
        answer = numbers[entries]
        differ = entries < 0
        for at in range(max(len(found), self._longest)):
            there = held[at][entries]
            differ |= there != found[at] if at < len(found) else there != 0
        answer[differ] = -1
        return answer

    def _learn(
        self,
        column: Any,
        found: Array,
        hashes: Array,
        unknown: Array,
        numbers_of: NumbersOf,
    ) -> None:
        new, first = np.unique(hashes[unknown], return_index=True)
        order = np.argsort(first)  # as they come
        new, first = new[order], first[order]
        still = self._entries.find(new) < 0  # another thread may have been first
        new, rows = new[still], unknown[first[still]]
        if not len(new):
            return
        labels = numbers_of(canonical_labels(spellings(column, rows)))
        start, end = self._count, self._count + len(new)
        if end > len(self._numbers):
            room = max(end, 2 * len(self._numbers)) - len(self._numbers)
            self._words = np.concatenate([self._words, np.zeros((len(self._words), room), np.uint64)], axis=1)
            self._numbers = np.concatenate([self._numbers, np.zeros(room, np.int64)])
        self._words[: len(found), start:end] = found[:, rows]
        self._numbers[start:end] = labels
        self._longest = max(self._longest, len(found))
        self._count = end
        self._entries.learn(new, np.arange(start, end))


def _hashes(found: Array) -> Array:
    """A whole number of 64 bits a text."""
    factors = _factors()
    total = found[0] * factors[0]
    for word, factor in zip(found[1:], factors[1:], strict=False):
        total += word * factor
    total ^= total >> np.uint64(32)
    hashes: Array = total.view(np.int64)
    return hashes
