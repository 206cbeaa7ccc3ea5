"""Rows of the predictions that may be the same: they are read once more, and compared in every column that matters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field

import numpy as np
import pyarrow as pa

from losscli.errors import DataError, LosscliError
from losscli.io.arrow.buffers import Mask
from losscli.io.batches import Batch
from losscli.io.join.key_index import KeyIds
from losscli.io.join.lookup_side import KeyErrors, LookupSide, read_batches, rows
from losscli.io.join.match import with_key_ids
from losscli.io.join.repeats import Hashes, RowHashes, row_hashes
from losscli.io.source import ReadAs, Source
from losscli.lazy import dataclass

APPENDED_HINT = "was a file appended twice? A column that tells the rows apart would make them different"

_SEED = 1 << 40  # of the second hash, which is independent of the first


@dataclass
class SameRows:
    """Looks for rows of the predictions that are the same: in `columns` where these tell rows apart, else in all.

    Attributes
    ----------
    source, on : Source and tuple of str
        The predictions and their key columns.
    columns : tuple of str
        Columns of which no two rows with one key may have the same cells; empty where rows may share a key anyhow, and
        only such that are the same in every column are refused.
    read : Mapping of str to str
        The columns that are read, and how.
    where : callable
        The rows of a batch with these key ids that the filter keeps; None: all of them.
    stable : bool
        Whether the first hashes are the same in every process.
    """

    source: Source
    on: tuple[str, ...]
    columns: tuple[str, ...]
    read: Mapping[str, ReadAs]
    where: Callable[[Batch, KeyIds], Mask | None]
    hashes: RowHashes = field(default_factory=lambda: RowHashes(0))
    stable: bool = False

    def update(self, batch: Batch, ids: KeyIds, kept: Mask | None) -> None:
        """Add the matched rows of a batch."""
        self.hashes.add(self._first_hashes(batch, ids)[_used(ids, kept)])

    def check(self, lookup: LookupSide) -> None:
        """Raise the error about the first row that is the same as an earlier one, if there is one."""
        suspects = self.hashes.repeated()
        if not len(suspects):
            return
        try:
            count, first = self._compare(suspects, lookup)
        except (LosscliError, OSError):  # a pipe: the first hash decides, and nobody knows the row
            raise self._error(len(suspects)) from None
        if first is not None:
            raise first.error(self._message(count), self.on[0], self._hint, code="DATA_DUPLICATE_KEY")

    def _compare(self, suspects: Hashes, lookup: LookupSide) -> tuple[int, KeyErrors | None]:
        """How many rows are the same as an earlier one, and the first of them."""
        every: dict[str, ReadAs] = {**dict.fromkeys(self.source.columns, "text"), **self.read}
        read = dict(self.read) if self.columns else every
        seen: set[int] = set()
        found, count = KeyErrors(), 0
        for batch, keys, (ids,) in with_key_ids(read_batches(self.source, read), [lookup], self.on):
            likely = np.isin(self._first_hashes(batch, ids), suspects) & _used(ids, self.where(batch, ids))
            places = np.flatnonzero(likely)
            names = self.columns or tuple(batch.data.schema.names)
            hashes = row_hashes(ids, [_column(batch, name) for name in names], _SEED)[places]
            again = []
            for place, value in zip(places.tolist(), hashes.tolist(), strict=True):
                if value in seen:
                    again.append(place)
                seen.add(value)
            count += len(again)
            found.add(batch.location, keys, np.array(again, np.intp))
        return count, found if count else None

    @property
    def compared(self) -> tuple[str, ...]:
        """The columns that are hashed first."""
        return self.columns or tuple(name for name in self.read if name not in self.on)

    def _first_hashes(self, batch: Batch, ids: KeyIds) -> Hashes:
        return row_hashes(ids, [_column(batch, name) for name in self.compared], stable=self.stable)

    def _message(self, count: int) -> str:
        if not self.columns:
            return f"{count} row{' is' if count == 1 else 's are'} the same as an earlier row in every column"
        listed = ", ".join(f"'{name}'" for name in self.columns)
        return f"{rows(count, 'repeat')} the key and {listed} of an earlier row"

    @property
    def _hint(self) -> str:
        if not self.columns:
            return APPENDED_HINT
        return "--join many-to-one scores each of them; name what tells them apart, such as --by COL"

    def _error(self, count: int) -> DataError:
        return DataError(self._message(count), path=self.source.fragments[0].path, column=self.on[0], hint=self._hint,
                         code="DATA_DUPLICATE_KEY")  # fmt: skip


def _used(ids: KeyIds, kept: Mask | None) -> Mask:
    matched = ids >= 0
    return np.asarray(matched if kept is None else matched & kept)


def _column(batch: Batch, name: str) -> pa.Array:
    return batch.data.column(batch.data.schema.names.index(name))
