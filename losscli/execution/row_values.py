"""The value of every row: the loss where a report gives the mean."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from losscli.aggregate.accumulator import groups_of
from losscli.aggregate.batch_units import beside_rows
from losscli.aggregate.chunks import cut_rows, cuts
from losscli.aggregate.kernel_calls import KernelCall, kernel_calls, score
from losscli.aggregate.line_values import line_columns
from losscli.binding.kernel_arguments import arguments, check_arguments, contiguous
from losscli.binding.plan import Input
from losscli.binding.read_rows import ReadRows
from losscli.binding.row_batch import RowBatch, join_terms
from losscli.binding.row_columns import without_rows
from losscli.contract.kinds import Array
from losscli.contract.loss import Term, Terms
from losscli.execution.engines import Engine
from losscli.execution.engines.threads import Threads
from losscli.execution.evaluate import chunk_rows
from losscli.execution.prepare import Prepared
from losscli.execution.progress import NO_PROGRESS, ProgressObserver
from losscli.execution.scan import AfterReading, Scan, Scoring, ignored
from losscli.execution.shardable import refuse_remote_batches
from losscli.lazy import dataclass
from losscli.parallel import available_cores, using_threads

OutputRows = RowBatch[str, Term]
"""Rows as they are written: a term of each column, of which rows that take no part are null."""

_Scored = RowBatch[KernelCall, Terms]


def row_values(
    prepared: Prepared,
    engine: Engine | None = None,
    observer: ProgressObserver = NO_PROGRESS,
    after: AfterReading = ignored,
) -> Iterator[OutputRows]:
    """One value a row and spec, in the order of the rows; a loss without row values is a UsageError."""
    for line in prepared.plan.lines:
        if (refusal := without_rows(line)) is not None:
            raise refusal
    if any(not call.by_row for call in _calls(prepared)):
        if engine is not None:
            refuse_remote_batches(engine, "row values")
        for scored in _in_groups(prepared, engine or Threads(available_cores()), observer, after):
            yield _columns(prepared, scored)
        return
    yield from in_order(prepared, _Values(prepared), engine, observer, after)


def in_order(
    prepared: Prepared,
    scoring: Scoring[list[OutputRows]],
    engine: Engine | None,
    observer: ProgressObserver,
    after: AfterReading = ignored,
) -> Iterator[OutputRows]:
    """The batches of every split in order, their rows numbered in the whole run."""
    scan = Scan(prepared.plan, prepared.source, observer, warned=prepared.warned)
    for result in scan.scores(scoring, engine or Threads(available_cores())):
        for batch in result.score:
            yield batch.behind(result.before)
    after(scan.reader)


@dataclass(frozen=True)
class _Values:
    """The values of the rows of one split."""

    prepared: Prepared

    def __call__(self, rows: Iterable[ReadRows]) -> list[OutputRows]:
        calls = _calls(self.prepared)
        scored = (_score_rows(self.prepared, calls, some) for some in rows if len(some.batch))
        return [_columns(self.prepared, batch) for batch in scored]


def _columns(prepared: Prepared, scored: _Scored) -> OutputRows:
    """The columns of all lines."""
    columns: dict[str, Term] = {}
    for line in prepared.plan.lines:
        columns |= line_columns(line, scored.arrays, len(scored))
    return RowBatch(columns, scored.row_numbers, keys=scored.keys, repeats=scored.repeats)


def _calls(prepared: Prepared) -> list[KernelCall]:
    return list(dict.fromkeys(call for job in prepared.plan.jobs for call in kernel_calls(job).values()))


def _score_rows(prepared: Prepared, calls: list[KernelCall], rows: ReadRows) -> _Scored:
    """What the kernel calls that need no group make of these rows."""
    found = {}
    for call in calls:
        if call.by_row:
            check_arguments(call.inputs, rows.batch.arrays, prepared.arrays, rows.index, rows.location)
            args = arguments(call.inputs, rows.batch.arrays, prepared.arrays)
            found[call] = _in_chunks(call, args, len(rows.batch))
    return RowBatch(found, rows.batch.row_numbers, keys=rows.batch.keys, repeats=rows.batch.repeats)


def _in_groups(
    prepared: Prepared, engine: Engine, observer: ProgressObserver, after: AfterReading
) -> Iterator[_Scored]:
    """The rows with their terms where groups must be formed first: all rows at once, at the end."""
    calls = _calls(prepared)
    grouped = [call for call in calls if not call.by_row]
    groups = groups_of(prepared.plan)
    early: list[_Scored] = []
    late: list[_Scored] = []

    def close(group: RowBatch[Input, Array]) -> None:
        found = {}
        for call in grouped:
            with using_threads(engine.count):
                terms = score(call, contiguous(arguments(call.inputs, group.arrays, prepared.arrays)))
            found[call] = beside_rows(call, terms, len(group))
        late.append(RowBatch(found, group.row_numbers))

    scan = Scan(prepared.plan, prepared.source, observer, warned=prepared.warned)
    for rows in scan.rows():
        early.append(_score_rows(prepared, calls, rows))
        if len(rows.batch):
            for call in grouped:
                check_arguments(call.inputs, rows.batch.arrays, prepared.arrays, rows.index, rows.location)
            for group in groups.feed(RowBatch(rows.batch.arrays, rows.batch.row_numbers), rows.batch_key):
                close(group)
    observer.scores(groups.open)
    for group in groups.finish():
        close(group)
    after(scan.reader)
    if late:
        yield from _beside(early, late)


def _beside(early: list[_Scored], late: list[_Scored]) -> Iterator[_Scored]:
    """Put the values of the groups back beside their rows."""
    order = np.argsort(np.concatenate([group.row_number_array for group in late]), kind="stable")
    whole: dict[KernelCall, Terms] = {}
    for call, terms in late[0].arrays.items():
        joined = {name: join_terms([group.arrays[call][name] for group in late]) for name in terms}
        whole[call] = {name: Term(v[order], None if p is None else p[order]) for name, (v, p) in joined.items()}
    start = 0
    for scored in early:
        stop = start + len(scored)
        cut = RowBatch(whole, range(len(order))).take(slice(start, stop))
        yield scored.holding({**scored.arrays, **cut.arrays})
        start = stop


def _in_chunks(call: KernelCall, args: tuple[Array | None, ...], count: int) -> Terms:
    chunks = cuts(count, args, call.inputs, chunk_rows())
    pieces = [score(call, cut_rows(call.inputs, args, cut)) for cut in chunks]
    return {name: join_terms([terms[name] for terms in pieces]) for name in pieces[0]}
