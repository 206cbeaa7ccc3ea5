"""Row groups of many columns, of which some are decoded after the others.

Where Arrow reads all columns side by side, it holds pages and a dictionary of each of them, about 5 MB, and makes each
batch column by column: of a thousand columns these are hundreds of megabytes, and half of the time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from losscli.io.files.spool import SPOOL_LIMIT, spool_error
from losscli.io.formats.binary import columns_to_check
from losscli.parallel import stream_in_order

MANY, SOME = 128, 16
"""Columns from which on that pays, and from which on it does where all decoded values are held."""

HELD = 48 << 20
"""Decoded bytes that are held; more are copied to a temporary file."""

PIECE, TOGETHER = 8 << 20, 64
"""Decoded bytes, and columns, that are decoded together."""


MOST_DECODING = 4
"""Threads that decode columns side by side, of a row group that no other is read beside: each holds some of them."""


def memory_bytes(size: int) -> int:
    """About how many bytes of memory are needed where the decoded values take `size` bytes."""
    return min(size, HELD)


def pays(columns: int, size: int) -> bool:
    """Whether so many columns are decoded one after the other, whose values take `size` bytes in all."""
    return (columns >= SOME and size <= HELD) or (columns >= MANY and size <= SPOOL_LIMIT)


def batches_by_columns(
    files: Sequence[pq.ParquetFile], groups: Sequence[int], schema: pa.Schema, size: int, rows: int, path: str
) -> Iterator[pa.RecordBatch]:
    """Batches of `rows` rows of the columns of this schema, whose decoded values take `size` bytes in all.

    `files` are the same file, opened for as many threads as decode columns side by side.
    """
    free = list(files)

    def decoded(some: list[str]) -> pa.Table:
        file = free.pop()  # no more pieces are decoded at a time than there are files
        try:
            return file.read_row_groups(list(groups), columns=some, use_threads=False)
        finally:
            free.append(file)

    pieces = stream_in_order(decoded, _together(schema, size), len(files), ahead=1)
    names = schema.names
    if size <= HELD:
        columns = {name: piece.column(name) for piece in pieces for name in piece.column_names}
        yield from pa.table([columns[name] for name in names], names=names).to_batches(max_chunksize=rows)
        return
    import tempfile

    with tempfile.TemporaryFile(prefix="losscli-") as copy:
        kept = [_kept(piece, rows, copy, path) for piece in pieces]
        if len(set(map(len, kept))) > 1:
            raise pa.ArrowInvalid("columns of different lengths")
        for parts in zip(*kept, strict=True):
            found = {name: batch.column(name) for batch in (part() for part in parts) for name in batch.schema.names}
            yield pa.RecordBatch.from_arrays([found[name] for name in names], names=names)


def _together(schema: pa.Schema, size: int) -> Iterator[list[str]]:
    """The names of columns that are decoded together; those that cannot be copied are apart from the others."""
    width = max(1, min(TOGETHER, PIECE * len(schema) // max(size, 1)))
    held = columns_to_check(schema, schema.names)
    for names in (held, [name for name in schema.names if name not in set(held)]):
        for first in range(0, len(names), width):
            yield names[first : first + width]


def _kept(piece: pa.Table, rows: int, copy: BinaryIO, path: str) -> list[Callable[[], pa.RecordBatch]]:
    """The batches of a piece, to be had later: numbers are copied to the file, and other columns are held."""
    batches = piece.combine_chunks().to_batches(max_chunksize=rows)
    if columns_to_check(piece.schema, piece.schema.names):
        return [partial(_held, batch) for batch in batches]
    found: list[Callable[[], pa.RecordBatch]] = []
    for batch in batches:
        message = batch.serialize()
        found.append(partial(_copied, copy, copy.tell(), message.size, piece.schema))
        try:
            copy.write(message)
        except OSError as error:
            raise spool_error(error, path) from None
    return found


def _held(batch: pa.RecordBatch) -> pa.RecordBatch:
    return batch


def _copied(copy: BinaryIO, start: int, size: int, schema: pa.Schema) -> pa.RecordBatch:
    copy.seek(start)
    return pa.ipc.read_record_batch(pa.py_buffer(copy.read(size)), schema)
