"""One pass over the data: stretches are scored by themselves, by whoever an engine is, and taken in their order.

A stretch that is scored by itself begins afresh: it does not know its rows' numbers, nor what earlier rows have shown
(how wide a list is, whether targets are names). So where it met an error, or took its first rows for something else
than one reads who comes from the rows before, it is scored again after those: as one thread would have, which then
gives the value or the error.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any, Generic, Protocol, TypeVar

from losscli.binding.labels import check_positive_labels
from losscli.binding.plan import Plan
from losscli.binding.read_rows import Reader, Rows
from losscli.execution.engines import Engine
from losscli.execution.watch import NOBODY, Watch
from losscli.io.source import Source, Stretch
from losscli.results import RowCounts, SourceResult

Score = TypeVar("Score")
Made = TypeVar("Made", covariant=True)


class Scoring(Protocol[Made]):
    """What is made of the rows of one stretch; pickled where the engine's work is elsewhere."""

    def __call__(self, rows: Iterable[Rows]) -> Made: ...


# Arithmetic is thousands of short steps, and after each a thread asks for the interpreter's lock. Two threads that do
# so wait for each other more than they compute: together they took longer than one. So one computes at a time, and
# those that read and unpack, in long steps without that lock, go on beside it.
_turn = threading.Lock()


@dataclass(frozen=True)
class Placed:
    """A stretch of the part at `part` in the source."""

    part: int
    stretch: Stretch

    @property
    def weight(self) -> int:
        return self.stretch.weight


def elsewhere(plan: Plan, source: Source) -> list[Placed]:
    """Every stretch that others can read, in order; the files alone decide where they begin."""
    if not plan.wants:
        return []
    return [Placed(at, stretch) for at, part in enumerate(source.parts) for stretch in part.elsewhere(plan.wants)]


@dataclass(frozen=True)
class Chosen:
    """Stretches that follow one another; `before` are those that stand before them in the file of the first."""

    stretches: Sequence[Placed]
    before: Sequence[Placed]


@dataclass(frozen=True)
class Taken(Generic[Score]):
    """What was made of one stretch. Its rows were numbered from 1 on, or `before` them stood so many rows."""

    score: Score
    before: int
    reader: Reader
    files: dict[str, int]
    size: int = 0


@dataclass(frozen=True)
class _Alone(Generic[Score]):
    """Score one stretch by itself."""

    plan: Plan
    scoring: Scoring[Score]

    def __call__(self, placed: Placed, stopped: Callable[[], bool]) -> Taken[Score]:
        reader = new_reader(self.plan)
        files: dict[str, int] = {}
        # Closed at once where scoring raises, as it holds the turn.
        with closing(read(placed.stretch, 1, reader, files, _turn)) as rows:
            score = self.scoring(takewhile(lambda _: not stopped(), rows))
        return Taken(score, 0, reader, files, placed.stretch.size)


def new_reader(plan: Plan) -> Reader:
    """A reader that has seen nothing."""
    if plan.request.where is None:
        return Reader(plan, None)
    from losscli.binding.expressions import parse  # not on the way of a run without a filter

    return Reader(plan, parse(plan.request.where))


def read(
    stretch: Stretch, first_row: int, reader: Reader, files: dict[str, int], turn: AbstractContextManager[Any]
) -> Generator[Rows, None, None]:
    """The used rows of one stretch, counted in `reader` and `files`; they are made and scored at one's turn."""
    for batch in stretch.batches(first_row):
        with turn:
            files[batch.site.path] = files.get(batch.site.path, 0) + batch.data.num_rows
            yield reader.rows(batch.data, batch.site)


@dataclass
class Pass:
    """One pass over the data, or over what is chosen of it, and what it has counted so far."""

    plan: Plan
    source: Source
    watch: Watch = NOBODY
    chosen: Chosen | None = None
    reader: Reader = field(init=False)
    files: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        self.reader = new_reader(self.plan)
        self.files = {path: 0 for part in self.source.parts for path in part.paths}

    def rows(self) -> Iterator[Rows]:
        """All used rows, one batch after the other."""
        at = _Position()
        for placed in self._stretches(elsewhere=False):
            yield from self._go_on(placed, at)
        check_positive_labels(self.reader.book)

    def scores(self, scoring: Scoring[Score], engine: Engine) -> Iterator[Taken[Score]]:
        """What is made of each stretch, in their order."""
        at = self._begin()
        for placed, answer in engine.map(_Alone(self.plan, scoring), self._stretches(elsewhere=engine.elsewhere)):
            if isinstance(answer, Exception) or not self.reader.agrees(answer.reader):
                # Numbered on, so nothing stands before.
                taken = Taken(scoring(self._go_on(placed, at)), 0, self.reader, {}, placed.stretch.size)
            else:
                taken = Taken(answer.score, self.reader.read, answer.reader, answer.files, answer.size)
                at.go(placed.part, answer.reader.read)
                self.reader.merge(answer.reader)
                for path, rows in answer.files.items():
                    self.files[path] = self.files.get(path, 0) + rows
                self.watch.saw(answer.reader.read, answer.size)
            yield taken
        if self.chosen is None:  # rows that are scored elsewhere may have the label
            check_positive_labels(self.reader.book)

    def counts(self) -> RowCounts:
        return RowCounts(self.reader.read, self.reader.used, self.reader.dropped)

    def sources(self) -> tuple[SourceResult, ...]:
        formats = {path: part.format for part in self.source.parts for path in part.paths}
        beside = {} if self.source.beside is None else self.source.beside.files
        return (
            *(SourceResult(path, formats.get(path, ""), rows) for path, rows in self.files.items()),
            *(SourceResult(path, *found) for path, found in beside.items() if path not in self.files),
        )

    def _begin(self) -> _Position:
        if self.chosen is None or not self.chosen.before:
            return _Position()
        return _Position(self.chosen.before[0].part, 0, [placed.stretch for placed in self.chosen.before])

    def _stretches(self, elsewhere: bool) -> Iterator[Placed]:
        if self.chosen is not None:
            yield from self.chosen.stretches
            return
        if not self.plan.wants:
            return
        sizes = [part.size for part in self.source.parts]
        self.watch.reads(None if None in sizes else sum(filter(None, sizes)))
        for number, part in enumerate(self.source.parts):
            cut = part.elsewhere if elsewhere else part.stretches
            for stretch in cut(self.plan.wants):
                yield Placed(number, stretch)

    def _go_on(self, placed: Placed, at: _Position) -> Iterator[Rows]:
        before, seen = self.reader.read, 0
        for rows in read(placed.stretch, at.row(placed.part), self.reader, self.files, nullcontext()):
            yield rows
            self.watch.saw(self.reader.read - before - seen, 0)
            seen = self.reader.read - before
        self.watch.saw(0, placed.stretch.size)
        at.go(placed.part, self.reader.read - before)


@dataclass
class _Position:
    """Where in the source one is: the part, and how many of its rows are read."""

    part: int = 0
    rows: int = 0
    skipped: list[Stretch] = field(default_factory=list)  # before those, in the same part, and not counted yet

    def row(self, part: int) -> int:
        """The number of the next row of this part; what was skipped is read now, as only an error asks."""
        if part != self.part:
            return 1
        before = 0
        for stretch in self.skipped:
            before += sum(batch.data.num_rows for batch in stretch.batches(before + 1))
        self.rows, self.skipped = self.rows + before, []
        return self.rows + 1

    def go(self, part: int, rows: int) -> None:
        if part != self.part:
            self.rows, self.skipped = 0, []
        self.part, self.rows = part, self.rows + rows
