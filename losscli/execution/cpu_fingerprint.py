"""A fingerprint of this process's arithmetic: the last bits of exp, log and products differ between kinds of CPU.

Where the fingerprints of several machines agree, what they compute together has the bits of one machine.
"""

from __future__ import annotations

import hashlib

import numpy as np

from losscli.parallel import one_blas_thread

_COUNT = 1024  # long enough for the widest vectors, and their ends


def fingerprint() -> str:
    """A hash of the bits that NumPy's functions and matrix products give here."""
    unit = np.arange(1, _COUNT + 4) * 0.6180339887498949 % 1.0
    wide = unit * 60 - 30
    found = [np.exp(wide), np.expm1(wide), np.tanh(wide), np.arctan(wide), np.cos(wide), np.cosh(wide)]
    found += [np.log(unit), np.log1p(unit), np.arccos(unit), np.power(unit, wide), np.logaddexp(wide, unit)]
    with one_blas_thread():
        square = wide[:_COUNT].reshape(32, 32)
        found.append(square @ square.T)
    found.append(wide.sum(keepdims=True))
    return hashlib.sha256(b"".join(np.ascontiguousarray(values).tobytes() for values in found)).hexdigest()[:16]
