"""The order of times: what a label of the column of `--time` says about when its rows were."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Context, Decimal
from typing import NamedTuple

import numpy as np

from losscli.binding.encoded_labels import EncodedLabels
from losscli.errors import Location
from losscli.io.arrow.buffers import RowNumbers
from losscli.io.arrow.canonical import InexactNumberError, instant_label, parse_number, ungrouped
from losscli.io.arrow.numbers import NumberFormat
from losscli.lazy import pattern

_MONTH = pattern(r"[0-9]{4}-(?:0[1-9]|1[0-2])")
_PLAIN = 40  # digits of a number that is written without an exponent


class TimeKey(NamedTuple):
    """A time, which is compared with others of its kind: "number", "month", "instant" or "instant with a zone"."""

    kind: str
    order: Decimal | int | str


def time_key(label: str, decimal: str = ".", thousands: str | None = None) -> TimeKey | None:
    """When the rows of a label were; None where the label is neither a number nor an instant.

    Numbers are in the order of their exact values, whatever their unit; months, dates, and dates with a time (ISO 8601)
    in that of time. The canonical texts of instants are in this order already.
    """
    if _is_whole(label):
        return TimeKey("number", int(label))
    if _MONTH.fullmatch(label):
        return TimeKey("month", label)
    for zoned in (False, True):
        if (instant := instant_label(label, zoned)) is not None:
            return TimeKey("instant with a zone" if zoned else "instant", instant)
    text = label.strip(" \t")
    if thousands is not None:
        text = ungrouped(text, decimal, thousands)
    if not text[-1:].isdigit() and text[-1:] not in (".", decimal):  # names of infinity and NaN, booleans
        return None
    try:
        parse_number(text, decimal)
    except (InexactNumberError, OverflowError):  # nanoseconds need more digits than a float64 has
        pass
    except ValueError:
        return None
    return TimeKey("number", Decimal(text.replace(decimal, ".")))


def _is_whole(label: str) -> bool:
    """Whether a label is a few digits: most times are, and need no more looks."""
    return len(label) <= _PLAIN and label.isdigit() and label.isascii()


def time_label(label: str, decimal: str = ".", thousands: str | None = None) -> str | None:
    """The one label of all labels that are the same time; None where it is none."""
    if _is_whole(label) and not label.startswith("0"):
        return label
    key = time_key(label, decimal, thousands)
    if key is None or not isinstance(key.order, Decimal):
        return None if key is None else str(key.order)
    number = key.order.normalize(Context(prec=max(28, len(label))))
    if not number:
        return "0"
    return format(number, "f") if abs(number.adjusted()) < _PLAIN else str(number)


def timed(labels: EncodedLabels, index: RowNumbers, location: Location, number_format: NumberFormat) -> EncodedLabels:
    """The labels of times, each in its one form; one that is no time is a DataError.

    Parameters
    ----------
    labels
        The labels of the used rows, none of them missing.
    index
        The place of each of these rows in the batch.
    location
        The location of the batch.
    number_format
        How texts spell numbers.
    """
    names = [time_label(name, number_format.decimal, number_format.thousands) for name in labels.names]
    if None in names:
        bad = np.array([name is None for name in names])[labels.codes]
        if bad.any():
            row = int(np.argmax(bad))
            raise location.error(
                int(index[row]), labels.column, f"column '{labels.column}' is not a time",
                labels.names[labels.codes[row]],
                "--time reads numbers, and dates and times as in 2024-01-31 or 2024-01-31 13:45",
                code="DATA_WRONG_TYPE",
            )  # fmt: skip
    return EncodedLabels(labels.codes, tuple(name or "" for name in names), labels.column)


class MixedTimes(NamedTuple):
    """Two labels whose times cannot be compared."""

    one: str
    other: str


def in_order(labels: Iterable[str]) -> list[str] | MixedTimes:
    """The labels, which `time_label` made, in the order of time; two of different kinds where there are such."""
    keys = {label: key for label in labels if (key := time_key(label)) is not None}
    first: dict[str, str] = {}
    for label in sorted(keys):
        first.setdefault(keys[label].kind, label)
    if len(first) > 1:
        return MixedTimes(*list(first.values())[:2])
    return sorted(keys, key=lambda label: keys[label].order)
