"""Saved reports: read back as they were, refused where they are anything else, and set beside a run."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from memory import peak_of
from waiting import PATIENCE

from losscli import report
from losscli.baselines import json_file
from losscli.baselines import report_file as saved
from losscli.baselines.match import match_baseline, renamed_models
from losscli.baselines.report_file import check_rows_file, read_report
from losscli.cli.entry import run
from losscli.errors import DataError, FileError, UsageError
from losscli.results import (
    BaselineResult,
    BatchResult,
    Evaluation,
    LossResult,
    PartResult,
    RowCounts,
    SourceResult,
    TermResult,
    Uncertainty,
    WarningResult,
)

ROOT = Path(__file__).parents[2]


def result(value=1.5, model="m", spec="rmse", by=None, direction="lower", signature="s", **more):
    return LossResult(model, by or {}, spec, spec, {}, "mean", value, 3, 3.0,
                      {"loss": TermResult(value, value * 3, 3, 3.0)}, direction, 1, signature, **more)  # fmt: skip


def run_of(*results, used=3, targets=None, rows=None):
    return Evaluation((SourceResult("p.csv", "csv", 3),), RowCounts(4, used, 1), results, {"m": {"pred": ("a", "b")}},
                      rows_sha256=rows, targets_sha256=targets)  # fmt: skip


RICH = replace(
    run_of(
        result(math.inf, by={"country": "DE", "été": "1"}),
        result(math.nan, model=None, spec="x=0.5*mse+mae", direction="higher", excluded_count=2,
               parts=(PartResult("mse", 0.5, math.nan), PartResult("mae", 1.0, -0.0))),
        replace(result(-math.inf, spec="nt_xent", batch=BatchResult("size", 8, None, 2)), stderr=0.1,
                interval=(0.5, 2.5), params={"temperature": 0.1, "k": 3, "on": True, "how": "sum", "none": None}),
        result(5e-324, spec="bce", batch=BatchResult("by", None, "user", 2)),
    ),
    rows_sha256="a" * 64, targets_sha256="b" * 64, warnings=(WarningResult("odd", 3),),
)  # fmt: skip


def write(path: Path, evaluation: Evaluation) -> str:
    path.write_text(report.render(evaluation, "json"), encoding="utf-8")
    return str(path)


def test_a_report_is_read_as_it_was_written(tmp_path):
    path = write(tmp_path / "r.json", RICH)
    again = read_report(path)
    # NaN is no equal of itself; the text says whether all is there.
    assert report.render(again, "json") == report.render(RICH, "json")
    assert [r.value for r in again.results if r.value == r.value] == [math.inf, -math.inf, 5e-324]
    assert math.isnan(again.results[1].value) and math.isnan(again.results[1].parts[0].value)
    assert again.results[0].by == {"country": "DE", "été": "1"}
    assert again.results[2].params == {"temperature": 0.1, "k": 3, "on": True, "how": "sum", "none": None}
    assert (again.rows, again.sources, again.bindings) == (RICH.rows, RICH.sources, RICH.bindings)


@given(st.floats())
def test_values_come_back_bit_by_bit(value):
    document = json.loads(report.render(run_of(result(value)), "json"))
    one = saved._result(saved._Object(document["results"][0], "it"))
    assert one.value == value or (math.isnan(one.value) and math.isnan(value))
    assert math.copysign(1, one.value) == math.copysign(1, value) or math.isnan(value)


def test_what_a_newer_version_added_is_passed_over(tmp_path):
    document = json.loads(report.render(RICH, "json"))
    document["newer"] = {"deep": [1]}
    document["results"][0]["newer"] = 1
    document["data"] |= {"newer": None, "rows_file": "rows.parquet"}
    path = tmp_path / "r.json"
    path.write_text("\ufeff" + json.dumps(document), encoding="utf-8")
    assert read_report(str(path)).rows_file == "rows.parquet"


def changed(**fields):
    """The report with other fields in its first result."""
    document = json.loads(report.render(RICH, "json"))
    for name, value in fields.items():
        if value is ...:
            del document["results"][0][name]
        else:
            document["results"][0][name] = value
    return json.dumps(document)


WHOLE = report.render(RICH, "json")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "not a JSON report: Expecting value"),
        (WHOLE[:-40], "not a JSON report: "),
        (WHOLE + "x", "not a JSON report: Extra data"),
        (WHOLE.replace('"count": 3', '"count": NaN', 1), "'NaN' is not valid JSON"),
        (WHOLE.replace('"count": 3', '"count": -Infinity', 1), "'-Infinity' is not valid JSON"),
        (WHOLE.replace('"count": 3', '"count": 3, "count": 4', 1), "'count' occurs twice"),
        (WHOLE.replace('"count": 3', '"count": ' + "9" * 5000, 1), "it is not UTF-8 text, or is nested too deeply"),
        (WHOLE.replace("report/1", "report/2"), "its schema is 'losscli.report/2'"),
        ('{"schema": "losscli.check/1"}', "its schema is 'losscli.check/1'"),
        ("{}", "it has no schema"),
        ("[]", "it has no schema"),
        ("1", "it has no schema"),
        ('{"schema": ["losscli.report/1"]}', "it has no schema"),
        ('{"schema": "losscli.report/1"}', "the report has no 'rows'"),
        ("[" * 100_000, "it is not UTF-8 text, or is nested too deeply"),
        (changed(value=...), "results[0] has no 'value'"),
        (changed(value="1"), "'value' of results[0] is not a number"),
        (changed(value=True), "'value' of results[0] is not a number"),
        (changed(value=1.0), "'value' and 'nonfinite' of results[0] do not agree"),
        (changed(nonfinite="infinite"), "'value' and 'nonfinite' of results[0] do not agree"),
        (changed(nonfinite=None), "'value' and 'nonfinite' of results[0] do not agree"),
        (changed(weight=10**400), "'weight' of results[0] is too large"),
        (changed(count=-1), "'count' of results[0] is not a count"),
        (changed(count=1.5), "'count' of results[0] is not a count"),
        (changed(by={"a": 1}), "'a' of 'by' of results[0] is not text"),
        (changed(by=[]), "'by' of results[0] is not an object"),
        (changed(direction="up"), "'direction' of results[0] is 'up'"),
        (changed(params={"a": [1]}), "'a' of 'params' of results[0] is not a parameter value"),
        (changed(interval=[1]), "'interval' of results[0] is not a pair of numbers"),
        (changed(interval=[1, True]), "'interval' of results[0] is not a pair of numbers"),
        (changed(model="m", by={}, spec="nt_xent"), "two results have the same model, loss and slice"),
        (WHOLE.replace('"pred": [\n        "a"', '"pred": [\n        1'), "is not a list of columns"),
    ],
)  # fmt: skip
def test_anything_else_is_refused_with_its_path(text, says, tmp_path):
    """B139"""
    path = tmp_path / "r.json"
    path.write_text(text)
    with pytest.raises(DataError) as caught:
        read_report(str(path))
    assert says in caught.value.message
    assert caught.value.path == str(path)
    assert len(caught.value.message) < 300


@pytest.mark.parametrize("name", ["../rows.csv", "/etc/passwd", "a/b", "..", "", "a\\b"])
def test_a_rows_file_is_a_bare_name(name, tmp_path):
    document = json.loads(WHOLE)
    document["data"]["rows_file"] = name
    (tmp_path / "r.json").write_text(json.dumps(document))
    with pytest.raises(DataError, match="not the bare name"):
        read_report(str(tmp_path / "r.json"))


def test_a_huge_file_is_not_read(tmp_path):
    path = tmp_path / "r.json"
    with path.open("wb") as file:
        file.truncate(1 << 30)  # a hole: nothing is written

    def refused():
        with pytest.raises(DataError, match="larger than 256 MB"):
            read_report(str(path))

    assert peak_of(refused, 1 << 20) < 1 << 20


@pytest.mark.skipif(os.name == "nt", reason="there are no files of this kind")
def test_a_pipe_is_read_no_further_than_the_limit(monkeypatch):
    monkeypatch.setattr(json_file, "LARGEST", 100)
    for content, says in ((b" " * 100, "Expecting value"), (b" " * 101, "larger than")):
        read, write_end = os.pipe()
        os.write(write_end, content)
        os.close(write_end)
        with pytest.raises(DataError, match=says):
            read_report(f"/dev/fd/{read}")
        os.close(read)


def test_how_sure_a_number_is_comes_back(tmp_path):
    document = json.loads(WHOLE)
    how = {"method": "bootstrap", "level": 0.9, "units": "user", "count": 7, "df": None, "resamples": 99, "seed": 0}
    document["results"][0] |= {"uncertainty": how, "n_eff": 2.5, "stderr": 0.5, "interval": [None, 2]}
    (tmp_path / "r.json").write_text(json.dumps(document))
    one = read_report(str(tmp_path / "r.json")).results[0]
    assert one.uncertainty == Uncertainty("bootstrap", 0.9, "user", 7, None, 99, 0)
    assert (one.n_eff, one.stderr, one.interval[1]) == (2.5, 0.5, 2.0) and math.isnan(one.interval[0])


def test_what_cannot_be_read_is_another_error(tmp_path):
    for path in (tmp_path / "none.json", tmp_path):
        with pytest.raises(FileError) as caught:
            read_report(str(path))
        assert caught.value.path == str(path)
    (tmp_path / "bytes.json").write_bytes(b"\xff\xfe{}")
    with pytest.raises(DataError, match="it is not UTF-8 text"):
        read_report(str(tmp_path / "bytes.json"))


def test_significance_needs_the_rows_file(tmp_path):
    path = str(tmp_path / "b.json")
    with pytest.raises(UsageError, match="names no file") as caught:
        check_rows_file(RICH, path)
    assert "-o rows=FILE" in caught.value.hint
    named = replace(RICH, rows_file="rows.parquet")
    with pytest.raises(UsageError, match="does not exist"):
        check_rows_file(named, path)
    (tmp_path / "rows.parquet").touch()
    assert check_rows_file(named, path) == str(tmp_path / "rows.parquet")


# ------------------------------------------------------------------------------------------------------ beside a run


def beside(mine, theirs, allow=False):
    return match_baseline(mine, theirs, "b.json", allow)


@pytest.mark.parametrize(
    ("value", "theirs", "direction", "expected"),
    [
        (1.5, 1.0, "lower", BaselineResult(1.0, 0.5, 0.5, "worse")),
        (1.5, 1.0, "higher", BaselineResult(1.0, 0.5, 0.5, "better")),
        (1.0, 2.0, "lower", BaselineResult(2.0, -1.0, -0.5, "better")),
        (-1.0, 2.0, "zero", BaselineResult(2.0, -3.0, -1.5, "better")),
        (-3.0, 1.0, "zero", BaselineResult(1.0, -4.0, -4.0, "worse")),
        (-1.0, 1.0, "zero", BaselineResult(1.0, -2.0, -2.0, "same")),
        (-math.inf, math.inf, "zero", BaselineResult(math.inf, -math.inf, None, "same")),
        (-1.0, -2.0, "lower", BaselineResult(-2.0, 1.0, 0.5, "worse")),
        (1.0, 1.0, "lower", BaselineResult(1.0, 0.0, 0.0, "same")),
        (0.0, -0.0, "lower", BaselineResult(-0.0, 0.0, None, "same")),
        (1.0, 0.0, "lower", BaselineResult(0.0, 1.0, None, "worse")),
        (math.inf, 1.0, "lower", BaselineResult(1.0, math.inf, None, "worse")),
        (math.inf, math.inf, "lower", BaselineResult(math.inf, 0.0, None, "same")),
        (1.0, math.inf, "higher", BaselineResult(math.inf, -math.inf, None, "worse")),
        (1e308, 5e-324, "lower", BaselineResult(5e-324, 1e308, None, "worse")),
    ],
)
def test_a_change_in_words_and_numbers(value, theirs, direction, expected):
    (one,) = beside(
        run_of(result(value, direction=direction)), run_of(result(theirs, direction=direction))
    ).evaluation.results
    assert one.baseline == expected


def test_what_is_undefined_has_no_change():
    for value, theirs in ((math.nan, 1.0), (1.0, math.nan), (math.nan, math.nan)):
        (one,) = beside(run_of(result(value)), run_of(result(theirs))).evaluation.results
        assert one.baseline.verdict == "undefined" and math.isnan(one.baseline.change)


def test_partners_have_the_same_model_loss_and_slice():
    mine = run_of(
        result(1.0, "a"), result(2.0, "b"), result(3.0, "a", by={"c": "x", "d": "y"}), result(4.0, "a", "mae")
    )
    theirs = run_of(result(5.0, "b"), result(6.0, "a", by={"d": "y", "c": "x"}), result(7.0, "a"), result(8.0, "z"))
    found = beside(mine, theirs)
    assert [r.baseline and r.baseline.value for r in found.evaluation.results] == [7.0, 5.0, 6.0, None]
    assert found.evaluation.baseline.absent == ("z/rmse",)
    assert [r.model for r in found.absent] == ["z"]
    assert found.notes == ("this run has no z/rmse, which the baseline has",)


def test_one_model_on_each_side_is_one_model():
    found = beside(run_of(result(1.0, "new"), result(9.0, None, "l2")),
                   run_of(result(2.0, "old"), result(8.0, None, "l2"), result(3.0, "old", by={"c": "x"})))  # fmt: skip
    assert [r.baseline.value for r in found.evaluation.results] == [2.0, 8.0]
    assert found.evaluation.baseline.absent == ("old/rmse (c=x)",)
    assert [(r.model, r.by) for r in found.absent] == [("new", {"c": "x"})]
    assert found.notes[0] == "the baseline's model 'old' is compared with 'new'"
    for mine, theirs in ((None, "old"), ("new", None)):
        found = beside(run_of(result(1.0, mine)), run_of(result(2.0, theirs)))
        assert [r.baseline.value for r in found.evaluation.results] == [2.0]
        assert found.notes == ()


def test_what_is_of_no_model_keeps_its_partner():
    found = beside(run_of(result(1.0, "new"), result(9.0, None, "l2")),
                   run_of(result(2.0, None), result(8.0, None, "l2")))  # fmt: skip
    assert [r.baseline.value for r in found.evaluation.results] == [2.0, 8.0]


def test_which_models_are_called_otherwise():
    assert renamed_models(["a"], ["b", None]) == {"b": "a"}
    assert renamed_models(["a"], [None]) == {None: "a"}
    assert renamed_models(["a"], ["a"]) == {}
    assert renamed_models(["a", "b"], ["c"]) == {}
    assert renamed_models(["a"], ["b", "c"]) == {}
    assert renamed_models([], ["b"]) == {}


@pytest.mark.parametrize(
    ("theirs", "says"),
    [
        (run_of(result(signature="t")), "rmse is computed as s here and as t in the baseline"),
        (run_of(result(), used=2), "3 rows are used here, 2 in the baseline"),
        (run_of(result(), targets="c" * 64), "the targets differ (sha256 bbbbbbbbbbbb…, in the baseline cccccccccc"),
        (run_of(result(), rows="c" * 64), "the keys of the rows differ (sha256 aaaaaaaaaaaa…, in the baseline cccc"),
    ],
)  # fmt: skip
def test_what_is_not_comparable_stands_beside_nothing(theirs, says):
    """B138"""
    mine = run_of(result(), rows="a" * 64, targets="b" * 64)
    found = beside(mine, theirs)
    assert len(found.reasons) == 1 and says in found.reasons[0]
    assert found.evaluation.baseline.incomparable == found.reasons
    assert found.evaluation.results[0].baseline is None
    allowed = beside(mine, theirs, allow=True)
    assert allowed.reasons == found.reasons
    assert allowed.evaluation.baseline.incomparable == ()
    assert allowed.evaluation.results[0].baseline.verdict == "same"


def test_a_hash_that_one_side_lacks_decides_nothing():
    mine = run_of(result(), rows="a" * 64, targets="b" * 64)
    assert beside(mine, run_of(result())).reasons == ()
    assert beside(run_of(result()), mine).reasons == ()
    assert beside(mine, mine).reasons == ()


@pytest.mark.parametrize("format", report.format_names())
def test_two_reports_stand_side_by_side_in_every_format(format, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    monkeypatch.delenv("GITHUB_OUTPUT", raising=False)
    write(tmp_path / "old.json", run_of(result(1.0625)))
    write(tmp_path / "new.json", run_of(result(1.5)))
    assert run(["diff", "old.json", "new.json", "-f", format, "--gate", "rmse<=baseline", "-o", f"{format}=file"]) == 1
    shown = capsys.readouterr().out
    assert ("1.5" in shown) == (format != "github" or "::error" in shown)
    filed = (tmp_path / "file").read_text(encoding="utf-8")
    # DVC has commands of its own for what was before; these formats hold the numbers of now.
    assert format.startswith("dvc") or "1.0625" in filed


# ---------------------------------------------------------------------------------------------------- starting up

LOADED = """
import sys
from losscli.cli.entry import run
code = run(["diff", "old.json", "new.json", "--gate", "rmse<=baseline+90%", "-f", "json", "-o", "diff.md"])
print(*sys.modules, file=sys.stderr)
sys.exit(code)
"""


def test_a_diff_needs_neither_data_nor_numpy(tmp_path):
    write(tmp_path / "old.json", run_of(result(1.0)))
    write(tmp_path / "new.json", run_of(result(1.5)))
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", LOADED], cwd=tmp_path, env=environment, check=False,
                          stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8",
                          timeout=PATIENCE)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["gates"][0]["passed"] is True
    assert (tmp_path / "diff.md").exists()
    assert {"numpy", "pyarrow", "pandas", "rich"} & set(done.stderr.split()) == set()
