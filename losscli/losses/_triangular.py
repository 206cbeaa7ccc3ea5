"""Systems of equations with a lower triangular matrix a row, solved with twice the digits of a double.

A nearly singular matrix, as of numbers that are correlated by almost 1, leaves few digits of a solution in doubles.
Each number is the sum of two doubles (Dekker 1971, doi:10.1007/BF01397083), until the solution is rounded.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from losscli.contract.error_free import two_product, two_sum
from losscli.contract.kinds import Array

Pair = tuple[Array, Array]


def forward(matrix: Array, first: Array, second: Array) -> Array:
    """L^-1 (first - second): (rows, size)."""
    found: list[Pair] = []
    for k in range(first.shape[1]):
        known = ((matrix[:, k, j], z) for j, z in enumerate(found))
        found.append(_solved(two_sum(first[:, k], -second[:, k]), known, matrix[:, k, k]))
    return np.stack([high for high, _ in found], axis=1)


def backward(matrix: Array, values: Array) -> Array:
    """L'^-1 values: (rows, size)."""
    size = values.shape[1]
    found: dict[int, Pair] = {}
    for k in reversed(range(size)):
        known = ((matrix[:, j, k], found[j]) for j in range(k + 1, size))
        found[k] = _solved((values[:, k], np.zeros(len(values))), known, matrix[:, k, k])
    return np.stack([found[k][0] for k in range(size)], axis=1)


def _solved(total: Pair, known: Iterable[tuple[Array, Pair]], diagonal: Array) -> Pair:
    """(total - the sum of factor * number) / diagonal."""
    for factor, (high, low) in known:
        total = _less(total, factor, high, factor * low)
    first = total[0] / diagonal
    return two_sum(first, _less(total, diagonal, first)[0] / diagonal)


def _less(total: Pair, factor: Array, high: Array, rest: Array | float = 0.0) -> Pair:
    """total - (factor * high + rest)."""
    product, lost = two_product(factor, high)
    lost = np.where(np.isfinite(lost), lost, 0.0)  # where the product is beyond doubles, nothing is known of it
    difference, left = two_sum(total[0], -product)
    return two_sum(difference, left + (total[1] - (lost + rest)))
