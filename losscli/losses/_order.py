"""Exact arithmetic on rows in order: sums of products of whole numbers, weights below and above a value, ranks.

Tables may have many millions of rows, so that arrays are computed in pieces where they would be held for a moment only.
Pieces are of distinct values in ascending order, which are the same however rows were cut.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple, TypeVar

import numpy as np

from losscli.contract.kinds import Array
from losscli.contract.table_scope import SMALL, SampleEntries, SortedTable, TableSample, entries_of, is_plain
from losscli.parallel import map_in_order

Made = TypeVar("Made")

_SUMMED = 1 << 12  # values that are added up before sums are exact

PIECE = 2 * _SUMMED
"""Rows that are computed with at once, a power of two. Longer arrays would be new memory each time, which is slower."""

_BITS = SMALL.bit_length() - 1
_LOW = np.int64(SMALL - 1)
_SIGN = np.uint64(1 << 63)
_LEADING = 16  # bits by which doubles are counted: their sign, their exponent, and four of the mantissa
_COUNTED = 1 << 20  # rows that are counted at once: many more than there are counts


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

    def twice_below(self, values: Array) -> Array:
        """Twice the weight of what is below each of these values, and once that of what is equal to it."""
        places = np.searchsorted(self.values, values, side="left")
        if not len(self.values):
            return 2 * self._upto(places)
        equal = self.values[np.minimum(places, len(self.values) - 1)] == values
        return self._upto(places) + self._upto(places + equal)

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


def order_keys(values: Array) -> Array:
    """Whole numbers in the order of these doubles, of which 0 and -0 are equal."""
    bits = (values + 0.0).view(np.int64)
    return bits.view(np.uint64) ^ ((bits >> 63).view(np.uint64) | _SIGN)


def at_places(values: Array, wanted: Sequence[int]) -> list[float]:
    """The values at these places, from 0 on, of doubles of at least 0 in ascending order.

    Rows are counted by the leading bits of their doubles, and only those that share these with a wanted one are sorted.
    """
    counts = np.zeros((1 << _LEADING) + 1, np.int64)
    for _, leading in _with_leading(values):
        counts[1:] += np.bincount(leading, minlength=1 << _LEADING)
    upto = np.cumsum(counts)
    found, known = [], {}
    for place in wanted:
        bucket = int(np.searchsorted(upto, place, side="right")) - 1
        if bucket not in known:
            own = [some[leading == bucket] for some, leading in _with_leading(values)]
            known[bucket] = np.sort(np.concatenate(own))
        found.append(float(known[bucket][place - int(upto[bucket])]))
    return found


def _with_leading(values: Array) -> Iterator[tuple[Array, Array]]:
    """Values in pieces, and the leading bits of each; these in one array, again and again."""
    held = np.empty(min(_COUNTED, len(values)), np.int64)
    for start in range(0, len(values), _COUNTED):
        some = values[start : start + _COUNTED]
        yield some, np.right_shift(some.view(np.int64), 64 - _LEADING, out=held[: len(some)])


def dense_ranks(values: Array) -> Array:
    """For each row, which of the distinct values it has, from 0 on, as int32 where they fit.

    To sort numbers takes a third of the time of sorting positions by numbers. So the leading bits of a double, whose
    order is that of whole numbers, and the position are one number; rows of equal leading bits are sorted after that.
    """
    rows, bits = len(values), max(len(values) - 1, 1).bit_length()
    low = np.uint64((1 << bits) - 1)
    packed = np.empty(rows, np.uint64)
    for piece in pieces(rows):
        packed[piece] = (order_keys(values[piece]) & ~low) | np.arange(piece.start, piece.stop, dtype=np.uint64)
    packed.sort()
    new = np.ones(rows, bool)  # whether a row has other leading bits than the one before
    for piece in pieces(max(rows - 1, 0)):
        behind = slice(piece.start + 1, piece.stop + 1)
        np.greater(packed[piece] ^ packed[behind], low, out=new[behind])
    alike = ~new
    alike[:-1] |= alike[1:]
    again = np.flatnonzero(alike)
    del alike
    if len(again) > rows // 4:
        order = np.argsort(values, kind="stable")
        for piece in pieces(max(rows - 1, 0)):
            behind = slice(piece.start + 1, piece.stop + 1)
            np.not_equal(values[order[piece]], values[order[behind]], out=new[behind])
    else:
        groups = packed[again] & ~low
        packed &= low
        order = packed.view(np.int64)
        mine = values[order[again]]
        within = np.lexsort((mine, groups))
        order[again], mine = order[again][within], mine[within]
        new[again] = changes(mine)  # rows of other leading bits have other values
    ranks = np.empty(rows, np.int32 if rows < SMALL else np.int64)
    rank = -1
    for piece in pieces(rows):
        found = np.cumsum(new[piece], dtype=ranks.dtype)
        found += rank
        ranks[order[piece]] = found
        rank = int(found[-1])
    return ranks


def of_columns(function: Callable[[Array], Made], table: SortedTable, names: Sequence[str]) -> list[Made]:
    """function(column) of some columns of a table: in threads where there are many rows, as sorting needs no lock."""
    columns = [table[name] for name in names]
    return [*(map(function, columns) if len(columns[0]) < PIECE else map_in_order(function, columns))]


def sums_by(ranks: Array, weights: Array, where: Array | None = None) -> Array:
    """The weight of the rows of each rank, from 0 on; of the rows of the mask `where` alone, if there is one."""
    found = np.zeros(int(ranks.max(initial=-1)) + 1, weights.dtype)
    for piece in pieces(len(ranks)):
        own = slice(None) if where is None else where[piece]
        np.add.at(found, ranks[piece][own], weights[piece][own])
    return found


class Places(NamedTuple):
    """For each rank, the weight below it, less that above it: twice its place from the middle."""

    ranks: Array
    of_rank: Array | None  # None: each rank has one row, of weight 1
    square: int  # the sum over rows of weight times the square of the place

    def at(self, rows: slice) -> Array:
        """The places of some rows."""
        ranks = self.ranks[rows]
        if self.of_rank is None:
            return 2 * ranks.astype(np.int64) + (1 - len(self.ranks))
        return self.of_rank[ranks]


def places(values: Array, weights: Array) -> Places:
    """The places of rows in the order of their values; equal values share theirs."""
    ranks, rows = dense_ranks(values), len(values)
    if is_plain(weights) and rows and int(ranks.max()) == rows - 1:
        return Places(ranks, None, rows * (rows * rows - 1) // 3)
    sums = sums_by(ranks, weights)
    found = np.cumsum(sums)
    total = found[-1] if len(found) else 0
    found *= 2
    found -= sums
    found -= total
    return Places(ranks, found, sum(dot(sums[piece], found[piece] * found[piece]) for piece in pieces(len(found))))


def product(one: Places, other: Places, weights: Array) -> int:
    """The sum over rows of weight times the places in two orders."""
    found = 0
    for piece in pieces(len(one.ranks)):
        found += dot(weights[piece], one.at(piece) * other.at(piece))
    return found


def placed(table: SortedTable, rows: Array, name: str, value_of: Callable[[Array], Array]) -> TableSample:
    """Some rows of a table, with values that depend on one column."""

    def entries() -> SampleEntries:
        own = table.only(name).take(rows)
        if not is_plain(own.weights):
            return entries_of(of_rows(), own)
        groups = list(distinct(own[name], own.weights).groups())
        values = [value_of(scores) for scores, _, _ in groups] or [np.zeros(0)]
        often = [weights for _, weights, _ in groups] or [np.zeros(0, np.int64)]
        return SampleEntries(np.concatenate(values), np.ones(1), np.concatenate(often))

    def of_rows() -> Array:
        scores = table[name][rows]
        ranks = dense_ranks(scores)
        known = np.empty(int(ranks.max(initial=-1)) + 1)
        known[ranks] = scores
        for piece in pieces(len(known)):  # what is looked up in ascending order stays in the cache
            known[piece] = value_of(known[piece])
        return np.asarray(known[ranks])

    return TableSample(rows, entries, of_rows)


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
