"""The one loop: a stream of rows -> tallies. What it keeps merges exactly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from losscli.aggregate.batches import Block, Groups
from losscli.aggregate.chunks import cut_rows, cuts
from losscli.aggregate.exact_sum import CHUNK, Sums
from losscli.aggregate.hashing import Fingerprint, text_words
from losscli.aggregate.kernel_calls import KernelCall, kernel_calls, score, unit_values
from losscli.aggregate.required import needed_of
from losscli.aggregate.slices import SliceIndex
from losscli.aggregate.unit_statistics import Found, Joint, Units
from losscli.binding.kernel_arguments import arguments
from losscli.binding.labels import EncodedLabels
from losscli.binding.plan import Plan, Table
from losscli.binding.read_rows import Rows
from losscli.contract.kinds import Array
from losscli.contract.loss import Terms
from losscli.errors import DataError, Location
from losscli.io.arrow.buffers import RowNumbers
from losscli.io.arrow.dictionary import DictionaryColumn


class TermAccumulator:
    """One term's sums a slice: of weight * value, of weights, and the count of units that take part."""

    def __init__(self, weighted: bool) -> None:
        self.sums = Sums()
        self.weights = Sums() if weighted else None
        self.counts = np.zeros(1, np.int64)

    def grow(self, size: int) -> None:
        if size > len(self.counts):
            self.sums.grow(size)
            self.counts = _grown(self.counts, size)
            if self.weights is not None:
                self.weights.grow(size)

    def merge(self, other: TermAccumulator, slice_ids: Array | None) -> None:
        """Add all of `other`, whose slice i is our slice slice_ids[i] (None: the same ids)."""
        at = None if slice_ids is None else slice_ids[: len(other.counts)]
        self.grow(_reach(other.counts, at))
        self.sums.merge(other.sums, at)
        _add_counts(self.counts, other.counts, at)
        if self.weights is not None and other.weights is not None:
            self.weights.merge(other.weights, at)

    def add(self, values: Array, part: Array | None, weights: Array | None, slice_ids: Array | None) -> None:
        """Add units; `part` says which take part. What takes no part is left out, never multiplied by 0."""
        if part is not None:
            values = values[part]
            weights = None if weights is None else weights[part]
            slice_ids = None if slice_ids is None else slice_ids[part]
        if slice_ids is None:
            self.counts[0] += len(values)
        else:
            np.add.at(self.counts, slice_ids, 1)  # as fast as bincount, and it does not make an array of all slices
        if weights is not None and self.weights is not None:
            self.weights.add(weights, slice_ids)
            values = values * weights
        self.sums.add(values, slice_ids)


@dataclass
class LossAccumulator:
    """What one work keeps: a tally a term, one of the rows that are in any term, and the rows that are in none."""

    terms: dict[str, TermAccumulator] = field(default_factory=dict)
    rows: TermAccumulator | None = None  # None: the rows of the one term
    apart: Array = field(default_factory=lambda: np.zeros(1, np.int64))

    def merge(self, other: LossAccumulator, slice_ids: Array | None) -> None:
        """Add all of `other`, whose slice i is our slice slice_ids[i] (None: the same ids)."""
        for name, theirs in other.terms.items():
            self.terms.setdefault(name, TermAccumulator(theirs.weights is not None)).merge(theirs, slice_ids)
        if other.rows is not None:
            self.rows = self.rows or TermAccumulator(other.rows.weights is not None)
            self.rows.merge(other.rows, slice_ids)
        at = None if slice_ids is None else slice_ids[: len(other.apart)]
        self.apart = _grown(self.apart, _reach(other.apart, at))
        _add_counts(self.apart, other.apart, at)


class RunAccumulator:
    """Everything a pass over the data keeps."""

    def __init__(
        self, plan: Plan, tables: Mapping[Table, Array], chunk_rows: int = CHUNK,
        slice_index: SliceIndex | None = None, *, hashing: bool = False, some: bool = False,
    ) -> None:  # fmt: skip
        """`some` rows leave out what is the same for all of them; they are to be merged."""
        self.plan, self.tables, self.chunk_rows, self.hashing = plan, tables, chunk_rows, hashing
        self.slice_index = (
            SliceIndex(len(plan.by) + (plan.class_column is not None)) if slice_index is None else slice_index
        )
        self.counts = np.zeros(1, np.int64)
        self.kept = {work: LossAccumulator() for job in plan.jobs for work in kernel_calls(job).values()}
        self.groups = groups_of(plan)
        self.fingerprint = Fingerprint()
        self.key_print = Fingerprint()
        needed = needed_of(plan)
        self.joint = None if needed is None else Joint(needed)
        for work in self.kept:
            if work.matrix_only and not some:
                self._add_fixed(work)

    def __getstate__(self) -> dict[str, Any]:
        # What another process kept is merged, which asks neither for the plan nor for the tables.
        return {**self.__dict__, "plan": None, "tables": {}}

    @property
    def grouped(self) -> bool:
        """Whether any work sees groups of rows."""
        return any(not (work.by_row or work.matrix_only) for work in self.kept)

    def add(self, rows: Rows) -> Iterator[Block]:
        """Score a batch of rows; gives the groups that they complete. What overflows is infinite, and counted so."""
        if len(rows):
            with np.errstate(all="ignore"):
                block = self._add(rows)
            if self.grouped:
                yield from self._groups(rows, block)

    def _add(self, rows: Rows) -> Block:
        block = Block(rows.arrays, rows.weights, self.slice_ids_of(rows), rows.place)
        self._count(block)
        self._limit()
        if self.hashing:
            self._hash(rows)
        found: dict[KernelCall, list[Terms]] = {}
        for work, kept in self.kept.items():
            if work.by_row:
                args = arguments(work.inputs, rows.arrays, self.tables, rows.index, rows.location)
                pieces = found.setdefault(work, [])
                for cut in cuts(len(rows), args, work.inputs, self.chunk_rows):
                    terms = self._score(work, kept, cut_rows(work.inputs, args, cut), block, cut)
                    if self.joint is not None:
                        pieces.append(terms)
        if self.joint is not None:
            self.joint.take(self._units(found, block, rows.keys, rows.cluster))
        return block

    def _units(
        self, found: Mapping[KernelCall, list[Terms]], block: Block, keys: list[EncodedLabels],
        cluster: EncodedLabels | None, grouped: bool = False,
    ) -> Units:  # fmt: skip
        """The values that somebody wants to look at together, as units with what belongs to them."""
        assert self.joint is not None
        kept: Found = {work: _joined(pieces) for work, pieces in found.items() if work in self.joint.needed.owners}
        return Units(_places(block.place), kept, block.weights, block.slice_ids, keys, cluster, grouped)

    def _groups(self, rows: Rows, block: Block) -> Iterator[Block]:
        # The check of widths and positions at the door; groups trust it.
        for work in self.kept:
            if not (work.by_row or work.matrix_only):
                arguments(work.inputs, rows.arrays, self.tables, rows.index, rows.location)
        keys = rows.batch_key
        names, codes = (keys.names, keys.codes) if keys is not None else (None, None)
        yield from self.groups.feed(block, names, codes)

    def merge(self, other: RunAccumulator, slice_ids: Array | None = None, before: int = 0) -> None:
        """Add what was kept of other rows; which came first makes no difference.

        Its slice i is our slice slice_ids[i]; without these, that of the same name. Its rows are numbered from 1, and
        so many stood `before` them.
        """
        if slice_ids is None and self.slice_index is not other.slice_index:
            slice_ids = self.slice_index.learn(other.slice_index.names())
        at = None if slice_ids is None else slice_ids[: len(other.counts)]
        self.counts = _grown(self.counts, _reach(other.counts, at))
        _add_counts(self.counts, other.counts, at)
        self._limit()
        for work, kept in other.kept.items():
            self.kept[work].merge(kept, slice_ids)
        self.groups.formed += other.groups.formed
        self.fingerprint.merge(other.fingerprint)
        self.key_print.merge(other.key_print)
        if self.joint is not None and other.joint is not None:
            self.joint.merge(other.joint, slice_ids, before)

    def add_group(self, group: Block) -> None:
        """Score the rows of one group; they have been counted when they came in."""
        self.counts = _grown(self.counts, len(self.slice_index))
        found: dict[KernelCall, list[Terms]] = {}
        for work, kept in self.kept.items():
            if not (work.by_row or work.matrix_only):
                # Checked when the rows came in; what can still differ between batches is the width of list columns.
                args = arguments(work.inputs, group.arrays, self.tables, range(len(group)), Location("", 1))
                contiguous = tuple(None if a is None else np.ascontiguousarray(a) for a in args)
                with np.errstate(all="ignore"):
                    found[work] = [self._score(work, kept, contiguous, group, slice(None))]
        if self.joint is not None:
            self.joint.take(self._units(found, group, [], None, grouped=True))

    def _score(
        self, work: KernelCall, kept: LossAccumulator, args: tuple[Array | None, ...], block: Block, cut: slice
    ) -> Terms:
        terms = score(work, args)
        weights = None if block.weights is None else block.weights[cut]
        slice_ids = None if block.slice_ids is None else block.slice_ids[cut]
        counted = None if weights is None or weights.all() else weights != 0
        for name, term in terms.items():
            part = counted if term.where is None else term.where if counted is None else term.where & counted
            tally = kept.terms.get(name)
            if tally is None:
                tally = kept.terms[name] = TermAccumulator(block.weights is not None)
            tally.grow(len(self.counts))
            tally.add(unit_values(term.values), part, weights, slice_ids)
        kept.apart = _grown(kept.apart, len(self.counts))
        in_any = _in_any(terms)
        if in_any is not None and not in_any.all():
            apart = np.zeros(len(in_any), np.int64) if slice_ids is None else slice_ids
            np.add.at(kept.apart, apart[~in_any], 1)
        if len(terms) > 1:
            self._rows_in(kept, in_any, counted, weights, slice_ids, len(next(iter(terms.values())).values))
        return terms

    def _rows_in(
        self, kept: LossAccumulator, in_any: Array | None, counted: Array | None, weights: Array | None,
        slice_ids: Array | None, count: int,
    ) -> None:  # fmt: skip
        """Count the rows that some term has."""
        kept.rows = kept.rows or TermAccumulator(weights is not None)
        kept.rows.grow(len(self.counts))
        part = counted if in_any is None else in_any if counted is None else in_any & counted
        kept.rows.add(np.zeros(count), part, weights, slice_ids)

    def _add_fixed(self, work: KernelCall) -> None:
        """A loss of tables alone: evaluated once, under the id 0, which every slice reads."""
        kept = self.kept[work]
        args = tuple(None if side is None else self.tables[side] for side in work.inputs)  # type: ignore[index]
        for name, term in score(work, args).items():
            tally = kept.terms.setdefault(name, TermAccumulator(False))
            tally.add(term.values, term.where, None, None)

    def _count(self, block: Block) -> None:
        if block.slice_ids is None:
            self.counts[0] += len(block)
            return
        self.counts = _grown(self.counts, len(self.slice_index))
        np.add.at(self.counts, block.slice_ids, 1)

    def slice_ids_of(self, rows: Rows) -> Array | None:
        """Each row's slice id: of its slice, and of its class where classes have weights."""
        columns = sliced_by(rows)
        return self.slice_index.ids(columns) if columns else None

    def _limit(self) -> None:
        # Slices times classes is what is held, so that is what the limit counts.
        limit = self.plan.request.max_slices
        if len(self.counts) > limit and np.count_nonzero(self.counts) > limit:
            columns = [*self.plan.by, *filter(None, [self.plan.class_column])]
            raise DataError(
                f"there are more than {limit:,} slices (column {', '.join(map(repr, columns))})", column=columns[0],
                hint="slice by a column with fewer values, or raise --max-slices",
            )  # fmt: skip

    def _hash(self, rows: Rows) -> None:
        targets = {item.columns: values for item, values in rows.arrays.items() if item.role == "target"}
        for values in targets.values():
            self.fingerprint.add(np.ascontiguousarray(values).view(np.uint64))
        if rows.keys:
            self.key_print.add(np.ascontiguousarray(np.stack([_words(key) for key in rows.keys], axis=1)))


def _joined(pieces: list[Terms]) -> dict[str, tuple[Array, Array | None]]:
    """Term -> the values of all units, and which take part."""
    found: dict[str, tuple[Array, Array | None]] = {}
    for name in pieces[0] if pieces else ():
        values = [unit_values(terms[name].values) for terms in pieces]
        wheres = [terms[name].where for terms in pieces]
        has = None if wheres[0] is None else np.concatenate([where for where in wheres if where is not None])
        found[name] = np.concatenate(values), has
    return found


def _places(place: RowNumbers) -> Array:
    """Row numbers as an array; NumPy would look at each number of a range."""
    return np.arange(place.start, place.stop) if isinstance(place, range) else np.asarray(place)


def _in_any(terms: Terms) -> Array | None:
    """Which units are in some term; None where all are."""
    found: Array | None = None
    for term in terms.values():
        if term.where is None:
            return None
        found = term.where if found is None else found | term.where
    return found


def sliced_by(rows: Rows) -> list[DictionaryColumn]:
    """The columns that tell a row's slice id."""
    return [*rows.by, *([] if rows.classes is None else [rows.classes])]


def groups_of(plan: Plan) -> Groups:
    """How this run forms groups."""
    request = plan.request
    return Groups("size" if request.batch_size else "by" if request.batch_by else "table", request.batch_size)


def _grown(counts: Array, size: int) -> Array:
    return counts if size <= len(counts) else np.concatenate([counts, np.zeros(size - len(counts), counts.dtype)])


def _reach(counts: Array, at: Array | None) -> int:
    """How many slices there are, where these are counted at `at`."""
    return len(counts) if at is None else int(at.max(initial=-1)) + 1


def _add_counts(mine: Array, theirs: Array, at: Array | None) -> None:
    if at is None:
        mine[: len(theirs)] += theirs
    else:
        np.add.at(mine, at, theirs)


def _words(column: EncodedLabels) -> Array:
    """A hash of each row's text."""
    return np.append(text_words(column.names), np.uint64(0))[column.codes]
