"""The weight of all pairs of rows that two columns order alike, in n log n steps and exactly.

Rows stand in the order of one column and know their place in that of the other. A pair whose places differ first in
bit b, counted from the highest, is found at step b: rows with a 0 there stand before rows with a 1. After that, blocks
are split by this bit, and each half keeps its order: this is merge sort backwards, or a wavelet tree.

References
----------
Knight 1966, doi:10.1080/01621459.1966.10480879; Grossi, Gupta & Vitter 2003, High-order entropy-compressed text indexes
"""

from __future__ import annotations

import numpy as np

from losscli.contract.kinds import Array
from losscli.losses._order import dense_ranks, distinct, dot, group_sums, is_plain


def ascending(x: Array, y: Array, left: Array, right: Array) -> int:
    """The sum of left[i] * right[j] over all pairs with x[i] < x[j] and y[i] < y[j]."""
    order, ranks = _by_x(x, y)
    return _ascending(order, ranks, left, right)


def like_ordered(x: Array, y: Array, weights: Array) -> tuple[int, int]:
    """The weight of the pairs that x and y order alike, and of those that they order otherwise."""
    order, ranks = _by_x(x, y)
    alike = _ascending(order, ranks, weights, weights)
    by_x, by_y = x[order], ranks[order]
    same = (by_x[1:] == by_x[:-1]) & (by_y[1:] == by_y[:-1])
    tied = [group_sums(~same, weights[order]), group_sums(by_x[1:] != by_x[:-1], weights[order])]
    both, of_x = (dot(sums, sums) for sums in tied)
    of_y = distinct(y, weights).weights
    total = int(weights.sum()) if len(weights) else 0
    return alike, (total**2 - of_x - dot(of_y, of_y) + both) // 2 - alike


def tied_above(x: Array, y: Array, left: Array, right: Array) -> int:
    """The sum of left[i] * right[j] over all pairs with x[i] < x[j] and y[i] == y[j]."""
    order = np.lexsort((x, y))
    x, y, left, right = x[order], y[order], left[order], right[order]
    if not len(x):
        return 0
    before = np.concatenate([np.zeros(1, left.dtype), np.cumsum(left)])
    new_y = np.concatenate([[True], y[1:] != y[:-1]])
    new = new_y | np.concatenate([[True], x[1:] != x[:-1]])
    starts, starts_of_y = (np.flatnonzero(each)[np.cumsum(each) - 1] for each in (new, new_y))
    return dot(right, before[starts] - before[starts_of_y])


def _by_x(x: Array, y: Array) -> tuple[Array, Array]:
    """The rows in ascending order of x, those of one x in descending order of y; and the dense rank of each y."""
    by_y = np.argsort(y, kind="stable")
    ranks = dense_ranks(y, by_y)
    falling = by_y[::-1]
    return falling[np.argsort(x[falling], kind="stable")], ranks


def _ascending(order: Array, ranks: Array, left: Array, right: Array) -> int:
    """The sum over pairs; `order` is that of `_by_x`."""
    rows = len(order)
    if rows < 2:
        return 0
    # Rows of one y come in descending order of their places, so that none stands before another with a higher place.
    keys = ranks[order] * rows + np.arange(rows - 1, -1, -1)
    keys.sort()
    places = rows - 1 - keys % rows
    del keys
    bits = (rows - 1).bit_length()
    if is_plain(left) and is_plain(right):
        return _count(np.concatenate([places, np.arange(rows, 1 << bits)]), bits, rows)
    padded = np.concatenate([places, np.arange(rows, 1 << bits)])
    nothing = np.zeros((1 << bits) - rows, left.dtype)
    first, second = (np.concatenate([each[order][places], nothing]) for each in (left, right))
    return _weigh(padded, first, second, bits)


def _count(places: Array, bits: int, rows: int) -> int:
    """How many pairs of the first `rows` places ascend; those behind ascend with all before them."""
    places, found = places.astype(np.int32 if bits < 32 else np.int64), 0
    for bit in range(bits - 1, -1, -1):
        size = 1 << bit
        one = (places >> bit) & 1 == 1
        zeros = places[~one]
        # A 1 at k has k - (the 1s before it) zeros before it; blocks before it have `size` of each.
        at = np.flatnonzero(one)
        blocks = len(places) // (2 * size)
        found += int(at.sum()) - len(at) * (len(at) - 1) // 2 - size * size * (blocks * (blocks - 1) // 2)
        halves = np.empty((blocks, 2, size), places.dtype)
        halves[:, 0], halves[:, 1] = zeros.reshape(blocks, size), places[at].reshape(blocks, size)
        places = halves.reshape(-1)
    added = len(places) - rows
    return found - added * rows - added * (added - 1) // 2


def _weigh(places: Array, left: Array, right: Array, bits: int) -> int:
    """The sum of left times right over the pairs that ascend."""
    found = 0
    for bit in range(bits - 1, -1, -1):
        size = 1 << bit
        one = (places >> bit) & 1 == 1
        blocks = len(places) // (2 * size)
        before = np.cumsum(np.where(one, 0, left)).reshape(blocks, 2 * size)
        before[1:] -= before[:-1, -1:].copy()
        found += dot(right[one], before.reshape(-1)[one])
        places, left, right = (_halves(each, one, blocks, size) for each in (places, left, right))
    return found


def _halves(values: Array, one: Array, blocks: int, size: int) -> Array:
    """The values of each block, first those of places with a 0, then those with a 1."""
    found = np.empty((blocks, 2, size), values.dtype)
    found[:, 0], found[:, 1] = values[~one].reshape(blocks, size), values[one].reshape(blocks, size)
    return found.reshape(-1)
