"""Whether the rows of each series of a table stand in the order of time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from losscli.contract.kinds import Array
from losscli.errors import DataError, Location
from losscli.io.arrow.canonical import canonical_label
from losscli.io.arrow.decode import texts
from losscli.io.arrow.types import is_instant

if TYPE_CHECKING:
    import pyarrow as pa


class TimeOrder:
    """The last time of each series: every row of a series is later than the one before it."""

    def __init__(self, column: str) -> None:
        self.column = column
        self.last: list[Any] = []

    def check(self, times: pa.Array, order: Array, ids: Array, size: int, location: Location) -> None:
        """A DataError at the first row that is not later than the row before it of its series."""
        self.last += [None] * (size - len(self.last))
        found = self._comparable(times, location)
        for row in np.sort(order).tolist():
            before, now = self.last[ids[row]], found[row]
            if now is None:
                raise self._error(row, "has no value", None, location)
            if before is not None and (isinstance(before, str) != isinstance(now, str) or now <= before):
                raise self._error(row, f"is not later than the row before it of its series ({before})", now, location)
            self.last[ids[row]] = now

    def _comparable(self, times: pa.Array, location: Location) -> list[Any]:
        """The times as what can be compared: numbers where all are such, else texts, as ISO 8601 has them."""
        kind = getattr(times.type, "value_type", times.type)  # of a dictionary
        if is_instant(kind):
            return list(times.to_pylist())
        found = texts(times, self.column, location)
        names = [canonical_label(name) for name in found.names]
        try:
            each: list[Any] = [float(name) for name in names]
        except ValueError:
            each = list(names)
        return [None if code < 0 else each[code] for code in found.codes.tolist()]

    def _error(self, row: int, why: str, value: Any, location: Location) -> DataError:
        return location.error(row, self.column, f"column '{self.column}' of the history {why}",
                              None if value is None else str(value), "sort the table by series and time",
                              code="DATA_OUT_OF_RANGE")  # fmt: skip
