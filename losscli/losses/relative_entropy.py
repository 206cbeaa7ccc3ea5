"""Relative entropies: how much longer a code is that was made for another distribution."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from losscli.contract.kinds import Amounts, Array, ProbVector, Shares
from losscli.contract.loss import Param, loss
from losscli.contract.presets import without_weights
from losscli.losses._math import expm1_beyond, log_quotient, log_shortfall, over, times

TASKS = ("multiclass classification",)


@loss(
    formula="""
    p = [p_c / (sum(pred) if renormalize else 1) for p_c in pred]
    y = [y_c / (sum(target) if renormalize else 1) for y_c in target]
    sum(y_c * (log(y_c) - log(p_c)) for p_c, y_c in zip(p, y) if y_c > 0)
    """,
    cite="Kullback & Leibler 1951, doi:10.1214/aoms/1177729694",
    consistent_for="shares(target) if not renormalize else None",
    same_as={"optax": without_weights(), "torchmetrics": without_weights("renormalize=true")},
    first=True,
)
def kl_divergence(
    pred: ProbVector,
    target: ProbVector,
    *,
    renormalize: Annotated[
        bool, Param("divide each row of both sides by its sum", lifts=(("pred", Shares), ("target", Shares)))
    ] = False,
) -> Array:
    """Kullback-Leibler (KL) divergence KL(target || prediction), in nats.

    It is cross-entropy minus entropy: what is lost by using the prediction instead of the target. It is infinite if
    the target has a class to which the prediction gives probability 0. Keras first moves both sides into [1e-7, 1],
    and no parameter here does that to the target. torch takes log-probabilities, and its "mean" also divides by the
    number of classes.

    >>> kl_divergence([[0.5, 0.5]], [[1.0, 0.0]]).round(4)
    array([0.6931])
    """
    apart = target - pred
    # By what share the larger is beyond the smaller: log1p has all the digits that a difference of logarithms loses.
    logs = np.abs(apart)
    logs /= np.minimum(target, pred)
    np.log1p(logs, out=logs)
    far = np.isinf(logs)
    logs[far] = np.abs(np.log(target[far]) - np.log(pred[far]))  # a 0, or a quotient that overflowed
    np.copysign(logs, apart, out=logs)
    if not renormalize:
        logs *= target
        logs[target == 0] = 0.0
        return np.asarray(logs.sum(axis=-1))
    # Once for the row: the quotients of each side would round away how near they are.
    sums = np.log1p(apart.sum(axis=-1, keepdims=True) / pred.sum(axis=-1, keepdims=True))
    value = times(target / target.sum(axis=-1, keepdims=True), logs - sums).sum(axis=-1)
    far = _far_sums(pred, target)
    if far.any():
        value[far] = _divergence_of_shares(pred[far], target[far])
    return value


def _far_sums(pred: Array, target: Array) -> Array:
    """Rows whose two sides are of different size: differences of their entries say nothing of their shares."""
    one, other = pred.sum(axis=-1), target.sum(axis=-1)
    return np.asarray((one > 2 * other) | (other > 2 * one))


def _divergence_of_shares(pred: Array, target: Array) -> Array:
    """KL divergence of rows divided by their sums, as a sum of t log(t / p) - t + p, of which no part is negative."""
    p, t = (side / side.sum(axis=-1, keepdims=True) for side in (pred, target))
    u = (t - p) / p
    near = (u > -0.5) & (u < 1)
    v = np.where(near, u, 0.0)
    close = p * (v * v - (1 + v) * log_shortfall(v))
    return np.where(near, close, times(t, np.log(t) - np.log(p)) - t + p).sum(axis=-1)


@kl_divergence.gradient("pred")
def _(pred: Array, target: Array, *, renormalize: bool) -> Array:
    if not renormalize:
        return -over(target, pred)
    total = pred.sum(axis=-1, keepdims=True)
    # 1 / total less the target's share / pred, by the differences of the sides: near ones keep their digits.
    apart = target - pred
    growth = np.where(target == 0, -1.0, apart / pred)
    whole = target.sum(axis=-1, keepdims=True)
    if (far := _far_sums(pred, target)).any():
        ratio = np.where(target == 0, 0.0, target / pred)
        return np.where(
            far[:, None], (whole / total - ratio) / whole, (apart.sum(axis=-1, keepdims=True) / total - growth) / whole
        )
    return (apart.sum(axis=-1, keepdims=True) / total - growth) / whole


@loss(
    formula="sum(p * (log(p) - log(t)) for p, t in zip(pred, target) if p)",
    cite="Kullback & Leibler 1951, doi:10.1214/aoms/1177729694; Minka 2005, Divergence Measures and Message Passing",
)
def reverse_kl(pred: ProbVector, target: ProbVector) -> Array:
    """Reverse Kullback-Leibler divergence KL(prediction || target), in nats: it wants the prediction within the target.

    It is infinite where the prediction has a class that the target gives no probability. kl_divergence is the other.

    >>> reverse_kl([[1.0, 0.0]], [[0.5, 0.5]]).round(4)
    array([0.6931])
    """
    apart = _beyond(pred, target)
    return np.where(pred > 0, apart, np.where(target > 0, target, 0.0)).sum(axis=-1) + (pred - target).sum(axis=-1)


def _beyond(pred: Array, target: Array) -> Array:
    """p log(p / t) - p + t, never negative."""
    p, t = np.where(pred > 0, pred, 1.0), np.where(target > 0, target, 1.0)
    return np.where(target > 0, p * expm1_beyond(log_quotient(t, p)), np.inf)


@reverse_kl.gradient("pred")
def _(pred: Array, target: Array) -> Array:
    return np.log(pred) - np.log(target) + 1


@loss(
    formula="sum((t * (log(t) - log(p)) if t > 0 else 0) - t + p for p, t in zip(pred, target))",
    same_as={"optax": without_weights()},
    cite="Csiszar 1991, doi:10.1214/aos/1176348385; Lee & Seung 2000",
    consistent_for="mean(target)",
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
