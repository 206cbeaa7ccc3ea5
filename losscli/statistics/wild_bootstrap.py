"""The wild cluster bootstrap of a difference: a test for few or unequal clusters, and its confidence interval."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from losscli.contract.kinds import Array
from losscli.lazy import dataclass
from losscli.statistics.resampling import WILD_STREAM, RandomStream, blocks

_WEBB = np.array([-math.sqrt(1.5), -1.0, -math.sqrt(0.5), math.sqrt(0.5), 1.0, math.sqrt(1.5)])
_TIE = 1e-12  # t statistics no further apart, relative to their size, count as equal
_STEPS = 60
_TINY = 5e-324


class WildResult(NamedTuple):
    """The p-value of a wild cluster bootstrap, and the differences that it does not reject (None: no bound found)."""

    p: float
    interval: tuple[float, float] | None


def smallest_p(units: int, draws: int, alpha: Fraction) -> float:
    """The smallest p-value that the test can give: all weights are the same by chance, or it is that of the draws."""
    different = 2.0 if _has_signs(units, alpha) else 6.0
    return max(float(different ** (1 - units)), 1 / (1 + draws))


def _has_signs(units: int, alpha: Fraction) -> bool:
    """Whether so many clusters have enough different samples with weights of -1 and 1 to reject anything."""
    return bool(Fraction(2, 2**units) < alpha)


def wild_cluster_bootstrap(
    values: Array,
    shares: Array,
    draws: int,
    seed: int,
    stream: Sequence[int],
    alpha: Fraction,
    with_interval: bool = True,
) -> WildResult | None:
    """The two-sided p-value of a sum of what clusters contribute, by giving each a random weight.

    The null hypothesis is imposed: a difference of d leaves cluster g the residual r_g = values_g - d * shares_g, and
    each sample has v_g r_g in its place, with random weights v_g of mean 0 and variance 1. p is the share of samples
    whose t is at least as far from 0 as that of the data, which count as one of them. Standard errors are CR2, in the
    samples as in the data. Weights are -1 or 1 (Rademacher), with which the test is exact where contributions are
    symmetric about 0. Of so few clusters that it could not reject anything then, they are Webb's six.

    Parameters
    ----------
    values : array of shape (units,)
        What each cluster contributes to the difference; the sum is the difference.
    shares : array of shape (units,)
        What part of a difference that all rows have each cluster contributes; the sum is 1.
    draws
        How many samples are drawn.
    seed, stream
        The seed of the run, and integers that tell apart the uses of this seed.
    alpha
        1 - the confidence level.
    with_interval
        Whether the interval is computed.

    Returns
    -------
    WildResult or None
        None for fewer than two clusters, or where all contribute the same.

    References
    ----------
    Cameron, Gelbach and Miller 2008, "Bootstrap-based improvements for inference with clustered errors",
    doi:10.1162/rest.90.3.414
    Webb 2023, "Reworking wild bootstrap-based inference for clustered errors", doi:10.1111/caje.12661
    MacKinnon, Nielsen and Webb 2023, "Cluster-robust inference: a guide to empirical practice",
    doi:10.1016/j.jeconom.2022.04.001
    """
    units = len(values)
    if units < 2 or float(shares.max()) >= 1 or not np.isfinite(values).all():
        return None
    samples = _Samples.drawn(values, shares, draws, RandomStream(seed, (WILD_STREAM, *stream)), alpha)
    estimate = float(values.sum())
    stderr = math.sqrt(float(((values - shares * estimate) ** 2 / (1 - shares)).sum()))
    if not stderr > 0:
        return None

    def p_of(difference: float) -> float:
        t = abs(estimate - difference) / stderr
        return (1 + samples.count_beyond(difference, t * (1 - _TIE))) / (1 + draws)

    p = p_of(0.0)
    if not with_interval:
        return WildResult(p, None)
    rejected = p < alpha
    low, high = (_bound(lambda d: p_of(d) < alpha, estimate, side * stderr) for side in (-1, 1))
    if low is None or high is None:
        return WildResult(p, None)
    if not rejected:  # the differences that are not rejected may have a gap: they are given without it
        low, high = min(low, 0.0), max(high, 0.0)
    elif low <= 0 <= high:
        low, high = (_TINY, high) if estimate > 0 else (low, -_TINY)
    return WildResult(p, (low, high))


@dataclass(frozen=True)
class _Samples:
    """The numerator and the variance of each sample, as polynomials of the difference of the null hypothesis."""

    numerators: tuple[Array, Array]
    squares: tuple[Array, Array, Array]
    centres: tuple[Array, Array]
    constant: float

    @classmethod
    def drawn(cls, values: Array, shares: Array, draws: int, random: RandomStream, alpha: Fraction) -> _Samples:
        """Draw the weights of all samples."""
        units, inverse = len(values), 1 / (1 - shares)
        linear = np.stack([values, shares, shares * inverse * values, shares * inverse * shares], axis=1)
        squared = np.stack([values**2, values * shares, shares**2], axis=1) * inverse[:, None]
        found = []
        for rows in blocks(draws, units):
            weights = _weights(random, rows, units, _has_signs(units, alpha))
            found.append(np.concatenate([weights @ linear, weights**2 @ squared], axis=1))
        a, b, c, d, e, f, g = np.concatenate(found).T
        return cls((a, b), (e, f, g), (c, d), float((shares**2 * inverse).sum()))

    def count_beyond(self, difference: float, t: float) -> int:
        """How many samples have a t statistic at least as far from 0."""
        numerator = self.numerators[0] - difference * self.numerators[1]
        centre = self.centres[0] - difference * self.centres[1]
        first, second, third = self.squares
        square = first - 2 * difference * second + difference**2 * third
        variance = np.maximum(square - 2 * numerator * centre + numerator**2 * self.constant, 0.0)
        return int(np.count_nonzero(~(np.abs(numerator) < t * np.sqrt(variance))))


def _weights(random: RandomStream, rows: int, units: int, signs: bool) -> Array:
    if signs:
        return 2.0 * random.bits(rows, units) - 1
    return np.asarray(_WEBB[random.indices(rows, units, len(_WEBB))])


def _bound(is_rejected: Callable[[float], bool], estimate: float, step: float) -> float | None:
    """The nearest difference to an estimate, on one side, from where on a test rejects; None where it never does."""
    inside, outside = estimate, estimate + step
    for _ in range(_STEPS):
        if is_rejected(outside):
            break
        inside, outside = outside, estimate + 2 * (outside - estimate)
    else:
        return None
    for _ in range(_STEPS):
        middle = (inside + outside) / 2
        if middle in (inside, outside):
            break
        inside, outside = (inside, middle) if is_rejected(middle) else (middle, outside)
    return outside
