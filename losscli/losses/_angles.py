"""Angles between vectors that keep their digits where textbook forms lose them: tiny angles, nearly equal products."""

from __future__ import annotations

import numpy as np

from losscli.contract.error_free import two_product
from losscli.contract.kinds import Array
from losscli.losses._math import dot, norm, unit


def cosine(a: Array, b: Array) -> Array:
    """The cosine between each vector of `a` and the same of `b`; 0 where one of them is zero."""
    return np.clip(dot(unit(a), unit(b)), -1.0, 1.0)


def across(a: Array, b: Array) -> Array:
    """The part of unit(b) at right angles to `a`: its length is the sine, its direction the way to turn `a`.

    unit(b) - cos * unit(a) has no digits left where the two are nearly parallel. Here the multiple of `a` that agrees
    with `b` in the largest entry of `a` is taken off first, with products whose rounding errors are known.
    """
    a, b = _near_one(a), _near_one(b)
    pivot = np.abs(a).argmax(axis=-1)[..., None]
    first = np.take_along_axis(a, pivot, axis=-1)
    zero = first == 0
    left = _minor(np.where(zero, 1.0, first), np.where(zero, 0.0, np.take_along_axis(b, pivot, axis=-1)), a, b)
    direction = unit(a)
    left = left / np.where(zero, 1.0, first)
    left -= direction * dot(left, direction)[..., None]
    size = norm(b)[..., None]
    return left / np.where(size > 0, size, 1.0)


def distance_by_angle(a: Array, b: Array) -> Array:
    """1 - cosine; relative digits also for nearly parallel vectors, where it is sin^2 / (1 + cos)."""
    c = cosine(a, b)
    sine = across(a, b)
    return np.where(c > 0.5, dot(sine, sine) / (1 + c), 1 - c)


def cosine_slope(a: Array, b: Array) -> Array:
    """The slope of the cosine by `a`; 0 where `a` is zero."""
    size = norm(a)[..., None]
    return np.where(size > 0, across(a, b) / np.where(size > 0, size, 1.0), 0.0)


def long_dot(a: Array, b: Array) -> Array:
    """The inner product added up in twice the precision, by halving (Ogita, Rump & Oishi 2005).

    Written side by side into one product, sums that nearly cancel keep their digits: dot(a, b) - dot(a, c) is the
    product of (a, a) and (b, -c). Needs a dozen arrays of the size of its input.
    """
    total, missing = long_parts(a, b)
    return np.asarray(total + missing)


def long_parts(a: Array, b: Array) -> tuple[Array, Array]:
    """`long_dot` as a sum of two doubles."""
    total, missing = two_product(a, b)
    while total.shape[-1] > 1:
        if total.shape[-1] % 2:
            none = np.zeros((*total.shape[:-1], 1))
            total, missing = np.concatenate([total, none], axis=-1), np.concatenate([missing, none], axis=-1)
        x, y = total[..., ::2], total[..., 1::2]
        total = x + y
        grown = total - x
        missing = missing[..., ::2] + missing[..., 1::2] + ((x - (total - grown)) + (y - grown))
    return total[..., 0], missing[..., 0]


def twice_square_less(a: Array, b: Array) -> Array:
    """sin^2 - cos^2 of the angles between vectors, with digits also where the two nearly agree."""
    a, b = _near_one(a), _near_one(b)
    (x, x_rest), (y, y_rest), (d, d_rest) = long_parts(a, a), long_parts(b, b), long_parts(a, b)
    whole, whole_error = two_product(x, y)
    square, square_error = two_product(2 * d, d)
    less = (whole - square) + ((whole_error - square_error) + (x * y_rest + x_rest * y) - 4 * d * d_rest)
    return np.where(whole > 0, less / np.where(whole > 0, whole, 1.0), 0.0)


def _minor(a_pivot: Array, b_pivot: Array, a: Array, b: Array) -> Array:
    """b * a_pivot - a * b_pivot to the last bits, also where the products nearly agree."""
    one, one_error = two_product(b, a_pivot)
    two, two_error = two_product(a, b_pivot)
    return (one - two) + (one_error - two_error)


def _near_one(a: Array) -> Array:
    """The vectors times powers of two that bring their largest entries near 1; exact, and products cannot overflow."""
    _, exponent = np.frexp(np.abs(a).max(axis=-1, keepdims=True))
    return np.ldexp(a, -exponent)
