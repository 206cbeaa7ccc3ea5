"""One BLAS thread: a product's bits then do not depend on how many cores there are."""

from __future__ import annotations

import ctypes
import functools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
"""What the command sets before NumPy is loaded."""

_NAMES = ("scipy_openblas_{}_num_threads64_", "openblas_{}_num_threads64_", "openblas_{}_num_threads")


_LOCK = threading.Lock()
_inside = 0  # callers that keep BLAS to one thread now
_before: list[int] = []  # the numbers of threads from before the first of them


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep NumPy's bundled BLAS to one thread in a process that has loaded it; its own number comes back after.

    Callers may overlap in any order, from several threads: the last one to leave gives the number back.
    """
    global _inside  # noqa: PLW0603  the setting is the process's own
    found = _bundled()
    with _LOCK:
        if not _inside:
            _before[:] = [read() for read, _ in found]
            for _, write in found:
                write(1)
        _inside += 1
    try:
        yield
    finally:
        with _LOCK:
            _inside -= 1
            if not _inside:
                for (_, write), threads in zip(found, _before, strict=True):
                    write(threads)


@functools.cache
def _bundled() -> tuple[tuple[Callable[[], int], Callable[[int], None]], ...]:
    """How to read and to set the number of threads of each BLAS that came with NumPy."""
    import numpy as np

    folder = Path(np.__file__).parent
    found = []
    for library in [*folder.parent.glob("numpy.libs/*openblas*"), *folder.glob(".dylibs/*openblas*")]:
        try:
            loaded = ctypes.CDLL(str(library))
        except OSError:
            continue
        for name in _NAMES:
            if hasattr(loaded, name.format("set")) and hasattr(loaded, name.format("get")):
                found.append((getattr(loaded, name.format("get")), getattr(loaded, name.format("set"))))
                break
    return tuple(found)
