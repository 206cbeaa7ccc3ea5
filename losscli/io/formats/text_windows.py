"""Windows: a stream of text in parts that end at the end of a record, so that memory is bounded."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from io import FileIO
from typing import Protocol

from losscli.errors import DataError, UsageError
from losscli.io.batches import Batch
from losscli.io.files.compression import open_decompressed
from losscli.io.files.inputs import FileInput, Input
from losscli.io.files.streams import Readable, Stream
from losscli.io.formats.csv_records import count_line_ends
from losscli.io.source import ReadAs, Split
from losscli.lazy import dataclass

WINDOW = 8 << 20
"""Bytes read at a time."""

RECORD_LIMIT = 256 << 20


@dataclass(frozen=True)
class Window:
    """Complete records: the first `size` bytes of `read`, their offset in the decompressed text, and their line."""

    read: bytes
    size: int
    offset: int
    line: int
    last: bool

    @property
    def view(self) -> memoryview:
        """The records without a copy."""
        return memoryview(self.read)[: self.size]

    @property
    def text(self) -> bytes:
        """The records as bytes."""
        return self.read[: self.size]

    def contains(self, mark: bytes) -> bool:
        """Whether the bytes occur in the window; no bytes never do."""
        return bool(mark) and self.read.find(mark, 0, self.size) >= 0


def verify_local(source: Input) -> None:
    """Check that a local file has not changed; a remote file is checked once, when it has been read."""
    if isinstance(source, FileInput):
        source.verify()


def range_window(source: Input, offset: int, size: int, line: int, last: bool) -> Window:
    """A window that is a range of the bytes of an uncompressed file, which is read here; `line` is its first."""
    with source.open() as stream:
        stream.seek(offset)
        read = stream.read(size)
    source.verify()
    return Window(read, len(read), offset, line, last)


def range_memory(size: int) -> int:
    """About how many bytes of memory are needed to read a range of so many bytes and its rows."""
    return 5 * size


class WindowedFragment(Protocol):
    """A fragment whose windows can be read again from its file."""

    @property
    def source(self) -> Input:
        """The input that the windows are cut from."""
        ...

    def window_split(self, projection: Mapping[str, ReadAs], window: Window) -> Split:
        """The split that parses one window."""
        ...


@dataclass(frozen=True)
class FileRangeSplit:
    """The range of bytes of a window in an uncompressed file: a split that another process can read."""

    fragment: WindowedFragment
    projection: Mapping[str, ReadAs]
    offset: int
    size: int
    line: int
    last: bool

    @property
    def memory_bytes(self) -> int:
        """About how many bytes of memory are needed to read it."""
        return range_memory(self.size)

    def batches(self, first_row: int) -> Iterator[Batch]:
        """The rows in order; the first is row `first_row` of its file."""
        window = range_window(self.fragment.source, self.offset, self.size, self.line, self.last)
        return self.fragment.window_split(self.projection, window).batches(first_row)


class WindowSplit:
    """The base of splits that hold a window."""

    window: Window

    @property
    def size(self) -> int:
        """The bytes of its records in the decompressed text."""
        return self.window.size

    @property
    def memory_bytes(self) -> int:
        """About how many bytes of memory are needed to read it."""
        return 4 * self.window.size


def windows(
    stream: Stream, cut: Callable[[bytes], int], skip: int = 0, line: int = 1, hint: str | None = None
) -> Iterator[Window]:
    """All records from byte `skip`, which is on `line`. `cut` finds the end of the last complete record.

    `hint` is for the error about a record that is too long.
    """
    offset = skip
    text = b""
    size = WINDOW
    _skip(stream, skip)
    while True:
        held = len(text)
        text = stream.read_more(text, size)
        piece = len(text) > held
        end = cut(text) if piece else len(text)
        if end:
            window = Window(text, end, offset, line, last=not piece)
            yield window
            line += count_line_ends(window.view, window.contains(b"\r"))
            offset += end
            text = text[end:]
        if not piece:
            return
        # a record longer than the window: double what is read, so that the work stays linear
        size = WINDOW if end else max(WINDOW, len(text))
        if len(text) > RECORD_LIMIT:
            raise DataError(
                f"a record is longer than {RECORD_LIMIT >> 20} MiB",
                path=stream.path,
                line=line,
                hint=hint,
                code="DATA_BAD_ROW",
            )


def _skip(stream: Stream, count: int) -> None:
    if isinstance(stream.raw, FileIO):
        stream.seek(count)
        return
    while count > 0:
        piece = stream.read(min(count, WINDOW))
        if not piece:
            return
        count -= len(piece)


def open_text(source: Input, compression: str | None, encoding: str, last: bool = False) -> Stream:
    """The text as UTF-8 bytes. UTF-8 is not validated here, because only the cells that are used must be valid."""
    is_utf8(encoding)  # an unknown encoding is found before the file is opened
    return as_text(open_decompressed(source, compression, last), encoding)


def as_text(stream: Stream, encoding: str) -> Stream:
    """The text of a stream of bytes as UTF-8 bytes."""
    return stream if is_utf8(encoding) else Stream(_Transcoded(stream, encoding), stream.path)


def is_plain(source: Input, compression: str | None, encoding: str) -> bool:
    """Whether the bytes of the file are those of the text, so that offsets in both are the same."""
    return isinstance(source, FileInput) and compression is None and is_utf8(encoding)


def plain_size(source: Input, compression: str | None, encoding: str) -> int | None:
    """The size of the text in bytes, if it is the size of the file."""
    return source.size if isinstance(source, FileInput) and is_plain(source, compression, encoding) else None


def is_utf8(encoding: str) -> bool:
    """Whether the name means UTF-8; an unknown name is a UsageError."""
    hint = "such as utf-8, utf-16, latin-1, cp1252"
    try:
        name = codecs.lookup(encoding).name
    except (LookupError, ValueError):  # a name with a NUL, or with bytes that are no text
        raise UsageError(f"unknown encoding '{encoding}'", hint=hint, code="USAGE_BAD_VALUE") from None
    if name in {"utf-8", "utf-8-sig", "ascii"}:
        return True
    if not _decodes_tables(encoding):
        raise UsageError(f"'{encoding}' is not an encoding of text files", hint=hint, code="USAGE_BAD_VALUE")
    return False


@cache
def _decodes_tables(encoding: str) -> bool:
    """Whether the codec reads back a table in pieces: some are not for text (hex), others not for files (idna)."""
    line = "y,p\n" + "1..2,3\n" * 20
    try:
        decoder = codecs.getincrementaldecoder(encoding)()
        text = "".join(decoder.decode(bytes([byte])) for byte in line.encode(encoding)) + decoder.decode(
            b"", final=True
        )
    except Exception:  # each codec has errors of its own for what it cannot do
        return False
    return text == line and isinstance(decoder.getstate()[0], bytes)


class _Transcoded:
    def __init__(self, stream: Readable, encoding: str) -> None:
        self.stream, self.encoding, self.offset = stream, encoding, 0
        self.decoder = codecs.getincrementaldecoder(encoding)()

    def read(self, size: int, /) -> bytes:
        while True:
            piece = self.stream.read(size)
            held = len(self.decoder.getstate()[0])
            try:
                text = self.decoder.decode(piece, final=not piece)
            except UnicodeDecodeError as error:
                at = self.offset - held + error.start
                hint = "name the encoding of the file with --encoding"
                raise self._refusal(f"byte {at + 1} is not {self.encoding} text", hint) from None
            except UnicodeError:  # Python's error for a missing byte order mark
                hint = f"--encoding {self.encoding}-le or {self.encoding}-be"
                raise self._refusal(
                    f"the text does not begin with the byte order mark of {self.encoding}", hint
                ) from None
            self.offset += len(piece)
            if text or not piece:
                return self._encoded(text)

    def _encoded(self, text: str) -> bytes:
        try:
            return text.encode()
        except UnicodeEncodeError as error:  # half of a pair, which utf-7 and unicode_escape can write
            raise self._refusal(f"U+{ord(text[error.start]):04X} is no character", "correct the file") from None

    def _refusal(self, message: str, hint: str) -> DataError:
        return DataError(message, path=getattr(self.stream, "path", None), hint=hint, code="DATA_ENCODING")

    def close(self) -> None:
        self.stream.close()
