"""Losses made of the counts of a confusion matrix: how many were said to be positive, and how many are."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np

from losscli.contract.kinds import Binary, Prob
from losscli.contract.loss import Param, Term, loss
from losscli.contract.presets import SINGLE, SINGLE_COUNTS, Preset, without_weights
from losscli.contract.scores import Score

TASKS = ("binary classification",)

_SAYS = "a probability above this says positive"
_RIJSBERGEN = "van Rijsbergen 1979, Information Retrieval, 2nd ed., chapter 7"
_FAWCETT = "Fawcett 2006, doi:10.1016/j.patrec.2005.10.010"


@loss(
    formula="1 - target if pred > threshold else skip",
    cite="Benjamini & Hochberg 1995, doi:10.1111/j.2517-6161.1995.tb02031.x",
    # Not `binary`: the rows that take part are others for another model, so that two proportions are not paired.
    worst=1.0,
    labels="positive",
    scores=(
        Score(
            "precision",
            """Precision (positive predictive value): the share of rows said to be positive that are. Higher is better.

            It is undefined where no row is said to be positive: scikit-learn gives 0 there, with a warning.

            >>> term = precision([0.9, 0.8, 0.6, 0.2], [1, 0, 1, 1])
            >>> term.values[term.where]
            array([1., 0., 1.])
            """,
            same_as={
                "keras": "",
                "torchmetrics": without_weights(notes=SINGLE_COUNTS),
                "catboost": Preset(notes=SINGLE),
                "sklearn": "",
            },
            aliases=("positive_predictive_value",),
            cite=_FAWCETT,
        ),
    ),
)
def false_discovery_rate(
    pred: Prob, target: Binary, *, threshold: Annotated[float, Param(_SAYS, ge=0, le=1)] = 0.5
) -> Term:
    """False discovery rate: the share of rows said to be positive that are not.

    Only rows above `threshold` take part; where there is none, it is undefined. There is no gradient.

    >>> term = false_discovery_rate([0.9, 0.8, 0.6, 0.2], [1, 0, 1, 1])
    >>> term.values[term.where]
    array([0., 1., 0.])
    """
    return Term(1 - target, pred > threshold)


@loss(
    formula="(1 if pred <= threshold else 0) if target == 1 else skip",
    cite=_FAWCETT,
    binary=True,
    labels="positive",
    scores=(
        Score(
            "recall",
            """Recall (sensitivity): the share of positive rows that are said to be positive. Higher is better.

            It is undefined where no row is positive: scikit-learn gives 0 there, with a warning.

            >>> term = recall([0.9, 0.8, 0.6, 0.2], [1, 0, 1, 1])
            >>> term.values[term.where]
            array([1., 1., 0.])
            """,
            same_as={
                "keras": "",
                "torchmetrics": without_weights(notes=SINGLE_COUNTS),
                "catboost": Preset(notes=SINGLE),
                "sklearn": "",
            },
            aliases=("sensitivity", "true_positive_rate"),
        ),
    ),
)
def false_negative_rate(
    pred: Prob, target: Binary, *, threshold: Annotated[float, Param(_SAYS, ge=0, le=1)] = 0.5
) -> Term:
    """False negative rate (miss rate): the share of positive rows that are said to be negative.

    Only positive rows take part; where there is none, it is undefined. There is no gradient.

    >>> term = false_negative_rate([0.9, 0.8, 0.6, 0.2], [1, 0, 1, 1])
    >>> term.values[term.where]
    array([0., 0., 1.])
    """
    return Term((pred <= threshold).astype(np.float64), target == 1)


@loss(
    formula="(1 if pred > threshold else 0) if target == 0 else skip",
    cite=_FAWCETT,
    binary=True,
    labels="positive",
    scores=(
        Score(
            "specificity",
            """Specificity: the share of negative rows that are said to be negative. Higher is better.

            It is undefined where no row is negative.

            >>> term = specificity([0.9, 0.8, 0.6, 0.2], [1, 0, 0, 0])
            >>> term.values[term.where]
            array([0., 0., 1.])
            """,
            aliases=("true_negative_rate",),
            same_as={"torchmetrics": without_weights(notes=SINGLE_COUNTS)},
        ),
    ),
)
def false_positive_rate(
    pred: Prob, target: Binary, *, threshold: Annotated[float, Param(_SAYS, ge=0, le=1)] = 0.5
) -> Term:
    """False positive rate (false alarm rate): the share of negative rows that are said to be positive.

    Only negative rows take part; where there is none, it is undefined. There is no gradient.

    >>> term = false_positive_rate([0.9, 0.8, 0.6, 0.2], [1, 0, 0, 0])
    >>> term.values[term.where]
    array([1., 1., 0.])
    """
    return Term((pred > threshold).astype(np.float64), target == 0)


_F_SCORES = (
    Score(
        "f_beta",
        """F-beta score: the weighted harmonic mean of precision and recall. Higher is better.

        Recall counts beta times as much as precision. It is undefined where no row is positive and none is said to
        be: scikit-learn gives 0 there, with a warning.

        >>> {name: term.values.tolist() for name, term in f_beta([0.9, 0.8, 0.2], [1, 0, 1]).items()}
        {'hits': [1.0, 0.0, 0.0], 'said': [1.0, 1.0, 0.0], 'true': [1.0, 0.0, 1.0]}
        """,
        same_as={"torchmetrics": without_weights(notes=SINGLE_COUNTS), "catboost": Preset(notes=SINGLE)},
    ),
    Score(
        "f1",
        """F1 score: the harmonic mean of precision and recall. Higher is better.

        It is undefined where no row is positive and none is said to be: scikit-learn gives 0 there, with a warning.

        >>> {name: term.values.tolist() for name, term in f1([0.9, 0.8, 0.2], [1, 0, 1]).items()}
        {'hits': [1.0, 0.0, 0.0], 'said': [1.0, 1.0, 0.0], 'true': [1.0, 0.0, 1.0]}
        """,
        params={"beta": 1.0},
        same_as={"torchmetrics": without_weights(notes=SINGLE_COUNTS), "catboost": Preset(notes=SINGLE), "sklearn": ""},
        aliases=("f1_score",),
    ),
)


@loss(
    formula="""
    hits: target * (1 if pred > threshold else 0)
    said: 1 if pred > threshold else 0
    true: target
    value: 1 - (1 + beta**2) * hits / (said + beta**2 * true)
    """,
    cite=_RIJSBERGEN,
    worst=1.0,
    exact=True,
    labels="positive",
    scores=_F_SCORES,
)
def f_beta_loss(
    pred: Prob,
    target: Binary,
    *,
    beta: Annotated[float, Param("how many times as much as precision recall counts", ge=0)] = 1.0,
    threshold: Annotated[float, Param(_SAYS, ge=0, le=1)] = 0.5,
) -> Any:
    """1 less the F-beta score (van Rijsbergen's effectiveness), of true positives, those said and those there are.

    It is undefined where no row is positive and none is said to be. There is no gradient: decisions are flat.

    >>> {name: term.values.tolist() for name, term in f_beta_loss([0.9, 0.8, 0.2], [1, 0, 1]).items()}
    {'hits': [1.0, 0.0, 0.0], 'said': [1.0, 1.0, 0.0], 'true': [1.0, 0.0, 1.0]}
    """
    said = (pred > threshold).astype(np.float64)
    return {"hits": Term(target * said), "said": Term(said), "true": Term(target)}


@f_beta_loss.value
def _(hits: Any, said: Any, true: Any, *, beta: float) -> Any:
    return 1 - (1 + beta**2) * hits / (said + beta**2 * true)


@loss(
    formula="""
    hits: target * (1 if pred > threshold else 0)
    said: 1 if pred > threshold else 0
    true: target
    value: 1 - hits / (said + true - hits)
    """,
    cite="Jaccard 1912, doi:10.1111/j.1469-8137.1912.tb05611.x",
    worst=1.0,
    exact=True,
    labels="positive",
    scores=(
        Score(
            "jaccard_score",
            """Jaccard index of decisions: true positives over rows that are positive or said to be. Higher is better.

            It is undefined where no row is positive and none is said to be: scikit-learn gives 0 there, with a warning.

            >>> {name: term.values.tolist() for name, term in jaccard_score([0.9, 0.8, 0.2], [1, 0, 1]).items()}
            {'hits': [1.0, 0.0, 0.0], 'said': [1.0, 1.0, 0.0], 'true': [1.0, 0.0, 1.0]}
            """,
            same_as={"torchmetrics": without_weights(notes=SINGLE_COUNTS), "sklearn": ""},
            aliases=("critical_success_index", "threat_score"),
        ),
    ),
)
def jaccard_error(pred: Prob, target: Binary, *, threshold: Annotated[float, Param(_SAYS, ge=0, le=1)] = 0.5) -> Any:
    """1 less the Jaccard index of decisions: wrong rows over those that are positive or said to be.

    It is undefined where no row is positive and none is said to be. There is no gradient: decisions are flat.

    >>> {name: term.values.tolist() for name, term in jaccard_error([0.9, 0.8, 0.2], [1, 0, 1]).items()}
    {'hits': [1.0, 0.0, 0.0], 'said': [1.0, 1.0, 0.0], 'true': [1.0, 0.0, 1.0]}
    """
    said = (pred > threshold).astype(np.float64)
    return {"hits": Term(target * said), "said": Term(said), "true": Term(target)}


@jaccard_error.value
def _(hits: Any, said: Any, true: Any) -> Any:
    return 1 - hits / (said + true - hits)
