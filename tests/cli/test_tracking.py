"""`-o mlflow=RUN` with a real server on this machine, `-o wandb=RUN` offline: what was logged is read back.

MLflow and W&B may be in an environment of their own, whose Python is called `python-with-trackers`.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from evaluations import COMPARED, GATED, PLAIN, SUITES, result, run
from waiting import PATIENCE

from losscli.cli import entry, reports
from losscli.cli.destinations import Destination, runs, taken
from losscli.cli.option_values import Wanted
from losscli.errors import FileError, UsageError
from losscli.report.suites import single_suite

ROOT = Path(__file__).parents[2]
SUPPORT = ROOT / "tests" / "support"
BOTH = all(importlib.util.find_spec(name) for name in ("mlflow", "wandb"))
PYTHON = sys.executable if BOTH else shutil.which("python-with-trackers")
tracked = pytest.mark.skipif(PYTHON is None, reason="needs mlflow and wandb, here or in python-with-trackers")
DATA = "y,a,b,g\n1,1.5,1,u\n2,2,4,u\n3,2.5,3,v\n5,4,4,v\n"
WORDS = ("eval", "d.csv", "-t", "y", "-p", "a", "-p", "b", "-l", "mse", "-l", "huber:delta=2", "--by", "g")


def losscli(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    (folder / "d.csv").write_text(DATA)
    others = ("MLFLOW_", "WANDB_", "LOSSCLI_")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(others)}
    known = {**clean, "PYTHONPATH": str(ROOT), "HOME": str(folder), **environment}
    return subprocess.run([str(PYTHON), "-m", "losscli", *words], cwd=folder, env=known, text=True, timeout=PATIENCE,
                          stdin=subprocess.DEVNULL, capture_output=True, check=False)  # fmt: skip


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    (tmp_path / "server").mkdir()
    with subprocess.Popen([str(PYTHON), SUPPORT / "mlflow_server.py", tmp_path / "server"], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True) as process:  # fmt: skip
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        process.kill()


def searched(server: str) -> list[dict[str, Any]]:
    asked = Request(f"{server}/api/2.0/mlflow/runs/search", json.dumps({"experiment_ids": ["0"]}).encode(),
                    {"Content-Type": "application/json"})  # fmt: skip
    with urlopen(asked) as answer:
        return list(json.load(answer)["runs"])


def numbers_of(report: dict[str, Any]) -> set[float]:
    return {one["value"] for one in report["results"]}


@tracked
def test_mlflow_has_numbers_gates_and_reports(server: str, tmp_path: Path) -> None:
    gated = ("--gate", "a/mse<=0.3", "--gate", "b/mse<=2", "-q", "-o", "r.json", "-o", "r.html")
    done = losscli(tmp_path, *WORDS, *gated, "-o", "mlflow=nightly", MLFLOW_TRACKING_URI=server)
    assert done.returncode == 1, done.stderr
    report = json.loads((tmp_path / "r.json").read_text())
    assert len(done.stdout.splitlines()) == len(report["results"]), "nothing of MLflow's is among the results"
    (found,) = searched(server)
    assert (found["info"]["run_name"], found["info"]["status"]) == ("nightly", "FINISHED")
    metrics = {one["key"]: one["value"] for one in found["data"]["metrics"]}
    values = {(r["model"], r["loss"], r["by"].get("g")): r["value"] for r in report["results"]}
    assert metrics["a/mse"] == values["a", "mse", None] and metrics["b/g:v/mse"] == values["b", "mse", "v"]
    assert numbers_of(report) <= set(metrics.values()) and metrics["rows/used"] == 4
    gates = {key.rpartition("/")[0]: value for key, value in metrics.items() if key.startswith("gate/")}
    assert gates == {"gate/a": 0, "gate/b": 1}
    tags = {one["key"]: one["value"] for one in found["data"]["tags"]}
    assert tags["losscli/status"] == report["status"] == "failed" and tags["losscli/sources"] == "d.csv"
    said = {text.partition(":")[0] for key, text in tags.items() if key.startswith("losscli/gate/")}
    assert said == {f"{'passed' if gate['passed'] else 'failed'} {gate['gate']}" for gate in report["gates"]}
    run_id = found["info"]["run_id"]
    address = f"{server}/api/2.0/mlflow-artifacts/artifacts/0/{run_id}/artifacts/losscli"
    with urlopen(f"{address}/report.html") as page:
        shown = page.read().decode()
    assert shown == (tmp_path / "r.html").read_text() and "<svg" in shown
    with urlopen(f"{address}/report.json") as document:
        assert document.read().decode() == (tmp_path / "r.json").read_text()

    more = ("eval", "d.csv", "-t", "y", "-p", "a", "-l", "mae", "-q", "-o", f"mlflow={run_id}")
    assert losscli(tmp_path, *more, MLFLOW_TRACKING_URI=server).returncode == 0
    (again,) = searched(server)
    keys = {one["key"] for one in again["data"]["metrics"]}
    assert {"a/mae", "a/mse"} <= keys and again["info"]["status"] == "FINISHED", "the id of a run is that run"


@tracked
def test_a_server_that_is_not_there_is_an_error_before_a_row_is_read(tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("y,p\n1,abc\n")
    words = ("eval", "bad.csv", "-t", "y", "-p", "p", "-l", "mse", "-o", "mlflow=nightly")
    done = losscli(tmp_path, *words, MLFLOW_TRACKING_URI="http://127.0.0.1:9")
    assert (done.returncode, done.stdout) == (4, "") and "Traceback" not in done.stderr
    *_, said, hint = done.stderr.splitlines()
    assert said.startswith("error: mlflow: ") and hint.startswith(" hint: MLFLOW_TRACKING_URI")


@tracked
def test_wandb_offline_has_numbers_verdicts_and_the_page(tmp_path: Path) -> None:
    words = (*WORDS, "--gate", "a/mse<=0.3", "-q", "-o", "r.json", "-o", "r.html", "-o", "wandb=nightly")
    done = losscli(tmp_path, *words, WANDB_MODE="offline")
    report = json.loads((tmp_path / "r.json").read_text())
    assert done.returncode == 1 and len(done.stdout.splitlines()) == len(report["results"]), done.stderr
    assert [line.partition(":")[0] for line in done.stderr.splitlines()] == ["gate"], "W&B says nothing"
    (file,) = (tmp_path / "wandb").glob("offline-run-*/run-*.wandb")
    read = subprocess.run([str(PYTHON), SUPPORT / "wandb_offline.py", file], capture_output=True, text=True, check=True)
    found = json.loads(read.stdout)
    assert found["run"] == {"name": "nightly", "type": "losscli", "exit": 0}
    assert numbers_of(report) <= {v for v in found["history"].values() if isinstance(v, float | int)}
    assert found["history"]["a/mse"] == report["results"][0]["value"]
    assert found["config"]["losscli/status"] == "failed"
    (page,) = file.parent.glob("files/media/html/losscli/*.html")
    assert page.read_text() == (tmp_path / "r.html").read_text()


@tracked
def test_wandb_without_credentials_is_an_error_before_a_row_is_read(tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("y,p\n1,abc\n")
    done = losscli(tmp_path, "eval", "bad.csv", "-t", "y", "-p", "p", "-l", "mse", "-o", "wandb=nightly")
    assert (done.returncode, done.stdout) == (4, "")
    assert "error: wandb: " in done.stderr and "hint: wandb login, or WANDB_API_KEY" in done.stderr


@pytest.mark.parametrize("name", ["mlflow", "wandb"])
def test_without_the_extra_the_error_says_what_to_install(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=f"-o {name}=RUN needs {name}") as found:
        taken([f"{name}=RUN"])
    assert found.value.hint == f"pip install 'losscli[{name}]'" and found.value.code == "USAGE_MISSING_PACKAGE"
    for text in (f"{name}=", f"{name}:x=RUN"):
        with pytest.raises(UsageError, match="names no run"):
            taken([text])


class Broken(Destination):
    """A server that goes away while rows are read."""

    like = "html"

    def write(self, suites: object) -> list[str]:
        raise FileError("the server is gone", code="IO_NETWORK")


def test_a_failed_gate_stays_the_exit_code_and_both_are_said(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "d.csv").write_text(DATA)
    monkeypatch.setattr(reports.destinations, "taken", lambda texts: (tuple(texts), (Broken(),)))
    words = ["eval", "d.csv", "-t", "y", "-p", "a", "-l", "mse", "-q", "-o", "r.json", "--gate"]
    assert entry.run([*words, "mse<=0.1"]) == 1
    out, err = capfd.readouterr()
    assert out == "0.375\n" and "error: the server is gone" in err and "gate: FAIL mse<=0.1" in err
    assert entry.run([*words, "mse<=1"]) == 4
    out, err = capfd.readouterr()
    assert out == "" and "error: the server is gone" in err and (tmp_path / "r.json").exists()


def test_names_are_those_that_servers_take_and_none_is_the_folder_of_another():
    wild = run(result("huber", 1.0, "a=b", by={"k=": "x/y"}), result("huber", 2.0, "a=b"), result("mse", 3.0, "a/b"))
    for suites in ([*single_suite(each)] for each in (GATED, COMPARED, PLAIN, wild)):
        found = runs.logged(suites)
        assert all(not runs._DISALLOWED.search(name.replace("/", "")) for name in (*found.metrics, *found.tags))
        assert not [one for one in found.metrics for other in found.metrics if other.startswith(f"{one}/")]
    assert {1.0, 2.0, 3.0} <= set(found.metrics.values())
    compared = runs.logged(single_suite(COMPARED))
    pair = COMPARED.comparisons[0]
    assert pair.difference in compared.metrics.values() and pair.verdict in compared.tags.values()


def test_names_that_mlflow_would_refuse_are_cut_and_no_piece_is_a_folder_above():
    by, model = {"g" * 240: "v" * 240}, "p" * 240
    found = runs.logged(single_suite(run(result("mse", 1.0, model, by=by), result("mae", 2.0, model, by=by),
                                         result("mse", 3.0, ".."), result("mse", 4.0, "."))))  # fmt: skip
    assert max(map(len, found.metrics)) <= 250
    assert {1.0, 2.0, 3.0, 4.0} <= set(found.metrics.values())
    assert not {".", ".."} & {piece for name in found.metrics for piece in name.split("/")}


def test_suites_and_what_ended_them():
    found = runs.logged(SUITES[:3])
    (ended,) = (suite for suite in SUITES[:3] if suite.error is not None and suite.evaluation is None)
    assert found.tags[f"losscli/{ended.name}/error"] == ended.error.message
    assert {name.partition("/")[0] for name in found.metrics} <= {suite.name for suite in SUITES}


def test_values_that_are_not_finite_are_left_out_and_said():
    class Kept(runs.TrackedRun):
        module, extra, setting = "json", "kept", ""

        def log(self, found: runs.Logged) -> None:
            self.found = found

    kept = Kept("kept=RUN")
    notes = kept.write(single_suite(run(result("mse", float("nan")), result("mae", 1.0))))
    assert notes == ["kept gets no values that are not finite: mse is nan"]
    assert "mse" not in kept.found.metrics and kept.found.metrics["mae"] == 1.0
    with pytest.raises(FileError, match="kept: no answer"):
        kept.asked(lambda: (_ for _ in ()).throw(OSError("no answer\nmore")))


def test_wanted_says_what_runs_need():
    wanted = Wanted("plain", {}, others=(Broken(),))
    assert wanted.diagnosing and wanted.hashing and wanted.paths == []
