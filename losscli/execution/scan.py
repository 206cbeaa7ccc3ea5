"""One pass over the data: an engine scores splits independently, and their results are taken in order.

A split that is scored independently begins afresh: its row numbers are not known, nor what earlier rows have shown (how
wide a list is, whether targets are class names). So where it raised an error, or read its rows in another way than a
reader that has seen the rows before, it is scored again after those, as one thread would have done. That then gives the
value or the error.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import field, replace
from itertools import takewhile
from typing import TYPE_CHECKING, Generic, Protocol, TypeAlias, TypeVar

from losscli.aggregate.required import required_statistics
from losscli.binding.labels import check_positive_labels
from losscli.binding.plan import Plan
from losscli.binding.predicted_labels import with_hint
from losscli.binding.read_rows import Reader, ReadRows
from losscli.errors import DataError
from losscli.execution.engines import Engine, WorkerError
from losscli.execution.freed_memory import keep_freed_memory
from losscli.execution.placed_splits import Chosen, PlacedSplit, PlacedSplits, filtered, joined_splits
from losscli.execution.progress import NO_PROGRESS, ProgressObserver
from losscli.io.source import DroppedRows, Fragment, Source, Split
from losscli.io.unproven_splits import UnprovenSplit
from losscli.lazy import dataclass
from losscli.results import RowCounts, SourceResult

if TYPE_CHECKING:
    from losscli.io.join.distributed import (
        DistributedJoin,
        LocalJoinedSplit,
        RemoteJoinedSplit,
        RemoteSplitJoin,
        SplitKeys,
    )

Score = TypeVar("Score")
Made = TypeVar("Made", covariant=True)


def with_unmatched(rows: RowCounts, dropped: DroppedRows | None) -> RowCounts:
    """The counts with the rows that a join left out."""
    if dropped is None:
        return rows
    sides = dropped.files or {"predictions": dropped.predictions}
    if not dropped.files or dropped.has_targets:
        sides = {**sides, "targets": dropped.targets}
    lost = max(dropped.files.values(), default=dropped.predictions)
    return replace(rows, read=rows.read + dropped.filtered, filtered=rows.filtered + dropped.filtered, unmatched=sides,
                   unmatched_predictions=lost)  # fmt: skip


class Scoring(Protocol[Made]):
    """What is done with the rows of one split; pickled where the engine is remote."""

    def __call__(self, rows: Iterable[ReadRows]) -> Made:
        """The result for the used rows of one split, which come in batches."""
        ...


AfterReading: TypeAlias = Callable[[Reader], None]
"""Gets what was counted and learned of all rows."""


def ignored(reader: Reader) -> None:
    """What was learned of the rows is not needed."""


@dataclass(frozen=True)
class SplitResult(Generic[Score]):
    """The result of one split, whose rows are numbered from 1 where `before` rows stand before them."""

    score: Score
    before: int
    reader: Reader
    files: dict[str, int]
    size: int = 0
    keys: SplitKeys | None = None  # what a join found out about the split


@dataclass(frozen=True)
class ScoreSplit(Generic[Score]):
    """Score one split independently of all others, with the rows that `join` joins with it."""

    plan: Plan
    scoring: Scoring[Score]
    join: RemoteSplitJoin | None = None

    def __call__(self, placed: PlacedSplit, stopped: Callable[[], bool]) -> SplitResult[Score]:
        """The result of one split; reading ends early once `stopped()` is true."""
        keep_freed_memory()
        reader = new_reader(self.plan)
        files: dict[str, int] = {}
        joined = None if self.join is None else self.join(placed.split)
        # At once where scoring raises: a file is open.
        with closing(read(joined or placed.split, 1, reader, files)) as rows:
            score = self.scoring(takewhile(lambda _: not stopped(), rows))
        keys = None if joined is None else joined.keys
        return SplitResult(score, 0, reader, files, placed.split.size, keys)


def new_reader(plan: Plan) -> Reader:
    """A reader that has seen nothing."""
    return Reader(plan, plan.request.where)


def read(
    split: Split | RemoteJoinedSplit | LocalJoinedSplit, first_row: int, reader: Reader, files: dict[str, int]
) -> Generator[ReadRows, None, None]:
    """The used rows of one split, counted in `reader` and `files`."""
    try:
        for batch in split.batches(first_row):
            for path, rows in batch.rows_by_file:
                files[path] = files.get(path, 0) + rows
            if batch.extra_cells:
                from losscli.io.formats.csv_extra_cells import WARNING

                reader.warned[WARNING] += len(batch.extra_cells)
            yield reader.rows(batch.data, batch.location)
    except DataError as error:
        raise with_hint(error, reader.plan.jobs) from None


@dataclass
class Scan:
    """One pass over the data, or over the chosen splits, and what it has counted so far."""

    plan: Plan
    source: Source
    observer: ProgressObserver = NO_PROGRESS
    chosen: Chosen | None = None
    warned: Counter[str] = field(default_factory=Counter)  # what its reader accepted with a warning
    reader: Reader = field(init=False)
    files: dict[str, int] = field(init=False)
    splits: PlacedSplits = field(init=False)

    def __post_init__(self) -> None:
        self.splits = PlacedSplits(self.plan, filtered(self.plan, self.source), self.chosen)
        keep_freed_memory()
        self.reader = replace(new_reader(self.plan), warned=self.warned)
        self.files = {path: 0 for fragment in self.source.fragments for path in fragment.paths}

    def rows(self) -> Iterator[ReadRows]:
        """All used rows, one batch after the other."""
        self._announce()
        at = _Position()
        for placed in self.splits.all(remote=False):
            yield from self._continue(placed, at)
        check_positive_labels(self.reader.registry, self.plan.request.others)
        self.source.passes.append(self.counts())

    def scores(self, scoring: Scoring[Score], engine: Engine) -> Iterator[SplitResult[Score]]:
        """The result of each split, in order."""
        at = self._begin()
        join = self._distributed() if engine.is_remote else None
        self._announce(None if join is None else join.fragments)
        splits = self.splits.all(remote=engine.is_remote) if join is None else joined_splits(join)
        work = ScoreSplit(self.plan, scoring, None if join is None else join.for_workers)
        yield from self._results(scoring, lambda: engine.map(work, splits), at, join)
        if join is not None:
            join.finish()
        self._finish()

    def scores_of_unread(
        self, scoring: Scoring[Score], engine: Engine, splits: Sequence[PlacedSplit], otherwise: Engine
    ) -> Iterator[SplitResult[Score]]:
        """The result of each split, in order, where all are known before a row is read.

        From the first `UnprovenSplit` on that has no result which can be used, the rest is cut anew for the engine
        `otherwise`.
        """
        at = self._begin()
        self._announce()
        work = ScoreSplit(self.plan, scoring)
        refused = yield from self._results(scoring, lambda: engine.map(work, splits), at)
        if refused is not None:
            rest = self.splits.rest(*refused)
            yield from self._results(scoring, lambda: otherwise.map(work, rest), at)
        self._finish()

    def independent_scores(
        self, answers: Iterable[tuple[PlacedSplit, SplitResult[Score] | Exception]]
    ) -> Iterator[SplitResult[Score]]:
        """The answers of `ScoreSplit` for all splits, in order, each the result of its split.

        Raises
        ------
        WorkerError
            At the first split whose answer is none, or does not hold behind the splits before it.
        """
        self._announce()
        for _, answer in answers:
            if isinstance(answer, Exception):
                raise WorkerError(str(answer))
            if not self.reader.agrees(answer.reader):
                raise WorkerError("a split must be read after those before it")
            yield self._taken(answer)
        self._finish()

    def _results(
        self, scoring: Scoring[Score],
        answers: Callable[[], Iterator[tuple[PlacedSplit, SplitResult[Score] | Exception]]],
        at: _Position, join: DistributedJoin | None = None,
    ) -> Generator[SplitResult[Score], None, tuple[int, UnprovenSplit] | None]:  # fmt: skip
        """The result of each split, in order; an answer that cannot be used is replaced by the result.

        It returns the first unproven split with such an answer, and the number of its fragment.
        """
        # The loop alone has the iterator of the engine: where it is left, also by an error, the engine's work ends.
        for placed, answer in answers():
            if (
                not isinstance(answer, Exception)
                and self.reader.agrees(answer.reader)
                and (join is None or (answer.keys is not None and join.merge(answer.keys)))
            ):
                result = self._taken(answer)
                at.advance(placed.fragment, answer.reader.read if answer.keys is None else answer.keys.rows)
            elif isinstance(placed.split, UnprovenSplit):
                return placed.fragment, placed.split
            else:  # its rows are numbered in the run, so none stand before
                result = SplitResult(scoring(self._continue(placed, at, join)), 0, self.reader, {}, placed.split.size)
            if join is not None and join.failed:
                break
            yield result
        return None

    def _taken(self, answer: SplitResult[Score]) -> SplitResult[Score]:
        """The result of a split behind all those before it; its rows are counted."""
        result = SplitResult(answer.score, self.reader.read, answer.reader, answer.files, answer.size)
        self.reader.merge(answer.reader)
        for path, rows in answer.files.items():
            self.files[path] = self.files.get(path, 0) + rows
        self.observer.saw(answer.reader.read, answer.size)
        return result

    def _finish(self) -> None:
        """All rows are read."""
        if self.chosen is None:  # rows of other shards may have the label
            check_positive_labels(self.reader.registry, self.plan.request.others)
        self.source.passes.append(self.counts())

    def counts(self) -> RowCounts:
        """The rows read so far, and what became of them; those that a join left out once all are read."""
        return with_unmatched(self.reader.counts(), self.source.dropped)

    def sources(self) -> tuple[SourceResult, ...]:
        """Each file with its format and the number of rows read from it."""
        formats = {path: fragment.format for fragment in self.source.fragments for path in fragment.paths}
        unmatched = {} if self.source.dropped is None else self.source.dropped.paths
        beside = {} if self.source.paired_files is None else self.source.paired_files.files
        return (
            *(
                SourceResult(path, formats.get(path, ""), rows + unmatched.get(path, 0))
                for path, rows in self.files.items()
            ),
            *(SourceResult(path, *found) for path, found in beside.items() if path not in self.files),
        )

    def _announce(self, joined: Sequence[Fragment] | None = None) -> None:
        """Tell the observer that a pass begins: over the fragments of a join, or all."""
        if self.chosen is None and self.plan.projection:
            sizes = [fragment.size for fragment in joined or self.source.fragments]
            self.observer.reads(None if None in sizes else sum(filter(None, sizes)))

    def _begin(self) -> _Position:
        if self.chosen is None or not self.chosen.before:
            return _Position()
        return _Position(self.chosen.before[0].fragment, 0, [placed.split for placed in self.chosen.before])

    def _distributed(self) -> DistributedJoin | None:
        """The join of rows that other processes read, where the source is one that they cannot read by splits."""
        fragments = self.splits.fragments
        if len(fragments) != 1 or not self.plan.projection:
            return None
        from losscli.io.join.distributed import distributed_join  # few runs have a cluster

        required = required_statistics(self.plan) if self.plan.shares_keys and self.plan.cluster is None else None
        ordered = required is not None and bool(required.rows.cluster_sums)
        return distributed_join(fragments[0], self.plan.projection, ordered=ordered)

    def _continue(self, placed: PlacedSplit, at: _Position, join: DistributedJoin | None = None) -> Iterator[ReadRows]:
        for number, fragment in enumerate(placed.files, placed.fragment):
            for split in fragment.splits(self.plan.projection):
                yield from self._continue(PlacedSplit(number, split), at)
        if placed.files:
            return
        before, seen = self.reader.read, 0
        joined = None if join is None else join.joined(placed.split)
        for rows in read(joined or placed.split, at.row(placed.fragment), self.reader, self.files):
            yield rows
            self.observer.saw(self.reader.read - before - seen, 0)
            seen = self.reader.read - before
        self.observer.saw(0, placed.split.size)
        at.advance(placed.fragment, self.reader.read - before if joined is None else joined.rows)


@dataclass
class _Position:
    """Where in the source the scan is: the fragment, and how many of its rows are read."""

    fragment: int = 0
    rows: int = 0
    skipped: list[Split] = field(default_factory=list)  # before those, in the same fragment, not counted yet

    def row(self, fragment: int) -> int:
        """The number of the next row of this fragment. Skipped splits are read only now, as only an error needs it."""
        if fragment != self.fragment:
            return 1
        before = 0
        for split in self.skipped:
            before += sum(batch.data.num_rows for batch in split.batches(before + 1))
        self.rows, self.skipped = self.rows + before, []
        return self.rows + 1

    def advance(self, fragment: int, rows: int) -> None:
        """So many rows of this fragment are read."""
        if fragment != self.fragment:
            self.rows, self.skipped = 0, []
        self.fragment, self.rows = fragment, self.rows + rows
