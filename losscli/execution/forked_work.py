"""Runs that forks of this process do, where that is faster than threads: which they are, and how sums come together.

They are those of large files whose splits are found without reading the rows, and whose sums do not grow with rows.
What a fork adds up it sends back for each split. Sums of slices, which may be many, a fork adds up in place and sends
once, as its final answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from losscli.aggregate.accumulator import RunAccumulator
from losscli.binding.plan import Plan
from losscli.binding.read_rows import ReadRows
from losscli.errors import DataError
from losscli.execution.engines import Engine, WorkerError
from losscli.execution.engines.threads import BUDGET, Threads
from losscli.execution.placed_splits import PlacedSplit
from losscli.execution.scan import Scan, ScoreSplit
from losscli.io.small_files import in_groups
from losscli.parallel import available_cores

if TYPE_CHECKING:
    from losscli.execution.engines.processes import Processes

FORK_MEMORY = 32 << 20
"""Bytes of memory that each of many forks may take, though together they take more than threads may."""

MIN_BYTES = 8 << 20
"""Bytes of files from which on the time that forks take, some ten milliseconds, is made up for."""

MOST_SLICES = 1 << 18
"""Slices that a fork holds: names and sums take half a kilobyte each, and threads share the names."""


class ForkPlan(NamedTuple):
    """The forks of this process that add up a run in place of its threads, and all splits of it."""

    forks: Processes
    splits: Sequence[PlacedSplit]


def fork_plan(engine: Engine, scan: Scan, totals: RunAccumulator) -> ForkPlan | None:
    """The forks of a run; None where threads do it."""
    if not isinstance(engine, Threads) or not engine.may_fork or engine.count == 1:
        return None
    if not (_is_large(scan) and _is_small(totals)):
        return None
    from losscli.execution.engines.processes import MOST, Processes, can_fork  # short runs do without

    splits = scan.splits.unread() if can_fork() else None
    # Asked again, as to find the splits files were opened, and Arrow may have started its threads for that.
    if splits is None or len(splits) > MOST or not can_fork():
        return None
    count = min(engine.count, available_cores(), len(splits))
    largest = max((split.memory_bytes for split in splits), default=0)
    room = max(BUDGET, count * FORK_MEMORY) // max(largest, 1)  # the split of a text without rows has no bytes
    return ForkPlan(Processes(min(count, room)), splits) if min(count, room) > 1 else None


def has_slices(plan: Plan) -> bool:
    """Whether what is added up grows with slices, or with the classes that have weights."""
    return bool(plan.slice_keys) or plan.class_column is not None


class Accumulation(Protocol):
    """Adds up rows."""

    def begin(self) -> RunAccumulator:
        """An accumulator of no rows."""
        ...

    def add(self, rows: Iterable[ReadRows], totals: RunAccumulator) -> None:
        """Add rows to an accumulator."""
        ...


class ForkAccumulator:
    """The sums of all rows of a fork up to its end; where slices become too many, it gives them before.

    Attributes
    ----------
    totals
        What is not given yet.
    splits
        How many splits that is.
    """

    def __init__(self, accumulation: Accumulation) -> None:
        self.accumulation, self.totals, self.splits = accumulation, accumulation.begin(), 0

    def __call__(self, rows: Iterable[ReadRows]) -> RunAccumulator | None:
        """Add the rows of one split; gives the sums so far if they have too many slices."""
        self.accumulation.add(rows, self.totals)
        self.splits += 1
        if len(self.totals.slice_index) <= MOST_SLICES:
            return None
        if self.splits == 1:
            raise WorkerError("a split has too many slices")  # each split would send as many
        full, self.totals, self.splits = self.totals, self.accumulation.begin(), 0
        return full


def add_in_forks(scan: Scan, totals: RunAccumulator, plan: ForkPlan, accumulation: Accumulation) -> str | None:
    """Add up all rows; gives the reason where that came to no end, so that threads must begin anew.

    A split with an error, or a fork that ends early, leaves sums of which nobody knows what rows they have.
    """
    fork = ForkAccumulator(accumulation)
    try:
        with plan.forks.working(ScoreSplit(scan.plan, fork), plan.splits, lambda: fork.totals) as forks:
            for result in scan.independent_scores(forks.answers()):
                if result.score is not None:
                    totals.merge(result.score)
            for final in forks.final_answers():
                if isinstance(final, WorkerError):
                    return str(final)
                totals.merge(final)
    except (WorkerError, DataError) as error:  # more slices than a run may have: threads tell which error is the first
        return str(error)
    return None


def _is_large(scan: Scan) -> bool:
    source = scan.source
    if scan.chosen is not None or source.dropped is not None or source.paired_files is not None:
        return False
    if not all(fragment.file is not None for fragment in scan.splits.fragments):
        return False
    _, first = next(in_groups(scan.splits.fragments, scan.plan.projection), (0, ()))
    if len(first) > 1:  # small files, which only threads read together
        return False
    return sum(fragment.size or 0 for fragment in scan.splits.fragments) >= MIN_BYTES


def _is_small(totals: RunAccumulator) -> bool:
    """Whether what is added up is a few numbers a loss and slice."""
    asked = totals.plan.request.inference
    by_unit = asked.pairs or asked.grouping is not None or asked.bootstrap is not None or asked.why
    return not (
        by_unit or totals.distinct_rows or totals.diagnostics is not None or totals.plan.baseline is not None
    )  # fmt: skip
