"""Files on web servers, read in ranges of bytes. Unlike fsspec's own reader, it checks what the server returns."""

from __future__ import annotations

import re
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from losscli.errors import FileError
from losscli.io.remote.address import Address, RemoteVersion
from losscli.io.remote.failures import IncompleteBody, StatusError

PIECE = 1 << 20
# Servers may send gzipped bytes although none were requested; these are read like any other gzipped file.
ENCODINGS = frozenset({"", "identity", "gzip", "x-gzip"})


class NoRangesError(Exception):
    """The server does not support ranges."""


class WebServer:
    """The backend of web servers: one connection pool for all threads, as all work is done on fsspec's event loop."""

    is_versioned = False  # a file may grow while it is read, and its first bytes stay right

    def __init__(self, filesystem: Any, certificates: Sequence[str] = ()) -> None:
        self.filesystem = filesystem
        self._tls = _tls_context(certificates) if certificates else True

    async def stat(self, address: Address) -> RemoteVersion:
        """The version of the file: its size, and its ETag or modification time."""
        # GET and not HEAD, because a signed URL is valid for one method
        return (await self._range(address, 0, 1))[0]

    async def read_head(self, address: Address, size: int) -> tuple[RemoteVersion, bytes]:
        """The version of the file and its first bytes, in one request."""
        return await self._range(address, 0, size)

    async def read_range(self, address: Address, start: int, end: int) -> tuple[RemoteVersion | None, bytes]:
        """The bytes from `start` up to, not including, `end`; and the version that the server names with them."""
        try:
            return await self._range(address, start, end)
        except NoRangesError:  # it supported ranges before, so this is another server with the same name
            raise IncompleteBody("the whole file came instead of a range") from None

    async def copy(self, address: Address, write: Callable[[bytes], None]) -> None:
        """All bytes, from a server that does not support ranges."""
        async with self._answer(address, {}) as answer:
            if answer.status != 200:
                raise StatusError(answer.status)
            chunked = "chunked" in answer.headers.get("Transfer-Encoding", "").lower()
            length = answer.headers.get("Content-Length")
            if length is None and not chunked:
                raise FileError(
                    "the server does not report the size of the file, so an incomplete transfer would not be noticed",
                    path=address.redacted,
                    hint="download it first",
                    code="IO_NETWORK",
                )
            size = 0
            async for piece in answer.content.iter_chunked(PIECE):
                size += len(piece)
                write(piece)
            if length is not None and not chunked and size != int(length):
                raise IncompleteBody(f"{size} of {length} bytes")

    async def _range(self, address: Address, start: int, end: int) -> tuple[RemoteVersion, bytes]:
        async with self._answer(address, {"Range": f"bytes={start}-{end - 1}"}) as answer:
            etag = answer.headers.get("ETag", "")
            tag = etag or answer.headers.get("Last-Modified") or ""
            strong = bool(etag) and not etag.startswith("W/")
            found = re.fullmatch(r"bytes (?:(\d+)-(\d+)|\*)/(\d+)", answer.headers.get("Content-Range", "").strip())
            if answer.status == 416 and found and int(found[3]) <= start:
                return RemoteVersion(int(found[3]), tag, strong), b""
            if answer.status == 416 and start == 0:
                raise NoRangesError  # some servers answer so for an empty file, without its size
            if answer.status != 206 or found is None or found[1] is None:
                raise NoRangesError
            version = RemoteVersion(int(found[3]), tag, strong)
            promised = (int(found[1]), int(found[2]) + 1)
            if promised != (start, min(end, version.size)):
                raise NoRangesError
            body: bytes = await answer.read()
            if len(body) != promised[1] - promised[0]:
                raise IncompleteBody(f"{len(body)} of {promised[1] - promised[0]} bytes")
            return version, body

    @asynccontextmanager
    async def _answer(self, address: Address, headers: dict[str, str]) -> AsyncIterator[Any]:
        session = await self.filesystem.set_session()
        url = self.filesystem.encode_url(address.url)
        async with session.get(url, headers={"Accept-Encoding": "identity", **headers}, ssl=self._tls) as answer:
            if answer.status >= 400 and answer.status != 416:
                raise StatusError(answer.status, _retry_after(answer.headers.get("Retry-After", "")))
            encoding = answer.headers.get("Content-Encoding", "").strip().lower()
            if encoding not in ENCODINGS:
                raise FileError(f"the server sends the file encoded as '{encoding[:20]}'", path=address.redacted,
                                hint="download it first", code="IO_NETWORK")  # fmt: skip
            yield answer


def connector(certificates: Sequence[str]) -> Any:
    """Connections of aiohttp on fsspec's event loop that also trust these certificates, for a library to use."""
    from aiohttp import TCPConnector, ThreadedResolver
    from fsspec.asyn import get_loop

    loop = get_loop()
    return TCPConnector(ssl=_tls_context(certificates), resolver=ThreadedResolver(loop=loop), loop=loop)


def _tls_context(certificates: Sequence[str]) -> ssl.SSLContext:
    """What verifies servers: by the certificates of the system and these files or folders."""
    context = ssl.create_default_context()
    for path in certificates:
        is_folder = Path(path).is_dir()
        context.load_verify_locations(None if is_folder else path, path if is_folder else None)
    return context


def _retry_after(text: str) -> float:
    return float(text) if re.fullmatch(r"\d{1,6}", text.strip()) else 0.0
