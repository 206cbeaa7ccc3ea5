"""The finalized unit statistics of a run: sums of contributions, of their cross products, and by cluster.

Contributions have indices here, as to hash what computed them takes long. A slice is a list of slice ids, whose sums
are added up; class weights enter at this place.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from losscli.aggregate.accumulator import RunAccumulator
from losscli.aggregate.cross_products import UNIT, Contribution
from losscli.aggregate.exact_sum import ONE
from losscli.aggregate.hashed_clusters import ResamplingTable, TableColumn
from losscli.aggregate.paired_outcomes import LinePair
from losscli.aggregate.required import unit_of
from losscli.aggregate.wide_sum import Exact, WideSums
from losscli.binding.plan import Line
from losscli.binding.request import Inference
from losscli.contract.kinds import Array
from losscli.results import LossResult
from losscli.statistics.few_clusters import FewClusters
from losscli.statistics.finalized_sums import (
    ExactMean,
    FinalizedRun,
    FinalizedSums,
    Slice,
    SliceIds,
    WeightedSliceId,
    non_finite_sum,
)
from losscli.statistics.line_sums import LineSums, PartSums, TermMean
from losscli.statistics.time_order import order_of, ranks


class Column(NamedTuple):
    """One column of sums: those of a contribution (by its index), of all units or of those of one class.

    With a `stratum`, the class weight is left out: then it is computed from the data, and is no factor that is given.
    Where two slices are compared, the columns of the second have the `place` 1.
    """

    contribution: int
    stratum: str | None = None
    place: int = 0


Columns = Sequence[Column]


class _Products(NamedTuple):
    """The cross products of two contributions, for all slice ids."""

    sums: WideSums
    exact: list[Exact]
    finite: bool


class ContributionSums:
    """The finalized unit statistics of a run.

    Lines are named by their positions in the plan; the position -1 - i is that of the baseline of line i.

    Parameters
    ----------
    totals
        Everything that the run added up.
    results
        The estimate of each line on each slice.
    """

    def __init__(self, totals: RunAccumulator, results: Mapping[tuple[int, Slice], LossResult]) -> None:
        assert totals.unit_statistics is not None
        self.totals, self.plan, self.results = totals, totals.plan, results
        self.inference: Inference = totals.plan.request.inference
        self.by_count = self.plan.request.run_divisor == "count"
        self.weighted = self.plan.weight is not None or self.plan.class_column is not None
        self.balanced = self.plan.class_column is not None and self.plan.request.class_weight == "balanced"
        self._statistics = {"row": totals.unit_statistics.rows, "batch": totals.unit_statistics.groups}
        self.few_clusters = FewClusters(self.inference.cluster, self.plan.by)
        self._finalized = FinalizedRun(totals)
        self._contributions: list[Contribution] = []
        self._indices: dict[Contribution, int] = {}
        self._lines: dict[int, LineSums] = {}
        self._units: dict[int, str | None] = {}
        self._tables: dict[str, ResamplingTable] = {}
        self._ranks: dict[int, int] | None = None  # hash of a time -> its place in the order of times
        self.unit = self._index(UNIT)
        self._finalized_of: dict[int, FinalizedSums] = {}
        self._products: dict[tuple[int, int], _Products] = {}
        for (one, other), sums in self._statistics["row"].cross_products.sums.items():
            products = _Products(sums, sums.evaluate(), sums.finite)
            self._products[self._index(one), self._index(other)] = products
            self._products[self._index(other), self._index(one)] = products

    def _index(self, contribution: Contribution) -> int:
        if contribution not in self._indices:
            self._indices[contribution] = len(self._contributions)
            self._contributions.append(contribution)
        return self._indices[contribution]

    def line(self, number: int) -> Line:
        """The line of the plan at this position; a baseline has that of its model in this run."""
        return self.plan.lines[number if number >= 0 else -1 - number]

    def unit_of(self, number: int) -> str | None:
        """The kind of unit of a line's values: "row" or "batch"; None where its parts differ, or read no rows."""
        if number not in self._units:
            self._units[number] = unit_of(self.line(number))
        return self._units[number]

    def at_level(self, level: float) -> ContributionSums:
        """The same statistics, for intervals of another confidence level."""
        other = copy.copy(self)
        other.inference = replace(self.inference, level=level)
        return other

    def is_clustered(self, unit: str) -> bool:
        """Whether the independent units are batches or clusters, and not single rows."""
        return unit == "batch" or self.inference.grouping is not None

    # -- sums of terms ---------------------------------------------------------------------------------------------

    def parts(self, number: int, slice_ids: SliceIds) -> list[PartSums] | None:
        """The parts of a line that read rows, with the sums of their terms; None where a term's mean is undefined."""
        return self._line_sums(number).parts(slice_ids)

    def _line_sums(self, number: int) -> LineSums:
        if number not in self._lines:
            line = LineSums(self._finalized, number, self._index, self._plain_sum, self.by_count)
            self._finalized_of.update(line.finalized())
            self._lines[number] = line
        return self._lines[number]

    def fixed_value(self, number: int) -> float:
        """What the parts that read no rows add to a line's value; they are the same in every slice."""
        line = self.line(number)
        parts = self.results[number if number >= 0 else -1 - number, ()].parts or ()
        return sum(part.factor * part.value for part, job in zip(parts, line.jobs, strict=False)
                   if not job.spec.loss.source_roles)  # fmt: skip

    # -- classes whose weights are computed from the data ----------------------------------------------------------

    def strata(self, slice_ids: SliceIds) -> dict[str, int]:
        """Class -> its rows; classes without rows are left out."""
        counts: dict[str, int] = {}
        for c in slice_ids:
            if c.stratum is not None:
                counts[c.stratum] = counts.get(c.stratum, 0) + int(self.totals.counts[c.number])
        return {name: count for name, count in counts.items() if count}

    def stratum_sums(self, term: TermMean, stratum: str, slice_ids: SliceIds) -> ExactMean:
        """The exact sums of a term over one class, without class weights."""
        own = _ids_of(stratum, slice_ids)
        numerator, denominator = (self._plain_sum(one, own) for one in (term.numerator, term.denominator))
        return ExactMean(0, numerator or 0, denominator or 0)

    # -- cross products --------------------------------------------------------------------------------------------

    def product(self, one: Column, other: Column, slice_ids: SliceIds) -> Exact | None:
        """The sum of the products of two contributions, in units of 2**-1074; None where not finite or not kept.

        Columns of different classes have no unit in common.
        """
        if one.stratum != other.stratum:
            return 0
        own = _ids_of(one.stratum, slice_ids)
        first, second, unit = one.contribution, other.contribution, self.unit
        if unit in (first, second):
            return self._plain_sum(first if second == unit else second, own)
        found = self._products.get((first, second))
        if found is None:
            return None
        if (plain := _only_number(own)) is not None and found.finite:
            return found.exact[plain] if plain < len(found.exact) else 0
        return _added_up(found, own, int(self._has_class_weight(first)) + int(self._has_class_weight(second)))

    def _plain_sum(self, contribution: int, slice_ids: SliceIds) -> Exact | None:
        """The sum of a contribution, in units of 2**-1074; None where not finite or not kept."""
        if contribution == self.unit:
            return sum([int(self.totals.counts[c.number]) for c in slice_ids]) * ONE
        if contribution in self._finalized_of:
            sums = self._finalized_of[contribution].exact_mean(slice_ids, self.by_count)
            if sums is None:
                return None
            return sums.denominator if self._contributions[contribution].is_denominator else sums.numerator
        found = self._products.get((contribution, self.unit))
        return None if found is None else _added_up(found, slice_ids, int(self._has_class_weight(contribution)))

    def _has_class_weight(self, contribution: int) -> bool:
        """Whether the class weight is a factor of a contribution: not of a denominator that counts units."""
        return not (self._contributions[contribution].is_denominator and self.by_count)

    # -- sums by cluster -------------------------------------------------------------------------------------------

    def cluster_columns(self, columns: Columns, unit: str, slice_ids: SliceIds) -> list[list[Exact]] | None:
        """For each column its exact sums, one a cluster, times in their order; None where one is not finite."""
        table, wanted = self._table(unit), self._table_columns(slice_ids, columns)
        if not table.is_finite(wanted):
            return None
        found = table.exact_columns(wanted)
        order = self._time_order(unit, wanted)
        return found if order is None else [[column[position] for position in order] for column in found]

    def unit_labels(self, columns: Columns, unit: str, slice_ids: SliceIds) -> list[str]:
        """The label of each unit, in the order of `cluster_columns`, where a run keeps labels."""
        wanted = self._table_columns(slice_ids, columns)
        labels = self._statistics[unit].clusters.labels
        found = [labels[key] for key in self._table(unit).hashes(wanted)]
        order = self._time_order(unit, wanted)
        return found if order is None else [found[position] for position in order]

    @property
    def units_are_merged(self) -> bool:
        """Whether there were so many units that only sums of several are kept."""
        return any(kind.clusters.merged for kind in self._statistics.values())

    def is_weight(self, column: Column) -> bool:
        """Whether a column has the weights of units, or their number."""
        return column.contribution == self.unit or self._contributions[column.contribution].is_denominator

    def unit_table(self, columns: Columns, unit: str, slice_ids: SliceIds) -> Array | None:
        """The sums as doubles, one row a unit (or cluster) that has any weight.

        None where one is not finite, or units are many and their sums were not requested.
        """
        few = None if self.is_clustered(unit) else self._few_units(columns, slice_ids)
        if few is not None:
            return few if np.isfinite(few).all() else None
        if not self._statistics[unit].clusters.sums:
            return None
        return self.cluster_table(columns, unit, slice_ids)

    def _few_units(self, columns: Columns, slice_ids: SliceIds) -> Array | None:
        """What each row contributes, in an order that does not depend on that of the rows; None if rows are many."""
        given = self._statistics["row"].few.of(
            [c.number for c in slice_ids], [self._contributions[one.contribution] for one in columns]
        )
        if given is None:
            return None
        table = np.zeros((len(given[0]), len(columns)))
        for c in slice_ids:
            own = given[0] == c.number
            for position, (one, values) in enumerate(zip(columns, given[1], strict=True)):
                if one.stratum is not None and one.stratum != c.stratum:
                    continue
                weighted = one.stratum is None and c.factor is not None and self._has_class_weight(one.contribution)
                table[own, position] = values[own] * (float(c.factor or 0) if weighted else 1.0)
        table = table[(table != 0).any(axis=1)]
        ordered: Array = table[np.lexsort(table.T)]
        return ordered

    def cluster_table(self, columns: Columns, unit: str, slice_ids: SliceIds) -> Array | None:
        """The sums as doubles, one row a cluster that has any weight, times in order; None where one is not finite."""
        table, wanted = self._table(unit), self._table_columns(slice_ids, columns)
        if not table.is_finite(wanted):
            return None
        sums = table.table(wanted)
        if (order := self._time_order(unit, wanted)) is not None:
            sums = sums[order]
        kept: Array = sums[(sums != 0).any(axis=1)]
        return kept

    def _time_order(self, unit: str, wanted: Sequence[TableColumn]) -> list[int] | None:
        """The positions of the clusters of these columns in the order of time; None where they are no times."""
        if self.inference.time is None or unit != "row":
            return None
        if self._ranks is None:
            self._ranks = ranks(self._statistics[unit].clusters.labels, self.inference.time)
        return order_of(self._table(unit).hashes(wanted), self._ranks)

    def joint_cluster_columns(
        self, columns: Sequence[tuple[Column, SliceIds]], unit: str
    ) -> list[list[Exact]] | None:  # fmt: skip
        """For each column its exact sums over its own slice, one a cluster of any; None where one is not finite."""
        table = self._table(unit)
        wanted = [one for column, slice_ids in columns for one in self._table_columns(slice_ids, [column])]
        return table.exact_columns(wanted) if table.is_finite(wanted) else None

    def hashed_table(self, columns: Columns, unit: str, slice_ids: SliceIds) -> tuple[Array, Array]:
        """What identifies each cluster of a slice, and its sums as doubles, one row a cluster."""
        table, wanted = self._table(unit), self._table_columns(slice_ids, columns)
        return np.array(table.hashes(wanted), np.int64), table.table(wanted)

    def share_clusters(self, unit: str, one: SliceIds, other: SliceIds) -> bool:
        """Whether any cluster has rows in both slices."""
        table = self._table(unit)
        hashes = [set(table.hashes(self._table_columns(each, [Column(self.unit)]))) for each in (one, other)]
        return not hashes[0].isdisjoint(hashes[1])

    def unit_columns(self, columns: Columns, slice_ids: SliceIds) -> list[list[Exact]] | None:
        """For each column what each row contributes, in an order that does not depend on that of the rows.

        None where the rows are not kept: they are many, or have one weight.
        """
        kept, found = self._statistics["row"].kept, []
        for one in columns:
            given = kept.column(self._contributions[one.contribution])
            if given is None:
                return None
            weighted = self._has_class_weight(one.contribution)
            exact: list[Exact] = []
            for c in slice_ids:
                factor = c.factor if weighted and c.factor is not None else 1
                ratios = [value.as_integer_ratio() for value in given[1][given[0] == c.number].tolist()]
                exact += [over * (ONE // under) * factor for over, under in ratios]
            found.append(exact)
        rows = sorted(zip(*found, strict=True))
        return [list(column) for column in zip(*rows, strict=True)] if rows else None

    def _table(self, unit: str) -> ResamplingTable:
        if unit not in self._tables:
            self._tables[unit] = ResamplingTable(self._statistics[unit].clusters)
        return self._tables[unit]

    def _table_columns(self, slice_ids: SliceIds, columns: Columns) -> list[TableColumn]:
        return [
            TableColumn(
                self._contributions[one.contribution],
                [(c.number, c.factor) for c in _ids_of(one.stratum, slice_ids)],
                self._has_class_weight(one.contribution),
            )
            for one in columns
        ]

    # -- paired outcomes -------------------------------------------------------------------------------------------

    def paired_outcomes(self, pair: LinePair, unit: str, slice_ids: SliceIds) -> tuple[int, int, int] | None:
        """How many units the first line wins, loses and ties; None where losses have no value a unit."""
        counts = self._statistics[unit].outcomes.get(pair)
        if counts is None:
            return None
        wins, losses, ties = counts[[c.number for c in slice_ids if c.number < len(counts)]].sum(axis=0).tolist()
        return wins, losses, ties


def _ids_of(stratum: str | None, slice_ids: SliceIds) -> SliceIds:
    """The slice ids of a class, without its weight; None: all, as they are."""
    return slice_ids if stratum is None else [WeightedSliceId(c.number) for c in slice_ids if c.stratum == stratum]


def _only_number(slice_ids: SliceIds) -> int | None:
    """The number of a slice of one id without a class weight: with very many slices, each is such a one."""
    return slice_ids[0].number if len(slice_ids) == 1 and slice_ids[0].factor is None else None


def _added_up(found: _Products, slice_ids: SliceIds, power: int) -> Exact | None:
    """The sum over slice ids, each times its class weight to a power; None where it is not finite."""
    known = len(found.exact)
    slice_ids = [c for c in slice_ids if c.number < known]
    if not found.finite and non_finite_sum(found.sums, slice_ids) is not None:
        return None
    if all(c.factor is None for c in slice_ids):
        return sum([found.exact[c.number] for c in slice_ids])
    total: Exact = 0
    for c in slice_ids:
        total += found.exact[c.number] * (1 if c.factor is None else c.factor**power)
    return total
