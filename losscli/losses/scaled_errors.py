"""Errors of forecasts over the error that a naive forecast has in the training data of the same series."""

from __future__ import annotations

from typing import Any

import numpy as np

from losscli.contract.kinds import Array, Positive, Real
from losscli.contract.loss import Term, loss
from losscli.contract.presets import without_weights

TASKS = ("regression", "probabilistic forecasts")

_HYNDMAN = "Hyndman & Koehler 2006, doi:10.1016/j.ijforecast.2006.03.001"


@loss(
    formula="abs(pred - target) / scale",
    cite=_HYNDMAN,
    consistent_for="median(target)",
    same_as={"gluonts": without_weights()},
    aliases=("mean_absolute_scaled_error",),
    from_history={"scale": "absolute"},
)
def mase(pred: Real, target: Real, scale: Positive) -> Array:
    """Mean absolute scaled error (MASE): absolute errors over the mean absolute error of a naive forecast.

    `scale` is the mean of |y[t] - y[t - season]| over the training data of the row's series, a column that a join by
    the key of the series gives; or --table history=FILE gives it, with `mase:season=7` for another season than 1. It is
    not 0: a constant series has no such error. --mean-of the series counts each series the same, as utilsforecast and
    the M competitions do.

    >>> mase([3.0, 1.0], [1.0, 2.0], [4.0, 0.5])
    array([0.5, 2. ])
    """
    return np.abs(pred - target) / scale


@mase.gradient("pred")
def _(pred: Array, target: Array, scale: Array) -> Array:
    return np.sign(pred - target) / scale


@loss(
    formula="""
    squared: ((pred - target) / scale)**2
    value: sqrt(squared)
    """,
    cite="Makridakis, Spiliotis & Assimakopoulos 2022, doi:10.1016/j.ijforecast.2021.11.013; " + _HYNDMAN,
    consistent_for="mean(target)",
    aliases=("root_mean_squared_scaled_error",),
    from_history={"scale": "squared"},
)
def rmsse(pred: Real, target: Real, scale: Positive) -> Any:
    """Root mean squared scaled error (RMSSE): the root of the mean of squared errors in units of a naive forecast's.

    `scale` is the root of the mean of (y[t] - y[t - season])**2 over the training data of the row's series, a column or
    of --table history=FILE; with `rmsse:cut_zeros=true` from the first value other than 0, as M5 has it. With --mean-of
    the series, it is the mean of the RMSSE of each, as in the M5 competition without its weights.

    >>> rmsse([3.0, 1.0], [1.0, 2.0], [4.0, 0.5])["squared"].values
    array([0.25, 4.  ])
    """
    return {"squared": Term(np.square((pred - target) / scale))}


@rmsse.value
def _(squared: Any) -> Any:
    return np.sqrt(squared)


@rmsse.gradient("pred")
def _(pred: Array, target: Array, scale: Array) -> dict[str, Array]:
    return {"squared": 2 * ((pred - target) / scale) / scale}
