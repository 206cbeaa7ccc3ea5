"""Losses that judge a decision: on which side of the border a score fell, and how far."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from losscli.contract.kinds import Array, Binary, ClassId, LogitVector, Prob, Real, Sign
from losscli.contract.loss import Param, loss
from losscli.contract.presets import SINGLE, SINGLE_COUNTS, Preset, by_rows, without_weights
from losscli.contract.scores import Score

TASKS = ("binary classification", "multiclass classification")

_LAST_AT_TIES = "of equal scores, the library puts the last class ahead"
_HALF = "the gradient at the corner is 0, where the library has half of that beside it"


@loss(
    formula="max(0, 1 - target * pred)",
    cite="Cortes & Vapnik 1995, doi:10.1007/BF00994018",
    consistent_for="median(target)",
    same_as={
        "catboost": Preset(notes=SINGLE),
        "keras": by_rows(notes=_HALF),
        "sklearn": "",
        "optax": without_weights(notes=_HALF),
    },
    first=True,
)
def hinge(pred: Real, target: Sign) -> Array:
    """Hinge loss: how far a score is from the right side of a margin of 1. Targets are -1 and 1.

    The gradient at the corner is 0. Keras also takes targets of 0 and 1, but only if the whole batch has no others.

    >>> hinge([0.25, -2.0, 3.0], [1, 1, 1])
    array([0.75, 3.  , 0.  ])
    """
    return np.maximum(1 - target * pred, 0.0)


@hinge.gradient("pred")
def _(pred: Array, target: Array) -> Array:
    return np.where(target * pred < 1, -target, 0.0)


@loss(
    formula="max(0, 1 - target * pred)**2",
    cite="Lee & Mangasarian 2001, doi:10.1023/A:1011215321374",
    consistent_for="mean(target)",
    same_as={"keras": by_rows()},
)
def squared_hinge(pred: Real, target: Sign) -> Array:
    """Squared hinge loss: it has no corner, and large violations weigh more. Targets are -1 and 1.

    >>> squared_hinge([0.5, -2.0, 3.0], [1, 1, 1])
    array([0.25, 9.  , 0.  ])
    """
    return np.square(np.maximum(1 - target * pred, 0.0))


@squared_hinge.gradient("pred")
def _(pred: Array, target: Array) -> Array:
    return -2 * target * np.maximum(1 - target * pred, 0.0)


@loss(
    formula="""
    scores = each(pred)
    sure = max(scores)
    right = target[scores.index(sure)] if len(scores) > 1 else target if pred > threshold else 1 - target
    1 - right
    """,
    cite="Hastie, Tibshirani & Friedman 2009, 2.4, doi:10.1007/978-0-387-84858-7",
    consistent_for="mode(target)",
    same_as={
        "torchmetrics": without_weights(notes=SINGLE_COUNTS),
        "catboost": Preset(notes=SINGLE),
        "sklearn": "",
        "xgboost": Preset(notes=SINGLE),
    },
    binary=True,
    labels=True,
    scores=(
        Score(
            "accuracy",
            """Accuracy: the share of right decisions, 1 less the zero-one loss. Higher is better.

            A decision is made as for the zero-one loss: of class scores the largest, the first of them at a tie; of one
            probability, class 1 above `threshold`. A row has an accuracy of 0 or 1.

            >>> accuracy([[0.2, 0.5, 0.3], [0.4, 0.4, 0.2]], [1, 1])
            array([1., 0.])
            """,
            same_as={
                "keras": "",
                "torchmetrics": without_weights(notes=SINGLE_COUNTS),
                "catboost": Preset(notes=SINGLE),
                "sklearn": "",
            },
            first="classes",
        ),
    ),
)
def zero_one(
    pred: LogitVector | Prob,
    target: ClassId | Binary,
    *,
    threshold: Annotated[
        float, Param("one probability above this decides for class 1", ge=0, le=1, per_row=True)
    ] = 0.5,
) -> Array:
    """Zero-one loss (error rate): 1 if the decision is wrong and 0 if it is right.

    For class scores (probabilities or logits), the decision is the class with the largest score, and the first of
    them at a tie. LightGBM counts ties as wrong. For one probability, the decision is class 1 above `threshold`,
    and not at it. Predicted labels are right where they are those of the targets. There is no gradient: the value is
    flat wherever it is smooth.

    >>> zero_one([[0.2, 0.5, 0.3], [0.4, 0.4, 0.2]], [1, 1])
    array([0., 1.])
    """
    decided = pred.argmax(axis=-1) if pred.ndim > target.ndim else pred > threshold
    return (decided != target).astype(np.float64)


@loss(
    formula="""
    own = pred[target]
    ahead = sum(1 for c, s in enumerate(pred) if s > own or (s == own and c < target))
    1 if ahead >= k else 0
    """,
    cite="Russakovsky et al. 2015, doi:10.1007/s11263-015-0816-y",
    same_as={"sklearn": Preset("k=2", notes=_LAST_AT_TIES)},
    binary=True,
    scores=(
        Score(
            "top_k_accuracy",
            """Top-k accuracy: the share of rows whose class is among the k with the largest scores. Higher is better.

            Of equal scores the first classes are ahead: scikit-learn puts the last ahead.

            >>> top_k_accuracy([[0.2, 0.5, 0.3], [0.4, 0.4, 0.2]], [2, 2], k=2)
            array([1., 0.])
            """,
            same_as={
                "keras": "",
                "torchmetrics": without_weights("k=1", notes=SINGLE_COUNTS),
                "sklearn": Preset("k=2", notes=_LAST_AT_TIES),
            },
        ),
    ),
)
def top_k_error(
    pred: LogitVector,
    target: ClassId,
    *,
    k: Annotated[int, Param("how many classes with the largest scores may have the target's among them", ge=1)] = 5,
) -> Array:
    """Top-k error: 1 if the class of the target is not among the k classes with the largest scores, else 0.

    Scores are probabilities or logits; of equal ones the first classes are ahead, as in the zero-one loss, which it is
    with k = 1. LightGBM counts ties as wrong. There is no gradient: decisions are flat.

    >>> top_k_error([[0.2, 0.5, 0.3], [0.4, 0.4, 0.2]], [2, 2], k=2)
    array([0., 1.])
    """
    own = np.take_along_axis(pred, target[:, None], axis=1)
    ahead = (pred > own) | ((pred == own) & (np.arange(pred.shape[1]) < target[:, None]))
    return (ahead.sum(axis=1) >= k).astype(np.float64)


_COST = "what a row costs that is said to be {}, and is not"


@loss(
    formula="""
    said = 1 if pred > threshold else 0
    cost_fp * said * (1 - target) + cost_fn * (1 - said) * target
    """,
    cite="Elkan 2001, The foundations of cost-sensitive learning, IJCAI-01, 973-978",
    labels="positive",
)
def cost_sensitive_error(
    pred: Prob,
    target: Binary,
    *,
    cost_fp: Annotated[float, Param(_COST.format("positive"), ge=0, per_row=True)] = 1.0,
    cost_fn: Annotated[float, Param(_COST.format("negative"), ge=0, per_row=True)] = 1.0,
    threshold: Annotated[
        float, Param("one probability above this decides for class 1", ge=0, le=1, per_row=True)
    ] = 0.5,
) -> Array:
    """Cost-sensitive error: what wrong decisions cost, false positives and false negatives apart.

    Costs may be columns: `cost_fn={amount}`. The threshold with the lowest expected cost is
    cost_fp / (cost_fp + cost_fn). There is no gradient: decisions are flat.

    >>> cost_sensitive_error([0.9, 0.2, 0.7], [1, 1, 0], cost_fp=1, cost_fn=5)
    array([0., 5., 1.])
    """
    said = (pred > threshold).astype(np.float64)
    return np.asarray(cost_fp * said * (1 - target) + cost_fn * (1 - said) * target)
