"""The labels of grouping keys in rows: those of their cells, or derived of these."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from losscli.binding.plan import Plan
from losscli.errors import Location
from losscli.io.arrow.buffers import RowNumbers
from losscli.io.arrow.dictionary import DictionaryColumn

if TYPE_CHECKING:
    from losscli.binding.grouping_keys import GroupingKey


def key_labels(
    keys: Iterable[GroupingKey], plan: Plan, data: Any, location: Location, index: RowNumbers, warned: Counter[str]
) -> tuple[DictionaryColumn, ...]:
    """The label of each key in these rows of a batch."""
    found = []
    for key in keys:
        if key.derivation is None:
            found.append(DictionaryColumn.of(data.column(key.column), key.name, location).take(index))
        else:
            from losscli.binding.derived_labels import UsedCells, key_column  # few keys are derived

            number_format = plan.number_format if key.column in plan.untyped else None
            found.append(key_column(key, UsedCells(data, location, index, number_format), warned))
    return tuple(found)
