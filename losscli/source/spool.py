"""A temporary file that lives as long as the value that names it."""

from __future__ import annotations

import os
import tempfile
import weakref
from collections.abc import Callable
from contextlib import suppress

from losscli.errors import FileError

SPOOL_LIMIT = 8 << 30
"""Bytes that stdin or a decompressed file may take on disk before it is refused."""

PIECE = 4 << 20


class Spool:
    """The file is removed when nobody holds this value any more, at the latest at the end of the process."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.remove = weakref.finalize(self, _unlink, path, os.getpid())


def _unlink(path: str, owner: int) -> None:
    if os.getpid() == owner:  # a forked worker must not take the file from its parent
        with suppress(OSError):
            os.unlink(path)  # noqa: PTH108


def spooled(read: Callable[[int], bytes], path: str) -> Spool:
    """A copy of all bytes that `read` gives."""
    try:
        handle, place = tempfile.mkstemp(prefix="losscli-")
    except OSError as error:
        raise _no_copy(error, path) from None
    spool = Spool(place)
    try:
        _fill(handle, read, path)
    except BaseException as error:
        spool.remove()
        raise _no_copy(error, path) if isinstance(error, OSError) else error from None
    return spool


def _fill(handle: int, read: Callable[[int], bytes], path: str) -> None:
    size = 0
    with open(handle, "wb") as out:
        while piece := read(PIECE):
            size += len(piece)
            if size > SPOOL_LIMIT:
                raise FileError(f"more than {SPOOL_LIMIT >> 30} GiB to keep in a temporary file", path=path)
            out.write(piece)


def _no_copy(error: OSError, path: str) -> FileError:
    return FileError(f"could not keep a temporary copy: {error.strerror or error}", path=path)
