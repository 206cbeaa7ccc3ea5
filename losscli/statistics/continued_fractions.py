"""The continued fraction of Student's tail for many numbers at once: step by step what `student_t` does for one.

Arrays take the same IEEE operations in the same order, so each number has the bits that it has alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from losscli.contract.kinds import Array

_EPSILON = 2.0**-53


def continued_fractions(a: Sequence[float], x: Sequence[float], y: Sequence[float]) -> list[float]:
    """The fraction of DiDonato and Morris 1992 (their equation 9, doi:10.1145/131766.131776) for b = 1/2.

    Parameters
    ----------
    a, x, y
        Half of the degrees of freedom, and the two arguments, one of each for each fraction.

    Returns
    -------
    list of float
        The fractions.
    """
    left: Array = np.arange(len(a))
    least, most = 1.0 - 2 * _EPSILON, 1.0 + 2 * _EPSILON
    found = np.empty(len(a))
    a_, x_, y_ = (np.array(one, np.float64) for one in (a, x, y))
    lead: Array = 1.0 + a_ * y_ - x_ / 2.0
    more, d = 1.0 + y_, np.zeros(len(a))
    below = c = a_ / (a_ + 1.0) * lead
    n = 0.0
    while n < 100_000.0 and len(left):
        n += 1.0
        width, at, half = a_ + 2.0 * n - 1.0, a_ + n, 0.5 - n
        top = (at - 1.0) / width * ((at - 0.5) / width) * n * half * x_ * x_
        bottom = n + n * half * x_ / width + at / (width + 2.0) * (lead + n * more)
        d = 1.0 / (bottom + top * d)
        c = bottom + top / c
        change = c * d
        below = below * change
        on = (change < least) | (change > most)
        if not on.all():
            found[left[~on]] = 1.0 / below[~on]
            left = left[on]
            a_, x_, lead, more, below, c, d = (one[on] for one in (a_, x_, lead, more, below, c, d))
    found[left] = 1.0 / below
    return [float(one) for one in found]
