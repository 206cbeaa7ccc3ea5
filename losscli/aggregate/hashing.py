"""Hashes that do not depend on the order of rows."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from losscli.contract.kinds import Array


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
        for lane, seed in enumerate(self.SEEDS):
            mixed = np.full(len(rows), seed, np.uint64)
            for column in range(rows.shape[1]):
                mixed = scramble(mixed ^ rows[:, column])
            self.lanes[lane] = (self.lanes[lane] + int(mixed.sum(dtype=np.uint64))) % (1 << 64)

    def merge(self, other: Fingerprint) -> None:
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
        text = ":".join(map(str, [self.count, *self.lanes]))
        return hashlib.sha256(text.encode()).hexdigest()


def scramble(x: Array) -> Array:
    """The finaliser of splitmix64 (Steele, Lea & Flood 2014): every bit of the input moves every bit out."""
    x = x + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: Array = x ^ (x >> np.uint64(31))
    return mixed


def text_words(names: tuple[str, ...]) -> Array:
    """One 64-bit pattern a text, for fingerprints."""
    digests = b"".join(hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()[:8] for name in names)
    return np.frombuffer(digests, np.uint64)
