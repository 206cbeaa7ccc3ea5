"""Losses of several labels a row, each of which is there or not: of a score, a logit or a probability for each."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from losscli.contract.kinds import Array, LabelProbs, LabelSet, LogitVector
from losscli.contract.loss import Param, loss
from losscli.contract.presets import SINGLE, SINGLE_COUNTS, by_rows, without_weights
from losscli.contract.scores import Score
from losscli.losses._math import sigmoid, softplus, times

TASKS = ("multilabel classification",)


@loss(
    formula="sum(log(1 + exp(z)) - y * z for z, y in zip(pred, target)) / len(pred)",
    cite="Nam, Kim, Loza Mencia, Gurevych & Fuernkranz 2014, arXiv:1312.5419",
    consistent_for="logit(mean(target))",
    same_as={
        "optax": without_weights(),
        "keras": by_rows(),
        "catboost": without_weights(notes=SINGLE),
        "torch": without_weights(),
        "timm": without_weights(),
    },
    aliases=("multilabel_soft_margin",),
    first=True,
)
def multilabel_bce(pred: LogitVector, target: LabelSet) -> Array:
    """Multilabel binary cross-entropy of logits: the mean over the labels of a row.

    >>> multilabel_bce([[0.0, 0.0], [800.0, -800.0]], [[1, 0], [1, 1]]).round(4)
    array([  0.6931, 400.    ])
    """
    return softplus(np.where(target > 0, -pred, pred)).sum(axis=-1) / pred.shape[-1]


@multilabel_bce.gradient("pred")
def _(pred: Array, target: Array) -> Array:
    return np.where(target > 0, -sigmoid(-pred), sigmoid(pred)) / pred.shape[-1]


@loss(
    formula="""
    def part(p, y):
        q = max(p - shift, 0)
        return (1 - p)**gamma_present * log(p) if y else (q**gamma_absent * log(1 - q) if q else 0)
    -sum(part(p, y) for p, y in zip(pred, target))
    """,
    cite="Ridnik, Ben-Baruch, Zamir, Noy, Friedman, Protter & Zelnik-Manor 2021, arXiv:2009.14119",
    aliases=("asl",),
)
def asymmetric_loss(
    pred: LabelProbs,
    target: LabelSet,
    *,
    gamma_absent: Annotated[float, Param("how fast easy labels that are absent lose weight", ge=0)] = 4.0,
    gamma_present: Annotated[float, Param("how fast easy labels that are there lose weight", ge=0)] = 1.0,
    shift: Annotated[
        float, Param("probabilities of absent labels are lowered by this, to 0 at least", ge=0, lt=1)
    ] = 0.05,
) -> Array:
    """Asymmetric loss (ASL) of several labels: a focal loss with other powers for those that are there and absent.

    It is the sum over the labels. The code of its authors limits the argument of logarithms to 1e-8 and, by default,
    holds the weights constant in the gradient; timm's does not, and nor does this.

    >>> asymmetric_loss([[0.5, 0.55]], [[1, 0]]).round(4)
    array([0.3899])
    """
    value, _ = _parts(pred, target, gamma_absent, gamma_present, shift)
    return value.sum(axis=-1)


def _parts(pred: Array, target: Array, absent: float, present: float, shift: float) -> tuple[Array, Array]:
    """The value of each label, and its slope."""
    there, missed, low = target > 0, 1 - pred, np.maximum(pred - shift, 0.0)
    log, log_rest = np.log(pred), np.log1p(-low)
    value = -np.where(there, times(missed**present, log), times(low**absent, log_rest))
    # At the ends of a power below 1, the logarithm that is 0 there beats it.
    fading = np.where(missed > 0, present * missed ** (present - 1) * log, 0.0)
    rising = np.where(low > 0, -absent * low ** (absent - 1) * log_rest + low**absent / (1 - low), 0.0)
    return value, np.where(there, fading - missed**present / pred, rising)


@asymmetric_loss.gradient("pred")
def _(pred: Array, target: Array, *, gamma_absent: float, gamma_present: float, shift: float) -> Array:
    return _parts(pred, target, gamma_absent, gamma_present, shift)[1]


@loss(
    formula="""
    here = [s for s, y in zip(pred, target) if y]
    gone = [s for s, y in zip(pred, target) if not y]
    sum(1 for s in here for o in gone if s <= o) / (len(here) * len(gone)) if here and gone else 0
    """,
    cite="Tsoumakas, Katakis & Vlahavas 2010, doi:10.1007/978-0-387-09823-4_34",
    same_as={"torchmetrics": without_weights(notes=SINGLE_COUNTS), "sklearn": ""},
    worst=1.0,
)
def label_ranking_loss(pred: LogitVector, target: LabelSet) -> Array:
    """Label ranking loss: the share of pairs of a label that is there and one that is not, in the wrong order.

    A tie is wrong. Where all labels are there, or none, it is 0. There is no gradient: the value is flat wherever it
    is smooth.

    >>> label_ranking_loss([[0.5, 0.2, 0.9]], [[1, 0, 0]])
    array([0.5])
    """
    wrong = sum(np.where(target > 0, pred <= pred[:, [k]], False).sum(axis=-1) * (target[:, k] == 0)
                for k in range(pred.shape[-1]))  # fmt: skip
    here = target.sum(axis=-1)
    pairs = here * (pred.shape[-1] - here)
    return np.asarray(wrong / np.where(pairs > 0, pairs, 1.0))


@loss(
    formula="""
    here = [s for s, y in zip(pred, target) if y]
    right = sum(sum(1 for x in here if x >= s) / sum(1 for x in pred if x >= s) for s in here)
    1 - right / len(here) if here and len(here) < len(pred) else 0
    """,
    cite="Schapire & Singer 2000, doi:10.1023/A:1007649029923; "
    "Tsoumakas, Katakis & Vlahavas 2010, doi:10.1007/978-0-387-09823-4_34",
    worst=1.0,
    scores=(
        Score(
            "lrap",
            """Label ranking average precision (LRAP): mean precision at the labels that are there. Higher is better.

            Where all labels are there, or none, it is 1.

            >>> lrap([[0.5, 0.2, 0.9]], [[1, 0, 0]])
            array([0.5])
            """,
            aliases=("label_ranking_average_precision",),
            same_as={"torchmetrics": without_weights(notes=SINGLE_COUNTS), "sklearn": ""},
            first=True,
        ),
    ),
)
def lrap_loss(pred: LogitVector, target: LabelSet) -> Array:
    """1 less the label ranking average precision: how many absent labels stand at or above those that are there.

    Where all labels are there, or none, it is 0. There is no gradient: the value is flat wherever it is smooth.

    >>> lrap_loss([[0.5, 0.2, 0.9]], [[1, 0, 0]])
    array([0.5])
    """
    missed, here = np.zeros(len(pred)), target.sum(axis=-1)
    for k in range(pred.shape[-1]):
        above = pred >= pred[:, [k]]
        missed += target[:, k] * ((above & (target == 0)).sum(axis=-1) / above.sum(axis=-1))
    return np.asarray(missed / np.where(here > 0, here, 1.0))


@loss(
    formula="""
    here = [s for s, y in zip(pred, target) if y]
    max(sum(1 for x in pred if x >= s) for s in here) if here else 0
    """,
    cite="Tsoumakas, Katakis & Vlahavas 2010, doi:10.1007/978-0-387-09823-4_34",
    same_as={"torchmetrics": without_weights(notes=SINGLE_COUNTS), "sklearn": ""},
    optimum=None,
)
def coverage_error(pred: LogitVector, target: LabelSet) -> Array:
    """Coverage error: how far down the ranking of the labels one must go to have all that are there.

    The best is the number of labels that are there; some texts count from 0, which is 1 less. Where none is there it
    is 0. There is no gradient: the value is flat wherever it is smooth.

    >>> coverage_error([[0.5, 0.2, 0.9]], [[1, 0, 0]])
    array([2.])
    """
    last = np.where(target > 0, pred, np.inf).min(axis=-1, keepdims=True)
    return (pred >= last).sum(axis=-1).astype(float)


@loss(
    formula="""
    here = [s for s, y in zip(pred, target) if y]
    gone = [s for s, y in zip(pred, target) if not y]
    sum(max(0, 1 - (s - o)) for s in here for o in gone) / len(pred)
    """,
    cite="Crammer & Singer 2003, JMLR 3:1025-1058; torch.nn.MultiLabelMarginLoss",
)
def multilabel_margin(pred: LogitVector, target: LabelSet) -> Array:
    """Multilabel margin loss: each label that is there should be ahead of each that is not by 1.

    It is divided by the number of labels, as in torch, whose targets are lists of the labels that are there.

    >>> multilabel_margin([[0.5, 0.25, 1.0]], [[1, 0, 0]])
    array([0.75])
    """
    short = sum(_short(pred, target, k).sum(axis=-1) for k in range(pred.shape[-1]))
    return np.asarray(short / pred.shape[-1])


def _short(pred: Array, target: Array, absent: int) -> Array:
    """By how much each label that is there falls short of the margin before one that is not."""
    paired = (target > 0) & (target[:, [absent]] == 0)
    return np.where(paired, np.maximum(1 - (pred - pred[:, [absent]]), 0.0), 0.0)


@multilabel_margin.gradient("pred")
def _(pred: Array, target: Array) -> Array:
    slope = np.zeros_like(pred)
    for k in range(pred.shape[-1]):
        active = _short(pred, target, k) > 0
        slope -= active
        slope[:, k] += active.sum(axis=-1)
    return slope / pred.shape[-1]


@loss(
    formula="""
    here = sum(exp(-z) for z, y in zip(pred, target) if y)
    gone = sum(exp(z) for z, y in zip(pred, target) if not y)
    log(1 + here) + log(1 + gone)
    """,
    cite="Su, Zhu, Murtadha, Pan, Wen & Liu 2022, arXiv:2208.02955",
    same_as={"timm": without_weights()},
)
def zlpr(pred: LogitVector, target: LabelSet) -> Array:
    """ZLPR loss: labels that are there should have logits above 0 and above those of all that are absent.

    >>> zlpr([[0.0, 0.0]], [[1, 0]]).round(4)
    array([1.3863])
    """
    return np.asarray(sum(_log_one_plus_sum(*side) for side in _sides(pred, target)))


def _sides(pred: Array, target: Array) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    return (-pred, target > 0), (pred, target == 0)


def _log_one_plus_sum(x: Array, used: Array) -> Array:
    """log(1 + the sum of e^x), with its digits where all are small."""
    x = np.where(used, x, -np.inf)
    top = np.maximum(x.max(axis=-1), 0.0)
    grown = np.exp(x - top[:, None]).sum(axis=-1)
    return np.where(top > 0, top + np.log(np.exp(-top) + grown), np.log1p(grown))


@zlpr.gradient("pred")
def _(pred: Array, target: Array) -> Array:
    (low, here), (high, gone) = ((x - _log_one_plus_sum(x, used)[:, None], used) for x, used in _sides(pred, target))
    return np.where(here, -np.exp(np.where(here, low, 0.0)), np.exp(np.where(gone, high, 0.0)))
