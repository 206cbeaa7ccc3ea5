"""The results of a run or of a saved report, line by line: by which model, loss and slice they can be found."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import NamedTuple

from losscli.results import LossResult
from losscli.results.columns import SliceColumns, parts_of


class Line(NamedTuple):
    """What tells the results of one loss from those of others: model, spec, and the columns of slices."""

    model: str | None
    spec: str
    by: frozenset[str]


class LineResults:
    """Some results of one loss of one model: one of them, or those of many slices.

    Attributes
    ----------
    line : Line
        Their model, loss and columns of slices.
    signature : str
        What they share that makes them comparable with others.
    columns : SliceColumns or None
        The results of many slices; None for one result.
    results : sequence of LossResult
        The same results, or the one.
    by : Mapping[str, Sequence[str]]
        Column -> the value of each slice, in the order of the columns.
    slices : sequence of Hashable
        What each slice is found by among others of the line, whatever the order of its columns.
    """

    def __init__(self, results: Sequence[LossResult]) -> None:
        self.columns = results if isinstance(results, SliceColumns) else None
        first = results[0] if self.columns is None else self.columns.shared
        own_by = {name: [label] for name, label in first.by.items()}
        self.by: Mapping[str, Sequence[str]] = own_by if self.columns is None else self.columns.by
        self.results, self.signature = results, first.signature
        self.line = Line(first.model, first.spec, frozenset(self.by))
        own = [self.by[name] for name in sorted(self.by)]
        self.slices: Sequence[Hashable] = own[0] if len(own) == 1 else [*zip(*own, strict=True)] if own else [()]

    @property
    def values(self) -> Sequence[float]:
        """Their values."""
        return [self.results[0].value] if self.columns is None else self.columns.values

    def of_model(self, model: str | None, positions: Sequence[int]) -> Sequence[LossResult]:
        """The results at these positions, under another name of the model."""
        if self.columns is None:
            return (self.results[0].of_model(model),)
        return self.columns.take(positions).of_model(model)

    def names(self, positions: Sequence[int]) -> Iterator[str]:
        """The names of the results at these positions in messages."""
        model, spec, _ = self.line
        name = spec if model is None else f"{model}/{spec}"
        for at in positions:
            slice_ = ", ".join(f"{column}={labels[at]}" for column, labels in self.by.items())
            yield f"{name} ({slice_})" if slice_ else name


def by_line(results: Sequence[LossResult]) -> Iterator[Sequence[LossResult]]:
    """Results one by one, those in columns together."""
    for part in parts_of(results):
        if isinstance(part, SliceColumns):
            yield from [part] if part else ()
        else:
            yield from ((result,) for result in part)
