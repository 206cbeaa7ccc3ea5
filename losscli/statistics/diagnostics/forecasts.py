"""PIT and rank histograms and the coverage of forecasts that are quantiles or members of an ensemble."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from losscli.aggregate.diagnostics.run import ForecastCounts
from losscli.aggregate.diagnostics.subjects import Subject
from losscli.results.diagnostics import Bin, Coverage, ForecastResult
from losscli.statistics.proportions import wilson

_BINS = 20
_LEVEL = 0.95


def forecast(subject: Subject, found: ForecastCounts) -> ForecastResult | None:
    """Where targets are among the numbers of a forecast; None where there is no row."""
    ranks, covered, levels = found.ranks, found.covered, subject.levels
    if ranks is None or covered is None or not (count := int(ranks.sum())):
        return None
    gaps = _gaps(ranks)
    by_level: tuple[Coverage, ...] = ()
    if levels is None:
        bins = _ranks(gaps)
    else:
        order = np.argsort(levels, kind="stable")
        edges = [0.0, *(float(levels[at]) for at in order), 1.0]
        bins = tuple(Bin(a, b, n) for (a, b), n in zip(pairwise(edges), gaps, strict=True))
        by_level = tuple(_coverage(float(levels[at]), int(covered[at]), count) for at in order)
    columns = subject.pred.columns[:1] if subject.upper is None else (subject.pred.columns[0], subject.upper.columns[0])
    return ForecastResult(subject.jobs[0].model, ", ".join(columns), count, bins, by_level)


def _gaps(ranks: NDArray[np.int64]) -> list[int]:
    """Rows by the number below their target. Of rows with equal numbers every second one counts as above these."""
    gaps = [int(n) for n in ranks[::2]]
    for at, n in enumerate(ranks[1::2].tolist()):
        gaps[at] += (n + 1) // 2
        gaps[at + 1] += n // 2
    return gaps


def _ranks(gaps: list[int]) -> tuple[Bin, ...]:
    """The histogram of ranks, of many of them neighbours together."""
    size = len(gaps)
    cuts = np.unique(np.linspace(0, size, min(size, _BINS) + 1).round().astype(np.int64)).tolist()
    return tuple(Bin(a / size, b / size, sum(gaps[a:b])) for a, b in pairwise(cuts))


def _coverage(level: float, covered: int, count: int) -> Coverage:
    low, high = wilson(covered / count, count, math.inf, _LEVEL)
    return Coverage(level, covered / count, low, high)
