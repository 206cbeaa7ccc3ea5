"""Decisions for a class: of class probabilities the largest, of one probability by a threshold, or a label as it is."""

from __future__ import annotations

import numpy as np

from losscli.contract.kinds import Array
from losscli.contract.loss import Term

SAYS = "one probability above this says class 1"


def decided(pred: Array, target: Array, threshold: float) -> tuple[Array, Array]:
    """The class that each row is said to be of, and that of its target, as whole numbers."""
    true = target.astype(np.int64)
    if pred.ndim == 2:
        return pred.argmax(axis=1), true
    return (pred if pred.dtype.kind == "i" else (pred > threshold).astype(np.int64)), true


COUNTS = """
said = decision(pred, threshold)
hits: {target: 1 if said == target else 0}
said: {said: 1}
true: {target: 1}
"""


def counts(pred: Array, target: Array, threshold: float) -> dict[str, Term]:
    """The rows of each class that are right, those said to be of it, and those that are."""
    said, true = decided(pred, target, threshold)
    one = np.ones(len(true))
    return {"hits": Term((said == true).astype(np.float64), by=true), "said": Term(one, by=said),
            "true": Term(one, by=true)}  # fmt: skip
