"""A Dask cluster of real processes: a scheduler, and workers that tests start, stop and kill."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys

from processes import LOSSCLI, environment
from waiting import PATIENCE, until

# A worker says when it begins a task, does the first FREE at once, and the others only when there is a file GO.
GATED = """
import os, time
from losscli.execution.engines import worker
begun = []
def gated(*args):
    with open(os.environ["BEGUN"], "a") as file:
        file.write(f"{os.getpid()}\\n")
    begun.append(file)
    while len(begun) > int(os.environ.get("FREE", 1)) and not os.path.exists(os.environ["GO"]):
        time.sleep(0.01)
    return act(*args)
if worker.answers.__name__ != "gated":  # a preload is run twice
    act, worker.answers = worker.answers, gated
"""
# The command, which waits longer for a busy cluster; and with small pieces.
PATIENT = f"from losscli.execution.engines import cluster; cluster.CONNECT = cluster.FIRST = 60; {LOSSCLI[-1]}"
FINE = (
    "from losscli.io.formats import parquet; parquet.SPLIT_ROWS = 150; "
    f"from losscli.execution.engines import tasks; tasks.TASK_BYTES = 1; {PATIENT}"
)


class Cluster:
    """A scheduler and workers as processes of their own."""

    def __init__(self, folder, certificates=None):
        """`certificates` is the folder with those of a cluster with TLS."""
        self.folder, self.processes = folder, []
        self.certificates = {} if certificates is None else tls_files(certificates)
        options = {"ca": "--tls-ca-file", "cert": "--tls-cert", "key": "--tls-key"}
        self.tls = [text for name, path in self.certificates.items() for text in (options[name], path)]
        self.file = folder / "scheduler.json"
        self.scheduler = self._start("dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard",
                                     "--no-show", "--scheduler-file", self.file,
                                     *(("--protocol", "tls") if self.tls else ()))  # fmt: skip
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
        with ours_client(self.address, self.certificates) as client:
            until(lambda: len(client.nthreads()) == count or self._running() < count)
            assert self._running() >= count, self._log()

    def knows(self, count):
        """Wait until the scheduler knows of so many tasks of the last run that were begun: the killed tell no more."""

        def told():
            topics = [name for name in client.get_events() if name.startswith("losscli-")]
            return len(client.get_events(topics[-1])) >= count if topics else False

        with ours_client(self.address, self.certificates) as client:
            until(told)

    def forgets(self):
        """Wait until the tasks of a run that ended are gone, but for those that workers are at."""

        def knows_none(dask_scheduler):
            return not dask_scheduler.tasks

        def begins_none(dask_worker):
            return not any(task.state in ("waiting", "ready") for task in dask_worker.state.tasks.values())

        with ours_client(self.address, self.certificates) as client:
            until(lambda: client.run_on_scheduler(knows_none) and all(client.run(begins_none).values()))

    def ages(self, process):
        """Let a stopped worker have said nothing for an hour, until it is given up: no other is so silent."""
        pid = process.pid

        async def aged(dask_scheduler):
            from time import time

            found = [worker for worker in dask_scheduler.workers.values() if worker.pid == pid]
            for worker in found:
                worker.last_seen = time() - 3600
            return not found

        with ours_client(self.address, self.certificates) as client:
            until(lambda: client.run_on_scheduler(aged))

    def _running(self):
        """How many workers run; one that did not start will never come."""
        return sum(process.poll() is None for process in self.processes[1:])

    def _log(self):
        return "".join(path.read_text() for path in sorted(self.folder.glob("*.log")))

    def without_workers(self):
        """The cluster as it began: its workers are ended, also stopped ones, and it has forgotten all tasks."""
        for process in self.processes[1:]:
            process.kill()
            process.wait()
        del self.processes[1:]
        self.scheduler.send_signal(signal.SIGCONT)

        def is_empty(dask_scheduler):
            return not dask_scheduler.workers and not dask_scheduler.tasks

        with ours_client(self.address, self.certificates) as client:
            until(lambda: client.run_on_scheduler(is_empty))

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


@contextlib.contextmanager
def two_workers(tmp_path_factory, **variables):
    """A cluster of two workers with a thread each, whose environment has these variables."""
    made = Cluster(tmp_path_factory.mktemp("cluster"))
    try:
        for _ in range(2):
            made.worker(**variables)
        made.wait(2)
        yield made
    finally:
        made.close()


def ours_client(address, certificates=None):
    from distributed import Client, Security

    security = None
    if certificates:
        security = Security(tls_ca_file=certificates["ca"], tls_client_cert=certificates["cert"],
                            tls_client_key=certificates["key"], require_encryption=True)  # fmt: skip
    return Client(address, set_as_default=False, timeout=PATIENCE, security=security)


def tls_files(folder):
    """The certificate of an authority, a certificate that it signed, and its key."""
    return {name: str(folder / f"{name}.pem") for name in ("ca", "cert", "key")}


def tls_options(files):
    """The options of the command with these files."""
    return [text for name, path in files.items() for text in (f"--tls-{name}", path)]


def on(cluster):
    return "--engine", "dask", "--scheduler", cluster.address, *tls_options(cluster.certificates)


def begun(path):
    return path.read_text().split() if path.exists() else []


def with_patience(monkeypatch):
    """Time for schedulers and workers of a busy machine to answer runs of this process, and to take leave of them."""
    from losscli.execution.engines import cluster as connection
    from losscli.execution.engines import dask, worker_checks

    monkeypatch.setattr(connection, "CONNECT", 60)  # after which nobody tries again to connect without TLS
    monkeypatch.setattr(connection, "FIRST", PATIENCE)
    for module in (connection, dask):
        monkeypatch.setattr(module, "LEAVE", PATIENCE)
    monkeypatch.setattr(worker_checks, "_OTHERS", PATIENCE)


def with_small_tasks(monkeypatch):
    """A task of each split of 150 rows, and time for workers of a busy machine to appear."""
    from losscli.execution.engines import tasks
    from losscli.io.formats import parquet

    with_patience(monkeypatch)
    monkeypatch.setattr(tasks, "TASK_BYTES", 1)
    monkeypatch.setattr(parquet, "SPLIT_ROWS", 150)
