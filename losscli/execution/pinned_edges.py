"""The edges of `--by COL:quantile=N`: quantiles of the used rows, found by passes over the data before the run itself.

Of n numbers the i-th edge is the one with floor(n i / N) numbers before it in ascending order. So it occurs in the
data, and without equal numbers each slice has n / N rows, to within one. Edges that are equal are one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from losscli.aggregate.order_statistics import Interval, ValueCounts
from losscli.binding.grouping_keys import Edges, GroupingKey, Quantiles, edge_text
from losscli.binding.read_rows import ReadRows
from losscli.errors import DataError, UsageError
from losscli.execution.engines import Engine
from losscli.execution.engines.threads import Threads
from losscli.execution.evaluate import refuse_empty
from losscli.execution.prepare import Prepared
from losscli.execution.progress import NO_PROGRESS, ProgressObserver
from losscli.execution.scan import Scan
from losscli.lazy import dataclass
from losscli.parallel import available_cores


def pinned(prepared: Prepared, engine: Engine | None = None, observer: ProgressObserver = NO_PROGRESS) -> Prepared:
    """The run with all edges known: those of quantiles are found, and a note of the plan says what pins them."""
    keys = prepared.plan.slice_keys
    asked = [key for key in keys if isinstance(key.derivation, Quantiles)]
    if not asked:
        return prepared
    _refuse_between(prepared, asked)
    found = _edges(prepared, asked, engine or Threads(available_cores()), observer)
    plan = prepared.plan
    new = tuple(_with_edges(key, found[key]) if key in found else key for key in keys)
    names = tuple(key.name for key in new)
    pins = tuple(_note(key, found[key]) for key in dict.fromkeys(asked))
    by, group = names[: len(plan.by)], names[len(plan.by) :]
    request = replace(plan.request, by=by, mean_of=group[0] if group else None)
    return replace(prepared, plan=replace(plan, request=request, by=by, slice_keys=new, pins=pins))


def _refuse_between(prepared: Prepared, asked: Sequence[GroupingKey]) -> None:
    between = prepared.plan.request.inference.between
    if between not in (None, "rest"):
        raise UsageError(f"--between {between} names a slice of --by '{asked[0].name}', whose edges are not known yet",
                         hint=f"--between rest, or edges: --by '{asked[0].column}:18|65'",
                         code="USAGE_CONFLICT")  # fmt: skip


@dataclass(frozen=True)
class _Counting:
    """Counts the numbers of the keys in the rows of one split."""

    within: tuple[tuple[Interval, ...], ...]

    def __call__(self, rows: Iterable[ReadRows]) -> list[ValueCounts]:
        counts = [ValueCounts(within) for within in self.within]
        for some in rows:
            for count, column in zip(counts, some.sliced_by, strict=True):
                cells = column.cells if column.missing is None else column.cells[~column.missing]
                count.update(np.ascontiguousarray(cells, np.float64))
        return counts


def _edges(
    prepared: Prepared, asked: Sequence[GroupingKey], engine: Engine, observer: ProgressObserver
) -> dict[GroupingKey, tuple[float, ...]]:  # fmt: skip
    """The edges of each key. A pass narrows the intervals that hold them, the first one mostly to single numbers."""
    known: dict[GroupingKey, tuple[float, ...]] = {}
    within: dict[GroupingKey, tuple[Interval, ...]] = dict.fromkeys(asked, (Interval(),))
    while within:
        counts = _counts(prepared, within, engine, observer)
        left = {}
        for key, count in counts.items():
            found = count.find(_ranks(key, count.count, prepared))
            if intervals := {one for one in found if isinstance(one, Interval)}:
                left[key] = tuple(sorted(intervals, key=lambda one: one.low))
            else:
                known[key] = _between_slices(key, [one for one in found if isinstance(one, float)], prepared)
        within = left
    return known


def _counts(
    prepared: Prepared, within: Mapping[GroupingKey, tuple[Interval, ...]], engine: Engine, observer: ProgressObserver
) -> dict[GroupingKey, ValueCounts]:  # fmt: skip
    """One pass over the used rows."""
    plan = replace(prepared.plan, slice_keys=tuple(within), class_column=None)
    scan = Scan(plan, prepared.source, observer)
    counts = {key: ValueCounts(intervals) for key, intervals in within.items()}
    for result in scan.scores(_Counting(tuple(within.values())), engine):
        for count, more in zip(counts.values(), result.score, strict=True):
            count.merge(more)
    refuse_empty(plan, scan.counts(), next(iter(scan.files), None))
    return counts


def _ranks(key: GroupingKey, count: int, prepared: Prepared) -> list[int]:
    """The places of the edges among `count` numbers, after that of the smallest number."""
    if not count:
        raise _no_edges(key, prepared, "no used row has a number in it")
    assert isinstance(key.derivation, Quantiles)
    parts = key.derivation.count
    return [0, *(count * part // parts for part in range(1, parts))]


def _between_slices(key: GroupingKey, found: Sequence[float], prepared: Prepared) -> tuple[float, ...]:
    """The edges that part the numbers, of which the first is the smallest."""
    smallest, *rest = found
    edges = sorted({edge for edge in rest if edge > smallest})
    if not edges:
        raise _no_edges(key, prepared, f"the quantiles of its numbers are all {edge_text(smallest)}")
    if math.isinf(edges[-1]):
        raise _no_edges(key, prepared, "a quantile of its numbers is infinite")
    return tuple(edges)


def _no_edges(key: GroupingKey, prepared: Prepared, why: str) -> DataError:
    path = next((fragment.path for fragment in prepared.source.fragments), None)
    return DataError(f"column '{key.column}' makes no slices by '{key.name}': {why}", path=path, column=key.column,
                     hint=f"give edges, as in --by '{key.column}:18|65'", code="DATA_BAD_CELL")  # fmt: skip


def _with_edges(key: GroupingKey, edges: tuple[float, ...]) -> GroupingKey:
    """The key that a user can write instead."""
    return GroupingKey(f"{key.column}:{'|'.join(map(edge_text, edges))}", key.column, Edges(edges))


def _note(key: GroupingKey, edges: tuple[float, ...]) -> str:
    """What pins the edges."""
    assert isinstance(key.derivation, Quantiles)
    fewer = key.derivation.count - 1 - len(edges)
    equal = f" ({len(edges)} edges, as quantiles are equal)" if fewer else ""
    return f"the slices of --by '{key.name}' are those of --by '{_with_edges(key, edges).name}', which pins them{equal}"
