"""Losses of a number against a number where the size of the target counts: shares of it, and logarithms."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np

from losscli.contract.kinds import AboveMinusOne, Array, NonZero, Real
from losscli.contract.loss import Param, Term, loss


@loss(
    formula="scale * abs(pred - target) / abs(target)",
    cite="de Myttenaere et al. 2016, doi:10.1016/j.neucom.2015.12.114",
    same_as={"sklearn": "", "torchmetrics": "", "keras": "scale=100"},
    aliases=("mean_absolute_percentage_error",),
)
def mape(
    pred: Real,
    target: NonZero,
    *,
    scale: Annotated[float, Param("1 gives a fraction, 100 per cent", gt=0)] = 1.0,
) -> Array:
    """Mean absolute percentage error: the absolute error as a share of the target.

    A target of 0 has no percentage error, so such a row is an error. Libraries use a small number instead of 0, and
    their results on the same data range from 0.3 to 1e14.

    >>> mape([3.0, 1.0], [2.0, 4.0])
    array([0.5 , 0.75])
    """
    return scale * (np.abs(pred - target) / np.abs(target))


@mape.gradient("pred")
def _(pred: Array, target: Array, *, scale: float) -> Array:
    return scale * np.sign(pred - target) / np.abs(target)


@loss(
    formula="""
    size = abs(pred) + abs(target)
    2 * scale * abs(pred - target) / size if size else 0
    """,
    cite="Makridakis 1993, doi:10.1016/0169-2070(93)90079-3",
    same_as={"torchmetrics": "", "catboost": "scale=100"},
)
def smape(
    pred: Real,
    target: Real,
    *,
    scale: Annotated[float, Param("1 gives the range 0 to 2, 100 per cent up to 200", gt=0)] = 1.0,
) -> Array:
    """Symmetric mean absolute percentage error: the absolute error over the mean of |prediction| and |target|.

    It is 0 if both are 0.

    >>> smape([3.0, 0.0], [1.0, 0.0])
    array([1., 0.])
    """
    size = np.abs(pred) + np.abs(target)
    value = np.subtract(pred, target)
    np.abs(value, out=value)
    value /= size
    value *= 2 * scale
    value[size == 0] = 0.0
    return value


@smape.gradient("pred")
def _(pred: Array, target: Array, *, scale: float) -> Array:
    size = np.abs(pred) + np.abs(target)
    safe = np.where(size > 0, size, 1.0)
    error = pred - target
    # d(|e|/s) = (sign(e) s - |e| sign(p)) / s^2; where the signs agree that is sign(e) 2|y| / s^2, else 0.
    agree = np.sign(pred) * np.sign(target) >= 0
    return np.where(agree & (size > 0), 2 * scale * np.sign(error) * (2 * (np.abs(target) / safe) / safe), 0.0)


@loss(
    formula="""
    error: abs(pred - target)
    size: abs(target)
    value: error / size
    """,
    cite="Kolassa & Schuetz 2007, Foresight 6:40-43",
    same_as={"torchmetrics": ""},
    aliases=("wape",),
)
def wmape(pred: Real, target: Real) -> Any:
    """Weighted mean absolute percentage error (WAPE): sum of absolute errors over the sum of |target|.

    Single small targets cannot make it explode, as they can with mape.

    >>> {name: term.values.tolist() for name, term in wmape([3.0, 1.0], [2.0, 4.0]).items()}
    {'error': [1.0, 3.0], 'size': [2.0, 4.0]}
    """
    return {"error": Term(np.abs(pred - target)), "size": Term(np.abs(target))}


@wmape.value
def _(error: Any, size: Any) -> Any:
    return error / size


@wmape.gradient("pred")
def _(pred: Array, target: Array) -> dict[str, Array]:
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
    formula="(log(1 + pred) - log(1 + target))**2",
    cite="Kaggle 2012 (Predicting a Biological Response); scikit-learn user guide 3.4.6.4",
    same_as={"sklearn": "", "keras": "", "torchmetrics": ""},
    aliases=("mean_squared_log_error",),
)
def msle(pred: AboveMinusOne, target: AboveMinusOne) -> Array:
    """Mean squared logarithmic error: squared difference of log(1 + x), so relative errors count the same.

    >>> msle([0.0, 2.0], [0.0, 2.0])
    array([0., 0.])
    """
    return np.square(_log_ratio(pred, target))


@msle.gradient("pred")
def _(pred: Array, target: Array) -> Array:
    return 2 * _log_ratio(pred, target) / (1 + pred)


@loss(
    formula="""
    squared: (log(1 + pred) - log(1 + target))**2
    value: sqrt(squared)
    """,
    cite="scikit-learn user guide 3.4.6.4",
    same_as={"sklearn": ""},
    aliases=("root_mean_squared_log_error",),
    shares={"squared": msle},
)
def rmsle(pred: AboveMinusOne, target: AboveMinusOne) -> Any:
    """Root mean squared logarithmic error: the root of msle. As with rmse, rows have no value of their own.

    >>> rmsle([0.0, 2.0], [0.0, 2.0])["squared"].values
    array([0., 0.])
    """
    return {"squared": Term(msle.kernel(pred, target))}


@rmsle.value
def _(squared: Any) -> Any:
    return np.sqrt(squared)


@rmsle.gradient("pred")
def _(pred: Array, target: Array) -> dict[str, Array]:
    return {"squared": 2 * _log_ratio(pred, target) / (1 + pred)}
