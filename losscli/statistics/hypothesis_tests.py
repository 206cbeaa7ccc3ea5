"""The paired t test, McNemar's test, and Holm's correction for several tests.

The t distribution is in `student_t`, the permutation test in `permutation`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from losscli.statistics.student_t import t_p_value

_LOG_2 = math.log(2)
_EXACT_BELOW = 1000  # binomial coefficients of more have too many digits to be quick


def paired_t(difference: float, stderr: float, df: float) -> tuple[float, float]:
    """The paired t test of a mean difference against 0, two-sided.

    Parameters
    ----------
    difference
        The estimated difference of the two models.
    stderr
        Its standard error.
    df
        Its degrees of freedom.

    Returns
    -------
    t : float
        difference / stderr. NaN where nothing varies (stderr 0): no multiple of 0 says how far a difference is.
    p : float
        The two-sided p-value. Where nothing varies, NaN for a difference and 1 without one: any value would be as far
        from 0. Both are NaN where df is not above 0.

    References
    ----------
    Student 1908, "The probable error of a mean", doi:10.1093/biomet/6.1.1
    """
    if math.isnan(difference) or math.isnan(stderr) or not df > 0:
        return math.nan, math.nan
    if stderr == 0:
        return math.nan, math.nan if difference else 1.0
    t = difference / stderr
    return t, t_p_value(t, df)


def holm(ps: Sequence[float | None]) -> list[float]:
    """p-values adjusted for the number of tests by Holm's step-down method.

    The smallest of m p-values is multiplied by m, the next by m - 1, and so on. No adjusted value is below one before
    it, and none is above 1.

    Parameters
    ----------
    ps
        The p-values of one family of tests. A test that could not be made (None or NaN) rejects nothing: it is not
        counted in m.

    Returns
    -------
    list of float
        The adjusted p-values in the same order; NaN for a test that could not be made.

    References
    ----------
    Holm 1979, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6, 65-70,
    https://www.jstor.org/stable/4615733
    """
    known = [(p, place) for place, p in enumerate(ps) if p is not None and not math.isnan(p)]
    adjusted = [math.nan] * len(ps)
    largest = 0.0
    for rank, (p, place) in enumerate(sorted(known)):
        largest = max(largest, min(1.0, (len(known) - rank) * p))
        adjusted[place] = largest
    return adjusted


def mcnemar(wins: int, losses: int) -> float:
    """McNemar's exact test of two models whose losses are 0 or 1, two-sided.

    Without a difference, a unit in which only one of the two is right is as likely to be the one's as the other's.

    Parameters
    ----------
    wins, losses
        How many units only the first model has right, and only the second.

    Returns
    -------
    float
        The p-value: twice the chance of so few or fewer of the rarer of the two, at most 1.

    References
    ----------
    McNemar 1947, "Note on the sampling error of the difference between correlated proportions or percentages",
    doi:10.1007/BF02295996
    """
    total, fewest = wins + losses, min(wins, losses)
    if 2 * fewest == total:
        return 1.0
    # From the largest term down; those left out are below any digit that is printed.
    term = math.exp(math.lgamma(total + 1) - math.lgamma(fewest + 1) - math.lgamma(total - fewest + 1) - total * _LOG_2)
    if total < _EXACT_BELOW:
        term = math.comb(total, fewest) / (1 << total)
    sum_, count = term, fewest
    while count and term > sum_ * 1e-18:
        term *= count / (total - count + 1)
        sum_ += term
        count -= 1
    return min(1.0, 2 * sum_)
