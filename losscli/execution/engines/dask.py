"""Workers of a Dask cluster: one that runs already, or one that is started on this machine for the run.

Tasks of several splits are sent to workers, and partial sums come back as they are done; they are merged in the order
of the splits. Before any work, and again where a worker joins later, the run checks that workers have this version and
compute the bits of this machine.
"""

from __future__ import annotations

import contextlib
import pickle
import uuid
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Generic

from losscli._version import __version__
from losscli.errors import FileError
from losscli.execution.cpu_fingerprint import fingerprint
from losscli.execution.engines import Answer, Expected, Item, MapFunction, WorkerError
from losscli.execution.engines import worker as remote
from losscli.execution.engines.cluster import LEAVE, Cluster, connected, one_line
from losscli.execution.engines.security import Tls
from losscli.execution.engines.tasks import Task, tasks
from losscli.execution.engines.worker_checks import SAME_VERSIONS, check
from losscli.lazy import dataclass

AHEAD = 2  # tasks that wait at each thread of a worker beside the one that it works on
HELD = 256 << 20  # bytes of answers that wait here for that of an earlier task
MOST = 4096  # tasks that are sent and not merged yet
WORKER_TIMEOUT = 60.0
"""Seconds after which a silent worker is given up."""
_POLL = 5.0  # seconds after which a wait begins anew


@dataclass(frozen=True)
class Dask:
    """The cluster at `address`, or without an address `workers` local processes; `files` are those of the run."""

    address: str | None
    workers: int
    files: Sequence[Expected]
    say: Callable[[str], None]
    warn: Callable[[str], None]
    tls: Tls = Tls()
    worker_timeout: float = WORKER_TIMEOUT
    is_remote: bool = True

    @property
    def count(self) -> int:
        """The processes of a local cluster; another cluster decides itself how many work."""
        return self.workers

    def map(
        self, function: MapFunction[Item, Answer], items: Iterable[Item]
    ) -> Iterator[tuple[Item, Answer | Exception]]:
        """Each item with its answer, in order; what a worker raised comes as a `WorkerError`, which holds only text."""
        packed = tasks(items)
        first = next(packed, None)
        if first is None:  # without items no cluster is started
            return
        if first.failed is not None:
            raise first.failed
        with connected(self.address, self.workers, self.tls, self.worker_timeout, self.warn) as cluster:
            check(cluster, self.files)
            cluster.watch()
            run = _Run(cluster, function, f"losscli-{uuid.uuid4().hex}")
            try:
                yield from run.answers(first, packed)
            finally:
                run.stop()
            if run.raised:  # an error of the data would have ended the run: only the workers failed on these
                self.say(f"{len(run.raised)} tasks failed on workers and were run here: {run.raised[0]}")
            if repeated := run.repeated():
                self.say(f"{repeated} task{'s were' if repeated > 1 else ' was'} restarted because a worker was lost")


class _Sent(Generic[Item]):
    """A task that was sent, and what came back."""

    def __init__(self, items: Sequence[Item]) -> None:
        self.items = items
        self.future: Any = None
        self.answers: bytes | None = None


class _Run(Generic[Item, Answer]):
    """The tasks that were sent out, and what came back."""

    def __init__(self, cluster: Cluster, function: MapFunction[Item, Answer], topic: str) -> None:
        self.cluster, self.topic = cluster, topic
        self.waiting: deque[_Sent[Item]] = deque()  # in the order of the items
        self.sent = self.in_work = self.held = 0  # tasks, tasks, bytes
        self.raised: list[str] = []
        # A task, not a value that is sent ahead: when the worker that holds it dies, the scheduler makes it again.
        expected = __version__, fingerprint()
        self.job = cluster.submit(remote.unpickled_job, pickle.dumps(function), topic, expected)

    def answers(self, first: Task[Item], rest: Iterator[Task[Item]]) -> Iterator[tuple[Item, Answer | Exception]]:
        """Each item with its answer. Few tasks are sent ahead of those in work, so memory does not grow with the run.

        An answer that comes before that of an earlier task waits for it, while other tasks are sent: a worker that is
        slow, or that is silent and not given up yet, does not keep the others from their work.
        """
        failed: Exception | None = None
        task: Task[Item] | None = first
        while task is not None or self.waiting:
            while task is not None and self._has_room():
                if task.failed is None:
                    self._send(task.items)
                    task = next(rest, None)
                else:
                    failed, task = task.failed, None
            while self.cluster.wait(0.0):  # all that is there
                pass
            if self.waiting and self.waiting[0].answers is not None:
                yield from self._taken(self.waiting.popleft())
            elif task is None or not self._has_room():
                self.cluster.wait(_POLL)
        if failed is not None:
            raise failed

    def stop(self) -> None:
        """Cancel what is not done: its answers are not needed."""
        self.cluster.ended = True
        futures = [sent.future for sent in self.waiting]
        if futures:
            with contextlib.suppress(FileError):  # the scheduler may be gone
                self.cluster.ask(self.cluster.client.cancel(futures, asynchronous=True, force=True), LEAVE)

    def repeated(self) -> int:
        """How many tasks were begun more than once."""
        try:
            events = self.cluster.ask(self.cluster.client.scheduler.events(topic=self.topic), LEAVE)
        except FileError:  # it had all to do with the work that is done
            return 0
        return sum(count - 1 for count in Counter(number for _, number in events).values())

    def _has_room(self) -> bool:
        most = (1 + AHEAD) * max(self.cluster.threads, 1)
        return self.in_work < most and self.held < HELD and len(self.waiting) < MOST

    def _send(self, items: Sequence[Item]) -> None:
        sent = _Sent(items)
        pickled = pickle.dumps(items, pickle.HIGHEST_PROTOCOL)
        sent.future = self.cluster.submit(remote.do, self.job, self.sent, pickled)
        self.waiting.append(sent)
        self.sent, self.in_work = self.sent + 1, self.in_work + 1
        self.cluster.follow(
            self.cluster.client.gather(sent.future, asynchronous=True), lambda found: self._came(sent, found)
        )

    def _came(self, sent: _Sent[Item], outcome: Any) -> None:
        self.in_work -= 1
        if isinstance(outcome, BaseException):
            raise FileError(f"the cluster failed: {one_line(outcome)}", code="IO_CLUSTER")
        if outcome.mismatch is not None:
            raise FileError(f"a worker that joined later has {outcome.mismatch}", hint=SAME_VERSIONS, code="IO_CLUSTER")
        sent.answers, sent.future = outcome.answers, None
        self.held += len(outcome.answers)

    def _taken(self, sent: _Sent[Item]) -> Iterator[tuple[Item, Answer | Exception]]:
        assert sent.answers is not None
        self.held -= len(sent.answers)
        for item, answer in zip(sent.items, pickle.loads(sent.answers), strict=True):
            if isinstance(answer, remote.Raised):
                self.raised.append(answer.text)
                yield item, WorkerError(answer.text)
            else:
                yield item, answer
