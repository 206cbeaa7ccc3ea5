"""Memory that a process keeps for its next arrays, and gives back before a step that needs much.

A kernel makes and frees an array for each of its steps. The allocator of the GNU C library gives arrays of more than
128 KiB back to the system at once, and gets them anew with a page fault for every 4 KiB, each of which takes longer
than to compute what the page holds. It learns, as mallopt(3) describes, to keep blocks of a size that was freed once.
"""

from __future__ import annotations

import ctypes
import functools
import os
from collections.abc import Callable

_KEPT = 16 << 20
"""Bytes of the largest block that is kept. What a thread keeps free is at most twice that."""


@functools.cache
def keep_freed_memory() -> bool:
    """Let the allocator keep freed arrays for the next ones. False where it cannot be told to.

    The block is never written to, so that it takes no memory. Whoever sets the limits of the allocator by its
    environment variables keeps these.
    """
    try:
        if not (os.confstr("CS_GNU_LIBC_VERSION") or "").startswith("glibc"):
            return False
    except (AttributeError, ValueError, OSError):  # other systems, other C libraries
        return False
    import numpy as np

    np.empty(_KEPT - (1 << 16), np.uint8)  # and freed; with its header it must not be larger
    return True


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
