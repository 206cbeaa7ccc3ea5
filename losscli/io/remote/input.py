"""Remote files as inputs: read in order with prefetched blocks, or in ranges for formats that seek."""

from __future__ import annotations

import io
from collections import deque
from concurrent.futures import Future
from dataclasses import field

from losscli.io.files.inputs import FileInput, Input, file_version
from losscli.io.files.spool import spool_with
from losscli.io.files.streams import Stream
from losscli.io.remote.address import Address, RemoteVersion
from losscli.io.remote.http import WebServer
from losscli.io.remote.stores import changed_error, store_of
from losscli.io.remote.transfer import run, start, wait
from losscli.lazy import dataclass

HEAD = 128 << 10
"""Bytes of the first request: enough to detect the format, the columns and the delimiter."""

TAIL = 64 << 10
"""Bytes from the end of a Parquet file: as many as Arrow reads at once to find the footer."""

FIRST_BLOCK, LAST_BLOCK, AHEAD = 256 << 10, 8 << 20, 2
FIRST_RANGE, LAST_RANGE = 64 << 10, 1 << 20


@dataclass(frozen=True)
class RemoteInput:
    """A remote file. `path` is shown to the user, `address` is opened; it can be sent to another process."""

    path: str
    address: Address = field(repr=False)
    version: RemoteVersion
    head: bytes = field(repr=False, compare=False)
    tail: bytes = field(default=b"", repr=False, compare=False)

    @property
    def size(self) -> int:
        """The size of the file in bytes when it was found."""
        return self.version.size

    def open(self, last: bool = False) -> Stream:
        """The bytes from the first on, in a stream of its own; `last` makes no difference to a remote file."""
        return Stream(_SequentialReader(self), self.path)

    def open_seekable(self) -> io.IOBase:
        """The file with its own position; any number of callers can read at once."""
        return RangeFile(self)

    def verify(self) -> None:
        """Raise a FileError if the file has changed since it was found; this is one request."""
        if not self.version.same_as(run(store_of(self.address).stat(self.address))):
            raise changed_error(self.address)

    def cached(self, begin: int, end: int) -> bytes | None:
        """These bytes, if they are part of the head or the tail that was already read."""
        if end <= len(self.head):
            return self.head[begin:end]
        offset = self.version.size - len(self.tail)
        return self.tail[begin - offset : end - offset] if begin >= offset else None

    def request(self, begin: int, end: int) -> Future[bytes]:
        """The future of these bytes."""
        return start(store_of(self.address).read_range(self.address, self.version, begin, end))


def find_remote(address: Address) -> Input:
    """The input of an address; a temporary copy if the server does not support ranges."""
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
    """Reads from the first byte on. Blocks grow, and are prefetched once the reader has asked for a second one."""

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
            if self.size > FIRST_BLOCK << 1:  # a reader of a second block reads on
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
    """A seekable remote file: a read fetches a range that is kept until the next fetch.

    Arrow reads lengths of a few bytes, and each would be a request. A read that continues the last one fetches more.
    """

    def __init__(self, source: RemoteInput) -> None:
        self.source, self.at = source, 0
        self.begin, self.block = 0, b""
        self.range_bytes = FIRST_RANGE

    def readable(self) -> bool:
        """Whether it can be read: always."""
        return True

    def seekable(self) -> bool:
        """Always true: nothing is read in order only."""
        return True

    def tell(self) -> int:
        """The position of the next read, in bytes from the start."""
        return self.at

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Move to a position, at least 0; nothing is fetched. The new position is returned."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self.at, io.SEEK_END: self.source.version.size}[whence]
        self.at = max(0, base + offset)
        return self.at

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` bytes, fewer only at the end; -1 reads all."""
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
        """Read into the buffer; the number of bytes that were read, less than its size only at the end."""
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def _fetched(self, begin: int, end: int) -> bytes:
        known = self.begin + len(self.block)
        if begin < self.begin or end > known:
            goes_on = self.begin <= begin <= known and known > 0
            self.range_bytes = min(self.range_bytes * 2, LAST_RANGE) if goes_on else FIRST_RANGE
            until = min(max(end, begin + self.range_bytes), self.source.version.size)
            self.block, self.begin = wait(self.source.request(begin, until)), begin
        return self.block[begin - self.begin : end - self.begin]
