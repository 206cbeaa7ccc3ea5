"""The Dask engine, on real schedulers and workers of this machine: the same bytes as threads, and clean refusals."""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from cluster_processes import FINE, GATED, PATIENT, Cluster, begun, on, ours_client, two_workers, with_small_tasks
from processes import LOSSCLI, environment, losscli
from test_shards import table, write
from waiting import PATIENCE, until

pytest.importorskip("distributed", reason="an extra: losscli[dask]")

from dask import config as dask_config

import losscli as ours
from losscli.cli.entry import run
from losscli.contract.loss import REGISTRY
from losscli.execution.engines import cluster as connection
from losscli.execution.engines import dask
from losscli.execution.engines.scheduler_address import is_protected
from losscli.execution.evaluate import RowAccumulation, evaluate
from losscli.execution.placed_splits import remote_splits
from losscli.execution.progress import ProgressState
from losscli.execution.python_run import engine_of, prepared
from losscli.execution.scan import ScoreSplit
from losscli.io.formats import text_windows as windows

SCORE = ("-t", "y", "-p", "p", "-p", "second=q", "-l", "mse", "-l", "rmse")

# Where a scheduler that went away is not looked for so long.
HASTY = """
from losscli.execution.engines import dask
def checked(cluster, files):
    check(cluster, files)
    cluster.client._timeout = 1
check, dask.check = dask.check, checked
"""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with two_workers(tmp_path_factory) as made:
        yield made


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch):
    """Small pieces of files, and time for a busy cluster to answer."""
    with_small_tasks(monkeypatch)
    monkeypatch.setattr(windows, "WINDOW", 40_000)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    return {kind: write(folder, kind, table()) for kind in ("parquet", "csv", "jsonl", "jsonl.gz")}


def ends(code, *args):
    assert run([str(arg) for arg in args]) == code


def told(capfd, code, *args):
    """What is said on standard error; nothing on standard output."""
    capfd.readouterr()
    ends(code, *args)
    out, err = capfd.readouterr()
    assert out == ""
    assert len(err.splitlines()) <= 3
    return err


@pytest.mark.parametrize("kind", ["parquet", "csv", "jsonl", "jsonl.gz"])
def test_the_bytes_of_threads(kind, cluster, files, tmp_path, capfd):
    args = ("eval", files[kind], *SCORE, "--by", "g", "-w", "w", "-f", "json")
    ends(0, *args)
    expected = capfd.readouterr()
    ends(0, *args, *on(cluster))
    assert capfd.readouterr() == expected


def test_other_runs(cluster, files, tmp_path, capfd, monkeypatch):
    """Classes with weights, labels and counted warnings; a filter; the values of rows; slopes; shards; Python."""
    monkeypatch.chdir(Path(files["parquet"]).parent)  # the workers stand in another folder
    name = Path(files["parquet"]).name
    for args in (
        ("eval", name, "-t", "h", "-p", "s", "-l", "bce", "--positive", "b", "--class-weight", "balanced"),
        ("eval", name, *SCORE, "--where", 'h == "a" and y > 0', "-l", "x=mse+0.1*mae"),
        ("rows", name, *SCORE[:-2], "--where", 'h == "a"'),
        ("grad", name, "-t", "y", "-p", "p", "-l", "rmse", "-w", "w"),
        ("eval", name, *SCORE, "-l", "mae@keras", "-w", "w", "--by", "h", "--divide-by", "rows"),
        ("eval", name, *SCORE, "--by", "w:0.5|1", "--by", "p:quantile=3", "-l", "mae"),
    ):  # fmt: skip
        ends(0, *args)
        expected = capfd.readouterr()
        ends(0, *args, *on(cluster))
        assert capfd.readouterr() == expected
    state = tmp_path / "a.json"
    ends(0, "eval", name, *SCORE, "--shard", "1/2", "--state-out", state)
    text = state.read_bytes()
    ends(0, "eval", name, *SCORE, "--shard", "1/2", "--state-out", state, *on(cluster))
    assert state.read_bytes() == text
    settings = {"target": "y", "pred": "p", "by": "h"}
    far = ours.evaluate(name, "mae", **settings, engine="dask", scheduler=cluster.address)
    assert far.to_json() == ours.evaluate(name, "mae", **settings).to_json()


def test_dropped_rows_are_counted_by_workers(cluster, tmp_path, capfd):
    path = tmp_path / "holes.csv"
    bad = {4: "nan", 5: ""}
    path.write_text("y,p\n" + "".join(f"{i},{bad.get(i % 9, i)}\n" for i in range(9000)))
    args = ("eval", path, "-t", "y", "-p", "p", "-l", "mae", "--missing", "drop", "--nan", "drop",
            "--where", "y >= 900", "-f", "json", "--gate", "mae<=1")  # fmt: skip
    ends(1, *args)
    expected = capfd.readouterr()
    assert json.loads(expected.out)["gates"][-1]["value"] == 1800
    ends(1, *args, *on(cluster))
    assert capfd.readouterr() == expected


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_an_error_is_that_of_threads(kind, cluster, tmp_path, capfd):
    data = table(1000)
    data["y"][700] = np.inf
    args = ("eval", write(tmp_path, kind, data), *SCORE)
    expected = told(capfd, 3, *args)
    assert "row 701" in expected
    assert told(capfd, 3, *args, *on(cluster)) == expected


def test_what_goes_to_a_worker_can_be_pickled(files):
    for loss in REGISTRY.values():
        assert pickle.loads(pickle.dumps(loss)) is loss
    made = prepared({"source": files["csv"], "losses": ["mse", "rmse"], "target": "y", "pred": "p", "where": "y > 0"})
    work = ScoreSplit(made.plan, RowAccumulation(made.plan, made.arrays, 1000, hashing=True))
    again = pickle.loads(pickle.dumps(work))
    assert again.plan == made.plan
    placed = pickle.loads(pickle.dumps(remote_splits(made.plan, made.source)[0]))
    back = pickle.loads(pickle.dumps(again(placed, lambda: False)))
    assert back.reader.plan is None
    assert back.score.losses.keys() == work(placed, lambda: False).score.losses.keys()


# ------------------------------------------------------------------------------------------------- who cannot take part


def test_another_version_is_refused(cluster, files, capfd):
    with cluster.guest("import losscli\nlosscli.__version__ = '0.0.1'", 2):
        said = told(capfd, 4, "eval", files["csv"], *SCORE, *on(cluster))
    assert f"has losscli 0.0.1, this process has {ours.__version__}" in said
    assert said.startswith("error: worker tcp://127.0.0.1:")


def test_a_worker_without_losscli_is_refused(cluster, files, capfd):
    with cluster.guest("import sys\nsys.modules['losscli'] = None", 2):
        assert "has no losscli" in told(capfd, 4, "eval", files["csv"], *SCORE, *on(cluster))


def test_other_bits_are_refused(cluster, files, capfd):
    other = "from losscli.execution import cpu_fingerprint\ncpu_fingerprint.fingerprint = lambda: 'other'"
    with cluster.guest(other, 2):
        said = told(capfd, 4, "eval", files["csv"], *SCORE, *on(cluster))
    assert said.startswith("error: worker tcp://127.0.0.1:")
    assert "has another kind of CPU" in said


def test_who_comes_later_is_looked_at_too(cluster, files, capfd):
    """The probe cannot see who joins after it, so every task looks once."""
    with cluster.guest("from losscli.execution.engines import worker\nworker.settled = lambda: ('0.1', 'other')", 2):
        said = told(capfd, 4, "eval", files["parquet"], *SCORE, *on(cluster))
    assert "a worker that joined later has losscli" in said


@pytest.mark.parametrize(("change", "message"), [("unlink", "does not see the file"), ("touch", "a different file")])
def test_a_file_that_workers_do_not_see(change, message, cluster, tmp_path, capfd, monkeypatch):
    path = write(tmp_path, "parquet", table(300))
    check = dask.check

    def changed(*args):
        Path(path).unlink() if change == "unlink" else os.utime(path, ns=(0, 0))
        check(*args)

    monkeypatch.setattr(dask, "check", changed)
    said = told(capfd, 4, "eval", path, *SCORE, *on(cluster))
    assert message in said
    assert path in said
    assert said.startswith("error: worker tcp://127.0.0.1:")


def test_no_scheduler_no_package_no_protection(files, capfd, monkeypatch):
    args = ("eval", files["csv"], *SCORE)
    nobody = ("--engine", "dask", "--scheduler", "tcp://127.0.0.1:9")
    with dask_config.set({"distributed.comm.timeouts.connect": 0.5}):
        assert told(capfd, 4, *args, *nobody).splitlines() == [
            "error: no scheduler answers at tcp://127.0.0.1:9",
            " hint: is it running, and is this the address that it printed?",
        ]
    assert "is for --engine dask" in told(capfd, 2, *args, "--scheduler", "tcp://127.0.0.1:9")
    far = ("--engine", "dask", "--scheduler", "tcp://10.9.8.7:9")
    assert "--insecure-scheduler" in told(capfd, 2, *args, *far)
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert "hint: pip install 'losscli[dask]'" in told(capfd, 2, *args, "--engine", "dask")


@pytest.mark.parametrize(
    ("address", "safe"),
    [("tls://10.0.0.1:8786", True), ("tcp://127.0.0.1:8786", True), ("localhost:8786", True), ("[::1]:8786", True),
     ("tcp://[::1]:8786", True), ("tcp://127.9.9.9:1", True), ("tcp://10.0.0.1:8786", False), ("host:8786", False),
     ("tcp://localhost.example.com:1", False), ("ws://10.0.0.1:1", False), ("127.0.0.1.example.com:1", False),
     ("tcp://[fe80::1]:2", False), ("", False)],
)  # fmt: skip
def test_which_addresses_are_protected(address, safe):
    assert is_protected(address) == safe


def test_what_a_cluster_cannot_do_is_refused_before_reading(capfd):
    here = ("--engine", "dask")
    said = told(capfd, 2, "eval", "nowhere.csv", "-c", "anchor=a", "-c", "positive=b", "-l", "nt_xent", *here)
    assert "'nt_xent' needs many rows at once" in said
    assert "hint: --engine threads scores it" in said
    assert "read only once" in told(capfd, 2, "eval", "-", *SCORE, *here)
    with pytest.raises(ours.LosscliError, match="in memory"):
        ours.evaluate({"y": [1.0], "p": [2.0]}, "mse", target="y", pred="p", engine="dask")
    with pytest.raises(ours.LosscliError, match="unknown engine 'dusk'"):
        ours.evaluate({"y": [1.0], "p": [2.0]}, "mse", target="y", pred="p", engine="dusk")


# ------------------------------------------------------------------------------------------------------------ accidents


@pytest.fixture
def slow(tmp_path):
    made = Cluster(tmp_path)
    yield made
    made.close()


def test_a_killed_worker_changes_no_bit_and_ctrl_c_leaves_the_cluster(slow, files, tmp_path, capfd, monkeypatch):
    args = ("eval", files["parquet"], *SCORE, "-f", "json", "--error-format", "text")
    with monkeypatch.context() as impatient:
        impatient.setattr(connection, "FIRST", 0.5)
        assert "has no workers" in told(capfd, 4, *args, *on(slow))
    marks, go = tmp_path / "begun", tmp_path / "go"
    workers = [slow.worker(GATED, BEGUN=str(marks), GO=str(go)) for _ in range(2)]
    slow.wait(2)
    ends(0, *args)
    expected = capfd.readouterr().out

    def kill():
        try:
            until(lambda: begun(marks).count(str(workers[0].pid)) >= 2)
            slow.knows(len(begun(marks)))
            workers[0].kill()
        finally:
            go.touch()

    killer = threading.Thread(target=kill)
    killer.start()
    ends(0, *args, *on(slow))
    killer.join()
    out, err = capfd.readouterr()
    assert out == expected
    assert err.startswith("note: ")
    assert "restarted because a worker was lost" in err
    slow.wait(1)
    go.unlink()
    _interrupt_on(slow, args, marks, go)


def test_progress_is_what_is_merged(slow, files, tmp_path):
    """The one worker has done its first task and holds the second; when it goes on, all are told."""
    marks, go = tmp_path / "begun", tmp_path / "go"
    slow.worker(GATED, BEGUN=str(marks), GO=str(go))
    slow.wait(1)
    asked = {"source": files["parquet"], "losses": ["mae"], "target": "y", "pred": "p", "engine": "dask"}
    asked["scheduler"] = slow.address
    made, state, found = prepared(asked), ProgressState(), []
    engine = engine_of(asked, made)
    assert state.text() == "reading"
    thread = threading.Thread(target=lambda: found.append(evaluate(made, engine, observer=state)))
    thread.start()
    try:
        until(lambda: (state.pace.rows and len(begun(marks)) == 2) or not thread.is_alive())
        part = state.pace
    finally:
        go.touch()
        thread.join(PATIENCE)
    assert (part.number, part.rows) == (1, 150)
    assert 0 < part.share < 1
    assert part.text(part.since + 1).startswith("150 rows, ")
    assert state.pace.rows == 3000
    assert state.pace.share == pytest.approx(1, rel=1e-3)  # the file has a footer, too
    assert found == [evaluate(prepared(asked))]


def test_a_scheduler_that_dies_is_said_once(slow, files, tmp_path):
    """In a process of its own: what a cluster's log says there, and when it says it, is not ours to know."""
    marks = tmp_path / "begun"
    slow.worker(GATED, BEGUN=str(marks), GO=str(tmp_path / "never"))
    slow.wait(1)
    command = [sys.executable, "-P", "-c", HASTY + FINE, "eval", files["parquet"], *SCORE, *on(slow)]
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, env=environment(), encoding="utf-8", **streams) as process:
        until(lambda: len(begun(marks)) == 2 or process.poll() is not None)
        slow.scheduler.kill()
        out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out) == (4, "")
    assert err.startswith("error: the cluster failed: ")
    assert len(err.splitlines()) == 1


def test_what_workers_cannot_do_is_done_here_and_said(cluster, files, capfd):
    args = ("eval", files["parquet"], *SCORE, "-f", "json", "--error-format", "text")
    ends(0, *args)
    expected = capfd.readouterr().out
    broken = ("from losscli.execution import evaluate\ndef broken(*_): raise OSError('no disk')\n"
              "evaluate.RowAccumulation.__call__ = broken")  # fmt: skip
    with cluster.guest(broken, 2):
        ends(0, *args, *on(cluster))
    out, err = capfd.readouterr()
    assert out == expected
    assert err.endswith("tasks failed on workers and were run here: OSError: no disk\n")


def _interrupt_on(cluster, args, marks, go):
    """The one worker holds a task; what waited behind it is not begun when it may go on."""
    marks.unlink()
    command = [sys.executable, "-P", "-c", FINE, *args, *on(cluster)]
    process = subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               stdin=subprocess.DEVNULL)  # fmt: skip
    until(lambda: begun(marks) or process.poll() is not None)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out) == (130, b"")
    assert err.endswith(b"Interrupted.\n")
    cluster.forgets()
    assert len(begun(marks)) == 1
    go.touch()
    with ours_client(cluster.address) as client:
        client.submit(os.getpid).result(timeout=PATIENCE)  # behind all that was there
    assert len(begun(marks)) == 1


@pytest.fixture
def long(tmp_path):
    """A file that takes long when every row is a chunk of its own."""
    rows = 1_000_000
    path = tmp_path / "long.parquet"
    pq.write_table(pa.table({"y": np.arange(rows) / 7, "p": np.arange(rows) / 3}), path, row_group_size=rows // 8)
    return path


def test_a_cluster_of_its_own(long):
    args = ("eval", str(long), "-t", "y", "-p", "p", "-l", "mse", "-l", "mae", "-f", "json")
    command = [sys.executable, "-P", "-c", PATIENT, *args, "--engine", "dask", "--threads", "2"]
    done = subprocess.run(command, env=environment(), capture_output=True, encoding="utf-8", stdin=subprocess.DEVNULL,
                          timeout=PATIENCE)  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == losscli(*args, folder=long.parent).stdout


def test_ctrl_c_closes_a_cluster_of_its_own(long):
    args = ("eval", str(long), "-t", "y", "-p", "p", "-l", "mse", "--engine", "dask", "--threads", "2")
    process = subprocess.Popen([*LOSSCLI[:-1], PATIENT, *args], env=environment(LOSSCLI_CHUNK_ROWS="1"),
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               start_new_session=True)  # fmt: skip
    with contextlib.ExitStack() as stack:
        stack.enter_context(process)
        stack.callback(process.kill)
        _interrupt(process)


def _interrupt(process):
    import psutil

    family = psutil.Process(process.pid)

    def working():
        with contextlib.suppress(psutil.NoSuchProcess):  # one that has just ended
            if len([child for child in family.children() if child.cpu_times().user > 1.2]) >= 2:
                return True
        return process.poll() is not None

    until(working)
    children = family.children(recursive=True)
    open_ports = [c.laddr.ip for p in (family, *children) for c in p.net_connections("tcp") if c.status == "LISTEN"]
    assert set(open_ports) == {"127.0.0.1"}
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out) == (130, b"")
    assert err.startswith(b"note: from the environment: LOSSCLI_CHUNK_ROWS\n")
    assert err.endswith(b"Interrupted.\n")
    gone, alive = psutil.wait_procs(children, timeout=PATIENCE)
    assert len(gone) >= 2
    assert alive == []
