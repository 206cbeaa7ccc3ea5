"""Scoring functions that are consistent for a functional: expectiles, quantiles, and one threshold of either."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from losscli.contract.kinds import Array, Positive, Real
from losscli.contract.loss import Param, loss
from losscli.losses._math import expm1_beyond, log_quotient

TASKS = ("regression",)

_Expectile = Annotated[float, Param("the expectile that is predicted; 0.5 is the mean", gt=0, lt=1)]
_Quantile = Annotated[float, Param("the quantile that is predicted", gt=0, lt=1)]
_Threshold = Annotated[float, Param("the threshold that a decision depends on")]
_Thresholds = Annotated[tuple[float, ...], Param("the thresholds between the categories, ascending")]
_EHM = "Ehm, Gneiting, Jordan & Krueger 2016, doi:10.1111/rssb.12154"


@loss(
    formula="""
    y = target
    z = pred
    side = 1 if z > 0 else -1 if z < 0 else 0
    slope = side * abs(z)**(degree - 1) / (degree - 1)
    4 * abs((1 if z >= y else 0) - q) * ((abs(y)**degree - abs(z)**degree) / (degree * (degree - 1)) - slope * (y - z))
    """,
    cite=f"{_EHM}; Taggart 2022, arXiv:2108.12426",
    consistent_for="expectile(target, q)",
)
def homogeneous_expectile(
    pred: Real,
    target: Real,
    *,
    degree: Annotated[float, Param("how the loss grows with the unit of the data; 2 gives squared errors", ge=2)] = 2.0,
    q: _Expectile = 0.5,
) -> Array:
    """Homogeneous scoring function of an expectile: at `q` 0.5 of the mean, where degree 2 is mse.

    The larger the degree, the more errors at large numbers count. Of data above 0, twice patton's loss of power 2 -
    degree is the one of any degree.

    >>> homogeneous_expectile([3.0, 1.0], [1.0, 2.0])
    array([4., 1.])
    """
    y, z = np.abs(target), np.abs(pred)
    same = (np.sign(target) == np.sign(pred)) & (target != 0)
    growth = log_quotient(np.where(same, z, 1.0), np.where(same, y, 1.0))
    below, above = degree - 1, degree
    near = y**degree * (expm1_beyond(above * growth) / above - expm1_beyond(below * growth) / below)
    far = y**degree / (above * below) + z**degree / above + z**below * y / below
    return 4 * np.abs((pred >= target) - q) * np.where(same, near, far)


@homogeneous_expectile.gradient("pred")
def _(pred: Array, target: Array, *, degree: float, q: float) -> Array:
    return 4 * np.abs((pred >= target) - q) * np.abs(pred) ** (degree - 2) * (pred - target)


@loss(
    formula="""
    y = target
    z = pred
    gain = log(z / y) if degree == 0 else (z**degree - y**degree) / degree
    ((1 if z >= y else 0) - q) * gain
    """,
    cite="Gneiting 2011, doi:10.1198/jasa.2011.r10138",
    consistent_for="quantile(target, q)",
)
def homogeneous_quantile(
    pred: Positive,
    target: Positive,
    *,
    degree: Annotated[
        float, Param("how the loss grows with the unit of the data; 1 is pinball, 0 of logarithms")
    ] = 1.0,
    q: _Quantile = 0.5,
) -> Array:
    """Homogeneous scoring function of a quantile, for numbers above 0: pinball of a power of both sides.

    The gradient at no error is 0.

    >>> homogeneous_quantile([3.0, 1.0], [1.0, 2.0], degree=2.0)
    array([2.  , 0.75])
    """
    growth = log_quotient(pred, target)
    gain = target**degree * np.expm1(degree * growth) / degree if degree else growth
    return ((pred >= target) - q) * gain


@homogeneous_quantile.gradient("pred")
def _(pred: Array, target: Array, *, degree: float, q: float) -> Array:
    return np.where(pred > target, 1 - q, np.where(pred < target, -q, 0.0)) * pred ** (degree - 1)


@loss(
    formula="""
    over = pred > threshold >= target
    under = pred <= threshold < target
    abs(target - threshold) * (1 - q if over else q if under else 0)
    """,
    cite=_EHM,
    consistent_for="expectile(target, q)",
)
def elementary_expectile(pred: Real, target: Real, *, threshold: _Threshold, q: _Expectile = 0.5) -> Array:
    """Elementary score of an expectile: what is lost by a decision at one threshold. At `q` 0.5 it is of the mean.

    Over all thresholds it makes a Murphy diagram; a forecast that is better at each of them is so under every
    consistent score. model-diagnostics has twice this. There is no gradient: the value is flat wherever it is smooth.

    >>> elementary_expectile([3.0, 1.0], [1.0, 2.0], threshold=1.5)
    array([0.25, 0.25])
    """
    return np.abs(target - threshold) * _missed(pred, target, threshold, q)


def _missed(pred: Array, target: Array, threshold: float, q: float) -> Array:
    """The cost of the wrong side of the threshold: 1 - q where only the prediction is above it, q where the target."""
    said, true = pred > threshold, target > threshold
    return np.where(said & ~true, 1 - q, np.where(true & ~said, q, 0.0))


@loss(
    formula="""
    over = pred > threshold >= target
    under = pred <= threshold < target
    1 - q if over else q if under else 0
    """,
    cite=_EHM,
    consistent_for="quantile(target, q)",
)
def elementary_quantile(pred: Real, target: Real, *, threshold: _Threshold, q: _Quantile = 0.5) -> Array:
    """Elementary score of a quantile: what is lost by a decision at one threshold, whatever the size of the error.

    firm is the sum over several thresholds. There is no gradient: the value is flat wherever it is smooth.

    >>> elementary_quantile([3.0, 1.0], [1.0, 2.0], threshold=1.5, q=0.75)
    array([0.25, 0.75])
    """
    return _missed(pred, target, threshold, q)


@loss(
    formula="""
    u = pred - target
    k = max(-delta, min(u, delta))
    abs((1 if target < pred else 0) - q) * k * (2 * u - k)
    """,
    cite="Taggart 2022, arXiv:2108.12426",
)
def generalized_huber(
    pred: Real,
    target: Real,
    *,
    delta: Annotated[float, Param("error size where the loss turns from quadratic to linear", gt=0)] = 1.0,
    q: Annotated[float, Param("the weight of errors below the target; 0.5 gives huber", gt=0, lt=1)] = 0.5,
) -> Array:
    """Generalized Huber loss: between the q-quantile and the q-expectile, with other weights for the two sides.

    >>> generalized_huber([3.0, 1.0], [1.0, 1.5], q=0.75)
    array([0.75  , 0.1875])
    """
    error = pred - target
    size = np.abs(error)
    core = np.minimum(size, delta)
    return np.abs((error > 0) - q) * core * (2 * size - core)


@generalized_huber.gradient("pred")
def _(pred: Array, target: Array, *, delta: float, q: float) -> Array:
    error = pred - target
    return 2 * np.abs((error > 0) - q) * np.clip(error, -delta, delta)


@loss(
    formula="sum(1 - q if target <= t < pred else q if pred <= t < target else 0 for t in thresholds)",
    cite="Taggart, Loveday & Griffiths 2022, doi:10.1002/qj.4266",
    consistent_for="quantile(target, q)",
)
def firm(pred: Real, target: Real, *, thresholds: _Thresholds, q: _Quantile = 0.5) -> Array:
    """FIRM score of warnings in categories: what a forecast on the wrong side of each threshold costs.

    `q` is the risk parameter: a miss costs q, a false alarm 1 - q. All thresholds weigh the same; with other weights
    it is a composite loss of elementary_quantile. As in `scores`, what equals a threshold lies below it. There is no
    gradient: the value is flat wherever it is smooth.

    >>> firm([3.0, 1.0], [1.0, 7.0], thresholds=(2.0, 5.0), q=0.75)
    array([0.25, 1.5 ])
    """
    return np.asarray(sum(_missed(pred, target, threshold, q) for threshold in thresholds))
