"""Parameters of which each row has its own value: in a column of the data, or in an array of a Python call."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from losscli.contract.kinds import Array, Kind
from losscli.errors import DataError
from losscli.lazy import dataclass


@dataclass(frozen=True)
class ColumnParameter:
    """The column that holds the value of a parameter for each row: `q={level}`."""

    column: str

    @property
    def text(self) -> str:
        r"""As it is written in a loss: a backslash stands before `}`, `,`, `+` and a backslash."""
        return "{" + re.sub(r"([},+\\])", r"\\\1", self.column) + "}"


def with_row_parameters(
    roles: Sequence[Iterable[Kind]], arrays: Sequence[Array | None], params: Mapping[str, Any]
) -> tuple[tuple[Array | None, ...], dict[str, Any]]:
    """The arrays of the roles, and the parameters with the arrays that stand behind those in the place of columns.

    Several outputs of a row have its one value, which thus has an axis more.
    """
    own, rows = tuple(arrays[: len(roles)]), iter(arrays[len(roles) :])
    numbers = [
        array for kinds, array in zip(roles, own, strict=True)
        if array is not None and any(kind.shape == "number" for kind in kinds)
    ]  # fmt: skip
    outputs = bool(numbers) and all(array.ndim > 1 for array in numbers)
    found = dict(params)
    for name, value in params.items():
        if isinstance(value, ColumnParameter):
            array = next(rows)
            assert array is not None
            found[name] = array[:, None] if outputs else array
    return own, found


def checked_row_values(loss_name: str, name: str, kind: Kind, values: Any) -> Array:
    """An array of a Python call as the values of a parameter, one a row."""
    try:
        array = np.ascontiguousarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        array = np.zeros((0, 0))
    if array.ndim != 1:
        raise DataError(f"'{name}' of '{loss_name}' must be a number, or one a row")
    bad = kind.outside(array)
    if bad is not None:
        row = int(np.argmax(bad))
        raise DataError(f"'{name}' of '{loss_name}': row {row + 1} is {array[row]:g}, not {kind.says}", row=row + 1)
    return array
