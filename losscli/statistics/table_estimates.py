"""Estimates of losses of a whole table: the exact means of their terms, from the rows that a run holds."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from losscli.aggregate.distinct_rows import HeldRows
from losscli.aggregate.exact_sum import ONE, rounded
from losscli.binding.spec import LossSpec
from losscli.contract.kinds import Array
from losscli.contract.table_scope import SortedTable, TableMean, ones, whole_numbers
from losscli.results import TermResult
from losscli.statistics.finalized_sums import SliceIds, TermEstimate


class TableEstimator:
    """The estimates of one loss on any slice; the rows of each slice are looked up once."""

    def __init__(self, spec: LossSpec, held: HeldRows) -> None:
        self.spec, self.held = spec, held
        self._by_slice: tuple[Array, Array] | None = None
        self._known: dict[tuple[int, ...], dict[str, TermEstimate]] = {}
        self._rows: dict[tuple[int, ...], tuple[int, float]] = {}

    def estimates(self, slice_ids: SliceIds) -> dict[str, TermEstimate]:
        """Term -> its mean over a slice."""
        key = tuple(one.number for one in slice_ids)
        if key not in self._known:
            table = self.table(slice_ids)
            means = self.spec.loss.table_means(table, self.spec.params)
            self._known[key] = {name: _estimate(mean) for name, mean in means.items()}
            self._rows[key] = table.row_count, _rounded(table.total * table.unit)
        return self._known[key]

    def count_and_weight(self, slice_ids: SliceIds) -> tuple[int, float]:
        """How many rows a slice has, and their weight."""
        self.estimates(slice_ids)
        return self._rows[tuple(one.number for one in slice_ids)]

    def table(self, slice_ids: SliceIds) -> SortedTable:
        """The rows of a slice, with the weights of their classes."""
        held, factors = self._of_slice(slice_ids)
        loss = self.spec.loss
        keys = held.keys or [np.zeros(0)] * len(loss.sorted_by)
        columns = dict(zip(loss.sorted_by, keys, strict=True))
        size = len(keys[0])
        if held.weights is None and factors is None:
            if held.counts is None:
                return SortedTable(columns, ones(size))
            whole, unit = whole_numbers(np.ones(size), held.counts)
            return SortedTable(columns, whole, unit, held.counts)
        weights = np.ones(size) if held.weights is None else held.weights
        whole, unit = whole_numbers(weights, held.counts)
        if factors is not None:
            whole, unit = _times(whole, unit, factors)
        table = SortedTable(columns, whole, unit, held.counts)
        return table if factors is None else table.take(whole != 0)

    def _of_slice(self, slice_ids: SliceIds) -> tuple[HeldRows, list[tuple[Array, Fraction]] | None]:
        """The rows with these slice ids; and with class weights, which of them have which."""
        held = self.held
        if held.slice_ids is None:
            return held, None
        numbers = np.array([one.number for one in slice_ids], np.int64)
        if self._by_slice is None:
            order = np.argsort(held.slice_ids, kind="stable")
            self._by_slice = order, held.slice_ids[order]
        order, ids = self._by_slice
        begins, ends = np.searchsorted(ids, numbers, side="left"), np.searchsorted(ids, numbers, side="right")
        rows = np.concatenate([order[begin:end] for begin, end in zip(begins, ends, strict=True)] or [order[:0]])
        found = held.take(rows)
        if all(one.factor is None for one in slice_ids):
            return found, None
        starts = np.cumsum([0, *(ends - begins)])
        return found, [
            (np.arange(start, start + size), Fraction(1) if one.factor is None else one.factor)
            for start, size, one in zip(starts, ends - begins, slice_ids, strict=False)
        ]


def _times(whole: Array, unit: Fraction, factors: list[tuple[Array, Fraction]]) -> tuple[Array, Fraction]:
    """The weights, each times the factor of its class."""
    common = math.lcm(*(factor.denominator for _, factor in factors))
    found = whole.astype(object)
    for rows, factor in factors:
        found[rows] *= int(factor * common)
    return found, unit / common


def _estimate(mean: TableMean) -> TermEstimate:
    weight = _rounded(mean.weight)
    denominator = mean.weight * ONE
    if mean.mean is None or not mean.count:
        return TermEstimate(TermResult(math.nan, 0.0, mean.count, weight), denominator)
    if not isinstance(mean.mean, Fraction):
        return TermEstimate(TermResult(mean.mean, mean.mean, mean.count, weight), denominator)
    value, total = _rounded(mean.mean), _rounded(mean.mean * mean.weight)
    return TermEstimate(TermResult(value, total, mean.count, weight), denominator, mean.mean)


def _rounded(value: Fraction) -> float:
    return rounded(value.numerator, value.denominator)
