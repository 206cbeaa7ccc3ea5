"""Results of very many slices in a saved report -> columns, without an object for each.

Reports write the results of slices alike: their texts differ in the names of slices and in numbers. So the text of one,
which JSON reads, becomes a regular expression with a group for each of these, and those that match it are read by it:
the text between the groups is the same, so what it says is, too. All others are read as JSON. Where anything is
unusual, nothing is read here, and the whole document is read as JSON, which tells what is wrong.
"""

from __future__ import annotations

import codecs
import json
import math
import os
import re
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, NamedTuple

from losscli.baselines.json_file import InvalidDocument, strict_decoder
from losscli.lazy import dataclass, pattern
from losscli.results import LossResult, TermResult, Uncertainty
from losscli.results.columns import IntervalColumns, ResultTable, SliceColumns, TermColumns

LEAST = 1 << 20  # bytes of a report that is worth it
ALIKE = 64  # results of one loss and model that are read as JSON before an expression is made of the next one
_TOGETHER = 1000  # results whose texts are held at a time
_SHAPES = 32  # expressions that are kept
_FEWEST = 20  # results in each part, on average; where there are fewer, columns take longer than objects

_RESULTS = pattern(rb'"results"[ \t\n\r]*:[ \t\n\r]*\[[ \t\n\r]*')
_NEXT = pattern(rb"[ \t\n\r]*(,[ \t\n\r]*|\])")
_TOKEN = pattern(rb'"(?:[^"\\]|\\.)*"|[-+0-9.eE]+|true|false|null|[{}\[\],:]')
_NUMBER = rb"-?(?:0|[1-9][0-9]{0,999})(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?"
"""As JSON has it. Of very many digits it is left to JSON, which refuses whole numbers that Python does not read."""

_TEXT = rb'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"'
_SCALAR = rb"(?:" + _NUMBER + rb"|" + _TEXT + rb"|null|true|false)"
_UNREAD = ("baseline", "between", "ranking", "skill")  # what a saved report says of other numbers

Path = tuple[str | int, ...]


class CutReport(NamedTuple):
    """A report whose results are read: the text of the rest, with a mark in their place."""

    rest: bytes
    mark: str
    results: Sequence[LossResult]


def cut(content: bytes, result_of: Callable[[Any, str], LossResult]) -> CutReport | None:
    """The results of a report and the rest of it; None where they are few, or anything about them is unusual.

    `result_of` makes a result of an object; the text names it in messages.
    """
    start = _RESULTS.search(content) if len(content) >= LEAST else None
    if start is None or not _is_utf8(content):
        return None
    try:
        reader = _Reader(content, start.end(), result_of)
        parts = reader.parts()
    except (ValueError, OverflowError, RecursionError):
        return None
    if len(parts) * _FEWEST > reader.count:
        return None
    mark = os.urandom(16).hex()  # no report can have it, not even escaped
    rest = b'%b"%b"%b' % (content[: start.end()], mark.encode(), content[reader.end :])
    return CutReport(rest, mark, ResultTable(parts))


def _is_utf8(content: bytes) -> bool:
    if content.isascii():
        return True
    decoder, view = codecs.getincrementaldecoder("utf-8")(), memoryview(content)
    try:
        for start in range(0, len(content), LEAST):
            decoder.decode(view[start : start + LEAST])
        decoder.decode(b"", True)
    except UnicodeDecodeError:
        return False
    return True


class _Reader:
    """Reads the results of a list from its first one on."""

    def __init__(self, content: bytes, place: int, result_of: Callable[[Any, str], LossResult]) -> None:
        self.content, self.place, self.result_of = content, place, result_of
        self.count = self.end = 0
        self._decoder = strict_decoder()
        self._shapes: list[_Shape] = []  # the last used first
        self._alike = Counter[tuple[object, ...]]()

    def parts(self) -> list[Sequence[LossResult]]:
        """The results in their order, those of many slices in columns."""
        found: list[Sequence[LossResult]] = []
        slices: _Slices | None = None
        while not self.end:
            shape, rows = self._matched()
            result = None if rows else self._decoded()
            line = shape.line if shape is not None else _Line.of(result)  # type: ignore[arg-type]
            if slices is None or line != slices.line:
                found += [] if slices is None else [slices.columns()]
                slices = _Slices(line) if line.by else None
            if slices is None:
                found.append((result,))  # type: ignore[arg-type]
            elif shape is not None:
                slices.add_rows(shape, rows)
            else:
                slices.add(result)  # type: ignore[arg-type]
            self.count += len(rows) or 1
        return found if slices is None else [*found, slices.columns()]

    def _matched(self) -> tuple[_Shape | None, list[tuple[bytes, ...]]]:
        """The next results that have one shape, and what their groups are."""
        for at, shape in enumerate(self._shapes):
            matches = iter(shape.expression.scanner(self.content, self.place).match, None)  # type: ignore[attr-defined]
            rows = []
            for match in islice(matches, _TOGETHER):
                rows.append(match.groups())
            if rows:
                self.place = match.end()
                self._shapes.insert(0, self._shapes.pop(at))
                return shape, rows
        return None, []

    def _decoded(self) -> LossResult:
        """The next result, read as JSON."""
        start, window = self.place, 4096
        while True:
            text = self.content[start : start + window].decode(errors="ignore")  # the last character may be cut
            try:
                found, length = self._decoder.raw_decode(text)
                break
            except json.JSONDecodeError:
                if start + window >= len(self.content):
                    raise
                window *= 4
        end = start + len(text[:length].encode())
        after = _NEXT.match(self.content, end)
        if after is None:
            raise InvalidDocument("a list goes on otherwise")
        self.place = after.end()
        if after[1] == b"]":
            self.end = after.start(1)
        result = self.result_of(found, f"results[{self.count}]")
        alike = result.model, result.spec, *result.by
        self._alike[alike] += 1
        if result.by and not self.end and not self._alike[alike] % ALIKE:
            shape = _Shape.of(self.content[start : self.place], result)
            self._shapes = [*([] if shape is None else [shape]), *self._shapes[: _SHAPES - 1]]
        return result


@dataclass(frozen=True)
class _Line:
    """What results on slices share, and the order of their entries."""

    shared: LossResult
    by: tuple[str, ...]
    terms: tuple[str, ...]

    @staticmethod
    def of(result: LossResult) -> _Line:
        shared = replace(
            result, by={}, value=0.0, count=0, weight=0.0, terms={}, excluded_count=0, stderr=None, interval=None,
            uncertainty=None, n_eff=None,
            parts=None if result.parts is None else tuple(replace(part, value=0.0) for part in result.parts),
        )  # fmt: skip
        return _Line(shared, tuple(result.by), tuple(result.terms))


class _Shape:
    """Results whose texts differ in some numbers and in the names of slices alone."""

    def __init__(self, expression: re.Pattern[bytes], paths: Sequence[Path], example: LossResult) -> None:
        self.expression, self.paths, self.line = expression, paths, _Line.of(example)
        self.numbers = _numbers(example)
        how = example.uncertainty
        self.uncertainty = None if how is None else replace(how, count=0, df=0.0, skewness=how.skewness and 0.0)
        self.is_weighted = example.n_eff is not None

    @staticmethod
    def of(text: bytes, example: LossResult) -> _Shape | None:
        """The shape of the result of this text, to which the beginning of the next result belongs; None: unusual."""
        if not _is_usual(example):
            return None
        pieces, paths, end = list[bytes](), list[Path](), 0
        for path, start, stop in _scalars(text):
            word = text[start:stop]
            if path[0] in _UNREAD:
                group = _SCALAR
            elif path[0] == "by" and len(path) == 2:
                group = b"(" + _TEXT + b")"
            elif _is_number(path) and word != b"null":
                group = b"(0|[1-9][0-9]*)" if path[-1] in _WHOLE else b"(" + _NUMBER + b")"
            else:
                continue
            pieces += [re.escape(text[end:start]), group]
            paths += [] if path[0] in _UNREAD else [path]
            end = stop
        return _Shape(re.compile(b"".join([*pieces, re.escape(text[end:])])), paths, example)

    def cells(self, rows: Sequence[tuple[bytes, ...]]) -> dict[Path, Sequence[Any]]:
        """The names of slices and the numbers of results: those that the text has, and those that all share."""
        found: dict[Path, Sequence[Any]] = {path: [number] * len(rows) for path, number in self.numbers.items()}
        for path, texts in zip(self.paths, zip(*rows, strict=True), strict=True):
            if path[0] == "by":
                found[path] = json.loads(b"[" + b",".join(texts) + b"]")
            elif path[-1] in _WHOLE:
                found[path] = [*map(int, texts)]
            else:
                found[path] = [*map(float, texts)]
                if b"-0" in texts or not all(map(math.isfinite, found[path])):
                    raise InvalidDocument("a number that JSON reads otherwise")
        return found


def _is_usual(result: LossResult) -> bool:
    """Whether columns have all that the result has of uncertainty: nothing, or what intervals of rows have."""
    how, (low, high) = result.uncertainty, result.interval or (0.0, 0.0)
    if how is None:
        return result.stderr is None and result.interval is None and result.n_eff is None
    has_ends = not math.isnan(low) and not math.isnan(high)
    return result.stderr is not None and how.df is not None and how.count == result.count and has_ends


_WHOLE = ("count", "without_part")
_LONE = ("value", "weight", "stderr", "n_eff", *_WHOLE)


def _is_number(path: Path) -> bool:
    """Whether a number that differs from slice to slice stands at this place of a result."""
    match path:
        case (str(name),):
            return name in _LONE
        case ("interval", int()):
            return True
        case ("uncertainty", str(name)):
            return name in ("count", "df", "skewness")
        case ("terms", str(), str(name)):
            return name in ("mean", "sum", "count", "weight")
        case ("parts", int(), "value"):
            return True
    return False


def _numbers(result: LossResult) -> dict[Path, float | int]:
    """The numbers of a result by their places; NaN where there is none."""
    how, (low, high) = result.uncertainty, result.interval or (math.nan, math.nan)
    found: dict[Path, float | int] = {
        ("value",): result.value, ("count",): result.count, ("weight",): result.weight,
        ("without_part",): result.excluded_count, ("stderr",): _or_nan(result.stderr),
        ("n_eff",): _or_nan(result.n_eff), ("interval", 0): low, ("interval", 1): high,
        ("uncertainty", "count"): result.count if how is None else how.count,
        ("uncertainty", "df"): _or_nan(how and how.df), ("uncertainty", "skewness"): _or_nan(how and how.skewness),
    }  # fmt: skip
    for name, term in result.terms.items():
        found |= {("terms", name, "mean"): term.mean, ("terms", name, "sum"): term.sum,
                  ("terms", name, "count"): term.count, ("terms", name, "weight"): term.weight}  # fmt: skip
    return found | {("parts", at, "value"): part.value for at, part in enumerate(result.parts or ())}


def _or_nan(number: Any) -> float:
    return math.nan if number is None else float(number)


def _scalars(text: bytes) -> Iterator[tuple[Path, int, int]]:
    """The place of each scalar in the text of a JSON object, and where its text begins and ends."""
    path: list[Any] = []
    is_key = False
    for token in _TOKEN.finditer(text):
        word = token[0]
        if word in (b"{", b"["):
            path.append("" if word == b"{" else 0)
            is_key = word == b"{"
        elif word in (b"}", b"]"):
            path.pop()
        elif word == b",":
            is_key = bool(path) and isinstance(path[-1], str)
            if path and not is_key:
                path[-1] += 1
        elif word == b":":
            is_key = False
        elif is_key:
            path[-1] = json.loads(word)
        else:
            yield tuple(path), token.start(), token.end()


class _Slices:
    """The results of one line on slices, as columns that grow."""

    _NONE = 255  # the kind of those that have no uncertainty, or whose objects are kept

    def __init__(self, line: _Line) -> None:
        self.line = line
        self._by: dict[str, list[str]] = {name: [] for name in line.by}
        self._numbers: dict[Path, array[Any]] = {}
        self._kinds = bytearray()
        self._shared: list[Uncertainty] = []
        self._is_weighted: bool | None = None
        self._objects: dict[int, LossResult] = {}

    def add(self, result: LossResult) -> None:
        """One more result."""
        if any(entry is not None for entry in (result.stderr, result.interval, result.uncertainty, result.n_eff)):
            self._objects[len(self._kinds)] = result
            if len(self._objects) > _TOGETHER and 2 * len(self._objects) > len(self._kinds):
                raise InvalidDocument("most are in no columns")
        cells: dict[Path, Sequence[Any]] = {path: (number,) for path, number in _numbers(result).items()}
        self._extend({**cells, **{("by", name): (label,) for name, label in result.by.items()}}, self._NONE, 1)

    def add_rows(self, shape: _Shape, rows: Sequence[tuple[bytes, ...]]) -> None:
        """Results of one shape."""
        cells, kind = shape.cells(rows), self._NONE
        if shape.uncertainty is not None:
            if self._is_weighted not in (None, shape.is_weighted) or len(self._shared) == self._NONE:
                raise InvalidDocument("results that are alike have other entries")
            if cells["uncertainty", "count"] != cells["count",]:
                raise InvalidDocument("its units are no rows")
            self._is_weighted = shape.is_weighted
            if shape.uncertainty not in self._shared:
                self._shared.append(shape.uncertainty)
            kind = self._shared.index(shape.uncertainty)
        self._extend(cells, kind, len(rows))

    def _extend(self, cells: Mapping[Path, Sequence[Any]], kind: int, count: int) -> None:
        for name, labels in self._by.items():
            labels.extend(cells["by", name])
        for path, numbers in cells.items():
            if path[0] != "by":
                column = self._numbers.setdefault(path, array("q" if path[-1] in _WHOLE else "d"))
                column.extend(numbers)
        self._kinds += bytes([kind]) * count

    def columns(self) -> SliceColumns:
        """All of them."""
        numbers, line = self._numbers, self.line
        terms = {name: TermColumns(*(numbers["terms", name, each] for each in ("mean", "sum", "count", "weight")))
                 for name in line.terms}  # fmt: skip
        shared = replace(line.shared, by=dict.fromkeys(line.by, ""),
                         terms=dict.fromkeys(line.terms, TermResult(0.0, 0.0, 0, 0.0)))  # fmt: skip
        parts = [numbers["parts", at, "value"] for at in range(len(line.shared.parts or ()))]
        found = SliceColumns(shared, self._by, numbers["value",], numbers["count",], numbers["weight",], terms,
                             numbers["without_part",], parts)  # fmt: skip
        if not self._shared and not self._objects:
            return found
        lone = [at for at, kind in enumerate(self._kinds) if kind == self._NONE]
        others = {at: self._objects[at] if at in self._objects else found[at] for at in lone}
        skewed = any(how.skewness is not None for how in self._shared)
        return found.with_intervals(IntervalColumns(
            numbers["stderr",], numbers["uncertainty", "df"], numbers["interval", 0], numbers["interval", 1],
            numbers["n_eff",] if self._is_weighted else None, numbers["uncertainty", "skewness"] if skewed else None,
            bytes(self._kinds).replace(bytes([self._NONE]), b"\0"), self._shared, others,
        ))  # fmt: skip
