"""The keys of JSON lines, and their types, are those of the first records, which are parsed in one call."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pyarrow as pa
import pytest

from losscli.errors import DataError
from losscli.io.files.open import open_source
from losscli.io.files.streams import Stream
from losscli.io.formats.jsonl import PROBED, read_keys


def keys(text: str | bytes) -> dict[str, pa.DataType]:
    return read_keys(Stream(io.BytesIO(text.encode() if isinstance(text, str) else text), "a.jsonl"))


def read(text: str, folder: Path) -> None:
    """Read all lines, where this text stands behind those of which the keys are."""
    (folder / "a.jsonl").write_text('{"a": 1}\n' * PROBED + text + "\n", newline="")
    (fragment,) = open_source([str(folder / "a.jsonl")]).fragments
    list(fragment.batches({"a": "number"}))


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
    ('{"a": 1}, {"a": 2}', "two records on one line"),
    ('{"a": 1}{"a": 2}', "two records on one line"),
    ('{"a": {"b": 1}}\r{"a": 2}', "two records on one line"),
    ('{"a": 1} 2', "Extra data"),
    ('"a": 1}', "Extra data"),
    ('{"a": 1', "Expecting ',' delimiter"),
    ('{"a": [{}\n{}]}', "Expecting ',' delimiter"),  # one in two lines
    ('{"a": [{}\n{}]}\n{"a": 1}, {"a": 2}', "Expecting ',' delimiter"),  # as many records as lines
    ('{"a": [{}\n{}]}\n{"a": 1}, "\\u0000", {"a": 2}', "Expecting ',' delimiter"),
    ('{"a": 1}, {"a": 2}, {"a": 3}', "two records on one line"),
    ('{"a":', "Expecting value"),
    ('{"a', "Unterminated string"),
    ("[1]", "not an object"),
    ("1", "not an object"),
    ("{" * 3, "Expecting property name"),
])  # fmt: skip
def test_a_line_that_is_no_record_is_named(bad: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=message) as raised:
        keys('{"a": 1}\n' * 3 + "\n" + bad + "\n")
    assert (raised.value.line, raised.value.hint) == (5, "write one {…} per line")
    with pytest.raises(DataError, match=message) as raised:  # of the reader of all lines
        read(bad, tmp_path)
    assert (raised.value.line, raised.value.hint) == (PROBED + 1, "write one {…} per line")


@pytest.mark.parametrize("bad", ['{"a": nan}', '{"a": 1,}', '{"a": .5}', '{"a": ' + "[" * 100_000 + "}"])
def test_a_wrong_value_is_not_a_matter_of_lines(bad: str, tmp_path: Path) -> None:
    for of in (keys, lambda text: read(text, tmp_path)):
        with pytest.raises(DataError, match="invalid JSON") as raised:
            of(bad)
        assert raised.value.hint is None


def test_a_text_that_is_no_utf_8_is_left_to_the_reader() -> None:
    assert keys(b'{"a": "\xff"}\n{"b": 1}\n') == {"a": pa.string(), "b": pa.int64()}


def test_any_text_may_be_a_value() -> None:
    assert keys('{"a": "\\u0000"}\n{"b": ",\\"\\u0000\\","}\n' * 9) == {"a": pa.string(), "b": pa.string()}
