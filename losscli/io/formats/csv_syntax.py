"""How the text of a file is written, and where its rows stand in it."""

from __future__ import annotations

from itertools import islice

from losscli.io.formats.csv_records import Dialect, Record, count_line_ends, records
from losscli.io.formats.text_windows import Window
from losscli.io.source import ReadOptions
from losscli.lazy import dataclass, pattern

BLANKS = "blanks"
"""The delimiter that means runs of spaces and tabs."""

EXCERPT_LENGTH = 60

_FILLED = pattern(rb"[^\r\n]+")


def changes_text(options: ReadOptions) -> bool:
    """Whether the text that is parsed has other bytes than the file."""
    return options.comment is not None or options.delimiter == BLANKS or options.escape is not None


@dataclass(frozen=True)
class CsvSyntax:
    """How the cells of a file are written."""

    dialect: Dialect
    names: tuple[str, ...]
    decimal: str
    nulls: frozenset[bytes]
    plain_utf8: bool
    lenient: bool = False
    thousands: str | None = None
    extra_cells: bool = False  # whether rows may have cells beyond those of the header


@dataclass(frozen=True)
class LineNumbers:
    """The line number of the row at an index, found by parsing the window again, so it is free until needed."""

    window: Window
    dialect: Dialect
    base: int = 0
    names: tuple[str, ...] = ()

    def __call__(self, index: int) -> int | None:
        """The line of the record at an index of the window; None where unknown."""
        if not self.window.contains(
            self.dialect.quote
        ):  # then a record is a line that is not empty, and much faster to find
            text = self.window.text
            line = next(islice(_FILLED.finditer(text), self.base + index, None), None)
            return None if line is None else self.window.line + count_line_ends(text[: line.start()])
        found = self.record(index)
        return None if found is None else found.line

    def cell(self, index: int, column: str) -> str | None:
        """The cell of a column in the record at an index of the window; None where it cannot be found."""
        found = self.record(index)
        if found is None or self.names.count(column) != 1 or len(found.cells) != len(self.names):
            return None
        return excerpt(found.cells[self.names.index(column)])

    def record(self, index: int) -> Record | None:
        """The record at an index of the window; None where it cannot be found."""
        found = records(self.window.text, self.dialect, line=self.window.line)
        return next(islice(found, self.base + index, None), None)


def excerpt(cell: bytes) -> str:
    """The text of a cell for messages, shortened; bytes that are not text are replaced."""
    text = cell.decode(errors="replace")
    return text if len(text) <= EXCERPT_LENGTH else text[:EXCERPT_LENGTH] + "…"
