"""How much Python holds at a time."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable


def peak_of(call: Callable[[], object], limit: float) -> int:
    """The most bytes that Python held at a time during a call: the least of three, unless one is below `limit`.

    What other threads of this process allocate meanwhile is counted too: there are those of servers, for example.
    """
    for _ in range(3):
        tracemalloc.start()
        try:
            call()
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        if peak < limit:
            break
    return peak
