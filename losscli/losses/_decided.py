"""Decisions for a class: of class probabilities the largest, of one probability by a threshold, or a label as it is."""

from __future__ import annotations

import numpy as np

from losscli.contract.kinds import Array

SAYS = "one probability above this says class 1"


def decided(pred: Array, target: Array, threshold: float) -> tuple[Array, Array]:
    """The class that each row is said to be of, and that of its target, as whole numbers."""
    true = target.astype(np.int64)
    if pred.ndim == 2:
        return pred.argmax(axis=1), true
    return (pred if pred.dtype.kind == "i" else (pred > threshold).astype(np.int64)), true
