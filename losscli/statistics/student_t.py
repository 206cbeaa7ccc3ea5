"""Student's t to the last digits: tail areas, quantiles and intervals for any degrees of freedom, in plain floats.

Of T with df degrees of freedom, P(|T| > t) = I_x(df/2, 1/2), the incomplete beta function at x = df / (df + t**2). It
is computed from `x`, its complement `y` and the `exponent` -(df/2) log x, which is t**2 / 2 for the normal: none of
them loses digits by cancellation, so the same lines serve df = 0.5, df = 1e7 and the normal limit, and areas of 1e-300.

Sources: DiDonato and Morris 1992, doi:10.1145/131766.131776 (the continued fraction, their equation 9); Abramowitz and
Stegun 1964, 26.5.4 (the series) and 26.7.1 (t by the incomplete beta function).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Mapping

_MIN_DF, _MAX_DF = 1e-290, 1e30  # beyond these, no double can tell the distribution from the one at the bound
_EPSILON = 2.0**-53
_TOLERANCE = 1e-9  # after a step of Newton's this small, the error is about its square: nothing
_OVERFLOW = 709.78  # the largest logarithm of a double
_TOGETHER = 16  # quantiles from which arrays are faster
_ROOT_PI = math.sqrt(math.pi)
_SERIES_FROM = 16.0  # from here on the series of the gamma ratio is good to the last bit
_prepared: dict[tuple[float, float], float] = {}  # (two-sided tail area, df) -> t, computed together
_RATIO_TERMS = (-1 / 8, 1 / 192, -1 / 640, 17 / 14336, -31 / 18432, 691 / 180224)


def t_p_value(t: float, df: float) -> float:
    """The two-sided p-value P(|T| > |t|).

    Parameters
    ----------
    t
        The value of the statistic.
    df
        Its degrees of freedom, above 0; infinite for the normal distribution.

    Returns
    -------
    float
        NaN where t or df is NaN, or df is not above 0.
    """
    if math.isnan(t) or not df > 0:
        return math.nan
    if math.isinf(t):
        return 0.0
    if t == 0:
        return 1.0
    df = min(max(df, _MIN_DF), _MAX_DF)
    x, y, exponent = _arguments(abs(t), df)
    return min(_tail(df / 2, x, y, exponent) * math.exp(-exponent), 1.0)


@functools.lru_cache(maxsize=4096)  # the slices of a run mostly share their level, and many their size
def t_quantile(p: float, df: float) -> float:
    """The quantile: the t with P(T < t) = p.

    Parameters
    ----------
    p
        A probability.
    df
        Degrees of freedom, above 0; infinite for the normal distribution.

    Returns
    -------
    float
        -inf at p = 0, inf at p = 1; NaN where p is not a probability, or df is not above 0.
    """
    if not 0 <= p <= 1 or not df > 0:
        return math.nan
    sign = 1.0 if p > 0.5 else -1.0
    tail = 2 * min(p, 1 - p)  # exact: 1 - p is, from a half on
    if tail in (0, 1):
        return 0.0 if tail else sign * math.inf
    df = min(max(df, _MIN_DF), _MAX_DF)
    if (known := _prepared.get((tail, df))) is not None:
        return sign * known
    return sign * (_quantile_from_tail(tail, df) if tail <= 0.5 else _quantile_from_centre(abs(2 * p - 1), df))


def t_interval(value: float, stderr: float, df: float, level: float) -> tuple[float, float]:
    """The symmetric confidence interval around an estimate.

    Parameters
    ----------
    value
        The estimate.
    stderr
        Its standard error; 0 gives an interval without width.
    df
        Degrees of freedom.
    level
        The confidence level, such as 0.95.

    Returns
    -------
    low, high : float
        The bounds.
    """
    if stderr == 0:
        return value, value
    margin = -t_quantile((1 - level) / 2, df) * stderr  # by the lower tail: (1 + level) / 2 would be rounded
    return value - margin, value + margin


def _arguments(t: float, df: float) -> tuple[float, float, float]:
    """x, y and the exponent at t > 0."""
    ratio = t / math.sqrt(df)
    if ratio < 1:
        square = t * t / df
        return 1 / (1 + square), square / (1 + square), df / 2 * math.log1p(square)
    square = 1 / ratio / ratio  # upside down, so that it cannot overflow
    log = math.log(ratio) if ratio < math.inf else math.log(t) - math.log(df) / 2
    return square / (1 + square), 1 / (1 + square), df / 2 * (2 * log + math.log1p(square))


def _tail(a: float, x: float, y: float, exponent: float) -> float:
    """P(|T| > t) e**exponent, a = df/2: without the power that would underflow, so that its logarithm can be had."""
    if _in_tail(a, y):
        return _scale(a) * math.sqrt(y) * _fraction(a, x, y)
    return math.exp(exponent) - 2 * _scale(a) * math.sqrt(y) * _series(a, y)


def _centre(a: float, x: float, y: float, exponent: float) -> float:
    """P(|T| < t), good relative to itself however small t is."""
    if _in_tail(a, y):
        return 1 - math.exp(-exponent) * _scale(a) * math.sqrt(y) * _fraction(a, x, y)
    return math.exp(-exponent) * 2 * _scale(a) * math.sqrt(y) * _series(a, y)


def _in_tail(a: float, y: float) -> bool:
    """Whether the fraction converges fast; by y, because x is rounded to 1 where df is huge. Near t**2 = 3."""
    return y * (a + 2.5) > 1.5


def root_gamma_ratio(a: float) -> float:
    """Γ(a + 1/2) / Γ(a) for a > 0, which is about √a.

    Parameters
    ----------
    a
        The argument.

    Returns
    -------
    float
        The ratio, without a difference of large logarithms.
    """
    return _scale(a) * _ROOT_PI


@functools.lru_cache(maxsize=64)  # the steps of a quantile share it
def _scale(a: float) -> float:
    """1 / B(a, 1/2) = Γ(a + 1/2) / (Γ(a) √π), without a difference of large logarithms.

    The logarithm of the ratio is log(a)/2 - 1/(8a) + 1/(192a³) - …; below 16, the recurrence of Γ leads up there.
    """
    factor = 1.0
    while a < _SERIES_FROM:
        factor *= a / (a + 0.5)
        a += 1
    inverse = 1 / (a * a)
    series = 0.0
    for term in reversed(_RATIO_TERMS):
        series = series * inverse + term
    return factor * math.sqrt(a) * math.exp(series / a) / _ROOT_PI


def _series(a: float, y: float) -> float:
    """The sum for small t: all terms are positive, so none cancels."""
    total = term = 1.0
    n = 0
    while term > _EPSILON / 4 * total:
        term *= (a + 0.5 + n) / (1.5 + n) * y
        total += term
        n += 1
    return total


def _fraction(a: float, x: float, y: float) -> float:
    """The continued fraction for large t, by Lentz's method; its denominators are positive for b = 1/2.

    `a y - x/2` is a - (a + b) x of the paper, rearranged: x is near 1 where df is large, and the difference would keep
    no digit. In the limit this is the fraction of the normal's tail.
    """
    lead, more, least, most = 1.0 + a * y - x / 2.0, 1.0 + y, 1.0 - 2 * _EPSILON, 1.0 + 2 * _EPSILON
    below = c = a / (a + 1.0) * lead
    d = n = 0.0
    while n < 100_000.0:  # all numbers are doubles, which is faster: a quantile takes most of its time here
        n += 1.0
        width, at, half = a + 2.0 * n - 1.0, a + n, 0.5 - n
        top = (at - 1.0) / width * ((at - 0.5) / width) * n * half * x * x
        bottom = n + n * half * x / width + at / (width + 2.0) * (lead + n * more)
        d = 1.0 / (bottom + top * d)
        c = bottom + top / c
        change = c * d
        below *= change
        if least <= change <= most:
            break
    return 1.0 / below


def _quantile_from_tail(tail_area: float, df: float) -> float:
    """t > 0 with P(|T| > t) = tail_area, by Newton's method in the exponent.

    The logarithm of the tail falls in the exponent by 1 or a little more, whatever df is, and P <= e**-exponent gives
    the start. It is convex: the first step may pass the root, the others come to it from one side.
    """
    a = df / 2
    goal = math.log(tail_area)
    exponent = -goal
    for _ in range(100):
        x, y = math.exp(-exponent / a), -math.expm1(-exponent / a)
        exponent, converged = _improved(a, y, exponent, goal, _tail(a, x, y, exponent))
        if converged:
            break
    return _at_exponent(df, exponent)


def _improved(a: float, y: float, exponent: float, goal: float, tail: float) -> tuple[float, bool]:
    """The exponent after a step of Newton's method, and whether it is the last."""
    step = (math.log(tail) - exponent - goal) * a * math.sqrt(y) * tail / _scale(a)
    exponent = max(exponent + step, exponent / 2)
    return exponent, abs(step) <= _TOLERANCE * exponent


def _at_exponent(df: float, exponent: float) -> float:
    """The t that has this exponent."""
    a = df / 2
    log = exponent / df + math.log(df) / 2
    if log > _OVERFLOW:
        return math.inf
    if exponent / df > _OVERFLOW:  # only the product of the three factors below is a double
        return math.exp(log)
    return math.sqrt(df) * math.exp(exponent / df) * math.sqrt(-math.expm1(-exponent / a))


def prepare_quantiles(p: float, dfs: Iterable[float]) -> None:
    """Compute quantiles together, for `t_quantile` to find: each has the same bits, in a fraction of the time.

    Parameters
    ----------
    p
        A probability.
    dfs
        Degrees of freedom. Those of earlier calls are forgotten.
    """
    _prepared.clear()
    tail_area = 2 * min(p, 1 - p)
    if not 0 < tail_area <= 0.5:
        return
    goal = math.log(tail_area)
    given = {min(max(df, _MIN_DF), _MAX_DF) for df in dfs if df > 0}
    exponents = dict.fromkeys(given, -goal) if len(given) >= _TOGETHER else {}
    for _ in range(100):
        if not exponents:
            break
        left = {}
        for df, (y, tail) in _tails(exponents).items():
            exponent, converged = _improved(df / 2, y, exponents[df], goal, tail)
            if converged:
                _prepared[tail_area, df] = _at_exponent(df, exponent)
            else:
                left[df] = exponent
        exponents = left


def _tails(exponents: Mapping[float, float]) -> dict[float, tuple[float, float]]:
    """For each number of degrees of freedom y and the tail at an exponent, as `_tail` computes it."""
    found, far = {}, []
    for df, exponent in exponents.items():
        a = df / 2
        x, y = math.exp(-exponent / a), -math.expm1(-exponent / a)
        if _in_tail(a, y):
            far.append((df, a, x, y))
        else:
            found[df] = y, _tail(a, x, y, exponent)
    if far:
        from losscli.statistics.continued_fractions import (
            continued_fractions,  # NumPy, which a single one does not need
        )

        fractions = continued_fractions(*zip(*(one[1:] for one in far), strict=True))
        for (df, a, _, y), fraction in zip(far, fractions, strict=True):
            found[df] = y, _scale(a) * math.sqrt(y) * fraction
    return found


def _quantile_from_centre(central_area: float, df: float) -> float:
    """t > 0 with P(|T| < t) = central_area < 1/2, by Newton's method in the logarithms of both.

    The start lies below the root, as the density is largest at 0; the curve is concave, so no step passes the root.
    """
    a = df / 2
    t = central_area / (2 * _scale(a)) * math.sqrt(df)
    for _ in range(100):
        x, y, exponent = _arguments(t, df)
        centre = _centre(a, x, y, exponent)
        slope = 2 * _scale(a) * math.sqrt(y) * math.exp(-exponent) / centre
        step = math.log(central_area / centre) / slope if slope else math.inf
        if math.log(t) + step > _OVERFLOW:
            return math.inf
        t *= math.exp(step)
        if abs(step) <= _TOLERANCE:
            break
    return t
