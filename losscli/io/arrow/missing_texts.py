"""Spellings of missing values that are not read as missing unasked: the hint that names the option."""

from __future__ import annotations

import shlex
from collections.abc import Collection

from losscli.io.arrow.numbers import NULL_TEXTS

# In lower case. NaN is not among them: it is a number that is read.
_MARKS = ("-", "--", "---", "–", "—", "−", ".", "..", "...", "…", "?", "*")
_WORDS = ("na", "n/a", "n.a", "n.a.", "nat", "null", "none", "nil", "missing", "#n/a", "#na", "#null!", "\\n", "\\\\n")
_SPELLINGS = frozenset((*_MARKS, *_WORDS, *(f"{a}{word}{b}" for a, b in ("<>", "()", "[]") for word in _WORDS)))
_USUAL = ("", "NA", "N/A", "null", "NULL", "None", "<NA>")


def missing_hint(text: str, nulls: Collection[str]) -> str | None:
    """How to read a cell as missing, if it looks like a spelling of that; `nulls` are the texts that are so read."""
    text = text.strip()
    if text.lower() not in _SPELLINGS or not nulls:
        return None
    known = [usual for usual in _USUAL if usual in nulls] + sorted(set(nulls) - NULL_TEXTS)
    return (
        f"if '{text}' is a missing value: --null-values {shlex.quote(','.join([*known, text]))}, and see --missing drop"
    )
