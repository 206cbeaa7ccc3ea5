"""A bounded sample of the rows of a source, and what was counted of all rows that were read for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from losscli.aggregate.hashing import splitmix64
from losscli.contract.kinds import Array
from losscli.errors import DataError
from losscli.execution.inspection.columns import Candidate, candidate, together
from losscli.execution.inspection.profiles import ColumnProfile
from losscli.io.arrow.canonical import parse_number
from losscli.io.arrow.types import fields_of
from losscli.io.files.open import open_source
from losscli.io.nested.columns import with_nested
from losscli.io.nested.paths import inner_columns
from losscli.io.source import ReadAs, ReadOptions, Source
from losscli.lazy import dataclass

if TYPE_CHECKING:
    import pyarrow as pa

KEPT = 10_000
"""Rows that are kept at least, of the rows that are read; fewer than twice as many at any time."""
COLUMNS = 512
"""Columns that are looked at."""
_HEAD = 4096  # rows that tell whether a column of a text file is one of numbers


@dataclass(frozen=True)
class Sample:
    """The rows that are kept. `candidates` are in the order of the file, by their names as typed.

    `profiles` are of all rows that were read, `rows` of them. `complete` says that no row was left unread, `unseen` are
    columns that were not looked at, `repeated` names of several columns.
    """

    source: Source
    candidates: Mapping[str, Candidate]
    single: Mapping[str, Candidate]
    profiles: Mapping[str, ColumnProfile]
    rows: int
    kept: int
    complete: bool
    unseen: tuple[str, ...] = ()
    repeated: tuple[str, ...] = ()

    @property
    def apart(self) -> Sample:
        """The same without columns that are one because their names are alike."""
        return replace(self, candidates={one.cols: one for one in self.single.values()})

    @property
    def numbers(self) -> list[Candidate]:
        """The candidates with one number per row."""
        return [c for c in self.candidates.values() if c.is_number]

    @property
    def texts(self) -> list[Candidate]:
        """The candidates with text, booleans too."""
        return [c for c in self.candidates.values() if c.texts is not None]


class _Thinned:
    """Cells of rows drawn at random, by a hash of their number: when there are too many, every other one is dropped.

    Rows at equal distances would not do: the rows of files repeat, as those of two models in turn.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self.cells: dict[str, list[Any]] = {name: [] for name in names}
        self.hashes = np.empty(0, np.uint64)
        self.halved = 0
        self.seen = 0

    def update(self, data: pa.RecordBatch) -> None:
        """Keep some of these rows."""
        hashes = splitmix64(np.arange(self.seen, self.seen + data.num_rows, dtype=np.uint64))
        self.seen += data.num_rows
        drawn = np.flatnonzero(self._is_drawn(hashes))
        for name, cells in self.cells.items():
            column = data.column(name)
            cells.extend((column if len(drawn) == len(column) else column.take(drawn)).to_pylist())
        self.hashes = np.append(self.hashes, hashes[drawn])
        while len(self.hashes) >= 2 * KEPT:
            self.halved += 1
            left = np.flatnonzero(self._is_drawn(self.hashes))
            self.cells = {name: [cells[row] for row in left] for name, cells in self.cells.items()}
            self.hashes = self.hashes[left]

    def _is_drawn(self, hashes: Array) -> Array:
        return hashes < np.uint64((1 << (64 - self.halved)) - 1)


@dataclass(frozen=True)
class TargetsFile:
    """A file with the targets, joined by the columns `on`, which have the names `targets_on` there."""

    path: str
    on: tuple[str, ...]
    targets_on: tuple[str, ...]
    unmatched: Literal["error", "drop", "drop-targets"] = "error"


def read_sample(
    paths: Sequence[str], options: ReadOptions, limit: int | None = KEPT, targets: TargetsFile | None = None
) -> Sample:
    """Read the first `limit` rows of these files, or all.

    Parameters
    ----------
    paths : sequence of str
        The files, of which all rows are one table.
    options : ReadOptions
        How they are read.
    limit : int or None
        How many rows are read at most; None reads all. Memory does not grow with it.
    targets : TargetsFile, optional
        The targets, if they stand in a file of their own.
    """
    source, inner = _opened(paths, options)
    if targets is not None:
        from losscli.io.join.join import join  # few inspections need it

        other, more = _opened([targets.path], options)
        source = join(source, other, targets.on, targets.unmatched, targets.targets_on)
        inner += more
    flat = [name for name in source.columns if not fields_of(source.types.get(name))]  # not columns of objects
    names = [name for name in flat if name and source.columns.count(name) == 1][:COLUMNS]
    names = source.fragments[0].readable(names) if source.fragments else []
    projection, repeated = _projection(source, names, options)
    profiles = {name: ColumnProfile(name, source.types.get(name)) for name in projection}
    kept = _Thinned(projection)
    rows, complete = 0, True
    for data in _batches(source, projection):
        cut = data if limit is None else data.slice(0, limit - rows)
        if cut.num_rows:
            rows += cut.num_rows
            for name in projection:
                profiles[name].update(cut.column(name))
            kept.update(cut)
        if cut.num_rows < data.num_rows:
            complete = False
            break
    singles: dict[str, Candidate] = {}
    for name, cells in kept.cells.items():
        ends = profiles[name].ends if kept.halved else None
        if (found := candidate(name, cells, ends)) is not None:
            singles[name] = found
    roots = {name.partition(".")[0] for name in inner}
    unseen = tuple(dict.fromkeys(name for name in source.columns if name not in profiles and name not in roots))
    return Sample(source, together(singles), singles, profiles, rows, len(kept.hashes), complete, unseen, repeated)


def _opened(paths: Sequence[str], options: ReadOptions) -> tuple[Source, list[str]]:
    """A source with the columns inside others, and their names."""
    source = open_source(paths, options)
    inner = inner_columns(source.fragments[0].nested_types, COLUMNS) if source.fragments else []
    return with_nested(source, [(name,) for name in inner]), inner


def _projection(
    source: Source, names: Sequence[str], options: ReadOptions
) -> tuple[dict[str, ReadAs], tuple[str, ...]]:
    """How each column is read; and the names of several columns, which cannot be."""
    left = list(names)
    while True:
        try:
            return _read_as(source, left, options), tuple(name for name in names if name not in left)
        except DataError as error:
            if error.code != "DATA_DUPLICATE_COLUMN" or error.column not in left:
                raise
            left.remove(error.column)


def _read_as(source: Source, names: Sequence[str], options: ReadOptions) -> dict[str, ReadAs]:
    """How each column is read: one of a text file with a text among its first rows as text.

    They are read as text, which is fast; as numbers, each text would be looked at again for the whole of a window.
    """
    spelled = [name for name in names if source.types.get(name) is None]
    found: dict[str, ReadAs] = dict.fromkeys(names, "number")
    try:
        heads = list(_head(source, dict.fromkeys(spelled, "text")))
    except DataError as error:
        if error.code == "DATA_DUPLICATE_COLUMN":
            raise
        heads = list(_head(source, dict.fromkeys(spelled, "number")))  # such as objects among numbers in JSON lines
    for name in spelled:
        if any(_is_text(cell, options) for head in heads for cell in head.column(name).to_pylist()):
            found[name] = "text"
    return found


def _head(source: Source, projection: dict[str, ReadAs]) -> Iterator[pa.RecordBatch]:
    left = _HEAD
    for data in _batches(source, projection):
        yield data.slice(0, left)
        left -= data.num_rows
        if left <= 0:
            return


def _is_text(cell: Any, options: ReadOptions) -> bool:
    """Whether a cell is a text that is neither a number nor missing."""
    if not isinstance(cell, str) or cell in options.null_values:
        return False
    try:
        parse_number(cell, options.decimal, options.thousands)
    except (ValueError, OverflowError):
        return True
    return False


def _batches(source: Source, projection: Mapping[str, ReadAs]) -> Iterator[pa.RecordBatch]:
    for fragment in source.fragments if projection else ():
        for batch in fragment.batches(projection):
            yield batch.data
