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
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

from losscli.aggregate.required import required_statistics
from losscli.binding.labels import check_positive_labels
from losscli.binding.plan import Plan
from losscli.binding.predicted_labels import with_hint
from losscli.binding.read_rows import Reader, ReadRows
from losscli.errors import DataError
from losscli.execution.engines import Engine, WorkerError
from losscli.execution.freed_memory import keep_freed_memory
from losscli.execution.progress import NO_PROGRESS, ProgressObserver
from losscli.io.read_ahead import FILES, begun, files_ahead, splits_ahead
from losscli.io.small_files import in_groups
from losscli.io.source import (
    Distributed,
    DroppedRows,
    Fragment,
    JoinedSplit,
    Source,
    Split,
    SplitJoin,
)
from losscli.io.unproven_splits import UnprovenSplit
from losscli.lazy import dataclass
from losscli.results import RowCounts, SourceResult

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
class PlacedSplit:
    """A split of the fragment at `fragment` in the source.

    If it holds several small files, `files` are these: to continue a scan, they are read one by one.
    """

    fragment: int
    split: Split
    files: Sequence[Fragment] = ()

    @property
    def size(self) -> int:
        """Its bytes in the file; 0 if unknown."""
        return self.split.size

    @property
    def memory_bytes(self) -> int:
        """About how many bytes of memory are needed to read it."""
        return self.split.memory_bytes

    def ask_ahead(self, most: int) -> int:
        """Begin its requests, if it is remote, for at most so many bytes; it returns how many."""
        return begun(self.split, most)


def filtered(plan: Plan, source: Source) -> tuple[Fragment, ...]:
    """The fragments, which need not read rows of which it is known that the filter leaves them out."""
    if plan.request.where is None:
        return source.fragments
    from losscli.binding.expressions.ranges import range_filter  # few runs have a filter

    rows = range_filter(plan.request.where, plan.number_format)
    return source.fragments if rows is None else tuple(fragment.filtered(rows) for fragment in source.fragments)


def remote_splits(plan: Plan, source: Source) -> list[PlacedSplit]:
    """Every split that another process can read, in order; the files alone decide where they begin."""
    if not plan.projection:
        return []
    return [
        PlacedSplit(at, split)
        for at, fragment in enumerate(filtered(plan, source))
        for split in fragment.remote_splits(plan.projection)
    ]


@dataclass(frozen=True)
class Chosen:
    """Consecutive splits; `before` are those that stand before them in the file of the first."""

    splits: Sequence[PlacedSplit]
    before: Sequence[PlacedSplit]


@dataclass(frozen=True)
class SplitResult(Generic[Score]):
    """The result of one split, whose rows are numbered from 1 where `before` rows stand before them."""

    score: Score
    before: int
    reader: Reader
    files: dict[str, int]
    size: int = 0
    joined: Any = None  # what a join saw of the split


@dataclass(frozen=True)
class ScoreSplit(Generic[Score]):
    """Score one split independently of all others, with the rows that `join` joins with it."""

    plan: Plan
    scoring: Scoring[Score]
    join: SplitJoin | None = None

    def __call__(self, placed: PlacedSplit, stopped: Callable[[], bool]) -> SplitResult[Score]:
        """The result of one split; reading ends early once `stopped()` is true."""
        keep_freed_memory()
        reader = new_reader(self.plan)
        files: dict[str, int] = {}
        joined = None if self.join is None else self.join(placed.split)
        # At once where scoring raises: a file is open.
        with closing(read(joined or placed.split, 1, reader, files)) as rows:
            score = self.scoring(takewhile(lambda _: not stopped(), rows))
        found = None if joined is None else joined.found
        return SplitResult(score, 0, reader, files, placed.split.size, found)


def new_reader(plan: Plan) -> Reader:
    """A reader that has seen nothing."""
    return Reader(plan, plan.request.where)


def read(
    split: Split | JoinedSplit, first_row: int, reader: Reader, files: dict[str, int]
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
    fragments: tuple[Fragment, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.fragments = filtered(self.plan, self.source)
        keep_freed_memory()
        self.reader = replace(new_reader(self.plan), warned=self.warned)
        self.files = {path: 0 for fragment in self.source.fragments for path in fragment.paths}

    def rows(self) -> Iterator[ReadRows]:
        """All used rows, one batch after the other."""
        self._announce()
        at = _Position()
        for placed in self.splits(remote=False):
            yield from self._continue(placed, at)
        check_positive_labels(self.reader.registry, self.plan.request.others)
        self.source.passes.append(self.counts())

    def scores(
        self, scoring: Scoring[Score], engine: Engine, unread: Sequence[PlacedSplit] | None = None,
        otherwise: Engine | None = None,
    ) -> Iterator[SplitResult[Score]]:  # fmt: skip
        """The result of each split, in order.

        `unread` are all splits, if they are known already. From the first `UnprovenSplit` on that has no result which
        can be used, the rest is cut anew for the engine `otherwise`. Without that, the pass ends with a WorkerError at
        the first split that has none.
        """
        at = self._begin()
        join = self._distributed() if engine.is_remote and unread is None else None
        self._announce(None if join is None else join.fragments)
        splits: Iterable[PlacedSplit] | None = unread
        if splits is None:
            splits = self.splits(remote=engine.is_remote) if join is None else self._joined_splits(join)
        again = unread is None or otherwise is not None
        refused = yield from self._scores(scoring, engine, splits, at, join, again=again)
        if refused is not None:
            assert otherwise is not None
            yield from self._scores(scoring, otherwise, self._rest(refused), at)
        if join is not None:
            join.finish()
        if self.chosen is None:  # rows of other shards may have the label
            check_positive_labels(self.reader.registry, self.plan.request.others)
        self.source.passes.append(self.counts())

    def _scores(
        self, scoring: Scoring[Score], engine: Engine, splits: Iterable[PlacedSplit], at: _Position,
        join: Distributed | None = None, *, again: bool = True,
    ) -> Generator[SplitResult[Score], None, PlacedSplit | None]:  # fmt: skip
        """The result of each split, in order; it returns the first unproven split without one that can be used."""
        work = ScoreSplit(self.plan, scoring, None if join is None else join.elsewhere)
        # Where it returns early, the iterator of the engine ends with it, and so does its work.
        for placed, answer in engine.map(work, splits):
            if (
                not isinstance(answer, Exception)
                and self.reader.agrees(answer.reader)
                and (join is None or join.take(answer.joined))
            ):
                result = SplitResult(answer.score, self.reader.read, answer.reader, answer.files, answer.size)
                at.advance(placed.fragment, answer.reader.read if join is None else answer.joined.rows)
                self.reader.merge(answer.reader)
                for path, rows in answer.files.items():
                    self.files[path] = self.files.get(path, 0) + rows
                self.observer.saw(answer.reader.read, answer.size)
            elif not again:
                raise WorkerError("a split must be read after those before it")
            elif isinstance(placed.split, UnprovenSplit):
                return placed
            else:  # its rows are numbered in the run, so none stand before
                result = SplitResult(scoring(self._continue(placed, at, join)), 0, self.reader, {}, placed.split.size)
            if join is not None and join.failed:
                break
            yield result
        return None

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

    def splits(self, remote: bool) -> Iterator[PlacedSplit]:
        """All rows in order, in splits that another process can read if `remote`."""
        if self.chosen is not None:
            yield from splits_ahead(self.chosen.splits, FILES)
            return
        if not self.plan.projection:
            return
        for number, group in self._groups(remote):
            yield from self._of_group(number, group, remote)

    def unread_splits(self) -> list[PlacedSplit] | None:
        """All rows in order, in splits that are found without reading the rows; None if they cannot be."""
        found: list[PlacedSplit] = []
        for number, group in self._groups(remote=True):
            if len(group) > 1:
                found += self._of_group(number, group, remote=True)
            elif (splits := group[0].unread_splits(self.plan.projection)) is not None:
                found += [PlacedSplit(number, split) for split in splits]
            else:
                return None
        return found

    def _of_group(self, number: int, group: Sequence[Fragment], remote: bool) -> Iterator[PlacedSplit]:
        fragment, *others = group
        if others:
            yield PlacedSplit(number, fragment.together(others, self.plan.projection), (fragment, *others))
            return
        cut = fragment.remote_splits if remote else fragment.splits
        for split in cut(self.plan.projection):
            yield PlacedSplit(number, split)

    def _rest(self, placed: PlacedSplit) -> Iterator[PlacedSplit]:
        """The rows of an unproven split and all after it."""
        assert isinstance(placed.split, UnprovenSplit)
        for split in placed.split.rest():
            yield PlacedSplit(placed.fragment, split)
        for number, group in self._groups(remote=False):
            if number > placed.fragment:
                yield from self._of_group(number, group, remote=False)

    def _distributed(self) -> Distributed | None:
        """The join of rows that other processes read, where the source is one that they cannot read by splits."""
        if len(self.fragments) != 1 or not self.plan.projection:
            return None
        required = required_statistics(self.plan) if self.plan.shares_keys and self.plan.cluster is None else None
        ordered = required is not None and bool(required.rows.cluster_sums)
        return self.fragments[0].distributed(self.plan.projection, ordered=ordered)

    def _joined_splits(self, join: Distributed) -> Iterator[PlacedSplit]:
        """The splits of the rows that are joined, each numbered by its own file."""
        for number, fragment in enumerate(join.fragments):
            for split in fragment.remote_splits(join.read):
                yield PlacedSplit(number, split)

    def _groups(self, remote: bool) -> Iterable[tuple[int, Sequence[Fragment]]]:
        """The fragments with their numbers, small files together; what this process reads is requested ahead."""
        groups = in_groups(self.fragments, self.plan.projection)
        return groups if remote else files_ahead(groups, self.fragments, self.plan.projection)

    def _continue(self, placed: PlacedSplit, at: _Position, join: Distributed | None = None) -> Iterator[ReadRows]:
        for number, fragment in enumerate(placed.files, placed.fragment):
            for split in fragment.splits(self.plan.projection):
                yield from self._continue(PlacedSplit(number, split), at)
        if placed.files:
            return
        before, seen = self.reader.read, 0
        joined = None if join is None else join.here(placed.split)
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
