"""Rows without a target: what reads their predictions alone, so that a saved map can be applied to them."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np

from losscli.binding.spec import LossSpec, Spec
from losscli.contract.kinds import Array, LabelProbs, Logit, LogitVector, Prob, ProbVector, Real, Vector
from losscli.contract.loss import loss
from losscli.results.calibration import MapResult

# By link, and whether a row has several numbers. Elementwise probabilities are those of labels.
_KINDS: dict[tuple[str, bool], Any] = {
    ("sigmoid", False): Prob,
    ("sigmoid", True): LabelProbs,
    ("softmax", True): ProbVector,
    ("logit", False): Logit,
    ("logit", True): LogitVector,
    ("identity", False): Real,
    ("identity", True): Vector,
}


def predictions_alone(found: MapResult) -> Spec:
    """A loss that reads the predictions of a map and no target; its value is 0, and nobody asks for it."""
    if tuple(found.roles) == ("lower", "upper"):

        def kernel(lower: Array, upper: Array) -> Array:
            return np.zeros(len(lower))
    else:

        def kernel(pred: Array) -> Array:  # type: ignore[misc]
            return np.zeros(len(pred))

    several = len(found.labels) > 1 and len(found.roles) == 1
    kind = _KINDS[found.link, several]
    kernel.__annotations__ = {**dict.fromkeys(found.roles, kind), "return": Annotated[Array, "values"]}
    kernel.__name__ = found.method
    return Spec(((1.0, LossSpec(loss(formula="0", cite="", listed=False)(kernel), {})),))
