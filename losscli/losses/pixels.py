"""Losses of the overlap of two sides over all pixels together: the ratio of two sums over the rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from losscli.contract.kinds import Array, Binary, Prob
from losscli.contract.loss import Term, loss
from losscli.contract.regions import HardMask, Mask
from losscli.contract.scores import Score
from losscli.losses._overlaps import DICE, JACCARD, overlap

TASKS = ("overlap of regions",)

_POOLED = """
    both: sum(p * y for p, y in zip(each(pred), each(target)))
    lost: sum(p * (1 - y) + (1 - p) * y for p, y in zip(each(pred), each(target)))
"""


def _sums(pred: Array, target: Array) -> dict[str, Term]:
    if pred.ndim == 1 or target.ndim == 1:
        return {"both": Term(pred * target), "lost": Term(pred * (1 - target) + (1 - pred) * target)}
    found = overlap(pred, target)
    return {"both": Term(found.both), "lost": Term(found.only_pred + found.only_target)}


@loss(
    formula=f"""{_POOLED}
    value: lost / (2 * both + lost)
    """,
    cite=DICE,
    worst=1.0,
    exact=True,
    scores=(
        Score(
            "micro_dice",
            """Dice coefficient of all pixels together: twice the overlap over both masks. Higher is better.

            A row is a pixel, or a mask; large masks count more.

            >>> {name: term.values.tolist() for name, term in micro_dice([0.5, 1.0], [1.0, 1.0]).items()}
            {'both': [0.5, 1.0], 'lost': [0.5, 0.0]}
            """,
        ),
    ),
)
def micro_dice_loss(pred: Mask | Prob, target: HardMask | Binary) -> Any:
    """Dice loss of all pixels together: 1 less twice their overlap over the sum of both sides.

    A row is a pixel, or a mask of many: both give the same number. Large masks count more than in `dice_loss`, which is
    the mean over masks. Two empty sides are undefined. With decisions of 0 and 1 this is 1 less the F1 score.

    >>> {name: term.values.tolist() for name, term in micro_dice_loss([0.5, 1.0], [1.0, 1.0]).items()}
    {'both': [0.5, 1.0], 'lost': [0.5, 0.0]}
    """
    return _sums(pred, target)


@micro_dice_loss.value
def _(both: Any, lost: Any) -> Any:
    return lost / (2 * both + lost)


@micro_dice_loss.gradient("pred")
def _(pred: Array, target: Array) -> dict[str, Array]:
    return {"both": target, "lost": 1 - 2 * target}


@loss(
    formula=f"""{_POOLED}
    value: lost / (both + lost)
    """,
    cite=JACCARD,
    worst=1.0,
    exact=True,
    scores=(
        Score(
            "micro_jaccard",
            """Jaccard index (IoU) of all pixels together: their overlap over their union. Higher is better.

            A row is a pixel, or a mask; large masks count more. With `--mean-of` the class it is the mean IoU.

            >>> {name: term.values.tolist() for name, term in micro_jaccard([0.5, 1.0], [1.0, 1.0]).items()}
            {'both': [0.5, 1.0], 'lost': [0.5, 0.0]}
            """,
        ),
    ),
)
def micro_jaccard_loss(pred: Mask | Prob, target: HardMask | Binary) -> Any:
    """Jaccard loss (IoU) of all pixels together: 1 less their overlap over their union.

    A row is a pixel, or a mask of many: both give the same number. Large masks count more than in `jaccard_loss`, which
    is the mean over masks. Two empty sides are undefined.

    >>> {name: term.values.tolist() for name, term in micro_jaccard_loss([0.5, 1.0], [1.0, 1.0]).items()}
    {'both': [0.5, 1.0], 'lost': [0.5, 0.0]}
    """
    return _sums(pred, target)


@micro_jaccard_loss.value
def _(both: Any, lost: Any) -> Any:
    return lost / (both + lost)


@micro_jaccard_loss.gradient("pred")
def _(pred: Array, target: Array) -> dict[str, Array]:
    return {"both": target, "lost": 1 - 2 * target}


@loss(
    formula="""
    size = sum(target)
    both: sum(p * y for p, y in zip(pred, target)) / size**2 if size else skip
    lost: sum(p * (1 - y) + (1 - p) * y for p, y in zip(pred, target)) / size**2 if size else skip
    value: lost / (2 * both + lost)
    """,
    cite="Sudre et al. 2017, arXiv:1707.03237; the weights: Crum, Camara & Hill 2006, doi:10.1109/TMI.2006.880587",
    worst=1.0,
    exact=True,
)
def generalized_dice(pred: Mask, target: HardMask) -> Any:
    """Generalized Dice loss: a Dice loss of several masks together, each weighted by 1 over its squared size.

    A row is the mask of one class, so that small classes count as much as large ones; `--mean-of` the image's column
    takes each image by itself. A row without a target pixel has no weight: it takes no part and is counted. MONAI
    gives it the largest weight of its image.

    >>> {name: term.values.tolist() for name, term in generalized_dice([[0.5, 1.0]], [[1.0, 1.0]]).items()}
    {'both': [0.375], 'lost': [0.125]}
    """
    size = target.sum(axis=-1)
    safe = np.square(np.where(size > 0, size, 1.0))
    return {name: Term(term.values / safe, size > 0) for name, term in _sums(pred, target).items()}


@generalized_dice.value
def _(both: Any, lost: Any) -> Any:
    return lost / (2 * both + lost)


@generalized_dice.gradient("pred")
def _(pred: Array, target: Array) -> dict[str, Array]:
    size = target.sum(axis=-1)[:, None]
    weight = np.where(size > 0, 1 / np.square(np.where(size > 0, size, 1.0)), 0.0)
    return {"both": target * weight, "lost": (1 - 2 * target) * weight}
