"""CSV: numbers in shortest round-trip form (`inf`, `-inf`, `nan` as words), null as nothing, lists as JSON text.

Arrow writes the numbers five times as fast as Python's `repr`, as text that reads back as the same double. Texts are
quoted, so that an empty text differs from null.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, BinaryIO

from losscli.csv_text import guarded
from losscli.io.write.arrays import batch, schema
from losscli.io.write.jsonl import json_cells
from losscli.io.write.ordered import OrderedPieces
from losscli.io.write.tables import Column, ColumnSpec
from losscli.lazy import pattern

_TOGETHER = 1 << 14  # rows that Arrow spells at a time
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
        self._options = pc.WriteOptions(include_header=False, delimiter=delimiter, batch_size=_TOGETHER)
        self._pieces = OrderedPieces(file.write)

    def write_rows(self, columns: Sequence[Column], rows: int) -> None:
        data = batch([self._cells(column) for column in columns], self._schema)
        self._pieces.add(partial(self._encoded, data))

    def close(self) -> None:
        self._pieces.close()

    def _encoded(self, data: Any) -> Any:
        """The lines of these rows; Arrow spells numbers without the interpreter's lock."""
        import pyarrow as pa
        import pyarrow.csv as pc

        out = pa.BufferOutputStream()
        with pc.CSVWriter(out, self._schema, write_options=self._options) as writer:
            writer.write_batch(data)
        return out.getvalue()

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
