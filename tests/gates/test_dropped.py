"""The limit on lost predictions: what it counts, how it is written, the same wherever a run is judged."""

from __future__ import annotations

import json
import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

import losscli
from losscli.cli.entry import run
from losscli.errors import UsageError
from losscli.gates.dropped import NO_DROPS, judge_dropped, parse_drop_limit
from losscli.report import format_names
from losscli.results import RowCounts

HOLES = "id,y,p,w,g\n" + "".join(
    f"{i},{i},{'' if i == 3 else 'nan' if i in (5, 8) else i + 0.5},{0 if i == 9 else 1},{'ab'[i % 2]}\n"
    for i in range(10)
)
RUN = ("holes.csv", "-t", "y", "-p", "p", "-l", "mae", "--missing", "drop", "--nan", "drop")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "holes.csv").write_text(HOLES)
    return tmp_path


def rows(used=7, missing=1, nan=2, **more):
    return RowCounts(used + missing + nan, used, missing + nan, missing=missing, nan=nan, **more)


@pytest.mark.parametrize(
    ("text", "passed"),
    [("0", False), ("2", False), ("3", True), ("30%", True), ("29.999999999999%", False), ("100%", True),
     (" 30 % ", True), ("0%", False), (".5%", False), ("30.%", True)],
)  # fmt: skip
def test_a_limit_is_a_number_or_a_share_of_what_was_to_be_scored(text, passed):
    verdict = judge_dropped(rows(), parse_drop_limit(text))
    assert verdict.passed is passed
    assert verdict.value == 3
    assert "3 of 10 predictions dropped (1 missing, 2 NaN)" in verdict.reason
    assert ("--max-dropped 3 allows it" in verdict.reason) is not passed


@pytest.mark.parametrize("text", ["", "-1", "+1", "1.5", "1e3", "x", "%", "101%", "100.1%", "-1%", "1%%", "nan", "inf%",
                                  "\u0663", True, 1.5, "9" * 19])  # fmt: skip
def test_anything_else_is_refused(text):
    with pytest.raises(UsageError, match="how many predictions"):
        parse_drop_limit(text)


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50), st.decimals(0, 100, places=3))
def test_shares_are_exact(used, missing, unmatched, share):
    counts = RowCounts(used + missing, used, missing, missing=missing, unmatched_predictions=unmatched)
    verdict = judge_dropped(counts, parse_drop_limit(f"{share}%"))
    assert verdict.passed == (Fraction(missing + unmatched) * 100 <= Fraction(share) * (used + missing + unmatched))
    assert math.isfinite(verdict.limit)
    assert not verdict.passed or verdict.value <= verdict.limit + 1


def test_what_is_asked_for_is_not_lost():
    counts = RowCounts(10, 4, 0, filtered=6, unmatched={"predictions": 0, "targets": 90})
    assert judge_dropped(counts, NO_DROPS).passed
    assert counts.text == "4 rows of 10, 6 filtered, 90 targets unmatched"
    assert counts.names == {"filtered": 6, "unmatched_targets": 90}


def said(capfd, *words):
    code = run([str(word) for word in words])
    return code, *capfd.readouterr()


@pytest.mark.parametrize("more", [(), ("-l", "rmse"), ("--by", "g"), ("-w", "w"), ("--threads", "1"), ("-p", "y"),
                                  ("--interval",), ("-o", "rows=r.csv")], ids=str)  # fmt: skip
def test_the_default_of_a_gate_is_none(more, folder, capfd):
    code, _, err = said(capfd, "eval", *RUN, *more, "--gate", "mae<=9", "-o", "r.json")
    assert code == 1
    predictions = 9 if "-w" in more else 10  # one has no weight
    assert (
        f"gate: FAIL max-dropped<=0: 3 of {predictions} predictions dropped (1 missing, 2 NaN) > 0; --max-dropped 3"
        in err
    )
    report = json.loads((folder / "r.json").read_text())
    assert report["status"] == "failed"
    assert report["gates"][-1]["state"] == "failed" and report["gates"][-1]["value"] == 3
    assert (report["rows"]["missing"], report["rows"]["nan"], report["rows"]["lost"]) == (1, 2, 3)
    assert said(capfd, "eval", *RUN, *more, "--gate", "mae<=9", "--max-dropped", "34%")[0] == 0
    assert said(capfd, "eval", *RUN, *more)[0] == 0


def test_rows_of_weight_0_are_not_lost(folder, capfd):
    where = ("--where", "id != 3 and id != 5 and id != 8")
    assert said(capfd, "eval", *RUN, *where, "-w", "w", "--gate", "mae<=9")[0] == 0
    (folder / "w.csv").write_text("y,p,w\n1,1.5,1\n2,,0\n3,nan,0\n4,4.5,1\n5,nan,\n6,nan,1\n")
    words = ("w.csv", "-t", "y", "-p", "p", "-l", "mae", "--missing", "drop", "--nan", "drop", "-w", "w")
    code, out, err = said(capfd, "eval", *words, "--max-dropped", "1", "-f", "json", "--error-format", "text")
    assert code == 1 and "2 of 4 predictions dropped (1 missing, 1 NaN) > 1" in err
    rows = json.loads(out)["rows"]
    assert (rows["missing"], rows["nan"], rows["weightless"], rows["lost"]) == (1, 1, 2, 2)
    assert said(capfd, "eval", *words, "--max-dropped", "2")[0] == 0


def test_a_baseline_is_not_made_of_a_run_that_lost_rows(folder, capfd):
    asked = ("--baseline", "base.json", "--baseline-missing", "create", "--gate", "mae<=baseline")
    code, _, err = said(capfd, "eval", *RUN, *asked)
    assert code == 1 and "no baseline was written" in err
    assert not (folder / "base.json").exists()
    assert said(capfd, "eval", *RUN, *asked, "--max-dropped", 3)[0] == 0
    assert (folder / "base.json").exists()


@pytest.mark.parametrize(("limit", "code"), [(None, 0), ("2", 1), ("3", 0)])
def test_shards_keep_the_counts(limit, code, capfd):
    for shard in (1, 2):
        assert said(capfd, "eval", *RUN, "--shard", f"{shard}/2", "--state-out", f"s{shard}.json", "-q")[0] == 0
    words = () if limit is None else ("--max-dropped", limit)
    found, out, err = said(capfd, "merge", "s1.json", "s2.json", "-f", "json", *words)
    assert found == code
    assert "3 of 10 rows were dropped: 1 missing, 2 NaN" in err
    whole = said(capfd, "eval", *RUN, "-f", "json", *words)
    assert out == whole[1]
    merged = losscli.merge(["s1.json", "s2.json"], max_dropped=limit)
    assert (merged.evaluation.status == "failed") == bool(code)


@pytest.mark.parametrize(
    ("limit", "status"), [(None, "passed"), (2, "failed"), ("2", "failed"), (3, "passed"), ("30%", "passed")]
)
def test_python_has_the_verdict_too(limit, status):
    settings = {"target": "y", "missing": "drop", "nan": "drop", "max_dropped": limit}
    report = losscli.evaluate("holes.csv", "mae", pred="p", **settings)
    assert report.evaluation.status == status
    assert [gate.passed for gate in report.evaluation.gates] == ([] if limit is None else [status == "passed"])
    assert [w.message for w in report.warnings] == ["3 of 10 rows were dropped: 1 missing, 2 NaN"]
    compared = losscli.compare("holes.csv", "mae", pred={"a": "p", "b": "y"}, **settings)
    assert compared.evaluation.status == status
    with pytest.raises(UsageError, match="how many predictions"):
        losscli.evaluate("nowhere.csv", "mae", pred="p", max_dropped="some")


def test_one_of_a_thousand_predictions_that_matched_is_no_pass(folder, capfd):
    (folder / "p.csv").write_text("id,p\n" + "".join(f"{i},{i}\n" for i in range(1000)))
    (folder / "t.csv").write_text("id,y\n7,7\n" + "".join(f"t{i},{i}\n" for i in range(4)))
    words = ("p.csv", "--targets", "t.csv", "--on", "id", "-t", "y", "-p", "p", "-l", "mae", "--unmatched", "drop")
    code, out, err = said(capfd, "eval", *words, "--gate", "mae<=1", "-f", "jsonl")
    assert code == 1
    assert "999 of 1000 predictions dropped (999 unmatched) > 0" in err
    counts = json.loads(out.splitlines()[-1])
    assert counts == {"kind": "rows", "read": 1, "used": 1, "dropped": 0, "filtered": 0, "missing": 0, "nan": 0,
                      "weightless": 0, "lost": 999, "unmatched": {"predictions": 999, "targets": 4}}  # fmt: skip
    python = {"targets": "t.csv", "on": "id", "target": "y", "pred": "p", "max_dropped": 0}
    assert losscli.evaluate("p.csv", "mae", unmatched="drop", **python).evaluation.status == "failed"
    (folder / "t.csv").write_text("id,y\n" + "".join(f"{i},{i}\n" for i in range(-5, 1005)) + ",1\n")
    report = losscli.evaluate("p.csv", "mae", unmatched="drop-targets", **python)
    assert report.evaluation.status == "passed" and not report.warnings
    assert report.evaluation.rows.unmatched == {"predictions": 0, "targets": 11}


@pytest.mark.parametrize("format", format_names())
def test_no_format_is_silent(format, capfd):
    _, out, err = said(capfd, "eval", *RUN, "--where", "y < 9", "-f", format)
    assert "3 of 9 rows were dropped: 1 missing, 2 NaN" in (err if format != "github" else out)


def test_formats_of_programs_count_by_reason(capfd):
    words = ("eval", *RUN, "--where", "y < 9", "-f")
    assert json.loads(said(capfd, *words, "dvc")[1])["rows"] == {
        "used": 6, "dropped": 3, "missing": 1, "nan": 2, "filtered": 1,
    }  # fmt: skip
    head, line = said(capfd, *words, "csv")[1].splitlines()
    counts = dict(zip(head.split(","), line.split(","), strict=True))
    assert [counts[f"rows_{name}"] for name in ("missing", "nan", "filtered")] == ["1", "2", "1"]
    page = said(capfd, *words, "openmetrics")[1]
    for reason, count in {"missing": 1, "nan": 2, "filtered": 1}.items():
        assert f'losscli_rows_left_out{{reason="{reason}",side="predictions"}} {count}\n' in page
    assert "<td>2</td>" in said(capfd, *words, "html")[1]
    assert "rows: 6 rows of 10, 3 dropped (1 missing, 2 NaN), 1 filtered" in said(capfd, *words, "junit")[1]
    assert said(capfd, *words, "plain")[1].splitlines()[1] == "p\tmae\t0.5\t6"


@pytest.mark.parametrize("words", [("rows",), ("grad",), ("rows", "--threads", "1")], ids=str)
def test_files_of_row_values_are_not_silent(words, folder, capfd):
    code, out, err = said(capfd, words[0], *RUN, *words[1:])
    assert code == 0
    assert "warning: 3 of 10 rows were dropped: 1 missing, 2 NaN\n" in err
    assert len(out.splitlines()) == 8
    assert "dropped" not in said(capfd, words[0], *RUN, *words[1:], "-q")[2]
    (folder / "t.csv").write_text("id,z\n1,1\n2,2\n77,1\n")
    joined = (words[0], "holes.csv", "--targets", "t.csv", "--on", "id", "-t", "z", "-p", "p", "-l", "mae")
    err = said(capfd, *joined, "--unmatched", "drop")[2]
    assert "warning: 8 rows of the predictions had no match and were left out\n" in err
    assert "warning: 1 row of the targets had no match and was left out\n" in err


def test_a_report_has_the_rows_of_every_file(folder, capfd):
    (folder / "a.csv").write_text("id,p,y\n1,1,1\n2,2,1\n3,3,1\n")
    (folder / "b.csv").write_text("id,p,y\n4,4,1\n5,5,1\n")
    (folder / "t.csv").write_text("id,z\n1,1\n5,2\n77,1\n")
    words = ("eval", "a.csv", "b.csv", "--targets", "t.csv", "--on", "id", "-t", "z", "-p", "p", "-l", "mae")
    document = json.loads(said(capfd, *words, "--unmatched", "drop", "-f", "json")[1])
    assert {source["path"]: source["rows"] for source in document["sources"]} == {"a.csv": 3, "b.csv": 2}
    assert (document["rows"]["read"], document["rows"]["unmatched"]["predictions"]) == (2, 3)
    (folder / "c.csv").write_text("id,p,y\n1,1,1\n9,1,1\n2,2,1\n")
    words = ("compare", "a=a.csv", "c=c.csv", "--on", "id", "-t", "y", "-p", "p", "-l", "mae", "--unmatched", "drop")
    document = json.loads(said(capfd, *words, "-f", "json")[1])
    assert {source["path"]: source["rows"] for source in document["sources"]} == {"a.csv": 3, "c.csv": 3}
