"""Penalties on the parameters of a model: one value an element, added up whatever the reduction of the run."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from losscli.contract.kinds import Array, Matrix
from losscli.contract.loss import Param, loss
from losscli.contract.scaled import Scaled, scaled
from losscli.losses._angles import long_dot
from losscli.losses._math import norm, unit

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


@loss(
    formula="strength * sum(l1_ratio * abs(w) + (1 - l1_ratio) / 2 * w**2 for row in params for w in row)",
    cite="Zou & Hastie 2005, doi:10.1111/j.1467-9868.2005.00503.x",
    unit="element",
    reduction="sum",
)
def elastic_net(
    params: Matrix,
    *,
    strength: _Strength = 1.0,
    l1_ratio: Annotated[float, Param("share of the L1 penalty; the rest is half the L2 penalty", ge=0, le=1)] = 0.5,
) -> Array:
    """Elastic net penalty: a mix of absolute and half squared parameters, as in scikit-learn. The gradient at 0 is 0.

    `strength` is its alpha. glmnet calls that lambda, and the share alpha.

    >>> elastic_net([[1.0, -2.0], [0.0, 0.5]])
    array([0.75  , 2.    , 0.    , 0.3125])
    """
    return strength * (l1_ratio * np.abs(params) + (1 - l1_ratio) / 2 * np.square(params)).ravel()


@elastic_net.gradient("params")
def _(params: Array, *, strength: float, l1_ratio: float) -> Array:
    return strength * (l1_ratio * np.sign(params) + (1 - l1_ratio) * params)


@loss(
    formula="strength * sum(norm(row) * (sqrt(len(row)) if by_size else 1) for row in params)",
    cite="Yuan & Lin 2006, doi:10.1111/j.1467-9868.2005.00532.x",
    unit="element",
    reduction="sum",
)
def group_lasso(
    params: Matrix,
    *,
    strength: _Strength = 1.0,
    by_size: Annotated[bool, Param("multiply each length by the root of its number of parameters")] = True,
) -> Array:
    """Group lasso penalty: the lengths of the rows of parameters. It drives whole rows to zero.

    A row of the table is a group. The gradient at a row of zeros is 0.

    >>> group_lasso([[3.0, 4.0], [0.0, 0.0]], by_size=False)
    array([5., 0.])
    """
    return strength * norm(params) * (np.sqrt(params.shape[1]) if by_size else 1.0)


@group_lasso.gradient("params")
def _(params: Array, *, strength: float, by_size: bool) -> Array:
    return strength * unit(params) * (np.sqrt(params.shape[1]) if by_size else 1.0)


@loss(
    formula="""
    columns = range(len(params[0]))
    gram = lambda i, j: sum(row[i] * row[j] for row in params) - (1 if i == j else 0)
    strength * sum(gram(i, j)**2 for i in columns for j in columns)
    """,
    cite="Brock, Lim, Ritchie & Weston 2017, arXiv:1609.07093",
    unit="element",
    reduction="sum",
)
def orthogonality(params: Matrix, *, strength: _Strength = 1.0) -> Array:
    """Orthogonality penalty: the squared distance of the columns' inner products from those of orthonormal columns.

    It is the squared Frobenius norm of WᵀW - I, where W is the table.

    >>> orthogonality([[1.0, 0.5], [0.0, 1.0]])
    array([0.    , 0.25  , 0.25  , 0.0625])
    """
    return strength * np.square(_gram(params)).ravel()


def _gram(params: Array) -> Array:
    """WᵀW - I; each entry is added up in twice the precision, as near 0 it has lost its digits."""
    columns = np.concatenate([params.T, np.ones((params.shape[1], 1))], axis=1)
    pairs = np.broadcast_to(columns[:, None, :], (len(columns), len(columns), columns.shape[1]))
    other = np.swapaxes(pairs, 0, 1).copy()
    other[:, :, -1] = -np.eye(len(columns))
    return long_dot(pairs, other)


@orthogonality.gradient("params")
def _(params: Array, *, strength: float) -> Array:
    return 4 * strength * (params @ _gram(params))
