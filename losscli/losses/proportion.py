"""Negative log-likelihoods of shares: of a proportion between 0 and 1, and of successes among trials."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from losscli.contract.kinds import Array, NonNegative, OpenProb, Positive, Prob
from losscli.contract.loss import Param, loss
from losscli.losses._math import expm1_beyond, log_factorial, log_quotient, stirling_rest, xlog1py, xlogy
from losscli.losses.count import log_rise

TASKS = ("regression", "binary classification")


@loss(
    formula="""
    a = pred * concentration
    b = (1 - pred) * concentration
    beta = loggamma(a) + loggamma(b) - loggamma(concentration)
    beta - (a - 1) * log(target) - (b - 1) * log(1 - target)
    """,
    cite="Ferrari & Cribari-Neto 2004, doi:10.1080/0266476042000214501",
    optimum=None,
)
def beta_nll(pred: OpenProb, target: OpenProb, concentration: Positive) -> Array:
    """Beta negative log-likelihood: of a proportion between 0 and 1, with the predicted mean and concentration.

    `concentration` is phi of beta regression: the variance is pred (1 - pred) / (1 + concentration). Targets of 0 and
    1 have no density; libraries move them inwards. The gradient is by the mean only.

    >>> beta_nll([0.5, 0.25], [0.5, 0.5], [2.0, 4.0]).round(4)
    array([0.    , 0.2877])
    """
    p, t = pred, target
    a, b = p * concentration, (1 - p) * concentration
    many = (a >= 10) & (b >= 10)
    value = np.empty_like(p)
    for rows, form in ((many, _by_divergence), (~many, _by_gammas)):
        value[rows] = form(p[rows], t[rows], a[rows], b[rows], concentration[rows])
    return value


def _log_gamma(x: Array) -> Array:
    return log_factorial(x) - np.log(x)


def _by_gammas(p: Array, t: Array, a: Array, b: Array, c: Array) -> Array:
    return _log_gamma(a) + _log_gamma(b) - _log_gamma(c) - (a - 1) * np.log(t) - (b - 1) * np.log1p(-t)


def _by_divergence(p: Array, t: Array, a: Array, b: Array, c: Array) -> Array:
    """The concentration times a KL divergence, and by Stirling what is left: nothing large cancels."""
    apart = a * expm1_beyond(log_quotient(t, p)) + b * expm1_beyond(log_quotient(1 - t, 1 - p))
    rests = stirling_rest(a) + stirling_rest(b) - stirling_rest(c)
    return apart + (np.log(t) + np.log1p(-t)) + 0.5 * np.log(2 * np.pi * (c / a / b)) + rests


@beta_nll.gradient("pred")
def _(pred: Array, target: Array, concentration: Array) -> Array:
    a, b = pred * concentration, (1 - pred) * concentration
    return concentration * (_digamma(a) - _digamma(b) - (np.log(target) - np.log1p(-target)))


def _digamma(x: Array) -> Array:
    """The derivative of log Gamma, for x > 0."""
    steps, far = np.zeros_like(x), x.copy()
    for _ in range(10):
        small = far < 10
        steps += np.where(small, 1 / np.where(small, far, 1.0), 0.0)
        far = np.where(small, far + 1, far)
    inverse = 1 / far**2
    series = np.zeros_like(x)
    for part in (-1 / 12, 691 / 32760, -1 / 132, 1 / 240, -1 / 252, 1 / 120, -1 / 12):  # Bernoulli(2k) / (2k), negated
        series = (series + part) * inverse
    return np.log(far) - 0.5 / far + series - steps


@loss(
    formula="""
    n = target + failures
    counted = loggamma(target + 1) + loggamma(failures + 1) - loggamma(n + 1) if full else 0
    counted - (target * log(pred) if target else 0) - (failures * log(1 - pred) if failures else 0)
    """,
    cite="McCullagh & Nelder 1989, Generalized Linear Models, 4.4, doi:10.1007/978-1-4899-3242-6",
    optimum=None,
)
def binomial_nll(
    pred: Prob,
    target: NonNegative,
    failures: NonNegative,
    *,
    full: Annotated[bool, Param("add what does not depend on the prediction: minus the log of n over target")] = False,
) -> Array:
    """Binomial negative log-likelihood: of so many successes and failures, with the predicted share of successes.

    `target` is the number of successes. Of single trials it is bce, which takes 0 or 1.

    >>> binomial_nll([0.5, 0.25], [2.0, 0.0], [1.0, 3.0], full=True).round(4)
    array([0.9808, 0.863 ])
    """
    plain = np.abs(xlogy(target, pred) + xlog1py(failures, -pred))
    if not full:
        return plain
    less, more = np.minimum(target, failures), np.maximum(target, failures)
    value = plain + (log_factorial(less) - log_rise(less, more + 1) - less * np.log(more + 1))
    many = (less >= 10) & (pred > 0) & (pred < 1)
    if many.any():  # by the deviance and Stirling
        y, f, p = target[many], failures[many], pred[many]
        n = y + f
        apart = y * expm1_beyond(log_quotient(n * p, y)) + f * expm1_beyond(log_quotient(n * (1 - p), f))
        rests = stirling_rest(y) + stirling_rest(f) - stirling_rest(n)
        value[many] = apart + 0.5 * np.log(2 * np.pi * (y / n * f)) + rests
    return value


@binomial_nll.gradient("pred")
def _(pred: Array, target: Array, failures: Array, *, full: bool) -> Array:
    wins = np.where(target > 0, target / pred, 0.0)
    return np.where(failures > 0, failures / (1 - pred), 0.0) - wins
