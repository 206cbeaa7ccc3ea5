"""Row groups of Parquet: which are read together, and which not at all, as the footer proves that no row can pass."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from losscli.io.batches import SPLIT_ROWS, Batch, bounded_batches
from losscli.io.files.inputs import SeekableInput
from losscli.lazy import dataclass

Range = tuple[float, float] | tuple[int, int] | tuple[str, str]
"""The least and the largest value of a column, or less and more than these; NaN and null apart."""


class RowFilter(Protocol):
    """A filter of rows, and what it makes of ranges."""

    @property
    def columns(self) -> Collection[str]:
        """The columns that it reads."""
        ...

    def may_pass(self, ranges: Mapping[str, Range]) -> bool:
        """Whether a row with values in these ranges could pass."""
        ...


def unread_groups(footer: pq.FileMetaData, schema: pa.Schema, rows: RowFilter) -> list[bool]:
    """Of which row groups no row passes; where the footer does not tell, one may."""
    places = {name: _place(footer, schema, name) for name in rows.columns}
    found = []
    for index in range(footer.num_row_groups):
        group = footer.row_group(index)
        ranges = {name: None if at is None else _range(group.column(at)) for name, at in places.items()}
        known = {name: each for name, each in ranges.items() if each is not None}
        found.append(len(known) == len(ranges) and not rows.may_pass(known))
    return found


def _place(footer: pq.FileMetaData, schema: pa.Schema, name: str) -> int | None:
    """The position of a column of plain numbers or texts among those that are stored."""
    if len(schema.get_all_field_indices(name)) != 1:
        return None
    kind = schema.field(name).type
    known = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_string(kind)
    if not (known or pa.types.is_large_string(kind)):
        return None
    stored = [at for at in range(footer.num_columns) if footer.schema.column(at).path == name]
    return stored[0] if len(stored) == 1 and footer.schema.column(stored[0]).max_repetition_level == 0 else None


def _range(column: pq.ColumnChunkMetaData) -> Range | None:
    """The range of a column in a row group; None where it is not known."""
    try:
        statistics = column.statistics
        if statistics is None or not statistics.has_min_max:
            return None
        low: Any = statistics.min
        high: Any = statistics.max
    except Exception:  # a footer that is damaged says nothing, and what is read of the file will tell
        return None
    found: Range = low, high
    same = type(low) is type(high) and isinstance(low, str | int | float)
    return found if same and low <= high else None  # NaN, too, is no end of a range


@dataclass(frozen=True)
class UnreadSplit:
    """Rows of which none passes the filter: they are counted, and stand without a value, which passes none."""

    source: SeekableInput
    path: str
    schema: pa.Schema  # of what would be read
    rows: int
    size: int
    memory_bytes: int = 1 << 20

    def batches(self, first_row: int) -> Iterator[Batch]:
        """The rows in order; the first is row `first_row` of its file."""
        self.source.verify()
        most = min(self.rows, SPLIT_ROWS)
        empty = pa.RecordBatch.from_arrays([pa.nulls(most, kind) for kind in self.schema.types], schema=self.schema)
        for done in range(0, self.rows, max(most, 1)):
            yield from bounded_batches(empty.slice(0, min(most, self.rows - done)), self.path, first_row + done)


def grouped(counts: Sequence[int], most: int, unread: Sequence[bool]) -> Iterator[tuple[tuple[int, ...], int]]:
    """Consecutive row groups and their number of rows.

    Small row groups are combined, up to `most` rows; those that are not read, all that stand together.
    """
    groups: list[int] = []
    rows = 0
    for index, count in enumerate(counts):
        if groups and (unread[index] != unread[groups[0]] or (rows + count > most and not unread[index])):
            yield tuple(groups), rows
            groups, rows = [], 0
        groups.append(index)
        rows += count
    if groups:
        yield tuple(groups), rows
