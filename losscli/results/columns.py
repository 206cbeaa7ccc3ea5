"""Results of very many slices as columns: what all share is held once, and a `LossResult` is made when asked for."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, overload

from losscli.lazy_dataclass import dataclass
from losscli.results.losses import LossResult, PartResult, TermResult


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
    """

    def __init__(
        self, shared: LossResult, by: Mapping[str, Sequence[str]], values: array[float], counts: array[int],
        weights: array[float], terms: Mapping[str, TermColumns], excluded_counts: array[int],
        parts: Sequence[array[float]] = (),
    ) -> None:  # fmt: skip
        self.shared, self.by, self.values, self.counts, self.weights = shared, by, values, counts, weights
        self.terms, self.excluded_counts, self.parts = terms, excluded_counts, parts
        self._made: dict[int, LossResult] = {}  # kept, so that a slice is one object, however it is reached

    def __len__(self) -> int:
        return len(self.values)

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

    def of_slice(self, by: Mapping[str, str]) -> LossResult | None:
        """The result on one slice; None where there is none."""
        if self.by.keys() != by.keys():
            return None
        (first, *others) = self.by
        at = -1
        while True:
            try:
                at = self.by[first].index(by[first], at + 1)
            except ValueError:
                return None
            if all(self.by[name][at] == by[name] for name in others):
                return self._result(at)

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
        return found


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
    """Results in their order; of those that differ in slice and numbers alone, the first."""
    for part in parts_of(results):
        yield from part[:1] if isinstance(part, SliceColumns) else part


def notable(results: Sequence[LossResult]) -> Iterator[LossResult]:
    """All results but those in columns whose value and means are finite, and whose terms all have units."""
    for part in parts_of(results):
        yield from part.notable() if isinstance(part, SliceColumns) else part
