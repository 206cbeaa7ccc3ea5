"""The distinct rows of some columns, and how often each occurs: what a number of a whole table is computed from.

Rows are counted exactly, so accumulators merge in any order to the same. A weight is one more column: rows of the same
values and another weight are other rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from losscli.aggregate.hashing import combined_hash
from losscli.aggregate.term_accumulator import read_counts
from losscli.contract.kinds import Array
from losscli.lazy import dataclass

BLOCK = 1 << 20
"""Rows that come in before equal ones among them are looked for."""

_PIECES = 64  # that wait to be put in one
_SAMPLE = 1 << 17  # rows that are looked at to see whether many are equal
_FEW = 0.5  # equal rows are counted together where that leaves at most this share


@dataclass
class _Rows:
    """Rows of some columns; `counts` is how often each occurs (None: once)."""

    columns: list[Array]
    counts: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.columns[0])

    @property
    def times(self) -> NDArray[np.int64]:
        """How often each occurs."""
        return np.ones(len(self), np.int64) if self.counts is None else self.counts


@dataclass(frozen=True)
class HeldRows:
    """The columns of a loss, the weights (None: 1 each), the slice ids (None: all 0), and how often each row occurs."""

    keys: list[Array]
    weights: Array | None
    slice_ids: Array | None
    counts: NDArray[np.int64] | None

    def take(self, rows: Array) -> HeldRows:
        """The rows at these positions."""
        weights, ids, counts = (None if a is None else a[rows] for a in (self.weights, self.slice_ids, self.counts))
        return HeldRows([values[rows] for values in self.keys], weights, ids, counts)


@dataclass
class DistinctRows:
    """Rows and how often each occurs; equal ones are counted together where that makes them much fewer.

    Attributes
    ----------
    weighted, sliced
        Whether there is a column of weights behind those of the loss, and one of slice ids behind that.
    """

    weighted: bool = False
    sliced: bool = False
    _held: list[_Rows] = field(default_factory=list)
    _owns: bool = False  # whether the first of them is no other accumulator's
    _loose: int = 0  # rows among which equal ones have not been looked for
    _limit: int = BLOCK

    def update(self, keys: Sequence[Array], weights: Array | None, slice_ids: Array | None) -> None:
        """Add rows; those of weight 0 take no part."""
        self.weighted, self.sliced = weights is not None, slice_ids is not None
        # What came from a file may be part of a larger array; adding 0 makes one of the two zeros.
        columns = [values + 0.0 if values.dtype.kind == "f" else values.copy() for values in keys]
        columns += [] if weights is None else [np.array(weights, np.float64)]
        columns += [] if slice_ids is None else [slice_ids.astype(np.int32)]
        if weights is not None and not weights.all():
            columns = [values[weights != 0] for values in columns]
        self._add(_Rows(columns))

    def merge(self, other: DistinctRows, slice_ids: Array | None) -> None:
        """Add all of `other`, whose slice i is our slice slice_ids[i] (None: the same ids)."""
        self.weighted, self.sliced = self.weighted or other.weighted, self.sliced or other.sliced
        for rows in other._held:
            columns = list(rows.columns)
            if other.sliced and slice_ids is not None:
                columns[-1] = slice_ids[columns[-1]].astype(np.int32)
            self._add(_Rows(columns, rows.counts))

    def _add(self, rows: _Rows) -> None:
        if not len(rows):
            return
        self._held.append(rows)
        self._loose += len(rows)
        if len(self._held) > _PIECES:
            self._join()
        if self._loose >= self._limit:
            if _distinct_share([piece.columns for piece in self._held]) <= _FEW:
                self._held, self._owns = [_counted(self._join())], True
            # Where there are many distinct rows, they are looked for again when there are twice as many.
            self._loose, self._limit = 0, max(BLOCK, sum(map(len, self._held)))

    def _join(self) -> _Rows:
        """All rows in one piece, which stays. It grows at its end: concatenated, rows would be held twice."""
        first, *rest = self._held
        if not rest:
            return first
        if not self._owns:  # it may be that of another accumulator
            first = _Rows([values.copy() for values in first.columns], first.counts)
            self._owns = True
        if first.counts is not None or any(piece.counts is not None for piece in rest):
            first.counts = np.concatenate([piece.times for piece in (first, *rest)])
        start, size = len(first), sum(map(len, self._held))
        for at, values in enumerate(first.columns):
            values.resize(size, refcheck=False)
            end = start
            for piece in rest:
                values[end : end + len(piece)] = piece.columns[at]
                end += len(piece)
        self._held = [first]
        return first

    def evaluate(self) -> HeldRows:
        """All rows together."""
        if not self._held:
            return HeldRows([], None, None, None)
        rows = self._join()
        keys = list(rows.columns)
        ids = keys.pop() if self.sliced else None
        weights = keys.pop() if self.weighted else None
        return HeldRows(keys, weights, ids, rows.counts)

    def state(self) -> dict[str, Any]:
        """All that was added, as plain values."""
        rows = self._join() if self._held else _Rows([])
        return {
            "weighted": self.weighted,
            "sliced": self.sliced,
            "columns": list(rows.columns),
            "counts": rows.counts,
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> DistinctRows:
        """The rows that `state` was taken of; a ValueError where it was not."""
        found = cls(bool(state["weighted"]), bool(state["sliced"]))
        columns = [_column(values) for values in state["columns"]]
        counts = None if state["counts"] is None else read_counts(state["counts"])
        lengths = {len(values) for values in (*columns, *([] if counts is None else [counts]))}
        if len(lengths) > 1 or (counts is not None and counts.min(initial=1) < 1):
            raise ValueError("the columns of distinct rows")
        if columns and len(columns[0]):
            found._held = [_Rows(columns, counts)]
        return found


def _distinct_share(pieces: Sequence[Sequence[Array]]) -> float:
    """About which share of rows is left where equal ones are counted together: of some, by a hash of each."""
    each = max(1, _SAMPLE // len(pieces))
    some = [np.concatenate([values[:each] for values in column]) for column in zip(*pieces, strict=True)]
    hashes = np.sort(combined_hash(map(_words, some), len(some[0])))
    return (1 + np.count_nonzero(hashes[1:] != hashes[:-1])) / len(hashes)


def _words(values: Array) -> NDArray[np.uint64]:
    return values.view(np.uint64) if values.dtype == np.float64 else values.astype(np.uint64)


def _counted(rows: _Rows) -> _Rows:
    """Each distinct row once, with how often it occurs."""
    order = np.lexsort(rows.columns)
    columns = [values[order] for values in rows.columns]
    new = np.ones(len(order), bool)
    new[1:] = False
    for values in columns:
        new[1:] |= values[1:] != values[:-1]
    starts = np.flatnonzero(new)
    counts = rows.times[order]
    return _Rows([values[starts] for values in columns], np.add.reduceat(counts, starts))


def _column(values: Array) -> Array:
    if values.dtype not in (np.float64, np.int64, np.int32, np.bool_):
        raise ValueError("the type of a column")
    return values.copy()
