"""Fragments of a source of several files: columns from folder names, and columns that only some files have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

import pyarrow as pa

from losscli.errors import DataError
from losscli.io.arrow.build import floats, repeated
from losscli.io.arrow.canonical import parse_number
from losscli.io.batches import Batch
from losscli.io.source import Conversion, ReadAs
from losscli.io.wrapped_fragment import ConvertedFragment
from losscli.lazy import dataclass


@dataclass(frozen=True)
class MissingColumn:
    """How many files lack a column, and the first of them."""

    count: int
    paths: tuple[str, ...]


def missing_columns(files: Sequence[tuple[str, tuple[str, ...]]]) -> dict[str, MissingColumn]:
    """The columns that some of the files lack."""
    kinds: dict[tuple[str, ...], list[str]] = {}
    for path, columns in files:
        kinds.setdefault(columns, []).append(path)
    missing: dict[str, MissingColumn] = {}
    sets = [(set(columns), paths) for columns, paths in kinds.items()]
    for name in dict.fromkeys(name for columns in kinds for name in columns) if len(sets) > 1 else ():
        without = [path for columns, paths in sets if name not in columns for path in paths]
        if without:
            missing[name] = MissingColumn(len(without), tuple(without[:5]))
    return missing


@dataclass(frozen=True)
class PartitionedFragment(ConvertedFragment):
    """A fragment with the partition columns of its folders; if it is `lenient`, texts among their numbers are texts."""

    columns: tuple[str, ...]
    partition_values: Mapping[str, str | None]
    missing: Mapping[str, MissingColumn]
    lenient: bool = False

    def readable(self, names: Sequence[str]) -> list[str]:
        """Those of these columns that can be read together: those that every file has; partition columns fit any."""
        there = [name for name in names if name not in self.missing]
        inner = set(self.fragment.readable([name for name in there if name not in self.partition_values]))
        return [name for name in there if name in inner or name in self.partition_values]

    def first_batch(self, projection: Mapping[str, ReadAs]) -> Batch | None:
        """The first rows of the file; none of a partition column."""
        return None if set(projection) & set(self.partition_values) else self.fragment.first_batch(projection)

    def inner(self, projection: Mapping[str, ReadAs]) -> dict[str, ReadAs]:
        """The part of the projection that is read from the file."""
        for name in projection:
            if name in self.missing:
                raise self._missing_error(name)
        inner: dict[str, ReadAs] = {
            name: read_as for name, read_as in projection.items() if name not in self.partition_values
        }
        # a column must be read to count the rows
        return inner or {self.columns[0]: "text"}

    def _missing_error(self, name: str) -> DataError:
        count, paths = self.missing[name].count, self.missing[name].paths
        more = f" and {count - len(paths)} more" if count > len(paths) else ""
        return DataError(
            f"column '{name}' is missing in {count} {'file' if count == 1 else 'files'}: {', '.join(paths)}{more}",
            path=paths[0],
            column=name,
            code="DATA_MISSING_COLUMN",
        )

    def conversion(self) -> Conversion | None:
        """What adds the partition columns to those that were read."""
        if not self.partition_values:
            return None
        return partial(_with_constants, partition_values=self.partition_values, lenient=self.lenient)


def _with_constants(
    batch: Batch, projection: Mapping[str, ReadAs], partition_values: Mapping[str, str | None], lenient: bool
) -> Batch:
    read = dict(zip(batch.data.schema.names, batch.data.columns, strict=True))
    arrays = [
        _constant(batch, name, read_as, partition_values[name], lenient) if name in partition_values else read[name]
        for name, read_as in projection.items()
    ]
    return replace(batch, data=pa.RecordBatch.from_arrays(arrays, names=list(projection)))


def _constant(batch: Batch, name: str, read_as: ReadAs, value: str | None, lenient: bool) -> pa.Array:
    rows = batch.data.num_rows
    if read_as == "text" or value is None:
        return repeated(value, rows) if read_as == "text" else floats([None] * rows)
    try:
        return floats([parse_number(value)] * rows)
    except (ValueError, OverflowError):
        if lenient:
            return repeated(value, rows)
        raise batch.location.error(
            0, name, f"'{value}', from the name of the folder, is not a number", value, code="DATA_BAD_CELL"
        ) from None
