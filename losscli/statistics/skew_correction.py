"""Confidence intervals that are corrected for the skewness of the estimate (Hall 1992).

With few rows the t interval of a mean of squares, or of log losses, is too short above and too long below: the standard
error of a sample without large values is small along with its mean. Hall's transformation of the studentised mean

    g(T) = T + a T**2 + a**2 T**3 / 3 + a / 2,    a = skewness of the mean / 3

has the skewness taken out; it is monotone, and its inverse has a closed form.
"""

from __future__ import annotations

import functools
import math

from losscli.statistics.student_t import t_quantile

GROWTH, GROWTH_ROWS, GROWTH_POWER = 6.0, 20.0, 0.25  # of the skewness on its long side, by simulation
FARTHEST = 10.0  # no inverse is longest beyond
SMALL = 1e-8  # a skewness below this changes no more than rounding does


def skew_corrected_interval(
    value: float, stderr: float, df: float, skewness: float, level: float
) -> tuple[float, float]:
    """Hall's interval, with quantiles of Student's t, and more room on the long side.

    The skewness of a sample is at most about sqrt(n), so that of values with a long tail is too small. On the side of
    the long tail it grows by the factor 1 + 6 (n / 20)**(1/4) k**2, k being that of the mean: nearly 1 where rows are
    many for their skewness. The factor is chosen by simulation (docs/statistics.md), with squares of normal and of t
    values and log-normal ones. Beyond the skewness where the inverse is longest, it stays so.

    Parameters
    ----------
    value
        The estimate.
    stderr
        Its standard error.
    df
        Degrees of freedom; n is one more.
    skewness
        The skewness of the estimate: of a mean, that of the values over sqrt(n).
    level
        The confidence level, such as 0.95.

    Returns
    -------
    low, high : float
        The bounds. Without skewness they are those of Student's t.

    References
    ----------
    Hall 1992, "On the removal of skewness by transformation", doi:10.1111/j.2517-6161.1992.tb01876.x
    """
    quantile = -t_quantile((1 - level) / 2, df)
    size, k = df + 1, abs(skewness)
    short = _inverse(quantile, k / 3)
    grown = k * (1 + GROWTH * (size / GROWTH_ROWS) ** GROWTH_POWER * k * k)
    a = grown / 3
    if a >= FARTHEST or not _grows_beyond(a * (1 + 2e-9) + 1e-9, quantile):  # few are so skewed
        a = min(a, longest_at(quantile))
    long = -_inverse(-quantile, a)
    if skewness >= 0:
        return value - stderr * short, value + stderr * long
    return value - stderr * long, value + stderr * short


def _inverse(y: float, a: float) -> float:
    """The T with g(T) = y."""
    if a < SMALL:
        return y
    return (math.cbrt(1 + 3 * a * (y - a / 2)) - 1) / a


def _grows_beyond(a: float, quantile: float) -> bool:
    """Whether the inverse of -quantile is longer beyond a: where the derivative of (1 + cbrt(w)) / a is above 0."""
    w = 3 * a * quantile + 1.5 * a * a - 1
    return w <= 0 or a * (quantile + a) > math.cbrt(w * w) + w


@functools.lru_cache(maxsize=4096)  # the slices of a run mostly share their level, and many their size
def longest_at(quantile: float) -> float:
    """The a at which the inverse of -quantile is longest."""
    low, high = 0.0, FARTHEST
    for _ in range(60):
        a = (low + high) / 2
        if _grows_beyond(a, quantile):
            low = a
        else:
            high = a
    return low
