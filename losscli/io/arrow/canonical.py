"""Numbers and class labels as text, each in one canonical form, and numbers read from text."""

from __future__ import annotations

import math
import re

_INTEGRAL = re.compile(r"([+-]?)([0-9]+)\.0*")
# Arrow's CSV reader accepts exactly these; Python's float() would also take 1_000 and digits of other scripts.
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_WHOLE = re.compile(r"[+-]?0*([0-9]*)")
_NON_FINITE = re.compile(r"([+-]?(?:nan|inf|infinity))(?:(?<=nan)\([A-Za-z0-9_]*\))?", re.IGNORECASE)

BOOLEANS = {"true": 1.0, "True": 1.0, "TRUE": 1.0, "false": 0.0, "False": 0.0, "FALSE": 0.0}
"""The numbers that booleans stand for where a number is read, in the spellings of JSON, Python and R."""


class InexactNumberError(ValueError):
    """A whole number that no float64 equals."""


def canonical_label(text: str) -> str:
    """The canonical form of a label, which slices, keys, filters and classes share.

    1.0 becomes 1, -0 becomes 0, True becomes true; everything else, 007 too, is unchanged.
    """
    if found := _INTEGRAL.fullmatch(text):
        digits = found[2].lstrip("0")  # not int(), which refuses thousands of digits
        return ("-" if found[1] == "-" else "") + digits if digits else "0"
    if text == "-0":
        return "0"
    return text.lower() if text in ("True", "False", "TRUE", "FALSE") else text


def canonical_number(value: float) -> str:
    """The shortest text that reads back as the same number; integral values have no fraction (1.0 becomes 1)."""
    return str(int(value)) if math.isfinite(value) and value == int(value) else str(value)


def parse_number(text: str, decimal: str = ".") -> float:
    """The number that `text` spells: ASCII digits, a boolean, or a name of infinity or NaN.

    Raises ValueError if it is not a number, InexactNumberError if it is a whole number that a float64 cannot hold, and
    OverflowError if it is too large for a float64.
    """
    text = text.strip(" \t")
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


def exact_float(whole: int) -> float:
    """The float64 that equals a whole number.

    Raises InexactNumberError if there is none, and OverflowError if the number is too large.
    """
    value = float(whole)
    if int(value) != whole:
        raise InexactNumberError(str(whole))
    return value
