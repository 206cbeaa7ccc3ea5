"""Pieces that several threads encode, written in their order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from losscli.parallel import available_cores, thread_count

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

_AHEAD = 2  # pieces a thread that may wait to be written


class OrderedPieces:
    """Encodes pieces by the threads of the run, and hands the results to `write`, in order, in the caller's thread.

    The first piece waits for a second one: a table of one piece starts no thread.
    """

    def __init__(self, write: Callable[[bytes], Any], threads: int | None = None) -> None:
        self._write = write
        self._threads = threads or min(thread_count(), available_cores())
        self._first: Callable[[], bytes] | None = None
        self._waiting: deque[Future[bytes]] = deque()
        self._pool: ThreadPoolExecutor | None = None

    def add(self, encode: Callable[[], bytes]) -> None:
        """One more piece, whose bytes `encode` gives; what it raises is raised here or later."""
        if self._threads == 1:
            self._write(encode())
            return
        if self._pool is None:
            if self._first is None:
                self._first = encode
                return
            from concurrent.futures import ThreadPoolExecutor

            self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="losscli-write")
            self._waiting.append(self._pool.submit(self._first))
        self._waiting.append(self._pool.submit(encode))
        if len(self._waiting) > _AHEAD * self._threads:
            self._write(self._waiting.popleft().result())

    def close(self) -> None:
        """Write what is left."""
        try:
            if self._pool is None:
                if self._first is not None:
                    self._write(self._first())
                return
            while self._waiting:
                self._write(self._waiting.popleft().result())
        finally:
            if self._pool is not None:
                self._pool.shutdown(wait=True, cancel_futures=True)
