"""Tables of row values and gradients, written in chunks: `with open_table(path, columns) as table: table.write(...)`.

A format is a module of this package with `open_format(file, columns)`. The file is created or replaced only if the
block ends without an exception.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any, BinaryIO, Literal, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from losscli.errors import UsageError, did_you_mean
from losscli.io.remote.address import redacted
from losscli.io.write.atomic import replaced
from losscli.io.write.stdout import is_terminal, standard_output
from losscli.lazy import dataclass

Kind = Literal["int", "float", "text", "list"]

_SUFFIXES = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".csv": "csv",
    ".tsv": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}
FORMATS: tuple[str, ...] = tuple(dict.fromkeys(_SUFFIXES.values()))
_BINARY = ("parquet", "arrow")
# Parts of a chunk are small, so that a Python string per cell does not show in the memory used.
_PIECE_ROWS = 1 << 16
_PIECE_CELLS = 1 << 20


@dataclass(frozen=True)
class ColumnSpec:
    """The name and the type of a column; `width` is the length of the lists of a list column, if all have one."""

    name: str
    kind: Kind
    width: int | None = None


@dataclass(frozen=True)
class Column:
    """Rows of one column: int64, float64, float64 of shape (rows, width), or texts; `null` is True where null.

    Lists of different lengths are objects: an array of float64 each.
    """

    spec: ColumnSpec
    values: NDArray[Any] | list[str]
    null: NDArray[np.bool_] | None

    def slice_rows(self, start: int, stop: int) -> Column:
        """The rows from `start` up to, not including, `stop`."""
        return Column(self.spec, self.values[start:stop], None if self.null is None else self.null[start:stop])


class Format(Protocol):
    """A writer of one format, which `open_format` of its module returns."""

    nonfinite: int

    def write_rows(self, columns: Sequence[Column], rows: int) -> None:
        """Append these rows."""

    def close(self) -> None:
        """Write what is pending and the end of the file; the file itself stays open."""


class TableWriter:
    """Writes chunks of rows; `rows` counts them, `nonfinite` the numbers that became null in JSON."""

    def __init__(self, format: Format, columns: Sequence[ColumnSpec]) -> None:
        self.rows = 0
        self._format = format
        self._columns = tuple(columns)
        width = sum(column.width or 1 for column in columns)
        self._piece = max(1, min(_PIECE_ROWS, _PIECE_CELLS // width))

    @property
    def nonfinite(self) -> int:
        """How many numbers were not finite and became null, which happens in JSON."""
        return self._format.nonfinite

    def write(
        self,
        columns: Mapping[str, NDArray[Any] | Sequence[str]],
        nulls: Mapping[str, NDArray[np.bool_]] | None = None,
    ) -> None:
        """Append rows: one array per column, all of the same length; `nulls` is True where a cell is null.

        The arrays must not be changed afterwards, as formats keep rows until a row group is full.
        """
        masks = nulls or {}
        chunk = [_column(spec, columns[spec.name], masks.get(spec.name)) for spec in self._columns]
        lengths = {len(column.values) for column in chunk}
        lengths |= {len(column.null) for column in chunk if column.null is not None}
        if len(lengths) > 1:
            raise ValueError(f"columns of different lengths: {sorted(lengths)}")
        rows = lengths.pop()
        for start in range(0, rows, self._piece):
            stop = min(start + self._piece, rows)
            self._format.write_rows([column.slice_rows(start, stop) for column in chunk], stop - start)
        self.rows += rows


def format_of(path: str) -> str:
    """The format of a file by its suffix; "-" is CSV."""
    if path == "-":
        return "csv"
    name = path.replace("\\", "/").rpartition("/")[2].lower()
    for suffix, format in _SUFFIXES.items():
        if name.endswith(suffix):
            return format
    raise UsageError(
        "the suffix of the output does not name a format",
        path=redacted(path),
        hint=f"use one of {', '.join(_SUFFIXES)}",
        code="USAGE_BAD_VALUE",
    )


def open_table(
    path: str, columns: Sequence[ColumnSpec], format: str | None = None
) -> AbstractContextManager[TableWriter]:
    """A writer for `path`, "-" being standard output; `format` is one of `FORMATS`, by default by the path's suffix."""
    names = [column.name for column in columns]
    duplicate = next((name for name in names if names.count(name) > 1), None)
    if duplicate is not None:
        raise UsageError(
            f"two columns of the output would be named '{duplicate}'",
            path=path,
            column=duplicate,
            code="USAGE_CONFLICT",
        )
    chosen = format or format_of(path)
    if chosen not in FORMATS:
        raise UsageError(
            f"'{chosen}' is not a table format",
            hint=did_you_mean(chosen, FORMATS, ", ".join(FORMATS)),
            code="USAGE_BAD_VALUE",
        )
    if path == "-" and chosen in _BINARY and is_terminal():
        raise UsageError(
            f"{chosen} cannot be written to a terminal",
            hint="name a file with -o, or pipe the output",
            code="USAGE_CONFLICT",
        )
    return _opened(path, tuple(columns), chosen)


@contextmanager
def _opened(path: str, columns: Sequence[ColumnSpec], format: str) -> Iterator[TableWriter]:
    module = importlib.import_module(f"losscli.io.write.{format}")
    target: AbstractContextManager[BinaryIO] = standard_output() if path == "-" else replaced(path)
    with target as file:
        opened = cast(Format, module.open_format(file, columns))
        try:
            yield TableWriter(opened, columns)
        except BaseException:
            # The file first, because a footer written to a pipe would make the partial output look complete. Then the
            # format, because open writers of Arrow would write when they are garbage-collected.
            with suppress(Exception):
                file.close()
            with suppress(Exception):
                opened.close()
            raise
        opened.close()


def _column(spec: ColumnSpec, values: NDArray[Any] | Sequence[str], null: NDArray[np.bool_] | None) -> Column:
    mask = None if null is None or not null.any() else null
    if spec.kind == "text":
        return Column(spec, ["" if text is None else str(text) for text in values], mask)
    if spec.kind == "list" and spec.width is None:
        lists = np.empty(len(values), object)
        for at, numbers in enumerate(values):
            lists[at] = np.asarray(numbers, np.float64)
        return Column(spec, lists, mask)
    array = np.asarray(values, dtype=np.int64 if spec.kind == "int" else np.float64, order="C")
    expected = (len(array), spec.width) if spec.kind == "list" else (len(array),)
    if array.shape != expected:
        raise ValueError(f"column '{spec.name}': expected an array of shape {expected}, not {array.shape}")
    return Column(spec, array, mask)
