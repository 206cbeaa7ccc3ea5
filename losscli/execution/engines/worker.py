"""What a worker of a cluster does: the items of a task one after the other, and why it must not answer."""

from __future__ import annotations

import contextlib
import functools
import pickle
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from losscli._version import __version__
from losscli.execution.cpu_fingerprint import fingerprint
from losscli.execution.freed_memory import keeping_freed_memory
from losscli.io.read_ahead import FILES, splits_ahead
from losscli.lazy import dataclass
from losscli.parallel import one_blas_thread


@dataclass(frozen=True)
class Job:
    """What a worker needs for every task of a run."""

    function: Any
    topic: str  # names the run
    expected: tuple[str, str]  # version and arithmetic of the process that asks


@dataclass(frozen=True)
class Raised:
    """What was raised for one item, as text."""

    text: str


@dataclass(frozen=True)
class Outcome:
    """The pickled list of what became of each item of a task, or why this worker must not answer."""

    answers: bytes = b""
    mismatch: str | None = None


def unpickled_job(pickled: bytes, topic: str, expected: tuple[str, str]) -> Job:
    """The job of a run."""
    return Job(pickle.loads(pickled), topic, expected)


def do(job: Job, number: int, pickled: bytes) -> Outcome:
    """Work on the items of task `number`; a task that is cancelled ends early, and its answers are not used."""
    from distributed import get_worker

    get_worker().log_event(job.topic, number)
    if settled() != job.expected:
        return Outcome(mismatch=f"losscli {__version__} on another kind of CPU or NumPy")
    with keeping_freed_memory():
        found = list(answers(job.function, pickle.loads(pickled), _stopped()))
    return Outcome(pickle.dumps(found, pickle.HIGHEST_PROTOCOL))


def answers(function: Any, items: Iterable[Any], stopped: Callable[[], bool]) -> Iterator[Any]:
    """What becomes of each item; remote files are on their way while those before them are worked on."""
    for item in splits_ahead(items, FILES):
        try:
            yield Raised("the task was cancelled") if stopped() else function(item, stopped)
        except Exception as error:
            yield Raised(f"{type(error).__name__}: {error}")


def _stopped() -> Callable[[], bool]:
    """Whether the task that this thread works on is cancelled: nobody has to reach this worker for that."""
    from distributed import get_worker

    worker = get_worker()
    key = worker.get_current_task()

    def stopped() -> bool:
        task = worker.state.tasks.get(key)
        return task is None or task.state == "cancelled"

    return stopped


@functools.cache
def settled() -> tuple[str, str]:
    """Version and arithmetic of this process, whose BLAS has one thread from now on: workers have several of ours."""
    _FOREVER.enter_context(one_blas_thread())
    return __version__, fingerprint()


_FOREVER = contextlib.ExitStack()
