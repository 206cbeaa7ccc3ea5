"""JSON documents as inputs of JSON lines: small ones are held in memory; of large ones, what can be is streamed."""

from __future__ import annotations

import io
from dataclasses import field

import pyarrow as pa

from losscli.errors import DataError, EmptyError
from losscli.io.files.inputs import Input, ReadAtOnce
from losscli.io.files.streams import Stream
from losscli.io.formats.json_document import LIMIT, Table, table_of
from losscli.io.formats.json_records import RecordLines
from losscli.io.formats.json_stream import StreamedTable, streamed_table
from losscli.io.formats.jsonl import read_keys
from losscli.io.formats.text_windows import open_text
from losscli.lazy import dataclass

HELD = 8 << 20
"""The largest document, in bytes, whose table is not streamed."""

_BOM = b"\xef\xbb\xbf"


@dataclass
class JsonTableInput(ReadAtOnce):
    """The records of a JSON document, one a line."""

    source: Input
    compression: str | None
    encoding: str
    json_path: str | None = None
    streamed: bool = False
    parts: StreamedTable | None = None
    held: Table | None = field(default=None, compare=False, repr=False)

    @property
    def path(self) -> str:
        """The path that is shown to the user."""
        return self.source.path

    @property
    def version(self) -> object:
        """The version of a remote file."""
        return getattr(self.source, "version", None)

    def __reduce__(self) -> tuple[object, ...]:
        return JsonTableInput, (self.source, self.compression, self.encoding, self.json_path, self.streamed, self.parts)

    def open(self, last: bool = False) -> Stream:
        """The lines from the first record on."""
        if self.parts is not None:
            return Stream(self.parts.lines(lambda final: self.text(last and final)), self.path)
        if not self.streamed:
            return Stream(io.BytesIO(self.table().lines), self.path)
        stream = self.text(last)
        stream.buffered = _begun(stream)[1] + stream.buffered
        stream.read(1)
        return Stream(RecordLines(stream, self.path), self.path)

    def table(self) -> Table:
        """The rows of a document that is held whole."""
        if self.held is None:
            with self.text(last=True) as stream:
                text = stream.read(LIMIT + 1)
            if len(text) > LIMIT:
                raise DataError(
                    f"the JSON document is larger than {LIMIT >> 20} MiB, and is no array or mapping of records",
                    path=self.path,
                    hint="only [{…}, …] and {id: {…}, …} are read piece by piece; write one of these, or JSON lines",
                    code="DATA_WRONG_FORMAT",
                )  # fmt: skip
            self.held = table_of(text.removeprefix(_BOM), self.path, self.json_path)
        return self.held

    def text(self, last: bool = False) -> Stream:
        """The document as UTF-8."""
        return open_text(self.source, self.compression, self.encoding, last)

    def verify(self) -> None:
        """Raise a FileError if the file may have changed since it was found."""
        self.source.verify()


def _begun(stream: Stream) -> tuple[bytes, bytes]:
    """The first two marks of the text, and what was read of it, from the first on."""
    text = stream.read(1 << 16).removeprefix(_BOM).lstrip()
    while len(text) < 2 or not text[1:].strip():
        piece = stream.read(1 << 16)
        if not piece:
            break
        text = (text + piece).lstrip()
    return text[:1] + text[1:].lstrip()[:1], text


def _found_table(found: JsonTableInput) -> str:
    """What a row of the table is in words; where the table is, for a document that is not held."""
    with found.text() as stream:
        text = stream.read(max(HELD, 1 << 16) + 1)
    if len(text) > HELD:
        start = len(text) - len(text.removeprefix(_BOM).lstrip())
        found.parts = streamed_table(found.text, found.path, start, found.json_path)
    return found.table().what if found.parts is None else found.parts.what


def open_document(
    source: Input, compression: str | None, encoding: str, json_path: str | None
) -> tuple[JsonTableInput, dict[str, pa.DataType], str]:
    """The input, the keys of its first records, and what is a row of it in words."""
    found = JsonTableInput(source, compression, encoding, json_path)
    if json_path is None:
        with open_text(source, compression, encoding) as stream:
            found.streamed = _begun(stream)[0] == b"[{"
    what = "" if found.streamed else _found_table(found)
    try:
        with found.open() as stream:
            return found, read_keys(stream), what
    except (DataError, EmptyError) as error:
        error.line = None  # a line of what is read, not of the file
        raise
