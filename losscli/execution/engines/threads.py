"""Threads of this process: NumPy and Arrow release the interpreter's lock while they compute."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import field
from typing import Generic

from losscli.execution.engines import Answer, Item, MapFunction
from losscli.lazy import dataclass
from losscli.parallel import using_threads

BUDGET = 192 << 20
"""Bytes that items may take together. Where each takes much, fewer threads work at a time than there are."""

AHEAD = 2  # items that may wait for a thread beside those that are worked on
WAITED = 0.25
"""Seconds that the caller of a `gradual` engine has waited, in all, before there are more threads than one."""

_PATIENCE = 0.3  # seconds that threads get to end when their answers are no longer needed


@dataclass(frozen=True)
class Threads:
    """Work in `count` threads of this process; with one, in the caller's.

    `may_fork` says that the process is ours alone, so that forks of it may do the work instead, where that is faster.
    `gradual` is for a caller that does most of the work, with answers that take much memory: there is one thread, with
    one answer ahead, until the caller has waited for some time.
    """

    count: int
    is_remote: bool = False
    may_fork: bool = False
    gradual: bool = False

    def map(
        self, function: MapFunction[Item, Answer], items: Iterable[Item]
    ) -> Iterator[tuple[Item, Answer | Exception]]:
        """Each item with its answer, in order; few items are taken ahead, so memory does not grow with the run."""
        if self.count == 1:
            yield from _one_after_the_other(function, iter(items))
            return
        pool = _WorkerPool(function, iter(items), self.count, self.gradual)
        try:
            yield from pool.answers()
        finally:
            pool.stop()


def _one_after_the_other(
    function: MapFunction[Item, Answer], items: Iterator[Item]
) -> Iterator[tuple[Item, Answer | Exception]]:
    while True:
        with using_threads(1):  # what reads the items starts no threads of its own
            try:
                item = next(items)
            except StopIteration:
                return
        yield item, _answer(function, item, _never)


def _never() -> bool:
    return False


def _answer(function: MapFunction[Item, Answer], item: Item, stopped: Callable[[], bool]) -> Answer | Exception:
    try:
        return function(item, stopped)
    except Exception as error:
        return error


@dataclass
class _Task(Generic[Item, Answer]):
    """One item that was taken, and its answer; or what ended the run when it was taken or worked on."""

    memory_bytes: int = 0
    answered: tuple[Item, Answer | Exception] | None = None
    failed: BaseException | None = None

    @property
    def done(self) -> bool:
        return self.answered is not None or self.failed is not None


@dataclass
class _WorkerPool(Generic[Item, Answer]):
    """Threads that take items one after the other, under a lock, and work on them side by side.

    A thread never ends with an exception: the caller would wait for its answer for ever. Whatever is raised becomes the
    failure of a task, which the caller raises.
    """

    function: MapFunction[Item, Answer]
    items: Iterator[Item]
    count: int  # threads
    gradual: bool = False  # whether there is only one until the caller has waited for some time
    waited: float = 0.0  # seconds that it has
    tasks: deque[_Task[Item, Answer]] = field(default_factory=deque)  # in the order of the items
    exhausted: bool = False  # whether there are no more items
    stopped: bool = False  # whether answers are no longer needed
    take_lock: threading.Lock = field(default_factory=threading.Lock)
    change: threading.Condition = field(default_factory=threading.Condition)
    threads: list[threading.Thread] = field(default_factory=list)

    @property
    def most(self) -> int:
        """How many tasks there are at a time."""
        return 2 if self.gradual else self.count + AHEAD

    def answers(self) -> Iterator[tuple[Item, Answer | Exception]]:
        """Each item with its answer, in order."""
        self._start(1 if self.gradual else self.count)
        while (task := self._first()) is not None:
            if task.failed is not None:
                raise task.failed
            assert task.answered is not None
            yield task.answered

    def _start(self, count: int) -> None:
        """Start threads until there are so many."""
        while len(self.threads) < count:
            thread = threading.Thread(target=self._work, daemon=True)
            self.threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """End the threads; one that hangs in a read is left behind."""
        with self.change:
            self.stopped = True
            self.change.notify_all()
        end = time.monotonic() + _PATIENCE
        for thread in self.threads:
            if (
                thread.ident is not None
            ):  # what kept one from starting is to be raised, and not that it cannot be joined
                thread.join(max(0.0, end - time.monotonic()))

    def _first(self) -> _Task[Item, Answer] | None:
        """The oldest task, once it is done; None when there are no more."""
        with self.change:
            while not (self.tasks[0].done if self.tasks else self.exhausted):
                self._wait()
            if not self.tasks:
                return None
            task = self.tasks.popleft()
            self.change.notify_all()
            return task

    def _wait(self) -> None:
        """Wait for a change; a gradual pool is one no more where the caller waits for long."""
        if not self.gradual:
            self.change.wait()
            return
        began = time.monotonic()
        self.change.wait(max(0.0, WAITED - self.waited))
        self.waited += time.monotonic() - began
        if self.waited >= WAITED:
            self.gradual = False
            self._start(self.count)
            self.change.notify_all()  # there may be more tasks

    def _work(self) -> None:
        while (taken := self._take()) is not None:
            task, item = taken
            answered: tuple[Item, Answer | Exception] | None = None
            failed: BaseException | None = None
            try:
                answered = item, _answer(self.function, item, lambda: self.stopped)
            except BaseException as error:  # SystemExit and its like
                failed = error
            with self.change:
                task.answered, task.failed = answered, failed
                self.change.notify_all()

    def _take(self) -> tuple[_Task[Item, Answer], Item] | None:
        """The next item, where memory allows; None when there are no more."""
        task: _Task[Item, Answer] = _Task()
        with self.take_lock:
            with self.change:
                while len(self.tasks) >= self.most and not self.stopped:
                    self.change.wait()
                if self.stopped or self.exhausted:
                    return None
            try:
                with using_threads(self.count):
                    item = next(self.items)
                task.memory_bytes = item.memory_bytes
            except BaseException as error:
                with self.change:
                    self.exhausted = True
                    if not isinstance(error, StopIteration):
                        task.failed = error
                        self.tasks.append(task)
                    self.change.notify_all()
                return None
            with self.change:
                while not self.stopped and (busy := self._in_work()) and busy + task.memory_bytes > BUDGET:
                    self.change.wait()
                self.tasks.append(task)
        return task, item

    def _in_work(self) -> int:
        """The bytes that the tasks take that are worked on."""
        return sum(task.memory_bytes for task in self.tasks if not task.done)
