"""p-values of several tests, adjusted for how many they are: Holm's method, and that of Benjamini and Hochberg."""

from __future__ import annotations

import math
from collections.abc import Sequence

PValues = Sequence[float | None]


def adjusted(ps: PValues, method: str) -> list[float]:
    """The p-values of one family of tests, adjusted.

    Parameters
    ----------
    ps
        The p-values. A test that could not be made (None or NaN) rejects nothing: it is not counted.
    method
        "holm", "bh", or "none", which leaves them as they are.

    Returns
    -------
    list of float
        The adjusted p-values in the same order; NaN for a test that could not be made.
    """
    if method == "holm":
        return holm(ps)
    if method == "bh":
        return benjamini_hochberg(ps)
    return [math.nan if p is None else p for p in ps]


def holm(ps: PValues) -> list[float]:
    """p-values adjusted for the number of tests by Holm's step-down method.

    The smallest of m p-values is multiplied by m, the next by m - 1, and so on. No adjusted value is below one before
    it, and none is above 1. Whatever the tests have in common, the chance of any wrong rejection is at most the level.

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
    known = _known(ps)
    found = [math.nan] * len(ps)
    largest = 0.0
    for rank, (p, place) in enumerate(known):
        largest = max(largest, min(1.0, (len(known) - rank) * p))
        found[place] = largest
    return found


def benjamini_hochberg(ps: PValues) -> list[float]:
    """p-values adjusted by the step-up method of Benjamini and Hochberg.

    The k-th smallest of m p-values is multiplied by m / k, and none is above one behind it. Of the tests whose adjusted
    value is below the level, the expected share of wrong rejections (false discovery rate) is at most the level, if the
    tests are independent or positively dependent.

    Parameters
    ----------
    ps
        The p-values of one family of tests; None or NaN as in `holm`.

    Returns
    -------
    list of float
        The adjusted p-values in the same order; NaN for a test that could not be made.

    References
    ----------
    Benjamini & Hochberg 1995, "Controlling the false discovery rate", doi:10.1111/j.2517-6161.1995.tb02031.x
    """
    known = _known(ps)
    found = [math.nan] * len(ps)
    smallest = 1.0
    for rank in range(len(known), 0, -1):
        p, place = known[rank - 1]
        smallest = min(smallest, p * len(known) / rank)
        found[place] = smallest
    return found


def _known(ps: PValues) -> list[tuple[float, int]]:
    """The tests that could be made, the smallest p-value first, each with its place."""
    return sorted((p, place) for place, p in enumerate(ps) if p is not None and not math.isnan(p))


def simes(ps: Sequence[float]) -> float:
    """The p-value of several tests together: are all of their hypotheses true?

    The smallest of m p-values is multiplied by m, the k-th smallest by m / k, and the least of these is taken. It holds
    for tests that are independent or positively dependent (Sarkar 1998), and of two tests nearly for any.

    Parameters
    ----------
    ps
        The p-values, at least one.

    Returns
    -------
    float
        The p-value of the hypothesis that all are true.

    References
    ----------
    Simes 1986, "An improved Bonferroni procedure for multiple tests of significance", doi:10.1093/biomet/73.3.751;
    Sarkar 1998, "Some probability inequalities for ordered MTP2 random variables", doi:10.1214/aos/1028144846
    """
    return min(len(ps) * p / rank for rank, p in enumerate(sorted(ps), 1))
