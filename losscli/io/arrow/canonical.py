"""Numbers, instants and class labels as text, each in one canonical form, and numbers read from text."""

from __future__ import annotations

import math
import re
from datetime import datetime, timedelta
from functools import lru_cache

from losscli.lazy import pattern

_INTEGRAL = pattern(r"([+-]?)([0-9]+)\.0*")
# Arrow's CSV reader accepts exactly these; Python's float() would also take 1_000 and digits of other scripts.
_NUMBER = pattern(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_WHOLE = pattern(r"[+-]?0*([0-9]*)")
_INSTANT = pattern(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[ T]([0-9]{2}:[0-9]{2})(:[0-9]{2})?(?:\.([0-9]+))?"
    r"(?:(Z)|([+-])([0-9]{2}):?([0-9]{2})?)?"
)
_CANONICAL_INSTANT = pattern(r"([0-9]{4}-[0-9]{2}-[0-9]{2}(?: [0-9]{2}:[0-9]{2}:[0-9]{2})?)(?:\.[0-9]+)?(\+00:00)?")
_NON_FINITE = pattern(r"([+-]?(?:nan|inf|infinity))(?:(?<=nan)\([A-Za-z0-9_]*\))?", re.IGNORECASE)

SPACES = " \u00a0\u2009\u202f"
"""Spaces that may separate thousands: that of the keyboard, no-break, thin, and narrow no-break."""

# Lines of which `canonical_label` may change some.
_MAY_CHANGE = pattern(r"^(?:[+-]?[0-9]+\.0*|-0|true|false|.{4}-..-.*)$", re.MULTILINE | re.IGNORECASE)
_SHORTEST_TIME = len("2024-01-31 13:45")

BOOLEANS = {"true": 1.0, "True": 1.0, "TRUE": 1.0, "false": 0.0, "False": 0.0, "FALSE": 0.0}
"""The numbers that booleans stand for where a number is read, in the spellings of JSON, Python and R."""


class InexactNumberError(ValueError):
    """A whole number that no float64 equals."""


def canonical_label(text: str) -> str:
    """The canonical form of a label, which slices, keys, filters and classes share.

    1.0 becomes 1, -0 becomes 0, True becomes true, and dates with a time are as `canonical_instant` says; everything
    else, 007 too, is unchanged.
    """
    if len(text) >= _SHORTEST_TIME and text[4] == text[7] == "-":
        return canonical_instant(text)
    if found := _INTEGRAL.fullmatch(text):
        digits = found[2].lstrip("0")  # not int(), which refuses thousands of digits
        return ("-" if found[1] == "-" else "") + digits if digits else "0"
    if text == "-0":
        return "0"
    return text.lower() if text in ("True", "False", "TRUE", "FALSE") else text


def canonical_labels(texts: list[str]) -> list[str]:
    """`canonical_label` of each text. Mostly none changes, which one search tells."""
    lines = "\n".join(texts)
    if lines.count("\n") == len(texts) - 1 and not _MAY_CHANGE.search(lines):
        return texts
    return [*map(canonical_label, texts)]


def canonical_instant(text: str) -> str:
    """The one text of a date with a time in ISO 8601; any other text is unchanged.

    2024-01-31T13:45 becomes 2024-01-31 13:45:00, midnight the date alone, and a fraction has no zeros at its end. With
    an offset it is a time in UTC, which always has its time and ends in +00:00. So the order of the texts is that of
    the instants.
    """
    found = _INSTANT.fullmatch(text)
    if found is None or (found[4] and not found[3]):
        return text
    try:
        moment = datetime.fromisoformat(f"{found[1]} {found[2]}{found[3] or ':00'}")
        if found[6]:
            offset = timedelta(hours=int(found[7]), minutes=int(found[8] or 0))
            moment = moment - offset if found[6] == "+" else moment + offset
    except (ValueError, OverflowError):  # the 30th of February, or before the year 1
        return text
    return spelled_instant(str(moment), (found[4] or "").rstrip("0"), bool(found[5] or found[6]))


def instant_label(text: str, zoned: bool) -> str | None:
    """The label of a written date or time in a column of times with or without a zone; None if it can have none.

    In a column with a zone, a text without an offset is a time in UTC.
    """
    label = canonical_label(text)
    found = _CANONICAL_INSTANT.fullmatch(label)
    if found is None or (found[2] and not zoned):
        return None
    try:
        datetime.fromisoformat(found[1])
    except ValueError:
        return None
    if found[2] or not zoned:
        return label
    return f"{label}{' 00:00:00' if label == label[:10] else ''}+00:00"


def spelled_instant(seconds: str, fraction: str, zoned: bool) -> str:
    """The canonical text of 2024-01-31 13:45:00, the digits after the second, and whether it is a time in UTC."""
    if not fraction and not zoned and seconds.endswith(" 00:00:00"):
        return seconds.removesuffix(" 00:00:00")
    return seconds + (f".{fraction}" if fraction else "") + ("+00:00" if zoned else "")


def canonical_number(value: float) -> str:
    """The shortest text that reads back as the same number; integral values have no fraction (1.0 becomes 1)."""
    return str(int(value)) if math.isfinite(value) and value == int(value) else str(value)


def parse_number(text: str, decimal: str = ".", thousands: str | None = None) -> float:
    """The number that `text` spells: ASCII digits, a boolean, or a name of infinity or NaN.

    `thousands` may separate groups of three digits of it.

    Raises ValueError if it is not a number, InexactNumberError if it is a whole number that a float64 cannot hold, and
    OverflowError if it is too large for a float64.
    """
    text = text.strip(" \t")
    if thousands is not None:
        text = ungrouped(text, decimal, thousands)
    if decimal != ".":
        text = "" if "." in text else text.replace(decimal, ".")
    if _NUMBER.fullmatch(text):
        value = float(text)
        if math.isinf(value):
            raise OverflowError(text)
        if len(text) > 15 and (whole := _WHOLE.fullmatch(text)) and int(whole[1] or 0) != abs(int(value)):
            raise InexactNumberError(text)
        return value
    if found := _NON_FINITE.fullmatch(text):
        return float(found[1])
    if text in BOOLEANS:
        return BOOLEANS[text]
    raise ValueError(text)


def ungrouped(text: str, decimal: str, thousands: str) -> str:
    """The number without thousands separators; a text in which these are not between groups of three is unchanged."""
    if not grouped_numbers(decimal, thousands).fullmatch(text):
        return text
    return re.sub(separators(thousands), "", text)


@lru_cache(maxsize=8)
def grouped_numbers(decimal: str, thousands: str) -> re.Pattern[str]:
    """Numbers whose whole part is in groups of three digits; 0,123 is none. Arrow's expressions (RE2) mean the same."""
    point = re.escape(decimal)
    return re.compile(
        rf"[+-]?[1-9][0-9]{{0,2}}(?:{separators(thousands)}[0-9]{{3}})+(?:{point}[0-9]*)?(?:[eE][+-]?[0-9]+)?"
    )


def separators(thousands: str) -> str:
    """A regular expression for a thousands separator; a space is any of the spaces that do not break a line, too."""
    return f"[{SPACES}]" if thousands in SPACES else re.escape(thousands)


def exact_float(whole: int) -> float:
    """The float64 that equals a whole number.

    Raises InexactNumberError if there is none, and OverflowError if the number is too large.
    """
    value = float(whole)
    if int(value) != whole:
        raise InexactNumberError(str(whole))
    return value
