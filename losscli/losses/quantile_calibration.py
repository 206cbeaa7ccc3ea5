"""Calibration of predicted quantiles: how often targets are below each of them."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np

from losscli.contract.class_terms import PerClass, absolute
from losscli.contract.kinds import Quantiles, Real
from losscli.contract.loss import Param, Term, loss
from losscli.contract.presets import without_weights

TASKS = ("probabilistic forecasts",)


@loss(
    formula="""
    below: {k: 1 if target <= p else 0 for k, p in enumerate(pred)}
    value: sum(abs(below[k] - q) for k, q in enumerate(levels)) / len(levels)
    """,
    cite="Kuleshov, Fenner & Ermon 2018, arXiv:1807.00263",
    same_as={"gluonts": without_weights()},
    worst=1.0,
)
def quantile_calibration_error(
    pred: Quantiles,
    target: Real,
    *,
    levels: Annotated[
        tuple[float, ...],
        Param("the levels of the predicted quantiles, ascending", gt=0, lt=1, level_of="pred", entries_of="pred"),
    ],
) -> Any:
    """Quantile calibration error: by how much the share of targets below each quantile misses its level, on average.

    The terms are these shares, in the order of the levels; a target that is equal to a quantile is below it. A forecast
    that is the same for all rows can be calibrated: it says nothing of sharpness. There is no gradient.

    >>> found = quantile_calibration_error([[1.0, 2.0, 4.0], [0.0, 1.0, 2.0]], [3.0, 1.0], levels=(0.1, 0.5, 0.9))
    >>> found["below"].values
    array([[0., 0., 1.],
           [0., 1., 1.]])
    """
    below = (target[:, None] <= pred).astype(np.float64)
    return {"below": Term(below, by=np.broadcast_to(np.arange(pred.shape[1]), pred.shape))}


@quantile_calibration_error.value
def _(below: PerClass, *, levels: tuple[float, ...]) -> Any:
    # Classes are the positions of the levels, each of which has all rows.
    gaps = [absolute(share - level) for share, level in zip(below.entries.values(), levels, strict=True)]
    return sum(gaps) / len(levels)
