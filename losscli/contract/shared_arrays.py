"""What several losses compute of the same columns: computed once for a chunk of rows, whoever asks.

A function of arrays that is declared `@shared` gives the same array for the same arguments while a chunk is scored
(`sharing`), to any kernel. The machinery knows such arrays by their arguments and by no name. Outside, as in a Python
call of a loss, it is an ordinary function.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np

Made = TypeVar("Made")

HELD = 6
"""Results that are held at a time: kernels of the same columns follow each other, so the oldest are needed no more."""


class _Known(threading.local):
    """What the chunk that this thread scores has computed so far; None where it scores none."""

    found: dict[tuple[object, ...], tuple[Any, tuple[Any, ...]]] | None = None


_known = _Known()


def shared(function: Callable[..., Made]) -> Callable[..., Made]:
    """Declare that a function of arrays depends on nothing else, and that its callers do not change what it gives.

    The array that it gives is read-only while a chunk is scored, so a kernel that writes into it is found by any test.
    """

    @functools.wraps(function)
    def once(*arrays: Any) -> Made:
        known = _known.found
        if known is None:
            return function(*arrays)
        key = (function, *map(id, arrays))
        if key not in known:
            made = function(*arrays)
            if isinstance(made, np.ndarray):
                made.flags.writeable = False
            if len(known) >= HELD:
                del known[next(iter(known))]
            known[key] = made, arrays  # the arguments are held, so that no other array gets the id of one
        found: Made = known[key][0]
        return found

    return once


@contextmanager
def sharing() -> Iterator[None]:
    """Score a chunk in this thread: what is shared is computed once, and forgotten at the end."""
    before, _known.found = _known.found, {}
    try:
        yield
    finally:
        _known.found = before
