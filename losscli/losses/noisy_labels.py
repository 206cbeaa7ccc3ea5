"""Losses of class probabilities that a wrong label cannot pull far: between cross-entropy and the absolute error."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from losscli.contract.kinds import Array, ClassId, ProbVector
from losscli.contract.loss import Param, loss
from losscli.contract.presets import by_rows
from losscli.losses._classes import each_class, fold, of_target
from losscli.losses._math import distribution, over, times

TASKS = ("multiclass classification",)

_LOG_OF_NOTHING = -9.210340371976182  # log(1e-4)
_Floor = Annotated[float, Param("what stands for the logarithm of 0", lt=0)]
_MA = "Ma, Huang, Wang, Romano, Erfani & Bailey 2020, arXiv:2006.13554"


def _at_target(pred: Array, target: Array, slope: Array) -> Array:
    """A gradient that is 0 but for the class of the target."""
    found = np.zeros_like(pred)
    found[np.arange(len(target)), target] = slope
    return found


@loss(
    formula="(1 - pred[target]**exponent) / exponent",
    cite="Zhang & Sabuncu 2018, arXiv:1805.07836",
    same_as={"keras": by_rows("exponent=0.5")},
    aliases=("generalized_cross_entropy",),
)
def gce(
    pred: ProbVector,
    target: ClassId,
    *,
    exponent: Annotated[float, Param("near 0 it is cross_entropy, at 1 half of class_mae", gt=0, le=1)] = 0.7,
) -> Array:
    """Generalized cross-entropy: the smaller the exponent, the more a class that was thought unlikely costs.

    `exponent` is the q of the paper; Keras has 0.5 as its default. It is never above 1 / exponent.

    >>> gce([[0.25, 0.75], [0.5, 0.5]], [0, 1], exponent=0.5).round(4)
    array([1.    , 0.5858])
    """
    return np.asarray(-np.expm1(exponent * np.log(of_target(pred, target))) / exponent)


@gce.gradient("pred")
def _(pred: Array, target: Array, *, exponent: float) -> Array:
    return _at_target(pred, target, -(of_target(pred, target) ** (exponent - 1)))


@loss(
    formula="2 * (1 - pred[target])",
    cite="Ghosh, Kumar & Sastry 2017, arXiv:1712.09482",
    worst=2.0,
)
def class_mae(pred: ProbVector, target: ClassId) -> Array:
    """Mean absolute error of class probabilities: the sum of the distances from 1 and from the zeros.

    Public code of active-passive losses leaves out the 2.

    >>> class_mae([[0.25, 0.75], [0.5, 0.5]], [0, 1])
    array([1.5, 1. ])
    """
    return 2 * (1 - of_target(pred, target))


@class_mae.gradient("pred")
def _(pred: Array, target: Array) -> Array:
    return _at_target(pred, target, np.full(len(target), -2.0))


@loss(
    formula="-floor * (1 - pred[target])",
    cite="Wang, Ma, Chen, Luo, Yi & Bailey 2019, arXiv:1908.06112",
)
def rce(pred: ProbVector, target: ClassId, *, floor: _Floor = _LOG_OF_NOTHING) -> Array:
    """Reverse cross-entropy: the label in the logarithm, whose zeros have `floor` there.

    It is class_mae times -floor / 2. The default is log(1e-4), as in the code of the paper.

    >>> rce([[0.25, 0.75], [0.5, 0.5]], [0, 1], floor=-4.0)
    array([3., 2.])
    """
    return -floor * (1 - of_target(pred, target))


@rce.gradient("pred")
def _(pred: Array, target: Array, *, floor: float) -> Array:
    return _at_target(pred, target, np.full(len(target), floor))


@loss(
    formula="-forward * log(pred[target]) - reverse * floor * (1 - pred[target])",
    cite="Wang, Ma, Chen, Luo, Yi & Bailey 2019, arXiv:1908.06112",
    aliases=("symmetric_cross_entropy",),
)
def sce(
    pred: ProbVector,
    target: ClassId,
    *,
    forward: Annotated[float, Param("factor of the cross-entropy", gt=0)] = 0.1,
    reverse: Annotated[float, Param("factor of the reverse cross-entropy", ge=0)] = 1.0,
    floor: _Floor = _LOG_OF_NOTHING,
) -> Array:
    """Symmetric cross-entropy: cross-entropy and, for labels that may be wrong, the reverse one (rce).

    `forward` and `reverse` are alpha and beta of the paper, whose logarithm of 0 is from -4 to -6; that of its code,
    the default here, is log(1e-4).

    >>> sce([[0.25, 0.75], [0.5, 0.5]], [0, 1], floor=-4.0).round(4)
    array([3.1386, 2.0693])
    """
    own = of_target(pred, target)
    return -forward * np.log(own) - reverse * floor * (1 - own)


@sce.gradient("pred")
def _(pred: Array, target: Array, *, forward: float, reverse: float, floor: float) -> Array:
    return _at_target(pred, target, reverse * floor - forward / of_target(pred, target))


@loss(
    formula="""
    own = pred[target]
    log(own) / sum(log(p) for p in pred) if own else 1
    """,
    cite=_MA,
    worst=1.0,
)
def nce(pred: ProbVector, target: ClassId) -> Array:
    """Normalized cross-entropy: that of the true class over the sum of those of all classes, from 0 to 1.

    Where another class has the probability 0 it is 0. As an active loss it stands beside a passive one: nce+rce.

    >>> nce([[0.25, 0.75], [0.5, 0.5]], [0, 1]).round(4)
    array([0.8281, 0.5   ])
    """
    own = of_target(pred, target)
    share = np.log(own) / fold(np.log(each_class(pred)))
    return np.where(own > 0, np.abs(share), 1.0)


@nce.gradient("pred")
def _(pred: Array, target: Array) -> Array:
    logs, rows = np.log(pred), np.arange(len(target))
    own = logs[rows, target].copy()
    whole = logs.sum(axis=-1)
    logs[rows, target] = 0.0
    slope = -own[:, None] / pred / np.square(whole)[:, None]
    slope[rows, target] = logs.sum(axis=-1) / pred[rows, target] / np.square(whole)
    return np.where(np.isfinite(whole)[:, None], slope, 0.0)


@loss(
    formula="""
    top = pred.index(max(pred))
    guess = [(1 if c == top else 0) if hard else p for c, p in enumerate(pred)]
    shares = [label_share * (1 if c == target else 0) + (1 - label_share) * g for c, g in enumerate(guess)]
    -sum(s * log(p) for s, p in zip(shares, pred) if s)
    """,
    cite="Reed, Lee, Anguelov, Szegedy, Erhan & Rabinovich 2014, arXiv:1412.6596",
    optimum=None,
)
def bootstrap_ce(
    pred: ProbVector,
    target: ClassId,
    *,
    label_share: Annotated[float, Param("share of the label; the rest is of the prediction itself", gt=0, lt=1)] = 0.95,
    hard: Annotated[bool, Param("of the predicted class, the first at a tie; not of the probabilities")] = False,
) -> Array:
    """Bootstrapping cross-entropy: a part of the label is what the model itself believes.

    `label_share` is beta of the paper: 0.95 for its soft form, 0.8 for the hard one.

    >>> bootstrap_ce([[0.25, 0.75], [0.5, 0.5]], [0, 1]).round(4)
    array([1.3451, 0.6931])
    """
    shares = _believed(pred, target, label_share, hard)
    return np.abs(times(shares, np.log(pred)).sum(axis=-1))


def _believed(pred: Array, target: Array, label_share: float, hard: bool) -> Array:
    guess = distribution(pred.argmax(axis=-1), pred.shape[-1]) if hard else pred
    return label_share * distribution(target, pred.shape[-1]) + (1 - label_share) * guess


@bootstrap_ce.gradient("pred")
def _(pred: Array, target: Array, *, label_share: float, hard: bool) -> Array:
    slope = -over(_believed(pred, target, label_share, hard), pred)
    return slope if hard else slope - (1 - label_share) * np.log(pred)
