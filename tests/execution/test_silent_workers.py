"""Workers that are stopped, killed or added meanwhile: the same bytes, and an end that none of them holds up."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from cluster_processes import FINE, GATED, PATIENT, Cluster, begun, on, with_small_tasks
from processes import environment
from test_shards import table, write
from waiting import PATIENCE, until

pytest.importorskip("distributed", reason="an extra: losscli[dask]")

import psutil

from losscli.cli.entry import run
from losscli.cli.option_values import ConsoleOptions
from losscli.cli.progress import observed

SCORE = ("-t", "y", "-p", "p", "-p", "second=q", "-l", "mse", "-l", "rmse", "-f", "json", "--error-format", "text")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write(tmp_path_factory.mktemp("data"), "parquet", table())


@pytest.fixture(autouse=True)
def small_tasks(monkeypatch):
    with_small_tasks(monkeypatch)


@pytest.fixture
def cluster(tmp_path):
    made = Cluster(tmp_path)
    yield made
    made.close()


def test_one_worker_stopped_one_killed_and_one_added(cluster, data, tmp_path, capfd):
    """Each of two workers holds a task; one is stopped, one is killed, and a third does all that is left."""
    args = ("eval", data, *SCORE)
    assert run(list(args)) == 0
    expected = capfd.readouterr().out
    marks, go = tmp_path / "begun", tmp_path / "go"
    stopped, killed = (cluster.worker(GATED, BEGUN=str(marks), GO=str(go)) for _ in range(2))
    cluster.wait(2)

    def accidents():
        try:
            until(lambda: all(begun(marks).count(str(one.pid)) >= 2 for one in (stopped, killed)))
            stopped.send_signal(signal.SIGSTOP)
            killed.kill()
            cluster.worker()
        finally:
            go.touch()

    thread = threading.Thread(target=accidents)
    thread.start()
    assert run([*args, *on(cluster), "--worker-timeout", "3"]) == 0
    thread.join()
    out, err = capfd.readouterr()
    assert out == expected
    warning, note = err.splitlines()
    assert warning.startswith("warning: worker tcp://127.0.0.1:")
    assert "(--worker-timeout): it is given up, and others do its work" in warning
    assert note.startswith("note: ")
    assert note.endswith("restarted because a worker was lost")


def test_a_stopped_worker_keeps_no_other_from_its_work(cluster, data, tmp_path, capfd):
    """It holds one of the first tasks, in whose order answers are merged; the other does all that follow."""
    marks, go = tmp_path / "begun", tmp_path / "go"
    stopped = cluster.worker(GATED, BEGUN=str(marks), GO=str(go))
    cluster.wait(1)
    process = _started([data, *SCORE], cluster)
    try:
        until(lambda: len(begun(marks)) >= 2 or process.poll() is not None)
        stopped.send_signal(signal.SIGSTOP)
        others = tmp_path / "others"
        cluster.worker(GATED.replace("len(begun) > 1 and ", "False and "), BEGUN=str(others), GO=str(go))
        # More than wait at both workers: the window goes on past the task that is held.
        until(lambda: len(begun(others)) > 8 or process.poll() is not None)
        assert process.poll() is None
    finally:
        process.kill()
        process.communicate()


def test_a_worker_that_is_stopped_before_the_run_is_not_waited_for(cluster, data, capfd):
    args = ("eval", data, *SCORE)
    assert run(list(args)) == 0
    expected = capfd.readouterr().out
    stopped, _ = cluster.worker(), cluster.worker()
    cluster.wait(2)
    stopped.send_signal(signal.SIGSTOP)
    assert run([*args, *on(cluster), "--worker-timeout", "15"]) == 0  # a busy one may say nothing for some seconds
    out, err = capfd.readouterr()
    assert out == expected
    assert "it is given up" in err


def _started(args, cluster, code=FINE, **variables):
    command = [sys.executable, "-P", "-c", code, "eval", *args]
    command += () if cluster is None else on(cluster)
    return subprocess.Popen(command, env=environment(**variables), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, encoding="utf-8")  # fmt: skip


ENDS = [(signal.SIGTERM, 143), (signal.SIGINT, 130)]


@pytest.mark.parametrize(("number", "code"), ENDS)
@pytest.mark.parametrize("phase", ["no answer", "no workers", "checks", "work"])
def test_a_signal_ends_a_run_whose_workers_are_stopped(phase, number, code, cluster, data, tmp_path):
    """Nothing that is stopped is waited for, and the report that was there before is whole."""
    marks, report = tmp_path / "begun", tmp_path / "report.json"
    report.write_text("the old one")
    if phase != "no workers":
        worker = cluster.worker(GATED, BEGUN=str(marks), GO=str(tmp_path / "never"))
        cluster.wait(1)
    if phase == "no answer":
        cluster.scheduler.send_signal(signal.SIGSTOP)
    if phase == "checks":
        worker.send_signal(signal.SIGSTOP)
    process = _started([data, *SCORE, "-o", report], cluster, **_saying(tmp_path))
    try:
        if phase == "work":
            until(lambda: len(begun(marks)) == 2 or process.poll() is not None)
            worker.send_signal(signal.SIGSTOP)
        else:
            until(lambda: (tmp_path / "connecting").exists() or process.poll() is not None)
        process.send_signal(number)
        out, err = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    assert (process.returncode, out) == (code, "")
    assert err.endswith("Interrupted.\n" if number == signal.SIGINT else "")
    assert all(line.startswith(("note: stopped: ", "Interrupted.")) for line in err.splitlines())
    assert report.read_text() == "the old one"


def _saying(folder):
    """The environment of a process that makes a file once it begins to connect."""
    (folder / "sitecustomize.py").write_text(
        "import pathlib\n"
        "from losscli.execution.engines import cluster\n"
        "def client(*args):\n"
        f"    pathlib.Path({str(folder / 'connecting')!r}).touch()\n"
        "    return made(*args)\n"
        "made, cluster._client = cluster._client, client\n"
    )
    return {"PYTHONPATH": f"{folder}{os.pathsep}{environment()['PYTHONPATH']}"}


@pytest.mark.parametrize(("number", "code"), ENDS)
@pytest.mark.parametrize("phase", ["start", "work"])
def test_a_signal_ends_a_cluster_of_its_own(phase, number, code, tmp_path):
    """Its processes are stopped, so they cannot be asked to end."""
    rows = 1_000_000  # which take long when every row is a chunk of its own
    path = tmp_path / "long.parquet"
    pq.write_table(pa.table({"y": np.arange(rows) / 7, "p": np.arange(rows) / 3}), path, row_group_size=rows // 8)
    asked = [path, "-t", "y", "-p", "p", "-l", "mse"]
    process = _started([*asked, "--engine", "dask", "--threads", "2"], None, PATIENT, LOSSCLI_CHUNK_ROWS="1")

    def workers():
        with contextlib.suppress(psutil.Error):
            return [one for one in psutil.Process(process.pid).children() if "spawn_main" in " ".join(one.cmdline())]
        return []

    stopped = []
    try:
        until(lambda: workers() or process.poll() is not None)
        if phase == "work":
            until(lambda: len([one for one in workers() if one.cpu_times().user > 1.2]) == 2)
        stopped = workers()
        for child in stopped:
            child.suspend()
        assert process.poll() is None
        process.send_signal(number)
        process.wait(timeout=PATIENCE)
        assert process.returncode == code
        assert psutil.wait_procs(stopped, timeout=PATIENCE)[1] == []
    finally:
        process.kill()
        for child in stopped:
            if child.is_running():
                child.kill()
        process.communicate()


@pytest.mark.parametrize("ended", [KeyboardInterrupt, SystemExit])
def test_what_was_done_is_told(ended, capsys):
    """Of a cluster nothing else is seen; of threads, and where nothing was read, there is nothing to tell."""
    asked = ConsoleOptions(quiet=False, verbose=False, plan=False)
    for engine, rows in ("threads", 5), ("dask", 0), ("dask", 5):
        assert capsys.readouterr().err == ""
        with pytest.raises(ended), observed(asked, engine=engine) as observer:
            observer.reads(100)
            observer.saw(rows, 10 * rows)
            raise ended
    said = capsys.readouterr().err
    assert said.startswith("note: stopped: read 5 rows, 50 B in ")
    assert said.endswith("; nothing of it is kept\n")
