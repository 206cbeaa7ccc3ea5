"""Losses of a number against a number by their ratio: squares of shares, and logarithms."""

from __future__ import annotations

from typing import Any

import numpy as np

from losscli.contract.kinds import Array, NonZero, Positive, Real
from losscli.contract.loss import Term, loss
from losscli.contract.scaled import Scaled, difference, scaled
from losscli.losses._math import log_quotient

TASKS = ("regression",)


@loss(
    formula="((pred - target) / target)**2",
    cite="Kaggle 2015 (Rossmann Store Sales); Park & Stefanski 1998, doi:10.1016/S0167-7152(98)00109-5",
    consistent_for="sum(1 / target) / sum(1 / target**2)",
    aliases=("mean_squared_percentage_error",),
)
def mspe(pred: Real, target: NonZero) -> Array:
    """Mean squared percentage error: the square of the error as a share of the target.

    A target of 0 has no percentage error; Kaggle leaves such rows out.

    >>> mspe([3.0, 1.0], [2.0, 4.0])
    array([0.25  , 0.5625])
    """
    return np.square((pred - target) / target)


def _share(pred: Array, target: Array) -> Scaled:
    share = difference(pred, target).over(scaled(target))
    return share.times(share)


@mspe.scaled
def _(pred: Array, target: Array) -> Scaled:
    return _share(pred, target)


@mspe.gradient("pred")
def _(pred: Array, target: Array) -> Array:
    return 2 * ((pred - target) / target) / target


@loss(
    formula="""
    squared: ((pred - target) / target)**2
    value: sqrt(squared)
    """,
    cite="Kaggle 2015 (Rossmann Store Sales); Kaggle 2021 (Optiver Realized Volatility Prediction)",
    consistent_for="sum(1 / target) / sum(1 / target**2)",
    aliases=("root_mean_squared_percentage_error",),
    shares={"squared": mspe},
)
def rmspe(pred: Real, target: NonZero) -> Any:
    """Root mean squared percentage error: the root of mspe. As with rmse, rows have no value of their own.

    >>> rmspe([3.0, 1.0], [2.0, 4.0])["squared"].values
    array([0.25  , 0.5625])
    """
    return {"squared": Term(mspe.kernel(pred, target))}


@rmspe.scaled
def _(pred: Array, target: Array) -> dict[str, Scaled]:
    return {"squared": _share(pred, target)}


@rmspe.value
def _(squared: Any) -> Any:
    return np.sqrt(squared)


@rmspe.gradient("pred")
def _(pred: Array, target: Array) -> dict[str, Array]:
    return {"squared": 2 * ((pred - target) / target) / target}


@loss(
    formula="abs(log(pred / target))",
    cite="Tofallis 2015, doi:10.1057/jors.2014.103; Morley, Brito & Welling 2018, doi:10.1002/2017SW001669",
    consistent_for="median(target)",
    aliases=("log_ratio",),
)
def absolute_log_ratio(pred: Positive, target: Positive) -> Array:
    """Absolute log ratio (log accuracy ratio): twice too high counts as twice too low.

    Its best constant is the median. e to the value, less 1, is the symmetric percentage error.

    >>> absolute_log_ratio([4.0, 1.0], [2.0, 2.0]).round(4)
    array([0.6931, 0.6931])
    """
    return np.abs(log_quotient(pred, target))


@absolute_log_ratio.gradient("pred")
def _(pred: Array, target: Array) -> Array:
    return np.sign(pred - target) / pred


@loss(
    formula="log(pred / target)**2",
    cite="Tofallis 2015, doi:10.1057/jors.2014.103",
    consistent_for="exp(mean(log(target)))",
)
def squared_log_ratio(pred: Positive, target: Positive) -> Array:
    """Squared log ratio: the squared difference of the logarithms, without the 1 that msle adds.

    Its best constant is the geometric mean.

    >>> squared_log_ratio([4.0, 1.0], [2.0, 2.0]).round(4)
    array([0.4805, 0.4805])
    """
    return np.square(log_quotient(pred, target))


@squared_log_ratio.gradient("pred")
def _(pred: Array, target: Array) -> Array:
    return 2 * log_quotient(pred, target) / pred


@loss(
    formula="atan(abs((pred - target) / target)) if target else (pi / 2 if pred else 0)",
    cite="Kim & Kim 2016, doi:10.1016/j.ijforecast.2015.12.003",
    worst=np.pi / 2,
)
def maape(pred: Real, target: Real) -> Array:
    """Mean arctangent absolute percentage error: the angle whose slope is the percentage error, from 0 to pi / 2.

    A target of 0 is no trouble: a wrong prediction has the largest value there, and a right one 0. The gradient at no
    error is 0.

    >>> maape([3.0, 1.0, 1.0], [2.0, 0.5, 0.0]).round(4)
    array([0.4636, 0.7854, 1.5708])
    """
    return np.arctan2(np.abs(pred - target), np.abs(target))


@maape.gradient("pred")
def _(pred: Array, target: Array) -> Array:
    error = pred - target
    size = np.hypot(error, target)
    safe = np.where(size > 0, size, 1.0)
    return np.sign(error) * (np.abs(target) / safe) / safe
