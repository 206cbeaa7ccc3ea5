"""Delimited text parsed strictly by RFC 4180, one record at a time.

This is the slow and exact parser: it reads the header, and finds the cell to report when the fast reader fails.
A quote opens a quoted cell only at its start; anywhere else it is data, and so is what follows a closing quote.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Positions = npt.NDArray[np.intp]

END = re.compile(rb"\r\n|\r|\n")


@dataclass(frozen=True)
class Record:
    """One record: its first line (from 1), its range of bytes, its cells, and whether its quotes are closed."""

    line: int
    start: int
    end: int
    cells: tuple[bytes, ...]
    closed: bool


@lru_cache(maxsize=8)
def _cell(delimiter: bytes) -> re.Pattern[bytes]:
    stop = re.escape(delimiter) + rb"\r\n"
    return re.compile(rb'"((?:[^"]++|"")*+)("?)([^' + stop + rb"]*+)|([^" + stop + rb"]*+)")


def records(text: bytes, delimiter: bytes, at: int = 0, line: int = 1) -> Iterator[Record]:
    """The records of `text` from offset `at`; empty lines are skipped."""
    cell = _cell(delimiter)
    while at < len(text):
        start, first, cells, closed = at, line, [], True
        while True:
            found = cell.match(text, at)
            assert found is not None
            inside, quote, after, plain = found.groups()
            at = found.end()
            if plain is not None:
                cells.append(plain)
            else:
                closed = quote == b'"'
                cells.append(inside.replace(b'""', b'"') + after)
                line += _ends(inside)
            if text[at : at + 1] != delimiter:
                break
            at += 1
        end = at
        if newline := END.match(text, at):
            at = newline.end()
            line += 1
        if end > start:
            yield Record(first, start, end, tuple(cells), closed)


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


def last_record_end(text: bytes, delimiter: bytes) -> int:
    """The end of the last record that is certainly complete, or 0. `text` starts at the start of a record."""
    if b'"' not in text:
        return _newline_before(text, len(text))
    quotes = delimiting_quotes(text, delimiter)
    at = _newline_before(text, len(text))
    while at > 0:
        before = int(np.searchsorted(quotes, at - 1))
        if before % 2 == 0:
            return at
        at = _newline_before(text, int(quotes[before - 1]))
    return 0


def _newline_before(text: bytes, high: int) -> int:
    found = text.rfind(b"\n", 0, high)
    if found < 0:
        # a CR at the very end may be the first half of a CRLF
        found = text.rfind(b"\r", 0, min(high, len(text) - 1))
    return found + 1


def delimiting_quotes(text: bytes, delimiter: bytes) -> Positions:
    """The positions of quotes that open and close cells, in turn; a doubled quote counts as closing and opening."""
    codes = np.frombuffer(text, dtype=np.uint8)
    quotes = np.flatnonzero(codes == 34)
    opening = quotes[0::2]
    starts = np.isin(codes[opening - 1], list(delimiter + b"\r\n")) | (opening == 0)
    starts[1:] |= opening[1:] == quotes[1::2][: len(opening) - 1] + 1
    if starts.all():
        return quotes
    return _delimiting_quotes_exact(codes, quotes, delimiter)


def _delimiting_quotes_exact(codes: npt.NDArray[np.uint8], quotes: Positions, delimiter: bytes) -> Positions:
    """The same if quotes also occur inside unquoted cells: one step per cell, so used only when needed."""
    positions, real, at = quotes.tolist(), [], 0
    edges = set(delimiter + b"\r\n")
    while at < len(positions):
        here = positions[at]
        at += 1
        if here > 0 and int(codes[here - 1]) not in edges:
            continue
        real.append(here)
        while at + 1 < len(positions) and positions[at + 1] == positions[at] + 1:
            at += 2
        if at < len(positions):
            real.append(positions[at])
            at += 1
    return np.array(real, dtype=np.intp)
