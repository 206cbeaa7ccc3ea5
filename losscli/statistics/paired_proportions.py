"""The confidence interval of the difference of two paired proportions: of losses that are 0 or 1 on the same rows."""

from __future__ import annotations

import math
from collections.abc import Callable

from losscli.statistics.student_t import t_quantile


def tango(first: int, second: int, count: int, level: float) -> tuple[float, float]:
    """Tango's score interval of the difference of two paired proportions.

    It has the differences that the score test does not reject. For a difference of 0 that is McNemar's test. Unlike the
    interval of the t distribution it stays between -1 and 1, and has a width where all rows are alike.

    Parameters
    ----------
    first, second
        In how many rows only the first is 1, and only the second.
    count
        How many rows there are.
    level
        The confidence level, such as 0.95.

    Returns
    -------
    low, high : float
        The bounds of the first proportion less the second.

    References
    ----------
    Tango 1998, "Equivalence test and confidence interval for the difference in proportions for the paired-sample
    design", Statistics in Medicine 17, 891-908; recommended by Fagerland, Lydersen and Laake 2014,
    doi:10.1002/sim.6148
    """
    z = -t_quantile((1 - level) / 2, math.inf)
    estimate = (first - second) / count

    def score(difference: float) -> float:
        """The score statistic of a difference; it falls as the difference grows."""
        b = -first - second + (2 * count - first + second) * difference
        c = -second * difference * (1 - difference)
        only_second = (math.sqrt(max(b * b - 8 * count * c, 0.0)) - b) / (4 * count)  # the likeliest, given it
        variance = count * (2 * only_second + difference * (1 - difference))
        over = first - second - count * difference
        return over / math.sqrt(variance) if variance > 0 else math.copysign(math.inf, over)

    low = _crossing(lambda d: score(d) > z, -1.0, estimate)
    high = _crossing(lambda d: score(d) > -z, estimate, 1.0)
    return low, high


def _crossing(above: Callable[[float], bool], low: float, high: float) -> float:
    """Where a condition that holds for small numbers ceases to hold, to the last bits, by bisection."""
    for _ in range(100):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (middle, high) if above(middle) else (low, middle)
    return high
