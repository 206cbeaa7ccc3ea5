"""Losses of a number against a number that punish one side more than the other."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from losscli.contract.kinds import Array, Real
from losscli.contract.loss import Param, loss
from losscli.losses._math import expm1_beyond

TASKS = ("regression",)

_Quantile = Annotated[float, Param("the quantile that is predicted; at 0 and 1 one side is free", ge=0, le=1)]


@loss(
    formula="""
    u = target - pred
    h = u**2 / 2 if abs(u) <= delta else delta * (abs(u) - delta / 2)
    abs(q - (1 if u < 0 else 0)) * h / delta
    """,
    cite="Dabney, Rowland, Bellemare & Munos 2018, arXiv:1710.10044",
)
def quantile_huber(
    pred: Real,
    target: Real,
    *,
    q: _Quantile = 0.5,
    delta: Annotated[float, Param("error size where the loss turns from quadratic to linear", gt=0)] = 1.0,
) -> Array:
    """Quantile Huber loss: a pinball loss that is quadratic for small errors.

    `delta` is the paper's kappa. It is divided by `delta`, as in the paper; some code of reinforcement learning leaves
    the division out, which is the same at 1.

    >>> quantile_huber([1.0, 3.0], [3.0, 2.0], q=0.75)
    array([1.125, 0.125])
    """
    error = target - pred
    size = np.abs(error)
    core = np.minimum(size, delta)
    return np.where(error < 0, 1 - q, q) * ((core / delta) * (size - 0.5 * core))


@quantile_huber.gradient("pred")
def _(pred: Array, target: Array, *, q: float, delta: float) -> Array:
    error = pred - target
    return np.where(error > 0, 1 - q, q) * np.clip(error / delta, -1.0, 1.0)


@loss(
    formula="""
    r = pred - target
    exp(asymmetry * r) - asymmetry * r - 1
    """,
    cite="Varian 1975; Zellner 1986, doi:10.1080/01621459.1986.10478289",
    consistent_for="-log(mean(exp(-asymmetry * target))) / asymmetry",
)
def linex(
    pred: Real,
    target: Real,
    *,
    asymmetry: Annotated[float, Param("above 0 predictions that are too high cost more, below 0 too low ones")] = 1.0,
) -> Array:
    """Linex loss: exponential on one side of the target and nearly linear on the other.

    `asymmetry` is often called a; at 0 the loss is 0. utilsforecast counts the error as target - prediction: its a is
    `asymmetry=-a` here.

    >>> linex([2.0, 0.0], [1.0, 1.0]).round(4)
    array([0.7183, 0.3679])
    """
    return expm1_beyond(asymmetry * (pred - target))


@linex.gradient("pred")
def _(pred: Array, target: Array, *, asymmetry: float) -> Array:
    return asymmetry * np.expm1(asymmetry * (pred - target))


@loss(
    formula="under * (target - pred) if target > pred else over * (pred - target)",
    cite="Granger 1969, doi:10.1057/jors.1969.53",
    consistent_for="quantile(target, under / (under + over))",
    aliases=("asymmetric_mae",),
)
def linlin(
    pred: Real,
    target: Real,
    *,
    under: Annotated[float, Param("cost of a unit by which the prediction is too low", ge=0)] = 1.0,
    over: Annotated[float, Param("cost of a unit by which the prediction is too high", ge=0)] = 1.0,
) -> Array:
    """Linlin loss: the absolute error, with a cost of its own for predictions that are too low and too high.

    Its best constant is the quantile under / (under + over): it is pinball of that q, times under + over. The
    gradient at no error is 0.

    >>> linlin([1.0, 3.0], [2.0, 2.0], under=4.0)
    array([4., 1.])
    """
    error = pred - target
    return np.where(error < 0, under, over) * np.abs(error)


@linlin.gradient("pred")
def _(pred: Array, target: Array, *, under: float, over: float) -> Array:
    error = pred - target
    return np.where(error < 0, -under, over * np.sign(error))
