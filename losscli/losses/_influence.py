"""How much each row moves a number that is made of pairs of rows: its influence, as of a U-statistic.

A mean over pairs moves with a row by the mean of the pairs that have it, on either side. Weights of pairs are added up
exactly, so no bit depends on the order of rows; it takes n log n steps.

References
----------
Hoeffding 1948, A class of statistics with asymptotically normal distribution, doi:10.1214/aoms/1177730196
"""

from __future__ import annotations

import numpy as np

from losscli.contract.kinds import Array
from losscli.contract.table_scope import SortedTable, TableSample, entries_of


def below_both(x: Array, y: Array, weights: Array) -> Array:
    """For each row the weight of the rows that are below it in x and in y; `weights` may be 0.

    `x` and `y` are ranks. Rows stand in the order of y, and blocks of places in x are split bit by bit, as in
    `losscli.losses._ordered_pairs`: each pair is met once, where the places of its rows first differ.
    """
    rows = len(x)
    if rows < 2:
        return np.zeros(rows, weights.dtype)
    by_x = np.lexsort((-y.astype(np.int64), x))  # of one x, those above in y come first: they are not below
    places = np.empty(rows, np.int64)
    places[by_x] = np.arange(rows)
    order = np.lexsort((-places, y))
    whole = 1 << (rows - 1).bit_length()
    places = np.concatenate([places[order], np.arange(rows, whole)])
    nothing = np.zeros(whole - rows, weights.dtype)
    weighed, found = np.concatenate([weights[order], nothing]), np.zeros(whole, weights.dtype)
    for bit in range(whole.bit_length() - 2, -1, -1):
        size = 1 << bit
        high = (places >> bit) & 1 == 1
        before = np.cumsum(np.where(high, 0, weighed)).reshape(-1, 2 * size)
        before[1:] -= before[:-1, -1:].copy()
        found[high] += before.reshape(-1)[high]
        places, weighed, found = (_halves(each, high, size) for each in (places, weighed, found))
    answer = np.empty(rows, weights.dtype)
    answer[by_x] = found[:rows]
    return answer


def _halves(values: Array, high: Array, size: int) -> Array:
    """The values of each block, first those of the lower half of its places."""
    found = np.empty((len(values) // (2 * size), 2, size), values.dtype)
    found[:, 0], found[:, 1] = values[~high].reshape(-1, size), values[high].reshape(-1, size)
    return found.reshape(-1)


def turned(ranks: Array) -> Array:
    """The ranks in the other order."""
    return ranks.max(initial=0) - ranks


def weight_of(ranks: Array, weights: Array) -> Array:
    """For each row the weight of the rows of its rank."""
    found = np.zeros(int(ranks.max(initial=-1)) + 1, weights.dtype)
    np.add.at(found, ranks, weights)
    return np.asarray(found[ranks])


def above(ranks: Array, weights: Array) -> Array:
    """For each row the weight of the rows above its rank."""
    found = np.zeros(int(ranks.max(initial=-1)) + 1, weights.dtype)
    np.add.at(found, ranks, weights)
    upto = np.cumsum(found)
    return np.asarray((upto[-1] - upto)[ranks]) if len(upto) else found


def signed_sums(ranks: Array, values: Array) -> Array:
    """For each row the sum of the values of rows above it in rank, less that of those below it."""
    found = np.zeros(int(ranks.max(initial=-1)) + 1, values.dtype)
    np.add.at(found, ranks, values)
    upto = np.cumsum(found)
    total = upto[-1] if len(upto) else 0
    return np.asarray((total - 2 * upto + found)[ranks])


def influenced(table: SortedTable, values: Array) -> list[TableSample]:
    """The sample of all rows, with the influence of each."""
    every = np.ones(len(values), bool)
    return [TableSample(every, lambda: entries_of(values, table), lambda: values)]


def ratio_of_root(own: tuple[Array, int], first: tuple[Array, int], second: tuple[Array, int], total: int) -> Array:
    """The influence of each row on sum / sqrt(first * second), of the influences on three sums and the sums.

    The influence on a sum is what it moves with a row, up to a constant: only differences of influences count.
    """
    (a, of_a), (p, of_p), (y, of_y) = own, first, second
    root = np.sqrt(float(of_p)) * np.sqrt(float(of_y))
    value = float(of_a) / root
    parts = a.astype(np.float64) / root, p.astype(np.float64) / float(of_p), y.astype(np.float64) / float(of_y)
    return np.asarray(total * (parts[0] - value / 2 * (parts[1] + parts[2])))
