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
from losscli.contract.table_scope import is_plain
from losscli.losses._order import changes, dot, pieces, sums_by


def ascending(x: Array, y: Array, left: Array | None, weights: Array) -> int:
    """The weight of all pairs of rows i and j with x[i] < x[j] and y[i] < y[j], of which `left` has i (None: any).

    `x` and `y` are dense ranks; the weight of a pair is the product of the weights of its rows.
    """
    return ascending_of(pair_keys(x, y, left), weights)


def ascending_of(keys: Array, weights: Array) -> int:
    """What `ascending` finds, of `pair_keys`, which it overwrites: x and y need not be held meanwhile."""
    rows = len(keys)
    if rows < 2:
        return 0
    if is_plain(weights):
        return _count(_places(_turned(keys)), rows)
    order = np.argsort(keys, kind="stable")  # the row at each place
    places = _places(_turned(keys))
    both = weights[order[places[:rows] >> 1]]
    return _weigh(places, np.where(places[:rows] & 1, both, 0), both)


def tied(x: Array, y: Array, left: Array, weights: Array) -> int:
    """The weight of all pairs of rows i and j with x[i] < x[j] and y[i] == y[j], of which `left` has i."""
    order = np.lexsort((x, y))
    x, y, weights = x[order], y[order], weights[order]
    if not len(x):
        return 0
    own = np.where(left[order], weights, 0)
    before = np.concatenate([np.zeros(1, own.dtype), np.cumsum(own)])
    new_y = changes(y)
    starts, starts_of_y = (np.flatnonzero(each)[np.cumsum(each) - 1] for each in (new_y | changes(x), new_y))
    return dot(weights, before[starts] - before[starts_of_y])


def like_ordered(x: Array, y: Array, weights: Array) -> tuple[int, int, int, int]:
    """The weight of the pairs that x and y order alike, and otherwise; of those that x orders at all, and that y does.

    `x` and `y` are dense ranks.
    """
    of_x, of_y = (sums_by(each, weights) for each in (x, y))
    total = int(of_x.sum()) if len(of_x) else 0
    squares = [dot(sums, sums) for sums in (of_x, of_y)]
    same = x.astype(np.int64) * (int(y.max(initial=0)) + 1) + y
    order = None if is_plain(weights) else np.argsort(same, kind="stable")
    same.sort()
    starts = np.flatnonzero(changes(same))
    if order is not None:
        sums = np.add.reduceat(weights[order], starts) if len(starts) else weights[:0]
    else:
        sums = np.diff(np.append(starts, len(same)))
    del same, starts
    both = dot(sums, sums)
    alike = ascending(x, y, None, weights)
    untied = [(total**2 - square) // 2 for square in squares]
    otherwise = untied[0] + untied[1] - (total**2 - both) // 2 - alike
    return alike, otherwise, untied[0], untied[1]


def pair_keys(x: Array, y: Array, left: Array | None) -> Array:
    """Numbers that sort rows by x, those of one x by y from above; the last bit is the mark `left`. Below 2**62."""
    rows, keys = len(x), np.empty(len(x), np.int64)
    for piece in pieces(rows):
        key = x[piece].astype(np.int64) * rows + (rows - 1 - y[piece])
        keys[piece] = key * 2 + (1 if left is None else left[piece])
    return keys


def _turned(keys: Array) -> Array:
    """Of `pair_keys`, which it sorts: numbers that sort rows by y, those of one y by their place in x from above."""
    keys.sort()
    rows = len(keys)
    for piece in pieces(rows):
        ranks = rows - 1 - (keys[piece] >> 1) % rows
        keys[piece] = (ranks * rows + (rows - 1 - np.arange(piece.start, piece.stop))) * 2 + (keys[piece] & 1)
    return keys


def _places(keys: Array) -> Array:
    """Of `_turned`: twice the place of each row in x, in the order of y, with the mark; then places of no rows.

    They are written over the keys where they fit into half the bytes: there are less than twice as many.
    """
    keys.sort()
    rows = len(keys)
    whole = 1 << (rows - 1).bit_length()
    found = keys.view(np.int32)[:whole] if whole < 1 << 30 else np.empty(whole, np.int64)
    for piece in pieces(rows):
        found[piece] = (rows - 1 - (keys[piece] >> 1) % rows) * 2 + (keys[piece] & 1)
    for piece in pieces(whole - rows):
        found[rows:][piece] = np.arange(2 * (rows + piece.start), 2 * (rows + piece.stop), 2)
    return found


def _count(places: Array, rows: int) -> int:
    """How many pairs ascend of which the first row has the mark."""
    found, marks, whole = 0, int((places[:rows] & 1).sum(dtype=np.int64)), len(places)
    split = np.empty_like(places)
    for bit in range((whole - 1).bit_length() - 1, -1, -1):
        found += _split(places, split, bit)
        places, split = split, places
    return found - (whole - rows) * marks  # what is no row stands behind all rows


def _split(places: Array, split: Array, bit: int) -> int:
    """Split each block by a bit, in pieces that stay in the cache; the pairs of a mark with a 0 and a 1 behind it."""
    size, found = 1 << bit, 0
    zeros = ones = marks = 0  # of the block so far, where it is larger than a piece
    for piece in pieces(len(places)):
        part = places[piece]
        one = (part >> (bit + 1)) & 1 == 1
        upto = np.cumsum((part & 1 == 1) & ~one)
        high, low = part[one], part[~one]
        if 2 * size <= len(part):
            blocks = upto.reshape(-1, 2 * size)
            blocks[1:] -= blocks[:-1, -1:].copy()
            halves = split[piece].reshape(-1, 2, size)
            halves[:, 0], halves[:, 1] = low.reshape(-1, size), high.reshape(-1, size)
            found += int(upto[one].sum())
            continue
        found += int(upto[one].sum()) + marks * len(high)
        start = piece.start - piece.start % (2 * size)
        split[start + zeros : start + zeros + len(low)] = low
        split[start + size + ones : start + size + ones + len(high)] = high
        zeros, ones, marks = zeros + len(low), ones + len(high), marks + int(upto[-1])
        if piece.stop == start + 2 * size:
            zeros = ones = marks = 0
    return found


def _weigh(places: Array, left: Array, right: Array) -> int:
    """The sum of left times right over the pairs that ascend."""
    nothing = np.zeros(len(places) - len(left), left.dtype)
    left, right = np.concatenate([left, nothing]), np.concatenate([right, nothing])
    found = 0
    for bit in range((len(places) - 1).bit_length() - 1, -1, -1):
        size = 1 << bit
        one = (places >> (bit + 1)) & 1 == 1
        before = np.cumsum(np.where(one, 0, left)).reshape(-1, 2 * size)
        before[1:] -= before[:-1, -1:].copy()
        found += dot(right[one], before.reshape(-1)[one])
        places, left, right = (_halves(each, one, size) for each in (places, left, right))
    return found


def _halves(values: Array, one: Array, size: int) -> Array:
    """The values of each block, first those of places with a 0, then those with a 1."""
    found = np.empty((len(values) // (2 * size), 2, size), values.dtype)
    found[:, 1] = values[one].reshape(-1, size)
    np.logical_not(one, out=one)
    found[:, 0] = values[one].reshape(-1, size)
    np.logical_not(one, out=one)
    return found.reshape(-1)
