"""The gradient of the final value by the predictions of each row, or by a table.

A first pass adds up the sums of all rows. By the chain rule, each row then has the gradient of its loss, times how much
the final value changes with that loss (`Upstream`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np

from losscli.aggregate.accumulator import RunAccumulator, groups_of
from losscli.aggregate.batch_units import units_of
from losscli.aggregate.chunks import cut_rows, cuts
from losscli.aggregate.exact_sum import Sums, rounded
from losscli.aggregate.kernel_calls import KernelCall, score, score_beyond
from losscli.binding.encoded_labels import EncodedLabels
from losscli.binding.kernel_arguments import arguments, contiguous
from losscli.binding.plan import Input, Job, Line, Table
from losscli.binding.ragged_lists import as_lists, by_length, is_ragged, joined, lists_of
from losscli.binding.read_rows import ReadRows
from losscli.binding.row_batch import RowBatch, join_labels
from losscli.contract.kinds import Array
from losscli.contract.loss import Term
from losscli.errors import UsageError
from losscli.execution.class_gradients import sum_by_class
from losscli.execution.engines import Engine
from losscli.execution.engines.threads import Threads
from losscli.execution.evaluate import chunk_rows, total
from losscli.execution.prepare import Prepared
from losscli.execution.progress import NO_PROGRESS, ProgressObserver
from losscli.execution.row_values import OutputRows, in_order
from losscli.execution.scan import AfterReading, Scan, ignored
from losscli.execution.shardable import refuse_remote_batches
from losscli.execution.upstream import Upstream, in_range, upstreams
from losscli.lazy import dataclass
from losscli.parallel import available_cores, using_threads
from losscli.statistics.finalized_sums import slices

Batch = RowBatch[Input, Array]

_ENTRIES = 1 << 20  # of a gradient by a whole matrix that are held at once


@dataclass(frozen=True)
class Part:
    """One job of a line with its factor in the composite loss, and the upstream derivatives of its terms."""

    job: Job
    factor: float
    upstreams: Mapping[str, Upstream]


def wanted_roles(line: Line, wrt: str | None) -> list[str]:
    """The roles to differentiate by: the one asked for, else every role of the rows that has a gradient."""
    known: dict[str, bool] = {}
    for job in line.jobs:
        for role in job.spec.loss.gradients:
            matrix = job.spec.loss.roles[role].kinds[0].shape == "matrix"
            known[role] = known.get(role, False) or not matrix
    if wrt is not None:
        if wrt not in known:
            raise UsageError(f"'{line.spec.text}' has no gradient by '{wrt}'",
                             hint=f"it has: {', '.join(known) or 'none'}", code="USAGE_CONFLICT")  # fmt: skip
        return [wrt]
    rows = [role for role, by_row in known.items() if by_row]
    if not known:
        why = line.jobs[0].spec.loss.no_gradient or "it is zero wherever it is defined"
        raise UsageError(f"'{line.spec.text}' has no gradient: {why}", code="USAGE_CONFLICT")
    return rows or list(known)[:1]


def gradient(
    prepared: Prepared,
    wrt: str | None = None,
    engine: Engine | None = None,
    observer: ProgressObserver = NO_PROGRESS,
    after: AfterReading = ignored,
) -> Iterator[OutputRows]:
    """The gradients, one batch of rows after the other; that of a table is one batch with a row per table row."""
    lines = prepared.plan.lines
    engine = engine or Threads(available_cores())
    roles = {line: wanted_roles(line, wrt) for line in lines}
    if any(job.spec.loss.batched for line in lines for job in line.jobs):
        refuse_remote_batches(engine, "gradients")
    totals, scan = total(prepared, engine, observer=observer)
    after(scan.reader)
    parts = {line: parts_of(totals, line) for line in lines}
    tables = {
        side for line in lines for part in parts[line]
        for role, side in part.job.by_role()
        if isinstance(side, Table) and role in roles[line]
    }  # fmt: skip
    if tables:
        yield from _by_tables(prepared, totals, parts, tables, observer)
        return
    row_parts = [(line, part) for line in lines for part in parts[line] if part.job.spec.loss.source_roles]
    gradients = _RowGradients(prepared, totals, row_parts, roles)
    if any(part.job.spec.loss.batched for _, part in row_parts):
        yield from _by_groups(gradients, engine.count, observer)
    else:
        yield from _all_with_columns(in_order(prepared, gradients, engine, observer), gradients.columns)


def parts_of(totals: RunAccumulator, line: Line) -> list[Part]:
    """The jobs of a line, with the upstream derivatives that the sums of all rows give."""
    slice_ids = slices(totals)[()]
    return [Part(job, factor, upstreams(totals, job, line, slice_ids))
            for (factor, _), job in zip(line.spec.parts, line.jobs, strict=True)]  # fmt: skip


@dataclass(frozen=True)
class _RowGradients:
    """The gradients of the rows of one split."""

    prepared: Prepared
    totals: RunAccumulator
    parts: list[tuple[Line, Part]]
    roles: Mapping[Line, list[str]]

    def __call__(self, rows: Iterable[ReadRows]) -> list[OutputRows]:
        return [
            _with_zeros(
                self.of(in_slices(self.totals, some)) if len(some.batch) else None,
                some.weightless,
                self._zero_lists(some),
            )
            for some in rows
            if len(some.batch) or some.weightless is not None
        ]

    @property
    def columns(self) -> dict[str, Input]:
        """The columns of the gradients, and which input each is of."""
        return {
            name: side for line, part in self.parts for role, side in part.job.by_role()
            if isinstance(side, Input) and role in self.roles[line] and role in part.job.spec.loss.gradients
            for name in (side.columns[:1] if side.listed else side.columns)
        }  # fmt: skip

    def _zero_lists(self, rows: ReadRows) -> dict[str, Array]:
        """The gradients of the rows of weight 0 where lists may differ in length."""
        if (sizes := rows.weightless_lengths) is None:
            return {}
        # A list that is missing is taken to be as long as that of another role.
        found: dict[str, Array] = {}
        for _, part in self.parts:
            sides = [side for side in part.job.inputs if isinstance(side, Input) and side.ragged]
            if sides:
                ends = np.append(0, np.cumsum(np.max([sizes(side) for side in sides], axis=0)))
                found |= {side.columns[0]: lists_of(np.zeros(ends[-1]), ends) for side in sides}
        return {name: found[name] for name, side in self.columns.items() if side.ragged}

    def of(self, batch: Batch) -> OutputRows:
        gradients = row_gradients(self.prepared, self.parts, self.roles, batch)
        columns = {name: Term(values) for name, values in gradients.items()}
        return RowBatch(columns, batch.row_numbers, keys=batch.keys)


def _with_zeros(
    found: OutputRows | None, weightless: Batch | None, lists: Mapping[str, Array] = MappingProxyType({})
) -> OutputRows:
    """The gradients with those of the rows of weight 0, which are 0; without columns where no other row is known.

    `lists` are those of columns whose lists may differ in length.
    """
    if weightless is None:
        assert found is not None
        return found
    if found is None:
        known = {name: Term(values) for name, values in lists.items()}
        return RowBatch(known, weightless.row_numbers, keys=weightless.keys)
    numbers = np.concatenate([found.row_number_array, weightless.row_number_array])
    order = np.argsort(numbers, kind="stable")
    columns = {
        name: Term(
            np.concatenate([values, lists[name] if name in lists else np.zeros((len(weightless), *values.shape[1:]))])[
                order
            ]
        )
        for name, (values, _) in found.arrays.items()
    }
    keys = tuple(join_labels(pair).take(order) for pair in zip(found.keys, weightless.keys, strict=True))
    return RowBatch(columns, numbers[order], keys=keys)


def _joined(weightless: Sequence[Batch]) -> Batch | None:
    """The rows of weight 0 of all batches."""
    if not weightless:
        return None
    numbers = np.concatenate([batch.row_number_array for batch in weightless])
    return RowBatch({}, numbers, keys=tuple(map(join_labels, zip(*(batch.keys for batch in weightless), strict=True))))


def _all_with_columns(batches: Iterable[OutputRows], names: Collection[str]) -> Iterator[OutputRows]:
    """The batches in order; those of rows of weight 0 alone get the columns of a neighbour."""
    waiting: list[OutputRows] = []
    shapes: dict[str, tuple[int, ...]] = {}
    for batch in batches:
        if batch.arrays.keys() >= set(names):
            shapes = {name: term.values.shape[1:] for name, term in batch.arrays.items()}
        waiting.append(batch)
        if shapes:
            for one in waiting:
                zeros = {name: Term(np.zeros((len(one), *shape))) for name, shape in shapes.items()}
                yield one.holding({**zeros, **one.arrays})
            waiting = []


def in_slices(totals: RunAccumulator, rows: ReadRows) -> Batch:
    """The rows with their slice ids."""
    return replace(rows.batch, slice_ids=totals.slice_ids_of(rows))


def _by_groups(gradients: _RowGradients, threads: int, observer: ProgressObserver) -> Iterator[OutputRows]:
    """All rows at once, at the end, as groups must be formed first."""
    prepared = gradients.prepared
    groups = groups_of(prepared.plan)
    found: list[OutputRows] = []
    keys: dict[str, list[EncodedLabels]] = {}
    weightless: list[Batch] = []
    for rows in Scan(prepared.plan, prepared.source, observer, warned=prepared.warned).rows():
        weightless += [] if rows.weightless is None else [rows.weightless]
        for key in rows.batch.keys:
            keys.setdefault(key.column, []).append(key)
        if len(rows.batch):
            batch = replace(in_slices(gradients.totals, rows), keys=(), cluster=None)
            with using_threads(threads):
                found += [gradients.of(group) for group in groups.feed(batch, rows.batch_key)]
    observer.scores(groups.open)
    with using_threads(threads):
        found += [gradients.of(group) for group in groups.finish()]
    if found:
        row_numbers = np.concatenate([group.row_number_array for group in found])
        order = np.argsort(row_numbers, kind="stable")
        columns = {
            name: Term(np.concatenate([group.arrays[name].values for group in found])[order])
            for name in found[0].arrays
        }
        whole = RowBatch(columns, row_numbers[order], keys=tuple(map(join_labels, keys.values())))
        yield _with_zeros(whole, _joined(weightless))


def row_gradients(
    prepared: Prepared, parts: list[tuple[Line, Part]], roles: Mapping[Line, list[str]], batch: Batch
) -> dict[str, Array]:
    """Column -> gradient a row (a matrix for a list column), added up over the parts that read the column."""
    found: dict[str, Array] = {}
    for line, part in parts:
        args = arguments(part.job.inputs, batch.arrays, prepared.arrays)  # the first pass has checked them
        call = KernelCall(part.job.spec, part.job.inputs)
        for role, side in part.job.by_role():
            if not isinstance(side, Input) or role not in roles[line] or role not in part.job.spec.loss.gradients:
                continue
            row_gradient = part.factor * _role_gradient(call, role, args, part, batch, side)
            row_gradient = row_gradient.reshape(len(batch), -1) if side.wide and not side.ragged else row_gradient
            columns = (
                {side.columns[0]: row_gradient} if side.listed or not side.wide
                else {name: row_gradient[:, i] for i, name in enumerate(side.columns)}
            )  # fmt: skip
            for name, values in columns.items():
                found[name] = found[name] + values if name in found else values
    return found


def _role_gradient(
    call: KernelCall, role: str, args: tuple[Array | None, ...], part: Part, batch: Batch, side: Input
) -> Array:
    loss = call.spec.loss
    if loss.scope != "row":
        factors, exponent = in_range(part.upstreams, units_of(call, batch))
        whole = contiguous(args)
        if any(each.excludes_rows for each in part.upstreams.values()):
            for name, term in score(call, whole).items():
                factors[name] = factors[name] if term.where is None else np.where(term.where, factors[name], 0.0)
        upstream: Any = factors["loss"] if set(factors) == {"loss"} else factors
        with np.errstate(all="ignore"):
            found = np.asarray(loss.kernel_gradient(role, whole, call.spec.params, upstream=upstream))
            return np.ldexp(found, exponent) if exponent else found
    return joined(
        [
            _derivative_of_rows(call, role, cut_rows(call.inputs, args, cut), part, batch.take(cut))
            for cut in cuts(len(batch), args, call.inputs, chunk_rows())
        ],
        ragged=side.ragged,
    )


def _derivative_of_rows(call: KernelCall, role: str, args: tuple[Array | None, ...], part: Part, batch: Batch) -> Array:
    """The gradient of each row; as lists where these differ in length."""
    if not any(a is not None and is_ragged(a) for a in args):
        return _row_derivative(call, role, args, part, batch)
    found = lists_of(np.zeros(0), np.zeros(len(batch) + 1, np.int64))
    for at, own in by_length(args, [isinstance(side, Table) for side in call.inputs]):
        found[at] = as_lists(_row_derivative(call, role, own, part, batch.take(at)))
    return found


def _row_derivative(call: KernelCall, role: str, args: tuple[Array | None, ...], part: Part, batch: Batch) -> Array:
    with np.errstate(all="ignore"):
        answer = call.spec.loss.kernel_gradient(role, args, call.spec.params)
    if call.spec.loss.per_class:
        with np.errstate(all="ignore"):
            terms, _ = score_beyond(call, args, batch.class_names)
        return sum_by_class(terms, answer, part.upstreams, batch)
    gradients = answer if isinstance(answer, dict) else {next(iter(part.upstreams)): answer}
    total: Array | None = None
    outputs = call.spec.loss.roles[role].kinds[0].shape == "number"
    for name, row_gradient in gradients.items():
        # Several outputs of a row count as their mean.
        count = row_gradient.shape[1] if outputs and row_gradient.ndim > 1 else 1
        product = part.upstreams[name].times(row_gradient, batch, count)
        total = product if total is None else total + product
    assert total is not None
    return total


def _by_tables(
    prepared: Prepared,
    totals: RunAccumulator,
    parts: Mapping[Line, list[Part]],
    tables: set[Table],
    observer: ProgressObserver,
) -> Iterator[OutputRows]:
    """The gradient by a Matrix role, added up exactly over the rows."""
    if len(tables) > 1:
        raise UsageError("the gradient by a table takes one table at a time", code="USAGE_CONFLICT")
    (table,) = tables
    shape = prepared.arrays[table].shape
    sums = Sums(shape[0] * shape[1])
    spots = np.arange(shape[0] * shape[1])
    reading = [(line, part) for line in parts for part in parts[line] if table in part.job.inputs]
    for _, part in reading:
        if not part.job.spec.loss.source_roles:
            args = tuple(prepared.arrays[s] for s in part.job.inputs if isinstance(s, Table))
            role = _role_of(part.job, table)
            row_gradient = part.job.spec.loss.kernel_gradient(role, args, part.job.spec.params)
            sums.update(part.factor * next(iter(part.upstreams.values())).by_slice[0] * row_gradient.ravel(), spots)
    step = max(1, _ENTRIES // len(spots))
    for rows in (
        Scan(prepared.plan, prepared.source, observer, warned=prepared.warned).rows()
        if any(p.job.spec.loss.source_roles for _, p in reading)
        else ()
    ):
        batch = in_slices(totals, rows)
        for _, part in reading:
            if part.job.spec.loss.source_roles:
                call, role = KernelCall(part.job.spec, part.job.inputs), _role_of(part.job, table)
                args_all = arguments(call.inputs, batch.arrays, prepared.arrays)
                for start in range(0, len(batch), step):
                    cut = slice(start, start + step)
                    row_gradient = _row_derivative(
                        call, role, cut_rows(call.inputs, args_all, cut), part, batch.take(cut)
                    )
                    sums.update((part.factor * row_gradient).ravel(), np.tile(spots, len(row_gradient)))
    special = [sums.non_finite(i) for i in range(len(spots))]
    values = np.array([rounded(sums.fraction(i)) if s is None else s for i, s in enumerate(special)])
    columns = prepared.plan.tables[table].columns
    matrix = values.reshape(shape)
    if len(columns) == shape[1]:
        found = {name: Term(matrix[:, i].copy()) for i, name in enumerate(columns)}
    else:
        found = {columns[0]: Term(matrix)}
    yield RowBatch(found, range(1, shape[0] + 1))


def _role_of(job: Job, table: Table) -> str:
    return next(role for role, side in job.by_role() if side == table)
