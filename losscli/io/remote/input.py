"""A remote file as an input: read in order with blocks on their way, or in ranges, where a format seeks."""

from __future__ import annotations

import io
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, field

from losscli.io.files.inputs import FileInput, Input, file_version
from losscli.io.files.spool import spool_with
from losscli.io.files.streams import Stream
from losscli.io.remote.address import Address, RemoteVersion
from losscli.io.remote.http import WebServer
from losscli.io.remote.stores import changed_error, store_of
from losscli.io.remote.transfer import run, start, wait

HEAD = 128 << 10
"""Bytes of the first request: as much as finding out format, columns and delimiter takes."""

TAIL = 64 << 10
"""Bytes from the end of a Parquet file: as much as Arrow reads at once to find the footer."""

FIRST_BLOCK, LAST_BLOCK, AHEAD = 256 << 10, 8 << 20, 2
FIRST_RANGE, LAST_RANGE = 64 << 10, 1 << 20


@dataclass(frozen=True)
class RemoteInput:
    """A file elsewhere: `path` is what the user sees, `address` what is opened. Other processes may open it, too."""

    path: str
    address: Address = field(repr=False)
    version: RemoteVersion
    head: bytes = field(repr=False, compare=False)
    tail: bytes = field(default=b"", repr=False, compare=False)

    @property
    def size(self) -> int:
        """The bytes of the file when it was found."""
        return self.version.size

    def open(self, last: bool = False) -> Stream:
        return Stream(_SequentialReader(self), self.path)

    def open_seekable(self) -> io.IOBase:
        """An own place in the file for each caller, as many at once as wanted."""
        return RangeFile(self)

    def verify(self) -> None:
        if not self.version.same_as(run(store_of(self.address).stat(self.address))):
            raise changed_error(self.address)

    def cached(self, read_head: int, end: int) -> bytes | None:
        """These bytes, if the first or the last request has brought them."""
        if end <= len(self.head):
            return self.head[read_head:end]
        offset = self.version.size - len(self.tail)
        return self.tail[read_head - offset : end - offset] if read_head >= offset else None

    def request(self, read_head: int, end: int) -> Future[bytes]:
        """These bytes, on their way."""
        return start(store_of(self.address).read_range(self.address, self.version, read_head, end))


def find_remote(address: Address) -> Input:
    """The input behind an address; a temporary copy where the server gives only whole files."""
    store = store_of(address)
    begun = run(store.read_head(address, HEAD))
    if begun is None:
        return _copied(address)
    version, head = begun
    tail = b""
    if head.startswith(b"PAR1") and version.size > len(head):
        tail = run(store.read_range(address, version, max(len(head), version.size - TAIL), version.size))
    return RemoteInput(address.redacted, address, version, head, tail)


def _copied(address: Address) -> FileInput:
    store = store_of(address)
    backend = store.backend
    assert isinstance(backend, WebServer)
    spool = spool_with(
        lambda copy: run(store.retried(lambda: backend.copy(address, copy.restart()), address)), address.redacted
    )
    return FileInput(address.redacted, spool.path, file_version(spool.path), spool)


class _SequentialReader:
    """All bytes from the first on. Blocks grow, and come ahead of the reader once it is clear that it wants them."""

    def __init__(self, source: RemoteInput) -> None:
        self.source = source
        self.block = memoryview(source.head)
        self.next, self.size = len(source.head), FIRST_BLOCK
        self.pending: deque[Future[bytes]] = deque()

    def read(self, size: int, /) -> bytes:
        if not self.block:
            self._ask(1)
            if not self.pending:
                return b""
            self.block = memoryview(wait(self.pending.popleft()))
            if self.size > FIRST_BLOCK << 1:  # who reads a second block reads on
                self._ask(AHEAD)
        piece, self.block = bytes(self.block[:size]), self.block[size:]
        return piece

    def _ask(self, count: int) -> None:
        while len(self.pending) < count and self.next < self.source.version.size:
            end = min(self.next + self.size, self.source.version.size)
            self.pending.append(self.source.request(self.next, end))
            self.next, self.size = end, min(self.size * 2, LAST_BLOCK)

    def close(self) -> None:
        for block in self.pending:
            block.cancel()
        self.pending.clear()
        self.next = self.source.version.size


class RangeFile(io.RawIOBase):
    """A remote file that seeks: what is read is fetched, with little around it, and kept until the next fetch.

    Arrow reads lengths of a few bytes; each would be a journey. One that goes on where the last ended takes more.
    """

    def __init__(self, source: RemoteInput) -> None:
        self.source, self.at = source, 0
        self.read_head, self.block = 0, b""
        self.range_bytes = FIRST_RANGE

    def readable(self) -> bool:
        return True

    def open_for_arrow(self) -> bool:
        return True

    def tell(self) -> int:
        return self.at

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self.at, io.SEEK_END: self.source.version.size}[whence]
        self.at = max(0, base + offset)
        return self.at

    def read(self, size: int = -1, /) -> bytes:
        total = self.source.version.size
        end = total if size is None or size < 0 else min(self.at + size, total)
        if end <= self.at:
            return b""
        data = self.source.cached(self.at, end)
        if data is None:
            data = self._fetched(self.at, end)
        self.at = end
        return data

    def readinto(self, buffer: bytearray, /) -> int:  # type: ignore[override]
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def _fetched(self, read_head: int, end: int) -> bytes:
        known = self.read_head + len(self.block)
        if read_head < self.read_head or end > known:
            goes_on = self.read_head <= read_head <= known and known > 0
            self.range_bytes = min(self.range_bytes * 2, LAST_RANGE) if goes_on else FIRST_RANGE
            until = min(max(end, read_head + self.range_bytes), self.source.version.size)
            self.block, self.read_head = wait(self.source.request(read_head, until)), read_head
        return self.block[read_head - self.read_head : end - self.read_head]
