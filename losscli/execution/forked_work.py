"""Which runs forks of this process do: those whose splits are found without reading the rows, and whose sums are few.

What a fork adds up is sent back for each split. Sums of slices, which may be many, a fork adds up in place and sends
once, at its end. Where sums grow with rows, threads are faster.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from losscli.aggregate.accumulator import RunAccumulator
from losscli.binding.plan import Plan
from losscli.binding.read_rows import ReadRows
from losscli.errors import DataError
from losscli.execution.engines import Engine, WorkerError
from losscli.execution.engines.threads import BUDGET, Threads
from losscli.execution.scan import PlacedSplit, Scan
from losscli.io.small_files import in_groups
from losscli.parallel import available_cores

if TYPE_CHECKING:
    from losscli.execution.engines.processes import Processes

USUAL = 32 << 20
"""Bytes of memory that each of many forks may take, though together they take more than threads may."""

LARGE = 8 << 20
"""Bytes of files from which on the time that forks take, some ten milliseconds, is made up for."""

MOST_SLICES = 1 << 18
"""Slices that a fork holds: names and sums take half a kilobyte each, and threads share the names."""


def forks_for(
    engine: Engine, scan: Scan, totals: RunAccumulator
) -> tuple[Processes | None, Sequence[PlacedSplit] | None]:
    """The forks of this process that add up this run in place of its threads, and its splits; None where threads do.

    Threads find their splits as they read.
    """
    if not isinstance(engine, Threads) or not engine.may_fork or engine.count == 1:
        return None, None
    if not (_is_large(scan) and _is_small(totals)):
        return None, None
    from losscli.execution.engines.processes import MOST, Processes, can_fork  # short runs do without

    splits = scan.unread_splits() if can_fork() else None
    if splits is None or len(splits) > MOST:
        return None, None
    count = min(engine.count, available_cores(), len(splits))
    room = max(BUDGET, count * USUAL) // max((split.memory_bytes for split in splits), default=1)
    return (Processes(min(count, room)), splits) if min(count, room) > 1 else (None, None)


def has_slices(plan: Plan) -> bool:
    """Whether what is added up grows with slices, or with the classes that have weights."""
    return bool(plan.slice_keys) or plan.class_column is not None


class Adding(Protocol):
    """Adds up rows."""

    def begin(self) -> RunAccumulator:
        """An accumulator of no rows."""
        ...

    def add(self, rows: Iterable[ReadRows], totals: RunAccumulator) -> None:
        """Add rows to an accumulator."""
        ...


class Held:
    """The sums of all rows of a fork, which it holds to its end; where slices become too many, it gives them before."""

    def __init__(self, adding: Adding) -> None:
        self.adding, self.totals, self.splits = adding, adding.begin(), 0

    def __call__(self, rows: Iterable[ReadRows]) -> RunAccumulator | None:
        """Add the rows of one split; gives the sums so far if they are no longer held."""
        self.adding.add(rows, self.totals)
        self.splits += 1
        if len(self.totals.slice_index) <= MOST_SLICES:
            return None
        if self.splits == 1:
            raise WorkerError("a split has too many slices")  # each split would send as many
        full, self.totals = self.totals, self.adding.begin()
        return full


def added_in_forks(
    scan: Scan, totals: RunAccumulator, forks: Processes, splits: Sequence[PlacedSplit], held: Held
) -> bool:
    """Add up all rows; False where that came to no end, so that threads must begin anew.

    A split with an error, or a fork that ends early, leaves sums of which nobody knows what rows they have.
    """
    forks = replace(forks, held=lambda: held.totals)
    try:
        for result in scan.scores(held, forks, splits):
            if result.score is not None:
                totals.merge(result.score)
        for end in forks.ends:
            if isinstance(end, WorkerError):
                return False
            totals.merge(end)
    except (WorkerError, DataError):  # such as more slices than a run may have: threads tell which error is the first
        return False
    return True


def _is_large(scan: Scan) -> bool:
    source = scan.source
    if scan.chosen is not None or source.dropped is not None or source.paired_files is not None:
        return False
    if not all(fragment.file is not None for fragment in scan.fragments):
        return False
    _, first = next(in_groups(scan.fragments, scan.plan.projection), (0, ()))
    if len(first) > 1:  # small files, which only threads read together
        return False
    return sum(fragment.size or 0 for fragment in scan.fragments) >= LARGE


def _is_small(totals: RunAccumulator) -> bool:
    """Whether what is added up is a few numbers a loss and slice."""
    asked = totals.plan.request.inference
    by_unit = asked.pairs or asked.grouping is not None or asked.bootstrap is not None or asked.why
    return not (
        by_unit or totals.distinct_rows or totals.diagnostics is not None or totals.plan.baseline is not None
    )  # fmt: skip
