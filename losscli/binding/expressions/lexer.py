"""Tokens of a filter, and the error that points into its text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NoReturn

from losscli.errors import UsageError

BARE = re.compile(r"[^\W\d][\w.]*")
_TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?![\w.]))
    |(?P<name>(?:in|IN)(?=\[)|[^\W\d][\w.]*(?:\[-?[0-9]+\][\w.]*)*)
    |(?P<quoted>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`)
    |(?P<sign>[=!<>]=|<(?!>)|>)
    |(?P<mark>[()\[\],+-])""",
    re.VERBOSE | re.DOTALL,
)
WORDS = {
    spelling: word
    for word in ("and", "or", "not", "in", "is", "null", "true", "false")
    for spelling in (word, word.upper())
}
WORDS |= {"True": "true", "False": "false"}
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", '"': '"', "'": "'", "`": "`"}
_WRITTEN = {"\n": "n", "\t": "t", "\r": "r", "\\": "\\"}
_FIXES = {
    "=": "write '==' for equal, '>=' and '<=' for bounds",
    "&": "write 'and'",
    "|": "write 'or'",
    "!": "write 'not', or '!=' for different",
    "<>": "write '!=' for different",
    "≠": "write '!='",
    "≤": "write '<='",
    "≥": "write '>='",
    "“": "write plain quotes",
    "”": "write plain quotes",
    "‘": "write plain quotes",
    "’": "write plain quotes",
}


def enclosed(text: str, quote: str) -> str:
    """The text in quotes, escaped as in a filter."""
    inner = "".join(f"\\{_WRITTEN.get(char, char)}" if char in _WRITTEN or char == quote else char for char in text)
    return f"{quote}{inner}{quote}"


@dataclass(frozen=True)
class Token:
    """A token of a filter, and its position."""

    kind: str  # number, name, quoted, sign, mark, word, end
    text: str
    start: int


def fail(text: str, start: int, what: str, hint: str | None = None) -> NoReturn:
    """Raise the error about this position, with the text around it and a caret."""
    first = max(0, start - 40)
    near = "".join(char if char.isprintable() else "?" for char in text[first : start + 30])
    raise UsageError(
        f"invalid filter at position {start + 1}: {what}\n  {near}\n  {' ' * (start - first)}^",
        hint=hint,
        code="USAGE_BAD_FILTER",
    )


def tokens(text: str) -> list[Token]:
    """The tokens of a filter without white space, followed by an end token."""
    found: list[Token] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            _refuse_character(text, position)
        kind, position = str(match.lastgroup), match.end()
        if kind == "name":
            kind = WORDS.get(match[0], "name")
        elif kind == "mark":
            kind = match[0]
        if kind != "space":
            found.append(Token(kind, match[0], match.start()))
    return [*found, Token("end", "", len(text))]


def _refuse_character(text: str, position: int) -> NoReturn:
    char = text[position]
    if char in "\"'`":
        fail(text, position, f"unclosed quote {char}", "write a backslash before a quote inside text")
    if char in ".0123456789":
        fail(text, position, "this is not a number", "put a column name that begins with a digit in backticks")
    hint = _FIXES.get(text[position : position + 2]) or _FIXES.get(char)
    fail(text, position, f"unexpected '{char}'", hint or "put a column name with such characters in backticks")
