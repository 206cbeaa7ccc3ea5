"""Confidence intervals of many estimates at once: step by step what is done for one, so that each has the same bits.

IEEE operations and square roots of arrays are those of single numbers. Powers and cube roots are taken one by one, as
NumPy's may differ from Python's in the last bit.
"""

from __future__ import annotations

import math

import numpy as np

from losscli.binding.limits import Limits
from losscli.contract.kinds import Array
from losscli.statistics.interval_methods import FEW, FEWEST
from losscli.statistics.skew_correction import FARTHEST, GROWTH, GROWTH_POWER, GROWTH_ROWS, SMALL, longest_at
from losscli.statistics.student_t import prepare_quantiles, t_quantile

Bounds = tuple[Array, Array]


def t_intervals(values: Array, stderr: Array, df: Array, limits: Limits, level: float) -> Bounds:
    """What `student_t.t_interval` gives within the limits of the value."""
    margin = quantiles(df, level) * stderr
    return _within(values - margin, values + margin, values, limits)


def wilson_intervals(values: Array, stderr: Array, constant: Array, effective_size: Array, level: float) -> Bounds:
    """What `interval_methods.proportion_interval` gives for Wilson's interval of independent rows."""
    variance_of_one = values * (1 - values)
    shown = 1 + variance_of_one / powers(stderr, 2)
    size = np.where(constant | (variance_of_one == 0), effective_size, shown)
    z = -t_quantile((1 - level) / 2, math.inf)
    shrink = 1 + z * z / size
    centre = (values + z * z / (2 * size)) / shrink
    margin = z * np.sqrt(values * (1 - values) / size + powers(z / (2 * size), 2)) / shrink
    low, high = np.maximum(0.0, centre - margin), np.minimum(1.0, centre + margin)
    return np.where(values == 0, 0.0, low), np.where(values == 1, 1.0, high)


def hall_intervals(
    values: Array, stderr: Array, df: Array, skewness: Array, limits: Limits, level: float
) -> Bounds:  # fmt: skip
    """What `interval_methods.mean_interval` gives for Hall's interval of a value that is no function of a mean."""
    quantile = quantiles(df, level)
    size, k = df + 1, np.abs(skewness)
    short = _inverse(quantile, k / 3)
    grown = k * (1 + GROWTH * powers(size / GROWTH_ROWS, GROWTH_POWER) * k * k)
    a = grown / 3
    beyond = np.flatnonzero((a >= FARTHEST) | ~_grows_beyond(a * (1 + 2e-9) + 1e-9, quantile))
    for at in beyond.tolist():
        a[at] = min(float(a[at]), longest_at(float(quantile[at])))
    long = -_inverse(-quantile, a)
    below, above = np.where(skewness >= 0, short, long), np.where(skewness >= 0, long, short)
    low, high = values - stderr * below, values + stderr * above
    few = np.flatnonzero((df > FEWEST) & (df < FEW))
    if len(few):
        _widen(low, high, few, values, quantile * stderr, limits)
    return _within(low, high, values, limits)


def _widen(low: Array, high: Array, few: Array, values: Array, width: Array, limits: Limits) -> None:
    """Make the intervals of few units no shorter than those of cube roots of the distance from the limit."""
    if limits.low > -math.inf:
        few = few[values[few] > limits.low]
        distance = values[few] - limits.low
        high[few] = np.maximum(high[few], limits.low + distance * powers(1 + width[few] / (3 * distance), 3))
    elif limits.high < math.inf:
        few = few[values[few] < limits.high]
        distance = limits.high - values[few]
        low[few] = np.minimum(low[few], limits.high - distance * powers(1 + width[few] / (3 * distance), 3))


def _within(low: Array, high: Array, values: Array, limits: Limits) -> Bounds:
    return np.maximum(low, np.minimum(limits.low, values)), np.minimum(high, np.maximum(limits.high, values))


def quantiles(df: Array, level: float) -> Array:
    """The upper quantiles of Student's t of a two-sided interval."""
    tail = (1 - level) / 2
    different, places = np.unique(df, return_inverse=True)
    prepare_quantiles(tail, different.tolist())
    return -np.array([t_quantile(tail, each) for each in different.tolist()], np.float64)[places]


def _inverse(y: Array, a: Array) -> Array:
    """The T with g(T) = y of `skew_correction`."""
    return np.asarray(np.where(a < SMALL, y, (_cube_roots(1 + 3 * a * (y - a / 2)) - 1) / a))


def _grows_beyond(a: Array, quantile: Array) -> Array:
    w = 3 * a * quantile + 1.5 * a * a - 1
    return np.asarray((w <= 0) | (a * (quantile + a) > _cube_roots(w * w) + w))


def powers(values: Array, exponent: float) -> Array:
    """Powers as Python computes them."""
    return np.array([value**exponent for value in values.tolist()], np.float64)


def _cube_roots(values: Array) -> Array:
    return np.array([math.cbrt(value) for value in values.tolist()], np.float64)
