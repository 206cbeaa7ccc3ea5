"""Losses of a number against a number where the size of the target counts: shares of it, and logarithms."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np

from losscli.contract.kinds import AboveMinusOne, Array, NonZero, Real
from losscli.contract.loss import Param, Term, loss
from losscli.contract.presets import SEVERAL_OUTPUTS, SINGLE, SINGLE_STEPS, Preset, Refusal, by_rows, without_weights
from losscli.contract.scaled import Scaled, difference, scaled
from losscli.losses._math import error_size

TASKS = ("regression",)

_TORCHMETRICS = "floor=1.17e-06"
# scikit-learn's root_… functions.
_ROOTS = Preset(refuses=(Refusal((SEVERAL_OUTPUTS,), "scikit-learn averages one root for each output"),))


@loss(
    formula="scale * abs(pred - target) / max(abs(target), floor)",
    cite="de Myttenaere et al. 2016, doi:10.1016/j.neucom.2015.12.114",
    consistent_for="weighted_median(target, 1 / maximum(abs(target), floor))",
    same_as={
        "xgboost": Preset(notes=SINGLE_STEPS),
        "sklearn": "floor=2.220446049250313e-16",
        "torchmetrics": without_weights(_TORCHMETRICS),
        "keras": by_rows("scale=100,floor=1e-07"),
        "gluonts": without_weights(),
        "lightgbm": Preset("floor=1", notes=SINGLE),
        "catboost": Preset("floor=1", notes=SINGLE),
    },
    aliases=("mean_absolute_percentage_error",),
    revision=2,
    first="magnitudes",
)
def mape(
    pred: Real,
    target: NonZero,
    *,
    scale: Annotated[float, Param("1 gives a fraction, 100 per cent", gt=0)] = 1.0,
    floor: Annotated[float, Param("lower limit of |target|; 0 turns this off", ge=0, lifts=(("target", Real),))] = 0.0,
) -> Array:
    """Mean absolute percentage error: the absolute error as a share of the target.

    A target of 0 has no percentage error, so such a row is an error unless `floor` is set. Libraries divide by a small
    number there, and their results on the same data range from 0.3 to 1e14.

    >>> mape([3.0, 1.0], [2.0, 4.0])
    array([0.5 , 0.75])
    """
    size = np.abs(target)
    return scale * (error_size(pred, target) / (np.maximum(size, floor, out=size) if floor else size))


@mape.scaled
def _(pred: Array, target: Array, *, scale: float, floor: float) -> Scaled:
    size = scaled(np.maximum(np.abs(target), floor))
    return difference(pred, target).over(size).times(scaled(scale)).size()


@mape.gradient("pred")
def _(pred: Array, target: Array, *, scale: float, floor: float) -> Array:
    return scale * np.sign(pred - target) / np.maximum(np.abs(target), floor)


@loss(
    formula="""
    size = max(abs(pred) + abs(target), floor)
    2 * scale * abs(pred - target) / size if size else 0
    """,
    cite="Makridakis 1993, doi:10.1016/0169-2070(93)90079-3",
    same_as={
        "torchmetrics": without_weights(_TORCHMETRICS),
        "catboost": Preset("scale=100", notes=SINGLE),
        "gluonts": without_weights(),
    },
    revision=2,
)
def smape(
    pred: Real,
    target: Real,
    *,
    scale: Annotated[float, Param("1 gives the range 0 to 2, 100 per cent up to 200", gt=0)] = 1.0,
    floor: Annotated[float, Param("lower limit of |prediction| + |target|; 0 turns this off", ge=0)] = 0.0,
) -> Array:
    """Symmetric mean absolute percentage error: the absolute error over the mean of |prediction| and |target|.

    It is 0 if both are 0.

    >>> smape([3.0, 0.0], [1.0, 0.0])
    array([1., 0.])
    """
    size = np.abs(pred) + np.abs(target)
    if floor:
        np.maximum(size, floor, out=size)
    value = error_size(pred, target) / size
    value *= 2 * scale
    if size.min(initial=1.0) == 0:
        value[size == 0] = 0.0
    return value


@smape.scaled
def _(pred: Array, target: Array, *, scale: float, floor: float) -> Scaled:
    small = np.abs(pred) + np.abs(target) < floor
    size = difference(np.where(small, floor, np.abs(pred)), np.where(small, 0.0, -np.abs(target)))
    value = difference(pred, target).over(size).times(scaled(2.0)).times(scaled(scale)).size()
    return Scaled(np.where(size.values == 0, 0.0, value.values), value.exponents)


@smape.gradient("pred")
def _(pred: Array, target: Array, *, scale: float, floor: float) -> Array:
    size = np.abs(pred) + np.abs(target)
    safe = np.where(size > 0, size, 1.0)
    error = pred - target
    # d(|e|/s) = (sign(e) s - |e| sign(p)) / s^2: sign(e) 2|y| / s^2 where the signs agree, else 0; at p = 0 half of it.
    agree = 1 + np.sign(pred) * np.sign(target)
    share = np.abs(target) / safe / safe
    far = np.isinf(size)
    if far.any():
        half = 0.5 * np.abs(pred[far]) + 0.5 * np.abs(target[far])
        share[far] = 0.25 * np.abs(target[far]) / half / half
    slope = 2 * scale * np.sign(error) * (agree * share)
    return np.where(size < floor, 2 * scale * np.sign(error) / floor, slope) if floor else slope


@loss(
    formula="""
    error: abs(pred - target)
    size: abs(target)
    value: error / max(size, floor / total)
    """,
    cite="Kolassa & Schuetz 2007, Foresight 6:40-43",
    consistent_for="median(target)",
    same_as={
        "torchmetrics": without_weights(
            _TORCHMETRICS, Refusal((SEVERAL_OUTPUTS,), "torchmetrics limits the sum over all of them")
        ),
        "gluonts": without_weights(),
    },
    aliases=("wape",),
    revision=2,
)
def wmape(
    pred: Real,
    target: Real,
    *,
    floor: Annotated[float, Param("lower limit of the sum of |target|; 0 turns this off", ge=0)] = 0.0,
) -> Any:
    """Weighted mean absolute percentage error (WAPE): sum of absolute errors over the sum of |target|.

    Single small targets cannot make it explode, as they can with mape. In the formula, `total` is what the sums were
    divided by: the number of rows, or their weight.

    >>> {name: term.values.tolist() for name, term in wmape([3.0, 1.0], [2.0, 4.0]).items()}
    {'error': [1.0, 3.0], 'size': [2.0, 4.0]}
    """
    return {"error": Term(error_size(pred, target)), "size": Term(np.abs(target))}


@wmape.scaled
def _(pred: Array, target: Array, *, floor: float) -> dict[str, Scaled]:
    return {"error": difference(pred, target).size()}


@wmape.value
def _(error: Any, size: Any, *, floor: float, total: Any) -> Any:
    limit = floor / total
    return error / np.where(np.real(size) < limit, limit, size)


@wmape.gradient("pred")
def _(pred: Array, target: Array, *, floor: float) -> dict[str, Array]:
    return {"error": np.sign(pred - target), "size": np.zeros_like(pred)}


def _log_ratio(pred: Array, target: Array) -> Array:
    """log1p(pred) - log1p(target), to the last digits also where the two are near or far apart."""
    error = pred - target
    # By what share the larger is beyond the smaller: never negative, so log1p loses no digit however far apart.
    ratio = np.abs(error)
    ratio /= 1 + np.minimum(pred, target)
    value = np.log1p(ratio, out=ratio)
    far = np.isinf(value)
    if far.any():  # the ratio overflowed
        value[far] = np.abs(np.log1p(pred[far]) - np.log1p(target[far]))
    return np.copysign(value, error, out=value)


@loss(
    formula="""
    p = pred if floor is None else max(pred, floor)
    y = target if floor is None else max(target, floor)
    (log(1 + p) - log(1 + y))**2
    """,
    cite="Kaggle 2012 (Online Product Sales); sklearn.metrics.mean_squared_log_error",
    consistent_for="expm1(mean(log1p(target))) if floor is None else None",
    same_as={
        "catboost": Preset(notes=SINGLE_STEPS),
        "sklearn": "",
        "keras": by_rows("floor=1e-07", notes="the gradient exactly at the floor is whole, where Keras has half"),
        "torchmetrics": without_weights(),
    },
    aliases=("mean_squared_log_error",),
    revision=2,
)
def msle(
    pred: AboveMinusOne,
    target: AboveMinusOne,
    *,
    floor: Annotated[
        float | None,
        Param(
            "lower limit of prediction and target; none turns this off",
            gt=-1,
            lifts=(("pred", Real), ("target", Real)),
        ),
    ] = None,
) -> Array:
    """Mean squared logarithmic error: squared difference of log(1 + x), so relative errors count the same.

    >>> msle([0.0, 2.0], [0.0, 2.0])
    array([0., 0.])
    """
    if floor is not None:
        pred, target = np.maximum(pred, floor), np.maximum(target, floor)
    return np.square(_log_ratio(pred, target))


@msle.scaled
def _(pred: Array, target: Array, *, floor: float | None) -> Scaled:
    low = -1.0 if floor is None else floor
    ratio = scaled(_log_ratio(np.maximum(pred, low), np.maximum(target, low)))
    return ratio.times(ratio)


@msle.gradient("pred")
def _(pred: Array, target: Array, *, floor: float | None) -> Array:
    low = -1.0 if floor is None else floor
    p = np.maximum(pred, low)
    return np.where(pred < low, 0.0, 2 * _log_ratio(p, np.maximum(target, low)) / (1 + p))


@loss(
    formula="""
    squared: (log(1 + pred) - log(1 + target))**2
    value: sqrt(squared)
    """,
    cite="Kaggle 2012 (Online Product Sales); sklearn.metrics.root_mean_squared_log_error",
    consistent_for="expm1(mean(log1p(target)))",
    same_as={"xgboost": Preset(notes=SINGLE_STEPS), "sklearn": _ROOTS},
    aliases=("root_mean_squared_log_error",),
    shares={"squared": msle},
    revision=2,
    first="magnitudes",
)
def rmsle(pred: AboveMinusOne, target: AboveMinusOne) -> Any:
    """Root mean squared logarithmic error: the root of msle. As with rmse, rows have no value of their own.

    >>> rmsle([0.0, 2.0], [0.0, 2.0])["squared"].values
    array([0., 0.])
    """
    return {"squared": Term(msle.kernel(pred, target, floor=None))}


@rmsle.value
def _(squared: Any) -> Any:
    return np.sqrt(squared)


@rmsle.gradient("pred")
def _(pred: Array, target: Array) -> dict[str, Array]:
    return {"squared": 2 * _log_ratio(pred, target) / (1 + pred)}
