"""The cosines of a batch, some rows at a time against all columns: memory for N vectors, not for N x N."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from losscli.contract.kinds import Array
from losscli.lazy import dataclass
from losscli.losses._math import unit, unit_slope

_ENTRIES = 1 << 18  # of a block of cosines


@dataclass(frozen=True)
class Cosines:
    """The cosines of each row of `rows` with each row of `columns`."""

    rows: Array
    columns: Array

    def blocks(self) -> Iterator[tuple[slice, Array]]:
        """Some rows, and their cosines with all columns."""
        ends, step = unit(self.columns), max(1, _ENTRIES // max(len(self.columns), 1))
        for start in range(0, len(self.rows), step):
            rows = slice(start, min(start + step, len(self.rows)))
            yield rows, np.clip(unit(self.rows[rows]) @ ends.T, -1.0, 1.0)

    def gradients(self, pulls: Callable[[slice, Array], Array]) -> tuple[Array, Array]:
        """The slope by rows and by columns of a sum over pairs, of which `pulls` has the slope by the cosine."""
        by_rows, by_columns = np.zeros_like(self.rows), np.zeros_like(self.columns)
        ends = unit(self.columns)
        for rows, cosines in self.blocks():
            pulled = pulls(rows, cosines)
            by_rows[rows] += pulled @ ends
            by_columns += pulled.T @ unit(self.rows[rows])
        return unit_slope(self.rows, by_rows), unit_slope(self.columns, by_columns)


def own_class(target: Array, rows: slice) -> tuple[Array, Array]:
    """Which columns are of each row's class, the row itself left out; and which are of another."""
    same = target[rows, None] == target
    other = ~same
    same[np.arange(rows.stop - rows.start), np.arange(rows.start, rows.stop)] = False
    return same, other


def log_sum(x: Array, where: Array) -> Array:
    """log of the sum of e^x over the columns that `where` names; -inf where it names none."""
    masked = np.where(where, x, -np.inf)
    top = masked.max(axis=1, keepdims=True, initial=-np.inf)
    top = np.where(np.isneginf(top), 0.0, top)
    return np.asarray(np.log(np.exp(masked - top).sum(axis=1)) + top[:, 0])
