"""Losses of scores by a margin: of one score and a sign, of several classes, and of pairs."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from losscli.contract.kinds import Array, ClassId, Logit, LogitVector, NonNegative, Real, Sign, Vector
from losscli.contract.loss import Param, loss
from losscli.contract.presets import without_weights
from losscli.losses._angles import cosine, cosine_slope, distance_by_angle
from losscli.losses._math import sigmoid, softplus

TASKS = ("binary classification", "multiclass classification")

_Margin = Annotated[float, Param("how far the right side should be ahead")]


@loss(
    formula="log(1 + exp(-target * pred))",
    cite="Friedman, Hastie & Tibshirani 2000, doi:10.1214/aos/1016218223",
    consistent_for="logit((mean(target) + 1) / 2)",
    same_as={"torch": without_weights()},
    aliases=("logistic_margin",),
)
def soft_margin(pred: Logit, target: Sign) -> Array:
    """Soft margin (logistic) loss of a score, with targets -1 and 1: bce_with_logits in other clothes.

    >>> soft_margin([2.0, -1.0], [1.0, 1.0]).round(4)
    array([0.1269, 1.3133])
    """
    return softplus(-target * pred)


@soft_margin.gradient("pred")
def _(pred: Array, target: Array) -> Array:
    return -target * sigmoid(-target * pred)


@loss(
    formula="exp(-target * pred)",
    cite="Freund & Schapire 1997, doi:10.1006/jcss.1997.1504; "
    "Friedman, Hastie & Tibshirani 2000, doi:10.1214/aos/1016218223",
    consistent_for="logit((mean(target) + 1) / 2) / 2",
    optimum=None,
)
def exponential(pred: Real, target: Sign) -> Array:
    """Exponential loss of a score, with targets -1 and 1: what AdaBoost minimizes.

    >>> exponential([2.0, -1.0], [1.0, 1.0]).round(4)
    array([0.1353, 2.7183])
    """
    return np.exp(-target * pred)


@exponential.gradient("pred")
def _(pred: Array, target: Array) -> Array:
    return -target * np.exp(-target * pred)


@loss(
    formula="""
    m = target * pred
    max(0, 1 - m)**2 if m >= -1 else -4 * m
    """,
    cite="Zhang 2004, doi:10.1145/1015330.1015332",
    consistent_for="mean(target)",
)
def modified_huber(pred: Real, target: Sign) -> Array:
    """Modified Huber loss of a score, with targets -1 and 1: a squared hinge that is linear where it is very wrong.

    >>> modified_huber([0.5, -2.0], [1.0, 1.0])
    array([0.25, 8.  ])
    """
    ahead = target * pred
    return np.where(ahead >= -1, np.square(np.maximum(1 - ahead, 0.0)), -4 * ahead)


@modified_huber.gradient("pred")
def _(pred: Array, target: Array) -> Array:
    ahead = target * pred
    return target * np.where(ahead >= -1, -2 * np.maximum(1 - ahead, 0.0), -4.0)


@loss(
    formula="""
    over = [max(0, margin - pred[target] + s) for c, s in enumerate(pred) if c != target]
    sum(x**2 if squared else x for x in over) / len(pred)
    """,
    cite="Weston & Watkins 1999, ESANN 1999:219-224",
    same_as={"torch": without_weights()},
)
def multi_margin(
    pred: LogitVector,
    target: ClassId,
    *,
    margin: _Margin = 1.0,
    squared: Annotated[bool, Param("square what lies within the margin")] = False,
) -> Array:
    """Multi-class margin loss (Weston-Watkins): every class that is not behind by the margin adds to it.

    It is divided by the number of classes, as in torch.

    >>> multi_margin([[2.0, 1.5, 0.0]], [0]).round(4)
    array([0.1667])
    """
    over = _over(pred, target, margin)
    return (np.square(over) if squared else over).sum(axis=-1) / pred.shape[1]


def _over(pred: Array, target: Array, margin: float) -> Array:
    """By how much each class is within the margin of the own one, which gets 0."""
    rows = np.arange(len(target))
    over = np.maximum(margin - (pred[rows, target][:, None] - pred), 0.0)
    over[rows, target] = 0.0
    return over


@multi_margin.gradient("pred")
def _(pred: Array, target: Array, *, margin: float, squared: bool) -> Array:
    over = _over(pred, target, margin)
    slope = (2 * over if squared else (over > 0).astype(float)) / pred.shape[1]
    slope[np.arange(len(target)), target] = -slope.sum(axis=-1)
    return slope


@loss(
    formula="max(0, margin - pred[target] + max(s for c, s in enumerate(pred) if c != target))",
    cite="Crammer & Singer 2001, JMLR 2:265-292",
    same_as={
        "optax": without_weights(notes="the gradient at ties is 0, where the library has shares of one"),
        "sklearn": "",
    },
    aliases=("multiclass_hinge",),
)
def crammer_singer(pred: LogitVector, target: ClassId, *, margin: _Margin = 1.0) -> Array:
    """Multi-class hinge loss (Crammer-Singer): the best of the other classes should be behind by the margin.

    Where several are equally good, the gradient is by the first.

    >>> crammer_singer([[2.0, 1.5, 0.0]], [0])
    array([0.5])
    """
    return _over(pred, target, margin).max(axis=-1)


@crammer_singer.gradient("pred")
def _(pred: Array, target: Array, *, margin: float) -> Array:
    over = _over(pred, target, margin)
    rows, best = np.arange(len(target)), over.argmax(axis=-1)
    slope = np.zeros_like(pred)
    slope[rows, best] = over[rows, best] > 0
    slope[rows, target] = -(over[rows, best] > 0).astype(float)
    return slope


@loss(
    formula="max(0, margin - target * (first - second))",
    cite="Herbrich, Graepel & Obermayer 2000, Large Margin Rank Boundaries for Ordinal Regression",
    same_as={"torch": without_weights()},
)
def margin_ranking(first: Real, second: Real, target: Sign, *, margin: _Margin = 0.0) -> Array:
    """Margin ranking loss of two scores: the first should be higher where the target is 1, lower where it is -1.

    >>> margin_ranking([2.0, 1.0], [1.5, 3.0], [1.0, 1.0], margin=1.0)
    array([0.5, 3. ])
    """
    return np.maximum(margin - target * (first - second), 0.0)


def _ranked(first: Array, second: Array, target: Array, margin: float) -> Array:
    return np.where(margin - target * (first - second) > 0, -target, 0.0)


@margin_ranking.gradient("first")
def _(first: Array, second: Array, target: Array, *, margin: float) -> Array:
    return _ranked(first, second, target, margin)


@margin_ranking.gradient("second")
def _(first: Array, second: Array, target: Array, *, margin: float) -> Array:
    return -_ranked(first, second, target, margin)


@loss(
    formula="pred if target == 1 else max(0, margin - pred)",
    cite="Hadsell, Chopra & LeCun 2006, doi:10.1109/CVPR.2006.100",
    optimum=None,
    same_as={"torch": without_weights(notes="the gradient exactly at the margin is 0, where torch has -1")},
)
def hinge_embedding(pred: NonNegative, target: Sign, *, margin: _Margin = 1.0) -> Array:
    """Hinge embedding loss of a distance: it should be 0 where the target is 1, and the margin where it is -1.

    >>> hinge_embedding([0.25, 0.25], [1.0, -1.0])
    array([0.25, 0.75])
    """
    return np.where(target == 1, pred, np.maximum(margin - pred, 0.0))


@hinge_embedding.gradient("pred")
def _(pred: Array, target: Array, *, margin: float) -> Array:
    return np.where(target == 1, 1.0, np.where(pred < margin, -1.0, 0.0))


@loss(
    formula="""
    s = dot(unit(first), unit(second))
    1 - s if target == 1 else max(0, s - margin)
    """,
    cite="Chopra, Hadsell & LeCun 2005, doi:10.1109/CVPR.2005.202",
    first=True,
)
def cosine_embedding(first: Vector, second: Vector, target: Sign, *, margin: _Margin = 0.0) -> Array:
    """Cosine embedding loss: two vectors should point the same way where the target is 1, else not so much.

    The cosine of a zero vector is 0. torch adds 1e-12 to the squares of lengths.

    >>> cosine_embedding([[3.0, 4.0], [3.0, 4.0]], [[4.0, 3.0], [4.0, 3.0]], [1.0, -1.0])
    array([0.04, 0.96])
    """
    return np.where(target == 1, distance_by_angle(first, second), np.maximum(cosine(first, second) - margin, 0.0))


def _turn(first: Array, second: Array, target: Array, margin: float) -> Array:
    pull = np.where(target == 1, -1.0, cosine(first, second) > margin)
    return pull[:, None] * cosine_slope(first, second)


@cosine_embedding.gradient("first")
def _(first: Array, second: Array, target: Array, *, margin: float) -> Array:
    return _turn(first, second, target, margin)


@cosine_embedding.gradient("second")
def _(first: Array, second: Array, target: Array, *, margin: float) -> Array:
    return _turn(second, first, target, margin)
