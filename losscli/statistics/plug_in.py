"""Plug-in estimates: a line's value as a function of sums, whether of the run or of a resample."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from losscli.aggregate.exact_sum import ONE, rounded
from losscli.contract.kinds import Array
from losscli.lazy import dataclass
from losscli.statistics.combination import keeps_digits, value_of
from losscli.statistics.contribution_sums import Column, Columns, ContributionSums
from losscli.statistics.finalized_sums import SliceIds
from losscli.statistics.resampling import Statistic


@dataclass(frozen=True)
class PlugIn:
    """A value as a function of the sums of contributions.

    Attributes
    ----------
    columns
        The columns of sums, in the order of the last axis.
    statistic
        Makes values of shape (...) of sums of shape (..., columns), which may be complex (for derivatives).
    """

    columns: tuple[Column, ...]
    statistic: Statistic

    def minus(self, other: PlugIn, factor: float = 1.0) -> PlugIn:
        """The difference of this value and a multiple of another, as a function of the columns of both."""
        ours, theirs, width = self.statistic, other.statistic, len(self.columns)
        return PlugIn(
            (*self.columns, *other.columns),
            lambda sums: ours(sums[..., :width]) - factor * theirs(sums[..., width:]),
        )

    def size(self) -> PlugIn:
        """The size of this value, as a function of the same columns."""
        own = self.statistic

        def statistic(sums: Array) -> Array:
            value = own(sums)  # complex for derivatives: the sign is that of the real part
            return np.asarray(np.where(np.real(value) < 0, -value, value))

        return PlugIn(self.columns, statistic)


def plug_in(sums: ContributionSums, line: int, columns: Columns, slice_ids: SliceIds) -> PlugIn | None:
    """One line's value on a slice as a function of sums.

    Parameters
    ----------
    sums
        The unit statistics of the run.
    line
        The position of the line; -1 - i for the baseline of line i.
    columns
        The columns that stand in the last axis of the sums.
    slice_ids
        The slice.

    Returns
    -------
    PlugIn or None
        None where the value of the run is undefined.
    """
    parts = sums.parts(line, slice_ids)
    if parts is None or not all(part.summed or keeps_digits(part.job, part.means) for part in parts):
        return None
    position = {column: i for i, column in enumerate(columns)}
    fixed = sums.fixed_value(line)
    strata = list(sums.strata(slice_ids)) if sums.balanced else []

    def statistic(totals: Array) -> Array:
        value: Any = fixed
        with np.errstate(all="ignore"):
            factors = _class_weights(totals, [position[Column(sums.unit, one)] for one in strata])
            for part in parts:
                pairs = {
                    t.term: [
                        _total(totals, position, factors, index, strata, counted)
                        for index, counted in ((t.numerator, False), (t.denominator, sums.by_count))
                    ]
                    for t in part.terms
                }
                if part.summed:
                    value = value + part.factor * sum(numerator for numerator, _ in pairs.values())
                else:
                    means = {term: numerator / denominator for term, (numerator, denominator) in pairs.items()}
                    total = pairs[part.terms[0].term][1]
                    value = value + part.factor * part.job.spec.loss.combine(means, part.job.spec.params, total)
        return np.asarray(value, np.complex128 if np.iscomplexobj(totals) else np.float64)  # of a complex step

    return PlugIn(tuple(columns), statistic)


def _class_weights(totals: Array, units: list[int]) -> list[Any]:
    """The balanced weight of each class, computed from how many rows of it the sums have."""
    counts = [totals[..., position] for position in units]
    rows = sum(counts)
    return [rows / (len(counts) * count) for count in counts]


def _total(
    totals: Array, position: dict[Column, int], factors: list[Any], index: int, strata: list[str], counted: bool
) -> Any:
    """The sum of a contribution; of classes with balanced weights, times these, but for counts of units."""
    if not strata:
        return totals[..., position[Column(index)]]
    return sum(
        totals[..., position[column]] * (1.0 if counted else factor)
        for stratum, factor in zip(strata, factors, strict=True) if (column := Column(index, stratum)) in position
    )  # fmt: skip


def plug_in_value(sums: ContributionSums, line: int, slice_ids: SliceIds) -> float:
    """One line's value on a slice, from the exact sums of the run: for a baseline, which has no result.

    Parameters
    ----------
    sums
        The unit statistics of the run.
    line
        The position of the line; -1 - i for the baseline of line i.
    slice_ids
        The slice.

    Returns
    -------
    float
        NaN where a term's mean is undefined.
    """
    parts = sums.parts(line, slice_ids)
    value = math.nan if parts is None else sums.fixed_value(line)
    for part in parts or ():
        if part.summed:
            value += part.factor * sum(rounded(term.sums.numerator, ONE) for term in part.terms)
            continue
        value += part.factor * value_of(part.job, part.means)
    return value
