"""Targets in another file, joined by key: keys are compared as text, rows keep the order of the predictions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Literal

import pyarrow as pa

from losscli.errors import DataError, Hint, UsageError, did_you_mean
from losscli.io.arrow.types import is_instant
from losscli.io.join.duplicates import SameRows
from losscli.io.join.filters import NO_FILTERS, SideFilters, Where
from losscli.io.join.joining import Joining, JoinPass
from losscli.io.join.key_match import said_of
from losscli.io.join.locations import LookupRows
from losscli.io.join.lookup_side import LookupSide, read_batches, read_lookup_side, source_name
from losscli.io.join.match import KeyMatch, with_key_ids
from losscli.io.join.repeats import FEWEST_HASHES, HASHES_PER_TARGET, RowHashes
from losscli.io.sides import REPEATS, JoinKind, KeyDifference, Side, Sides
from losscli.io.source import DroppedRows, Fragment, InMemorySplit, ReadAs, Source, Split
from losscli.lazy import dataclass

REPEAT_HINT = "each key must occur once; --join many-to-one scores several predictions of one target"

TARGETS_HINT = "--unmatched drop-targets leaves targets without a prediction out"


def join(
    predictions: Source,
    targets: Source,
    on: Sequence[str],
    unmatched: Literal["error", "drop", "drop-targets"] = "error",
    targets_on: Sequence[str] = (),
    kind: JoinKind | None = None,
    where: Where | None = None,
    key_match: Sequence[KeyDifference] = (),
) -> Source:
    """The rows of `predictions`, in their order, with the columns of the row of `targets` that has the same key.

    `targets_on` are the key columns of the targets, one for each of `on`, if they have other names.

    The keys and projected columns of the targets are held in memory. A duplicate key of the targets is a DataError, and
    of the predictions unless `kind` says otherwise (`telling_rows_apart`). Rows that `where` leaves out cannot be
    wrong: what it says of the columns of one side counts before the join. A row
    without a match or without a key is one too, unless `unmatched` is "drop", or it is one of the targets and
    `unmatched` is "drop-targets": then it is counted in `dropped` of the source while the source is read. If no key is
    common, it is an EmptyError.
    """
    if not on:
        raise UsageError("the join needs key columns", hint="--on KEY[,KEY]",
                         code="USAGE_INCOMPLETE")  # fmt: skip
    theirs = tuple(targets_on or on)
    check_keys((predictions,), on, [f"--on {{}}={other}" for other in theirs])
    check_keys((targets,), theirs, [f"--on {name}={{}}" for name in on])
    dropped = DroppedRows(targets_may_remain=unmatched == "drop-targets", has_targets=True)
    ours = (*predictions.columns, *(name for name in on if name not in predictions.columns))  # a nameless column
    other = (*targets.columns, *(name for name in theirs if name not in targets.columns))
    sides = Sides(ours, other, source_name(predictions), source_name(targets))
    filters = SideFilters.of(where, sides)
    fragment = JoinedFragment(predictions, targets, tuple(on), theirs, unmatched, dropped, sides, kind, filters,
                              key_match=tuple(key_match))  # fmt: skip
    columns = tuple(dict.fromkeys((*ours, *targets.columns)))
    types = sides.types({**dict.fromkeys(on), **predictions.types}, targets.types)
    notes = (*predictions.notes, *targets.notes, *_notes(predictions, targets, on, theirs))
    doubled = (*predictions.doubled, *targets.doubled)
    return Source((fragment,), columns, types, notes, dropped, predictions.paired_files, doubled, sides=sides)


def telling_rows_apart(source: Source, columns: Sequence[str]) -> tuple[Source, bool]:
    """The joined source with the used columns that tell predictions with the same key apart, if any do.

    By default many predictions of one target are in order where each has other cells in these columns. The second value
    is whether several predictions may have one target.
    """
    (fragment,) = source.fragments
    if not isinstance(fragment, JoinedFragment):
        return source, False
    own = {name: fragment.sides.locate(name) for name in columns}
    telling = tuple(dict.fromkeys(
        name for side, name in own.values() if side == "preds" and name not in fragment.on
    ))  # fmt: skip
    shares = fragment.kind == "many-to-one" or (fragment.kind is None and bool(telling))
    return replace(source, fragments=(replace(fragment, telling=telling),)), shares


def _notes(predictions: Source, targets: Source, on: Sequence[str], targets_on: Sequence[str]) -> Iterator[str]:
    yield f"the join holds the keys and the needed columns of {source_name(targets)} in memory"
    yield from notes_on_types(predictions, targets, on, targets_on)


def check_keys(sources: Sequence[Source], on: Sequence[str], options: Sequence[str] = ()) -> None:
    """Check that each source has all key columns, and that none is named twice.

    `options` are how to write each key with another name, which is put at `{}`. Whether there is a nameless column,
    which is no column of a source, its reader knows.
    """
    if len(set(on)) < len(on):
        raise UsageError("a key column is named twice", hint="--on KEY[,KEY]", code="USAGE_BAD_VALUE")
    for source in sources:
        for at, name in enumerate(on):
            if name and name not in source.columns:
                hint = _other_name(name, source.columns, options[at] if options else None)
                raise DataError(f"no key column '{name}'", path=source_name(source), column=name, hint=hint,
                                code="DATA_MISSING_COLUMN")  # fmt: skip


def _other_name(name: str, columns: Sequence[str], option: str | None) -> str | None:
    """The hint about a key column that is not there: a similar name, and how the option is then written."""
    listed = "the columns are " + ", ".join(f"'{known}'" for known in columns[:20])
    if option is None:
        return did_you_mean(name, columns, listed)
    hint = did_you_mean(name, columns)
    if hint is None:
        return f"{listed}; a key may have another name here: {option.format('NAME')}"
    said = Hint(f"{hint} {option.format(hint.suggestions[0])} joins by it") if isinstance(hint, Hint) else Hint(hint)
    said.suggestions = getattr(hint, "suggestions", ())
    return said


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
    sides: Sides
    kind: JoinKind | None = None
    filters: SideFilters = NO_FILTERS
    key_match: tuple[KeyDifference, ...] = ()
    telling: tuple[str, ...] = ()  # columns of the predictions, which tell rows with one key apart

    @property
    def path(self) -> str:  # type: ignore[override]
        """The first file of the predictions, with the number of others."""
        return source_name(self.predictions)

    @property
    def paths(self) -> tuple[str, ...]:
        """The files of the predictions, which locations of rows name."""
        return tuple(path for fragment in self.predictions.fragments for path in fragment.paths)

    @property
    def format(self) -> str:  # type: ignore[override]
        """The format of the first file of the predictions."""
        return self.predictions.fragments[0].format

    @property
    def streamed(self) -> tuple[Fragment, ...]:
        """The predictions: the targets are read once, and held."""
        return self.predictions.fragments

    def splits(self, projection: Mapping[str, ReadAs]) -> Iterator[Split]:
        """The matched rows in the order of the predictions, with their targets; several threads can read the splits."""
        begun = self.begin(projection)
        lookup = begun.joining.lookup
        batches = read_batches(self.predictions, begun.joining.read, self.on)
        for batch, keys, (ids,) in with_key_ids(batches, [lookup], self.on):
            if (joined := begun.joined(batch, keys, ids)) is not None:
                yield InMemorySplit(joined.data, joined.location.path, joined.location, extra_cells=joined.extra_cells)
        begun.match.check(self.strict, lookup_strict=self.lookup_strict)
        self.finish(begun)

    def begin(self, projection: Mapping[str, ReadAs], most: int | None = None, *, stable: bool = False) -> JoinPass:
        """Read the targets; if their keys and columns have more than `most` bytes, they are a `LargeLookupError`.

        With `stable`, hashes of rows are the same in every process.
        """
        joining = self._joining(projection, most)
        return JoinPass(joining, self._match(joining.lookup), self._same_rows(joining, stable=stable), self.strict)

    def finish(self, done: JoinPass) -> None:
        """Raise the error about rows that are the same, if any are, and record what was left out."""
        if done.same is not None and done.match.occurrences.most > 1:
            done.same.check(done.joining.lookup)
        self._count(done.match, done.same)

    def _joining(self, projection: Mapping[str, ReadAs], most: int | None) -> Joining:
        own, looked_up = self._projections(projection)
        lookup = read_lookup_side(
            self.targets, self.targets_on, looked_up, self.lookup_strict, TARGETS_HINT, self.filters.of_targets,
            self.key_match, most,
        )  # fmt: skip
        theirs = LookupRows(self.targets, lookup, looked_up, self._targets_columns(projection))
        read: dict[str, ReadAs] = {**own, **dict.fromkeys(self.on, "text")}
        return Joining(theirs, self.on, self.targets_on, self.sides, self.filters.of_preds, dict(projection), read)

    def _match(self, lookup: LookupSide) -> KeyMatch:
        return KeyMatch(lookup, source_name(self.predictions), source_name(self.targets), self.on, TARGETS_HINT,
                        self.unique, REPEAT_HINT)  # fmt: skip

    @property
    def strict(self) -> bool:
        """Whether a prediction without a match is an error."""
        return self.unmatched != "drop"

    @property
    def lookup_strict(self) -> bool:
        """Whether a target without a match is an error."""
        return self.unmatched == "error"

    @property
    def unique(self) -> bool:
        """Whether no two predictions may have the same key."""
        return self.kind == "one-to-one" or (self.kind is None and not self.telling)

    def _same_rows(self, joining: Joining, *, stable: bool) -> SameRows | None:
        """What finds predictions that should not be there twice, where several may have one key."""
        if self.unique:
            return None
        columns = self.telling if self.kind is None else ()
        most = max(FEWEST_HASHES, HASHES_PER_TARGET * len(joining.lookup))
        return SameRows(self.predictions, self.on, columns, joining.read, joining.kept, RowHashes(most), stable)

    def _count(self, match: KeyMatch, same: SameRows | None) -> None:
        """Record what was left out, and how many predictions the targets had."""
        self.dropped.paths = match.unmatched_by_path
        self.dropped.predictions, self.dropped.targets = match.unmatched_rows, match.unmatched_lookup_rows
        self.dropped.filtered = match.filtered
        if (paired := self.predictions.dropped) is not None:  # the file of each model may have lost rows before
            self.dropped.files = {label: lost + match.unmatched_rows for label, lost in paired.files.items()}
            self.dropped.paths = self.dropped.paths + paired.paths
        notes = [*said_of(self.key_match), *match.occurrences.notes()]
        if match.occurrences.most > 1 and same is not None and same.hashes.parts > 1:
            notes.append(f"rows that are the same were looked for in 1 of {same.hashes.parts} parts of the predictions")
        self.dropped.notes = tuple(notes)

    def _projections(self, projection: Mapping[str, ReadAs]) -> tuple[dict[str, ReadAs], dict[str, ReadAs]]:
        """How the columns of each side are read. What is read as text can be made a number, not the reverse."""
        found: dict[Side, dict[str, ReadAs]] = {"preds": {}, "targets": {}}
        for name, read_as in projection.items():
            if name == REPEATS:
                continue
            side, own = self.sides.locate(name)
            found[side][own] = "text" if "text" in (read_as, found[side].get(own)) else read_as
        for key in self.targets_on:
            if key in found["targets"]:
                found["targets"][key] = "text"
        return found["preds"], found["targets"]

    def _targets_columns(self, projection: Mapping[str, ReadAs]) -> dict[str, str]:
        """The columns of the targets by their names in the joined table."""
        located = {name: self.sides.locate(name) for name in projection}
        return {name: own for name, (side, own) in located.items() if side == "targets"}
