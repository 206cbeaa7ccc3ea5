"""Negative log-likelihoods of a number, given the predicted parameters of its distribution."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from losscli.contract.kinds import Array, NonNegative, Positive, Real
from losscli.contract.loss import Param, loss
from losscli.contract.presets import SINGLE, SINGLE_STEPS, Preset, Refusal, by_rows, without_weights
from losscli.losses import _cdf
from losscli.losses._math import poisson_part

TASKS = ("regression", "probabilistic forecasts")

_EPS = Param("added to the rate inside the logarithm", ge=0)
_STIRLING = Refusal(("full",), "torch has Stirling's approximation, and only for counts above 1")
_NO_FULL = Refusal(("full",), "the library leaves log(target!) out")
_FULL_POISSON = Annotated[bool, Param("add log(target!), which does not depend on the prediction")]


@loss(
    formula="""
    constant = loggamma(target + 1) if full else 0
    pred - (target * log(pred + eps) if target > 0 else 0) + constant
    """,
    cite="McCullagh & Nelder 1989, Generalized Linear Models, 6.2, doi:10.1007/978-1-4899-3242-6",
    consistent_for="mean(target) - eps",
    same_as={
        "xgboost": Preset("full=true", notes=SINGLE_STEPS),
        "torch": without_weights("eps=1e-08", _STIRLING),
        "keras": by_rows("eps=1e-07", _NO_FULL),
    },
    optimum=None,
)
def poisson_nll(
    pred: NonNegative,
    target: NonNegative,
    *,
    eps: Annotated[float, _EPS] = 0.0,
    full: _FULL_POISSON = False,
) -> Array:
    """Poisson negative log-likelihood: of a count, with the predicted rate.

    The value can be negative, because log(target!) is left out unless `full` is true. That term is exact here;
    torch uses Stirling's approximation, and only for counts above 1. A rate of 0 with a count above 0 gives
    infinity unless `eps` is set. The parameters for torch are those of log_input=False. The poisson-nloglik of
    XGBoost is this loss with `full`, in single precision.

    >>> poisson_nll([2.0, 0.5], [3.0, 0.0]).round(4)
    array([-0.0794,  0.5   ])
    """
    plain = pred - target * np.log(pred + eps)
    plain[np.isnan(plain)] = 0.0  # a rate of 0 for a count of 0: 0 * log(0)
    return poisson_part(plain, target, (pred - target + eps) / target, eps) if full else plain


@poisson_nll.gradient("pred")
def _(pred: Array, target: Array, *, eps: float, full: bool) -> Array:
    return np.where(target == 0, 1.0, (pred - target + eps) / (pred + eps))


@loss(
    formula="exp(pred) - target * pred + (loggamma(target + 1) if full else 0)",
    cite="McCullagh & Nelder 1989, Generalized Linear Models, 6.2, doi:10.1007/978-1-4899-3242-6",
    consistent_for="log(mean(target))",
    same_as={"torch": without_weights("", _STIRLING), "catboost": Preset(refuses=(_NO_FULL,), notes=SINGLE)},
    optimum=None,
)
def poisson_nll_log_rate(pred: Real, target: NonNegative, *, full: _FULL_POISSON = False) -> Array:
    """Poisson negative log-likelihood, with the logarithm of the predicted rate.

    >>> poisson_nll_log_rate([0.0, 1.0], [3.0, 0.0]).round(4)
    array([1.    , 2.7183])
    """
    plain = np.exp(pred) - target * pred
    return poisson_part(plain, target, np.expm1(pred - np.log(target))) if full else plain


@poisson_nll_log_rate.gradient("pred")
def _(pred: Array, target: Array, *, full: bool) -> Array:
    # At a rate near 1, e^z has no digits of z left where expm1(z) has all.
    return np.where(np.abs(pred) < 0.5, np.expm1(pred) - (target - 1), np.exp(pred) - target)


@loss(
    formula="""
    v = max(variance, eps)
    (log(v) + (pred - target)**2 / v) / 2 + (log(2 * pi) / 2 if full else 0)
    """,
    cite="Nix & Weigend 1994, doi:10.1109/ICNN.1994.374138",
    consistent_for={"pred": "mean(target)", "variance": "max(mean((target - mean(target))**2), eps)"},
    same_as={
        "torch": without_weights(
            "eps=1e-06", notes="below eps, the gradient by the variance is 0, where torch has the one at eps"
        )
    },
    optimum=None,
    first=True,
    cdf=_cdf.normal_of_variance,
)
def gaussian_nll(
    pred: Real,
    target: Real,
    variance: Positive,
    *,
    eps: Annotated[float, Param("lower limit of the variance", ge=0, lifts=(("variance", NonNegative),))] = 0.0,
    full: Annotated[bool, Param("add log(2 pi) / 2, which does not depend on the prediction")] = False,
) -> Array:
    """Gaussian negative log-likelihood: a normal distribution with the predicted mean and variance.

    `variance` is the variance, not the standard deviation or its logarithm. The value can be negative. Below `eps`
    the value does not depend on the variance, so the gradient with respect to it is 0. torch hides this clamp from
    its gradient and gives the gradient at `eps` there. With `eps`, a variance of 0 is allowed.

    >>> gaussian_nll([1.0, 0.0], [3.0, 0.0], [4.0, 1.0]).round(4)
    array([1.1931, 0.    ])
    """
    v, error = np.maximum(variance, eps), pred - target
    value = 0.5 * (np.log(v) + error * (error / v))
    return value + 0.5 * np.log(2 * np.pi) if full else value


@gaussian_nll.gradient("pred")
def _(pred: Array, target: Array, variance: Array, *, eps: float, full: bool) -> Array:
    return (pred - target) / np.maximum(variance, eps)


@gaussian_nll.gradient("variance")
def _(pred: Array, target: Array, variance: Array, *, eps: float, full: bool) -> Array:
    error = pred - target
    slope = (1 - error * (error / variance)) / (2 * variance)
    return np.where(variance < eps, 0.0, slope)
