"""Losses that judge a decision: on which side of the border a score fell, and how far."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from losscli.contract.kinds import Array, Binary, ClassId, LogitVector, Prob, Real, Sign
from losscli.contract.loss import Param, loss
from losscli.contract.presets import SINGLE, Preset, by_rows, without_weights
from losscli.contract.scores import Score

TASKS = ("binary classification", "multiclass classification")

_HALF = "the gradient at the corner is 0, where the library has half of the slope beside it"


@loss(
    formula="max(0, 1 - target * pred)",
    cite="Cortes & Vapnik 1995, doi:10.1007/BF00994018",
    consistent_for="median(target)",
    same_as={"keras": by_rows(notes=_HALF), "sklearn": "", "optax": without_weights(notes=_HALF)},
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
    same_as={"xgboost": Preset(notes=SINGLE)},
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
            same_as={"sklearn": ""},
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
