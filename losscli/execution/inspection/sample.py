"""A bounded sample of the rows of a source, and what was counted of all rows that were read for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from losscli.execution.inspection.columns import Candidate, candidate, together
from losscli.execution.inspection.profiles import ColumnProfile
from losscli.io.arrow.types import fields_of
from losscli.io.files.open import open_source
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
    columns that were not looked at.
    """

    source: Source
    candidates: Mapping[str, Candidate]
    single: Mapping[str, Candidate]
    profiles: Mapping[str, ColumnProfile]
    rows: int
    kept: int
    complete: bool
    unseen: tuple[str, ...] = ()

    @property
    def numbers(self) -> list[Candidate]:
        """The candidates with one number per row."""
        return [c for c in self.candidates.values() if c.is_number]

    @property
    def texts(self) -> list[Candidate]:
        """The candidates with text, booleans too."""
        return [c for c in self.candidates.values() if c.texts is not None]


class _Thinned:
    """Cells of rows at equal distances: when there are too many, every other row is dropped, from then on too.

    So rows of the end of a sorted file are kept as well as those of its begin, whatever their number.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self.cells: dict[str, list[Any]] = {name: [] for name in names}
        self.step = 1
        self.seen = 0

    def update(self, data: pa.RecordBatch) -> None:
        """Keep some of these rows."""
        first = -self.seen % self.step
        self.seen += data.num_rows
        for name, cells in self.cells.items():
            column = data.column(name)
            kept = column if self.step == 1 else column.take(np.arange(first, len(column), self.step))
            cells.extend(kept.to_pylist())
        while any(len(cells) >= 2 * KEPT for cells in self.cells.values()):
            self.step *= 2
            self.cells = {name: cells[::2] for name, cells in self.cells.items()}


def read_sample(paths: Sequence[str], options: ReadOptions, limit: int | None = KEPT) -> Sample:
    """Read the first `limit` rows of these files, or all.

    Parameters
    ----------
    paths : sequence of str
        The files, of which all rows are one table.
    options : ReadOptions
        How they are read.
    limit : int or None
        How many rows are read at most; None reads all. Memory does not grow with it.
    """
    source = open_source(paths, options)
    flat = [name for name in source.columns if not fields_of(source.types.get(name))]  # not columns of objects
    names = [name for name in flat if name and source.columns.count(name) == 1][:COLUMNS]
    names = source.fragments[0].readable(names) if source.fragments else []
    projection = _read_as(source, names)
    profiles = {name: ColumnProfile(name, source.types.get(name)) for name in names}
    kept = _Thinned(names)
    rows, complete = 0, True
    for data in _batches(source, projection):
        cut = data if limit is None else data.slice(0, limit - rows)
        if cut.num_rows:
            rows += cut.num_rows
            for name in names:
                profiles[name].update(cut.column(name))
            kept.update(cut)
        if cut.num_rows < data.num_rows:
            complete = False
            break
    singles: dict[str, Candidate] = {}
    for name, cells in kept.cells.items():
        ends = profiles[name].ends if kept.step > 1 else None
        if (found := candidate(name, cells, ends)) is not None:
            singles[name] = found
    unseen = tuple(dict.fromkeys(name for name in source.columns if name not in profiles))
    held = len(next(iter(kept.cells.values()), ()))
    return Sample(source, together(singles), singles, profiles, rows, held, complete, unseen)


def _read_as(source: Source, names: Sequence[str]) -> dict[str, ReadAs]:
    """How each column is read: one with a text among its first rows as text."""
    found: dict[str, ReadAs] = dict.fromkeys(names, "number")
    left = _HEAD
    for data in _batches(source, dict(found)):
        head = data.slice(0, left)
        for name in names:
            if any(isinstance(value, str) for value in head.column(name).to_pylist()):
                found[name] = "text"
        left -= head.num_rows
        if left <= 0:
            break
    return found


def _batches(source: Source, projection: Mapping[str, ReadAs]) -> Iterator[pa.RecordBatch]:
    for fragment in source.fragments if projection else ():
        for batch in fragment.batches(projection):
            yield batch.data
