"""What every format hands on: a source is fragments, a fragment is splits of rows, a split is a stream of batches."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

import pyarrow as pa

from losscli.errors import DataError, Location, did_you_mean
from losscli.io.batches import BATCH_BYTES, Batch, slices
from losscli.io.files.inputs import FileInput

ReadAs = Literal["number", "text"]
"""How a column of a text format is to be read; formats with types of their own keep them."""

DEFAULT_NULLS = ("", "NA", "N/A", "null", "NULL", "None", "<NA>")
"""Cells that hold no number. No spelling of NaN is among them: a model that diverged is not a missing value."""


@dataclass(frozen=True)
class ReadOptions:
    """What the user says about the files; `spool` copies stdin to a temporary file, so that it can be read twice.

    With `lenient`, a column of numbers in which a cell is none comes as text instead of an error: a filter may leave
    the row out, and only who applies it can tell.
    """

    input_format: str | None = None
    delimiter: str | None = None
    decimal: str = "."
    encoding: str = "utf-8"
    comment: str | None = None
    header: bool = True
    null_values: tuple[str, ...] = DEFAULT_NULLS
    spool: bool = False
    lenient: bool = False


class Split(Protocol):
    """Rows of a fragment, one after the other, that can be read without those before them, and in any thread."""

    @property
    def size(self) -> int:
        """The bytes of the file that it takes, to tell how far a run is; 0 where that is not known."""
        ...

    @property
    def memory_bytes(self) -> int:
        """The bytes of memory that reading it takes, about."""
        ...

    def batches(self, first_row: int) -> Iterator[Batch]:
        """The rows in order, at most 65,536 a batch; the first is row `first_row` of its file. May be read again."""
        ...


class Fragment(ABC):
    """One file of a source, which can be read as often as wanted."""

    path: str
    format: str

    @property
    def size(self) -> int | None:
        """The bytes that its splits will have taken, where one can tell before they are read."""
        return None

    @property
    def paths(self) -> tuple[str, ...]:
        """The files that rows of this fragment say they stand in."""
        return (self.path,)

    @property
    def file(self) -> FileInput | None:
        """The regular file that is read; None for a pipe and for what is in memory."""
        source = getattr(self, "source", None)
        return source if isinstance(source, FileInput) else None

    @abstractmethod
    def splits(self, projection: Mapping[str, ReadAs]) -> Iterator[Split]:
        """The rows in file order. A column that is missing or named twice is a DataError.

        One reader at a time asks for the next split; several threads may read those that were given out. Where
        rows are cut does not depend on who reads them.
        """

    def remote_splits(self, projection: Mapping[str, ReadAs]) -> Iterator[Split]:
        """The same rows in splits that another process can read from the path: the whole fragment, if it must be."""
        yield WholeFragment(self, projection, self.size or 0)

    def batches(self, projection: Mapping[str, ReadAs]) -> Iterator[Batch]:
        """All rows in file order."""
        row = 1
        for split in self.splits(projection):
            for batch in split.batches(row):
                row += batch.data.num_rows
                yield batch


@dataclass(frozen=True)
class WholeFragment:
    """A fragment as one split."""

    fragment: Fragment
    projection: Mapping[str, ReadAs]
    size: int = 0
    memory_bytes: int = 8 * BATCH_BYTES

    def batches(self, first_row: int) -> Iterator[Batch]:
        if first_row != 1:
            raise ValueError("a whole fragment begins with its first row")
        return self.fragment.batches(self.projection)


@dataclass(frozen=True)
class InMemorySplit:
    """Rows that are in memory; with a site, they have been read and know where they stand."""

    data: pa.RecordBatch
    path: str
    location: Location | None = None
    size: int = 0
    memory_bytes: int = BATCH_BYTES

    def batches(self, first_row: int) -> Iterator[Batch]:
        if self.location is not None:
            yield Batch(self.data, self.location)
        else:
            yield from slices(self.data, self.path, first_row)


@dataclass
class Dropped:
    """How many rows a join left out in its last pass; filled while the source is read.

    `files` counts them by file, where several files of equal rank are joined.
    """

    predictions: int = 0
    targets: int = 0
    files: dict[str, int] = field(default_factory=dict)


@dataclass
class PairedFiles:
    """Files whose rows come with those of the fragments: (format, rows) by path; filled while the source is read."""

    files: dict[str, tuple[str, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Source:
    """One table in one or more fragments. A type of None means text: who asks decides how the column is read."""

    fragments: tuple[Fragment, ...]
    columns: tuple[str, ...]
    types: Mapping[str, pa.DataType | None]
    notes: tuple[str, ...] = ()
    dropped: Dropped | None = field(default=None, compare=False)
    paired_files: PairedFiles | None = field(default=None, compare=False)


def wanted_positions(names: tuple[str, ...], projection: Mapping[str, ReadAs], path: str) -> list[int]:
    """Where each wanted column stands among `names`; each must be there exactly once."""
    if not projection:
        raise ValueError("no column is wanted")
    places = {name: place for place, name in enumerate(names)}
    if len(places) == len(names) and all(read_as in places for read_as in projection):
        return [places[read_as] for read_as in projection]  # `position` walks through all names for each one wanted
    return [position(names, read_as, path) for read_as in projection]


def position(names: tuple[str, ...], name: str, path: str) -> int:
    """Where the column `name` stands; a name that is missing or not unique is an error about the data."""
    count = names.count(name)
    if count == 1:
        return names.index(name)
    if count > 1:
        raise DataError(
            f"column '{name}' occurs {count} times",
            path=path,
            column=name,
            hint="rename one of them",
            code="DATA_DUPLICATE_COLUMN",
        )
    listed = "the columns are " + ", ".join(f"'{known}'" for known in names[:20]) + (" …" if len(names) > 20 else "")
    raise DataError(
        f"no column '{name}'",
        path=path,
        column=name,
        hint=did_you_mean(name, names, listed),
        code="DATA_MISSING_COLUMN",
    )
