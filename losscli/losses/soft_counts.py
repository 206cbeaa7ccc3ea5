"""Scores of a confusion matrix whose counts are sums of probabilities: they have a gradient."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np

from losscli.contract.kinds import Array, Binary, Prob
from losscli.contract.loss import Param, Term, loss
from losscli.contract.scores import Score

TASKS = ("binary classification",)


def _counts(pred: Array, target: Array) -> dict[str, Term]:
    return {"hits": Term(target * pred), "said": Term(pred), "true": Term(target)}


def _slopes(pred: Array, target: Array, **_: Any) -> dict[str, Array]:
    return {"hits": target, "said": np.ones_like(pred), "true": np.zeros_like(pred)}


@loss(
    formula="""
    hits: target * pred
    said: pred
    true: target
    value: 1 - (1 + beta**2) * hits / (said + beta**2 * true)
    """,
    cite="Dembczynski, Jachnik, Kotlowski, Waegeman & Huellermeier 2013, ICML 28(3):1130-1138",
    worst=1.0,
    exact=True,
    scores=(
        Score(
            "soft_f_beta",
            """Probabilistic F-beta score: F-beta of sums of probabilities in the place of counts. Higher is better.

            Kaggle calls it the probabilistic F1 score (pF1). It is undefined where no row is positive and all
            probabilities are 0.

            >>> sorted(soft_f_beta([0.9, 0.8, 0.2], [1, 0, 1]))
            ['hits', 'said', 'true']
            """,
        ),
        Score(
            "soft_f1",
            """Probabilistic F1 score (pF1): F1 of sums of probabilities in the place of counts. Higher is better.

            It is undefined where no row is positive and all probabilities are 0.

            >>> sorted(soft_f1([0.9, 0.8, 0.2], [1, 0, 1]))
            ['hits', 'said', 'true']
            """,
            params={"beta": 1.0},
            aliases=("pf1",),
        ),
    ),
)
def soft_f_beta_loss(
    pred: Prob,
    target: Binary,
    *,
    beta: Annotated[float, Param("how many times as much as precision recall counts", ge=0)] = 1.0,
) -> Any:
    """1 less the probabilistic F-beta score: F-beta of sums of probabilities in the place of counts.

    Of one image's pixels it is the soft Dice loss without smoothing.

    >>> {name: term.values.tolist() for name, term in soft_f_beta_loss([0.9, 0.8, 0.2], [1, 0, 1]).items()}
    {'hits': [0.9, 0.0, 0.2], 'said': [0.9, 0.8, 0.2], 'true': [1.0, 0.0, 1.0]}
    """
    return _counts(pred, target)


@soft_f_beta_loss.value
def _(hits: Any, said: Any, true: Any, *, beta: float) -> Any:
    return 1 - (1 + beta**2) * hits / (said + beta**2 * true)


soft_f_beta_loss.gradient("pred")(_slopes)


@loss(
    formula="""
    hits: target * pred
    said: pred
    true: target
    value: 1 - (hits - said * true) / sqrt(said * (1 - said) * true * (1 - true))
    """,
    cite="Abhishek & Hamarneh 2021, arXiv:2010.13454",
    worst=2.0,
    exact=True,
    scores=(
        Score(
            "soft_mcc",
            """Matthews correlation of sums of probabilities in the place of counts. Higher is better.

            It is undefined where all rows are of one class, or all probabilities are 0, or 1.

            >>> sorted(soft_mcc([0.9, 0.8, 0.2], [1, 0, 1]))
            ['hits', 'said', 'true']
            """,
        ),
    ),
)
def soft_mcc_loss(pred: Prob, target: Binary) -> Any:
    """1 less the Matthews correlation of sums of probabilities in the place of counts.

    It is undefined where all rows are of one class, or all probabilities are 0, or 1.

    >>> sorted(soft_mcc_loss([0.9, 0.8, 0.2], [1, 0, 1]))
    ['hits', 'said', 'true']
    """
    return _counts(pred, target)


@soft_mcc_loss.value
def _(hits: Any, said: Any, true: Any) -> Any:
    return 1 - (hits - said * true) / np.sqrt(said * (1 - said) * true * (1 - true))


soft_mcc_loss.gradient("pred")(_slopes)
