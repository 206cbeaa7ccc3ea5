"""Simulated series and repeated looks: how often intervals hold the mean that samples have."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.signal import lfilter
from scipy.special import betaln, stdtrit, xlog1py, xlogy

from losscli.results import Uncertainty
from losscli.statistics import sequential
from losscli.statistics.block_bootstrap import block_bootstrap
from losscli.statistics.serial_variance import few_times, newey_west

Samples = np.ndarray
LOOKS = 1000


class Simulated(NamedTuple):
    """Of the samples of one case: the share whose interval holds the mean, and the share with a warning.

    `independent` is the share that the interval of independent rows would hold.
    """

    covered: float
    warned: float
    independent: float


def autoregressions(phi: float, n: int, samples: int, seed: int) -> Samples:
    """Series x_t = phi x_(t-1) + e_t of normal errors, begun in their stationary state."""
    rng = np.random.default_rng([seed, n, round(1000 * phi)])
    errors = rng.standard_normal((samples, n))
    errors[:, 0] /= math.sqrt(1 - phi**2)
    return lfilter([1], [1, -phi], errors, axis=1)


def simulate(phi: float, n: int, samples: int, seed: int = 0, level: float = 0.95) -> Simulated:
    """The standard errors of `--time`, for the mean of an autoregression."""
    covered = warned = independent = 0
    shares = np.full(n, 1 / n)
    for series in autoregressions(phi, n, samples, seed):
        influence = (series - series.mean()) / n
        total, df, lags = newey_west(influence, [(1.0, shares)])
        covered += abs(series.mean()) <= stdtrit(df, (1 + level) / 2) * math.sqrt(total)
        how = Uncertainty(
            "t", level, "at", n, df, lag=lags.lag, kernel=lags.kernel, autocorrelation=lags.autocorrelation
        )
        warned += few_times(how) is not None
        plain = math.sqrt((influence @ influence) * n / (n - 1))
        independent += abs(series.mean()) <= stdtrit(n - 1, (1 + level) / 2) * plain
    return Simulated(float(covered / samples), warned / samples, float(independent / samples))


def simulate_blocks(phi: float, n: int, samples: int, seed: int = 0, resamples: int = 499) -> float:
    """The share of samples whose interval by the bootstrap of blocks holds the mean."""
    covered = 0
    for number, series in enumerate(autoregressions(phi, n, samples, seed)):
        found = block_bootstrap(series[:, None] / n, lambda totals: totals[..., 0], resamples, 0.95, seed, (number,))
        covered += found is not None and found.low <= 0 <= found.high
    return covered / samples


def ever_missed(samples: Samples, mean: float, half_width: Callable[[int], float]) -> float:
    """The share of samples (rows) whose interval leaves out the mean at any look; one after each value."""
    n = np.arange(1, samples.shape[1] + 1)
    means = samples.cumsum(axis=1) / n
    squares = np.maximum((samples**2).cumsum(axis=1) - n * means**2, 0)
    widths = np.array([math.inf, *(half_width(int(each) - 1) for each in n[1:])])
    with np.errstate(all="ignore"):
        missed = np.abs(means - mean) > widths * np.sqrt(squares / (n - 1) / n)
    return float(missed[:, 1:].any(axis=1).mean())


def ever_missed_proportion(p: float, samples: int, rng: np.random.Generator, level: float = 0.95) -> float:
    """The share of samples of 0 and 1 whose exact sequence leaves out their probability at any look."""
    count = np.arange(1, LOOKS + 1)
    ones = (rng.uniform(size=(samples, LOOKS)) < p).cumsum(axis=1)
    mixture = betaln(ones + 0.5, count - ones + 0.5) - betaln(0.5, 0.5)
    evidence = mixture - xlogy(ones, p) - xlog1py(count - ones, -p)
    return float((evidence > -math.log1p(-level)).any(axis=1).mean())


class Looks(NamedTuple):
    """The share of samples that are missed at any of 1,000 looks: by sequences, and by intervals of a fixed size."""

    sequence: float
    fixed: float


def simulate_looks(draw: Callable[[np.random.Generator, tuple[int, int]], Samples], mean: float, samples: int,
                   seed: int = 0) -> Looks:  # fmt: skip
    """Looks after each of 1,000 rows."""
    drawn = draw(np.random.default_rng(seed), (samples, LOOKS))
    return Looks(
        ever_missed(drawn, mean, lambda df: sequential.half_width(df, 0.95)),
        ever_missed(drawn, mean, lambda df: float(stdtrit(df, 0.975))),
    )
