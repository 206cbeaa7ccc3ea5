"""Workers of a Dask cluster: one that runs already, or one that is started on this machine for the run.

Plan and splits are sent to workers, and partial sums come back in the order of the splits. Before any work, and again
where a worker joins later, the run checks that workers have this version and compute the bits of this machine.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import logging
import pickle
import signal
import uuid
import warnings
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from multiprocessing import resource_tracker
from typing import Any, Generic

from distributed import Client, Future, LocalCluster, get_worker

from losscli._version import __version__
from losscli.errors import FileError
from losscli.execution.cpu_fingerprint import fingerprint
from losscli.execution.engines import Answer, Expected, Item, MapFunction
from losscli.execution.engines.worker_checks import SAME_VERSIONS, check, one_line
from losscli.lazy import dataclass
from losscli.parallel import one_blas_thread

CONNECT = 5.0  # seconds that a scheduler has to answer
FIRST = 10.0  # seconds that a run waits for the first worker
PATIENCE = 60.0  # seconds that a run waits while there is no worker at all
AHEAD = 2  # tasks that wait at each thread of a worker beside the one that it works on
_POLL = 5.0  # seconds between two checks of whether there are workers


@dataclass(frozen=True)
class Dask:
    """The cluster at `address`, or without an address `workers` local processes; `files` are those of the run."""

    address: str | None
    workers: int
    files: Sequence[Expected]
    say: Callable[[str], None]
    is_remote: bool = True

    @property
    def count(self) -> int:
        """The processes of a local cluster; another cluster decides itself how many work."""
        return self.workers

    def map(
        self, function: MapFunction[Item, Answer], items: Iterable[Item]
    ) -> Iterator[tuple[Item, Answer | Exception]]:
        """Each item with its answer, in order; what a worker raised comes as a `WorkerError`, which holds only text."""
        rest = iter(items)
        first = next(rest, None)
        if first is None:  # without items no cluster is started
            return
        with _quiet(), _client(self) as client:
            check(client, self.files)
            run = _Run(client, function, f"losscli-{uuid.uuid4().hex}")
            try:
                yield from run.answers(itertools.chain([first], rest))
            finally:
                run.stop()
            if run.raised:  # an error of the data would have ended the run: only the workers failed on these
                self.say(f"{len(run.raised)} tasks failed on workers and were run here: {run.raised[0]}")
            if repeated := run.repeated():
                self.say(f"{repeated} task{'s were' if repeated > 1 else ' was'} restarted because a worker was lost")


class WorkerError(Exception):
    """What a worker raised, as text; the caller finds the error itself by doing the work again."""


# -- in a worker -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Job:
    """What a worker needs for every item of a run."""

    function: Any
    topic: str  # names the run
    expected: tuple[str, str]  # version and arithmetic of the process that asks


@dataclass(frozen=True)
class _Outcome:
    """The outcome of one item: an answer, what was raised, or why this worker must not answer."""

    answer: Any = None
    raised: str | None = None
    mismatch: str | None = None


def _job(pickled: bytes, topic: str, expected: tuple[str, str]) -> _Job:
    return _Job(pickle.loads(pickled), topic, expected)


def _do(job: _Job, index: int, item: Any) -> _Outcome:
    get_worker().log_event(job.topic, index)
    if _settled() != job.expected:
        return _Outcome(mismatch=f"losscli {__version__} on another kind of CPU or NumPy")
    try:
        return _Outcome(job.function(item, lambda: job.topic in _STOPPED))
    except Exception as error:
        return _Outcome(raised=f"{type(error).__name__}: {error}")


@functools.cache
def _settled() -> tuple[str, str]:
    """Version and arithmetic of this process, whose BLAS has one thread from now on: workers have several of ours."""
    _FOREVER.enter_context(one_blas_thread())
    return __version__, fingerprint()


def _stop(topic: str) -> None:
    _STOPPED.add(topic)


_FOREVER = contextlib.ExitStack()
_STOPPED: set[str] = set()  # runs whose answers are not needed any more


# -- here ------------------------------------------------------------------------------------------------------------


@dataclass
class _Run(Generic[Item, Answer]):
    """The items that were sent out, and what came back."""

    client: Any
    function: MapFunction[Item, Answer]
    topic: str

    def __post_init__(self) -> None:
        self.waiting: deque[tuple[Item, Any]] = deque()
        self.raised: list[str] = []
        # A task, not a value that is sent ahead: when the worker that holds it dies, the scheduler makes it again.
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Sending large graph", UserWarning)
            expected = __version__, fingerprint()
            self.job = self._submit(_job, pickle.dumps(self.function), self.topic, expected)

    def answers(self, items: Iterator[Item]) -> Iterator[tuple[Item, Answer | Exception]]:
        """Each item with its answer. Few items are sent ahead, so that memory does not grow with the run."""
        number, failed, more = 0, None, True
        while more or self.waiting:
            room = (1 + AHEAD) * max(self._threads(), 1) if more else 0
            while more and len(self.waiting) < room:
                try:
                    item = next(items)
                except StopIteration:
                    more = False
                except Exception as error:
                    failed, more = error, False
                else:
                    self.waiting.append((item, self._submit(_do, self.job, number, item)))
                    number += 1
            if self.waiting:
                item, future = self.waiting.popleft()
                yield item, self._answer(future)
        if failed is not None:
            raise failed

    def stop(self) -> None:
        """Cancel what is not done: its answers are not needed."""
        with contextlib.suppress(Exception):  # the scheduler may be gone
            if self.waiting:
                self.client.cancel([future for _, future in self.waiting], force=True)
                self.client.run(_stop, self.topic)

    def repeated(self) -> int:
        """How many tasks were begun more than once."""
        begun = Counter(index for _, index in self._guarded(lambda: self.client.get_events(self.topic)))
        return sum(count - 1 for count in begun.values())

    def _submit(self, function: Callable[..., Any], *given: Any) -> Future:
        return self._guarded(lambda: self.client.submit(function, *given, pure=False, retries=2))

    def _threads(self) -> int:
        return sum(self._guarded(self.client.nthreads).values())

    def _answer(self, future: Any) -> Answer | Exception:
        outcome: _Outcome = self._guarded(lambda: self._result(future))
        if outcome.mismatch is not None:
            raise FileError(f"a worker that joined later has {outcome.mismatch}", hint=SAME_VERSIONS, code="IO_CLUSTER")
        if outcome.raised is not None:
            self.raised.append(outcome.raised)
            return WorkerError(outcome.raised)
        answer: Answer = outcome.answer
        return answer

    def _result(self, future: Any) -> Any:
        waited = 0.0  # seconds without a worker
        while True:
            try:
                return future.result(timeout=_POLL)
            except TimeoutError:
                waited = 0.0 if self._threads() else waited + _POLL
                if waited >= PATIENCE:
                    raise FileError(
                        "all workers of the cluster are gone", hint="start workers and run again", code="IO_CLUSTER"
                    ) from None

    def _guarded(self, act: Callable[[], Any]) -> Any:
        """What `act` returns; an error of the cluster becomes a FileError of one line."""
        try:
            return act()
        except (FileError, TimeoutError):
            raise
        except Exception as error:
            raise FileError(f"the cluster failed: {one_line(error)}", code="IO_CLUSTER") from None


@contextlib.contextmanager
def _client(engine: Dask) -> Iterator[Any]:
    """A client of the cluster; a cluster is closed here only if it was started here."""
    with contextlib.ExitStack() as stack:
        if engine.address is None:
            with _interrupts_blocked():
                where: Any = stack.enter_context(_local(engine.workers))
        else:
            where = engine.address
        try:
            client = Client(where, timeout=CONNECT, set_as_default=False, name="losscli")
        except Exception as error:
            why = "" if isinstance(error, OSError) else f": {one_line(error)}"  # the system only says that time is up
            raise FileError(f"no scheduler answers at {engine.address}{why}",
                            hint="is it running, and is this the address that it printed?",
                            code="IO_CLUSTER") from None  # fmt: skip
        stack.callback(_closed, client)
        try:
            client.wait_for_workers(1, timeout=FIRST)
        except TimeoutError:
            raise FileError(f"the cluster at {engine.address} has no workers",
                            hint="dask worker ADDRESS starts one", code="IO_CLUSTER") from None  # fmt: skip
        yield client


def _closed(client: Any) -> None:
    with contextlib.suppress(Exception):
        client.close(timeout=CONNECT)


@contextlib.contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Threads and processes that start in here ignore Ctrl-C, which a terminal sends to all of its processes.

    It is meant for this process, which gets it once the others have started.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # started by the first process, it would unblock the signal in that thread
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _local(workers: int) -> Any:
    """A cluster of processes, each with one thread, that only this machine can reach."""
    try:
        return LocalCluster(
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
