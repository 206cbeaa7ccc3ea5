"""The order in time of the units of a run, which are the sums of all rows of one time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from losscli.binding.time_labels import MixedTimes, in_order
from losscli.errors import DataError


def ranks(labels: Mapping[int, str], column: str) -> dict[int, int]:
    """The rank in time of each unit, by the hash of its label; a DataError where times are of different kinds.

    Parameters
    ----------
    labels
        The label of each unit, by its hash.
    column
        The column of times.
    """
    found = in_order(labels.values())
    if isinstance(found, MixedTimes):
        raise DataError(
            f"the times in column '{column}' cannot be put in order: '{found.one}' and '{found.other}' are of "
            "different kinds",
            column=column, value=found.other, code="DATA_WRONG_TYPE",
            hint="use one form in all rows: numbers, months, or dates and times, all with a zone or all without",
        )  # fmt: skip
    rank = {label: position for position, label in enumerate(found)}
    return {key: rank[label] for key, label in labels.items()}


def order_of(hashes: Sequence[int], rank: Mapping[int, int]) -> list[int]:
    """The positions of units in the order of time."""
    return sorted(range(len(hashes)), key=lambda position: rank[hashes[position]])
