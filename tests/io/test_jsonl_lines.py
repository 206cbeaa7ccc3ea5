"""Each record of JSON lines stands on a line of its own, also beyond the first records, of which the keys are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from losscli.errors import DataError
from losscli.io.files.open import open_source
from losscli.io.formats import jsonl_exact
from losscli.io.formats.jsonl import PROBED
from losscli.io.formats.text_windows import Window
from losscli.io.source import ReadOptions

FIRST = '{"x": 0}\n' * PROBED


def numbers(path: Path, text: str) -> list[float]:
    path.write_text(text, newline="")
    (fragment,) = open_source([str(path)], ReadOptions()).fragments
    splits = list(fragment.splits({"x": "number"}))
    return [number for split in splits for batch in split.batches(1) for number in batch.data.column(0).to_pylist()]


@pytest.mark.parametrize(("bad", "line"), [
    ('{"x": 1}{"x": 2}\n', 1),
    ('{"x": 1} {"x": 2}\n', 1),
    ('{"x": 1}\r{"x": 2}\n', 1),
    ('{"x": 1}{"x": 2}\n\n', 1),  # as many records as line ends
    ('{"x":\n1}\n', 1),
    ('{"x": 1}\n{"x": 1}{"x":\n1}\n', 2),  # as many as lines
    ('{"x": 1}{"y":\n{"x": 1}}\n', 1),  # that begin a record
    ('{"x": 1}{"x": 2}', 1),
    ('\ufeff{"x": 1}\n', 1),
])  # fmt: skip
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_line_that_is_not_one_record_is_an_error_anywhere(bad: str, line: int, end: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="invalid JSON") as raised:
        numbers(tmp_path / "a.jsonl", (FIRST + bad).replace("\n", end))
    assert raised.value.line == PROBED + line


@pytest.mark.parametrize("rest", [
    '{"x": 1}\n{"x": 2}\n',
    '{"x": 1}\n{"x": 2}',
    '\n{"x": 1}\n \n\n{"x": 2}\n\n',
    ' {"x": 1} \n\t{"x": 2, "y": "}{"}\n ',
    '{"y": {"z": {}}, "x": 1}\n{"x": 2}\r',
])  # fmt: skip
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_lines_may_be_blank_and_have_spaces(rest: str, end: str, mark: str, tmp_path: Path) -> None:
    found = numbers(tmp_path / "a.jsonl", mark + (FIRST + rest).replace("\n", end))
    assert found == [0.0] * PROBED + [1.0, 2.0]


@pytest.mark.parametrize("text", [b"\n", b"}\n{", b"}\r\n{"])
@pytest.mark.parametrize("piece", [1, 2, 3, 7, 1000])
def test_what_stands_in_two_pieces_is_counted_once(text: bytes, piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonl_exact, "_PIECE", piece)
    whole = b'{"x": 1}\n{"x": 2}\r\n{}\n\n{}\r\n{}\n}\n{}\r'
    for size in range(len(whole) + 1):
        found = jsonl_exact.occurrences(np.frombuffer(whole[:size], np.uint8), text)
        assert found == whole[:size].count(text)


@pytest.mark.parametrize("ends", [["\n"], ["\r\n"], ["\n", "\r\n"]])
@pytest.mark.parametrize("last", [True, False])
def test_usual_lines_are_not_looked_at_one_by_one(ends: list[str], last: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonl_exact, "lines_of", None)
    text = "".join(f'{{"x": {number}}}{ends[number % len(ends)]}' for number in range(50)).encode()
    text = text if last else text.rstrip()
    assert jsonl_exact.are_lines(Window(text, len(text), 0, 1, last=True), 50)
