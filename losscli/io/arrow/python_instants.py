"""Python's dates and times as a column, each with its value: Arrow alone cuts a time after a date to its date."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from losscli.io.arrow.build import strings

_MOMENTS = (datetime.date, np.datetime64)  # a datetime is a date


def holds_instants(known: Sequence[Any]) -> bool:
    """Whether these values are dates and times, of Python, pandas or NumPy."""
    return bool(known) and all(isinstance(value, _MOMENTS) for value in known)


def instants(values: Sequence[Any]) -> pa.Array:
    """The values as one column, None and NaT as null; as ISO 8601 texts where no type of Arrow holds them all."""
    known = [None if value is None or value != value else value for value in values]
    kinds = {type(value) for value in known if value is not None}
    if kinds == {datetime.date}:
        return pa.array(known, pa.date32())
    if kinds == {datetime.datetime}:
        zoned = {value.utcoffset() is not None for value in known if value is not None}
        if len(zoned) == 1:
            return pa.array(known, pa.timestamp("us", "UTC" if zoned.pop() else None))
    return strings([None if value is None else _text(value) for value in known])


def _text(value: Any) -> str:
    return str(value) if isinstance(value, np.datetime64) else str(value.isoformat())
