"""Batches of rows: record batches of bounded size that know where their rows stand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from losscli.errors import Location
from losscli.io.arrow.build import strings

BATCH_ROWS = 65536
BATCH_BYTES = 16 << 20

SPLIT_ROWS = 1 << 18
"""Rows of a binary format that are one split, where its own pieces are no larger."""


@dataclass(frozen=True)
class Batch:
    """Some rows: the wanted columns, each name once in the order wanted, and where these rows stand."""

    data: pa.RecordBatch
    location: Location


def slices(data: pa.RecordBatch, path: str, first_row: int) -> Iterator[Batch]:
    """The rows of a binary format in batches of bounded size; only what has a layout of its own is copied."""
    data = _plain_layout(data)
    step = rows_per_batch(_size(data), data.num_rows)
    for start in range(0, data.num_rows, step):
        yield Batch(data.slice(start, step), Location(path, first_row + start))


def _size(data: pa.RecordBatch) -> int:
    try:
        return int(data.nbytes)
    except pa.ArrowTypeError:  # older versions of Arrow cannot tell it for views inside other types
        return int(data.get_total_buffer_size())


def _odd_layout(kind: pa.DataType) -> bool:
    t = pa.types
    return bool(t.is_string_view(kind) or t.is_binary_view(kind) or t.is_run_end_encoded(kind))


def _plain_layout(data: pa.RecordBatch) -> pa.RecordBatch:
    """Views and run-end encoded columns as plain ones: Arrow can neither filter them nor take from them."""
    if not any(_odd_layout(field.type) for field in data.schema):
        return data
    columns = [_plain(column) if _odd_layout(column.type) else column for column in data.columns]
    return pa.RecordBatch.from_arrays(columns, names=data.schema.names)


def _plain(column: pa.Array) -> pa.Array:
    try:
        column.validate(full=True)
    except pa.ArrowException:
        return column  # who decodes it says what is wrong
    if pa.types.is_run_end_encoded(column.type):
        import pyarrow.compute as pc

        return pc.run_end_decode(column)
    if pa.types.is_string_view(column.type):
        return strings(column.to_pylist())
    return pa.array(column.to_pylist(), pa.binary())  # slow, and of use only to who refuses it by its name


def rows_per_batch(size: int, rows: int) -> int:
    """How many rows make a batch, where `rows` of them take `size` bytes: wide rows come in smaller batches."""
    return max(1, min(BATCH_ROWS, BATCH_BYTES * rows // max(size, 1)))
