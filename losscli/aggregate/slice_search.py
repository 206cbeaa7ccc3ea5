"""Sums of the losses of rows over the slices of many columns and of pairs of them, each of which has every row once.

The slices of a column, or of a pair, are a family. Families are not crossed: each value is added once to each of them,
in one pass, and the digits of a value are found once for all. Sums are exact, so that they have the same bits however
rows were cut.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from typing import Any

import numpy as np

from losscli.aggregate.cross_products import UNIT, Contribution, CrossProducts
from losscli.aggregate.diagnostics.subjects import lines_with_rows, row_calls
from losscli.aggregate.line_values import line_columns
from losscli.aggregate.slices import SliceIndex
from losscli.binding.plan import Input, Line, Plan, Search
from losscli.binding.read_rows import ReadRows
from losscli.binding.row_batch import RowBatch
from losscli.binding.signature import reduction_of
from losscli.contract.kinds import Array
from losscli.contract.loss import Term, Terms
from losscli.errors import DataError
from losscli.io.arrow.build import strings

VALUE = Contribution("value", "", is_denominator=False)
"""The value of a row times its weight."""

WEIGHT = Contribution("weight", "", is_denominator=True)
"""The weight of a row."""

_HELD = 1 << 21  # slice ids that are held at a time


class LineSums:
    """What a line adds up in each slice: rows, their weights and values, and the products of these."""

    def __init__(self, size: int) -> None:
        self.counts = np.zeros(size, np.int64)
        self.products = CrossProducts()

    def update(self, values: Array, weights: Array | None, slice_ids: Array) -> None:
        """Add rows; slice ids have the shape (families, rows)."""
        np.add.at(self.counts, slice_ids.ravel(), 1)
        count = len(values)
        weighted = values if weights is None else values * weights
        self.products.update((VALUE, UNIT), weighted, None, count, slice_ids)
        self.products.update((VALUE, VALUE), weighted, weighted, count, slice_ids)
        if weights is not None:
            self.products.update((WEIGHT, UNIT), weights, None, count, slice_ids)
            self.products.update((WEIGHT, WEIGHT), weights, weights, count, slice_ids)
            self.products.update((VALUE, WEIGHT), weighted, weights, count, slice_ids)

    def merge(self, other: LineSums) -> None:
        """Add all of `other`."""
        self.counts += other.counts
        self.products.merge(other.products, None)


class SliceSearch:
    """The sums of all lines whose value is the mean of the losses of rows.

    Attributes
    ----------
    lines
        The position of such a line in the plan -> its sums.
    offsets
        The first slice id of each family: of columns, then of pairs. That of all rows comes last.
    """

    def __init__(self, plan: Plan, search: Search) -> None:
        self.search = search
        self.found = searched_lines(plan)
        self.calls: frozenset[Hashable] = frozenset(call for _, line in self.found for call in row_calls(line))
        self.offsets = np.cumsum([0, *(size for size in family_sizes(search))])
        self.lines = {at: LineSums(int(self.offsets[-1]) + 1) for at, _ in self.found}
        self.labels = []
        for column in search.columns:
            index = SliceIndex(1)
            index.restore([[strings(column.labels), np.arange(len(column.labels))]])
            self.labels.append(index)

    def __getstate__(self) -> dict[str, Any]:
        # What another process added up is only merged.
        return {**self.__dict__, "found": [], "calls": frozenset(), "labels": []}

    def update(self, rows: ReadRows, batch: RowBatch[Input, Array], scored: Mapping[Any, Terms]) -> None:
        """Add rows, and what the kernel calls of `calls` gave for them."""
        codes = [index.ids([column]) for index, column in zip(self.labels, rows.searched, strict=True)]
        for column, each in zip(self.search.columns, codes, strict=True):
            if each.max(initial=0) >= len(column.labels):
                raise DataError(f"column '{column.key.column}' has other values than when it was read before",
                                path=rows.location.path, column=column.key.column,
                                hint="do not change files while they are read", code="DATA_BAD_CELL")  # fmt: skip
        terms = {at: term for at, line in self.found if (term := _term(line, scored, len(batch))) is not None}
        step = max(_HELD // (len(self.offsets) + 1), 1)
        for start in range(0, len(batch), step):
            some = slice(start, start + step)
            slice_ids = self._slice_ids([each[some] for each in codes])
            weights = None if batch.weights is None else batch.weights[some]
            for at, term in terms.items():
                self._add(self.lines[at], term.take(some), weights, slice_ids)

    def merge(self, other: SliceSearch) -> None:
        """Add all of `other`."""
        for at, theirs in other.lines.items():
            self.lines[at].merge(theirs)

    def _slice_ids(self, codes: list[Array]) -> Array:
        """The slices of each row, of shape (families, rows); at the end that of all rows."""
        widths = [len(column.labels) for column in self.search.columns]
        rows = len(codes[0]) if codes else 0
        families = [*codes, *(codes[one] * widths[other] + codes[other] for one, other in self.search.pairs)]
        found = np.empty((len(families) + 1, rows), np.int64)
        for at, family in enumerate(families):
            np.add(family, self.offsets[at], out=found[at])
        found[-1] = self.offsets[-1]
        return found

    def _add(self, sums: LineSums, term: Term, weights: Array | None, slice_ids: Array) -> None:
        values, where = term
        if where is not None or (weights is not None and not weights.all()):
            used = np.ones(len(values), bool) if where is None else where.copy()
            used &= True if weights is None else weights != 0
            values, slice_ids = values[used], slice_ids[:, used]
            weights = None if weights is None else weights[used]
        if len(values):
            sums.update(values, weights, slice_ids)


def searched_lines(plan: Plan) -> list[tuple[int, Line]]:
    """The lines whose value is the mean of the losses of rows, by weight, with their positions in the plan."""
    return [(at, line) for at, line in lines_with_rows(plan) if _is_mean(plan, line)]


def _is_mean(plan: Plan, line: Line) -> bool:
    by_weight = plan.request.weight is None or all(plan.request.divisor(job.spec) == "weight" for job in line.jobs)
    means = all(reduction_of(plan, job) == "mean" and not job.spec.loss.own_combine for job in line.jobs)
    return by_weight and means


def _term(line: Line, scored: Mapping[Any, Terms], rows: int) -> Term | None:
    """The values of a line; None where these are not one a row, or lie in several terms, each with a mean."""
    if any(len(scored[call]) > 1 for call in row_calls(line)) or len(row_calls(line)) > len(line.jobs):
        return None
    columns = list(line_columns(line, scored, rows).values())
    alone = len(columns) == 1 and columns[0].by is None and len(columns[0].values) == rows
    return columns[0] if alone else None


def family_sizes(search: Search) -> Iterator[int]:
    """How many slices each family has: those of columns, then those of pairs."""
    widths = [len(column.labels) for column in search.columns]
    yield from widths
    yield from (widths[one] * widths[other] for one, other in search.pairs)
