"""The estimates of one loss, slice by slice: each mean is rounded once, then means are combined."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from losscli.aggregate.accumulator import RunAccumulator
from losscli.aggregate.kernel_calls import kernel_calls
from losscli.aggregate.term_accumulator import LossAccumulator, TermAccumulator
from losscli.binding.plan import Job, Line
from losscli.binding.signature import of_slices, reduction_of, signature
from losscli.contract.kinds import Array
from losscli.contract.presets import DivideBy
from losscli.results import BatchResult, LossResult, TermResult
from losscli.statistics.combination import combined, means_of, wide_value
from losscli.statistics.finalized_sums import FinalizedRun, FinalizedSums, SliceIds, TermEstimate, WeightedSliceId

if TYPE_CHECKING:
    from losscli.statistics.table_estimates import TableEstimator
    from losscli.statistics.wide_number import WideNumber


class LineEstimator:
    """The estimates of one job of a line; what is the same in all slices is made once, as there may be very many."""

    def __init__(self, finalized: FinalizedRun, job: Job, line: Line, over: Array | None = None) -> None:
        """With `over`, the rows of these slices are all in slice 0."""
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
            self.accumulator = finalized.totals.losses[call] if over is None else finalized.over(call, over)
            if call.by_table:
                from losscli.statistics.table_estimates import TableEstimator  # few losses are of whole tables

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
            from losscli.statistics.wide_number import WideNumber

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
