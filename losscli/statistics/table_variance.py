"""The standard error of a number of a whole table, from independent samples whose means move it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from losscli.aggregate.kernel_calls import kernel_calls
from losscli.binding.limits import Limits
from losscli.binding.plan import Plan
from losscli.contract.table_scope import TableSample
from losscli.results import LossResult, Uncertainty
from losscli.statistics.contribution_sums import ContributionSums
from losscli.statistics.finalized_sums import SliceIds
from losscli.statistics.interval_methods import within
from losscli.statistics.student_t import t_interval
from losscli.statistics.table_estimates import TableEstimator

_NO_MEAN = "it is no mean of values of rows"
_REASON = "the places of rows in two samples (DeLong)"


def with_table_interval(
    sums: ContributionSums, line: int, slice_ids: SliceIds, result: LossResult
) -> tuple[LossResult, str | None]:
    """A result with its standard error and confidence interval, where it is made of one loss that declares samples.

    Parameters
    ----------
    sums
        The unit statistics of the run.
    line
        The position of the line.
    slice_ids
        The slice.
    result
        The estimate.

    Returns
    -------
    result : LossResult
        The result; without an interval where there is none.
    note : str or None
        The text of a warning: why there is none; None where no warning is needed.
    """
    planned, inference = sums.line(line), sums.inference
    (job, *others) = planned.jobs
    none = f"{result.spec}: {_NO_MEAN}, so it has no standard error"
    if others or planned.spec.is_composite or not math.isfinite(result.value):
        return result, none if math.isfinite(result.value) else None
    asked = {
        "--bootstrap": inference.bootstrap is not None, "--sequential": inference.sequential,
        "--adjust max-t": inference.adjust == "max-t", "--cluster or --time": inference.grouping is not None,
    }  # fmt: skip
    other = next((option for option, given in asked.items() if given), None)
    rows = sums.totals.distinct_rows[kernel_calls(job)[None]]
    loss = job.spec.loss
    samples = None
    if other is None:
        samples = loss.table_samples(TableEstimator(job.spec, rows).table(slice_ids), job.spec.params)
    if samples is None:
        return result, none + ("" if other is None else f" with {other}")
    found = _stderr(samples)
    if found is None:
        return result, f"{result.spec}: there is no standard error with only one row of a class"
    stderr, df = found
    how = Uncertainty("t", inference.level, "row", result.count, df, reason=_REASON)
    if not stderr:
        return replace(result, stderr=stderr, uncertainty=how), None
    low, high = t_interval(result.value, stderr, df, inference.level)
    return replace(
        result, stderr=stderr, interval=within((low, high), result.value, Limits(*loss.limits)), uncertainty=how
    ), None


def untested(plan: Plan) -> list[str]:
    """Notes about the lines whose differences between models or slices have no test.

    Parameters
    ----------
    plan
        The plan of the run.

    Returns
    -------
    list of str
        One note for each loss of a whole table.
    """
    inference = plan.request.inference
    if not inference.pairs and inference.between is None:
        return []
    specs = [line.spec.text for line in plan.lines if any(job.spec.loss.sorted_by for job in line.jobs)]
    return [f"{spec}: {_NO_MEAN}, so a difference has no test" for spec in dict.fromkeys(specs)]


def _stderr(samples: Sequence[TableSample]) -> tuple[float, float] | None:
    """The root of the sum of the variances of the means, and its degrees of freedom (Welch, Satterthwaite)."""
    total = below = 0.0
    for sample in samples:
        rows = int(sample.counts.sum())
        if rows < 2:
            return None
        shares = sample.weights * sample.counts
        whole = float(shares.sum())
        mean = float((shares * sample.values).sum()) / whole
        squares = (sample.weights / whole) ** 2 * sample.counts * (sample.values - mean) ** 2
        variance = float(squares.sum()) * rows / (rows - 1)
        total, below = total + variance, below + variance**2 / (rows - 1)
    return math.sqrt(total), total**2 / below if below else float("inf")
