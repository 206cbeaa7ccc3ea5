"""What paths lead to, taken from the Arrow columns that they start in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pyarrow as pa

from losscli.errors import DataError
from losscli.io.arrow.build import from_numpy, present
from losscli.io.arrow.types import storage
from losscli.io.arrow.vectors import spans
from losscli.io.nested.paths import NestedPath, Step, fields_of, type_at

Paths = Mapping[str, NestedPath]
"""Paths by the names that their columns have."""


def roots(names: Iterable[str], paths: Paths) -> list[str]:
    """The columns from which those with these names are taken."""
    return list(dict.fromkeys(paths[name].root if name in paths else name for name in names))


def check_paths(names: Iterable[str], paths: Paths, schema: pa.Schema, path: str) -> None:
    """Raise a DataError if this file lacks a column inside another, which the first file has."""
    wanted = [name for name in names if name in paths]
    types = {field.name: field.type for field in schema} if wanted else {}
    for name in wanted:
        if type_at(paths[name], types) is None:
            raise DataError(f"no column '{name}'", path=path, column=name, code="DATA_MISSING_COLUMN")


def leaves(data: pa.RecordBatch, names: Sequence[str], paths: Paths) -> pa.RecordBatch:
    """The columns with these names, of a batch that holds the columns that they start in."""
    have = data.schema.names
    if not paths and have == list(names):
        return data
    columns = [
        taken(data.column(have.index(paths[name].root)), paths[name].steps)
        if name in paths
        else data.column(have.index(name))
        for name in names
    ]
    return pa.RecordBatch.from_arrays(columns, names=list(names))


def taken(column: pa.Array, steps: Sequence[Step]) -> pa.Array:
    """What the steps lead to in each row; null where a step leads nowhere."""
    for step in steps:
        column = _element(column, step) if isinstance(step, int) else _field(column, step)
    return column


def _field(column: pa.Array, name: str) -> pa.Array:
    """A field of a struct, null where the struct is."""
    index = list(fields_of(column.type)).index(name)
    if column.null_count == 0:
        return column.field(index)
    import pyarrow.compute as pc

    return pc.struct_field(column, [index])


def _element(column: pa.Array, position: int) -> pa.Array:
    """An element of each list, counted from the end if it is negative; null where a list has none there."""
    column = storage(column)
    starts, lengths = spans(column)
    at = np.full(len(column), position) if position >= 0 else lengths + position
    valid = present(column) & (at >= 0) & (at < lengths)
    return column.values.take(from_numpy(np.where(valid, starts + at, 0), valid))
