"""Columns that are looked up: the number that a table has for the key of each row."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

import numpy as np
import pyarrow as pa

from losscli.errors import Location
from losscli.io.arrow.build import from_numpy
from losscli.io.arrow.canonical import canonical_label
from losscli.io.arrow.decode import texts
from losscli.io.batches import Batch
from losscli.io.source import ReadAs, Source, Split
from losscli.io.wrapped_fragment import WrappedFragment
from losscli.lazy_dataclass import dataclass


@dataclass(frozen=True)
class LookUp:
    """The columns of the key, and the number of each; a key that is not there has none."""

    keys: tuple[str, ...]
    numbers: Mapping[tuple[str, ...], float]


def with_looked_up(source: Source, columns: Mapping[str, LookUp]) -> Source:
    """The source with these columns."""
    if not columns:
        return source
    fragments = tuple(LookUpFragment(fragment, columns) for fragment in source.fragments)
    kinds = dict.fromkeys(columns, pa.float64())
    return replace(source, fragments=fragments, columns=(*source.columns, *columns), types={**source.types, **kinds})


@dataclass(frozen=True)
class LookUpFragment(WrappedFragment):
    """A fragment with columns that are looked up by its own."""

    looked_up: Mapping[str, LookUp]

    def with_plain_texts(self, names: Collection[str]) -> LookUpFragment:
        """The fragment that reads these columns as they are; keys repeat, so theirs stay dictionaries."""
        keys = {key for one in self.looked_up.values() for key in one.keys}
        own = [name for name in names if name not in self.looked_up and name not in keys]
        return replace(self, fragment=self.fragment.with_plain_texts(own))

    def first_batch(self, projection: Mapping[str, ReadAs]) -> Batch | None:
        """The first rows, before all are read."""
        found = self.fragment.first_batch(self._inner(projection))
        return None if found is None else _with_columns(found, projection, self.looked_up)

    def splits(self, projection: Mapping[str, ReadAs]) -> Iterator[Split]:
        """The rows in file order; several threads can read the splits."""
        inner = self.fragment.splits(self._inner(projection))
        return (_LookUpSplit(split, projection, self.looked_up) for split in inner)

    def remote_splits(self, projection: Mapping[str, ReadAs]) -> Iterator[Split]:
        """The rows in splits that another process can read."""
        inner = self.fragment.remote_splits(self._inner(projection))
        return (_LookUpSplit(split, projection, self.looked_up) for split in inner)

    def _inner(self, projection: Mapping[str, ReadAs]) -> dict[str, ReadAs]:
        """What is read of the file: keys as texts, beside what else is wanted."""
        plain: dict[str, ReadAs] = {name: how for name, how in projection.items() if name not in self.looked_up}
        asked = (self.looked_up[name] for name in projection if name in self.looked_up)
        return plain | {key: "text" for one in asked for key in one.keys}


@dataclass(frozen=True)
class _LookUpSplit:
    """A split with columns that are looked up."""

    split: Split
    projection: Mapping[str, ReadAs]
    looked_up: Mapping[str, LookUp]

    @property
    def size(self) -> int:
        return self.split.size

    @property
    def memory_bytes(self) -> int:
        return self.split.memory_bytes

    def batches(self, first_row: int) -> Iterator[Batch]:
        return (_with_columns(batch, self.projection, self.looked_up) for batch in self.split.batches(first_row))


def _with_columns(batch: Batch, projection: Mapping[str, ReadAs], looked_up: Mapping[str, LookUp]) -> Batch:
    read = dict(zip(batch.data.schema.names, batch.data.columns, strict=True))
    arrays = [
        _numbers(read, looked_up[name], batch.location) if name in looked_up else read[name] for name in projection
    ]
    return replace(batch, data=pa.RecordBatch.from_arrays(arrays, names=list(projection)))


def _numbers(read: Mapping[str, pa.Array], look_up: LookUp, location: Location) -> pa.Array:
    """The number of each row's key; null where it has none."""
    places, known = keys_of([read[key] for key in look_up.keys], look_up.keys, location)
    each = np.array([*(look_up.numbers.get(key, np.nan) for key in known), np.nan])[places]
    return from_numpy(each, ~np.isnan(each))


def keys_of(
    columns: list[pa.Array], names: tuple[str, ...], location: Location
) -> tuple[np.ndarray, list[tuple[str, ...]]]:
    """Of each row the place of its key among the distinct keys, in canonical form; -1 where a column has no value."""
    found = [texts(column, name, location) for column, name in zip(columns, names, strict=True)]
    codes = np.stack([one.codes for one in found])
    missing = (codes < 0).any(axis=0)
    distinct, places = np.unique(codes[:, ~missing], axis=1, return_inverse=True)
    labels = [tuple(canonical_label(one.names[code]) for one, code in zip(found, row, strict=True))
              for row in distinct.T]  # fmt: skip
    known = {label: place for place, label in enumerate(dict.fromkeys(labels))}
    all_places = np.full(codes.shape[1], -1)
    all_places[~missing] = np.array([known[label] for label in labels], np.int64)[places.reshape(-1)]
    return all_places, list(known)
