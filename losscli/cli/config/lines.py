"""The positions of keys and values in a TOML text, which tomllib does not tell.

tomllib has parsed the text before, so this scanner takes it for valid TOML and checks nothing.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right

from losscli.lazy import dataclass, pattern

KeyPath = tuple[str | int, ...]
"""The path to a value from the top: keys, and indices (from 0) in arrays."""

DEPTH = 9  # of the paths that are kept: losscli reads nothing that is nested deeper

_BLANK = pattern(r"(?:[ \t\r\n]++|#[^\n]*+)*+")
_SPACE = pattern(r"[ \t]*+")
_BARE = pattern(r"[A-Za-z0-9_-]++")
_BASIC = pattern(r'"(?:[^"\\\n]++|\\.)*+"')
_LITERAL = pattern(r"'[^'\n]*+'")
# The text may end in up to two quotes, before the three that close it.
_LONG_BASIC = pattern(r'"""(?:[^"\\]++|\\.|"{1,2}(?!"))*+"{3,5}', re.DOTALL)
_LONG_LITERAL = pattern(r"'''(?:[^']++|'{1,2}(?!'))*+'{3,5}", re.DOTALL)
_SCALAR = pattern(r"[^,\]}#\n]++")


@dataclass(frozen=True)
class TextPosition:
    """A line and a column, both counted from 1 as in editors."""

    line: int
    column: int


class KeyPositions:
    """The start of every key, table and array item; of a table that is defined in several places, the first one."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.offsets: dict[KeyPath, int] = {}
        self._at = 0
        self._tables: dict[KeyPath, int] = {}  # arrays of tables: the number of items so far
        self._breaks = [match.start() for match in re.finditer("\n", text)]
        self._read()

    def position(self, path: KeyPath) -> TextPosition:
        """The position of `path`, or of its nearest parent that has one."""
        while path and path not in self.offsets:
            path = path[:-1]
        return self.position_of_offset(self.offsets.get(path, 0))

    def position_of_offset(self, offset: int) -> TextPosition:
        """Line and character, both from 1, of an offset in the text."""
        before = bisect_right(self._breaks, offset)
        return TextPosition(before + 1, offset - (self._breaks[before - 1] if before else -1))

    def _read(self) -> None:
        table: KeyPath = ()
        self._skip_blank()
        while self._at < len(self.text):
            if self.text[self._at] == "[":
                table = self._header()
            else:
                self._pair(table)
            self._skip_blank()

    def _header(self) -> KeyPath:
        """Read `[a.b]` or `[[a.b]]`: the table of the lines below it."""
        is_array = self.text.startswith("[[", self._at)
        self._at += 2 if is_array else 1
        keys = self._keys()
        self._at = self.text.index("]", self._at) + (2 if is_array else 1)
        table: KeyPath = ()
        for number, (key, offset) in enumerate(keys, start=1):
            table = (*table, key)
            self.offsets.setdefault(table, offset)
            if is_array and number == len(keys):
                self._tables[table] = self._tables.get(table, 0) + 1
            if table in self._tables:
                table = (*table, self._tables[table] - 1)
                self.offsets.setdefault(table, offset)
        return table

    def _pair(self, table: KeyPath) -> None:
        path = table
        for key, offset in self._keys():
            path = (*path, key)
            if len(path) < DEPTH:
                self.offsets.setdefault(path, offset)
        self._at = self.text.index("=", self._at) + 1
        self._value(path)

    def _keys(self) -> list[tuple[str, int]]:
        """A dotted key as its keys and their offsets; at most `DEPTH` of them."""
        keys: list[tuple[str, int]] = []
        while True:
            self._at = _end_of_match(_SPACE, self.text, self._at)
            begin = self._at
            quote = self.text[begin]
            self._at = _end_of_match({'"': _BASIC, "'": _LITERAL}.get(quote, _BARE), self.text, begin)
            if len(keys) < DEPTH:
                keys.append((_key_of(self.text[begin : self._at]), begin))
            self._at = _end_of_match(_SPACE, self.text, self._at)
            if self.text[self._at] != ".":
                return keys
            self._at += 1

    def _value(self, path: KeyPath) -> None:
        self._at = _end_of_match(_SPACE, self.text, self._at)
        first = self.text[self._at]
        if first == "[":
            self._array(path)
        elif first == "{":
            self._inline(path)
        elif first == '"':
            long = self.text.startswith('"""', self._at)
            self._at = _end_of_match(_LONG_BASIC if long else _BASIC, self.text, self._at)
        elif first == "'":
            long = self.text.startswith("'''", self._at)
            self._at = _end_of_match(_LONG_LITERAL if long else _LITERAL, self.text, self._at)
        else:
            self._at = _end_of_match(_SCALAR, self.text, self._at)

    def _array(self, path: KeyPath) -> None:
        self._at += 1
        count = 0
        while not self._at_end("]"):
            item = (*path, count)
            if len(item) < DEPTH:
                self.offsets.setdefault(item, self._at)
            self._value(item)
            count += 1

    def _inline(self, path: KeyPath) -> None:
        self._at += 1
        while not self._at_end("}"):
            self._pair(path)

    def _at_end(self, bracket: str) -> bool:
        """Move past blanks and a comma to the next item; or past the closing bracket, and return True."""
        self._skip_blank()
        if self.text[self._at] == ",":
            self._at += 1
            self._skip_blank()
        if self.text[self._at] != bracket:
            return False
        self._at += 1
        return True

    def _skip_blank(self) -> None:
        self._at = _end_of_match(_BLANK, self.text, self._at)


def _end_of_match(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    assert match is not None, f"tomllib accepted invalid TOML at {at}"
    return match.end()


def _key_of(token: str) -> str:
    """The key that a token spells, quoted or bare."""
    if token[0] == '"':
        return str(tomllib.loads(f"x = {token}")["x"])
    return token[1:-1] if token[0] == "'" else token
