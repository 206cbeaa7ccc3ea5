"""Standard errors of many resamples by the delta method, each at its own totals."""

from __future__ import annotations

import numpy as np

from losscli.contract.kinds import Array
from losscli.statistics.resampling import Statistic


def standard_errors(counts: Array, sums: Array, totals: Array, statistic: Statistic) -> Array:
    """The standard error of the estimate of each resample.

    Where g is the gradient of the estimate at the totals of a resample, unit i adds d_i = g . sums_i to it. The
    variance is n / (n - 1) times the sum of count_i (d_i - mean)**2, as of a sum over n independent units. Of a mean of
    values of one weight that is the textbook's s / sqrt(n).

    Parameters
    ----------
    counts : array of shape (resamples, units)
        How often each resample has each unit, n in all.
    sums : array of shape (units, contributions)
        The sums of each unit.
    totals : array of shape (resamples, contributions)
        Their totals.
    statistic
        Makes the estimates of totals, also of complex ones.

    Returns
    -------
    array of shape (resamples,)
        0 or nearly so where all units that were drawn are alike; NaN without a finite derivative.

    References
    ----------
    Efron & Tibshirani 1993, "An introduction to the bootstrap", chapter 12 (bootstrap-t)
    """
    units = len(sums)
    # A resample has as many units as the sample, so a constant that is taken from all changes nothing but rounding.
    centred = sums - sums.mean(axis=0)
    influence = gradients(statistic, totals) @ centred.T
    influence -= np.einsum("ij,ij->i", counts, influence)[:, np.newaxis] / units
    scale = np.abs(influence).max(axis=1, keepdims=True)  # squares overflow long before values do
    influence /= np.where(scale == 0, 1.0, scale)
    squares = np.einsum("ij,ij,ij->i", counts, influence, influence)
    return np.asarray(scale[:, 0] * np.sqrt(squares * (units / (units - 1))))


def gradients(statistic: Statistic, totals: Array) -> Array:
    """The partial derivatives of the estimate by each total, in the shape of `totals`: by complex step.

    References
    ----------
    Squire & Trapp 1998, "Using complex variables to estimate derivatives of real functions",
    doi:10.1137/S003614459631241X
    """
    found = np.empty_like(totals)
    for place in range(totals.shape[-1]):
        step = 1e-20 * np.maximum(np.abs(totals[..., place]), 1e-270)
        moved = totals.astype(np.complex128)
        moved[..., place] += 1j * step
        found[..., place] = np.imag(statistic(moved)) / step
    return found
