"""Parquet, one file at a time and in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from losscli.errors import DataError
from losscli.source.batch import Batch, Want, fitting, slices, wanted_positions
from losscli.source.damage import check_values, choose, damaged, names_of, to_check
from losscli.source.seekable import seekable
from losscli.source.streams import SeekableInput

BUFFER = 8 << 20
PROBED = 16
BUFFERS, SMALLEST_BUFFER = 64 << 20, 64 << 10


@dataclass(frozen=True)
class ParquetPart:
    """One Parquet file. Its columns keep their types; text that is wanted as text comes as a dictionary."""

    path: str
    source: SeekableInput
    schema: pa.Schema
    format: str = "parquet"

    def batches(self, wants: Mapping[str, Want]) -> Iterator[Batch]:
        wanted_positions(tuple(self.schema.names), wants, self.path)
        texts = [name for name, want in wants.items() if want == "text" and self._is_string(name)]
        checked = to_check(self.schema, list(wants))
        row = 1
        with _opened(self.source, texts, len(wants)) as file:
            rows = fitting(self._row_size(file, list(wants)), 1)
            batches = file.iter_batches(rows, columns=list(wants), use_threads=False)
            while (data := self._next(batches)) is not None:
                data = choose(data, list(wants))
                check_values(data, checked, self.path, row)
                yield from slices(data, self.path, row)
                row += data.num_rows
            promised = file.metadata.num_rows
        self.source.verify()
        if row - 1 != promised:  # Arrow's reader ends without a word where the pages do
            raise DataError(f"damaged Parquet: it promises {promised} rows and holds {row - 1}", path=self.path)

    def _is_string(self, name: str) -> bool:
        kind = self.schema.field(name).type
        return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))

    def _row_size(self, file: pq.ParquetFile, names: list[str]) -> int:
        """The bytes of a row once its values are doubles: the types tell, and the first rows where lists may be long.

        The footer would tell too, column by column; but pyarrow aborts the process where what it says there is damaged.
        """
        nested = [name for name in names if pa.types.is_nested(self.schema.field(name).type)]
        size = 8 * (len(names) - len(nested))
        if nested and (first := self._next(file.iter_batches(PROBED, columns=nested, use_threads=False))) is not None:
            size += 2 * first.nbytes // first.num_rows  # twice, as they may be stored as float32
        return size

    def _next(self, batches: Iterator[pa.RecordBatch]) -> pa.RecordBatch | None:
        try:
            return next(batches, None)
        except Exception as error:
            raise damaged(error, self.source, "Parquet") from None


@contextmanager
def _opened(source: SeekableInput, texts: list[str] | None = None, columns: int = 1) -> Iterator[pq.ParquetFile]:
    """The file, with the settings that keep memory flat, and those that catch damage where it can be seen."""
    # Every column that is read has a buffer of its own.
    buffer_size = max(SMALLEST_BUFFER, min(BUFFER, BUFFERS // max(columns, 1)))
    with seekable(source) as file:
        try:
            reader = pq.ParquetFile(
                file,
                read_dictionary=texts or None,
                pre_buffer=False,
                buffer_size=buffer_size,
                page_checksum_verification=True,
                thrift_string_size_limit=100 << 20,
                thrift_container_size_limit=10 << 20,
            )
        except Exception as error:
            raise damaged(error, source, "Parquet") from None
        yield reader


def read_schema(source: SeekableInput) -> pa.Schema:
    """Names and types of the columns."""
    with _opened(source) as file:
        schema = file.schema_arrow
    names_of(schema, source, "Parquet")
    return schema
