"""Lines above the table: those that --skip-lines skips, and a first line sep=; which names the delimiter."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

from losscli.errors import DataError
from losscli.io.files.streams import Stream
from losscli.io.formats.csv_records import END
from losscli.io.source import ReadOptions
from losscli.lazy import dataclass, pattern

PIECE = 1 << 16
_SEP = pattern(rb'(?i)(?:\xef\xbb\xbf)?("?)sep=([ \t!-/:-@\[-`{-~])\1(?:\r\n|\r|\n|\Z)')
_NAMES = {"tab": "\t", "\\t": "\t"}


@dataclass(frozen=True)
class Preamble:
    """How many lines are above the table, and their bytes; the options with the delimiter that one of them names."""

    lines: int
    size: int
    options: ReadOptions
    notes: tuple[str, ...] = ()


def read_preamble(stream: Stream, options: ReadOptions) -> Preamble:
    """What is above the table; the stream goes on behind it."""
    lines = max(options.skip_lines, 0)
    size = skip_lines(stream, lines)
    start = stream.read(64)
    stream.buffered = start + stream.buffered
    found = _SEP.match(start)
    if found is None:
        return Preamble(lines, size, options)
    delimiter, given = found[2].decode(), options.delimiter
    if given is not None and _NAMES.get(given, given) != delimiter:
        raise DataError(
            f"line {lines + 1} says that the delimiter is {delimiter!r}, --delimiter that it is {given!r}",
            path=stream.path,
            line=lines + 1,
            hint=f"leave out --delimiter, or skip the line with --skip-lines {lines + 1}",
            code="DATA_WRONG_FORMAT",
        )
    size += skip_lines(stream, 1)
    note = f"{stream.path}: line {lines + 1} names the delimiter, {delimiter!r}, and is no row"
    return Preamble(lines + 1, size, replace(options, delimiter=delimiter), (note,))


def skip_lines(stream: Stream, count: int) -> int:
    """Read past the next `count` lines, or all if there are fewer; how many bytes they have."""
    text, size = b"", 0
    while count > 0:
        piece = stream.read(PIECE)
        text += piece
        whole = text[:-1] if piece and text.endswith(b"\r") else text  # a CR may be the first half of a CRLF
        ends = [end.end() for end in islice(END.finditer(whole), count)]
        done = ends[-1] if len(ends) == count else len(whole)
        count, size, text = count - len(ends), size + done, text[done:]
        if not piece:
            break
    stream.buffered = text + stream.buffered
    return size
