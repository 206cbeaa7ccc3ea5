"""Forecasts that are mixtures of normal distributions, as mixture density networks give them."""

from __future__ import annotations

import math

import numpy as np

from losscli.contract.kinds import Array, Mixture, PositiveVector, Real, Vector
from losscli.contract.loss import loss
from losscli.losses import _cdf
from losscli.losses._math import log_sum_exp

TASKS = ("regression", "probabilistic forecasts")

_HALF_LOG_2PI = 0.5 * np.log(2 * np.pi)
_erf = np.frompyfunc(math.erf, 1, 1)


def _log_densities(pred: Array, target: Array, scale: Array) -> Array:
    """The logarithm of the density of each component at the target, less -log(2 pi) / 2."""
    return np.asarray(-0.5 * np.square((target[:, None] - pred) / scale) - np.log(scale))


@loss(
    formula="""
    parts = [w / s * exp(-((target - m) / s)**2 / 2) for w, m, s in zip(mix, pred, scale)]
    log(2 * pi) / 2 - log(sum(parts))
    """,
    cite="Bishop 1994, Mixture density networks, Aston University NCRG/94/004",
    same_as={"scoringrules": ""},
    aliases=("mdn",),
    optimum=None,
    cdf=_cdf.mixture_of_normals,
)
def mixture_gaussian_nll(pred: Vector, target: Real, scale: PositiveVector, mix: Mixture) -> Array:
    """Negative log-likelihood of a mixture of normal distributions, as mixture density networks (MDN) predict it.

    `pred` has the means of the components, `scale` their standard deviations and `mix` their weights.

    >>> mixture_gaussian_nll([[0.0, 2.0]], [1.0], [[1.0, 0.5]], [[0.4, 0.6]]).round(4)
    array([1.8228])
    """
    return _HALF_LOG_2PI - log_sum_exp(np.log(mix) + _log_densities(pred, target, scale))


def _shares(pred: Array, target: Array, scale: Array, mix: Array) -> Array:
    """What each component has of the density at the target."""
    logs = np.log(mix) + _log_densities(pred, target, scale)
    return np.asarray(np.exp(logs - log_sum_exp(logs)[:, None]))


@mixture_gaussian_nll.gradient("pred")
def _(pred: Array, target: Array, scale: Array, mix: Array) -> Array:
    return _shares(pred, target, scale, mix) * ((pred - target[:, None]) / scale / scale)


@mixture_gaussian_nll.gradient("scale")
def _(pred: Array, target: Array, scale: Array, mix: Array) -> Array:
    z = np.abs(pred - target[:, None]) / scale
    return _shares(pred, target, scale, mix) * ((1 - z) * (1 + z) / scale)


@mixture_gaussian_nll.gradient("mix")
def _(pred: Array, target: Array, scale: Array, mix: Array) -> Array:
    densities = _log_densities(pred, target, scale)
    return -np.exp(densities - log_sum_exp(np.log(mix) + densities)[:, None])


def _erf_of(z: Array) -> Array:
    """2 Phi(z) - 1; NumPy has no error function."""
    return np.asarray(_erf(z / np.sqrt(2)), np.float64)


def _distance(gap: Array, scale: Array) -> Array:
    """The mean of |X| of a normal distribution with this mean and standard deviation."""
    z = gap / scale
    return np.asarray(scale * np.sqrt(2 / np.pi) * np.exp(-0.5 * np.square(z)) + gap * _erf_of(z))


def _peak(gap: Array, scale: Array) -> Array:
    """The derivative of `_distance` by the scale."""
    return np.asarray(np.sqrt(2 / np.pi) * np.exp(-0.5 * np.square(gap / scale)))


def _pairs(pred: Array, scale: Array) -> tuple[Array, Array]:
    """The mean and the standard deviation of the difference of each two components."""
    return pred[:, :, None] - pred[:, None, :], np.hypot(scale[:, :, None], scale[:, None, :])


@loss(
    formula="""
    A = lambda m, s: 2 * s * exp(-(m / s)**2 / 2) / sqrt(2 * pi) + m * (2 * Phi(m / s) - 1)
    near = sum(w * A(target - m, s) for w, m, s in zip(mix, pred, scale))
    parts = list(zip(mix, pred, scale))
    near - sum(w * v * A(m - n, sqrt(s**2 + t**2)) for w, m, s in parts for v, n, t in parts) / 2
    """,
    cite="Grimit, Gneiting, Berrocal & Johnson 2006, doi:10.1256/qj.05.235",
    same_as={"scoringrules": ""},
    optimum=None,
    cdf=_cdf.mixture_of_normals,
)
def crps_mixture_gaussian(pred: Vector, target: Real, scale: PositiveVector, mix: Mixture) -> Array:
    """CRPS of a mixture of normal distributions, in the unit of the target.

    `pred` has the means of the components, `scale` their standard deviations and `mix` their weights.

    >>> crps_mixture_gaussian([[0.0, 2.0]], [1.0], [[1.0, 0.5]], [[0.4, 0.6]]).round(4)
    array([0.392])
    """
    near = (mix * _distance(target[:, None] - pred, scale)).sum(axis=1)
    weights = mix[:, :, None] * mix[:, None, :]
    return near - 0.5 * (weights * _distance(*_pairs(pred, scale))).reshape(len(pred), -1).sum(axis=1)


@crps_mixture_gaussian.gradient("pred")
def _(pred: Array, target: Array, scale: Array, mix: Array) -> Array:
    gaps, scales = _pairs(pred, scale)
    apart = (mix[:, None, :] * _erf_of(gaps / scales)).sum(axis=2)
    return mix * (_erf_of((pred - target[:, None]) / scale) - apart)


@crps_mixture_gaussian.gradient("scale")
def _(pred: Array, target: Array, scale: Array, mix: Array) -> Array:
    gaps, scales = _pairs(pred, scale)
    apart = (mix[:, None, :] * _peak(gaps, scales) * (scale[:, :, None] / scales)).sum(axis=2)
    return mix * (_peak(target[:, None] - pred, scale) - apart)
