"""Numbers and class labels as text, each in one canonical form, and numbers read from text."""

from __future__ import annotations

import math
import re

_INTEGRAL = re.compile(r"[+-]?\d+\.0*")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_NON_FINITE = re.compile(r"[+-]?(?:nan|inf|infinity)", re.IGNORECASE)


def canonical_label(text: str) -> str:
    """The canonical form of a class label: 1.0 becomes 1, True becomes true; everything else, 007 too, is unchanged."""
    if _INTEGRAL.fullmatch(text):
        return str(int(text.partition(".")[0]))
    return text.lower() if text in ("True", "False", "TRUE", "FALSE") else text


def canonical_number(value: float) -> str:
    """The shortest text that reads back as the same number; integral values have no fraction (1.0 becomes 1)."""
    return str(int(value)) if math.isfinite(value) and value == int(value) else str(value)


def parse_number(text: str, decimal: str = ".") -> float:
    """The number that `text` spells: ASCII digits, or a name of infinity or NaN.

    Raises ValueError if it is not a number, OverflowError if it is too large for a float64.
    """
    text = text.strip(" \t")
    if decimal != ".":
        text = "" if "." in text else text.replace(decimal, ".")
    if _NUMBER.fullmatch(text):
        value = float(text)
        if math.isinf(value):
            raise OverflowError(text)
        return value
    if _NON_FINITE.fullmatch(text):
        return float(text)
    raise ValueError(text)
