"""Gates and baselines from Python: the verdicts are those of the command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import losscli
from losscli.cli import entry
from losscli.errors import DataError, UsageError

GATES = ["rmse<=0.9", "old/mae<=0.5 by g", "mae<=baseline+1%", "new/rmse<=old significant"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("gates")
    draw = np.random.default_rng(5)
    y, rows = draw.normal(size=60), ["y,old,new,g"]
    for at, value in enumerate(y):
        old, new = value + draw.normal() * 0.5, value + draw.normal() * 1.5
        rows.append(f"{value},{old},{new},{'uv'[at % 2]}")
    (found / "rows.csv").write_text("\n".join(rows) + "\n")
    return found


def run(folder: Path, **more: Any) -> losscli.Report:
    return losscli.evaluate(folder / "rows.csv", ["rmse", "mae"], target="y", pred={"old": "old", "new": "new"}, **more)


def test_the_verdicts_are_those_of_the_command(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = run(folder)
    (folder / "base.json").write_text(before.to_json())
    monkeypatch.chdir(folder)
    asked = [word for gate in GATES for word in ("--gate", gate)]
    words = ["eval", "rows.csv", "-l", "rmse", "-l", "mae", "-t", "y", "-p", "old=old", "-p", "new=new",
             "--baseline", "base.json", "-f", "json", *asked]  # fmt: skip
    assert entry.run(words) == 1
    theirs = json.loads(capsys.readouterr().out)
    for baseline in ("base.json", before):
        report = run(Path(), gates=GATES, baseline=baseline)
        ours = report.to_dict()
        assert ours["gates"] == theirs["gates"] and len(ours["gates"]) == 7
        assert ours["results"] == theirs["results"] and ours["status"] == theirs["status"] == "failed"
        assert {gate.state for gate in report.gates} == {"passed", "failed"} and not report.passed
    assert not report.comparisons  # as those that the gates needed are in the verdicts


def test_a_test_against_the_saved_rows_of_a_baseline(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    words = ["eval", "rows.csv", "-l", "rmse", "-t", "y"]
    assert entry.run([*words, "-p", "m=old", "-o", "saved.json", "-o", "rows=saved.parquet"]) == 0
    capsys.readouterr()
    gate = "rmse<=baseline significant"
    assert entry.run([*words, "-p", "m=new", "--baseline", "saved.json", "--gate", gate, "-f", "json"]) == 1
    theirs = json.loads(capsys.readouterr().out)["gates"]
    report = losscli.evaluate("rows.csv", "rmse", target="y", pred={"m": "new"}, gates=gate, baseline="saved.json")
    assert report.to_dict()["gates"] == theirs and theirs[0]["test"] is not None


def test_gates_that_pass_and_none_at_all(folder: Path) -> None:
    assert run(folder, gates="rmse<=100").passed
    assert run(folder).passed and run(folder).gates == ()


@pytest.mark.parametrize(
    ("more", "code", "said"),
    [
        ({"gates": "mse<=1"}, "USAGE_BAD_GATE", "mse"),
        ({"gates": "rmse<=baseline"}, "USAGE_BAD_GATE", "there is no baseline"),
        ({"baseline": "absent.json"}, "IO_NOT_FOUND", "no such file"),
    ],
)
def test_what_is_wrong_with_a_gate_is_one_error(folder: Path, more: Any, code: str, said: str) -> None:
    with pytest.raises(losscli.LosscliError, match=said) as found:
        run(folder, **more)
    assert found.value.code == code


def test_another_baseline_is_an_error_and_rows_of_one_need_its_file(folder: Path) -> None:
    other = run(folder, where="g == 'u'")
    with pytest.raises(DataError, match=r"not comparable with the baseline: .*60 rows are used here, 30 in"):
        run(folder, baseline=other, gates="rmse<=baseline")
    assert run(folder, baseline=other, gates="rmse<=baseline+900%", allow_incomparable=True).passed
    with pytest.raises(UsageError, match="needs its row values"):
        run(folder, baseline=run(folder), gates="rmse<=baseline significant")


def test_states_are_judged(folder: Path) -> None:
    state = folder / "whole.state"
    words = ["eval", str(folder / "rows.csv"), "-l", "rmse", "-t", "y", "-p", "old", "--shard", "1/1", "-q"]
    assert entry.run([*words, "--state-out", str(state)]) == 0
    report = losscli.merge(state, gates=["rmse<=0.001"], baseline=losscli.merge(state))
    assert [gate.state for gate in report.gates] == ["failed"] and not report.passed
    assert report[0].baseline is not None and report[0].baseline.change == 0
    with pytest.raises(UsageError, match="contain no rows"):
        losscli.merge(state, gates="rmse<=baseline significant", baseline=report)


@pytest.mark.parametrize("function", [losscli.compare, losscli.row_values, losscli.gradient])
def test_others_take_no_gates(function: Any) -> None:
    with pytest.raises(TypeError, match="'gates'"):
        function({"y": [1.0], "p": [1.0]}, "mse", target="y", pred="p", gates="mse<=1")
