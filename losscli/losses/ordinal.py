"""Losses of ordered classes: of a decision at each step between them, or of their cumulative probabilities."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np

from losscli.contract.kinds import Array, ClassId, ProbVector, Rank, Real, Vector
from losscli.contract.loss import Param, Term, loss
from losscli.losses._math import distribution, sigmoid, softplus
from losscli.losses._moments import added

TASKS = ("ordinal classification",)


def _above(pred: Array, target: Array) -> Array:
    """Whether the target lies above each step."""
    return target[:, None] > np.arange(pred.shape[-1])


def _entropies(pred: Array, target: Array) -> Array:
    """The binary cross-entropy of each step."""
    return softplus(np.where(_above(pred, target), -pred, pred))


def _slopes(pred: Array, target: Array) -> Array:
    above = _above(pred, target)
    return np.where(above, -sigmoid(-pred), sigmoid(pred))


@loss(
    formula="sum(log(1 + exp(z)) - (z if target > k else 0) for k, z in enumerate(pred))",
    cite="Frank & Hall 2001, doi:10.1007/3-540-44795-4_13; Cao, Mirjalili & Raschka 2020 (CORAL), arXiv:1901.07884",
    aliases=("coral",),
)
def ordinal_bce(pred: Vector, target: Rank) -> Array:
    """Ordinal binary cross-entropy (CORAL): for each step between two classes, whether the target lies above it.

    `pred` has one logit for each step, so one less than there are classes, the lowest step first; `target` is the
    number of the class, from 0. It is the sum over the steps.

    >>> ordinal_bce([[0.0, 0.0], [800.0, -800.0]], [2, 1]).round(4)
    array([1.3863, 0.    ])
    """
    return _entropies(pred, target).sum(axis=-1)


@ordinal_bce.gradient("pred")
def _(pred: Array, target: Array) -> Array:
    return _slopes(pred, target)


@loss(
    formula="""
    loss: sum(log(1 + exp(z)) - (z if target > k else 0) for k, z in enumerate(pred) if target >= k)
    tasks: sum(1 for k in range(len(pred)) if target >= k)
    value: loss / tasks
    """,
    cite="Shi, Cao & Raschka 2023, arXiv:2111.08851",
)
def corn(pred: Vector, target: Rank) -> Any:
    """CORN: ordinal cross-entropy of conditional steps. A step counts only where the one below it was passed.

    `pred` has one logit for each step, of passing it given the one below it; `target` is the number of the class, from
    0. The number is the mean over all steps that count, so a row has no value of its own.

    >>> {name: term.values.round(4).tolist() for name, term in corn([[0.0, 0.0], [0.0, 0.0]], [2, 0]).items()}
    {'loss': [1.3863, 0.6931], 'tasks': [2.0, 1.0]}
    """
    asked = _asked(pred, target)
    return {
        "loss": Term(np.where(asked, _entropies(pred, target), 0.0).sum(axis=-1)),
        "tasks": Term(asked.sum(axis=-1).astype(float)),
    }


def _asked(pred: Array, target: Array) -> Array:
    return target[:, None] >= np.arange(pred.shape[-1])


@corn.value
def _(loss: Any, tasks: Any) -> Any:
    return loss / tasks


@corn.gradient("pred")
def _(pred: Array, target: Array) -> dict[str, Array]:
    return {"loss": np.where(_asked(pred, target), _slopes(pred, target), 0.0), "tasks": np.zeros_like(pred)}


@loss(
    formula="""
    steps = [abs(sum(pred[:k]) - sum(target[:k])) for k in range(1, len(pred))]
    (sum(s**exponent for s in steps) / len(pred))**(1 / exponent)
    """,
    cite="Hou, Yu & Samaras 2016, arXiv:1611.05916; Talebi & Milanfar 2018 (NIMA), arXiv:1709.05424",
)
def squared_emd(
    pred: ProbVector,
    target: ClassId | ProbVector,
    *,
    exponent: Annotated[float, Param("power of the differences of the cumulative probabilities", ge=1)] = 2.0,
) -> Array:
    """Squared earth mover's distance of ordered classes, as NIMA has it: a root mean square of cumulative differences.

    rps is the sum of the squares, without the mean and the root; with `exponent=1` it is wasserstein_1d over the number
    of classes. The gradient at no distance is 0.

    >>> squared_emd([[0.5, 0.25, 0.25]], [2]).round(4)
    array([0.5204])
    """
    return _mean_power(_steps(pred, target), exponent)[0]


def _steps(pred: Array, target: Array) -> Array:
    """The differences of the cumulative probabilities, at all classes but the last, without rounding on the way."""
    shares = distribution(target, pred.shape[-1])
    found = np.empty((len(pred), pred.shape[-1] - 1))
    total, lost = np.zeros(len(pred)), np.zeros(len(pred))
    for k in range(found.shape[-1]):
        for part in (pred[:, k], -shares[:, k]):
            total, lost = added(total, lost, part)
        found[:, k] = total + lost
    return found


def _mean_power(steps: Array, exponent: float) -> tuple[Array, Array]:
    """The power mean of the steps, and each step over it; the largest is taken out, so that no power vanishes."""
    sizes = np.abs(steps)
    most = sizes.max(axis=-1, keepdims=True, initial=0.0)
    shares = sizes / np.where(most > 0, most, 1.0)
    mean = ((shares**exponent).sum(axis=-1, keepdims=True) / (steps.shape[-1] + 1)) ** (1 / exponent)
    over = np.sign(steps) * shares / np.where(most > 0, mean, 1.0)
    return (most * mean)[:, 0], over


@squared_emd.gradient("pred")
def _(pred: Array, target: Array, *, exponent: float) -> Array:
    over = _mean_power(_steps(pred, target), exponent)[1]
    slope = np.sign(over) * np.abs(over) ** (exponent - 1) / pred.shape[-1]
    back = np.cumsum(slope[:, ::-1], axis=-1)[:, ::-1]
    return np.concatenate([back, np.zeros_like(back[:, :1])], axis=-1)


@loss(
    formula="""
    k = sum(1 for i in range(len(thresholds)) if target > i)
    up_to = 1 / (1 + exp(pred - thresholds[k])) if k < len(thresholds) else 1
    below = 1 / (1 + exp(pred - thresholds[k - 1])) if k else 0
    -log(up_to - below)
    """,
    cite="McCullagh 1980, doi:10.1111/j.2517-6161.1980.tb01109.x",
    optimum=None,
)
def cumulative_link_nll(
    pred: Real,
    target: Rank,
    *,
    thresholds: Annotated[
        tuple[float, ...], Param("where one class ends on the scale of the score, ascending", steps_of="target")
    ],
) -> Array:
    """Cumulative link negative log-likelihood: of an ordered class, with a score and thresholds between the classes.

    It is the one of ordered (proportional odds) logistic regression: `pred` is the score, `target` the number of the
    class, from 0, and there is a threshold less than there are classes.

    >>> cumulative_link_nll([0.0, 2.0], [1, 2], thresholds=(-1.0, 1.0)).round(4)
    array([0.7719, 0.3133])
    """
    above, below, gap = _ends(pred, target, np.asarray(thresholds))
    # Of a class between a and b the probability is sigmoid(a) sigmoid(-b) (1 - e^(b - a)): no part of it is negative.
    return softplus(-above) + softplus(below) - np.log(-np.expm1(-gap))


def _ends(pred: Array, target: Array, thresholds: Array) -> tuple[Array, Array, Array]:
    """How far the upper and the lower end of the class lie above the score, and how far they are apart."""
    ends = np.concatenate([[-np.inf], thresholds, [np.inf]])
    k = (target[:, None] > np.arange(len(thresholds))).sum(axis=-1)
    return ends[k + 1] - pred, ends[k] - pred, ends[k + 1] - ends[k]


@cumulative_link_nll.gradient("pred")
def _(pred: Array, target: Array, *, thresholds: tuple[float, ...]) -> Array:
    above, below, _ = _ends(pred, target, np.asarray(thresholds))
    # sigmoid(x) - sigmoid(y) by x - y, for a score near the middle of its class
    x, y = -above, below
    apart = np.where(np.isfinite(x) & np.isfinite(y), x - y, np.inf)
    sign = np.where(apart < 0, -1.0, 1.0)
    high, low = np.where(apart < 0, y, x), np.where(apart < 0, x, y)
    inside = sign * sigmoid(high) * sigmoid(-low) * -np.expm1(-np.abs(apart))
    return np.where(np.isinf(below), sigmoid(x), np.where(np.isinf(above), -sigmoid(y), inside))
