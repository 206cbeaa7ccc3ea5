"""One BLAS thread: a product's bits then do not depend on how many cores there are."""

from __future__ import annotations

import ctypes
import functools
from pathlib import Path

VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
"""What the command sets before NumPy is loaded."""

_SETTERS = ("scipy_openblas_set_num_threads64_", "openblas_set_num_threads64_", "openblas_set_num_threads")


@functools.cache
def one_thread() -> bool:
    """Set NumPy's bundled BLAS to one thread in a process that has loaded it; False where none was found."""
    import numpy as np

    folder = Path(np.__file__).parent
    found = False
    for library in [*folder.parent.glob("numpy.libs/*openblas*"), *folder.glob(".dylibs/*openblas*")]:
        try:
            loaded = ctypes.CDLL(str(library))
        except OSError:
            continue
        for name in _SETTERS:
            if hasattr(loaded, name):
                getattr(loaded, name)(1)
                found = True
                break
    return found
