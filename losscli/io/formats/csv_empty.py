"""Empty cells of text columns: null, where the empty text is a null value, unless quotes say that it is a text."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from losscli.io.arrow.buffers import plain_cells
from losscli.io.arrow.build import from_numpy

Bools = npt.NDArray[np.bool_]


def empty_cells(column: pa.DictionaryArray) -> Bools | None:
    """Which cells are the empty text; None if no cell is."""
    entries = column.dictionary
    if not len(entries):
        return None
    ends = np.frombuffer(entries.buffers()[1], np.int32, len(entries) + 1, 4 * entries.offset)
    places = np.flatnonzero(ends[1:] == ends[:-1])
    return np.isin(plain_cells(column.indices), places) if len(places) else None


def with_nulls(column: pa.DictionaryArray, null: Bools | None) -> pa.DictionaryArray:
    """The column, which has no null, with null in these rows."""
    if null is None or not null.any():
        return column
    return pa.DictionaryArray.from_arrays(from_numpy(plain_cells(column.indices), ~null), column.dictionary)
