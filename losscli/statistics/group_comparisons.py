"""Comparisons of models by means over groups: the groups are the units of paired tests."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from losscli.aggregate.accumulator import RunAccumulator
from losscli.aggregate.required import compared_lines
from losscli.binding.plan import Line
from losscli.contract.kinds import Array
from losscli.errors import UsageError
from losscli.results import ComparisonResult, LossResult, Uncertainty
from losscli.statistics.comparisons import UnadjustedComparison, judged
from losscli.statistics.decisions import DEFAULT_PERMUTATIONS, NOT_SHOWN, Units, alpha_of, choose
from losscli.statistics.finalized_sums import FinalizedRun, Slice, SliceIds, slices
from losscli.statistics.group_means import Groups, exact_mean, group_values
from losscli.statistics.group_weights import StandardError, standard_error, weighted_mean
from losscli.statistics.hypothesis_tests import paired_t
from losscli.statistics.intervals import slice_stream
from losscli.statistics.line_estimator import LineEstimator
from losscli.statistics.permutation import PermutationResult, permutation_test
from losscli.statistics.student_t import t_interval


def group_comparisons(totals: RunAccumulator) -> tuple[ComparisonResult, ...]:
    """The comparisons that a run requests, by the values of groups that both models have.

    Parameters
    ----------
    totals
        Everything that the run added up.

    Returns
    -------
    tuple of ComparisonResult
        Each requested pair of models on each slice, with the difference of the means over the groups.

    Raises
    ------
    UsageError
        A model is compared with row values of an earlier run, which has no values of groups.
    """
    plan, groups, finalized = totals.plan, Groups(totals), FinalizedRun(totals)
    found, known = slices(totals), {}
    unadjusted = []
    for pair in compared_lines(plan):
        if min(pair) < 0:
            raise UsageError("the row values of an earlier run have no groups, over which --mean-of takes the mean",
                             hint="give the earlier predictions as a model", code="USAGE_CONFLICT")  # fmt: skip
        for slice_, slice_ids in found.items():
            for line in pair:
                if (line, slice_) not in known:
                    known[line, slice_] = _values(plan.lines[line], finalized, groups.of(slice_ids))
            by = dict(zip(plan.by, slice_, strict=False))
            lines = plan.lines[pair[0]], plan.lines[pair[1]]
            both, weights = (known[pair[0], slice_], known[pair[1], slice_]), groups.weights_of(groups.of(slice_ids))
            unadjusted.append(_compare(lines, by, slice_, both, weights, groups))
    return tuple(judged(unadjusted, "holm", None, float(alpha_of(groups.inference.level))))


def _values(line: Line, finalized: FinalizedRun, groups: Sequence[SliceIds]) -> Array:
    """The value of each group; NaN where it has none."""
    total = np.full(len(groups), line.spec.constant)
    for (factor, _), job in zip(line.spec.parts, line.jobs, strict=True):
        estimator = LineEstimator(finalized, job, line)
        each: list[LossResult] = [estimator.result({}, group) for group in groups]
        values = group_values(each[0], each)
        total += factor * np.where(values.undefined, np.nan, values.values)
    return total


def _compare(
    lines: tuple[Line, Line], by: Mapping[str, str], slice_: Slice, values: tuple[Array, Array],
    weights: Array | None, groups: Groups,
) -> UnadjustedComparison:  # fmt: skip
    """Two lines on one slice, by the groups where both have a value."""
    line, inference = lines[0], groups.inference
    both = ~np.isnan(values[0]) & ~np.isnan(values[1])
    ours, theirs = (each[both] for each in values)
    own = None if weights is None else weights[both]
    count = len(ours)

    def mean(of: Array) -> float:
        return exact_mean(of) if own is None else weighted_mean(of, own)

    by_size, raw = line.spec.direction == "zero", (ours, theirs)
    if by_size:  # of the two means over groups the sizes: |m| is the mean of values with the sign of m
        ours, theirs = (each if mean(each) >= 0 else -each for each in raw)
    value, other = mean(ours), mean(theirs)
    wins, losses, ties = (None, None, None) if by_size else _outcomes(ours, theirs, line.spec.direction)
    result = ComparisonResult(
        model=line.model, against=lines[1].model, by=by, loss=line.spec.name or line.spec.parts[0][1].loss.name,
        spec=line.spec.text, direction=line.spec.direction, value=value, against_value=other,
        difference=value - other, count=count, verdict=NOT_SHOWN, wins=wins, losses=losses, ties=ties,
    )  # fmt: skip
    if count < 2 or not math.isfinite(result.difference):
        return UnadjustedComparison(result, slice_)
    gaps = ours - theirs
    found = StandardError(float(gaps.std(ddof=1)) / math.sqrt(count), count - 1.0, float(count)) if own is None else (
        standard_error(gaps, own))  # fmt: skip
    if found is None:
        return UnadjustedComparison(result, slice_)
    stderr, constant = found.stderr, bool((gaps == gaps[0]).all())
    draws = inference.permutations or DEFAULT_PERMUTATIONS
    choice = choose(Units(count, found.n_eff, False, True, constant), inference.test, draws, alpha_of(inference.level))
    t, p = paired_t(result.difference, 0.0 if constant else stderr, found.df)
    how = Uncertainty("t", inference.level, groups.column, count, found.df)
    interval = None if constant else t_interval(result.difference, stderr, found.df, inference.level)
    permuted = None
    if choice.test == "permutation" or inference.permutations:
        shares = np.full(count, 1 / count) if own is None else own / own.sum()
        permuted = _permuted(*raw, shares, slice_, groups, draws, by_size=by_size)
    if permuted is not None:
        result = replace(result, permutations=permuted.permutations, permutations_exact=permuted.exact)
        if choice.test == "permutation":
            interval, how = permuted.interval, replace(how, method="permutation")
    tested = {"t_test": None if math.isnan(p) else p, "permutation": None if permuted is None else permuted.p}
    result = replace(result, t=t if math.isfinite(t) else None, stderr=0.0 if constant else stderr,
                     interval=interval, uncertainty=how)  # fmt: skip
    return UnadjustedComparison(result, slice_, tested, choice)


def _outcomes(ours: Array, theirs: Array, direction: str) -> tuple[int, int, int]:
    """In how many groups the first model is better, worse and equal."""
    ties = int(np.count_nonzero(ours == theirs))
    wins = int(np.count_nonzero(ours < theirs if direction == "lower" else ours > theirs))
    return wins, len(ours) - wins - ties, ties


def _permuted(
    ours: Array, theirs: Array, shares: Array, slice_: Slice, groups: Groups, draws: int, *, by_size: bool
) -> PermutationResult | None:
    """The permutation test of the mean over groups, or of its size, whose models are exchanged within groups."""
    count, inference = len(ours), groups.inference
    of = (ours / count, theirs / count) if groups.weights is None else (ours * shares, theirs * shares)

    def statistic(totals: Array) -> Array:
        return np.abs(totals[..., 0]) if by_size else totals[..., 0]

    return permutation_test(
        of[0][:, None], of[1][:, None], statistic, draws, inference.seed,
        slice_stream(slice_), shares, alpha_of(inference.level),
    )  # fmt: skip
