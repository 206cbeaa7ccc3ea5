"""Losses of what a model puts out, without a target: of vectors of class probabilities, signals or profits."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from losscli.contract.kinds import Array, ProbVector, Real, Vector
from losscli.contract.loss import Param, loss
from losscli.losses._math import xlogy

TASKS = ("penalties",)


@loss(
    formula="-sum(p * log(p) if p else 0 for p in pred)",
    cite="Shannon 1948, doi:10.1002/j.1538-7305.1948.tb01338.x; as a loss: Grandvalet & Bengio 2004",
)
def entropy(pred: ProbVector) -> Array:
    """Entropy of predicted class probabilities, in nats: how unsure a model is, without a target.

    Entropy minimization lowers it; the confidence penalty of Pereyra et al. raises it, as a composite with a factor
    below 0.

    >>> entropy([[0.5, 0.5], [1.0, 0.0]]).round(4)
    array([0.6931, 0.    ])
    """
    return np.abs(xlogy(pred, pred).sum(axis=-1))


@entropy.gradient("pred")
def _(pred: Array) -> Array:
    return -(np.log(pred) + 1)


@loss(
    formula="sum((pred[i] - 2 * pred[i + 1] + pred[i + 2])**2 for i in range(len(pred) - 2))",
    cite="Whittaker 1922, doi:10.1017/S0013091500077853; Hodrick & Prescott 1997, doi:10.2307/2953682",
)
def smoothness(pred: Vector) -> Array:
    """Smoothness penalty of a series: the sum of its squared second differences. It is 0 for a straight line.

    A row is a series. It is what the Hodrick-Prescott filter and Whittaker smoothing add to the squared error.

    >>> smoothness([[1.0, 2.0, 3.0, 5.0]])
    array([1.])
    """
    return np.square(_bends(pred)).sum(axis=-1)


def _bends(pred: Array) -> Array:
    first, middle, last = pred[:, :-2], pred[:, 1:-1], pred[:, 2:]
    # Each term with the middle first: a sum of near values is exact there, and large ones cancel.
    return np.asarray((first - middle) + (last - middle))


@smoothness.gradient("pred")
def _(pred: Array) -> Array:
    bends = 2 * _bends(pred)
    slope = np.zeros_like(pred)
    slope[:, :-2] += bends
    slope[:, 1:-1] -= 2 * bends
    slope[:, 2:] += bends
    return slope


@loss(
    formula="(exp(-risk_aversion * pred) - 1) / risk_aversion",
    cite="Arrow 1965, Aspects of the Theory of Risk-Bearing; Pratt 1964, doi:10.2307/1913738",
    optimum=None,
)
def utility_loss(
    pred: Real,
    *,
    risk_aversion: Annotated[
        float, Param("Arrow and Pratt's coefficient, in 1 over the unit of the profit", gt=0)
    ] = 1.0,
) -> Array:
    """Utility loss of profits or returns: minus the exponential (CARA) utility. Losses cost more than gains bring.

    A row is a profit. Near 0 it is minus the profit; with little risk aversion it is so everywhere.

    >>> utility_loss([1.0, -1.0]).round(4)
    array([-0.6321,  1.7183])
    """
    return np.expm1(-risk_aversion * pred) / risk_aversion


@utility_loss.gradient("pred")
def _(pred: Array, *, risk_aversion: float) -> Array:
    return -np.exp(-risk_aversion * pred)
