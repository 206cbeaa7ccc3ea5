"""Cumulative distribution functions of forecasts: P(Y <= target), by the roles of the losses that declare them."""

from __future__ import annotations

import math

import numpy as np

from losscli.contract.kinds import Array
from losscli.losses._math import sigmoid
from losscli.losses._student_t import central_area

_erfc = np.frompyfunc(math.erfc, 1, 1)
_ROOT_HALF = math.sqrt(0.5)


def _standard_normal(z: Array) -> Array:
    return 0.5 * np.asarray(_erfc(-_ROOT_HALF * z), np.float64)


def normal(pred: Array, target: Array, scale: Array) -> Array:
    """Of a mean and a standard deviation."""
    return _standard_normal((target - pred) / scale)


def normal_of_variance(pred: Array, target: Array, variance: Array, *, eps: float) -> Array:
    """Of a mean and a variance."""
    return normal(pred, target, np.sqrt(np.maximum(variance, eps)))


def normal_of_log_variance(pred: Array, target: Array, log_variance: Array) -> Array:
    """Of a mean and the logarithm of a variance."""
    return _standard_normal((target - pred) * np.exp(-0.5 * log_variance))


def lognormal(pred: Array, target: Array, scale: Array) -> Array:
    """Of the mean and the standard deviation of the logarithm."""
    return normal(pred, np.log(target), scale)


def mixture_of_normals(pred: Array, target: Array, scale: Array, mix: Array) -> Array:
    """Of the means, standard deviations and weights of components."""
    return np.asarray((mix * normal(pred, target[:, None], scale)).sum(axis=1))


def laplace(pred: Array, target: Array, scale: Array, *, floor: float = 0.0) -> Array:
    """Of a location and the mean absolute deviation."""
    z = (target - pred) / np.maximum(scale, floor)
    outer = 0.5 * np.exp(-np.abs(z))
    return np.where(z < 0, outer, 1 - outer)


def logistic(pred: Array, target: Array, scale: Array) -> Array:
    """Of a location and a scale."""
    return sigmoid((target - pred) / scale)


def student_t(pred: Array, target: Array, scale: Array, *, df: float) -> Array:
    """Of a location and a scale."""
    z = (target - pred) / scale
    return 0.5 + 0.5 * np.sign(z) * central_area(np.abs(z), df)


def gumbel(pred: Array, target: Array, scale: Array) -> Array:
    """Of a mode and a scale, of largest values."""
    return np.exp(-np.exp((pred - target) / scale))


def weibull(pred: Array, target: Array, shape: Array) -> Array:
    """Of a scale and a shape."""
    return -np.expm1(-((target / pred) ** shape))


def exponential(pred: Array, target: Array) -> Array:
    """Of a mean."""
    return -np.expm1(-target / pred)


def uniform(lower: Array, upper: Array, target: Array) -> Array:
    """Of both ends, in either order; where they are equal, a target there is in the middle."""
    low, width = np.minimum(lower, upper), np.abs(upper - lower)
    return np.where(width > 0, np.clip((target - low) / width, 0.0, 1.0), 0.5 + 0.5 * np.sign(target - low))
