"""How two masks overlap, a row at a time: sums that keep the digits of small differences, and cost one pass."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from losscli.contract.kinds import Array

DICE = "Dice 1945, doi:10.2307/1932409; as a loss: Milletari, Navab & Ahmadi 2016, arXiv:1606.04797"
JACCARD = "Jaccard 1901, doi:10.5169/seals-266450; as a loss: Rahman & Wang 2016, doi:10.1007/978-3-319-50835-1_22"

_PIXELS = 1 << 12  # of a row that are added up together: both masks of a block stay in the cache
_CLOSE = 64  # differences that are so many times smaller than the sums are taken pixel by pixel


class Overlap(NamedTuple):
    """Sums of each row: what both masks have, what only the prediction has, and what only the target has."""

    both: Array
    only_pred: Array
    only_target: Array


def overlap(pred: Array, target: Array) -> Overlap:
    """The sums of p y, p (1 - y) and y (1 - p) of each row."""
    rows, width = pred.shape
    starts = range(0, width, _PIXELS)
    both, said, true = (np.empty((rows, len(starts))) for _ in range(3))
    for block, start in enumerate(starts):
        p, y = pred[:, start : start + _PIXELS], target[:, start : start + _PIXELS]
        np.einsum("ij,ij->i", p, y, out=both[:, block])
        p.sum(axis=-1, out=said[:, block])
        y.sum(axis=-1, out=true[:, block])
    shared, whole_pred, whole_target = (part.sum(axis=-1) for part in (both, said, true))
    only_pred, only_target = whole_pred - shared, whole_target - shared
    # Where masks nearly agree the differences have lost their digits.
    for left, whole, first, second in (
        (only_pred, whole_pred, pred, target),
        (only_target, whole_target, target, pred),
    ):
        close = np.flatnonzero(left * _CLOSE < whole)
        for row in close:
            left[row] = _alone(first[row], second[row])
    return Overlap(shared, only_pred, only_target)


def _alone(first: Array, second: Array) -> float:
    """The sum of a (1 - b) over one row."""
    return float(
        sum((first[s : s + _PIXELS] * (1 - second[s : s + _PIXELS])).sum() for s in range(0, len(first), _PIXELS))
    )


def one_less(x: Array) -> tuple[Array, Array]:
    """1 - x, and what rounding took from it: equal doubles may stand for different numbers."""
    less = 1 - x
    lost = 1 - less
    return less, (1 - (less + lost)) + (lost - x)


def jaccard_growth(wrong: Array, rest: Array, target: Array) -> Array:
    """How much the Jaccard loss of each row grows with each pixel, where the worst pixels (wrong + rest) come first."""
    order = np.lexsort((-rest, -wrong), axis=-1)
    true = np.take_along_axis(target, order, axis=-1)
    whole = true.sum(axis=-1, keepdims=True)
    # What is shared, and the union, before each pixel: counts, so that differences are exact.
    shared = whole - (true.cumsum(axis=-1) - true)
    union = whole + ((1 - true).cumsum(axis=-1) - (1 - true))
    safe = np.where(union > 0, union, 1.0)
    growth = np.where(true > 0, 1 / safe, np.where(union > 0, shared / (safe * (union + 1)), 1.0))
    out = np.empty_like(growth)
    np.put_along_axis(out, order, growth, axis=-1)
    return out
