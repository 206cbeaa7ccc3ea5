"""Distances between a predicted and a true distribution over classes, with or without an order of the classes."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from losscli.contract.kinds import Array, ClassId, LogitVector, ProbVector
from losscli.contract.loss import Param, loss
from losscli.contract.presets import without_weights
from losscli.losses._math import (
    distribution,
    expm1_beyond,
    log_shortfall,
    log_softmax,
    log_sum_exp,
    norm,
    xlogy,
)
from losscli.losses._moments import added

TASKS = ("multiclass classification", "ordinal classification")


@loss(
    formula="""
    def part(a, b):
        return a * log(2 * a / (a + b)) if a else 0
    sum(part(p, t) + part(t, p) for p, t in zip(pred, target)) / 2
    """,
    same_as={"torchmetrics": without_weights()},
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
    """For each class, the sum of the gradients by the cumulative probabilities from it on; the last has none."""
    back = np.cumsum(steps[:, ::-1], axis=-1)[:, ::-1]
    return np.concatenate([back, np.zeros_like(back[:, :1])], axis=-1)


@loss(
    formula="sum((sum(pred[:k]) - sum(target[:k]))**2 for k in range(1, len(pred)))",
    cite="Epstein 1969, doi:10.1175/1520-0450(1969)008<0985:ASSFPF>2.0.CO;2; "
    "Murphy 1971, doi:10.1175/1520-0450(1971)010<0155:ANOTRP>2.0.CO;2",
    consistent_for="shares(target)",
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
    formula="""
    def part(a, b):
        return a * log(2 * a / (a + b)) if a else 0
    sqrt(sum(part(p, t) + part(t, p) for p, t in zip(pred, target)) / 2)
    """,
    cite="Endres & Schindelin 2003, doi:10.1109/TIT.2003.813506",
)
def jensen_shannon_distance(pred: ProbVector, target: ProbVector) -> Array:
    """Jensen-Shannon distance, as SciPy has it: the root of js_divergence in nats, a metric.

    The gradient at no distance is 0.

    >>> jensen_shannon_distance([[0.5, 0.5]], [[1.0, 0.0]]).round(4)
    array([0.4645])
    """
    return np.sqrt(js_divergence.kernel(pred, target))


@jensen_shannon_distance.gradient("pred")
def _(pred: Array, target: Array) -> Array:
    distance = np.sqrt(js_divergence.kernel(pred, target))[:, None]
    slope = js_divergence.gradients["pred"](pred, target)
    return np.where(distance > 0, slope / (2 * np.where(distance > 0, distance, 1.0)), 0.0)


@loss(
    formula="""
    def part(a, m):
        return a * log(a / m) if a else 0
    middle = [target_share * t + (1 - target_share) * p for p, t in zip(pred, target)]
    sum(target_share * part(t, m) + (1 - target_share) * part(p, m) for p, t, m in zip(pred, target, middle))
    """,
    cite="Agarwal et al. 2024 (generalized knowledge distillation), arXiv:2306.13649",
    same_as={"trl": without_weights(notes="the library takes logits")},
)
def generalized_jsd(
    pred: ProbVector,
    target: ProbVector,
    *,
    target_share: Annotated[
        float, Param("share of the target in the mixture; 0.5 gives js_divergence", gt=0, lt=1)
    ] = 0.5,
) -> Array:
    """Generalized Jensen-Shannon divergence, in nats: both sides against a mixture of them with other shares.

    Near a share of 0 or 1 it is that share of the Kullback-Leibler divergence of one from the other. TRL has the two
    divergences themselves at 0 and 1.

    >>> generalized_jsd([[0.5, 0.5]], [[1.0, 0.0]]).round(4)
    array([0.2158])
    """
    middle, u, v = _from_middle(pred, target, target_share)
    parts = target_share * _excess(target, middle, u) + (1 - target_share) * _excess(pred, middle, v)
    return np.asarray((middle * parts).sum(axis=-1))


def _from_middle(pred: Array, target: Array, share: float) -> tuple[Array, Array, Array]:
    """The mixture, and by what share of it target and prediction lie beyond it."""
    middle = share * target + (1 - share) * pred
    apart = (target - pred) / np.where(middle > 0, middle, 1.0)
    return middle, (1 - share) * apart, -share * apart


def _excess(side: Array, middle: Array, u: Array) -> Array:
    """(1 + u) log(1 + u) - u, where side = middle (1 + u)."""
    near = np.abs(u) < 0.5
    small = np.where(near, u, 0.0)
    ratio = side / np.where(middle > 0, middle, 1.0)
    return np.where(near, small * small - (1 + small) * log_shortfall(small), xlogy(ratio, ratio) - u)


@generalized_jsd.gradient("pred")
def _(pred: Array, target: Array, *, target_share: float) -> Array:
    middle, _, v = _from_middle(pred, target, target_share)
    log = np.where(v > -0.5, np.log1p(v), np.log(pred / np.where(middle > 0, middle, 1.0)))
    return (1 - target_share) * np.where(middle > 0, log, -np.log1p(-target_share))


@loss(
    formula="""
    q = [exp(z / temperature) / sum(exp(x / temperature) for x in teacher) for z in teacher]
    p = [exp(z / temperature) / sum(exp(x / temperature) for x in pred) for z in pred]
    temperature**2 * sum(b * log(b / a) for a, b in zip(p, q))
    """,
    cite="Hinton, Vinyals & Dean 2015, arXiv:1503.02531",
)
def distillation(
    pred: LogitVector,
    teacher: LogitVector,
    *,
    temperature: Annotated[float, Param("logits of both are divided by this", gt=0)] = 4.0,
) -> Array:
    """Knowledge distillation: the KL divergence of softened class probabilities from the teacher's, by logits.

    It is multiplied by the square of the temperature, so that gradients keep their size. With labels it is one part
    of a composite loss: 0.7*distillation+0.3*cross_entropy_with_logits.

    >>> distillation([[0.0, 0.0]], [[4.0, 0.0]]).round(4)
    array([1.7751])
    """
    logs, wanted, apart = _softened(pred, teacher, temperature)
    given, near = np.exp(wanted), np.abs(apart) < 0.5
    # Each part is q (e^x - 1 - x), never negative; the sums of both sides are 1.
    close = given * expm1_beyond(np.where(near, apart, 0.0))
    return temperature**2 * np.where(near, close, np.exp(logs) - given - given * apart).sum(axis=-1)


def _softened(pred: Array, teacher: Array, temperature: float) -> tuple[Array, Array, Array]:
    """The log-probabilities of both sides, and how far those of `pred` lie above, with digits where they are near."""
    logs, wanted = (log_softmax((x - x.max(axis=-1, keepdims=True)) / temperature) for x in (pred, teacher))
    top = teacher.argmax(axis=-1)[:, None]
    total, lost = added(pred, np.zeros_like(pred), -teacher)
    total, lost = added(total, lost, -np.take_along_axis(pred, top, -1))
    total, lost = added(total, lost, np.take_along_axis(teacher, top, -1))
    apart = (total + lost) / temperature
    # The sum of e^logit grows by the mean of e^apart under the teacher, of which 1 is taken off where they are near.
    grown = wanted + apart
    gain = np.where(apart < 0.5, np.exp(wanted) * np.expm1(apart), np.exp(grown) - np.exp(wanted)).sum(axis=-1)
    growth = np.where(grown.max(axis=-1) < 0.5, np.log1p(gain), log_sum_exp(grown))
    return logs, wanted, apart - growth[:, None]


@distillation.gradient("pred")
def _(pred: Array, teacher: Array, *, temperature: float) -> Array:
    logs, wanted, apart = _softened(pred, teacher, temperature)
    top = pred.argmax(axis=-1)[:, None]
    near = np.abs(apart) < 0.5
    slope = np.where(near, np.exp(wanted) * np.expm1(np.where(near, apart, 0.0)), np.exp(logs) - np.exp(wanted))
    # Two certain classes are the same to the last digit: their difference is what the other classes have.
    np.put_along_axis(slope, top, 0.0, axis=-1)
    np.put_along_axis(slope, top, -slope.sum(axis=-1, keepdims=True), axis=-1)
    return temperature * slope
