"""Targets in another file, joined by key: keys are compared as text, rows keep the order of the predictions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa

from losscli.errors import DataError, UsageError, did_you_mean
from losscli.io.arrow.types import is_instant
from losscli.io.batches import Batch
from losscli.io.join.keys import KeyIds
from losscli.io.join.lookup_side import LookupSide, read_batches, read_lookup_side, source_name
from losscli.io.join.match import KeyMatch, as_numbers, take_rows, with_key_ids
from losscli.io.source import DroppedRows, Fragment, InMemorySplit, ReadAs, Source, Split

TARGETS_HINT = "--unmatched drop-targets leaves targets without a prediction out"


def join(
    predictions: Source,
    targets: Source,
    on: Sequence[str],
    unmatched: Literal["error", "drop", "drop-targets"] = "error",
    targets_on: Sequence[str] = (),
) -> Source:
    """The rows of `predictions`, in their order, with the columns of the row of `targets` that has the same key.

    `targets_on` are the key columns of the targets, one for each of `on`, if they have other names.

    The keys and projected columns of the targets are held in memory. A duplicate key on a side is a DataError. A row
    without a match or without a key is one too, unless `unmatched` is "drop", or it is one of the targets and
    `unmatched` is "drop-targets": then it is counted in `dropped` of the source while the source is read. If no key is
    common, it is an EmptyError.
    """
    if not on:
        raise UsageError("the join needs key columns", hint="--on KEY[,KEY]",
                         code="USAGE_INCOMPLETE")  # fmt: skip
    theirs = tuple(targets_on or on)
    check_keys((predictions,), on)
    check_keys((targets,), theirs)
    dropped = DroppedRows(targets_may_remain=unmatched == "drop-targets")
    fragment = JoinedFragment(predictions, targets, tuple(on), theirs, unmatched, dropped)
    columns = tuple(dict.fromkeys((*predictions.columns, *on, *targets.columns)))  # `on` may be a nameless column
    types = {**targets.types, **dict.fromkeys(on), **predictions.types}
    notes = (*predictions.notes, *targets.notes, *_notes(predictions, targets, on, theirs))
    doubled = (*predictions.doubled, *targets.doubled)
    return Source((fragment,), columns, types, notes, dropped, doubled=doubled)


def _notes(predictions: Source, targets: Source, on: Sequence[str], targets_on: Sequence[str]) -> Iterator[str]:
    yield f"the join holds the keys and the needed columns of {source_name(targets)} in memory"
    yield from notes_on_types(predictions, targets, on, targets_on)


def check_keys(sources: Sequence[Source], on: Sequence[str]) -> None:
    """Check that each source has all key columns, and that none is named twice.

    Whether there is a nameless column, which is no column of a source, its reader knows.
    """
    if len(set(on)) < len(on):
        raise UsageError("a key column is named twice", hint="--on KEY[,KEY]", code="USAGE_BAD_VALUE")
    for source in sources:
        for name in on:
            if name and name not in source.columns:
                listed = "the columns are " + ", ".join(f"'{known}'" for known in source.columns[:20])
                hint = did_you_mean(name, source.columns, listed)
                raise DataError(f"no key column '{name}'", path=source_name(source), column=name, hint=hint,
                                code="DATA_MISSING_COLUMN")  # fmt: skip


def notes_on_types(ours: Source, theirs: Source, on: Sequence[str], their_on: Sequence[str]) -> Iterator[str]:
    """Notes about key columns that have different types."""
    for name, their_name in zip(on, their_on, strict=True):
        left, right = ours.types.get(name), theirs.types.get(their_name)
        if left != right and not _both_instants(left, right):
            kinds = f"{left or 'text'} in {source_name(ours)}, {right or 'text'} in {source_name(theirs)}"
            yield f"the key '{name}' is {kinds}: compared as text"


def _both_instants(left: pa.DataType | None, right: pa.DataType | None) -> bool:
    """Whether both are dates or times, which are compared by value; one with a zone is never one without."""
    if left is None or right is None or not (is_instant(left) and is_instant(right)):
        return False
    return (getattr(left, "tz", None) is None) == (getattr(right, "tz", None) is None)


@dataclass(frozen=True)
class JoinedFragment(Fragment):
    """All predictions with their targets as one fragment, because duplicate keys are a matter of all rows."""

    predictions: Source
    targets: Source
    on: tuple[str, ...]
    targets_on: tuple[str, ...]
    unmatched: Literal["error", "drop", "drop-targets"]
    dropped: DroppedRows

    @property
    def path(self) -> str:  # type: ignore[override]
        """The first file of the predictions, with the number of others."""
        return source_name(self.predictions)

    @property
    def paths(self) -> tuple[str, ...]:
        """The files of the predictions, which locations of rows name."""
        return tuple(fragment.path for fragment in self.predictions.fragments)

    @property
    def format(self) -> str:  # type: ignore[override]
        """The format of the first file of the predictions."""
        return self.predictions.fragments[0].format

    def splits(self, projection: Mapping[str, ReadAs]) -> Iterator[Split]:
        """The matched rows in the order of the predictions, with their targets; several threads can read the splits."""
        own = {name: read_as for name, read_as in projection.items() if name in self.on or self._is_prediction(name)}
        looked_up = {name: read_as for name, read_as in projection.items() if name not in own}
        strict = self.unmatched != "drop"
        lookup = read_lookup_side(self.targets, self.targets_on, looked_up, self.unmatched == "error", TARGETS_HINT)
        match = KeyMatch(lookup, source_name(self.predictions), source_name(self.targets), self.on, TARGETS_HINT)
        read: dict[str, ReadAs] = {**own, **dict.fromkeys(self.on, "text")}
        for batch, keys, (ids,) in with_key_ids(read_batches(self.predictions, read), [lookup], self.on):
            match.update(batch, keys, ids)
            if not match.has_errors(strict):
                joined = self._joined(batch, ids, lookup, projection)
                yield InMemorySplit(joined.data, joined.location.path, joined.location)
        match.check(strict, lookup_strict=self.unmatched == "error")
        self.dropped.paths = match.unmatched_by_path
        self.dropped.predictions, self.dropped.targets = match.unmatched_rows, match.unmatched_lookup_rows

    def _is_prediction(self, name: str) -> bool:
        """Whether the predictions have this column; a column on both sides is an error."""
        own, looked_up = name in self.predictions.columns, name in self.targets.columns
        if own and looked_up:
            raise DataError(
                f"column '{name}' is in both {source_name(self.predictions)} and {source_name(self.targets)}",
                column=name,
                hint="rename one of them",
                code="DATA_DUPLICATE_COLUMN",
            )
        return own or not looked_up  # a column that neither side has is an error of the predictions

    def _joined(self, batch: Batch, ids: KeyIds, lookup: LookupSide, projection: Mapping[str, ReadAs]) -> Batch:
        kept = np.flatnonzero(ids >= 0)
        batch, ids = take_rows(batch, kept), ids[kept]
        data, location = batch.data, batch.location
        arrays = []
        for name, read_as in projection.items():
            if name not in data.schema.names:
                arrays.append(lookup.take(name, ids))
                continue
            column = data.column(data.schema.names.index(name))
            if name in self.on and read_as == "number" and pa.types.is_dictionary(column.type):
                column = as_numbers(column, name, location)
            arrays.append(column)
        return Batch(pa.RecordBatch.from_arrays(arrays, names=list(projection)), location)
