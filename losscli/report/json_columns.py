"""Results in columns as JSON: one object of them is written with marks for what differs, and each fills in its own."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeGuard

from losscli.report.view import exact
from losscli.results import LossResult
from losscli.results.columns import SliceColumns

_TOGETHER = 1000  # objects of one piece of text


def shares_text(part: Sequence[LossResult]) -> TypeGuard[SliceColumns]:
    """Whether results are columns that one pattern serves: intervals, of several kinds, are written one by one."""
    return isinstance(part, SliceColumns) and bool(part) and part.intervals is None


def encoded(value: Any, indent: int | None, example_of: Callable[[LossResult], dict[str, Any]]) -> str:
    """JSON text of a value, in which results in columns stand in a list like `example_of` the first of them."""
    number = 0
    while True:
        held: list[SliceColumns] = []
        mark = f"@columns {number}: "

        def note(found: object, held: list[SliceColumns] = held, mark: str = mark) -> str:
            if not isinstance(found, SliceColumns):
                raise TypeError(f"{type(found).__name__} is not JSON")
            held.append(found)
            return f"{mark}{len(held) - 1}"

        text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent, default=note)
        if not held:
            return text
        if text.count(mark) == len(held):  # else it stands in a text from data
            return "".join(_filled_in(text, mark, held, indent, example_of))
        number += 1


def _filled_in(
    text: str, mark: str, held: list[SliceColumns], indent: int | None,
    example_of: Callable[[LossResult], dict[str, Any]],
) -> Iterator[str]:  # fmt: skip
    for at, columns in enumerate(held):
        before, text = text.split(f'"{mark}{at}"')
        yield before
        margin = "" if indent is None else before[before.rindex("\n") :]
        separator = ", " if indent is None else "," + margin
        objects, first = object_texts(columns, example_of(columns[0]), indent), True
        while some := [one.replace("\n", margin or "\n") for one in islice(objects, _TOGETHER)]:
            yield ("" if first else separator) + separator.join(some)
            first = False
    yield text


def object_texts(columns: SliceColumns, example: dict[str, Any], indent: int | None) -> Iterator[str]:
    """Each result as a JSON object like that of the first, the `example`, which may have other entries, too."""
    written, number = json.dumps(example), 0
    while f"@cell {number}: " in written:
        number += 1
    mark, cells = f"@cell {number}: ", list[list[str]]()

    def cell(texts: list[str]) -> str:
        cells.append(texts)
        return f"{mark}{len(cells) - 1}"

    example["by"] = {name: cell(list(map(_text, labels))) for name, labels in columns.by.items()}
    example |= _valued(columns.values, cell)
    example["count"], example["weight"] = cell(_whole(columns.counts)), cell(_numbers(columns.weights))
    example["terms"] = {
        name: {
            "mean": cell(_numbers(term.means)),
            "sum": cell(_numbers(term.sums)),
            "count": cell(_whole(term.counts)),
            "weight": cell(_numbers(term.weights)),
            "nonfinite": cell(_nonfinite(term.means)),
        }
        for name, term in columns.terms.items()
    }
    if columns.shared.parts is not None:
        parts = zip(example["parts"], columns.parts, strict=True)
        example["parts"] = [{**part, **_valued(values, cell)} for part, values in parts]
    example["without_part"] = cell(_whole(columns.excluded_counts))
    text = json.dumps(example, ensure_ascii=False, allow_nan=False, indent=indent)
    pieces = re.split(f'"{re.escape(mark)}([0-9]+)"', text)
    pattern = "%s".join(piece.replace("%", "%%") for piece in pieces[::2])
    return map(pattern.__mod__, zip(*(cells[int(at)] for at in pieces[1::2]), strict=True))


def _valued(values: Iterable[float], cell: Any) -> dict[str, str]:
    values = list(values)
    return {"value": cell(_numbers(values)), "nonfinite": cell(_nonfinite(values))}


def _numbers(values: Iterable[float]) -> list[str]:
    values = list(values)
    texts = list(map(repr, values))
    if not all(map(math.isfinite, values)):
        texts = [text if math.isfinite(value) else "null" for text, value in zip(texts, values, strict=True)]
    return texts


def _nonfinite(values: Iterable[float]) -> list[str]:
    return ["null" if math.isfinite(value) else f'"{exact(value)}"' for value in values]


def _whole(values: Iterable[int]) -> list[str]:
    return list(map(str, values))


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
