"""Threads: the number that a run may use, an ordered map over them, and BLAS limited to a single thread.

The number of threads is a setting of the run and not an argument of kernels, as no bit of a result depends on it. BLAS
has one thread, so that the bits of a matrix product do not depend on the number of cores.
"""

from __future__ import annotations

import ctypes
import functools
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from pathlib import Path
from typing import Generic, TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")

AHEAD = 2  # results per thread that may wait to be consumed

_threads: ContextVar[int | None] = ContextVar("threads", default=None)


def available_cores() -> int:
    """The number of cores that this process may use, which a container or `taskset` may limit."""
    if hasattr(os, "process_cpu_count"):
        return os.process_cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1


def thread_count() -> int:
    """The number of threads that may work here: that of `using_threads`, else one per core."""
    return _threads.get() or available_cores()


@contextmanager
def using_threads(threads: int) -> Iterator[None]:
    """Let `thread_count` be `threads` for what is called inside."""
    before = _threads.set(threads)
    try:
        yield
    finally:
        _threads.reset(before)


@functools.cache
def _computing() -> threading.BoundedSemaphore:
    return threading.BoundedSemaphore(available_cores())


@contextmanager
def computing() -> Iterator[None]:
    """Compute where no more threads do at a time than there are cores; the others may read meanwhile.

    More would not be faster, and each step of NumPy would wait for the interpreter's lock with more others.
    """
    with _computing():
        yield


def map_in_order(function: Callable[[Item], Made], items: Sequence[Item]) -> Iterator[Made]:
    """function(item) for each item, in the order of the items, computed in `thread_count()` threads.

    BLAS is limited to one thread meanwhile, because threads over a threaded BLAS wait for each other. The number of
    results that wait to be consumed is bounded.
    """
    threads = min(thread_count(), len(items))
    with one_blas_thread():
        yield from map(function, items) if threads <= 1 else _pooled(function, items, threads)


def _pooled(function: Callable[[Item], Made], items: Sequence[Item], threads: int) -> Iterator[Made]:
    from concurrent.futures import Future, ThreadPoolExecutor

    pool = ThreadPoolExecutor(threads, thread_name_prefix="losscli")
    waiting: deque[Future[Made]] = deque()
    try:
        for item in items:
            # A copy per task, as two threads cannot share a context; it carries NumPy's error state.
            context = copy_context()
            context.run(_threads.set, 1)  # code in a thread starts no threads of its own
            waiting.append(pool.submit(context.run, function, item))
            if len(waiting) > AHEAD * threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        # After Ctrl-C, or if the caller stops iterating, only running tasks are waited for.
        pool.shutdown(wait=True, cancel_futures=True)


def stream_in_order(
    function: Callable[[Item], Made], items: Iterable[Item], threads: int, ahead: int = AHEAD
) -> Iterator[Made]:
    """function(item) for each item, in order, computed in so many threads.

    The threads advance the iterator `items` in turns, so that reading what comes next goes on beside the function. At
    most `threads + ahead` items are in work or wait to be consumed. With one thread, all is done in that of the caller.
    """
    if threads <= 1:
        yield from map(function, items)
        return
    stream = _Stream(function, iter(items), threads + ahead)
    try:
        yield from stream.made(threads)
    finally:
        stream.stop()


class _Turn(Generic[Made]):
    """One item that was taken, and what was made of it or what ended it."""

    def __init__(self) -> None:
        self.made: list[Made] = []
        self.failed: BaseException | None = None


class _Stream(Generic[Item, Made]):
    """Threads that take items in turns, and hand on what they make of them in the order of the items."""

    def __init__(self, function: Callable[[Item], Made], items: Iterator[Item], most: int) -> None:
        self.function, self.items, self.most = function, items, most
        self.turns: deque[_Turn[Made]] = deque()
        self.ended = self.stopped = False
        self.take_lock, self.change = threading.Lock(), threading.Condition()

    def made(self, threads: int) -> Iterator[Made]:
        """What the threads make, in order."""
        for _ in range(threads):
            threading.Thread(target=self._work, daemon=True).start()
        while True:
            with self.change:
                while not (self.ended if not self.turns else self.turns[0].made or self.turns[0].failed):
                    self.change.wait()
                if not self.turns:
                    return
                turn = self.turns.popleft()
                self.change.notify_all()
            if turn.failed is not None:
                raise turn.failed
            yield turn.made[0]

    def stop(self) -> None:
        """Let the threads end after what they do now; nobody waits for one that hangs in a read."""
        with self.change:
            self.stopped = True
            self.change.notify_all()

    def _work(self) -> None:
        _threads.set(1)  # code in a thread starts no threads of its own
        while (taken := self._take()) is not None:
            turn, item = taken
            try:
                made, failed = [self.function(item)], None
            except BaseException as error:  # SystemExit and its like: the caller would wait for ever
                made, failed = [], error
            with self.change:
                turn.made, turn.failed = made, failed
                self.change.notify_all()

    def _take(self) -> tuple[_Turn[Made], Item] | None:
        """The next item; None if there is none, or nobody wants it."""
        with self.take_lock:
            with self.change:
                while len(self.turns) >= self.most and not self.stopped:
                    self.change.wait()
                if self.stopped or self.ended:
                    return None
            turn: _Turn[Made] = _Turn()
            try:
                item = next(self.items)
            except StopIteration:
                with self.change:
                    self.ended = True
                    self.change.notify_all()
                return None
            except BaseException as error:
                with self.change:
                    turn.failed, self.ended = error, True
                    self.turns.append(turn)
                    self.change.notify_all()
                return None
            with self.change:
                self.turns.append(turn)
        return turn, item


BLAS_VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
"""Environment variables that the command sets before NumPy is loaded."""

_NAMES = ("scipy_openblas_{}_num_threads64_", "openblas_{}_num_threads64_", "openblas_{}_num_threads")


_LOCK = threading.Lock()
_inside = 0  # callers that limit BLAS to one thread now
_before: list[int] = []  # the numbers of threads before the first of them


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Limit NumPy's bundled BLAS to one thread in a process that has loaded it; the number is restored afterwards.

    Callers may overlap in any order, from several threads: the last one to leave restores the number.
    """
    global _inside  # noqa: PLW0603  the setting is one of the process
    found = _bundled()
    with _LOCK:
        if not _inside:
            _before[:] = [read() for read, _ in found]
            for _, write in found:
                write(1)
        _inside += 1
    try:
        yield
    finally:
        with _LOCK:
            _inside -= 1
            if not _inside:
                for (_, write), threads in zip(found, _before, strict=True):
                    write(threads)


@functools.cache
def _bundled() -> tuple[tuple[Callable[[], int], Callable[[int], None]], ...]:
    """Functions that read and set the number of threads of each BLAS that is bundled with NumPy."""
    import numpy as np

    folder = Path(np.__file__).parent
    found = []
    for library in [*folder.parent.glob("numpy.libs/*openblas*"), *folder.glob(".dylibs/*openblas*")]:
        try:
            loaded = ctypes.CDLL(str(library))
        except OSError:
            continue
        for name in _NAMES:
            if hasattr(loaded, name.format("set")) and hasattr(loaded, name.format("get")):
                found.append((getattr(loaded, name.format("get")), getattr(loaded, name.format("set"))))
                break
    return tuple(found)
