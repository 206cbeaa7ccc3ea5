"""Negative log-likelihoods of a count that varies more than Poisson's, or is 0 more often."""

from __future__ import annotations

import numpy as np

from losscli.contract.kinds import Array, NonNegative, Positive, Prob
from losscli.contract.loss import loss
from losscli.losses._math import (
    log_factorial,
    log_shortfall,
    poisson_part,
    sigmoid,
    stirling_growth,
    stirling_rest,
    xlogy,
)

TASKS = ("regression",)


@loss(
    formula="""
    n = 1 / dispersion
    counted = loggamma(n) + loggamma(target + 1) - loggamma(target + n)
    counted - n * log(n / (n + pred)) - (target * log(pred / (n + pred)) if target > 0 else 0)
    """,
    cite="Lawless 1987, doi:10.2307/3314912; Hilbe 2011, doi:10.1017/CBO9780511973420",
    consistent_for="mean(target)",
    optimum=None,
)
def negative_binomial_nll(pred: NonNegative, target: NonNegative, dispersion: Positive) -> Array:
    """Negative binomial negative log-likelihood: of a count that varies more than Poisson's, with the predicted mean.

    `dispersion` is alpha, so that the variance is pred + alpha * pred^2; at 0 it would be Poisson's. Of a number of
    failures r, it is 1 / r; of logits, the mean is r * e^logit. The gradient is by the mean only.

    >>> negative_binomial_nll([2.0, 0.5], [3.0, 0.0], [0.5, 1.0]).round(4)
    array([2.0794, 0.4055])
    """
    # Each row by the form in which nothing large cancels: by whether the count and n = 1 / alpha are large.
    values, many = np.empty_like(pred), 1 / dispersion >= 10
    for large, form in ((many & (target >= 10), _by_deviance), (~many & (target >= 10), _by_gammas)):
        values[large] = form(pred[large], target[large], dispersion[large])
    rest = target < 10
    p, y, alpha = pred[rest], target[rest], dispersion[rest]
    grown = alpha * p
    values[rest] = (log_factorial(y) - log_rise(y, 1 / alpha)) + ((1 / alpha + y) * np.log1p(grown) - xlogy(y, p))
    return values


def log_rise(y: Array, n: Array) -> Array:
    """log of Gamma(n + y) / Gamma(n) / n^y; a small n is made large by Gamma(n + 1) = n Gamma(n)."""
    small = n < 10
    big = np.where(small, n + 10, n)
    w = y / big
    log = np.log1p(w)
    close = np.where(w < 1, w * log - log_shortfall(np.minimum(w, 1.0)), (1 + w) * log - w)
    value = big * close - 0.5 * log + stirling_growth(big, log)
    if small.any():
        steps = sum(np.log1p(y[small] / (n[small] + step)) for step in range(10))
        value[small] += y[small] * np.log(big[small] / n[small]) - steps
    return np.asarray(value)


def _by_deviance(p: Array, y: Array, alpha: Array) -> Array:
    """Half the deviance and, by Stirling, what the likelihood is at its best."""
    n = 1 / alpha
    near = np.abs(p - y) < 0.5 * y
    u = np.where(near, (p - y) / y, 0.0)
    close = y * log_shortfall(u) - (n + y) * log_shortfall(np.where(near, (p - y) / (n + y), 0.0))
    far = y * np.log(y / p) - (n + y) * (np.log1p(alpha * y) - np.log1p(alpha * p))
    rests = stirling_rest(y) - stirling_rest(n + y) + stirling_rest(n)
    return np.where(near, close, far) + (0.5 * (np.log(2 * np.pi * y) + np.log1p(alpha * y)) + rests)


def _by_gammas(p: Array, y: Array, alpha: Array) -> Array:
    """Gammas of the count taken out of each other."""
    n = 1 / alpha
    counted = np.log(y) - log_rise(n, y) + (log_factorial(n) - np.log(n))
    return counted + n * (np.log1p(alpha * p) - np.log(y)) + y * np.log1p(n / p)


@negative_binomial_nll.gradient("pred")
def _(pred: Array, target: Array, dispersion: Array) -> Array:
    return np.where(target == 0, 1.0, (pred - target) / pred) / (1 + dispersion * pred)


@loss(
    formula="""
    some = pred - target * log(pred) + loggamma(target + 1) - log(1 - zero_prob) if target > 0 else 0
    some if target > 0 else -log(zero_prob + (1 - zero_prob) * exp(-pred))
    """,
    cite="Lambert 1992, doi:10.2307/1269547",
    optimum=None,
)
def zero_inflated_poisson_nll(pred: NonNegative, target: NonNegative, zero_prob: Prob) -> Array:
    """Zero-inflated Poisson negative log-likelihood: a count that is 0 with a probability of its own, or Poisson's.

    `pred` is the rate of the Poisson part, not the mean, and `zero_prob` the probability of an extra zero.

    >>> zero_inflated_poisson_nll([2.0, 0.5], [3.0, 0.0], [0.25, 0.5]).round(4)
    array([2.    , 0.2191])
    """
    extra = (1 - zero_prob) * np.expm1(-pred)
    with_log = -np.logaddexp(np.log(zero_prob), np.log1p(-zero_prob) - pred)
    none = np.where(extra > -0.5, -np.log1p(extra), with_log)
    plain = pred - xlogy(target, pred)
    some = poisson_part(plain, target, (pred - target) / target) - np.log1p(-zero_prob)
    return np.where(target > 0, some, none)


def _odds(pred: Array, zero_prob: Array) -> Array:
    """The probability that a 0 is one of Poisson's."""
    return sigmoid(np.log1p(-zero_prob) - np.log(zero_prob) - pred)


@zero_inflated_poisson_nll.gradient("pred")
def _(pred: Array, target: Array, zero_prob: Array) -> Array:
    return np.where(target > 0, (pred - target) / pred, _odds(pred, zero_prob))


@loss(
    formula="""
    n = 1 / dispersion
    gammas = loggamma(n) + loggamma(target + 1) - loggamma(target + n)
    counted = gammas - n * log(n / (n + pred)) - (target * log(pred / (n + pred)) if target > 0 else 0)
    none = -log(zero_prob + (1 - zero_prob) * (n / (n + pred))**n)
    counted - log(1 - zero_prob) if target > 0 else none
    """,
    cite="Greene 1994, NYU Stern working paper EC-94-10; Lopez et al. 2018 (scVI), doi:10.1038/s41592-018-0229-2",
    optimum=None,
)
def zero_inflated_negative_binomial_nll(
    pred: NonNegative, target: NonNegative, dispersion: Positive, zero_prob: Prob
) -> Array:
    """Zero-inflated negative binomial negative log-likelihood: of counts that vary much and are 0 more often.

    `pred` is the mean of the negative binomial part, whose variance is pred + dispersion * pred^2, and `zero_prob` the
    probability of an extra zero. The gradient is by the mean only.

    >>> zero_inflated_negative_binomial_nll([2.0, 0.5], [3.0, 0.0], [0.5, 1.0], [0.25, 0.5]).round(4)
    array([2.3671, 0.1823])
    """
    some = negative_binomial_nll.kernel(pred, target, dispersion) - np.log1p(-zero_prob)
    depth = np.log1p(dispersion * pred) / dispersion
    extra = (1 - zero_prob) * np.expm1(-depth)
    with_log = -np.logaddexp(np.log(zero_prob), np.log1p(-zero_prob) - depth)
    return np.where(target > 0, some, np.where(extra > -0.5, -np.log1p(extra), with_log))


@zero_inflated_negative_binomial_nll.gradient("pred")
def _(pred: Array, target: Array, dispersion: Array, zero_prob: Array) -> Array:
    grown = 1 + dispersion * pred
    none = _odds(np.log1p(dispersion * pred) / dispersion, zero_prob)
    return np.where(target > 0, (pred - target) / pred, none) / grown
