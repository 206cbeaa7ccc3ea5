"""Labels derived of the cells of a column: the month of a date, the interval of a number."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from losscli.binding.encoded_labels import taken
from losscli.binding.grouping_keys import NAN, Edges, GroupingKey, Truncation
from losscli.errors import DataError, Location
from losscli.io.arrow.buffers import Mask, RowNumbers
from losscli.io.arrow.build import from_numpy
from losscli.io.arrow.decode import NO_NULLS, NumberFormat, Numbers, check_texts, numbers, texts
from losscli.io.arrow.dictionary import DictionaryColumn
from losscli.io.arrow.instants import (
    FIRST_HOUR,
    LAST_HOUR,
    Hours,
    hours_of,
    no_date_hint,
    period_name,
    periods,
    plain_hours,
    written_hour,
)
from losscli.io.arrow.missing_texts import missing_hint
from losscli.io.arrow.texts import first_seen
from losscli.io.arrow.types import is_instant
from losscli.lazy import dataclass

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class UsedCells:
    """The cells of a batch that are used, and how its texts stand for numbers (None: its cells have types)."""

    data: Any
    location: Location
    index: RowNumbers
    number_format: NumberFormat | None


def key_column(key: GroupingKey, cells: UsedCells, warned: Counter[str]) -> DictionaryColumn:
    """The label that is derived for each used row; a cell that can have none is a DataError.

    Times with a zone, which are truncated in UTC, are counted in `warned`.
    """
    column = cells.data.column(key.column)
    if isinstance(key.derivation, Truncation):
        return _truncated(key, key.derivation, column, cells, warned)
    if isinstance(key.derivation, Edges):
        return _intervals(key, key.derivation, column, cells)
    return _numbers(key, column, cells)


def _intervals(key: GroupingKey, edges: Edges, column: pa.Array, cells: UsedCells) -> DictionaryColumn:
    """Each number as the interval that it is in; NaN is in none."""
    found = _found(key, column, cells)
    values = taken(found.values, cells.index)
    codes = np.searchsorted(np.array(edges.values), values, side="right")
    codes[np.isnan(values)] = len(edges.values) + 1
    if found.missing is not None:
        codes[taken(found.missing, cells.index)] = -1
    return DictionaryColumn(codes, (*edges.labels, NAN), None, key.name)


def _numbers(key: GroupingKey, column: pa.Array, cells: UsedCells) -> DictionaryColumn:
    """The numbers themselves, of which the edges are found."""
    found = _found(key, column, cells)
    missing = None if found.missing is None else taken(found.missing, cells.index)
    return DictionaryColumn(taken(found.values, cells.index), None, missing, key.name)


def _found(key: GroupingKey, column: pa.Array, cells: UsedCells) -> Numbers:
    return numbers(column, key.column, cells.location, parse_text=cells.number_format is not None,
                   number_format=cells.number_format or NO_NULLS)  # fmt: skip


def _truncated(
    key: GroupingKey, how: Truncation, column: pa.Array, cells: UsedCells, warned: Counter[str]
) -> DictionaryColumn:  # fmt: skip
    """Each date or time as the unit of time that it is in."""
    kind = column.type.value_type if hasattr(column.type, "value_type") else column.type
    if is_instant(kind):
        hours, missing = hours_of(column)
        hours, missing = taken(hours, cells.index), None if missing is None else taken(missing, cells.index)
        zoned = np.full(len(hours), getattr(kind, "tz", None) is not None)
    else:
        hours, missing, zoned = _written(key, column, cells)
    outside = (hours < FIRST_HOUR) | (hours > LAST_HOUR)
    if outside.any():
        raise _no_date(key, column, cells, int(np.argmax(outside)))
    codes, found = first_seen(periods(hours, how.unit))
    if missing is not None:
        codes, zoned = np.where(missing, -1, codes), zoned & ~missing
    if zoned.any():
        message = f"'{key.name}': times with a zone or an offset are truncated in UTC"
        warned[message] += int(np.count_nonzero(zoned))
    return DictionaryColumn(codes, tuple(period_name(number, how.unit) for number in found), None, key.name)


def _written(key: GroupingKey, column: pa.Array, cells: UsedCells) -> tuple[Hours, Mask | None, Mask]:
    """The hour of each used text, which of them are missing, and which have an offset."""
    check_texts(column, key.column, cells.location)
    hours, known = plain_hours(column)
    missing, zoned, bad = (np.zeros(len(column), np.bool_) for _ in range(3))
    if not known.all():
        others = np.flatnonzero(~known)
        some = column if len(others) == len(column) else column.take(from_numpy(others))
        found = texts(some, key.column, cells.location)
        nulls = cells.number_format or NO_NULLS
        is_null = [nulls.is_null(text) for text in found.names]
        each = [None if gone else written_hour(text) for text, gone in zip(found.names, is_null, strict=True)]
        hours[others] = np.array([*(0 if one is None else one[0] for one in each), 0], np.int64)[found.codes]
        zoned[others] = np.array([*(one is not None and one[1] for one in each), False])[found.codes]
        missing[others] = np.array([*is_null, True])[found.codes]
        bad[others] = np.array([*(one is None for one in each), False])[found.codes] & ~missing[others]
    hours, missing, zoned, bad = (taken(one, cells.index) for one in (hours, missing, zoned, bad))
    if bad.any():
        raise _no_date(key, column, cells, int(np.argmax(bad)))
    return hours, missing if missing.any() else None, zoned


def _no_date(key: GroupingKey, column: pa.Array, cells: UsedCells, place: int) -> DataError:
    """The error about the used row at this place."""
    row = int(cells.index[place])
    text = str(column[row].as_py())
    return cells.location.error(
        row, key.column, f"column '{key.column}' holds no date or time here, and {key.option} '{key.name}' needs one",
        text, missing_hint(text, cells.number_format.nulls if cells.number_format else ()) or no_date_hint(text),
        code="DATA_WRONG_TYPE",
    )  # fmt: skip
