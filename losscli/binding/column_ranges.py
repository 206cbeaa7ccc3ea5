"""Ranges of columns by their numbers: `F1..F13` is F1, F2, … F13."""

from __future__ import annotations

import re

from losscli.errors import UsageError
from losscli.lazy import pattern

MOST = 100_000
"""More columns than this are no range."""

_RANGE = pattern(r"(.*?)([0-9]+)([^0-9]*)\.\.\1([0-9]+)\3", re.DOTALL)


def range_names(text: str) -> list[str] | None:
    """The names of a range in the order of their numbers, with as many digits as the first; None if it is none."""
    found = _RANGE.fullmatch(text) if ".." in text else None
    if found is None:
        return None
    before, first, after, last = found.groups()
    if len(first) > 18 or len(last) > 18 or not 0 <= int(last) - int(first) < MOST:
        raise UsageError(f"'{text}' is no range of columns", value=text, code="USAGE_COLUMNS",
                         hint=f"FIRST..LAST are at most {MOST:,} columns, by number, in rising order")  # fmt: skip
    width = len(first) if first.startswith("0") else 0
    return [f"{before}{number:0{width}d}{after}" for number in range(int(first), int(last) + 1)]


def prefixed_range(text: str, prefix: str) -> str:
    """A name, or a range, where each name begins with `prefix`."""
    if range_names(text) is None:
        return prefix + text
    first, last = text[: (cut := _middle(text))], text[cut + 2 :]
    return f"{prefix}{first}..{prefix}{last}"


def _middle(text: str) -> int:
    found = _RANGE.fullmatch(text)
    assert found is not None
    return found.end(3)
