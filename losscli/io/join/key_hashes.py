"""Hashes of keys, and whether texts are the same: on the bytes of whole columns, without an object for a text.

A hash only says where a key may be. Whether it is there is decided by its bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from losscli.io.arrow.buffers import Mask
from losscli.io.arrow.build import present, validity
from losscli.lazy import dataclass

Hashes: TypeAlias = npt.NDArray[np.uint64]
Places: TypeAlias = npt.NDArray[np.int64]

_WORD = 8
_LONGEST = 256  # bytes of the texts that are hashed word by word
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_LAST_FACTOR = np.uint64(0xBF58476D1CE4E5B9)
_CACHED = 1 << 14  # texts that are hashed together, so that the steps on the way stay in the cache


@dataclass(frozen=True)
class TextBytes:
    """The bytes of a column of large strings: where each text begins, and where the last one ends."""

    ends: Places
    data: npt.NDArray[np.uint8]

    @classmethod
    def of(cls, column: pa.Array) -> TextBytes:
        """The bytes of a column, over the same memory."""
        _, offsets, data = column.buffers()
        ends = np.zeros(1, np.int64)
        if len(column):
            ends = np.frombuffer(offsets, np.int64, len(column) + 1, column.offset * _WORD)
        return cls(ends, np.frombuffer(data, np.uint8) if data else np.zeros(0, np.uint8))

    def __getstate__(self) -> dict[str, Any]:
        """Its own bytes, of a column that may be a slice of another, without what is computed of them."""
        first, last = int(self.ends[0]), int(self.ends[-1])
        return {"ends": self.ends - first if first else self.ends, "data": self.data[first:last]}

    def array(self) -> pa.Array:
        """The texts as a column, over the same memory."""
        buffers = [None, pa.py_buffer(np.ascontiguousarray(self.ends)), pa.py_buffer(self.data)]
        return pa.Array.from_buffers(pa.large_string(), len(self.ends) - 1, buffers)

    @property
    def lengths(self) -> Places:
        """The bytes of each text."""
        return np.diff(self.ends)

    @cached_property
    def one_length(self) -> int | None:
        """The length of all texts; None if they have several, or there are none."""
        if len(self.ends) < 2:
            return None
        length, texts = int(self.ends[1] - self.ends[0]), len(self.ends) - 1
        for first in range(0, texts, _CACHED):  # piece by piece, as all lengths would be as much memory as all ends
            if (np.diff(self.ends[first : first + _CACHED + 1]) != length).any():
                return None
        return length

    def lengths_of(self, rows: Places) -> Places:
        """The lengths of the texts of these rows."""
        return self.ends[rows + 1] - self.ends[rows]

    def starts_of(self, rows: Places) -> Places:
        """Where the texts of these rows begin."""
        if self.one_length is not None:  # computed, as to look them up is a way through all of memory
            return rows * self.one_length + int(self.ends[0])
        found: Places = self.ends[rows]
        return found

    def pieces(self, starts: Places, length: int) -> npt.NDArray[Any]:
        """The `length` bytes from each of these places on, as one item each."""
        kind = np.dtype(f"V{length}")
        every = np.ndarray((len(self.data) - length + 1,), kind, self.data, strides=(1,))
        return np.asarray(every[starts])


def fast_hashes(columns: Sequence[pa.Array]) -> Hashes:
    """A hash of the key of each row, by whole words; a null is hashed as some text."""
    return _combined(columns, _word_hashes)


def safe_hashes(columns: Sequence[pa.Array]) -> Hashes:
    """A hash of the key of each row by Python's, for which nobody can write keys that all have one hash."""
    return _combined(columns, lambda texts: _python_hashes(texts, np.arange(len(texts.ends) - 1)))


def _combined(columns: Sequence[pa.Array], hashes_of: Callable[[TextBytes], Hashes]) -> Hashes:
    found = hashes_of(TextBytes.of(columns[0]))
    for column in columns[1:]:
        found = _finished(found * _FACTOR ^ hashes_of(TextBytes.of(column)))
    return found


def _finished(mixed: Hashes) -> Hashes:
    """Numbers whose low bits depend on all bits."""
    mixed = (mixed ^ (mixed >> np.uint64(32))) * _LAST_FACTOR
    return mixed ^ (mixed >> np.uint64(29))


def _word_hashes(texts: TextBytes) -> Hashes:
    starts, lengths = texts.ends[:-1], texts.lengths
    hashes = np.empty(len(starts), np.uint64)
    if len(texts.data) < _WORD:  # a word would not fit in it
        texts = TextBytes(texts.ends, np.append(texts.data, np.zeros(_WORD, np.uint8)))
    words = np.ndarray((len(texts.data) - _WORD + 1,), "<u8", texts.data, strides=(1,))
    for first in range(0, len(starts), _CACHED):
        some = slice(first, first + _CACHED)
        hashes[some] = _hashes(words, starts[some], lengths[some])
    long = np.flatnonzero(lengths > _LONGEST)
    if len(long):
        hashes[long] = _python_hashes(texts, long)
    return hashes


def _hashes(words: npt.NDArray[np.uint64], starts: Places, lengths: Places) -> Hashes:
    """The hashes of a few texts; `words` are the eight bytes from each byte on.

    The words of a text are those at its bytes 0, 8, 16, … while more than eight bytes are left, and its last eight.
    """
    hashes = lengths.astype(np.uint64) * _LAST_FACTOR
    at, shortest = 0, int(lengths.min())
    while shortest - at > _WORD and at < _LONGEST:
        hashes = _mixed(hashes, words[starts + at])
        at += _WORD
    left = np.flatnonzero((lengths - at > _WORD) & (lengths <= _LONGEST))
    while len(left):
        hashes[left] = _mixed(hashes[left], words[starts[left] + at])
        at += _WORD
        left = left[lengths[left] - at > _WORD]
    return _finished(_mixed(hashes, _last_words(words, starts, lengths)))


def _last_words(words: npt.NDArray[np.uint64], starts: Places, lengths: Places) -> Hashes:
    """The last eight bytes of each text; of a shorter one, all of its bytes and zeros."""
    at = starts + lengths - _WORD
    short = np.flatnonzero(lengths < _WORD)
    if not len(short):
        return np.asarray(words[at], np.uint64)
    at = np.maximum(at, 0)
    found = np.asarray(words[at], np.uint64)
    before = np.minimum((starts[short] - at[short]) * _WORD, 63).astype(np.uint64)
    kept = (np.uint64(1) << (lengths[short] * _WORD).astype(np.uint64)) - np.uint64(1)
    found[short] = (found[short] >> before) & kept
    return found


def _mixed(hashes: Hashes, word: Hashes) -> Hashes:
    mixed = (hashes ^ word) * _FACTOR
    mixed ^= mixed >> np.uint64(29)
    return mixed


def _python_hashes(texts: TextBytes, rows: Places) -> Hashes:
    """The hashes of the texts of these rows by Python's own function, which is seeded at random."""
    ends, data = texts.ends, texts.data
    starts, stops = ends[rows].tolist(), ends[rows + 1].tolist()
    found = [hash(data[start:stop].tobytes()) for start, stop in zip(starts, stops, strict=True)]
    return _finished(np.array(found, np.int64).view(np.uint64))


def same_texts(known: TextBytes, rows: Places, asked: TextBytes, at: Places) -> Mask:
    """Whether the text of each of `rows` is that of the row in `at`, byte by byte."""
    if not len(rows):
        return np.zeros(0, np.bool_)
    if (length := known.one_length) is not None and length == asked.one_length:
        return _same_pieces(known, rows, asked, at, length)
    lengths = known.lengths_of(rows)
    same = np.asarray(lengths == asked.lengths_of(at))
    some = np.flatnonzero(same)
    some = some[np.argsort(lengths[some], kind="stable")]
    ascending = lengths[some]
    for group in np.split(some, np.flatnonzero(np.diff(ascending)) + 1) if len(some) else ():
        same[group] = _same_pieces(known, rows[group], asked, at[group], int(lengths[group[0]]))
    return same


def _same_pieces(known: TextBytes, rows: Places, asked: TextBytes, at: Places, length: int) -> Mask:
    if not length:
        return np.ones(len(rows), np.bool_)
    ours = known.pieces(known.starts_of(rows), length).view(np.uint8)
    theirs = asked.pieces(asked.starts_of(at), length).view(np.uint8)
    if np.array_equal(ours, theirs):  # nearly always, as their hashes are the same
        return np.ones(len(rows), np.bool_)
    return np.asarray((ours == theirs).reshape(-1, length).all(axis=1))


class GrowingTexts:
    """A column of texts that grows: their bytes are moved as a whole by the system, and never there twice."""

    def __init__(self) -> None:
        self._data, self._ends = bytearray(), bytearray(_WORD)
        self._present: list[Mask] = []
        self._nulls = self._count = 0

    def add(self, column: pa.Array) -> None:
        """Append the texts of a column of large strings."""
        texts = TextBytes.of(column)
        first, last = int(texts.ends[0]), int(texts.ends[-1])
        self._ends += (texts.ends[1:] + (len(self._data) - first)).tobytes()
        self._data += texts.data[first:last].tobytes()
        self._present.append(present(column))
        self._nulls += column.null_count
        self._count += len(column)

    def array(self) -> pa.Array:
        """All texts; no more may be added."""
        valid = validity(np.concatenate(self._present)) if self._nulls else None
        buffers = [valid, pa.py_buffer(self._ends), pa.py_buffer(self._data)]
        return pa.Array.from_buffers(pa.large_string(), self._count, buffers)


def filled(columns: Sequence[pa.Array]) -> Mask | None:
    """The rows whose key columns are all present; None if these are all rows."""
    flags = [present(column) for column in columns if column.null_count]
    return np.logical_and.reduce(flags) if flags else None
