"""Losses of what a model puts out, without a target: of class probabilities or series."""

from __future__ import annotations

import numpy as np

from losscli.contract.kinds import Array, ProbVector, Vector
from losscli.contract.loss import loss
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
