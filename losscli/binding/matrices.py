"""Matrix roles: each is the numbers of a file of its own, which is read whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from losscli.binding.column_names import ColumnSet, resolve
from losscli.binding.plan import Matrix, Table
from losscli.binding.request import RoleBinding
from losscli.contract.kinds import Array
from losscli.errors import DataError, EmptyError, Location
from losscli.io.arrow.canonical import canonical_label
from losscli.io.arrow.decode import PLAIN, NumberFormat, is_vector, numbers, texts, vectors
from losscli.io.arrow.spelled_vectors import form_of_type
from losscli.io.batches import Batch
from losscli.io.source import Source


def read_table(
    table: Table, source: Source, bindings: Sequence[RoleBinding], number_format: NumberFormat = PLAIN
) -> Matrix:
    """The numbers of a table, and the names in its class column.

    `bindings` are the roles that the request names columns for, `number_format` how texts stand for numbers.
    """
    chosen = class_column = None
    for binding in bindings:
        if binding.model not in (None, table.model):
            continue
        if binding.role == table.role:
            chosen = resolve(binding.columns, source.columns, f" (for '{table.role}')")
        elif binding.role == f"{table.role}.class":
            class_column = resolve(binding.columns, source.columns, f" (for '{table.role}.class')").names[0]
    chosen = chosen or _numeric(source, class_column)
    projection: dict[str, Any] = {
        name: "number" if form_of_type(source.types.get(name)) is None else "text" for name in chosen.names
    }
    if class_column is not None:
        projection[class_column] = "text"
    parts, names = [], []
    for fragment in source.fragments:
        for batch in map(Batch.without_extra_cells, fragment.batches(projection)):
            parts.append(_values(chosen, batch, source, number_format))
            if class_column is not None:
                found = texts(batch.data.column(class_column), class_column, batch.location)
                if (found.codes < 0).any():
                    row = int(np.argmax(found.codes < 0))
                    raise batch.location.error(
                        row,
                        class_column,
                        f"the class column '{class_column}' has an empty cell",
                        code="DATA_MISSING_VALUE",
                    )
                names += [canonical_label(found.names[code]) for code in found.codes]
    if not parts or not sum(map(len, parts)):
        raise EmptyError(f"the table of '{table.role}' has no rows", path=table.path, code="EMPTY_NO_ROWS")
    _refuse_twice(names, class_column, table)
    return Matrix(
        np.ascontiguousarray(np.concatenate(parts)), tuple(names) if class_column is not None else None,
        chosen.names, chosen.labels,
    )  # fmt: skip


def _numeric(source: Source, class_column: str | None) -> ColumnSet:
    """Without a choice: every column that can hold numbers, but the class column."""
    import pyarrow as pa

    names = tuple(
        name for name in source.columns
        if name != class_column and (
            (kind := source.types.get(name)) is None or is_vector(kind) or pa.types.is_floating(kind)
            or pa.types.is_integer(kind) or pa.types.is_decimal(kind)
        )
    )  # fmt: skip
    if not names:
        raise DataError(
            "the table has no columns of numbers",
            path=source.fragments[0].path if source.fragments else None,
            code="DATA_WRONG_TYPE",
        )
    return ColumnSet("*", names, "one" if len(names) == 1 else "list")


def _values(chosen: ColumnSet, batch: Any, source: Source, number_format: NumberFormat) -> Any:
    columns = [
        finite_numbers(batch.data.column(name), name, batch.location, source.types.get(name), number_format)
        for name in chosen.names
    ]
    return np.concatenate(columns, axis=1)


def finite_numbers(column: Any, name: str, location: Location, kind: Any, number_format: NumberFormat) -> Array:
    """The numbers of a column of this type, a row each; one that is missing or not finite is a DataError."""
    if form_of_type(kind) is not None:
        from losscli.io.arrow.parse_vectors import spelled_lists

        column = spelled_lists(column, name, location, number_format)
    if kind is not None and is_vector(kind):
        found: Any = vectors(column, name, location)
    else:
        found = numbers(column, name, location, parse_text=kind is None, number_format=number_format)
    bad = ~np.isfinite(found.values.reshape(len(found.values), -1)).all(axis=1)
    bad = bad if found.missing is None else bad | found.missing
    if bad.any():
        raise location.error(
            int(np.argmax(bad)), name, f"column '{name}' has a missing or non-finite number", code="DATA_BAD_CELL"
        )
    return np.asarray(found.values.reshape(len(found.values), -1))


def _refuse_twice(names: list[str], column: str | None, table: Table) -> None:
    seen: set[str] = set()
    for row, name in enumerate(names, start=1):
        if name in seen:
            raise DataError(
                f"class '{name}' occurs twice in '{column}'",
                path=table.path,
                row=row,
                column=column,
                code="DATA_DUPLICATE_KEY",
            )
        seen.add(name)
