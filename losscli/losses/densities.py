"""Negative log-likelihoods and divergences of distributions whose predicted parameters stand in columns."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from losscli.contract.kinds import (
    Array,
    Binary,
    CholeskyFactor,
    NonNegative,
    Positive,
    PositiveVector,
    Prob,
    Real,
    Vector,
)
from losscli.contract.loss import Param, loss
from losscli.losses import _cdf
from losscli.losses._math import expm1_beyond, log_quotient, tail
from losscli.losses._triangular import backward, forward

TASKS = ("regression", "probabilistic forecasts")

_HALF_LOG_2PI = 0.5 * np.log(2 * np.pi)


@loss(
    formula="""
    constant = log(2 * pi) / 2 if full else 0
    sum((log(v) + (p - t)**2 / v) / 2 + constant for p, t, v in zip(pred, target, variance))
    """,
    cite="Nix & Weigend 1994, doi:10.1109/ICNN.1994.374138; Bishop 2006, 2.3",
    optimum=None,
)
def diagonal_gaussian_nll(
    pred: Vector,
    target: Vector,
    variance: PositiveVector,
    *,
    full: Annotated[bool, Param("add log(2 pi) / 2 a number, which does not depend on the prediction")] = False,
) -> Array:
    """Gaussian negative log-likelihood of a vector with a variance for each of its numbers: the sum over them.

    gaussian_nll of several outputs is the mean over them.

    >>> diagonal_gaussian_nll([[1.0, 0.0]], [[3.0, 0.0]], [[4.0, 1.0]]).round(4)
    array([1.1931])
    """
    error = pred - target
    value = 0.5 * (np.log(variance) + error * (error / variance))
    return (value + _HALF_LOG_2PI if full else value).sum(axis=-1)


@diagonal_gaussian_nll.gradient("pred")
def _(pred: Array, target: Array, variance: Array, *, full: bool) -> Array:
    return (pred - target) / variance


@diagonal_gaussian_nll.gradient("variance")
def _(pred: Array, target: Array, variance: Array, *, full: bool) -> Array:
    error = pred - target
    return (1 - error * (error / variance)) / (2 * variance)


@loss(
    formula="""
    error = [t - p for p, t in zip(pred, target)]
    z = lambda k: (error[k] - sum(cholesky[k][j] * z(j) for j in range(k))) / cholesky[k][k]
    constant = log(2 * pi) / 2 if full else 0
    sum(z(k)**2 / 2 + log(cholesky[k][k]) + constant for k in range(len(pred)))
    """,
    cite="Dorta et al. 2018, arXiv:1802.07079; Bishop 2006, 2.3",
    optimum=None,
)
def multivariate_gaussian_nll(
    pred: Vector,
    target: Vector,
    cholesky: CholeskyFactor,
    *,
    full: Annotated[bool, Param("add log(2 pi) / 2 a number, which does not depend on the prediction")] = False,
) -> Array:
    """Gaussian negative log-likelihood of a vector, with a predicted covariance matrix.

    `cholesky` is the lower triangular L with covariance L L', row by row: of two numbers a row has four, L11, 0, L21
    and L22. The diagonal is one of standard deviations, not of variances; what is above it is not read. With no
    correlation it is diagonal_gaussian_nll. Where numbers are correlated by almost 1, a rounded covariance has few
    digits of what counts: give the factor of the model itself.

    >>> multivariate_gaussian_nll([[1.0, 0.0]], [[3.0, 1.0]], [[[2.0, 0.0], [1.0, 0.5]]])
    array([0.5])
    """
    z = forward(cholesky, target, pred)
    value = 0.5 * np.square(z) + np.log(np.diagonal(cholesky, axis1=1, axis2=2))
    return (value + _HALF_LOG_2PI if full else value).sum(axis=-1)


@multivariate_gaussian_nll.gradient("pred")
def _(pred: Array, target: Array, cholesky: Array, *, full: bool) -> Array:
    return -backward(cholesky, forward(cholesky, target, pred))


@multivariate_gaussian_nll.gradient("cholesky")
def _(pred: Array, target: Array, cholesky: Array, *, full: bool) -> Array:
    z = forward(cholesky, target, pred)
    slope = -np.tril(backward(cholesky, z)[:, :, None] * z[:, None, :])
    places = np.arange(z.shape[1])
    slope[:, places, places] += 1 / cholesky[:, places, places]
    return slope


@loss(
    formula="""
    z = (target - pred) / scale
    z + 2 * log(1 + exp(-z)) + log(scale)
    """,
    cite="Balakrishnan 1991, Handbook of the Logistic Distribution, doi:10.1201/9781482277098",
    optimum=None,
    cdf=_cdf.logistic,
)
def logistic_nll(pred: Real, target: Real, scale: Positive) -> Array:
    """Logistic negative log-likelihood, with the predicted location and scale.

    `scale` is not the standard deviation, which is pi / sqrt(3) times it.

    >>> logistic_nll([1.0, 0.0], [3.0, 0.0], [2.0, 0.5]).round(4)
    array([2.3197, 0.6931])
    """
    z = np.abs(target - pred) / scale
    return z + 2 * np.log1p(tail(z)) + np.log(scale)


@logistic_nll.gradient("pred")
def _(pred: Array, target: Array, scale: Array) -> Array:
    return np.tanh(0.5 * ((pred - target) / scale)) / scale


@logistic_nll.gradient("scale")
def _(pred: Array, target: Array, scale: Array) -> Array:
    z = (pred - target) / scale
    return (1 - z * np.tanh(0.5 * z)) / scale


@loss(
    formula="""
    z = (target - pred) / scale
    log(scale) + z + exp(-z)
    """,
    cite="Gumbel 1958, Statistics of Extremes; Coles 2001, doi:10.1007/978-1-4471-3675-0",
    optimum=None,
    cdf=_cdf.gumbel,
)
def gumbel_nll(pred: Real, target: Real, scale: Positive) -> Array:
    """Gumbel negative log-likelihood: of a largest value, with the predicted location and scale.

    `pred` is the mode, not the mean, which is 0.577 scales above it. For smallest values, negate both sides.

    >>> gumbel_nll([1.0, 0.0], [3.0, 0.0], [2.0, 0.5]).round(4)
    array([2.061 , 0.3069])
    """
    z = (target - pred) / scale
    return np.log(scale) + (z + np.exp(-z))


@gumbel_nll.gradient("pred")
def _(pred: Array, target: Array, scale: Array) -> Array:
    return np.expm1((pred - target) / scale) / scale


@gumbel_nll.gradient("scale")
def _(pred: Array, target: Array, scale: Array) -> Array:
    z = (target - pred) / scale
    return (1 + z * np.expm1(-z)) / scale


@loss(
    formula="(target / pred)**shape - log(shape / pred) - (shape - 1) * log(target / pred)",
    cite="Weibull 1951, doi:10.1115/1.4010337",
    optimum=None,
    cdf=_cdf.weibull,
)
def weibull_nll(pred: Positive, target: Positive, shape: Positive) -> Array:
    """Weibull negative log-likelihood: of a lifetime or a wind speed, with the predicted scale and shape.

    `pred` is the scale, below which 63.2 % of the targets lie, not the mean. At a shape of 1 it is exponential_nll.

    >>> weibull_nll([2.0, 1.0], [4.0, 1.0], [1.0, 2.0]).round(4)
    array([2.6931, 0.3069])
    """
    return (target / pred) ** shape - log_quotient(shape, pred) - (shape - 1) * log_quotient(target, pred)


@weibull_nll.gradient("pred")
def _(pred: Array, target: Array, shape: Array) -> Array:
    return -shape * np.expm1(shape * log_quotient(target, pred)) / pred


@weibull_nll.gradient("shape")
def _(pred: Array, target: Array, shape: Array) -> Array:
    log = log_quotient(target, pred)
    return log * np.expm1(shape * log) - 1 / shape


@loss(
    formula="""
    z = (log(target) - pred) / scale if target else 0
    some = z**2 / 2 + log(target * scale) + log(2 * pi) / 2 if target else 0
    some - log(1 - zero_prob) if target else -log(zero_prob)
    """,
    cite="Wang, Liu & Miao 2019, arXiv:1912.07753",
    optimum=None,
    aliases=("ziln",),
)
def zero_inflated_lognormal_nll(pred: Real, target: NonNegative, scale: Positive, zero_prob: Prob) -> Array:
    """Zero-inflated lognormal (ZILN) negative log-likelihood: of customer values, of which many are 0.

    `zero_prob` is the probability of 0; of the others, log(target) has the predicted mean `pred` and standard
    deviation `scale`.

    >>> zero_inflated_lognormal_nll([0.0, 1.0], [1.0, 0.0], [1.0, 0.5], [0.5, 0.25]).round(4)
    array([1.6121, 1.3863])
    """
    some = target > 0
    log = np.log(np.where(some, target, 1.0))
    value = 0.5 * np.square((log - pred) / scale) + (log + np.log(scale)) + _HALF_LOG_2PI
    return np.where(some, value - np.log1p(-zero_prob), -np.log(zero_prob))


@zero_inflated_lognormal_nll.gradient("pred")
def _(pred: Array, target: Array, scale: Array, zero_prob: Array) -> Array:
    return np.where(target > 0, (pred - np.log(target)) / scale / scale, 0.0)


@zero_inflated_lognormal_nll.gradient("scale")
def _(pred: Array, target: Array, scale: Array, zero_prob: Array) -> Array:
    z = (np.log(target) - pred) / scale
    return np.where(target > 0, (1 - z) * (1 + z) / scale, 0.0)


@zero_inflated_lognormal_nll.gradient("zero_prob")
def _(pred: Array, target: Array, scale: Array, zero_prob: Array) -> Array:
    return np.where(target > 0, 1 / (1 - zero_prob), -1 / zero_prob)


@loss(
    formula="(log(variance / target_variance) + (target_variance + (pred - target)**2) / variance - 1) / 2",
    cite="Kullback & Leibler 1951, doi:10.1214/aoms/1177729694; "
    "Duchi 2007, Derivations for Linear Algebra and Optimization",
    consistent_for="mean(target)",
    optimum=None,
)
def kl_gaussian(pred: Real, target: Real, variance: Positive, target_variance: Positive) -> Array:
    """KL divergence of the true normal distribution from the predicted one, in nats: by means and variances.

    >>> kl_gaussian([1.0, 0.0], [3.0, 0.0], [4.0, 1.0], [4.0, 2.0]).round(4)
    array([0.5   , 0.1534])
    """
    error = pred - target
    return 0.5 * (expm1_beyond(log_quotient(target_variance, variance)) + error * (error / variance))


@kl_gaussian.gradient("pred")
def _(pred: Array, target: Array, variance: Array, target_variance: Array) -> Array:
    return (pred - target) / variance


@kl_gaussian.gradient("variance")
def _(pred: Array, target: Array, variance: Array, target_variance: Array) -> Array:
    error = pred - target
    return 0.5 * ((variance - target_variance) / variance - error * (error / variance)) / variance


@loss(
    formula="""
    total = sum(m**2 + exp(v) - 1 - v for m, v in zip(pred, log_variance)) / 2
    total / len(pred) if average else total
    """,
    cite="Kingma & Welling 2013, arXiv:1312.6114",
    optimum=None,
)
def kl_standard_normal(
    pred: Vector,
    log_variance: Vector,
    *,
    average: Annotated[bool, Param("the mean over the dimensions, not the sum")] = False,
) -> Array:
    """KL divergence of a normal distribution from the standard one, as in a VAE: by means and logarithms of variances.

    The sum over the dimensions is the one of the evidence lower bound; much code takes the mean.

    >>> kl_standard_normal([[1.0, 0.0]], [[0.0, 0.0]])
    array([0.5])
    """
    total = 0.5 * (np.square(pred) + expm1_beyond(log_variance)).sum(axis=-1)
    return np.asarray(total / pred.shape[-1] if average else total)


@kl_standard_normal.gradient("pred")
def _(pred: Array, log_variance: Array, *, average: bool) -> Array:
    return pred / pred.shape[-1] if average else pred.copy()


@kl_standard_normal.gradient("log_variance")
def _(pred: Array, log_variance: Array, *, average: bool) -> Array:
    slope = 0.5 * np.expm1(log_variance)
    return np.asarray(slope / pred.shape[-1] if average else slope)


@loss(
    formula="compensator - (log(intensity) if event else 0)",
    cite="Daley & Vere-Jones 2003, An Introduction to the Theory of Point Processes, 7.2, doi:10.1007/b97277",
    optimum=None,
)
def point_process_nll(event: Binary, intensity: Positive, compensator: NonNegative) -> Array:
    """Point process negative log-likelihood: of events in time, such as purchases, posts or quakes.

    A row is an interval that ends with an event (1) or without one (0). `intensity` is the predicted one at its end,
    and `compensator` its integral over the interval. Weights of 1 and the sum give that of the whole sequence.

    >>> point_process_nll([1, 0], [2.0, 2.0], [0.5, 1.0]).round(4)
    array([-0.1931,  1.    ])
    """
    return compensator - np.where(event > 0, np.log(intensity), 0.0)


@point_process_nll.gradient("intensity")
def _(event: Array, intensity: Array, compensator: Array) -> Array:
    return np.where(event > 0, -1 / intensity, 0.0)


@point_process_nll.gradient("compensator")
def _(event: Array, intensity: Array, compensator: Array) -> Array:
    return np.ones_like(compensator)
