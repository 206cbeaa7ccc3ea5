"""Losses of groups of rows: one reader forms the groups in their order, and an engine scores them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from losscli.aggregate.accumulator import RunAccumulator
from losscli.aggregate.slices import SliceIndex
from losscli.binding.plan import Input, Plan, Table
from losscli.binding.row_batch import RowBatch
from losscli.contract.kinds import Array
from losscli.execution.engines import Engine, WorkerError
from losscli.execution.progress import ProgressObserver
from losscli.execution.scan import Scan
from losscli.lazy import dataclass
from losscli.parallel import using_threads

LARGE_GROUP = 2048
"""Rows from which on a group keeps all threads busy; smaller groups are scored side by side."""


@dataclass(frozen=True)
class Groups:
    """A large group, or some small ones, which are a task together: a task has costs of its own.

    `slices` is how many slice ids there are, all of which its rows may have.
    """

    groups: Sequence[RowBatch[Input, Array]]
    slices: int

    @property
    def rows(self) -> int:
        """The rows of the largest of the groups."""
        return max(map(len, self.groups))

    @property
    def size(self) -> int:
        """0, as its rows are in memory."""
        return 0

    @property
    def memory_bytes(self) -> int:
        """So much that a large group is scored alone."""
        return self.rows * (1 << 30) // LARGE_GROUP


@dataclass(frozen=True)
class GroupAccumulation:
    """Adds up the values of groups."""

    plan: Plan
    tables: Mapping[Table, Array]
    slice_index: SliceIndex | None  # shared by the threads of a run
    threads: int

    def __call__(self, some: Groups, stopped: Callable[[], bool]) -> RunAccumulator:
        """The accumulator of the values of some groups; a large group is computed with several threads."""
        totals = RunAccumulator(self.plan, self.tables, slice_index=self.slice_index, some=True)
        with using_threads(self.threads if some.rows >= LARGE_GROUP else 1):
            totals.update_groups(some.groups, some.slices)
        return totals


def add_groups(scan: Scan, totals: RunAccumulator, engine: Engine, observer: ProgressObserver) -> None:
    """One reader forms groups of rows in their order; the engine scores them."""
    plan = totals.plan
    read = RunAccumulator(plan, totals.tables, totals.chunk_rows, totals.slice_index, hashing=totals.hashing,
                          diagnosing=totals.diagnostics is not None, some=True)  # fmt: skip

    def groups() -> Iterator[RowBatch[Input, Array]]:
        for rows in scan.rows():
            yield from read.update(rows)
        observer.scores(read.groups.open)
        yield from read.groups.finish()

    # A worker of a cluster has one thread for each task.
    slice_index, threads = (None, 1) if engine.is_remote else (totals.slice_index, engine.count)
    scoring = GroupAccumulation(plan, totals.tables, slice_index, threads)
    for some, answer in engine.map(scoring, _tasks(groups(), totals.slice_index)):
        if isinstance(answer, WorkerError):
            answer = scoring(some, lambda: False)  # noqa: PLW2901  which gives the values, or the error itself
        if isinstance(answer, Exception):
            raise answer
        totals.merge(answer, same_ids=True)  # the rows of groups have the slice ids of this process
    totals.merge(read)


def _tasks(groups: Iterable[RowBatch[Input, Array]], slice_index: SliceIndex) -> Iterator[Groups]:
    """Groups in their order: the small ones together, each large one alone."""
    waiting: list[RowBatch[Input, Array]] = []
    for group in groups:
        if waiting and sum(map(len, waiting)) + len(group) > LARGE_GROUP:
            yield Groups(waiting, len(slice_index))
            waiting = []
        waiting.append(group)
    if waiting:
        yield Groups(waiting, len(slice_index))
