"""Rows of several sources side by side: those of one key, or those of one place. The first source leads and streams."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from losscli.errors import DataError, EmptyError, Location
from losscli.io.batches import Batch
from losscli.io.join.keys import KeyIds, key_text
from losscli.io.join.lookup_side import LookupSide, read_all, read_lookup_side, whole
from losscli.io.join.match import KeyMatch, only, with_key_ids
from losscli.io.source import ReadAs, Source

ROW_ORDER_HINT = "rows are paired by row order; --on KEY pairs them by key"


@dataclass(frozen=True)
class AlignedSource:
    """One source, how messages call it, and what is to be read of it."""

    source: Source
    label: str
    projection: Mapping[str, ReadAs]


@dataclass(frozen=True)
class OtherRows:
    """The rows of another source that belong to a batch: their columns, and where each of them stands."""

    column: Callable[[str], pa.Array]
    location_of: Callable[[int], tuple[Location, int]]


@dataclass(frozen=True)
class AlignedRows:
    """Rows of the first source, the key of each where there is one, and their partners in each other source."""

    batch: Batch
    others: Sequence[OtherRows]
    key_of: Callable[[int], str | None]


@dataclass
class AlignedCounts:
    """How many rows each source has had, and how many were in all; filled when all are read."""

    rows: list[int] = field(default_factory=list)
    common: int = 0


def by_key(
    sides: Sequence[AlignedSource], on: tuple[str, ...], strict: bool, match_counts: AlignedCounts
) -> Iterator[AlignedRows]:
    """Rows with the same key; the other sources are held in memory. What is wrong with keys is raised at the end."""
    first, *others = sides
    lookups = [read_lookup_side(side.source, on, side.projection, strict) for side in others]
    met = [KeyMatch(lookup, first.label, side.label, on) for side, lookup in zip(others, lookups, strict=True)]
    common = 0
    reads: dict[str, ReadAs] = {**first.projection, **dict.fromkeys(on, "text")}
    for batch, keys, ids in with_key_ids(read_all(first.source, reads), lookups, on):
        for matching, found in zip(met, ids, strict=True):
            matching.meet(batch, keys, found)
        kept = np.flatnonzero(np.logical_and.reduce([found >= 0 for found in ids]))
        common += len(kept)
        if len(kept) and not any(matching.failed(strict) for matching in met):
            partners = [_looked_up(lookup, found[kept]) for lookup, found in zip(lookups, ids, strict=True)]
            yield AlignedRows(only(batch, kept), partners, _Keys(keys, kept))
    for matching in met:
        matching.evaluate(strict)
    if met[0].rows and not common:
        listed = ", ".join(side.label for side in sides)
        raise EmptyError(f"no key occurs in all of {listed}", hint="keys are compared as text: 007 is not 7",
                         code="EMPTY_NO_ROWS")  # fmt: skip
    match_counts.rows, match_counts.common = [met[0].rows, *map(len, lookups)], common


@dataclass(frozen=True)
class _Keys:
    """The key of each kept row of a batch, as a user reads it."""

    columns: Sequence[pa.Array]
    kept: npt.NDArray[np.intp]

    def __call__(self, row: int) -> str:
        return key_text(self.columns, int(self.kept[row]))


def _looked_up(lookup: LookupSide, ids: KeyIds) -> OtherRows:
    return OtherRows(lambda name: lookup.take(name, ids), lambda row: lookup.location_of(int(lookup.row_of[ids[row]])))


def by_row_order(sides: Sequence[AlignedSource], match_counts: AlignedCounts) -> Iterator[AlignedRows]:
    """The rows with the same number; none is held. That one source has more is raised at the end."""
    first, *others = sides
    streams = [_Stream(read_all(side.source, side.projection), side) for side in others]
    rows, short = 0, False
    for batch in read_all(first.source, first.projection):
        count = batch.data.num_rows
        rows += count
        taken = [] if short or not count else [stream.take(count) for stream in streams]
        partners = [some for some in taken if some is not None]
        short = short or len(partners) < len(taken)
        if count and not short:
            yield AlignedRows(batch, partners, lambda _: None)
    for stream in streams:
        stream.finish()
    match_counts.rows, match_counts.common = [rows, *(stream.rows for stream in streams)], rows
    if len(set(match_counts.rows)) > 1:
        listed = ", ".join(f"{side.label} has {n:,}" for side, n in zip(sides, match_counts.rows, strict=True))
        path = first.source.fragments[0].path if first.source.fragments else None
        raise DataError(f"the files differ in their numbers of rows: {listed}", path=path, hint=ROW_ORDER_HINT,
                        code="DATA_MISMATCH")  # fmt: skip


@dataclass
class _Stream:
    """Batches of one source, cut anew into as many rows as another source gives at a time."""

    batches: Iterator[Batch]
    side: AlignedSource
    rows: int = 0  # that were read
    held: Batch | None = None
    used: int = 0  # rows of the held batch that are taken

    def take(self, count: int) -> OtherRows | None:
        """The next rows; None where there are not as many."""
        pieces: list[tuple[Batch, int, int]] = []
        starts = [0]
        while starts[-1] < count:
            if self.held is None and not self._read():
                return None
            assert self.held is not None
            step = min(count - starts[-1], self.held.data.num_rows - self.used)
            pieces.append((self.held, self.used, step))
            starts.append(starts[-1] + step)
            self.used += step
            if self.used == self.held.data.num_rows:
                self.held = None

        def column(name: str) -> pa.Array:
            parts = [b.data.column(b.data.schema.names.index(name)).slice(at, step) for b, at, step in pieces]
            return parts[0] if len(parts) == 1 else whole(name, parts, self.side.source)

        def location_of(row: int) -> tuple[Location, int]:
            piece = int(np.searchsorted(starts, row, side="right")) - 1
            batch, at, _ = pieces[piece]
            return batch.location, at + row - starts[piece]

        return OtherRows(column, location_of)

    def finish(self) -> None:
        """Count what nobody took."""
        while self._read():
            pass

    def _read(self) -> bool:
        batch = next(self.batches, None)
        if batch is None:
            return False
        self.rows += batch.data.num_rows
        self.held, self.used = batch if batch.data.num_rows else None, 0
        return True
