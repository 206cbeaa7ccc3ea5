"""The Arrow IPC file format (Feather version 2), compressed by zstd."""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO

from losscli.io.write.arrays import batch, schema
from losscli.io.write.tables import Column, ColumnSpec


def open_format(file: BinaryIO, columns: Sequence[ColumnSpec]) -> _Arrow:
    """A writer of this format into `file`, for these columns."""
    return _Arrow(file, columns)


class _Arrow:
    nonfinite = 0

    def __init__(self, file: BinaryIO, columns: Sequence[ColumnSpec]) -> None:
        import pyarrow as pa

        self._schema = schema(columns)
        self._writer = pa.ipc.new_file(file, self._schema, options=pa.ipc.IpcWriteOptions(compression="zstd"))

    def write_rows(self, columns: Sequence[Column], rows: int) -> None:
        self._writer.write_batch(batch(columns, self._schema))

    def close(self) -> None:
        self._writer.close()
