"""The arrays of one batch as a kernel takes them: checked against each other once, then picked in its order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from losscli.binding.let_hints import derived_column
from losscli.binding.plan import Input, Table
from losscli.binding.ragged_lists import is_ragged, lengths
from losscli.contract.kinds import Array
from losscli.contract.number_lists import beyond_last
from losscli.errors import DataError, Location
from losscli.io.arrow.buffers import RowNumbers


def arguments(
    inputs: Sequence[Input | Table | None], arrays: Mapping[Input, Array], tables: Mapping[Table, Array]
) -> tuple[Array | None, ...]:
    """One array a role, in the kernel's order, of arrays that have passed `check_arguments`."""
    found = [None if side is None else tables[side] if isinstance(side, Table) else arrays[side] for side in inputs]
    for position, side in enumerate(inputs):
        if isinstance(side, Input) and side.like is not None:
            flat, like = found[position], found[side.like]
            assert flat is not None and like is not None
            # K vectors that stand one after the other in a row, as (rows, K, width).
            found[position] = flat.reshape(len(flat), -1, like.shape[1])
    return tuple(found)


def contiguous(args: tuple[Array | None, ...]) -> tuple[Array | None, ...]:
    """The arguments as C-contiguous arrays, as kernels of groups take them."""
    return tuple(None if values is None else np.ascontiguousarray(values) for values in args)


def check_arguments(
    inputs: Sequence[Input | Table | None],
    arrays: Mapping[Input, Array],
    tables: Mapping[Table, Array],
    index: RowNumbers,
    location: Location,
) -> None:
    """A DataError where the arrays of one batch do not match each other; `index` are the rows' places in it."""
    found = [None if side is None else tables[side] if isinstance(side, Table) else arrays[side] for side in inputs]
    for position, side in enumerate(inputs):
        values = found[position]
        if isinstance(side, Input) and side.like is not None:
            _check_multiple(side, values, found[side.like], location)
        if isinstance(side, Input) and side.entries is not None:
            _check_entries(side, values, location)
        if isinstance(side, Input) and side.classes is not None and side.classes.carrier is not None:
            carrier = side.classes.carrier
            width = tables[carrier].shape[0] if isinstance(carrier, Table) else arrays[carrier].shape[1]
            assert values is not None
            from losscli.binding.class_positions import check_positions

            check_positions(side, values, width, index, location)
        if isinstance(side, Input) and side.kind.last is not None:
            _check_last(side, values, _steps(side, inputs, found) + side.kind.last, index, location)
    _check_widths(inputs, found, index, location)


def _check_multiple(side: Input, flat: Array | None, like: Array | None, location: Location) -> None:
    """A row holds K vectors of the width of `like`; of a matrix, as many as that."""
    assert flat is not None and like is not None
    width, size = 1 if flat.ndim == 1 else flat.shape[1], 1 if like.ndim == 1 else like.shape[1]
    wrong = width != size**2 if side.kind.triangular else width % size > 0 or flat.ndim == 1
    if wrong:
        wanted = (
            f"the {size} x {size} of a matrix"
            if side.kind.triangular
            else f"a multiple of {size}, the size of one vector"
        )
        raise DataError(
            f"'{side.role}' has {width} number{'s' * (width != 1)} per row, which is not {wanted}",
            path=location.path_of(side.columns[0]), column=side.columns[0],
            code="DATA_MISMATCH",
        )  # fmt: skip


def _check_entries(side: Input, values: Array | None, location: Location) -> None:
    """A row holds one number for each of a parameter's."""
    width = 1 if values is None or values.ndim == 1 else values.shape[1]
    entries = len(side.entries or ())
    if width != entries:
        raise DataError(
            f"'{side.role}' has {width} number{'s' * (width != 1)} per row, and the loss asks for {entries}",
            path=location.path_of(side.columns[0]), column=side.columns[0],
            code="DATA_MISMATCH",
        )  # fmt: skip


def _steps(side: Input, inputs: Sequence[Input | Table | None], found: Sequence[Array | None]) -> int:
    """How many steps between classes, or bins, there are: the numbers of a parameter, or of a vector of the row."""
    if side.steps is not None:
        return side.steps
    return next(int(values.shape[1]) for other, values in zip(inputs, found, strict=True)
                if isinstance(other, Input) and other.kind.shape == "vector" and values is not None)  # fmt: skip


def _check_last(side: Input, values: Array | None, last: int, index: RowNumbers, location: Location) -> None:
    """Numbers of classes and bins are not beyond the last one."""
    if values is None or (bad := beyond_last(values, last)) is None:
        return
    row, shown = bad
    raise location.error(
        int(index[row]), side.columns[0],
        f"{shown} in '{side.columns[0]}' is beyond the last number, {last}: expected {side.kind.says}", shown,
        _from_one(side.columns[0]) if shown == str(last + 1) else f"they count from 0 to {last}",
        code="DATA_OUT_OF_RANGE",
    )  # fmt: skip


def _from_one(column: str) -> str:
    return f"they count from 0; if these count from 1, subtract it: {derived_column(column, 'from_0', '- 1')[1]}"


def _check_share(side: Input, width: int, like: tuple[Input, Array] | None, location: Location) -> None:
    """There is one number for each point of the vectors of the roles before."""
    assert like is not None
    role, whole = like[0].role, like[1].shape[-1]
    if width * side.kind.share != whole:
        raise DataError(
            f"'{side.role}' has {width} number{'s' * (width != 1)} per row, and '{role}' has "
            f"{whole // side.kind.share} points",
            path=location.path_of(side.columns[0]), column=side.columns[0], code="DATA_MISMATCH",
        )  # fmt: skip


def _check_widths(
    inputs: Sequence[Input | Table | None], found: Sequence[Array | None], index: RowNumbers, location: Location
) -> None:
    """Arrays of one shape have as many numbers a row."""
    groups: dict[tuple[str, bool], tuple[Input, Array]] = {}
    for side, values in zip(inputs, found, strict=True):
        if side is None or values is None or (isinstance(side, Input) and (side.parameter or side.like is not None)):
            continue
        if isinstance(side, Table):
            first = groups.get(("vector", False))
            _check_pair(first, side.role, values, location) if first is not None else None
        elif side.kind.shape in ("number", "vector"):
            width = 1 if values.ndim == 1 else values.shape[1]
            if problem := side.kind.width_problem(width):
                raise DataError(
                    f"'{side.role}': {problem}", path=location.path_of(side.columns[0]), column=side.columns[0],
                    hint=side.kind.hint, code="DATA_MISMATCH",
                )  # fmt: skip
            if side.kind.own_width:
                continue
            key = (side.kind.shape, side.kind.classes)
            if side.kind.share > 1:
                _check_share(side, width, groups.get(key), location)
                continue
            first = groups.setdefault(key, (side, values))
            if side.ragged or first[0].ragged:
                _check_lengths(first, (side, values), index, location)
            else:
                _check_pair(first, side.role, values, location)


def _check_pair(first: tuple[Input, Array], role: str, values: Array, location: Location) -> None:
    side, others = first
    width, other = (1 if each.ndim == 1 else each.shape[1] for each in (values, others))
    if width != other:
        raise DataError(
            f"'{side.role}' has {other} number{'s' * (other != 1)} per row, '{role}' has {width}",
            path=location.path,
            code="DATA_MISMATCH",
        )


def _check_lengths(
    first: tuple[Input, Array], second: tuple[Input, Array], index: RowNumbers, location: Location
) -> None:
    """The lists of a row are of one length, as each element has its place."""
    if not is_ragged(first[1]) and not is_ragged(second[1]) and first[1].shape[1:] == second[1].shape[1:]:
        return
    others, own = lengths(first[1]), lengths(second[1])
    if len(wrong := np.flatnonzero(others != own)):
        row, (one, other) = int(wrong[0]), (first[0], second[0])
        count = int(others[row])
        raise location.error(
            int(index[row]), one.columns[0] if one.ragged else other.columns[0],
            f"'{one.role}' has {count} number{'s' * (count != 1)} in this row, '{other.role}' has {own[row]}", None,
            "the lists of a row must have one length: each element is compared with the one at its place",
            code="DATA_MISMATCH",
        )  # fmt: skip
