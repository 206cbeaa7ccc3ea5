"""Losses of one score against those of sampled candidates, each row by itself."""

from __future__ import annotations

import numpy as np

from losscli.contract.kinds import Array, LogProb, Real, Vector
from losscli.contract.loss import loss
from losscli.losses._math import log_sum_exp, sigmoid, softmax, softplus

TASKS = ("ranking", "language models")


@loss(
    formula="""
    chance = 0 if logq_positive is None else logq_positive
    chances = [0 for k in negatives] if logq_negatives is None else logq_negatives
    own = exp(positive - chance)
    -log(own / (own + sum(exp(s - q) for s, q in zip(negatives, chances))))
    """,
    cite="Jean, Cho, Memisevic & Bengio 2015, arXiv:1412.2007; Yi et al. 2019, doi:10.1145/3298689.3346996",
    optimum=None,
)
def sampled_softmax(
    positive: Real,
    negatives: Vector,
    logq_positive: LogProb | None = None,
    logq_negatives: Vector | None = None,
) -> Array:
    """Sampled softmax loss: cross-entropy of the wanted item's score among those of sampled ones (logQ correction).

    A row has the score of the wanted item and of each sampled one. `logq_positive` and `logq_negatives` are the
    log-probabilities with which the items are sampled; they are subtracted, so that popular items are not held against
    for being drawn often. Without them all items are equally likely.

    >>> sampled_softmax([1.0], [[0.0, 0.5]]).round(4)
    array([0.6803])
    """
    return softplus(log_sum_exp(_lead(positive, negatives, logq_positive, logq_negatives)))


def _lead(positive: Array, negatives: Array, chance: Array | None, chances: Array | None) -> Array:
    """By how much each sampled item is ahead of the wanted one."""
    own = positive if chance is None else positive - chance
    return (negatives if chances is None else negatives - chances) - own[:, None]


@sampled_softmax.gradient("positive")
def _(positive: Array, negatives: Array, chance: Array | None, chances: Array | None) -> Array:
    return -sigmoid(log_sum_exp(_lead(positive, negatives, chance, chances)))


@sampled_softmax.gradient("negatives")
def _(positive: Array, negatives: Array, chance: Array | None, chances: Array | None) -> Array:
    lead = _lead(positive, negatives, chance, chances)
    return np.asarray(sigmoid(log_sum_exp(lead))[:, None] * softmax(lead))
