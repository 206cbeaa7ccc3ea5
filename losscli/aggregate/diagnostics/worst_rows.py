"""The rows whose loss is worst: a bounded list that merges to the same in any order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from losscli.contract.kinds import Array
from losscli.lazy import dataclass

Cells = Mapping[str, float | str]


@dataclass(frozen=True)
class WorstRow:
    """One row.

    Attributes
    ----------
    badness
        By how much it is among the worst: the larger, the worse.
    value
        Its loss.
    row
        Its number in the run, from 1.
    slice_id
        The slice that it is in.
    keys
        The columns of keys, where rows have keys, and those that were asked for, with its labels.
    cells
        The columns of its inputs with what they hold.
    """

    badness: float
    value: float
    row: int
    slice_id: int
    keys: Mapping[str, str]
    cells: Cells


class WorstRows:
    """The worst rows by what `badness` makes of their losses; of equally bad ones, those that come first.

    Parameters
    ----------
    direction
        Which losses are better: "lower", "higher", or nearer to "zero".
    most
        How many rows are kept.
    """

    def __init__(self, direction: str, most: int) -> None:
        self.direction, self.most = direction, most
        self.rows: list[WorstRow] = []

    def badness(self, values: Array) -> Array:
        """The larger, the worse; NaN is no value."""
        return np.abs(values) if self.direction == "zero" else -values if self.direction == "higher" else values

    def update(self, values: Array, row_numbers: Array, describe: Callable[[int], WorstRow]) -> None:
        """Add rows; `describe` makes the entry of one of them, and is asked for few."""
        badness = self.badness(values)
        places = np.flatnonzero(~np.isnan(badness))
        if len(self.rows) >= self.most:  # rows of smaller numbers are held: of equally bad ones those stay
            places = places[badness[places] >= self.rows[-1].badness]
        if len(places) > self.most:
            bound = np.partition(badness[places], len(places) - self.most)[len(places) - self.most]
            places = places[badness[places] >= bound]
            places = places[np.lexsort((row_numbers[places], -badness[places]))][: self.most]
        self._add([replace(describe(int(at)), badness=float(badness[at])) for at in places])

    def merge(self, other: WorstRows, slice_ids: Array | None, before: int) -> None:
        """Add those of `other`, before whose rows so many stand."""
        self._add([
            replace(one, row=one.row + before,
                    slice_id=one.slice_id if slice_ids is None else int(slice_ids[one.slice_id]))
            for one in other.rows
        ])  # fmt: skip

    def _add(self, rows: list[WorstRow]) -> None:
        self.rows = sorted([*self.rows, *rows], key=lambda one: (-one.badness, one.row))[: self.most]
