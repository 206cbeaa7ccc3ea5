"""Signatures beside each other: which words differ, and which an older version did not write."""

from __future__ import annotations

import json

import pytest

from losscli.baselines.signature_differences import difference
from losscli.cli.entry import run

SIGNATURE = "mse|rev1|mean|w=none|cw=none|by-weight|where=none|missing=error"


@pytest.mark.parametrize(
    ("there", "says"),
    [
        ("mse|rev2|mean|w=none|cw=none|by-weight|where=none|missing=error", ["the revision of the loss is 1 here, 2"]),
        ("mse|rev1|sum|w=none|cw=none|by-weight|where=none|missing=error", ["--reduction is mean here, sum in the"]),
        ("mse|rev1|mean|w=n|cw=a=1.0|by-count|where=none|missing=drop|nan=drop",
         ["-w is none here, n in", "--class-weight is none here, a=1.0 in", "--divide-by is weight here, count in",
          "--missing is error here, drop in", "--nan is error here, drop in"]),
        ("mse|rev1|mean|w=none|cw=none|by-weight|where=a \\| b \\\\ == 1|missing=error",
         ["--where is none here, a | b \\ == 1 in the baseline"]),
        ("mse|rev1|mean|w=none|cw=none|by-weight|where=none|missing=error|first-class=1",
         ["--first-class is not given here, 1 in the baseline"]),
        ("mse|rev1|mean|w=\\none|cw=none|by-weight|where=none|missing=error", ["-w is none here, none in the"]),
        ("other", [f"mse is computed as {SIGNATURE} here and as other in the baseline"]),
    ],
)  # fmt: skip
def test_the_words_that_differ_are_named(there, says):
    reason = difference("mse", SIGNATURE, there)
    assert all(text in reason for text in says), reason
    assert "older" not in reason


def test_two_long_values_that_begin_alike_differ():
    here, there = (SIGNATURE.replace("where=none", f"where={'a' * 300}{end}") for end in "xy")
    assert "--where is aaa" in difference("mse", here, there)


def test_equal_signatures_have_no_difference():
    assert difference("mse", SIGNATURE, SIGNATURE) is None


def test_a_signature_of_an_older_version_is_told_from_one_that_differs():
    older = SIGNATURE.replace("|where=none", "")
    assert difference("mse", SIGNATURE, older) == (
        "the baseline is of an older version of losscli, which did not record --where"
    )
    assert difference("mse", older, SIGNATURE) == (
        "this report is of an older version of losscli, which did not record --where"
    )
    both = difference("mse", SIGNATURE, older.replace("by-weight", "by-count"))
    assert "--divide-by is weight here, count in the baseline" in both and "did not record --where" in both


# -- whole runs ----------------------------------------------------------------------------------------------------


@pytest.fixture
def table(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.csv").write_text(
        "y,p,s,none,w\n1,0.9,test,1,1\n0,0.6,test,1,1\n1,0.99,train,1,1\n0,0.01,train,1,1\n"
    )
    return tmp_path


RUN = ["eval", "s.csv", "-t", "y", "-p", "p", "-l", "bce", "-q"]


def judged(capsys, saved, other):
    assert run([*RUN, *saved, "-o", "base.json"]) == 0
    capsys.readouterr()
    code = run([*RUN, *other, "--baseline", "base.json", "--gate", "bce<=baseline"])
    return code, capsys.readouterr().err


def test_a_baseline_of_other_rows_is_not_comparable_though_counts_and_targets_agree(table, capsys):
    code, said = judged(capsys, ["--where", 's == "test"'], ["--where", 's == "train"'])
    assert code == 3
    assert '--where is s == "train" here, s == "test" in the baseline' in said


def test_a_filter_that_keeps_every_row_is_another_setting_too(table, capsys):
    code, said = judged(capsys, [], ["--where", "y <= 1"])
    assert code == 3
    assert "--where is y <= 1 here, none in the baseline" in said


def test_the_spelling_of_a_filter_makes_no_difference(table, capsys):
    assert judged(capsys, ["--where", "s=='test'"], ["--where", '(s  == "test")'])[0] == 0


def test_a_weight_column_called_none_is_not_the_lack_of_one(table, capsys):
    code, said = judged(capsys, ["-w", "none"], [])
    assert code == 3
    assert "-w is none here, none in the baseline" in said


def test_a_report_of_an_older_version_says_what_to_do(table, capsys):
    assert run([*RUN, "-o", "base.json"]) == 0
    report = json.loads((table / "base.json").read_text())
    for result in report["results"]:
        result["signature"] = result["signature"].replace("|where=none", "")
    (table / "base.json").write_text(json.dumps(report))
    again = [*RUN, "--baseline", "base.json", "--gate", "bce<=baseline"]
    assert run(again) == 3
    said = capsys.readouterr().err
    assert "the baseline is of an older version of losscli, which did not record --where" in said
    assert "save a new baseline with -o FILE.json, or --allow-incomparable" in said
    assert run([*again, "--allow-incomparable"]) == 0
