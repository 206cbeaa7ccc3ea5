"""Keys of joins that are the month, week, … of a column of dates: `ds:month` is a column of texts, such as 2024-01."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from functools import partial

import numpy as np
import pyarrow as pa

from losscli.errors import Location
from losscli.io.arrow.build import from_numpy, strings
from losscli.io.arrow.decode import texts
from losscli.io.arrow.instants import (
    FIRST_HOUR,
    LAST_HOUR,
    UNITS,
    Unit,
    hours_of,
    no_date_hint,
    period_name,
    periods,
    written_hour,
)
from losscli.io.arrow.texts import first_seen
from losscli.io.arrow.types import is_instant
from losscli.io.batches import Batch
from losscli.io.source import Conversion, ReadAs, Source
from losscli.io.wrapped_fragment import ConvertedFragment
from losscli.lazy import dataclass

Derivations = Mapping[str, tuple[str, Unit]]
"""The name of each column -> the column of dates that it is made of, and the unit of time."""


def base_of(name: str) -> tuple[str, Unit] | None:
    """The column and the unit of `ds:month`; None if it is no such name."""
    column, _, how = name.rpartition(":")
    unit = next((unit for unit in UNITS if unit == how), None)
    return (column, unit) if column and unit is not None else None


def with_periods(source: Source, names: Iterable[str]) -> Source:
    """The source with the columns of these names that are units of time; a column of exactly that name wins."""
    found = {name: base_of(name) for name in names if name not in source.columns}
    new: dict[str, tuple[str, Unit]] = {n: base for n, base in found.items() if base and base[0] in source.columns}
    if not new:
        return source
    kinds = {name: None if source.types.get(column) is None else pa.string() for name, (column, _) in new.items()}
    notes = [f"'{name}' is the {unit} of '{column}', in UTC where times have a zone" for name, (column, unit) in
             new.items()]  # fmt: skip
    fragments = tuple(PeriodFragment(fragment, new) for fragment in source.fragments)
    return replace(source, fragments=fragments, columns=(*source.columns, *new), types={**source.types, **kinds},
                   notes=(*source.notes, *notes))  # fmt: skip


@dataclass(frozen=True)
class PeriodFragment(ConvertedFragment):
    """A fragment with columns that are units of time of its columns of dates."""

    periods: Derivations

    def with_plain_texts(self, names: Collection[str]) -> PeriodFragment:
        """The fragment that reads these columns, whose texts hardly repeat, as they are; units of time do repeat."""
        own = [name for name in names if name not in self.periods]
        return replace(self, fragment=self.fragment.with_plain_texts(own))

    def inner(self, projection: Mapping[str, ReadAs]) -> dict[str, ReadAs]:
        """What is read of the file: dates as texts, beside what else is wanted."""
        plain: dict[str, ReadAs] = {name: how for name, how in projection.items() if name not in self.periods}
        return plain | {self.periods[name][0]: "text" for name in projection if name in self.periods}

    def conversion(self) -> Conversion:
        """What adds the columns to those that were read."""
        return partial(_derived, derivations=self.periods)


def _derived(batch: Batch, projection: Mapping[str, ReadAs], derivations: Derivations) -> Batch:
    read = dict(zip(batch.data.schema.names, batch.data.columns, strict=True))
    arrays = [
        _period(read[derivations[name][0]], name, *derivations[name], batch.location)
        if name in derivations
        else read[name]
        for name in projection
    ]
    return replace(batch, data=pa.RecordBatch.from_arrays(arrays, names=list(projection)))


def _period(dates: pa.Array, name: str, column: str, unit: Unit, location: Location) -> pa.Array:
    """The unit of time that each date is in, as texts; null where there is none."""
    kind = dates.type.value_type if pa.types.is_dictionary(dates.type) else dates.type
    if is_instant(kind):
        hours, missing = hours_of(dates)
        bad = (hours < FIRST_HOUR) | (hours > LAST_HOUR)
    else:
        found = texts(dates, column, location)
        each = [written_hour(text) for text in found.names]
        hours = np.array([*(0 if one is None else one[0] for one in each), 0], np.int64)[found.codes]
        bad = np.array([*(one is None for one in each), False])[found.codes]
        missing = found.codes < 0
    if bad.any():
        row = int(np.argmax(bad))
        text = str(dates[row].as_py())
        raise location.error(
            row, column, f"column '{column}' holds no date or time here, and the key '{name}' needs one", text,
            no_date_hint(text), code="DATA_WRONG_TYPE",
        )  # fmt: skip
    codes, numbers = first_seen(periods(hours, unit))
    valid = None if missing is None else ~missing
    indices = from_numpy(codes.astype(np.int32), valid)
    return pa.DictionaryArray.from_arrays(indices, strings([period_name(number, unit) for number in numbers]))
