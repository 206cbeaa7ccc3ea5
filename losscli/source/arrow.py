"""Arrow IPC: files (Feather version 2 is one) and streams, told apart by their first bytes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from losscli.source.batch import Batch, Want, slices, wanted_positions
from losscli.source.damage import check_values, choose, damaged, names_of, to_check
from losscli.source.seekable import seekable
from losscli.source.streams import SeekableInput


@dataclass(frozen=True)
class ArrowPart:
    """One Arrow file or stream; its columns keep their types."""

    path: str
    source: SeekableInput
    schema: pa.Schema
    format: str = "arrow"

    def batches(self, wants: Mapping[str, Want]) -> Iterator[Batch]:
        positions = wanted_positions(tuple(self.schema.names), wants, self.path)
        checked = to_check(self.schema, list(wants))
        row = 1
        with _opened(self.source, positions) as reader:
            for whole in self._read(reader):
                data = choose(whole, list(wants))
                check_values(data, checked, self.path, row)
                yield from slices(data, self.path, row)
                row += data.num_rows
        self.source.verify()

    def _read(self, reader: Any) -> Iterator[pa.RecordBatch]:
        try:
            if isinstance(reader, pa.ipc.RecordBatchFileReader):
                for index in range(reader.num_record_batches):
                    data = reader.get_batch(index)
                    data.validate()
                    yield data
            else:
                for data in reader:
                    data.validate()
                    yield data
        except Exception as error:
            raise damaged(error, self.source, "Arrow data") from None


@contextmanager
def _opened(source: SeekableInput, positions: list[int] | None = None) -> Iterator[Any]:
    """The reader of this file, of only the fields at these positions."""
    options = pa.ipc.IpcReadOptions(included_fields=positions or [], use_threads=False)
    with seekable(source) as file:
        try:
            is_file = file.read(6) == b"ARROW1"
            file.seek(0)
            reader = (pa.ipc.open_file if is_file else pa.ipc.open_stream)(file, options=options)
        except Exception as error:
            raise damaged(error, source, "Arrow data") from None
        yield reader


def read_schema(source: SeekableInput) -> pa.Schema:
    """Names and types of the columns."""
    with _opened(source) as reader:
        schema = reader.schema
    names_of(schema, source, "Arrow data")
    return schema
