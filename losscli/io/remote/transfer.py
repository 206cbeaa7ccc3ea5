"""Runs coroutines on fsspec's event loop from any thread, with retries of transient failures."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from losscli.errors import LosscliError
from losscli.io.remote.address import Address
from losscli.io.remote.failures import explain
from losscli.io.remote.settings import Settings

PAUSE, LONGEST = 0.5, 30.0
"""Seconds before the first retry, doubled for each further one, and the longest pause."""

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
