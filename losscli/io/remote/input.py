"""Remote files as inputs: read in order with prefetched blocks, or in ranges for formats that seek."""

from __future__ import annotations

import io
from asyncio import gather
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, closing
from dataclasses import field, replace
from typing import ClassVar

from losscli.io.files.inputs import FileInput, Input, file_version
from losscli.io.files.spool import spool_with
from losscli.io.files.streams import Stream
from losscli.io.remote.address import Address, RemoteVersion
from losscli.io.remote.ends import Ends
from losscli.io.remote.http import WebServer
from losscli.io.remote.ranges import Blocks, Lanes, Range
from losscli.io.remote.stores import changed_error, store_of
from losscli.io.remote.transfer import in_flight, run, start, wait
from losscli.lazy import dataclass

HEAD = 128 << 10
"""Bytes of the first request: enough to detect the format, the columns and the delimiter."""

TAIL = 64 << 10
"""Bytes from the end of a file with a footer: as many as Arrow reads at once to find that of Parquet."""

FOOTER = 16 << 20
"""Bytes of the longest footer that is kept."""

FIRST_BLOCK, LAST_BLOCK, AHEAD = 256 << 10, 8 << 20, 2
FIRST_RANGE, LAST_RANGE = 64 << 10, 1 << 20

_WITH_TAIL = (".parquet", ".pq", ".arrow", ".feather")
_MARKS = (b"PAR1", b"ARROW1")
"""At both ends of a file with a footer, whose length stands before the last one."""


@dataclass(frozen=True)
class RemoteInput:
    """A remote file. `path` is shown to the user, `address` is opened; it can be sent to another process.

    `begun` are the requests for what will be read soon.
    """

    path: str
    address: Address = field(repr=False)
    version: RemoteVersion
    ends: Ends = field(default_factory=Ends, repr=False, compare=False)
    begun: dict[Range, Future[bytes]] = field(default_factory=dict, repr=False, compare=False)
    is_remote: ClassVar[bool] = True

    def __reduce__(self) -> tuple[object, ...]:
        return RemoteInput, (self.path, self.address, self.version, self.ends)

    @property
    def size(self) -> int:
        """The size of the file in bytes when it was found."""
        return self.version.size

    @property
    def head(self) -> bytes:
        """The first bytes, where they are kept; else none."""
        return self.ends.contents()[0]

    def open(self, last: bool = False) -> Stream:
        """The bytes from the first on, in a stream of its own; `last` makes no difference to a remote file."""
        return Stream(_SequentialReader(self), self.path)

    def shared(self, lanes: Sequence[Sequence[Range]]) -> AbstractContextManager[Blocks]:
        """The requests for lanes which several readers will read, each some of them: none is made twice."""
        return closing(Blocks(self, lanes))

    def open_seekable(self, lanes: Lanes = ()) -> io.IOBase:
        """The file with its own position; any number of callers can read at once. `lanes` are what will be read."""
        return RangeFile(self, lanes)

    def verify(self) -> None:
        """Raise a FileError if the file has changed since it was found.

        This is one request, unless each answer said which version of the file its bytes are of.
        """
        store = store_of(self.address)
        if store.is_versioned and self.version.is_etag:
            return
        if not self.version.same_as(run(store.stat(self.address))):
            raise changed_error(self.address)

    def cached(self, begin: int, end: int) -> bytes | None:
        """These bytes, if they are part of the head or the tail that was already read."""
        head, tail = self.ends.contents()
        if end <= len(head):
            return head[begin:end]
        offset = self.version.size - len(tail)
        return tail[begin - offset : end - offset] if begin >= offset else None

    def request(self, begin: int, end: int) -> Future[bytes]:
        """The future of these bytes."""
        if (begun := self.begun.pop((begin, end), None)) is not None:
            return begun
        if (data := self.cached(begin, end)) is not None:
            known: Future[bytes] = Future()
            known.set_result(data)
            return known
        return start(store_of(self.address).read_range(self.address, self.version, begin, end))

    def ask_ahead(self, begin: int, end: int) -> None:
        """Begin the request for bytes that will be read soon."""
        if (begin, end) not in self.begun and self.cached(begin, end) is None:
            self.begun[begin, end] = self.request(begin, end)

    def begin_ends(self) -> int:
        """Begin the request for head and tail, unless they are kept; it returns how many bytes these are."""
        if self.ends.head or not self.version.size:
            return 0
        if self.ends.asked is None:
            self.ends.asked = start(_ends_again(self.address, self.version))
        return min(self.version.size, HEAD + TAIL)

    def begin_text(self) -> int:
        """Begin the request for the text that follows the head, or for the head; it returns how many bytes that is."""
        if begun := self.begin_ends():
            return begun
        begin = len(self.head)
        end = min(begin + FIRST_BLOCK, self.version.size)
        if end > begin:
            self.ask_ahead(begin, end)
        return end - begin


def find_remote(address: Address) -> Input:
    """The input of an address; a temporary copy if the server does not support ranges."""
    return _input(address, run(_ends(address)))


def find_all(addresses: Iterable[Address]) -> Iterator[Input]:
    """The inputs of addresses in order; the next ones are on their way."""
    known = list(addresses)
    yield from map(_input, known, in_flight(map(_ends, known)))


def _input(address: Address, found: tuple[RemoteVersion, Ends] | None) -> Input:
    return _copied(address) if found is None else RemoteInput(address.redacted, address, *found)


async def _ends(address: Address) -> tuple[RemoteVersion, Ends] | None:
    """The version of a file and its ends; None if the server does not support ranges."""
    store = store_of(address)
    known = address.version
    if known is not None and address.url.lower().endswith(_WITH_TAIL) and known.size > HEAD:
        head, tail = await gather(store.read_range(address, known, 0, HEAD), _tail(address, known))
        return known, Ends(head, tail)
    begun = await store.read_head(address, HEAD)
    if begun is None:
        return None
    version, head = begun
    is_longer = head.startswith(_MARKS) and version.size > len(head)
    return version, Ends(head, await _tail(address, version) if is_longer else b"")


async def _tail(address: Address, version: RemoteVersion) -> bytes:
    """The end of a file with its whole footer."""
    store = store_of(address)
    begin = max(min(HEAD, version.size), version.size - TAIL)
    tail = await store.read_range(address, version, begin, version.size)
    mark = next((len(mark) for mark in _MARKS if tail.endswith(mark)), 0)
    needed = int.from_bytes(tail[-mark - 4 : -mark], "little") + mark + 4 if mark else 0
    if len(tail) < needed <= min(FOOTER, version.size):
        first = version.size - needed
        tail = await store.read_range(address, version, first, begin) + tail
    return tail


async def _ends_again(address: Address, version: RemoteVersion) -> tuple[bytes, bytes]:
    found = await _ends(replace(address, version=version))
    if found is None or not version.same_as(found[0]):
        raise changed_error(address)
    return found[1].contents()


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
        self.source, head = source, source.head
        self.block = memoryview(head)
        self.next, self.size = len(head), FIRST_BLOCK
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
    """A seekable remote file: a read that no lane has fetches a range that is kept until the next fetch.

    Arrow reads lengths of a few bytes, and each would be a request. A read that continues the last one fetches more.
    """

    def __init__(self, source: RemoteInput, lanes: Lanes = ()) -> None:
        self.source, self.at = source, 0
        self.is_shared = isinstance(lanes, Blocks)
        self.blocks = lanes if isinstance(lanes, Blocks) else Blocks(source, lanes)
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
        if (data := self.blocks.read(begin, end)) is not None:
            return data
        known = self.begin + len(self.block)
        if begin < self.begin or end > known:
            goes_on = self.begin <= begin <= known and known > 0
            self.range_bytes = min(self.range_bytes * 2, LAST_RANGE) if goes_on else FIRST_RANGE
            until = min(max(end, begin + self.range_bytes), self.source.version.size)
            self.block, self.begin = wait(self.source.request(begin, until)), begin
        return self.block[begin - self.begin : end - self.begin]

    def close(self) -> None:
        """Close it; what was asked for and not read is given up, unless other readers share it."""
        if not self.is_shared:
            self.blocks.close()
        super().close()
