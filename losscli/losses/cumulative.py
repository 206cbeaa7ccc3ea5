"""CRPS of forecasts by their cumulative distribution function: given on a grid, or of a simple form."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from losscli.contract.kinds import Array, Cumulative, NonNegative, Positive, Real
from losscli.contract.loss import Param, loss
from losscli.losses import _cdf

TASKS = ("probabilistic forecasts",)

Numbers = tuple[float, ...]
_Grid = Annotated[Numbers, Param("the numbers at which the probabilities are given, ascending", entries_of="pred")]
_JORDAN = "Jordan, Krueger & Lerch 2019, doi:10.18637/jss.v090.i12"


@loss(
    formula="sum((p - (1 if target <= g else 0))**2 for p, g in zip(pred, grid)) / len(grid)",
    cite="Matheson & Winkler 1976, doi:10.1287/mnsc.22.10.1087",
)
def crps_cdf(pred: Cumulative, target: Real, *, grid: _Grid) -> Array:
    """CRPS of cumulative probabilities on a grid: the mean over the grid of their squared distance from 0 or 1.

    It is Kaggle's score of the NFL's Big Data Bowl (`grid` from -99 to 99) and of the Data Science Bowl on hearts (from
    0 to 599). Times the step and the size of the grid, it approximates the CRPS in the unit of the target.

    >>> crps_cdf([[0.1, 0.6, 1.0], [0.0, 0.5, 0.9]], [2.0, 0.5], grid=(1.0, 2.0, 3.0)).round(4)
    array([0.0567, 0.42  ])
    """
    return np.square(pred - (target[:, None] <= np.asarray(grid))).sum(axis=1) / len(grid)


@crps_cdf.gradient("pred")
def _(pred: Array, target: Array, *, grid: Numbers) -> Array:
    return 2 * (pred - (target[:, None] <= np.asarray(grid))) / len(grid)


@loss(
    formula="target - 2 * pred * (1 - exp(-target / pred)) + pred / 2",
    cite=_JORDAN,
    same_as={"scoringrules": ""},
    optimum=None,
    cdf=_cdf.exponential,
)
def crps_exponential(pred: Positive, target: NonNegative) -> Array:
    """CRPS of an exponential forecast with the predicted mean, in the unit of the target.

    >>> crps_exponential([2.0, 1.0], [1.0, 0.0]).round(4)
    array([0.4261, 0.5   ])
    """
    return target + 2 * pred * np.expm1(-target / pred) + 0.5 * pred


@crps_exponential.gradient("pred")
def _(pred: Array, target: Array) -> Array:
    t = target / pred
    return 2 * (np.expm1(-t) + t * np.exp(-t)) + 0.5


@loss(
    formula="""
    a = min(lower, upper)
    b = max(lower, upper)
    c = max(a, min(target, b))
    u = (c - a) / (b - a) if b > a else 0
    abs(target - c) + (b - a) * (u**2 - u + 1 / 3)
    """,
    cite=_JORDAN,
    same_as={"scoringrules": ""},
    optimum=None,
    cdf=_cdf.uniform,
)
def crps_uniform(lower: Real, upper: Real, target: Real) -> Array:
    """CRPS of a uniform forecast between two ends, in the unit of the target.

    Ends in the other order are taken to be swapped.

    >>> crps_uniform([0.0, 0.0], [1.0, 2.0], [0.5, 3.0]).round(4)
    array([0.0833, 1.6667])
    """
    a, b = np.minimum(lower, upper), np.maximum(lower, upper)
    c = np.clip(target, a, b)
    width = b - a
    u = (c - a) / np.where(width > 0, width, 1.0)
    return np.abs(target - c) + width * (np.square(u - 0.5) + 1 / 12)


def _end_slope(own: Array, other: Array, target: Array) -> Array:
    """The slope by one end: where the target is within, beyond this end, and beyond the other."""
    width = np.abs(other - own)
    share = np.clip(np.abs(target - other) / np.where(width > 0, width, 1.0), 0.0, 1.0)
    side = np.where(own < other, -1.0, 1.0)
    toward = side * (target - own) > 0  # the target is beyond this end
    away = side * (target - other) < 0  # or beyond the other
    within = side * (1 / 3 - np.square(share))
    return np.where(toward, -2 / 3 * side, np.where(away, side / 3, within))


@crps_uniform.gradient("lower")
def _(lower: Array, upper: Array, target: Array) -> Array:
    return _end_slope(lower, upper, target)


@crps_uniform.gradient("upper")
def _(lower: Array, upper: Array, target: Array) -> Array:
    return _end_slope(upper, lower, target)
