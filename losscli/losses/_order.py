"""Exact arithmetic on rows in order: sums of products of whole numbers, weights below and above a value, ranks.

Tables may have many millions of rows, so that arrays are computed in pieces where they would be held for a moment only.
Pieces are of distinct values in ascending order, which are the same however rows were cut.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from losscli.contract.kinds import Array
from losscli.contract.table_scope import SMALL, is_plain

PIECE = 1 << 18
"""Rows that are computed with at once."""

_SUMMED = 1 << 12  # values that are added up before sums are exact
_BITS = SMALL.bit_length() - 1
_LOW = np.int64(SMALL - 1)


def pieces(count: int) -> Iterator[slice]:
    """Slices of so many rows."""
    return (slice(start, min(start + PIECE, count)) for start in range(0, count, PIECE))


def dot(weights: Array, values: Array) -> int:
    """The sum of weights times values, exactly; int64 weights add up to less than `SMALL`, values are below 2**62."""
    if weights.dtype == object or values.dtype == object:
        return int(np.dot(weights.astype(object), values.astype(object))) if len(weights) else 0
    high = int(np.dot(weights, values >> _BITS))
    return (high << _BITS) + int(np.dot(weights, values & _LOW))


class Group(NamedTuple):
    """Some distinct values in ascending order, the weight of each, and the weight of all values before it."""

    values: Array
    weights: Array
    before: Array


class Distinct:
    """Distinct values in ascending order, with their weights."""

    def __init__(self, values: Array, upto: Array | None) -> None:
        # upto[i] is the weight of the values before i; None: i, as each value occurs once.
        self.values, self.upto = values, upto
        self.total = len(values) if upto is None else int(upto[-1])

    def below(self, values: Array) -> Array:
        """The weight of what is below each of these values."""
        return self._upto(np.searchsorted(self.values, values, side="left"))

    def up_to(self, values: Array) -> Array:
        """The weight of what is below each of these values, or equal to it."""
        return self._upto(np.searchsorted(self.values, values, side="right"))

    def _upto(self, places: Array) -> Array:
        return places if self.upto is None else self.upto[places]

    def groups(self) -> Iterator[Group]:
        """All values, in pieces."""
        for piece in pieces(len(self.values)):
            upto = self._upto(np.arange(piece.start, piece.stop + 1))
            yield Group(self.values[piece], upto[1:] - upto[:-1], upto[:-1])


def distinct(values: Array, weights: Array) -> Distinct:
    """The distinct values with their weights."""
    if is_plain(weights):
        values = np.sort(values)
        new = changes(values)
        if new.all():
            return Distinct(values, None)
        starts = np.flatnonzero(new)
        return Distinct(values[starts], np.append(starts, len(values)))
    order = np.argsort(values, kind="stable")
    values = values[order]
    starts = np.flatnonzero(changes(values))
    sums = np.add.reduceat(weights[order], starts) if len(starts) else weights[:0]
    return Distinct(values[starts], np.concatenate([np.zeros(1, sums.dtype), np.cumsum(sums)]))


def changes(values: Array) -> Array:
    """Which of sorted values are other than the one before; the first is."""
    new = np.ones(len(values), bool)
    np.not_equal(values[1:], values[:-1], out=new[1:])
    return new


def dense_ranks(values: Array) -> Array:
    """For each row, which of the distinct values it has, from 0 on, as int32 where they fit."""
    order = np.argsort(values, kind="stable")
    ranks = np.empty(len(values), np.int32 if len(values) < SMALL else np.int64)
    rank, last = -1, values[:0]
    for piece in pieces(len(values)):
        ordered = values[order[piece]]
        new = np.concatenate([[not len(last) or bool(ordered[0] != last[0])], ordered[1:] != ordered[:-1]])
        found = rank + np.cumsum(new)
        ranks[order[piece]] = found
        rank, last = int(found[-1]), ordered[-1:]
    return ranks


def sums_by(ranks: Array, weights: Array) -> Array:
    """The weight of the rows of each rank, from 0 on."""
    if is_plain(weights):
        return np.bincount(ranks)
    if weights.dtype == object:
        found = np.zeros(int(ranks.max(initial=-1)) + 1, object)
        np.add.at(found, ranks, weights)
        return found
    return np.bincount(ranks, weights).astype(np.int64)  # exact: the sums are below 2**53


class Places(NamedTuple):
    """For each rank, the weight below it, less that above it: twice its place from the middle."""

    ranks: Array
    of_rank: Array
    square: int  # the sum over rows of weight times the square of the place


def places(values: Array, weights: Array) -> Places:
    """The places of rows in the order of their values; equal values share theirs."""
    ranks = dense_ranks(values)
    sums = sums_by(ranks, weights)
    upto = np.cumsum(sums)
    found = upto + upto - sums - (upto[-1] if len(upto) else 0)
    square = sum(dot(sums[piece], found[piece] * found[piece]) for piece in pieces(len(found)))
    return Places(ranks, found if found.dtype == object else _narrow(found), square)


def _narrow(values: Array) -> Array:
    """Whole numbers of sizes below 2**31 as int32."""
    return values.astype(np.int32)


def product(one: Places, other: Places, weights: Array) -> int:
    """The sum over rows of weight times the places in two orders."""
    found = 0
    for piece in pieces(len(one.ranks)):
        first, second = (each.of_rank[each.ranks[piece]] for each in (one, other))
        first = first if first.dtype == object else first.astype(np.int64)
        found += dot(weights[piece], first * second)
    return found


class Sum:
    """A sum of weights times values of at least 0: its pieces are rounded, and their order is always the same."""

    def __init__(self) -> None:
        self._exact = Fraction(0)
        self._pieces: list[float] = []

    def add(self, weights: Array, values: Array) -> None:
        """Add some, the next in order."""
        if weights.dtype == object or values.dtype == object:
            each = zip(weights.tolist(), values.tolist(), strict=True)
            self._exact += sum((w * Fraction(float(v)) for w, v in each), Fraction())
            return
        products = weights * values
        self._pieces += [float(products[i : i + _SUMMED].sum()) for i in range(0, len(products), _SUMMED)]

    @property
    def value(self) -> Fraction:
        """The sum."""
        return self._exact + Fraction(math.fsum(self._pieces))
