"""Losses of log-probabilities, probabilities or scores of classes, beside those of cross-entropy and its focus."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from losscli.contract.kinds import Array, ClassId, ClassSizes, LogitVector, LogProbVector, ProbVector
from losscli.contract.loss import Param, loss
from losscli.contract.presets import NO_ROW_WEIGHTS, Preset, by_rows, without_weights
from losscli.losses._classes import log_of_others, of_target
from losscli.losses._math import distribution, dot, log_softmax, norm

TASKS = ("multiclass classification",)

_Coefficient = Annotated[float, Param("factor of 1 less the probability of the true class")]
_LENG = "Leng, Tan, Liu, Cubuk, Shi, Cheng & Anguelov 2022, arXiv:2204.12511"


@loss(
    formula="-pred[target]",
    cite="Good 1952, doi:10.1111/j.2517-6161.1952.tb00104.x",
    same_as={"torch": Preset(refuses=(NO_ROW_WEIGHTS,))},
)
def nll(pred: LogProbVector, target: ClassId) -> Array:
    """Negative log-likelihood of classes, from log-probabilities: cross_entropy without the logarithm.

    The log-probabilities are taken as they are, also where those of a row are not of a sum of 1.

    >>> nll([[-0.5, -1.0], [-2.0, -0.25]], [0, 0])
    array([0.5, 2. ])
    """
    return np.abs(of_target(pred, target))


@nll.gradient("pred")
def _(pred: Array, target: Array) -> Array:
    return -distribution(target, pred.shape[-1])


@loss(
    formula="-sum(p * y for p, y in zip(pred, target)) / norm(pred)",
    cite="Gneiting & Raftery 2007, doi:10.1198/016214506000001437",
    consistent_for="shares(target)",
    optimum=-1.0,
    worst=0.0,
)
def spherical_score(pred: ProbVector, target: ClassId | ProbVector) -> Array:
    """Spherical score: minus the probability of the true class over the length of all; -1 is best and 0 worst.

    It is a proper score that stays finite where the true class has the probability 0.

    >>> spherical_score([[0.5, 0.5], [1.0, 0.0]], [0, 0]).round(4)
    array([-0.7071, -1.    ])
    """
    shares = distribution(target, pred.shape[-1])
    return -dot(pred, shares) / norm(pred)


@spherical_score.gradient("pred")
def _(pred: Array, target: Array) -> Array:
    size = norm(pred)[:, None]
    # What of the target stands at right angles to the prediction, by their difference: no digit is lost near it.
    apart = distribution(target, pred.shape[-1]) - pred
    return (pred * (dot(apart, pred)[:, None] / size / size) - apart) / size


@loss(
    formula="-log(pred[target]) + coefficient * (1 - pred[target])",
    cite=_LENG,
    optimum=None,
)
def poly1_ce(pred: ProbVector, target: ClassId, *, coefficient: _Coefficient = 2.0) -> Array:
    """Poly-1 cross-entropy: its expansion in 1 - p with another first coefficient, of class probabilities.

    `coefficient` is epsilon of the paper: 2 in optax and timm, 1 in TF-Ranking.

    >>> poly1_ce([[0.5, 0.5], [1.0, 0.0]], [0, 0]).round(4)
    array([1.6931, 0.    ])
    """
    own = of_target(pred, target)
    return coefficient * (1 - own) - np.log(own)


@poly1_ce.gradient("pred")
def _(pred: Array, target: Array, *, coefficient: float) -> Array:
    slope = np.zeros_like(pred)
    slope[np.arange(len(target)), target] = -1 / of_target(pred, target) - coefficient
    return slope


@loss(
    formula="""
    p = exp(pred[target]) / sum(exp(z) for z in pred)
    -log(p) + coefficient * (1 - p)
    """,
    cite=_LENG,
    same_as={"optax": without_weights(), "timm": without_weights()},
    optimum=None,
)
def poly1_ce_with_logits(pred: LogitVector, target: ClassId, *, coefficient: _Coefficient = 2.0) -> Array:
    """Poly-1 cross-entropy of class logits: accurate for logits of any size.

    >>> poly1_ce_with_logits([[0.0, 0.0], [800.0, 0.0]], [0, 1]).round(4)
    array([  1.6931, 802.    ])
    """
    own, rest = log_of_others(pred, target=target)
    value = own + rest
    return value - coefficient * np.expm1(-value)


@poly1_ce_with_logits.gradient("pred")
def _(pred: Array, target: Array, *, coefficient: float) -> Array:
    slope, own = _softmax_apart(pred, target)
    return slope * (1 + coefficient * own)[:, None]


def _softmax_apart(pred: Array, target: Array) -> tuple[Array, Array]:
    """softmax - target with the digits of a confident row, and the probability of the target."""
    rows, logs = np.arange(len(target)), log_softmax(pred)
    slope = np.exp(logs)
    own = slope[rows, target].copy()
    slope[rows, target] = np.expm1(logs[rows, target])
    return slope, own


@loss(
    formula="max(0, 1 - pred[target] + max(0, max(s for c, s in enumerate(pred) if c != target)))",
    cite="Keras 3, keras.losses.CategoricalHinge; Crammer & Singer 2001, JMLR 2:265-292",
    same_as={"keras": by_rows(notes="where several are equally good, Keras shares the gradient among them")},
)
def categorical_hinge(pred: LogitVector, target: ClassId) -> Array:
    """Categorical hinge loss of Keras: the true class should be ahead of the best other one, and of 0, by 1.

    crammer_singer does not have the 0, which counts where all other scores are below it. Where several are equally
    good, the gradient is by the first.

    >>> categorical_hinge([[2.0, 1.5, 0.0], [0.5, -1.0, -2.0]], [0, 0])
    array([0.5, 0.5])
    """
    return np.maximum(1 - (of_target(pred, target) - np.maximum(_best_other(pred, target)[1], 0.0)), 0.0)


def _best_other(pred: Array, target: Array) -> tuple[Array, Array]:
    rows, others = np.arange(len(target)), pred.copy()
    others[rows, target] = -np.inf
    best = others.argmax(axis=-1)
    return best, others[rows, best]


@categorical_hinge.gradient("pred")
def _(pred: Array, target: Array) -> Array:
    rows, (best, score) = np.arange(len(target)), _best_other(pred, target)
    active = 1 - (of_target(pred, target) - np.maximum(score, 0.0)) > 0
    slope = np.zeros_like(pred)
    slope[rows, best] = active & (score > 0)
    slope[rows, target] = -active.astype(float)
    return slope


@loss(
    formula="""
    ordered = sorted(pred, reverse=True)
    level = max((sum(ordered[:k]) - 1) / k for k in range(1, len(pred) + 1))
    sum(max(z - level, 0) * (z + level) for z in pred) / 2 - pred[target] + 1 / 2
    """,
    cite="Martins & Astudillo 2016, arXiv:1602.02068",
    same_as={"optax": without_weights()},
    consistent_for="shares(target)",
)
def sparsemax(pred: LogitVector, target: ClassId) -> Array:
    """Sparsemax loss of scores: that of a projection on probabilities, which are 0 for classes far behind.

    It is 0 where the true class is ahead of all others by 1.

    >>> sparsemax([[2.0, 0.5, 0.0], [0.0, 0.5, 0.5]], [0, 0])
    array([0.  , 0.75])
    """
    share, short, _ = _projected(pred, target)
    return 0.5 * np.square(share).sum(axis=-1) + short


def _projected(pred: Array, target: Array) -> tuple[Array, Array, Array]:
    """The projection less the target, what the target lacks of a share of its own, and the projection."""
    # With y the target, the loss is |y - p|^2 / 2 and how far the target lies below the level: nothing cancels.
    score = pred - pred.max(axis=-1, keepdims=True)
    ordered = -np.sort(-score, axis=-1)
    counts = np.arange(1, pred.shape[-1] + 1)
    level = ((np.cumsum(ordered, axis=-1) - 1) / counts).max(axis=-1, keepdims=True)
    share = np.maximum(score - level, 0.0)
    rows = np.arange(len(target))
    apart = share.copy()
    apart[rows, target] = 0.0
    apart[rows, target] = -apart.sum(axis=-1)
    return apart, np.maximum(level[:, 0] - score[rows, target], 0.0), share


@sparsemax.gradient("pred")
def _(pred: Array, target: Array) -> Array:
    return _projected(pred, target)[0]


@loss(
    formula="""
    z = [x + strength * log(n) for x, n in zip(pred, prior)]
    log(sum(exp(x) for x in z)) - z[target]
    """,
    cite="Menon et al. 2020, arXiv:2007.07314; Ren et al. 2020 (balanced softmax), arXiv:2007.10740",
    aliases=("balanced_softmax",),
)
def logit_adjusted_ce(
    pred: LogitVector,
    target: ClassId,
    prior: ClassSizes,
    *,
    strength: Annotated[float, Param("factor of the logarithm of the prior; 0 gives cross_entropy_with_logits")] = 1.0,
) -> Array:
    """Logit-adjusted cross-entropy: for classes of very different sizes, whose logarithms are added to the logits.

    `prior` has the size of each class in training, as counts or as shares, in columns of each row. It is never taken
    from the rows that are scored. `strength` is tau of the paper.

    >>> logit_adjusted_ce([[0.0, 0.0]], [0], [[1.0, 3.0]]).round(4)
    array([1.3863])
    """
    own, rest = log_of_others(pred + strength * np.log(prior), target=target)
    return own + rest


@logit_adjusted_ce.gradient("pred")
def _(pred: Array, target: Array, prior: Array, *, strength: float) -> Array:
    return _softmax_apart(pred + strength * np.log(prior), target)[0]


@loss(
    formula="""
    ahead = margin * (min(prior) / prior[target])**(1 / 4)
    z = [scale * (x - ahead if c == target else x) for c, x in enumerate(pred)]
    log(sum(exp(x) for x in z)) - z[target]
    """,
    cite="Cao, Wei, Gaidon, Arechiga & Ma 2019, arXiv:1906.07413",
)
def ldam(
    pred: LogitVector,
    target: ClassId,
    prior: ClassSizes,
    *,
    margin: Annotated[float, Param("how far the smallest class should be ahead", ge=0)] = 0.5,
    scale: Annotated[float, Param("factor of the scores", gt=0)] = 30.0,
) -> Array:
    """Label-distribution-aware margin loss: the smaller the true class, the further it should be ahead.

    `prior` has the size of each class in training, as counts or as shares, in columns of each row.

    >>> ldam([[0.5, 0.5]], [0], [[1.0, 16.0]], scale=2.0).round(4)
    array([1.3133])
    """
    own, rest = log_of_others(_behind(pred, target, prior, margin), 1 / scale, target)
    return own + rest


def _behind(pred: Array, target: Array, prior: Array, margin: float) -> Array:
    behind = pred.copy()
    behind[np.arange(len(target)), target] -= margin * (prior.min(axis=-1) / of_target(prior, target)) ** 0.25
    return behind


@ldam.gradient("pred")
def _(pred: Array, target: Array, prior: Array, *, margin: float, scale: float) -> Array:
    return scale * _softmax_apart(scale * _behind(pred, target, prior, margin), target)[0]
