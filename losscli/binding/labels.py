"""Labels of a binary target as the numbers that they stand for."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from losscli.binding.encoded_labels import EncodedLabels
from losscli.binding.label_registry import LISTED, LabelRegistry
from losscli.binding.plan import Input
from losscli.binding.request import Others
from losscli.contract.kinds import Array
from losscli.errors import DataError, Location
from losscli.io.arrow.canonical import canonical_label
from losscli.io.arrow.decode import NO_NULLS, NumberFormat
from losscli.io.arrow.types import is_plain_number


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


def read_as_labels(item: Input, kind: Any) -> bool:
    """Whether cells of this type are read as labels. A number is its own label, unless there is a positive one."""
    return bool(item.kind.sides or item.kind.labels) and (item.positive is not None or not is_plain_number(kind))


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
    return ", ".join(f"'{name}'" for name in ordered[:LISTED]) + (", …" if len(ordered) > LISTED else "")


def check_positive_labels(registry: LabelRegistry, others: Others) -> None:
    """A DataError unless a binary target has the positive label, and one other label or, as negatives, several."""
    for item, found in registry.decisions.items():
        found.check(item)
    for item, seen in registry.labels.items():
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
