"""Results of very many slices in a saved report -> columns, without an object for each.

Reports write the results of slices alike: their texts differ in the names of slices and in numbers. So the text of one,
which JSON reads, becomes a regular expression with a group for each of these, and those that match it are read by it.
All others are read as JSON. Where anything is unusual, nothing is read here, and the whole document is read as JSON,
which tells what is wrong.
"""

from __future__ import annotations

import codecs
import json
import os
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any, NamedTuple

from losscli.baselines.json_file import InvalidDocument, strict_decoder
from losscli.baselines.result_columns import GrowingColumns, Shared
from losscli.baselines.result_texts import TextShape
from losscli.lazy import pattern
from losscli.results import LossResult
from losscli.results.columns import ResultTable

LEAST = 1 << 20  # bytes of a report that is worth it
ALIKE = 64  # results of one loss and model that are read as JSON before an expression is made, which takes as long
_FEWEST = 20  # results in each part, on average; where there are fewer, columns take longer than objects
_FIRST_PARTS = 32  # parts that are read before it is judged whether they have so many results
_TOGETHER = 1000  # results whose texts are held at a time
_SHAPES = 32  # expressions that are kept: results that need more at a time are no columns
_FRUITLESS = 8  # expressions one after the other that match nothing, before the report is left to JSON

_RESULTS = pattern(rb'"results"[ \t\n\r]*:[ \t\n\r]*\[[ \t\n\r]*')
_NEXT = pattern(rb"[ \t\n\r]*(,[ \t\n\r]*|\])")


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


class _Alike(NamedTuple):
    """Results of one shape, one after the other: the groups of their texts."""

    shape: TextShape
    rows: Sequence[tuple[bytes, ...]]


class _Reader:
    """Reads the results of a list from its first one on."""

    def __init__(self, content: bytes, start: int, result_of: Callable[[Any, str], LossResult]) -> None:
        self.content, self.position, self.result_of = content, start, result_of
        self.count = self.end = 0
        self._decoder = strict_decoder()
        self._shapes: list[TextShape] = []  # the last used first
        self._alike = Counter[tuple[object, ...]]()
        self._fruitless = 0

    def parts(self) -> list[Sequence[LossResult]]:
        """The results in their order, those of many slices in columns."""
        found: list[Sequence[LossResult]] = []
        slices: GrowingColumns | None = None
        while not self.end:
            some = self._matched() or self._decoded()
            shared = Shared.of(some) if isinstance(some, LossResult) else some.shape.shared
            if slices is not None and slices.shared != shared:
                found.append(slices.columns())
                slices = None
            if isinstance(some, LossResult) and not some.by:
                found.append((some,))
            else:
                slices = GrowingColumns(shared) if slices is None else slices
                self._add(slices, some)
            self.count += 1 if isinstance(some, LossResult) else len(some.rows)
            self._check(len(found), _FIRST_PARTS)
        found += [] if slices is None else [slices.columns()]
        self._check(len(found))
        return found

    def _check(self, parts: int, least: int = 0) -> None:
        """Refuse parts that are small, if there are enough of them to tell."""
        if parts >= least and parts * _FEWEST > self.count:
            raise InvalidDocument("most parts have few results")

    @staticmethod
    def _add(slices: GrowingColumns, some: _Alike | LossResult) -> None:
        if isinstance(some, LossResult):
            slices.add(some)
        else:
            shape, rows = some
            slices.add_cells(shape.cells(rows), len(rows), shape.uncertainty, shape.is_weighted)

    def _matched(self) -> _Alike | None:
        """The next results that have one of the shapes; None where the next one has another."""
        for at, shape in enumerate(self._shapes):
            matches = iter(shape.expression.scanner(self.content, self.position).match, None)  # type: ignore[attr-defined]
            rows = []
            for match in islice(matches, _TOGETHER):
                rows.append(match.groups())
            if rows:
                self.position, self._fruitless = match.end(), 0
                self._shapes.insert(0, self._shapes.pop(at))
                return _Alike(shape, rows)
        return None

    def _decoded(self) -> LossResult:
        """The next result, read as JSON."""
        start, window = self.position, 4096
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
        self.position = after.end()
        if after[1] == b"]":
            self.end = after.start(1)
        result = self.result_of(found, f"results[{self.count}]")
        alike = result.model, result.spec, *result.by
        self._alike[alike] += 1
        if result.by and not self.end and not self._alike[alike] % ALIKE:
            self._note(TextShape.of(self.content[start : self.position], result))
        return result

    def _note(self, shape: TextShape | None) -> None:
        """Keep one more shape. An error, if none for long matched anything: each takes its time to make and to try."""
        self._fruitless += 1
        if self._fruitless > _FRUITLESS:
            raise InvalidDocument("results are not alike")
        self._shapes = [*([] if shape is None else [shape]), *self._shapes[: _SHAPES - 1]]
