"""Exact order statistics of numbers in bounded memory: distinct values with their counts, coarser where there are many.

A double is a whole number in the order of its value. Where more than `MOST` distinct ones occur, their last bits are
left off, so that a number becomes an interval; another pass over the data then looks into the intervals that matter. So
the result is exact, and the same in whatever order and parts the numbers come.

References
----------
Munro & Paterson 1980, Selection and sorting with limited storage, doi:10.1016/0304-3975(80)90061-4
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from losscli.contract.kinds import Array
from losscli.lazy import dataclass

MOST = 1 << 20
"""Distinct values that are held at most, and as many that wait to be counted."""

_SIGN = np.uint64(1 << 63)
_Keys: TypeAlias = NDArray[np.uint64]


@dataclass(frozen=True)
class Interval:
    """The keys from `low` to `high`, both included, and how many numbers are `below` them."""

    low: int = 0
    high: int = 2**64 - 1
    below: int = 0


@dataclass
class ValueCounts:
    """How often each number occurs, of those in some intervals; NaN is none of them.

    Attributes
    ----------
    within
        The intervals that are looked into, in ascending order.
    shift
        How many of their last bits the keys have lost.
    count
        How many numbers there are, in the intervals and elsewhere.
    """

    within: tuple[Interval, ...] = (Interval(),)
    most: int = MOST
    shift: int = 0
    count: int = 0
    _keys: _Keys = field(default_factory=lambda: np.zeros(0, np.uint64))
    _counts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    _waiting: list[_Keys] = field(default_factory=list)

    def update(self, values: Array) -> None:
        """Count these numbers."""
        keys = _keys_of(values[~np.isnan(values)])
        self.count += len(keys)
        if self.within != (Interval(),):
            low = np.array([one.low for one in self.within], np.uint64)
            high = np.array([one.high for one in self.within], np.uint64)
            at = np.searchsorted(low, keys, side="right") - 1
            keys = keys[(at >= 0) & (keys <= high[at])]
        self._waiting.append(keys)
        if sum(map(len, self._waiting)) > self.most:
            self._settle()

    def merge(self, other: ValueCounts) -> None:
        """Count what `other` has counted."""
        self._settle()
        other._settle()
        self.count += other.count
        shift = max(self.shift, other.shift)
        own = (self._keys >> np.uint64(shift - self.shift), self._counts)
        theirs = (other._keys >> np.uint64(shift - other.shift), other._counts)
        self.shift = shift
        self._hold(np.concatenate([own[0], theirs[0]]), np.concatenate([own[1], theirs[1]]))

    def find(self, ranks: Sequence[int]) -> list[float | Interval]:
        """The numbers at these places in ascending order, from 0; for each that is not known yet, the interval."""
        self._settle()
        found: list[float | Interval] = []
        before = np.concatenate([[0], np.cumsum(self._counts)])
        first = np.searchsorted(self._keys << np.uint64(self.shift), [np.uint64(one.low) for one in self.within])
        # Numbers below a key: those counted here in its interval, and those below the interval.
        for rank in ranks:
            at = max(i for i, one in enumerate(self.within) if one.below <= rank)
            here = int(before[int(first[at])]) + rank - self.within[at].below
            place = int(np.searchsorted(before, here, side="right")) - 1
            key = int(self._keys[place])
            below = self.within[at].below + int(before[place]) - int(before[int(first[at])])
            low, high = key << self.shift, ((key + 1) << self.shift) - 1
            found.append(_number(key) if not self.shift else Interval(low, high, below))
        return found

    def cells(self) -> tuple[Array, Array, NDArray[np.int64]]:
        """The distinct numbers in ascending order, or the ends of the intervals that they became, and their counts."""
        self._settle()
        low = self._keys << np.uint64(self.shift)
        return _numbers(low), _numbers(low | np.uint64((1 << self.shift) - 1)), self._counts

    def _settle(self) -> None:
        """Count the numbers that wait."""
        if not self._waiting:
            return
        waiting = np.concatenate(self._waiting) >> np.uint64(self.shift)
        self._waiting = []
        keys = np.concatenate([self._keys, waiting])
        self._hold(keys, np.concatenate([self._counts, np.ones(len(waiting), np.int64)]))

    def _hold(self, keys: _Keys, counts: NDArray[np.int64]) -> None:
        """Hold these keys, each once, and without their last bits where they are too many."""
        order = np.argsort(keys, kind="stable")
        keys, counts = _summed(keys[order], counts[order])
        while len(keys) > self.most:
            self.shift += 1
            keys, counts = _summed(keys >> np.uint64(1), counts)
        self._keys, self._counts = keys, counts


def _summed(keys: _Keys, counts: NDArray[np.int64]) -> tuple[_Keys, NDArray[np.int64]]:
    """Ascending keys, each once, with the sum of its counts."""
    if not len(keys):
        return keys, counts
    starts = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
    return keys[starts], np.add.reduceat(counts, starts)


def _keys_of(values: Array) -> _Keys:
    """Whole numbers in the order of these doubles; those of 0 and -0 are equal."""
    bits = (values + 0.0).view(np.uint64)
    return np.where(bits & _SIGN, ~bits, bits | _SIGN)


def _numbers(keys: _Keys) -> Array:
    """The doubles of some keys."""
    return np.where(keys & _SIGN, keys ^ _SIGN, ~keys).view(np.float64)


def _number(key: int) -> float:
    """The double of a key."""
    bits = key ^ (1 << 63) if key >> 63 else key ^ (2**64 - 1)
    return float(np.uint64(bits).view(np.float64))
