"""Models whose predictions are in separate files, as one table: rows are paired by key or by row order.

Columns of the row and not of the model (target, weight, slice) must have the same values in all files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import Literal

import numpy as np
import pyarrow as pa

from losscli.errors import DataError, Location, UsageError, did_you_mean
from losscli.io.arrow.equality import cell_text, different_rows
from losscli.io.files.identity import common
from losscli.io.join.align import ROW_ORDER_HINT, AlignedCounts, AlignedRows, AlignedSource, by_key, by_row_order
from losscli.io.join.join import check_keys, notes_on_types
from losscli.io.join.key_match import said_of
from losscli.io.join.lookup_side import source_name
from losscli.io.join.match import as_numbers
from losscli.io.sides import KeyDifference
from losscli.io.source import DroppedRows, Fragment, InMemorySplit, PairedFiles, ReadAs, Source, Split
from losscli.lazy import dataclass


@dataclass(frozen=True)
class ModelFile:
    """One model's file: its label in messages, and the shared columns that it has."""

    name: str
    source: Source
    label: str
    shared: tuple[str, ...]


def pair_models(
    named: Sequence[tuple[str, Source]],
    shared: Sequence[str],
    on: Sequence[str] = (),
    unmatched: Literal["error", "drop"] = "error",
    key_match: Sequence[KeyDifference] = (),
) -> Source:
    """The rows of the first source with its columns, and the columns of each source again as `NAME:column`.

    The `shared` columns must be equal in all sources, row by row; if a later source lacks one, that of the first is
    used. Rows are paired by the key `on`: then the other sources are held in memory, and rows that are not in all
    sources are an error, or dropped and counted if `unmatched` is "drop". Without a key, rows are paired by row order,
    and all sources must have the same number of rows.
    """
    _check(named, shared, on)
    names = [source_name(source) for _, source in named]
    labels = [path if names.count(path) == 1 else f"'{model}'" for path, (model, _) in zip(names, named, strict=True)]
    compared = [name for name in dict.fromkeys(shared) if name not in on]
    files = tuple(
        ModelFile(model, source, label, tuple(name for name in compared if name in source.columns))
        for (model, source), label in zip(named, labels, strict=True)
    )
    column_sources, types = _column_sources(files, on)
    dropped, paired_files = DroppedRows(notes=tuple(said_of(key_match))), PairedFiles()
    fragment = PairedFragment(files, tuple(on), unmatched == "error", column_sources, dropped, paired_files,
                              tuple(key_match))  # fmt: skip
    notes = [note for side in files for note in side.source.notes]
    doubled = [*(said for side in files for said in side.source.doubled), *_same_files(files)]
    notes += [*_notes(files, compared, on), *doubled]
    identities = {identity: path for side in files for identity, path in side.source.identities.items()}
    return Source((fragment,), tuple(column_sources), types, tuple(dict.fromkeys(notes)), dropped, paired_files,
                  tuple(dict.fromkeys(doubled)), identities)  # fmt: skip


def _same_files(files: Sequence[ModelFile]) -> Iterator[str]:
    """What to say of models whose predictions are in the same file, whatever its names."""
    for at, side in enumerate(files):
        for other in files[at + 1 :]:
            if common(side.source.identities, other.source.identities) is not None:
                shown = source_name(side.source)
                kind = "table" if shown == "<memory>" else "file"
                yield f"'{side.name}' and '{other.name}' are models of the same {kind}, {shown}"


def _check(named: Sequence[tuple[str, Source]], shared: Sequence[str], on: Sequence[str]) -> None:
    models = [model for model, _ in named]
    if len(models) < 2:
        raise UsageError(
            "a comparison of files needs at least two", hint="NAME=FILE NAME=FILE", code="USAGE_INCOMPLETE"
        )
    for model in models:
        if models.count(model) > 1:
            raise UsageError(f"two files are named '{model}'", hint="give each file its own name: NAME=FILE",
                             code="USAGE_CONFLICT")  # fmt: skip
    check_keys([source for _, source in named], on)
    first = named[0][1]
    for name in shared:
        if name not in first.columns:
            listed = "the columns are " + ", ".join(f"'{known}'" for known in first.columns[:20])
            hint = did_you_mean(name, first.columns, listed)
            raise DataError(f"no column '{name}'", path=source_name(first), column=name, hint=hint,
                            code="DATA_MISSING_COLUMN")  # fmt: skip


def _column_sources(
    files: Sequence[ModelFile], on: Sequence[str]
) -> tuple[dict[str, tuple[int, str]], dict[str, pa.DataType | None]]:
    """The source and column of each name, and the types of all; a key may be a nameless column."""
    column_sources = {name: (0, name) for name in (*files[0].source.columns, *on)}
    types = {name: files[0].source.types.get(name) for name in column_sources}
    for at, side in enumerate(files):
        for column in side.source.columns:
            name = f"{side.name}:{column}"
            if name in column_sources:
                raise UsageError(f"'{name}' would name two columns", column=name, hint="give the file another name",
                                 code="USAGE_CONFLICT")  # fmt: skip
            column_sources[name], types[name] = (at, column), side.source.types.get(column)
    return column_sources, types


def _notes(files: Sequence[ModelFile], compared: Sequence[str], on: Sequence[str]) -> Iterator[str]:
    first, *others = files
    held = ", ".join(side.label for side in others)
    if on:
        yield f"the comparison holds the keys and the needed columns of {held} in memory"
    else:
        agree = [name for name in compared if any(name in side.shared for side in others)]
        listed = ", ".join(f"'{name}'" for name in agree)
        checked = f"{listed} must agree row by row" if agree else "no shared column confirms that they belong together"
        yield f"rows of {first.label} and {held} are paired by row order; {checked}"
    for side in others:
        yield from notes_on_types(first.source, side.source, on, on)
        for name in compared:
            if name not in side.shared:
                yield f"{side.label} has no column '{name}': that of {first.label} is used"


@dataclass
class Mismatch:
    """Rows whose shared columns differ: how many, and the error about the first."""

    rows: int = 0
    error: DataError | None = None

    def evaluate(self) -> None:
        """Raise the error about the first row that differs, if any does."""
        if self.error is None:
            return
        more = self.rows - 1
        if more:
            self.error.message += f"; {more} more {'row differs' if more == 1 else 'rows differ'}"
        raise self.error


@dataclass(frozen=True)
class PairedFragment(Fragment):
    """All files as one fragment, because whether they belong together is a matter of all rows."""

    models: tuple[ModelFile, ...]
    on: tuple[str, ...]
    strict: bool
    column_sources: Mapping[str, tuple[int, str]] = field(repr=False)
    dropped: DroppedRows
    paired_files: PairedFiles
    key_match: tuple[KeyDifference, ...] = ()
    order_hint: str = ROW_ORDER_HINT  # where files differ in their numbers of rows
    shared_hint: str = ROW_ORDER_HINT  # where a shared column differs in a row

    @property
    def path(self) -> str:  # type: ignore[override]
        """The first file of the first model, with the number of others."""
        return source_name(self.models[0].source)

    @property
    def paths(self) -> tuple[str, ...]:
        """The files of the first model, which locations of rows name."""
        return tuple(fragment.path for fragment in self.models[0].source.fragments)

    @property
    def format(self) -> str:  # type: ignore[override]
        """The format of the first file of the first model."""
        return self.models[0].source.fragments[0].format

    def splits(self, projection: Mapping[str, ReadAs]) -> Iterator[Split]:
        """The paired rows in the order of the first model; several threads can read the splits."""
        files = [
            AlignedSource(model.source, model.label, reads)
            for model, reads in zip(self.models, self._projections(projection), strict=True)
        ]  # fmt: skip
        mismatch, counts = Mismatch(), AlignedCounts()
        for rows in (
            by_key(files, self.on, self.strict, counts, self.key_match)
            if self.on
            else by_row_order(files, counts, self.order_hint)
        ):
            self._compare(rows, mismatch)
            if mismatch.error is None:
                yield InMemorySplit(self._table(rows, projection), rows.batch.location.path, rows.batch.location)
        mismatch.evaluate()
        self._count(counts)

    def _projections(self, projection: Mapping[str, ReadAs]) -> list[dict[str, ReadAs]]:
        """The projection of each file. A column that is read as text can be converted to numbers, not the reverse."""
        projections: list[dict[str, ReadAs]] = [{} for _ in self.models]
        for name, read_as in projection.items():
            at, column = self.column_sources.get(name, (0, name))  # the reader of the first file raises the error
            projections[at][column] = (
                "text" if column in self.on or "text" in (read_as, projections[at].get(column)) else read_as
            )
        for reads, model in zip(projections, self.models, strict=True):
            for name in model.shared:
                reads[name] = self._shared_read_as(name, projection)
            if not (reads or self.on):
                reads[model.source.columns[0]] = "text"  # to count the rows
        return projections

    def _shared_read_as(self, name: str, projection: Mapping[str, ReadAs]) -> ReadAs:
        """How a compared column is read: the same in all files, as number if no role reads it as text."""
        names = (name, *(f"{model.name}:{name}" for model in self.models))
        projections = {projection[name] for name in names if name in projection}
        return "number" if projections == {"number"} else "text"

    def _table(self, rows: AlignedRows, projection: Mapping[str, ReadAs]) -> pa.RecordBatch:
        """The projected columns, each from the file that has it."""
        data = rows.batch.data
        arrays = []
        for name, read_as in projection.items():
            at, column = self.column_sources[name]
            array = rows.others[at - 1].column(column) if at else data.column(data.schema.names.index(column))
            if column in self.on and read_as == "number" and pa.types.is_dictionary(array.type):
                array = as_numbers(array, column, rows.batch.location)
            arrays.append(array)
        return pa.RecordBatch.from_arrays(arrays, names=list(projection))

    def _compare(self, rows: AlignedRows, mismatch: Mismatch) -> None:
        """Compare the shared columns of the other files with those of the first that has them."""
        data, location = rows.batch.data, rows.batch.location
        differ = np.zeros(data.num_rows, np.bool_)
        found: list[tuple[int, str, int, pa.Array, pa.Array]] = []
        for at, partners in enumerate(rows.others, 1):
            there = Location(self.models[at].label, 1)
            for name in self.models[at].shared:
                of, column = self.column_sources[name]  # the first file that has it
                ours = rows.others[of - 1].column(column) if of else data.column(data.schema.names.index(column))
                theirs = partners.column(name)
                rows_of = different_rows(ours, theirs, name, location, there)
                if rows_of.any():
                    found.append((int(rows_of.argmax()), name, at, ours, theirs))
                    differ |= rows_of
        mismatch.rows += int(differ.sum())
        if found and mismatch.error is None:
            mismatch.error = self._refusal(rows, *min(found, key=lambda some: some[0]))

    def _refusal(self, rows: AlignedRows, row: int, name: str, at: int, ours: pa.Array, theirs: pa.Array) -> DataError:
        location, index = rows.others[at - 1].location_of(row)
        there = f"row {location.first_row + location.original_index(index)}"
        if location.path != self.models[at].label and len(self.models[at].source.fragments) > 1:
            there += f" of {location.path}"
        key, first, other = rows.key_of(row), self.models[self.column_sources[name][0]].label, self.models[at].label
        whose = f"'{name}'" if key is None else f"'{name}' of key '{key}'"
        message = f"{whose} is {cell_text(ours, row)} in {first}, but {cell_text(theirs, row)} in {other} ({there})"
        hint = self.shared_hint if key is None else "models are compared on the same rows and the same targets"
        return rows.batch.location.error(row, name, message, cell_text(ours, row), hint, code="DATA_MISMATCH")

    def _count(self, counts: AlignedCounts) -> None:
        """Record how many rows each file had, and how many of them were dropped."""
        left = zip(self.models, counts.rows, strict=True)
        self.dropped.paths = counts.unmatched_by_path
        self.dropped.files = {model.label: rows - counts.common for model, rows in left}
        for model, rows in zip(self.models[1:], counts.rows[1:], strict=True):
            self.paired_files.files[source_name(model.source)] = model.source.fragments[0].format, rows
