"""The losses of a run before and after a map, on the same rows: with confidence intervals and their comparison."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from losscli.aggregate.accumulator import RunAccumulator
from losscli.binding.read_rows import ReadRows
from losscli.binding.row_batch import RowBatch
from losscli.contract.kinds import Array
from losscli.contract.loss import Term
from losscli.execution.calibration.maps import Map
from losscli.execution.calibration.rows import Rows, folds_of
from losscli.execution.calibration.subject import Subject
from losscli.execution.evaluate import chunk_rows, conclude, refuse_empty
from losscli.execution.prepare import Prepared
from losscli.execution.row_values import OutputRows
from losscli.results import Evaluation

Mapped = Callable[[ReadRows], Array]
"""Rows -> their mapped predictions."""


def by_fold(subject: Subject, chosen: Map, parameters: Mapping[int | None, Array]) -> Mapped:
    """Each row by the map that was fitted without its fold."""

    def mapped(rows: ReadRows) -> Array:
        folds = folds_of(rows)
        found = np.array(subject.raw(rows.batch.arrays))
        for fold in np.unique(folds):
            at = np.flatnonzero(folds == fold)
            found[at] = subject.mapped(chosen, parameters[int(fold)], rows.batch.take(at).arrays)
        return found

    return mapped


def by_one(subject: Subject, chosen: Map, parameters: Array) -> Mapped:
    """All rows by one map."""
    return lambda rows: subject.mapped(chosen, parameters, rows.batch.arrays)


def before_and_after(prepared: Prepared, subject: Subject, rows: Rows, mapped: Mapped) -> Evaluation:
    """The losses of the predictions and of the mapped ones."""
    name = prepared.plan.lines[0].model or ",".join(subject.columns)
    other = f"{name} calibrated"
    lines = tuple(replace(line, model=name) for line in prepared.plan.lines)
    inference = replace(prepared.plan.request.inference, pairs=((other, name),))
    request = replace(prepared.plan.request, inference=inference)
    plan = replace(prepared.plan, request=request, lines=(*lines, *subject.lines(lines, other)))
    totals = RunAccumulator(plan, prepared.arrays, chunk_rows())
    added = RunAccumulator(plan, prepared.arrays, chunk_rows(), totals.slice_index, some=True)
    for some in rows:
        both = subject.with_calibrated(some, _inside(subject, some, mapped(some))) if len(some.batch) else some
        for group in added.update(both):
            added.update_groups([group])
    if rest := list(added.groups.finish()):
        added.update_groups(rest)
    totals.merge(added)
    assert rows.scan is not None
    refuse_empty(plan, rows.scan.counts(), next(iter(rows.scan.files), None))
    return conclude(totals, rows.scan.reader, rows.scan.sources(), prepared.source.dropped)


def _inside(subject: Subject, rows: ReadRows, values: Array) -> Array:
    """The mapped predictions; one that has left the domain of predictions is a DataError with its row."""
    left = np.isnan(values)
    if left.any():
        row = int(np.argmax(left.any(axis=1)))
        at = int(np.argmax(left[row]))
        kind, given = subject.inputs[0].kind, float(subject.raw(rows.batch.arrays)[row, at])
        column = subject.columns[min(at, len(subject.columns) - 1)]
        raise rows.location.error(int(rows.index[row]), column, f"the map takes {given:g} to no valid prediction: "
                                  f"expected {kind.says}", hint="another map keeps predictions valid, such as "
                                  "--method scale or isotonic", code="DATA_OUT_OF_RANGE")  # fmt: skip
    return values


def calibrated_rows(subject: Subject, rows: Rows, mapped: Mapped) -> Iterator[OutputRows]:
    """The mapped predictions of each row, under the names of the columns of the predictions."""
    for some in rows:
        if len(some.batch):
            columns = {name: Term(values) for name, values in _columns(subject, _inside(subject, some, mapped(some)))}
            batch = some.batch
            yield RowBatch(columns, batch.row_numbers, keys=batch.keys, repeats=batch.repeats)


def _columns(subject: Subject, values: Array) -> Sequence[tuple[str, Array]]:
    if len(subject.columns) == values.shape[1]:
        return [(name, values[:, at]) for at, name in enumerate(subject.columns)]
    return [(subject.columns[0], values)]
