"""The incomplete beta function and its inverse, in plain floats."""

from __future__ import annotations

import math

_EPSILON = 2.0**-53
_TINY = 1e-300
_STIRLING_FROM = 16.0  # from here on the series for what Stirling's formula leaves is good to the last bit


def beta_quantile(probability: float, a: float, b: float) -> float:
    """The quantile of the beta distribution: the x with I_x(a, b) = probability.

    Parameters
    ----------
    probability
        Between 0 and 1.
    a, b
        The parameters, above 0.

    Returns
    -------
    float
        By steps of Newton's, kept inside a bracket that is halved where they leave it.
    """
    low, high = 0.0, 1.0
    x = a / (a + b)
    for _ in range(200):
        area = incomplete_beta(x, a, b)
        low, high = (x, high) if area < probability else (low, x)
        density = math.exp(_log_power(x, a, b)) / (x * (1 - x))
        moved = x - (area - probability) / density if density > 0 else low
        if not low < moved < high:
            moved = (low + high) / 2
        if abs(moved - x) <= 4 * _EPSILON * x:
            return moved
        x = moved
    return x


def incomplete_beta(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function I_x(a, b), by its continued fraction.

    References
    ----------
    DLMF 8.17.22 (the fraction) and 8.17.4 (its other side); Lentz 1976, doi:10.1364/AO.15.000668
    """
    if not 0 < x < 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1 - incomplete_beta(1 - x, b, a)
    return math.exp(_log_power(x, a, b)) * _fraction(x, a, b) / a


def _log_power(x: float, a: float, b: float) -> float:
    """The logarithm of x**a (1 - x)**b / B(a, b), without the cancellation of gamma functions of large numbers.

    The parts of Stirling's formula are put together first (Loader 2000, "Fast and accurate computation of binomial
    probabilities").
    """
    total = a + b
    off = (x * b - (1 - x) * a) / total
    near = a * _log_ratio(x * total / a, off * total / a) + b * _log_ratio((1 - x) * total / b, -off * total / b)
    return near + math.log(a / total * b / (2 * math.pi)) / 2 + _rest(total) - _rest(a) - _rest(b)


def _log_ratio(ratio: float, off: float) -> float:
    """The logarithm of a ratio that is 1 + off."""
    return math.log(ratio) if abs(off) > 0.5 else math.log1p(off)


def _rest(z: float) -> float:
    """What Stirling's formula leaves of the logarithm of the gamma function (Abramowitz and Stegun 1964, 6.1.41)."""
    if z < _STIRLING_FROM:
        return math.lgamma(z) - ((z - 0.5) * math.log(z) - z + math.log(2 * math.pi) / 2)
    square = 1 / (z * z)
    return (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680 - square / 1188)))) / z


def _fraction(x: float, a: float, b: float) -> float:
    front, value = 1.0, 1.0
    back = 1 - (a + b) * x / (a + 1)
    back = 1 / (back if abs(back) > _TINY else _TINY)
    value = back
    m = 1
    while True:
        change = 1.0
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            back = 1 + term * back
            front = 1 + term / front
            back = 1 / (back if abs(back) > _TINY else _TINY)
            front = front if abs(front) > _TINY else _TINY
            change = back * front
            value *= change
        if abs(change - 1) < 4 * _EPSILON:
            return value
        m += 1
