"""Slices as numbers: the texts of some columns -> one slice id a row. Text is made only of what is new.

The index of slices is shared by the threads of a run. What is known is read without a lock, what is new is learned
under one. Slices are numbered as they come, which differs from run to run: results go by their names. A name is the
label of the slice's rows, or a mark where they have none: "(null)" for null, "(empty)" for an empty text. A label that
looks like a mark gets a backslash in front, so that no two slices share a name.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from itertools import filterfalse
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from losscli.aggregate.hashing import sha256_words
from losscli.aggregate.number_lookup import NumberLookup, first_places
from losscli.contract.kinds import Array
from losscli.io.arrow.buffers import missing_cells
from losscli.io.arrow.build import strings
from losscli.io.arrow.canonical import canonical_labels
from losscli.io.arrow.dictionary import (
    DictionaryColumn,
    Entries,
    are_many_texts,
    same_entries,
    texts_of_entries,
    texts_of_numbers,
)
from losscli.io.arrow.words import spellings
from losscli.lazy import pattern

NULL = "(null)"
EMPTY = "(empty)"
_MARK = pattern(r"\\*\((?:null|empty)\)")
_JOINT = 8  # rows for each combination of the names of several columns from which on a table of these is faster
_REMEMBERED = 4  # dictionaries of a column: readers make one for every batch, but the next is mostly the same


def name_of(label: str | None) -> str:
    """The name of the slice of these labels."""
    if not label:
        return NULL if label is None else EMPTY
    return "\\" + label if _MARK.fullmatch(label) else label


def label_of(name: str) -> str:
    """The label of the rows of a slice that has one."""
    return name[1:] if name.startswith("\\") and _MARK.fullmatch(name) else name


class NamedSlices(NamedTuple):
    """The slices of rows that another process has added up."""

    names: list[list[Any]]

    def state(self) -> list[list[Any]]:
        """As that of the index."""
        return self.names

    def named(self) -> NamedSlices:
        """Itself: one worker may send it to another."""
        return self


class SliceIndex:
    """The slices of a run, each with an id from 0: a slice is a tuple of names, one a column."""

    def __init__(self, columns: int) -> None:
        self._lock = threading.Lock()
        self._columns = [_Column(self._lock) for _ in range(columns)]
        # Ids by the first column, by the first two, and so on: (id so far, text) -> id.
        self._steps = [NumberLookup() for _ in range(columns)]
        self._pairs: list[list[int]] = [[] for _ in range(columns)]
        self._direct: dict[np.dtype[Any], NumberLookup] = {}  # of one column: numbers of each type -> ids
        self._hashes = np.zeros(0, np.uint64)

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (len(self._columns), self.state())  # what finds the slices of rows is made anew

    def __len__(self) -> int:
        return len(self._pairs[-1]) if self._pairs else 1

    def ids(self, columns: Sequence[DictionaryColumn]) -> Array:
        """The slice id of each row."""
        if len(columns) == 1 and columns[0].missing is None:
            (column,), (known,) = columns, self._columns
            if column.entries is not None:
                remembered = len(column.entries) != len(column.cells)  # else mostly no other batch has these entries
                return self._ids_by_table([known.of_entries(column.entries, remembered)], column.cells)
            lookup = self._direct.setdefault(column.cells.dtype, NumberLookup())
            return _found(lookup, self._lock, column.cells, lambda new: self._ids_of([known.of_numbers(new)]))
        numbers = [known.numbers(column) for known, column in zip(self._columns, columns, strict=True)]
        sizes = [len(known.names) for known in self._columns]  # after the numbers, so that they are below these
        if len(columns) == 1 or _JOINT * math.prod(sizes) > len(numbers[0]):
            return self._ids_of(numbers)
        joint = numbers[0]
        for more, size in zip(numbers[1:], sizes[1:], strict=True):
            joint = joint * size + more
        return self._ids_by_table([*np.indices(sizes).reshape(len(sizes), -1)], joint)

    def names(self) -> list[tuple[str, ...]]:
        """The names of each slice, by its id."""
        names: list[tuple[str, ...]] = [()]
        for column, pairs in zip(self._columns, self._pairs, strict=True):
            names = [(*names[pair >> 32], column.names[pair & 0xFFFFFFFF]) for pair in list(pairs)]
        return names

    def columns(self) -> list[tuple[list[str], Array]]:
        """The names that occur in each column, and which of them each slice has, by its id."""
        at = np.arange(len(self))
        found: list[tuple[list[str], Array]] = []
        for column, pairs in zip(reversed(self._columns), reversed(self._pairs), strict=True):
            known = np.array(pairs, np.int64)[at]
            found.insert(0, (column.names, known & 0xFFFFFFFF))
            at = known >> 32
        return found

    def hashes(self, columns: Sequence[str]) -> Array:
        """A hash of each slice, by its id: of the first of its texts with the names of their columns, in any order."""
        with self._lock:
            if len(self._hashes) < len(self):
                order = sorted(range(len(columns)), key=columns.__getitem__)
                new = (repr([(columns[at], name[at]) for at in order]) for name in self.names()[len(self._hashes) :])
                self._hashes = np.append(self._hashes, sha256_words(tuple(new)))
            return self._hashes

    def state(self) -> list[list[Any]]:
        """The names that occur in each column, an array of Arrow, and which of them each slice has, by its id."""
        return [[strings(names), at] for names, at in self.columns()]

    def named(self) -> NamedSlices:
        """The slices without what finds those of rows."""
        return NamedSlices(self.state())

    def restore(self, state: Sequence[Sequence[Any]]) -> Array:
        """The ids here of the slices that `state` was taken of; a ValueError where it was not, or one is there twice.

        New ones follow each other as they do there, so that an index without slices gets the ids of the other one.
        """
        if len(state) != len(self._columns):
            raise ValueError("the columns of slices")
        found, count = [], len(state[0][1]) if state else 1
        for column, (names, at) in zip(self._columns, state, strict=True):
            if at.dtype != np.int64 or at.shape != (count,) or at.min(initial=0) < 0:
                raise ValueError("a column of slices")
            if names.null_count or at.max(initial=-1) >= len(names):
                raise ValueError("a name of slices")
            numbers = column.numbers_of_names(names)
            if not _differ(numbers, len(column.names)):
                raise ValueError("a name is there twice")
            found.append(numbers[at])
        ids = self._ids_of(found, in_order=True) if found else np.zeros(1, np.int64)
        if not _differ(ids, len(self)):
            raise ValueError("a slice is there twice")
        return ids

    def _ids_by_table(self, entries: list[Array], cells: Array) -> Array:
        """The slice id of each row: that of the entry which its cell picks of these, a number a column.

        An entry that no row has is no slice.
        """
        slice_ids = self._known(entries).take(cells)
        if len(cells) and slice_ids.min() < 0:
            new = cells[slice_ids < 0]
            self._ids_of([numbers.take(new) for numbers in entries])
            slice_ids = self._known(entries).take(cells)
        return slice_ids

    def _known(self, columns: list[Array]) -> Array:
        """The slice ids of these numbers; -1 where there is none."""
        slice_ids = self._steps[0].find(columns[0])
        for numbers, step in zip(columns[1:], self._steps[1:], strict=True):
            slice_ids = step.find((slice_ids << 32) | numbers)  # of what is not known no key is known
        return slice_ids

    def _ids_of(self, columns: list[Array], *, in_order: bool = False) -> Array:
        slice_ids = np.zeros(len(columns[0]), np.int64)
        for numbers, step, known in zip(columns, self._steps, self._pairs, strict=True):
            keys = (slice_ids << 32) | numbers if step is not self._steps[0] else numbers
            slice_ids = step.find(keys)
            if len(slice_ids) and slice_ids.min() < 0:
                with self._lock:
                    new = _distinct(keys[slice_ids < 0], in_order=in_order)
                    new = new[step.find(new) < 0]  # another thread may have been first
                    first = len(known)
                    known.extend(new.tolist())  # before other threads find the ids: they count slices by these
                    step.learn(new, np.arange(first, first + len(new)))
                slice_ids = step.find(keys)
        return slice_ids


def _restored(columns: int, state: Sequence[Sequence[Any]]) -> SliceIndex:
    index = SliceIndex(columns)
    index.restore(state)
    return index


def _differ(numbers: Array, count: int) -> bool:
    """Whether each of some numbers from 0, which are below `count`, occurs once."""
    seen = np.zeros(count, bool)
    seen[numbers] = True
    return bool(np.count_nonzero(seen) == len(numbers))


def _distinct(keys: Array, *, in_order: bool) -> Array:
    """Each key once: in ascending order, which takes less time, or in the order of the first of each."""
    return keys[np.sort(first_places(keys))] if in_order else keys[first_places(keys)]


def _found(lookup: NumberLookup, lock: threading.Lock, cells: NDArray[Any], ids_of: Callable[[Any], Array]) -> Array:
    """The id of each number; `ids_of` new ones, each once, are learned."""
    patterns = cells.view(f"i{cells.dtype.itemsize}").astype(np.int64, copy=False)  # the bits of each number
    found = lookup.find(patterns)
    if len(found) and found.min() < 0:
        unknown = np.flatnonzero(found < 0)
        first = unknown[first_places(patterns[unknown])]
        ids, new = ids_of(cells[first]), patterns[first]
        with lock:
            still = lookup.find(new) < 0  # another thread may have been first
            lookup.learn(new[still], ids[still])
        found = lookup.find(patterns)
    return found


class _Column:
    """The names of one column, each with a number."""

    def __init__(self, lock: threading.Lock) -> None:
        from losscli.aggregate.text_lookup import TextLookup

        self._lock = lock
        self._numbers: dict[str, int] = {}
        self.names: list[str] = []
        self._found: dict[np.dtype[Any], NumberLookup] = {}  # numbers of each type -> names
        self._texts = TextLookup(lock)
        self._many: TextLookup | None = None  # names of states
        self._recent: tuple[tuple[Entries, Array], ...] = ()

    def numbers_of_names(self, names: Entries) -> Array:
        """The numbers of an Arrow array of names; of many, a table of their words takes less time than a dict."""
        if are_many_texts(names):
            from losscli.aggregate.text_lookup import TextLookup

            self._many = self._many or TextLookup(self._lock)
            if (found := self._many.numbers(names, self.numbers_of)) is not None:
                return found
        with self._lock:
            return self.numbers_of(spellings(names, np.arange(len(names))))

    def numbers_of(self, names: Sequence[str]) -> Array:
        """The numbers of names; called under the lock."""
        known = self._numbers
        new = dict.fromkeys(filterfalse(known.__contains__, names))
        known.update(zip(new, range(len(self.names), len(self.names) + len(new)), strict=True))
        self.names.extend(new)
        return np.array([*map(known.__getitem__, names)], np.int64)

    def _numbers_of(self, labels: Sequence[str | None]) -> Array:
        """The numbers of the names of these labels; called under the lock."""
        # Hardly any label looks like a mark, which one search tells.
        plain = None not in labels and "" not in labels and "(" not in "".join(labels)  # type: ignore[arg-type]
        names = labels if plain else [*map(name_of, labels)]
        return self.numbers_of(names)  # type: ignore[arg-type]

    def _numbers_of_texts(self, texts: list[str]) -> Array:
        """The numbers of the names of rows with these texts; called under the lock."""
        return self._numbers_of(canonical_labels(texts))

    def numbers(self, column: DictionaryColumn) -> Array:
        """The number of each row's name."""
        if column.entries is not None:
            return self.of_entries(column.entries).take(column.cells)
        lookup = self._found.setdefault(column.cells.dtype, NumberLookup())
        cells = column.cells if column.missing is None else column.cells[~column.missing]
        found = _found(lookup, self._lock, cells, self.of_numbers)
        if column.missing is None:
            return found
        with self._lock:
            all_rows = np.full(len(column.cells), self._numbers_of([None])[0])
        all_rows[~column.missing] = found
        return all_rows

    def of_numbers(self, cells: NDArray[Any]) -> Array:
        """The numbers of the names of these numbers, a text each."""
        texts = texts_of_numbers(cells)
        with self._lock:
            return self._numbers_of(texts)

    def of_entries(self, entries: Entries, remembered: bool = True) -> Array:
        """The number of each entry's name, and at the end that of null, which the index -1 picks."""
        for known, numbers in self._recent:
            if same_entries(known, entries):
                return numbers
        many = self._texts.numbers(entries, self._numbers_of_texts) if are_many_texts(entries) else None
        with self._lock:
            numbers = self._numbers_of(texts_of_entries(entries)) if many is None else many
            null = self._numbers_of([None])
            if many is not None and (missing := missing_cells(entries)) is not None:
                numbers[missing] = null
            numbers = np.append(numbers, null)
            if remembered:
                self._recent = ((entries, numbers), *self._recent[: _REMEMBERED - 1])
        return numbers
