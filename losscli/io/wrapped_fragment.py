"""Fragments around another: what they do not change is that of the one inside."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Self

import pyarrow as pa

from losscli.io.batches import Batch
from losscli.io.files.inputs import FileInput
from losscli.io.read_ahead import begun
from losscli.io.source import Conversion, Fragment, ReadAs, Split
from losscli.io.unproven_splits import UnprovenSplit
from losscli.lazy import dataclass

if TYPE_CHECKING:
    from losscli.io.formats.parquet_statistics import RowFilter
    from losscli.io.nested.paths import NestedPath
    from losscli.io.remote.input import RemoteInput


@dataclass(frozen=True)
class WrappedFragment(Fragment):
    """A fragment around another, which answers everything for which it has no answer of its own."""

    fragment: Fragment

    @property
    def path(self) -> str:  # type: ignore[override]
        """The path of the file, as locations of its rows name it."""
        return self.fragment.path

    @property
    def format(self) -> str:  # type: ignore[override]
        """The format of the file, such as `csv`."""
        return self.fragment.format

    @property
    def typed(self) -> bool:  # type: ignore[override]
        """Whether cells have types."""
        return self.fragment.typed

    @property
    def nested_types(self) -> Mapping[str, pa.DataType]:
        """The types of its columns, where these may hold others."""
        return self.fragment.nested_types

    @property
    def size(self) -> int | None:
        """The total size of the splits in bytes, if known before they are read."""
        return self.fragment.size

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths that locations of its rows name."""
        return self.fragment.paths

    @property
    def streamed(self) -> tuple[Fragment, ...]:
        """The fragments whose files are read as its rows are needed."""
        streamed = self.fragment.streamed
        return (self,) if len(streamed) == 1 and streamed[0] is self.fragment else streamed

    @property
    def file(self) -> FileInput | None:
        """The regular file that is read; None for a pipe or memory."""
        return self.fragment.file

    @property
    def remote(self) -> RemoteInput | None:
        """The remote file that is read; None for any other."""
        return self.fragment.remote

    def with_paths(self, paths: Mapping[str, NestedPath]) -> Self:
        """The fragment whose projections may hold these names, too: columns inside others."""
        return replace(self, fragment=self.fragment.with_paths(paths))

    def with_plain_texts(self, names: Collection[str]) -> Self:
        """The fragment that reads these columns, whose texts hardly repeat, as they are and not as dictionaries."""
        return replace(self, fragment=self.fragment.with_plain_texts(names))

    def alone(self) -> Self:
        """The fragment as the only one of its source."""
        return replace(self, fragment=self.fragment.alone())

    def filtered(self, rows: RowFilter) -> Self:
        """The fragment itself: its columns may be others than those of the file, so it reads all rows."""
        return self

    def small_size(self, projection: Mapping[str, ReadAs]) -> int | None:
        """None: what stands around a file, such as columns of its folder's name, is its own, so it is read alone."""
        return None

    def ask_ahead(self, projection: Mapping[str, ReadAs], most: int) -> int:
        """Begin the requests for its first rows, if it is remote."""
        return self.fragment.ask_ahead(projection, most)

    def readable(self, names: Sequence[str]) -> list[str]:
        """Those of these columns that can be read together."""
        return self.fragment.readable(names)

    def first_batch(self, projection: Mapping[str, ReadAs]) -> Batch | None:
        """The first rows, before all are read."""
        return self.fragment.first_batch(projection)

    def splits(self, projection: Mapping[str, ReadAs]) -> Iterator[Split]:
        """The rows in file order; several threads can read the splits."""
        return self.fragment.splits(projection)

    def remote_splits(self, projection: Mapping[str, ReadAs]) -> Iterator[Split]:
        """The rows in splits that another process can read."""
        return self.fragment.remote_splits(projection)

    def unread_splits(self, projection: Mapping[str, ReadAs]) -> Sequence[Split] | None:
        """The rows in splits that are found without reading all rows."""
        return self.fragment.unread_splits(projection)


@dataclass(frozen=True)
class ConvertedFragment(WrappedFragment):
    """A fragment whose batches are made of those of another."""

    @abstractmethod
    def inner(self, projection: Mapping[str, ReadAs]) -> dict[str, ReadAs]:
        """What is read of the file for a projection."""

    @abstractmethod
    def conversion(self) -> Conversion | None:
        """What makes its batches, which another process can have; None where they are those that were read."""

    def first_batch(self, projection: Mapping[str, ReadAs]) -> Batch | None:
        """The first rows, before all are read."""
        found, conversion = self.fragment.first_batch(self.inner(projection)), self.conversion()
        return found if found is None or conversion is None else conversion(found, projection)

    def ask_ahead(self, projection: Mapping[str, ReadAs], most: int) -> int:
        """Begin the requests for its first rows, if it is remote."""
        return self.fragment.ask_ahead(self.inner(projection), most)

    def splits(self, projection: Mapping[str, ReadAs]) -> Iterator[Split]:
        """The rows in file order; several threads can read the splits."""
        return self._converted(self.fragment.splits(self.inner(projection)), projection)

    def remote_splits(self, projection: Mapping[str, ReadAs]) -> Iterator[Split]:
        """The rows in splits that another process can read."""
        return self._converted(self.fragment.remote_splits(self.inner(projection)), projection)

    def unread_splits(self, projection: Mapping[str, ReadAs]) -> Sequence[Split] | None:
        """The rows in splits that are found without reading all rows."""
        found = self.fragment.unread_splits(self.inner(projection))
        return None if found is None else list(self._converted(iter(found), projection))

    def _converted(self, splits: Iterator[Split], projection: Mapping[str, ReadAs]) -> Iterator[Split]:
        conversion = self.conversion()
        return splits if conversion is None else (_converted(split, projection, conversion) for split in splits)


def _converted(split: Split, projection: Mapping[str, ReadAs], conversion: Conversion) -> Split:
    kind = _ConvertedUnproven if isinstance(split, UnprovenSplit) else _ConvertedSplit
    return kind(split, projection, conversion)


@dataclass(frozen=True)
class _ConvertedSplit:
    """A split whose batches are made of those of another."""

    split: Split
    projection: Mapping[str, ReadAs]
    conversion: Conversion

    @property
    def size(self) -> int:
        return self.split.size

    @property
    def memory_bytes(self) -> int:
        return self.split.memory_bytes

    def ask_ahead(self, most: int) -> int:
        return begun(self.split, most)

    def batches(self, first_row: int) -> Iterator[Batch]:
        return (self.conversion(batch, self.projection) for batch in self.split.batches(first_row))


@dataclass(frozen=True)
class _ConvertedUnproven(_ConvertedSplit, UnprovenSplit):
    """The same of a split that is supposed to end with a record."""

    def rest(self) -> Iterator[Split]:
        assert isinstance(self.split, UnprovenSplit)
        return (_converted(split, self.projection, self.conversion) for split in self.split.rest())
