"""Small Parquet files with the same columns of numbers, which are scored as one batch.

What is scored is then enough for a step of NumPy. Where anything is unusual, the files are read one by one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import pyarrow as pa

from losscli.io.files.inputs import SeekableInput
from losscli.io.formats.binary import select_columns
from losscli.io.small_files import SMALL
from losscli.io.source import ReadAs
from losscli.io.together import ReadAlone, Together
from losscli.lazy import dataclass


class SmallFile(ReadAlone, Protocol):
    """A small file of Parquet."""

    @property
    def source(self) -> SeekableInput:
        """Its bytes."""
        ...

    def read_whole(self, content: bytes, projection: Mapping[str, ReadAs]) -> pa.Table:
        """These columns of the file, whose bytes are given."""
        ...


@dataclass(frozen=True)
class ParquetTogether(Together[SmallFile]):
    """The rows of several small files as one split."""

    def rows(self) -> tuple[pa.RecordBatch, Sequence[int]] | None:
        """The rows of all files, and how many each has; None where one is unusual."""
        tables = []
        for fragment in self.fragments:
            with fragment.source.open() as stream:
                content = stream.read(SMALL + 1)
            try:
                tables.append(fragment.read_whole(content, self.projection))
            except Exception:  # read alone, it says what is wrong
                return None
            fragment.source.verify()
        data = pa.concat_tables(tables).combine_chunks()
        columns = [pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
                   for column in data.columns]  # fmt: skip
        whole = pa.RecordBatch.from_arrays(columns, names=data.column_names)
        return select_columns(whole, list(self.projection)), [table.num_rows for table in tables]
