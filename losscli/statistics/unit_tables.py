"""What the units of a run contribute, one by one: tables with a row for each unit or cluster.

Contributions have indices here, as to hash what computed them takes long.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from losscli.aggregate.accumulator import RunAccumulator
from losscli.aggregate.cross_products import UNIT, Contribution
from losscli.aggregate.exact_sum import ONE
from losscli.aggregate.hashed_clusters import ResamplingTable, TableColumn
from losscli.aggregate.wide_sum import Exact
from losscli.binding.request import Inference
from losscli.contract.kinds import Array
from losscli.statistics.finalized_sums import SliceIds, WeightedSliceId
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


class UnitTables:
    """The contributions of units and of clusters.

    Parameters
    ----------
    totals
        Everything that the run added up.
    """

    def __init__(self, totals: RunAccumulator) -> None:
        assert totals.unit_statistics is not None
        self.plan = totals.plan
        self.inference: Inference = totals.plan.request.inference
        self.divisor = self.plan.request.mean_divisor
        self.by_count = self.divisor != "weight"
        self._statistics = {"row": totals.unit_statistics.rows, "batch": totals.unit_statistics.groups}
        self._contributions: list[Contribution] = []
        self._indices: dict[Contribution, int] = {}
        self._tables: dict[str, ResamplingTable] = {}
        self._ranks: dict[int, int] | None = None  # hash of a time -> its place in the order of times
        self.unit = self._index(UNIT)

    def _index(self, contribution: Contribution) -> int:
        if contribution not in self._indices:
            self._indices[contribution] = len(self._contributions)
            self._contributions.append(contribution)
        return self._indices[contribution]

    def is_clustered(self, unit: str) -> bool:
        """Whether the independent units are batches or clusters, and not single rows."""
        return unit == "batch" or self.inference.grouping is not None

    def _has_class_weight(self, contribution: int) -> bool:
        """Whether the class weight is a factor of a contribution: not of a denominator that counts units."""
        return not (self._contributions[contribution].is_denominator and self.by_count)

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
                [(c.number, c.factor) for c in ids_of(one.stratum, slice_ids)],
                self._has_class_weight(one.contribution),
            )
            for one in columns
        ]


def ids_of(stratum: str | None, slice_ids: SliceIds) -> SliceIds:
    """The slice ids of a class, without its weight; None: all, as they are."""
    return slice_ids if stratum is None else [WeightedSliceId(c.number) for c in slice_ids if c.stratum == stratum]
