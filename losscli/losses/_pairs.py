"""Losses in which every vector of a group picks its positives among the others: values, gradients."""

from __future__ import annotations

from dataclasses import field, replace

import numpy as np

from losscli.contract.kinds import Array
from losscli.lazy import dataclass
from losscli.losses._math import dot, sigmoid, softplus, unit_slope
from losscli.losses._tiles import Pairs, Panel, Tile, blocks, finite, tiles, walk


@dataclass(frozen=True)
class Spread:
    """What a walk keeps of each vector's similarities.

    The single positive (`mate`) stands apart: `total` is the sum of e^((s - top) / divisor) over all others. So
    log(1 + others / positive) keeps its digits where the positive has nearly all of the sum.
    """

    top: Array
    total: Array
    mate: Array
    single: Array  # which vectors have one positive
    several: Array  # the mean similarity of several positives, in units of the temperature
    divisor: float

    @property
    def behind(self) -> Array:
        """log of the sum of the others over the positive."""
        return (self.top - self.mate) / self.divisor + np.log(self.total)

    @property
    def values(self) -> Array:
        """Mean over the positives of -log softmax; meaningless for a vector without any."""
        # Several positives have at least log 2, so nothing is lost in a difference.
        rest = self.top / self.divisor - self.several + np.log(self.total)
        return np.where(self.single, softplus(self.behind), rest)


class _Sums:
    """Sums of e^((s - top) / divisor) that grow; without a shift the tops stay 0."""

    def __init__(self, count: int, pairs: Pairs) -> None:
        self.top = np.zeros(count) if pairs.near else np.full(count, -np.inf)
        self.total, self.divisor, self.near = np.zeros(count), pairs.divisor, pairs.near

    def add(self, where: slice, top: Array | float, total: Array) -> None:
        if self.near:
            self.total[where] += total
            return
        now = np.maximum(self.top[where], top)
        base = finite(now)
        grown = self.total[where] * np.exp((self.top[where] - base) / self.divisor)
        self.total[where] = grown + total * np.exp((top - base) / self.divisor)
        self.top[where] = now


def spread(pairs: Pairs) -> tuple[Spread, Spread]:
    """One walk over all similarities: what it found for the rows, and for the columns if these pick too."""
    rows = _Sums(len(pairs.rows), pairs)
    columns = rows if pairs.itself else _Sums(len(pairs.columns), pairs)
    mate, positives = np.zeros(len(pairs.rows)), np.zeros(len(pairs.rows))
    for panel, found in walk(pairs, len(pairs.rows), _sum_panel):
        rows.add(panel.rows, found.rows.top, found.rows.total)
        if found.columns is not None:
            columns.add(panel.columns, found.columns.top, found.columns.total)
        for places, values in found.mates:
            mate[places] = values
            if pairs.itself:
                mate[pairs.mates[places]] = values
        if found.positives is not None:
            positives[panel.rows] += found.positives[0]
            positives[panel.columns] += found.positives[1]
    one = Spread(rows.top, rows.total, mate, pairs.mates >= 0, _several(pairs, positives), pairs.divisor)
    return one, one if pairs.itself else replace(one, top=columns.top, total=columns.total)


@dataclass
class _Found:
    """What one panel has to say."""

    rows: _Sums
    columns: _Sums | None  # None: the columns do not pick
    positives: tuple[Array, Array] | None  # sums of the similarities to several positives; None: sums of classes tell
    mates: list[tuple[Array, Array]] = field(default_factory=list)  # rows and the similarities to their mates


def _sum_panel(pairs: Pairs, panel: Panel) -> _Found:
    tall, wide = panel.shape
    columns = _Sums(wide, pairs) if pairs.itself or pairs.both else None
    positives = None if pairs.classes is None or pairs.near else (np.zeros(tall), np.zeros(wide))
    found = _Found(_Sums(tall, pairs), columns, positives)
    for tile in tiles(pairs, panel):
        found.mates.append((tile.singles, tile.mates))
        if pairs.near:
            _add_near(found, tile)
            continue
        if positives is not None and pairs.classes is not None:
            same = np.where(tile.same(pairs.classes), tile.values, 0.0)
            positives[0][tile.rows] += same.sum(axis=1, dtype=np.float64)
            positives[1][tile.columns] += same.sum(axis=0, dtype=np.float64)
        _add_far(found.rows, tile.rows, tile.values, 1, pairs)
        if columns is not None:
            _add_far(columns, tile.columns, tile.values, 0, pairs)
    return found


def _add_near(found: _Found, tile: Tile) -> None:
    grown = np.exp(tile.values, out=tile.values)
    # A product with ones adds up faster than a sum does, and no worse.
    found.rows.add(tile.rows, 0.0, grown @ np.ones(grown.shape[1], grown.dtype))
    if found.columns is not None:
        found.columns.add(tile.columns, 0.0, np.ones(grown.shape[0], grown.dtype) @ grown)


def _add_far(sums: _Sums, where: slice, values: Array, axis: int, pairs: Pairs) -> None:
    top = values.max(axis=axis)
    grown = _shifted(pairs, values, np.expand_dims(top, axis))
    sums.add(where, top.astype(np.float64), grown.sum(axis=axis, dtype=np.float64))


def _shifted(pairs: Pairs, values: Array, top: Array) -> Array:
    """e^((s - top) / temperature) in memory of its own; the difference comes first, while it is exact."""
    out = pairs.room.get("grown", values.shape, values.dtype)
    np.subtract(values, finite(top).astype(values.dtype), out=out)
    out /= values.dtype.type(pairs.temperature)
    return np.exp(out, out=out)


def _several(pairs: Pairs, positives: Array) -> Array:
    """The mean similarity of several positives by temperature."""
    if pairs.classes is None:
        return positives
    count = _class_sizes(pairs.classes) - 1
    if not pairs.near:
        return positives / np.maximum(count, 1) / pairs.temperature
    # The sum of the cosines with all of a class is the cosine with the sum of the class.
    totals = _class_totals(pairs, np.ones(len(pairs.rows)))
    for cut, block in pairs.rows.blocks(len(positives)):
        positives[cut] = dot(block, totals[pairs.classes[cut]] - block)
    return positives / np.maximum(count, 1) / pairs.temperature


def _class_sizes(classes: Array) -> Array:
    return np.where(classes >= 0, np.bincount(classes + 1)[classes + 1], 1)


def _class_totals(pairs: Pairs, factors: Array) -> Array:
    """The sum of factor * vector over each class; the last one is that of class -1, which is none."""
    assert pairs.classes is not None
    totals = np.zeros((int(pairs.classes.max(initial=-1)) + 2, pairs.rows.width))
    for cut, block in pairs.rows.blocks(len(factors)):
        np.add.at(totals, pairs.classes[cut], factors[cut, None] * block)
    return totals


@dataclass(frozen=True)
class Pull:
    """How a vector's own value, times its upstream factor, pulls at the similarities of one side.

    To others it is soft * e^((s - top) / divisor), to a single mate -turn: all pulls of a vector add up to 0, and so
    minus the sum of the others has digits where 1 - p has none. To each of several positives it is also -hard.
    """

    top: Array
    soft: Array
    turn: Array
    hard: Array
    picks: bool = True

    @classmethod
    def of(cls, pairs: Pairs, found: Spread, upstream: Array) -> Pull:
        """The pulls of the vectors that have a positive."""
        count = np.ones(len(upstream)) if pairs.classes is None else _class_sizes(pairs.classes) - 1
        single = found.single
        many = np.zeros(len(upstream), bool) if pairs.classes is None else pairs.classes >= 0
        factor = np.where(single | many, upstream, 0.0) / pairs.temperature
        # e^top is the unit of all sums, so a mate far above it shares nothing with the others: a factor of 1 / inf.
        own = np.where(single, np.exp((found.mate - finite(found.top)) / found.divisor), 0.0)
        total = found.total + own
        soft = np.where(total > 0, factor / np.where(total > 0, total, 1.0), 0.0)
        turn = np.where(single, factor * sigmoid(found.behind), 0.0)
        return cls(found.top, soft, turn, np.where(many, factor / np.maximum(count, 1), 0.0))

    @classmethod
    def none(cls, count: int) -> Pull:
        """The pulls of vectors that do not pick."""
        zero = np.zeros(count)
        return cls(zero, zero, zero, zero, picks=False)

    def cut(self, where: slice) -> Pull:
        return Pull(self.top[where], self.soft[where], self.turn[where], self.hard[where], self.picks)


def gradients(pairs: Pairs, by_rows: Pull, by_columns: Pull, wanted: int) -> Array:
    """The slope by the first `wanted` rows of the sum of all pulls: a second walk over the same tiles."""
    slope = np.zeros((wanted, pairs.rows.width))
    # float32 has small exponents; the factors of gradients are brought near 1 and back.
    largest = max(float(np.abs(pull.soft).max(initial=0.0)) for pull in (by_rows, by_columns))
    scale = float(np.ldexp(1.0, np.frexp(largest)[1]))  # a power of two: no digit changes
    near, far = (replace(pull, soft=pull.soft / scale, hard=pull.hard / scale) for pull in (by_rows, by_columns))

    def pulled(pairs: Pairs, panel: Panel) -> tuple[Array, Array | None]:
        return _pull_panel(pairs, panel, near, far, wanted)

    for panel, (down, across) in walk(pairs, wanted, pulled):
        slope[panel.rows] += down * scale
        if across is not None:
            cut = slice(panel.columns.start, min(panel.columns.stop, wanted))
            slope[cut] += across[: cut.stop - cut.start] * scale
    _turn_to_mates(pairs, by_rows, by_columns, slope)
    return slope


def _pull_panel(pairs: Pairs, panel: Panel, near: Pull, far: Pull, wanted: int) -> tuple[Array, Array | None]:
    """A panel's part of the slope by its rows; where the columns are rows too, also by those."""
    down = np.zeros((panel.shape[0], pairs.rows.width))
    across = np.zeros((panel.shape[1], pairs.rows.width)) if pairs.itself and panel.columns.start < wanted else None
    for tile in tiles(pairs, panel):
        pulls = _pulls(pairs, tile, near.cut(tile.place(panel.rows, tile.rows)),
                       far.cut(tile.place(panel.columns, tile.columns)))  # fmt: skip
        down[tile.rows] += pulls @ tile.ends
        if across is not None:
            across[tile.columns] += pulls.T @ tile.starts
    if across is not None and pairs.near:
        across *= pairs.temperature  # the rows were divided by it
    return down, across


def _pulls(pairs: Pairs, tile: Tile, near: Pull, far: Pull) -> Array:
    """How much a tile's pairs pull at each other, whichever side picks."""
    values, kind = tile.values, tile.values.dtype
    if pairs.near:
        factors = pairs.room.get("grown", values.shape, kind)
        np.add(near.soft.astype(kind)[:, None], far.soft.astype(kind), out=factors)
        np.exp(values, out=values)
        return np.multiply(values, factors, out=values)
    pulls = pairs.room.get("pulls", values.shape, kind)
    pulls[:] = 0
    for pull, axis in ((near, 1), (far, 0)):
        if pull.picks:
            grown = _shifted(pairs, values, np.expand_dims(pull.top, axis))
            grown *= np.expand_dims(pull.soft.astype(kind), axis)
            pulls += grown
    if pairs.classes is not None:
        pulls -= np.where(tile.same(pairs.classes), near.hard[:, None] + far.hard, 0.0).astype(kind)
    return pulls


def _turn_to_mates(pairs: Pairs, near: Pull, far: Pull, slope: Array) -> None:
    """What the walk leaves out: the pulls at single mates and, where sums of classes tell, at several."""
    mates = pairs.mates[: len(slope)]
    for cut in blocks(slope):
        single = np.flatnonzero(mates[cut] >= 0) + cut.start
        turn = near.turn[single] + far.turn[mates[single]]
        slope[single] -= turn[:, None] * pairs.columns.chosen(mates[single])
    if pairs.classes is not None and pairs.near:
        ends, pulled = _class_totals(pairs, np.ones(len(near.hard))), _class_totals(pairs, near.hard)
        for cut, block in pairs.rows.blocks(len(slope)):
            hard, mine = near.hard[cut, None], pairs.classes[cut]
            several = hard * (ends[mine] - block) + (pulled[mine] - hard * block)
            slope[cut] -= np.where(mine[:, None] >= 0, several, 0.0)


def back_to(vectors: Array, slope: Array) -> Array:
    """The slope by vectors of which the walk saw units, in the slope's own memory."""
    for cut in blocks(slope):
        slope[cut] = unit_slope(vectors[cut], slope[cut])
    return slope
