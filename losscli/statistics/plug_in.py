"""Plug-in estimates: a line's value as a function of sums, whether of the run or of a resample."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from losscli.aggregate.exact_sum import ONE, rounded
from losscli.binding.signature import reduction_of
from losscli.contract.kinds import Array
from losscli.statistics.contribution_sums import Contributions, ContributionSums
from losscli.statistics.finalized_sums import SliceIds
from losscli.statistics.resampling import Statistic


@dataclass(frozen=True)
class PlugIn:
    """A value as a function of the sums of contributions.

    Attributes
    ----------
    contributions
        The contributions, by their indices, in the order of the last axis of the sums.
    statistic
        Makes values of shape (...) of sums of shape (..., contributions).
    """

    contributions: tuple[int, ...]
    statistic: Statistic

    def minus(self, other: PlugIn) -> PlugIn:
        """The difference of two values, as a function of the contributions of both."""
        ours, theirs, width = self.statistic, other.statistic, len(self.contributions)
        return PlugIn(
            (*self.contributions, *other.contributions),
            lambda sums: ours(sums[..., :width]) - theirs(sums[..., width:]),
        )


def plug_in(sums: ContributionSums, line: int, contributions: Contributions, slice_ids: SliceIds) -> PlugIn | None:
    """One line's value on a slice as a function of sums.

    Parameters
    ----------
    sums
        The unit statistics of the run.
    line
        The position of the line; -1 - i for the baseline of line i.
    contributions
        The contributions that stand in the last axis of the sums.
    slice_ids
        The slice.

    Returns
    -------
    PlugIn or None
        None where the value of the run is undefined.
    """
    parts = sums.parts(line, slice_ids)
    if parts is None:
        return None
    column = {contribution: i for i, contribution in enumerate(contributions)}
    fixed = sums.fixed_value(line)

    def statistic(totals: Array) -> Array:
        value: Any = fixed
        with np.errstate(all="ignore"):
            for factor, job, terms in parts:
                means = {t.term: totals[..., column[t.numerator]] / totals[..., column[t.denominator]] for t in terms}
                if reduction_of(sums.plan, job) == "sum":
                    value = value + factor * sum(means[t.term] * rounded(t.sums.denominator, ONE) for t in terms)
                else:
                    total = totals[..., column[terms[0].denominator]]
                    value = value + factor * job.spec.loss.combine(means, job.spec.params, total)
        return np.asarray(value, np.float64)

    return PlugIn(tuple(contributions), statistic)


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
    for factor, job, terms in parts or ():
        means = {term.term: np.float64(term.mean) for term in terms}
        total = rounded(terms[0].sums.denominator, ONE)
        value += factor * float(job.spec.loss.combine(means, job.spec.params, total))
    return value
