"""The one loop: a stream of rows -> tallies. What it keeps merges exactly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from losscli.blocks import Block, Groups
from losscli.columns.arguments import arguments
from losscli.columns.labels import Coded
from losscli.columns.plan import Input, Job, Plan, Table
from losscli.columns.rows import Rows
from losscli.contract import Terms
from losscli.errors import DataError, Site
from losscli.kinds import Array
from losscli.reduce import CHUNK, Fingerprint, Sums, text_words
from losscli.spec import LossSpec

NULL = "(null)"
_CACHED = 1 << 18  # numbers of one array that a kernel works on at once


@dataclass(frozen=True)
class Work:
    """One kernel on one set of arrays: what is computed and added up once, whoever asks."""

    spec: LossSpec
    inputs: tuple[Input | Table | None, ...]

    @property
    def by_row(self) -> bool:
        return self.spec.loss.scope == "row" and any(isinstance(side, Input) for side in self.inputs)

    @property
    def matrix_only(self) -> bool:
        return not any(isinstance(side, Input) for side in self.inputs)


def works(job: Job) -> dict[str | None, Work]:
    """Term -> the work that adds it up; the key None stands for all terms of the loss itself."""
    if not job.spec.loss.shares:
        return {None: Work(job.spec, job.inputs)}
    return {term: Work(LossSpec(other, other.settle({})), job.inputs) for term, other in job.spec.loss.shares.items()}


class Tally:
    """One term's sums a cell: of weight * value, of weights, and the count of units that take part."""

    def __init__(self, weighted: bool) -> None:
        self.sums = Sums()
        self.weights = Sums() if weighted else None
        self.counts = np.zeros(1, np.int64)

    def grow(self, cells: int) -> None:
        if cells > len(self.counts):
            self.sums.grow(cells)
            self.counts = _grown(self.counts, cells)
            if self.weights is not None:
                self.weights.grow(cells)

    def merge(self, other: Tally, cells: Array | None) -> None:
        """Add all of `other`, whose cell i is our cell cells[i] (None: the same numbers)."""
        at = np.arange(len(other.counts)) if cells is None else cells[: len(other.counts)]
        self.grow(int(at.max(initial=-1)) + 1)
        self.sums.merge(other.sums, at)
        np.add.at(self.counts, at, other.counts)
        if self.weights is not None and other.weights is not None:
            self.weights.merge(other.weights, at)

    def add(self, values: Array, part: Array | None, weights: Array | None, cells: Array | None) -> None:
        """Add units; `part` says which take part. What takes no part is left out, never multiplied by 0."""
        if part is not None:
            values = values[part]
            weights = None if weights is None else weights[part]
            cells = None if cells is None else cells[part]
        if cells is None:
            self.counts[0] += len(values)
        else:
            self.counts += np.bincount(cells, minlength=len(self.counts))
        if weights is not None and self.weights is not None:
            self.weights.add(weights, cells)
            values = values * weights
        self.sums.add(values, cells)


@dataclass
class Kept:
    """What one work keeps: a tally a term, one of the rows that are in any term, and the rows that are in none."""

    terms: dict[str, Tally] = field(default_factory=dict)
    rows: Tally | None = None  # None: the rows of the one term
    apart: Array = field(default_factory=lambda: np.zeros(1, np.int64))

    def merge(self, other: Kept, cells: Array | None) -> None:
        """Add all of `other`, whose cell i is our cell cells[i] (None: the same numbers)."""
        for name, theirs in other.terms.items():
            self.terms.setdefault(name, Tally(theirs.weights is not None)).merge(theirs, cells)
        if other.rows is not None:
            self.rows = self.rows or Tally(other.rows.weights is not None)
            self.rows.merge(other.rows, cells)
        at = np.arange(len(other.apart)) if cells is None else cells[: len(other.apart)]
        self.apart = _grown(self.apart, int(at.max(initial=-1)) + 1)
        np.add.at(self.apart, at, other.apart)


class Totals:
    """Everything a pass over the data keeps."""

    def __init__(
        self, plan: Plan, tables: Mapping[Table, Array], chunk_rows: int = CHUNK, *, hashing: bool = False,
        some: bool = False,
    ) -> None:  # fmt: skip
        """`some` rows leave out what is the same for all of them; they are to be merged."""
        self.plan, self.tables, self.chunk_rows, self.hashing = plan, tables, chunk_rows, hashing
        self.cells: dict[tuple[str, ...], int] = {} if plan.by or plan.class_column else {(): 0}
        self.counts = np.zeros(1, np.int64)
        self.kept = {work: Kept() for job in plan.jobs for work in works(job).values()}
        self.groups = groups_of(plan)
        self.fingerprint = Fingerprint()
        self.key_print = Fingerprint()
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

    def add(self, rows: Rows) -> None:
        """Score a batch of rows. What overflows is infinite, and counted as such."""
        with np.errstate(all="ignore"):
            self._add(rows)

    def _add(self, rows: Rows) -> None:
        if not len(rows):
            return
        block = Block(rows.arrays, rows.weights, self.cells_of(rows), rows.place)
        self._count(block)
        if self.hashing:
            self._hash(rows)
        for work, kept in self.kept.items():
            if work.by_row:
                args = arguments(work.inputs, rows.arrays, self.tables, rows.index, rows.site)
                for cut in cuts(len(rows), args, work.inputs, self.chunk_rows):
                    self._score(work, kept, cut_rows(work.inputs, args, cut), block, cut)
        if self.grouped:
            # The check of widths and positions at the door; groups trust it.
            for work in self.kept:
                if not (work.by_row or work.matrix_only):
                    arguments(work.inputs, rows.arrays, self.tables, rows.index, rows.site)
            keys = rows.batch_key
            names, codes = (keys.names, keys.codes) if keys is not None else (None, None)
            for group in self.groups.feed(block, names, codes):
                self._score_group(group)

    def merge(self, other: Totals) -> None:
        """Add what was kept of other rows; which came first makes no difference."""
        cells = None
        if other.cells.keys() != {()}:
            cells = np.array([self.cells.setdefault(name, len(self.cells)) for name in other.cells], np.int64)
            self._check_slices()
        at = np.arange(len(other.counts)) if cells is None else cells[: len(other.counts)]
        self.counts = _grown(self.counts, int(at.max(initial=-1)) + 1)
        np.add.at(self.counts, at, other.counts[: len(at)])
        for work, kept in other.kept.items():
            self.kept[work].merge(kept, cells)
        self.fingerprint.merge(other.fingerprint)
        self.key_print.merge(other.key_print)

    def finish(self) -> None:
        """Score the groups that the end of the rows completes."""
        with np.errstate(all="ignore"):
            for group in self.groups.finish():
                self._score_group(group)

    def _score_group(self, group: Block) -> None:
        for work, kept in self.kept.items():
            if not (work.by_row or work.matrix_only):
                # Checked when the rows came in; what can still differ between batches is the width of list columns.
                args = arguments(work.inputs, group.arrays, self.tables, group.place - 1, Site("", 1))
                contiguous = tuple(None if a is None else np.ascontiguousarray(a) for a in args)
                self._score(work, kept, contiguous, group, slice(None))

    def _score(self, work: Work, kept: Kept, args: tuple[Array | None, ...], block: Block, cut: slice) -> None:
        terms = score(work, args)
        weights = None if block.weights is None else block.weights[cut]
        cells = None if block.cells is None else block.cells[cut]
        counted = None if weights is None or weights.all() else weights != 0
        in_any: Array | None = None
        for name, term in terms.items():
            part = counted if term.where is None else term.where if counted is None else term.where & counted
            tally = kept.terms.setdefault(name, Tally(block.weights is not None))
            tally.grow(len(self.counts))
            tally.add(unit_values(term.values), part, weights, cells)
            where = np.ones(len(term.values), bool) if term.where is None else term.where
            in_any = where if in_any is None else in_any | where
        assert in_any is not None
        self._rows_in(kept, terms, in_any, counted, weights, cells)

    def _rows_in(
        self, kept: Kept, terms: Terms, in_any: Array, counted: Array | None, weights: Array | None, cells: Array | None
    ) -> None:
        """Count the rows that some term has, and those that none has."""
        kept.apart = _grown(kept.apart, len(self.counts))
        if not in_any.all():
            np.add.at(kept.apart, np.zeros(len(in_any), np.int64)[~in_any] if cells is None else cells[~in_any], 1)
        if len(terms) > 1:
            kept.rows = kept.rows or Tally(weights is not None)
            kept.rows.grow(len(self.counts))
            part = in_any if counted is None else in_any & counted
            kept.rows.add(np.zeros(len(in_any)), part, weights, cells)

    def _add_fixed(self, work: Work) -> None:
        """A loss of tables alone: evaluated once, in a cell of its own that every slice reads."""
        kept = self.kept[work]
        args = tuple(None if side is None else self.tables[side] for side in work.inputs)  # type: ignore[index]
        for name, term in score(work, args).items():
            tally = kept.terms.setdefault(name, Tally(False))
            tally.add(term.values, term.where, None, None)

    def _count(self, block: Block) -> None:
        if block.cells is None:
            self.counts[0] += len(block)
            return
        self.counts = _grown(self.counts, len(self.cells))
        self.counts += np.bincount(block.cells, minlength=len(self.counts))

    def cells_of(self, rows: Rows) -> Array | None:
        """Each row's cell: its slice, and its class where classes have weights."""
        columns = [*rows.by, *([rows.classes] if rows.classes is not None else [])]
        if not columns:
            return None
        mixed = np.zeros(len(rows), np.int64)
        for column in columns:
            mixed = mixed * (len(column.names) + 1) + (column.codes + 1)
        _, first, inverse = np.unique(mixed, return_index=True, return_inverse=True)
        # Slices times classes is what is held, so that is what the limit counts.
        ids = [self.cells.setdefault(tuple(_name(c, row) for c in columns), len(self.cells)) for row in first]
        self._check_slices()
        return np.asarray(ids, np.int64)[inverse]

    def _check_slices(self) -> None:
        limit = self.plan.request.max_slices
        if len(self.cells) > limit:
            columns = [*self.plan.by, *filter(None, [self.plan.class_column])]
            raise DataError(
                f"there are more than {limit:,} slices (column {', '.join(map(repr, columns))})", column=columns[0],
                hint="slice by a column with fewer values, or raise --max-slices",
            )  # fmt: skip

    def _hash(self, rows: Rows) -> None:
        targets = {item.columns: item for item in rows.arrays if item.role == "target"}
        for item in targets.values():
            values = _words(rows.named[item]) if item in rows.named else np.ascontiguousarray(rows.arrays[item])
            self.fingerprint.add(values.view(np.uint64))
        if rows.keys:
            self.key_print.add(np.ascontiguousarray(np.stack([_words(key) for key in rows.keys], axis=1)))


def score(work: Work, args: tuple[Array | None, ...]) -> Terms:
    """The terms of one kernel on checked arrays."""
    with np.errstate(all="ignore"):
        return work.spec.loss.terms(args, work.spec.params)


def unit_values(values: Array) -> Array:
    """One value a unit: several outputs count as their mean."""
    return values if values.ndim == 1 else np.asarray(values.sum(axis=-1) / values.shape[-1])


def cut_rows(
    inputs: tuple[Input | Table | None, ...], args: tuple[Array | None, ...], cut: slice
) -> tuple[Array | None, ...]:
    """The arguments of some of the rows; tables stay whole."""
    return tuple(a if a is None or isinstance(s, Table) else a[cut] for a, s in zip(args, inputs, strict=True))


def cuts(
    rows: int, args: tuple[Array | None, ...], inputs: tuple[Input | Table | None, ...], most: int
) -> Iterator[slice]:
    """The pieces in which a kernel sees rows: few enough that what it works on stays in the cache."""
    numbers = [
        a.size // max(rows, 1) for a, s in zip(args, inputs, strict=True) if a is not None and not isinstance(s, Table)
    ]
    tables = [len(a) for a, s in zip(args, inputs, strict=True) if a is not None and isinstance(s, Table)]
    step = max(1, min(most, _CACHED // max([1, *numbers, *tables])))
    return (slice(start, start + step) for start in range(0, max(rows, 1), step))


def groups_of(plan: Plan) -> Groups:
    """How this run forms groups."""
    request = plan.request
    return Groups("size" if request.batch_size else "by" if request.batch_by else "table", request.batch_size)


def _grown(counts: Array, cells: int) -> Array:
    return counts if cells <= len(counts) else np.concatenate([counts, np.zeros(cells - len(counts), counts.dtype)])


def _words(column: Coded) -> Array:
    """A hash of each row's text."""
    return np.append(text_words(column.names), np.uint64(0))[column.codes]


def _name(column: Coded, row: int) -> str:
    code = int(column.codes[row])
    return NULL if code < 0 else column.names[code]
