"""Arrow IPC: files (Feather version 2 too) and streams, distinguished by their first bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import field, replace
from typing import Any, cast

import pyarrow as pa

from losscli.io.batches import BATCH_BYTES, Batch, bounded_batches
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
from losscli.io.source import Fragment, InMemorySplit, ReadAs, Split, projected_positions
from losscli.lazy import dataclass

MOST_SPLITS = 256
"""The most splits of a file: each reads the footer again."""


@dataclass(frozen=True)
class ArrowFragment(Fragment):
    """One Arrow file or stream; its columns keep their types."""

    path: str
    source: SeekableInput
    schema: pa.Schema
    format: str = "arrow"
    nested: Mapping[str, NestedPath] = field(default_factory=dict)

    @property
    def nested_types(self) -> Mapping[str, pa.DataType]:
        """The types of its columns."""
        return {column.name: column.type for column in self.schema}

    def with_paths(self, paths: Mapping[str, NestedPath]) -> ArrowFragment:
        """The fragment whose projections may hold these names, too: columns inside others."""
        return replace(self, nested={**self.nested, **paths})

    def positions(self, names: Iterable[str]) -> list[int]:
        """The positions of the columns from which those with these names are taken."""
        starts = dict.fromkeys(roots(names, self.nested), "number")
        return projected_positions(tuple(self.schema.names), cast(Mapping[str, ReadAs], starts), self.path)

    @property
    def size(self) -> int:
        """The size of the file in bytes when it was found."""
        return self.source.size

    def splits(self, projection: Mapping[str, ReadAs]) -> Iterator[Split]:
        """The rows in file order; several threads can read the splits."""
        positions, names = self.positions(projection), list(projection)
        check_paths(names, self.nested, self.schema, self.path)
        with _opened(self.source, positions) as reader:
            if not isinstance(reader, pa.ipc.RecordBatchFileReader):
                for data in self.read(iter(reader), names, 1):
                    yield InMemorySplit(data, self.path)
                self.source.verify()
                return
            count = reader.num_record_batches
        step = -(-count // MOST_SPLITS) or 1
        for start in range(0, count, step):
            chosen = range(start, min(start + step, count))
            yield RecordBatchSplit(self, projection, chosen, self.size * len(chosen) // count)

    def remote_splits(self, projection: Mapping[str, ReadAs]) -> Iterator[Split]:
        """The rows in splits that another process can read; it opens the file by its path."""
        with _opened(self.source) as reader:
            is_file = isinstance(reader, pa.ipc.RecordBatchFileReader)
        return self.splits(projection) if is_file else super().remote_splits(projection)

    def read(self, found: Iterator[pa.RecordBatch], names: list[str], row: int) -> Iterator[pa.RecordBatch]:
        """These columns of record batches, each validated; `row` is the row number of the first."""
        starts = roots(names, self.nested)
        checked = columns_to_check(self.schema, starts)
        try:
            for data in found:
                data.validate()
                check_values(data, checked, self.path, row)
                yield leaves(select_columns(data, starts), names, self.nested)
                row += data.num_rows
        except Exception as error:
            raise read_error(error, self.source, "Arrow data") from None


@dataclass(frozen=True)
class RecordBatchSplit:
    """Some record batches of a file."""

    fragment: ArrowFragment
    projection: Mapping[str, ReadAs]
    chosen: range
    size: int = 0
    memory_bytes: int = 3 * BATCH_BYTES

    def batches(self, first_row: int) -> Iterator[Batch]:
        """The rows in order; the first is row `first_row` of its file."""
        with _opened(self.fragment.source, self.fragment.positions(self.projection)) as reader:
            found = map(reader.get_batch, self.chosen)
            for data in self.fragment.read(found, list(self.projection), first_row):
                yield from bounded_batches(data, self.fragment.path, first_row)
                first_row += data.num_rows
        self.fragment.source.verify()


@contextmanager
def _opened(source: SeekableInput, positions: list[int] | None = None) -> Iterator[Any]:
    """The reader of this file, restricted to the fields at these positions."""
    options = pa.ipc.IpcReadOptions(included_fields=positions or [], use_threads=False)
    with open_for_arrow(source) as file:
        try:
            is_file = file.read(6) == b"ARROW1"
            file.seek(0)
            reader = (pa.ipc.open_file if is_file else pa.ipc.open_stream)(file, options=options)
        except Exception as error:
            raise read_error(error, source, "Arrow data") from None
        yield reader


def read_schema(source: SeekableInput) -> pa.Schema:
    """Names and types of the columns."""
    with _opened(source) as reader:
        schema = reader.schema
    column_names(schema, source, "Arrow data")
    return schema
