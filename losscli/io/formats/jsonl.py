"""JSON lines: Arrow's reader on windows of the file, with a fixed schema; doubts go to `jsonl_exact`, line by line."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import pyarrow as pa
import pyarrow.json as pj

from losscli.errors import DataError, EmptyError, Location
from losscli.io.arrow.buffers import EXACT, largest
from losscli.io.arrow.build import dictionary_strings, strings
from losscli.io.batches import BATCH_ROWS, Batch
from losscli.io.files.inputs import Input
from losscli.io.files.streams import Stream
from losscli.io.formats.jsonl_exact import json_finding, lines_of, read_exactly, text_of
from losscli.io.formats.text_windows import (
    RECORD_LIMIT,
    FileRangeSplit,
    Window,
    WindowSplit,
    is_plain,
    open_text,
    plain_size,
    verify_local,
    windows,
)
from losscli.io.source import Fragment, ReadAs, Split, projected_positions

BLOCK = 1 << 20
PIECE = 1 << 16
PROBED = 100
VECTOR = pa.list_(pa.float64())
LISTS = {"list": VECTOR, "list of text": pa.list_(pa.string()), "list of boolean": pa.list_(pa.bool_())}

_LONG = re.compile(rb"(?<![0-9.eE+-])-?[0-9]{16,}(?![0-9.eE])")  # a whole number that may be beyond 2^53

_TEXT_TYPES = {"integer": pa.int64(), "float": pa.float64(), "boolean": pa.bool_()}


@dataclass(frozen=True)
class _LineNumbers:
    """The line number of the row at an index."""

    window: Window
    base: int

    def __call__(self, index: int) -> int | None:
        found = next(islice(lines_of(self.window), self.base + index, None), None)
        return None if found is None else found[0]


@dataclass(frozen=True)
class JsonlFragment(Fragment):
    """One file of JSON lines; `keys` are those of its first records, each with the kind of its first value."""

    path: str
    source: Input
    compression: str | None
    keys: Mapping[str, str]
    encoding: str
    lenient: bool = False
    format: str = "jsonl"

    @property
    def size(self) -> int | None:
        """The size of the file in bytes; None unless it is a local file of plain UTF-8 text."""
        return plain_size(self.source, self.compression, self.encoding)

    def splits(self, projection: Mapping[str, ReadAs]) -> Iterator[Split]:
        """The rows in file order; several threads can read the splits."""
        projected_positions(tuple(self.keys), projection, self.path)
        with open_text(self.source, self.compression, self.encoding, last=True) as stream:
            for window in windows(stream, _last_line_end):
                yield self.window_split(projection, window)
        self.source.verify()

    def remote_splits(self, projection: Mapping[str, ReadAs]) -> Iterator[Split]:
        """The rows in splits that another process can read; it opens the file by its path."""
        if not is_plain(self.source, self.compression, self.encoding):
            yield from super().remote_splits(projection)
            return
        projected_positions(tuple(self.keys), projection, self.path)
        with open_text(self.source, self.compression, self.encoding) as stream:
            for window in windows(stream, _last_line_end):
                yield FileRangeSplit(self, projection, window.offset, window.size, window.line, window.last)
        self.source.verify()

    def window_split(self, projection: Mapping[str, ReadAs], window: Window) -> Split:
        """The split of this window of the file."""
        return JsonlSplit(self, projection, window)

    def read(self, window: Window, projection: Mapping[str, ReadAs], location: Location) -> list[pa.RecordBatch]:
        """The projected columns of one window; `location` is that of its first row."""
        names = list(projection)
        kinds = [self._kind(name, read_as) for name, read_as in projection.items()]
        try:
            table = _parse(window, pa.schema(list(zip(names, kinds, strict=True))))
            _refuse_doubtful(table, window)
            batches = [
                [_as_wanted(array, projection[name]) for name, array in zip(names, data.columns, strict=True)]
                for data in table.select(names).to_batches()
            ]
        except (pa.ArrowInvalid, UnicodeDecodeError):
            vectors = {name for name, kind in zip(names, kinds, strict=True) if kind in LISTS.values()}
            batches = [read_exactly(window, projection, vectors, location, self.lenient)]
        return [pa.RecordBatch.from_arrays(arrays, names=names) for arrays in batches]

    def _kind(self, name: str, read_as: ReadAs) -> pa.DataType:
        kind = self.keys[name]
        if kind in LISTS:
            return LISTS[kind] if read_as == "text" else VECTOR
        return pa.float64() if read_as == "number" else _TEXT_TYPES.get(kind, pa.string())


@dataclass(frozen=True)
class JsonlSplit(WindowSplit):
    """The lines of one window."""

    fragment: JsonlFragment
    projection: Mapping[str, ReadAs]
    window: Window

    def batches(self, first_row: int) -> Iterator[Batch]:
        """The rows in order; the first is row `first_row` of its file."""
        base = 0
        for data in self.fragment.read(
            self.window, self.projection, Location(self.fragment.path, first_row, _LineNumbers(self.window, 0))
        ):
            for start in range(0, data.num_rows, BATCH_ROWS):
                location = Location(
                    self.fragment.path, first_row + base + start, _LineNumbers(self.window, base + start)
                )
                yield Batch(data.slice(start, BATCH_ROWS), location)
            base += data.num_rows
        verify_local(self.fragment.source)


def _last_line_end(text: bytes) -> int:
    return text.rfind(b"\n") + 1


def _parse(window: Window, schema: pa.Schema) -> pa.Table:
    return pj.read_json(
        pa.BufferReader(pa.py_buffer(window.view)),
        pj.ReadOptions(use_threads=False, block_size=BLOCK),
        pj.ParseOptions(explicit_schema=schema, newlines_in_values=False, unexpected_field_behavior="ignore"),
    )


def _refuse_doubtful(table: pa.Table, window: Window) -> None:
    """Raise if a number may not be that of the text, so that the window is read exactly: 1e309, 9007199254740993."""
    size = largest(
        chunk.values if chunk.type == VECTOR else chunk
        for column in table.columns
        for chunk in column.chunks
        if chunk.type in (pa.float64(), VECTOR)
    )
    if math.isinf(size) or (size >= EXACT and _LONG.search(window.text)):
        raise pa.ArrowInvalid("infinite, or perhaps not exact")


def _as_wanted(array: pa.Array, read_as: ReadAs) -> pa.Array:
    if read_as == "number" or pa.types.is_list(array.type):
        return array
    array.validate(full=True)
    coded = array.dictionary_encode()
    if pa.types.is_string(array.type):
        return coded
    texts = [text_of(value) for value in coded.dictionary.to_pylist()]
    if len(set(texts)) < len(texts):  # 0.0 and -0.0 are the same label
        return dictionary_strings([None if value is None else text_of(value) for value in array.to_pylist()])
    return pa.DictionaryArray.from_arrays(coded.indices, strings(texts))


def read_keys(stream: Stream) -> dict[str, str]:
    """The keys of the first records, each with the kind of its first value that is not null."""
    kinds: dict[str, str] = {}
    for row, (line, text) in enumerate(_first_lines(stream), 1):
        try:
            record = json.loads(text.decode("utf-8", "surrogateescape"))
        except (ValueError, RecursionError) as error:
            reason = json_finding(error)
            raise DataError(
                f"invalid JSON: {reason}", path=stream.path, row=row, line=line, code="DATA_BAD_ROW"
            ) from None
        if not isinstance(record, dict):
            message = f"a JSON line that is not an object (line {line})"
            raise DataError(message, path=stream.path, line=line, hint="write one {…} per line", code="DATA_BAD_ROW")
        for name, value in record.items():
            if kinds.get(name, "null") == "null":
                kinds[name] = _kind_of(value)
    if not kinds:
        raise EmptyError("the file holds no records", path=stream.path, code="EMPTY_NO_ROWS")
    return kinds


def _first_lines(stream: Stream) -> Iterator[tuple[int, bytes]]:
    text = stream.read(PIECE)
    while b"\n" not in text.strip() and len(text) <= RECORD_LIMIT and (piece := stream.read(max(PIECE, len(text)))):
        text += piece
    ended = not stream.read(1)
    lines: Sequence[bytes] = text.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    filled = ((number, line) for number, line in enumerate(lines if ended else lines[:-1], 1) if line.strip())
    return islice(filled, PROBED)


def _kind_of(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, list):
        first = next((item for item in value if item is not None), None)
        return "list of boolean" if isinstance(first, bool) else "list of text" if isinstance(first, str) else "list"
    kinds = {bool: "boolean", int: "integer", float: "float", str: "text", dict: "object"}
    return kinds[type(value)]
