"""Penalties on the parameters of a model: one value an element, added up whatever the reduction of the run."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from losscli.contract.kinds import Array, Matrix
from losscli.contract.loss import Param, loss
from losscli.contract.scaled import Scaled, scaled

TASKS = ("penalties",)

_Strength = Annotated[float, Param("factor of the whole penalty, often called lambda", ge=0)]


@loss(
    formula="strength * sum(abs(w) for row in params for w in row)",
    cite="Tibshirani 1996, doi:10.1111/j.2517-6161.1996.tb02080.x",
    same_as={"keras": "strength=0.01"},
    unit="element",
    reduction="sum",
    revision=2,
)
def l1_penalty(params: Matrix, *, strength: _Strength = 1.0) -> Array:
    """L1 penalty (lasso): the sum of absolute parameters. It drives small ones to zero. The gradient at 0 is 0.

    >>> l1_penalty([[1.0, -2.0], [0.0, 0.5]])
    array([1. , 2. , 0. , 0.5])
    """
    return strength * np.abs(params).ravel()


@l1_penalty.scaled
def _(params: Array, *, strength: float) -> Scaled:
    return scaled(params.ravel()).times(scaled(strength)).size()


@l1_penalty.gradient("params")
def _(params: Array, *, strength: float) -> Array:
    return strength * np.sign(params)


@loss(
    formula="strength * sum(w**2 for row in params for w in row)",
    cite="Hoerl & Kennard 1970, doi:10.1080/00401706.1970.10488634",
    same_as={"keras": "strength=0.01"},
    unit="element",
    reduction="sum",
    revision=2,
)
def l2_penalty(params: Matrix, *, strength: _Strength = 1.0) -> Array:
    """L2 penalty (ridge): the sum of squared parameters. It shrinks all of them, and large ones most.

    It is not halved: a weight decay of w in an optimizer, or lambda in xgboost, is `strength=w/2`.

    >>> l2_penalty([[1.0, -2.0], [0.0, 0.5]])
    array([1.  , 4.  , 0.  , 0.25])
    """
    return strength * np.square(params).ravel()


@l2_penalty.scaled
def _(params: Array, *, strength: float) -> Scaled:
    each = scaled(params.ravel())
    return each.times(each).times(scaled(strength))


@l2_penalty.gradient("params")
def _(params: Array, *, strength: float) -> Array:
    return 2 * (strength * params)  # a power of two last: 2 * strength may overflow
