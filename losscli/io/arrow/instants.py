"""Dates and times as whole hours since 1970, and the years, months, ISO weeks, days and hours that these are in."""

from __future__ import annotations

import datetime
from typing import Literal, TypeAlias, get_args

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from losscli.io.arrow.buffers import Mask, indices, missing_cells, plain_cells
from losscli.io.arrow.build import from_numpy
from losscli.io.arrow.canonical import canonical_label
from losscli.lazy import pattern

Unit = Literal["year", "month", "week", "day", "hour"]
UNITS: tuple[Unit, ...] = get_args(Unit)
Hours: TypeAlias = NDArray[np.int64]

_EPOCH = datetime.date(1970, 1, 1).toordinal()
FIRST_HOUR = 24 * (datetime.date.min.toordinal() - _EPOCH)
LAST_HOUR = 24 * (datetime.date.max.toordinal() - _EPOCH) + 23
"""The hours that have a date with a year of four digits."""

_CANONICAL = pattern(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?: ([0-9]{2}):[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(\+00:00)?)?")
_OTHER_ORDER = pattern(r"\s*[0-9]{1,2}([./-])[0-9]{1,2}\1(?:[0-9]{4}|[0-9]{2})\b.*")
_PER_HOUR = {"s": 3600, "ms": 3_600_000, "us": 3_600_000_000, "ns": 3_600_000_000_000}
_DATE = len("2024-01-31")
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


def no_date_hint(text: str) -> str:
    """The hint for a text that is not a date: how dates are written, and why this one is not guessed."""
    said = "dates are written as 2024-01-31, times as 2024-01-31 13:45 (ISO 8601)"
    if _OTHER_ORDER.fullmatch(text) is None:
        return said
    return f"{said}; whether the day or the month comes first is never guessed, so write the year first"


def plain_hours(column: pa.Array) -> tuple[Hours, Mask]:
    """The hour of each text that is written as 2024-01-31 or 2024-01-31 13:45:00 (or with T), and which texts are so.

    Nearly all dates are, and many of them at once take a fraction of the time that `written_hour` takes for each.
    """
    if pa.types.is_dictionary(column.type):
        codes = indices(column)
        used, places = np.unique(codes, return_inverse=True)  # a batch may use few entries of a long file's dictionary
        hours, known = plain_hours(column.dictionary.take(from_numpy(used, used >= 0)))
        return hours[places], known[places]
    count = len(column)
    hours, known = np.zeros(count, np.int64), np.zeros(count, np.bool_)
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)) or not count:
        return hours, known
    _, offsets, buffer = column.buffers()
    cell = np.dtype(np.int64 if pa.types.is_large_string(column.type) else np.int32)
    ends = np.frombuffer(offsets, cell, count + 1, column.offset * cell.itemsize)
    data = np.frombuffer(buffer or b"", np.uint8)
    missing = missing_cells(column)
    for length in (_DATE, len("2024-01-31 13:45:00")):
        rows = np.flatnonzero((np.diff(ends) == length) & (True if missing is None else ~missing))
        if len(rows):
            hours[rows], known[rows] = _plain(data[ends[rows, None] + np.arange(length)])
    return hours, known


def _plain(texts: NDArray[np.uint8]) -> tuple[Hours, Mask]:
    """The hours of texts as rows of bytes, and which of them are dates, or dates with a time."""
    timed = texts.shape[1] > _DATE
    digits = texts.astype(np.int64) - ord("0")
    marks = {4: b"-", 7: b"-", **({10: b" T", 13: b":", 16: b":"} if timed else {})}
    valid = np.ones(len(texts), np.bool_)
    for place in range(texts.shape[1]):
        if place in marks:
            valid &= np.isin(texts[:, place], np.frombuffer(marks[place], np.uint8))
        else:
            valid &= (digits[:, place] >= 0) & (digits[:, place] <= 9)
    year = digits[:, :4] @ np.array([1000, 100, 10, 1])
    month, day, *time = (10 * digits[:, at] + digits[:, at + 1] for at in ((5, 8, 11, 14, 17) if timed else (5, 8)))
    valid &= (year > 0) & (month > 0) & (month <= 12) & (day > 0)
    months = np.where(valid, 12 * (year - 1970) + month - 1, 0)
    first, following = (
        each.view("datetime64[M]").astype("datetime64[D]").view(np.int64) for each in (months, months + 1)
    )
    valid &= first + day <= following
    for part, end in zip(time, (24, 60, 60), strict=False):
        valid &= part < end
    hours = 24 * (first + day - 1) + (time[0] if timed else 0)
    return np.where(valid, hours, 0), valid


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
