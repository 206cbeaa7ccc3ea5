"""Parquet: row groups are read independently, each in bounded memory."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import field, replace
from functools import partial
from itertools import takewhile
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from losscli.errors import DataError
from losscli.io.batches import BATCH_BYTES, SPLIT_ROWS, Batch, bounded_batches, rows_per_batch
from losscli.io.files.inputs import SeekableInput
from losscli.io.formats.binary import (
    check_values,
    columns_to_check,
    read_error,
    select_columns,
)
from losscli.io.formats.parquet_columns import MOST_DECODING, batches_by_columns, pays
from losscli.io.formats.parquet_columns import memory_bytes as memory_by_columns
from losscli.io.formats.parquet_reader import buffer_size, opened, reader_of
from losscli.io.formats.parquet_statistics import RowFilter, UnreadSplit, grouped, unread_groups
from losscli.io.nested.leaves import check_paths, leaves, roots
from losscli.io.nested.paths import NestedPath
from losscli.io.read_ahead import splits_ahead
from losscli.io.small_files import SMALL
from losscli.io.source import Fragment, ReadAs, Split, projected_positions
from losscli.lazy import dataclass
from losscli.parallel import thread_count

if TYPE_CHECKING:
    from losscli.io.remote.ranges import Lanes

PROBED = 16
SPLIT_BYTES = 4 * BATCH_BYTES
"""Decoded bytes of row groups that are combined."""

MANY_ROWS = 1 << 17
MANY_ENTRIES, SHORT = 1 << 14, 36
"""The entries of a dictionary from which on texts of few bytes (with their offsets) are read as they are."""

HEAVY = 96 << 20
"""Bytes to read a row group from which on two threads cannot each read one."""


@dataclass(frozen=True)
class ParquetFragment(Fragment):
    """One Parquet file. Its columns keep their types; text columns that are read as text come as dictionaries."""

    path: str
    source: SeekableInput
    schema: pa.Schema
    format: str = "parquet"
    nested: Mapping[str, NestedPath] = field(default_factory=dict)
    plain: frozenset[str] = frozenset()
    is_alone: bool = False  # whether the source has no other file
    row_filter: RowFilter | None = None

    @property
    def nested_types(self) -> Mapping[str, pa.DataType]:
        """The types of its columns."""
        return {column.name: column.type for column in self.schema}

    def with_paths(self, paths: Mapping[str, NestedPath]) -> ParquetFragment:
        """The fragment whose projections may hold these names, too: columns inside others."""
        return replace(self, nested={**self.nested, **paths})

    def with_plain_texts(self, names: Collection[str]) -> ParquetFragment:
        """The fragment that reads these columns, whose texts hardly repeat, as they are and not as dictionaries."""
        return replace(self, plain=self.plain.union(names))

    def filtered(self, rows: RowFilter) -> ParquetFragment:
        """The fragment that does not read row groups of which no row passes; its rows are as many."""
        return self if self.nested else replace(self, row_filter=rows)

    def alone(self) -> ParquetFragment:
        """The fragment as the only one of its source."""
        return replace(self, is_alone=True)

    @property
    def size(self) -> int:
        """The size of the file in bytes when it was found."""
        return self.source.size

    def splits(self, projection: Mapping[str, ReadAs]) -> Iterator[Split]:
        """The rows in file order; several threads can read the splits.

        Row groups are read side by side. One that no other can be read beside, because it takes much memory or there
        is no other, is decoded here, and its rows are scored side by side.
        """
        row = 1
        splits: Iterator[RowGroupSplit | UnreadSplit] = self.remote_splits(projection)
        for split in splits_ahead(splits) if self.source.is_remote else splits:
            if isinstance(split, RowGroupSplit) and self._is_divided(split):
                yield from split.decoded(row)
            else:
                yield split
            row += split.rows

    def ask_ahead(self, projection: Mapping[str, ReadAs], most: int) -> int:
        """Begin the requests for its first rows, if it is remote."""
        if not self.source.is_remote:
            return 0
        if begun := self.source.begin_ends():
            return begun
        first = next(self.remote_splits(projection), None)
        return first.ask_ahead(most) if isinstance(first, RowGroupSplit) else 0

    def small_size(self, projection: Mapping[str, ReadAs]) -> int | None:
        """Its bytes, if it is a small file of which columns of plain numbers are read."""
        plain = self.row_filter is None and not self.nested and set(projection.values()) == {"number"}
        names = self.schema.names
        if not plain or self.size > SMALL or any(names.count(name) != 1 for name in projection):
            return None
        kinds = [self.schema.field(name).type for name in projection]
        return self.size if all(pa.types.is_floating(kind) or pa.types.is_integer(kind) for kind in kinds) else None

    def is_like(self, other: Fragment) -> bool:
        """Whether the other file has the same columns."""
        return isinstance(other, ParquetFragment) and self.schema.equals(other.schema)

    def together(self, others: Sequence[Fragment], projection: Mapping[str, ReadAs]) -> Split:
        """Its rows and those of the others, which are like it, as one split."""
        from losscli.io.formats.parquet_together import ParquetTogether

        fragments = [self, *(other for other in others if isinstance(other, ParquetFragment))]
        return ParquetTogether(fragments, projection, sum(fragment.size for fragment in fragments))

    def read_whole(self, content: bytes, projection: Mapping[str, ReadAs]) -> pa.Table:
        """These columns of the file, whose bytes are given; a ValueError where it has other rows than it declares."""
        file = reader_of(pa.BufferReader(content), None, len(projection), None)
        data = file.read(list(projection), use_threads=False)
        footer = file.metadata
        if (
            not footer.num_rows
            == data.num_rows
            == sum(footer.row_group(at).num_rows for at in range(footer.num_row_groups))
        ):
            raise ValueError("the number of rows")
        return data.select(list(projection))

    def _is_divided(self, split: RowGroupSplit) -> bool:
        return split.is_divisible and (split.is_heavy or (self.is_alone and split.is_only))

    def unread_splits(self, projection: Mapping[str, ReadAs]) -> Sequence[RowGroupSplit | UnreadSplit]:
        """The same as `remote_splits`, as the file says where these are."""
        return list(self.remote_splits(projection))

    def remote_splits(self, projection: Mapping[str, ReadAs]) -> Iterator[RowGroupSplit | UnreadSplit]:
        """The rows in splits that another process can read; it opens the file by its path."""
        names = roots(projection, self.nested)
        projected_positions(tuple(self.schema.names), dict.fromkeys(names, "number"), self.path)
        check_paths(projection, self.nested, self.schema, self.path)
        with opened(self.source, columns=len(projection)) as file:
            footer, declared = file.metadata, file.metadata.num_rows
            counts = [footer.row_group(index).num_rows for index in range(footer.num_row_groups)]
            row_size = self._row_size(file, list(projection))
        own = self
        if declared >= MANY_ROWS and not self.source.is_remote:  # there, the probe would be a request a column
            texts = [name for name, read_as in projection.items() if read_as == "text" and self.is_string(name)]
            own = self.with_plain_texts(self._mostly_differing(texts, footer))
        unread = [] if self.row_filter is None else unread_groups(footer, self.schema, self.row_filter)
        most = min(SPLIT_ROWS, max(1, SPLIT_BYTES // max(row_size, 1)))
        for groups, rows in grouped(counts, most, unread or [False] * len(counts)):
            size = self.size * rows // max(declared, 1)
            if unread and unread[groups[0]]:
                yield UnreadSplit(self.source, self.path, own.read_schema(projection), rows, size)
            else:
                yield RowGroupSplit(own, projection, groups, rows, row_size, size, footer)
        if sum(counts) != declared:
            raise DataError(
                f"damaged Parquet: it declares {declared} rows but holds {sum(counts)}",
                path=self.path,
                code="DATA_CORRUPT_FILE",
            )

    def stored(self, names: Iterable[str]) -> list[str]:
        """What is read of the file: of a struct only the fields on a path, as Parquet stores each apart."""
        return [_up_to_list(self.nested[name]) if name in self.nested else name for name in names]

    def read_schema(self, projection: Mapping[str, ReadAs]) -> pa.Schema:
        """The types of these columns, none of which is inside another, as batches have them."""
        texts = pa.dictionary(pa.int32(), pa.string())
        are_texts = {name: read_as == "text" and self.is_string(name) for name, read_as in projection.items()}
        return pa.schema([(name, texts if text else self.schema.field(name).type) for name, text in are_texts.items()])

    def is_string(self, name: str) -> bool:
        """Whether the column is read as a dictionary of texts."""
        if name in self.nested or name in self.plain:
            return False  # Arrow reads only whole columns as dictionaries
        kind = self.schema.field(name).type
        return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))

    def next(self, batches: Iterator[pa.RecordBatch]) -> pa.RecordBatch | None:
        """The next batch; None at the end."""
        try:
            return next(batches, None)
        except Exception as error:
            raise read_error(error, self.source, "Parquet") from None

    def _mostly_differing(self, names: list[str], footer: pq.FileMetaData) -> list[str]:
        """The columns of short texts whose dictionary is so large that reading them as they are is faster.

        Arrow makes the dictionary of a page anew for every batch, and looks up each text where pages have none.
        """
        if not names:
            return []
        try:
            with opened(self.source, names, len(names), footer) as file:
                first = next(file.iter_batches(PROBED, row_groups=[0], columns=names, use_threads=False))
        except Exception:  # reading will tell what is wrong, and where
            return []
        entries = {name: first.column(at).dictionary for at, name in enumerate(names)}
        return [name for name, one in entries.items() if len(one) > MANY_ENTRIES and one.nbytes < SHORT * len(one)]

    def nested_of(self, names: Iterable[str]) -> list[str]:
        """Those of these columns that are lists or structs, or inside of some."""
        return [name for name in names if name in self.nested or pa.types.is_nested(self.schema.field(name).type)]

    def _row_size(self, file: pq.ParquetFile, names: list[str]) -> int:
        """The bytes of a row once its values are doubles: by the types, and for lists by the first rows.

        The sizes in the footer are not used, because pyarrow aborts the process if they are damaged.
        """
        nested = self.nested_of(names)
        size = 8 * (len(names) - len(nested))
        if (
            nested
            and (first := self.next(file.iter_batches(PROBED, columns=self.stored(nested), use_threads=False)))
            is not None
        ):
            size += 2 * first.nbytes // first.num_rows  # twice, as they may be stored as float32
        return size


def _up_to_list(path: NestedPath) -> str:
    """The path as Parquet names columns, up to the first list, whose elements are called differently by each writer."""
    fields = takewhile(lambda step: isinstance(step, str), path.steps)
    return ".".join((path.root, *map(str, fields)))


@dataclass(frozen=True)
class RowGroupSplit:
    """Some row groups of a file; a copy in another process reads the footer again."""

    fragment: ParquetFragment
    projection: Mapping[str, ReadAs]
    groups: tuple[int, ...]
    rows: int
    row_size: int  # bytes, once the values are doubles
    size: int
    footer: pq.FileMetaData | None = field(default=None, compare=False, repr=False)

    @property
    def is_divisible(self) -> bool:
        """Whether its rows are enough for several threads."""
        return self.rows > SPLIT_ROWS or self.rows * self.row_size > 2 * BATCH_BYTES

    @property
    def is_only(self) -> bool:
        """Whether the file has no other rows."""
        return self.footer is not None and self.rows == self.footer.num_rows

    @property
    def is_heavy(self) -> bool:
        """Whether it takes so much memory that no other could be read beside it."""
        return self.memory_bytes > HEAVY

    @property
    def is_by_columns(self) -> bool:
        """Whether its columns are decoded one after the other: many, each of which stands alone."""
        return (
            pays(len(self.projection), self.rows * self.row_size)
            and not self.fragment.nested
            and not any("." in name for name in self.projection)
        )

    @property
    def memory_bytes(self) -> int:
        """About how many bytes of memory are needed to read it."""
        if self.is_by_columns:
            return memory_by_columns(self.rows * self.row_size)
        # The buffers, a page of each column compressed and decompressed, and the decoded rows.
        columns = len(self.projection)
        return columns * (buffer_size(columns) + (2 << 20)) + 3 * BATCH_BYTES // 2

    def __reduce__(self) -> tuple[object, ...]:
        return RowGroupSplit, (self.fragment, dict(self.projection), self.groups, self.rows, self.row_size, self.size)

    def batches(self, first_row: int) -> Iterator[Batch]:
        """The rows in order; the first is row `first_row` of its file."""
        row = first_row
        for data in self._read(first_row):
            yield from self.checked(data, row)
            row += data.num_rows

    def ask_ahead(self, most: int) -> int:
        """Begin the requests for its first bytes, at most so many; it returns how many."""
        begun = 0
        for block in (lane[0] for lane in self._lanes() if lane):
            if begun + block[1] - block[0] > most:
                break
            self.fragment.source.ask_ahead(*block)
            begun += block[1] - block[0]
        return begun

    def _lanes(self) -> Sequence[Sequence[tuple[int, int]]]:
        """What is asked for of a remote file."""
        source = self.fragment.source
        if not source.is_remote:
            return ()
        from losscli.io.formats.parquet_ranges import column_lanes  # a run of local files does without

        footer = self.footer
        if footer is None:
            with opened(source) as file:
                footer = file.metadata
        return column_lanes(footer, self.groups, self.fragment.stored(self.projection), source.size)

    def decoded(self, first_row: int) -> Iterator[Split]:
        """The rows in splits that hold them; reading them for the next split decodes them."""
        most = max(1, min(SPLIT_ROWS, BATCH_BYTES // max(self.row_size, 1)))
        held: list[pa.RecordBatch] = []
        for data in self._read(first_row, thread_count()):
            if held and sum(part.num_rows for part in held) + data.num_rows > most:
                yield self._holding(held)
                held = []
            held.append(data)
        if held:
            yield self._holding(held)

    def _holding(self, held: Sequence[pa.RecordBatch]) -> DecodedSplit:
        return DecodedSplit(self, tuple(held), self.size * sum(part.num_rows for part in held) // max(self.rows, 1))

    def checked(self, data: pa.RecordBatch, row: int) -> Iterator[Batch]:
        """Rows that were read, the first of which is row `row` of its file."""
        fragment, names = self.fragment, list(self.projection)
        starts = roots(names, fragment.nested)
        data = select_columns(data, starts)
        check_values(data, columns_to_check(fragment.schema, starts), fragment.path, row)
        yield from bounded_batches(leaves(data, names, fragment.nested), fragment.path, row)

    def _read(self, first_row: int, threads: int = 1) -> Iterator[pa.RecordBatch]:
        """What Arrow reads of the row groups; the end of the last one, too, is checked."""
        fragment, names = self.fragment, list(self.projection)
        texts = [name for name, read_as in self.projection.items() if read_as == "text" and fragment.is_string(name)]
        step = rows_per_batch(self.row_size, 1, len(fragment.nested_of(names)))
        found = 0
        with ExitStack() as stack:
            asked = self._lanes()
            lanes: Lanes = stack.enter_context(fragment.source.shared(asked)) if self.is_by_columns else asked
            another = partial(opened, fragment.source, texts, len(names), self.footer, lanes)
            file = stack.enter_context(another())
            if self.is_by_columns:
                files = [file, *(stack.enter_context(another()) for _ in range(1, min(threads, MOST_DECODING)))]
                schema = pa.schema([fragment.schema.field(name) for name in names])
                size = self.rows * self.row_size
                batches = batches_by_columns(files, self.groups, schema, size, step, fragment.path)
            else:
                batches = file.iter_batches(
                    step, row_groups=list(self.groups), columns=fragment.stored(names), use_threads=False
                )
            while (data := fragment.next(batches)) is not None:
                yield data
                found += data.num_rows
        fragment.source.verify()
        if found != self.rows:  # Arrow's reader reports no error if pages are missing
            where = f" from row {first_row} on" if first_row > 1 else ""
            message = f"damaged Parquet: it declares {self.rows} rows{where} but holds {found}"
            raise DataError(message, path=fragment.path, code="DATA_CORRUPT_FILE")


@dataclass(frozen=True)
class DecodedSplit:
    """Some rows of a row group, in memory."""

    origin: RowGroupSplit
    held: tuple[pa.RecordBatch, ...]
    size: int
    memory_bytes: int = 2 * BATCH_BYTES

    def batches(self, first_row: int) -> Iterator[Batch]:
        """The rows in order; the first is row `first_row` of its file."""
        row = first_row
        for data in self.held:
            yield from self.origin.checked(data, row)
            row += data.num_rows
