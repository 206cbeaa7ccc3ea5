"""Batches of rows: record batches of bounded size with the location of their rows."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from losscli.errors import Location
from losscli.lazy import dataclass

BATCH_ROWS = 1 << 18
BATCH_BYTES = 12 << 20
LIST_BYTES = 8 << 20
"""Of a column of lists in Parquet, as Arrow's reader holds several times what a batch of them has."""

_EVEN = 1 << 16
"""Larger batches are a multiple of these rows, which kernels take at once; a rest would be a short step for them."""

SPLIT_ROWS = 1 << 18
"""Rows of a split of a binary format, unless a row group of the file is larger."""


@dataclass(frozen=True)
class Batch:
    """Some rows: the projected columns, in the order of the projection, and the location of the rows.

    `extra_cells` are the indices of rows that have more cells than their file has columns, which are not read. `files`
    are the paths and rows of several small files that are read together; errors about these have them read apart.
    """

    data: pa.RecordBatch
    location: Location
    extra_cells: tuple[int, ...] = ()
    files: tuple[tuple[str, int], ...] = ()

    @property
    def rows_by_file(self) -> tuple[tuple[str, int], ...]:
        """The number of its rows in each file, in order."""
        return self.files or ((self.location.path, self.data.num_rows),)

    def without_extra_cells(self) -> Batch:
        """The batch; a row with extra cells is a DataError, for readers that cannot tell of them."""
        if self.extra_cells:
            raise self.location.error(
                self.extra_cells[0], None, "the row has more cells than the header",
                hint="where files are joined, rows must fit their header", code="DATA_BAD_ROW",
            )  # fmt: skip
        return self


def bounded_batches(data: pa.RecordBatch, path: str, first_row: int) -> Iterator[Batch]:
    """The rows in batches of bounded size; only columns of layouts that Arrow cannot filter are copied."""
    data = _plain_layout(data)
    if not data.num_rows:
        return
    # What a reader has cut to size is not cut again because of a few bytes, such as those of bitmaps.
    step = data.num_rows if _fits(data) else rows_per_batch(_size(data), data.num_rows)
    if step >= data.num_rows:
        yield Batch(data, Location(path, first_row))
        return
    for start in range(0, data.num_rows, step):
        yield Batch(data.slice(start, step), Location(path, first_row + start))


def _fits(data: pa.RecordBatch) -> bool:
    return data.num_rows <= BATCH_ROWS and _size(data) <= BATCH_BYTES + BATCH_BYTES // 4


def _size(data: pa.RecordBatch) -> int:
    try:
        return int(data.nbytes)
    except pa.ArrowTypeError:  # older versions of Arrow cannot compute it for views inside other types
        return int(data.get_total_buffer_size())


def joined_batches(table: pa.Table) -> Iterator[pa.RecordBatch]:
    """The rows in batches of bounded size that are as large as possible, as each batch has a cost of its own.

    The chunks of a table are the blocks of its reader, which are much smaller. A block of blank lines has no rows.
    """
    waiting: list[pa.RecordBatch] = []
    rows = size = 0
    for batch in table.to_batches():
        if not batch.num_rows:
            continue
        more = _size(batch)
        if waiting and (rows + batch.num_rows > BATCH_ROWS or size + more > BATCH_BYTES):
            yield from _joined(waiting)
            waiting, rows, size = [], 0, 0
        waiting.append(batch)
        rows, size = rows + batch.num_rows, size + more
    if waiting:
        yield from _joined(waiting)


def _joined(batches: list[pa.RecordBatch]) -> list[pa.RecordBatch]:
    """Their rows in one batch, or in more if Arrow cannot put a column into one chunk."""
    return batches if len(batches) == 1 else pa.Table.from_batches(batches).combine_chunks().to_batches()


_UNUSUAL = frozenset(
    {pa.string_view().id, pa.binary_view().id, pa.run_end_encoded(pa.int32(), pa.int64()).id}
)  # fmt: skip


def _plain_layout(data: pa.RecordBatch) -> pa.RecordBatch:
    """Views and run-end encoded columns as plain ones, because Arrow can neither filter them nor take from them."""
    if _UNUSUAL.isdisjoint(kind.id for kind in data.schema.types):
        return data
    columns = [_plain(column) if column.type.id in _UNUSUAL else column for column in data.columns]
    return pa.RecordBatch.from_arrays(columns, names=data.schema.names)


def _plain(column: pa.Array) -> pa.Array:
    try:
        column.validate(full=True)
    except pa.ArrowException:
        return column  # decoding it raises the error
    if pa.types.is_run_end_encoded(column.type):
        import pyarrow.compute as pc

        return pc.run_end_decode(column)
    if pa.types.is_string_view(column.type):
        from losscli.io.arrow.build import strings

        return strings(column.to_pylist())
    return pa.array(column.to_pylist(), pa.binary())  # slow, but such a column is only refused, by its name


def rows_per_batch(size: int, rows: int, lists: int = 0) -> int:
    """How many rows make a batch if `rows` of them take `size` bytes, and so many columns are lists."""
    most_bytes = min(BATCH_BYTES, LIST_BYTES * lists) if lists else BATCH_BYTES
    most = max(1, min(BATCH_ROWS, most_bytes * rows // max(size, 1)))
    return most if most < _EVEN else most - most % _EVEN
