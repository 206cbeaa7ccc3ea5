"""Labels: classes as positions, class labels as numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from losscli.binding.encoded_labels import EncodedLabels
from losscli.binding.plan import Classes, Input
from losscli.contract.kinds import Array
from losscli.errors import DataError, Location
from losscli.io.arrow.buffers import RowNumbers
from losscli.io.arrow.canonical import canonical_label
from losscli.io.arrow.decode import NO_NULLS, NumberFormat

UNKNOWN = -1  # the position of a class that the other side does not have
_REMEMBERED = 100  # distinct labels of a batch that an error may list


@dataclass
class ClassBook:
    """What a run has learned of classes: whether a list of columns binds by name, and the free classes so far."""

    by_name: dict[Classes, bool] = field(default_factory=dict)
    free: dict[str, int] = field(default_factory=dict)
    seen: dict[Input, set[str]] = field(default_factory=dict)

    def merge(self, other: ClassBook) -> None:
        """Learn what another book learned about later rows; its numbers of free classes end with its rows."""
        self.by_name = {**other.by_name, **self.by_name}
        for item, names in other.seen.items():
            self.seen.setdefault(item, set()).update(names)


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
    item: Input, column: EncodedLabels, book: ClassBook, location: Location, number_format: NumberFormat = NO_NULLS
) -> tuple[Array, Array | None]:
    """Texts as the numbers that they stand for: the positive label, the labels of the kind, or plain numbers.

    The null texts of `number_format` stand for missing values, except one that is the positive label.
    """
    named = _without_nulls(column, number_format, item.positive).canonical()
    missing = named.codes < 0
    values = [_label(item, name, number_format) for name in named.names]
    wrong = [i for i, value in enumerate(values) if value is None]
    if wrong:
        row = int(np.argmax(np.isin(named.codes, wrong)))
        seen = ", ".join(f"'{name}'" for name in sorted(named.names)[:8])
        raise location.error(
            row, column.column, f"column '{column.column}' contains {seen}, but '{item.role}' must be {item.kind.says}",
            named.names[int(named.codes[row])], item.kind.hint,
            code="DATA_UNKNOWN_CLASS",
        )  # fmt: skip
    if item.positive is not None:
        book.seen.setdefault(item, set()).update(named.names[:_REMEMBERED])
    return named.mapped([v or 0.0 for v in values], 0.0), missing if missing.any() else None


def _without_nulls(column: EncodedLabels, number_format: NumberFormat, positive: str | None) -> EncodedLabels:
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
        return sides[1] if name == canonical_label(item.positive) else sides[0]
    known = dict(item.kind.labels)
    if name in known:
        return known[name]
    if sides and name in ("true", "false"):
        return sides[name == "true"]
    return number_format.number(name)


def check_positive_labels(book: ClassBook) -> None:
    """A DataError where no row has the positive label, which would score every row as negative."""
    for item, seen in book.seen.items():
        if item.positive is not None and canonical_label(item.positive) not in seen:
            listed = ", ".join(f"'{name}'" for name in sorted(seen)[:8])
            raise DataError(
                f"the positive class label '{item.positive}' does not occur in column '{item.columns[0]}'",
                hint=f"the column contains {listed}", column=item.columns[0], value=item.positive,
                code="DATA_UNKNOWN_CLASS",
            )  # fmt: skip
