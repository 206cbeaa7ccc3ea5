"""Escaping of text in CSV files, so that a spreadsheet does not run it as a formula."""

from __future__ import annotations

from losscli.lazy import pattern

# Spreadsheets run a cell that starts with one of these.
_FORMULA = pattern("[=+\\-@\t\r\n\0\uff1d\uff0b\uff0d\uff20]")
_NUMBER = pattern(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


def guarded(text: str) -> str:
    """Text with a leading quote if a spreadsheet would run it as a formula; a plain number is unchanged."""
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def unguarded(text: str) -> str:
    """The text without the quote that `guarded` has added."""
    return text[1:] if text.startswith("'") and guarded(text[1:]) == text else text
