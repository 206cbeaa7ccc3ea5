"""CRPS of forecasts of numbers above 0 by the normal distribution of their logarithm."""

from __future__ import annotations

import math

import numpy as np

from losscli.contract.kinds import Array, Positive, Real
from losscli.contract.loss import loss
from losscli.losses import _cdf

TASKS = ("probabilistic forecasts",)

_ROOT_2, _ROOT_PI = math.sqrt(2), math.sqrt(math.pi)
_erf, _erfc = np.frompyfunc(math.erf, 1, 1), np.frompyfunc(math.erfc, 1, 1)
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(12)  # exact to the last digit for spreads below _NARROW
_NARROW = 0.5
_FAR = 25.0  # from here on erfc is near the least double, and the series of erfcx is exact


def _erf_of(x: Array) -> Array:
    return np.asarray(_erf(x), np.float64)


def _erfcx(x: Array) -> Array:
    """exp(x**2) erfc(x) for x >= 0 (Abramowitz & Stegun 1964, 7.1.23)."""
    near = np.minimum(x, _FAR)
    value = np.exp(np.square(near)) * np.asarray(_erfc(near), np.float64)
    u = 0.5 / np.square(np.maximum(x, _FAR))
    far = (1 - u * (1 - 3 * u * (1 - 5 * u * (1 - 7 * u)))) / (np.maximum(x, _FAR) * _ROOT_PI)
    return np.where(x < _FAR, value, far)


def _standard(pred: Array, target: Array, scale: Array) -> Array:
    return (np.log(target) - pred) / scale


def _narrow(pred: Array, target: Array, scale: Array, w: Array) -> tuple[Array, Array, Array]:
    """Of small spreads: the mean M, y - M, and M erf(w / sqrt 2) - M erf((w - scale) / sqrt 2).

    The last is an integral: the difference of two values of erf has no digit where the scale is small.
    """
    mean = np.exp(pred + 0.5 * np.square(scale))
    points = w[:, None] + 0.5 * scale[:, None] * (_NODES - 1)
    between = (np.exp(-0.5 * np.square(points)) * _WEIGHTS).sum(axis=1) * scale / math.sqrt(2 * math.pi)
    apart = scale * w - 0.5 * np.square(scale)
    gap = np.where(np.abs(apart) < 1, mean * np.expm1(np.clip(apart, -1, 1)), target - mean)
    return mean, gap, mean * between


def _direct(pred: Array, scale: Array, w: Array) -> Array:
    """-M (erf((w - scale) / sqrt 2) + erf(scale / 2)), where M is no larger than the target or the scale is small."""
    mean = np.exp(pred + 0.5 * np.square(scale))
    return np.asarray(-mean * (_erf_of((w - scale) / _ROOT_2) + _erf_of(0.5 * scale)))


def _beyond(target: Array, scale: Array, w: Array) -> Array:
    """M erfc((scale - w) / sqrt 2), for w below the scale."""
    return np.asarray(target * np.exp(-0.5 * np.square(w)) * _erfcx(np.maximum(scale - w, 0.0) / _ROOT_2))


def _slope(pred: Array, target: Array, scale: Array) -> Array:
    """The derivative by the location. Where M is huge, both erf are near 1: it is what they lack, times M."""
    w = _standard(pred, target, scale)
    wide = np.exp(pred + 0.25 * np.square(scale) + np.log(_erfcx(0.5 * scale))) - _beyond(target, scale, w)
    return np.where((scale < _NARROW) | (w > scale), _direct(pred, scale, w), wide)


@loss(
    formula="""
    w = (log(target) - pred) / scale
    m = exp(pred + scale**2 / 2)
    target * (2 * Phi(w) - 1) + 2 * m * (Phi(-scale / sqrt(2)) - Phi(w - scale))
    """,
    cite="Baran & Lerch 2015, doi:10.1002/qj.2521",
    same_as={"scoringrules": ""},
    optimum=None,
    cdf=_cdf.lognormal,
)
def crps_lognormal(pred: Real, target: Positive, scale: Positive) -> Array:
    """CRPS of a log-normal forecast, in the unit of the target: the logarithm of the target is normal.

    `pred` is the mean of log(target), not of the target, and `scale` the standard deviation of log(target).

    >>> crps_lognormal([0.0, 1.0], [1.0, 2.0], [1.0, 0.5]).round(4)
    array([0.2674, 0.4904])
    """
    w = _standard(pred, target, scale)
    side = _erf_of(w / _ROOT_2)
    mean, gap, between = _narrow(pred, target, scale, w)
    narrow = np.where(np.isinf(mean), np.inf, gap * side + (between - mean * _erf_of(0.5 * scale)))
    return np.where(scale < _NARROW, narrow, target * side + _slope(pred, target, scale))


@crps_lognormal.gradient("pred")
def _(pred: Array, target: Array, scale: Array) -> Array:
    return _slope(pred, target, scale)


@crps_lognormal.gradient("scale")
def _(pred: Array, target: Array, scale: Array) -> Array:
    w = _standard(pred, target, scale)
    density = target * np.exp(-0.5 * np.square(w)) * math.sqrt(2 / math.pi)
    size, mean = np.exp(pred + 0.25 * np.square(scale)), np.exp(pred + 0.5 * np.square(scale))
    sides = _erf_of((w - scale) / _ROOT_2) + _erf_of(0.5 * scale)
    direct = -mean * (scale * sides + np.exp(-0.25 * np.square(scale)) / _ROOT_PI)
    wide = size * (scale * _erfcx(0.5 * scale) - 1 / _ROOT_PI) - scale * _beyond(target, scale, w)
    return np.where((scale < _NARROW) | (w > scale), direct, wide) + density
