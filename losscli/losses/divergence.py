"""Distances between a predicted and a true distribution over classes, with or without an order of the classes."""

from __future__ import annotations

import numpy as np

from losscli.contract.kinds import Amounts, Array, ClassId, ProbVector
from losscli.contract.loss import loss
from losscli.losses._math import distribution, expm1_beyond, log_quotient, norm, xlogy

TASKS = ("multiclass classification", "ordinal classification")


@loss(
    formula="""
    def part(a, b):
        return a * log(2 * a / (a + b)) if a else 0
    sum(part(p, t) + part(t, p) for p, t in zip(pred, target)) / 2
    """,
    cite="Lin 1991, doi:10.1109/18.61115",
)
def js_divergence(pred: ProbVector, target: ProbVector) -> Array:
    """Jensen-Shannon divergence, in nats: symmetric, and never above log 2.

    The Jensen-Shannon distance, as SciPy has it, is its root.

    >>> js_divergence([[0.5, 0.5]], [[1.0, 0.0]]).round(4)
    array([0.2158])
    """
    middle = 0.5 * (pred + target)
    safe = np.where(middle > 0, middle, 1.0)
    x = 0.5 * (pred - target) / safe
    # (1 + x) log(1 + x) + (1 - x) log(1 - x), where the two logarithms must not cancel.
    small = np.where(np.abs(x) < 0.5, x, 0.0)
    near = 2 * small * np.arctanh(small) + np.log1p(-np.square(small))
    far = xlogy(pred / safe, pred / safe) + xlogy(target / safe, target / safe)
    return 0.5 * (middle * np.where(np.abs(x) < 0.5, near, far)).sum(axis=-1)


@js_divergence.gradient("pred")
def _(pred: Array, target: Array) -> Array:
    total = pred + target
    safe = np.where(total > 0, total, 1.0)
    x = (pred - target) / safe
    return 0.5 * np.where(total > 0, np.where(x > -0.5, np.log1p(x), np.log(2 * pred / safe)), np.log(2.0))


@loss(
    formula="sum(abs(p - t) for p, t in zip(pred, target)) / 2",
    cite="Levin & Peres 2017, Markov Chains and Mixing Times, 4.1, doi:10.1090/mbk/107",
)
def total_variation_distance(pred: ProbVector, target: ProbVector) -> Array:
    """Total variation distance: the most by which the probability of any set of classes differs.

    The gradient where two probabilities are equal is 0.

    >>> total_variation_distance([[0.5, 0.5]], [[1.0, 0.0]])
    array([0.5])
    """
    return 0.5 * np.abs(pred - target).sum(axis=-1)


@total_variation_distance.gradient("pred")
def _(pred: Array, target: Array) -> Array:
    return 0.5 * np.sign(pred - target)


@loss(
    formula="sqrt(sum((sqrt(p) - sqrt(t))**2 for p, t in zip(pred, target)) / 2)",
    cite="Hellinger 1909, doi:10.1515/crll.1909.136.210",
)
def hellinger(pred: ProbVector, target: ProbVector) -> Array:
    """Hellinger distance: the distance of the roots of the probabilities, between 0 and 1.

    The gradient at no distance is 0.

    >>> hellinger([[0.5, 0.5]], [[1.0, 0.0]]).round(4)
    array([0.5412])
    """
    return norm(_roots_apart(pred, target)) / np.sqrt(2)


def _roots_apart(pred: Array, target: Array) -> Array:
    total = np.sqrt(pred) + np.sqrt(target)
    return (pred - target) / np.where(total > 0, total, 1.0)


@hellinger.gradient("pred")
def _(pred: Array, target: Array) -> Array:
    apart = _roots_apart(pred, target)
    length = norm(apart)[:, None]
    safe = np.where(length > 0, length, 1.0)
    slope = apart / safe / np.sqrt(pred) / np.sqrt(8)
    none = np.where(target > 0, slope, 1 / safe / np.sqrt(8))
    return np.where(length > 0, np.where(pred > 0, slope, none), 0.0)


def _steps(pred: Array, target: Array) -> Array:
    """The differences of the cumulative probabilities, at all classes but the last."""
    return np.cumsum(pred - distribution(target, pred.shape[1]), axis=-1)[:, :-1]


def _later(steps: Array) -> Array:
    """For each class, the sum of the slopes by the cumulative probabilities from it on; the last has none."""
    back = np.cumsum(steps[:, ::-1], axis=-1)[:, ::-1]
    return np.concatenate([back, np.zeros_like(back[:, :1])], axis=-1)


@loss(
    formula="sum((sum(pred[:k]) - sum(target[:k]))**2 for k in range(1, len(pred)))",
    cite="Epstein 1969, doi:10.1175/1520-0450(1969)008<0985:ASSFPF>2.0.CO;2; Murphy 1971",
    aliases=("ranked_probability_score",),
)
def rps(pred: ProbVector, target: ClassId | ProbVector) -> Array:
    """Ranked probability score of ordered classes: the squared differences of the cumulative probabilities.

    The order of the classes is that of the columns. Some texts divide by the number of classes less 1.

    >>> rps([[0.5, 0.25, 0.25]], [2])
    array([0.8125])
    """
    return np.square(_steps(pred, target)).sum(axis=-1)


@rps.gradient("pred")
def _(pred: Array, target: Array) -> Array:
    return 2 * _later(_steps(pred, target))


@loss(
    formula="sum(abs(sum(pred[:k]) - sum(target[:k])) for k in range(1, len(pred)))",
    cite="Vallender 1974, doi:10.1137/1118101",
)
def wasserstein_1d(pred: ProbVector, target: ClassId | ProbVector) -> Array:
    """Wasserstein (earth mover's) distance of ordered classes that are 1 apart.

    The order of the classes is that of the columns. The gradient where cumulative probabilities are equal is 0.

    >>> wasserstein_1d([[0.5, 0.25, 0.25]], [2])
    array([1.25])
    """
    return np.abs(_steps(pred, target)).sum(axis=-1)


@wasserstein_1d.gradient("pred")
def _(pred: Array, target: Array) -> Array:
    return _later(np.sign(_steps(pred, target)))


@loss(
    formula="sum((t * (log(t) - log(p)) if t > 0 else 0) - t + p for p, t in zip(pred, target))",
    cite="Csiszar 1991, doi:10.1214/aos/1176348385; Lee & Seung 2000",
    aliases=("i_divergence",),
)
def generalized_kl(pred: Amounts, target: Amounts) -> Array:
    """Generalized Kullback-Leibler divergence of amounts that need not sum to 1, in nats; 0 where they agree.

    Of probabilities it is kl_divergence. optax's convex_kl_divergence is this of the logarithms of the prediction.

    >>> generalized_kl([[2.0, 1.0]], [[4.0, 0.0]]).round(4)
    array([1.7726])
    """
    some = target > 0
    growth = log_quotient(pred, np.where(some, target, 1.0))
    return np.asarray(np.where(some, target * expm1_beyond(growth), pred).sum(axis=-1))


@generalized_kl.gradient("pred")
def _(pred: Array, target: Array) -> Array:
    return np.where(target > 0, (pred - target) / np.where(pred > 0, pred, 1.0), 1.0)
