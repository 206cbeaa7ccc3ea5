"""Columns that are looked up: the number that a table has for the key of each row."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import partial

import numpy as np
import pyarrow as pa

from losscli.errors import Location
from losscli.io.arrow.build import from_numpy
from losscli.io.arrow.canonical import canonical_label
from losscli.io.arrow.decode import texts
from losscli.io.batches import Batch
from losscli.io.source import Conversion, ReadAs, Source
from losscli.io.wrapped_fragment import ConvertedFragment
from losscli.lazy import dataclass


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
class LookUpFragment(ConvertedFragment):
    """A fragment with columns that are looked up by its own."""

    looked_up: Mapping[str, LookUp]

    def with_plain_texts(self, names: Collection[str]) -> LookUpFragment:
        """The fragment that reads these columns as they are; keys repeat, so theirs stay dictionaries."""
        keys = {key for one in self.looked_up.values() for key in one.keys}
        own = [name for name in names if name not in self.looked_up and name not in keys]
        return replace(self, fragment=self.fragment.with_plain_texts(own))

    def inner(self, projection: Mapping[str, ReadAs]) -> dict[str, ReadAs]:
        """What is read of the file: keys as texts, beside what else is wanted."""
        plain: dict[str, ReadAs] = {name: how for name, how in projection.items() if name not in self.looked_up}
        asked = (self.looked_up[name] for name in projection if name in self.looked_up)
        return plain | {key: "text" for one in asked for key in one.keys}

    def conversion(self) -> Conversion:
        """What adds the columns to those that were read."""
        return partial(_with_columns, looked_up=self.looked_up)


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
