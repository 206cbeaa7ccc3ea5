"""Passes over the rows with mapped predictions: the sums of a loss at several parameters, and its gradients there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple, TypeVar

import numpy as np

from losscli.aggregate.accumulator import RunAccumulator, groups_of
from losscli.aggregate.batches import Groups
from losscli.aggregate.exact_sum import Sums, rounded
from losscli.binding.plan import Line
from losscli.binding.read_rows import ReadRows
from losscli.contract.kinds import Array
from losscli.execution.calibration.maps import Map
from losscli.execution.calibration.rows import Rows, folds_of, rows_at
from losscli.execution.calibration.subject import CALIBRATED, Subject, as_columns
from losscli.execution.engines import Engine
from losscli.execution.evaluate import chunk_rows, refuse_empty
from losscli.execution.gradients import Batch, Part, in_slices, parts_of, row_gradients
from losscli.execution.prepare import Prepared
from losscli.lazy import dataclass

Answer = TypeVar("Answer")


class Point(NamedTuple):
    """Parameters, and the fold whose rows are left out (None: all rows count)."""

    parameters: Array
    without: int | None = None


class _Item(NamedTuple):
    """Some rows as an engine takes them."""

    rows: ReadRows
    memory_bytes: int = 0
    size: int = 0


class _At(NamedTuple):
    """Where a gradient is wanted: the sums of the rows there, the upstream derivatives, and the groups that form."""

    point: Point
    totals: RunAccumulator
    parts: Sequence[Part]
    groups: Groups


@dataclass(frozen=True)
class Passes:
    """The passes of a run with one loss, `line`, on mapped predictions."""

    run: Prepared
    line: Line
    subject: Subject
    map: Map
    rows: Rows
    engine: Engine

    def totals(self, points: Sequence[Point]) -> list[RunAccumulator | None]:
        """What the rows add up to at each point: one pass. None where a prediction leaves its domain."""
        found = [RunAccumulator(self.run.plan, self.run.arrays, chunk_rows()) for _ in points]
        left = np.zeros(len(points), bool)
        if not points:
            return []
        if found[0].grouped:
            self._add_groups(found, points, left)
        else:
            for parts in _answers(self.engine, lambda rows: self._added(rows, found, points, left), self.rows):
                for totals, part in zip(found, parts, strict=True):
                    totals.merge(part)
        assert self.rows.scan is not None
        refuse_empty(self.run.plan, self.rows.scan.counts(), next(iter(self.rows.scan.files), None))
        return [None if gone else totals for totals, gone in zip(found, left, strict=True)]

    def gradients(self, points: Sequence[Point], totals: Sequence[RunAccumulator]) -> list[Array]:
        """The gradient by the parameters at each point, of which `totals` are the sums: one pass."""
        places = [
            _At(point, found, parts_of(found, self.line), groups_of(self.run.plan))
            for point, found in zip(points, totals, strict=True)
        ]
        sums = [_sums(at) for at in places]
        if places and places[0].totals.grouped:
            for rows in self.rows:
                for own, at in zip(sums, places, strict=True):
                    mapped = self._mapped(rows, at.point)
                    batch = replace(in_slices(at.totals, mapped), keys=(), cluster=None)
                    self._pull(own, at, at.groups.feed(batch, mapped.batch_key))
            for own, at in zip(sums, places, strict=True):
                self._pull(own, at, at.groups.finish())
        elif places:
            for answer in _answers(self.engine, lambda rows: self._pulled(rows, places), self.rows):
                for whole, own in zip(sums, answer, strict=True):
                    for one, other in zip(whole, own, strict=True):
                        one.merge(other)
        return [np.array([_rounded(one) for one in own]) for own in sums]

    def _mapped(self, rows: ReadRows, point: Point) -> ReadRows:
        """The rows that count at a point, with their mapped predictions."""
        if point.without is not None:
            rows = rows_at(rows, np.flatnonzero(folds_of(rows) != point.without))
        return self.subject.with_calibrated(rows, self.subject.mapped(self.map, point.parameters, rows.batch.arrays))

    def _added(
        self, rows: ReadRows, found: Sequence[RunAccumulator], points: Sequence[Point], left: Array
    ) -> list[RunAccumulator]:  # fmt: skip
        parts = []
        for at, (totals, point) in enumerate(zip(found, points, strict=True)):
            part = RunAccumulator(self.run.plan, self.run.arrays, chunk_rows(), totals.slice_index, some=True)
            mapped = self._mapped(rows, point)
            left[at] |= self.subject.leaves(mapped)
            for _ in part.update(mapped) if not left[at] else ():
                pass
            parts.append(part)
        return parts

    def _add_groups(self, found: Sequence[RunAccumulator], points: Sequence[Point], left: Array) -> None:
        for rows in self.rows:
            for at, (totals, point) in enumerate(zip(found, points, strict=True)):
                mapped = self._mapped(rows, point)
                left[at] |= self.subject.leaves(mapped)
                for group in totals.update(mapped) if not left[at] else ():
                    totals.update_groups([group])
        for totals in found:
            if rest := list(totals.groups.finish()):
                totals.update_groups(rest)

    def _pulled(self, rows: ReadRows, places: Sequence[_At]) -> list[list[Sums]]:
        found = []
        for at in places:
            sums, mapped = _sums(at), self._mapped(rows, at.point)
            self._pull(sums, at, [in_slices(at.totals, mapped)] if len(mapped.batch) else [])
            found.append(sums)
        return found

    def _pull(self, sums: list[Sums], at: _At, batches: Iterable[Batch]) -> None:
        for batch in batches:
            for one, column in zip(sums, self._by_row(at, batch).T, strict=True):
                one.update(np.ascontiguousarray(column))

    def _by_row(self, at: _At, batch: Batch) -> Array:
        """The part of each row in the gradient: the chain rule, from the loss through link and map."""
        link, w = self.subject.link_of(self.map), at.point.parameters
        roles = {self.line: [*self.subject.domain.roles]}
        by_column = row_gradients(self.run, [(self.line, part) for part in at.parts], roles, batch)
        gradient = np.concatenate(
            [as_columns(by_column[CALIBRATED + name]) for name in self.subject.columns], axis=1
        )  # fmt: skip
        with np.errstate(all="ignore"):
            x = link.of(self.subject.raw(batch.arrays))
            return self.map.pull(x, w, link.pull(self.map.values(x, w), gradient))

    def products(self, point: Point, totals: RunAccumulator) -> Array:
        """The sums of products of the parts of each row in the gradient, of which a last one is 1: one pass."""
        at = _At(point, totals, parts_of(totals, self.line), groups_of(self.run.plan))
        size = len(point.parameters) + 1
        places = np.triu_indices(size)

        def of(rows: ReadRows) -> list[Sums]:
            mapped = self._mapped(rows, point)
            found = [Sums() for _ in places[0]]
            if len(mapped.batch):
                parts = np.hstack([self._by_row(at, in_slices(totals, mapped)), np.ones((len(mapped.batch), 1))])
                for one, i, j in zip(found, *places, strict=True):
                    one.update(parts[:, i] * parts[:, j])
            return found

        whole = [Sums() for _ in places[0]]
        for found in _answers(self.engine, of, self.rows):
            for one, other in zip(whole, found, strict=True):
                one.merge(other)
        table = np.zeros((size, size))
        table[places] = [_rounded(one) for one in whole]
        return table + np.triu(table, 1).T


def _answers(engine: Engine, function: Callable[[ReadRows], Answer], rows: Iterable[ReadRows]) -> Iterator[Answer]:
    def answer(item: _Item, stopped: Callable[[], bool]) -> Answer:
        return function(item.rows)

    for _, found in engine.map(answer, map(_Item, rows)):
        if isinstance(found, Exception):
            raise found
        yield found


def _sums(at: _At) -> list[Sums]:
    """An exact sum for each parameter."""
    return [Sums() for _ in at.point.parameters]


def _rounded(sums: Sums) -> float:
    special = sums.non_finite(0)
    return rounded(sums.fraction(0)) if special is None else special
