"""Parquet with zstd and page checksums, without which a damaged page would be read as numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, BinaryIO

from losscli.io.write.arrays import batch, schema
from losscli.io.write.tables import Column, ColumnSpec

_GROUP_ROWS = 1 << 20
_GROUP_BYTES = 128 << 20
_FEW_VALUES = 64 << 10  # bytes of distinct values


def open_format(file: BinaryIO, columns: Sequence[ColumnSpec]) -> _Parquet:
    """A writer of this format into `file`, for these columns."""
    return _Parquet(file, columns)


class _Parquet:
    """Collects chunks into row groups of a usual size; the chunks of a run are much smaller."""

    nonfinite = 0

    def __init__(self, file: BinaryIO, columns: Sequence[ColumnSpec]) -> None:
        import pyarrow.parquet as pq

        self._schema = schema(columns)
        # Without Arrow's own schema inside, large strings are plain Parquet text for every reader.
        whole = [column.name for column in columns if column.kind == "int"]
        coded = [_stored_name(column) for column in columns if column.kind != "int"]
        texts = any(column.kind == "text" for column in columns)
        self._writer = pq.ParquetWriter(
            file, self._schema, compression="zstd", store_schema=False, write_page_checksum=True,
            # Row numbers grow, so their differences are stored. Values either repeat or nearly all differ: a search for
            # repeated ones that goes on up to the usual megabyte takes longer than all the rest.
            use_dictionary=coded or False,
            column_encoding=dict.fromkeys(whole, "DELTA_BINARY_PACKED") or None,
            dictionary_pagesize_limit=None if texts else _FEW_VALUES,
        )  # fmt: skip
        self._pending: list[Any] = []
        self._rows = self._bytes = 0

    def write_rows(self, columns: Sequence[Column], rows: int) -> None:
        if self._rows + rows > _GROUP_ROWS or self._bytes > _GROUP_BYTES:
            self._write_group()
        chunk = batch(columns, self._schema)
        self._pending.append(chunk)
        self._rows += rows
        self._bytes += chunk.nbytes

    def close(self) -> None:
        try:
            self._write_group()
        finally:
            self._writer.close()

    def _write_group(self) -> None:
        import pyarrow as pa

        if self._pending:
            self._writer.write_table(pa.Table.from_batches(self._pending), row_group_size=_GROUP_ROWS)
        self._pending = []
        self._rows = self._bytes = 0


def _stored_name(column: ColumnSpec) -> str:
    """What Parquet calls the values of a column."""
    return f"{column.name}.list.element" if column.kind == "list" else column.name
