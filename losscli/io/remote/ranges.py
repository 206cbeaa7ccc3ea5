"""Ranges of a remote file that a reader will want: coalesced, and asked for before they are read."""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from typing import Protocol

from losscli.io.remote.transfer import wait

Range = tuple[int, int]
"""The first byte, and the first that is no longer part of it."""

GAP = 2 << 20
"""Unwanted bytes that are read to spare a request, which takes about as long."""

WHOLE = 16 << 20
"""Bytes of ranges that are held together; of more, each column is read in blocks."""

BLOCK, SMALLEST = 8 << 20, 64 << 10


class Requests(Protocol):
    """A remote file."""

    def request(self, begin: int, end: int) -> Future[bytes]:
        """The future of these bytes."""
        ...


def blocks_of(columns: Sequence[Sequence[Range]]) -> list[list[Range]]:
    """The requests for the ranges of some columns, each a lane: a block of it is held while it is read, and the next.

    Few bytes are one lane a request: all are asked for at once.
    """
    ranges = sorted(each for column in columns for each in column)
    together = list(_coalesced(ranges))
    if sum(end - begin for begin, end in together) <= WHOLE:
        return [[each] for each in together]
    size = max(SMALLEST, min(BLOCK, WHOLE // (2 * len(columns))))
    # A damaged footer may leave a column without bytes.
    return [[block for each in column for block in _cut(each, size)] for column in columns if column]


def _coalesced(ranges: Sequence[Range]) -> Iterator[Range]:
    begin, end = ranges[0] if ranges else (0, 0)
    for first, last in ranges[1:]:
        if first - end > GAP:
            yield begin, end
            begin = first
        end = max(end, last)
    if end > begin:
        yield begin, end


def _cut(whole: Range, size: int) -> Iterator[Range]:
    for begin in range(whole[0], whole[1], size):
        yield begin, min(begin + size, whole[1])


class Blocks:
    """The blocks of one reader, or of some in several threads, each of which reads other lanes."""

    def __init__(self, source: Requests, lanes: Sequence[Sequence[Range]]) -> None:
        self.source = source
        self.next = {block: after for lane in lanes for block, after in zip(lane, [*lane[1:], None], strict=True)}
        self.before = {after: block for block, after in self.next.items() if after is not None}
        self.sorted = sorted(self.next)
        self.starts = [begin for begin, _ in self.sorted]
        self.held: dict[Range, Future[bytes]] = {}
        self.is_closed = False
        self._lock = threading.Lock()
        for lane in lanes:
            self._ask(lane[0])

    def read(self, begin: int, end: int) -> bytes | None:
        """These bytes, if they are part of the blocks."""
        pieces: list[bytes] = []
        while begin < end:
            at = bisect_right(self.starts, begin) - 1
            if at < 0 or self.sorted[at][1] <= begin:
                return None
            block = self.sorted[at]
            asked = self._ask(block)
            if (after := self.next[block]) is not None:
                self._ask(after)
            self._release(self.before.get(block))
            until = min(end, block[1])
            pieces.append(wait(asked)[begin - block[0] : until - block[0]])
            begin = until
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def close(self) -> None:
        """Give up what was not read, and ask for nothing more: another thread may still be reading."""
        with self._lock:
            self.is_closed = True
            given_up = list(self.held.values())
            self.held.clear()
        for block in given_up:
            block.cancel()

    def _ask(self, block: Range) -> Future[bytes]:
        with self._lock:
            if self.is_closed:
                raise ValueError("read of a closed file")
            if block not in self.held:
                self.held[block] = self.source.request(*block)
            return self.held[block]

    def _release(self, block: Range | None) -> None:
        with self._lock:
            asked = None if block is None else self.held.pop(block, None)
        if asked is not None:
            asked.cancel()


Lanes = Sequence[Sequence[Range]] | Blocks
"""What will be read: as lanes, or as blocks that some readers share."""
