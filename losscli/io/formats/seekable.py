"""A file as Arrow's readers want it: open, seekable, and closed when they are done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa

from losscli.io.files.streams import FileInput, SeekableInput, file_error


@contextmanager
def seekable(source: SeekableInput) -> Iterator[pa.NativeFile]:
    """The file opened for Arrow, with a place of its own: several may be open at once, each in another thread."""
    if not isinstance(source, FileInput) or not _has_plain_name(source):
        with source.handle() as file, pa.PythonFile(file, mode="r") as wrapped:
            yield wrapped
        return
    try:
        opened = pa.OSFile(source.place)
    except OSError as error:
        raise file_error(error, source.path) from None
    with opened:
        yield opened


def _has_plain_name(source: FileInput) -> bool:
    try:
        source.place.encode()
    except UnicodeEncodeError:  # Arrow takes no path that is not UTF-8
        return False
    return True
