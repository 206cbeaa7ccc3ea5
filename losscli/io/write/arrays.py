"""Columns as Arrow arrays over the same memory.

Built from buffers: `pa.array` would import pandas, which takes longer than to score a file.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from losscli.io.write.tables import Column, ColumnSpec


def schema(columns: Sequence[ColumnSpec]) -> Any:
    """The Arrow schema of these columns."""
    import pyarrow as pa

    return pa.schema([pa.field(column.name, _type(column)) for column in columns])


def batch(columns: Sequence[Column], schema: Any) -> Any:
    """One record batch of these rows."""
    import pyarrow as pa

    return pa.RecordBatch.from_arrays([_array(column) for column in columns], schema=schema)


def _type(column: ColumnSpec) -> Any:
    import pyarrow as pa

    if column.kind == "list":
        return pa.list_(pa.float64())
    return {"int": pa.int64(), "float": pa.float64(), "text": pa.large_string()}[column.kind]


def _array(column: Column) -> Any:
    import pyarrow as pa

    kind, validity = _type(column.spec), _validity(column.null)
    if isinstance(column.values, list):
        return pa.Array.from_buffers(kind, len(column.values), [validity, *texts(column.values)])
    rows = len(column.values)
    if column.spec.kind != "list":
        return pa.Array.from_buffers(kind, rows, [validity, pa.py_buffer(column.values)])
    # A null list has no elements: Parquet's writer in older Arrow refuses null lists with elements.
    shown = column.values if column.null is None else column.values[~column.null]
    width: Any = column.spec.width
    if width is None:
        width, shown = [len(numbers) for numbers in column.values], np.concatenate([np.zeros(0), *shown])
    lengths = np.full(rows, width) if column.null is None else np.where(column.null, 0, width)
    offsets = np.zeros(rows + 1, dtype=np.int32)
    np.cumsum(lengths, out=offsets[1:])
    flat = pa.Array.from_buffers(pa.float64(), shown.size, [None, pa.py_buffer(shown.reshape(-1))])
    return pa.Array.from_buffers(kind, rows, [validity, pa.py_buffer(offsets)], children=[flat])


def texts(values: Sequence[str]) -> tuple[Any, Any]:
    """Offsets and UTF-8 bytes of texts; a lone surrogate, which has no UTF-8, is escaped."""
    import pyarrow as pa

    encoded = [text.encode("utf-8", "backslashreplace") for text in values]
    offsets = np.zeros(len(encoded) + 1, dtype=np.int64)
    np.cumsum([len(text) for text in encoded], out=offsets[1:])
    return pa.py_buffer(offsets), pa.py_buffer(b"".join(encoded))


def _validity(null: NDArray[np.bool_] | None) -> Any:
    import pyarrow as pa

    return None if null is None else pa.py_buffer(np.packbits(~null, bitorder="little"))
