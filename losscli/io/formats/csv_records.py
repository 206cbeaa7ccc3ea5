"""Delimited text parsed strictly by RFC 4180, one record at a time.

This is the slow and exact parser: it reads the header, and finds the cell to report when the fast reader fails.
A quote opens a quoted cell only at its start; anywhere else in an unquoted cell it is data. Only a delimiter or the
end of the line may follow a closing quote: other text there is a fault, as is a quote that is never closed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from losscli.lazy import dataclass, pattern

Positions = npt.NDArray[np.intp]
Codes = npt.NDArray[np.uint8]
Edges = npt.NDArray[np.bool_]

END = pattern(rb"\r\n|\r|\n")


class Dialect(NamedTuple):
    """The bytes that separate and enclose cells; an empty `quote` means that none does."""

    delimiter: bytes
    quote: bytes = b'"'


@dataclass(frozen=True)
class QuoteFault:
    """A quoted cell that is wrong: its index in the record, the line of its opening quote, and its bytes."""

    index: int
    line: int
    cell: bytes
    closed: bool

    @property
    def message(self) -> str:
        """What is wrong."""
        if self.closed:
            return f"text follows the closing quote of a cell whose quote was opened on line {self.line}"
        return f"a quote opened on line {self.line} is never closed"

    @property
    def hint(self) -> str:
        """How to read the text."""
        if b"\\" + self.cell[:1] in self.cell:
            mark = self.cell[:1].decode()
            double = f"if \\{mark} is a quote inside its cell, use --escape '\\'; "
        else:
            double = "inside quotes write a quote twice; " if self.closed else ""
        return f"{double}if quotes are plain text in this file, use --quote none"


@dataclass(frozen=True)
class Record:
    """One record: its first line (from 1), its range of bytes, its cells, and the first of them that is wrong."""

    line: int
    start: int
    end: int
    cells: tuple[bytes, ...]
    fault: QuoteFault | None


@lru_cache(maxsize=8)
def _cell(dialect: Dialect) -> re.Pattern[bytes]:
    stop = re.escape(dialect.delimiter) + rb"\r\n"
    plain = rb"([^" + stop + rb"]*+)"
    if not dialect.quote:
        return re.compile(rb"(?!)()()()|" + plain)
    quote = re.escape(dialect.quote)
    return re.compile(
        quote + rb"((?:[^" + quote + rb"]++|" + quote * 2 + rb")*+)(" + quote + rb"?)" + plain + rb"|" + plain
    )


def records(text: bytes, dialect: Dialect, at: int = 0, line: int = 1) -> Iterator[Record]:
    """The records of `text` from offset `at`; empty lines are skipped."""
    cell, (delimiter, quote) = _cell(dialect), dialect
    while at < len(text):
        start, first, cells = at, line, []
        fault: QuoteFault | None = None
        while True:
            found = cell.match(text, at)
            assert found is not None
            inside, closing, after, plain = found.groups()
            at = found.end()
            if plain is not None:
                cells.append(plain)
            else:
                if fault is None and (after or not closing):
                    fault = QuoteFault(len(cells), line, found[0], bool(closing))
                cells.append(inside.replace(quote * 2, quote) + after)
                line += _ends(inside)
            if text[at : at + 1] != delimiter:
                break
            at += 1
        end = at
        if newline := END.match(text, at):
            at = newline.end()
            line += 1
        if end > start:
            yield Record(first, start, end, tuple(cells), fault)


def _ends(text: bytes) -> int:
    return sum(1 for _ in END.finditer(text))


def count_line_ends(text: bytes | memoryview, returns_too: bool = True) -> int:
    """The number of line ends in `text` (CRLF, CR or LF); `returns_too` says whether it contains a CR at all."""
    codes = np.frombuffer(text, dtype=np.uint8)
    feeds = int(np.count_nonzero(codes == 10))
    if not returns_too:
        return feeds
    returns = codes == 13
    pairs = int(np.count_nonzero(returns[:-1] & (codes[1:] == 10)))
    return feeds + int(np.count_nonzero(returns)) - pairs


@dataclass
class RecordCutter:
    """Finds where text can be cut; `sound` tells whether the quotes of the last one are all closed well."""

    dialect: Dialect
    sound: bool = True

    def __call__(self, text: bytes) -> int:
        """The end of the last record that is certainly complete, or 0. `text` starts at the start of a record.

        It is the end of the text if its only record has a fault: more text would not mend it.
        """
        at = _newline_before(text, len(text))
        if not self.dialect.quote or self.dialect.quote not in text:
            self.sound = True
            return at
        quotes = delimiting_quotes(text, self.dialect)
        self.sound = closed_well(text, quotes, self.dialect)
        while at > 0:
            before = int(np.searchsorted(quotes, at - 1))
            if before % 2 == 0:
                return at
            at = _newline_before(text, int(quotes[before - 1]))
        return 0 if self.sound else len(text)


def _newline_before(text: bytes, high: int) -> int:
    found = text.rfind(b"\n", 0, high)
    if found < 0:
        # a CR at the very end may be the first half of a CRLF
        found = text.rfind(b"\r", 0, min(high, len(text) - 1))
    return found + 1


def delimiting_quotes(text: bytes | memoryview, dialect: Dialect) -> Positions:
    """The positions of quotes that open and close cells, in turn; a doubled quote counts as closing and opening."""
    codes = np.frombuffer(text, dtype=np.uint8)
    quotes = np.flatnonzero(codes == dialect.quote[0])
    edge = _is_edge(dialect.delimiter)
    if _open_and_close(codes, quotes, edge):
        return quotes
    stray = _probable_strays(codes, quotes, edge)
    kept = quotes[~stray]
    outside = np.searchsorted(kept, quotes[stray]) % 2 == 0
    if outside.all() and _open_and_close(codes, kept, edge):
        return kept
    return _delimiting_quotes_exact(codes, quotes, edge)


def has_quoted_line_ends(text: bytes, dialect: Dialect) -> bool:
    """Whether a quoted cell of these records, the last of which is complete, spans several lines."""
    if not dialect.quote or dialect.quote not in text:
        return False
    feeds = np.flatnonzero(np.frombuffer(text, dtype=np.uint8) == 10)
    return bool((np.searchsorted(delimiting_quotes(text, dialect), feeds) % 2).any())


def _open_and_close(codes: Codes, quotes: Positions, edge: Edges) -> bool:
    """Whether every other one of these quotes, from the first, can open a cell."""
    opening = quotes[0::2]
    starts = edge[codes[opening - 1]] | (opening == 0)
    starts[1:] |= opening[1:] == quotes[1::2][: len(opening) - 1] + 1
    return bool(starts.all())


def _probable_strays(codes: Codes, quotes: Positions, edge: Edges) -> Edges:
    """Which quotes seem to stand inside unquoted cells, as in 5" or 5" pipe; none of them can open a cell."""
    starts = edge[codes[quotes - 1]] | (quotes == 0)
    ends = edge[codes[np.minimum(quotes + 1, len(codes) - 1)]] | (quotes == len(codes) - 1)
    beside = np.diff(quotes) == 1
    starts[1:] |= beside
    ends[:-1] |= beside
    stray: Edges = ~starts & ~ends
    kept = np.flatnonzero(~stray)
    follows_end = np.append(True, ~starts[kept][:-1])
    stray[kept] = ~starts[kept] & follows_end
    return stray


def closed_well(text: bytes | memoryview, quotes: Positions, dialect: Dialect) -> bool:
    """Whether each closing quote among the delimiting ones is followed by the end of its cell, or by its double."""
    codes = np.frombuffer(text, dtype=np.uint8)
    closing = quotes[1::2]
    if len(closing) and closing[-1] == len(codes) - 1:
        closing = closing[:-1]
    return bool(_is_edge(dialect.delimiter + dialect.quote)[codes[closing + 1]].all())


@lru_cache(maxsize=8)
def _is_edge(marks: bytes) -> Edges:
    """For each byte whether it is one of these or ends a line."""
    return np.isin(np.arange(256), list(marks + b"\r\n"))


def _delimiting_quotes_exact(codes: Codes, quotes: Positions, edge: Edges) -> Positions:
    """The same where that guess fails: one step per cell, so used only when needed."""
    positions, real, at = quotes.tolist(), [], 0
    starts = (edge[codes[quotes - 1]] | (quotes == 0)).tolist()
    while at < len(positions):
        here = positions[at]
        at += 1
        if not starts[at - 1]:
            continue
        real.append(here)
        while at + 1 < len(positions) and positions[at + 1] == positions[at] + 1:
            at += 2
        if at < len(positions):
            real.append(positions[at])
            at += 1
    return np.array(real, dtype=np.intp)
