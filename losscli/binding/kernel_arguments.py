"""The arrays of one batch as one kernel takes them: widths checked against each other, vectors cut apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from losscli.binding.labels import check_positions
from losscli.binding.plan import Input, Table
from losscli.contract.kinds import Array
from losscli.errors import DataError, Location
from losscli.io.arrow.buffers import RowNumbers


def arguments(
    inputs: Sequence[Input | Table | None],
    arrays: Mapping[Input, Array],
    tables: Mapping[Table, Array],
    index: RowNumbers,
    location: Location,
) -> tuple[Array | None, ...]:
    """One array a role, in the kernel's order; list columns that do not match are DataErrors."""
    found: list[Array | None] = []
    for side in inputs:
        found.append(None if side is None else tables[side] if isinstance(side, Table) else arrays[side])
    for place, side in enumerate(inputs):
        if isinstance(side, Input) and side.like is not None:
            found[place] = _apart(side, found[place], found[side.like], location)
        if isinstance(side, Input) and side.classes is not None and side.classes.carrier is not None:
            carrier = side.classes.carrier
            width = tables[carrier].shape[0] if isinstance(carrier, Table) else arrays[carrier].shape[1]
            values = found[place]
            assert values is not None
            check_positions(side, values, width, index, location)
    _same_widths(inputs, found, location)
    return tuple(found)


def _apart(side: Input, flat: Array | None, like: Array | None, location: Location) -> Array:
    """K vectors that stand one after the other in a row, as (rows, K, width)."""
    assert flat is not None and like is not None
    if flat.ndim == 1 or flat.shape[1] % like.shape[1]:
        width = 1 if flat.ndim == 1 else flat.shape[1]
        raise DataError(
            f"'{side.role}' has {width} numbers per row, which is not a multiple of {like.shape[1]}, "
            "the size of one vector",
            path=location.path, column=side.columns[0],
            code="DATA_MISMATCH",
        )  # fmt: skip
    return flat.reshape(len(flat), -1, like.shape[1])


def _same_widths(inputs: Sequence[Input | Table | None], found: list[Array | None], location: Location) -> None:
    groups: dict[tuple[str, bool], tuple[str, int]] = {}
    for side, values in zip(inputs, found, strict=True):
        if side is None or values is None or values.ndim == 3:
            continue
        if isinstance(side, Table):
            key, width = ("vector", False), values.shape[1]
            if ("vector", False) not in groups:
                continue
        elif side.kind.shape in ("number", "vector"):
            key, width = (side.kind.shape, side.kind.classes), 1 if values.ndim == 1 else values.shape[1]
        else:
            continue
        role, first = groups.setdefault(key, (side.role, width))
        if width != first:
            raise DataError(
                f"'{role}' has {first} number{'s' * (first != 1)} per row, '{side.role}' has {width}",
                path=location.path,
                code="DATA_MISMATCH",
            )
