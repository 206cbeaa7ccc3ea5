"""Losses of probabilities of class 1 beside what its share, or a cost of wrong decisions, makes of them."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np

from losscli.contract.kinds import Array, Binary, Prob
from losscli.contract.loss import Param, Term, loss
from losscli.contract.presets import without_weights
from losscli.contract.scores import Score

TASKS = ("binary classification",)

_LENG = "Leng, Tan, Liu, Cubuk, Shi, Cheng & Anguelov 2022, arXiv:2204.12511"


@loss(
    formula="""
    nll: -log(pred if target else 1 - pred)
    ones: target
    zeros: 1 - target
    value: nll / -(ones * log(ones / (ones + zeros)) + zeros * log(zeros / (ones + zeros)))
    """,
    cite="He et al. 2014, Practical Lessons from Predicting Clicks on Ads at Facebook, doi:10.1145/2648584.2648589",
    consistent_for="mean(target)",
    scores=(
        Score(
            "d2_log_loss",
            """D² of the log loss: 1 less that of the prediction over that of the share of class 1. Higher is better.

            1 is a perfect prediction, 0 as good as the share of class 1 on these rows for all of them.

            >>> sorted(d2_log_loss([0.5, 0.25], [1, 0]))
            ['nll', 'ones', 'zeros']
            """,
            same_as={"sklearn": ""},
        ),
    ),
)
def normalized_entropy(pred: Prob, target: Binary) -> Any:
    """Normalized entropy: the log loss over that of the share of class 1, which is the best constant.

    The share is that of the rows (or of the slice). With rows of one class alone there is no finite number.

    >>> {name: term.values.round(4).tolist() for name, term in normalized_entropy([0.5, 0.25], [1, 0]).items()}
    {'nll': [0.6931, 0.2877], 'ones': [1.0, 0.0], 'zeros': [0.0, 1.0]}
    """
    nll = np.abs(np.where(target > 0, np.log(pred), np.log1p(-pred)))
    return {"nll": Term(nll), "ones": Term(target), "zeros": Term(1 - target)}


@normalized_entropy.value
def _(nll: Any, ones: Any, zeros: Any) -> Any:
    both = ones + zeros
    return nll / -(ones * np.log(ones / both) + zeros * np.log(zeros / both))


@normalized_entropy.gradient("pred")
def _(pred: Array, target: Array) -> dict[str, Array]:
    nothing = np.zeros_like(pred)
    return {"nll": np.where(target > 0, -1 / pred, 1 / (1 - pred)), "ones": nothing, "zeros": nothing}


@loss(
    formula="(0 if target else threshold / (1 - threshold)) - (1 if target else 0) if pred > threshold else 0",
    cite="Vickers & Elkin 2006, doi:10.1177/0272989X06295361",
    optimum=None,
    scores=(
        Score(
            "net_benefit",
            """Net benefit of decisions at a threshold, as in decision curves: true positives less weighted false ones.

            A false positive costs the odds of the threshold. It is at most the share of class 1, and 0 without any
            decision for it. Higher is better.

            >>> net_benefit([0.75, 0.75, 0.25], [1, 0, 1], threshold=0.5)
            array([ 1., -1.,  0.])
            """,
            constant=0.0,
        ),
    ),
)
def net_benefit_loss(
    pred: Prob,
    target: Binary,
    *,
    threshold: Annotated[
        float, Param("a probability above this decides for class 1; its odds are the cost of a false one", ge=0, lt=1)
    ] = 0.5,
) -> Array:
    """Minus the net benefit of decisions at a threshold: the cost of false positives, less the true positives.

    There is no gradient: the value is flat wherever it is smooth.

    >>> net_benefit_loss([0.75, 0.75, 0.25], [1, 0, 1], threshold=0.5)
    array([-1.,  1.,  0.])
    """
    return np.where(pred > threshold, np.where(target > 0, -1.0, threshold / (1 - threshold)), 0.0)


@loss(
    formula="""
    p = pred if target else 1 - pred
    (1 - p)**gamma * -log(p) + coefficient * (1 - p)**(gamma + 1)
    """,
    cite=_LENG,
    same_as={"timm": without_weights(notes="the library takes logits")},
    optimum=None,
)
def poly1_bce(
    pred: Prob,
    target: Binary,
    *,
    coefficient: Annotated[float, Param("factor of 1 less the probability of the true class")] = 2.0,
    gamma: Annotated[float, Param("how fast easy rows lose weight; 0 is without a focus", ge=0)] = 0.0,
) -> Array:
    """Poly-1 binary cross-entropy: its expansion in 1 - p with another first coefficient; with `gamma`, a focal loss.

    `coefficient` is epsilon of the paper, 2 in timm.

    >>> poly1_bce([0.5, 1.0], [1, 1]).round(4)
    array([1.6931, 0.    ])
    """
    entropy, missed = _entropy_and_missed(pred, target)
    return np.where(missed > 0, missed**gamma * entropy, 0.0) + coefficient * missed ** (gamma + 1)


def _entropy_and_missed(pred: Array, target: Array) -> tuple[Array, Array]:
    """-log p and 1 - p of the class that came true."""
    there = target > 0
    return np.where(there, -np.log(pred), -np.log1p(-pred)), np.where(there, 1 - pred, pred)


@poly1_bce.gradient("pred")
def _(pred: Array, target: Array, *, coefficient: float, gamma: float) -> Array:
    entropy, missed = _entropy_and_missed(pred, target)
    # Nothing is missed only at p = 1, where the logarithm is 0 and beats missed^(gamma - 1).
    fading = np.where(missed > 0, gamma * missed ** (gamma - 1) * entropy, 0.0) if gamma else 0.0
    own = np.where(target > 0, pred, 1 - pred)
    slope = missed**gamma / own + fading + coefficient * (gamma + 1) * missed**gamma
    return np.where(target > 0, -slope, slope)
