"""Results of a saved report as columns that grow: the numbers of a result by their paths in its JSON object.

What is here has the fields that `report_file` reads of a result; `Shared` holds all others, so results that differ in
them are not in the same columns.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from losscli.baselines.json_file import InvalidDocument
from losscli.lazy import dataclass
from losscli.results import LossResult, TermResult, Uncertainty
from losscli.results.columns import IntervalColumns, SliceColumns, TermColumns

Path = tuple[str | int, ...]
"""Where something stands in the object of a result: the names of fields, and positions in lists."""

Cells = Mapping[Path, Sequence[Any]]
"""The names of slices and the numbers of some results, by their paths."""

_MOST_WHOLE = 1000  # results that are kept whole before they have to be fewer than those in columns


def is_whole(path: Path) -> bool:
    """Whether the number at a path is a count."""
    return path[-1] in ("count", "without_part")


def numbers(result: LossResult) -> dict[Path, float | int]:
    """The numbers of a result that differ from slice to slice, by their paths; NaN where there is none."""
    how, (low, high) = result.uncertainty, result.interval or (math.nan, math.nan)
    found: dict[Path, float | int] = {
        ("value",): result.value, ("count",): result.count, ("weight",): result.weight,
        ("without_part",): result.excluded_count, ("stderr",): _or_nan(result.stderr),
        ("n_eff",): _or_nan(result.n_eff), ("interval", 0): low, ("interval", 1): high,
        ("uncertainty", "count"): result.count if how is None else how.count,
        ("uncertainty", "df"): math.nan if how is None else _or_nan(how.df),
        ("uncertainty", "skewness"): math.nan if how is None else _or_nan(how.skewness),
    }  # fmt: skip
    for name, term in result.terms.items():
        found |= {("terms", name, "mean"): term.mean, ("terms", name, "sum"): term.sum,
                  ("terms", name, "count"): term.count, ("terms", name, "weight"): term.weight}  # fmt: skip
    return found | {("parts", at, "value"): part.value for at, part in enumerate(result.parts or ())}


def _or_nan(number: float | None) -> float:
    return math.nan if number is None else number


@dataclass(frozen=True)
class Shared:
    """What the results of one loss and model on slices share, and the order of their entries."""

    result: LossResult
    by: tuple[str, ...]
    terms: tuple[str, ...]

    @staticmethod
    def of(result: LossResult) -> Shared:
        """What a result shares with those on other slices: it without `numbers` and its slice."""
        shared = replace(
            result, by={}, value=0.0, count=0, weight=0.0, terms={}, excluded_count=0, stderr=None, interval=None,
            uncertainty=None, n_eff=None,
            parts=None if result.parts is None else tuple(replace(part, value=0.0) for part in result.parts),
        )  # fmt: skip
        return Shared(shared, tuple(result.by), tuple(result.terms))


class GrowingColumns:
    """The results of one loss and model on slices, as columns that grow."""

    _NONE = 255  # the kind of those that have no uncertainty, or that are kept whole

    def __init__(self, shared: Shared) -> None:
        self.shared = shared
        self._by: dict[str, list[str]] = {name: [] for name in shared.by}
        self._numbers: dict[Path, array[Any]] = {}
        self._kinds = bytearray()
        self._uncertainties: list[Uncertainty] = []
        self._is_weighted: bool | None = None
        self._whole: dict[int, LossResult] = {}

    def add(self, result: LossResult) -> None:
        """Add one result, which is kept whole if it has any uncertainty."""
        if any(entry is not None for entry in (result.stderr, result.interval, result.uncertainty, result.n_eff)):
            self._whole[len(self._kinds)] = result
            if len(self._whole) > _MOST_WHOLE and 2 * len(self._whole) > len(self._kinds):
                raise InvalidDocument("most are in no columns")
        cells: dict[Path, Sequence[Any]] = {path: (number,) for path, number in numbers(result).items()}
        self._extend({**cells, **{("by", name): (label,) for name, label in result.by.items()}}, self._NONE, 1)

    def add_cells(self, cells: Cells, count: int, uncertainty: Uncertainty | None, is_weighted: bool) -> None:
        """Add so many results that share how uncertain they are, but for its numbers."""
        kind = self._NONE
        if uncertainty is not None:
            if self._is_weighted not in (None, is_weighted) or len(self._uncertainties) == self._NONE:
                raise InvalidDocument("results that are alike have other entries")
            if cells["uncertainty", "count"] != cells["count",]:
                raise InvalidDocument("its units are no rows")
            self._is_weighted = is_weighted
            if uncertainty not in self._uncertainties:
                self._uncertainties.append(uncertainty)
            kind = self._uncertainties.index(uncertainty)
        self._extend(cells, kind, count)

    def _extend(self, cells: Cells, kind: int, count: int) -> None:
        for name, labels in self._by.items():
            labels.extend(cells["by", name])
        for path, column in cells.items():
            if path[0] != "by":
                self._numbers.setdefault(path, array("q" if is_whole(path) else "d")).extend(column)
        self._kinds += bytes([kind]) * count

    def columns(self) -> SliceColumns:
        """All of them."""
        found, shared = self._numbers, self.shared
        terms = {name: TermColumns(*(found["terms", name, each] for each in ("mean", "sum", "count", "weight")))
                 for name in shared.terms}  # fmt: skip
        result = replace(shared.result, by=dict.fromkeys(shared.by, ""),
                         terms=dict.fromkeys(shared.terms, TermResult(0.0, 0.0, 0, 0.0)))  # fmt: skip
        parts = [found["parts", at, "value"] for at in range(len(result.parts or ()))]
        columns = SliceColumns(result, self._by, found["value",], found["count",], found["weight",], terms,
                               found["without_part",], parts)  # fmt: skip
        if not self._uncertainties and not self._whole:
            return columns
        lone = [at for at, kind in enumerate(self._kinds) if kind == self._NONE]
        others = {at: self._whole[at] if at in self._whole else columns[at] for at in lone}
        skewed = any(how.skewness is not None for how in self._uncertainties)
        return columns.with_intervals(IntervalColumns(
            found["stderr",], found["uncertainty", "df"], found["interval", 0], found["interval", 1],
            found["n_eff",] if self._is_weighted else None, found["uncertainty", "skewness"] if skewed else None,
            bytes(self._kinds), self._uncertainties, others,
        ))  # fmt: skip
