"""Histograms and quantiles of the losses of rows."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from losscli.aggregate.diagnostics.run import LossDistribution
from losscli.aggregate.diagnostics.worst_rows import WorstRow
from losscli.contract.kinds import Array
from losscli.results.diagnostics import Bin, LossDistributionResult, WorstRowResult

_BINS = 24
_LEVELS = ("0", "0.05", "0.25", "0.5", "0.75", "0.95", "1")
_SKEWED = 30.0  # largest over median: from here on bins are of logarithms
_DECADES = 1e-8  # smaller losses than this share of the largest are in the first bin


def distribution(
    found: LossDistribution, model: str | None, spec: str, term: str | None, slices: list[dict[str, str]]
) -> LossDistributionResult | None:
    """The distribution of the losses of a line; None where no row has one.

    Parameters
    ----------
    found
        What was added up.
    model, spec, term
        What the losses are of.
    slices
        The slice of each slice id.
    """
    low, high, counts = found.values.cells()
    finite = np.isfinite(low)
    infinite = int(counts[~finite].sum())
    low, high, counts = low[finite], high[finite], counts[finite]
    if not len(counts) and not infinite:
        return None
    values = np.where(low == high, low, low + (high - low) / 2)
    quantiles = dict(zip(_LEVELS, _quantiles(values, counts), strict=True)) if len(counts) else {}
    log = bool(len(values) and values[0] >= 0 and values[-1] > _SKEWED * quantiles["0.5"] > 0)
    return LossDistributionResult(
        model, spec, term, found.worst.direction, int(counts.sum()), infinite, quantiles, log,
        _bins(values, counts, log), tuple(_worst(row, slices) for row in found.worst.rows),
    )  # fmt: skip


def _quantiles(values: Array, counts: NDArray[np.int64]) -> list[float]:
    """The smallest value that each share of the rows does not exceed."""
    below = np.cumsum(counts)
    ranks = [max(math.ceil(float(level) * int(below[-1])), 1) for level in _LEVELS]
    return [float(values[np.searchsorted(below, rank)]) for rank in ranks]


def _bins(values: Array, counts: NDArray[np.int64], log: bool) -> tuple[Bin, ...]:
    """Bins of equal width from the smallest to the largest value, or of their logarithms."""
    if not len(values):
        return ()
    low, high = float(values[0]), float(values[-1])
    if low == high:
        return (Bin(low, high, int(counts.sum())),)
    if log:
        least = float(values[values > 0][0])
        edges = np.geomspace(max(least, high * _DECADES), high, _BINS + 1)
    else:
        edges = low + (high - low) * (np.arange(_BINS + 1) / _BINS) if high - low < math.inf else np.array([low, high])
    edges[0], edges[-1] = low, high
    at = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, len(edges) - 2)
    sums = np.bincount(at, weights=counts, minlength=len(edges) - 1).astype(np.int64)
    return tuple(Bin(float(edges[i]), float(edges[i + 1]), int(sums[i])) for i in range(len(edges) - 1))


def _worst(row: WorstRow, slices: list[dict[str, str]]) -> WorstRowResult:
    return WorstRowResult(row.row, row.value, slices[row.slice_id], dict(row.keys), dict(row.cells))
