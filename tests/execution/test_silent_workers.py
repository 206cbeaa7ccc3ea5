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
from processes import cpu_in_all, cpu_of, environment
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


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory):
    made = Cluster(tmp_path_factory.mktemp("cluster"))
    yield made
    made.close()


@pytest.fixture
def cluster(scheduler):
    """A cluster without workers."""
    yield scheduler
    scheduler.without_workers()


@pytest.fixture
def secured(tmp_path):
    from certificates import authority

    made = Cluster(tmp_path, authority(tmp_path / "certificates", "ours"))
    yield made
    made.close()


def test_one_worker_stopped_one_killed_and_one_added(secured, data, tmp_path, capfd):
    """Each of three workers holds a task; one is stopped, one is killed, and a fourth helps with all that is left."""
    args = ("eval", data, *SCORE)
    assert run(list(args)) == 0
    expected = capfd.readouterr().out
    marks, go = tmp_path / "begun", tmp_path / "go"
    held = [secured.worker(GATED, BEGUN=str(marks), GO=str(go)) for _ in range(3)]
    secured.wait(3)

    def accidents():
        try:
            until(lambda: all(begun(marks).count(str(one.pid)) >= 2 for one in held))
            secured.knows(len(begun(marks)))
            held[0].send_signal(signal.SIGSTOP)
            held[1].kill()
            secured.worker()
        finally:
            go.touch()
        secured.ages(held[0])

    thread = threading.Thread(target=accidents)
    thread.start()
    assert run([*args, *on(secured), "--worker-timeout", "1000"]) == 0
    thread.join()
    out, err = capfd.readouterr()
    assert out == expected
    warning, note = err.splitlines()
    assert warning.startswith("warning: worker tls://127.0.0.1:")
    assert "(--worker-timeout): it is given up, and others do its work" in warning
    assert note.startswith("note: ")
    assert note.endswith("restarted because a worker was lost")


def test_a_stopped_worker_keeps_no_other_from_its_work(cluster, data, tmp_path):
    """It holds one of the first tasks, in whose order answers are merged; the other does all that follow."""
    go, marks = tmp_path / "go", [tmp_path / "stopped", tmp_path / "other"]
    stopped, _ = (cluster.worker(GATED, BEGUN=str(own), GO=str(go)) for own in marks)
    cluster.wait(2)
    process = _started(["eval", data, *SCORE, "--worker-timeout", "10000"], cluster)
    try:
        until(lambda: all(len(begun(own)) >= 2 for own in marks) or process.poll() is not None)
        stopped.send_signal(signal.SIGSTOP)
        go.touch()
        # More than wait at both workers: the window goes on past the task that is held.
        until(lambda: len(begun(marks[1])) > 8 or process.poll() is not None)
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
    command = [sys.executable, "-P", "-c", code, *args]
    command += () if cluster is None else on(cluster)
    return subprocess.Popen(command, env=environment(**variables), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, encoding="utf-8")  # fmt: skip


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Predictions in 20 splits, with keys and batches, and targets of the keys."""
    folder = tmp_path_factory.mktemp("files")
    rows = table()
    rows["id"], rows["k"] = np.arange(len(rows["y"])), np.arange(len(rows["y"])) % 10
    return {"preds": write(folder, "parquet", rows), "targets": _targets(folder, rows)}


def _targets(folder, rows):
    path = folder / "targets.parquet"
    pq.write_table(pa.table({"id": rows["id"], "truth": rows["y"]}), path)
    return str(path)


ONE = ("-t", "y", "-p", "p")
WORK = 1.5  # seconds of processors that a process may still take after a signal
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}
SPLITS = 20

# The command, which makes a file once it has counted rows as done: the fourth task is sent when the first is answered,
# and so is begun before the first is merged.
COUNTING = f"""
import os
from losscli.execution.progress import ProgressState
def saw(self, rows, size):
    counted(self, rows, size)
    open(os.environ["COUNTED"], "w").close()
counted, ProgressState.saw = ProgressState.saw, saw
{FINE}
"""

# What runs, and how many tasks a worker does before it holds the next one; batches were formed before the first.
PHASES = {
    "a table": (("eval", "{preds}", *SCORE), 3),
    "targets that were sent": (("eval", "{preds}", "--targets", "{targets}", "--on", "id", "-t", "truth", "-p", "p",
                                "-l", "mse"), 3),
    "batches": (("eval", "{preds}", "-t", "b", "-p", "s", "-l", "listnet", "--batch-by", "k"), 0),
    "the second pass": (("eval", "{preds}", *ONE, "-l", "mse", "--skill"), SPLITS + 3),
    "rows half written": (("rows", "{preds}", *ONE, "-l", "mse"), 3),
    "slopes half written": (("grad", "{preds}", *ONE, "-l", "rmse"), SPLITS + 3),
}  # fmt: skip


def _ended(process, number):
    """Send the signal: exit code, standard output, the lines of standard error, and the work that it still did."""
    assert process.poll() is None, process.stderr.read()
    before = cpu_of(process)
    process.send_signal(number)
    work = until(lambda: cpu_in_all(process)) - before
    return process.returncode, process.stdout.read(), process.stderr.read().splitlines(), work


@pytest.mark.parametrize(("phase", "number"), list(zip(PHASES, [signal.SIGTERM, signal.SIGINT] * 3, strict=True)))
def test_a_signal_ends_a_run_whose_workers_are_stopped(phase, number, cluster, files, tmp_path):
    """Nothing that is stopped is waited for, and the file that was there before is whole, with none beside it."""
    args, free = PHASES[phase]
    marks, out = tmp_path / "begun", tmp_path / "out" / "report.csv"
    out.parent.mkdir()
    out.write_text("the old one")
    worker = cluster.worker(GATED, BEGUN=str(marks), GO=str(tmp_path / "never"), FREE=str(free))
    cluster.wait(1)
    asked, counted = [*(word.format(**files) for word in args), "-o", out], tmp_path / "counted"
    process = _started(asked, cluster, COUNTING, COUNTED=str(counted))
    with contextlib.closing(process.stdout), contextlib.closing(process.stderr):
        try:
            until(lambda: (len(begun(marks)) == free + 1 and counted.exists()) or process.poll() is not None)
            worker.send_signal(signal.SIGSTOP)
            code, said, lines, work = _ended(process, number)
        finally:
            process.kill()
    assert psutil.Process(worker.pid).status() == psutil.STATUS_STOPPED
    assert (code, said) == (CODES[number], ""), lines
    assert ("Interrupted." in lines) == (number == signal.SIGINT)
    assert [line for line in lines if line.startswith("note: stopped: read ")]
    assert all(line.startswith(("note: ", "Interrupted.")) for line in lines)
    assert list(out.parent.iterdir()) == [out]
    assert out.read_text() == "the old one"
    assert work < WORK


@pytest.mark.parametrize(
    ("phase", "number"),
    [("no answer", signal.SIGINT), ("no workers", signal.SIGTERM), ("checks", signal.SIGTERM)],
)
def test_a_signal_ends_a_run_that_has_not_begun_its_work(phase, number, cluster, data, tmp_path):
    report = tmp_path / "report.json"
    report.write_text("the old one")
    if phase != "no workers":
        worker = cluster.worker()
        cluster.wait(1)
    if phase == "no answer":
        cluster.scheduler.send_signal(signal.SIGSTOP)
    if phase == "checks":
        worker.send_signal(signal.SIGSTOP)
    process = _started(["eval", data, *SCORE, "-o", report], cluster, **_saying(tmp_path))
    with contextlib.closing(process.stdout), contextlib.closing(process.stderr):
        try:
            until(lambda: (tmp_path / "connecting").exists() or process.poll() is not None)
            code, said, lines, work = _ended(process, number)
        finally:
            process.kill()
    assert (code, said, lines) == (CODES[number], "", ["Interrupted."] if number == signal.SIGINT else [])
    assert report.read_text() == "the old one"
    assert work < WORK


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


@pytest.mark.parametrize(("phase", "number"), [("start", signal.SIGINT), ("work", signal.SIGTERM)])
def test_a_signal_ends_a_cluster_of_its_own(phase, number, tmp_path):
    """Its processes are stopped, so they cannot be asked to end."""
    rows = 1_000_000  # which take long when every row is a chunk of its own
    path = tmp_path / "long.parquet"
    pq.write_table(pa.table({"y": np.arange(rows) / 7, "p": np.arange(rows) / 3}), path, row_group_size=rows // 8)
    asked = ["eval", path, "-t", "y", "-p", "p", "-l", "mse"]
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
        assert process.returncode == CODES[number]
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
