"""PIT and rank histograms and the coverage of forecasts: quantiles, members of an ensemble, or distributions."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from losscli.aggregate.diagnostics.run import ForecastCounts
from losscli.aggregate.diagnostics.subjects import PIT_CELLS, Subject
from losscli.results.diagnostics import Bin, Coverage, ForecastResult
from losscli.statistics.proportions import wilson

_BINS = 20
_LEVEL = 0.95
_CENTRAL = (50, 80, 90, 95, 99)  # in percent: levels of central intervals, whose ends are ends of cells


def forecast(subject: Subject, found: ForecastCounts) -> ForecastResult | None:
    """Where targets are among the numbers of a forecast; None where there is no row."""
    ranks, covered, levels = found.ranks, found.covered, subject.levels
    if ranks is None or covered is None or not (count := int(ranks.sum())):
        return None
    if subject.distribution is not None:
        return _of_distribution(subject, ranks, covered, count)
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
    return ForecastResult(subject.jobs[0].model, ", ".join(columns), None, count, bins, by_level, ())


def _of_distribution(
    subject: Subject, ranks: NDArray[np.int64], covered: NDArray[np.int64], count: int
) -> ForecastResult:
    """The histogram of the PIT, the coverage of the levels at which its bins end, and that of central intervals."""
    assert subject.levels is not None and subject.distribution is not None
    gaps, width = _gaps(ranks), PIT_CELLS // _BINS
    starts = range(0, PIT_CELLS, width)
    bins = tuple(Bin(at / PIT_CELLS, (at + width) / PIT_CELLS, sum(gaps[at : at + width])) for at in starts)
    by_level = tuple(_coverage(subject.levels[at - 1], int(covered[at - 1]), count) for at in starts[1:])
    central = []
    for percent in _CENTRAL:
        outside = PIT_CELLS * (100 - percent) // 200  # cells on each side; ranks of 2 k + 1 are at level k
        inside = int(ranks[2 * outside - 1 : len(ranks) - 2 * outside + 1].sum())
        central.append(_coverage(percent / 100, inside, count))
    columns = dict.fromkeys(side.columns[0] for role, side in subject.distribution.roles if role != "target")
    job = subject.jobs[0]
    return ForecastResult(job.model, ", ".join(columns), job.spec.text, count, bins, by_level, tuple(central))


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
