"""A TOML file -> its table, with the position of every key; errors name file, line and column."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import Any

from losscli.cli.config.lines import KeyPath, KeyPositions, TextPosition
from losscli.errors import FileError, LosscliError, UsageError, system_code
from losscli.lazy import dataclass, pattern

LIMIT = 1 << 20  # bytes: more than anybody writes by hand, and parsing more takes long

# The time of tomllib grows with the square of the number of dotted keys; 64 are more than anybody needs.
_DEEP = pattern(r"(?<![A-Za-z0-9_-])(?:[A-Za-z0-9_-]++[ \t]*+\.[ \t]*+){64}")
_AT = pattern(r" \(at line (\d+), column (\d+)\)$| \(at end of document\)$")


@dataclass(frozen=True)
class Document:
    """A table and the positions of its keys; `shown` is the path of the file in messages."""

    shown: str
    table: Mapping[str, Any]
    positions: KeyPositions
    top: KeyPath = ()  # the path of this table from the top of the file

    def position(self, path: KeyPath) -> TextPosition:
        """Where the value at a path of keys stands in the file."""
        return self.positions.position((*self.top, *path))

    def error(self, path: KeyPath, message: str, hint: str | None = None) -> UsageError:
        """An error about the value at this path."""
        return self.error_at(self.position(path), message, hint)

    def error_at(self, position: TextPosition, message: str, hint: str | None = None) -> UsageError:
        """An error with the file, line and character of a position."""
        return UsageError(message, hint=hint, path=self.shown, line=position.line, character=position.column,
                          code="USAGE_CONFIG")  # fmt: skip

    def within(self, *keys: str) -> Document | None:
        """The table below these keys as a separate document; None if there is none."""
        table: Any = self.table
        for key in keys:
            table = table.get(key) if isinstance(table, Mapping) else None
        return Document(self.shown, table, self.positions, keys) if isinstance(table, Mapping) else None


def read_bytes(path: str, shown: str) -> bytes:
    """The bytes of a file of at most `LIMIT` bytes."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            data = file.read(LIMIT + 1)
    except OSError as error:
        message = "no such file" if isinstance(error, FileNotFoundError) else error.strerror or str(error)
        raise FileError(message, path=shown, code=system_code(error)) from None
    if len(data) > LIMIT:
        raise UsageError("the file is larger than 1 MB, the limit for a configuration", path=shown, code="USAGE_CONFIG")
    return data


def parse(data: bytes, shown: str) -> Document:
    """Parse the bytes as TOML."""
    try:
        # As tomllib does it, but without the byte order mark that some editors write.
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UsageError("the file is not UTF-8 text", path=shown, line=line, code="USAGE_CONFIG") from None
    deep: LosscliError = UsageError("values are nested too deeply", path=shown, code="USAGE_CONFIG")
    if match := _DEEP.search(text):
        deep.line = text.count("\n", 0, match.start()) + 1
        raise deep
    try:
        return Document(shown, tomllib.loads(text), KeyPositions(text))
    except tomllib.TOMLDecodeError as error:
        raise _syntax(error, text, shown) from None
    except RecursionError:
        raise deep from None


def _syntax(error: tomllib.TOMLDecodeError, text: str, shown: str) -> UsageError:
    message = str(error)
    found = _AT.search(message)
    problem = message[: found.start()] if found else message
    if found and found[1]:
        line, column = int(found[1]), int(found[2])
    else:
        line, column = text.count("\n") + 1, len(text) - text.rfind("\n")
    return UsageError(f"invalid TOML: {problem[:1].lower()}{problem[1:]}", path=shown, line=line, character=column,
                      code="USAGE_CONFIG")  # fmt: skip
