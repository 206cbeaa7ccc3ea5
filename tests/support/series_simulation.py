"""Simulated series: how often the intervals of `--time` hold the mean that the series has."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from scipy.signal import lfilter
from scipy.special import stdtrit

from losscli.results import Uncertainty
from losscli.statistics.serial_variance import few_times, newey_west


class Simulated(NamedTuple):
    """Of the samples of one case: the share whose interval holds the mean, and the share with a warning."""

    covered: float
    warned: float
    independent: float  # the share that the interval of independent rows would hold


def simulate(phi: float, n: int, samples: int, seed: int = 0, level: float = 0.95) -> Simulated:
    """An autoregression x_t = phi x_(t-1) + e_t of normal errors, begun in its stationary state."""
    rng = np.random.default_rng([seed, n, round(1000 * phi)])
    errors = rng.standard_normal((samples, n))
    errors[:, 0] /= math.sqrt(1 - phi**2)
    covered = warned = independent = 0
    shares = np.full(n, 1 / n)
    for series in lfilter([1], [1, -phi], errors, axis=1):
        influence = (series - series.mean()) / n
        total, df, lags = newey_west(influence, [(1.0, shares)])
        covered += abs(series.mean()) <= stdtrit(df, (1 + level) / 2) * math.sqrt(total)
        how = Uncertainty("t", level, "at", n, df, None, None, lags.lag, lags.kernel, lags.autocorrelation)
        warned += few_times(how) is not None
        plain = math.sqrt((influence @ influence) * n / (n - 1))
        independent += abs(series.mean()) <= stdtrit(n - 1, (1 + level) / 2) * plain
    return Simulated(covered / samples, warned / samples, independent / samples)
