"""A file as Arrow's readers want it: open, seekable, and closed when they are done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from losscli.source.streams import FileInput, file_error


@contextmanager
def seekable(source: FileInput) -> Iterator[pa.NativeFile]:
    """The file opened for Arrow."""
    try:
        source.place.encode()
    except UnicodeEncodeError:  # Arrow takes no path that is not UTF-8
        with Path(source.place).open("rb") as file, pa.PythonFile(file, mode="r") as wrapped:
            yield wrapped
        return
    try:
        opened = pa.OSFile(source.place)
    except OSError as error:
        raise file_error(error, source.path) from None
    with opened:
        yield opened
