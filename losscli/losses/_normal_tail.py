"""The upper tail of the normal distribution, with all digits however far out. NumPy has no error function."""

from __future__ import annotations

import math

import numpy as np

from losscli.contract.kinds import Array

_FAR = 10.0  # from here on the asymptotic series is exact to the last digits
_TERMS = 22


def _erfc(x: Array) -> Array:
    return np.array([math.erfc(value) for value in x.ravel().tolist()]).reshape(x.shape)


def _series(z: Array) -> Array:
    """Tail * z / density = 1 - 1/z² + 3/z⁴ - 15/z⁶ + ... (Abramowitz & Stegun 26.2.12), by nesting."""
    inverse, total = 1 / np.square(z), np.ones_like(z)
    for k in range(_TERMS, 0, -1):
        total = 1 - (2 * k - 1) * inverse * total
    return total


def minus_log_tail(z: Array) -> Array:
    """-log P(Z > z)."""
    near, far = np.clip(z, -38.0, _FAR), np.maximum(z, _FAR)
    below = -np.log1p(-_erfc(-np.minimum(near, 0.0) / math.sqrt(2)) / 2)
    above = -np.log(_erfc(np.maximum(near, 0.0) / math.sqrt(2)) / 2)
    beyond = far * far / 2 + np.log(far * math.sqrt(2 * math.pi)) - np.log(_series(far))
    return np.where(z > _FAR, beyond, np.where(z > 0, above, below))


def tail_hazard(z: Array) -> Array:
    """density(z) / P(Z > z): the slope of `minus_log_tail`."""
    near, far = np.minimum(z, _FAR), np.maximum(z, _FAR)
    density = np.exp(-np.square(near) / 2) / math.sqrt(2 * math.pi)
    return np.where(z > _FAR, far / _series(far), density / (_erfc(near / math.sqrt(2)) / 2))
