"""From sums to statements: variances by influence, the paired t test, Holm's correction, effective counts.

Student's t is in `student`, the bootstrap and the permutation test are in `resampling`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction

from losscli.student import t_p_value

_ROOT_BITS = 64  # of a root's leading digits: more than a double has, so that one rounding is left


def paired_t(difference: float, stderr: float, df: float) -> tuple[float, float]:
    """t = difference / stderr and its two-sided p-value (Student 1908, doi:10.1093/biomet/6.1.1).

    Where nothing varies (stderr 0): a difference is infinitely many of them (p = 0); without one t is undefined (NaN),
    and p = 1, as any value would be as far from 0. NaN for both where df is not above 0.
    """
    if math.isnan(difference) or math.isnan(stderr) or not df > 0:
        return math.nan, math.nan
    if stderr == 0:
        return (math.copysign(math.inf, difference), 0.0) if difference else (math.nan, 1.0)
    t = difference / stderr
    return t, t_p_value(t, df)


def holm(ps: Sequence[float | None]) -> list[float]:
    """p-values adjusted for there being several (Holm 1979, "A simple sequentially rejective multiple test procedure",
    Scandinavian Journal of Statistics 6, 65-70, https://www.jstor.org/stable/4615733).

    The smallest of m counts m times, the next m - 1 times, and so on; none becomes smaller than one before it, none
    larger than 1. A test that could not be made (None or NaN) rejects nothing: it is not counted in m and stays NaN.
    """
    known = [(p, place) for place, p in enumerate(ps) if p is not None and not math.isnan(p)]
    adjusted = [math.nan] * len(ps)
    reached = 0.0
    for rank, (p, place) in enumerate(sorted(known)):
        reached = max(reached, min(1.0, (len(known) - rank) * p))
        adjusted[place] = reached
    return adjusted


def influence_variance(coefficients: Sequence[Fraction], moments: Callable[[int, int], Fraction]) -> Fraction:
    """c' M c: the sum of squares over units of the linearised statistic Σ c_i U_i, exactly.

    `moments(i, j)`, asked for i <= j, is the sum of U_i U_j over the units. In exact numbers it cannot be negative;
    where the products were rounded before they were summed it might be by a hair, and then it is 0. (Linearisation of
    ratios and other functions of totals: Woodruff 1971, doi:10.1080/01621459.1971.10482279.)
    """
    total = Fraction(0)
    for i, left in enumerate(coefficients):
        if left:
            rest = sum((c * moments(i, j) for j, c in enumerate(coefficients) if j > i and c), Fraction(0))
            total += left * (left * moments(i, i) + 2 * rest)
    return max(total, Fraction(0))


def sqrt_fraction(value: Fraction) -> float:
    """The root, rounded once: also of what is far outside the doubles itself. Infinite where the root is too large."""
    if value < 0:
        raise ValueError(f"{value} has no real root")
    top, bottom = value.numerator, value.denominator
    if not top:
        return 0.0
    shift = max(0, _ROOT_BITS - (top.bit_length() - bottom.bit_length()) // 2)
    scaled, left = divmod(top << 2 * shift, bottom)
    root = math.isqrt(scaled)
    # One more bit says that the root lies above the integer: it can no longer be taken for halfway between doubles.
    above = left or root * root != scaled
    try:
        return (2 * root + bool(above)) / (1 << shift + 1)
    except OverflowError:
        return math.inf


def effective_count(sum_w: float | Fraction, sum_w2: float | Fraction) -> float:
    """How many units of equal weight would say as much: (Σw)² / Σw² (Kish 1965, Survey Sampling, 11.7).

    Computed exactly, as squares of sums overflow long before the count does. NaN where no weight is above 0.
    """
    known = all(isinstance(part, Fraction) or math.isfinite(part) for part in (sum_w, sum_w2))
    if not known or not sum_w2 > 0:
        return math.nan
    return float(Fraction(sum_w) ** 2 / Fraction(sum_w2))
