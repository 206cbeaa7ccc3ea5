"""Losses of mappings between two domains, each row of one or the other."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np

from losscli.contract.kinds import Array, Side, Vector
from losscli.contract.loss import Param, Term, loss

TASKS = ("generative models",)

_Norm = Annotated[Literal["sum", "mean"], Param("the sum or the mean of the absolute differences of a row")]


@loss(
    formula="""
    size = sum(abs(p - t) for p, t in zip(pred, target)) / (1 if norm == "sum" else len(pred))
    x: weight_x * size if domain == "x" else skip
    y: weight_y * size if domain == "y" else skip
    """,
    cite="Zhu, Park, Isola & Efros 2017, doi:10.1109/ICCV.2017.244",
    first=True,
)
def cycle_consistency(
    pred: Vector,
    target: Vector,
    domain: Side,
    *,
    norm: _Norm = "sum",
    weight_x: Annotated[float, Param("factor of the rows of domain x", ge=0)] = 1.0,
    weight_y: Annotated[float, Param("factor of the rows of domain y", ge=0)] = 1.0,
) -> Any:
    """Cycle-consistency loss (CycleGAN): how far a row is from itself after a trip to the other domain and back.

    `pred` is F(G(x)) for a row of domain x and G(F(y)) for a row of domain y. The value is the mean over x plus the
    mean over y, whatever their counts. The published code is `norm=mean,weight_x=10,weight_y=10`. TF-GAN takes the
    mean of both directions, `norm=mean,weight_x=0.5,weight_y=0.5`. The gradient at no difference is 0.

    >>> terms = cycle_consistency([[1.0, 2.0], [3.0, 5.0]], [[1.0, 1.0], [0.0, 1.0]], [0, 1])
    >>> {name: term.values[term.where] for name, term in terms.items()}
    {'x': array([1.]), 'y': array([7.])}
    """
    size = np.abs(pred - target)
    size = size.sum(axis=-1) if norm == "sum" else size.mean(axis=-1)
    return {"x": Term(weight_x * size, domain == 0), "y": Term(weight_y * size, domain == 1)}


@cycle_consistency.gradient("pred")
def _(pred: Array, target: Array, domain: Array, *, norm: str, weight_x: float, weight_y: float) -> dict[str, Array]:
    slope = np.sign(pred - target) / (1 if norm == "sum" else pred.shape[-1])
    side = domain[:, None]
    return {"x": np.where(side == 0, weight_x * slope, 0.0), "y": np.where(side == 1, weight_y * slope, 0.0)}
