"""Losses of decided sets of labels against true ones: one set a row."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from losscli.contract.kinds import Array, LabelProbs, LabelSet
from losscli.contract.loss import Param, Term, loss
from losscli.contract.presets import SINGLE_COUNTS, without_weights
from losscli.contract.scores import Score

TASKS = ("multilabel classification",)

_FLAT = "decisions are flat"
_Threshold = Annotated[float, Param("a probability above this says that the label is there", ge=0, le=1)]


@loss(
    formula="1 if any((p > threshold) != (y == 1) for p, y in zip(pred, target)) else 0",
    cite="Zhu, Ji, Xu & Gong 2005, doi:10.1145/1076034.1076082; Tsoumakas & Katakis 2007, doi:10.4018/jdwm.2007070101",
    binary=True,
    no_gradient=_FLAT,
    scores=(
        Score(
            "subset_accuracy",
            """Subset accuracy (exact match ratio): the share of rows whose labels are all right. Higher is better.

            It is accuracy_score of scikit-learn for several labels.

            >>> subset_accuracy([[0.9, 0.2], [0.6, 0.7]], [[1, 0], [1, 0]])
            array([1., 0.])
            """,
            aliases=("exact_match_ratio",),
            same_as={"torchmetrics": without_weights(notes=SINGLE_COUNTS)},
        ),
    ),
)
def subset_zero_one(pred: LabelProbs, target: LabelSet, *, threshold: _Threshold = 0.5) -> Array:
    """Subset zero-one loss: the share of rows of which one label or more is decided wrong.

    >>> subset_zero_one([[0.9, 0.2], [0.6, 0.7]], [[1, 0], [1, 0]])
    array([0., 1.])
    """
    return ((pred > threshold) != (target > 0)).any(axis=-1).astype(float)


@loss(
    formula="""
    said = [p > threshold for p in pred]
    either = sum(1 for s, y in zip(said, target) if s or y)
    1 - sum(1 for s, y in zip(said, target) if s and y) / either if either else skip
    """,
    cite="Godbole & Sarawagi 2004, doi:10.1007/978-3-540-24775-3_5",
    worst=1.0,
    no_gradient=_FLAT,
    scores=(
        Score(
            "jaccard_samples",
            """Jaccard index of label sets: the labels of both over those of either, by row. Higher is better.

            It is jaccard_score(average="samples") of scikit-learn, which gives 0 to a row without labels on both sides.

            >>> jaccard_samples([[0.9, 0.8], [0.6, 0.3]], [[1, 0], [1, 1]]).values
            array([0.5, 0.5])
            """,
        ),
    ),
)
def jaccard_samples_loss(pred: LabelProbs, target: LabelSet, *, threshold: _Threshold = 0.5) -> Term:
    """Jaccard loss of label sets: 1 less the labels that are in both over those in either; the mean over rows.

    A row without labels on both sides is undefined: it takes no part and is counted. scikit-learn gives it a score
    of 0.

    >>> jaccard_samples_loss([[0.9, 0.8], [0.6, 0.3]], [[1, 0], [1, 1]]).values
    array([0.5, 0.5])
    """
    said, true = pred > threshold, target > 0
    either = (said | true).sum(axis=-1)
    wrong = (said != true).sum(axis=-1)
    return Term(wrong / np.maximum(either, 1), either > 0)
