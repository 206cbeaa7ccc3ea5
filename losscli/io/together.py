"""Small files that are alike as one split: their rows are one batch, or, where one is unusual, each file is read alone.

So an error names its file, row and line, as it would without this module.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Generic, Protocol, TypeVar

import pyarrow as pa

from losscli.errors import Location
from losscli.io.batches import BATCH_ROWS, Batch
from losscli.io.source import ReadAs
from losscli.lazy import dataclass


class ReadAlone(Protocol):
    """A small file, as it is read alone."""

    @property
    def path(self) -> str:
        """Its path."""
        ...

    def batches(self, projection: Mapping[str, ReadAs]) -> Iterator[Batch]:
        """Its rows."""
        ...


Part = TypeVar("Part", bound=ReadAlone)


@dataclass(frozen=True)
class Together(Generic[Part]):
    """The rows of several small files as one split."""

    fragments: Sequence[Part]
    projection: Mapping[str, ReadAs]
    size: int

    @property
    def memory_bytes(self) -> int:
        """About how many bytes of memory are needed to read it."""
        return 5 * self.size

    @abstractmethod
    def rows(self) -> tuple[pa.RecordBatch, Sequence[int]] | None:
        """The rows of all files, and how many each has; None where one is unusual."""

    def batches(self, first_row: int) -> Iterator[Batch]:
        """The rows of all files in one batch, or, where one is unusual, each file's in batches of its own."""
        if first_row != 1:
            raise ValueError("files that are read together start at their first row")
        found = self.rows()
        if found is None or found[0].num_rows > BATCH_ROWS:
            for fragment in self.fragments:
                yield from fragment.batches(self.projection)
            return
        data, counts = found
        paths = [fragment.path for fragment in self.fragments]
        yield Batch(data, Location(paths[0], 1), files=tuple(zip(paths, counts, strict=True)))
