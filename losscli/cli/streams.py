"""Standard error and standard output where they are full, closed, or without a reader.

A message that cannot be written is lost; it neither ends the run nor changes its exit code.
"""

from __future__ import annotations

import contextlib
import os
import sys


def write_stderr(text: str) -> None:
    """Write to standard error, if that can be done."""
    if sys.stderr is None:
        return
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except (OSError, ValueError):  # a full disk, a pipe without a reader, a descriptor that is only for reading
        silence(2)


def flush_stderr() -> None:
    """Write what Python or a library left in the buffer of standard error."""
    write_stderr("")


def silence(descriptor: int) -> None:
    """Lead a standard stream to nowhere: bytes that it still holds would fail again when Python shuts down."""
    with contextlib.suppress(OSError):
        null = os.open(os.devnull, os.O_WRONLY)
        if null != descriptor:
            os.dup2(null, descriptor)
            os.close(null)


def open_stderr() -> None:
    """Open a closed standard error on nowhere, or the first output file gets its number, and messages of libraries."""
    try:
        os.fstat(2)
    except OSError:
        silence(2)
