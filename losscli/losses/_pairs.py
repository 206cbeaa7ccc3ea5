"""What losses of pairs share: walks over all pairs of a group that never hold them, and angles that keep digits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from losscli.kinds import Array
from losscli.losses._math import dot, norm, unit

# Anchors by keys of one tile of similarities: 2 MB, so that a tile stays in the cache while it is worked on.
HEIGHT, WIDTH = 256, 1024
STEP = 32  # groups smaller than a tile get a smaller one, a multiple of this


@dataclass(frozen=True)
class Pairs:
    """Every anchor against every key; the keys with the anchor's label are its positives.

    A similarity is an inner product. Where the keys are the anchors themselves (`itself`), none is paired with itself.
    """

    anchors: Array
    keys: Array
    anchor_labels: Array
    key_labels: Array
    temperature: float
    itself: bool = False


@dataclass(frozen=True)
class Spread:
    """What a walk keeps of each anchor's similarities: memory for N anchors, not for N x N.

    The largest similarity stands apart (`top`, of key `at`) and `rest` is the sum of e^((s - top) / temperature) over
    the other keys, so log(1 + rest) keeps its digits where one key has nearly all of the sum.
    """

    top: Array
    at: Array
    rest: Array
    positives: Array  # sum of the similarities to the positives
    count: Array  # number of positives
    temperature: float

    @property
    def values(self) -> Array:
        """Mean over the positives of -log softmax; meaningless for an anchor without any."""
        # Both parts are at least 0 and a positive that is the top gives exactly 0, so nothing cancels.
        return (self.top - self.positives / self.count) / self.temperature + np.log1p(self.rest)


def spread(pairs: Pairs) -> Spread:
    """Walk over all similarities once with a running largest and a running sum."""
    n = len(pairs.anchors)
    top, at, rest = np.full(n, -np.inf), np.zeros(n, dtype=np.int64), np.zeros(n)
    positives, count = np.zeros(n), np.zeros(n)
    for rows, columns, tile, same in _tiles(pairs):
        positives[rows] += np.where(same, tile, 0.0).sum(axis=1)
        count[rows] += same.sum(axis=1)
        line = np.arange(len(tile))
        best = tile.argmax(axis=1)
        peak = tile[line, best]
        grown = _grown(tile, peak, pairs.temperature)
        grown[line, best] = 0.0
        sums = grown.sum(axis=1)
        higher = peak > top[rows]
        now = np.maximum(top[rows], peak)
        # The lower of the two tops becomes one of the others; all that is relative to it shrinks with it.
        shrink = np.exp((np.minimum(top[rows], peak) - _finite(now)) / pairs.temperature)
        rest[rows] = np.where(higher, sums + (rest[rows] + 1) * shrink, rest[rows] + (sums + 1) * shrink)
        at[rows] = np.where(higher, best + columns.start, at[rows])
        top[rows] = now
    return Spread(top, at, rest, positives, count, pairs.temperature)


def slopes(pairs: Pairs, found: Spread, upstream: Array) -> tuple[Array, Array]:
    """The sum of upstream * value as a slope by the anchors and by the keys: a second walk over the same tiles."""
    factor = np.where(found.count > 0, upstream, 0.0) / pairs.temperature
    soft = factor / (1 + found.rest)
    hard = factor / np.maximum(found.count, 1)
    total = np.zeros(len(pairs.anchors))
    by_anchors, by_keys = np.zeros_like(pairs.anchors), np.zeros_like(pairs.keys)
    for rows, columns, tile, same in _tiles(pairs):
        pull = _grown(tile, found.top[rows], pairs.temperature)
        pull *= soft[rows, None]
        pull -= np.where(same, hard[rows, None], 0.0)
        here = np.flatnonzero((found.at[rows] >= columns.start) & (found.at[rows] < columns.stop))
        pull[here, found.at[rows][here] - columns.start] = 0.0
        total[rows] += pull.sum(axis=1)
        by_anchors[rows] += pull @ pairs.keys[columns]
        by_keys[columns] += pull.T @ pairs.anchors[rows]
    # An anchor's pulls add up to 0. So the top's is minus the sum of the others, which has digits where 1 - p has none.
    by_anchors -= total[:, None] * pairs.keys[found.at]
    np.add.at(by_keys, found.at, -total[:, None] * pairs.anchors)
    return by_anchors, by_keys


def _tiles(pairs: Pairs) -> Iterator[tuple[slice, slice, Array, Array]]:
    """Anchors, keys, their similarities (-inf for an anchor with itself), and which of them are positives.

    All products of a group are of one shape, padded with zeros, so an edge is added up as the middle is.
    """
    height, width = _side(len(pairs.anchors), HEIGHT), _side(len(pairs.keys), WIDTH)
    anchors, keys = _padded(pairs.anchors, height), _padded(pairs.keys, width)
    for top in range(0, len(pairs.anchors), height):
        rows = slice(top, min(top + height, len(pairs.anchors)))
        for left in range(0, len(pairs.keys), width):
            columns = slice(left, min(left + width, len(pairs.keys)))
            product = anchors[top : top + height] @ keys[left : left + width].T
            tile = product[: rows.stop - top, : columns.stop - left]
            same = pairs.anchor_labels[rows, None] == pairs.key_labels[None, columns]
            if pairs.itself:
                own = np.arange(max(top, left), min(rows.stop, columns.stop))
                tile[own - top, own - left] = -np.inf
                same[own - top, own - left] = False
            yield rows, columns, tile, same


def _grown(tile: Array, peak: Array, temperature: float) -> Array:
    """e^((tile - peak) / temperature), in the tile's own memory; the difference comes first, while it is exact."""
    tile -= _finite(peak)[:, None]
    tile /= temperature
    return np.exp(tile, out=tile)


def _finite(peak: Array) -> Array:
    """0 for the top of no keys at all."""
    return np.where(peak == -np.inf, 0.0, peak)


def _side(count: int, most: int) -> int:
    return min(most, -(-count // STEP) * STEP)


def _padded(vectors: Array, side: int) -> Array:
    missing = -len(vectors) % side if side else 0
    return np.concatenate([vectors, np.zeros((missing, vectors.shape[1]))]) if missing else vectors


# -- angles ----------------------------------------------------------------------------------------------------------


def cosine(a: Array, b: Array) -> Array:
    """The cosine between each vector of `a` and the same of `b`; 0 where one of them is zero."""
    return np.clip(dot(unit(a), unit(b)), -1.0, 1.0)


def across(a: Array, b: Array) -> Array:
    """The part of unit(b) at right angles to `a`: its length is the sine, its direction the way to turn `a`.

    unit(b) - cos * unit(a) has no digits left where the two are nearly parallel. Here the multiple of `a` that agrees
    with `b` in the largest entry of `a` is taken off first, with products whose rounding errors are known.
    """
    a, b = _near_one(a), _near_one(b)
    pivot = np.abs(a).argmax(axis=-1)[..., None]
    first = np.take_along_axis(a, pivot, axis=-1)
    zero = first == 0
    left = _minor(np.where(zero, 1.0, first), np.where(zero, 0.0, np.take_along_axis(b, pivot, axis=-1)), a, b)
    direction = unit(a)
    left = left / np.where(zero, 1.0, first)
    left -= direction * dot(left, direction)[..., None]
    size = norm(b)[..., None]
    return left / np.where(size > 0, size, 1.0)


def distance_by_angle(a: Array, b: Array) -> Array:
    """1 - cosine; relative digits also for nearly parallel vectors, where it is sin^2 / (1 + cos)."""
    c = cosine(a, b)
    sine = across(a, b)
    return np.where(c > 0.5, dot(sine, sine) / (1 + c), 1 - c)


def cosine_slope(a: Array, b: Array) -> Array:
    """The slope of the cosine by `a`; 0 where `a` is zero."""
    size = norm(a)[..., None]
    return np.where(size > 0, across(a, b) / np.where(size > 0, size, 1.0), 0.0)


def long_dot(a: Array, b: Array) -> Array:
    """The inner product added up in twice the precision, by halving (Ogita, Rump & Oishi 2005).

    Written side by side into one product, sums that nearly cancel keep their digits: dot(a, b) - dot(a, c) is the
    product of (a, a) and (b, -c). Needs a dozen arrays of the size of its input.
    """
    total, missing = _product(a, b)
    while total.shape[-1] > 1:
        if total.shape[-1] % 2:
            none = np.zeros((*total.shape[:-1], 1))
            total, missing = np.concatenate([total, none], axis=-1), np.concatenate([missing, none], axis=-1)
        x, y = total[..., ::2], total[..., 1::2]
        total = x + y
        grown = total - x
        missing = missing[..., ::2] + missing[..., 1::2] + ((x - (total - grown)) + (y - grown))
    return (total + missing)[..., 0]


def _minor(a_pivot: Array, b_pivot: Array, a: Array, b: Array) -> Array:
    """b * a_pivot - a * b_pivot to the last bits, also where the products nearly agree."""
    one, one_error = _product(b, a_pivot)
    two, two_error = _product(a, b_pivot)
    return (one - two) + (one_error - two_error)


def _product(x: Array, y: Array) -> tuple[Array, Array]:
    """x * y rounded, and what the rounding took away (Dekker 1971)."""
    x_high, x_low = _halves(x)
    y_high, y_low = _halves(y)
    rounded = x * y
    return rounded, ((x_high * y_high - rounded) + x_high * y_low + x_low * y_high) + x_low * y_low


def _halves(x: Array) -> tuple[Array, Array]:
    """x as a sum of two numbers of 26 bits, whose products are exact."""
    grown = x * 134217729.0  # 2^27 + 1
    high = grown - (grown - x)
    return high, x - high


def _near_one(a: Array) -> Array:
    """The vectors times powers of two that bring their largest entries near 1; exact, and products cannot overflow."""
    _, exponent = np.frexp(np.abs(a).max(axis=-1, keepdims=True))
    return np.ldexp(a, -exponent)
