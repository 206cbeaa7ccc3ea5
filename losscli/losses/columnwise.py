"""Losses of several outputs: the number of each column, averaged over the columns."""

from __future__ import annotations

from typing import Any

import numpy as np

from losscli.contract.class_terms import PerClass, sum_of
from losscli.contract.kinds import Array, Real
from losscli.contract.loss import Term, loss
from losscli.contract.presets import Preset

TASKS = ("regression",)


def columns_of(values: Array) -> Array:
    """The number of each value's column; a lone column is the first."""
    return np.broadcast_to(np.arange(values.shape[1] if values.ndim > 1 else 1), values.shape)


@loss(
    formula="""
    squared: {k: (p - t)**2 for k, (p, t) in enumerate(zip(each(pred), each(target)))}
    value: sum_of(squared.map(sqrt)) / len(squared)
    """,
    cite="Kaggle 2020 (OpenVaccine: COVID-19 mRNA Vaccine Degradation Prediction); "
    "sklearn.metrics.root_mean_squared_error",
    consistent_for="mean(target)",
    same_as={"sklearn": Preset()},
    aliases=("mean_columnwise_rmse",),
)
def mcrmse(pred: Real, target: Real) -> Any:
    """Mean columnwise root mean squared error (MCRMSE): a root of each column, and the mean of these.

    It is scikit-learn's root_mean_squared_error of several outputs. For other numbers of each column, and weights of
    columns, write a composite loss of runs, or slice a long table: --mean-of COL.

    >>> mcrmse([[1.0, 2.0], [3.0, 4.0]], [[1.0, 0.0], [1.0, 4.0]])["squared"].values
    array([[0., 4.],
           [4., 0.]])
    """
    return {"squared": Term(np.square(pred - target), by=columns_of(pred))}


@mcrmse.value
def _(squared: PerClass) -> Any:
    return sum_of(squared.map(np.sqrt)) / len(squared.entries)


@mcrmse.gradient("pred")
def _(pred: Array, target: Array) -> dict[str, Array]:
    return {"squared": 2 * (pred - target)}
