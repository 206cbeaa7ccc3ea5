"""The header of R's write.table, which has no name for the row names: when it is seen, and when not."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

import losscli
from losscli.cli.entry import run
from losscli.errors import DataError
from losscli.io.files.open import open_source
from losscli.io.formats import text_windows
from losscli.io.source import ReadOptions

SEEN = [
    ('"y" "p"\n"1" 1.5 2.5\n"2" 2 3\n', " "),
    ('"y" "p"\n"17" 1.5 2.5\n"3" 2 3\n', " "),
    ('"y" "p"\n"7" 1.5 2.5\n', " "),
    ('"y" "p"\r\n"Mazda RX4" 1.5 2.5\r\n"Datsun 710" 2 3\r\n', " "),
    ("y p\nMazda 1.5 2.5\nDatsun 2 3\n", " "),
    ("y\tp\n1\t1.5\t2.5\n2\t2\t3\n", "tab"),
    ("y;p\n1;1.5;2.5\n2;2;3\n", ";"),
    ('"y","p"\n"1",1.5,2.5\n"2",2,3\n', ","),
    ("y,p\na,1.5,2.5\nb,2,3", ","),
    ("  y    p\nr1 1.5  2.5\nr2  2  3\n", "blanks"),
]


@pytest.fixture(params=[1, 20, 1 << 23], ids=["single bytes", "small windows", "whole"])
def window(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_windows, "WINDOW", request.param)


@pytest.mark.parametrize(("content", "delimiter"), SEEN)
def test_row_names_are_seen(tmp_path: Path, window: None, content: str, delimiter: str) -> None:
    (tmp_path / "a.txt").write_bytes(content.encode())
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(content.encode()))
    for name in ("a.txt", "a.txt.gz"):
        source = open_source([str(tmp_path / name)], ReadOptions(delimiter=delimiter))
        assert source.columns == ("y", "p")
        assert "one name fewer" in source.notes[0]
        rows = [row for batch in source.fragments[0].batches({"y": "number", "p": "number", "": "text"})
                for row in batch.data.to_pylist()]  # fmt: skip
        assert all(row["p"] == row["y"] + 1 for row in rows) and len({row[""] for row in rows}) == len(rows)


@pytest.mark.parametrize(
    ("content", "delimiter"),
    [
        ("y,p\n1,2,5\n2,3,5\n", ","),  # decimal commas
        ("y p\n1 2 5\n1 3 5\n", " "),
        ("y p\n1 2 5\n3 3 5\n", " "),
        ("y p\n1 2 5\n", " "),
        ("y,p\n1,2,\n2,3,\n", ","),
        ("y,p\na,2,x\nb,3,x\n", ","),
        ("y,p\na,2,3\na,3,4\n", ","),
        ("y,p\na,2,3\nb,3\n", ","),
        ('"y","p"\n"1","2","3"\n"2","3","4"\n', ","),
    ],
)
def test_what_is_no_row_name(tmp_path: Path, content: str, delimiter: str) -> None:
    (tmp_path / "a.txt").write_text(content)
    with pytest.raises(DataError, match="the row has 3 cells, the header 2"):
        losscli.evaluate(str(tmp_path / "a.txt"), "mae", target="y", pred="p", options=ReadOptions(delimiter=delimiter))


def test_later_rows_must_fit(tmp_path: Path, window: None) -> None:
    path = tmp_path / "a.txt"
    path.write_text("y p\n" + "".join(f"r{n} {n} {n}\n" for n in range(300)) + "r300 5\n")
    with pytest.raises(DataError, match="the row has 2 cells, the header 3") as caught:
        losscli.evaluate(str(path), "mae", target="y", pred="p", options=ReadOptions(delimiter=" "))
    assert (caught.value.row, caught.value.line) == (301, 302)


@pytest.mark.parametrize(
    ("content", "hint"),
    [
        ('"y" "p"\n"1" 1.5 2.5\n', "use --delimiter ' '"),
        ('"y";"p"\n1;2\n', "use --delimiter ';'"),
        ('"y";"p"\n"1,5";2\n', "use --delimiter ';' --decimal ','"),
        ('"y"\t"p"\n1\t2\n', "use --delimiter '\\t'"),
    ],
)
def test_hints(tmp_path: Path, content: str, hint: str) -> None:
    (tmp_path / "a.csv").write_text(content)
    with pytest.raises(DataError) as caught:
        open_source([str(tmp_path / "a.csv")])
    assert caught.value.hint == hint


def test_every_door_and_shards(tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(text_windows, "WINDOW", 1 << 10)
    Path("a.txt").write_text('"y" "p"\n' + "".join(f'"{n}" {n} {n + n % 3}\n' for n in range(5, 1004)))
    Path("t.csv").write_text("id,t\n" + "".join(f"{n},{n}\n" for n in range(1003, 4, -1)))
    asked = ["a.txt", "-p", "p", "-l", "mae", "--delimiter", " "]
    for threads in ("1", "3"):
        assert run(["eval", *asked, "-t", "y", "-f", "plain", "--threads", threads]) == 0
        out, err = capsys.readouterr()
        assert "\t1.0\t999" in out and "the first column is row names" in err
    for shard in (1, 2):
        assert run(["eval", *asked, "-t", "y", "--shard", f"{shard}/2", "--state-out", f"{shard}.json"]) == 0
    capsys.readouterr()
    assert run(["merge", "1.json", "2.json", "-q"]) == 0
    assert capsys.readouterr().out == "1.0\n"
