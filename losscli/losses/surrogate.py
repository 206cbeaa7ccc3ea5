"""Convex losses of masks that stand for their Jaccard loss: each row is a mask."""

from __future__ import annotations

import numpy as np

from losscli.contract.kinds import Array
from losscli.contract.loss import Term, loss
from losscli.contract.regions import HardMask, LogitMask, Mask
from losscli.losses._overlaps import jaccard_growth, one_less

TASKS = ("overlap of regions",)

_LOVASZ = """
    order = sorted(range(len(wrong)), key=lambda i: -wrong[i])
    whole = sum(target)
    kept = lambda k: whole - sum(target[i] for i in order[:k])
    union = lambda k: whole + sum(1 - target[i] for i in order[:k])
    jaccard = lambda k: 1 - kept(k) / union(k) if k else 0
    extended = sum(max(wrong[i], 0) * (jaccard(k + 1) - jaccard(k)) for k, i in enumerate(order))
"""
_BERMAN = "Berman, Rannen Triki & Blaschko 2018, arXiv:1705.08790"


@loss(
    formula=f"""
    wrong = [1 - z * (2 * y - 1) for z, y in zip(pred, target)]{_LOVASZ}    extended
    """,
    cite=_BERMAN,
)
def lovasz_hinge(pred: LogitMask, target: HardMask) -> Array:
    """Lovász hinge: a convex loss of the logits of a mask that stands for its Jaccard loss. Each row is a mask.

    The hinge loss of each pixel is weighted by how much the Jaccard loss grows with it, the worst pixels first. Where
    the target is empty it is the largest hinge loss. Pixels with equal errors may have each other's gradients.

    >>> lovasz_hinge([[2.0, -0.5, 0.25]], [[1.0, 0.0, 0.0]]).round(4)
    array([0.7083])
    """
    wrong, rest = one_less(pred * (2 * target - 1))
    return (np.maximum(wrong, 0.0) * jaccard_growth(wrong, rest, target)).sum(axis=-1)


@lovasz_hinge.gradient("pred")
def _(pred: Array, target: Array) -> Array:
    side = 2 * target - 1
    wrong, rest = one_less(pred * side)
    return np.where(wrong > 0, -side * jaccard_growth(wrong, rest, target), 0.0)


@loss(
    formula=f"""
    wrong = [abs(p - y) for p, y in zip(pred, target)]{_LOVASZ}    extended if whole else skip
    """,
    cite=_BERMAN,
    worst=1.0,
)
def lovasz_softmax(pred: Mask, target: HardMask) -> Term:
    """Lovász-softmax loss: the Jaccard loss of a mask, extended to probabilities. Each row is the mask of one class.

    Rows whose target is empty take no part and are counted, as in the paper's mean over the classes that are present;
    `--mean-of` the image's column takes each image by itself. Pixels with equal errors may have each other's gradients.

    >>> lovasz_softmax([[0.75, 0.5, 0.25]], [[1.0, 0.0, 0.0]]).values
    array([0.375])
    """
    wrong, rest = _errors(pred, target)
    return Term((wrong * jaccard_growth(wrong, rest, target)).sum(axis=-1), _some(target))


def _some(target: Array) -> Array:
    return np.asarray(target.any(axis=-1))


def _errors(pred: Array, target: Array) -> tuple[Array, Array]:
    """The absolute errors, and what rounding took from them."""
    less, rest = one_less(pred)
    return np.where(target > 0, less, pred), np.where(target > 0, rest, 0.0)


@lovasz_softmax.gradient("pred")
def _(pred: Array, target: Array) -> Array:
    slope = np.where(pred > target, 1.0, np.where(pred < target, -1.0, 0.0))
    return np.where(_some(target)[:, None], slope * jaccard_growth(*_errors(pred, target), target), 0.0)
