"""Runs of blanks as one delimiter: every way to read finds the same cells, lines and errors."""

from __future__ import annotations

import gzip
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import losscli
from losscli.cli.entry import run
from losscli.errors import DataError, UsageError
from losscli.io.files.open import open_source
from losscli.io.formats import text_windows
from losscli.io.source import ReadAs, ReadOptions


def read(path: Path, projection: Mapping[str, ReadAs], remote: bool = False, **options: Any) -> list[list[Any]]:
    (fragment,) = open_source([str(path)], ReadOptions(delimiter="blanks", **options)).fragments
    splits = fragment.remote_splits(projection) if remote else fragment.splits(projection)
    found, row = [], 1
    for split in splits:
        for batch in split.batches(row):
            row += batch.data.num_rows
            found += [list(values.values()) for values in batch.data.to_pylist()]
    return found


@pytest.fixture(params=[1, 7, 1 << 23], ids=["single bytes", "tiny windows", "whole"])
def window(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_windows, "WINDOW", request.param)


@pytest.mark.parametrize(
    ("content", "options"),
    [
        ("y  p\n1    2\n2  3\n", {}),
        ("y p\n1 2\n2 3", {}),
        ("  y\tp  \n\t1 \t 2\t\n2  3  ", {}),
        ("\ufeff  y  p\r\n\r\n  1  2\r  \r2  3\r\n", {}),
        ('y "p"\n"1"   2\n2  "3"\n', {}),
        ("# it's \"odd\n  # more\ny  p\n1  2\n#\n2  3\n#", {"comment": "#"}),
        ('# "\ny  "p"\n1  2\n  # "x\n2  3\n# "', {"comment": "#"}),
        ('title  "\n\ny  p\n1  2\n2  3\n', {"skip_lines": 2}),
        ("y  p\n1,0  2,0\n2  3\n", {"decimal": ","}),
    ],
)
def test_blanks(tmp_path: Path, window: None, content: str, options: dict[str, Any]) -> None:
    (tmp_path / "a.txt").write_bytes(content.encode())
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(content.encode()))
    for name in ("a.txt", "a.txt.gz"):
        for remote in (False, True):
            assert read(tmp_path / name, {"y": "number", "p": "number"}, remote, **options) == [[1, 2], [2, 3]]


def test_quoted_blanks_are_text(tmp_path: Path, window: None) -> None:
    (tmp_path / "a.txt").write_text('k  v\n"New  York"   "a\n\t b"\n""  say"so\n"it""s  "  x\n')
    expected = [["New  York", "a\n\t b"], ["", 'say"so'], ['it"s  ', "x"]]
    found = read(tmp_path / "a.txt", {"k": "text", "v": "text"})
    assert [[k or "", v] for k, v in found] == expected
    (tmp_path / "a.txt").write_text('k  v\n"a  b"\n')
    assert read(tmp_path / "a.txt", {"k": "text", "v": "text"}, quote=None) == [['"a', 'b"']]


CELL = st.text(alphabet='ab1#"', min_size=1, max_size=4)
QUOTED = st.text(alphabet='ab1#" \t\n\r', max_size=5)
BLANK = st.sampled_from([" ", "  ", "\t", " \t ", "\t\t"])
EDGE = st.sampled_from(["", "", " ", "\t", "  \t"])
END = st.sampled_from(["\n", "\r\n", "\r", "\n\n", "\n \t\n"])


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(CELL, QUOTED, EDGE, BLANK, EDGE, END), min_size=1, max_size=6),
    size=st.sampled_from([1, 2, 5, 16, 1 << 20]),
    last=st.booleans(),
    comments=st.booleans(),
)
def test_what_was_written_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: list[Any], size: int, last: bool, comments: bool
) -> None:
    text, expected = "k \t v\n", []
    for cell, quoted, before, blank, after, end in rows:
        cell = "x" + cell
        doubled = quoted.replace('"', '""')
        note = '%  "note\n' if comments and random.Random(size).random() < 0.5 else ""
        text += f'{note}{before}{cell}{blank}"{doubled}"{after}{end}'
        expected.append([cell, quoted])
    monkeypatch.setattr(text_windows, "WINDOW", size)
    (tmp_path / "a.txt").write_bytes((text if last else text.rstrip("\r\n \t")).encode())
    found = read(tmp_path / "a.txt", {"k": "text", "v": "text"}, comment="%" if comments else None)
    assert [[k, v or ""] for k, v in found] == expected


@pytest.mark.parametrize(
    ("content", "options", "message", "line"),
    [
        ("y  p\n\n 1  2\n2  x\n", {}, "'x' is not a number", 4),
        ('y  p\n"1"  2\n\n2  "x"\n', {}, "'x' is not a number", 4),
        ("a\n#\ny  p\n#\n1  2\n#\n2  x\n", {"comment": "#", "skip_lines": 1}, "'x' is not a number", 7),
        ("y  p\n1  2\n2  3  400\n", {}, "the row has 3 cells, the header 2", 3),
        ('y  p\n1  2\n2  "3\n4  5\n', {}, "a quote opened on line 3 is never closed", 3),
        ('y  p\n1  2\n2  "3"4\n', {}, "text follows the closing quote", 3),
    ],
)
def test_errors_name_the_line(
    tmp_path: Path, window: None, content: str, options: dict[str, Any], message: str, line: int
) -> None:
    (tmp_path / "a.txt").write_text(content)
    with pytest.raises(DataError) as caught:
        read(tmp_path / "a.txt", {"y": "number", "p": "number"}, **options)
    assert message in caught.value.message
    assert caught.value.line == line


@pytest.mark.parametrize("content", ["y  p\n1  2\n", "  y p\n1 2\n", "y p \n1 2 \n", "y p\n1  2\n"])
def test_the_hint(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.txt").write_text(content)
    with pytest.raises(DataError) as caught:
        open_source([str(tmp_path / "a.txt")])
    assert caught.value.hint == "use --delimiter blanks"
    (tmp_path / "a.txt").write_text("y  p\n1    2\n")
    with pytest.raises(DataError) as caught:
        losscli.evaluate(
            str(tmp_path / "a.txt"), losses="mae", target="y", pred="p", options=ReadOptions(delimiter=" ")
        )
    assert caught.value.hint == "for runs of blanks use --delimiter blanks"
    with pytest.raises(UsageError, match="blanks"):
        open_source([str(tmp_path / "a.txt")], ReadOptions(delimiter="blank"))


def test_every_door_and_shards(tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(text_windows, "WINDOW", 1 << 10)
    rows = [f" {n}   {n + n % 3}\t\n" for n in range(999)]
    Path("a.txt").write_text("Scores\n  y   p\n" + "".join(rows))
    asked = ["a.txt", "-t", "y", "-p", "p", "-l", "mae", "--delimiter", "blanks", "--skip-lines", "1"]
    for threads in ("1", "3"):
        assert run(["eval", *asked, "-q", "--threads", threads]) == 0
        assert capsys.readouterr().out == "1.0\n"
    for shard in (1, 2, 3):
        assert run(["eval", *asked, "--shard", f"{shard}/3", "--state-out", f"{shard}.json"]) == 0
    capsys.readouterr()
    assert run(["merge", "1.json", "2.json", "3.json", "-q"]) == 0
    assert capsys.readouterr().out == "1.0\n"
    suite = '[suites.a]\nsources="a.txt"\nloss="mae"\ntarget="y"\npred="p"\ndelimiter="blanks"\nskip-lines=1\n'
    Path("losscli.toml").write_text(suite)
    assert run(["check", "-q"]) == 0
    assert "1.0" in capsys.readouterr().out
    Path("losscli.toml").unlink()
    monkeypatch.setenv("LOSSCLI_SKIP_LINES", "1")
    assert run(["eval", *asked[:-2], "-q"]) == 0
    assert capsys.readouterr().out == "1.0\n"


@pytest.mark.parametrize(
    ("how", "arguments", "hint"),
    [
        ({"header": "y p"}, "-t y -p p", "use --delimiter ' ' --comment '#' --no-header"),
        ({"header": "y p"}, "-t y -p p --delimiter blanks", "for comment lines use --comment '#' --no-header"),
        ({"header": "y,p", "delimiter": ","}, "-t y -p p", "use --comment '#', and --no-header where no names follow"),
    ],
)
def test_what_numpy_savetxt_writes_is_read_as_the_hint_says(tmp_path, capfd, how, arguments, hint):
    path = str(tmp_path / "a.txt")
    np.savetxt(path, [[1, 1.5], [2, 4]], **how)
    assert run(["eval", path, *arguments.split(), "-l", "mae"]) in (2, 3)
    assert hint in capfd.readouterr().err
    said = ["--comment", "#", "--no-header", "--delimiter", how.get("delimiter", " ")]
    assert run(["eval", path, "-t", "1", "-p", "2", "-l", "mae", "-q", *said]) == 0
    assert capfd.readouterr().out == "1.25\n"
