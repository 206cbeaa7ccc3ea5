"""Sources: a source (dataset) has fragments (files), a fragment has splits, and a split yields batches of rows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol, TypeAlias

import pyarrow as pa

from losscli.errors import DataError, Location, did_you_mean
from losscli.io.batches import BATCH_BYTES, Batch, bounded_batches
from losscli.io.files.inputs import FileInput
from losscli.io.sides import Sides
from losscli.lazy import dataclass
from losscli.results import RowCounts

if TYPE_CHECKING:
    from losscli.io.files.checksums import Checksums
    from losscli.io.formats.parquet_statistics import RowFilter
    from losscli.io.nested.paths import NestedPath
    from losscli.io.remote.input import RemoteInput

ReadAs = Literal["number", "text"]
"""How to read a column of a text format; columns of formats with types keep their types."""

DEFAULT_NULLS = ("", "NA", "N/A", "null", "NULL", "None", "<NA>")
"""Cells of text files that are null. NaN is not among them: a model that diverged is not a missing value."""


@dataclass(frozen=True)
class ReadOptions:
    """How to read files; the defaults suit most of them.

    Parameters
    ----------
    input_format : str or None, default None
        ``"csv"``, ``"tsv"``, ``"jsonl"``, ``"json"``, ``"parquet"``, ``"arrow"``, ``"npy"``, ``"npz"`` or
        ``"safetensors"``. None detects the format by the content of each file, with its name as a cross-check.
    delimiter : str or None, default None
        The character between the cells of a text file, or ``"blanks"`` for any run of spaces and tabs. None is a
        comma, or a tab for tsv.
    decimal : str, default "."
        The decimal mark of numbers in text files.
    thousands : str or None, default None
        The character that may separate groups of three digits of numbers in text files, as in 1,234,567.5. A space
        is also a no-break or thin one. None allows no separator.
    quote : str or None, default '"'
        The character that encloses cells of a text file which contain delimiters, line ends or quotes; it is doubled
        inside. None, or ``"none"``, reads quotes as plain text: then no cell has a delimiter or a line end.
    escape : str or None, default None
        The character, such as a backslash, after which the next one is part of its cell of a text file, whatever it is:
        a delimiter, a quote, a line end or itself. A cell of only the escape and N, null to databases, stays as it is.
    encoding : str, default "utf-8"
        The encoding of text files, by a name that Python knows.
    comment : str or None, default None
        One ASCII character; lines of a text file that begin with it are skipped.
    skip_lines : int, default 0
        How many lines above the header, or above the first row, of a text file are skipped.
    header : bool, default True
        Whether the first line of a text file holds the column names. Without it, columns are named 1, 2, 3, …
    json_path : str or None, default None
        The part of a JSON document that is the table, such as ``"results.samples"``. None is the whole document or,
        where it is an object with one array of records, that array.
    null_values : tuple of str
        Cells of text files that are null; by default the empty cell, NA, N/A, null, NULL, None and <NA>.
    spool : bool, default False
        Copy standard input to a temporary file, so that it can be read more than once.
    lenient : bool, default False
        Read a column of numbers in which some cell is not a number as text, instead of raising an error. A filter
        may drop that row, which is known only after the column is read.
    sha256 : mapping of str to str or None
        The SHA-256 that files must have, by their paths; with None it only stands in the report.
    checksums : str or None, default None
        A file as ``sha256sum`` writes it, with a checksum of every file that is read.
    """

    input_format: str | None = None
    delimiter: str | None = None
    decimal: str = "."
    thousands: str | None = None
    quote: str | None = '"'
    escape: str | None = None
    encoding: str = "utf-8"
    comment: str | None = None
    skip_lines: int = 0
    header: bool = True
    json_path: str | None = None
    null_values: tuple[str, ...] = DEFAULT_NULLS
    spool: bool = False
    lenient: bool = False
    sha256: Mapping[str, str | None] = field(default_factory=dict)
    checksums: str | None = None
    verifier: Checksums | None = field(default=None, repr=False)  # made of the two, for one run


class Split(Protocol):
    """Consecutive rows of a fragment, which can be read without the rows before them, in any thread."""

    @property
    def size(self) -> int:
        """Its bytes in the file, for the progress display; 0 if unknown."""
        ...

    @property
    def memory_bytes(self) -> int:
        """About how many bytes of memory are needed to read it."""
        ...

    def batches(self, first_row: int) -> Iterator[Batch]:
        """The rows in order, at most 262,144 per batch; the first is row `first_row` of the file. Repeatable."""
        ...


class Fragment(ABC):
    """One file of a source, or a table in memory; it can be read any number of times."""

    path: str
    format: str
    typed: ClassVar[bool] = True  # whether cells have types; those of text files have none

    @property
    def nested_types(self) -> Mapping[str, pa.DataType]:
        """The types of its columns, where these may hold others."""
        return {}

    def with_paths(self, paths: Mapping[str, NestedPath]) -> Fragment:
        """The fragment whose projections may hold these names, too: columns inside others."""
        raise ValueError("its columns hold no others")

    def with_plain_texts(self, names: Collection[str]) -> Fragment:
        """The fragment that reads these columns, whose texts hardly repeat, as they are and not as dictionaries."""
        return self

    def filtered(self, rows: RowFilter) -> Fragment:
        """The fragment that need not read rows that do not pass; they stand without values, so that all are counted."""
        return self

    def alone(self) -> Fragment:
        """The fragment as the only one of its source: no other keeps threads busy, so its splits may be smaller."""
        return self

    def readable(self, names: Sequence[str]) -> list[str]:
        """Those of these columns that can be read together: all, unless its columns may differ in length."""
        return list(names)

    @property
    def size(self) -> int | None:
        """The total size of its splits in bytes, if known before they are read."""
        return None

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths that locations of its rows name."""
        return (self.path,)

    @property
    def file(self) -> FileInput | None:
        """The regular file that is read; None for a pipe and for a table in memory."""
        source = getattr(self, "source", None)
        return source if isinstance(source, FileInput) else None

    @property
    def remote(self) -> RemoteInput | None:
        """The remote file that is read; None for any other."""
        from losscli.io.remote.input import RemoteInput  # a run of local files does without

        source = getattr(self, "source", None)
        return source if isinstance(source, RemoteInput) else None

    @property
    def streamed(self) -> tuple[Fragment, ...]:
        """The fragments whose files are read as its rows are needed: itself, or one side of a join."""
        return (self,)

    @abstractmethod
    def splits(self, projection: Mapping[str, ReadAs]) -> Iterator[Split]:
        """The rows in file order. A column that is missing or occurs twice is a DataError.

        Only one thread may advance the iterator; the splits that it yielded can be read by several threads. The
        boundaries of splits do not depend on the readers.
        """

    def small_size(self, projection: Mapping[str, ReadAs]) -> int | None:
        """Its bytes, if it is a small file that can be read together with others; else None."""
        return None

    def ask_ahead(self, projection: Mapping[str, ReadAs], most: int) -> int:
        """Begin the requests for its first rows, if it is remote, for at most so many bytes; it returns how many."""
        return 0

    def is_like(self, other: Fragment) -> bool:
        """Whether the other can be read together with this one, if both are small."""
        return False

    def together(self, others: Sequence[Fragment], projection: Mapping[str, ReadAs]) -> Split:
        """Its rows and those of the others, which are like it, as one split."""
        raise ValueError("its rows are read alone")

    def remote_splits(self, projection: Mapping[str, ReadAs]) -> Iterator[Split]:
        """The same rows in splits that another process can read from the path; by default one split with all rows."""
        yield WholeFragment(self, projection, self.size or 0)

    def unread_splits(self, projection: Mapping[str, ReadAs]) -> Sequence[Split] | None:
        """The same found without reading the rows, if they can be; they may be `UnprovenSplit`s."""
        return None

    def first_batch(self, projection: Mapping[str, ReadAs]) -> Batch | None:
        """The first rows, before all are read; None if there are none, or if they could not be read again."""
        return next(self.batches(projection), None)

    def batches(self, projection: Mapping[str, ReadAs]) -> Iterator[Batch]:
        """All rows in file order."""
        row = 1
        for split in self.splits(projection):
            for batch in split.batches(row):
                row += batch.data.num_rows
                yield batch


Conversion: TypeAlias = Callable[[Batch, Mapping[str, ReadAs]], Batch]
"""What makes a batch with the columns of a projection of one that was read."""


@dataclass(frozen=True)
class WholeFragment:
    """A fragment as one split."""

    fragment: Fragment
    projection: Mapping[str, ReadAs]
    size: int = 0
    memory_bytes: int = 8 * BATCH_BYTES

    def ask_ahead(self, most: int) -> int:
        """Begin the requests for its first rows, if it is remote, for at most so many bytes; it returns how many."""
        return self.fragment.ask_ahead(self.projection, most)

    def batches(self, first_row: int) -> Iterator[Batch]:
        """The rows in order; the first is row `first_row` of its file."""
        if first_row != 1:
            raise ValueError("a whole fragment starts at its first row")
        return self.fragment.batches(self.projection)


@dataclass(frozen=True)
class InMemorySplit:
    """Rows in memory; `location` is set if they were read from a file."""

    data: pa.RecordBatch
    path: str
    location: Location | None = None
    size: int = 0
    memory_bytes: int = BATCH_BYTES
    extra_cells: tuple[int, ...] = ()

    def batches(self, first_row: int) -> Iterator[Batch]:
        """The rows in order; the first is row `first_row` of its file."""
        if self.location is not None:
            yield Batch(self.data, self.location, self.extra_cells)
        else:
            yield from bounded_batches(self.data, self.path, first_row)


@dataclass
class DroppedRows:
    """How many rows a join dropped in its last pass; filled while the source is read.

    `files` has the counts by file, if files of several models are joined; `paths` those of the rows of the first side,
    by the path that their locations name. `targets_may_remain` says that targets without a prediction were expected.
    `filtered` are rows without a match that the filter leaves out anyway; `notes` are on how the rows were matched.
    """

    predictions: int = 0
    targets: int = 0
    files: dict[str, int] = field(default_factory=dict)
    targets_may_remain: bool = False
    paths: Counter[str] = field(default_factory=Counter)
    filtered: int = 0
    has_targets: bool = False
    notes: tuple[str, ...] = ()


@dataclass
class PairedFiles:
    """Files that are read with the fragments: (format, rows) by path; filled while the source is read."""

    files: dict[str, tuple[str, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Source:
    """One table in one or more fragments. A type of None means text, which `ReadAs` of a projection interprets.

    `identities` are what its files are beside their names; `doubled`, which is among `notes`, says which are the same.
    `passes` gets what became of the rows, each time when all are read. `sides` are the columns of two joined files.
    """

    fragments: tuple[Fragment, ...]
    columns: tuple[str, ...]
    types: Mapping[str, pa.DataType | None]
    notes: tuple[str, ...] = ()
    dropped: DroppedRows | None = field(default=None, compare=False)
    paired_files: PairedFiles | None = field(default=None, compare=False)
    doubled: tuple[str, ...] = field(default=(), compare=False)
    identities: Mapping[tuple[object, ...], str] = field(default_factory=dict, compare=False)
    passes: list[RowCounts] = field(default_factory=list, compare=False)
    sides: Sides | None = None


def projected_positions(names: tuple[str, ...], projection: Mapping[str, ReadAs], path: str) -> list[int]:
    """The index of each projected column among `names`, where it must occur exactly once."""
    if not projection:
        raise ValueError("the projection is empty")
    indices = {name: index for index, name in enumerate(names)}
    if len(indices) == len(names) and all(name in indices for name in projection):
        return [indices[name] for name in projection]  # `position` scans all names for each column
    return [position(names, name, path) for name in projection]


def position(names: tuple[str, ...], name: str, path: str) -> int:
    """The index of the column `name`; a name that is missing or not unique is a DataError."""
    count = names.count(name)
    if count == 1:
        return names.index(name)
    if count > 1:
        raise DataError(f"column '{name}' occurs {count} times", path=path, column=name, hint="rename one of them",
                        code="DATA_DUPLICATE_COLUMN")  # fmt: skip
    listed = "the columns are " + ", ".join(f"'{known}'" for known in names[:20]) + (" …" if len(names) > 20 else "")
    raise DataError(
        f"no column '{name}'",
        path=path,
        column=name,
        hint=did_you_mean(name, names, listed),
        code="DATA_MISSING_COLUMN",
    )
