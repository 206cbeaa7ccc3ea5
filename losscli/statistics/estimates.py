"""Estimates: the numbers of a report, from finalized sums. Each mean is rounded once, then means are combined."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias

from losscli.aggregate.accumulator import RunAccumulator
from losscli.aggregate.slices import NULL
from losscli.binding.plan import Line
from losscli.contract.scaled import is_normal
from losscli.results import LossResult, PartResult
from losscli.results.columns import ResultTable, notable
from losscli.statistics.finalized_sums import (
    FinalizedRun,
    SliceIds,
    WeightedSliceId,
)
from losscli.statistics.line_estimator import LineEstimator
from losscli.statistics.slice_columns import SliceTable, has_columns, slice_results, slice_table

if TYPE_CHECKING:
    from losscli.statistics.wide_number import WideNumber

Single: TypeAlias = "Callable[[LineEstimator, Mapping[str, str], SliceIds], LossResult]"
"""What makes the result of one loss on one slice."""


def results(totals: RunAccumulator) -> Sequence[LossResult]:
    """The estimates of a run.

    Parameters
    ----------
    totals
        Everything that the run added up.

    Returns
    -------
    sequence of LossResult
        One for each line of the report on each slice: the lines in their order, and of each line the whole run first,
        then its slices in the order of their text.
    """
    plan, finalized = totals.plan, FinalizedRun(totals)
    single: Single = LineEstimator.result if plan.request.mean_of is None else _mean_over_groups(totals)
    table = slice_table(totals) if plan.request.mean_of is None else None
    found: list[Sequence[LossResult]] = []
    with _without_garbage_collection():
        for line in plan.lines:
            estimators = [LineEstimator(finalized, job, line) for job in line.jobs]
            columns = None if table is None else _slice_results(finalized, line, estimators, table)
            found += columns or [
                tuple(
                    _line_result(line, estimators, dict(zip(plan.by, name, strict=False)), slice_ids, single)
                    for name, slice_ids in finalized.slices.items()
                )
            ]
    return ResultTable(found) if len(found) != len(plan.lines) else tuple(one for part in found for one in part)


def _slice_results(
    finalized: FinalizedRun, line: Line, estimators: list[LineEstimator], table: SliceTable
) -> list[Sequence[LossResult]] | None:
    """The result of the whole run, and those of all slices as columns; None where slices are estimated one by one."""
    if not all(map(has_columns, estimators)):
        return None
    over = [LineEstimator(finalized, job, line, table.slice_ids) for job in line.jobs]
    whole = _line_result(line, over, {}, [WeightedSliceId(0)], LineEstimator.result)

    def value_of(slice_ids: SliceIds) -> float:
        return _line_result(line, estimators, {}, slice_ids, LineEstimator.result).value

    return [(whole,), slice_results(line, estimators, table, whole, value_of)]


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """All results are kept, so there is no garbage among them: to look for it would take a third of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _mean_over_groups(totals: RunAccumulator) -> Single:
    from losscli.statistics.group_means import Groups, group_values  # few runs have groups

    groups = Groups(totals)

    def single(estimator: LineEstimator, by: Mapping[str, str], slice_ids: SliceIds) -> LossResult:
        over_rows = estimator.result(by, slice_ids)
        if estimator.fixed:
            return over_rows
        found = groups.of(slice_ids)
        each = [estimator.result(by, group) for group in found]
        return groups.mean(group_values(over_rows, each, groups.weights_of(found)), estimator.job.spec.loss.limits)

    return single


def _line_result(
    line: Line, estimators: list[LineEstimator], by: Mapping[str, str], slice_ids: SliceIds, single: Single
) -> LossResult:
    """The estimate of one line on one slice: of its loss, or of a composite loss by its parts."""
    singles = [single(estimator, by, slice_ids) for estimator in estimators]
    if not line.spec.is_composite:
        return singles[0]
    factors = [factor for factor, _ in line.spec.parts]
    constant = line.spec.constant
    value = sum((factor * one.value for factor, one in zip(factors, singles, strict=True)), constant)
    over_rows = single is LineEstimator.result
    if over_rows and (not is_normal(value) or not all(is_normal(one.value) for one in singles)):
        exact = [estimator.wide_value(slice_ids) for estimator in estimators]
        value = _wide_sum(constant, factors, [one.value for one in singles], exact, value)
    rows = [s for s, job in zip(singles, line.jobs, strict=True) if job.spec.loss.source_roles] or singles
    assert line.spec.name is not None
    return LossResult(
        model=line.model, by=by, loss=line.spec.name, spec=line.spec.text, params={},
        reduction=rows[0].reduction, value=value, count=min(s.count for s in rows),
        weight=min(s.weight for s in rows), terms={}, direction=line.spec.direction,
        revision=max(s.revision for s in singles), signature=rows[0].signature,
        parts=tuple(PartResult(s.spec, f, s.value) for s, f in zip(singles, factors, strict=True)),
        batch=next((s.batch for s in singles if s.batch), None),
        excluded_count=max(s.excluded_count for s in singles), constant=constant,
    )  # fmt: skip


def _wide_sum(
    constant: float, factors: Sequence[float], values: Sequence[float], exact: Sequence[WideNumber], plain: float
) -> float:
    """The constant and the weighted sum of exact values; the `plain` sum where no double of them has lost digits."""
    from losscli.statistics.wide_number import WideNumber

    known = all(each.value.is_finite() for each in exact)
    if not known or all(is_normal(value) or not each.value for value, each in zip(values, exact, strict=True)):
        return plain
    return float(sum((f * each for f, each in zip(factors, exact, strict=True)), WideNumber.of(constant)).value)


def value_on(totals: RunAccumulator, line: Line, slice_ids: SliceIds) -> float:
    """The value of a line on any slice ids, such as the rest of a slice."""
    finalized = FinalizedRun(totals)
    estimators = [LineEstimator(finalized, job, line) for job in line.jobs]
    return _line_result(line, estimators, {}, slice_ids, LineEstimator.result).value


def undefined_terms(outcome: Sequence[LossResult]) -> list[str]:
    """Warnings about terms that have no rows.

    Parameters
    ----------
    outcome
        The results of the run.

    Returns
    -------
    list of str
        One sentence for each line, slice and term without rows.
    """
    sentences = []
    for result in notable(outcome):
        for name, term in result.terms.items():
            if term.count == 0:
                where = "".join(f", {k}={NULL if v is None else v}" for k, v in result.by.items())
                sentences.append(f"{result.spec}{where}: term '{name}' has no rows, so the value is undefined")
    return list(dict.fromkeys(sentences))
