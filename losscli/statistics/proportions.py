"""Confidence intervals of proportions: of losses whose values are 0 or 1."""

from __future__ import annotations

import math

from losscli.statistics.student_t import t_quantile


def wilson(proportion: float, size: float, df: float, level: float) -> tuple[float, float]:
    """Wilson's score interval of a proportion.

    Unlike that of the t distribution it stays between 0 and 1, and has a width where all values are alike.

    Parameters
    ----------
    proportion
        The observed proportion, between 0 and 1.
    size
        How many independent values it is the mean of: the effective sample size of weighted or clustered ones.
    df
        Degrees of freedom of the estimated variance, infinite where it follows from the proportion.
    level
        The confidence level, such as 0.95.

    Returns
    -------
    low, high : float
        The bounds.

    References
    ----------
    Wilson 1927, "Probable inference, the law of succession, and statistical inference", doi:10.2307/2276774;
    Korn and Graubard 1998, "Confidence intervals for proportions with small expected number of positive counts
    estimated from survey data", Survey Methodology 24, 193-201 (the effective sample size);
    Brown, Cai and DasGupta 2001, doi:10.1214/ss/1009213286
    """
    z = -t_quantile((1 - level) / 2, df)
    shrink = 1 + z * z / size
    centre = (proportion + z * z / (2 * size)) / shrink
    margin = z * math.sqrt(proportion * (1 - proportion) / size + (z / (2 * size)) ** 2) / shrink
    low, high = max(0.0, centre - margin), min(1.0, centre + margin)
    return (0.0 if proportion == 0 else low), (1.0 if proportion == 1 else high)
