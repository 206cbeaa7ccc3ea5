"""Which runs forks of this process do: those whose splits are found without reading the rows, and whose sums are few.

What a fork adds up is sent back for each split. Where that grows with slices or rows, threads are faster, as they add
up in place.
"""

from __future__ import annotations

from collections.abc import Sequence

from losscli.aggregate.accumulator import RunAccumulator
from losscli.execution.engines import Engine
from losscli.execution.engines.threads import BUDGET, Threads
from losscli.execution.scan import PlacedSplit, Scan
from losscli.io.small_files import in_groups
from losscli.parallel import available_cores

USUAL = 32 << 20
"""Bytes of memory that each of many forks may take, though together they take more than threads may."""

LARGE = 8 << 20
"""Bytes of files from which on the time that forks take, some ten milliseconds, is made up for."""


def with_forks(engine: Engine, scan: Scan, totals: RunAccumulator) -> tuple[Engine, Sequence[PlacedSplit] | None]:
    """The engine that adds up this run, and its splits: forks of this process in place of its threads, where faster.

    Threads find their splits as they read.
    """
    if not isinstance(engine, Threads) or not engine.may_fork or engine.count == 1:
        return engine, None
    if not (_is_large(scan) and _is_small(totals)):
        return engine, None
    from losscli.execution.engines.processes import MOST, Processes, can_fork  # short runs do without

    splits = scan.unread_splits() if can_fork() else None
    if splits is None or len(splits) > MOST:
        return engine, None
    count = min(engine.count, available_cores(), len(splits))
    room = max(BUDGET, count * USUAL) // max((split.memory_bytes for split in splits), default=1)
    return (Processes(min(count, room)), splits) if min(count, room) > 1 else (engine, None)


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
    """Whether what is added up of a split is a few numbers a loss."""
    asked = totals.plan.request.inference
    by_unit = asked.pairs or asked.grouping is not None or asked.bootstrap is not None or asked.why
    return not (
        by_unit or totals.plan.slice_keys or totals.plan.class_column is not None or totals.distinct_rows
        or totals.diagnostics is not None or totals.plan.baseline is not None
    )  # fmt: skip
