"""How uncertain the estimates of a run are, and what its comparisons show: what other packages call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from losscli.aggregate.accumulator import RunAccumulator
from losscli.results import ComparisonResult, InfluenceResult, LossResult
from losscli.results.columns import IntervalColumns, ResultTable, SliceColumns, parts_of
from losscli.statistics.contribution_sums import ContributionSums
from losscli.statistics.finalized_sums import Slice, SliceIds, WeightedSliceId, slices
from losscli.statistics.intervals import is_proportion, with_interval
from losscli.statistics.known_variances import known_variances
from losscli.statistics.linearization import linearize
from losscli.statistics.serial_variance import few_times
from losscli.statistics.slice_intervals import Estimates, plain_part, slice_intervals, with_slice_intervals
from losscli.statistics.table_variance import untested

_TOGETHER = 1024  # values whose variances are held at a time

Results = dict[tuple[int, Slice], LossResult]


class UncertainResults(NamedTuple):
    """Results with their uncertainty, comparisons, the influence of units, and notes on what has no standard error."""

    results: Sequence[LossResult]
    comparisons: tuple[ComparisonResult, ...]
    influence: tuple[InfluenceResult, ...]
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
    each = len(estimates) // len(totals.plan.lines)  # of a line, the whole run comes first
    sums = ContributionSums(totals, {(line, ()): estimates[line * each] for line in range(len(totals.plan.lines))})
    if (done := _of_columns(sums, estimates)) is not None:
        return done
    found, inference = slices(totals), totals.plan.request.inference
    places = [(line, slice_) for line in range(len(totals.plan.lines)) for slice_ in found]
    results = dict(zip(places, estimates, strict=True))
    notes: list[str] = []
    if inference.interval:
        results, notes = _with_intervals(sums, found, results)
        notes += [*sums.few_clusters.sentences(), *sums.skewed_estimates.sentences()]
    if inference.between is not None:
        from losscli.statistics.slice_differences import slice_differences

        for place, difference in slice_differences(sums, found, results).items():
            results[place] = results[place].with_between(difference)
    compared = _compared(sums, found, results) if inference.pairs else ()
    notes += untested(totals.plan, compared)
    if inference.ranked:
        from losscli.statistics.rankings import rankings

        for place, ranking in rankings(sums, found, results, compared).items():
            results[place] = replace(results[place], ranking=ranking)
        notes += _unskilled(results)
    whole = [(one.spec, one.uncertainty) for one in results.values() if not one.by]  # slices often have few times
    whole += [(one.spec, one.uncertainty) for one in compared if not one.by]
    notes += [f"{spec}: {note}" for spec, how in whole if (note := few_times(how)) is not None]
    shown: tuple[InfluenceResult, ...] = ()
    if inference.why:
        from losscli.statistics.leave_one_out import influences

        influence = list(influences(sums, found, results))
        notes += [one for one in influence if isinstance(one, str)]
        shown = tuple(one for one in influence if not isinstance(one, str))
    return UncertainResults(tuple(results.values()), compared, shown, tuple(dict.fromkeys(notes)))


def _compared(
    sums: ContributionSums, found: Mapping[Slice, SliceIds], results: Results
) -> tuple[ComparisonResult, ...]:  # fmt: skip
    """The comparisons that the run requests."""
    from losscli.statistics.comparisons import comparisons
    from losscli.statistics.detection import with_detection

    return tuple(with_detection(one, sums.inference) for one in comparisons(sums, found, results))


def _with_intervals(
    sums: ContributionSums, found: Mapping[Slice, SliceIds], results: Results
) -> tuple[Results, list[str]]:
    """The results with standard errors and intervals, and notes about those that have none."""
    if sums.inference.adjust == "max-t":
        return _with_simultaneous_intervals(sums, found, results)
    done: Results = dict(results)  # in their order
    notes: dict[str, None] = {}
    together: set[tuple[int, Slice]] = set()
    for line in range(len(sums.plan.lines)):
        for slice_, result in with_slice_intervals(sums, line, found, results).items():
            done[line, slice_] = result
            together.add((line, slice_))
    left = [place for place in results if place not in together]
    for start in range(0, len(left), _TOGETHER):
        places = left[start : start + _TOGETHER]
        variances = known_variances(sums, [(line, found[slice_]) for line, slice_ in places])
        for place, known in zip(places, variances, strict=True):
            line, slice_ = place
            done[place], note = with_interval(sums, line, slice_, found[slice_], results[place], known)
            notes |= {} if note is None else {note: None}
    return done, list(notes)


def _of_columns(sums: ContributionSums, estimates: Sequence[LossResult]) -> UncertainResults | None:
    """The same of slices in columns, where nothing but intervals is requested; None where slices are needed alone."""
    asked, totals = sums.inference, sums.totals
    more = asked.between is not None or asked.pairs or asked.ranked or asked.why or asked.adjust == "max-t"
    parts = parts_of(estimates)
    columns = [part for part in parts if isinstance(part, SliceColumns)]
    if more or not asked.interval or len(parts) != 2 * len(totals.plan.lines) or len(parts) != 2 * len(columns):
        return None
    wholes: Results = {(line, ()): part[0] for line, part in enumerate(parts[::2])}
    if any(plain_part(sums, line) is None for line in range(len(columns))):
        return None
    over = ContributionSums(totals.over(np.array(columns[0].slice_ids)), wholes)
    names = list(zip(*(columns[0].by[column] for column in sums.plan.by), strict=True))
    notes: dict[str, None] = {}
    done: list[Sequence[LossResult]] = []
    for line, part in enumerate(columns):
        only: list[WeightedSliceId] = [WeightedSliceId(0)]
        (known,) = known_variances(over, [(line, only)])
        whole, note = with_interval(over, line, (), only, wholes[line, ()], known)
        notes |= {} if note is None else {note: None}
        intervals = _column_intervals(sums, line, part, names, notes)
        if intervals is None:
            return None
        done += [(whole,), part.with_intervals(intervals)]
    warned = sums.skewed_estimates
    warned.whole |= over.skewed_estimates.whole
    return UncertainResults(ResultTable(done), (), (), (*notes, *warned.sentences()))


def _column_intervals(
    sums: ContributionSums, line: int, columns: SliceColumns, names: Sequence[Slice], notes: dict[str, None]
) -> IntervalColumns | None:
    """The intervals of a line on all slices, and notes; those that are not certain are computed one by one."""
    made = slice_intervals(sums, line, names.__getitem__, Estimates.of_columns(columns))
    if made is None:
        return None
    left = np.ones(len(columns), bool)
    left[made.places] = False
    others: dict[int, LossResult] = {}
    places = np.flatnonzero(left).tolist()
    for start in range(0, len(places), _TOGETHER):
        some = places[start : start + _TOGETHER]
        ids = [[WeightedSliceId(columns.slice_ids[at])] for at in some]
        known = known_variances(sums, [(line, each) for each in ids])
        for at, own, by in zip(some, ids, known, strict=True):
            others[at], note = with_interval(sums, line, names[at], own, columns[at], by)
            notes |= {} if note is None else {note: None}
    return made.columns(sums.weighted, others, len(columns))


def _with_simultaneous_intervals(
    sums: ContributionSums, found: Mapping[Slice, SliceIds], results: Results
) -> tuple[Results, list[str]]:
    """The same, where the intervals of all models and slices of a loss hold together; all rows are no slice."""
    from losscli.statistics.simultaneous import Member, maximum, member, of_all

    families: dict[tuple[str, bool], list[Member]] = {}
    numbers = {slice_: number for number, slice_ in enumerate(found)}
    for (line, slice_), result in results.items():
        unit = sums.unit_of(line)
        linear = None if unit is None else linearize(sums, line, found[slice_])
        place = numbers[slice_], found[slice_]
        one = member(sums, linear, unit, place, is_proportion(sums, line))
        families.setdefault((result.spec, bool(slice_)), []).extend([] if one is None else [one])
    level = sums.inference.level
    maxima = {family: maximum(sums, members) for family, members in families.items()}
    at_level = {family: sums.at_level(one.pointwise(level)) for family, one in maxima.items()}
    done: Results = {}
    notes: dict[str, None] = {}
    for (line, slice_), result in results.items():
        family = result.spec, bool(slice_)
        wider, note = with_interval(at_level[family], line, slice_, found[slice_], result)
        if wider.uncertainty is not None:
            wider = replace(wider, uncertainty=of_all(wider.uncertainty, level, maxima[family].size))
        done[line, slice_] = wider
        notes |= {} if note is None else {note: None}
    return done, list(notes)


def _unskilled(results: Results) -> list[str]:
    """Notes about losses that have no relative skill."""
    specs = {one.spec: None for one in results.values()
             if one.ranking is not None and one.ranking.relative_skill is None}  # fmt: skip
    return [f"{spec}: relative skill is a mean of ratios, and needs values above 0" for spec in specs]
