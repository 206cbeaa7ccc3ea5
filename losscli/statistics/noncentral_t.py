"""The noncentral t distribution: what a t test meets where there is a difference to find.

T = (Z + shift) / S, with Z normal and S**2 a chi-squared variable over its df degrees of freedom. Given S = s, T > t is
Z > t s - shift, so the tail area is the mean of Φ(shift - t S) over S. With s = e**u the density of u is proportional
to e**(-df (e**2u - 1 - 2u) / 2): its maximum is at 0, whatever df is, and on its tails it falls so fast that the
trapezoidal rule is good to the last digits (Trefethen and Weideman 2014, doi:10.1137/130932132). All terms are
positive, so none cancels, and the weights are divided by their sum, so no gamma function is needed.
"""

from __future__ import annotations

import functools
import math
from typing import NamedTuple

_LARGEST_DF = 1e14  # from here on no double can tell the distribution from the normal one
_NEGLIGIBLE = 36.0  # e**-36 of the largest weight adds no digit
_STEP = 0.35  # of the width of what is summed
_MOST_HALVINGS = 8  # few degrees of freedom and a small level have t of thousands, for which three digits will do
_SERIES_BELOW = 0.05
_ROOT_HALF, _ROOT_TWO_PI = math.sqrt(0.5), math.sqrt(2 * math.pi)


class Tail(NamedTuple):
    """The area beyond t, and how fast it grows with the shift."""

    area: float
    slope: float


def upper_tail(t: float, df: float, shift: float) -> Tail:
    """The chance of a noncentral t above a value.

    Parameters
    ----------
    t
        The value.
    df
        Degrees of freedom, above 0; infinite for the normal distribution.
    shift
        The noncentrality parameter: the true difference in standard errors.

    Returns
    -------
    Tail
        P(T > t), and its derivative by `shift`; NaN where an argument is NaN, or df is not above 0. Good to 14 digits
        after the point while t and `shift` are below 250.
    """
    if math.isnan(t) or math.isnan(shift) or not df > 0:
        return Tail(math.nan, math.nan)
    if math.isinf(t) or math.isinf(shift):
        return Tail(0.0 if t == math.inf or shift == -math.inf else 1.0, 0.0)
    if df >= _LARGEST_DF:
        return Tail(_normal_tail(t - shift), _density(t - shift))
    area = slope = total = 0.0
    for s, weight in _nodes(df, _width(t, df, shift)):
        z = t * s - shift
        total += weight
        area += weight * _normal_tail(z)
        slope += weight * _density(z)
    return Tail(area / total, slope / total)


def _width(t: float, df: float, shift: float) -> int:
    """The width of the integrand as a power of 1/2, so that nodes can be kept: of the density, or of the normal's tail.

    In u the tail Φ(shift - t e**u) passes from 0 to 1 within 1/t near u = 0, and within 1/shift where it is a half.
    """
    width = min(1 / math.sqrt(2 * df), 0.25, 1 / max(abs(t), abs(shift), 1.0))
    return min(math.ceil(-math.log2(width)), max(_MOST_HALVINGS, math.ceil(math.log2(2 * df) / 2)))


@functools.lru_cache(maxsize=256)
def _nodes(df: float, halvings: int) -> tuple[tuple[float, float], ...]:
    """Values s of S at equal steps of their logarithm, and their weights."""
    step = _STEP * 2.0**-halvings
    found = [(1.0, 1.0)]
    for sign in (1, -1):
        for n in range(1, 1_000_000):
            u = sign * n * step
            fall = df * _bend(2 * u) / 2
            if fall > _NEGLIGIBLE:
                break
            found.append((math.exp(u), math.exp(-fall)))
    return tuple(sorted(found, key=lambda node: node[1]))  # the smallest are added first


def _bend(y: float) -> float:
    """e**y - 1 - y, good relative to itself."""
    if abs(y) > _SERIES_BELOW:
        return math.expm1(y) - y
    total = 1.0
    for n in range(12, 2, -1):
        total = 1 + total * y / n
    return total * y * y / 2


def _normal_tail(z: float) -> float:
    return 0.5 * math.erfc(z * _ROOT_HALF)


def _density(z: float) -> float:
    return math.exp(-z * z / 2) / _ROOT_TWO_PI
