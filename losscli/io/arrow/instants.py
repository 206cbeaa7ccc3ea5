"""Dates and times as whole hours since 1970, and the years, months, ISO weeks, days and hours that these are in."""

from __future__ import annotations

import datetime
import re
from typing import Literal, TypeAlias, get_args

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from losscli.io.arrow.buffers import Mask, indices, missing_cells, plain_cells
from losscli.io.arrow.canonical import canonical_label

Unit = Literal["year", "month", "week", "day", "hour"]
UNITS: tuple[Unit, ...] = get_args(Unit)
Hours: TypeAlias = NDArray[np.int64]

_EPOCH = datetime.date(1970, 1, 1).toordinal()
FIRST_HOUR = 24 * (datetime.date.min.toordinal() - _EPOCH)
LAST_HOUR = 24 * (datetime.date.max.toordinal() - _EPOCH) + 23
"""The hours that have a date with a year of four digits."""

_CANONICAL = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?: ([0-9]{2}):[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(\+00:00)?)?")
_PER_HOUR = {"s": 3600, "ms": 3_600_000, "us": 3_600_000_000, "ns": 3_600_000_000_000}
_MONDAY = 3  # days from the Monday of the week of 1970 to its first day


def hours_of(column: pa.Array) -> tuple[Hours, Mask | None]:
    """The hour of each cell of a column of dates or times, in UTC where it has a zone; and which cells are null."""
    if pa.types.is_dictionary(column.type):
        places = indices(column)
        hours, missing = hours_of(column.dictionary)
        gaps = np.append(np.zeros(len(hours), np.bool_) if missing is None else missing, True)[places]
        return np.append(hours, 0)[places], gaps if gaps.any() else None
    missing = missing_cells(column)
    if pa.types.is_date32(column.type):
        hours = plain_cells(column.view(pa.int32())).astype(np.int64) * 24
    else:
        unit = "ms" if pa.types.is_date64(column.type) else column.type.unit
        hours = plain_cells(column.view(pa.int64())) // _PER_HOUR[unit]
    return (hours if missing is None else np.where(missing, 0, hours)), missing


def written_hour(text: str) -> tuple[int, bool] | None:
    """The hour of a written date or time, and whether it has an offset; None if it is neither."""
    found = _CANONICAL.fullmatch(canonical_label(text))
    if found is None:
        return None
    try:
        moment = datetime.datetime.fromisoformat(found[0][:19])
    except ValueError:  # the 30th of February
        return None
    return 24 * (moment.toordinal() - _EPOCH) + moment.hour, found[3] is not None


def periods(hours: Hours, unit: Unit) -> NDArray[np.int64]:
    """The number of the unit that each hour is in, counted from 1970."""
    if unit == "hour":
        return hours
    days = hours // 24
    if unit == "day":
        return days
    if unit == "week":
        return (days + _MONDAY) // 7
    return days.view("datetime64[D]").astype(f"datetime64[{'M' if unit == 'month' else 'Y'}]").view(np.int64)


def period_name(number: int, unit: Unit) -> str:
    """The name of a year, month, ISO week, day or hour: 2024, 2024-03, 2024-W09, 2024-03-05, 2024-03-05T13."""
    if unit == "year":
        return f"{1970 + number:04d}"
    if unit == "month":
        return f"{1970 + number // 12:04d}-{number % 12 + 1:02d}"
    if unit == "hour":
        return f"{_date(number // 24)}T{number % 24:02d}"
    if unit == "day":
        return str(_date(number))
    year, week, _ = _date(7 * number - _MONDAY).isocalendar()
    return f"{year:04d}-W{week:02d}"


def _date(days: int) -> datetime.date:
    return datetime.date.fromordinal(_EPOCH + days)
