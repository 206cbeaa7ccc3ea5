"""From sums to statements: variances by influence, the paired t test, Holm's correction, effective counts.

Student's t is in `student`, the bootstrap and the permutation test are in `resampling`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from losscli.statistics.student_t import t_p_value

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


class Ratio(NamedTuple):
    """A quotient of whole numbers that is not reduced: with thousands of digits that would take longest of all."""

    top: int
    bottom: int


def root(value: Ratio) -> float:
    """The square root, rounded once: also of what is far outside the doubles. Infinite where the root is too large."""
    top, bottom = value
    if (top < 0) != (bottom < 0) and top:
        raise ValueError(f"{top}/{bottom} has no real root")
    if not top:
        return 0.0
    shift = max(0, _ROOT_BITS - (top.bit_length() - bottom.bit_length()) // 2)
    scaled, left = divmod(top << 2 * shift, bottom)
    whole = math.isqrt(scaled)
    # One more bit says that the root lies above the integer: it can no longer be taken for halfway between doubles.
    above = left or whole * whole != scaled
    try:
        return (2 * whole + bool(above)) / (1 << shift + 1)
    except OverflowError:
        return math.inf
