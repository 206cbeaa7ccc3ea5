"""How columns are named: less usual default names, ranges by number, and other Unicode forms."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from unicodedata import normalize

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import losscli
from losscli.binding.column_names import read_columns, resolve
from losscli.binding.column_ranges import range_names
from losscli.cli.entry import run
from losscli.errors import DataError, UsageError

NFC, NFD = normalize("NFC", "prévu"), normalize("NFD", "prévu")


def score(capsys: Any, *args: str) -> tuple[int, str, str]:
    code = run(["eval", *args])
    said = capsys.readouterr()
    return code, said.out, said.err


@pytest.mark.parametrize("target", ["observed", "obs", "truth"])
@pytest.mark.parametrize("pred", ["predicted", "yhat"])
def test_further_names_are_tried_last(tmp_path: Path, capsys: Any, target: str, pred: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"{target},{pred},z\n1,2,7\n3,3,7\n")
    code, out, err = score(capsys, str(path), "-l", "mse", "-q")
    assert (code, out) == (0, "0.5\n")
    code, out, err = score(capsys, str(path), "-l", "mse", "-f", "plain")
    assert f"using column '{target}' as target" in err and f"using column '{pred}' as pred" in err
    path.write_text(f"{target},{pred},y,score\n9,9,1,2\n9,9,3,3\n")
    assert score(capsys, str(path), "-l", "mse", "-q")[:2] == (0, "0.5\n")
    path.write_text(f"{target},y,yhat,predicted\n9,1,2,2\n")
    code, out, err = score(capsys, str(path), "-l", "mse", "-q")
    assert (code, out) == (2, "") and "it could be any of the columns predicted and yhat" in err


def test_logits_are_no_probabilities(tmp_path: Path, capsys: Any) -> None:
    path = tmp_path / "a.csv"
    path.write_text("y,logits,proba\n1,0.5,0.75\n0,0.25,0.5\n")
    want = score(capsys, str(path), "-p", "proba", "-l", "bce", "-q")
    assert want[0] == 0 and score(capsys, str(path), "-l", "bce", "-q")[:2] == want[:2]
    logits = "bce_with_logits"
    want = score(capsys, str(path), "-p", "logits", "-l", logits, "-q")
    assert want[0] == 0 and score(capsys, str(path), "-l", logits, "-q")[:2] == want[:2]
    path.write_text("y,logits\n1,0.5\n0,0.25\n")
    assert score(capsys, str(path), "-l", "bce", "-q")[0] == 2
    assert score(capsys, str(path), "-l", "mse", "-q")[0] == 2


def test_further_names_in_files_of_their_own(tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("t.csv").write_text("id,truth\na,1\nb,3\n")
    Path("p.csv").write_text("id,yhat\nb,3\na,2\n")
    Path("q.csv").write_text("id,yhat\nb,3\na,1\n")
    assert score(capsys, "p.csv", "--targets", "t.csv", "--on", "id", "-l", "mse", "-q")[:2] == (0, "0.5\n")
    assert run(["compare", "p=p.csv", "q=q.csv", "--targets", "t.csv", "--on", "id", "-l", "mse", "-q"]) == 0
    assert capsys.readouterr().out == "-0.5\n"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("F1..F4", ["F1", "F2", "F3", "F4"]),
        ("F08..F11", ["F08", "F09", "F10", "F11"]),
        ("h2_F9..h2_F11", ["h2_F9", "h2_F10", "h2_F11"]),
        ("q1_hi..q3_hi", ["q1_hi", "q2_hi", "q3_hi"]),
        ("1..3", ["1", "2", "3"]),
        ("F7..F7", ["F7"]),
        ("F1..G4", None),
        ("F1...F4", None),
        ("F1", None),
    ],
)
def test_ranges(text: str, names: list[str] | None) -> None:
    assert range_names(text) == names


@pytest.mark.parametrize("text", ["F4..F1", "F0..F100000", "F1..F99999999999999999999"])
def test_what_is_no_range(text: str) -> None:
    with pytest.raises(UsageError, match="is no range"):
        range_names(text)


def test_ranges_of_columns(tmp_path: Path) -> None:
    columns = ["F10", "F9", "F11", "id"]
    assert resolve(read_columns("F9..F11"), columns).names == ("F9", "F10", "F11")
    assert resolve(read_columns("F9..F11"), columns).form == "list"
    assert resolve(read_columns("id,F9..F10"), columns).names == ("id", "F9", "F10")
    assert resolve(read_columns("F9..F11"), [*columns, "F9..F11"]).names == ("F9..F11",)
    assert resolve(read_columns("id,F9..F11"), [*columns, "F9..F11"]).names == ("id", "F9..F11")
    with pytest.raises(DataError, match=r"no column 'F12' of 'F9\.\.F13'") as caught:
        resolve(read_columns("F9..F13"), columns)
    assert caught.value.column == "F12"
    with pytest.raises(UsageError, match="names column 'F9' twice"):
        resolve(read_columns("F9..F11,F9"), columns)


def test_ranges_are_vectors_everywhere(tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names = [f"p{n}" for n in (10, 9, 8)]
    Path("a.csv").write_text(",".join(["k", "y", *names]) + "\na,0,0.25,0.25,0.5\nb,2,0.5,0.25,0.25\n")
    asked = ["-t", "y", "-l", "cross_entropy", "-q"]
    want = score(capsys, "a.csv", "-p", "p8,p9,p10", *asked)
    assert want[:2] == (0, "0.6931471805599453\n")
    assert score(capsys, "a.csv", "-p", "m=p8..p10", *asked)[:2] == want[:2]
    Path("t.csv").write_text("k,y\nb,2\na,0\n")
    Path("b.csv").write_text(",".join(["k", *names]) + "\na,0.25,0.25,0.5\nb,0.5,0.25,0.25\n")
    joined = ["--targets", "t.csv", "--on", "k", *asked]
    for columns in ("p8..p10", "preds.p8..preds.p10"):
        assert score(capsys, "b.csv", "-p", columns, *joined)[:2] == want[:2]
    assert run(["compare", "b=b.csv", "c=b.csv", "-p", "p8..p10", *joined]) == 0
    assert capsys.readouterr().out == "0.0\n"
    rows = [{"y": y, "s": {f"p{n}": v for n, v in zip((8, 9, 10), p, strict=True)}}
            for y, p in ((0, (0.5, 0.25, 0.25)), (2, (0.25, 0.25, 0.5)))]  # fmt: skip
    Path("n.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert score(capsys, "n.jsonl", "-p", "s.p8..s.p10", *asked)[:2] == want[:2]
    code, out, err = score(capsys, "a.csv", "-p", "p8..p11", *asked)
    assert (code, out) == (3, "") and "no column 'p11' of 'p8..p11' (for 'pred')" in err
    for shard in (1, 2):
        state = ["--shard", f"{shard}/2", "--state-out", f"{shard}.json"]
        assert run(["eval", "a.csv", "-p", "p8..p10", *asked[:-1], *state]) == 0
    capsys.readouterr()
    assert run(["merge", "1.json", "2.json", "-q"]) == 0
    assert capsys.readouterr().out == want[1]


@pytest.mark.parametrize(("in_file", "asked"), [(NFC, NFD), (NFD, NFC)])
def test_unicode_forms(tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch, in_file: str, asked: str) -> None:
    monkeypatch.chdir(tmp_path)
    table = pa.table({"y": [1.0, 3.0], in_file: [2.0, 3.0], f"{in_file}_g": ["a", "b"]})
    pq.write_table(table, "a.parquet")
    text = "".join(f"{y},{p},{g}\n" for y, p, g in zip(*table.to_pydict().values(), strict=True))
    Path("a.csv").write_text(f"y,{in_file},{in_file}_g\n{text}", "utf-8")
    Path("a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in table.to_pylist()))
    for path in ("a.csv", "a.parquet", "a.jsonl"):
        where = ["-p", asked, "--by", f"{asked}_g", "--where", f"`{asked}` < 9", "-w", asked]
        code, out, err = score(capsys, path, "-t", "y", "-l", "mse", "-f", "plain", *where)
        assert code == 0 and f"column '{asked}' is written in another Unicode form in {path}" in err
        assert [line.split("\t")[1:] for line in out.splitlines()[1:]] == [
            ["", "mse", "0.4", "2"], ["a", "mse", "1.0", "1"], ["b", "mse", "0.0", "1"],
        ]  # fmt: skip
    report = losscli.evaluate(table, "mse", target="y", pred=asked)
    assert report[0].value == 0.5
    Path("t.csv").write_text(f"{in_file}_g,y\nb,3\na,1\n", "utf-8")
    joined = ["--targets", "t.csv", "--on", f"{asked}_g", "-p", asked, "-t", "y", "-l", "mse", "-q"]
    assert score(capsys, "a.csv", *joined)[:2] == (0, "0.5\n")


@pytest.mark.parametrize(("in_file", "asked"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_globs_and_ranges_in_another_form(in_file: Any, asked: Any) -> None:
    table = pa.table({"y": [0, 1], normalize(in_file, "p_é_0"): [0.5, 0.25], normalize(in_file, "p_é_1"): [0.5, 0.75]})
    for columns in ("p_é_*", "p_é_0..p_é_1"):
        values = [
            losscli.evaluate(table, "cross_entropy", target="y", pred=normalize(form, columns))[0].value
            for form in (in_file, asked)
        ]
        assert values[0] == values[1]


def test_an_exact_name_wins(tmp_path: Path, capsys: Any) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"y,{NFC},{NFD}\n1,2,5\n", "utf-8")
    for name, value in ((NFC, "1.0\n"), (NFD, "16.0\n")):
        assert score(capsys, str(path), "-t", "y", "-p", name, "-l", "mse", "-q")[:2] == (0, value)
    two = "\u1ed9", "\u00f4\u0323", "o\u0323\u0302"  # three spellings of one letter
    path.write_text(f"y,{two[0]},{two[1]}\n1,2,5\n", "utf-8")
    code, out, err = score(capsys, str(path), "-t", "y", "-p", two[2], "-l", "mse", "-q")
    assert (code, out) == (3, "") and "is 2 columns, which differ only in their Unicode form" in err
