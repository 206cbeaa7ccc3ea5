"""Arrays on disk as a table: each array is a column, or several, and its rows are read where they stand.

The file is read piece by piece, and not mapped into memory: a mapping would count as memory of the process, and a file
that is cut while it is read would end the process.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from losscli.errors import DataError, FileError, Location
from losscli.io.arrow.ndarrays import column
from losscli.io.batches import BATCH_BYTES, SPLIT_ROWS, Batch, rows_per_batch
from losscli.io.files.inputs import FileInput, SeekableInput
from losscli.io.files.streams import file_error
from losscli.io.nested.leaves import leaves, roots
from losscli.io.nested.paths import NestedPath
from losscli.io.source import Fragment, ReadAs, Split, projected_positions
from losscli.lazy import dataclass

SPLIT_BYTES = 4 * BATCH_BYTES


class Rows(Protocol):
    """An array on disk."""

    @property
    def count(self) -> int:
        """How many rows it has."""
        ...

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape, rows first."""
        ...

    @property
    def row_bytes(self) -> int:
        """The bytes of a row."""
        ...

    def opened(self) -> OpenedRows:
        """The rows, ready to be read from any thread; only one thread may ask."""
        ...


class OpenedRows(Protocol):
    """An array that is read by rows, from any thread."""

    @property
    def row_bytes(self) -> int:
        """The bytes of a row."""
        ...

    def read(self, start: int, stop: int) -> npt.NDArray[Any]:
        """These rows."""
        ...


def row_bytes(dtype: np.dtype[Any], shape: tuple[int, ...]) -> int:
    """The bytes of a row of an array of this shape."""
    return math.prod(shape[1:], start=dtype.itemsize)


@dataclass(frozen=True)
class StoredRows:
    """An array that stands in a file as it is, from `offset` on."""

    source: SeekableInput
    offset: int
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    fortran: bool = False

    @property
    def count(self) -> int:
        """How many rows it has."""
        return self.shape[0]

    @property
    def row_bytes(self) -> int:
        """The bytes of a row."""
        return row_bytes(self.dtype, self.shape)

    def opened(self) -> StoredRows:
        """The rows themselves."""
        return self

    @property
    def _width(self) -> int:
        return self.shape[1] if len(self.shape) > 1 else 1

    def read(self, start: int, stop: int) -> npt.NDArray[Any]:
        """These rows; those of an array in Fortran's order stand column by column."""
        width, rows, size = self._width, stop - start, self.dtype.itemsize
        with self.source.open_seekable() as file:
            if self.fortran and width > 1:
                found = np.empty((rows, width), self.dtype)
                for at in range(width):
                    place = self.offset + (at * self.count + start) * size
                    found[:, at] = np.frombuffer(self._bytes(file, place, rows * size), self.dtype)
                return found
            data = self._bytes(file, self.offset + start * size * width, rows * size * width)
        return np.frombuffer(data, self.dtype).reshape((rows, *self.shape[1:]))

    def _bytes(self, file: Any, place: int, size: int) -> bytes:
        try:
            file.seek(place)
            data: bytes = file.read(size)
        except OSError as error:
            raise file_error(error, self.source.path) from None
        except MemoryError:
            raise FileError("not enough memory to read this file", path=self.source.path, code="IO_MEMORY") from None
        if len(data) < size:
            self.source.verify()
            raise DataError("the array ends early", path=self.source.path, code="DATA_CORRUPT_FILE")
        return data


@dataclass(frozen=True)
class ArrayColumn:
    """A column: all of an array, or a field of its records; `refusal` says why it cannot be one."""

    name: str
    rows: Rows | None
    type: pa.DataType
    field: tuple[str, ...] = ()
    refusal: DataError | None = None


@dataclass(frozen=True)
class ArraysFragment(Fragment):
    """Arrays of one file, or several files side by side. Only those that are read need have one length."""

    path: str
    format: str
    source: SeekableInput
    columns: tuple[ArrayColumn, ...] = field(repr=False)
    copied: bool = False  # whether some of it is copied before it is read
    nested: Mapping[str, NestedPath] = field(default_factory=dict)

    @property
    def file(self) -> FileInput | None:
        """The regular file that is read; None for one that is first copied, which no other process can read."""
        return None if self.copied else super().file

    @property
    def nested_types(self) -> Mapping[str, pa.DataType]:
        """The types of its columns."""
        return {column.name: column.type for column in self.columns}

    def with_paths(self, paths: Mapping[str, NestedPath]) -> ArraysFragment:
        """The fragment whose projections may hold these names, too: elements of vectors."""
        return replace(self, nested={**self.nested, **paths})

    def readable(self, names: Sequence[str]) -> list[str]:
        """Those of these columns that can be read together: the arrays of the length that most have."""
        lengths = {one.name: one.rows.count for one in self.columns if one.rows is not None and one.name in names}
        most = Counter(lengths.values()).most_common(1)
        return [name for name in names if name in lengths and lengths[name] == most[0][0]]

    @property
    def size(self) -> int:
        """The size of the file in bytes when it was found."""
        return self.source.size

    def chosen(self, projection: Mapping[str, ReadAs]) -> list[ArrayColumn]:
        """The columns from which those of the projection are taken; they have one length."""
        names = tuple(column.name for column in self.columns)
        starts: dict[str, ReadAs] = dict.fromkeys(roots(projection, self.nested), "number")
        found = [self.columns[at] for at in projected_positions(names, starts, self.path)]
        for one in found:
            if one.refusal is not None:
                raise one.refusal
        lengths = {one.name: one.rows.count for one in found if one.rows is not None}
        if len(set(lengths.values())) > 1:
            listed = ", ".join(f"'{name}' has {length:,}" for name, length in lengths.items())
            raise DataError(f"the arrays differ in their numbers of rows: {listed}", path=self.path,
                            code="DATA_MISMATCH")  # fmt: skip
        return found

    def splits(self, projection: Mapping[str, ReadAs]) -> Iterator[Split]:
        """The rows in file order; several threads can read the splits."""
        columns = self.chosen(projection)
        count = next(one.rows.count for one in columns if one.rows is not None)
        arrays = {id(one.rows): one.rows for one in self.columns if one.rows is not None}
        # All columns decide, so that a shard has the same rows whatever is read.
        widest = max(rows.row_bytes for rows in arrays.values())
        step = min(SPLIT_ROWS, max(1, SPLIT_BYTES // max(1, widest)))
        opened = {id(one.rows): one.rows.opened() for one in columns if one.rows is not None}
        parts = [(one, opened[id(one.rows)]) for one in columns]
        for start in range(0, count, step):
            stop = min(start + step, count)
            size = max(1, self.size * (stop - start) // count)
            yield ArraysSplit(self.path, self.source, parts, tuple(projection), self.nested, start, stop, size)

    def remote_splits(self, projection: Mapping[str, ReadAs]) -> Iterator[Split]:
        """The same splits: another process opens the file by its path."""
        return self.splits(projection)


@dataclass(frozen=True)
class ArraysSplit:
    """Consecutive rows of the projected columns."""

    path: str
    source: SeekableInput
    columns: Sequence[tuple[ArrayColumn, OpenedRows]] = field(repr=False)
    names: Sequence[str] = field(repr=False)
    nested: Mapping[str, NestedPath] = field(repr=False)
    start: int
    stop: int
    size: int = 0
    memory_bytes: int = 3 * BATCH_BYTES

    def batches(self, first_row: int) -> Iterator[Batch]:
        """The rows in order; the first is row `first_row` of its file."""
        arrays = {id(rows): rows for _, rows in self.columns}
        count = self.stop - self.start
        step = rows_per_batch(sum(rows.row_bytes for rows in arrays.values()) * count, count)
        for start in range(self.start, self.stop, step):
            row = first_row + start - self.start
            read = {key: rows.read(start, min(start + step, self.stop)) for key, rows in arrays.items()}
            made = [self._column(one, read[id(rows)], row) for one, rows in self.columns]
            data = pa.RecordBatch.from_arrays(made, names=[one.name for one, _ in self.columns])
            yield Batch(leaves(data, self.names, self.nested) if self.nested else data, Location(self.path, row))
        self.source.verify()

    def _column(self, one: ArrayColumn, values: npt.NDArray[Any], row: int) -> pa.Array:
        for name in one.field:
            values = values[name]
        return column(values, one.type, self.path, one.name, row)
