"""How uncertain the estimates of a run are, and what its comparisons show: what other packages call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from losscli.aggregate.accumulator import RunAccumulator
from losscli.results import ComparisonResult, LossResult
from losscli.statistics.comparisons import comparisons
from losscli.statistics.contribution_sums import ContributionSums
from losscli.statistics.finalized_sums import slices
from losscli.statistics.intervals import with_interval
from losscli.statistics.serial_variance import few_times


class UncertainResults(NamedTuple):
    """Results with their uncertainty, the comparisons, and notes about what has no standard error."""

    results: tuple[LossResult, ...]
    comparisons: tuple[ComparisonResult, ...]
    notes: tuple[str, ...]


def with_uncertainty(totals: RunAccumulator, estimates: Sequence[LossResult]) -> UncertainResults:
    """The results of a run with the standard errors, confidence intervals and comparisons that it requests.

    Parameters
    ----------
    totals
        Everything that the run added up, unit statistics among it.
    estimates
        What `estimates.results` made of the same totals.

    Returns
    -------
    UncertainResults
        The results in the same order.
    """
    found = slices(totals)
    places = [(line, slice_) for line in range(len(totals.plan.lines)) for slice_ in found]
    results = dict(zip(places, estimates, strict=True))
    sums = ContributionSums(totals, results)
    notes: list[str] = []
    if totals.plan.request.inference.interval:
        done = [with_interval(sums, line, slice_, found[slice_], result) for (line, slice_), result in results.items()]
        results = dict(zip(places, [result for result, _ in done], strict=True))
        notes = list(dict.fromkeys(note for _, note in done if note is not None))
    compared = tuple(comparisons(sums, found, results))
    whole = [(one.spec, one.uncertainty) for one in results.values() if not one.by]  # slices often have few times
    whole += [(one.spec, one.uncertainty) for one in compared if not one.by]
    notes += [f"{spec}: {note}" for spec, how in whole if (note := few_times(how)) is not None]
    return UncertainResults(tuple(results.values()), compared, tuple(dict.fromkeys(notes)))
