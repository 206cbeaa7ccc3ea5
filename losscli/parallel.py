"""How many threads one run's arithmetic may use, and a map in order over them.

Kernels take no number of threads: it belongs to the run, and no bit of any result depends on it.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from typing import TypeVar

from losscli.blas import one_thread

Item = TypeVar("Item")
Made = TypeVar("Made")

AHEAD = 2  # results a thread that may wait for their turn

_threads: ContextVar[int | None] = ContextVar("threads", default=None)


def available() -> int:
    """The cores that this process may use: a container or `taskset` may give it fewer than there are."""
    if hasattr(os, "process_cpu_count"):
        return os.process_cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1


def count() -> int:
    """The number of threads that may work here: what `using` said, else one a core."""
    return _threads.get() or available()


@contextmanager
def using(threads: int) -> Iterator[None]:
    """Let `count` be `threads` for what is called inside."""
    before = _threads.set(threads)
    try:
        yield
    finally:
        _threads.reset(before)


def spread_over(function: Callable[[Item], Made], items: Sequence[Item]) -> Iterator[Made]:
    """function(item) for each item, in the order of the items, worked out in `count()` threads.

    BLAS keeps to one thread meanwhile: threads over a threaded BLAS wait for each other. Results that nobody has taken
    yet are few, whatever the number of items.
    """
    threads = min(count(), len(items))
    with one_thread():
        yield from map(function, items) if threads <= 1 else _pooled(function, items, threads)


def _pooled(function: Callable[[Item], Made], items: Sequence[Item], threads: int) -> Iterator[Made]:
    from concurrent.futures import Future, ThreadPoolExecutor

    pool = ThreadPoolExecutor(threads, thread_name_prefix="losscli")
    waiting: deque[Future[Made]] = deque()
    try:
        for item in items:
            # A copy a task, as two threads cannot be in one context: it carries NumPy's error state along.
            context = copy_context()
            context.run(_threads.set, 1)  # what runs in a thread starts none of its own
            waiting.append(pool.submit(context.run, function, item))
            if len(waiting) > AHEAD * threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        # After Ctrl-C, or where the caller takes no more, only what is running now is waited for.
        pool.shutdown(wait=True, cancel_futures=True)
