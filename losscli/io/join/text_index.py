"""The places of texts among the texts of a key column: of many by 64-bit hashes in NumPy, of few by Arrow's table.

Sorting hashes and looking texts up in them takes two thirds of the time of Arrow's tables of texts. A hash only says
where a text may be: each is compared with the one there, so that no collision counts.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from losscli.io.arrow.build import from_numpy, unpack
from losscli.lazy_dataclass import dataclass

KeyIds: TypeAlias = npt.NDArray[np.int64]
_Hashes: TypeAlias = npt.NDArray[np.uint64]

NOT_FOUND = -1
MANY = 1 << 15
"""From so many texts on, hashes are faster."""

_LONGEST = 64  # bytes of the texts that are hashed
_WORD = 8
_CACHED = 1 << 14  # texts that are hashed together, so that the steps on the way stay in the cache
_FACTOR = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class TextIndex:
    """Distinct texts and, of many, their hashes in ascending order with the place of each."""

    known: pa.Array
    hashes: _Hashes | None = None
    places: KeyIds | None = None

    @classmethod
    def of(cls, column: pa.Array) -> tuple[TextIndex, KeyIds]:
        """The index of a column without nulls, and the place of each of its texts: that of the first equal one."""
        hashes = text_hashes(column) if len(column) >= MANY else None
        if hashes is not None:
            order = np.argsort(hashes)
            ascending = hashes[order]
            if (ascending[1:] != ascending[:-1]).all():  # else some are equal, or nearly never collide
                return cls(column, ascending, order), np.arange(len(column))
        known = column.unique()
        found = cls(known)
        # Often these are all of them.
        return found, np.arange(len(known)) if len(known) == len(column) else found.find(column)

    def find(self, column: pa.Array) -> KeyIds:
        """The place of each text; -1 if it is not known, or null."""
        if self.hashes is None or self.places is None or (hashes := text_hashes(column)) is None:
            return _index_in(column, self.known)
        order = np.argsort(hashes)  # so that the search goes through memory once
        at = np.minimum(np.searchsorted(self.hashes, hashes[order]), len(self.hashes) - 1)
        places = np.empty(len(hashes), np.int64)
        places[order] = np.where(self.hashes[at] == hashes[order], self.places[at], NOT_FOUND)
        candidates = self.known.take(from_numpy(np.maximum(places, 0)))
        import pyarrow.compute as pc

        equal = pc.equal(candidates, column)
        _, values = equal.buffers()
        same = unpack(values, equal.offset, len(equal)) & unpack(equal.buffers()[0], equal.offset, len(equal))
        return np.where(same, places, NOT_FOUND)

    def __len__(self) -> int:
        return len(self.known)


def text_hashes(column: pa.Array) -> _Hashes | None:
    """A hash of the bytes of each text; None where there are none, or one is long."""
    if not pa.types.is_large_string(column.type) or not len(column):
        return None
    _, offsets, data = column.buffers()
    ends = np.frombuffer(offsets, np.int64, len(column) + 1, column.offset * _WORD)
    lengths = np.diff(ends)
    longest = int(lengths.max())
    if data is None or not 0 < longest <= _LONGEST:
        return None
    text = np.zeros(int(ends[-1] - ends[0]) + _WORD, np.uint8)
    text[:-_WORD] = np.frombuffer(data, np.uint8)[ends[0] : ends[-1]]
    words = np.lib.stride_tricks.sliding_window_view(text, _WORD)
    starts, hashes = ends[:-1] - ends[0], np.empty(len(column), np.uint64)
    for first in range(0, len(column), _CACHED):
        some = slice(first, first + _CACHED)
        hashes[some] = _hashes(words, starts[some], lengths[some])
    return hashes


def _hashes(words: npt.NDArray[np.uint8], starts: KeyIds, lengths: KeyIds) -> _Hashes:
    """The hashes of a few texts; `words` are the eight bytes from each byte on."""
    last, hashes = len(words) - 1, lengths.astype(np.uint64)
    for at in range(0, int(lengths.max()), _WORD):
        word = np.ascontiguousarray(words[np.minimum(starts + at, last)]).view(np.uint64).ravel()
        left = lengths - at
        if (left < _WORD).any():  # bytes behind the end of a text are those of others
            bits = np.clip(left, 0, _WORD - 1).astype(np.uint64) * np.uint64(_WORD)
            word = np.where(left >= _WORD, word, word & ((np.uint64(1) << bits) - np.uint64(1)))
        mixed = (hashes ^ word) * _FACTOR
        mixed ^= mixed >> np.uint64(29)
        # The hash of a text must not depend on how long others are.
        hashes = mixed if (left > 0).all() else np.where(left > 0, mixed, hashes)
    return hashes


def _index_in(texts: pa.Array, known: pa.Array) -> KeyIds:
    """The place of each text among distinct ones, by a table of Arrow's."""
    import pyarrow.compute as pc

    found = pc.index_in(texts, value_set=known)
    if not len(found):
        return np.empty(0, np.int64)
    buffers = found.buffers()
    places = np.frombuffer(buffers[1], np.int32)[found.offset : found.offset + len(found)].astype(np.int64)
    places[~unpack(buffers[0], found.offset, len(found))] = NOT_FOUND
    return places
