"""Calibration errors in bins: how far predicted probabilities are from how often they come true."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np

from losscli.contract.class_terms import PerClass, absolute, largest, ratios, sum_of
from losscli.contract.kinds import Array, Binary, ClassId, Prob, ProbVector
from losscli.contract.loss import Param, Term, loss
from losscli.contract.presets import SINGLE, without_weights

TASKS = ("binary classification", "multiclass classification")

Bins = Annotated[int, Param("into how many bins of one width the probabilities from 0 to 1 are put", ge=1, le=1000)]
_GUO = "Guo, Pleiss, Sun & Weinberger 2017, arXiv:1706.04599; Naeini, Cooper & Hauskrecht 2015, AAAI-15"

_TOP = """
scores = each(pred)
p = max(scores)
right = target[scores.index(p)] if len(scores) > 1 else target
k = sum(1 for e in range(1, bins) if p > double(e / bins))
confident: {k: p}
right: {k: right}
rows: {k: 1}
"""


def _bins(p: Array, bins: int) -> tuple[Array, tuple[str, ...]]:
    """The bin of each probability, ]lower, upper] and in the first also 0; and what the bins are called."""
    edges = np.arange(bins + 1) / bins
    names = tuple(f"{upper:.6g}" for upper in edges[1:].tolist())
    return np.searchsorted(edges[1:-1], p, side="left"), names


def _top(pred: Array, target: Array, bins: int) -> dict[str, Term]:
    chosen = pred.argmax(axis=1) if pred.ndim == 2 else np.ones(len(pred), np.int64)
    p = pred.max(axis=1) if pred.ndim == 2 else pred
    at, names = _bins(p, bins)
    right = (chosen == target).astype(np.float64)
    terms = {"confident": p, "right": right, "rows": np.ones(len(p))}
    return {name: Term(values, by=at, names=names) for name, values in terms.items()}


def _slopes(pred: Array, target: Array, *, bins: int) -> dict[str, Array]:
    slope = np.zeros_like(pred)
    if pred.ndim == 2:
        slope[np.arange(len(pred)), pred.argmax(axis=1)] = 1.0
    else:
        slope[:] = 1.0
    return {"confident": slope}


@loss(
    formula=_TOP + "value: sum_of(absolute(confident - right))",
    cite=_GUO,
    same_as={"torchmetrics": without_weights(notes=SINGLE)},
    worst=1.0,
    exact=True,
)
def ece(pred: ProbVector | Prob, target: ClassId | Binary, *, bins: Bins = 15) -> Any:
    """Expected calibration error (ECE): the distance of confidence and accuracy in bins, weighted by their rows.

    Of class probabilities the largest is the confidence, and a row is right if its class is that of the target; of one
    probability, the probability of class 1 is compared with how often the target is 1. Bins are ]lower, upper], named
    by their upper ends. The number of few rows is too high, as distances of bins do not cancel: its interval does not
    know of that. The gradient takes the bins as they are.

    >>> {name: term.values.tolist() for name, term in ece([0.9, 0.3], [1, 0]).items()}
    {'confident': [0.9, 0.3], 'right': [1.0, 0.0], 'rows': [1.0, 1.0]}
    """
    return _top(pred, target, bins)


@ece.value
def _(confident: PerClass, right: PerClass, rows: PerClass) -> Any:
    return sum_of(absolute(confident - right))


ece.gradient("pred")(_slopes)


@loss(
    formula=_TOP + "value: largest(ratios(absolute(confident - right), rows))",
    cite="Naeini, Cooper & Hauskrecht 2015, AAAI-15",
    same_as={"torchmetrics": without_weights(notes=SINGLE)},
    worst=1.0,
    exact=True,
)
def mce(pred: ProbVector | Prob, target: ClassId | Binary, *, bins: Bins = 15) -> Any:
    """Maximum calibration error (MCE): the largest distance of confidence and accuracy among the bins.

    Empty bins have none. Confidence, accuracy and bins are those of `ece`. A bin of few rows decides it easily, and its
    interval is that of this bin alone, as if no other could have been the largest.

    >>> {name: term.values.tolist() for name, term in mce([0.9, 0.3], [1, 0]).items()}
    {'confident': [0.9, 0.3], 'right': [1.0, 0.0], 'rows': [1.0, 1.0]}
    """
    return _top(pred, target, bins)


@mce.value
def _(confident: PerClass, right: PerClass, rows: PerClass) -> Any:
    return largest(ratios(absolute(confident - right), rows))


mce.gradient("pred")(_slopes)


@loss(
    formula="""
    k = [sum(1 for e in range(1, bins) if p > double(e / bins)) for p in pred]
    predicted: {c * bins + b: p for c, (p, b) in enumerate(zip(pred, k))}
    occurring: {c * bins + b: 1 if c == target else 0 for c, b in enumerate(k)}
    rows: {c * bins + b: 1 for c, b in enumerate(k)}
    value: sum_of(absolute(predicted - occurring)) / sum_of(rows)
    """,
    cite="Kull, Perello-Nieto, Kangsepp, Silva Filho, Song & Flach 2019, arXiv:1910.12656",
    worst=1.0,
    exact=True,
)
def classwise_ece(pred: ProbVector, target: ClassId, *, bins: Bins = 15) -> Any:
    """Classwise expected calibration error: the ECE of the probability of each class, averaged over the classes.

    The probability of a class is compared with how often the target is of it, in bins as those of `ece`.

    >>> sorted(classwise_ece([[0.9, 0.1], [0.4, 0.6]], [0, 1]))
    ['occurring', 'predicted', 'rows']
    """
    at, names = _bins(pred, bins)
    by = np.arange(pred.shape[1]) * bins + at
    occurring = (np.arange(pred.shape[1]) == target[:, None]).astype(np.float64)
    terms = {"predicted": pred, "occurring": occurring, "rows": np.ones_like(pred)}
    return {name: Term(values, by=by, names=names) for name, values in terms.items()}


@classwise_ece.value
def _(predicted: PerClass, occurring: PerClass, rows: PerClass) -> Any:
    return sum_of(absolute(predicted - occurring)) / sum_of(rows)


@classwise_ece.gradient("pred")
def _(pred: Array, target: Array, *, bins: int) -> dict[str, Array]:
    return {"predicted": np.ones_like(pred)}
