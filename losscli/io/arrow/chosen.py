"""The chosen rows of a batch, by NumPy where cells have one width: Arrow's filter takes several times as long.

Nor is `pyarrow.compute`, in which Arrow's own stands, imported for that: it takes 50 ms.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from losscli.io.arrow.buffers import Codes, Mask, missing_cells, plain_cells
from losscli.io.arrow.build import bits, from_numpy, validity


def chosen_rows(data: pa.RecordBatch, mask: Mask, kept: Codes) -> pa.RecordBatch:
    """The rows at which the mask is true, which are those at `kept`."""
    return pa.RecordBatch.from_arrays([_chosen(column, mask, kept) for column in data.columns], schema=data.schema)


def _chosen(column: pa.Array, mask: Mask, kept: Codes) -> pa.Array:
    kind = column.type
    try:
        column.validate()
    except pa.ArrowException:  # damaged, which is an error where the column is decoded
        return column.filter(from_numpy(mask))
    if pa.types.is_dictionary(kind):
        codes = _chosen(column.indices, mask, kept)
        return pa.DictionaryArray.from_arrays(codes, column.dictionary, ordered=kind.ordered, safe=False)
    missing = missing_cells(column)
    valid = None if missing is None else validity(~missing.take(kept))
    if pa.types.is_boolean(kind):
        return pa.Array.from_buffers(kind, len(kept), [valid, bits(plain_cells(column).take(kept))])
    if (cells := _cells(column)) is not None:
        return pa.Array.from_buffers(kind, len(kept), [valid, pa.py_buffer(cells.take(kept))])
    return column.filter(from_numpy(mask))


def _cells(column: pa.Array) -> NDArray[Any] | None:
    """The bits of cells of one width, which is a power of two of bytes; None where they have none."""
    kind = column.type
    if not pa.types.is_primitive(kind) or (width := kind.bit_width // 8) not in (1, 2, 4, 8):
        return None
    cell = np.dtype(f"u{width}")
    buffer = column.buffers()[1]
    return np.frombuffer(buffer, cell, len(column), column.offset * width) if len(column) else np.zeros(0, cell)
