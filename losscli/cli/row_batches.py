"""Rows of values or slopes -> a table file: shared by `rows` and `grad`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from losscli.cli import console
from losscli.cli import options as shared
from losscli.errors import EmptyError, UsageError

if TYPE_CHECKING:
    from losscli.execution.prepare import Prepared
    from losscli.execution.row_values import Piece

FORMATS = ("parquet", "csv", "tsv", "jsonl", "arrow")


def target(text: str | None) -> tuple[str, str | None]:
    """`[FORMAT=]FILE` -> path and format; - is standard output."""
    format_, equals, path = (text or "-").partition("=")
    if equals and format_ in FORMATS:
        return path, format_
    return text or "-", None


def prepared(given: Mapping[str, Any], path: str, *, spool: bool = False) -> Prepared:
    """Bind the run, and find out before it starts whether the output can be written."""
    from losscli.execution.prepare import prepare
    from losscli.io.write.tables import format_of

    if path != "-" and target(given["output"])[1] is None:
        format_of(path)
    request = shared.request_of(given)
    data = shared.data_of(given, request, spool=spool)
    if not request.losses:
        raise UsageError("no loss was given", code="USAGE_INCOMPLETE")
    console.check_outputs([path], [*data.paths, *([data.targets] if data.targets else [])])
    return prepare(request, data)


@dataclass(frozen=True)
class Written:
    """What went where."""

    path: str
    rows: int
    nonfinite: int

    @property
    def notes(self) -> list[str]:
        """What the user should hear."""
        lost = f"{self.nonfinite} non-finite values are null in {self.path}"
        return [lost] * bool(self.nonfinite) + [f"wrote {self.rows:,} rows to {self.path}"] * (self.path != "-")


def write(pieces: Iterator[Piece], path: str, format_: str | None) -> Written:
    """Write all pieces. Columns are known from the first piece."""
    import numpy as np

    from losscli.io.write.tables import ColumnSpec, open_table

    first = next(pieces, None)
    if first is None:
        raise EmptyError("there is nothing to score: no row is left", code="EMPTY_NO_ROWS")
    specs = [ColumnSpec(name, "text") for name, _ in first.keys] or [ColumnSpec("row", "int")]
    specs += [
        ColumnSpec(name, "list" if values.ndim > 1 else "float", values.shape[1] if values.ndim > 1 else None)
        for name, (values, _) in first.columns.items()
    ]
    with open_table(path, specs, format_) as table:
        piece: Piece | None = first
        while piece is not None:
            columns: dict[str, Any] = dict(piece.keys) or {"row": np.asarray(piece.place, np.int64)}
            columns |= {name: values for name, (values, _) in piece.columns.items()}
            table.write(columns, {name: ~part for name, (_, part) in piece.columns.items() if part is not None})
            piece = next(pieces, None)
        return Written(path, table.rows, table.nonfinite)
