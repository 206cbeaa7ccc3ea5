"""Negative log-likelihoods of a number under a distribution with a predicted scale, shape or share of zeros."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from losscli.contract.kinds import Array, NonNegative, Positive, Real
from losscli.contract.loss import Param, loss
from losscli.contract.presets import SINGLE, SINGLE_STEPS, Preset
from losscli.losses import _cdf
from losscli.losses._math import (
    expm1_beyond,
    log1p_square,
    log_factorial,
    log_quotient,
    stirling_rest,
)  # fmt: skip
from losscli.losses._student_t import minus_log_peak

TASKS = ("regression", "probabilistic forecasts")

_HALF_LOG_2PI = 0.5 * np.log(2 * np.pi)


@loss(
    formula="""
    b = max(scale, floor)
    r = abs(pred - target)
    log(2 * b) + (r if cap is None else min(r, cap)) / b
    """,
    cite="Kotz, Kozubowski & Podgorski 2001, The Laplace Distribution, doi:10.1007/978-1-4612-0173-1",
    consistent_for={
        "pred": "median(target)",
        "scale": "mean(abs(target - median(target))) if cap is None and floor == 0 else None",
    },
    optimum=None,
    cdf=_cdf.laplace,
)
def laplace_nll(
    pred: Real,
    target: Real,
    scale: Positive,
    *,
    floor: Annotated[float, Param("lower limit of the scale", ge=0, lifts=(("scale", NonNegative),))] = 0.0,
    cap: Annotated[float | None, Param("upper limit of the absolute error; none turns this off", gt=0)] = None,
) -> Array:
    """Laplace negative log-likelihood: a double exponential distribution with the predicted location and scale.

    `scale` is b, the mean absolute error; the standard deviation is sqrt(2) b. Kaggle's modified Laplace
    log-likelihood (OSIC) with confidence s is this at scale s / sqrt(2), floor 70 / sqrt(2) and cap 1000, negated.
    Below the floor, the gradient by the scale is 0.

    >>> laplace_nll([1.0, 0.0], [3.0, 0.0], [2.0, 0.5]).round(4)
    array([2.3863, 0.    ])
    """
    b, size = np.maximum(scale, floor), np.abs(pred - target)
    return np.log(2 * b) + (size if cap is None else np.minimum(size, cap)) / b


@laplace_nll.gradient("pred")
def _(pred: Array, target: Array, scale: Array, *, floor: float, cap: float | None) -> Array:
    error = pred - target
    inside = np.abs(error) < (np.inf if cap is None else cap)
    return np.where(inside, np.sign(error) / np.maximum(scale, floor), 0.0)


@laplace_nll.gradient("scale")
def _(pred: Array, target: Array, scale: Array, *, floor: float, cap: float | None) -> Array:
    size = np.minimum(np.abs(pred - target), np.inf if cap is None else cap)
    return np.where(scale < floor, 0.0, (1 - size / scale) / scale)


@loss(
    formula="""
    z = (target - pred) / scale
    loggamma(df / 2) - loggamma((df + 1) / 2) + log(df * pi) / 2 + log(scale) + (df + 1) / 2 * log(1 + z**2 / df)
    """,
    cite="Lange, Little & Taylor 1989, doi:10.1080/01621459.1989.10478852",
    optimum=None,
    cdf=_cdf.student_t,
)
def student_t_nll(
    pred: Real,
    target: Real,
    scale: Positive,
    *,
    df: Annotated[float, Param("degrees of freedom; the fewer, the heavier the tails", gt=0)] = 5.0,
) -> Array:
    """Student-t negative log-likelihood: heavy tails, with the predicted location and scale.

    `scale` is not the standard deviation, which is scale * sqrt(df / (df - 2)) where df is above 2.

    >>> student_t_nll([1.0, 0.0], [3.0, 0.0], [2.0, 0.5]).round(4)
    array([2.2087, 0.2755])
    """
    return minus_log_peak(df) + np.log(scale) + 0.5 * (df + 1) * log1p_square(np.abs(target - pred) / scale, df)


@student_t_nll.gradient("pred")
def _(pred: Array, target: Array, scale: Array, *, df: float) -> Array:
    z = (pred - target) / scale
    return (df + 1) / scale * (z / (df + np.square(z)))


@student_t_nll.gradient("scale")
def _(pred: Array, target: Array, scale: Array, *, df: float) -> Array:
    z = np.abs(pred - target) / scale
    return (1 - z) * (1 + z) / (1 + np.square(z) / df) / scale


@loss(
    formula="""
    z = (log(target) - pred) / scale
    z**2 / 2 + log(target * scale) + log(2 * pi) / 2
    """,
    cite="Johnson, Kotz & Balakrishnan 1994, Continuous Univariate Distributions 1, chapter 14",
    consistent_for={"pred": "mean(log(target))", "scale": "sqrt(mean((log(target) - mean(log(target)))**2))"},
    optimum=None,
    cdf=_cdf.lognormal,
)
def lognormal_nll(pred: Real, target: Positive, scale: Positive) -> Array:
    """Log-normal negative log-likelihood: the logarithm of the target is normal with the predicted mean and scale.

    `pred` is the mean of log(target), not of the target, and `scale` the standard deviation of log(target).

    >>> lognormal_nll([0.0, 1.0], [1.0, 2.0], [1.0, 0.5]).round(4)
    array([0.9189, 1.1073])
    """
    z = (np.log(target) - pred) / scale
    return 0.5 * np.square(z) + (np.log(target) + np.log(scale)) + _HALF_LOG_2PI


@lognormal_nll.gradient("pred")
def _(pred: Array, target: Array, scale: Array) -> Array:
    return (pred - np.log(target)) / scale / scale


@lognormal_nll.gradient("scale")
def _(pred: Array, target: Array, scale: Array) -> Array:
    z = (np.log(target) - pred) / scale
    return (1 - z) * (1 + z) / scale


@loss(
    formula="(log_variance + (pred - target)**2 * exp(-log_variance)) / 2 + (log(2 * pi) / 2 if full else 0)",
    same_as={"catboost": Preset("full=true", notes=SINGLE)},
    cite="Kendall & Gal 2017, arXiv:1703.04977",
    consistent_for={"pred": "mean(target)", "log_variance": "log(mean((target - mean(target))**2))"},
    optimum=None,
    cdf=_cdf.normal_of_log_variance,
)
def gaussian_nll_log_variance(
    pred: Real,
    target: Real,
    log_variance: Real,
    *,
    full: Annotated[bool, Param("add log(2 pi) / 2, which does not depend on the prediction")] = False,
) -> Array:
    """Gaussian negative log-likelihood, with the logarithm of the predicted variance, as networks learn it.

    For the logarithm of the standard deviation, give twice the column. CatBoost's RMSEWithUncertainty is of the latter
    and adds log(2 pi) / 2.

    >>> gaussian_nll_log_variance([1.0, 0.0], [3.0, 0.0], [0.0, 1.0])
    array([2. , 0.5])
    """
    z = (pred - target) * np.exp(-0.5 * log_variance)
    value = 0.5 * (log_variance + np.square(z))
    return value + _HALF_LOG_2PI if full else value


@gaussian_nll_log_variance.gradient("pred")
def _(pred: Array, target: Array, log_variance: Array, *, full: bool) -> Array:
    shrunk = np.exp(-0.5 * log_variance)
    return (pred - target) * shrunk * shrunk


@gaussian_nll_log_variance.gradient("log_variance")
def _(pred: Array, target: Array, log_variance: Array, *, full: bool) -> Array:
    z = np.abs(pred - target) * np.exp(-0.5 * log_variance)
    return 0.5 * (1 - z) * (1 + z)


@loss(
    formula="""
    k = 1 / dispersion
    k * (target / pred + log(pred / k)) + loggamma(k) - (k - 1) * log(target)
    """,
    same_as={"xgboost": Preset(notes=SINGLE_STEPS)},
    cite="McCullagh & Nelder 1989, Generalized Linear Models, 8, doi:10.1007/978-1-4899-3242-6",
    consistent_for="mean(target)",
    optimum=None,
)
def gamma_nll(
    pred: Positive,
    target: Positive,
    *,
    dispersion: Annotated[float, Param("variance over the square of the mean: 1 / the shape", gt=0)] = 1.0,
) -> Array:
    """Gamma negative log-likelihood: of a number above 0, with the predicted mean.

    At a dispersion of 1 it is that of the exponential distribution. LightGBM's and
    XGBoost's are at 1, and have eight digits of it.

    >>> gamma_nll([2.0, 1.0], [4.0, 1.0]).round(4)
    array([2.6931, 1.    ])
    """
    k = 1 / dispersion
    return k * expm1_beyond(-log_quotient(pred, target)) + (np.log(target) + _gamma_least(k))


def _gamma_least(k: float) -> float:
    """k - k log k + log Gamma(k)."""
    at = np.array([k])
    if k >= 10:
        return float(stirling_rest(at)[0] + 0.5 * np.log(2 * np.pi / k))
    return float(k - k * np.log(k) + log_factorial(at)[0] - np.log(k))


@gamma_nll.gradient("pred")
def _(pred: Array, target: Array, *, dispersion: float) -> Array:
    return (pred - target) / pred / pred / dispersion


@loss(
    formula="-target * pred**(1 - power) / (1 - power) + pred**(2 - power) / (2 - power)",
    cite="Jorgensen 1987, doi:10.1111/j.2517-6161.1987.tb01685.x",
    consistent_for="mean(target)",
    same_as={"catboost": Preset(notes=SINGLE), "xgboost": Preset(notes=SINGLE_STEPS), "lightgbm": Preset(notes=SINGLE)},
    optimum=None,
)
def tweedie_nll(
    pred: Positive,
    target: NonNegative,
    *,
    power: Annotated[
        float,
        Param("the variance goes with this power of the mean: near 1 as Poisson's, near 2 as the gamma's", gt=1, lt=2),
    ] = 1.5,
) -> Array:
    """Tweedie negative log-likelihood as boosting libraries have it: what depends on the predicted mean.

    It is half of tweedie_deviance, less its least value.

    >>> tweedie_nll([1.0, 4.0], [4.0, 0.0])
    array([10.,  4.])
    """
    return target * pred ** (1 - power) / (power - 1) + pred ** (2 - power) / (2 - power)


@tweedie_nll.gradient("pred")
def _(pred: Array, target: Array, *, power: float) -> Array:
    return (pred - target) / pred * pred ** (1 - power)
