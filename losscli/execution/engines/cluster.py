"""A connection to a Dask cluster that nothing can hold up: each wait has an end, and so has the way out.

A worker or scheduler that is stopped answers nothing, and still has its connection. So no question is asked of all
workers at once, the scheduler is asked how long each has been silent, and what is left to do when a run ends is done in
a thread that is not waited for long.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import multiprocessing
import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import field
from multiprocessing import resource_tracker
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

import dask
from dask.utils import parse_timedelta
from distributed import Client, Future, LocalCluster

from losscli.errors import FileError
from losscli.execution.engines.scheduler_address import shown
from losscli.execution.engines.security import Tls, refused_connection, security_of
from losscli.lazy import dataclass

Answer = TypeVar("Answer")

CONNECT = 5.0  # seconds that a scheduler has to answer, where Dask's configuration does not say
FIRST = 10.0  # seconds that a run waits for the first worker
PATIENCE = 60.0  # seconds that a run waits while there is no worker at all, or no scheduler
LOOK = 1.0  # seconds between two looks at the workers
LEAVE = 1.0  # seconds that a cluster has to take leave, and again to be ended
_DASK_CONNECT = 30.0  # Dask's own default
_UNTOLD = "ignore:resource_tracker"  # as -W of Python takes it


def one_line(error: BaseException) -> str:
    """An error as one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())


@dataclass(frozen=True)
class Look:
    """What the scheduler knew of the workers: their threads by address, and for how long the silent were silent."""

    threads: Mapping[str, int]
    silent: Mapping[str, float] = field(default_factory=dict)
    versions: Mapping[str, Any] = field(default_factory=dict)


def _look(limit: float | None, versions: bool = False) -> Callable[..., Any]:
    """A function for the scheduler, which removes workers that were silent for longer; its code is sent."""

    async def look(dask_scheduler: Any) -> tuple[dict[str, int], dict[str, float], dict[str, Any]]:
        from time import time

        from distributed.scheduler import heartbeat_interval

        workers = dict(dask_scheduler.workers)
        silent = {}
        if limit is not None:
            most = max(limit, 4 * heartbeat_interval(len(workers)))
            now = time()
            silent = {at: now - one.last_seen for at, one in workers.items() if now - one.last_seen > most}
        for at in silent:
            await dask_scheduler.remove_worker(at, stimulus_id="losscli-silent-worker", expected=True)
        left = dask_scheduler.workers
        told = {at: one.versions for at, one in left.items()} if versions else {}
        return {at: one.nthreads for at, one in left.items()}, silent, told

    return look


class Cluster:
    """A client of a cluster, and what is known of its workers."""

    def __init__(self, client: Any, worker_timeout: float, warn: Callable[[str], None]) -> None:
        self.client, self.worker_timeout, self.warn = client, worker_timeout, warn
        self.loop = client.loop.asyncio_loop
        self.looked = Look({})
        self.events: SimpleQueue[Callable[[], None]] = SimpleQueue()  # what the main thread does next
        self.alone_since: float | None = None
        self.ended = False

    # -- questions -----------------------------------------------------------------------------------------------------

    def ask(self, question: Coroutine[Any, Any, Answer], seconds: float = PATIENCE) -> Answer:
        """The answer to a question; a signal ends the wait at once, and a cluster that does not answer is an error."""
        future = asyncio.run_coroutine_threadsafe(question, self.loop)
        try:
            return future.result(seconds)
        except FileError:
            raise
        except TimeoutError:
            raise FileError(f"the cluster failed: no answer in {seconds:g} s", code="IO_CLUSTER") from None
        except (Exception, asyncio.CancelledError) as error:
            raise FileError(f"the cluster failed: {one_line(error)}", code="IO_CLUSTER") from None
        finally:
            future.cancel()

    def on_scheduler(self, function: Callable[..., Any], seconds: float = PATIENCE) -> Any:
        """What a function returns that the scheduler runs."""
        return self.ask(self.client.run_on_scheduler(function, asynchronous=True), seconds)

    def follow(self, question: Coroutine[Any, Any, Any], take: Callable[[Any], None]) -> None:
        """Call `take` in the main thread with the answer, or with what was raised, once it is there."""

        async def followed() -> None:
            found: Any
            try:
                found = await question
            except (Exception, asyncio.CancelledError) as error:
                if self.ended:
                    raise
                found = error
            self.events.put(lambda: take(found))

        asyncio.run_coroutine_threadsafe(followed(), self.loop)

    def wait(self, seconds: float) -> bool:
        """Act on what comes next; False where nothing came in so many seconds."""
        try:
            act = self.events.get(timeout=seconds)
        except Empty:
            return False
        act()
        return True

    # -- the workers ---------------------------------------------------------------------------------------------------

    @property
    def threads(self) -> int:
        """How many threads all workers have."""
        return sum(self.looked.threads.values())

    def look(self) -> None:
        """Ask the scheduler for its workers once."""
        self.looked = Look(*self.on_scheduler(_look(None, versions=True)))

    def watch(self) -> None:
        """Look at the workers again and again; those that are silent for too long are given up."""
        asyncio.run_coroutine_threadsafe(self._watched(), self.loop)

    async def _watched(self) -> None:
        last = answered = time.monotonic()
        while not self.ended:
            await asyncio.sleep(LOOK)
            # After a pause of this process or of the scheduler, workers get time to say that they are there.
            late, last = time.monotonic() - last > 3 * LOOK, time.monotonic()
            limit = None if late else self.worker_timeout
            try:
                question = self.client.run_on_scheduler(_look(limit), asynchronous=True)
                found = Look(*await asyncio.wait_for(question, PATIENCE))
            except Exception as error:
                if self.ended:
                    return
                # The client connects again where it can; without an answer for long the scheduler is gone.
                if time.monotonic() - answered > CONNECT:
                    message = "the scheduler does not answer" if isinstance(error, TimeoutError) else one_line(error)
                    self.events.put(_raising(FileError(f"the cluster failed: {message}", code="IO_CLUSTER")))
                    return
                continue
            answered = time.monotonic()
            self.events.put(lambda found=found: self._saw(found))  # type: ignore[misc]

    def _saw(self, found: Look) -> None:
        self.looked = found
        for address, seconds in found.silent.items():
            self.warn(f"worker {address} was silent for {seconds:.0f} s (--worker-timeout): it is given up, and others "
                      "do its work")  # fmt: skip
        if found.threads:
            self.alone_since = None
        elif self.alone_since is None:
            self.alone_since = time.monotonic()
        elif time.monotonic() - self.alone_since > PATIENCE:
            raise FileError(
                "all workers of the cluster are gone", hint="start workers and run again", code="IO_CLUSTER"
            )

    def submit(self, function: Callable[..., Any], *given: Any) -> Future:
        """Send a task; its arguments are bytes, which Dask does not look into. Workers begin tasks in this order."""
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Sending large graph", UserWarning)
            try:
                return self.client.submit(function, *given, pure=False, retries=2, fifo_timeout=0)
            except Exception as error:
                raise FileError(f"the cluster failed: {one_line(error)}", code="IO_CLUSTER") from None


def _raising(error: Exception) -> Callable[[], None]:
    def act() -> None:
        raise error

    return act


# -- the way in and out ------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def connected(
    address: str | None, workers: int, tls: Tls, worker_timeout: float, warn: Callable[[str], None]
) -> Iterator[Cluster]:
    """The cluster at an address, or one of so many processes of this machine, which ends with the block."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(_quiet())
        where: Any = address if address is not None else stack.enter_context(_local(workers))
        cluster = Cluster(_client(where, address, tls), worker_timeout, warn)
        stack.callback(_left, cluster)
        end = time.monotonic() + FIRST
        cluster.look()
        while not cluster.looked.threads:
            if time.monotonic() > end:
                raise FileError(f"the cluster at {shown(address or '')} has no workers",
                                hint="dask worker ADDRESS starts one", code="IO_CLUSTER")  # fmt: skip
            time.sleep(0.05)
            cluster.look()
        yield cluster


def _client(where: Any, address: str | None, tls: Tls) -> Any:
    """A client of a scheduler, which may not answer."""
    security = None if address is None else security_of(address, tls)
    seconds = _connect_seconds()
    try:
        return _in_thread(
            lambda: Client(where, timeout=seconds, set_as_default=False, name="losscli", security=security),
            seconds + CONNECT,
        )
    except Exception as error:
        raise refused_connection(address, tls, error) from None


def _connect_seconds() -> float:
    given = float(parse_timedelta(dask.config.get("distributed.comm.timeouts.connect")))
    return CONNECT if given == _DASK_CONNECT else given


def _in_thread(act: Callable[[], Answer], seconds: float | None = None) -> Answer:
    """What `act` returns, from a thread of its own: a signal ends the wait for it, and so does the time."""
    made: list[Answer] = []
    failed: list[BaseException] = []

    def acted() -> None:
        try:
            made.append(act())
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=acted, daemon=True)
    thread.start()
    thread.join(seconds)
    if failed:
        raise failed[0]
    if not made:
        raise TimeoutError
    return made[0]


def _left(cluster: Cluster) -> None:
    cluster.ended = True
    with contextlib.suppress(Exception):
        _in_thread(lambda: cluster.client.close(timeout=LEAVE), LEAVE)


@contextlib.contextmanager
def _local(workers: int) -> Iterator[Any]:
    """A cluster of processes, each with one thread, that only this machine can reach."""
    before = {child.pid for child in multiprocessing.active_children()}
    cluster: Any = None
    with _own_environment():
        try:
            cluster = _in_thread(lambda: _started(workers))
            yield cluster
        finally:
            if cluster is not None:
                with contextlib.suppress(Exception):
                    _in_thread(lambda: cluster.close(timeout=LEAVE), LEAVE)
            _end(before)


@contextlib.contextmanager
def _own_environment() -> Iterator[None]:
    """Take back the variables that Dask sets in this process for its workers: other children are not meant."""
    names = {"PYTHONHASHSEED", *dask.config.get("distributed.nanny.pre-spawn-environ", {})}
    before = {name: os.environ.get(name) for name in names}
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _started(workers: int) -> Any:
    _block_interrupts()
    try:
        return _Local(
            n_workers=workers, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address=None,
            silence_logs=logging.CRITICAL, memory_limit=0,
            # Without an address its web server would listen on the port of all dashboards.
            scheduler_kwargs={"dashboard": False, "dashboard_address": "127.0.0.1:0"},
        )  # fmt: skip
    except Exception as error:
        raise FileError(
            f"the local cluster does not start: {one_line(error)}",
            hint="--engine threads needs none",
            code="IO_CLUSTER",
        ) from None


class _Local(LocalCluster):  # type: ignore[misc]
    """One that Dask does not close at the exit of the process, where it would wait for ten seconds."""

    @property
    def shutdown_on_close(self) -> bool:
        return False

    @shutdown_on_close.setter
    def shutdown_on_close(self, _: bool) -> None: ...


def _block_interrupts() -> None:
    """Let threads and processes that this thread starts ignore Ctrl-C, which a terminal sends to all its processes.

    It is meant for the main thread, which ends them.
    """
    if hasattr(signal, "pthread_sigmask"):
        # Started by the first process, it would unblock the signal in that thread. It removes semaphores of processes
        # that were ended, and would print each on standard error: also those that were removed at the same moment.
        sys.warnoptions.append(_UNTOLD)
        resource_tracker.ensure_running()
        sys.warnoptions.remove(_UNTOLD)
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})


def _end(before: set[int | None]) -> None:
    """End the processes of a local cluster that are still there, also where they are stopped."""
    left = [one for one in multiprocessing.active_children() if one.pid not in before and "Dask Worker" in one.name]
    for child in left:
        with contextlib.suppress(OSError, ValueError):
            child.kill()
    end = time.monotonic() + LEAVE
    for child in left:
        child.join(max(0.0, end - time.monotonic()))


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Silence the cluster's own log: it would repeat on standard error what our errors say once."""
    names = ["distributed", "tornado", "asyncio"]
    known = [name for name in logging.root.manager.loggerDict if name.partition(".")[0] in names]
    loggers = [logging.getLogger(name) for name in {*names, *known}]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
