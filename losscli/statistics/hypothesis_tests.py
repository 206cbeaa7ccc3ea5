"""The paired t test, and Holm's correction for several tests.

The t distribution is in `student_t`, the permutation test in `permutation`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from losscli.statistics.student_t import t_p_value


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
        difference / stderr. Where nothing varies (stderr 0), infinite for a difference and NaN without one.
    p : float
        The two-sided p-value. Where nothing varies, 0 for a difference and 1 without one: any value would be as far
        from 0. Both are NaN where df is not above 0.

    References
    ----------
    Student 1908, "The probable error of a mean", doi:10.1093/biomet/6.1.1
    """
    if math.isnan(difference) or math.isnan(stderr) or not df > 0:
        return math.nan, math.nan
    if stderr == 0:
        return (math.copysign(math.inf, difference), 0.0) if difference else (math.nan, 1.0)
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
