"""Labels: classes as positions, class labels as numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from losscli.binding.encoded_labels import EncodedLabels
from losscli.binding.plan import Classes, Input
from losscli.binding.request import Others
from losscli.contract.kinds import Array
from losscli.errors import DataError, Location
from losscli.io.arrow.buffers import RowNumbers
from losscli.io.arrow.canonical import canonical_label
from losscli.io.arrow.decode import NO_NULLS, NumberFormat

UNKNOWN = -1  # the position of a class that the other side does not have
_LISTED = 8  # labels that an error lists


@dataclass
class ClassBook:
    """What a run has learned of labels.

    Attributes
    ----------
    by_name
        Whether the classes of a list of columns bind by name.
    free
        The classes that have no other side, numbered.
    seen
        The labels of a binary target that has a positive one: that one, and the first few others.
    probable
        Whether all logits so far look like probabilities.
    """

    by_name: dict[Classes, bool] = field(default_factory=dict)
    free: dict[str, int] = field(default_factory=dict)
    seen: dict[Input, set[str]] = field(default_factory=dict)
    probable: dict[Input, bool] = field(default_factory=dict)

    def merge(self, other: ClassBook) -> None:
        """Learn what another book learned about later rows; its numbers of free classes end with its rows."""
        self.by_name = {**other.by_name, **self.by_name}
        for item, names in other.seen.items():
            self._remember(item, names)
        for item, probable in other.probable.items():
            self.probable[item] = probable and self.probable.get(item, True)

    def see(self, item: Input, column: EncodedLabels, index: RowNumbers) -> None:
        """Remember the labels of the used rows, whose positions these are."""
        codes = column.codes if isinstance(index, range) else np.unique(column.codes[index])
        used = column.names if isinstance(index, range) else [column.names[code] for code in codes.flat if code >= 0]
        if used:
            self._remember(item, used)

    def _remember(self, item: Input, names: Iterable[str]) -> None:
        """The positive label, and the first others in sorted order, whichever rows come first."""
        known = {*self.seen.get(item, ()), *names}
        positive = canonical_label(item.positive or "")
        self.seen[item] = {*sorted(known - {positive})[: _LISTED + 1], *(known & {positive})}


def class_positions(item: Input, named: EncodedLabels, book: ClassBook) -> tuple[Array, Array | None]:
    """Each row's class as a position on the other side, UNKNOWN where it has none there; which rows hold no class."""
    missing = named.codes < 0
    classes = item.classes or Classes()
    if classes.carrier is None:
        places = [book.free.setdefault(name, len(book.free)) for name in named.names]
    else:
        if classes not in book.by_name and named.names:
            book.by_name[classes] = _binds_by_name(classes, named.names)
        by_name = book.by_name.get(classes, False)
        known = {canonical_label(name): i for i, name in enumerate(classes.names or ())}
        places = [known.get(name, UNKNOWN) if by_name else _number(name) for name in named.names]
    positions = np.array([*places, 0])[named.codes]
    return positions, missing if missing.any() else None


def _binds_by_name(classes: Classes, present: Sequence[str]) -> bool:
    """A glob or a class column names its classes; the columns of a list do where targets have their names."""
    if classes.names is None:
        return False
    return classes.sure or bool(set(present) & set(map(canonical_label, classes.names)))


def _number(name: str) -> int:
    return int(name) if name.isascii() and name.isdigit() and len(name) < 16 else UNKNOWN


def refuse_unknown(
    item: Input, named: EncodedLabels, positions: Array, index: RowNumbers, book: ClassBook, location: Location
) -> None:
    """A class that the other side does not have is an error that shows both sides."""
    unknown = positions == UNKNOWN
    if not unknown.any():
        return
    row = int(index[np.argmax(unknown)])
    name = named.names[int(named.codes[row])]
    classes = item.classes
    if classes is not None and classes.names is not None and book.by_name.get(classes):
        shown = ", ".join(classes.names[:12]) + (", …" if len(classes.names) > 12 else "")
        raise location.error(
            row, named.column, f"class '{name}' of '{named.column}' is not among the classes {shown}", name,
            "the names of the columns, or the class column of the table, give the classes",
            code="DATA_UNKNOWN_CLASS",
        )  # fmt: skip
    raise location.error(
        row, named.column,
        f"class '{name}' of '{named.column}' is not a class index, and the classes have no names here", name,
        "name the class columns by a glob (p_*), whose matched part is the class, or use class indices from 0",
        code="DATA_UNKNOWN_CLASS",
    )  # fmt: skip


def check_positions(item: Input, values: Array, width: int, index: RowNumbers, location: Location) -> None:
    """Positions lie below the number of classes on the other side."""
    if len(values) and int(values.max()) >= width:
        row = int(np.argmax(values >= width))
        raise location.error(int(index[row]), item.columns[0], f"class index {values[row]} in '{item.columns[0]}' is "
                             f"out of range for {width} class columns", str(values[row]), "class indices count from 0",
                             code="DATA_UNKNOWN_CLASS")  # fmt: skip


def labelled_numbers(
    item: Input, named: EncodedLabels, location: Location, number_format: NumberFormat = NO_NULLS
) -> tuple[Array, Array | None]:
    """Texts as the numbers that they stand for: the positive label, the labels of the kind, or plain numbers."""
    missing = named.codes < 0
    values = [_label(item, name, number_format) for name in named.names]
    wrong = [i for i, value in enumerate(values) if value is None]
    if wrong:
        bad = np.isin(named.codes, wrong)
        first = named.codes[bad][0]
        row = int(np.argmax(bad if bad.ndim == 1 else bad.any(axis=1)))
        raise location.error(
            row, named.column, f"column '{named.column}' contains {_listed(named.names)}, but '{item.role}' must be "
            f"{item.kind.says}", named.names[int(first)], item.kind.hint,
            code="DATA_UNKNOWN_CLASS",
        )  # fmt: skip
    return named.mapped([v or 0.0 for v in values], 0.0), missing if missing.any() else None


def without_nulls(column: EncodedLabels, number_format: NumberFormat, positive: str | None) -> EncodedLabels:
    """The labels where the null texts of `number_format` are missing, except one that is the positive label."""
    kept = [
        i for i, name in enumerate(column.names) if name.strip(" \t") not in number_format.nulls or name == positive
    ]
    if len(kept) == len(column.names):
        return column
    renumbered = np.full(len(column.names) + 1, -1)  # the last place is for -1, missing already
    renumbered[kept] = np.arange(len(kept))
    return EncodedLabels(renumbered[column.codes], tuple(column.names[i] for i in kept), column.column)


def _label(item: Input, name: str, number_format: NumberFormat) -> float | None:
    sides = item.kind.sides
    if sides and item.positive is not None:
        if name == canonical_label(item.positive):
            return sides[1]
        number = number_format.number(name)
        # NaN and infinity are no labels, but values that a policy or an error is about.
        return sides[0] if number is None or math.isfinite(number) else number
    known = dict(item.kind.labels)
    if name in known:
        return known[name]
    if sides and name in ("true", "false"):
        return sides[name == "true"]
    return number_format.number(name)


def _listed(names: Iterable[str]) -> str:
    ordered = sorted(names)
    return ", ".join(f"'{name}'" for name in ordered[:_LISTED]) + (", …" if len(ordered) > _LISTED else "")


def check_positive_labels(book: ClassBook, others: Others) -> None:
    """A DataError unless a binary target has the positive label, and one other label or, as negatives, several."""
    for item, seen in book.seen.items():
        positive, column = canonical_label(item.positive or ""), item.columns[0]
        if positive not in seen:
            # Every row would be scored as negative.
            raise DataError(
                f"the positive class label '{item.positive}' does not occur in column '{column}'",
                hint=f"the column contains {_listed(seen)}", column=column, value=item.positive,
                code="DATA_UNKNOWN_CLASS",
            )  # fmt: skip
        rest = seen - {positive}
        if others == "error" and len(rest) > 1:
            raise DataError(
                f"column '{column}' contains more than two labels: '{item.positive}' is the positive one, and "
                f"{_listed(rest)} would all be negative",
                hint="--others negative counts every other label as negative (one against the rest)",
                column=column, value=min(rest),
                code="DATA_UNKNOWN_CLASS",
            )  # fmt: skip
