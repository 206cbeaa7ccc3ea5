"""The first answer of a store: waited for, but not for the minute that libraries search for credentials and retry."""

from __future__ import annotations

import threading
from asyncio import wait_for
from collections.abc import Callable
from concurrent.futures import Future
from time import monotonic
from typing import Protocol, TypeVar

from losscli.io.remote.address import Address
from losscli.io.remote.failures import RemoteFailure, explain, unreached
from losscli.io.remote.settings import Settings

LEAST_SECONDS = 2.0
"""Seconds for the answer of the server, however long the search for credentials took."""

Made = TypeVar("Made")


class Reachable(Protocol):
    """A store whose library retries by itself."""

    async def has_container(self, address: Address) -> bool:
        """Whether the store has the bucket or container of this address."""
        ...

    async def connection_failure(self, limits: Settings) -> RemoteFailure | None:
        """What is wrong with the connection, where the library hides it in its retries."""
        ...


def within_patience(make: Callable[[], Made], address: Address, limits: Settings) -> tuple[Made, float]:
    """What `make` returns, and the seconds it took: a search for credentials may wait for servers that never answer.

    Raises
    ------
    FileError
        If `make` takes longer than the first answer may.
    """
    made: Future[Made] = Future()

    def work() -> None:
        try:
            made.set_result(make())
        except BaseException as error:
            made.set_exception(error)

    began = monotonic()
    threading.Thread(target=work, daemon=True).start()
    try:
        return made.result(limits.patience), monotonic() - began
    except TimeoutError:
        if made.done():
            raise
        raise unreached(limits.patience).error(address, 1) from None


async def reach(store: Reachable, address: Address, limits: Settings, spent: float) -> None:
    """Wait for a first answer, whatever it says.

    Parameters
    ----------
    store : Reachable
        The store, which is asked for the bucket or container of `address`.
    address : Address
        A file in it.
    limits : Settings
        How long to wait.
    spent : float
        Seconds that the search for credentials took, which count as waiting.

    Raises
    ------
    FileError
        If there is no answer in time, or no connection.
    """
    seconds = max(min(LEAST_SECONDS, limits.patience), limits.patience - spent)
    try:
        await wait_for(store.has_container(address), seconds)
    except TimeoutError:
        failure = await store.connection_failure(limits) or unreached(limits.patience)
        raise failure.error(address, 1) from None
    except Exception as error:
        raise explain(error, limits).error(address, 1) from None
