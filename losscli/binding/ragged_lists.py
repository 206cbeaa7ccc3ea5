"""Lists of numbers whose lengths differ from row to row, where a row's value is the mean over its own elements.

Such rows are an array of objects: each is the array of the numbers of one row. No kernel gets one: the rows of one
length are a matrix, as where all lists have it, so a row's value does not depend on what stands around it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from losscli.binding.plan import Input, Table
from losscli.contract.kinds import Array
from losscli.contract.loss import Loss
from losscli.io.arrow.spelled_vectors import form_of_type
from losscli.io.arrow.types import is_list, is_nested_list

Side = Input | Table | None


def with_ragged(loss: Loss, sides: Sequence[Side], types: Mapping[str, Any]) -> list[Side]:
    """The sides of a loss, whose lists may differ in length where its value of a row is a mean over elements.

    That is so where each row has a value of its own, and all its columns are numbers: several are several outputs.
    """
    if loss.scope != "row" or any(isinstance(s, Table) or (s and s.kind.shape != "number") for s in sides):
        return list(sides)
    return [replace(s, ragged=True) if isinstance(s, Input) and _is_ragged(s, types) else s for s in sides]


def _is_ragged(side: Input, types: Mapping[str, Any]) -> bool:
    if not side.listed or side.keyed or side.entries is not None:
        return False
    kind = types[side.columns[0]]
    return form_of_type(kind) is not None or (is_list(kind) and not is_nested_list(kind))


def is_ragged(values: Array) -> bool:
    """Whether rows are lists of different lengths."""
    return values.dtype == object


def lists_of(numbers: Array, offsets: Array) -> Array:
    """The numbers between offsets as lists."""
    found = np.empty(len(offsets) - 1, object)
    bounds = offsets.tolist()
    for row, (start, stop) in enumerate(pairwise(bounds)):
        found[row] = numbers[start:stop]
    return found


def as_lists(matrix: Array) -> Array:
    """The rows of a matrix as lists."""
    return lists_of(matrix.reshape(-1), np.arange(len(matrix) + 1) * matrix.shape[1])


def matrix_of(lists: Array) -> Array:
    """Lists of one length as a matrix; `numpy.stack` would look at each of them more than once."""
    return np.asarray(np.concatenate(lists)).reshape(len(lists), len(lists[0]))


def joined(pieces: Sequence[Array], *, ragged: bool) -> Array:
    """Rows one after the other: as lists, or as a matrix, whichever the pieces are."""
    if ragged:
        return np.concatenate([piece if is_ragged(piece) else as_lists(piece) for piece in pieces])
    return np.concatenate([matrix_of(piece) if is_ragged(piece) else piece for piece in pieces])


def without_differences(values: Array) -> Array:
    """Lists as a matrix, if all have one length above 0."""
    sizes = lengths(values)
    return matrix_of(values) if len(sizes) and sizes[0] and (sizes == sizes[0]).all() else values


def lengths(values: Array) -> Array:
    """How many numbers each row has."""
    if is_ragged(values):
        return np.fromiter(map(len, values), np.int64, len(values))
    return np.full(len(values), 1 if values.ndim == 1 else values.shape[1])


def elements(values: Array) -> Array:
    """All numbers of all rows, in order."""
    return np.concatenate([np.zeros(0), *values]) if is_ragged(values) else values


def with_elements(values: Array, numbers: Array) -> Array:
    """The lists with these numbers in place of their own."""
    return lists_of(numbers, np.append(0, np.cumsum(lengths(values))))


def row_of(values: Array, element: int) -> int:
    """The row of the element at this place among all."""
    return int(np.searchsorted(np.cumsum(lengths(values)), element, side="right"))


def telling(values: Array) -> Array:
    """One number a row: its first NaN, else its first infinite one, else 0."""
    if not is_ragged(values):
        return values
    found, numbers = np.zeros(len(values)), elements(values)
    rows = np.repeat(np.arange(len(values)), lengths(values))
    for which in (np.isinf(numbers), np.isnan(numbers)):
        places = np.flatnonzero(which)[::-1]  # so that the first of a row is written last
        found[rows[places]] = numbers[places]
    return found


def matrices(values: Array, empty: float) -> Iterator[tuple[Array | slice, Array]]:
    """The rows of each length as a matrix, and which they are; rows without an element have `empty` as the only one."""
    if not is_ragged(values):
        yield slice(None), values
        return
    for rows in _rows_by(lengths(values)):
        found = matrix_of(values[rows])
        yield rows, found if found.size else np.full((len(rows), 1), empty)


def _rows_by(sizes: Array) -> Iterator[Array]:
    """The rows of each size, in order."""
    order = np.argsort(sizes, kind="stable")
    yield from filter(len, np.split(order, np.flatnonzero(np.diff(sizes[order])) + 1))


def by_length(args: Sequence[Array | None], tables: Sequence[bool]) -> Iterator[tuple[Array, tuple[Array | None, ...]]]:
    """The rows of each length above 0, and the arguments of these rows as matrices; tables stay whole.

    Rows without an element are in none. The lists of a row have one length, as `check_arguments` has found.
    """
    sizes = next(lengths(a) for a in args if a is not None and is_ragged(a))
    for rows in _rows_by(sizes):
        if sizes[rows[0]]:
            yield (
                rows,
                tuple(
                    a if a is None or whole else matrix_of(a[rows]) if is_ragged(a) else a[rows]
                    for a, whole in zip(args, tables, strict=True)
                ),
            )


def without_elements(args: Sequence[Array | None], tables: Sequence[bool]) -> tuple[Array | None, ...]:
    """The arguments without a row, of lists of one element."""
    return tuple(
        a if a is None or whole else np.zeros((0, 1)) if is_ragged(a) else a[:0]
        for a, whole in zip(args, tables, strict=True)
    )


def united(one: tuple[int, int] | None, other: tuple[int, int]) -> tuple[int, int]:
    """The least and the largest length of two."""
    return other if one is None else (min(one[0], other[0]), max(one[1], other[1]))


def length_notes(seen: Mapping[Input, tuple[int, int]]) -> list[str]:
    """What the lengths of lists mean for the number, where they differ."""
    columns: dict[tuple[int, int], dict[str, None]] = {}
    for item, both in seen.items():
        if both[0] != both[1]:
            columns.setdefault(both, {})[f"'{item.columns[0]}'"] = None
    return [
        f"the lists in {', '.join(sorted(names))} have {least} to {most} elements: a row's value is the mean over its "
        "own elements, and each row counts once"
        for (least, most), names in columns.items()
    ]
