"""Columns of several roles in one order: columns are matched by name, and by position only where they have no names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from losscli.binding.column_names import own_parts
from losscli.binding.plan import Classes, Input, Matrix, Table
from losscli.errors import DataError
from losscli.io.arrow.canonical import canonical_label
from losscli.lazy import dataclass

Side = Input | Table | None

_SHOWN = 12  # pairs of columns that a note lists


@dataclass(frozen=True)
class Aligned:
    """The inputs of one loss, and what is to be said about how they were aligned."""

    sides: tuple[Side, ...]
    notes: tuple[str, ...]


def align(
    sides: Sequence[Side], matrices: Mapping[Table, Matrix], classes: tuple[str, ...] = (), first: int | None = None
) -> Aligned:
    """The inputs of one loss with columns in one order, and classes bound to the class columns.

    `classes` name the rows of a table that has no class column; `first` is the first class index.
    """
    out, notes = list(sides), []
    for group in (_is_output, _is_vector, _is_class_side):
        places = [i for i, side in enumerate(out) if isinstance(side, Input) and group(side)]
        for place in places:
            _refuse_same_names(out[place])
        for place in places[1:]:
            one, other = out[places[0]], out[place]
            assert isinstance(one, Input) and isinstance(other, Input)
            out[places[0]], out[place], note = _pair(one, other)
            notes += [note] if note else []
    for side in out:
        if isinstance(side, Table):
            _check_table(side, matrices[side], [s for s in out if isinstance(s, Input) and _is_vector(s)])
    carrier = replace(_carrier(out, matrices, classes), first=first)
    bound = tuple(
        replace(side, classes=carrier) if isinstance(side, Input) and side.kind.shape == "class" else side
        for side in out
    )
    return Aligned(bound, tuple(notes))


def _is_output(side: Input) -> bool:
    return side.kind.shape == "number"


def _is_vector(side: Input) -> bool:
    kind = side.kind
    return kind.shape == "vector" and not kind.classes and kind.share == 1 and not kind.own_width


def _is_class_side(side: Input) -> bool:
    return side.kind.shape == "vector" and side.kind.classes


def _refuse_same_names(side: Side) -> None:
    """Two columns of one name would bind by luck."""
    if not isinstance(side, Input) or not side.wide or (side.labels is None and not side.kind.classes):
        return
    labels = side.columns if side.labels is None else side.labels
    seen: dict[str, int] = {}
    for place, label in enumerate(labels):
        before = seen.setdefault(canonical_label(label), place)
        if before != place:
            columns = side.columns if len(side.columns) == len(labels) else labels
            raise DataError(
                f"'{columns[before]}' and '{columns[place]}' of '{side.role}' have the same name: "
                f"'{canonical_label(label)}'",
                hint="rename one of them, or name the columns one by one (a,b,c) and their classes by --classes",
                column=columns[place],
                code="DATA_MISMATCH",
            )


def _pair(first: Input, other: Input) -> tuple[Input, Input, str | None]:
    """Two sides of equal width whose columns stand in the same order, and a note where that was not given by stars."""
    if first.wide != other.wide:
        several = first if first.wide else other
        hint = "-p '*=model_*' makes a model of each column" if several.role == "pred" and several.labels else None
        raise _mismatch(first, other, "one is a single number per row, the other is a vector", hint)
    if not first.wide:
        return first, other, None
    if first.labels is not None and other.labels is not None:
        return *_by_star(first, other), None
    if first.labels is not None:
        first = _by_number(first, other)
    if other.labels is not None:
        other = _by_number(other, first)
    if first.listed or other.listed:
        return first, other, _position_note(first, other) if first.kind.classes else None
    if len(first.columns) != len(other.columns):
        raise _mismatch(first, other, f"{len(first.columns)} columns against {len(other.columns)}")
    return _by_own_names(first, other)


def _by_star(first: Input, other: Input) -> tuple[Input, Input]:
    """Sides whose columns have names: the parts that * matches, or what --classes gives to lists."""
    assert first.labels is not None and other.labels is not None
    ours, theirs = (tuple(map(canonical_label, labels)) for labels in (first.labels, other.labels))
    if set(ours) != set(theirs):
        unmatched = sorted(set(ours) ^ set(theirs))[:3]
        raise _mismatch(
            first,
            other,
            f"'{unmatched[0]}' occurs on one side only",
            "the parts that * matches must be the same names",
        )
    return (_reorder(first, theirs), other) if other.listed else (first, _reorder(other, ours))


def _by_own_names(first: Input, other: Input) -> tuple[Input, Input, str | None]:
    """Listed columns: y_a is paired with p_a, whichever comes first; columns without such names by position."""
    ours, theirs = own_parts(first.columns), own_parts(other.columns)
    if ours == theirs:
        return first, other, None
    how = "position"
    if ours is not None and theirs is not None and set(ours) == set(theirs):
        how, place = "name", {label: i for i, label in enumerate(theirs)}
        other = replace(other, columns=tuple(other.columns[place[label]] for label in ours))
    pairs = _listed([f"{one} with {two}" for one, two in zip(first.columns, other.columns, strict=True)])
    what = "classes" if first.kind.classes else f"'{first.role}' and '{other.role}'"
    return first, other, f"{what} by {how}: {pairs}"


def _position_note(first: Input, other: Input) -> str:
    """The note on lists of classes, which have no names."""
    plain = next((side for side in (first, other) if not side.listed), None)
    if plain is not None:
        return numbered(plain.columns)
    columns = " and ".join(dict.fromkeys(f"'{side.columns[0]}'" for side in (first, other)))
    return f"classes by position: in the lists of {columns}"


def numbered(columns: Sequence[str], first: int = 0) -> str:
    """The note on columns that are classes by their position."""
    return "classes by position: " + _listed([f"{i} = {name}" for i, name in enumerate(columns, first)])


def _listed(texts: Sequence[str]) -> str:
    return ", ".join(texts[:_SHOWN]) + (", …" if len(texts) > _SHOWN else "")


def _by_number(named: Input, other: Input) -> Input:
    """Columns whose names are 0 to K-1, put in that order; other names have no place to meet a position."""
    assert named.labels is not None
    wanted = tuple(map(str, range(len(named.labels))))
    if set(map(canonical_label, named.labels)) != set(wanted):
        raise _mismatch(named, other, "one names its columns by a glob (*), the other binds by position",
                        "use a glob, a list or list columns on both sides")  # fmt: skip
    return replace(_reorder(named, wanted), labels=None)


def _reorder(side: Input, labels: tuple[str, ...]) -> Input:
    """The columns in the order of these labels, which are canonical."""
    assert side.labels is not None
    place = {canonical_label(label): i for i, label in enumerate(side.labels)}
    if side.keyed:
        return replace(side, labels=labels)
    if side.listed:
        if tuple(place) != labels:
            raise DataError(f"the lists of '{side.columns[0]}' cannot be put in another order", code="DATA_MISMATCH")
        return side
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


def _carrier(sides: Sequence[Side], matrices: Mapping[Table, Matrix], classes: tuple[str, ...]) -> Classes:
    """What the classes of this loss are called, by the side that lists them."""
    for side in sides:
        if isinstance(side, Input) and _is_class_side(side):
            if side.labels is not None:
                return Classes(side.labels, sure=True, carrier=side)
            return Classes(None if side.listed else side.columns, sure=False, carrier=side)
        if isinstance(side, Table):
            rows = matrices[side].rows
            if rows is None and not classes:
                return Classes(None, carrier=side)
            count = len(matrices[side].values)
            if rows is None and len(classes) != count:
                raise DataError(
                    f"--classes names {len(classes)} classes, but '{side.role}' has {count} rows",
                    path=side.path,
                    code="DATA_MISMATCH",
                )
            return Classes(rows or classes, sure=True, carrier=side)
    return Classes()
