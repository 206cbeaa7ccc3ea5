"""Links: the numbers in which a map of probabilities works, and the way back with its derivative.

A map of probabilities works on their logits, as p is in [0, 1] and a logit is any number. Arrays are of shape
(rows, numbers per row).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from losscli.contract.kinds import Array
from losscli.lazy import dataclass
from losscli.losses._math import sigmoid, softmax


@dataclass(frozen=True)
class Link:
    """A function of predictions, its inverse, and the chain rule through the inverse.

    Attributes
    ----------
    of
        Predictions -> the numbers u that a map works on.
    back
        u -> predictions.
    pull
        (u, gradient by the predictions) -> gradient by u.
    bounded
        Whether predictions reach their bounds only where u is infinite.
    """

    of: Callable[[Array], Array]
    back: Callable[[Array], Array]
    pull: Callable[[Array, Array], Array]
    bounded: bool = True


def _logit(p: Array) -> Array:
    return np.asarray(np.log(p) - np.log1p(-p))


def _sigmoid_pull(u: Array, gradient: Array) -> Array:
    # A prediction at a bound stays there, whatever the gradient is.
    slope = sigmoid(u) * sigmoid(-u)
    return np.where(slope > 0, gradient * slope, 0.0)


def _softmax_pull(u: Array, gradient: Array) -> Array:
    shares = softmax(u)
    weighted = np.where(shares > 0, gradient * shares, 0.0)
    return np.asarray(weighted - shares * weighted.sum(axis=1, keepdims=True))


def _same(values: Array) -> Array:
    return values


def _same_pull(u: Array, gradient: Array) -> Array:
    return gradient


LINKS: Mapping[str, Link] = {
    "sigmoid": Link(_logit, sigmoid, _sigmoid_pull),
    "softmax": Link(np.log, softmax, _softmax_pull),
    "logit": Link(_same, _same, _same_pull),  # the predictions are logits: the loss has the link in itself
    "identity": Link(_same, _same, _same_pull, bounded=False),
}
"""The links by their names: those of `Kind.link`, and two that change nothing."""
