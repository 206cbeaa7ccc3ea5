"""A temporary file that lives as long as the value that names it."""

from __future__ import annotations

import os
import tempfile
import weakref
from collections.abc import Callable
from contextlib import suppress
from typing import BinaryIO

from losscli.errors import FileError, system_code

SPOOL_LIMIT = 8 << 30
"""Bytes that stdin or a decompressed file may take on disk before it is refused."""

CHUNK_BYTES = 4 << 20


class Spool:
    """The file is removed when nobody holds this value any more, at the latest at the end of the process."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.remove = weakref.finalize(self, _unlink, path, os.getpid())


def _unlink(path: str, owner: int) -> None:
    if os.getpid() == owner:  # a forked worker must not take the file from its parent
        with suppress(OSError):
            os.unlink(path)  # noqa: PTH108


def spool_stream(read: Callable[[int], bytes], path: str) -> Spool:
    """A copy of all bytes that `read` gives."""

    def fill(copy: SpoolWriter) -> None:
        write = copy.restart()
        while chunk := read(CHUNK_BYTES):
            write(chunk)

    return spool_with(fill, path)


def spool_with(fill: Callable[[SpoolWriter], None], path: str) -> Spool:
    """A copy of all bytes that `fill` writes."""
    try:
        open_seekable, local_path = tempfile.mkstemp(prefix="losscli-")
    except OSError as error:
        raise _spool_error(error, path) from None
    spool = Spool(local_path)
    try:
        with os.fdopen(open_seekable, "wb") as out:
            fill(SpoolWriter(out, path))
    except BaseException as error:
        spool.remove()
        raise _spool_error(error, path) if isinstance(error, OSError) else error from None
    return spool


class SpoolWriter:
    """The bytes of a temporary file while it is written."""

    def __init__(self, out: BinaryIO, path: str) -> None:
        self.out, self.path = out, path

    def restart(self) -> Callable[[bytes], None]:
        """Begin from nothing; gives what writes the next bytes."""
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
        except OSError as error:  # told here, so that nobody takes a full disk for a broken connection
            raise _spool_error(error, self.path) from None


def _spool_error(error: OSError, path: str) -> FileError:
    return FileError(f"could not write a temporary copy: {error.strerror or error}", path=path, code=system_code(error))
