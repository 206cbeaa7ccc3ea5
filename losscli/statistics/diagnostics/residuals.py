"""Residuals against predictions: points where there are few, else a grid, with their mean along the predictions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from losscli.aggregate.diagnostics.value_pairs import PairTable
from losscli.contract.kinds import Array
from losscli.results.diagnostics import Cell2, ResidualsResult, Trend

_POINTS = 500
_GRID = 30  # cells along each side
_PARTS = 10


def residuals(table: PairTable, model: str | None, pred: str, target: str) -> ResidualsResult | None:
    """The residuals of a table of predictions and targets; None where it is empty."""
    count = int(table.counts.sum())
    with np.errstate(over="ignore"):
        rest = table.first - table.second
    if not count or not np.isfinite(rest).all():
        return None
    width = height = 0.0
    cells = tuple(
        Cell2(float(x), float(y), int(n)) for x, y, n in zip(table.first, rest, table.counts, strict=True)
    ) if count <= _POINTS else ()  # fmt: skip
    if not cells:
        (x, width), (y, height) = _cells(table.first), _cells(rest)
        places, at = np.unique(x.astype(np.int64) * _GRID + y.astype(np.int64), return_inverse=True)
        counts = np.zeros(len(places), np.int64)
        np.add.at(counts, at, table.counts)
        left, low = float(table.first.min()), float(rest.min())
        cells = tuple(
            Cell2(left + (place // _GRID + 0.5) * width, low + (place % _GRID + 0.5) * height, int(n))
            for place, n in zip(places.tolist(), counts, strict=True)
        )
    return ResidualsResult(model, pred, target, count, cells, width, height, _trend(table.first, rest, table.counts))


def _cells(values: Array) -> tuple[Array, float]:
    """The place of each number along the grid, and the width of its cells."""
    low, width = float(values.min()), float(values.max() - values.min()) / _GRID
    if not width:
        return np.zeros(len(values)), 0.0
    return np.minimum((values - low) / width, _GRID - 1), width


def _trend(pred: Array, rest: Array, counts: NDArray[np.int64]) -> tuple[Trend, ...]:
    """The residuals in parts of about equal numbers of rows, by prediction; equal predictions stay together."""
    before = np.cumsum(counts) - counts
    first = np.searchsorted(pred, pred)  # of equal predictions the first decides
    part = before[first] * _PARTS // int(counts.sum())
    found = []
    for number in np.unique(part):
        rows = part == number
        values, times = rest[rows], counts[rows]
        order = np.argsort(values, kind="stable")
        below, total = np.cumsum(times[order]), int(times.sum())
        low, high = (float(values[order][np.searchsorted(below, share * total)]) for share in (0.25, 0.75))
        mean = float((values * times).sum() / total)
        found.append(Trend(float(pred[rows][0]), float(pred[rows][-1]), total, mean, low, high))
    return tuple(found)
