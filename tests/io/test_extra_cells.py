"""Rows with more cells than the header: read where the used cells are certain, an error where one may have been cut."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

import losscli
from losscli.cli.entry import run
from losscli.errors import DataError
from losscli.io.formats import text_windows
from losscli.io.formats.csv_extra_cells import WARNING
from losscli.io.source import ReadOptions


@pytest.fixture(params=[1, 20, 1 << 23], ids=["single bytes", "small windows", "whole"])
def window(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_windows, "WINDOW", request.param)


READ = [
    ("y,p", "1,2\n3,3,checked\n", {}, {}),
    ("y,p", "1,2\n3,3,checked by hand, twice\n", {}, {}),
    ("y,p,note", "1,2,ok\n3,3,hello, world\n", {}, {}),
    ("y,p,note", "1.5,2.5,ok\n3,3,hello, my, world\n", {}, {}),
    ("id,y,p,note", "a,1,2,ok\nb,3,3,hello, world\n", {}, {"by": "id"}),
    ("y,p", "1.5,2.5\n3.5,3.5,7\n", {}, {}),
    ("y;p", "1;2\n3;3;7\n", {"delimiter": ";"}, {}),
    ("y;p", "1,5;2,5\n3,5;3,5;7\n", {"delimiter": ";", "decimal": ","}, {}),
    ("y\tp", "1\t2\n3\t3\tx\ty\n", {"delimiter": "tab"}, {}),
    ("y p", "1 2\n3 3 x\n", {"delimiter": "blanks"}, {}),
]


@pytest.mark.parametrize(("head", "rows", "options", "how"), READ, ids=[rows for _, rows, _, _ in READ])
def test_extra_cells_that_are_not_used(
    tmp_path: Path, window: None, head: str, rows: str, options: dict[str, Any], how: dict[str, Any]
) -> None:
    (tmp_path / "a.csv").write_text(f"{head}\n{rows}")
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress((tmp_path / "a.csv").read_bytes()))
    for name in ("a.csv", "a.csv.gz"):
        report = losscli.evaluate(
            str(tmp_path / name), "mae", target="y", pred="p", options=ReadOptions(**options), **how
        )
        assert report[0].value == 0.5
        assert [(each.message, each.count) for each in report.warnings] == [(WARNING, 1)]


@pytest.mark.parametrize(
    ("head", "row", "used"),
    [
        ("y,p", "1,2,3", {}),  # 1,2 and 3
        ("y,p", "1,5,0.5", {}),
        ("y,p", "0.5,1,5", {}),
        ("y,p", "1,000,2", {}),
        ("y,p", "1,5,", {}),  # 1,5 and a missing cell
        ("y,p,note", "1,000,0.5,x", {}),
        ("note,y,p", "hello, world,1,2", {}),
        ("y,note,p", "1,hello, world,2", {}),
        ("y,p,g", "1,2,a,b", {"by": "g"}),
        ("g,y,p", "a,b,1,2", {"by": "g"}),
        ("y,p,id", "1.5,2,5,7", {}),
    ],
)
def test_extra_cells_that_a_cell_may_have_lost(tmp_path: Path, head: str, row: str, used: dict[str, Any]) -> None:
    width = head.count(",") + 1
    (tmp_path / "a.csv").write_text(f"{head}\n{','.join(['1'] * width)}\n\n{row}\n")
    with pytest.raises(DataError, match=f"the row has {row.count(',') + 1} cells, the header {width}") as caught:
        losscli.evaluate(str(tmp_path / "a.csv"), "mae", target="y", pred="p", **used)
    assert (caught.value.row, caught.value.line) == (2, 4)


def test_the_first_row_must_fit(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("y;p\n1;2;x\n3;3\n")
    with pytest.raises(DataError, match="the row has 3 cells, the header 2"):
        losscli.evaluate(str(tmp_path / "a.csv"), "mae", target="y", pred="p", options=ReadOptions(delimiter=";"))


def test_joined_files_and_tables(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("id,p,note\na,2,ok\nb,3,hello, world\n")
    (tmp_path / "t.csv").write_text("id,y,note\na,1,ok\nb,3,hello\n")
    joined = {"target": "y", "pred": "p", "targets": str(tmp_path / "t.csv"), "on": "id"}
    report = losscli.evaluate(str(tmp_path / "p.csv"), "mae", **joined)
    assert report[0].value == 0.5 and [each.count for each in report.warnings if each.message == WARNING] == [1]
    (tmp_path / "t.csv").write_text("id,y,note\na,1,ok\nb,3,hello, world\n")
    with pytest.raises(DataError, match="the row has more cells than the header") as caught:
        losscli.evaluate(str(tmp_path / "p.csv"), "mae", **joined)
    assert (caught.value.row, caught.value.line) == (2, 3)


def test_threads_shards_and_what_is_said(tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(text_windows, "WINDOW", 1 << 10)
    rows = "".join(f"{n},{n + n % 3},a note{', and more' * (n % 2)}\n" for n in range(998))
    Path("a.csv").write_text("y,p,note\n" + rows)
    asked = ["a.csv", "-t", "y", "-p", "p", "-l", "mae"]
    for threads in ("1", "3"):
        assert run(["eval", *asked, "-f", "plain", "--threads", threads]) == 0
        out, err = capsys.readouterr()
        assert "\t998" in out and WARNING in err and "499" in err
    for shard in (1, 2):
        assert run(["eval", *asked, "--shard", f"{shard}/2", "--state-out", f"{shard}.json"]) == 0
    capsys.readouterr()
    assert run(["merge", "1.json", "2.json"]) == 0
    merged = capsys.readouterr()
    assert merged.out == out and WARNING in merged.err and "499" in merged.err
