"""JSON lines: Arrow's reader on windows of the file, with a fixed schema; doubts go to `jsonl_exact`, line by line."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from itertools import islice
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.json as pj

from losscli.errors import DataError, EmptyError, Location
from losscli.io.arrow.buffers import EXACT, largest
from losscli.io.arrow.build import dictionary_strings, strings
from losscli.io.arrow.keyed import keyed_fields
from losscli.io.batches import BATCH_ROWS, Batch, joined_batches
from losscli.io.files.inputs import Input
from losscli.io.files.streams import Stream
from losscli.io.formats.jsonl_exact import LINE_HINT, Wanted, are_lines, line_finding, lines_of, read_exactly, text_of
from losscli.io.formats.text_ranges import ranges
from losscli.io.formats.text_windows import (
    RECORD_LIMIT,
    FileRangeSplit,
    Window,
    WindowSplit,
    is_plain,
    is_utf8,
    open_text,
    plain_size,
    verify_local,
    windows,
)
from losscli.io.nested.json_types import VECTOR, list_type, merged, pruned, type_of
from losscli.io.nested.leaves import leaves, roots
from losscli.io.nested.paths import NestedPath, Step, type_at
from losscli.io.small_files import SMALL
from losscli.io.source import Fragment, ReadAs, Split, projected_positions
from losscli.lazy import dataclass, pattern

BLOCK = 1 << 20
PIECE = 1 << 16
PROBED = 100

_LONG = pattern(rb"(?<![0-9.eE+-])-?[0-9]{16,}(?![0-9.eE])")  # a whole number that may be beyond 2^53

_PLAIN = frozenset({pa.int64(), pa.float64(), pa.bool_(), pa.string()})

_NUMBERS = (pa.int64(), pa.float64())

_TEXT_TYPES = (pa.int64(), pa.float64(), pa.bool_())  # what is read in its own type to become text


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
    """One file of JSON lines; `keys` are those of its first records, each with the type of its first value."""

    path: str
    source: Input
    compression: str | None
    keys: Mapping[str, pa.DataType]
    encoding: str
    lenient: bool = False
    format: str = "jsonl"
    nested: Mapping[str, NestedPath] = field(default_factory=dict)
    typed: ClassVar[bool] = False

    @property
    def nested_types(self) -> Mapping[str, pa.DataType]:
        """The types that the first records show."""
        return self.keys

    def with_paths(self, paths: Mapping[str, NestedPath]) -> JsonlFragment:
        """The fragment whose projections may hold these names, too: columns inside others."""
        return replace(self, nested={**self.nested, **paths})

    @property
    def size(self) -> int | None:
        """The size of the file in bytes; None unless it is a local file of plain UTF-8 text."""
        return plain_size(self.source, self.compression, self.encoding)

    def ask_ahead(self, projection: Mapping[str, ReadAs], most: int) -> int:
        """Begin the requests for its first rows, if it is remote."""
        return self.source.begin_text()

    def splits(self, projection: Mapping[str, ReadAs]) -> Iterator[Split]:
        """The rows in file order; several threads can read the splits."""
        return self.splits_from(projection, 0, 1)

    def splits_from(self, projection: Mapping[str, ReadAs], offset: int, line: int) -> Iterator[Split]:
        """The records from this byte on, which is on this line."""
        self._check(projection)
        with open_text(self.source, self.compression, self.encoding, last=True) as stream:
            for window in windows(stream, _last_line_end, offset, line):
                yield self.window_split(projection, window)
        self.source.verify()

    def remote_splits(self, projection: Mapping[str, ReadAs]) -> Iterator[Split]:
        """The rows in splits that another process can read; it opens the file by its path."""
        if not is_plain(self.source, self.compression, self.encoding):
            yield from super().remote_splits(projection)
            return
        self._check(projection)
        with open_text(self.source, self.compression, self.encoding) as stream:
            for window in windows(stream, _last_line_end):
                yield FileRangeSplit(self, projection, window.offset, window.size, window.line, window.last)
        self.source.verify()

    def small_size(self, projection: Mapping[str, ReadAs]) -> int | None:
        """Its bytes, if it is a small file of which plain numbers are read."""
        size: int | None = getattr(self.source, "size", None)  # a pipe has none
        if size is None or size > SMALL or self.nested or self.format != "jsonl" or not is_utf8(self.encoding):
            return None
        numbers = set(projection.values()) == {"number"}
        return size if numbers and all(self.keys.get(name) in _NUMBERS for name in projection) else None

    def is_like(self, other: Fragment) -> bool:
        """Whether the other file has the same keys, with values of the same types."""
        return isinstance(other, JsonlFragment) and self.keys == other.keys and self.lenient == other.lenient

    def together(self, others: Sequence[Fragment], projection: Mapping[str, ReadAs]) -> Split:
        """Its rows and those of the others, which are like it, as one split."""
        from losscli.io.formats.jsonl_together import JsonlTogether

        fragments = [self, *(other for other in others if isinstance(other, JsonlFragment))]
        return JsonlTogether(fragments, projection, sum(one.small_size(projection) or 0 for one in fragments))

    def opened(self) -> Stream:
        """Its text."""
        return open_text(self.source, self.compression, self.encoding, last=True)

    def plain_numbers(self, window: Window, projection: Mapping[str, ReadAs]) -> pa.RecordBatch | None:
        """These columns of the records, if Arrow reads them without a doubt."""
        try:
            table = _parse(window, pa.schema([(name, pa.float64()) for name in projection]))
            _refuse_shared_lines(table, window)
            _refuse_doubtful(table.to_batches(), window)
        except (pa.ArrowInvalid, UnicodeDecodeError):
            return None
        columns = [column.combine_chunks() for column in table.select(list(projection)).columns]
        return pa.RecordBatch.from_arrays(columns, names=list(projection))

    def unread_splits(self, projection: Mapping[str, ReadAs]) -> Sequence[Split] | None:
        """The rows in ranges of bytes that end at the end of a line."""
        if self.format != "jsonl" or self.size is None:
            return None
        self._check(projection)
        return ranges(self, projection, self.size, (0, 1), lambda text: True)

    def range_split(self, projection: Mapping[str, ReadAs], window: Window) -> Split:
        """The split of these bytes: no text of JSON has the end of a line inside."""
        return self.window_split(projection, window)

    def window_split(self, projection: Mapping[str, ReadAs], window: Window) -> Split:
        """The split of this window of the file."""
        return JsonlSplit(self, projection, window)

    def read(self, window: Window, projection: Mapping[str, ReadAs], location: Location) -> list[pa.RecordBatch]:
        """The projected columns of one window; `location` is that of its first row."""
        names = list(projection)
        kinds = {name: self._kind(name, read_as) for name, read_as in projection.items()}
        try:
            table = _parse(window, self._schema(kinds))
            if self.format == "jsonl":  # else records are those of a document
                _refuse_shared_lines(table, window)
            table = table.select(roots(names, self.nested))
            read = [leaves(data, names, self.nested) for data in joined_batches(table)]
            _refuse_doubtful(read, window)
            batches = [
                [_as_wanted(array, projection[name]) for name, array in zip(names, data.columns, strict=True)]
                for data in read
            ]
        except (pa.ArrowInvalid, UnicodeDecodeError):
            wanted = {
                name: Wanted(
                    "spelled number" if read_as == "number" and kinds[name] == pa.string() else read_as,
                    pa.types.is_list(kinds[name]),
                    self.nested.get(name),
                    keyed_fields(kinds[name]),
                )
                for name, read_as in projection.items()
            }
            batches = [read_exactly(window, wanted, location, self.lenient)]
        return [pa.RecordBatch.from_arrays(arrays, names=names) for arrays in batches]

    def first_batch(self, projection: Mapping[str, ReadAs]) -> Batch | None:
        """The first rows; those of a pipe are kept for the reader of all."""
        with open_text(self.source, self.compression, self.encoding) as stream:
            window = next(windows(stream, _last_line_end), None)
        return None if window is None else next(self.window_split(projection, window).batches(1), None)

    def _check(self, projection: Mapping[str, ReadAs]) -> None:
        projected_positions(tuple(self.keys), dict.fromkeys(roots(projection, self.nested), "number"), self.path)

    def _kind(self, name: str, read_as: ReadAs) -> pa.DataType:
        kind = self.keys.get(name)
        if name in self.nested:
            kind = type_at(self.nested[name], self.keys)  # None where the first records of this file do not have it
        kind = pa.null() if kind is None else kind
        if (fields := keyed_fields(kind)) is not None:
            return pa.list_(pa.struct([(fields.label, pa.string()), (fields.number, pa.float64())]))
        if (lists := list_type(kind)) is not None:
            return lists if read_as == "text" else VECTOR
        if read_as == "number":
            return pa.string() if kind == pa.string() else pa.float64()
        return kind if kind in _TEXT_TYPES else pa.string()

    def _schema(self, kinds: Mapping[str, pa.DataType]) -> pa.Schema:
        """What Arrow reads of each record: of an object only the fields on a path."""
        wanted: dict[str, list[tuple[tuple[Step, ...], pa.DataType]]] = {}
        for name, kind in kinds.items():
            path = self.nested.get(name, NestedPath(name, ()))
            wanted.setdefault(path.root, []).append((path.steps, kind))
        types = {root: pruned(columns) for root, columns in wanted.items()}
        if None in types.values():
            raise pa.ArrowInvalid("one value is wanted in two types")
        return pa.schema(list(types.items()))


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
            self.window, self.projection, Location(self.fragment.path, first_row, self._lines(0))
        ):
            for start in range(0, data.num_rows, BATCH_ROWS):
                location = Location(self.fragment.path, first_row + base + start, self._lines(base + start))
                yield Batch(data.slice(start, BATCH_ROWS), location)
            base += data.num_rows
        verify_local(self.fragment.source)

    def _lines(self, base: int) -> Callable[[int], int | None]:
        """The line numbers of rows; the records of a document may share lines."""
        return _LineNumbers(self.window, base) if self.fragment.format == "jsonl" else lambda index: None


def _last_line_end(text: bytes) -> int:
    return text.rfind(b"\n") + 1


def _parse(window: Window, schema: pa.Schema) -> pa.Table:
    return pj.read_json(
        pa.BufferReader(pa.py_buffer(window.view)),
        pj.ReadOptions(use_threads=False, block_size=BLOCK),
        pj.ParseOptions(explicit_schema=schema, newlines_in_values=False, unexpected_field_behavior="ignore"),
    )


def _refuse_shared_lines(table: pa.Table, window: Window) -> None:
    """Raise if a line has two records, or a record two lines: Arrow reads them, unless they are cut there."""
    if not are_lines(window, table.num_rows):
        raise pa.ArrowInvalid("not a record a line")


def _refuse_doubtful(read: Sequence[pa.RecordBatch], window: Window) -> None:
    """Raise if a number may not be that of the text, so that the window is read exactly: 1e309, 9007199254740993."""
    size = largest(numbers for data in read for column in data.columns if (numbers := _numbers_of(column)) is not None)
    if math.isinf(size) or (size >= EXACT and _LONG.search(window.text)):
        raise pa.ArrowInvalid("infinite, or perhaps not exact")


def _numbers_of(column: pa.Array) -> pa.Array | None:
    """The numbers in a column, if it has any."""
    if (fields := keyed_fields(column.type)) is not None:
        return column.values.field(fields.number)
    column = column.values if column.type == VECTOR else column
    return column if column.type == pa.float64() else None


def _as_wanted(array: pa.Array, read_as: ReadAs) -> pa.Array:
    if pa.types.is_list(array.type) or (read_as == "number" and not pa.types.is_string(array.type)):
        return array
    array.validate(full=True)
    coded = array.dictionary_encode()
    if pa.types.is_string(array.type):
        return coded
    texts = [text_of(value) for value in coded.dictionary.to_pylist()]
    if len(set(texts)) < len(texts):  # 0.0 and -0.0 are the same label
        return dictionary_strings([None if value is None else text_of(value) for value in array.to_pylist()])
    return pa.DictionaryArray.from_arrays(coded.indices, strings(texts))


def read_keys(stream: Stream) -> dict[str, pa.DataType]:
    """The keys of the first records, each with the type of its first value that is not null."""
    kinds: dict[str, pa.DataType] = {}
    settled: set[str] = set()  # keys of plain values: then one of another type changes nothing
    lines = list(_first_lines(stream))
    for record in _parsed_together([text for _, text in lines]) or _parsed_alone(lines, stream.path):
        if record.keys() <= settled:
            continue
        for name, value in record.items():
            if name not in settled:
                kinds[name] = merged(kinds.get(name, pa.null()), type_of(value))
                if kinds[name] in _PLAIN:
                    settled.add(name)
    if not kinds:
        raise EmptyError("the file holds no records", path=stream.path, code="EMPTY_NO_ROWS")
    return kinds


def _parsed_together(lines: Sequence[bytes]) -> list[dict[str, Any]] | None:
    """The records of these lines, parsed in one call, which takes a third of the time; None if one is unusual."""
    # A text that no line has stands between two lines, so that no record in two lines, or two in one, goes unnoticed.
    whole = b',"\\u0000",'.join(lines)
    if whole.count(b"\\u0000") >= len(lines):
        return None
    try:
        found = json.loads(f"[{whole.decode('utf-8', 'surrogateescape')}]")
    except (ValueError, RecursionError):
        return None
    records = found[::2]
    apart = len(records) == len(lines) and found[1::2] == ["\0"] * (len(lines) - 1)
    return records if apart and set(map(type, records)) == {dict} else None


def _parsed_alone(lines: Sequence[tuple[int, bytes]], path: str) -> Iterator[dict[str, Any]]:
    """The records of these lines with their numbers; one that is none is a DataError."""
    for row, (line, text) in enumerate(lines, 1):
        try:
            record = json.loads(text.decode("utf-8", "surrogateescape"))
        except (ValueError, RecursionError) as error:
            reason, hint = line_finding(error)
            raise DataError(f"invalid JSON: {reason}", path=path, row=row, line=line, hint=hint,
                            code="DATA_BAD_ROW") from None  # fmt: skip
        if not isinstance(record, dict):
            message = f"a JSON line that is not an object (line {line})"
            raise DataError(message, path=path, line=line, hint=LINE_HINT, code="DATA_BAD_ROW")
        yield record


def _first_lines(stream: Stream) -> Iterator[tuple[int, bytes]]:
    text = stream.read(PIECE)
    while b"\n" not in text.strip() and len(text) <= RECORD_LIMIT and (piece := stream.read(max(PIECE, len(text)))):
        text += piece
    ended = not stream.read(1)
    lines: Sequence[bytes] = text.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    filled = ((number, line) for number, line in enumerate(lines if ended else lines[:-1], 1) if line.strip())
    return islice(filled, PROBED)
