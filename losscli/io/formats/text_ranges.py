"""Ranges of a text that are found without reading it: near so many bytes each, they end at the end of a line.

That is the end of a record unless the line end stands in quotes, which reading the range shows. A range begins with a
record if the one before it ends with one. So a process need not read a text to share it out among others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Protocol

from losscli.io.batches import Batch
from losscli.io.files.inputs import Input
from losscli.io.files.streams import Stream
from losscli.io.formats.csv_records import count_line_ends
from losscli.io.formats.text_windows import WINDOW, Window, range_memory, range_window
from losscli.io.source import ReadAs, Split
from losscli.io.unproven_splits import UnprovenSplit
from losscli.lazy import dataclass

RANGE = 8 << 20
"""Bytes of a range: enough that Arrow's reader takes no longer for each byte than of larger ones."""

_LAST = 2 * RANGE  # bytes of which the ranges are smaller, so that those who read them end together
_LAST_RANGE = RANGE // 4

LEAST = 64 << 20
"""Bytes of a text that is cut so: threads, which read it as they go, do smaller ones as fast."""

_HEAD = 1 << 20  # bytes of the first lines
_PROBE = 16 << 10  # bytes that are read at a time to find the end of a line


class RangedFragment(Protocol):
    """A fragment whose text can be read from any byte of its file."""

    @property
    def source(self) -> Input:
        """The input whose bytes are those of the text."""
        ...

    def range_split(self, projection: Mapping[str, ReadAs], window: Window) -> Split:
        """The split that parses these bytes; a ValueError where they do not end with a record."""
        ...

    def splits_from(self, projection: Mapping[str, ReadAs], offset: int, line: int) -> Iterator[Split]:
        """The records from this byte on, which is on this line."""
        ...


@dataclass(frozen=True)
class RangeSplit(UnprovenSplit):
    """A range of the bytes of an uncompressed file, whose records begin at the byte and the line of `first`.

    The lines of its own records are not known, and so an error about them names wrong ones: `rest` finds it anew.
    """

    fragment: RangedFragment
    projection: Mapping[str, ReadAs]
    offset: int
    size: int
    last: bool
    first: tuple[int, int]

    @property
    def memory_bytes(self) -> int:
        """About how many bytes of memory are needed to read it."""
        return range_memory(self.size)

    def batches(self, first_row: int) -> Iterator[Batch]:
        """The rows in order; the first is row `first_row` of its file."""
        window = range_window(self.fragment.source, self.offset, self.size, 1, self.last)
        return self.fragment.range_split(self.projection, window).batches(first_row)

    def rest(self) -> Iterator[Split]:
        """Its rows and all after it, in windows that are cut as the text is read."""
        return self.fragment.splits_from(self.projection, self.offset, self._line())

    def _line(self) -> int:
        """The line on which it begins, counted from the first record on."""
        at, line = self.first
        with self.fragment.source.open() as stream:
            stream.seek(at)
            while at < self.offset and (text := stream.read(min(WINDOW, self.offset - at))):
                while text.endswith(b"\r") and at + len(text) < self.offset and (more := stream.read(1)):
                    text += more  # a CRLF may be cut here
                at, line = at + len(text), line + count_line_ends(text)
        return line


def ranges(
    fragment: RangedFragment,
    projection: Mapping[str, ReadAs],
    size: int,
    first: tuple[int, int],
    is_plain: Callable[[bytes], bool],
) -> list[RangeSplit] | None:
    """The ranges of a text, found without reading it.

    Parameters
    ----------
    fragment : RangedFragment
        The file.
    projection : mapping of str to str
        The columns that are read.
    size : int
        The bytes of the file.
    first : tuple of two ints
        The byte offset and the line number of the first record.
    is_plain : callable
        Whether each of the first complete lines, which it gets as bytes, is a record.

    Returns
    -------
    list of RangeSplit or None
        All bytes from the first record on. None where the file is so small that threads, which read it as they go, do
        as well, where a line is not a record, and where the next line end is more than a range away.
    """
    begin, found = first[0], []
    if size < LEAST:
        return None
    with fragment.source.open() as stream:
        head = _read_at(stream, begin, _HEAD)
        if not is_plain(head[: head.rfind(b"\n") + 1]):
            return None
        make = partial(RangeSplit, fragment, projection, first=first)
        while size - begin > (step := RANGE if size - begin > _LAST else _LAST_RANGE):
            end = _line_end(stream, begin + step, size)
            if end is None:
                return None
            if end == size:
                break
            found.append(make(begin, end - begin, False))
            begin = end
    return [*found, make(begin, size - begin, True)]


def _line_end(stream: Stream, at: int, size: int) -> int | None:
    """The byte offset behind the first line end from `at` on; None if it is more than a range away."""
    end = min(at + RANGE, size)
    while at < end:
        text = _read_at(stream, at, min(_PROBE, end - at))
        if (found := text.find(b"\n")) >= 0:
            return at + found + 1
        if not text:  # the file has become shorter
            return None
        at += len(text)
    return size if end == size else None


def _read_at(stream: Stream, at: int, count: int) -> bytes:
    stream.seek(at)
    return stream.read(count)
