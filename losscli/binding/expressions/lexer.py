"""Tokens of an expression, and the error that points into its text."""

from __future__ import annotations

import re
from typing import NoReturn

from losscli.errors import Code, UsageError
from losscli.lazy import dataclass, pattern

BARE = pattern(r"[^\W\d][\w.]*")
_TOKEN = pattern(
    r"""(?P<space>\s+)
    |(?P<date>[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])(?![0-9.]))
    |(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?![\w.]))
    |(?P<name>(?:in|IN)(?=\[)|[^\W\d][\w.]*(?:\[-?[0-9]+\][\w.]*)*)
    |(?P<quoted>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`)
    |(?P<sign>[=!<>]=|<(?!>)|>)
    |(?P<mark>\*\*|[()\[\],+*/-])""",
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
    "×": "write '*'",
    "÷": "write '/'",
    "−": "write '-'",
    "^": "write '**' for a power",
    "%": "write '/ 100' for a percentage",
    "“": "write plain quotes",
    "”": "write plain quotes",
    "‘": "write plain quotes",
    "’": "write plain quotes",
}


def enclosed(text: str, quote: str) -> str:
    """The text in quotes, escaped as in an expression."""
    inner = "".join(f"\\{_WRITTEN.get(char, char)}" if char in _WRITTEN or char == quote else char for char in text)
    return f"{quote}{inner}{quote}"


@dataclass(frozen=True)
class Token:
    """A token of an expression, and its position."""

    kind: str  # number, name, quoted, sign, mark, word, end
    text: str
    start: int


@dataclass(frozen=True)
class Written:
    """An expression as it was written: its text, where it begins in it, and what it is called in messages."""

    text: str
    start: int = 0
    what: str = "filter"
    code: Code = "USAGE_BAD_FILTER"

    def fail(self, start: int, what: str, hint: str | None = None) -> NoReturn:
        """Raise the error about this position, with the text around it and a caret."""
        first = max(0, start - 40)
        near = "".join(char if char.isprintable() else "?" for char in self.text[first : start + 30])
        raise UsageError(
            f"invalid {self.what} at position {start + 1}: {what}\n  {near}\n  {' ' * (start - first)}^",
            hint=hint,
            code=self.code,
        )

    def tokens(self) -> list[Token]:
        """The tokens without white space, followed by an end token."""
        found: list[Token] = []
        position = self.start
        while position < len(self.text):
            match = _TOKEN.match(self.text, position)
            if match is None:
                self._refuse_character(position)
            kind, position = str(match.lastgroup), match.end()
            if kind == "date":  # as a difference it would be a number, which no date is equal to or above
                hint = f"write it in quotes: '{match[0]}'; a difference has spaces around '-'"
                self.fail(match.start(), "a date is a text", hint)
            if kind == "name":
                kind = WORDS.get(match[0], "name")
            elif kind == "mark":
                kind = match[0]
            if kind != "space":
                found.append(Token(kind, match[0], match.start()))
        return [*found, Token("end", "", len(self.text))]

    def _refuse_character(self, position: int) -> NoReturn:
        char = self.text[position]
        if char in "\"'`":
            self.fail(position, f"unclosed quote {char}", "write a backslash before a quote inside text")
        if char in ".0123456789":
            self.fail(position, "this is not a number", "put a column name that begins with a digit in backticks")
        hint = _FIXES.get(self.text[position : position + 2]) or _FIXES.get(char)
        self.fail(position, f"unexpected '{char}'", hint or "put a column name with such characters in backticks")
