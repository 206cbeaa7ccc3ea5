"""The exact interval of a proportion."""

from __future__ import annotations

import math

from losscli.statistics.beta import beta_quantile
from losscli.statistics.student_t import t_quantile


def clopper_pearson(proportion: float, size: float, df: float, level: float) -> tuple[float, float]:
    """The exact interval of a proportion: it covers at least `level` whatever the proportion, so it is longer.

    Parameters
    ----------
    proportion
        The observed proportion, between 0 and 1.
    size
        How many independent values it is the mean of: the effective sample size of weighted or clustered ones.
    df
        Degrees of freedom of the estimated variance, infinite where it follows from the proportion. Fewer of them make
        the size smaller, by the square of the ratio of the quantiles (Korn and Graubard 1998).
    level
        The confidence level, such as 0.95.

    Returns
    -------
    low, high : float
        The bounds.

    References
    ----------
    Clopper and Pearson 1934, "The use of confidence or fiducial limits illustrated in the case of the binomial",
    doi:10.1093/biomet/26.4.404
    """
    tail = (1 - level) / 2
    if math.isfinite(df):
        size *= (t_quantile(tail, math.inf) / t_quantile(tail, df)) ** 2
    ones, zeros = proportion * size, (1 - proportion) * size
    low = 0.0 if proportion == 0 else beta_quantile(tail, ones, zeros + 1)
    high = 1.0 if proportion == 1 else 1 - beta_quantile(tail, zeros, ones + 1)
    return low, high
