"""Surrogates of the zero-one loss, of a score and the sign that it should have, beside hinge and logistic loss."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from losscli.contract.kinds import Array, Logit, Real, Sign
from losscli.contract.loss import Param, loss
from losscli.contract.presets import without_weights
from losscli.losses._math import sigmoid

TASKS = ("binary classification",)


@loss(
    formula="max(0, -target * pred)",
    cite="Rosenblatt 1958, doi:10.1037/h0042519",
    same_as={
        "optax": without_weights(notes="the gradient at a score of 0 is 0, where optax has half of that of an error")
    },
)
def perceptron(pred: Real, target: Sign) -> Array:
    """Perceptron loss of a score, with targets -1 and 1: hinge loss without a margin.

    >>> perceptron([0.5, -2.0], [1.0, 1.0])
    array([0., 2.])
    """
    return np.maximum(-target * pred, 0.0)


@perceptron.gradient("pred")
def _(pred: Array, target: Array) -> Array:
    return np.where(target * pred < 0, -target, 0.0)


@loss(
    formula="""
    m = target * pred
    0 if m >= 1 else (1 - m)**2 / (2 * delta) if m > 1 - delta else 1 - m - delta / 2
    """,
    cite="Rennie & Srebro 2005, Loss Functions for Preference Levels; Shalev-Shwartz & Zhang 2013, arXiv:1209.1873",
)
def smoothed_hinge(
    pred: Real,
    target: Sign,
    *,
    delta: Annotated[float, Param("how far within the margin the loss turns linear", gt=0)] = 1.0,
) -> Array:
    """Smoothed hinge loss of a score, with targets -1 and 1: quadratic near the margin, so that it has no corner.

    >>> smoothed_hinge([0.5, -2.0, 3.0], [1.0, 1.0, 1.0])
    array([0.125, 2.5  , 0.   ])
    """
    short = np.maximum(1 - target * pred, 0.0)
    core = np.minimum(short, delta)
    return core / delta * (short - 0.5 * core)


@smoothed_hinge.gradient("pred")
def _(pred: Array, target: Array, *, delta: float) -> Array:
    return -target * np.clip((1 - target * pred) / delta, 0.0, 1.0)


@loss(
    formula="1 / (1 + exp(target * pred))**2",
    cite="Masnadi-Shirazi & Vasconcelos 2008, On the Design of Loss Functions for Classification",
    consistent_for="logit((mean(target) + 1) / 2)",
    optimum=None,
)
def savage(pred: Logit, target: Sign) -> Array:
    """Savage loss of a score, with targets -1 and 1: bounded by 1, so that outliers have little pull.

    It is brier of the probability that the score is the logit of.

    >>> savage([0.0, -800.0], [1.0, 1.0])
    array([0.25, 1.  ])
    """
    return np.square(sigmoid(-target * pred))


@savage.gradient("pred")
def _(pred: Array, target: Array) -> Array:
    ahead = target * pred
    return -2 * target * np.square(sigmoid(-ahead)) * sigmoid(ahead)


@loss(
    formula="(2 * atan(target * pred) - 1)**2",
    cite="Masnadi-Shirazi, Mahadevan & Vasconcelos 2010, doi:10.1109/CVPR.2010.5540136",
    consistent_for="tan(mean(target) / 2)",
    optimum=None,
)
def tangent(pred: Real, target: Sign) -> Array:
    """Tangent loss of a score, with targets -1 and 1: bounded, and it punishes scores that are far too right too.

    It is 0 where the score is about 0.546 ahead.

    >>> tangent([0.0, 1.0], [1.0, 1.0]).round(4)
    array([1.    , 0.3258])
    """
    return np.square(2 * np.arctan(target * pred) - 1)


@tangent.gradient("pred")
def _(pred: Array, target: Array) -> Array:
    return 4 * target * (2 * np.arctan(target * pred) - 1) / (1 + np.square(pred))


@loss(
    formula="1 - target * pred",
    cite="van Rooyen, Menon & Williamson 2015, arXiv:1505.07634",
    optimum=None,
)
def unhinged(pred: Real, target: Sign) -> Array:
    """Unhinged loss of a score, with targets -1 and 1: hinge loss that is not cut off, so it has no least value.

    >>> unhinged([0.5, -2.0], [1.0, 1.0])
    array([0.5, 3. ])
    """
    return 1 - target * pred


@unhinged.gradient("pred")
def _(pred: Array, target: Array) -> Array:
    return -target
