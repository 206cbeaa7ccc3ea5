"""Opening Parquet: with settings that bound memory and detect corruption."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from losscli.io.files.inputs import SeekableInput
from losscli.io.formats.binary import column_names, open_for_arrow, read_error

if TYPE_CHECKING:
    from losscli.io.remote.ranges import Lanes

BUFFER, SMALLEST_BUFFER = 1 << 20, 16 << 10  # the most and the fewest bytes of a column that are read at once
BUFFERS = 32 << 20


@contextmanager
def opened(
    source: SeekableInput,
    texts: list[str] | None = None,
    columns: int = 1,
    footer: pq.FileMetaData | None = None,
    lanes: Lanes = (),
) -> Iterator[pq.ParquetFile]:
    """The opened file, with settings that bound memory and detect corruption."""
    with open_for_arrow(source, lanes) as file:
        try:
            reader = reader_of(file, texts, columns, footer)
        except Exception as error:
            raise read_error(error, source, "Parquet") from None
        yield reader


def reader_of(
    file: pa.NativeFile, texts: list[str] | None, columns: int, footer: pq.FileMetaData | None
) -> pq.ParquetFile:
    """The reader of an opened file; its exceptions are those of Arrow."""
    return pq.ParquetFile(
        file,
        metadata=footer,
        read_dictionary=texts or None,
        pre_buffer=False,
        buffer_size=buffer_size(columns),
        page_checksum_verification=True,
        thrift_string_size_limit=100 << 20,
        thrift_container_size_limit=10 << 20,
    )


def buffer_size(columns: int) -> int:
    """The buffer size of each column that is read."""
    return max(SMALLEST_BUFFER, min(BUFFER, BUFFERS // max(columns, 1)))


def read_schema(source: SeekableInput, content: bytes | None = None) -> pa.Schema:
    """Names and types of the columns; `content` are all bytes of the file, if these were read."""
    if content is not None:
        try:
            schema = reader_of(pa.BufferReader(content), None, 1, None).schema_arrow
        except Exception as error:
            raise read_error(error, source, "Parquet") from None
    else:
        with opened(source) as file:
            schema = file.schema_arrow
    column_names(schema, source, "Parquet")
    return schema
