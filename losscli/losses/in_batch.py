"""Losses of pairs of vectors whose negatives are the positives of the other rows of a batch, by a margin."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from losscli.contract.kinds import Array, Vector, vector_of
from losscli.contract.loss import Param, Term, loss
from losscli.contract.presets import without_weights
from losscli.losses._cosines import Cosines

TASKS = ("embeddings",)

_ZERO = "the gradient at a zero vector is 0, where the library divides by its smallest length"


@loss(
    formula="""
    s = lambda o: dot(unit(anchor), unit(o.positive))
    near = max(0, positive_margin - dot(unit(anchor), unit(positive)))
    near + max(0, max(s(o) for o in others) - negative_margin) if others else skip
    """,
    cite="Wieting & Gimpel 2018, doi:10.18653/v1/P18-1042",
    same_as={
        "sentence_transformers": without_weights(
            notes=_ZERO, kinds=(("anchor", vector_of(1e-12)), ("positive", vector_of(1e-12)))
        )
    },
    scope="group",
    optimum=None,
)
def megabatch_margin(
    anchor: Vector,
    positive: Vector,
    *,
    positive_margin: Annotated[float, Param("the cosine from which an own pair costs nothing", ge=-1, le=1)] = 0.8,
    negative_margin: Annotated[float, Param("the cosine up to which others cost nothing", ge=-1, le=1)] = 0.3,
) -> Array | Term:
    """Mega-batch margin loss: the cosine of an own pair should be high, that with the nearest other positive low.

    The value depends on the batch. A batch of one row takes no part and is counted. The gradient at a margin is 0, and
    by the first of several nearest positives.

    >>> megabatch_margin([[1.0, 0.0], [0.0, 2.0]], [[3.0, 4.0], [1.0, 0.0]]).round(6)
    array([0.9, 1.3])
    """
    if len(anchor) < 2:
        return Term(np.zeros(len(anchor)), np.zeros(len(anchor), bool))
    values = np.empty(len(anchor))
    for rows, cosines in Cosines(anchor, positive).blocks():
        own, _, nearest = _own_and_nearest(rows, cosines)
        values[rows] = np.maximum(positive_margin - own, 0.0) + np.maximum(nearest - negative_margin, 0.0)
    return values


def _own_and_nearest(rows: slice, cosines: Array) -> tuple[Array, Array, Array]:
    """The cosine of each own pair, where the nearest other positive is, and its cosine."""
    here = np.arange(rows.stop - rows.start)
    own = cosines[here, here + rows.start].copy()
    others = cosines.copy()
    others[here, here + rows.start] = -np.inf
    place = others.argmax(axis=1)
    return own, place, others[here, place]


def _megabatch_slopes(
    anchor: Array, positive: Array, upstream: Array, positive_margin: float, negative_margin: float
) -> tuple[Array, Array]:
    if len(anchor) < 2:
        return np.zeros_like(anchor), np.zeros_like(positive)

    def pulls(rows: slice, cosines: Array) -> Array:
        own, place, nearest = _own_and_nearest(rows, cosines)
        pulled, here = np.zeros_like(cosines), np.arange(len(own))
        pulled[here, place] = np.where(nearest > negative_margin, upstream[rows], 0.0)
        pulled[here, here + rows.start] = np.where(own < positive_margin, -upstream[rows], 0.0)
        return pulled

    return Cosines(anchor, positive).gradients(pulls)


@megabatch_margin.gradient("anchor")
def _(anchor: Array, positive: Array, *, upstream: Array, positive_margin: float, negative_margin: float) -> Array:
    return _megabatch_slopes(anchor, positive, upstream, positive_margin, negative_margin)[0]


@megabatch_margin.gradient("positive")
def _(anchor: Array, positive: Array, *, upstream: Array, positive_margin: float, negative_margin: float) -> Array:
    return _megabatch_slopes(anchor, positive, upstream, positive_margin, negative_margin)[1]
