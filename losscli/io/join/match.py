"""Matching of streamed rows with the keys of the lookup side, and the errors about keys that do not match."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from losscli.errors import DataError, EmptyError, Location
from losscli.io.arrow.buffers import Mask
from losscli.io.arrow.build import floats, from_numpy
from losscli.io.arrow.canonical import parse_number
from losscli.io.batches import Batch
from losscli.io.join.key_hashes import fast_hashes
from losscli.io.join.key_index import KeyIds
from losscli.io.join.key_match import UnmatchedKeys
from losscli.io.join.keys import key_text, rows_with_key
from losscli.io.join.lookup_side import DROP_HINT, EXAMPLES, KeyErrors, LookupSide, batch_keys, rows
from losscli.io.join.repeats import Occurrences
from losscli.lazy import dataclass
from losscli.parallel import stream_in_order, thread_count


@dataclass
class KeyMatch:
    """Which rows of source `name` matched which of the lookup side so far; errors are raised when all are known."""

    lookup: LookupSide
    name: str
    lookup_name: str
    on: tuple[str, ...]
    lookup_hint: str = DROP_HINT
    unique: bool = True  # whether a key may occur once only
    repeat_hint: str = "each key must occur once"
    seen: npt.NDArray[np.bool_] = field(init=False)  # keys of rows that the filter leaves out
    rows: int = 0
    matched: int = 0
    without_key: KeyErrors = field(default_factory=KeyErrors)
    repeated: KeyErrors = field(default_factory=KeyErrors)
    unmatched: KeyErrors = field(default_factory=KeyErrors)
    example_keys: list[str] = field(default_factory=list)
    unmatched_by_path: Counter[str] = field(default_factory=Counter)
    occurrences: Occurrences = field(init=False)
    unmatched_keys: UnmatchedKeys = field(default_factory=UnmatchedKeys)
    filtered: int = 0  # rows without a match that the filter leaves out

    def __post_init__(self) -> None:
        self.seen = np.zeros(len(self.lookup.index), np.bool_)
        self.occurrences = Occurrences(len(self.lookup.index))

    def update(self, batch: Batch, keys: Sequence[pa.Array], ids: KeyIds, kept: Mask | None = None) -> KeyIds:
        """Record the matches of one batch; how many rows before each row had the same key.

        `kept` are the rows that a filter keeps (None: all of them): the others may repeat a key and lack a match.
        """
        matched = ids >= 0
        found = np.flatnonzero(matched)
        self.rows += len(ids)
        self.matched += len(found)
        if len(self.example_keys) < EXAMPLES:
            for row in np.flatnonzero(rows_with_key(keys))[: EXAMPLES - len(self.example_keys)]:
                self.example_keys.append(key_text(keys, int(row)))
        if len(found) == len(ids) and kept is None:  # mostly
            before = self.occurrences.add(ids)
            if self.unique and before.any():
                self.repeated.add(batch.location, keys, np.flatnonzero(before))
            return before
        keyed = rows_with_key(keys)
        kept = np.ones(len(ids), np.bool_) if kept is None else kept
        if len(found) < len(ids):
            self.unmatched_by_path[batch.location.path] += len(ids) - len(found)
            self.without_key.add(batch.location, keys, np.flatnonzero(~keyed & kept))
            lost = np.flatnonzero(keyed & ~matched & kept)
            self.unmatched.add(batch.location, keys, lost)
            self.unmatched_keys.add(keys, lost)
            self.filtered += int((~matched & ~kept).sum())
        counted = found[kept[found]]
        self.seen[ids[found[~kept[found]]]] = True
        before = np.zeros(len(ids), np.int64)
        before[counted] = self.occurrences.add(ids[counted])
        if self.unique:
            self.repeated.add(batch.location, keys, np.flatnonzero(before))
        return before

    def has_errors(self, strict: bool) -> bool:
        """Whether `check` will raise an error."""
        return bool(self.repeated.count or (strict and (self.without_key.count or self.unmatched.count)))

    def lacks_matches(self, *, lookup_strict: bool) -> bool:
        """Whether `check` will raise an error now that all rows are known: about no match at all, or an unused key."""
        return bool(self.rows and (not self.matched or (lookup_strict and len(self._unused()))))

    def check(self, strict: bool, *, lookup_strict: bool | None = None) -> None:
        """Raise the most important error, if any; rows without a match are errors only if `strict`.

        Those of the lookup side are errors if `lookup_strict`, which is as `strict` by default.
        """
        unused = self._unused()
        if self.rows and not self.matched:
            raise self._no_common_key()
        if strict and self.without_key.count:
            raise self.without_key.error(f"{rows(self.without_key.count, 'have')} no key", self.on[0], DROP_HINT,
                                     code="DATA_UNMATCHED_KEY")  # fmt: skip
        if self.repeated.count:
            message = f"{rows(self.repeated.count, 'repeat')} a key of an earlier row"
            raise self.repeated.error(message, self.on[0], self.repeat_hint, code="DATA_DUPLICATE_KEY")
        if strict and self.unmatched.count:
            message = f"{self.unmatched.count} of {self.rows} rows: no match in {self.lookup_name}"
            raise self.unmatched.error(message, self.on[0], self._hint(DROP_HINT), code="DATA_UNMATCHED_KEY")
        if (strict if lookup_strict is None else lookup_strict) and self.rows and len(unused):
            raise self._unused_error(unused)

    @property
    def unmatched_rows(self) -> int:
        """The number of streamed rows without a match."""
        return self.without_key.count + self.unmatched.count

    @property
    def unmatched_lookup_rows(self) -> int:
        """The number of rows of the lookup side without a match."""
        return len(self._unused()) + self.lookup.without_key.count

    def _unused(self) -> KeyIds:
        """The ids of keys that no streamed row has; not those of rows that the filter leaves out."""
        unused = np.flatnonzero((self.occurrences.counts == 0) & ~self.seen)
        return unused if self.lookup.kept is None else unused[self.lookup.kept[self.lookup.row_of[unused]]]

    def _hint(self, otherwise: str) -> str:
        """The hint about keys without a match: what they differ in from keys of the other side, if that is little."""
        return self.unmatched_keys.hint(self.lookup.keys, self.lookup.match) or otherwise

    def _unused_error(self, unused: npt.NDArray[np.intp]) -> DataError:
        places = np.sort(self.lookup.row_of[unused])
        errors = KeyErrors()
        errors.add(self.lookup.locations[0], self.lookup.keys, places)
        errors.first = self.lookup.location_of(int(places[0]))
        message = f"{len(places)} of {len(self.lookup)} rows: no match in {self.name}"
        return errors.error(message, self.lookup.on[0], self.lookup_hint, code="DATA_UNMATCHED_KEY")

    def _no_common_key(self) -> EmptyError:
        theirs = [key_text(self.lookup.keys, int(row)) for row in self.lookup.row_of[:EXAMPLES]]
        shown = [", ".join(f"'{key}'" for key in keys) or "none" for keys in (self.example_keys, theirs)]
        pairs = ((ours or "''", other or "''") for ours, other in zip(self.on, self.lookup.on, strict=True))
        named = ", ".join(ours if ours == other else f"{ours} = {other}" for ours, other in pairs)
        return EmptyError(
            f"no key in common by {named}: {self.name} has {shown[0]}, {self.lookup_name} has {shown[1]}",
            hint=self._hint("keys are compared as text: 007 is not 7"), code="EMPTY_NO_ROWS",
        )  # fmt: skip


def with_key_ids(
    batches: Iterator[Batch], lookups: Sequence[LookupSide], on: Sequence[str]
) -> Iterator[tuple[Batch, list[pa.Array], list[KeyIds]]]:
    """Each batch with its keys as text and their ids in each lookup side, which several threads look up."""

    def looked_up(batch: Batch) -> tuple[Batch, list[pa.Array], list[KeyIds]]:
        keys = batch_keys(batch, on, lookups[0].match)
        hashes = fast_hashes(keys)
        return batch, keys, [lookup.index.find(keys, hashes) for lookup in lookups]

    return stream_in_order(looked_up, batches, thread_count(), ahead=1)


def take_rows(batch: Batch, kept: npt.NDArray[np.intp]) -> Batch:
    """The rows at these indices, with their locations in the file."""
    if len(kept) == batch.data.num_rows:
        return batch
    places, data = from_numpy(kept), batch.data
    columns = [column.take(places) for column in data.columns]
    extra = set(batch.extra_cells)
    extra_cells = tuple(at for at, row in enumerate(kept.tolist()) if row in extra) if extra else ()
    return Batch(pa.RecordBatch.from_arrays(columns, names=data.schema.names), batch.location.take(kept), extra_cells)


def as_numbers(column: pa.Array, name: str, location: Location) -> pa.Array:
    """A key column, which is read as text, as numbers."""
    values: list[float | None] = []
    for row, text in enumerate(column.to_pylist()):
        try:
            values.append(parse_number(text) if text else None)
        except (ValueError, OverflowError):
            raise location.error(row, name, f"'{text}' is not a number", text, code="DATA_BAD_CELL") from None
    return floats(values)
