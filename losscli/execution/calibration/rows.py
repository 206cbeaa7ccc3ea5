"""The rows of a run for as many passes as a descent takes, and the folds of cross-fitting."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field, replace

import numpy as np

from losscli.aggregate.hashing import label_hashes, splitmix64
from losscli.binding.read_rows import ReadRows
from losscli.contract.kinds import Array
from losscli.execution.prepare import Prepared
from losscli.execution.progress import NO_PROGRESS, ProgressObserver
from losscli.execution.scan import Scan
from losscli.lazy import dataclass

HELD = 64 << 20
"""Bytes of rows that are held at most; a larger source is read again for each pass."""

FOLDS = 5


@dataclass
class Rows:
    """All used rows, read once if they are few, else again for each pass.

    Attributes
    ----------
    scan
        The first pass, with what it counted and learned; None before it.
    """

    prepared: Prepared
    observer: ProgressObserver = NO_PROGRESS
    scan: Scan | None = None
    _held: list[ReadRows] | None = None
    _taken: int = field(default=0)

    def __iter__(self) -> Iterator[ReadRows]:
        if self._held is not None:
            yield from self._held
            return
        again = Scan(self.prepared.plan, self.prepared.source, self.observer, warned=self.prepared.warned)
        if self.scan is not None:
            again.warned.clear()  # the first pass has counted these
            yield from again.rows()
            return
        held: list[ReadRows] | None = []
        taken = 0
        for rows in again.rows():
            taken += _bytes(rows)
            held = held if taken <= HELD else None
            if held is not None:
                held.append(rows)
            yield rows
        self.scan, self._held, self._taken = again, held, taken

    @property
    def notes(self) -> list[str]:
        """What is held between passes, if it is much."""
        if self._held is None:
            return [f"more than {HELD >> 20} MiB of rows: each pass reads the source again"]
        return [f"{self._taken >> 20} MiB of rows are held in memory"] * (self._taken >= 1 << 20)


def _bytes(rows: ReadRows) -> int:
    batch = rows.batch
    arrays = [*batch.arrays.values(), *([] if batch.weights is None else [batch.weights])]
    labels = [each.codes for each in (*rows.labels.values(), batch.cluster, rows.batch_key) if each is not None]
    cells = [each.cells for each in rows.sliced_by]
    return sum(int(array.nbytes) for array in (*arrays, *labels, *cells)) + 8 * len(batch)


def folds_of(rows: ReadRows) -> Array:
    """The fold of each row: by its cluster or batch, if there are such, so that these stay whole; else by its number.

    A hash decides, not the order: rows are often sorted.
    """
    for labels in (rows.batch.cluster, rows.batch_key):
        if labels is not None:
            return label_hashes(labels) % np.uint64(FOLDS)
    return splitmix64(rows.batch.row_number_array.astype(np.uint64)) % np.uint64(FOLDS)


def rows_at(rows: ReadRows, at: Array) -> ReadRows:
    """The rows at these positions; those of weight 0 are left out."""
    index = np.asarray(rows.index)[at]
    sliced_by = tuple(column.take(at) for column in rows.sliced_by)
    batch_key = None if rows.batch_key is None else rows.batch_key.take(at)
    return replace(rows, batch=rows.batch.take(at), index=index, sliced_by=sliced_by, batch_key=batch_key,
                   weightless=None, weightless_sliced_by=(), weightless_lengths=None)  # fmt: skip
