"""Scores of probabilistic forecasts: intervals, and distributions by the continuous ranked probability score (CRPS)."""

from __future__ import annotations

import math
from typing import Annotated

import numpy as np

from losscli.contract.kinds import Array, Positive, Real
from losscli.contract.loss import Param, loss
from losscli.contract.presets import without_weights
from losscli.losses import _cdf
from losscli.losses._math import expm1_beyond, log1p_square, sigmoid, softplus
from losscli.losses._student_t import central_area, minus_log_peak

TASKS = ("probabilistic forecasts",)

_GNEITING = "Gneiting & Raftery 2007, doi:10.1198/016214506000001437"
_JORDAN = "Jordan, Krueger & Lerch 2019, doi:10.18637/jss.v090.i12"
_erf = np.frompyfunc(math.erf, 1, 1)


@loss(
    formula="upper - lower + 2 / (1 - level) * (max(lower - target, 0) + max(target - upper, 0))",
    cite="Winkler 1972, doi:10.1080/01621459.1972.10481224; " + _GNEITING,
    same_as={"scoringrules": "", "utilsforecast": without_weights()},
    aliases=("winkler_score",),
    first=True,
)
def interval_score(
    lower: Real,
    upper: Real,
    target: Real,
    *,
    level: Annotated[
        float,
        Param("the probability that the interval should have", ge=0, lt=1, per_row=True, level_of="lower upper"),
    ] = 0.9,
) -> Array:
    """Interval (Winkler) score: the width of an interval, plus a penalty for targets outside of it.

    `level` is 1 - alpha: 0.9 for the interval from the 5 % to the 95 % quantile; names of the columns say it, as lo-90
    and hi-90 do. The gradient at the ends of an interval is that of targets inside.

    >>> interval_score([1.0, 1.0], [3.0, 3.0], [2.0, 3.5], level=0.5)
    array([2., 4.])
    """
    outside = np.maximum(lower - target, 0.0) + np.maximum(target - upper, 0.0)
    return upper - lower + 2 / (1 - level) * outside


@interval_score.gradient("lower")
def _(lower: Array, upper: Array, target: Array, *, level: float) -> Array:
    return np.where(target < lower, 2 / (1 - level), 0.0) - 1


@interval_score.gradient("upper")
def _(lower: Array, upper: Array, target: Array, *, level: float) -> Array:
    return 1 - np.where(target > upper, 2 / (1 - level), 0.0)


@loss(
    formula="""
    z = (target - pred) / scale
    scale * (z * (2 * Phi(z) - 1) + 2 * exp(-z**2 / 2) / sqrt(2 * pi) - 1 / sqrt(pi))
    """,
    cite="Gneiting, Raftery, Westveld & Goldman 2005, doi:10.1175/MWR2904.1",
    same_as={"scoringrules": "", "properscoring": ""},
    optimum=None,
    first=True,
    cdf=_cdf.normal,
)
def crps_gaussian(pred: Real, target: Real, scale: Positive) -> Array:
    """CRPS of a normal forecast with the predicted mean and standard deviation, in the unit of the target.

    `scale` is the standard deviation. The CRPS of a forecast whose scale is 0 is the absolute error.

    >>> crps_gaussian([1.0, 0.0], [3.0, 0.0], [2.0, 0.5]).round(4)
    array([1.2049, 0.1168])
    """
    z = np.abs(target - pred) / scale
    return scale * (z * _erf_of(z) + np.sqrt(2 / np.pi) * np.exp(-0.5 * np.square(z)) - 1 / np.sqrt(np.pi))


def _erf_of(z: Array) -> Array:
    """2 Phi(z) - 1; NumPy has no error function."""
    return np.asarray(_erf(z / np.sqrt(2)), np.float64)


@crps_gaussian.gradient("pred")
def _(pred: Array, target: Array, scale: Array) -> Array:
    return _erf_of((pred - target) / scale)


@crps_gaussian.gradient("scale")
def _(pred: Array, target: Array, scale: Array) -> Array:
    z = (pred - target) / scale
    return np.sqrt(2 / np.pi) * np.exp(-0.5 * np.square(z)) - 1 / np.sqrt(np.pi)


@loss(
    formula="""
    z = abs(target - pred) / scale
    scale * (z + exp(-z) - 3 / 4)
    """,
    cite=_JORDAN,
    same_as={"scoringrules": ""},
    optimum=None,
    cdf=_cdf.laplace,
)
def crps_laplace(pred: Real, target: Real, scale: Positive) -> Array:
    """CRPS of a Laplace forecast with the predicted location and scale.

    `scale` is b, the mean absolute deviation; the standard deviation is sqrt(2) b.

    >>> crps_laplace([1.0, 0.0], [3.0, 0.0], [2.0, 0.5]).round(4)
    array([1.2358, 0.125 ])
    """
    return scale * (expm1_beyond(-np.abs(target - pred) / scale) + 0.25)


@crps_laplace.gradient("pred")
def _(pred: Array, target: Array, scale: Array) -> Array:
    error = pred - target
    return -np.sign(error) * np.expm1(-np.abs(error) / scale)


@crps_laplace.gradient("scale")
def _(pred: Array, target: Array, scale: Array) -> Array:
    z = np.abs(target - pred) / scale
    return np.exp(-z) * (1 + z) - 0.75


@loss(
    formula="""
    z = (target - pred) / scale
    scale * (z + 2 * log(1 + exp(-z)) - 1)
    """,
    cite=_JORDAN,
    same_as={"scoringrules": ""},
    optimum=None,
    cdf=_cdf.logistic,
)
def crps_logistic(pred: Real, target: Real, scale: Positive) -> Array:
    """CRPS of a logistic forecast with the predicted location and scale.

    The standard deviation is pi / sqrt(3) times `scale`.

    >>> crps_logistic([1.0, 0.0], [3.0, 0.0], [2.0, 0.5]).round(4)
    array([1.253 , 0.1931])
    """
    z = np.abs(target - pred) / scale
    return scale * (z + 2 * softplus(-z) - 1)


@crps_logistic.gradient("pred")
def _(pred: Array, target: Array, scale: Array) -> Array:
    return np.tanh((pred - target) / scale / 2)


@crps_logistic.gradient("scale")
def _(pred: Array, target: Array, scale: Array) -> Array:
    z = np.abs(target - pred) / scale
    return 2 * (softplus(-z) + z * sigmoid(-z)) - 1


@loss(
    formula="""
    z = abs(target - pred) / scale
    between = betainc(1 / 2, df / 2, z**2 / (df + z**2))
    peak = exp(loggamma((df + 1) / 2) - loggamma(df / 2)) / sqrt(df * pi)
    same = exp(loggamma(df - 1 / 2) + loggamma((df + 1) / 2) - loggamma(df) - loggamma(df / 2))
    scale * (z * between + 2 * peak * df / (df - 1) * ((1 + z**2 / df)**((1 - df) / 2) - same))
    """,
    cite=_JORDAN,
    same_as={"scoringrules": ""},
    optimum=None,
    cdf=_cdf.student_t,
)
def crps_student_t(
    pred: Real,
    target: Real,
    scale: Positive,
    *,
    df: Annotated[float, Param("degrees of freedom; the fewer, the heavier the tails", gt=1)] = 5.0,
) -> Array:
    """CRPS of a Student-t forecast with the predicted location and scale: for heavy tails, in the unit of the target.

    `scale` is not the standard deviation, which is scale * sqrt(df / (df - 2)) where df is above 2. At one degree of
    freedom, or fewer, the score is infinite whatever the target.

    >>> crps_student_t([1.0, 0.0], [3.0, 0.0], [2.0, 0.5]).round(4)
    array([1.2077, 0.1285])
    """
    z = np.abs(target - pred) / scale
    return scale * (z * central_area(z, df) + _spread(z, df))


def _spread(z: Array, df: float) -> Array:
    """The score less what its slope by z makes of it; both powers are near 1 where df is."""
    same = minus_log_peak(2 * df - 1) - minus_log_peak(df) + 0.5 * math.log(df / (2 * df - 1))
    gap = np.expm1(-(df - 1) / 2 * log1p_square(z, df)) - math.expm1(same)
    return np.asarray(2 * math.exp(-minus_log_peak(df)) * df / (df - 1) * gap)


@crps_student_t.gradient("pred")
def _(pred: Array, target: Array, scale: Array, *, df: float) -> Array:
    return np.sign(pred - target) * central_area(np.abs(target - pred) / scale, df)


@crps_student_t.gradient("scale")
def _(pred: Array, target: Array, scale: Array, *, df: float) -> Array:
    return _spread(np.abs(target - pred) / scale, df)
