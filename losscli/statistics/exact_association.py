"""Fisher's exact test of two proportions: the values of a sample given how many of both samples are 1."""

from __future__ import annotations

import math

_NEGLIGIBLE = 1e-17  # of the sum


def fisher_p(ones: int, count: int, other_ones: int, other_count: int) -> float:
    """The two-sided p-value: twice the chance of a difference at least as large in the same direction, at most 1.

    Parameters
    ----------
    ones, count
        How many values of the first sample are 1, and how many there are.
    other_ones, other_count
        The same of the second sample.

    Returns
    -------
    float
        The p-value, with a relative error of about 1e-15 times the size of both samples.

    References
    ----------
    Fisher 1935, The logic of inductive inference, doi:10.2307/2342435
    """
    total, positive = count + other_count, ones + other_ones
    low, high = max(0, positive - other_count), min(count, positive)
    step = 1 if ones * other_count > other_ones * count else -1
    log_chance = _log_choose(positive, ones) + _log_choose(total - positive, count - ones) - _log_choose(total, count)
    term, sum_, at = 1.0, 1.0, ones
    while low <= at + step <= high and term > _NEGLIGIBLE * sum_:
        term *= _ratio(at, step, count, positive, total)
        sum_ += term
        at += step
    return min(1.0, 2 * math.exp(min(log_chance + math.log(sum_), 0.0)))


def _log_choose(of: int, some: int) -> float:
    return math.lgamma(of + 1) - math.lgamma(some + 1) - math.lgamma(of - some + 1)


def _ratio(at: int, step: int, count: int, positive: int, total: int) -> float:
    """The chance of the next number of ones over that of this one."""
    if step > 0:
        return (positive - at) * (count - at) / ((at + 1) * (total - positive - count + at + 1))
    return at * (total - positive - count + at) / ((positive - at + 1) * (count - at + 1))
