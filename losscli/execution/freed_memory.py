"""Memory that a process keeps for its next arrays.

A kernel makes and frees an array for each of its steps. The allocator of the GNU C library gives arrays of more than
128 KiB back to the system at once, and gets them anew with a page fault for every 4 KiB, each of which takes longer
than to compute what the page holds. It learns, as mallopt(3) describes, to keep blocks of a size that was freed once.
"""

from __future__ import annotations

import functools
import os

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
