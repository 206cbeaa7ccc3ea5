"""Distances of predicted numbers or points from the true ones: powers of the error, and norms of vectors."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from losscli.contract.kinds import Array, Real, Vector
from losscli.contract.loss import Param, loss
from losscli.contract.presets import SINGLE, Preset
from losscli.losses._math import norm, unit

TASKS = ("regression",)


@loss(
    formula="abs(pred - target)**exponent",
    same_as={"catboost": Preset(notes=SINGLE)},
    cite="Gentle 2007, Matrix Algebra, 2.1.5, doi:10.1007/978-0-387-70873-7",
)
def lp_error(
    pred: Real,
    target: Real,
    *,
    exponent: Annotated[float, Param("power of the absolute error; 1 is mae and 2 mse", ge=1)] = 3.0,
) -> Array:
    """Power of the absolute error (Lq): the larger the exponent, the more the largest errors count.

    No root is taken. The Minkowski distance of torchmetrics is the root of the sum of these.

    >>> lp_error([3.0, 1.5], [1.0, 1.0])
    array([8.   , 0.125])
    """
    return np.asarray(np.abs(pred - target) ** exponent)


@lp_error.gradient("pred")
def _(pred: Array, target: Array, *, exponent: float) -> Array:
    error = pred - target
    return exponent * np.sign(error) * np.abs(error) ** (exponent - 1)


@loss(
    formula="norm([p - t for p, t in zip(pred, target)])",
    cite="Deza & Deza 2016, Encyclopedia of Distances, 5.2, doi:10.1007/978-3-662-52844-0",
    aliases=("l2_norm",),
)
def euclidean_error(pred: Vector, target: Vector) -> Array:
    """Euclidean distance of a predicted point from the true one, in the unit of its coordinates.

    torch's PairwiseDistance adds 1e-6 to each difference. The gradient at no distance is 0.

    >>> euclidean_error([[3.0, 4.0]], [[0.0, 0.0]])
    array([5.])
    """
    return norm(pred - target)


@euclidean_error.gradient("pred")
def _(pred: Array, target: Array) -> Array:
    return unit(pred - target)


@loss(
    formula="sum(abs(p - t) for p, t in zip(pred, target))",
    cite="Deza & Deza 2016, Encyclopedia of Distances, 5.2, doi:10.1007/978-3-662-52844-0",
    aliases=("l1_norm",),
)
def manhattan_error(pred: Vector, target: Vector) -> Array:
    """Manhattan distance of a predicted point from the true one: the sum of the distances along each axis.

    mae of several outputs is their mean. The gradient where a coordinate is right is 0.

    >>> manhattan_error([[3.0, 4.0]], [[0.0, 0.0]])
    array([7.])
    """
    return np.asarray(np.abs(pred - target).sum(axis=-1))


@manhattan_error.gradient("pred")
def _(pred: Array, target: Array) -> Array:
    return np.sign(pred - target)


@loss(
    formula="sqrt(sum((p - t)**2 for p, t in zip(pred, target)) / len(pred))",
    cite="Kaggle 2023 (Open Problems: Single-Cell Perturbations)",
)
def mrrmse(pred: Vector, target: Vector) -> Array:
    """Mean rowwise root mean squared error: a root of each row, over its outputs, and the mean of these.

    rmse of several outputs takes one root, of the mean over all rows. The gradient of a row without error is 0.

    >>> mrrmse([[3.0, 1.0]], [[0.0, 1.0]]).round(4)
    array([2.1213])
    """
    return norm(pred - target) / np.sqrt(pred.shape[-1])


@mrrmse.gradient("pred")
def _(pred: Array, target: Array) -> Array:
    return unit(pred - target) / np.sqrt(pred.shape[-1])
