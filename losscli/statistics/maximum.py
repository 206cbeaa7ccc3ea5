"""The distribution of the largest of several statistics (max-t), for confidence intervals that hold together.

Statistics that are not connected are independent; for these the chances multiply, and nothing is drawn. Of connected
ones (models on the same rows, slices that share clusters) the correlations are known, and the distribution of the
largest |z| is that of normal draws with these correlations: the Gaussian multiplier bootstrap of their influence values
(Chernozhukov, Chetverikov and Kato 2013), whose draws have exactly this distribution.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from losscli.contract.kinds import Array
from losscli.statistics.resampling import MAXIMUM_STREAM, RandomStream, blocks
from losscli.statistics.student_t import t_quantile

_DRAWS, _FEWEST_DRAWS, _NORMALS = 1 << 16, 1 << 14, 1 << 23  # draws a group, at least, and numbers of all groups
_STEPS = 200  # halvings of the interval of a search; far more than a double has bits


class _Group:
    """The sorted maxima of |z| of connected statistics."""

    def __init__(self, correlations: Array, draws: int, random: RandomStream) -> None:
        self.size = len(correlations)
        values, vectors = np.linalg.eigh(correlations)
        # The symmetric root: that of the vectors alone would depend on how a library chooses among them.
        root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
        maxima = [np.abs(random.normals(rows, self.size) @ root).max(axis=1) for rows in blocks(draws, self.size)]
        self.maxima = np.sort(np.concatenate(maxima))

    def tail(self, p: float) -> float:
        """The chance that any of the statistics has a p-value of at most p.

        It is at least p and at most p times their number, also where no draw is that far out.
        """
        beyond = len(self.maxima) - int(np.searchsorted(self.maxima, -t_quantile(p / 2, math.inf)))
        return min(max((1 + beyond) / (1 + len(self.maxima)), p), 1.0, self.size * p)


class Maximum:
    """The largest of several statistics, as the smallest of their p-values.

    Parameters
    ----------
    correlations
        For each group of connected statistics their correlation matrix; groups are independent.
    seed, stream
        The seed of the run, and integers that tell apart the uses of this seed.

    References
    ----------
    Chernozhukov, Chetverikov & Kato 2013, "Gaussian approximations and multiplier bootstrap for maxima of sums of
    high-dimensional random vectors", doi:10.1214/13-AOS1161; Montiel Olea & Plagborg-Moller 2019, "Simultaneous
    confidence bands", doi:10.1002/jae.2656; Sidak 1967, doi:10.1080/01621459.1967.10482935; Westfall & Young 1993,
    Resampling-based multiple testing (p-values in place of statistics of different degrees of freedom)
    """

    def __init__(self, correlations: Sequence[Array], seed: int, stream: Sequence[int]) -> None:
        self.size = sum(map(len, correlations))
        self._single = sum(len(each) == 1 for each in correlations)
        connected = [each for each in correlations if len(each) > 1]
        room = _NORMALS // max(1, sum(map(len, connected)))
        draws = min(_DRAWS, max(_FEWEST_DRAWS, room))
        self._groups = [
            _Group(each, draws, RandomStream(seed, (MAXIMUM_STREAM, number, *stream)))
            for number, each in enumerate(connected)
        ]

    def adjusted(self, p: float) -> float:
        """The p-value of one of the statistics, adjusted: the chance that any has one that is as small.

        Parameters
        ----------
        p
            The p-value.

        Returns
        -------
        float
            At least p. Of m independent statistics it is 1 - (1 - p)**m (Sidak 1967).
        """
        if math.isnan(p) or self.size <= 1:
            return p
        if p >= 1:
            return 1.0
        tails = [p] * self._single + [group.tail(p) for group in self._groups]
        if max(tails) >= 1:
            return 1.0
        return -math.expm1(math.fsum(math.log1p(-tail) for tail in tails))

    def pointwise(self, level: float) -> float:
        """The confidence level of each of the intervals which gives all of them together this level.

        Parameters
        ----------
        level
            The confidence level of all together, such as 0.95.

        Returns
        -------
        float
            Of m independent statistics it is level**(1 / m).
        """
        if self.size <= 1:
            return level
        if not self._groups:
            return math.exp(math.log(level) / self._single)
        low, high = (1 - level) / self.size, 1 - level  # of p-values; the first is Bonferroni's
        for _ in range(_STEPS):
            middle = (low + high) / 2
            if not low < middle < high:
                break
            low, high = (middle, high) if self.adjusted(middle) <= 1 - level else (low, middle)
        return 1 - low
