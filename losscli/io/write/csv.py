"""CSV: numbers in shortest round-trip form (`inf`, `-inf`, `nan` as words), null as nothing, lists as JSON text.

Arrow writes the numbers five times as fast as Python's `repr`, as text that reads back as the same double. Texts are
quoted, so that an empty text differs from null.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO

from losscli.csv_text import guarded
from losscli.io.write.arrays import batch, schema
from losscli.io.write.jsonl import json_cells
from losscli.io.write.tables import Column, ColumnSpec
from losscli.lazy_pattern import pattern

_QUOTED = pattern('[",\t\r\n]')


def open_format(file: BinaryIO, columns: Sequence[ColumnSpec], delimiter: str = ",") -> _Rows:
    """A writer of this format into `file`, for these columns."""
    return _Rows(file, columns, delimiter)


class _Rows:
    def __init__(self, file: BinaryIO, columns: Sequence[ColumnSpec], delimiter: str) -> None:
        import pyarrow.csv as pc

        self.nonfinite = 0
        self._schema = schema([_as_text(column) for column in columns])
        # We write the header: Arrow quotes every name, which `cut` and `awk` would show.
        header = delimiter.join(_quoted(guarded(column.name)) for column in columns)
        file.write(f"{header}\n".encode("utf-8", "backslashreplace"))
        options = pc.WriteOptions(include_header=False, delimiter=delimiter)
        self._writer = pc.CSVWriter(file, self._schema, write_options=options)

    def write_rows(self, columns: Sequence[Column], rows: int) -> None:
        self._writer.write_batch(batch([self._cells(column) for column in columns], self._schema))

    def close(self) -> None:
        self._writer.close()

    def _cells(self, column: Column) -> Column:
        if isinstance(column.values, list):
            return Column(column.spec, [guarded(text) for text in column.values], column.null)
        if column.spec.kind != "list":
            return column
        texts, nonfinite_cells = json_cells(column)
        self.nonfinite += nonfinite_cells
        return Column(_as_text(column.spec), texts, column.null)


def _as_text(column: ColumnSpec) -> ColumnSpec:
    return ColumnSpec(column.name, "text") if column.kind == "list" else column


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"' if _QUOTED.search(name) else name
