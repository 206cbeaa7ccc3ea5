"""What counts as a number in text: decimal digits in ASCII, and the names of infinity and NaN."""

from __future__ import annotations

import math
import re

NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
UNBOUNDED = re.compile(r"[+-]?(?:nan|inf|infinity)", re.IGNORECASE)


def parse_number(text: str, decimal: str = ".") -> float:
    """The number that `text` writes; ValueError if it is none, OverflowError if it is too large for a float64."""
    text = text.strip(" \t")
    if decimal != ".":
        text = "" if "." in text else text.replace(decimal, ".")
    if NUMBER.fullmatch(text):
        value = float(text)
        if math.isinf(value):
            raise OverflowError(text)
        return value
    if UNBOUNDED.fullmatch(text):
        return float(text)
    raise ValueError(text)


def canonical(value: float) -> str:
    """A number as text: integral ones are written as integers, so 1.0 and 1 are the same label."""
    return str(int(value)) if math.isfinite(value) and value == int(value) else repr(value)
