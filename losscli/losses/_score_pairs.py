"""The pairs of a query's rows, some rows at a time against all: memory for N rows, not for N x N."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from losscli.contract.kinds import Array

_ENTRIES = 1 << 18  # of a block of pairs


def blocks(count: int) -> Iterator[slice]:
    """Rows that are paired with all `count` rows at a time."""
    step = max(1, _ENTRIES // max(count, 1))
    return (slice(start, min(start + step, count)) for start in range(0, count, step))


def sum_of_pairs(pred: Array, of_pairs: Callable[[slice, Array], Array]) -> float:
    """The sum over all pairs of what `of_pairs` makes of some rows and the lead of their scores over all others."""
    total = 0.0
    for rows in blocks(len(pred)):
        total += float(of_pairs(rows, pred[rows, None] - pred).sum())
    return total


def slopes_of_pairs(pred: Array, of_pairs: Callable[[slice, Array], Array]) -> Array:
    """The slope by each score of a sum over pairs, of which `of_pairs` has the slope by the lead."""
    slope = np.zeros_like(pred)
    for rows in blocks(len(pred)):
        pulls = of_pairs(rows, pred[rows, None] - pred)
        slope[rows] += pulls.sum(axis=1)
        slope -= pulls.sum(axis=0)
    return slope
