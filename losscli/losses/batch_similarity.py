"""Losses of the cosines between all vectors of a batch: what is alike should be near, anything else far."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from losscli.contract.kinds import Array, ClassId, Vector, vector_of
from losscli.contract.loss import Param, Term, loss
from losscli.contract.presets import without_weights
from losscli.losses._cosines import Cosines, log_sum, own_class
from losscli.losses._math import sigmoid, softplus

TASKS = ("embeddings",)

_ZERO = "the gradient at a zero vector is 0, where the library divides by its smallest length"
_COSINES = """
    s = lambda o: dot(unit(embedding), unit(o.embedding))
    mates = [s(o) for o in others if o.target == target]
    strangers = [s(o) for o in others if o.target != target]
"""


@loss(
    formula=f"""{_COSINES}
    near = log(1 + sum(exp(-positive_scale * (c - base)) for c in mates)) / positive_scale
    far = log(1 + sum(exp(negative_scale * (c - base)) for c in strangers)) / negative_scale
    near + far
    """,
    cite="Wang, Han, Huang, Dong & Scott 2019, arXiv:1904.06627",
    same_as={"pml": without_weights(notes=_ZERO, kinds=(("embedding", vector_of(1e-12)),))},
    scope="group",
    optimum=None,
)
def multi_similarity(
    embedding: Vector,
    target: ClassId,
    *,
    positive_scale: Annotated[float, Param("factor of the cosines with rows of the same class", gt=0)] = 2.0,
    negative_scale: Annotated[float, Param("factor of the cosines with rows of other classes", gt=0)] = 50.0,
    base: Annotated[float, Param("the cosine from which pairs count")] = 0.5,
) -> Array:
    """Multi-similarity loss: a soft maximum over a row's class, of low cosines, and over other classes, of high ones.

    The value depends on the batch. A part for which a row has no pair is 0. In the paper the parameters are alpha, beta
    and lambda, in this order; pytorch-metric-learning has the same defaults.

    >>> multi_similarity([[1.0, 0.0], [1.0, 1.0], [0.0, 1.0]], [0, 0, 1]).round(6)
    array([0.253668, 0.460775, 0.207107])
    """
    values = np.empty(len(target))
    for rows, cosines in Cosines(embedding, embedding).blocks():
        same, other = own_class(target, rows)
        near = log_sum(-positive_scale * (cosines - base), same)
        far = log_sum(negative_scale * (cosines - base), other)
        values[rows] = softplus(near) / positive_scale + softplus(far) / negative_scale
    return values


@multi_similarity.gradient("embedding")
def _(
    embedding: Array, target: Array, *, upstream: Array, positive_scale: float, negative_scale: float, base: float
) -> Array:
    def pulls(rows: slice, cosines: Array) -> Array:
        same, other = own_class(target, rows)
        near, far = -positive_scale * (cosines - base), negative_scale * (cosines - base)
        pulled = _share(far, other) - _share(near, same)
        return pulled * upstream[rows, None]

    return _both(*Cosines(embedding, embedding).gradients(pulls))


def _share(x: Array, where: Array) -> Array:
    """The slope of log(1 + sum of e^x)."""
    whole = softplus(log_sum(x, where))[:, None]
    return np.where(where, np.exp(np.where(where, x, 0.0) - whole), 0.0)


def _both(by_rows: Array, by_columns: Array) -> Array:
    """The slope by vectors that are rows and columns."""
    return by_rows + by_columns


@loss(
    formula=f"""{_COSINES}
    near = sum(exp(-scale * max(1 + margin - c, 0) * (c - 1 + margin)) for c in mates)
    far = sum(exp(scale * max(c + margin, 0) * (c - margin)) for c in strangers)
    log(1 + near * far) if mates and strangers else skip
    """,
    same_as={
        "keras": without_weights(notes="the library takes unit vectors; where no two rows are compared, it says 0")
    },
    cite="Sun, Cheng, Zhang, Zhang, Zheng, Wang & Wei 2020, arXiv:2002.10857",
    scope="group",
    optimum=None,
)
def circle(
    embedding: Vector,
    target: ClassId,
    *,
    margin: Annotated[float, Param("how far cosines may be from 1 and from 0 before they count little")] = 0.4,
    scale: Annotated[float, Param("factor of the cosines (gamma)", gt=0)] = 80.0,
) -> Term:
    """Circle loss: pairs count the more, the farther their cosine is from where it should be.

    The value depends on the batch. A row without another row of its class, or of another class, takes no part and is
    counted. Libraries hold the weight of a pair constant in the gradient; here it is that of the value.

    >>> term = circle([[1.0, 0.0], [1.0, 1.0], [0.0, 1.0]], [0, 0, 1], scale=1.0)
    >>> term.values[term.where].round(6)
    array([0.582882, 0.834845])
    """
    values, part = np.zeros(len(target)), np.zeros(len(target), bool)
    for rows, cosines in Cosines(embedding, embedding).blocks():
        same, other = own_class(target, rows)
        near, far = _circles(cosines, margin, scale)
        values[rows] = softplus(log_sum(near, same) + log_sum(far, other))
        part[rows] = same.any(axis=1) & other.any(axis=1)
    return Term(values, part)


def _circles(cosines: Array, margin: float, scale: float) -> tuple[Array, Array]:
    near = -scale * np.maximum(1 + margin - cosines, 0.0) * (cosines - 1 + margin)
    return near, scale * np.maximum(cosines + margin, 0.0) * (cosines - margin)


@circle.gradient("embedding")
def _(embedding: Array, target: Array, *, upstream: Array, margin: float, scale: float) -> Array:
    def pulls(rows: slice, cosines: Array) -> Array:
        same, other = own_class(target, rows)
        near, far = _circles(cosines, margin, scale)
        logs = log_sum(near, same), log_sum(far, other)
        part = np.isfinite(logs[0]) & np.isfinite(logs[1])
        factor = np.where(part, upstream[rows] * sigmoid(np.where(part, logs[0] + logs[1], 0.0)), 0.0)[:, None]
        of_near, of_far = (
            np.where(where, np.exp(np.where(where, x, 0.0) - np.where(part, log, 0.0)[:, None]), 0.0)
            for x, where, log in ((near, same, logs[0]), (far, other, logs[1]))
        )
        by_near = np.where(cosines < 1 + margin, -2 * scale * (1 - cosines), 0.0)
        by_far = np.where(cosines > -margin, 2 * scale * cosines, 0.0)
        return factor * (of_near * by_near + of_far * by_far)

    return _both(*Cosines(embedding, embedding).gradients(pulls))


@loss(
    formula="""
    s = lambda a, b: scale * dot(unit(a), unit(b)) + bias
    log(1 + exp(-s(anchor, positive))) + sum(log(1 + exp(s(anchor, o.positive))) for o in others)
    """,
    cite="Zhai, Mustafa, Kolesnikov & Beyer 2023, arXiv:2303.15343",
    scope="group",
    optimum=None,
)
def siglip(
    anchor: Vector,
    positive: Vector,
    *,
    scale: Annotated[float, Param("factor of the cosines", gt=0)] = 10.0,
    bias: Annotated[float, Param("what is added to a scaled cosine")] = -10.0,
) -> Array:
    """Sigmoid loss of pairs (SigLIP): each anchor with each positive of its batch is a decision of its own.

    A row's value is the sum over the pairs of its anchor, so the mean over rows is the paper's. It depends on the
    batch.

    >>> siglip([[1.0, 0.0], [0.0, 2.0]], [[3.0, 0.0], [1.0, 0.0]]).round(6)
    array([ 1.386294, 10.000091])
    """
    values = np.empty(len(anchor))
    for rows, cosines in Cosines(anchor, positive).blocks():
        values[rows] = softplus(_signed(rows, cosines, scale, bias)).sum(axis=1)
    return values


def _signed(rows: slice, cosines: Array, scale: float, bias: float) -> Array:
    """The logit of every wrong decision: positive for pairs that do not belong together, negative for the others."""
    logits = scale * cosines + bias
    own = np.arange(rows.stop - rows.start), np.arange(rows.start, rows.stop)
    logits[own] = -logits[own]
    return logits


def _siglip_slopes(anchor: Array, positive: Array, upstream: Array, scale: float, bias: float) -> tuple[Array, Array]:
    def pulls(rows: slice, cosines: Array) -> Array:
        pulled = scale * sigmoid(_signed(rows, cosines, scale, bias))
        own = np.arange(rows.stop - rows.start), np.arange(rows.start, rows.stop)
        pulled[own] = -pulled[own]
        return pulled * upstream[rows, None]

    return Cosines(anchor, positive).gradients(pulls)


@siglip.gradient("anchor")
def _(anchor: Array, positive: Array, *, upstream: Array, scale: float, bias: float) -> Array:
    return _siglip_slopes(anchor, positive, upstream, scale, bias)[0]


@siglip.gradient("positive")
def _(anchor: Array, positive: Array, *, upstream: Array, scale: float, bias: float) -> Array:
    return _siglip_slopes(anchor, positive, upstream, scale, bias)[1]


@loss(
    formula="""
    s = lambda a, b: exp(dot(unit(a), unit(b)) / temperature)
    forth = sum(s(anchor, o.anchor) + s(anchor, o.positive) for o in others)
    back = sum(s(positive, o.positive) + s(positive, o.anchor) for o in others)
    log(forth * back) / 2 - log(s(anchor, positive)) if others else skip
    """,
    cite="Yeh, Hong, Hsu, Liu, Chen & LeCun 2022, arXiv:2110.06848",
    same_as={
        "lightly": without_weights(notes=_ZERO, kinds=(("anchor", vector_of(1e-12)), ("positive", vector_of(1e-12))))
    },
    scope="group",
    optimum=None,
)
def dcl(
    anchor: Vector,
    positive: Vector,
    *,
    temperature: Annotated[
        float, Param("divisor of cosines; with a small one, only the nearest rows matter", gt=0)
    ] = 0.1,
) -> Array | Term:
    """Decoupled contrastive loss (DCL): NT-Xent without the positive among what is picked from.

    The value of a row is the mean of the directions of its two views. It depends on the batch and may be below 0. A
    batch of one row takes no part and is counted.

    >>> dcl([[1.0, 0.0], [0.0, 2.0]], [[3.0, 0.0], [0.0, 1.0]], temperature=0.5).round(6)
    array([-1.306853, -1.306853])
    """
    if len(anchor) < 2:
        return Term(np.zeros(len(anchor)), np.zeros(len(anchor), bool))
    values, count = _rest(anchor, positive, temperature)[0], len(anchor)
    return (values[:count] + values[count:]) / 2


def _rest(anchor: Array, positive: Array, temperature: float) -> tuple[Array, Array]:
    """By how much all other rows are ahead of the other view, for each view; and the logs of their sums."""
    views = np.concatenate([anchor, positive])
    values, logs = np.empty(len(views)), np.empty(len(views))
    for rows, cosines in Cosines(views, views).blocks():
        others, mates = _others(rows, len(anchor))
        logs[rows] = log_sum(cosines / temperature, others)
        values[rows] = logs[rows] - cosines[mates] / temperature
    return values, logs


def _others(rows: slice, count: int) -> tuple[Array, tuple[Array, Array]]:
    """Which views are of other rows, and where each view's mate is."""
    view = np.arange(rows.start, rows.stop)
    others = view[:, None] % count != np.arange(2 * count) % count
    return others, (np.arange(len(view)), (view + count) % (2 * count))


def _dcl_slopes(anchor: Array, positive: Array, upstream: Array, temperature: float) -> Array:
    views, count = np.concatenate([anchor, positive]), len(anchor)
    if count < 2:
        return np.zeros_like(views)
    logs = _rest(anchor, positive, temperature)[1]

    def pulls(rows: slice, cosines: Array) -> Array:
        others, mates = _others(rows, count)
        shares = np.where(others, np.exp(cosines / temperature - logs[rows, None]), 0.0)
        shares[mates] -= 1.0
        return shares * (np.tile(upstream, 2)[rows, None] / (2 * temperature))

    return _both(*Cosines(views, views).gradients(pulls))


@dcl.gradient("anchor")
def _(anchor: Array, positive: Array, *, upstream: Array, temperature: float) -> Array:
    return _dcl_slopes(anchor, positive, upstream, temperature)[: len(anchor)]


@dcl.gradient("positive")
def _(anchor: Array, positive: Array, *, upstream: Array, temperature: float) -> Array:
    return _dcl_slopes(anchor, positive, upstream, temperature)[len(anchor) :]


@loss(
    formula="""
    d = lambda o: norm([x - y for x, y in zip(unit(embedding), unit(o.embedding))])
    near = [exp(-scale * d(o)**2) for o in others if o.target == target]
    far = [exp(-scale * d(o)**2) for o in others if o.target != target]
    log(1 + sum(far) / sum(near)) if near else skip
    """,
    cite="Goldberger, Hinton, Roweis & Salakhutdinov 2004, Neighbourhood Components Analysis, NeurIPS 17",
    scope="group",
    optimum=None,
)
def nca(
    embedding: Vector,
    target: ClassId,
    *,
    scale: Annotated[float, Param("factor of the squared distances", gt=0)] = 1.0,
) -> Term:
    """Neighbourhood components loss (NCA): -log of the probability that a row's random neighbour is of its class.

    Rows are neighbours by the softmax of minus the squared distance of unit vectors. The value depends on the batch. A
    row without another of its class takes no part and is counted.

    >>> term = nca([[1.0, 0.0], [1.0, 1.0], [0.0, 1.0]], [0, 0, 1])
    >>> term.values[term.where].round(6)
    array([0.217622, 0.693147])
    """
    values, part = np.zeros(len(target)), np.zeros(len(target), bool)
    for rows, cosines in Cosines(embedding, embedding).blocks():
        near, far = _neighbours(embedding, target, rows, cosines, scale)[1]
        part[rows] = np.isfinite(near)
        values[rows] = softplus(far - np.where(part[rows], near, 0.0))
    return Term(values, part)


def _neighbours(
    embedding: Array, target: Array, rows: slice, cosines: Array, scale: float
) -> tuple[Array, tuple[Array, Array]]:
    """-scale * distance² of some rows to all, and the logs of the sums of their exponentials: own class, others."""
    length = np.asarray(embedding.any(axis=1), np.float64)
    exponents = -scale * (length[rows, None] + length - 2 * cosines)
    same, other = own_class(target, rows)
    return exponents, (log_sum(exponents, same), log_sum(exponents, other))


@nca.gradient("embedding")
def _(embedding: Array, target: Array, *, upstream: Array, scale: float) -> Array:
    def pulls(rows: slice, cosines: Array) -> Array:
        same, other = own_class(target, rows)
        exponents, logs = _neighbours(embedding, target, rows, cosines, scale)
        near, far = (np.where(np.isfinite(log), log, 0.0)[:, None] for log in logs)
        lost = np.where(np.isfinite(logs[0]), sigmoid(logs[1] - near[:, 0]) * upstream[rows], 0.0)[:, None]
        shares = np.where(other, np.exp(np.where(other, exponents, 0.0) - far), 0.0)
        shares -= np.where(same, np.exp(np.where(same, exponents, 0.0) - near), 0.0)
        return 2 * scale * lost * shares

    return _both(*Cosines(embedding, embedding).gradients(pulls))
