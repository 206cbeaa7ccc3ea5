"""Small files of delimited text with the same header, whose numbers are parsed in one call of Arrow's reader.

Each call starts a thread and builds a parser, which takes longer than to parse a few hundred rows. A number is that of
its cell, whatever stands around it. Where anything is unusual (quotes, blank lines, a cell that is no plain number)
the files are read one by one, as they are without this module; so they are after an error, which then names its file,
row and line.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import pyarrow as pa

from losscli.io.files.inputs import Input
from losscli.io.files.streams import Stream
from losscli.io.formats.csv_header import Layout
from losscli.io.formats.text_windows import Window
from losscli.io.small_files import TOGETHER
from losscli.io.together import ReadAlone, Together
from losscli.lazy import dataclass


class SmallFile(ReadAlone, Protocol):
    """A small file of delimited text."""

    @property
    def source(self) -> Input:
        """Its bytes."""
        ...

    @property
    def layout(self) -> Layout:
        """Its header, and where its rows begin."""
        ...

    def opened(self) -> Stream:
        """Its text."""
        ...


class Parser(Protocol):
    """What parses a window of the columns that are read."""

    def plain_table(self, window: Window, quoted: bool) -> pa.Table | None:
        """Its rows; None where they are not plain."""
        ...


@dataclass(frozen=True)
class CsvTogether(Together[SmallFile]):
    """The rows of several small files as one split."""

    reader: Parser

    def rows(self) -> tuple[pa.RecordBatch, Sequence[int]] | None:
        """The rows of all files, and how many each has; None where one is unusual."""
        windows = self._windows()
        data = None if windows is None else self._parsed(windows)
        return None if windows is None or data is None else (data, [_rows(window) for window in windows])

    def _windows(self) -> list[Window] | None:
        """The rows of each file; None where one is not as plain as small files are."""
        found, size = [], 0
        for fragment in self.fragments:
            layout = fragment.layout
            with fragment.opened() as stream:
                text = stream.read(4 * TOGETHER)  # small files of compressed text may be large ones of text
            fragment.source.verify()
            size += len(text)
            window = Window(text[layout.body :], len(text) - layout.body, layout.body, layout.line, last=True)
            if size >= 4 * TOGETHER or not _is_plain(window, layout.dialect.quote):
                return None
            found.append(window)
        return found

    def _parsed(self, windows: Sequence[Window]) -> pa.RecordBatch | None:
        ended = (window.read if window.read.endswith(b"\n") else window.read + b"\n" for window in windows)
        text = b"".join(part for part in ended if part != b"\n")
        if not text:
            return None
        table = self.reader.plain_table(Window(text, len(text), 0, 1, last=True), quoted=False)
        if table is None or table.num_rows != sum(map(_rows, windows)):
            return None
        columns = [column.combine_chunks() for column in table.columns]
        return pa.RecordBatch.from_arrays(columns, names=[*self.projection])


def _is_plain(window: Window, quote: bytes) -> bool:
    """Whether each line of the text is a record, none is empty, and all end with a line feed."""
    text = window.read
    blank = text.startswith((b"\n", b"\r\n")) or b"\n\n" in text or b"\n\r\n" in text
    if window.size < 0 or window.contains(quote) or blank:
        return False
    return text.count(b"\r") == text.count(b"\r\n")


def _rows(window: Window) -> int:
    """How many lines the text has."""
    return window.read.count(b"\n") + (window.size > 0 and not window.read.endswith(b"\n"))
