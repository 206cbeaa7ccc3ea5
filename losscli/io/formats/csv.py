"""Delimited text: our own header parser, then Arrow's reader on windows of the file; doubts go to `csv_exact`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc

from losscli.errors import Location
from losscli.io.arrow.buffers import EXACT, largest, plain_cells
from losscli.io.arrow.build import from_numpy, present
from losscli.io.batches import BATCH_ROWS, Batch, joined_batches
from losscli.io.files.inputs import Input
from losscli.io.files.streams import Stream
from losscli.io.formats.csv_header import BOM, Layout
from losscli.io.formats.csv_preamble import skip_lines
from losscli.io.formats.csv_records import RecordCutter, has_quoted_line_ends
from losscli.io.formats.csv_syntax import CsvSyntax, LineNumbers, changes_text
from losscli.io.formats.text_ranges import ranges
from losscli.io.formats.text_windows import (
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
from losscli.io.small_files import SMALL
from losscli.io.source import Fragment, ReadAs, ReadOptions, Split, projected_positions
from losscli.lazy import dataclass

if TYPE_CHECKING:
    from losscli.io.formats.csv_empty import Bools
    from losscli.io.formats.csv_exact import Cells

BLOCK = 1 << 20
"""Bytes that one thread of Arrow's reader parses at a time."""

LONG_HINT = "is there a quote that is never closed? --quote none reads quotes as plain text"

TEXT = pa.dictionary(pa.int32(), pa.string())


def block_size(window: Window) -> int:
    """A size of blocks of which none ends inside a CRLF: Arrow drops the LF then, also where it is data in quotes."""
    for size in range(BLOCK, BLOCK + 100):
        if not any(window.read.startswith(b"\r\n", at - 1) for at in range(size, window.size, size)):
            return size
    return window.size + 1


@dataclass(frozen=True)
class CsvFragment(Fragment):
    """One file of delimited text."""

    path: str
    format: str
    source: Input
    compression: str | None
    layout: Layout
    options: ReadOptions

    @property
    def size(self) -> int | None:
        """The size of the file in bytes; None unless it is a local file of plain UTF-8 text."""
        return plain_size(self.source, self.compression, self.options.encoding)

    def ask_ahead(self, projection: Mapping[str, ReadAs], most: int) -> int:
        """Begin the requests for its first rows, if it is remote."""
        return self.source.begin_text()

    def splits(self, projection: Mapping[str, ReadAs]) -> Iterator[Split]:
        """The rows in file order; several threads can read the splits."""
        return self.splits_from(projection, self.layout.body, self.layout.line)

    def splits_from(self, projection: Mapping[str, ReadAs], offset: int, line: int) -> Iterator[Split]:
        """The records from this byte on, which is on this line."""
        reader = self._reader(projection)
        with self.opened() as stream:
            for window, checked in self._windows(stream, offset, line):
                yield CsvSplit(self, reader, window, checked)
        self.source.verify()

    def remote_splits(self, projection: Mapping[str, ReadAs]) -> Iterator[Split]:
        """The rows in splits that another process can read; it opens the file by its path."""
        if not self._has_offsets():
            yield from super().remote_splits(projection)
            return
        self._reader(projection)
        with self.opened() as stream:
            for window, _ in self._windows(stream, self.layout.body, self.layout.line):
                yield FileRangeSplit(self, projection, window.offset, window.size, window.line, window.last)
        self.source.verify()

    def unread_splits(self, projection: Mapping[str, ReadAs]) -> Sequence[Split] | None:
        """The rows in ranges of bytes that end at the end of a line; None where line ends may stand in quotes."""
        if not self._has_offsets() or self.size is None:
            return None
        self._reader(projection)
        dialect = self.layout.dialect
        begin = self.layout.body, self.layout.line
        return ranges(self, projection, self.size, begin, lambda text: not has_quoted_line_ends(text, dialect))

    def window_split(self, projection: Mapping[str, ReadAs], window: Window) -> Split:
        """The split of this window of the file."""
        return CsvSplit(self, self._reader(projection), window)

    def range_split(self, projection: Mapping[str, ReadAs], window: Window) -> Split:
        """The split of these bytes; a ValueError where it is not certain that they end with a record."""
        cut = RecordCutter(self.layout.dialect)
        if not window.last and (cut(window.read) != window.size or not cut.sound):
            raise ValueError("the range does not end with a record")
        return CsvSplit(self, self._reader(projection), window, checked=not window.last)

    def _has_offsets(self) -> bool:
        """Whether an offset in the text can be found again, as the bytes of the file are those of the text."""
        return is_plain(self.source, self.compression, self.options.encoding) and not changes_text(self.options)

    def small_size(self, projection: Mapping[str, ReadAs]) -> int | None:
        """Its bytes, if it is a small file of which numbers are read."""
        size: int | None = getattr(self.source, "size", None)  # a pipe has none
        small = size is not None and size <= SMALL and not changes_text(self.options)
        return size if small and set(projection.values()) == {"number"} else None

    def is_like(self, other: Fragment) -> bool:
        """Whether the other file has the same header, and its cells are read in the same way."""
        return (
            isinstance(other, CsvFragment)
            and self.layout.names == other.layout.names
            and self.layout.dialect == other.layout.dialect
            and self.options == other.options
        )

    def together(self, others: Sequence[Fragment], projection: Mapping[str, ReadAs]) -> Split:
        """Its rows and those of the others, which are like it, as one split."""
        from losscli.io.formats.csv_together import CsvTogether

        fragments = [self, *(other for other in others if isinstance(other, CsvFragment))]
        size = sum(fragment.small_size(projection) or 0 for fragment in fragments)
        return CsvTogether(fragments, projection, size, self._reader(projection))

    def _reader(self, projection: Mapping[str, ReadAs]) -> _Reader:
        return _Reader(
            self.layout,
            self.options,
            list(projection.items()),
            projected_positions(self.layout.names, projection, self.path),
        )

    def _windows(self, stream: Stream, offset: int, line: int) -> Iterator[tuple[Window, bool]]:
        """The windows, and whether the quotes of each are known to be right."""
        cut = RecordCutter(self.layout.dialect)
        hint = LONG_HINT if self.layout.dialect.quote else None
        for window in windows(stream, cut, offset, line, hint):
            yield window, cut.sound and not window.last

    def opened(self, last: bool = True) -> Stream:
        """The text that rows are counted in; with `last` the input is not opened again."""
        stream = open_text(self.source, self.compression, self.options.encoding, last)
        if not changes_text(self.options):
            return stream
        from losscli.io.formats.csv_comments import plain_text

        skip_lines(stream, self.layout.above)  # the rows are counted from behind the lines above the table
        return plain_text(stream, self.options, self.layout.dialect)


@dataclass(frozen=True)
class CsvSplit(WindowSplit):
    """The records of one window."""

    fragment: CsvFragment
    reader: _Reader
    window: Window
    checked: bool = False

    def batches(self, first_row: int) -> Iterator[Batch]:
        """The rows in order; the first is row `first_row` of its file."""
        path, window, dialect = self.fragment.path, self.window, self.fragment.layout.dialect
        location = Location(path, first_row, LineNumbers(window, dialect))
        if not self.checked and window.contains(dialect.quote):
            from losscli.io.formats.csv_exact import check_quotes

            check_quotes(window, self.reader.grammar, location)
        base = 0
        extra: list[int] = []
        for data in self.reader.read(window, location, extra):
            lines = LineNumbers(window, dialect, base, self.fragment.layout.names)
            here = tuple(row - base for row in extra if base <= row < base + data.num_rows)
            yield Batch(data, Location(path, first_row + base, lines), here)
            base += data.num_rows
        verify_local(self.fragment.source)


class _Reader:
    """Parses windows into record batches of one projection."""

    def __init__(
        self, layout: Layout, options: ReadOptions, projection: Sequence[tuple[str, ReadAs]], positions: Sequence[int]
    ) -> None:
        self.projection = projection
        self.positions = positions
        # numbers as names: those of the file may repeat or be empty
        self.all_names = [str(index) for index in range(len(layout.names))]
        self.used_names = [str(index) for index in positions]
        self.nulls = list(options.null_values)
        self.decimal, self.thousands = options.decimal, options.thousands
        self.dialect = layout.dialect
        self.grammar = CsvSyntax(
            layout.dialect,
            layout.names,
            options.decimal,
            frozenset(text.encode() for text in options.null_values),
            is_utf8(options.encoding) and not changes_text(options),
            options.lenient,
            options.thousands,
            layout.fits,
        )

    def read(self, window: Window, location: Location, extra: list[int]) -> Iterator[pa.RecordBatch]:
        """The rows of a window; `extra` gets those that have cells which are not read."""
        quoted = window.contains(self.dialect.quote)
        table = self.plain_table(window, quoted)
        if table is None:
            from losscli.io.formats.csv_exact import read_exactly

            arrays = read_exactly(window, self._cells(window, location, extra), self.projection, self.grammar, location)
            batches = [self._from_arrays(arrays)]
        else:
            batches = [self._from_arrays(batch.columns) for batch in joined_batches(table)]
        for batch in self._with_empty_as_null(batches, window):
            for start in range(0, batch.num_rows, BATCH_ROWS):
                yield batch.slice(start, BATCH_ROWS)

    def plain_table(self, window: Window, quoted: bool) -> pa.Table | None:
        """The rows of a window by Arrow's reader; None if it cannot read them, or not each number as it is."""
        number = pa.float64() if self.thousands is None else pa.binary()
        kinds = [number if read_as == "number" else TEXT for _, read_as in self.projection]
        try:
            kinds_by_name = list(zip(self.used_names, kinds, strict=True))
            table = self._parse(window, kinds_by_name, quoted, block_size(window) if quoted else BLOCK)
            table = self._ungrouped(table)
        except pa.ArrowInvalid:
            return None
        return table if table is not None and self._holds(table, window, quoted) else None

    def _ungrouped(self, table: pa.Table) -> pa.Table | None:
        """The same with its numbers read where these may have thousands separators; None if one is not plain."""
        if self.thousands is None:
            return table
        from losscli.io.formats.csv_thousands import ungrouped_numbers

        for place, (_, read_as) in enumerate(self.projection):
            if read_as == "number":
                found = ungrouped_numbers(table.column(place), self.nulls, self.decimal, self.thousands)
                if found is None:
                    return None
                table = table.set_column(place, table.field(place).with_type(pa.float64()), found)
        return table

    def _with_empty_as_null(self, batches: Sequence[pa.RecordBatch], window: Window) -> Iterator[pa.RecordBatch]:
        """The batches with null in the empty cells of text columns, if the empty text is a null value."""
        texts = [place for place, (_, read_as) in enumerate(self.projection) if read_as == "text"]
        if not texts or "" not in self.nulls:
            yield from batches
            return
        from losscli.io.formats.csv_empty import empty_cells, with_nulls

        known = self._null_cells(texts, window) if window.contains(2 * self.dialect.quote) else None
        row = 0
        for batch in batches:
            columns = list(batch.columns)
            for place in texts:
                here = slice(row, row + batch.num_rows)
                null = empty_cells(columns[place]) if known is None else known[place][here]
                columns[place] = with_nulls(columns[place], null)
            row += batch.num_rows
            yield self._from_arrays(columns)

    def _null_cells(self, texts: Sequence[int], window: Window) -> dict[int, Bools] | None:
        """Which cells of these columns are empty without quotes; None if Arrow cannot read the window."""
        kinds = {self.used_names[place]: pa.binary() for place in texts}
        try:
            table = self._parse(window, list(kinds.items()), quoted=True, block=window.size + 1, texts_too=True)
        except pa.ArrowInvalid:
            return None
        columns = dict(zip(kinds, table.columns, strict=True))
        return {place: ~present(columns[self.used_names[place]].combine_chunks()) for place in texts}

    def _parse(
        self,
        window: Window,
        kinds: Sequence[tuple[str, pa.DataType]],
        quoted: bool,
        block: int,
        texts_too: bool = False,
    ) -> pa.Table:
        """The columns of these names and types; with `texts_too` a text is null if it is empty without quotes."""
        text: bytes | memoryview = window.view
        # Arrow drops a byte order mark at the start of what it reads. That of the file is before the first window, so a
        # window that begins with one has it in its first cell: Arrow gets another to drop.
        if window.read.startswith(BOM):
            text, block = BOM + window.text, window.size + len(BOM) + 1
        return pc.read_csv(
            pa.BufferReader(pa.py_buffer(text)),
            pc.ReadOptions(column_names=self.all_names, block_size=block, use_threads=False),
            pc.ParseOptions(
                delimiter=self.dialect.delimiter.decode(),
                quote_char=self.dialect.quote.decode() or False,
                double_quote=bool(self.dialect.quote),
                newlines_in_values=quoted,
            ),
            pc.ConvertOptions(
                include_columns=[name for name, _ in kinds],
                column_types=dict(kinds),
                null_values=[""] if texts_too else self.nulls,
                strings_can_be_null=texts_too,
                quoted_strings_can_be_null=not texts_too,
                check_utf8=True,
                decimal_point=self.decimal,
            ),
        )

    def _holds(self, table: pa.Table, window: Window, quoted: bool) -> bool:
        """Whether the numbers are those of the text: Arrow reads 1e309 as infinite, and rounds 9007199254740993."""
        large: list[int] = []
        for place, ((_, read_as), column) in enumerate(zip(self.projection, table.columns, strict=True)):
            if read_as != "number" or (size := largest(column.chunks)) < EXACT:
                continue
            if math.isinf(size):
                return False
            large.append(place)
        return not large or self._whole_numbers_hold(table, large, window, quoted)

    def _whole_numbers_hold(self, table: pa.Table, large: Sequence[int], window: Window, quoted: bool) -> bool:
        """Whether whole numbers beyond 2^53 are exact; the texts of these columns are read for that."""
        try:
            texts = self._parse(window, [(self.used_names[place], pa.binary()) for place in large], quoted, BLOCK)
        except pa.ArrowInvalid:
            return False
        from losscli.io.formats.csv_exact import all_exact

        for place, cells in zip(large, texts.columns, strict=True):
            values = np.concatenate([plain_cells(chunk) for chunk in table.column(place).chunks])
            rows = from_numpy(np.flatnonzero(np.abs(values) >= EXACT))
            if not all_exact(cells.combine_chunks().take(rows).to_pylist()):
                return False
        return True

    def _cells(self, window: Window, location: Location, extra: list[int]) -> list[Cells]:
        """The cells as bytes: by Arrow's reader if possible, else by ours, which raises the precise error."""
        try:
            kinds = [(name, pa.binary()) for name in self.used_names]
            table = self._parse(window, kinds, window.contains(self.dialect.quote), window.size + 1)
        except pa.ArrowInvalid:
            table = None
        if table is None:
            from losscli.io.formats.csv_exact import read_cells

            numbers = [read_as == "number" for _, read_as in self.projection]
            return read_cells(window, list(zip(self.positions, numbers, strict=True)), self.grammar, location, extra)
        return [column.to_pylist() for column in table.columns]

    def _from_arrays(self, arrays: Sequence[pa.Array]) -> pa.RecordBatch:
        return pa.RecordBatch.from_arrays(list(arrays), names=[name for name, _ in self.projection])
