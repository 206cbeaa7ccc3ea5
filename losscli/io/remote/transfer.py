"""Work on fsspec's loop from any thread, tried again where the trouble may pass."""

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
"""Seconds before the first new try, doubled for each more; and the longest that a server may ask for."""

_JITTER = random.Random()  # our own: the state of `random` belongs to the program that imports us
T = TypeVar("T")


def start(work: Coroutine[Any, Any, T]) -> Future[T]:
    """Have it done in the background."""
    from fsspec.asyn import get_loop

    return asyncio.run_coroutine_threadsafe(work, get_loop())


def wait(future: Future[T]) -> T:
    """The result; whoever stops waiting (Ctrl-C) stops the work."""
    try:
        return future.result()
    except BaseException:
        future.cancel()
        raise


def run(work: Coroutine[Any, Any, T]) -> T:
    """Have it done now."""
    return wait(start(work))


async def with_retries(attempt: Callable[[], Awaitable[T]], address: Address, settings: Settings, retries: int) -> T:
    """The result of the first attempt that does not fail, or one clear error."""
    tries = 0
    while True:
        try:
            return await attempt()
        except LosscliError:
            raise
        except Exception as error:
            failure = explain(error, settings.read)
        tries += 1
        if failure.kind != "transient" or tries > retries:
            raise failure.error(address, tries)
        # jitter, so that many workers that fail together do not come back together
        pause = min(LONGEST, PAUSE * 2 ** (tries - 1)) * (0.5 + _JITTER.random())
        await asyncio.sleep(max(pause, min(failure.wait, LONGEST)))
