"""The results of a run or of a saved report, line by line: by which model, loss and slice they can be found."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import replace
from typing import TypeAlias

from losscli.results import LossResult
from losscli.results.columns import SliceColumns, parts_of

Line: TypeAlias = tuple[str | None, str, frozenset[str]]
"""Model, spec, and the columns of slices."""


class LineResults:
    """Some results of one loss of one model: one of them, or those of many slices."""

    def __init__(self, results: Sequence[LossResult]) -> None:
        columns = results if isinstance(results, SliceColumns) else None
        first = results[0] if columns is None else columns.shared
        by = {name: [label] for name, label in results[0].by.items()} if columns is None else columns.by
        self.results, self.columns, self.signature = results, columns, first.signature
        self.line = first.model, first.spec, frozenset(by)
        own = [by[name] for name in sorted(by)]
        self.slices: Sequence[Hashable] = own[0] if len(own) == 1 else [*zip(*own, strict=True)] if own else [()]

    @property
    def values(self) -> Sequence[float]:
        """Their values."""
        return [self.results[0].value] if self.columns is None else self.columns.values

    def of_model(self, model: str | None, places: Sequence[int]) -> Sequence[LossResult]:
        """These slices, under another name of the model."""
        if self.columns is None:
            return (self.results[0].of_model(model),)
        return self.columns.take(places).of_model(model)

    def names(self, places: Sequence[int]) -> Iterator[str]:
        """The names of these results in messages."""
        if self.columns is None:
            yield _name(self.results[0])
            return
        by = self.columns.by
        name = _name(replace(self.columns.shared, by={}))
        for labels in zip(*(map(own.__getitem__, places) for own in by.values()), strict=True):
            yield f"{name} ({', '.join(f'{column}={label}' for column, label in zip(by, labels, strict=True))})"


def by_line(results: Sequence[LossResult]) -> Iterator[Sequence[LossResult]]:
    """Results one by one, those in columns together."""
    for part in parts_of(results):
        if isinstance(part, SliceColumns):
            yield from [part] if part else ()
        else:
            yield from ((result,) for result in part)


def _name(result: LossResult) -> str:
    name = result.spec if result.model is None else f"{result.model}/{result.spec}"
    slices = ", ".join(f"{column}={value}" for column, value in result.by.items())
    return f"{name} ({slices})" if slices else name
