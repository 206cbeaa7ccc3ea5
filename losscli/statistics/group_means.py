"""Means over groups: with --mean-of COL, a number is the mean, over the groups that COL makes, of the value of each.

Each group counts the same, however many rows it has, or with --group-weight as much as its weight says. A group without
a value, as one whose target is constant has no correlation, is left out and counted.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from losscli.aggregate.accumulator import RunAccumulator
from losscli.binding.plan import Plan
from losscli.contract.kinds import Array
from losscli.results import LossResult, TermResult, Uncertainty
from losscli.statistics.finalized_sums import SliceIds
from losscli.statistics.group_weights import group_weights, standard_error, weighted_mean, weighted_sum
from losscli.statistics.student_t import t_interval


class GroupValues(NamedTuple):
    """One loss on one slice: its result over all rows, and the value of each group, NaN where a group has none.

    `undefined` says which groups have none; NaN of others comes from their values. `weights` are those of the groups,
    None where each counts the same.
    """

    over_rows: LossResult
    values: Array
    undefined: Array
    weights: Array | None = None


class Groups:
    """The groups of the slices of a run, in the order of their names."""

    def __init__(self, totals: RunAccumulator) -> None:
        request = totals.plan.request
        assert request.mean_of is not None
        self.column, self.inference = request.mean_of, request.inference
        self._place, self._names = len(totals.plan.by), totals.slice_index.names()
        self.weight_column, self.weights = request.group_weight, group_weights(totals)

    def weights_of(self, groups: Sequence[SliceIds]) -> Array | None:
        """The weights of these groups; None where each counts the same."""
        if self.weights is None:
            return None
        return np.array([self.weights[self._names[group[0].number][self._place]] for group in groups], np.float64)

    def of(self, slice_ids: SliceIds) -> list[SliceIds]:
        """The groups of a slice that have weight. Its ids are in the order of their names, so its groups are, too."""
        found: dict[str, SliceIds] = {}
        for one in slice_ids:
            found.setdefault(self._names[one.number][self._place], []).append(one)
        return [found[name] for name in sorted(found) if self.weights is None or self.weights[name]]

    def mean(self, group: GroupValues, limits: tuple[float, float]) -> LossResult:
        """The mean over the groups that have a value, with an interval if there is to be one."""
        known = group.values[~group.undefined]
        if group.weights is not None:
            return self._weighted_mean(group, known, group.weights[~group.undefined], limits)
        value = exact_mean(known)
        total = float(math.fsum(known)) if np.isfinite(known).all() else float(np.sum(known))
        count, left_out = len(known), int(np.count_nonzero(group.undefined))
        terms = {f"mean of {self.column}": TermResult(value, total, count, float(count))}
        made = replace(group.over_rows, value=value, terms=terms, count=count, weight=float(count),
                       excluded_count=left_out)  # fmt: skip
        return self.with_interval(made, known, limits)

    def _weighted_mean(
        self, group: GroupValues, known: Array, weights: Array, limits: tuple[float, float]
    ) -> LossResult:
        """The same with weights of the groups."""
        value, total = weighted_mean(known, weights), float(weights.sum())
        terms = {f"mean of {self.column} by {self.weight_column}":
                 TermResult(value, weighted_sum(known, weights), len(known), total)}  # fmt: skip
        made = replace(group.over_rows, value=value, terms=terms, count=len(known), weight=total,
                       excluded_count=int(np.count_nonzero(group.undefined)))  # fmt: skip
        if not self.inference.interval or not np.isfinite(known).all():
            return made
        found = standard_error(known, weights)
        if found is None:
            return made
        low, high = t_interval(value, found.stderr, found.df, self.inference.level)
        how = Uncertainty("t", self.inference.level, self.column, len(known), found.df)
        ends = max(low, limits[0]), min(high, limits[1])
        return replace(made, stderr=found.stderr, interval=ends, uncertainty=how, n_eff=found.n_eff)

    def with_interval(self, result: LossResult, values: Array, limits: tuple[float, float]) -> LossResult:
        """The result with a t interval whose units are the groups, if one is asked for and two groups have values."""
        count = len(values)
        if not self.inference.interval or count < 2 or not np.isfinite(values).all():
            return result
        stderr = float(np.sqrt(np.square(values - result.value).sum() / (count - 1) / count))
        low, high = t_interval(result.value, stderr, count - 1, self.inference.level)
        how = Uncertainty("t", self.inference.level, self.column, count, float(count - 1))
        ends = max(low, limits[0]), min(high, limits[1])
        return replace(result, stderr=stderr, interval=ends, uncertainty=how)


def group_values(over_rows: LossResult, each: Sequence[LossResult], weights: Array | None = None) -> GroupValues:
    """The values of the groups of a slice. A group has none if a term has no rows, or if finite means make none."""
    values = np.array([one.value for one in each], np.float64)
    return GroupValues(over_rows, values, np.array([not defined(one) for one in each], bool), weights)


def defined(result: LossResult) -> bool:
    """Whether a group has a value, be it NaN as infinite values meet in it."""
    terms = result.terms.values()
    counted, finite = all(term.count for term in terms), all(math.isfinite(term.mean) for term in terms)
    return not math.isnan(result.value) or (counted and not finite)


def exact_mean(values: Array) -> float:
    """The mean of doubles, rounded once; NaN of none, and where infinities meet."""
    if not len(values):
        return math.nan
    if not np.isfinite(values).all():
        return float(np.sum(values[~np.isfinite(values)]))
    return float(sum(map(Fraction, values.tolist()), Fraction(0)) / len(values))


def undefined_groups(plan: Plan, outcome: Sequence[LossResult]) -> list[str]:
    """Warnings about groups that have no value, and about numbers of one group, which have no interval."""
    column, said = plan.request.mean_of, []
    for result in outcome if column is not None else ():
        where = _where(result.by)
        if result.terms and result.excluded_count and result.count:
            left_out, groups = result.excluded_count, result.count + result.excluded_count
            verbs = ("has", "is") if left_out == 1 else ("have", "are")
            said.append(f"{result.spec}{where}: {left_out} of the {groups} groups of '{column}' {verbs[0]} no value, "
                        f"and {verbs[1]} left out of the mean")  # fmt: skip
        if plan.request.inference.interval and result.terms and result.count == 1:
            said.append(f"{result.spec}{where}: the mean of one group of '{column}' has no standard error")
        elif plan.request.inference.interval and result.parts is not None:
            said.append(
                f"{result.spec}{where}: with --mean-of, only the parts of a composite loss have standard errors"
            )
    return list(dict.fromkeys(said))


def _where(by: Mapping[str, str]) -> str:
    return "".join(f", {column}={name}" for column, name in by.items())
