"""The first and last bytes of remote files, which detection reads: those of the latest files are kept for readers."""

from __future__ import annotations

import threading
import weakref
from collections import deque
from concurrent.futures import Future

from losscli.io.remote.transfer import wait

KEPT = 64 << 20
"""Bytes that are kept of all files together; of more files than that, each is asked for its ends once more."""


class Ends:
    """The head and the tail of one file; both are empty once other files have taken their room."""

    def __init__(self, head: bytes = b"", tail: bytes = b"") -> None:
        self.head, self.tail = head, tail
        self.asked: Future[tuple[bytes, bytes]] | None = None
        if head:
            _latest.keep(self)

    def __reduce__(self) -> tuple[object, ...]:
        return Ends, self.contents()

    def contents(self) -> tuple[bytes, bytes]:
        """Head and tail; if they were asked for again, it waits for them."""
        asked = self.asked
        if asked is not None:
            self.head, self.tail = wait(asked)
            self.asked = None
            if self.head:
                _latest.keep(self)
        return self.head, self.tail


class _Latest:
    """The files whose ends are kept, and how many bytes these are: tens of thousands, so none is counted again."""

    def __init__(self) -> None:
        self.files: deque[tuple[weakref.ref[Ends], int]] = deque()
        self.size = 0
        self._lock = threading.Lock()

    def keep(self, new: Ends) -> None:
        """Keep the ends of one more file, in place of those of the oldest."""
        size = len(new.head) + len(new.tail)
        with self._lock:
            self.files.append((weakref.ref(new), size))
            self.size += size
            while self.size > KEPT and len(self.files) > 1:
                oldest, size = self.files.popleft()
                self.size -= size
                if (ends := oldest()) is not None and ends is not new:
                    ends.head = ends.tail = b""


_latest = _Latest()
