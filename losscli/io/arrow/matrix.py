"""Columns side by side as one matrix, which kernels get of wide rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from losscli.io.arrow.buffers import Floats

TOGETHER = 1 << 16
"""Numbers of a matrix that are written or read together."""

_MANY = 256  # columns from which on lines are copied and turned in tiles
_TILE_LINES, _TILE_ROWS = 16, 2048
_FLOATS: dict[int, np.dtype[Any]] = {
    pa.float16().id: np.dtype("f2"),
    pa.float32().id: np.dtype("f4"),
    pa.float64().id: np.dtype("f8"),
}


def side_by_side(columns: Sequence[NDArray[Any]]) -> Floats:
    """Columns of numbers as a matrix of rows."""
    stacked = np.empty((len(columns[0]), len(columns)))
    if len(columns) >= _MANY:
        _in_tiles(columns, stacked)
        return stacked
    # Some rows at a time: what is written with gaps then stays in the cache.
    step = max(1, TOGETHER // len(columns))
    for start in range(0, len(stacked), step):
        rows = stacked[start : start + step]
        for i, values in enumerate(columns):
            rows[:, i] = values[start : start + step]
    return stacked


def _in_tiles(columns: Sequence[NDArray[Any]], stacked: Floats) -> None:
    """The same of many columns: a step would be a few rows, and a call a column and step would cost more than the copy.

    Some columns are laid below each other, and turned at once.
    """
    lines = np.empty((_TILE_LINES, _TILE_ROWS))
    for start in range(0, len(stacked), _TILE_ROWS):
        rows = stacked[start : start + _TILE_ROWS]
        for first in range(0, len(columns), _TILE_LINES):
            some = columns[first : first + _TILE_LINES]
            for line, values in zip(lines, some, strict=False):
                line[: len(rows)] = values[start : start + _TILE_ROWS]
            rows[:, first : first + len(some)] = lines[: len(some), : len(rows)].T


def plain_matrix(data: pa.RecordBatch, names: Sequence[str]) -> Floats | None:
    """These columns as a matrix, if all are floats without a null; None if one needs to be looked at.

    What is done once a column and batch is what wide rows cost, so it is little.
    """
    given = data.schema.names
    places = {name: place for place, name in enumerate(given)}
    if len(places) < len(given):
        return None  # a name that is there twice
    columns = []
    for name in names:
        if (place := places.get(name)) is None:
            return None
        column = data.column(place)
        cell = _FLOATS.get(column.type.id)
        if cell is None or column.null_count:
            return None
        columns.append((column, cell))
    try:
        data.validate()  # a buffer that is too short
    except pa.ArrowException:
        return None
    rows = data.num_rows
    cells = [
        np.frombuffer(column.buffers()[1], cell, rows, column.offset * cell.itemsize) if rows else np.zeros(0)
        for column, cell in columns
    ]
    with np.errstate(invalid="ignore"):  # widening a signalling NaN
        return side_by_side(cells)
