"""Parquet: row groups are read independently, each in bounded memory."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import field, replace
from itertools import takewhile

import pyarrow as pa
import pyarrow.parquet as pq

from losscli.errors import DataError
from losscli.io.batches import BATCH_BYTES, SPLIT_ROWS, Batch, bounded_batches, rows_per_batch
from losscli.io.files.inputs import SeekableInput
from losscli.io.formats.binary import (
    check_values,
    column_names,
    columns_to_check,
    open_for_arrow,
    read_error,
    select_columns,
)
from losscli.io.nested.leaves import check_paths, leaves, roots
from losscli.io.nested.paths import NestedPath
from losscli.io.source import Fragment, ReadAs, Split, projected_positions
from losscli.lazy_dataclass import dataclass

PROBED = 16
BUFFER, SMALLEST_BUFFER = 1 << 20, 64 << 10  # the most and the fewest bytes of a column that are read at once
BUFFERS = 32 << 20


@dataclass(frozen=True)
class ParquetFragment(Fragment):
    """One Parquet file. Its columns keep their types; text columns that are read as text come as dictionaries."""

    path: str
    source: SeekableInput
    schema: pa.Schema
    format: str = "parquet"
    nested: Mapping[str, NestedPath] = field(default_factory=dict)
    plain: frozenset[str] = frozenset()

    @property
    def nested_types(self) -> Mapping[str, pa.DataType]:
        """The types of its columns."""
        return {column.name: column.type for column in self.schema}

    def with_paths(self, paths: Mapping[str, NestedPath]) -> ParquetFragment:
        """The fragment whose projections may hold these names, too: columns inside others."""
        return replace(self, nested={**self.nested, **paths})

    def with_plain_texts(self, names: Collection[str]) -> ParquetFragment:
        """The fragment that reads these columns, whose texts hardly repeat, as they are and not as dictionaries."""
        return replace(self, plain=self.plain.union(names))

    @property
    def size(self) -> int:
        """The size of the file in bytes when it was found."""
        return self.source.size

    def splits(self, projection: Mapping[str, ReadAs]) -> Iterator[Split]:
        """The rows in file order; several threads can read the splits."""
        names = roots(projection, self.nested)
        projected_positions(tuple(self.schema.names), dict.fromkeys(names, "number"), self.path)
        check_paths(projection, self.nested, self.schema, self.path)
        with _opened(self.source, columns=len(projection)) as file:
            footer, declared = file.metadata, file.metadata.num_rows
            counts = [footer.row_group(index).num_rows for index in range(footer.num_row_groups)]
            step = rows_per_batch(self._row_size(file, list(projection)), 1)
        for groups, rows in _grouped(counts):
            yield RowGroupSplit(self, projection, groups, rows, step, self.size * rows // max(declared, 1), footer)
        if sum(counts) != declared:
            raise DataError(
                f"damaged Parquet: it declares {declared} rows but holds {sum(counts)}",
                path=self.path,
                code="DATA_CORRUPT_FILE",
            )

    def remote_splits(self, projection: Mapping[str, ReadAs]) -> Iterator[Split]:
        """The rows in splits that another process can read; it opens the file by its path."""
        return self.splits(projection)

    def stored(self, names: Iterable[str]) -> list[str]:
        """What is read of the file: of a struct only the fields on a path, as Parquet stores each apart."""
        return [_up_to_list(self.nested[name]) if name in self.nested else name for name in names]

    def is_string(self, name: str) -> bool:
        """Whether the column is read as a dictionary of texts."""
        if name in self.nested or name in self.plain:
            return False  # Arrow reads only whole columns as dictionaries
        kind = self.schema.field(name).type
        return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))

    def next(self, batches: Iterator[pa.RecordBatch]) -> pa.RecordBatch | None:
        """The next batch; None at the end."""
        try:
            return next(batches, None)
        except Exception as error:
            raise read_error(error, self.source, "Parquet") from None

    def _row_size(self, file: pq.ParquetFile, names: list[str]) -> int:
        """The bytes of a row once its values are doubles: by the types, and for lists by the first rows.

        The sizes in the footer are not used, because pyarrow aborts the process if they are damaged.
        """
        nested = [name for name in names if name in self.nested or pa.types.is_nested(self.schema.field(name).type)]
        size = 8 * (len(names) - len(nested))
        if (
            nested
            and (first := self.next(file.iter_batches(PROBED, columns=self.stored(nested), use_threads=False)))
            is not None
        ):
            size += 2 * first.nbytes // first.num_rows  # twice, as they may be stored as float32
        return size


def _up_to_list(path: NestedPath) -> str:
    """The path as Parquet names columns, up to the first list, whose elements are called differently by each writer."""
    fields = takewhile(lambda step: isinstance(step, str), path.steps)
    return ".".join((path.root, *map(str, fields)))


def _grouped(counts: Sequence[int]) -> Iterator[tuple[tuple[int, ...], int]]:
    """Consecutive row groups and their number of rows; small row groups are combined."""
    groups: list[int] = []
    rows = 0
    for index, count in enumerate(counts):
        if groups and rows + count > SPLIT_ROWS:
            yield tuple(groups), rows
            groups, rows = [], 0
        groups.append(index)
        rows += count
    if groups:
        yield tuple(groups), rows


@dataclass(frozen=True)
class RowGroupSplit:
    """Some row groups of a file; a copy in another process reads the footer again."""

    fragment: ParquetFragment
    projection: Mapping[str, ReadAs]
    groups: tuple[int, ...]
    rows: int
    step: int
    size: int
    footer: pq.FileMetaData | None = field(default=None, compare=False, repr=False)

    @property
    def memory_bytes(self) -> int:
        """About how many bytes of memory are needed to read it."""
        # The buffers, a page of each column compressed and decompressed, and the decoded rows.
        columns = len(self.projection)
        return columns * (_buffer(columns) + (2 << 20)) + 3 * BATCH_BYTES // 2

    def __reduce__(self) -> tuple[object, ...]:
        return RowGroupSplit, (self.fragment, dict(self.projection), self.groups, self.rows, self.step, self.size)

    def batches(self, first_row: int) -> Iterator[Batch]:
        """The rows in order; the first is row `first_row` of its file."""
        fragment, names = self.fragment, list(self.projection)
        texts = [name for name, read_as in self.projection.items() if read_as == "text" and fragment.is_string(name)]
        starts = roots(names, fragment.nested)
        checked = columns_to_check(fragment.schema, starts)
        stored = fragment.stored(names)
        row = first_row
        with _opened(fragment.source, texts, len(names), self.footer) as file:
            batches = file.iter_batches(self.step, row_groups=list(self.groups), columns=stored, use_threads=False)
            while (data := fragment.next(batches)) is not None:
                data = select_columns(data, starts)
                check_values(data, checked, fragment.path, row)
                yield from bounded_batches(leaves(data, names, fragment.nested), fragment.path, row)
                row += data.num_rows
        fragment.source.verify()
        if row - first_row != self.rows:  # Arrow's reader reports no error if pages are missing
            where = f" from row {first_row} on" if first_row > 1 else ""
            message = f"damaged Parquet: it declares {self.rows} rows{where} but holds {row - first_row}"
            raise DataError(message, path=fragment.path, code="DATA_CORRUPT_FILE")


@contextmanager
def _opened(
    source: SeekableInput, texts: list[str] | None = None, columns: int = 1, footer: pq.FileMetaData | None = None
) -> Iterator[pq.ParquetFile]:
    """The opened file, with settings that bound memory and detect damage."""
    with open_for_arrow(source) as file:
        try:
            reader = pq.ParquetFile(
                file,
                metadata=footer,
                read_dictionary=texts or None,
                pre_buffer=False,
                buffer_size=_buffer(columns),
                page_checksum_verification=True,
                thrift_string_size_limit=100 << 20,
                thrift_container_size_limit=10 << 20,
            )
        except Exception as error:
            raise read_error(error, source, "Parquet") from None
        yield reader


def _buffer(columns: int) -> int:
    """The buffer size of each column that is read."""
    return max(SMALLEST_BUFFER, min(BUFFER, BUFFERS // max(columns, 1)))


def read_schema(source: SeekableInput) -> pa.Schema:
    """Names and types of the columns."""
    with _opened(source) as file:
        schema = file.schema_arrow
    column_names(schema, source, "Parquet")
    return schema
