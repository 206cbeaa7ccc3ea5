"""A Dask cluster of real processes: a scheduler, and workers that tests start, stop and kill."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys

from processes import LOSSCLI, environment
from waiting import PATIENCE, until

# A worker says when it begins something, does the first at once, and the others only when there is a file `go`.
GATED = """
import os, time
from losscli.execution import evaluate
begun = []
def gated(self, rows):
    with open(os.environ["BEGUN"], "a") as file:
        file.write(f"{os.getpid()}\\n")
    begun.append(file)
    while len(begun) > 1 and not os.path.exists(os.environ["GO"]):
        time.sleep(0.01)
    return act(self, rows)
if evaluate.RowAccumulation.__call__.__name__ != "gated":  # a preload is run twice
    act, evaluate.RowAccumulation.__call__ = evaluate.RowAccumulation.__call__, gated
"""
# The command, which waits longer for a busy cluster; and with small pieces.
PATIENT = f"from losscli.execution.engines import cluster; cluster.CONNECT = cluster.FIRST = 60; {LOSSCLI[-1]}"
FINE = (
    "from losscli.io.formats import parquet; parquet.SPLIT_ROWS = 150; "
    f"from losscli.execution.engines import tasks; tasks.TASK_BYTES = 1; {PATIENT}"
)


class Cluster:
    """A scheduler and workers as processes of their own."""

    def __init__(self, folder, tls=()):
        """`tls` are the options with its certificates."""
        self.folder, self.processes, self.tls = folder, [], tls
        self.file = folder / "scheduler.json"
        self.scheduler = self._start("dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard",
                                     "--no-show", "--scheduler-file", self.file,
                                     *(("--protocol", "tls") if tls else ()))  # fmt: skip
        until(lambda: self.file.exists() and self.file.read_text().strip())
        self.address = json.loads(self.file.read_text())["address"]

    def _start(self, module, *args, **variables):
        command = [sys.executable, "-m", f"distributed.cli.{module}", *map(str, args), *map(str, self.tls)]
        log = (self.folder / f"{len(self.processes)}.log").open("w")
        with log:
            process = subprocess.Popen(command, env=environment(**variables), stdin=subprocess.DEVNULL, stdout=log,
                                       stderr=log, cwd=self.folder)  # fmt: skip
        self.processes.append(process)
        return process

    def worker(self, preload="", **variables):
        """Start a worker; `preload` is Python that it runs first."""
        file = self.folder / f"preload{len(self.processes)}.py"
        file.write_text(preload)
        return self._start("dask_worker", self.address, "--nthreads", 1, "--no-nanny", "--no-dashboard", "--preload",
                           file, "--local-directory", self.folder, **variables)  # fmt: skip

    def wait(self, count):
        with ours_client(self.address) as client:
            until(lambda: len(client.nthreads()) == count or self._running() < count)
            assert self._running() >= count, self._log()

    def _running(self):
        """How many workers run; one that did not start will never come."""
        return sum(process.poll() is None for process in self.processes[1:])

    def _log(self):
        return "".join(path.read_text() for path in sorted(self.folder.glob("*.log")))

    def close(self):
        for process in reversed(self.processes):
            process.kill()  # also where it is stopped
            process.wait()

    @contextlib.contextmanager
    def guest(self, preload, count):
        """One more worker for a while, beside `count` others."""
        process = self.worker(preload)
        self.wait(count + 1)
        yield process
        process.kill()
        process.wait()
        self.wait(count)


def ours_client(address):
    from distributed import Client

    return Client(address, set_as_default=False, timeout=PATIENCE)


def on(cluster):
    return "--engine", "dask", "--scheduler", cluster.address


def begun(path):
    return path.read_text().split() if path.exists() else []


def with_small_tasks(monkeypatch):
    """A task of each split of 150 rows, and time for workers of a busy machine to appear."""
    from losscli.execution.engines import cluster as connection
    from losscli.execution.engines import tasks
    from losscli.io.formats import parquet

    monkeypatch.setattr(connection, "CONNECT", 60)
    monkeypatch.setattr(connection, "FIRST", 60)
    monkeypatch.setattr(tasks, "TASK_BYTES", 1)
    monkeypatch.setattr(parquet, "SPLIT_ROWS", 150)
