"""An index of rows by their keys: sorted 64-bit hashes, for millions of keys that are looked up batch by batch.

Keys with equal hashes are compared as text, so a collision never finds a wrong row.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from losscli.aggregate.hashing import combined_hash
from losscli.binding.encoded_labels import EncodedLabels
from losscli.contract.kinds import Array
from losscli.io.arrow.build import from_numpy, strings
from losscli.lazy import dataclass

_PRIME = np.uint64(0x100000001B3)
_LONGEST = 64  # bytes of a text that is hashed byte column by byte column; longer texts are hashed one by one
_AT_ONCE = 1 << 20  # texts

Words = NDArray[np.uint64]


class DuplicateKey(Exception):
    """The row at `index` has the keys of an earlier one."""

    def __init__(self, index: int) -> None:
        super().__init__(index)
        self.index = index


@dataclass(frozen=True)
class KeyIndex:
    """The rows by the 64-bit hash words of their keys; rows whose word another key shares are found by their texts."""

    texts: tuple[pa.Array, ...]
    words: Words
    rows: NDArray[np.int32] | NDArray[np.int64]
    collisions: Mapping[tuple[str, ...], int]
    collision_words: Words

    @classmethod
    def of(cls, texts: Sequence[pa.Array]) -> KeyIndex:
        """Index key columns of large strings without nulls; raises `DuplicateKey` if two rows have the same keys."""
        words = combined_hash(map(fnv1a_words, texts), len(texts[0]))
        order = np.argsort(words, kind="stable")
        words = words[order]
        equal = np.flatnonzero(words[1:] == words[:-1])
        collision_words = np.unique(words[equal])
        collisions: dict[tuple[str, ...], int] = {}
        # kind="sort", because the lookup table of older NumPy overflows if words are close together.
        for row in (
            np.sort(order[np.isin(words, collision_words, kind="sort")]).tolist() if len(collision_words) else ()
        ):
            key = tuple(column[row].as_py() for column in texts)
            if collisions.setdefault(key, row) != row:
                raise DuplicateKey(row)
        return cls(
            tuple(texts), words, order.astype(np.int32) if len(order) < 2**31 else order, collisions, collision_words
        )

    def find(self, keys: Sequence[EncodedLabels]) -> Array:
        """The row of each of these keys; -1 if no row has it."""
        names = [_large(key.names) for key in keys]
        codes = [np.asarray(key.codes, np.int64) for key in keys]
        # The last word stands for a missing text, which no row of the index has.
        columns = [np.append(fnv1a_words(n), np.uint64(0))[c] for n, c in zip(names, codes, strict=True)]
        words = combined_hash(columns, len(columns[0]))
        found = np.full(len(words), -1, np.int64)
        at = np.minimum(np.searchsorted(self.words, words), len(self.words) - 1)
        hit = (self.words[at] == words) & np.logical_and.reduce([c >= 0 for c in codes])
        found[hit] = self.rows[at[hit]]
        if self.collisions:
            for row in np.flatnonzero(hit & np.isin(words, self.collision_words, kind="sort")).tolist():
                key = tuple(key.names[int(c[row])] for key, c in zip(keys, codes, strict=True))
                found[row] = self.collisions.get(key, -1)
        for column, known, code in zip(self.texts, names, codes, strict=True):
            candidates = np.flatnonzero(found >= 0)
            stored, asked = column.take(from_numpy(found[candidates])), known.take(from_numpy(code[candidates]))
            if not stored.equals(asked):
                pairs = zip(stored.to_pylist(), asked.to_pylist(), strict=True)
                found[candidates[[text != other for text, other in pairs]]] = -1
        return found


def _large(names: Sequence[str]) -> pa.Array:
    return strings(names).cast(pa.large_string())


def fnv1a_words(texts: pa.Array) -> Words:
    """64 bits a text (FNV-1a of its bytes, one column of bytes after the other), of an array of large strings.

    Not `aggregate.hashing.sha256_words`: that one hashes texts one by one, which takes too long for millions of keys.
    """
    chunks = [_fnv1a_chunk(texts.slice(start, _AT_ONCE)) for start in range(0, len(texts), _AT_ONCE)]
    return np.concatenate(chunks) if chunks else np.zeros(0, np.uint64)


def _fnv1a_chunk(texts: pa.Array) -> Words:
    _, offsets, buffer = texts.buffers()
    ends = np.frombuffer(offsets, np.int64, len(texts) + 1, texts.offset * 8)
    data = np.frombuffer(buffer if buffer is not None else b"", np.uint8)
    starts, lengths = ends[:-1], np.diff(ends)
    words = np.full(len(texts), 0xCBF29CE484222325, np.uint64) ^ lengths.astype(np.uint64)
    left = np.flatnonzero(lengths <= _LONGEST)
    for byte in range(int(lengths[left].max(initial=0))):
        left = left[lengths[left] > byte]
        words[left] = (words[left] ^ data[starts[left] + byte]) * _PRIME
    for row in np.flatnonzero(lengths > _LONGEST).tolist():
        digest = hashlib.sha256(data[starts[row] : ends[row + 1]].tobytes()).digest()
        words[row] = int.from_bytes(digest[:8], "little")
    return words
