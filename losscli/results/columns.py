"""Results of very many slices as columns: what all share is held once, and a `LossResult` is made when asked for."""

from __future__ import annotations

import copy
import math
from array import array
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, TypeVar, overload

from losscli.lazy import dataclass
from losscli.results.losses import BaselineResult, LossResult, PartResult, TermResult, Uncertainty

Number = TypeVar("Number", int, float)


@dataclass(frozen=True, eq=False)
class TermColumns:
    """One term of a loss on many slices, a number a slice: what `TermResult` has."""

    means: array[float]
    sums: array[float]
    counts: array[int]
    weights: array[float]

    def result(self, at: int) -> TermResult:
        """The term on one of the slices."""
        return TermResult(self.means[at], self.sums[at], self.counts[at], self.weights[at])


class IntervalColumns:
    """How uncertain one loss is on many slices, a number a slice, as in `LossResult` and `Uncertainty`.

    Parameters
    ----------
    stderr, df : array of float
        The standard errors and their degrees of freedom.
    low, high : array of float
        The ends of the intervals; NaN where there is none.
    effective_sizes : array of float or None
        Effective sample sizes; None where rows have no weights.
    skewness : array of float or None
        The skewness of the estimates, where intervals are corrected for it.
    kinds : bytes
        The position of the entry of `shared` that each slice has; none of them for those in `others`.
    shared : sequence of Uncertainty
        What slices share; counts, degrees of freedom and skewness are not read.
    others : Mapping[int, LossResult]
        The whole results of those slices that are in none of the columns.
    """

    def __init__(
        self, stderr: array[float], df: array[float], low: array[float], high: array[float],
        effective_sizes: array[float] | None, skewness: array[float] | None, kinds: bytes,
        shared: Sequence[Uncertainty], others: Mapping[int, LossResult],
    ) -> None:  # fmt: skip
        self.stderr, self.df, self.low, self.high, self.effective_sizes = stderr, df, low, high, effective_sizes
        self.skewness, self.kinds, self.shared, self.others = skewness, kinds, shared, others

    def uncertainty(self, at: int, count: int) -> Uncertainty:
        """How the interval of one of the slices was computed."""
        found, shared = object.__new__(Uncertainty), self.shared[self.kinds[at]]
        skewness = None if shared.skewness is None or self.skewness is None else self.skewness[at]
        found.__dict__.update(shared.__dict__, count=count, df=self.df[at], skewness=skewness)
        return found

    def interval(self, at: int) -> tuple[float, float] | None:
        """The interval of one of the slices."""
        low = self.low[at]
        return None if math.isnan(low) else (low, self.high[at])

    def numbers(self, name: str) -> list[float | None]:
        """The numbers of all slices: "stderr", "low", "high" or "n_eff"."""
        columns = {"stderr": self.stderr, "low": self.low, "high": self.high, "n_eff": self.effective_sizes}
        column = columns[name]
        if column is None:
            found: list[float | None] = [None] * len(self.stderr)
        else:
            found = [None if math.isnan(number) else number for number in column]
        for at, result in self.others.items():
            ends = (None, None) if result.interval is None else result.interval
            found[at] = {"stderr": result.stderr, "low": ends[0], "high": ends[1], "n_eff": result.n_eff}[name]
        return found

    def take(self, order: Sequence[int]) -> IntervalColumns:
        """The same of these slices, in this order."""
        others = {place: self.others[at] for place, at in enumerate(order) if at in self.others}
        effective, skewness = (None if one is None else _taken(one, order)
                               for one in (self.effective_sizes, self.skewness))  # fmt: skip
        stderr, df, low, high = (_taken(one, order) for one in (self.stderr, self.df, self.low, self.high))
        kinds = bytes(map(self.kinds.__getitem__, order))
        return IntervalColumns(stderr, df, low, high, effective, skewness, kinds, self.shared, others)

    def of_model(self, model: str | None) -> IntervalColumns:
        """The same under another name of the model, which whole results have, too."""
        found = copy.copy(self)
        found.others = {at: result.of_model(model) for at, result in self.others.items()}
        return found

    @cached_property
    def examples(self) -> list[int]:
        """The first slice of each kind, the first with an interval, and those that are in none of the columns."""
        first = {self.kinds.find(kind) for kind in range(len(self.shared))} - {-1}
        ends = next((at for at, low in enumerate(self.low) if not math.isnan(low)), None)
        return sorted(first | self.others.keys() | (set() if ends is None else {ends}))


VERDICTS = ("better", "worse", "same", "undefined")  # of `BaselineResult`


class BaselineColumns:
    """The numbers of a baseline on many slices, a number a slice, as in `BaselineResult`.

    Parameters
    ----------
    values, changes, relatives : array of float
        The values of the baseline, the changes from them, and the relative ones; NaN where there is none.
    verdicts : bytes
        The position of the verdict on each slice in `VERDICTS`; `NEW` where the baseline does not have the slice.
    """

    NEW = len(VERDICTS)

    def __init__(self, values: array[float], changes: array[float], relatives: array[float], verdicts: bytes) -> None:
        self.values, self.changes, self.relatives, self.verdicts = values, changes, relatives, verdicts

    def result(self, at: int) -> BaselineResult | None:
        """What the baseline has on one of the slices."""
        if self.is_new(at):
            return None
        relative = None if math.isnan(self.relatives[at]) else self.relatives[at]
        return BaselineResult(self.values[at], self.changes[at], relative, VERDICTS[self.verdicts[at]])

    def is_new(self, at: int) -> bool:
        """Whether the baseline does not have the slice."""
        return self.verdicts[at] == self.NEW

    def new(self) -> Iterator[int]:
        """The slices that the baseline does not have."""
        at = self.verdicts.find(self.NEW)
        while at >= 0:
            yield at
            at = self.verdicts.find(self.NEW, at + 1)

    def take(self, order: Sequence[int]) -> BaselineColumns:
        """The same of these slices, in this order."""
        values, changes, relatives = (_taken(one, order) for one in (self.values, self.changes, self.relatives))
        return BaselineColumns(values, changes, relatives, bytes(map(self.verdicts.__getitem__, order)))

    @cached_property
    def examples(self) -> list[int]:
        """The first slice that the baseline has, and the first that it does not have."""
        first = self.verdicts.find(self.NEW)
        known = next((at for at in range(len(self.verdicts)) if not self.is_new(at)), -1)
        return [at for at in (first, known) if at >= 0]


class SliceColumns(Sequence[LossResult]):
    """The results of one loss of one model on many slices.

    Parameters
    ----------
    shared : LossResult
        What all of them share; its slice and its numbers are not read.
    by : Mapping[str, Sequence[str]]
        Column -> the value of each slice.
    values, weights : array of float
        A number a slice, as in `LossResult`.
    counts, excluded_counts : array of int
        Counts of units.
    terms : Mapping[str, TermColumns]
        The named terms whose means make the value.
    parts : Sequence of array of float
        The values of the losses of a composite loss, in the order of `shared.parts`.
    slice_ids : array of int
        The number that the run gave each slice.
    """

    def __init__(
        self, shared: LossResult, by: Mapping[str, Sequence[str]], values: array[float], counts: array[int],
        weights: array[float], terms: Mapping[str, TermColumns], excluded_counts: array[int],
        parts: Sequence[array[float]] = (), slice_ids: array[int] | None = None,
    ) -> None:  # fmt: skip
        self.slice_ids = array("q") if slice_ids is None else slice_ids
        self.intervals: IntervalColumns | None = None
        self.baselines: BaselineColumns | None = None
        self.shared, self.by, self.values, self.counts, self.weights = shared, by, values, counts, weights
        self.terms, self.excluded_counts, self.parts = terms, excluded_counts, parts
        self._made: dict[int, LossResult] = {}  # kept, so that a slice is one object, however it is reached

    def __len__(self) -> int:
        return len(self.values)

    def with_intervals(self, intervals: IntervalColumns) -> SliceColumns:
        """The same results with their intervals."""
        return self._changed(intervals=intervals)

    def with_baselines(self, baselines: BaselineColumns) -> SliceColumns:
        """The same results beside those of a baseline."""
        return self._changed(baselines=baselines)

    def of_model(self, model: str | None) -> SliceColumns:
        """The same results under another name of their model."""
        intervals = None if self.intervals is None else self.intervals.of_model(model)
        return self._changed(shared=self.shared.of_model(model), intervals=intervals)

    def _changed(self, **entries: object) -> SliceColumns:
        """A copy with other entries, whose whole results have them, too: no attribute is assigned anywhere else."""
        found = copy.copy(self)
        found.__dict__.update(entries)
        others, beside = {} if found.intervals is None else found.intervals.others, found.baselines
        found._made = {
            at: one if beside is None else one.with_baseline(beside.result(at)) for at, one in others.items()
        }
        return found

    def take(self, order: Sequence[int]) -> SliceColumns:
        """The results on these slices, in this order."""
        terms = {
            name: TermColumns(_taken(term.means, order), _taken(term.sums, order), _taken(term.counts, order),
                              _taken(term.weights, order))
            for name, term in self.terms.items()
        }  # fmt: skip
        by = {name: [*map(labels.__getitem__, order)] for name, labels in self.by.items()}
        values, counts, weights = _taken(self.values, order), _taken(self.counts, order), _taken(self.weights, order)
        slice_ids = _taken(self.slice_ids, order) if self.slice_ids else None
        found = SliceColumns(self.shared, by, values, counts, weights, terms, _taken(self.excluded_counts, order),
                             [_taken(part, order) for part in self.parts], slice_ids)  # fmt: skip
        found = found if self.intervals is None else found.with_intervals(self.intervals.take(order))
        return found if self.baselines is None else found.with_baselines(self.baselines.take(order))

    def examples(self) -> Iterator[LossResult]:
        """Some in their order, one of which has an interval, a baseline and the like where any result has."""
        places = {0} if self.intervals is None else {*self.intervals.examples}
        places |= set() if self.baselines is None else {*self.baselines.examples}
        return map(self._result, sorted(places) if self.values else [])

    def shapes(self) -> Sequence[object]:
        """What tells apart results that have other entries, as an interval; None for those that are in no columns."""
        new: Sequence[int] = bytes(len(self))
        if self.baselines is not None:
            new = [verdict == BaselineColumns.NEW for verdict in self.baselines.verdicts]
        if self.intervals is None:
            return new
        known = zip(self.intervals.kinds, map(math.isnan, self.intervals.low), new, strict=True)
        return [None if at in self.intervals.others else shape for at, shape in enumerate(known)]

    @overload
    def __getitem__(self, at: int) -> LossResult: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[LossResult]: ...
    def __getitem__(self, at: int | slice) -> LossResult | Sequence[LossResult]:
        if isinstance(at, slice):
            return tuple(self._result(each) for each in range(*at.indices(len(self))))
        return self._result(range(len(self))[at])

    def __iter__(self) -> Iterator[LossResult]:
        return map(self._result, range(len(self)))

    def of_slice(self, by: Mapping[str, str]) -> tuple[LossResult, ...]:
        """The result on one slice, if there is one."""
        if self.by.keys() != by.keys():
            return ()
        (first, *others) = self.by
        at = -1
        while True:
            try:
                at = self.by[first].index(by[first], at + 1)
            except ValueError:
                return ()
            if all(self.by[name][at] == by[name] for name in others):
                return (self[at],)

    def notable(self) -> Iterator[LossResult]:
        """The results whose value is not finite, or that have a term without units or with such a mean."""
        columns = [self.values, *(term.means for term in self.terms.values())]
        odd = {at for column in columns if not _finite(column) for at, x in enumerate(column) if not math.isfinite(x)}
        for term in self.terms.values():
            if 0 in term.counts:
                odd.update(at for at, count in enumerate(term.counts) if not count)
        return map(self._result, sorted(odd))

    def _result(self, at: int) -> LossResult:
        found = self._made.get(at)
        if found is None:
            found = self._made[at] = object.__new__(LossResult)  # `replace` takes ten times as long
            found.__dict__.update(
                self.shared.__dict__, by={name: labels[at] for name, labels in self.by.items()}, value=self.values[at],
                count=self.counts[at], weight=self.weights[at], excluded_count=self.excluded_counts[at],
                terms={name: term.result(at) for name, term in self.terms.items()},
            )  # fmt: skip
            if self.shared.parts is not None:
                values = zip(self.shared.parts, self.parts, strict=True)
                found.__dict__["parts"] = tuple(PartResult(p.spec, p.factor, column[at]) for p, column in values)
            if (known := self.intervals) is not None:
                found.__dict__.update(
                    stderr=known.stderr[at], interval=known.interval(at),
                    n_eff=None if known.effective_sizes is None else known.effective_sizes[at],
                    uncertainty=known.uncertainty(at, self.counts[at]),
                )  # fmt: skip
            if self.baselines is not None:
                found.__dict__["baseline"] = self.baselines.result(at)
        return found


def _taken(column: array[Number], order: Sequence[int]) -> array[Number]:
    """The numbers at these places."""
    return array(column.typecode, map(column.__getitem__, order))


def _finite(column: array[float]) -> bool:
    return all(map(math.isfinite, column))


class ResultTable(Sequence[LossResult]):
    """The results of a run, in their order: some as such, those of many slices as columns."""

    def __init__(self, parts: Sequence[Sequence[LossResult]]) -> None:
        self.parts = parts

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    @overload
    def __getitem__(self, at: int) -> LossResult: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[LossResult]: ...
    def __getitem__(self, at: int | slice) -> LossResult | Sequence[LossResult]:
        if isinstance(at, slice):
            return tuple(self)[at]
        left = range(len(self))[at]
        for part in self.parts:
            if left < len(part):
                return part[left]
            left -= len(part)
        raise AssertionError

    def __iter__(self) -> Iterator[LossResult]:
        return (result for part in self.parts for result in part)

    def __eq__(self, other: object) -> bool:
        return tuple(self) == tuple(other) if isinstance(other, tuple | ResultTable) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # results hold mappings, so tuples of them have no hash either

    def __repr__(self) -> str:
        return repr(tuple(self))

    def __reduce__(self) -> tuple[Any, ...]:
        return tuple, (tuple(self),)  # a copy is of results as such


def parts_of(results: Sequence[LossResult]) -> Sequence[Sequence[LossResult]]:
    """The results in their order, those of many slices as `SliceColumns`."""
    return results.parts if isinstance(results, ResultTable) else (results,)


def examples(results: Sequence[LossResult]) -> Iterator[LossResult]:
    """Results in their order; of those in columns some, one of which has an interval and the like where any has."""
    for part in parts_of(results):
        yield from part.examples() if isinstance(part, SliceColumns) else part


def notable(results: Sequence[LossResult]) -> Iterator[LossResult]:
    """All results but those in columns whose value and means are finite, and whose terms all have units."""
    for part in parts_of(results):
        yield from part.notable() if isinstance(part, SliceColumns) else part
