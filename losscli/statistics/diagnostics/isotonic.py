"""Isotonic regression by pooling adjacent violators: the increasing function that is nearest to weighted means."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from losscli.contract.kinds import Array


def isotonic(sums: Array, weights: Array) -> NDArray[np.int64]:
    """The first position of each block of equal fitted values, of values in the order of what they may grow with.

    Parameters
    ----------
    sums
        Of each position, the sum of weight times value.
    weights
        The sum of the weights, above 0.

    References
    ----------
    Ayer et al. 1955, An empirical distribution function for sampling with incomplete information,
    doi:10.1214/aoms/1177728423
    """
    starts: list[int] = []
    tops: list[float] = []
    bottoms: list[float] = []
    for at, (own, weight) in enumerate(zip(sums.tolist(), weights.tolist(), strict=True)):
        top, bottom, start = own, weight, at
        while tops and tops[-1] * bottom >= top * bottoms[-1]:  # the mean before is no lower
            top, bottom, start = top + tops.pop(), bottom + bottoms.pop(), starts.pop()
        starts.append(start)
        tops.append(top)
        bottoms.append(bottom)
    return np.array(starts, np.int64)
