"""Estimates of very many slices at once, as columns: the same numbers as `estimates` gives of each slice.

Slices of one id each, without class weights, are estimated so. Values that need more than doubles of means, such as
those of means far from 1, are left to the estimator of single slices.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from losscli.aggregate.accumulator import RunAccumulator
from losscli.binding.plan import Line
from losscli.contract.kinds import Array
from losscli.contract.scaled import is_normal
from losscli.results import LossResult
from losscli.results.columns import SliceColumns, TermColumns
from losscli.statistics.finalized_sums import NEAR_FROM, NEAR_TO, SliceIds, WeightedSliceId
from losscli.statistics.line_estimator import LineEstimator

if TYPE_CHECKING:
    from losscli.aggregate.rounded_sums import TermMeans


class SliceTable(NamedTuple):
    """The slices that rows use, in the order of reports, and the label of each by the columns of slices."""

    slice_ids: Array
    by: Mapping[str, Sequence[str]]


def slice_table(totals: RunAccumulator) -> SliceTable | None:
    """The slices of a run; None where there are none, or classes have weights, as a slice then has several ids."""
    plan = totals.plan
    if not plan.by or plan.class_column is not None:
        return None
    columns = totals.slice_index.columns()
    used = np.flatnonzero(totals.counts)
    numbers = [known[used] for _, known in columns]
    # The index numbers slices as they come, which no result may show.
    names = [column for column, _ in columns]
    ranks = [_ranks(column, own, None) for column, own in zip(names, numbers, strict=True)]
    if any(key.is_number for key in plan.slice_keys):
        keys = zip(plan.slice_keys, names, numbers, strict=True)
        ranks = [*(_ranks(column, own, key.place) for key, column, own in keys), *ranks]
    order = np.lexsort(ranks[::-1])
    labels = [list(map(column.__getitem__, own[order].tolist())) for column, own in zip(names, numbers, strict=True)]
    return SliceTable(used[order], dict(zip(plan.by, labels, strict=True)))


def _ranks(names: Sequence[str], numbers: Array, key: Callable[[str], str] | None) -> Array:
    """The rank of each number's name by this key, or by itself; names of one key share a rank."""
    known = np.flatnonzero(np.bincount(numbers, minlength=len(names)))
    keys = [names[number] for number in known.tolist()]
    if key is not None:
        keys = [*map(key, keys)]
    order = sorted(range(len(keys)), key=keys.__getitem__)
    ranks = np.zeros(len(names), np.int64)
    if key is None:  # no name stands there twice
        ranks[known[order]] = np.arange(len(order))
    else:
        differs = [False, *(keys[one] != keys[other] for one, other in pairwise(order))]
        ranks[known[order]] = np.cumsum(differs[: len(order)])
    found: Array = ranks[numbers]
    return found


class LineColumns(NamedTuple):
    """The numbers of one loss on many slices."""

    values: Array
    zero: Array  # where the value is 0 without rounding
    counts: Array
    weights: Array
    excluded: Array
    terms: Mapping[str, TermMeans]


def slice_results(
    line: Line, estimators: Sequence[LineEstimator], table: SliceTable, whole: LossResult,
    single: Callable[[SliceIds], float],
) -> SliceColumns:  # fmt: skip
    """The results of a line on all slices.

    Parameters
    ----------
    line, estimators
        The line of the report, and the estimator of its loss or of each loss of its composite loss.
    table
        The slices.
    whole
        The result of the whole run, which shares with slices what does not depend on rows.
    single
        The value on one slice, for those that doubles do not serve.
    """
    found = [_columns(estimator, table.slice_ids) for estimator in estimators]
    shared = replace(whole, signature=estimators[0].slice_signature)
    if not line.spec.is_composite:
        (one,) = found
        terms = {
            name: TermColumns(floats(term.means), floats(term.sums), counts_of(term.counts), floats(term.weights))
            for name, term in one.terms.items()
        }
        return SliceColumns(shared, table.by, floats(one.values), counts_of(one.counts), floats(one.weights), terms,
                            counts_of(one.excluded), (), counts_of(table.slice_ids))  # fmt: skip
    values = _composite(line, found, table.slice_ids, single)
    counts = np.minimum.reduce([part.counts for part in found])
    weights = np.minimum.reduce([part.weights for part in found])
    excluded = np.maximum.reduce([part.excluded for part in found])
    return SliceColumns(shared, table.by, floats(values), counts_of(counts), floats(weights), {}, counts_of(excluded),
                        [floats(part.values) for part in found], counts_of(table.slice_ids))  # fmt: skip


def _composite(
    line: Line, parts: Sequence[LineColumns], slice_ids: Array, single: Callable[[SliceIds], float]
) -> Array:
    factors = [factor for factor, _ in line.spec.parts]
    with np.errstate(all="ignore"):
        found = sum((f * part.values for f, part in zip(factors, parts, strict=True)), np.float64(line.spec.constant))
    value = np.array(found)
    plain = np.logical_and.reduce([is_normal(part.values) | part.zero for part in parts])
    for at in np.flatnonzero(~plain).tolist():
        value[at] = single([WeightedSliceId(int(slice_ids[at]))])
    return value


def has_columns(estimator: LineEstimator) -> bool:
    """Whether all slices are estimated at once: not where exact means, whole tables or classes make the number."""
    if estimator.fixed or estimator.table is not None or estimator.job.spec.loss.exact:
        return False
    return all(sums.rows is None for sums in estimator.terms.values())


def _columns(estimator: LineEstimator, slice_ids: Array) -> LineColumns:
    from losscli.aggregate.rounded_sums import term_means  # not all runs have slices

    accumulator = estimator.accumulator
    terms = {name: term_means(sums.accumulator, slice_ids, estimator.divisor) for name, sums in estimator.terms.items()}
    rows = terms[estimator.first]
    if accumulator.rows is not None:
        rows = term_means(accumulator.rows, slice_ids, "weight")
    value, odd = _values(estimator, terms)
    for at in odd.tolist():
        value[at] = estimator.result({}, [WeightedSliceId(int(slice_ids[at]))]).value
    # A sum of multiples of 2**-1074 that is not 0 is not rounded to 0.
    wide = any(sums.accumulator.sums.small is not None for sums in estimator.terms.values())
    zero = (value == 0) & (len(terms) == 1 and not estimator.job.spec.loss.own_combine and not wide)
    zero &= next(iter(terms.values())).sums == 0
    known = np.minimum(slice_ids, len(accumulator.excluded) - 1)
    excluded = np.where(known == slice_ids, accumulator.excluded[known], 0)
    return LineColumns(value, zero, rows.counts, rows.weights, excluded, terms)


def _values(estimator: LineEstimator, terms: Mapping[str, TermMeans]) -> tuple[Array, Array]:
    """What the means of the terms make, and the positions of the slices for which doubles of means do not serve."""
    loss, columns, none = estimator.job.spec.loss, list(terms.values()), np.zeros(0, np.int64)
    means = [term.means for term in columns]
    with np.errstate(all="ignore"):
        if estimator.reduction == "sum":
            value = np.array(sum(term.sums for term in columns))
            value[np.logical_or.reduce([np.isnan(mean) for mean in means])] = np.nan
            return value, none
        if not loss.own_combine and len(terms) == 1:
            return 0 + means[0], none
        sizes = np.abs(means)
        far = np.isfinite(sizes) & ~((sizes > NEAR_FROM) & (sizes < NEAR_TO))
        if not any(sums.accumulator.sums.small is not None for sums in estimator.terms.values()):
            far &= np.array([term.sums != 0 for term in columns])
        far |= np.isinf(sizes)
        odd = np.flatnonzero(far.any(axis=0))
        # One by one: powers of arrays may differ from those of numbers in the last bit.
        value = np.full(len(means[0]), np.nan)
        left = np.ones(len(value), bool)
        left[odd] = False
        for at in np.flatnonzero(left).tolist():
            own = {name: mean[at] for name, mean in zip(terms, means, strict=True)}
            value[at] = float(loss.combine(own, estimator.job.spec.params, columns[0].divisors[at]))
    return value, odd


def floats(values: Array) -> array[float]:
    """Doubles as results hold them."""
    return array("d", np.ascontiguousarray(values, np.float64).tobytes())


def counts_of(values: Array) -> array[int]:
    """Counts as results hold them."""
    return array("q", np.ascontiguousarray(values, np.int64).tobytes())
