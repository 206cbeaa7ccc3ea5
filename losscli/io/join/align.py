"""Rows of several sources aligned with those of the first: by key, or by row order. The first source streams."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from losscli.errors import DataError, EmptyError, Location
from losscli.io.batches import Batch
from losscli.io.join.key_index import KeyIds
from losscli.io.join.keys import key_text
from losscli.io.join.lookup_side import LookupSide, concatenate, read_batches, read_lookup_side
from losscli.io.join.match import KeyMatch, take_rows, with_key_ids
from losscli.io.sides import KeyDifference
from losscli.io.source import ReadAs, Source
from losscli.lazy import dataclass

ROW_ORDER_HINT = "rows are paired by row order; --on KEY pairs them by key"


@dataclass(frozen=True)
class AlignedSource:
    """One source, its name in messages, and the columns to read."""

    source: Source
    label: str
    projection: Mapping[str, ReadAs]


@dataclass(frozen=True)
class OtherRows:
    """The rows of another source that belong to a batch: their columns, and the location of each."""

    column: Callable[[str], pa.Array]
    location_of: Callable[[int], tuple[Location, int]]


@dataclass(frozen=True)
class AlignedRows:
    """Rows of the first source, the key of each if they have keys, and the matching rows of each other source."""

    batch: Batch
    others: Sequence[OtherRows]
    key_of: Callable[[int], str | None]


@dataclass
class AlignedCounts:
    """How many rows each source has, and how many are in all of them; known when all are read."""

    rows: list[int] = field(default_factory=list)
    common: int = 0
    unmatched_by_path: Counter[str] = field(default_factory=Counter)  # of the first source


def by_key(
    sources: Sequence[AlignedSource],
    on: tuple[str, ...],
    strict: bool,
    counts: AlignedCounts,
    key_match: Sequence[KeyDifference] = (),
) -> Iterator[AlignedRows]:
    """Rows with the same key, in the order of the first source; the others are held in memory.

    Errors about keys are raised at the end, when all of them are known.
    """
    first, *others = sources
    lookups = [read_lookup_side(source.source, on, source.projection, strict, match=key_match) for source in others]
    matches = [KeyMatch(lookup, first.label, source.label, on) for source, lookup in zip(others, lookups, strict=True)]
    common = 0
    projection: dict[str, ReadAs] = {**first.projection, **dict.fromkeys(on, "text")}
    for batch, keys, ids in with_key_ids(_certain(first.source, projection), lookups, on):
        for match, found in zip(matches, ids, strict=True):
            match.update(batch, keys, found)
        kept = np.flatnonzero(np.logical_and.reduce([found >= 0 for found in ids]))
        if len(kept) < batch.data.num_rows:
            counts.unmatched_by_path[batch.location.path] += batch.data.num_rows - len(kept)
        common += len(kept)
        if len(kept) and not any(match.has_errors(strict) for match in matches):
            matched = [_matched_rows(lookup, found[kept]) for lookup, found in zip(lookups, ids, strict=True)]
            yield AlignedRows(take_rows(batch, kept), matched, _Keys(keys, kept))
    for match in matches:
        match.check(strict)
    if matches[0].rows and not common:
        listed = ", ".join(source.label for source in sources)
        raise EmptyError(f"no key occurs in all of {listed}", hint="keys are compared as text: 007 is not 7",
                         code="EMPTY_NO_ROWS")  # fmt: skip
    counts.rows, counts.common = [matches[0].rows, *map(len, lookups)], common


@dataclass(frozen=True)
class _Keys:
    """The key of each kept row of a batch, as text for messages."""

    columns: Sequence[pa.Array]
    kept: npt.NDArray[np.intp]

    def __call__(self, row: int) -> str:
        return key_text(self.columns, int(self.kept[row]))


def _matched_rows(lookup: LookupSide, ids: KeyIds) -> OtherRows:
    return OtherRows(lambda name: lookup.take(name, ids), lambda row: lookup.location_of(int(lookup.row_of[ids[row]])))


def _certain(source: Source, projection: Mapping[str, ReadAs]) -> Iterator[Batch]:
    """The batches of a source; a row with extra cells is an error, for no report of several files counts them."""
    return map(Batch.without_extra_cells, read_batches(source, projection))


def by_row_order(
    sources: Sequence[AlignedSource], counts: AlignedCounts, hint: str = ROW_ORDER_HINT
) -> Iterator[AlignedRows]:
    """Rows with the same row number; no source is held. Different numbers of rows are an error at the end."""
    first, *others = sources
    streams = [_Stream(_certain(source.source, source.projection), source) for source in others]
    rows, ended = 0, False
    for batch in _certain(first.source, first.projection):
        count = batch.data.num_rows
        rows += count
        taken = [] if ended or not count else [stream.take(count) for stream in streams]
        aligned = [rows_of_one for rows_of_one in taken if rows_of_one is not None]
        ended = ended or len(aligned) < len(taken)
        if count and not ended:
            yield AlignedRows(batch, aligned, lambda _: None)
    for stream in streams:
        stream.read_to_end()
    counts.rows, counts.common = [rows, *(stream.rows for stream in streams)], rows
    if len(set(counts.rows)) > 1:
        listed = ", ".join(f"{source.label} has {n:,}" for source, n in zip(sources, counts.rows, strict=True))
        path = first.source.fragments[0].path if first.source.fragments else None
        raise DataError(f"the files differ in their numbers of rows: {listed}", path=path, hint=hint,
                        code="DATA_MISMATCH")  # fmt: skip


@dataclass
class _Stream:
    """Rows of one source, taken in the batch sizes of another source."""

    batches: Iterator[Batch]
    side: AlignedSource
    rows: int = 0  # read so far
    held: Batch | None = None
    used: int = 0  # rows of the held batch that were taken

    def take(self, count: int) -> OtherRows | None:
        """The next `count` rows; None if there are fewer."""
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
            return parts[0] if len(parts) == 1 else concatenate(name, parts, self.side.source)

        def location_of(row: int) -> tuple[Location, int]:
            piece = int(np.searchsorted(starts, row, side="right")) - 1
            batch, at, _ = pieces[piece]
            return batch.location, at + row - starts[piece]

        return OtherRows(column, location_of)

    def read_to_end(self) -> None:
        """Count the rows that were not taken."""
        while self._read():
            pass

    def _read(self) -> bool:
        batch = next(self.batches, None)
        if batch is None:
            return False
        self.rows += batch.data.num_rows
        self.held, self.used = batch if batch.data.num_rows else None, 0
        return True
