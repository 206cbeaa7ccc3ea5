"""The best constant prediction of each loss on each slice, and its value on the same rows: two more passes.

The first pass computes the functional that a loss declares: means from exact sums, others from the distinct targets
and their counts. The second scores the constant of its slice in the place of each prediction, as the run itself does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from losscli.aggregate.accumulator import RunAccumulator
from losscli.aggregate.distinct_rows import DistinctRows
from losscli.aggregate.slices import SliceIndex
from losscli.aggregate.term_accumulator import TermAccumulator
from losscli.binding.best_constants import BestConstant, best_constants
from losscli.binding.plan import Input, Plan, Table
from losscli.binding.ragged_lists import elements, is_ragged, lengths, with_elements
from losscli.binding.read_rows import ReadRows
from losscli.binding.request import Inference
from losscli.contract.kinds import Array
from losscli.contract.terms import Term
from losscli.execution.engines import Engine
from losscli.execution.prepare import Prepared
from losscli.execution.progress import ProgressObserver
from losscli.execution.scan import Scan
from losscli.lazy import dataclass
from losscli.results import Evaluation, LossResult, WarningResult
from losscli.statistics.best_constants import DistinctTargets, constant_of, distinct_targets
from losscli.statistics.estimates import results
from losscli.statistics.finalized_sums import FinalizedSums, SliceIds, slices
from losscli.statistics.skill import Reference, with_skill


def with_best_constants(
    prepared: Prepared, evaluation: Evaluation, engine: Engine, observer: ProgressObserver, chunk_rows: int
) -> Evaluation:
    """The run with the skill of each number against the best constant prediction."""
    found = best_constants(prepared.plan)
    known = list(dict.fromkeys(best for best in found.values() if isinstance(best, BestConstant)))
    notes = [f"{line.spec.text}: no best constant is known{why}" for line, why in found.items() if isinstance(why, str)]
    references: dict[BestConstant, dict[tuple[tuple[str, str], ...], LossResult]] = {}
    if known:
        seen, labelled = _first_pass(prepared, known, engine, observer)
        notes += [f"{best.line.spec.text}: no best constant is known for predictions that are labels"
                  for best in known if best in labelled]  # fmt: skip
        known = [best for best in known if best not in labelled]
        references = _second_pass(prepared, known, seen, engine, observer, chunk_rows)
    by_line: dict[tuple[str | None, str], Reference] = {}
    for line, best in found.items():
        if isinstance(best, BestConstant) and best in references:
            by_line[line.model, line.spec.text] = Reference(best.text, references[best])
    outcome, undefined = with_skill(evaluation.results, prepared.plan.lines, by_line)
    said = [*evaluation.warnings, *map(WarningResult, dict.fromkeys([*notes, *undefined]))]
    return replace(evaluation, results=outcome, warnings=tuple(said))


# -- the first pass: the constants -----------------------------------------------------------------------------------


class _Seen:
    """What the first pass adds up: rows by slice, and of each loss sums of its targets, or the targets."""

    def __init__(self, plan: Plan, best: Sequence[BestConstant], slice_index: SliceIndex) -> None:
        self.best = best
        self.rows = RunAccumulator(_without_losses(plan), {}, slice_index=slice_index, some=True)
        self.sums: dict[tuple[int, int, int], list[TermAccumulator]] = {}
        self._finalized: dict[tuple[int, int, int], list[FinalizedSums]] = {}
        self.held = {one.held: DistinctRows() for one in best if one.holds_targets}
        self.kinds: dict[tuple[Input, ...], np.dtype[np.generic]] = {}  # of these targets
        self.shapes: dict[Input, tuple[int, ...]] = {}  # of the predictions of a row

    def update(self, some: ReadRows) -> None:
        for _ in self.rows.update(some):
            pass
        if not len(some.batch):
            return
        ids, weights = self.rows.slice_ids_of(some), some.batch.weights
        for sides, held in self.held.items():
            given = _Rows([some.batch.arrays[side] for side in sides], weights, ids, ragged=sides[-1].ragged)
            *rows, target = given.arrays
            self.kinds[sides] = np.dtype(np.float64) if rows else target.dtype
            columns = [*rows, *([target] if target.ndim == 1 else target.T)]
            held.update(list(map(np.ascontiguousarray, columns)), given.weights, given.ids)
        for at, best in enumerate(self.best):
            ragged = best.target.ragged
            self.shapes.update((side, () if ragged else some.batch.arrays[side].shape[1:])
                               for side, _ in best.functionals)  # fmt: skip
            if not best.holds_targets:
                given = _Rows([some.batch.arrays[best.target]], weights, ids, ragged=ragged)
                self._add(at, given.arrays[0], given.weights, given.ids)

    def _add(self, at: int, target: Array, weights: Array | None, ids: Array | None) -> None:
        best, size = self.best[at], len(self.rows.counts)
        part = None if weights is None else weights != 0
        for place, (_, functional) in enumerate(best.functionals):
            for number, values in enumerate(functional.row_values(target, best.job.spec.params)):
                columns = [values] if values.ndim == 1 else list(values.T)
                kept = self.sums.setdefault(
                    (at, place, number), [TermAccumulator(weights is not None) for _ in columns]
                )
                for accumulator, column in zip(kept, columns, strict=True):
                    accumulator.grow(size)
                    accumulator.update(Term(np.ascontiguousarray(column, np.float64), part), weights, ids)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "best": ()}  # what another process added up is only merged

    def merge(self, other: _Seen) -> None:
        ours, theirs = self.rows.slices, other.rows.slices
        slice_ids = None if ours is theirs else self.rows.slice_index.restore(theirs.state())
        self.rows.merge(other.rows, slice_ids)
        for key, added in other.sums.items():
            known = self.sums.setdefault(key, [TermAccumulator(one.weights is not None) for one in added])
            for accumulator, more in zip(known, added, strict=True):
                accumulator.merge(more, slice_ids)
        for sides, rows in other.held.items():
            self.held[sides].merge(rows, slice_ids)
        self.shapes.update(other.shapes)
        self.kinds.update(other.kinds)

    def _finalized_of(self, key: tuple[int, int, int]) -> list[FinalizedSums]:
        if key not in self._finalized:
            self._finalized[key] = [FinalizedSums(one) for one in self.sums.get(key, [])]
        return self._finalized[key]

    def constants(self, at: int, held: DistinctTargets | None, slice_ids: SliceIds) -> list[Array]:
        """The constant of each role on a slice; NaN where it has another shape than the predictions."""
        best, found = self.best[at], []
        for place, (side, functional) in enumerate(best.functionals):
            shape = self.shapes[side]
            sums = [self._finalized_of((at, place, number)) for number in range(len(functional.totals))]
            value = constant_of(functional, best.job.spec.params, sums, held, slice_ids, shape[0] if shape else 0)
            fits = value.shape == shape or (value.size == 1 and shape == (1,))
            found.append(value.reshape(shape) if fits else np.full(shape, np.nan))
        return found


class _Rows:
    """Columns with the targets last, weights and slice ids; of lists, a row is each of their numbers.

    A row's value is the mean over its list, so its numbers share its weight.
    """

    def __init__(self, arrays: Sequence[Array], weights: Array | None, ids: Array | None, *, ragged: bool) -> None:
        self.arrays, self.weights, self.ids = list(arrays), weights, ids
        if ragged:
            *rows, target = arrays
            sizes = lengths(target)
            of = np.repeat(np.arange(len(target)), sizes)
            numbers = np.ascontiguousarray(elements(target).reshape(-1), np.float64)
            self.arrays = [*(one[of] for one in rows), numbers]
            self.weights = (1.0 if weights is None else weights[of]) / sizes[of]
            self.ids = None if ids is None else ids[of]


@dataclass(frozen=True)
class _Seeing:
    plan: Plan
    best: tuple[BestConstant, ...]
    slice_index: SliceIndex | None  # shared by the threads of a run; None: every split has its own

    def __call__(self, rows: Iterable[ReadRows]) -> _Seen:
        seen = _Seen(self.plan, self.best, _index(self.plan) if self.slice_index is None else self.slice_index)
        for some in rows:
            seen.update(some)
        return seen


def _first_pass(
    prepared: Prepared, best: Sequence[BestConstant], engine: Engine, observer: ProgressObserver
) -> tuple[_Seen, set[BestConstant]]:
    """What was seen of the targets, and the losses whose predictions were labels."""
    plan = prepared.plan
    scan = Scan(plan, prepared.source, observer)
    slice_index = _index(plan)
    seen = _Seen(plan, best, slice_index)
    shared = None if engine.is_remote else slice_index
    for result in scan.scores(_Seeing(plan, tuple(best), shared), engine):
        seen.merge(result.score)
    decisions = scan.reader.registry.decisions
    labelled = {one for one in best for side, _ in one.functionals
                if side.facing is not None and side in decisions and "label" in decisions[side].seen}  # fmt: skip
    return seen, labelled


def _index(plan: Plan) -> SliceIndex:
    return SliceIndex(len(plan.slice_keys) + (plan.class_column is not None))


# -- the second pass: their values -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Constants:
    """What stands in the place of the predictions of one loss: of all rows the same, or of each slice id its own."""

    plan: Plan
    whole: Mapping[Input, Array] | None
    own: Mapping[Input, Array]

    def of(self, side: Input, given: Array, ids: Array | None) -> Array:
        """The constants of these predictions; of lists, each number of a list is the constant."""
        if self.whole is not None or ids is None:
            constant = self.own[side][0] if self.whole is None else self.whole[side]
            found = np.broadcast_to(constant, (len(given), *constant.shape))
        else:
            found = self.own[side][ids]
        if is_ragged(given):
            return with_elements(given, np.repeat(found, lengths(given)))
        if found.ndim < given.ndim:
            found = np.broadcast_to(found[:, None], given.shape)
        return np.array(found, order="C")


@dataclass(frozen=True)
class _Scoring:
    """Scores the rows of one split with the constants of each loss."""

    constants: tuple[_Constants, ...]
    tables: Mapping[Table, Array]
    chunk_rows: int
    slice_index: SliceIndex

    def __call__(self, rows: Iterable[ReadRows]) -> list[RunAccumulator]:
        found = [self.accumulator(one.plan) for one in self.constants]
        for some in rows:
            for accumulator, constants in zip(found, self.constants, strict=True):
                ids = accumulator.slice_ids_of(some) if len(some.batch) else None
                arrays = {side: constants.of(side, some.batch.arrays[side], ids) for side in constants.own}
                batch = replace(some.batch, arrays={**some.batch.arrays, **arrays})
                for _ in accumulator.update(replace(some, batch=batch)):
                    pass
        return found

    def accumulator(self, plan: Plan) -> RunAccumulator:
        return RunAccumulator(plan, self.tables, self.chunk_rows, self.slice_index, some=True)


def _second_pass(
    prepared: Prepared,
    known: Sequence[BestConstant],
    seen: _Seen,
    engine: Engine,
    observer: ProgressObserver,
    chunk_rows: int,
) -> dict[BestConstant, dict[tuple[tuple[str, str], ...], LossResult]]:
    """The value of the best constant of each loss: slice -> result."""
    plan, found = prepared.plan, slices(seen.rows)
    constants: list[_Constants] = []
    held_of = {
        sides: distinct_targets(rows, seen.kinds[sides]) for sides, rows in seen.held.items() if sides in seen.kinds
    }
    for best in known:
        at = seen.best.index(best)
        held = held_of[best.held] if best.holds_targets else None
        constants += _constants(plan, best, seen, at, held, found)
    if not constants:
        return {}
    scoring = _Scoring(tuple(constants), prepared.arrays, chunk_rows, seen.rows.slice_index)
    totals = [scoring.accumulator(one.plan) for one in constants]
    for result in Scan(plan, prepared.source, observer).scores(scoring, engine):
        for total, more in zip(totals, result.score, strict=True):
            total.merge(more)
    values: dict[BestConstant, dict[tuple[tuple[str, str], ...], LossResult]] = {best: {} for best in known}
    each = len(constants) // len(known)
    for number, (total, one) in enumerate(zip(totals, constants, strict=True)):
        of = values[known[number // each]]
        of.update({tuple(r.by.items()): r for r in results(total) if bool(r.by) == (one.whole is None)})
    return values


def _constants(
    plan: Plan,
    best: BestConstant,
    seen: _Seen,
    at: int,
    held: DistinctTargets | None,
    found: Mapping[tuple[str, ...], SliceIds],
) -> list[_Constants]:
    """The constants of all rows; with slices, also those of each."""
    own_plan = replace(_without_losses(plan), lines=(best.line,))
    sides = [side for side, _ in best.functionals]
    whole = dict(zip(sides, seen.constants(at, held, found[()]), strict=True))
    size = len(seen.rows.slice_index)
    own = {side: np.full((size, *whole[side].shape), np.nan) for side in sides}
    for name, slice_ids in found.items():
        if name:
            numbers = [one.number for one in slice_ids]
            for side, constant in zip(sides, seen.constants(at, held, slice_ids), strict=True):
                own[side][numbers] = constant
    return [_Constants(own_plan, whole, own), *([_Constants(own_plan, None, own)] if plan.by else [])]


def _without_losses(plan: Plan) -> Plan:
    """The plan without losses and what is made of single rows: no intervals, no comparisons."""
    request = replace(plan.request, inference=Inference(), skill=False)
    return replace(plan, lines=(), request=request, cluster=None, baseline=None)
