"""Sums over a series whose values depend on those before: weights of lags, long-run variances, degrees of freedom.

Products of two values up to a lag apart are summed, each times a weight (the kernel). In the working model of values
that are independent but for their mean, what such a sum expects and how it varies is known: the first corrects it, the
second gives Satterthwaite's degrees of freedom, which do what the fixed-b limits of Kiefer and Vogelsang (2005) do.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from losscli.contract.kinds import Array

_MOST = 0.97  # no series is taken as more persistent: recolouring would blow up (Andrews & Monahan 1992)


def bartlett(lag: int) -> list[float]:
    """The weights of the lags 0 to `lag` in the estimator of Newey and West (1987, doi:10.2307/1913610)."""
    return [1 - at / (lag + 1) for at in range(lag + 1)]


def automatic_lag(count: int) -> int:
    """The lag of a series of so many values: ceil(1.3 sqrt(n)) - 1.

    References
    ----------
    Lazarus, Lewis, Stock & Watson 2018, "HAR inference: recommendations for practice", Journal of Business & Economic
    Statistics 36, doi:10.1080/07350015.2018.1506926
    """
    return min(max(math.ceil(1.3 * math.sqrt(count)) - 1, 0), count - 1)


def lagged_sum(series: Array, weights: Sequence[float]) -> float:
    """The sum of all products of two values of a series, times the weight of their distance; in both directions."""
    total = [weights[0] * float((series * series).sum())]
    for lag in range(1, min(len(weights), len(series))):
        total.append(2 * weights[lag] * float((series[lag:] * series[:-lag]).sum()))  # pairwise: the same bits always
    return math.fsum(total)


def smoothed(series: Array, weights: Sequence[float]) -> Array:
    """At each place the sum of all values times the weight of their distance."""
    found = weights[0] * series
    for lag in range(1, min(len(weights), len(series))):
        found[lag:] += weights[lag] * series[:-lag]
        found[:-lag] += weights[lag] * series[lag:]
    return found


class WorkingModel(NamedTuple):
    """What a sum with lags expects, relative to the variance that it estimates, and its degrees of freedom."""

    expected: float
    df: float


def working_model(parts: Sequence[tuple[float, Array]], weights: Sequence[float]) -> WorkingModel:
    """Of residuals that are independent but for their means.

    Parameters
    ----------
    parts
        For each part of the value its variance, and the share of each time in its mean. The residuals have the
        covariance G = sum over parts of variance * (diag(share) - share share').
    weights
        The weights of the lags: those of a symmetric matrix W.

    Returns
    -------
    WorkingModel
        tr(WG) relative to the sum of the variances, and tr(WG)**2 / tr(WGWG).
    """
    whole = sum(by for by, _ in parts)
    scaled = [(by / whole, shares) for by, shares in parts]
    diagonal = sum(by * shares for by, shares in scaled)
    smooth = [smoothed(shares, weights) for _, shares in scaled]
    crossed = [[float((shares * each).sum()) for each in smooth] for _, shares in scaled]
    expected = weights[0] - sum(by * crossed[at][at] for at, (by, _) in enumerate(scaled))
    squares = lagged_sum(np.asarray(diagonal), [weight**2 for weight in weights])
    squares -= 2 * sum(by * float((diagonal * each**2).sum()) for (by, _), each in zip(scaled, smooth, strict=True))
    squares += sum(
        one * other * crossed[i][j] ** 2 for i, (one, _) in enumerate(scaled) for j, (other, _) in enumerate(scaled)
    )
    return WorkingModel(expected, expected**2 / squares if expected > 0 < squares else 0.0)


def persistence(series: Array) -> float:
    """The autocorrelation of a series with the value before, corrected for its bias r - (1 + 3 r) / n and bounded.

    References
    ----------
    Kendall 1954, "Note on bias in the estimation of autocorrelation", Biometrika 41, doi:10.1093/biomet/41.3-4.403
    """
    squares = math.fsum(series * series)
    if not squares:
        return 0.0
    plain = math.fsum(series[1:] * series[:-1]) / squares
    return min(max(plain + (1 + 3 * plain) / len(series), -_MOST), _MOST)
