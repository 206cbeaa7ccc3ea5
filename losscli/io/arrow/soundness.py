"""Whether the buffers of a column fit together: Arrow's full check, which NumPy does many times as fast for most."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from losscli.io.arrow.buffers import plain_cells


def validate_in_full(column: pa.Array) -> None:
    """Raise an ArrowException where offsets or indices are out of range, or texts are not UTF-8.

    Arrow looks at each cell by itself, which takes as long as to read it. Indices are in range where the least and the
    largest are, and texts of ASCII alone are UTF-8. What is not seen to be sound so is left to Arrow.
    """
    column.validate()  # in constant time: no buffer is too short
    if not _is_plainly_sound(column):
        column.validate(full=True)


def _is_plainly_sound(column: pa.Array) -> bool:
    kind = column.type
    if not len(column):
        return False
    if pa.types.is_dictionary(kind):
        if column.indices.buffers()[0] is not None:  # a null may have any index
            return False
        cells = plain_cells(column.indices)
        if cells.min() < 0 or cells.max() >= len(column.dictionary):
            return False
        try:
            validate_in_full(column.dictionary)
        except pa.ArrowException:  # its message is about another array
            return False
        return True
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        return False
    bitmap, offsets, data = column.buffers()
    if bitmap is not None or data is None:
        return False
    cell = np.dtype(np.int64 if pa.types.is_large_string(kind) else np.int32)
    ends = np.frombuffer(offsets, cell, len(column) + 1, column.offset * cell.itemsize)
    first, last = int(ends[0]), int(ends[-1])
    if first < 0 or last > len(data) or (ends[1:] < ends[:-1]).any():
        return False
    return last == first or bool(np.frombuffer(data, np.int8, last - first, first).min() >= 0)
