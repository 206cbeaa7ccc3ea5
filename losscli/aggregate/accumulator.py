"""What a run adds up: rows are scored batch by batch, and accumulators of other rows merge exactly.

Accumulators have four verbs: `update` takes rows, `merge` takes another accumulator, `state` (with `from_state`) gives
plain values for another process, and `evaluate` gives the exact sums.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from losscli.aggregate.batches import Groups
from losscli.aggregate.chunks import CHUNK, Chunk, chunk_size, cuts_of
from losscli.aggregate.exact_sum import zero_extended
from losscli.aggregate.held_tables import held_tables
from losscli.aggregate.indexed_addition import add_at
from losscli.aggregate.kernel_calls import KernelCall, kernel_calls, score, score_beyond, without_vanished
from losscli.aggregate.label_counts import LabelCounts, labelled_inputs
from losscli.aggregate.required import required_statistics
from losscli.aggregate.row_fingerprints import RowFingerprints
from losscli.aggregate.slices import NamedSlices, SliceIndex
from losscli.aggregate.term_accumulator import LossAccumulator, TermAccumulator, read_counts, size_of
from losscli.binding.kernel_arguments import arguments, check_arguments, contiguous
from losscli.binding.plan import Input, Plan, Table
from losscli.binding.read_rows import ReadRows
from losscli.binding.row_batch import RowBatch, join_terms
from losscli.contract.kinds import Array
from losscli.contract.loss import Terms
from losscli.contract.shared_arrays import sharing
from losscli.errors import DataError

# What few runs need is imported where it is needed.
if TYPE_CHECKING:
    from losscli.aggregate.distinct_rows import DistinctRows, HeldRows
    from losscli.aggregate.held_tables import HeldTable
    from losscli.aggregate.unit_statistics import RunUnitStatistics


class _RowCall(NamedTuple):
    """A kernel call with the arguments of a batch, and what takes its values."""

    call: KernelCall
    args: tuple[Array | None, ...]
    accumulator: LossAccumulator
    pieces: list[Terms] | None  # the values themselves, where they are needed beside their sums


class RunAccumulator:
    """Everything that one pass over the data adds up."""

    def __init__(
        self, plan: Plan, tables: Mapping[Table, Array], chunk_rows: int = CHUNK,
        slice_index: SliceIndex | None = None, *, hashing: bool = False, diagnosing: bool = False, some: bool = False,
    ) -> None:  # fmt: skip
        """With `some`, what is the same for all rows is left out: it stands in what this is merged with."""
        self.plan, self.tables, self.chunk_rows, self.hashing = plan, tables, chunk_rows, hashing
        columns = len(plan.slice_keys) + (plan.class_column is not None)
        self.slices: SliceIndex | NamedSlices = SliceIndex(columns) if slice_index is None else slice_index
        self.counts = np.zeros(1, np.int64)  # rows by slice id
        self.losses = {call: LossAccumulator() for job in plan.jobs for call in kernel_calls(job).values()}
        self.distinct_rows: dict[HeldTable, DistinctRows] = {}
        if tables_held := held_tables(plan, self.losses):
            from losscli.aggregate.distinct_rows import DistinctRows

            self.distinct_rows = {table: DistinctRows() for table in tables_held}
        self.groups = groups_of(plan)
        self.fingerprints = RowFingerprints(plan)
        self.label_counts = LabelCounts(labelled_inputs(plan))
        required = required_statistics(plan)
        self.unit_statistics: RunUnitStatistics | None = None
        if required is not None:
            from losscli.aggregate.unit_statistics import RunUnitStatistics

            self.unit_statistics = RunUnitStatistics(required)
        # The values of these are needed beside their sums.
        self.unit_value_calls: frozenset[Hashable] = frozenset() if required is None else required.sources
        self.diagnostics = None
        if diagnosing:
            from losscli.aggregate.diagnostics.run import RunDiagnostics  # few runs show pictures

            self.diagnostics = RunDiagnostics(plan)
            self.unit_value_calls |= self.diagnostics.calls
        self.slice_search = None
        if plan.search is not None and plan.search.ready:
            from losscli.aggregate.slice_search import SliceSearch  # few runs ask for it

            self.slice_search = SliceSearch(plan, plan.search)
            self.unit_value_calls |= self.slice_search.calls
        for call in self.losses:
            if call.matrix_only and not some:
                self._update_fixed(call)

    def __getstate__(self) -> dict[str, Any]:
        # What another process added up is only merged: that needs neither plan nor tables, and of slices the names.
        return {**self.__dict__, "plan": None, "tables": {}, "slices": self.slices.named()}

    @property
    def slice_index(self) -> SliceIndex:
        """The index of slices, where rows may be added: what another process added up has none."""
        assert isinstance(self.slices, SliceIndex)
        return self.slices

    @property
    def grouped(self) -> bool:
        """Whether any kernel takes the rows of a group together."""
        return any(True for _ in self._group_calls())

    def _group_calls(self) -> Iterator[KernelCall]:
        return (call for call in self.losses if not (call.by_row or call.by_table or call.matrix_only))

    # -- update --------------------------------------------------------------------------------------------------------

    def update(self, rows: ReadRows) -> Iterator[RowBatch[Input, Array]]:
        """Score a batch of rows; yields the groups that they complete, for `update_groups`."""
        if rows.weightless is not None:
            self._count_weightless(rows)
        if not len(rows.batch):
            return
        with np.errstate(all="ignore"):  # what overflows is infinite, and is counted so
            batch = self._update_rows(rows)
        if self.grouped:
            for call in self._group_calls():
                check_arguments(call.inputs, batch.arrays, self.tables, rows.index, rows.location)
            # Groups are held until they are complete; what names their rows is needed no more.
            yield from self.groups.feed(replace(batch, keys=(), cluster=None), rows.batch_key)

    def _update_rows(self, rows: ReadRows) -> RowBatch[Input, Array]:
        batch = replace(rows.batch, slice_ids=self.slice_ids_of(rows))
        self._count(batch)
        self._limit()
        self.label_counts.update(batch.arrays, batch.slice_ids, len(self.counts))
        if self.hashing:
            self.fingerprints.update(rows, batch, self.slice_index)
        scored = self._score_rows(rows, batch)
        self._hold(rows, batch)
        if self.unit_statistics is not None and scored is not None:
            self.unit_statistics.update(batch.holding(scored))
        if self.diagnostics is not None and scored is not None:
            self.diagnostics.update(rows, batch, scored)
        if self.slice_search is not None and scored is not None:
            self.slice_search.update(rows, batch, scored)
        return batch

    def _score_rows(self, rows: ReadRows, batch: RowBatch[Input, Array]) -> dict[Hashable, Terms] | None:
        """Add up the values of rows, chunk by chunk; gives those that are needed beside their sums.

        Where the statistics of units alone need them, these get them chunk by chunk, too: then it gives None. A chunk
        is scored for all losses before the next one, so that what these share of it is computed once.
        """
        # By the size of their chunks; those of the same predictions follow each other.
        together: dict[int, dict[int, list[_RowCall]]] = {}
        pieces: dict[Hashable, list[Terms]] = {}
        for call, accumulator in self.losses.items():
            if call.by_row:
                check_arguments(call.inputs, batch.arrays, self.tables, rows.index, rows.location)
                args = arguments(call.inputs, batch.arrays, self.tables)
                step = chunk_size(len(batch), args, call.inputs, self.chunk_rows)
                found = pieces.setdefault(call, []) if call in self.unit_value_calls else None
                together.setdefault(step, {}).setdefault(id(args[0]), []).append(
                    _RowCall(call, args, accumulator, found)
                )
        whole = self.diagnostics is not None or self.slice_search is not None
        units = self.unit_statistics if len(together) == 1 and not whole else None
        units = units if units is not None and units.takes_chunks else None
        for step, calls in together.items():
            in_turn = list(chain.from_iterable(calls.values()))
            for chunk in map(Chunk, cuts_of(len(batch), step)):
                self._score_chunk(in_turn, batch, chunk)
                if units is not None:
                    units.update(batch.take(chunk.cut).holding({call: found.pop() for call, found in pieces.items()}))
        return (
            None
            if units is not None
            else {
                call: {name: join_terms([terms[name] for terms in found]) for name in found[0]}
                for call, found in pieces.items()
            }
        )

    def _score_chunk(self, calls: Sequence[_RowCall], batch: RowBatch[Input, Array], chunk: Chunk) -> None:
        weights, slice_ids = chunk.of(batch.weights), chunk.of(batch.slice_ids)
        with sharing():
            for call, args, accumulator, pieces in calls:
                terms, beyond = score_beyond(call, chunk.arguments(call.inputs, args), batch.class_names)
                accumulator.update(terms, weights, slice_ids, len(self.counts), beyond, call.spec.loss.exact)
                if pieces is not None:
                    pieces.append(without_vanished(terms, beyond) if beyond else terms)

    def update_groups(self, groups: Sequence[RowBatch[Input, Array]], slices: int | None = None) -> None:
        """Score the rows of some groups, which `update` has counted and checked; their values are added up at once.

        `slices` is how many slice ids there are, where the rows have those of another process.
        """
        from losscli.aggregate.batch_units import beside_rows, join_units, units_of

        self.counts = zero_extended(self.counts, len(self.slice_index) if slices is None else slices)
        scored: list[dict[Hashable, Terms]] = [{} for _ in groups]
        with np.errstate(all="ignore"):
            for call in self._group_calls():
                values = []
                for group, found in zip(groups, scored, strict=True):
                    args = contiguous(arguments(call.inputs, group.arrays, self.tables))
                    values.append(units_of(call, group).holding(score(call, args)))
                    if call in self.unit_value_calls:
                        found[call] = beside_rows(call, values[-1].arrays, len(group))
                units = join_units(values)
                self.losses[call].update(dict(units.arrays), units.weights, units.slice_ids, len(self.counts),
                                         exact=call.spec.loss.exact)  # fmt: skip
        if self.unit_statistics is not None:
            self.unit_statistics.update_groups(
                [group.holding(found) for group, found in zip(groups, scored, strict=True)]
            )

    def _hold(self, rows: ReadRows, batch: RowBatch[Input, Array]) -> None:
        """Hold what the numbers of whole tables are made of."""
        for table, distinct in self.distinct_rows.items():
            for call in table.calls:
                check_arguments(call.inputs, batch.arrays, self.tables, rows.index, rows.location)
            try:
                keys = {
                    call: call.spec.loss.keys(arguments(call.inputs, batch.arrays, self.tables), call.spec.params)
                    for call in table.makers()
                }
            except DataError as error:
                error.path = rows.location.path
                raise
            distinct.update(table.columns(keys), batch.weights, batch.slice_ids)

    def held_rows(self, call: KernelCall) -> HeldRows:
        """The rows that are held for a loss of the whole table, with its keys alone."""
        ((table, distinct),) = [(table, rows) for table, rows in self.distinct_rows.items() if call in table.calls]
        held = distinct.evaluate()
        return replace(held, keys=table.of(call, held.keys))

    def _update_fixed(self, call: KernelCall) -> None:
        """A loss of tables alone is evaluated once, under the id 0, which every slice reads."""
        with np.errstate(all="ignore"):
            terms, beyond = score_beyond(call, arguments(call.inputs, {}, self.tables))
        for name, term in terms.items():
            accumulator = self.losses[call].terms.setdefault(name, TermAccumulator(False))
            accumulator.update(term, None, None, beyond.get(name))

    def _count(self, batch: RowBatch[Input, Array]) -> None:
        if batch.slice_ids is None:
            self.counts[0] += len(batch)
            return
        self.counts = zero_extended(self.counts, len(self.slice_index))
        np.add.at(self.counts, batch.slice_ids, 1)

    def _count_weightless(self, rows: ReadRows) -> None:
        """Count the rows of weight 0, so that a slice of such rows alone is reported as undefined."""
        if rows.weightless is None or self.plan.class_column is not None:
            return
        ids = self.slice_index.ids(rows.weightless_sliced_by) if rows.weightless_sliced_by else None
        self._count(replace(rows.weightless, slice_ids=ids))
        self._limit()

    def slice_ids_of(self, rows: ReadRows) -> Array | None:
        """Each row's slice id: of its slice, and of its class where classes have weights."""
        return self.slice_index.ids(rows.sliced_by) if rows.sliced_by else None

    def _limit(self) -> None:
        # Slices times classes is what is held, so that is what the limit counts.
        limit = self.plan.request.max_slices
        if len(self.counts) > limit and np.count_nonzero(self.counts) > limit:
            columns = [*(key.name for key in self.plan.slice_keys), *filter(None, [self.plan.class_column])]
            raise DataError(
                f"there are more than {limit:,} slices (column {', '.join(map(repr, columns))})", column=columns[0],
                hint="slice by a column with fewer values, or raise --max-slices",
            )  # fmt: skip

    # -- merge ---------------------------------------------------------------------------------------------------------

    def merge(
        self, other: RunAccumulator, slice_ids: Array | None = None, before: int = 0, *, same_ids: bool = False
    ) -> None:
        """Add what was added up of other rows; which came first makes no difference.

        Its slice i is our slice slice_ids[i]; without these, ours of this id if they have the `same_ids`, else that of
        the same name. Its rows are numbered from 1, and so many stood `before` them.
        """
        if slice_ids is None and not same_ids and self.slices is not other.slices:
            slice_ids = self.slice_index.restore(other.slices.state())
        at = None if slice_ids is None else slice_ids[: len(other.counts)]
        self.counts = zero_extended(self.counts, size_of(other.counts, at))
        add_at(self.counts, at, other.counts)
        self._limit()
        for call, theirs in other.losses.items():
            self.losses[call].merge(theirs, slice_ids)
        for table, distinct in other.distinct_rows.items():
            self.distinct_rows[table].merge(distinct, slice_ids)
        self.groups.formed += other.groups.formed
        self.fingerprints.merge(other.fingerprints)
        self.label_counts.merge(other.label_counts, slice_ids)
        if self.unit_statistics is not None and other.unit_statistics is not None:
            self.unit_statistics.merge(other.unit_statistics, slice_ids, before)
        if self.diagnostics is not None and other.diagnostics is not None:
            self.diagnostics.merge(other.diagnostics, slice_ids, before)
        if self.slice_search is not None and other.slice_search is not None:
            self.slice_search.merge(other.slice_search)

    def over(self, slice_ids: Array) -> RunAccumulator:
        """What sums of rows were added to these slices, each of them once, as those of the one slice 0."""
        found = object.__new__(RunAccumulator)
        found.__dict__.update(self.__dict__)  # a copy would leave out what processes do not share
        found.counts = np.array([self.counts[slice_ids].sum()], np.int64)
        found.losses = {call: loss.over(slice_ids) for call, loss in self.losses.items()}
        found.label_counts = self.label_counts.over(slice_ids)
        if self.unit_statistics is not None:
            found.unit_statistics = self.unit_statistics.over(slice_ids)
        return found

    # -- state ---------------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """Everything that was added up, as plain values: kernel calls by their positions in the plan."""
        rows = None if self.unit_statistics is None else self.unit_statistics.rows
        return {
            "cells": self.slices.state(),
            "counts": self.counts,
            "kept": [loss.state() for loss in self.losses.values()],
            "distinct_rows": [distinct.state() for distinct in self.distinct_rows.values()],
            "fingerprints": self.fingerprints.state(),
            "labels": self.label_counts.state(),
            "moments": [] if rows is None else rows.cross_products.state(list(self.losses)),
            "class_moments": None if rows is None else rows.class_products.state(list(self.losses)),
            "third_moments": [] if rows is None else rows.third_moments.state(list(self.losses)),
            "units": None if rows is None else rows.kept.state(list(self.losses)),
        }

    @classmethod
    def from_state(cls, plan: Plan, state: Mapping[str, Any]) -> RunAccumulator:
        """The accumulator that `state` was taken of, to be merged with others of this plan.

        The names of its slices are judged as they are restored in the index of what it is merged into.
        """
        read = cls(plan, {}, hashing=True, some=True)
        read.slices = NamedSlices(state["cells"])
        read.counts = read_counts(state["counts"])
        losses = zip(read.losses, state["kept"], strict=True)
        read.losses = {call: LossAccumulator.from_state(loss) for call, loss in losses}
        read.distinct_rows = {
            table: type(rows).from_state(found)
            for (table, rows), found in zip(read.distinct_rows.items(), state["distinct_rows"], strict=True)
        }
        read.fingerprints.restore(state["fingerprints"])
        read.label_counts.restore(state["labels"])
        if read.unit_statistics is not None:
            from losscli.aggregate.class_products import ClassProducts
            from losscli.aggregate.cross_products import CrossProducts
            from losscli.aggregate.kept_units import KeptUnits

            rows, sources = read.unit_statistics.rows, list(read.losses)
            rows.cross_products = CrossProducts.from_state(state["moments"], sources)
            rows.class_products = ClassProducts.from_state(state["class_moments"], sources)
            rows.third_moments = CrossProducts.from_state(state["third_moments"], sources)
            rows.kept = KeptUnits.from_state(state["units"], sources)
        elif state["moments"] or state["third_moments"]:
            raise ValueError("this run needs no cross products")
        return read


def groups_of(plan: Plan) -> Groups:
    """How this run forms groups."""
    request = plan.request
    return Groups("size" if request.batch_size else "by" if request.batch_by else "table", request.batch_size)
