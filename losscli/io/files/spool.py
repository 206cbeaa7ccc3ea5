"""Temporary copies of input that cannot be read twice or out of order."""

from __future__ import annotations

import io
import os
import weakref
from collections.abc import Callable
from contextlib import suppress
from typing import Any, BinaryIO

from losscli.errors import FileError, system_code

SPOOL_LIMIT = 8 << 30
"""The largest temporary copy in bytes."""

CHUNK_BYTES = 4 << 20


class Spool:
    """A temporary file, removed with the last reference to this object, at the latest at the end of the process."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.remove = weakref.finalize(self, _unlink, path, os.getpid())


def _unlink(path: str, owner: int) -> None:
    if os.getpid() == owner:  # a forked worker must not remove the file of its parent
        with suppress(OSError):
            os.unlink(path)  # noqa: PTH108


def spool_stream(read: Callable[[int], bytes], path: str) -> Spool:
    """A copy of all bytes that `read` returns."""

    def fill(copy: SpoolWriter) -> None:
        write = copy.restart()
        while chunk := read(CHUNK_BYTES):
            write(chunk)

    return spool_with(fill, path)


def spool_with(fill: Callable[[SpoolWriter], None], path: str) -> Spool:
    """A copy of all bytes that `fill` writes."""
    descriptor, spool = _empty(path)
    try:
        with os.fdopen(descriptor, "wb") as out:
            fill(SpoolWriter(out, path))
    except BaseException as error:
        spool.remove()
        raise spool_error(error, path) if isinstance(error, OSError) else error from None
    return spool


def open_spool(path: str) -> tuple[Spool, io.BufferedWriter]:
    """A temporary copy of what will be at `path`, and the file that writes it."""
    descriptor, spool = _empty(path)
    return spool, io.BufferedWriter(_SpoolFile(descriptor, path))


def _empty(path: str) -> tuple[int, Spool]:
    """The descriptor of a new temporary file, and its owner."""
    import tempfile  # here, as few runs copy anything, and it takes 2 ms

    try:
        descriptor, local_path = tempfile.mkstemp(prefix="losscli-")
    except OSError as error:
        raise spool_error(error, path) from None
    return descriptor, Spool(local_path)


class _SpoolFile(io.FileIO):
    """A temporary copy whose write errors say what it is a copy of, whatever library writes to it."""

    def __init__(self, descriptor: int, path: str) -> None:
        super().__init__(descriptor, "wb")
        self._path = path

    def write(self, data: Any, /) -> int:
        try:
            return super().write(data)
        except OSError as error:
            raise spool_error(error, self._path) from None


class SpoolWriter:
    """A temporary file that is being written."""

    def __init__(self, out: BinaryIO, path: str) -> None:
        self.out, self.path = out, path

    def restart(self) -> Callable[[bytes], None]:
        """Truncate the file; returns the function that writes the next bytes."""
        size = 0
        self._checked(lambda: (self.out.seek(0), self.out.truncate()))

        def write(chunk: bytes) -> None:
            nonlocal size
            size += len(chunk)
            if size > SPOOL_LIMIT:
                raise FileError(
                    f"more than {SPOOL_LIMIT >> 30} GiB to copy to a temporary file", path=self.path, code="IO_NO_SPACE"
                )
            self._checked(lambda: self.out.write(chunk))

        return write

    def _checked(self, work: Callable[[], object]) -> None:
        try:
            work()
        except OSError as error:  # raised here, so that a full disk is not taken for a broken connection
            raise spool_error(error, self.path) from None


def spool_error(error: OSError, path: str) -> FileError:
    """The error to raise where a temporary copy cannot be written."""
    return FileError(f"could not write a temporary copy: {error.strerror or error}", path=path, code=system_code(error))
