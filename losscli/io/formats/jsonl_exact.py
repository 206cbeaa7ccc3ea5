"""The exact reader of JSON lines, one by one, which names the value that is wrong."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from losscli.errors import Location
from losscli.io.arrow.build import dictionary_strings, floats, lists, string_lists
from losscli.io.arrow.canonical import canonical_number
from losscli.io.formats.text_windows import Window
from losscli.io.source import ReadAs

EXCERPT_LENGTH = 60


class _Duplicate:
    """The value of a key that occurs twice in one object."""


def lines_of(window: Window) -> Iterator[tuple[int, bytes]]:
    """The lines of a window that are not blank, with their line numbers."""
    text = window.text.removeprefix(b"\xef\xbb\xbf") if window.offset == 0 else window.text
    for number, line in enumerate(text.split(b"\n"), window.line):
        if line.strip():
            yield number, line


def read_exactly(
    window: Window, projection: Mapping[str, ReadAs], vectors: set[str], location: Location, lenient: bool = False
) -> list[pa.Array]:
    """The projected columns of a window; `vectors` names those of lists."""
    columns: dict[str, list[Any]] = {name: [] for name in projection}
    bad: list[tuple[int, str, Any, str]] = []
    row = -1
    for row, (_, line) in enumerate(lines_of(window)):
        record = _record(line, row, location)
        for name, read_as in projection.items():
            value = record.get(name)
            try:
                columns[name].append(None if value is None else _value(value, read_as, name in vectors))
            except _WrongValue as wrong:
                non_number = lenient and read_as == "number" and name not in vectors
                columns[name].append(_NonNumber(value) if non_number else None)
                if not non_number:
                    bad.append((row, name, value, str(wrong)))
    if bad:
        first, name, value, reason = bad[0]
        more = f"; {len(bad) - 1} more such values by row {location.first_row + bad[-1][0]}" if len(bad) > 1 else ""
        raise location.error(first, name, reason + more, _excerpt(value), code="DATA_BAD_CELL")
    return [_array(columns[name], read_as, name in vectors) for name, read_as in projection.items()]


class _WrongValue(Exception):
    """A value of another kind than its column."""


@dataclass(frozen=True)
class _NonNumber:
    """A value in a column of numbers that is not a number, kept as JSON: "3" in quotes does not become a number."""

    value: Any

    @property
    def text(self) -> str:
        large = isinstance(self.value, _Overflow) or (isinstance(self.value, int) and not isinstance(self.value, bool))
        return "a number too large for a float64" if large else _dumped(_plain(self.value))[:EXCERPT_LENGTH]


def _plain(value: Any) -> Any:
    return "…" if isinstance(value, _Duplicate) else value


def _array(values: list[Any], read_as: ReadAs, vector: bool) -> pa.Array:
    if read_as == "text":
        return string_lists(values) if vector else dictionary_strings(values)
    if vector:
        return lists(values)
    if not any(isinstance(value, _NonNumber) for value in values):
        return floats(values)
    return dictionary_strings([None if v is None else v.text if isinstance(v, _NonNumber) else repr(v) for v in values])


def _record(line: bytes, row: int, location: Location) -> dict[str, Any]:
    try:
        record = json.loads(line.decode("utf-8", "surrogateescape"), object_pairs_hook=_pairs, parse_float=_float)
    except (ValueError, RecursionError) as error:
        reason = json_finding(error)
        reason += f" at character {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        raise location.error(
            row, None, f"invalid JSON: {reason}", line[:EXCERPT_LENGTH].decode(errors="replace"), code="DATA_BAD_ROW"
        ) from None
    if not isinstance(record, dict):
        raise location.error(
            row,
            None,
            "a JSON line that is not an object",
            line[:EXCERPT_LENGTH].decode(errors="replace"),
            code="DATA_BAD_ROW",
        )
    return record


def json_finding(error: ValueError | RecursionError) -> str:
    """What is wrong with a text that is no JSON, or with JSON that Python does not read."""
    return "nested too deeply" if isinstance(error, RecursionError) else str(getattr(error, "msg", error))


def _dumped(value: Any) -> str:
    try:
        return json.dumps(value, default=str)
    except RecursionError:  # what was just readable may be too deep to be written
        return "…"


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record: dict[str, Any] = {}
    for name, value in pairs:
        record[name] = _Duplicate() if name in record else value
    return record


class _Overflow(float):
    """An infinity that was written with digits, so a number too large for a float64."""


def _float(text: str) -> float:
    value = float(text)
    return _Overflow(value) if math.isinf(value) else value


def _value(value: Any, read_as: ReadAs, vector: bool) -> Any:
    if isinstance(value, _Duplicate):
        raise _WrongValue("the key occurs twice in this record")
    element = _text if read_as == "text" else _number
    if not vector:
        return element(value)
    if not isinstance(value, list):
        raise _WrongValue(f"not a list{'' if read_as == 'text' else ' of numbers'}, as other records have")
    return [None if item is None else element(item) for item in value]


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _WrongValue(f"'{_excerpt(value)}' is not a number")
    try:
        if not isinstance(value, _Overflow):
            return float(value)
    except OverflowError:
        pass
    raise _WrongValue("the number is too large for a float64")


def _text(value: Any) -> str:
    if isinstance(value, (list, dict)):
        raise _WrongValue(f"{'a list' if isinstance(value, list) else 'an object'} is not text")
    text = text_of(value)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise _WrongValue("the text is not UTF-8") from None
    return text


def text_of(value: Any) -> str:
    """A JSON value as a label: 1.0 and 1 are the same, true is true."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return canonical_number(value) if isinstance(value, float) else str(value)


def _excerpt(value: Any) -> str:
    text = value if isinstance(value, str) else "…" if isinstance(value, _Duplicate) else _dumped(value)
    text = text.encode(errors="replace").decode()
    return text if len(text) <= EXCERPT_LENGTH else text[:EXCERPT_LENGTH] + "…"
