"""Which bytes of a Parquet file the columns of its row groups are: what is asked for where each read is a request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow.parquet as pq

from losscli.io.remote.ranges import Range, blocks_of


def column_lanes(footer: pq.FileMetaData, groups: Sequence[int], names: Sequence[str], size: int) -> list[list[Range]]:
    """The requests for these columns; `size` is that of the file. A name is a column, or the path of some inside it."""
    wanted = [
        at
        for at in range(footer.num_columns)
        if any(f"{footer.schema.column(at).path}.".startswith(f"{name}.") for name in names)
    ]
    try:
        return blocks_of([list(_chunks(footer, groups, at, size)) for at in wanted])
    except Exception:  # a footer that is damaged: reading will tell what is wrong
        return []


def _chunks(footer: pq.FileMetaData, groups: Sequence[int], at: int, size: int) -> Iterator[Range]:
    for index in groups:
        chunk = footer.row_group(index).column(at)
        begin = chunk.data_page_offset
        if chunk.has_dictionary_page and 0 < chunk.dictionary_page_offset < begin:
            begin = chunk.dictionary_page_offset
        end = begin + chunk.total_compressed_size
        if 0 <= begin < end <= size:
            yield begin, end
