"""All diagnostics of a run, added up beside its sums."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from losscli.aggregate.diagnostics.subjects import PredictionScale, lines_with_rows, row_calls, subjects
from losscli.aggregate.diagnostics.value_pairs import ValuePairs
from losscli.aggregate.diagnostics.worst_rows import WorstRow, WorstRows
from losscli.aggregate.line_values import line_columns
from losscli.aggregate.order_statistics import ValueCounts
from losscli.binding.plan import Input, Line, Plan
from losscli.binding.read_rows import ReadRows
from losscli.binding.row_batch import RowBatch
from losscli.contract.kinds import Array
from losscli.contract.loss import Term, Terms

_VALUES = 1 << 12  # distinct losses that are held: more are counted in intervals
_CLASSES = 64  # of more, pairs of classes are not counted


class LossDistribution:
    """The losses of rows of one line, or of one of its terms: how they are distributed, and the worst of them."""

    def __init__(self, direction: str, most: int) -> None:
        self.values = ValueCounts(most=_VALUES)
        self.worst = WorstRows(direction, most)

    def merge(self, other: LossDistribution, slice_ids: Array | None, before: int) -> None:
        """Add all of `other`, before whose rows so many stand."""
        self.values.merge(other.values)
        self.worst.merge(other.worst, slice_ids, before)


class ClassCounts:
    """How often each class was predicted for each, and how often the predicted one was right by its probability."""

    def __init__(self) -> None:
        self.counts: NDArray[np.int64] | None = None
        self.confidence = ValuePairs(both=False)

    def update(self, pred: Array, target: Array, weights: Array | None, scale: PredictionScale) -> None:
        """Add rows."""
        classes = pred.shape[1]
        said = pred.argmax(axis=1)
        if classes <= _CLASSES:
            added = np.bincount(target * classes + said, minlength=classes**2).reshape(classes, classes)
            self.counts = added if self.counts is None else self.counts + added
        top = pred[np.arange(len(said)), said]
        if scale == "logit":
            top = 1 / np.exp(pred - top[:, None]).sum(axis=1)
        if scale != "other":
            self.confidence.update(top, said == target, weights)

    def merge(self, other: ClassCounts) -> None:
        """Add all of `other`."""
        if other.counts is not None:
            self.counts = other.counts if self.counts is None else self.counts + other.counts
        self.confidence.merge(other.confidence)


class ForecastCounts:
    """How many numbers of a forecast are below the target: of how many rows, by that number. Equal ones count half.

    Attributes
    ----------
    ranks
        Twice the number of those below, and once that of equal ones -> rows. None before there are any.
    covered
        Of each number, in its order, in how many rows the target is at most as large.
    """

    def __init__(self) -> None:
        self.ranks: NDArray[np.int64] | None = None
        self.covered: NDArray[np.int64] | None = None

    def update(self, pred: Array, target: Array, weights: Array | None) -> None:
        """Add rows; those of weight 0 take no part."""
        if weights is not None:
            pred, target = pred[weights != 0], target[weights != 0]
        below, equal = (pred < target[:, None]).sum(axis=1), (pred == target[:, None]).sum(axis=1)
        ranks = np.bincount(2 * below + equal, minlength=2 * pred.shape[1] + 1)
        self._add(ranks, (target[:, None] <= pred).sum(axis=0))

    def update_levels(self, levels: Array, probabilities: Array, weights: Array | None) -> None:
        """Add rows of forecasts that are distributions, by P(Y <= target); the levels ascend, and so do quantiles."""
        if weights is not None:
            probabilities = probabilities[weights != 0]
        below, not_above = (np.searchsorted(levels, probabilities, side) for side in ("left", "right"))
        ranks = np.bincount(below + not_above, minlength=2 * len(levels) + 1)
        self._add(ranks, ranks.cumsum()[1:-1:2])

    def merge(self, other: ForecastCounts) -> None:
        """Add all of `other`."""
        if other.ranks is not None and other.covered is not None:
            self._add(other.ranks, other.covered)

    def _add(self, ranks: NDArray[np.int64], covered: NDArray[np.int64]) -> None:
        self.ranks = ranks if self.ranks is None else self.ranks + ranks
        self.covered = covered if self.covered is None else self.covered + covered


class RunDiagnostics:
    """What pictures of a run are made of.

    Attributes
    ----------
    losses
        The position of a line in the plan -> the term (None: the loss itself) -> the losses of its rows.
    subjects
        Predictions and targets.
    worst
        How many of the worst rows are kept of each line.
    pairs, classes, forecasts
        The position of a subject -> what is kept of it.
    """

    def __init__(self, plan: Plan) -> None:
        self.lines = lines_with_rows(plan)
        self.calls: frozenset[Hashable] = frozenset(call for _, line in self.lines for call in row_calls(line))
        self.losses: dict[int, dict[str | None, LossDistribution]] = {at: {} for at, _ in self.lines}
        self.subjects, self.worst = subjects(plan), plan.request.worst
        self.pairs = {
            at: ValuePairs(both=one.kind == "numbers")
            for at, one in enumerate(self.subjects) if one.kind in ("numbers", "labels")
        }  # fmt: skip
        self.forecasts = {at: ForecastCounts() for at, one in enumerate(self.subjects) if one.kind == "forecasts"}
        self.classes = {at: ClassCounts() for at, one in enumerate(self.subjects) if one.kind == "classes"}

    def __getstate__(self) -> dict[str, Any]:
        return {
            **self.__dict__,
            "lines": [],
            "calls": frozenset(),
            "subjects": [],
        }  # what another process added up is only merged

    def update(self, rows: ReadRows, batch: RowBatch[Input, Array], scored: Mapping[Any, Terms]) -> None:
        """Add rows, and what the kernel calls of `calls` gave for them."""
        for at, line in self.lines:
            columns = line_columns(line, scored, len(batch))
            if len(columns) > 1:  # terms of which none is a loss, such as counts
                continue
            ((column, term),) = columns.items()
            if term.by is None and len(term.values) == len(batch):
                own = column.rpartition("/")[2] if line.jobs[0].spec.loss.own_combine else None
                self._add_losses(at, own, line, term, rows, batch)
        for number, one in enumerate(self.subjects):
            pred, target = batch.arrays[one.pred], batch.arrays[one.target]
            if number in self.pairs:
                self.pairs[number].update(pred, target, batch.weights)
            elif one.distribution is not None:
                found = one.distribution.at_targets(batch.arrays)
                self.forecasts[number].update_levels(np.array(one.levels), found, batch.weights)
            elif number in self.forecasts:
                pred = pred if one.upper is None else np.column_stack([pred, batch.arrays[one.upper]])
                self.forecasts[number].update(pred, target, batch.weights)
            else:
                self.classes[number].update(pred, target, batch.weights, one.scale)

    def merge(self, other: RunDiagnostics, slice_ids: Array | None, before: int) -> None:
        """Add all of `other`, whose slice i is our slice slice_ids[i], and before whose rows so many stand."""
        for at, terms in other.losses.items():
            for term, theirs in terms.items():
                known = self.losses[at].setdefault(term, LossDistribution(theirs.worst.direction, self.worst))
                known.merge(theirs, slice_ids, before)
        for number, pairs in other.pairs.items():
            self.pairs[number].merge(pairs)
        for number, ranks in other.forecasts.items():
            self.forecasts[number].merge(ranks)
        for number, counts in other.classes.items():
            self.classes[number].merge(counts)

    def _add_losses(
        self, at: int, own: str | None, line: Line, term: Term, rows: ReadRows, batch: RowBatch[Input, Array]
    ) -> None:
        known = self.losses[at].setdefault(own, LossDistribution(line.spec.direction, self.worst))
        values, where = term
        used = np.ones(len(values), bool) if where is None else where.copy()
        used &= True if batch.weights is None else batch.weights != 0
        known.values.update(values[used])
        shown = values if used.all() else np.where(used, values, np.nan)
        known.worst.update(shown, batch.row_number_array, partial(_row, line, shown, rows, batch))


def _row(line: Line, values: Array, rows: ReadRows, batch: RowBatch[Input, Array], at: int) -> WorstRow:
    """What is shown of one row: its keys, columns asked for, and inputs that are one number or a class."""
    cells: dict[str, float | str] = {}
    for side in dict.fromkeys(side for job in line.jobs for side in job.inputs):
        if not isinstance(side, Input):
            continue
        if side in rows.labels:
            labels = rows.labels[side]
            code = int(labels.codes[rows.index[at]])
            cells[side.columns[0]] = labels.names[code] if code >= 0 else ""
        elif (array := batch.arrays[side]).ndim == 1 and array.dtype.kind == "f":
            cells[side.columns[0]] = float(array[at])
    keys = {key.column: key.names[key.codes[at]] for key in batch.keys}
    if rows.shown is not None:
        keys |= rows.shown(int(rows.index[at]))
    slice_id = 0 if batch.slice_ids is None else int(batch.slice_ids[at])
    return WorstRow(0.0, float(values[at]), int(batch.row_numbers[at]), slice_id, keys, cells)
