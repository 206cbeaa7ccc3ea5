"""Decisions for several labels a row: the Hamming loss, and F scores over labels or over rows."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np

from losscli.contract.class_terms import Average, PerClass, averaged
from losscli.contract.kinds import Array, LabelProbs, LabelSet
from losscli.contract.loss import Param, Term, loss
from losscli.contract.presets import SINGLE, SINGLE_COUNTS, without_weights
from losscli.contract.scores import Score

TASKS = ("multilabel classification",)

Threshold = Annotated[float, Param("a label with a probability above this is said to be there", ge=0, le=1)]
Beta = Annotated[float, Param("how many times as much as precision recall counts", ge=0)]
_TSOUMAKAS = "Tsoumakas, Katakis & Vlahavas 2010, doi:10.1007/978-0-387-09823-4_34"


@loss(
    formula="sum(1 for p, y in zip(pred, target) if (p > threshold) != (y == 1)) / len(pred)",
    cite=_TSOUMAKAS,
    same_as={
        "torchmetrics": without_weights(notes=SINGLE_COUNTS),
        "catboost": without_weights(notes=SINGLE),
        "sklearn": "",
    },
    worst=1.0,
    first=True,
)
def hamming_loss(pred: LabelProbs, target: LabelSet, *, threshold: Threshold = 0.5) -> Array:
    """Hamming loss: the share of a row's labels that are wrong.

    There is no gradient: decisions are flat.

    >>> hamming_loss([[0.9, 0.2, 0.6], [0.1, 0.8, 0.3]], [[1, 0, 0], [1, 0, 0]]).round(4)
    array([0.3333, 0.6667])
    """
    wrong: Array = ((pred > threshold) != (target == 1)).sum(axis=-1) / pred.shape[-1]
    return wrong


@loss(
    formula="""
    said = [1 if p > threshold else 0 for p in pred]
    hits: {k: s * y for k, (s, y) in enumerate(zip(said, target))}
    said: {k: s for k, s in enumerate(said)}
    true: {k: y for k, y in enumerate(target)}
    value: 1 - averaged(average, (1 + beta**2) * hits, said + beta**2 * true, true, zero_division, hits * 0 + 1)
    """,
    cite=_TSOUMAKAS,
    worst=1.0,
    exact=True,
    scores=(
        Score(
            "multilabel_f_beta",
            """F-beta score of several labels: that of each label, averaged over labels. Higher is better.

            A label that no row has and that is never said is left out; `zero_division=0` counts it, as scikit-learn.

            >>> sorted(multilabel_f_beta([[0.9, 0.2], [0.1, 0.8]], [[1, 0], [1, 1]]))
            ['hits', 'said', 'true']
            """,
            same_as={
                "torchmetrics": without_weights("zero_division=0", notes=SINGLE_COUNTS),
                "sklearn": "zero_division=0",
            },
        ),
        Score(
            "multilabel_f1",
            """F1 score of several labels: that of each label, averaged over labels. Higher is better.

            A label that no row has and that is never said is left out; `zero_division=0` counts it, as scikit-learn.

            >>> sorted(multilabel_f1([[0.9, 0.2], [0.1, 0.8]], [[1, 0], [1, 1]]))
            ['hits', 'said', 'true']
            """,
            params={"beta": 1.0},
            same_as={
                "torchmetrics": without_weights("zero_division=0", notes=SINGLE_COUNTS),
                "sklearn": "zero_division=0",
            },
            first=True,
        ),
    ),
)
def multilabel_f_beta_loss(
    pred: LabelProbs,
    target: LabelSet,
    *,
    average: Annotated[
        Average,
        Param("mean over labels (macro), weighted by their rows (weighted), or of all together (micro)"),
    ] = "macro",
    beta: Beta = 1.0,
    zero_division: Annotated[
        float | None, Param("the number of a label that is 0/0 (none: it is left out)", ge=0, le=1)
    ] = None,
    threshold: Threshold = 0.5,
) -> Any:
    """1 less the F-beta score of several labels: that of each label, averaged over labels.

    `samples_f_beta_loss` averages over rows. There is no gradient: decisions are flat.

    >>> sorted(multilabel_f_beta_loss([[0.9, 0.2], [0.1, 0.8]], [[1, 0], [1, 1]]))
    ['hits', 'said', 'true']
    """
    said = (pred > threshold).astype(np.float64)
    by = np.broadcast_to(np.arange(pred.shape[1]), pred.shape)
    return {"hits": Term(said * target, by=by), "said": Term(said, by=by), "true": Term(target, by=by)}


@multilabel_f_beta_loss.value
def _(hits: PerClass, said: PerClass, true: PerClass, *, average: str, beta: float, zero_division: float | None) -> Any:
    every = hits * 0 + 1
    return 1 - averaged(average, (1 + beta**2) * hits, said + beta**2 * true, weight=true, undefined=zero_division,
                        among=every)  # fmt: skip


@loss(
    formula="""
    said = [1 if p > threshold else 0 for p in pred]
    hits = sum(s * y for s, y in zip(said, target))
    below = sum(said) + beta**2 * sum(target)
    1 - ((1 + beta**2) * hits / below if below else zero_division)
    """,
    cite="Godbole & Sarawagi 2004, doi:10.1007/978-3-540-24775-3_5",
    worst=1.0,
    scores=(
        Score(
            "samples_f_beta",
            """F-beta score of the labels of each row, averaged over rows. Higher is better.

            A row without labels of which none is said has `zero_division`.

            >>> samples_f_beta([[0.9, 0.2], [0.1, 0.8]], [[1, 0], [1, 1]]).round(4)
            array([1.    , 0.6667])
            """,
            same_as={"sklearn": ""},
        ),
        Score(
            "samples_f1",
            """F1 score of the labels of each row, averaged over rows (F1 of samples). Higher is better.

            A row without labels of which none is said has `zero_division`.

            >>> samples_f1([[0.9, 0.2], [0.1, 0.8]], [[1, 0], [1, 1]]).round(4)
            array([1.    , 0.6667])
            """,
            params={"beta": 1.0},
            aliases=("mean_f1",),
            same_as={"sklearn": ""},
        ),
    ),
)
def samples_f_beta_loss(
    pred: LabelProbs,
    target: LabelSet,
    *,
    beta: Beta = 1.0,
    zero_division: Annotated[float, Param("the score of a row without labels of which none is said", ge=0, le=1)] = 0.0,
    threshold: Threshold = 0.5,
) -> Array:
    """1 less the F-beta score of the labels of each row, averaged over rows.

    There is no gradient: decisions are flat.

    >>> samples_f_beta_loss([[0.9, 0.2], [0.1, 0.8]], [[1, 0], [1, 1]]).round(4)
    array([0.    , 0.3333])
    """
    said = (pred > threshold).astype(np.float64)
    hits, positive, true = (each.sum(axis=-1) for each in (said * target, said, target))
    below = positive + beta**2 * true
    # What is missed and said too much: 1 less the score would not be 0 where all are right.
    wrong = positive - hits + beta**2 * (true - hits)
    some = below > 0
    return np.where(some, wrong / np.where(some, below, 1.0), 1 - zero_division)
