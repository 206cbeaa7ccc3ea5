"""The paired t test and McNemar's test.

The t distribution is in `student_t`, the permutation test in `permutation`; `multiple_testing` adjusts for several.
"""

from __future__ import annotations

import math

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


def mcnemar(wins: int, losses: int, *, mid_p: bool = False) -> float:
    """McNemar's exact test of two models whose losses are 0 or 1, two-sided.

    Without a difference, a unit in which only one of the two is right is as likely to be the one's as the other's.

    Parameters
    ----------
    wins, losses
        How many units only the first model has right, and only the second.
    mid_p
        Whether the chance of just so few counts half. Then the test is less conservative, and no longer exact.

    Returns
    -------
    float
        The p-value: twice the chance of so few or fewer of the rarer of the two, at most 1.

    References
    ----------
    McNemar 1947, "Note on the sampling error of the difference between correlated proportions or percentages",
    doi:10.1007/BF02295996
    Fagerland, Lydersen and Laake 2013, "The McNemar test for binary matched-pairs data: mid-p and asymptotic are better
    than exact conditional", doi:10.1186/1471-2288-13-91
    """
    total, fewest = wins + losses, min(wins, losses)
    if not total or (2 * fewest == total and not mid_p):
        return 1.0
    # From the largest term down; those left out are below any digit that is printed.
    term = math.exp(math.lgamma(total + 1) - math.lgamma(fewest + 1) - math.lgamma(total - fewest + 1) - total * _LOG_2)
    if total < _EXACT_BELOW:
        term = math.comb(total, fewest) / (1 << total)
    sum_, count, just = term, fewest, term
    while count and term > sum_ * 1e-18:
        term *= count / (total - count + 1)
        sum_ += term
        count -= 1
    if 2 * fewest == total:
        return 1 - just / 2
    return min(1.0, 2 * sum_ - (just if mid_p else 0.0))
