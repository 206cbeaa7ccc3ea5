"""Losses of vectors against one vector a class (a proxy, prototype or center), each row by itself."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from losscli.contract.kinds import Array, ClassId, Prototypes, Vector, vector_of
from losscli.contract.loss import Param, loss
from losscli.contract.presets import without_weights
from losscli.losses._angles import cosine_slope
from losscli.losses._math import dot, log_sum_exp, rows_times, sigmoid, softmax, softplus, unit, unit_slope

TASKS = ("embeddings",)

_KINDS = (("embedding", vector_of(1e-12)),)

_CHOICE = """
    cosines = [dot(unit(embedding), unit(w)) for w in prototypes]
    own = exp({scale} * {own})
    -log(own / (own + sum(exp({scale} * c) for j, c in enumerate(cosines) if j != target)))
"""


def _lead(embedding: Array, target: Array, prototypes: Array, margin: float, scale: float) -> Array:
    """By how much every other class is ahead of the own one; -inf for the own one."""
    rows = np.arange(len(target))
    cosines = rows_times(unit(embedding), unit(prototypes))
    lead = scale * (cosines - cosines[rows, target][:, None] + margin)
    lead[rows, target] = -np.inf
    return lead


def _value(embedding: Array, target: Array, prototypes: Array, margin: float, scale: float) -> Array:
    return softplus(log_sum_exp(_lead(embedding, target, prototypes, margin, scale)))


def _pulls(embedding: Array, target: Array, prototypes: Array, margin: float, scale: float) -> Array:
    """The slope of the value by the cosine to each class."""
    lead = _lead(embedding, target, prototypes, margin, scale)
    lost = sigmoid(log_sum_exp(lead))
    pulls = scale * lost[:, None] * softmax(lead) if len(prototypes) > 1 else np.zeros_like(lead)
    pulls[np.arange(len(target)), target] = -scale * lost
    return pulls


def _by_embedding(embedding: Array, target: Array, prototypes: Array, margin: float, scale: float) -> Array:
    pulls = _pulls(embedding, target, prototypes, margin, scale)
    return unit_slope(embedding, rows_times(pulls, unit(prototypes).T.copy()))


def _by_prototypes(embedding: Array, target: Array, prototypes: Array, margin: float, scale: float) -> Array:
    pulls = _pulls(embedding, target, prototypes, margin, scale)
    slope = np.empty((len(embedding), *prototypes.shape))
    for j, prototype in enumerate(prototypes):
        slope[:, j] = pulls[:, j, None] * cosine_slope(np.broadcast_to(prototype, embedding.shape), embedding)
    return slope


@loss(
    formula=_CHOICE.format(scale="scale", own="(cosines[target] - margin)"),
    cite="Wang et al. 2018, arXiv:1801.09414",
    same_as={"pml": without_weights(kinds=_KINDS)},
    optimum=None,
)
def cosface(
    embedding: Vector,
    target: ClassId,
    prototypes: Prototypes,
    *,
    margin: Annotated[float, Param("what the cosine to the own class is lowered by", ge=0)] = 0.35,
    scale: Annotated[float, Param("factor of the cosines", gt=0)] = 64.0,
) -> Array:
    """CosFace loss (AM-Softmax): cross-entropy over cosines to class prototypes, the own one lowered by a margin.

    InsightFace has a margin of 0.4. A zero vector has cosine 0 and gradient 0.

    >>> cosface([[2.0, 0.0]], [0], [[1.0, 1.0], [0.0, 3.0]], scale=1.0).round(4)
    array([0.5305])
    """
    return _value(embedding, target, prototypes, margin, scale)


@cosface.gradient("embedding")
def _(embedding: Array, target: Array, prototypes: Array, *, margin: float, scale: float) -> Array:
    return _by_embedding(embedding, target, prototypes, margin, scale)


@cosface.gradient("prototypes")
def _(embedding: Array, target: Array, prototypes: Array, *, margin: float, scale: float) -> Array:
    return _by_prototypes(embedding, target, prototypes, margin, scale)


@loss(
    formula=_CHOICE.format(scale="(1 / temperature)", own="cosines[target]"),
    cite="Zhai & Wu 2018, arXiv:1811.12649",
    same_as={"pml": without_weights(kinds=_KINDS)},
    optimum=None,
)
def normalized_softmax(
    embedding: Vector,
    target: ClassId,
    prototypes: Prototypes,
    *,
    temperature: Annotated[float, Param("divisor of the cosines", gt=0)] = 0.05,
) -> Array:
    """Normalized softmax loss: cross-entropy over cosines to class prototypes. It is CosFace without a margin.

    A zero vector has cosine 0 and gradient 0.

    >>> normalized_softmax([[2.0, 0.0]], [0], [[1.0, 1.0], [0.0, 3.0]], temperature=1.0).round(4)
    array([0.4008])
    """
    return _value(embedding, target, prototypes, 0.0, 1 / temperature)


@normalized_softmax.gradient("embedding")
def _(embedding: Array, target: Array, prototypes: Array, *, temperature: float) -> Array:
    return _by_embedding(embedding, target, prototypes, 0.0, 1 / temperature)


@normalized_softmax.gradient("prototypes")
def _(embedding: Array, target: Array, prototypes: Array, *, temperature: float) -> Array:
    return _by_prototypes(embedding, target, prototypes, 0.0, 1 / temperature)


@loss(
    formula=_CHOICE.format(scale="2 * scale", own="cosines[target]"),
    cite="Movshovitz-Attias et al. 2017, arXiv:1703.07464",
    same_as={"pml": without_weights(kinds=_KINDS)},
    optimum=None,
)
def proxy_nca(
    embedding: Vector,
    target: ClassId,
    prototypes: Prototypes,
    *,
    scale: Annotated[float, Param("factor of the squared distances", gt=0)] = 1.0,
) -> Array:
    """Proxy-NCA loss: cross-entropy over minus the squared distances of unit vectors to one proxy a class.

    These distances are 2 - 2 cos, and the 2 cancels. The own proxy is among those that it is compared with, as in
    pytorch-metric-learning and Proxy-NCA++; the paper leaves it out. A zero vector has cosine 0 and gradient 0.

    >>> proxy_nca([[2.0, 0.0]], [0], [[1.0, 1.0], [0.0, 3.0]]).round(4)
    array([0.2176])
    """
    return _value(embedding, target, prototypes, 0.0, 2 * scale)


@proxy_nca.gradient("embedding")
def _(embedding: Array, target: Array, prototypes: Array, *, scale: float) -> Array:
    return _by_embedding(embedding, target, prototypes, 0.0, 2 * scale)


@proxy_nca.gradient("prototypes")
def _(embedding: Array, target: Array, prototypes: Array, *, scale: float) -> Array:
    return _by_prototypes(embedding, target, prototypes, 0.0, 2 * scale)


@loss(
    formula="sum((a - b)**2 for a, b in zip(embedding, prototypes[target])) / 2",
    cite="Wen, Zhang, Li & Qiao 2016, doi:10.1007/978-3-319-46478-7_31",
)
def center_loss(embedding: Vector, target: ClassId, prototypes: Prototypes) -> Array:
    """Center loss: half the squared distance of each row to the center of its class.

    The rows of `prototypes` are the centers. The paper takes the sum over a batch (`--reduction sum`) and adds it to a
    cross-entropy with a small factor.

    >>> center_loss([[2.0, 0.0]], [0], [[1.0, 1.0], [0.0, 3.0]])
    array([1.])
    """
    away = embedding - prototypes[target]
    return dot(away, away) / 2


@center_loss.gradient("embedding")
def _(embedding: Array, target: Array, prototypes: Array) -> Array:
    return embedding - prototypes[target]


@center_loss.gradient("prototypes")
def _(embedding: Array, target: Array, prototypes: Array) -> Array:
    slope = np.zeros((len(embedding), *prototypes.shape))
    slope[np.arange(len(target)), target] = prototypes[target] - embedding
    return slope


@loss(
    formula="""
    cosine = lambda o, w: dot(unit(o.embedding), unit(w))
    near = lambda k, w: sum(exp(-scale * (cosine(o, w) - margin)) for o in everyone if o.target == k)
    far = lambda k, w: sum(exp(scale * (cosine(o, w) + margin)) for o in everyone if o.target != k)
    present = [(k, w) for k, w in enumerate(prototypes) if any(o.target == k for o in everyone)]
    pull = sum(log(1 + near(k, w)) for k, w in present) / len(present)
    pull + sum(log(1 + far(k, w)) for k, w in enumerate(prototypes)) / len(prototypes)
    """,
    cite="Kim, Kim, Cho & Kwak 2020, arXiv:2003.13911",
    same_as={"pml": without_weights(kinds=_KINDS)},
    scope="group",
    unit="group",
    optimum=None,
)
def proxy_anchor(
    embedding: Vector,
    target: ClassId,
    prototypes: Prototypes,
    *,
    margin: Annotated[float, Param("how far cosines should be above 0 for the own proxy, below it for others")] = 0.1,
    scale: Annotated[float, Param("factor of the cosines, the paper's alpha", gt=0)] = 32.0,
) -> Array:
    """Proxy-Anchor loss: each proxy pulls the rows of its class in a batch, the hardest most, and pushes the others.

    One value a batch. The pull is the mean over the classes that occur in it, the push over all. A zero vector has
    cosine 0 and gradient 0. The gradient is that by the rows, not by the proxies.

    >>> proxy_anchor([[2.0, 0.0], [0.0, 1.0]], [0, 1], [[1.0, 1.0], [0.0, 3.0]], scale=1.0).round(4)
    array([1.3483])
    """
    pull, push, present, _ = _anchored(embedding, target, prototypes, margin, scale)
    return np.array([softplus(log_sum_exp(pull.T))[present].mean() + softplus(log_sum_exp(push.T)).mean()])


def _anchored(
    embedding: Array, target: Array, prototypes: Array, margin: float, scale: float
) -> tuple[Array, Array, Array, Array]:
    """The exponents of pull and push (-inf where there is none), the classes that occur, and each row's class."""
    cosines = rows_times(unit(embedding), unit(prototypes))
    own = target[:, None] == np.arange(len(prototypes))
    pull, push = -scale * (cosines - margin), scale * (cosines + margin)
    return np.where(own, pull, -np.inf), np.where(own, -np.inf, push), own.any(axis=0), own


def _anchor_pulls(embedding: Array, target: Array, prototypes: Array, margin: float, scale: float) -> Array:
    """The slope of the value by each cosine."""
    pull, push, present, own = _anchored(embedding, target, prototypes, margin, scale)
    near, far = softplus(log_sum_exp(pull.T)), softplus(log_sum_exp(push.T))
    return scale * np.where(own, -np.exp(pull - near) / present.sum(), np.exp(push - far) / len(prototypes))


@proxy_anchor.gradient("embedding")
def _(embedding: Array, target: Array, prototypes: Array, *, upstream: Array, margin: float, scale: float) -> Array:
    pulls = _anchor_pulls(embedding, target, prototypes, margin, scale)
    return upstream[0] * unit_slope(embedding, pulls @ unit(prototypes))
