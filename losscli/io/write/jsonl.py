"""JSON lines: one object per row, numbers in shortest round-trip form.

JSON has neither infinity nor NaN, so they become null and are counted.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import BinaryIO

import numpy as np

from losscli.io.write.tables import Column, ColumnSpec


def open_format(file: BinaryIO, columns: Sequence[ColumnSpec]) -> _Lines:
    """A writer of this format into `file`, for these columns."""
    return _Lines(file, columns)


class _Lines:
    def __init__(self, file: BinaryIO, columns: Sequence[ColumnSpec]) -> None:
        self.nonfinite = 0
        self._file = file
        # One template for all rows is many times faster than json.dumps of a dictionary per row.
        names = (json.dumps(column.name).replace("%", "%%") for column in columns)
        self._template = "{" + ", ".join(f"{name}: %s" for name in names) + "}\n"

    def write_rows(self, columns: Sequence[Column], rows: int) -> None:
        cells = []
        for column in columns:
            texts, nonfinite_cells = json_cells(column)
            self.nonfinite += nonfinite_cells
            cells.append(texts)
        lines = map(self._template.__mod__, zip(*cells, strict=True))
        self._file.write("".join(lines).encode("ascii"))

    def close(self) -> None:
        """Nothing is pending: lines are written whole."""


def json_cells(column: Column) -> tuple[list[str], int]:
    """Each cell as JSON in ASCII, and how many numbers became null because they are not finite."""
    if isinstance(column.values, list):
        texts, nonfinite_cells = [json.dumps(text) for text in column.values], 0
    elif column.spec.kind == "list":
        rows = [numbers.tolist() for numbers in column.values]
        flat = np.concatenate([np.zeros(0), *(column.values if column.null is None else column.values[~column.null])])
        nonfinite_cells = int(np.count_nonzero(~np.isfinite(flat)))
        if nonfinite_cells:
            rows = [[number if math.isfinite(number) else None for number in row] for row in rows]
        texts = [json.dumps(row, separators=(",", ":")) for row in rows]
    else:
        texts, nonfinite_cells = _numbers(column)
    if column.null is not None:
        for index in np.flatnonzero(column.null).tolist():
            texts[index] = "null"
    return texts, nonfinite_cells


def _numbers(column: Column) -> tuple[list[str], int]:
    assert isinstance(column.values, np.ndarray)
    texts = list(map(repr, column.values.tolist()))
    infinite = ~np.isfinite(column.values)
    if column.null is not None:
        infinite &= ~column.null
    for index in np.flatnonzero(infinite).tolist():
        texts[index] = "null"
    return texts, int(np.count_nonzero(infinite))
