"""Memory that a process keeps for its next arrays, and gives back before a step that needs much.

A kernel makes and frees an array for each of its steps. The allocator of the GNU C library gives arrays of more than
128 KiB back to the system at once, and gets them anew with a page fault for every 4 KiB, each of which takes longer
than to compute what the page holds. It learns, as mallopt(3) describes, to keep blocks of a size that was freed once,
unless a variable of the environment sets its limits: Dask sets one for its workers.
"""

from __future__ import annotations

import ctypes
import functools
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from losscli.lazy import pattern

_KEPT = 16 << 20
"""Bytes of the largest block that is kept. What a thread keeps free is at most twice that."""

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # of malloc.h
_USUAL_MMAP_THRESHOLD = 128 << 10
_MOST = (1 << 31) - 1  # that mallopt takes: a C int
_NUMBER = pattern(rb"0|[1-9][0-9]{0,9}")  # in decimal: what begins with 0 is octal
_OTHERS = (b"MALLOC_MMAP_THRESHOLD_", b"MALLOC_MMAP_MAX_", b"MALLOC_TOP_PAD_", b"GLIBC_TUNABLES")
_START = Path("/proc/self/environ")


@functools.cache
def keep_freed_memory() -> bool:
    """Let the allocator keep freed arrays for the next ones. False where it cannot be told to.

    The block is never written to, so that it takes no memory. Whoever sets the limits of the allocator by its
    environment variables keeps these.
    """
    if not _is_glibc():
        return False
    import numpy as np

    np.empty(_KEPT - (1 << 16), np.uint8)  # and freed; with its header it must not be larger
    return True


_LOCK = threading.Lock()
_inside = 0  # callers that have the allocator keep freed arrays now


@contextmanager
def keeping_freed_memory() -> Iterator[None]:
    """Let the allocator keep freed arrays meanwhile, although MALLOC_TRIM_THRESHOLD_ was set as this process began.

    For workers of Dask, which sets it: a task then took five times the processor time, for page faults. Callers may
    overlap in any order, from several threads: the last one to leave restores what the variable says.
    """
    global _inside  # noqa: PLW0603  the setting is one of the process
    set_limits = _limits()
    if set_limits is None:
        yield
        return
    with _LOCK:
        if not _inside:
            set_limits(True)
        _inside += 1
    try:
        yield
    finally:
        with _LOCK:
            _inside -= 1
            if not _inside:
                set_limits(False)
                _free_an_array()


def _free_an_array() -> None:
    """Let the allocator look at what it holds for this thread: it does so where a block of 64 KiB or more is freed."""
    import numpy as np

    np.empty(_USUAL_MMAP_THRESHOLD - (1 << 14), np.uint8)


@functools.cache
def _limits() -> Callable[[bool], None] | None:
    """A function that has freed arrays kept, or not, as the variable says; None where nothing is to be changed."""
    threshold = _trim_threshold()
    if threshold is None:
        return None
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return None

    def set_limits(kept: bool) -> None:
        mallopt(_M_MMAP_THRESHOLD, _KEPT if kept else _USUAL_MMAP_THRESHOLD)
        mallopt(_M_TRIM_THRESHOLD, max(2 * _KEPT, threshold) if kept else threshold)

    return set_limits


def _trim_threshold() -> int | None:
    """The number of MALLOC_TRIM_THRESHOLD_, which the C library read as this process began.

    None without it, and where another variable says how arrays are allocated: its value could not be restored.
    """
    if not _is_glibc():
        return None
    try:
        began = dict(entry.partition(b"=")[::2] for entry in _START.read_bytes().split(b"\0"))
    except OSError:  # no /proc
        return None
    found = began.get(b"MALLOC_TRIM_THRESHOLD_", b"")
    if not _NUMBER.fullmatch(found) or any(name in began for name in _OTHERS) or int(found) > _MOST:
        return None
    return int(found)


@functools.cache
def _is_glibc() -> bool:
    try:
        return (os.confstr("CS_GNU_LIBC_VERSION") or "").startswith("glibc")
    except (AttributeError, ValueError, OSError):  # other systems, other C libraries
        return False


def release_freed_memory() -> None:
    """Give back what Arrow and the C library keep of arrays that were freed: after reading, often 200 MB."""
    import pyarrow as pa

    pa.default_memory_pool().release_unused()
    if (trim := _malloc_trim()) is not None:
        trim(0)


@functools.cache
def _malloc_trim() -> Callable[[int], int] | None:
    """The function of the GNU C library; None where there is another one."""
    try:
        return ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # TypeError: Windows has no library without a name
        return None
