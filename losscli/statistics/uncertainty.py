"""The one door: how uncertain the results of a run are, and what comparisons show."""

from __future__ import annotations

from collections.abc import Sequence

from losscli.aggregate.accumulator import RunAccumulator
from losscli.results import ComparisonResult, LossResult
from losscli.statistics.comparisons import comparisons
from losscli.statistics.delta_method import LossUncertainty
from losscli.statistics.estimates import slices
from losscli.statistics.intervals import with_interval

Certain = tuple[tuple[LossResult, ...], tuple[ComparisonResult, ...], tuple[str, ...]]


def with_certainty(totals: RunAccumulator, outcome: Sequence[LossResult]) -> Certain:
    """The results with what was asked about their uncertainty, the comparisons, and what could not be said."""
    found = slices(totals)
    places = [(number, name) for number in range(len(totals.plan.lines)) for name in found]
    results = dict(zip(places, outcome, strict=True))
    spread = LossUncertainty(totals, results)
    notes: dict[str, None] = {}
    if totals.plan.request.inference.interval:
        results = {
            (number, name): with_interval(spread, number, found[name], name, result, notes)
            for (number, name), result in results.items()
        }
    return tuple(results.values()), tuple(comparisons(spread, found, results)), tuple(notes)
