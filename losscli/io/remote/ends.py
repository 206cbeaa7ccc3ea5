"""The first and last bytes of remote files, which detection reads: those of the latest files are kept for readers."""

from __future__ import annotations

import threading
import weakref
from collections import deque
from concurrent.futures import Future

from losscli.io.remote.transfer import wait

KEPT = 64 << 20
"""Bytes that are kept of all files together; of more files than that, each is asked for its ends once more."""

_kept: deque[tuple[weakref.ref[Ends], int]] = deque()
_lock = threading.Lock()


class Ends:
    """The head and the tail of one file; both are empty once other files have taken their room."""

    def __init__(self, head: bytes = b"", tail: bytes = b"") -> None:
        self.head, self.tail = head, tail
        self.asked: Future[tuple[bytes, bytes]] | None = None
        self._keep()

    def __reduce__(self) -> tuple[object, ...]:
        return Ends, self.bytes()

    def bytes(self) -> tuple[bytes, bytes]:
        """Head and tail; if they were asked for again, it waits for them."""
        asked = self.asked
        if asked is not None:
            self.head, self.tail = wait(asked)
            self.asked = None
            self._keep()
        return self.head, self.tail

    def _keep(self) -> None:
        if not self.head:
            return
        with _lock:
            _kept.append((weakref.ref(self), len(self.head) + len(self.tail)))
            total = sum(size for _, size in _kept)
            while total > KEPT and len(_kept) > 1:
                oldest, size = _kept.popleft()
                total -= size
                if (ends := oldest()) is not None and ends is not self:
                    ends.head = ends.tail = b""
