"""Safe pieces that several families share: each keeps its digits where the textbook form loses them."""

from __future__ import annotations

import numpy as np

from losscli.kinds import Array

ROWS = 64  # rows a tile of a matrix product; a multiple of every BLAS micro-kernel's height


def softplus(x: Array) -> Array:
    """log(1 + e^x), exact in both tails."""
    return np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x)))


def sigmoid(x: Array) -> Array:
    """1 / (1 + e^-x) without overflow; keeps its digits for very negative x."""
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1.0, small) / (1.0 + small)


def xlogy(x: Array, y: Array) -> Array:
    """x * log(y), and 0 where x is 0 whatever y is."""
    return np.where(x == 0, 0.0, x * np.log(np.where(x == 0, 1.0, y)))


def dot(a: Array, b: Array) -> Array:
    """The inner product of each row of `a` with the same row of `b`; a row's bits do not depend on its neighbours."""
    return np.asarray((a * b).sum(axis=-1))


def norm(a: Array) -> Array:
    """The length of each vector; scaled first, so that squares neither overflow nor vanish."""
    scale = np.abs(a).max(axis=-1, keepdims=True)
    safe = np.where(scale > 0, scale, 1.0)
    return np.asarray((safe * np.sqrt(((a / safe) ** 2).sum(axis=-1, keepdims=True)) * (scale > 0))[..., 0])


def unit(a: Array) -> Array:
    """Each vector divided by its length; a zero vector stays zero, so its cosine with anything is 0."""
    length = norm(a)[..., None]
    return a / np.where(length > 0, length, 1.0)


def unit_slope(a: Array, slope: Array) -> Array:
    """The slope by `a` of something whose slope by unit(a) is `slope`; 0 at the zero vector."""
    length = norm(a)[..., None]
    u = a / np.where(length > 0, length, 1.0)
    across = slope - u * (u * slope).sum(axis=-1, keepdims=True)
    return np.where(length > 0, across / np.where(length > 0, length, 1.0), 0.0)


def log_sum_exp(x: Array) -> Array:
    """log of the sum of e^x over the last axis."""
    top = x.max(axis=-1, keepdims=True)
    top = np.where(np.isfinite(top), top, 0.0)
    return np.asarray(np.log(np.exp(x - top).sum(axis=-1)) + top[..., 0])


def log_softmax(x: Array) -> Array:
    """Log class probabilities. The largest entry is taken out of the sum, so a confident row keeps its digits."""
    top = x.argmax(axis=-1)[..., None]
    shifted = x - np.take_along_axis(x, top, axis=-1)
    grown = np.exp(shifted)
    np.put_along_axis(grown, top, 0.0, axis=-1)
    return np.asarray(shifted - np.log1p(grown.sum(axis=-1, keepdims=True)))


def softmax(x: Array) -> Array:
    """Class probabilities of each row of logits."""
    grown = np.exp(x - x.max(axis=-1, keepdims=True))
    return np.asarray(grown / grown.sum(axis=-1, keepdims=True))


def distribution(target: Array, classes: int) -> Array:
    """`target` as one row of class shares each: one-hot where it holds positions."""
    if target.ndim == 2:
        return target
    shares = np.zeros((len(target), classes))
    shares[np.arange(len(target)), target] = 1.0
    return shares


def rows_times(rows: Array, matrix: Array) -> Array:
    """rows @ matrix.T in padded tiles of one shape, so that a row's bits do not depend on where it was cut."""
    count, width = rows.shape
    out = np.empty((count, len(matrix)))
    tile = np.zeros((ROWS, width))
    for start in range(0, count, ROWS):
        part = rows[start : start + ROWS]
        tile[: len(part)] = part
        tile[len(part) :] = 0.0
        out[start : start + len(part)] = (tile @ matrix.T)[: len(part)]
    return out
