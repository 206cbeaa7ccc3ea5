"""Estimates: the numbers of a report, from finalized sums. Each mean is rounded once, then means are combined."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TypeAlias

from losscli.aggregate.accumulator import RunAccumulator
from losscli.aggregate.kernel_calls import kernel_calls
from losscli.aggregate.slices import NULL
from losscli.aggregate.term_accumulator import LossAccumulator, TermAccumulator
from losscli.binding.plan import Job, Line
from losscli.binding.signature import of_slices, reduction_of, signature
from losscli.contract.presets import DivideBy
from losscli.contract.scaled import is_normal
from losscli.results import BatchResult, LossResult, PartResult, TermResult
from losscli.statistics.combination import combined, means_of, wide_value
from losscli.statistics.finalized_sums import (
    FinalizedRun,
    FinalizedSums,
    SliceIds,
    TermEstimate,
    WeightedSliceId,
    slices,
)
from losscli.statistics.table_estimates import TableEstimator
from losscli.statistics.wide_number import WideNumber

Single: TypeAlias = "Callable[[LineEstimator, Mapping[str, str], SliceIds], LossResult]"
"""What makes the result of one loss on one slice."""


def results(totals: RunAccumulator) -> tuple[LossResult, ...]:
    """The estimates of a run.

    Parameters
    ----------
    totals
        Everything that the run added up.

    Returns
    -------
    tuple of LossResult
        One for each line of the report on each slice: the lines in their order, and of each line the whole run first,
        then its slices in the order of their text.
    """
    plan, finalized = totals.plan, FinalizedRun(totals)
    estimators = [[LineEstimator(finalized, job, line) for job in line.jobs] for line in plan.lines]
    single: Single = LineEstimator.result if plan.request.mean_of is None else _mean_over_groups(totals)
    with _without_garbage_collection():
        found = slices(totals)
        return tuple(
            _line_result(line, parts, dict(zip(plan.by, name, strict=False)), slice_ids, single)
            for line, parts in zip(plan.lines, estimators, strict=True)
            for name, slice_ids in found.items()
        )


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
        each = [estimator.result(by, group) for group in groups.of(slice_ids)]
        return groups.mean(group_values(over_rows, each), estimator.job.spec.loss.limits)

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
    known = all(each.value.is_finite() for each in exact)
    if not known or all(is_normal(value) or not each.value for value, each in zip(values, exact, strict=True)):
        return plain
    return float(sum((f * each for f, each in zip(factors, exact, strict=True)), WideNumber.of(constant)).value)


def value_on(totals: RunAccumulator, line: Line, slice_ids: SliceIds) -> float:
    """The value of a line on any slice ids, such as the rest of a slice."""
    finalized = FinalizedRun(totals)
    estimators = [LineEstimator(finalized, job, line) for job in line.jobs]
    return _line_result(line, estimators, {}, slice_ids, LineEstimator.result).value


class LineEstimator:
    """The estimates of one job of a line; what is the same in all slices is made once, as there may be very many."""

    def __init__(self, finalized: FinalizedRun, job: Job, line: Line) -> None:
        plan, loss = finalized.totals.plan, job.spec.loss
        self.job, self.finalized, self.model = job, finalized, line.model
        self.fixed = not loss.source_roles  # a loss of matrices alone is the same in every slice
        self.divisor: DivideBy = "weight" if self.fixed else plan.request.divisor(job.spec)
        self.reduction = reduction_of(plan, job)
        self.signature = signature(plan, line)
        self.slice_signature = self.signature + of_slices(plan)
        self.params, self.spec = job.spec.written_params, job.spec.text
        self.batch = _batch(finalized.totals) if loss.batched and not self.fixed else None
        self.table: TableEstimator | None = None
        self.terms: dict[str, FinalizedSums] = {}
        self.accumulator = LossAccumulator()
        for term, call in kernel_calls(job).items():
            self.accumulator = finalized.totals.losses[call]
            if call.by_table:
                self.table = TableEstimator(job.spec, finalized.totals.held_rows(call))
                continue
            # Where nothing was read, the terms have no rows.
            sums = [*self.accumulator.sums()] or [(term or "loss", TermAccumulator(False), None)]
            found = {term or name: finalized.sums_of(one, rows) for name, one, rows in sums}
            self.terms |= found
            self.first = next(iter(found))  # of the last call, as is the accumulator
        excluded = self.accumulator.excluded
        self.excluded: list[int] = excluded.tolist() if excluded.any() else []

    def term_estimates(self, slice_ids: SliceIds) -> dict[str, TermEstimate]:
        """Term -> its mean over a slice."""
        if self.table is not None:
            return self.table.estimates(slice_ids)
        own = [WeightedSliceId(0)] if self.fixed else slice_ids
        exact = self.job.spec.loss.exact
        return {name: sums.estimate(own, self.divisor, exact) for name, sums in self.terms.items()}

    def result(self, by: Mapping[str, str], slice_ids: SliceIds) -> LossResult:
        """The estimate on one slice."""
        loss, own = self.job.spec.loss, [WeightedSliceId(0)] if self.fixed else slice_ids
        estimates = self.term_estimates(slice_ids)
        terms = {name: estimate.result for name, estimate in estimates.items()}
        count, weight = self._count_and_weight(terms, own)
        return LossResult(
            model=self.model, by=by, loss=loss.name, spec=self.spec, params=self.params,
            reduction=self.reduction, value=combined(self.job, estimates, self.reduction), count=count, weight=weight,
            terms=terms, direction=loss.direction, revision=loss.revision,
            signature=self.slice_signature if by else self.signature, batch=self.batch,
            excluded_count=sum([self.excluded[c.number] for c in own if c.number < len(self.excluded)]),
        )  # fmt: skip

    def wide_value(self, slice_ids: SliceIds) -> WideNumber:
        """The value of the estimate on one slice, also where no double holds it."""
        estimates = self.term_estimates(slice_ids)
        if self.reduction == "sum":
            return WideNumber.of(sum(estimate.result.sum for estimate in estimates.values()))
        return wide_value(self.job, means_of(estimates))

    def _count_and_weight(self, terms: Mapping[str, TermResult], slice_ids: SliceIds) -> tuple[int, float]:
        """How many units take part in any term, and their weight."""
        if self.table is not None:
            return self.table.count_and_weight(slice_ids)
        if self.accumulator.rows is not None:
            rows = self.finalized.sums_of(self.accumulator.rows).estimate(slice_ids, "weight").result
        else:
            rows = terms[self.first]
        return rows.count, rows.weight


def _batch(totals: RunAccumulator) -> BatchResult:
    """How rows were put into batches."""
    groups = totals.groups
    return BatchResult(groups.how, groups.size, totals.plan.batch_by, groups.formed)


def undefined_terms(outcome: tuple[LossResult, ...]) -> list[str]:
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
    for result in outcome:
        for name, term in result.terms.items():
            if term.count == 0:
                where = "".join(f", {k}={NULL if v is None else v}" for k, v in result.by.items())
                sentences.append(f"{result.spec}{where}: term '{name}' has no rows, so the value is undefined")
    return list(dict.fromkeys(sentences))
