"""Columns of several roles in one order: columns are matched by name, and by position only where they have no names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from losscli.binding.plan import Classes, Input, Matrix, Table
from losscli.errors import DataError

Side = Input | Table | None


def align(sides: Sequence[Side], matrices: Mapping[Table, Matrix]) -> tuple[Side, ...]:
    """The inputs of one loss with columns in one order, and classes bound to the class columns."""
    out = list(sides)
    for group in (_is_output, _is_vector, _is_class_side):
        places = [i for i, side in enumerate(out) if isinstance(side, Input) and group(side)]
        for place in places[1:]:
            first, other = out[places[0]], out[place]
            assert isinstance(first, Input) and isinstance(other, Input)
            first, other = _pair(first, other)
            out[places[0]], out[place] = first, other
    for side in out:
        if isinstance(side, Table):
            _check_table(side, matrices[side], [s for s in out if isinstance(s, Input) and _is_vector(s)])
    carrier = _carrier(out, matrices)
    return tuple(
        replace(side, classes=carrier) if isinstance(side, Input) and side.kind.shape == "class" else side
        for side in out
    )


def _is_output(side: Input) -> bool:
    return side.kind.shape == "number"


def _is_vector(side: Input) -> bool:
    return side.kind.shape == "vector" and not side.kind.classes


def _is_class_side(side: Input) -> bool:
    return side.kind.shape == "vector" and side.kind.classes


def _pair(first: Input, other: Input) -> tuple[Input, Input]:
    """Two sides of equal width whose columns stand in the same order."""
    if first.wide != other.wide:
        raise _mismatch(first, other, "one is a single number per row, the other is a vector")
    if not first.wide or (first.listed and other.listed):
        return first, other
    if first.labels is not None and other.labels is not None:
        if set(first.labels) != set(other.labels):
            unmatched = sorted(set(first.labels) ^ set(other.labels))[:3]
            raise _mismatch(
                first,
                other,
                f"'{unmatched[0]}' occurs on one side only",
                "the parts that * matches must be the same names",
            )
        return first, _reorder(other, first.labels)
    if first.labels is not None:
        first = _by_number(first, other)
    if other.labels is not None:
        other = _by_number(other, first)
    if not (first.listed or other.listed) and len(first.columns) != len(other.columns):
        raise _mismatch(first, other, f"{len(first.columns)} columns against {len(other.columns)}")
    return first, other


def _by_number(named: Input, other: Input) -> Input:
    """Columns whose names are 0 to K-1, put in that order; other names have no place to meet a position."""
    assert named.labels is not None
    wanted = tuple(map(str, range(len(named.labels))))
    if set(named.labels) != set(wanted):
        raise _mismatch(named, other, "one names its columns by a glob (*), the other binds by position",
                        "use a glob, a list or list columns on both sides")  # fmt: skip
    return replace(_reorder(named, wanted), labels=None)


def _reorder(side: Input, labels: tuple[str, ...]) -> Input:
    assert side.labels is not None
    place = {label: i for i, label in enumerate(side.labels)}
    return replace(side, columns=tuple(side.columns[place[label]] for label in labels), labels=labels)


def _mismatch(first: Input, other: Input, why: str, hint: str | None = None) -> DataError:
    return DataError(f"{_shown(first)} and {_shown(other)} do not match: {why}", hint=hint, code="DATA_MISMATCH")


def _shown(side: Input) -> str:
    names = ", ".join(side.columns[:4]) + (", …" if len(side.columns) > 4 else "")
    return f"'{side.role}' ({names})"


def _check_table(table: Table, matrix: Matrix, vectors: list[Input]) -> None:
    """A table that meets vectors has their width, and their columns in their order."""
    for side in vectors:
        if side.labels is not None and matrix.labels is not None and side.labels != matrix.labels:
            raise DataError(
                f"the columns of '{side.role}' and of '{table.role}' do not match: "
                f"{', '.join(side.labels[:4])}… against {', '.join(matrix.labels[:4])}…",
                path=table.path,
                code="DATA_MISMATCH",
            )
        if not side.listed and side.wide and len(side.columns) != matrix.values.shape[1]:
            raise DataError(
                f"'{side.role}' has {len(side.columns)} columns, '{table.role}' has {matrix.values.shape[1]}",
                path=table.path,
                code="DATA_MISMATCH",
            )


def _carrier(sides: Sequence[Side], matrices: Mapping[Table, Matrix]) -> Classes:
    """What the classes of this loss are called, by the side that lists them."""
    for side in sides:
        if isinstance(side, Input) and _is_class_side(side):
            if side.labels is not None:
                return Classes(side.labels, sure=True, carrier=side)
            return Classes(None if side.listed else side.columns, sure=False, carrier=side)
        if isinstance(side, Table) and matrices[side].rows is not None:
            return Classes(matrices[side].rows, sure=True, carrier=side)
        if isinstance(side, Table):
            return Classes(None, carrier=side)
    return Classes()
