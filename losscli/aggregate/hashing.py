"""64-bit hashes of texts and rows, and a fingerprint of rows that does not depend on their order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from losscli.binding.encoded_labels import EncodedLabels
from losscli.contract.kinds import Array

_CACHED = 1 << 14  # rows that are hashed at once: longer arrays are new memory each time, and miss the cache


class Fingerprint:
    """A hash of a collection of values that does not depend on their order."""

    SEEDS = (0x9E3779B97F4A7C15, 0xD1B54A32D192ED03, 0x8CB92BA72F3D8DD7, 0xAAAAAAAAAAAAAAAB)

    def __init__(self) -> None:
        self.count = 0
        self.lanes = [0] * len(self.SEEDS)

    def update(self, words: Array) -> None:
        """Add one entry a row; `words` are 64-bit patterns, one row or several a value."""
        rows = words.reshape(len(words), -1).view(np.uint64)
        self.count += len(rows)
        for start in range(0, len(rows), _CACHED):
            columns = rows[start : start + _CACHED].T
            for lane, seed in enumerate(self.SEEDS):
                mixed = combined_hash(columns, columns.shape[1], seed)
                self.lanes[lane] = (self.lanes[lane] + int(mixed.sum(dtype=np.uint64))) % (1 << 64)

    def merge(self, other: Fingerprint) -> None:
        """Add the rows of another fingerprint; the order of merges makes no difference."""
        self.count += other.count
        self.lanes = [(a + b) % (1 << 64) for a, b in zip(self.lanes, other.lanes, strict=True)]

    def state(self) -> dict[str, Any]:
        """The hash so far, as plain values."""
        return {"count": self.count, "lanes": [f"{lane:016x}" for lane in self.lanes]}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Fingerprint:
        """The fingerprint that `state` was taken of."""
        found = cls()
        found.count, found.lanes = int(state["count"]), [int(lane, 16) for lane in state["lanes"]]
        return found

    def hexdigest(self) -> str:
        """The SHA-256 of the count and the hash of all rows so far, as 64 hexadecimal digits."""
        import hashlib  # here, as it loads OpenSSL

        text = ":".join(map(str, [self.count, *self.lanes]))
        return hashlib.sha256(text.encode()).hexdigest()


def splitmix64(x: Array) -> Array:
    """The finaliser of splitmix64 (Steele, Lea & Flood 2014): every bit of the input changes every bit out."""
    x = x + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: Array = x ^ (x >> np.uint64(31))
    return mixed


def combined_hash(columns: Iterable[Array], rows: int, seed: int = 0) -> Array:
    """One hash a row, of the hashes that it has in several columns."""
    combined = np.full(rows, seed, np.uint64)
    for column in columns:
        combined = splitmix64(combined ^ column)
    return combined


# Texts are hashed in two ways, and neither can take the place of the other. Fingerprints stand in reports, and draws
# depend on the hashes of slices and keys, so `sha256_words` must stay what it is; and it must be hard to find two texts
# with the same hash. The index of a baseline's keys (`baselines.key_index.fnv1a_words`) hashes millions of texts, which
# needs a hash that NumPy computes column by column; its values are not kept, and equal hashes are compared as texts.
def sha256_words(texts: tuple[str, ...]) -> Array:
    """One 64-bit hash a text: the first 8 bytes of its SHA-256."""
    import hashlib

    digests = b"".join(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8] for text in texts)
    return np.frombuffer(digests, np.uint64)


def label_hashes(labels: EncodedLabels) -> Array:
    """The hash of each row's label (`sha256_words`); 0 where it is missing."""
    return np.append(sha256_words(labels.names), np.uint64(0))[labels.codes]
