"""Runs coroutines on fsspec's event loop from any thread, with retries of transient failures."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator
from concurrent.futures import Future
from typing import Any, TypeVar

from losscli.errors import LosscliError
from losscli.io.remote.address import Address
from losscli.io.remote.failures import explain
from losscli.io.remote.settings import Settings

PAUSE, LONGEST = 0.5, 30.0
"""Seconds before the first retry, doubled for each further one, and the longest pause."""

IN_FLIGHT = 32
"""Files that are opened, or whose names are looked up, at a time; a store gets as many connections."""

_JITTER = random.Random()  # our own generator: the state of `random` belongs to the program that imports us
T = TypeVar("T")


def start(work: Coroutine[Any, Any, T]) -> Future[T]:
    """Run the coroutine in the background."""
    from fsspec.asyn import get_loop

    return asyncio.run_coroutine_threadsafe(work, get_loop())


def wait(future: Future[T]) -> T:
    """The result of a future, which is cancelled if the wait is interrupted (Ctrl-C)."""
    try:
        return future.result()
    except BaseException:
        future.cancel()
        raise


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run the coroutine and return its result."""
    return wait(start(work))


def in_flight(works: Iterable[Coroutine[Any, Any, T]]) -> Iterator[T]:
    """The results of coroutines in order; those of the next ones are on their way. An error is raised in its place."""
    pending: deque[Future[T]] = deque()
    rest = iter(works)
    try:
        while True:
            while len(pending) < IN_FLIGHT and (work := next(rest, None)) is not None:
                pending.append(start(work))
            if not pending:
                return
            yield wait(pending.popleft())
    finally:
        for future in pending:
            future.cancel()


async def with_retries(attempt: Callable[[], Awaitable[T]], address: Address, settings: Settings, retries: int,
                       is_reached: Callable[[], bool] = lambda: True) -> T:  # fmt: skip
    """The result of the first attempt that succeeds, or one error with the number of attempts.

    A server to which there was no connection yet (`is_reached`) is not waited for once more.
    """
    tries = 0
    while True:
        try:
            return await attempt()
        except LosscliError:
            raise
        except Exception as error:
            failure = explain(error, settings)
        tries += 1
        if failure.kind != "transient" or tries > retries or (failure.is_unreached and not is_reached()):
            raise failure.error(address, tries)
        # jitter, so that workers that fail together do not retry together
        pause = min(LONGEST, PAUSE * 2 ** (tries - 1)) * (0.5 + _JITTER.random())
        await asyncio.sleep(max(pause, min(failure.wait, LONGEST)))
