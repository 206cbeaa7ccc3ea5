"""The keys of JSON lines, and their types, are those of the first records, which are parsed in one call."""

from __future__ import annotations

import io
import json

import pyarrow as pa
import pytest

from losscli.errors import DataError
from losscli.io.files.streams import Stream
from losscli.io.formats.jsonl import read_keys


def keys(text: str | bytes) -> dict[str, pa.DataType]:
    return read_keys(Stream(io.BytesIO(text.encode() if isinstance(text, str) else text), "a.jsonl"))


def test_the_first_records_are_parsed_in_one_call(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    loads = json.loads
    monkeypatch.setattr(json, "loads", lambda text: loads(calls.append(text) or text))
    assert keys('{"y": 1, "p": 0.5}\n' * 200) == {"y": pa.int64(), "p": pa.float64()}
    assert len(calls) == 1


@pytest.mark.parametrize("end", ["\n", "\r\n", "\n\n", " \n"])
def test_types_are_those_of_the_first_values(end: str) -> None:
    records = [
        {"a": None},
        {"a": 1, "b": None},
        {"b": "x", "a": "later"},
        {"c": None},
        {"b": 2, "d": [1, 2]},
        {"d": [0.5]},
    ]
    found = keys("".join(json.dumps(record) + end for record in records))
    assert found == {"a": pa.int64(), "b": pa.string(), "c": pa.null(), "d": found["d"]}
    assert found["d"] == keys("".join(json.dumps({"d": values}) + "\n" for values in ([1, 2], [0.5])))["d"]


@pytest.mark.parametrize(("bad", "message"), [
    ('{"a": 1}, {"a": 2}', "Extra data"),  # two records in a line
    ('{"a": 1', "Expecting ',' delimiter"),
    ('{"a": [{}\n{}]}', "Expecting ',' delimiter"),  # one in two lines
    ('{"a": [{}\n{}]}\n{"a": 1}, {"a": 2}', "Expecting ',' delimiter"),  # as many records as lines
    ('{"a": [{}\n{}]}\n{"a": 1}, "\\u0000", {"a": 2}', "Expecting ',' delimiter"),
    ('{"a": 1}, {"a": 2}, {"a": 3}', "Extra data"),
    ("[1]", "not an object"),
    ("1", "not an object"),
    ("{" * 3, "Expecting property name"),
])  # fmt: skip
def test_a_line_that_is_no_record_is_named(bad: str, message: str) -> None:
    with pytest.raises(DataError, match=message) as raised:
        keys('{"a": 1}\n' * 3 + "\n" + bad + "\n")
    assert raised.value.line == 5


def test_a_text_that_is_no_utf_8_is_left_to_the_reader() -> None:
    assert keys(b'{"a": "\xff"}\n{"b": 1}\n') == {"a": pa.string(), "b": pa.int64()}


def test_any_text_may_be_a_value() -> None:
    assert keys('{"a": "\\u0000"}\n{"b": ",\\"\\u0000\\","}\n' * 9) == {"a": pa.string(), "b": pa.string()}
