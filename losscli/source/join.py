"""Truth in another file, joined by key. Keys are compared as text, in the order of the predictions, never by luck."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from losscli.errors import DataError, EmptyError, Site, UsageError, did_you_mean
from losscli.source.arrays import floats, from_numpy
from losscli.source.batch import Batch, Dropped, Held, Part, Source, Stretch, Want
from losscli.source.keys import Ids, has_key, shown_key
from losscli.source.numbers import parse_number
from losscli.source.truth import EXAMPLES, Trouble, Truth, batch_keys, name_of, read_all, read_truth, rows

CHUNK_ROWS = 1 << 21
"""At most so many rows are looked up at a time. A look-up builds a hash table of all keys, so it should serve many."""

FEWEST_ROWS = 1 << 16

DROP_HINT = "--unmatched drop leaves such rows out"


def join(
    predictions: Source, truth: Source, on: Sequence[str], unmatched: Literal["error", "drop"] = "error"
) -> Source:
    """The rows of `predictions`, in their order, with the columns of the `truth` row of the same key.

    The truth side is held in memory (keys and wanted columns). A key twice on a side is a DataError; a row without a
    partner or without a key is one too, unless `unmatched` is "drop": then `dropped` of the source counts these while
    it is read. No common key at all is an EmptyError.
    """
    if not on or len(set(on)) < len(on):
        raise UsageError(
            "the join needs the names of its key columns, each once", hint="--on KEY[,KEY]", code="USAGE_BAD_VALUE"
        )
    for source in (predictions, truth):
        for name in on:
            if name not in source.columns:
                listed = "the columns are " + ", ".join(f"'{known}'" for known in source.columns[:20])
                hint = did_you_mean(name, source.columns, listed)
                raise DataError(
                    f"no key column '{name}'", path=name_of(source), column=name, hint=hint, code="DATA_MISSING_COLUMN"
                )
    dropped = Dropped()
    part = JoinedPart(predictions, truth, tuple(on), unmatched == "error", dropped)
    columns = tuple(dict.fromkeys((*predictions.columns, *truth.columns)))
    types = {**truth.types, **predictions.types}
    notes = (*predictions.notes, *truth.notes, *_notes(predictions, truth, on))
    return Source((part,), columns, types, notes, dropped)


def _notes(predictions: Source, truth: Source, on: Sequence[str]) -> Iterator[str]:
    yield f"the join holds the keys and the columns it needs of {name_of(truth)} in memory"
    for name in on:
        left, right = predictions.types[name], truth.types[name]
        if left != right:
            kinds = f"{left or 'text'} in {name_of(predictions)}, {right or 'text'} in {name_of(truth)}"
            yield f"the key '{name}' is {kinds}: compared as text"


@dataclass
class _Pass:
    """What one reading of the predictions has met so far."""

    truth: Truth
    seen: npt.NDArray[np.bool_]
    rows: int = 0
    matched: int = 0
    keyless: Trouble = field(default_factory=Trouble)
    repeated: Trouble = field(default_factory=Trouble)
    strange: Trouble = field(default_factory=Trouble)
    some_keys: list[str] = field(default_factory=list)

    def meet(self, batch: Batch, keys: Sequence[pa.Array], ids: Ids) -> None:
        """Take note of one batch; nothing is raised before all is known."""
        keyed = has_key(keys)
        found = np.flatnonzero(ids >= 0)
        self.rows += len(ids)
        self.matched += len(found)
        self.keyless.add(batch.site, keys, np.flatnonzero(~keyed))
        self.strange.add(batch.site, keys, np.flatnonzero(keyed & (ids < 0)))
        first = np.zeros(len(found), np.bool_)
        first[np.unique(ids[found], return_index=True)[1]] = True
        self.repeated.add(batch.site, keys, found[~first | self.seen[ids[found]]])
        self.seen[ids[found]] = True
        for row in np.flatnonzero(keyed)[: EXAMPLES - len(self.some_keys)]:
            self.some_keys.append(shown_key(keys, int(row)))


@dataclass(frozen=True)
class JoinedPart(Part):
    """All predictions with their truth, as one part: whether a key occurs twice is a question about all of them."""

    predictions: Source
    truth: Source
    on: tuple[str, ...]
    strict: bool
    dropped: Dropped

    @property
    def path(self) -> str:  # type: ignore[override]
        return name_of(self.predictions)

    @property
    def format(self) -> str:  # type: ignore[override]
        return self.predictions.parts[0].format

    def stretches(self, wants: Mapping[str, Want]) -> Iterator[Stretch]:
        here = {name: want for name, want in wants.items() if name in self.on or self._is_here(name)}
        there = {name: want for name, want in wants.items() if name not in here}
        truth = read_truth(self.truth, self.on, there, self.strict)
        run = _Pass(truth, np.zeros(len(truth.index), np.bool_))
        asked: dict[str, Want] = {**here, **dict.fromkeys(self.on, "text")}
        for batch, keys, ids in _located(read_all(self.predictions, asked), truth, self.on):
            run.meet(batch, keys, ids)
            if not (run.repeated.count or (self.strict and (run.keyless.count or run.strange.count))):
                joined = self._joined(batch, ids, truth, wants)
                yield Held(joined.data, joined.site.path, joined.site)
        self._judge(run)

    def _is_here(self, name: str) -> bool:
        here, there = name in self.predictions.columns, name in self.truth.columns
        if here and there:
            both = f"{name_of(self.predictions)} and {name_of(self.truth)}"
            raise DataError(
                f"column '{name}' stands in both {both}",
                column=name,
                hint="rename one of them",
                code="DATA_DUPLICATE_COLUMN",
            )
        return here or not there  # a name in neither is an error that the predictions raise

    def _joined(self, batch: Batch, ids: Ids, truth: Truth, wants: Mapping[str, Want]) -> Batch:
        data, site, kept = batch.data, batch.site, np.flatnonzero(ids >= 0)
        if len(kept) < len(ids):
            places = from_numpy(kept)
            data = pa.RecordBatch.from_arrays([column.take(places) for column in data.columns], names=data.schema.names)
            site, ids = site.only(kept), ids[kept]
        arrays = []
        for name, want in wants.items():
            if name not in data.schema.names:
                arrays.append(truth.take(name, ids))
                continue
            column = data.column(data.schema.names.index(name))
            if name in self.on and want == "number" and pa.types.is_dictionary(column.type):
                column = _as_numbers(column, name, site)
            arrays.append(column)
        return Batch(pa.RecordBatch.from_arrays(arrays, names=list(wants)), site)

    def _judge(self, run: _Pass) -> None:
        """Raise what was met, the gravest first; count what may be dropped."""
        lonely = np.flatnonzero(~run.seen)
        if run.rows and not run.matched:
            raise self._nothing_common(run)
        if self.strict and run.keyless.count:
            raise run.keyless.error(
                f"{rows(run.keyless.count, 'have')} no key", self.on[0], DROP_HINT, code="DATA_UNMATCHED_KEY"
            )
        if run.repeated.count:
            message = f"{rows(run.repeated.count, 'repeat')} a key of an earlier row"
            raise run.repeated.error(message, self.on[0], "each key must occur once", code="DATA_DUPLICATE_KEY")
        if self.strict and run.strange.count:
            message = f"{run.strange.count} of {run.rows} rows: no partner in {name_of(self.truth)}"
            raise run.strange.error(message, self.on[0], DROP_HINT, code="DATA_UNMATCHED_KEY")
        if self.strict and run.rows and len(lonely):
            raise self._lonely(run, lonely)
        self.dropped.predictions = run.keyless.count + run.strange.count
        self.dropped.truth = len(lonely) + run.truth.keyless.count

    def _lonely(self, run: _Pass, lonely: npt.NDArray[np.intp]) -> DataError:
        places = np.sort(run.truth.row_of[lonely])
        trouble = Trouble()
        trouble.add(run.truth.sites[0], run.truth.keys, places)
        trouble.first = run.truth.site_of(int(places[0]))
        total = len(run.truth.keys[0])
        message = f"{len(places)} of {total} rows: no partner in {name_of(self.predictions)}"
        return trouble.error(message, self.on[0], DROP_HINT, code="DATA_UNMATCHED_KEY")

    def _nothing_common(self, run: _Pass) -> EmptyError:
        theirs = [shown_key(run.truth.keys, int(row)) for row in run.truth.row_of[:EXAMPLES]]
        shown = [", ".join(f"'{key}'" for key in keys) or "none" for keys in (run.some_keys, theirs)]
        named = ", ".join(self.on)
        return EmptyError(
            f"no key in common by {named}: {name_of(self.predictions)} has {shown[0]}, "
            f"{name_of(self.truth)} has {shown[1]}",
            hint="keys are compared as text: 007 is not 7",
            code="EMPTY_NO_ROWS",
        )


def _as_numbers(column: pa.Array, name: str, site: Site) -> pa.Array:
    values: list[float | None] = []
    for row, text in enumerate(column.to_pylist()):
        try:
            values.append(parse_number(text) if text else None)
        except (ValueError, OverflowError):
            raise site.error(row, name, f"'{text}' is not a number", text, code="DATA_BAD_CELL") from None
    return floats(values)


def _located(batches: Iterator[Batch], truth: Truth, on: Sequence[str]) -> Iterator[tuple[Batch, list[pa.Array], Ids]]:
    """Each batch with its keys as text and their numbers, looked up for many batches at once."""
    enough = max(FEWEST_ROWS, min(len(truth.index), CHUNK_ROWS))
    held: list[tuple[Batch, list[pa.Array]]] = []
    waiting = 0
    for batch in batches:
        held.append((batch, batch_keys(batch, on)))
        waiting += batch.data.num_rows
        if waiting >= enough:
            yield from _look_up(held, truth)
            held, waiting = [], 0
    yield from _look_up(held, truth)


def _look_up(held: list[tuple[Batch, list[pa.Array]]], truth: Truth) -> Iterator[tuple[Batch, list[pa.Array], Ids]]:
    if not held:
        return
    columns = [pa.concat_arrays(parts) for parts in zip(*(keys for _, keys in held), strict=True)]
    ids = truth.index.find(columns)
    at = 0
    for batch, keys in held:
        count = batch.data.num_rows
        yield batch, keys, ids[at : at + count]
        at += count
