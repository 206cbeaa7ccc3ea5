"""Losses made of the counts of a confusion matrix: how many were said to be positive, and how many are."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np

from losscli.contract.kinds import Binary, Prob
from losscli.contract.loss import Param, Term, loss
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


@loss(
    formula="""
    missed: (1 if pred <= threshold else 0) if target == 1 else skip
    alarms: (1 if pred > threshold else 0) if target == 0 else skip
    value: (missed + alarms) / 2
    """,
    cite="Brodersen et al. 2010, doi:10.1109/ICPR.2010.764",
    worst=1.0,
    exact=True,
    labels="positive",
    scores=(
        Score(
            "balanced_accuracy",
            """Balanced accuracy: the mean of sensitivity and specificity. Higher is better.

            Both classes count the same, however rare one is. It is undefined where a class has no row: scikit-learn
            takes the other class alone there.

            >>> {name: term.values[term.where].tolist() for name, term in balanced_accuracy([0.9, 0.2], [1, 0]).items()}
            {'missed': [0.0], 'alarms': [0.0]}
            """,
        ),
    ),
)
def balanced_error(pred: Prob, target: Binary, *, threshold: Annotated[float, Param(_SAYS, ge=0, le=1)] = 0.5) -> Any:
    """Balanced error rate: the mean of the false negative rate and the false positive rate.

    Both classes count the same, however rare one is; where one has no row, it is undefined. There is no gradient.

    >>> {name: term.values[term.where].tolist() for name, term in balanced_error([0.9, 0.2], [1, 0]).items()}
    {'missed': [0.0], 'alarms': [0.0]}
    """
    positive = target == 1
    said = (pred > threshold).astype(np.float64)
    return {"missed": Term(1 - said, positive), "alarms": Term(said, ~positive)}


@balanced_error.value
def _(missed: Any, alarms: Any) -> Any:
    return (missed + alarms) / 2


_F_SCORES = (
    Score(
        "f_beta",
        """F-beta score: the weighted harmonic mean of precision and recall. Higher is better.

        Recall counts beta times as much as precision. It is undefined where no row is positive and none is said to
        be: scikit-learn gives 0 there, with a warning.

        >>> {name: term.values.tolist() for name, term in f_beta([0.9, 0.8, 0.2], [1, 0, 1]).items()}
        {'hits': [1.0, 0.0, 0.0], 'said': [1.0, 1.0, 0.0], 'true': [1.0, 0.0, 1.0]}
        """,
    ),
    Score(
        "f1",
        """F1 score: the harmonic mean of precision and recall. Higher is better.

        It is undefined where no row is positive and none is said to be: scikit-learn gives 0 there, with a warning.

        >>> {name: term.values.tolist() for name, term in f1([0.9, 0.8, 0.2], [1, 0, 1]).items()}
        {'hits': [1.0, 0.0, 0.0], 'said': [1.0, 1.0, 0.0], 'true': [1.0, 0.0, 1.0]}
        """,
        params={"beta": 1.0},
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
    value: 1 - (hits - said * true) / sqrt(said * (1 - said) * true * (1 - true))
    """,
    cite="Matthews 1975, doi:10.1016/0005-2795(75)90109-9",
    worst=2.0,
    exact=True,
    labels="positive",
    scores=(
        Score(
            "mcc",
            """Matthews correlation coefficient (phi) of decisions and targets, from -1 to 1. Higher is better.

            It is undefined where all rows are of one class, or all are said to be: scikit-learn gives 0 there.

            >>> {name: term.values.tolist() for name, term in mcc([0.9, 0.8, 0.2], [1, 0, 1]).items()}
            {'hits': [1.0, 0.0, 0.0], 'said': [1.0, 1.0, 0.0], 'true': [1.0, 0.0, 1.0]}
            """,
            aliases=("matthews_correlation",),
        ),
    ),
)
def mcc_loss(pred: Prob, target: Binary, *, threshold: Annotated[float, Param(_SAYS, ge=0, le=1)] = 0.5) -> Any:
    """1 less the Matthews correlation coefficient of decisions and targets: 0 if all are right, 2 if all are wrong.

    It is undefined where all rows are of one class, or all are said to be. There is no gradient: decisions are flat.

    >>> {name: term.values.tolist() for name, term in mcc_loss([0.9, 0.8, 0.2], [1, 0, 1]).items()}
    {'hits': [1.0, 0.0, 0.0], 'said': [1.0, 1.0, 0.0], 'true': [1.0, 0.0, 1.0]}
    """
    said = (pred > threshold).astype(np.float64)
    return {"hits": Term(target * said), "said": Term(said), "true": Term(target)}


@mcc_loss.value
def _(hits: Any, said: Any, true: Any) -> Any:
    return 1 - (hits - said * true) / np.sqrt(said * (1 - said) * true * (1 - true))
