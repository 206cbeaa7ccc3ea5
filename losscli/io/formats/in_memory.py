"""Tables in memory, whose columns are used without a copy where Arrow allows it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from losscli.array_likes import check_indexes, plain
from losscli.errors import DataError, UsageError
from losscli.io.arrow import build as arrays
from losscli.io.arrow.buffers import EXACT, largest
from losscli.io.arrow.numbers import INEXACT, INEXACT_HINT, PLAIN, spelling
from losscli.io.arrow.python_instants import holds_instants, instants
from losscli.io.batches import SPLIT_ROWS, Batch
from losscli.io.nested.leaves import leaves, roots
from losscli.io.nested.paths import NestedPath
from losscli.io.source import Fragment, InMemorySplit, ReadAs, Source, Split, projected_positions
from losscli.lazy import dataclass

PATH = "<memory>"


@dataclass(frozen=True)
class StreamFragment(Fragment):
    """A table of Arrow batches; `opened` starts at its first row each time."""

    schema: pa.Schema
    opened: Callable[[], pa.RecordBatchReader]
    path: str = PATH
    format: str = "memory"
    nested: Mapping[str, NestedPath] = field(default_factory=dict)
    repeatable: bool = True

    @property
    def nested_types(self) -> Mapping[str, pa.DataType]:
        """The types of its columns."""
        return {column.name: column.type for column in self.schema}

    def with_paths(self, paths: Mapping[str, NestedPath]) -> StreamFragment:
        """The fragment whose projections may hold these names, too: columns inside others."""
        return replace(self, nested={**self.nested, **paths})

    def first_batch(self, projection: Mapping[str, ReadAs]) -> Batch | None:
        """The first rows, unless they could not be read again."""
        return super().first_batch(projection) if self.repeatable else None

    def splits(self, projection: Mapping[str, ReadAs]) -> Iterator[Split]:
        """The rows in the order of the table, as splits in memory; several threads can read them."""
        starts = roots(projection, self.nested)
        positions = projected_positions(tuple(self.schema.names), dict.fromkeys(starts, "number"), self.path)
        for data in self.opened():
            chosen = pa.RecordBatch.from_arrays([data.column(at) for at in positions], names=starts)
            yield from _splits(leaves(chosen, list(projection), self.nested), self.path)


@dataclass(frozen=True)
class Column:
    """A column that is converted to Arrow when it is read; without a type, it holds numbers as text."""

    type: pa.DataType | None
    array: Callable[[], pa.Array]


@dataclass(frozen=True)
class ColumnsFragment(Fragment):
    """Named columns of one length."""

    names: tuple[str, ...]
    columns: tuple[Column, ...] = field(repr=False)
    path: str = PATH
    format: str = "memory"
    nested: Mapping[str, NestedPath] = field(default_factory=dict)

    @property
    def nested_types(self) -> Mapping[str, pa.DataType]:
        """The types of its columns; numbers in columns without a type are no lists or structs."""
        return {name: column.type or pa.null() for name, column in zip(self.names, self.columns, strict=True)}

    def with_paths(self, paths: Mapping[str, NestedPath]) -> ColumnsFragment:
        """The fragment whose projections may hold these names, too: columns inside others."""
        return replace(self, nested={**self.nested, **paths})

    def splits(self, projection: Mapping[str, ReadAs]) -> Iterator[Split]:
        """The rows in the order of the table, as splits in memory; several threads can read them."""
        starts = roots(projection, self.nested)
        positions = projected_positions(self.names, dict.fromkeys(starts, "number"), self.path)
        chosen = [self.columns[at].array() for at in positions]
        lengths = {name: len(array) for name, array in zip(starts, chosen, strict=True)}
        if len(set(lengths.values())) > 1:
            listed = ", ".join(f"'{name}' has {length}" for name, length in lengths.items())
            raise DataError(f"the columns differ in length: {listed}", path=self.path, code="DATA_MISMATCH")
        data = pa.RecordBatch.from_arrays(chosen, names=starts)
        yield from _splits(leaves(data, list(projection), self.nested), self.path)


def _splits(data: pa.RecordBatch, path: str) -> Iterator[Split]:
    for start in range(0, data.num_rows, SPLIT_ROWS):
        yield InMemorySplit(data.slice(start, SPLIT_ROWS), path)


def from_memory(table: object) -> Source:
    """The source over a table in memory; a column is converted only when it is read.

    The table is a pandas DataFrame, an Arrow table, batch or reader, an object with ``__arrow_c_stream__``, or a dict
    of column name to numbers, texts, vectors (a 2-D array) or lists.
    """
    if isinstance(table, Mapping):
        check_indexes(table)
        return _columns([(str(name), _column(str(name), values)) for name, values in table.items()])
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(table, pandas.DataFrame):
        return _columns([(str(name), _series(table.iloc[:, at])) for at, name in enumerate(table.columns)])
    if isinstance(table, pa.RecordBatch):
        table = pa.Table.from_batches([table])
    if isinstance(table, pa.Table):
        held = table
        return _stream(held.schema, held.to_reader)
    if isinstance(table, pa.RecordBatchReader):
        return _stream(table.schema, _once(table), repeatable=False)
    if hasattr(table, "collect_schema") and hasattr(table, "collect"):
        table = table.collect()  # a lazy frame
    if hasattr(table, "__arrow_c_stream__"):
        schema = pa.RecordBatchReader.from_stream(table).schema
        return _stream(schema, lambda: pa.RecordBatchReader.from_stream(table))
    raise UsageError(
        f"cannot read a table from {type(table).__name__}",
        hint="hand in a DataFrame, an Arrow table, or a dict of column name to array: "
        "evaluate({'y': target, 'p': pred}, 'mse', target='y', pred='p')",
        code="USAGE_BAD_VALUE",
    )


def _stream(schema: pa.Schema, opened: Callable[[], pa.RecordBatchReader], repeatable: bool = True) -> Source:
    types = {column.name: column.type for column in schema}
    return Source((StreamFragment(schema, opened, repeatable=repeatable),), tuple(types), types)


def _columns(pairs: Sequence[tuple[str, Column]]) -> Source:
    fragment = ColumnsFragment(tuple(name for name, _ in pairs), tuple(column for _, column in pairs))
    types = {name: column.type for name, column in pairs}
    return Source((fragment,), tuple(types), types)


def _once(reader: pa.RecordBatchReader) -> Callable[[], pa.RecordBatchReader]:
    left = [reader]

    def opened() -> pa.RecordBatchReader:
        if not left:
            raise UsageError(
                "a RecordBatchReader can be read only once", hint="hand in reader.read_all()", code="USAGE_CONFLICT"
            )
        return left.pop()

    return opened


def _series(series: Any) -> Column:
    """A pandas column. NaN in a plain float column stays NaN; only pandas' own missing values become null."""
    if isinstance(series.dtype, np.dtype) and arrays.holds_numbers(series.dtype):
        return Column(_arrow_type(series.dtype), lambda: arrays.from_numpy(series.to_numpy()))
    if series.dtype == object and (column := _objects(series)) is not None:
        return column
    if str(series.dtype) == "category" and str(series.cat.categories.dtype).startswith("interval"):
        series = series.cat.rename_categories([str(one) for one in series.cat.categories])  # as pandas prints them
    kind = _from_series(series.iloc[:64]).type
    if pa.types.is_null(kind):
        kind = _from_series(series).type
    return Column(kind, lambda: _from_series(series))


def _objects(series: Any) -> Column | None:
    """A column of Python's numbers, lists, or dates and times; None for other objects.

    Arrow takes NaN for missing, and cuts a time after a date to its date.
    """
    missing = series.isna().to_numpy()
    values = [None if gone else value for value, gone in zip(series.tolist(), missing.tolist(), strict=True)]
    known = [value for value in values if value is not None]
    if holds_instants(known):
        return _held(instants(values))
    kinds = (list, tuple, np.ndarray) if known and isinstance(known[0], (list, tuple, np.ndarray)) else _NUMBERS
    return _from_list(str(series.name), values) if known and all(isinstance(v, kinds) for v in known) else None


def _from_series(series: Any) -> pa.Array:
    try:
        array = pa.Array.from_pandas(series)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise DataError(
            f"column '{series.name}' mixes types: {error}", path=PATH, column=str(series.name), code="DATA_WRONG_TYPE"
        ) from None
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def _arrow_type(dtype: np.dtype[Any]) -> pa.DataType:
    return arrays.from_numpy(np.empty(0, dtype=dtype)).type


def _column(name: str, values: Any) -> Column:
    """One entry of a dict of columns."""
    if isinstance(values, pa.ChunkedArray):
        return Column(values.type, values.combine_chunks)
    if isinstance(values, pa.Array):
        return Column(values.type, lambda: values)
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(values, (pandas.Index, pandas.api.extensions.ExtensionArray)):
        values = pandas.Series(values, name=name)
    if pandas is not None and isinstance(values, pandas.Series):
        return _series(values.rename(name))
    if hasattr(values, "__arrow_c_stream__"):
        held = pa.chunked_array(values)
        return Column(held.type, held.combine_chunks)
    values = plain(values)
    if not isinstance(values, np.ndarray):
        if isinstance(values, (list, tuple)):
            return _from_list(name, values)
        values = np.asarray(values)
    if values.ndim == 2 and arrays.holds_numbers(values.dtype) and values.shape[1]:
        return Column(pa.list_(_arrow_type(values.dtype), values.shape[1]), lambda: arrays.vectors(values))
    if values.ndim != 1:
        raise DataError(
            f"column '{name}' has {values.ndim} dimensions, not 1 or 2", path=PATH, column=name, code="DATA_WRONG_TYPE"
        )
    if arrays.holds_numbers(values.dtype):
        return Column(_arrow_type(values.dtype), lambda: arrays.from_numpy(values))
    if values.dtype.kind == "M":
        return _held(pa.array(values))
    return _from_list(name, values.tolist())


def _from_list(name: str, values: Sequence[Any]) -> Column:
    """Texts, numbers, or lists of numbers; None is missing."""
    known = [value for value in values if value is not None]
    if known and all(isinstance(value, str) for value in known):
        return _held(arrays.strings(values))
    if known and all(isinstance(value, (list, tuple, np.ndarray)) for value in known):
        return _held(_nested(name, values))
    if known and all(isinstance(value, dict) for value in known):
        return _held(pa.array(values))
    if holds_instants(known):
        return _held(instants(values))
    typed = _typed(known)
    if typed is not None:
        valid = np.array([value is not None for value in values], dtype=np.bool_)
        filled = np.zeros(len(values), dtype=typed.dtype)
        filled[valid] = typed
        return _held(arrays.from_numpy(filled, valid))
    if not all(isinstance(value, _NUMBERS) for value in known):
        raise DataError(
            f"column '{name}' does not contain numbers, texts or vectors",
            path=PATH,
            column=name,
            code="DATA_WRONG_TYPE",
        )
    # No type of NumPy holds these numbers, so they are read from their digits, as in a text file.
    texts = [None if value is None else spelling(value) for value in values]
    return Column(None, lambda: arrays.dictionary_strings(texts))


_NUMBERS = (bool, int, float, Decimal, np.bool_, np.integer, np.floating)


def _held(array: pa.Array) -> Column:
    return Column(array.type, lambda: array)


def _typed(known: Sequence[Any]) -> npt.NDArray[Any] | None:
    """The numbers as an array of a type that holds each of them exactly; None if there is no such type."""
    if not known:
        return np.zeros(0)
    try:
        array = np.array(known)
    except (ValueError, OverflowError):
        return None
    if array.ndim != 1 or not arrays.holds_numbers(array.dtype):
        return None
    large = array.dtype.kind == "f" and largest([arrays.from_numpy(array.astype(np.float64))]) >= EXACT
    if large and any(isinstance(value, (int, np.integer)) and abs(int(value)) > EXACT for value in known):
        return None
    return array


def _nested(name: str, values: Sequence[Any]) -> pa.Array:
    """Lists of numbers, which may be nested; an element that is None is missing."""
    flat: list[Any] = []
    for value in values:
        if value is not None:
            flat += value.tolist() if isinstance(value, np.ndarray) else value
    column = _from_list(name, flat)
    lengths = [None if value is None else len(value) for value in values]
    if column.type is None and all(map(_is_exact, flat)):
        return arrays.lists([None if value is None else [*map(_exactly, value)] for value in values])
    if column.type is None:
        row = next(row for row, value in enumerate(values) if value is not None and not all(map(_is_exact, value)))
        raise DataError(
            f"the list in column '{name}' has an element that {INEXACT}",
            path=PATH, row=row + 1, column=name, hint=INEXACT_HINT, code="DATA_BAD_CELL",
        )  # fmt: skip
    return arrays.lists_of(column.array(), lengths)


def _exactly(value: Any) -> float | None:
    return None if value is None else PLAIN.number(spelling(value))


def _is_exact(value: Any) -> bool:
    return value is None or _exactly(value) is not None
