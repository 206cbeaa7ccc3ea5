"""Results in columns as JSON: an object of each shape is written with marks for what differs, which others fill in."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import compress
from typing import Any

from losscli.report.json_text import indented
from losscli.report.view import exact
from losscli.results import LossResult
from losscli.results.columns import VERDICTS, BaselineColumns, IntervalColumns, SliceColumns

_TOGETHER = 1000  # objects of one piece of text
_ObjectOf = Callable[[LossResult], dict[str, Any]]
_Texts = Callable[[Any], list[str]]  # the JSON texts of many values
_Cell = Callable[[_Texts, Sequence[Any]], str]


def encoded(value: Any, indent: bool, object_of: _ObjectOf) -> str:
    """JSON text of a value, in which results in columns stand in a list like what `object_of` makes of each."""
    if not indent:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    return indented(value, others=lambda columns, margin: object_texts(columns, object_of, margin))


def object_texts(columns: SliceColumns, object_of: _ObjectOf, margin: str | None) -> Iterator[str]:
    """Each result as the JSON object that `object_of` makes of it, which may have other entries, too.

    `margin` is the line end with its indent that the text is written at; None: it is one line.
    """
    shapes, objects = columns.shapes(), dict[object, _Objects]()
    for start in range(0, len(columns), _TOGETHER):
        some = slice(start, start + _TOGETHER)
        own, texts = shapes[some], dict[object, Iterator[str]]()
        for shape in set(own):
            if shape is None:
                alone = (columns[at] for at, each in enumerate(own, start) if each is None)
                texts[shape] = (_written(object_of(one), margin) for one in alone)
                continue
            if shape not in objects:
                objects[shape] = _Objects(columns, object_of(columns[shapes.index(shape)]), margin)
            texts[shape] = objects[shape].texts(some, [each == shape for each in own])
        yield from (next(texts[shape]) for shape in own)


class _Objects:
    """Objects of one shape: their text, with a mark for each cell, and what the cells have."""

    def __init__(self, columns: SliceColumns, example: dict[str, Any], margin: str | None) -> None:
        written, number = json.dumps(example), 0
        while f"@cell {number}: " in written:
            number += 1
        mark = f"@cell {number}: "
        cells: list[tuple[_Texts, Sequence[Any]]] = []

        def cell(texts: _Texts, values: Sequence[Any]) -> str:
            cells.append((texts, values))
            return f"{mark}{len(cells) - 1}"

        pieces = re.split(f'"{re.escape(mark)}([0-9]+)"', _written(_marked(columns, example, cell), margin))
        self._pattern = "%s".join(piece.replace("%", "%%") for piece in pieces[::2])
        self._cells = [cells[int(at)] for at in pieces[1::2]]

    def texts(self, some: slice, chosen: Iterable[bool]) -> Iterator[str]:
        """The texts of those that are chosen of some of the objects."""
        rows = zip(*(texts(values[some]) for texts, values in self._cells), strict=True)
        return map(self._pattern.__mod__, compress(rows, chosen))


def _marked(columns: SliceColumns, example: dict[str, Any], cell: _Cell) -> dict[str, Any]:
    """The object of an example, with marks in the place of what differs between slices."""
    found = {**example, "by": {name: cell(_texts, labels) for name, labels in columns.by.items()}}
    found |= _valued(columns.values, cell)
    found["count"], found["weight"] = cell(_whole, columns.counts), cell(_numbers, columns.weights)
    found["terms"] = {
        name: {
            "mean": cell(_numbers, term.means),
            "sum": cell(_numbers, term.sums),
            "count": cell(_whole, term.counts),
            "weight": cell(_numbers, term.weights),
            "nonfinite": cell(_nonfinite, term.means),
        }
        for name, term in columns.terms.items()
    }
    if columns.shared.parts is not None:
        parts = zip(example["parts"], columns.parts, strict=True)
        found["parts"] = [{**part, **_valued(values, cell)} for part, values in parts]
    found["without_part"] = cell(_whole, columns.excluded_counts)
    if columns.intervals is not None:
        found |= _uncertain(columns, columns.intervals, example, cell)
    if columns.baselines is not None and example["baseline"] is not None:
        found["baseline"] = _compared(columns.baselines, cell)
    return found


def _compared(baselines: BaselineColumns, cell: _Cell) -> dict[str, Any]:
    """The entries of what a baseline has."""
    numbers = {"change": baselines.changes, "relative": baselines.relatives}
    return {
        **_valued(baselines.values, cell),
        **{name: cell(_numbers, values) for name, values in numbers.items()},
        "verdict": cell(_verdicts, baselines.verdicts),
    }


def _uncertain(
    columns: SliceColumns, intervals: IntervalColumns, example: dict[str, Any], cell: _Cell
) -> dict[str, Any]:
    """The entries of intervals, which are none where the example has none."""
    ends, how = (intervals.low, intervals.high), {**example["uncertainty"]}
    how["count"], how["df"] = cell(_whole, columns.counts), cell(_numbers, intervals.df)
    if how["skewness"] is not None and intervals.skewness is not None:
        how["skewness"] = cell(_numbers, intervals.skewness)
    return {
        "stderr": cell(_numbers, intervals.stderr),
        "interval": None if example["interval"] is None else [cell(_numbers, end) for end in ends],
        "uncertainty": how,
        "n_eff": None if intervals.effective_sizes is None else cell(_numbers, intervals.effective_sizes),
    }


def _written(value: Any, margin: str | None) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False) if margin is None else indented(value, margin)


def _valued(values: Sequence[float], cell: _Cell) -> dict[str, str]:
    return {"value": cell(_numbers, values), "nonfinite": cell(_nonfinite, values)}


def _numbers(values: Sequence[float]) -> list[str]:
    texts = list(map(repr, values))
    if not all(map(math.isfinite, values)):
        texts = [text if math.isfinite(value) else "null" for text, value in zip(texts, values, strict=True)]
    return texts


def _nonfinite(values: Iterable[float]) -> list[str]:
    return ["null" if math.isfinite(value) else f'"{exact(value)}"' for value in values]


def _whole(values: Iterable[int]) -> list[str]:
    return list(map(str, values))


def _verdicts(verdicts: Iterable[int]) -> list[str]:
    words = {BaselineColumns.NEW: "null", **{code: f'"{word}"' for code, word in enumerate(VERDICTS)}}
    return list(map(words.__getitem__, verdicts))


def _texts(texts: Iterable[str]) -> list[str]:
    return [json.dumps(text, ensure_ascii=False) for text in texts]
