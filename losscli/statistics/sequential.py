"""Confidence sequences: intervals that all hold the value at once, however often one looks while rows come in.

An interval of fixed size holds the value in 95 % of samples at one look; who looks at a growing sample again and again
and stops when the interval leaves something out errs far more often. A confidence sequence holds it at all looks
together. It is made of a martingale that starts at 1 under the true value, and by Ville's inequality (1939) ever
reaches 1 / alpha with a probability of at most alpha.
"""

from __future__ import annotations

import math
from collections.abc import Callable

TARGET = 1_000  # units at which the sequence is tightest; a number that does not depend on the data


def _spread(level: float) -> float:
    """The variance of the mixture, relative to that of one unit, that is best at `TARGET` units.

    References
    ----------
    Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas 2024, "Time-uniform central limit theory and asymptotic confidence
    sequences", Annals of Statistics 52, arXiv:2103.06476
    """
    twice = -2 * math.log(1 - level)
    return (twice + math.log(twice + 1)) / TARGET


def half_width(df: float, level: float) -> float:
    """The half width of a confidence sequence, in standard errors; infinite where there are too few units yet.

    It inverts the Bayes factor of the t test with a normal prior of the effect size, which is a test martingale for
    normal values of unknown variance. For many units it is Robbins' normal mixture (1970), and so an asymptotic
    confidence sequence for any values with a variance.

    Parameters
    ----------
    df
        The degrees of freedom of the standard error; one less than the units.
    level
        The confidence level.

    References
    ----------
    Wang & Ramdas 2025, "Anytime-valid t-tests and confidence sequences for Gaussian means with unknown variance",
    doi:10.1080/07474946.2024.2425177
    """
    grown = 1 + (df + 1) * _spread(level)
    ratio = math.exp((math.log(grown) / 2 - math.log1p(-level)) * 2 / (df + 1)) if df > 0 else math.inf
    if ratio >= grown:
        return math.inf
    return math.sqrt(df * (ratio - 1) / (1 - ratio / grown))


def p_value(t: float, df: float, level: float) -> float:
    """The anytime-valid p-value of t = value / standard error: below 1 - level where the sequence leaves out 0."""
    if not df > 0 or math.isnan(t):
        return math.nan
    grown = 1 + (df + 1) * _spread(level)
    gained = math.log(grown) if math.isinf(t) else math.log1p(t * t / df) - math.log1p(t * t / (df * grown))
    log_evidence = ((df + 1) * gained - math.log(grown)) / 2
    return math.exp(-max(log_evidence, 0.0))


def p_of_like_signs(count: int) -> float:
    """The anytime-valid p-value of so many units of one sign, if signs were even: by the beta prior (1/2, 1/2)."""
    log_evidence = _log_beta((count + 0.5, 0.5)) - _log_beta((0.5, 0.5)) + count * math.log(2)
    return math.exp(-max(log_evidence, 0.0))


def proportion(ones: int, count: int, level: float) -> tuple[float, float]:
    """The confidence sequence of a probability, for independent values that are 0 or 1; exact for any count.

    The martingale is the ratio of the beta prior (1/2, 1/2) to the posterior, at the probability.

    References
    ----------
    Waudby-Smith & Ramdas 2020, "Confidence sequences for sampling without replacement" (the ratio of prior and
    posterior), arXiv:2006.04347; Robbins 1970, doi:10.1214/aoms/1177696786
    """
    mixed = _log_beta((ones + 0.5, count - ones + 0.5)) - _log_beta((0.5, 0.5))
    limit = mixed + math.log1p(-level)  # the log likelihood that is just not left out

    def likely(at: float) -> float:
        return _power(ones, at) + _power(count - ones, 1 - at) - limit

    best = ones / count
    low = 0.0 if likely(0.0) >= 0 else _root(likely, 0.0, best)
    high = 1.0 if likely(1.0) >= 0 else _root(likely, 1.0, best)
    return low, high


def paired_proportions(wins: int, losses: int, ties: int, level: float) -> tuple[tuple[float, float], float]:
    """The confidence sequence of P(first is 1) - P(second is 1), and the anytime-valid p-value that they are equal.

    Parameters
    ----------
    wins, losses, ties
        The units where only the first is 1, only the second is, and both are alike.
    level
        The confidence level.

    Returns
    -------
    interval : tuple of float
        The differences that some probabilities have which the ratio of the Dirichlet prior (1/2, 1/2, 1/2) to the
        posterior does not leave out. It is exact for any count of independent units.
    p : float
        The p-value.
    """
    counts = (wins, losses, ties)
    mixed = _log_beta(tuple(one + 0.5 for one in counts)) - _log_beta((0.5, 0.5, 0.5))
    limit = mixed + math.log1p(-level)

    def likely(difference: float) -> float:
        return _most_likely(counts, difference) - limit

    best = (wins - losses) / sum(counts)
    low = -1.0 if likely(-1.0) >= 0 else _root(likely, -1.0, best)
    high = 1.0 if likely(1.0) >= 0 else _root(likely, 1.0, best)
    return (low, high), math.exp(min(_most_likely(counts, 0.0) - mixed, 0.0))


def _most_likely(counts: tuple[int, int, int], difference: float) -> float:
    """The largest log likelihood of probabilities p - q = difference, over q; concave in q."""
    wins, losses, ties = counts
    low, high = max(0.0, -difference), (1 - difference) / 2

    def slope(q: float) -> float:
        parts = ((wins, q + difference, 1.0), (losses, q, 1.0), (ties, 1 - difference - 2 * q, -2.0))
        return sum(by * count / at if at > 0 else math.copysign(math.inf, by) for count, at, by in parts if count)

    for _ in range(200):
        middle = (low + high) / 2
        if not low < middle < high:
            break
        low, high = (middle, high) if slope(middle) > 0 else (low, middle)
    found = [
        _power(wins, q + difference) + _power(losses, q) + _power(ties, 1 - difference - 2 * q) for q in (low, high)
    ]
    return max(found)


def _power(count: int, at: float) -> float:
    """The logarithm of at**count; 0**0 is 1."""
    if not count:
        return 0.0
    return count * math.log(at) if at > 0 else -math.inf


def _log_beta(counts: tuple[float, ...]) -> float:
    return math.fsum(map(math.lgamma, counts)) - math.lgamma(math.fsum(counts))


def _root(function: Callable[[float], float], outside: float, inside: float) -> float:
    """Where a function changes its sign, to the last bit, on the outer side: bisection."""
    while True:
        middle = (outside + inside) / 2
        if middle in (outside, inside):
            return outside
        if function(middle) >= 0:
            inside = middle
        else:
            outside = middle
