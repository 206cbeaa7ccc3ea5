"""Whole numbers of 64 bits -> ids: a table of the small, a hash table of others; NumPy looks up many at once."""

from __future__ import annotations

import numpy as np

from losscli.contract.kinds import Array

_DENSE = 1 << 22  # numbers below this are looked up in a table of their own, others by a hash
_SPREAD = np.uint64(0x9E3779B97F4A7C15)


class NumberLookup:
    """Whole numbers -> their ids. Reading is safe while another thread learns, which holds the lock."""

    def __init__(self) -> None:
        self._dense: Array | None = np.full(1024, -1)
        self._hashed = (np.zeros(2048, np.int64), np.full(2048, -1))
        self._count = 0

    def find(self, keys: Array) -> Array:
        """The id of each key; -1 for one that is not known."""
        if (dense := self._dense) is None:
            return _probe(*self._hashed, keys)
        if not len(keys) or (keys.min() >= 0 and keys.max() < len(dense)):
            return dense.take(keys)
        inside = (keys >= 0) & (keys < len(dense))
        found = np.full(len(keys), -1)
        found[inside] = dense[keys[inside]]
        return found

    def learn(self, keys: Array, numbers: Array) -> None:
        """Add keys, each once and none known."""
        if not len(keys):
            return
        if (dense := self._dense) is not None:
            if keys.min() >= 0 and (top := int(keys.max())) < _DENSE:
                if top >= len(dense):
                    dense = np.append(dense, np.full(max(len(dense), top + 1 - len(dense)), -1))
                dense[keys] = numbers
                self._dense = dense
                return
            known = np.flatnonzero(dense >= 0)
            keys, numbers = np.append(known, keys), np.append(dense[known], numbers)
        table = self._hashed
        self._count += len(keys)
        if 2 * self._count > len(table[0]):
            held = np.flatnonzero(table[1] >= 0)
            keys, numbers = np.append(table[0][held], keys), np.append(table[1][held], numbers)
            size = 1 << (4 * self._count).bit_length()
            table = np.zeros(size, np.int64), np.full(size, -1)
        _insert(*table, keys, numbers)
        self._hashed, self._dense = table, None


def first_places(keys: Array) -> Array:
    """Where each key occurs first, in ascending order of the keys: `numpy.unique` imports masked arrays."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    first = np.ones(len(keys), bool)
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    found: Array = order[first]
    return found


def slots_of(keys: Array, size: int) -> Array:
    """Where to look for each key first: the high bits of a product depend on all of its bits."""
    return ((keys.view(np.uint64) * _SPREAD) >> np.uint64(64 - (size.bit_length() - 1))).view(np.int64)


def _probe(held: Array, numbers: Array, keys: Array) -> Array:
    slots = slots_of(np.ascontiguousarray(keys), len(held))
    # A number is written after its key, so it is read before it: where there is one, the key is the right one.
    found = numbers[slots]
    others = np.flatnonzero((held[slots] != keys) & (found >= 0))
    while len(others):
        slots[others] = at = (slots[others] + 1) & (len(held) - 1)
        found[others] = there = numbers[at]
        others = others[(held[at] != keys[others]) & (there >= 0)]
    return found


def _insert(held: Array, numbers: Array, keys: Array, given: Array) -> None:
    slots = slots_of(np.ascontiguousarray(keys), len(held))
    while len(keys):
        free = numbers[slots] < 0
        held[slots[free]] = keys[free]
        won = free & (held[slots] == keys)  # of those that meet in a slot, one stays
        numbers[slots[won]] = given[won]
        keys, given, slots = keys[~won], given[~won], (slots[~won] + 1) & (len(held) - 1)
