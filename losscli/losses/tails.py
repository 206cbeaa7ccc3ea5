"""Losses that look at a part of the target's range, or at the tail of a forecast: thresholds and expected shortfall."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from losscli.contract.kinds import Array, Negative, Positive, Real
from losscli.contract.loss import Param, loss

TASKS = ("regression", "probabilistic forecasts")

_TAGGART = "Taggart 2022, doi:10.1002/qj.4206"
_Floor = Annotated[float | None, Param("lower limit of the range that counts; none turns this off")]
_Cap = Annotated[float | None, Param("upper limit of the range that counts; none turns this off")]


def _clipped(values: Array, floor: float | None, cap: float | None) -> Array:
    values = values if floor is None else np.maximum(values, floor)
    return values if cap is None else np.minimum(values, cap)


_CLIP = """
a = lambda v: v if floor is None else max(v, floor)
b = lambda v: a(v) if cap is None else min(a(v), cap)
"""


@loss(
    formula=_CLIP + "(target - b(pred))**2 - (target - b(target))**2",
    cite=_TAGGART,
    consistent_for="mean(target)",
)
def threshold_weighted_mse(pred: Real, target: Real, *, floor: _Floor = None, cap: _Cap = None) -> Array:
    """Threshold-weighted squared error: the part of mse that comes from thresholds between two limits.

    It is consistent for the mean, as mse is, and the parts of neighbouring ranges add up to mse.

    >>> threshold_weighted_mse([1.0, 4.0], [3.0, 3.5], floor=2.0)
    array([1.  , 0.25])
    """
    a, b = _clipped(pred, floor, cap), _clipped(target, floor, cap)
    # Both factors keep their digits: the target is on one side of a and b, or is b.
    return (b - a) * ((target - a) + (target - b))


@threshold_weighted_mse.gradient("pred")
def _(pred: Array, target: Array, *, floor: float | None, cap: float | None) -> Array:
    moved = _clipped(pred, floor, cap)
    return np.where(moved == pred, 2 * (pred - target), 0.0)


@loss(
    formula=_CLIP + "((1 if target < pred else 0) - q) * (b(pred) - b(target))",
    cite=_TAGGART,
    consistent_for="quantile(target, q)",
)
def threshold_weighted_quantile(
    pred: Real,
    target: Real,
    *,
    q: Annotated[float, Param("the quantile that is predicted; at 0 and 1 one side is free", ge=0, le=1)] = 0.5,
    floor: _Floor = None,
    cap: _Cap = None,
) -> Array:
    """Threshold-weighted pinball loss: the part of the quantile loss that comes from thresholds between two limits.

    It is consistent for the q-quantile, and the parts of neighbouring ranges add up to the pinball loss.

    >>> threshold_weighted_quantile([1.0, 4.0], [3.0, 3.5], q=0.9, floor=2.0).round(4)
    array([0.9 , 0.05])
    """
    gap = np.abs(_clipped(pred, floor, cap) - _clipped(target, floor, cap))
    return np.where(target < pred, 1 - q, q) * gap


@threshold_weighted_quantile.gradient("pred")
def _(pred: Array, target: Array, *, q: float, floor: float | None, cap: float | None) -> Array:
    inside = _clipped(pred, floor, cap) == pred
    return np.where(inside & (pred != target), np.where(target < pred, 1 - q, -q), 0.0)


@loss(
    formula="-(pred - target if target <= pred else 0) / (q * es) + pred / es + log(-es) - 1",
    cite="Patton, Ziegel & Chen 2019, doi:10.1016/j.jeconom.2018.10.008; Fissler & Ziegel 2016, doi:10.1214/16-AOS1439",
    optimum=None,
)
def fz0(
    pred: Negative,
    target: Real,
    es: Negative,
    *,
    q: Annotated[float, Param("the probability of the tail: its quantile is predicted", gt=0, lt=1)] = 0.025,
) -> Array:
    """FZ0 loss of value at risk and expected shortfall together (Fissler and Ziegel; alpha is `q`).

    `pred` is the value at risk, `es` the expected shortfall and `target` the return, all with the sign of returns:
    losses are below 0, and the shortfall is below the value at risk. Scaling all by k adds log k.

    >>> fz0([-1.0, -1.0], [-2.0, 0.5], [-2.0, -2.0], q=0.05).round(4)
    array([10.1931,  0.1931])
    """
    return np.maximum(pred - target, 0.0) / (-q * es) + (pred / es - 1) + np.log(-es)


@fz0.gradient("pred")
def _(pred: Array, target: Array, es: Array, *, q: float) -> Array:
    return (1 - (target < pred) / q) / es


@fz0.gradient("es")
def _(pred: Array, target: Array, es: Array, *, q: float) -> Array:
    return (1 + (np.maximum(pred - target, 0.0) / q - pred) / es) / es


@loss(
    formula="((target - pred) / scale)**2 + 2 * log(scale)",
    cite="Dawid & Sebastiani 1999, doi:10.1214/aos/1018031101",
    consistent_for={"pred": "mean(target)", "scale": "sqrt(mean((target - mean(target))**2))"},
    optimum=None,
)
def dawid_sebastiani(pred: Real, target: Real, scale: Positive) -> Array:
    """Dawid-Sebastiani score: of a forecast of which only the mean and the standard deviation are known.

    `scale` is the standard deviation. It is twice the Gaussian negative log-likelihood, less log(2 pi).

    >>> dawid_sebastiani([1.0, 0.0], [3.0, 0.0], [2.0, 0.5]).round(4)
    array([ 2.3863, -1.3863])
    """
    return np.square((target - pred) / scale) + 2 * np.log(scale)


@dawid_sebastiani.gradient("pred")
def _(pred: Array, target: Array, scale: Array) -> Array:
    return 2 * ((pred - target) / scale) / scale


@dawid_sebastiani.gradient("scale")
def _(pred: Array, target: Array, scale: Array) -> Array:
    z = np.abs(pred - target) / scale
    return 2 * (1 - z) * (1 + z) / scale
