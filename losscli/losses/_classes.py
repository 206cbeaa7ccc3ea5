"""Pieces of losses over classes: one line of memory a class, so that NumPy works across rows.

Along rows of ten numbers NumPy takes longer to begin each row than to add it up. Everything here is entry by entry
or a gather, so a row's bits depend neither on its neighbours nor on how many there are.
"""

from __future__ import annotations

import numpy as np

from losscli.contract.kinds import Array


def each_class(x: Array) -> Array:
    """A copy of the rows with one line a class."""
    return np.array(x.T, order="C")


def of_target(x: Array, target: Array) -> Array:
    """The entry of each row that its class names."""
    places = np.arange(0, x.size, x.shape[-1])
    places += target
    return x.ravel().take(places)


def fold(lines: Array) -> Array:
    """The sum of the lines, half of them onto the other half at a time; in place, so `lines` is used up."""
    # .sum(axis=0) would add one column in another order than several.
    while len(lines) > 1:
        half = len(lines) // 2
        lines[:half] += lines[half : 2 * half]
        if len(lines) % 2:
            lines[0] += lines[-1]
        lines = lines[:half]
    return np.asarray(lines[0])


def log_of_others(x: Array, temperature: float = 1.0, target: Array | None = None) -> tuple[Array, Array]:
    """How far logits lie below the largest of their row, and the log of the sum of e^-that over all classes.

    Logits are divided by the temperature. The former has shape (classes, rows); with a target it has shape (rows,) and
    is that of the target's class alone, which saves computing the others.
    """
    lines = each_class(x)
    top = lines.max(axis=0)
    gaps = top - (lines if target is None else of_target(x, target))
    lines -= top
    if temperature != 1:
        gaps /= temperature
        lines /= temperature
    # The largest's own 1 is kept out of the sum, so that the logarithm of a confident row keeps its digits.
    return gaps, np.log1p(_sum_of_others(np.exp(lines, out=lines)))


def _sum_of_others(lines: Array) -> Array:
    """The sum of the lines less the largest of each column: of two, the smaller is added. `lines` is used up."""
    rest = np.zeros(lines.shape[1])
    while len(lines) > 1:
        half = len(lines) // 2
        larger, other = lines[:half], lines[half : 2 * half]
        smaller = np.minimum(larger, other)
        np.maximum(larger, other, out=larger)
        rest += fold(smaller)
        if len(lines) % 2:
            rest += np.minimum(larger[0], lines[-1])
            np.maximum(larger[0], lines[-1], out=larger[0])
        lines = larger
    return rest
