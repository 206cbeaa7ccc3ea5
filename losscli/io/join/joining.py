"""Joining predictions with targets, which are held in memory: a batch alone, and a pass over all batches.

To join a batch needs nothing of the rows before it; whether its keys are in order does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa

from losscli.io.arrow.buffers import Mask
from losscli.io.arrow.build import from_numpy
from losscli.io.batches import Batch
from losscli.io.join.duplicates import SameRows
from losscli.io.join.filters import SideFilter
from losscli.io.join.key_index import KeyIds
from losscli.io.join.locations import JoinedLocation, LookupRows
from losscli.io.join.lookup_side import KeyErrors, LookupSide, own_memory
from losscli.io.join.match import KeyMatch, as_numbers, take_rows
from losscli.io.sides import REPEATS, Sides
from losscli.io.source import ReadAs, Source
from losscli.lazy import dataclass


@dataclass(frozen=True)
class Joining:
    """How a batch of predictions is joined with the targets; workers have it, too.

    Attributes
    ----------
    theirs : LookupRows
        The targets.
    on, targets_on : tuple of str
        The key columns of the predictions and of the targets.
    sides : Sides
        Which columns each side has.
    where : SideFilter or None
        The conditions of the filter on columns of the predictions alone.
    projection : Mapping of str to str
        The columns of a joined batch, and how they are read.
    read : Mapping of str to str
        The columns of the predictions that this takes.
    """

    theirs: LookupRows
    on: tuple[str, ...]
    targets_on: tuple[str, ...]
    sides: Sides
    where: SideFilter | None
    projection: Mapping[str, ReadAs]
    read: Mapping[str, ReadAs]

    @property
    def lookup(self) -> LookupSide:
        """The targets."""
        return self.theirs.lookup

    def for_workers(self) -> Joining:
        """The same without what only an error needs: the texts of the keys, and the files of the targets.

        A column that is a slice of others would be pickled with all of them.
        """
        columns = {name: own_memory(column) for name, column in self.lookup.columns.items()}
        lookup = replace(self.lookup, keys=(), columns=columns, without_key=KeyErrors())
        return replace(self, theirs=replace(self.theirs, source=Source((), (), {}), lookup=lookup))

    def kept(self, batch: Batch, ids: KeyIds) -> Mask | None:
        """The rows that the filter keeps, as far as one side alone can tell; None: all of them."""
        own = None if self.where is None else self.where(batch)
        if self.lookup.kept is None:
            return own
        theirs = self.lookup.kept[self.lookup.row_of[np.maximum(ids, 0)]] | (ids < 0)
        return theirs if own is None else own & theirs

    def joined(self, batch: Batch, ids: KeyIds, before: KeyIds) -> Batch:
        """The rows with a match, with the columns of both sides; `before` is how many rows had the same key."""
        kept = np.flatnonzero(ids >= 0)
        if len(kept) < len(ids):
            batch, ids, before = take_rows(batch, kept), ids[kept], before[kept]
        data, location = batch.data, batch.location
        rows = self.lookup.row_of[ids]
        located = JoinedLocation(
            location.path, location.first_row, location.line_of, location.original_index, self.theirs, rows
        )
        arrays = []
        for name, read_as in self.projection.items():
            if name == REPEATS:
                column = from_numpy(before)
            elif name in self.theirs.columns:
                column = self.lookup.rows(self.theirs.columns[name], rows)
            else:
                column = data.column(data.schema.names.index(self.sides.locate(name)[1]))
            if read_as == "number" and self._is_key(name) and pa.types.is_dictionary(column.type):
                column = as_numbers(column, name, located)
            arrays.append(column)
        return Batch(pa.RecordBatch.from_arrays(arrays, names=list(self.projection)), located, batch.extra_cells)

    def _is_key(self, name: str) -> bool:
        """Whether a column is a key, which is read as text."""
        side, own = self.sides.locate(name)
        return own in (self.on if side == "preds" else self.targets_on)


@dataclass(frozen=True)
class JoinPass:
    """One pass over the predictions: how batches are joined, and what is known of all keys so far.

    `same` finds rows that are the same, where several predictions may have one key. With `strict`, a prediction without
    a match is an error.
    """

    joining: Joining
    match: KeyMatch
    same: SameRows | None
    strict: bool

    @property
    def failed(self) -> bool:
        """Whether an error about keys is found: it is raised when all keys are known."""
        return self.match.has_errors(self.strict)

    def joined(self, batch: Batch, keys: Sequence[pa.Array], ids: KeyIds) -> Batch | None:
        """The joined rows of the next batch, whose rows have these keys and ids; None after an error about keys."""
        kept = self.joining.kept(batch, ids)
        before = self.match.update(batch, keys, ids, kept)
        if self.same is not None:
            self.same.update(batch, ids, kept)
        return None if self.failed else self.joining.joined(batch, ids, before)
