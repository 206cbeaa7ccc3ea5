"""The exact reader of JSON lines, one by one, which names the value that is wrong."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from losscli.errors import Code, Location
from losscli.io.arrow.build import dictionary_strings, floats, lists, lists_of, string_lists, strings
from losscli.io.arrow.canonical import InexactNumberError, canonical_number, exact_float
from losscli.io.arrow.keyed import KeyedFields
from losscli.io.arrow.numbers import INEXACT, INEXACT_HINT, NOT_A_NUMBER, PLAIN
from losscli.io.arrow.types import SPELLED_NUMBERS
from losscli.io.formats.text_windows import Window
from losscli.io.nested.paths import NestedPath
from losscli.io.source import ReadAs
from losscli.lazy import dataclass

EXCERPT_LENGTH = 60
LINE_HINT = "write one {…} per line"
_PIECE = 1 << 18  # bytes that are compared at a time
_MOST_DIGITS = 309  # of a whole number that a float64 may hold


@dataclass(frozen=True)
class Wanted:
    """How a column is read, whether it holds lists, and the path to it where it is inside another.

    The numbers of a column whose first values are texts are spelled: "-1.25" in each row.
    """

    read_as: ReadAs | Literal["spelled number"]
    vector: bool = False
    path: NestedPath | None = None
    keyed: KeyedFields | None = None  # of lists of a label and a number each


class _Duplicate:
    """The value of a key that occurs twice in one object."""


def lines_of(window: Window) -> Iterator[tuple[int, bytes]]:
    """The lines of a window that are not blank, with their line numbers."""
    text = window.text.removeprefix(b"\xef\xbb\xbf") if window.offset == 0 else window.text
    for number, line in enumerate(text.split(b"\n"), window.line):
        if line.strip():
            yield number, line


def are_lines(window: Window, count: int) -> bool:
    """Whether the `count` records of a window, which are valid, stand on a line each.

    In JSON no `{` follows a `}`, so a line end between the two stands between two records.
    """
    codes = np.frombuffer(window.read, np.uint8, window.size)
    if window.size and codes[0] == ord("{") and occurrences(codes[:-1], b"\n") == count - 1:
        between = occurrences(codes, b"}\n{")
        if between == count - 1 or between + occurrences(codes, b"}\r\n{") == count - 1:
            return True
    lines = [line.strip() for _, line in lines_of(window)]  # where some are blank, or begin or end with spaces
    return len(lines) == count and all(line.startswith(b"{") and line.endswith(b"}") for line in lines)


def occurrences(codes: NDArray[np.uint8], text: bytes) -> int:
    """How often a short text occurs; what is compared is small enough for the caches."""
    found = 0
    for start in range(0, len(codes), _PIECE):
        piece = codes[start : start + _PIECE + len(text) - 1]
        starts = max(0, len(piece) - len(text) + 1)
        equal = piece[:starts] == text[0]
        for offset, code in enumerate(text[1:], 1):
            equal &= piece[offset : offset + starts] == code
        found += int(np.count_nonzero(equal))
    return found


def read_exactly(
    window: Window, projection: Mapping[str, Wanted], location: Location, lenient: bool = False
) -> list[pa.Array]:
    """The projected columns of a window."""
    columns: dict[str, list[Any]] = {name: [] for name in projection}
    bad: list[tuple[int, str, Any, _WrongValue]] = []
    row = -1
    for row, (_, line) in enumerate(lines_of(window)):
        record = _record(line, row, location)
        for name, wanted in projection.items():
            value = None
            try:
                value = record.get(name) if wanted.path is None else _inside(record, wanted.path)
                columns[name].append(None if value is None else _value(value, wanted))
            except _WrongValue as wrong:
                kept = _kept(value, wanted) if lenient and wanted.read_as != "text" and value is not None else None
                columns[name].append(kept)
                if kept is None:
                    bad.append((row, name, value, wrong))
    if bad:
        first, name, value, flaw = bad[0]
        if projection[name].read_as == "spelled number" and (word := _first_word(columns[name][:first])) is not None:
            # One text at the begin of a column of numbers is what is wrong, not the numbers.
            bad = [(word, name, columns[name][word], _WrongValue(f"'{_excerpt(columns[name][word])}' {NOT_A_NUMBER}"))]
            first, name, value, flaw = bad[0]
        more = f"; {len(bad) - 1} more such values by row {location.first_row + bad[-1][0]}" if len(bad) > 1 else ""
        raise location.error(first, name, f"{flaw}{more}", _excerpt(value), flaw.hint, code=flaw.code)
    return [_array(columns[name], wanted) for name, wanted in projection.items()]


def _first_word(texts: list[Any]) -> int | None:
    """The place of the first text that is no number; None if all are, and for lists."""
    return next((at for at, text in enumerate(texts) if isinstance(text, str) and text and PLAIN.number(text) is None),
                None)  # fmt: skip


def _inside(record: dict[str, Any], path: NestedPath) -> Any:
    """What a path leads to in a record; None where a step leads nowhere."""
    value = record.get(path.root)
    for step in path.steps:
        if value is None or isinstance(value, _Duplicate):
            return value
        if isinstance(step, str) and isinstance(value, dict):
            value = value.get(step)
        elif isinstance(step, int) and isinstance(value, list):
            value = value[step] if -len(value) <= step < len(value) else None
        else:
            what = "an object" if isinstance(step, str) else "a list"
            raise _WrongValue(f"'{_excerpt(value)}' is not {what}, as other records have there")
    return value


def _kept(value: Any, wanted: Wanted) -> Any:
    """A value that is no number, to be judged once it is known that its row is used; None: it is judged at once."""
    if wanted.keyed is not None:
        return None
    if not wanted.vector:
        return _NonNumber(value)
    return [None if item is None else _kept_element(item) for item in value] if isinstance(value, list) else None


def _kept_element(item: Any) -> Any:
    try:
        return _number(item)
    except _WrongValue:
        return _NonNumber(item)


class _WrongValue(Exception):
    """A value of another kind than its column, or a number that is not exact."""

    def __init__(self, message: str, code: Code = "DATA_BAD_CELL", hint: str | None = None) -> None:
        super().__init__(message)
        self.code, self.hint = code, hint


@dataclass(frozen=True)
class _NonNumber:
    """A value in a column of numbers that is not a number, kept as JSON: "3" in quotes does not become a number."""

    value: Any

    @property
    def text(self) -> str:
        if isinstance(self.value, _Overflow):
            return self.value.spelled
        return _dumped(_plain(self.value))[:EXCERPT_LENGTH]


def _plain(value: Any) -> Any:
    return "…" if isinstance(value, _Duplicate) else value


def _array(values: list[Any], wanted: Wanted) -> pa.Array:
    if wanted.keyed is not None:
        return _keyed_array(values, wanted.keyed)
    if wanted.read_as == "text":
        return string_lists(values) if wanted.vector else dictionary_strings(values)
    if wanted.read_as == "spelled number":
        return dictionary_strings([value.text if isinstance(value, _NonNumber) else value for value in values])
    if wanted.vector:
        if not any(isinstance(item, _NonNumber) for value in values for item in value or ()):
            return lists(values)
        spelled = string_lists([None if value is None else [_spelled(item) for item in value] for value in values])
        return pa.Array.from_buffers(SPELLED_NUMBERS, len(spelled), spelled.buffers()[:2], children=[spelled.values])
    if not any(isinstance(value, _NonNumber) for value in values):
        return floats(values)
    return dictionary_strings([_spelled(value) for value in values])


def _keyed_array(values: list[Any], fields: KeyedFields) -> pa.Array:
    flat = [item for value in values if value is not None for item in value]
    columns = strings([item[0] for item in flat]), floats([item[1] for item in flat])
    return lists_of(
        pa.StructArray.from_arrays(columns, names=list(fields)), [None if v is None else len(v) for v in values]
    )


def _spelled(value: Any) -> str | None:
    return None if value is None else value.text if isinstance(value, _NonNumber) else repr(value)


def _record(line: bytes, row: int, location: Location) -> dict[str, Any]:
    try:
        text = line.decode("utf-8", "surrogateescape")
        record = json.loads(text, object_pairs_hook=_pairs, parse_float=_float, parse_int=_int)
    except (ValueError, RecursionError) as error:
        reason, hint = line_finding(error)
        reason += f" at character {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        excerpt = line[:EXCERPT_LENGTH].decode(errors="replace")
        raise location.error(row, None, f"invalid JSON: {reason}", excerpt, hint, code="DATA_BAD_ROW") from None
    if not isinstance(record, dict):
        raise location.error(
            row,
            None,
            "a JSON line that is not an object",
            line[:EXCERPT_LENGTH].decode(errors="replace"),
            LINE_HINT,
            code="DATA_BAD_ROW",
        )
    return record


def line_finding(error: ValueError | RecursionError) -> tuple[str, str | None]:
    """What is wrong with a line that is no JSON, and what to do where it seems to hold less or more than a record."""
    if not isinstance(error, json.JSONDecodeError):
        return json_finding(error), None
    text, rest = error.doc.strip(), error.doc[error.pos :].lstrip(" \t\r,")
    if error.msg == "Extra data" and text.startswith("{") and rest.startswith("{"):
        return "two records on one line", LINE_HINT
    partial = error.msg == "Extra data" or not rest or not text.startswith("{") or not text.endswith("}")
    return json_finding(error), LINE_HINT if partial else None


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

    spelled: str


def _overflow(text: str) -> _Overflow:
    value = _Overflow(-math.inf if text.startswith("-") else math.inf)
    value.spelled = text
    return value


def _float(text: str) -> float:
    value = float(text)
    return _overflow(text) if math.isinf(value) else value


def _int(text: str) -> float:
    """An integer, whose zero may have a sign; one of hundreds of digits is too large for a float64."""
    if len(text) > _MOST_DIGITS:
        return _overflow(text)
    return -0.0 if text == "-0" else int(text)


def _value(value: Any, wanted: Wanted) -> Any:
    if isinstance(value, _Duplicate):
        raise _WrongValue("the key occurs twice in this record")
    element = _ELEMENTS[wanted.read_as]
    if not wanted.vector:
        return element(value)
    if not isinstance(value, list):
        raise _WrongValue(f"not a list{'' if wanted.read_as == 'text' else ' of numbers'}, as other records have")
    if wanted.keyed is not None:
        return [_keyed_element(item, wanted.keyed) for item in value]
    return [None if item is None else element(item) for item in value]


def _keyed_element(item: Any, fields: KeyedFields) -> tuple[str | None, float | None]:
    if not isinstance(item, dict):
        raise _WrongValue(f"'{_excerpt(item)}' is not an object with '{fields.label}' and '{fields.number}'")
    label, number = item.get(fields.label), item.get(fields.number)
    if isinstance(label, _Duplicate) or isinstance(number, _Duplicate):
        raise _WrongValue("a key occurs twice in an element")
    return None if label is None else _text(label), None if number is None else _number(number)


def _number(value: Any) -> float:
    if not isinstance(value, (int, float)):
        raise _WrongValue(f"'{_excerpt(value)}' {NOT_A_NUMBER}")
    try:
        if not isinstance(value, _Overflow):
            return value if isinstance(value, float) else exact_float(value)
    except InexactNumberError:
        raise _WrongValue(f"'{value}' {INEXACT}", hint=INEXACT_HINT) from None
    except OverflowError:
        pass
    raise _WrongValue(f"'{_excerpt(value)}' is too large for a float64", "DATA_INFINITE")


def _text(value: Any) -> str:
    if isinstance(value, (list, dict)):
        raise _WrongValue(f"{'a list' if isinstance(value, list) else 'an object'} is not text")
    text = text_of(value)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise _WrongValue("the text is not UTF-8") from None
    return text


def _spelled_number(value: Any) -> str:
    """The text of a number, to be read once it is known that its row is used."""
    if not isinstance(value, str):
        raise _WrongValue(f"'{_excerpt(value)}' is not text, as the values of other records are")
    return _text(value)


_ELEMENTS = {"text": _text, "number": _number, "spelled number": _spelled_number}


def text_of(value: Any) -> str:
    """A JSON value as a label: 1.0 and 1 are the same, true is true."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, _Overflow):
        return value.spelled
    return canonical_number(value) if isinstance(value, float) else str(value)


def _excerpt(value: Any) -> str:
    text = value if isinstance(value, str) else "…" if isinstance(value, _Duplicate) else _dumped(value)
    text = value.spelled if isinstance(value, _Overflow) else text
    text = text.encode(errors="replace").decode()
    return text if len(text) <= EXCERPT_LENGTH else text[:EXCERPT_LENGTH] + "…"
