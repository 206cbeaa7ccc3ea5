"""How tests wait: for something to happen, and not for some seconds, which are few on a busy machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")

PATIENCE = 300
"""Seconds after which something is taken to hang. No test that passes waits for them, however busy the machine."""


def until(holds: Callable[[], Found], why: str = "it hangs") -> Found:
    """The first true value of `holds()`; an AssertionError with `why` where there is none in `PATIENCE` seconds."""
    end = time.monotonic() + PATIENCE
    while not (found := holds()):
        assert time.monotonic() < end, why
        time.sleep(0.01)
    return found
