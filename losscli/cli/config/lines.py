"""Where keys and values stand in a TOML text: tomllib tells what they are and not where.

The text has been read by tomllib before, so what is here relies on its being right TOML and looks for nothing wrong.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from dataclasses import dataclass

Path = tuple[str | int, ...]
"""The way to a value from the top: keys, and places (from 0) in arrays."""

DEPTH = 9  # of what is remembered: nothing that losscli reads lies as deep

_BLANK = re.compile(r"(?:[ \t\r\n]++|#[^\n]*+)*+")
_SPACE = re.compile(r"[ \t]*+")
_BARE = re.compile(r"[A-Za-z0-9_-]++")
_BASIC = re.compile(r'"(?:[^"\\\n]++|\\.)*+"')
_LITERAL = re.compile(r"'[^'\n]*+'")
# Up to two quotes may stand before the three that end the text.
_LONG_BASIC = re.compile(r'"""(?:[^"\\]++|\\.|"{1,2}(?!"))*+"{3,5}', re.DOTALL)
_LONG_LITERAL = re.compile(r"'''(?:[^']++|'{1,2}(?!'))*+'{3,5}", re.DOTALL)
_SCALAR = re.compile(r"[^,\]}#\n]++")


@dataclass(frozen=True)
class Place:
    """A line and a column, both from 1, as editors count."""

    line: int
    column: int


class Positions:
    """Where every key, table and item of an array begins; what is defined in several places, where it does first."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.offsets: dict[Path, int] = {}
        self._at = 0
        self._tables: dict[Path, int] = {}  # arrays of tables: how many there are so far
        self._breaks = [match.start() for match in re.finditer("\n", text)]
        self._read()

    def place(self, path: Path) -> Place:
        """Where `path` stands, or else the nearest thing around it that is known."""
        while path and path not in self.offsets:
            path = path[:-1]
        return self.place_of(self.offsets.get(path, 0))

    def place_of(self, offset: int) -> Place:
        before = bisect_right(self._breaks, offset)
        return Place(before + 1, offset - (self._breaks[before - 1] if before else -1))

    def _read(self) -> None:
        table: Path = ()
        self._blank()
        while self._at < len(self.text):
            if self.text[self._at] == "[":
                table = self._header()
            else:
                self._pair(table)
            self._blank()

    def _header(self) -> Path:
        """`[a.b]` or `[[a.b]]`: the table that the lines below it belong to."""
        double = self.text.startswith("[[", self._at)
        self._at += 2 if double else 1
        keys = self._keys()
        self._at = self.text.index("]", self._at) + (2 if double else 1)
        table: Path = ()
        for number, (key, offset) in enumerate(keys, start=1):
            table = (*table, key)
            self.offsets.setdefault(table, offset)
            if double and number == len(keys):
                self._tables[table] = self._tables.get(table, 0) + 1
            if table in self._tables:
                table = (*table, self._tables[table] - 1)
                self.offsets.setdefault(table, offset)
        return table

    def _pair(self, table: Path) -> None:
        path = table
        for key, offset in self._keys():
            path = (*path, key)
            if len(path) < DEPTH:
                self.offsets.setdefault(path, offset)
        self._at = self.text.index("=", self._at) + 1
        self._value(path)

    def _keys(self) -> list[tuple[str, int]]:
        """A key and the keys that dots join to it, each with where it begins; not more than are remembered."""
        keys: list[tuple[str, int]] = []
        while True:
            self._at = _past(_SPACE, self.text, self._at)
            begin = self._at
            quote = self.text[begin]
            self._at = _past({'"': _BASIC, "'": _LITERAL}.get(quote, _BARE), self.text, begin)
            if len(keys) < DEPTH:
                keys.append((_named(self.text[begin : self._at]), begin))
            self._at = _past(_SPACE, self.text, self._at)
            if self.text[self._at] != ".":
                return keys
            self._at += 1

    def _value(self, path: Path) -> None:
        self._at = _past(_SPACE, self.text, self._at)
        first = self.text[self._at]
        if first == "[":
            self._array(path)
        elif first == "{":
            self._inline(path)
        elif first == '"':
            long = self.text.startswith('"""', self._at)
            self._at = _past(_LONG_BASIC if long else _BASIC, self.text, self._at)
        elif first == "'":
            long = self.text.startswith("'''", self._at)
            self._at = _past(_LONG_LITERAL if long else _LITERAL, self.text, self._at)
        else:
            self._at = _past(_SCALAR, self.text, self._at)

    def _array(self, path: Path) -> None:
        self._at += 1
        count = 0
        while not self._ends("]"):
            item = (*path, count)
            if len(item) < DEPTH:
                self.offsets.setdefault(item, self._at)
            self._value(item)
            count += 1

    def _inline(self, path: Path) -> None:
        self._at += 1
        while not self._ends("}"):
            self._pair(path)

    def _ends(self, mark: str) -> bool:
        """Past blanks and a comma to the next item, or past the mark that ends them all."""
        self._blank()
        if self.text[self._at] == ",":
            self._at += 1
            self._blank()
        if self.text[self._at] != mark:
            return False
        self._at += 1
        return True

    def _blank(self) -> None:
        self._at = _past(_BLANK, self.text, self._at)


def _past(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    assert match is not None, f"tomllib accepted invalid TOML at {at}"
    return match.end()


def _named(token: str) -> str:
    """The key that a token stands for."""
    if token[0] == '"':
        return str(tomllib.loads(f"x = {token}")["x"])
    return token[1:-1] if token[0] == "'" else token
