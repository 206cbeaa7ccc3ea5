"""Confidence intervals of proportions: of losses whose values are 0 or 1."""

from __future__ import annotations

import math

from losscli.statistics.student_t import t_quantile
from losscli.statistics.variance import Variance

Proportion = tuple[float, float, float]  # its value, its effective sample size, and the degrees of freedom of this
_SMALLEST_P = 1e-300


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
    return _score_interval(proportion, size, -t_quantile((1 - level) / 2, df))


def _score_interval(proportion: float, size: float, z: float) -> tuple[float, float]:
    shrink = 1 + z * z / size
    centre = (proportion + z * z / (2 * size)) / shrink
    margin = z * math.sqrt(proportion * (1 - proportion) / size + (z / (2 * size)) ** 2) / shrink
    low, high = max(0.0, centre - margin), min(1.0, centre + margin)
    return (0.0 if proportion == 0 else low), (1.0 if proportion == 1 else high)


def score_size(value: float, found: Variance, effective_size: float) -> float:
    """The effective sample size of a proportion, as its variance shows (Korn & Graubard 1998).

    Parameters
    ----------
    value
        The proportion.
    found
        Its variance.
    effective_size
        The effective sample size of the weights, which counts where all values are alike.

    Returns
    -------
    float
        1 + p (1 - p) / V; the number of independent rows of one weight.
    """
    variance_of_one = value * (1 - value)
    if found.constant or not variance_of_one:
        return effective_size if found.effective_clusters is None else found.effective_clusters
    return 1 + variance_of_one / found.stderr**2


def newcombe(one: Proportion, other: Proportion, level: float) -> tuple[float, float]:
    """The hybrid score interval of a difference of two independent proportions.

    Parameters
    ----------
    one, other
        The proportions; their difference is that of the first and the second.
    level
        The confidence level, such as 0.95.

    Returns
    -------
    low, high : float
        The bounds, which have a width also where all values of both are alike.

    References
    ----------
    Newcombe 1998, "Interval estimation for the difference between independent proportions: comparison of eleven
    methods", doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I (method 10)
    """
    return _hybrid(one, other, (1 - level) / 2)


def newcombe_p(one: Proportion, other: Proportion) -> float:
    """The two-sided p-value that belongs to `newcombe`: 1 less the largest level whose interval leaves out 0.

    Parameters
    ----------
    one, other
        The proportions.

    Returns
    -------
    float
        The p-value; 1 without a difference.
    """
    difference = one[0] - other[0]
    if not difference:
        return 1.0
    low, high = math.log(_SMALLEST_P), 0.0
    for _ in range(80):
        middle = (low + high) / 2
        ends = _hybrid(one, other, math.exp(middle) / 2)
        low, high = (low, middle) if (ends[0] > 0 or ends[1] < 0) else (middle, high)
    return math.exp(high)


def _hybrid(one: Proportion, other: Proportion, tail: float) -> tuple[float, float]:
    """The bounds with so much beyond each of them."""
    (p, low_p, high_p), (q, low_q, high_q) = (
        (value, *_score_interval(value, size, -t_quantile(tail, df))) for value, size, df in (one, other)
    )
    return p - q - math.hypot(p - low_p, high_q - q), p - q + math.hypot(high_p - p, q - low_q)
