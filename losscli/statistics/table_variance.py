"""The standard error of a number of a whole table, from independent samples whose means move it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from losscli.aggregate.held_tables import paired_lines
from losscli.aggregate.kernel_calls import kernel_calls
from losscli.binding.limits import Limits
from losscli.binding.plan import Job, Plan
from losscli.binding.request import Inference
from losscli.contract.table_scope import SampleEntries, SortedTable, entries_of
from losscli.results import ComparisonResult, LossResult, Uncertainty
from losscli.statistics.contribution_sums import ContributionSums
from losscli.statistics.finalized_sums import SliceIds
from losscli.statistics.interval_methods import within
from losscli.statistics.student_t import t_interval
from losscli.statistics.table_estimates import TableEstimator

_NO_MEAN = "it is not a mean of row values"
_REASONS = {1: "the influence of each row on a number of pairs (U-statistic)",
            2: "the places of rows in two samples (DeLong)"}  # fmt: skip


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
    planned = sums.line(line)
    (job, *others) = planned.jobs
    none = f"{result.spec}: {_NO_MEAN}, so it has no standard error"
    if others or planned.spec.is_composite or not math.isfinite(result.value):
        return result, none if math.isfinite(result.value) else None
    other = without_samples(sums.inference)
    loss = job.spec.loss
    samples = None if other is not None else loss.table_samples(_table(sums, job, slice_ids), job.spec.params)
    if not samples:
        return result, none + ("" if other is None else f" with {other}")
    found = _stderr([sample.entries() for sample in samples])
    if found is None:
        return (
            result,
            f"{result.spec}: there is no standard error with only one row{' of a class' * (len(samples) > 1)}",
        )
    stderr, df = found
    how = Uncertainty("t", sums.inference.level, "row", result.count, df, reason=_REASONS[len(samples)])
    if not stderr:
        return replace(result, stderr=stderr, uncertainty=how), None
    low, high = t_interval(result.value, stderr, df, sums.inference.level)
    return replace(
        result, stderr=stderr, interval=within((low, high), result.value, Limits(*loss.limits)), uncertainty=how
    ), None


def without_samples(inference: Inference) -> str | None:
    """The option of a run for which the samples of a table give no standard error; None: they give one."""
    asked = {
        "--bootstrap": inference.bootstrap is not None, "--sequential": inference.sequential,
        "--adjust max-t": inference.adjust == "max-t", "--cluster or --time": inference.grouping is not None,
    }  # fmt: skip
    return next((option for option, given in asked.items() if given), None)


class PairedVariance(NamedTuple):
    """The standard error of a difference, its degrees of freedom, and how it came about."""

    stderr: float
    df: float
    reason: str


def paired_stderr(
    sums: ContributionSums, lines: tuple[int, int], slice_ids: SliceIds, multiple: Fraction = Fraction(1)
) -> PairedVariance | None:
    """The standard error of one number less a multiple of another of the same rows, and its degrees of freedom.

    Parameters
    ----------
    sums
        The unit statistics of the run.
    lines
        The positions of the two lines, whose rows are paired.
    slice_ids
        The slice.
    multiple
        That of the second number.

    Returns
    -------
    PairedVariance or None
        By the differences of the places of each row (DeLong, DeLong & Clarke-Pearson 1988, doi:10.2307/2531595), or of
        its influences. None where a class has only one row, or the targets of the two are not the same.
    """
    tables, samples = [], []
    for line in lines:
        (job,) = sums.line(line).jobs
        tables.append(_table(sums, job, slice_ids))
        samples.append(job.spec.loss.table_samples(tables[-1], job.spec.params) or [])
    entries = []
    if not all(samples):
        return None
    for ours, theirs in zip(*samples, strict=True):
        if not np.array_equal(ours.rows, theirs.rows):
            return None
        differences = ours.of_rows() - float(multiple) * theirs.of_rows()
        entries.append(entries_of(differences, tables[0].take(ours.rows)))
    found = _stderr(entries)
    return None if found is None else PairedVariance(*found, _REASONS[len(entries)])


def _table(sums: ContributionSums, job: Job, slice_ids: SliceIds) -> SortedTable:
    return TableEstimator(job.spec, sums.totals.held_rows(kernel_calls(job)[None])).table(slice_ids)


def untested(plan: Plan, compared: Sequence[ComparisonResult]) -> list[str]:
    """Notes about the lines whose differences between models or slices have no test.

    Parameters
    ----------
    plan
        The plan of the run.
    compared
        Its comparisons of models.

    Returns
    -------
    list of str
        One note for each loss of a whole table; of slices for all, of models for those that are not tested.
    """
    inference = plan.request.inference
    if not inference.pairs and inference.between is None:
        return []
    by_table = {line.spec.text for line in plan.lines if any(job.spec.loss.sorted_by for job in line.jobs)}
    sampled = {plan.lines[first].spec.text for first, _ in paired_lines(plan)}
    specs = [line.spec.text for line in plan.lines] if inference.between is not None else []
    specs += [one.spec for one in compared if one.stderr is None and math.isfinite(one.difference)]
    other = without_samples(inference)
    return [
        f"{spec}: {_NO_MEAN}, so a difference has no test"
        + (f" with {other}" if spec in sampled and other is not None else "")
        for spec in dict.fromkeys(specs) if spec in by_table
    ]  # fmt: skip


def _stderr(samples: Sequence[SampleEntries]) -> tuple[float, float] | None:
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
