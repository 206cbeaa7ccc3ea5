"""A stream of text cut into windows that end where a record ends, so that memory does not grow with the file."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from losscli.errors import DataError, UsageError
from losscli.io.batches import Batch
from losscli.io.files.compression import open_decompressed
from losscli.io.files.inputs import FileInput, Input
from losscli.io.files.streams import Readable, Stream
from losscli.io.formats.csv_records import count_line_ends
from losscli.io.source import ReadAs, Split

WINDOW = 8 << 20
"""Bytes read at a time. Looked up when reading starts, so that tests can make it small."""

RECORD_LIMIT = 256 << 20


@dataclass(frozen=True)
class Window:
    """Some whole records: the first `size` bytes read, where in the decompressed text they start, and on which line."""

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
        return self.read.find(mark, 0, self.size) >= 0


def verify_local(source: Input) -> None:
    """Look again whether a file on this machine has changed; one elsewhere is looked at when it has been read."""
    if isinstance(source, FileInput):
        source.verify()


class WindowedFragment(Protocol):
    """A fragment whose windows can be found again in its file."""

    @property
    def source(self) -> Input: ...

    def window_split(self, projection: Mapping[str, ReadAs], window: Window) -> Split: ...


@dataclass(frozen=True)
class FileRangeSplit:
    """Where a window stands in a plain file: a split that another process reads from there."""

    fragment: WindowedFragment
    projection: Mapping[str, ReadAs]
    offset: int
    size: int
    line: int
    last: bool

    @property
    def memory_bytes(self) -> int:
        return 5 * self.size

    def batches(self, first_row: int) -> Iterator[Batch]:
        with self.fragment.source.open() as stream:
            stream.seek(self.offset)
            read = stream.read(self.size)
        self.fragment.source.verify()
        return self.fragment.window_split(
            self.projection, Window(read, len(read), self.offset, self.line, self.last)
        ).batches(first_row)


class WindowSplit:
    """What the splits share that hold a window."""

    window: Window

    @property
    def size(self) -> int:
        return self.window.size

    @property
    def memory_bytes(self) -> int:
        return 4 * self.window.size


def windows(stream: Stream, cut: Callable[[bytes], int], skip: int = 0, line: int = 1) -> Iterator[Window]:
    """All records from byte `skip` on, which is on `line`. `cut` tells where the last complete record ends."""
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
        # a record longer than what was read: take as much again, so that the work stays in proportion
        size = WINDOW if end else max(WINDOW, len(text))
        if len(text) > RECORD_LIMIT:
            raise DataError(
                f"a record is longer than {RECORD_LIMIT >> 20} MiB",
                path=stream.path,
                line=line,
                hint="is there a quote that is never closed?",
                code="DATA_BAD_ROW",
            )


def _skip(stream: Stream, count: int) -> None:
    while count > 0:
        piece = stream.read(min(count, WINDOW))
        if not piece:
            return
        count -= len(piece)


def open_text(source: Input, compression: str | None, encoding: str, last: bool = False) -> Stream:
    """The text as UTF-8 bytes. UTF-8 itself is not decoded here: only the cells that are used must be valid."""
    as_it_is = is_utf8(encoding)
    stream = open_decompressed(source, compression, last)
    return stream if as_it_is else Stream(_Transcoded(stream, encoding), stream.path)


def is_plain(source: Input, compression: str | None, encoding: str) -> bool:
    """Whether the bytes of the file are those of the text, so that a place in one is a place in the other."""
    return isinstance(source, FileInput) and compression is None and is_utf8(encoding)


def plain_size(source: Input, compression: str | None, encoding: str) -> int | None:
    """The bytes of the text, where they are those of the file."""
    return source.size if isinstance(source, FileInput) and is_plain(source, compression, encoding) else None


def is_utf8(encoding: str) -> bool:
    """Whether the name means UTF-8; a name that means nothing is a usage error."""
    try:
        b"0".decode(encoding, "ignore")  # unlike lookup, this refuses codecs that are no text encodings
        return codecs.lookup(encoding).name in {"utf-8", "utf-8-sig", "ascii"}
    except LookupError:
        raise UsageError(
            f"unknown encoding '{encoding}'", hint="such as utf-8, utf-16, latin-1, cp1252", code="USAGE_BAD_VALUE"
        ) from None


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
            except UnicodeError:  # what Python says where the mark is missing that tells the order of bytes
                hint = f"--encoding {self.encoding}-le or {self.encoding}-be"
                raise self._refusal(
                    f"the text does not begin with the byte order mark of {self.encoding}", hint
                ) from None
            self.offset += len(piece)
            if text or not piece:
                return text.encode()

    def _refusal(self, message: str, hint: str) -> DataError:
        return DataError(message, path=getattr(self.stream, "path", None), hint=hint, code="DATA_ENCODING")

    def close(self) -> None:
        self.stream.close()
