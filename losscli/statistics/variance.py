"""A variance with its degrees of freedom."""

from __future__ import annotations

from typing import NamedTuple

from losscli.statistics.exact_ratio import Ratio, square_root


class Lags(NamedTuple):
    """Which products of values at different times are in a variance.

    `kernel` are their weights: "bartlett" or "rectangular". `autocorrelation` is that which the values were freed of
    before; None where they were not.
    """

    lag: int
    kernel: str
    autocorrelation: float | None = None


class Variance(NamedTuple):
    """The variance of a value, and its degrees of freedom.

    `constant` says that the units differ by no more than rounding: then the variance is 0, and shows nothing. Of
    clusters, `clusters` is how many there are, `effective_clusters` W**2 / sum(W_g**2) of their weights, and
    `largest_share` the share of the weight that the largest has: those of the term where clusters are most unequal.
    `lags` are those of a series in time, and `skewness` is that of the estimate, None where it is not known.
    """

    value: Ratio
    df: float
    constant: bool = False
    clusters: int | None = None
    effective_clusters: float | None = None
    largest_share: float | None = None
    lags: Lags | None = None
    skewness: float | None = None

    @property
    def stderr(self) -> float:
        """The standard error: infinite where no double is that large."""
        return square_root(self.value)
