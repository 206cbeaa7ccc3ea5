"""How far two samples of a column are apart: the population stability index and the Wasserstein distance.

References
----------
Siddiqi 2006, Credit Risk Scorecards, Wiley, chapter 8: the index, and 0.1 and 0.25 as its limits.
Yurdakul & Naranjo 2020, Statistical properties of the population stability index, doi:10.21314/JRMV.2020.227: without
drift it is about (1/n + 1/m) times a chi-squared variable of bins - 1 degrees of freedom.
Wilson & Hilferty 1931, The distribution of chi-square, doi:10.1073/pnas.17.12.684: its quantiles, to 1 %.
Vallender 1974, Calculation of the Wasserstein distance between probability distributions on the line,
doi:10.1137/1118101: of order 1 it is the area between the two distribution functions.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from losscli.contract.kinds import Array

BINS = 10
_NORMAL_95 = 1.6448536269514722


def wasserstein(first: Array, second: Array) -> float:
    """The Wasserstein distance of order 1 of two samples of numbers, each not empty: the area between their ECDFs."""
    every = np.sort(np.concatenate([first, second]))
    shares = [np.searchsorted(np.sort(one), every[:-1], side="right") / len(one) for one in (first, second)]
    return float(np.sum(np.abs(shares[0] - shares[1]) * np.diff(every)))


def stability_of_numbers(values: Array, reference: Array) -> tuple[float, float]:
    """The index over tenths of the reference, and what it exceeds in 5 % of samples without drift.

    The outer bins have no ends; tenths that tie are one bin.
    """
    edges = np.unique(np.quantile(reference, np.linspace(0, 1, BINS + 1)[1:-1]))
    counts = [np.bincount(np.searchsorted(edges, each, side="left"), minlength=len(edges) + 1)
              for each in (values, reference)]  # fmt: skip
    return stability(*counts)


def stability_of_labels(values: Sequence[str], reference: Sequence[str]) -> tuple[float, float]:
    """The index over the labels that occur, and what it exceeds in 5 % of samples without drift."""
    names = {name: at for at, name in enumerate(dict.fromkeys([*reference, *values]))}
    counts = [np.bincount([names[name] for name in each], minlength=len(names)) for each in (values, reference)]
    return stability(*counts)


def stability(counts: Array, reference: Array) -> tuple[float, float]:
    """The population stability index, the sum of (p - q) log(p / q) over bins, and its critical value at 5 %.

    Where a bin is empty in one of the samples the logarithm would be infinite: then every bin of both gets half a row.
    """
    used = (counts + reference) > 0
    some, others = counts[used].astype(np.float64), reference[used].astype(np.float64)
    critical = _chi_squared(len(some) - 1) * (1 / some.sum() + 1 / others.sum())
    if not (some.all() and others.all()):
        some, others = some + 0.5, others + 0.5
    p, q = some / some.sum(), others / others.sum()
    return float(np.sum((p - q) * np.log(p / q))), float(critical)


def _chi_squared(degrees: int) -> float:
    """About the 0.95 quantile of a chi-squared variable."""
    if degrees < 1:
        return 0.0
    variance = 2 / (9 * degrees)
    return degrees * (1 - variance + _NORMAL_95 * math.sqrt(variance)) ** 3
