"""Which options read numbers that are spelled with a decimal comma, or with thousands separators.

1,000 alone is a thousand: it is a decimal comma only where another number of its column can have no other meaning. So
no hint leads to a number that is a thousandth of the right one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from losscli.io.arrow.canonical import SPACES, InexactNumberError, parse_number
from losscli.lazy import pattern

# The decimal mark and the thousands separator, in the order in which they are tried.
_SPELLINGS: tuple[tuple[str, str | None], ...] = (
    (".", ","), (",", None), (",", "."), (".", "'"), (",", "'"), (".", "’"), (",", "’"), (".", " "), (",", " "),
    (".", "_"), (",", "_"),
)  # fmt: skip
PERCENT_HINT = "write percentages as fractions: 0.12, not 12%"
_NUMERIC = pattern(rf"[+-]?[0-9][0-9.,'’_{SPACES}]*(?:[eE][+-]?[0-9]+)?")


def number_options(texts: Iterable[str], decimal: str = ".", thousands: str | None = None) -> str | None:
    """The options that read those texts which look like numbers; None if they are read already, or nothing does."""
    found = [text for text in texts if _NUMERIC.fullmatch(text)]
    numeric = [text for text in found if any(_is_read(text, *spelling) for spelling in ((".", None), *_SPELLINGS))]
    if all(_is_read(text, decimal, thousands) for text in numeric):
        return None
    for mark, separator in _SPELLINGS if decimal == "." else [(decimal, mark) for mark in ".'’ _"]:
        if all(_is_read(text, mark, separator) for text in numeric):
            point = [f"--decimal {_quoted(mark)}"] if mark != decimal else []
            return " ".join([*point, *([f"--thousands {_quoted(separator)}"] if separator else [])]) or None
    return None


def spelling_hint(text: str, column: Iterable[str], decimal: str, thousands: str | None) -> str | None:
    """What to do about a text that is no number as numbers are spelled here; `column` are all such texts of a column.

    None if the text has no marks between digits.
    """
    if not _NUMERIC.fullmatch(text) or text.isdigit():
        return None
    options = number_options([text, *column], decimal, thousands) or number_options([text], decimal, thousands)
    if thousands is not None and thousands in text:
        groups = f"'{thousands}' separates groups of three digits here"
        return groups + (f"; for a decimal comma use {options}" if options == "--decimal ','" else "")
    if options == "--decimal ','":
        return f"for a decimal comma use {options}"
    if options is not None:
        return f"for numbers such as {text} use {options}"
    if decimal != "." and "." in text:
        return f"the decimal mark is '{decimal}' here"
    if re.fullmatch(r"[+-]?[0-9]{1,3}([,'’ _][0-9]{2,3})+(\.[0-9]*)?", text):
        return "write numbers without thousands separators: --thousands reads groups of three digits"
    return None


def _is_read(text: str, decimal: str, thousands: str | None) -> bool:
    try:
        parse_number(text, decimal, thousands)
    except (OverflowError, InexactNumberError):
        return True
    except ValueError:
        return False
    return True


def _quoted(mark: str) -> str:
    return '"\'"' if mark == "'" else f"'{mark}'"
