"""Results whose JSON texts differ in some numbers and in the names of slices alone, as one regular expression.

The text between its groups is the same in all that match, so what it says is, too.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from losscli.baselines.json_file import InvalidDocument
from losscli.baselines.result_columns import Path, Shared, is_whole, numbers
from losscli.lazy import pattern
from losscli.results import LossResult

_TOKEN = pattern(rb'"(?:[^"\\]|\\.)*"|[-+0-9.eE]+|true|false|null|[{}\[\],:]')
_NUMBER = rb"-?(?:0|[1-9][0-9]{0,999})(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?"
"""As JSON has it. Of very many digits it is left to JSON, which refuses whole numbers that Python does not read."""

_TEXT = rb'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"'
_SCALAR = rb"(?:" + _NUMBER + rb"|" + _TEXT + rb"|null|true|false)"
_UNREAD = ("baseline", "between", "ranking", "skill")  # fields that `report_file` does not read of a result


class TextShape:
    """Results whose texts differ in some numbers and in the names of slices alone.

    Attributes
    ----------
    expression : re.Pattern
        What the text of such a result matches, with the beginning of the next one.
    shared : Shared
        What they share.
    uncertainty : Uncertainty or None
        How uncertain they are; its numbers differ.
    is_weighted : bool
        Whether they have effective sample sizes.
    """

    def __init__(self, expression: re.Pattern[bytes], paths: Sequence[Path], example: LossResult) -> None:
        self.expression, self.shared, how = expression, Shared.of(example), example.uncertainty
        self._paths, self._numbers = paths, numbers(example)
        skewness = None if how is None or how.skewness is None else 0.0
        self.uncertainty = None if how is None else replace(how, count=0, df=0.0, skewness=skewness)
        self.is_weighted = example.n_eff is not None

    @staticmethod
    def of(text: bytes, example: LossResult) -> TextShape | None:
        """The shape of the result of this text, to which the beginning of the next result belongs; None: unusual."""
        if not _is_usual(example):
            return None
        pieces, paths, end, known = list[bytes](), list[Path](), 0, numbers(example)
        for path, start, stop in _scalars(text):
            if path[0] in _UNREAD:
                group = _SCALAR
            elif path[0] == "by" and len(path) == 2:
                group = b"(" + _TEXT + b")"
            elif path in known and text[start:stop] != b"null":
                group = b"(0|[1-9][0-9]*)" if is_whole(path) else b"(" + _NUMBER + b")"
            else:
                continue
            pieces += [re.escape(text[end:start]), group]
            paths += [] if path[0] in _UNREAD else [path]
            end = stop
        return TextShape(re.compile(b"".join([*pieces, re.escape(text[end:])])), paths, example)

    def cells(self, rows: Sequence[tuple[bytes, ...]]) -> dict[Path, Sequence[Any]]:
        """The names of slices and the numbers of results: those that the text has, and those that all share.

        `rows` are the groups of the texts.
        """
        found: dict[Path, Sequence[Any]] = {path: [number] * len(rows) for path, number in self._numbers.items()}
        for path, texts in zip(self._paths, zip(*rows, strict=True), strict=True):
            if path[0] == "by":
                found[path] = json.loads(b"[" + b",".join(texts) + b"]")
            elif is_whole(path):
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


def _scalars(text: bytes) -> Iterator[tuple[Path, int, int]]:
    """The path of each scalar in the text of a JSON object, and where its text begins and ends."""
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
