"""Student's t for arrays of numbers and one number of degrees of freedom. NumPy has no incomplete beta function."""

from __future__ import annotations

import math

import numpy as np

from losscli.contract.kinds import Array
from losscli.losses._math import log1p_square, log_factorial, log_shortfall, stirling_rest

_EPSILON = 2.0**-53
_HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)


def minus_log_peak(df: float) -> float:
    """-log of the density at 0, Gamma((df + 1) / 2) / (Gamma(df / 2) sqrt(df pi)); Stirling where they are large."""
    half = np.array([df / 2, (df + 1) / 2])
    if df < 20:
        below, above = log_factorial(half) - np.log(half)
        return float(below - above + 0.5 * np.log(df * np.pi))
    below, above = stirling_rest(half)
    return float(_HALF_LOG_2PI + half[0] * log_shortfall(np.array([1 / df]))[0] + below - above)


def central_area(z: Array, df: float) -> Array:
    """P(|T| < z) for z >= 0: an incomplete beta function, by its series for small z, else by a continued fraction.

    DiDonato & Morris 1992, doi:10.1145/131766.131776, equation 9; Abramowitz & Stegun 1964, 26.5.4.
    """
    a, ratio = df / 2, z / math.sqrt(df)
    square, inverse = np.square(ratio), np.square(1 / ratio)
    y = np.where(ratio < 1, square / (1 + square), 1 / (1 + inverse))
    x = np.where(ratio < 1, 1 / (1 + square), inverse / (1 + inverse))
    weight = np.exp(-a * log1p_square(z, df) - minus_log_peak(df)) * math.sqrt(df) * np.sqrt(y)
    far = y * (a + 2.5) > 1.5  # about z**2 > 3
    near = 2 * weight * _series(a, np.where(far, 0.0, y))
    return np.where(far, 1 - weight * _fraction(a, np.where(far, x, 0.0), np.where(far, y, 1.0)), near)


def _series(a: float, y: Array) -> Array:
    """All terms are positive; those after the last that counts change no bit, so neighbours do not matter."""
    total, term, n = np.ones_like(y), np.ones_like(y), 0
    while (term > _EPSILON / 4 * total).any():
        term = term * ((a + 0.5 + n) / (1.5 + n) * y)
        total = total + term
        n += 1
    return total


def _fraction(a: float, x: Array, y: Array) -> Array:
    """By Lentz's method; a number that has converged stays as it is, so that neighbours do not matter.

    `a y - x / 2` is a - (a + 1/2) x without a difference that keeps no digit where df is large.
    """
    lead, more = 1.0 + a * y - x / 2.0, 1.0 + y
    below = c = a / (a + 1.0) * lead
    d, on, n = np.zeros_like(x), np.ones(x.shape, bool), 0
    while on.any():
        n += 1
        width, at, half = a + 2.0 * n - 1.0, a + n, 0.5 - n
        top = (at - 1.0) / width * ((at - 0.5) / width) * n * half * x * x
        bottom = n + n * half * x / width + at / (width + 2.0) * (lead + n * more)
        d = 1.0 / (bottom + top * d)
        c = bottom + top / c
        below = np.where(on, below * (c * d), below)
        on = on & (np.abs(c * d - 1.0) > 2 * _EPSILON)
    return np.asarray(1.0 / below)
