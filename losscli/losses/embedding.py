"""Losses of vectors against vectors or class prototypes, each row by itself."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from losscli.contract import Param, loss
from losscli.kinds import Array, ClassId, Prototypes, Vector
from losscli.losses._math import dot, log_sum_exp, norm, rows_times, sigmoid, softmax, softplus, unit, unit_slope
from losscli.losses._pairs import across, cosine, cosine_slope, distance_by_angle

_Distance = Annotated[
    Literal["euclidean", "squared", "cosine", "manhattan"],
    Param("length of the difference, its square, 1 - cosine, or the sum of absolute differences"),
]
_Eps = Annotated[
    float, Param("added to every difference inside a euclidean or manhattan distance, as torch does; else unused", ge=0)
]
_Swap = Annotated[bool, Param("take the negative's distance to the positive where that is smaller")]


@loss(
    formula="""
    d = {
        "euclidean": lambda x, y: sqrt(sum((u - v + eps)**2 for u, v in zip(x, y))),
        "squared": lambda x, y: sum((u - v)**2 for u, v in zip(x, y)),
        "cosine": lambda x, y: 1 - dot(unit(x), unit(y)),
        "manhattan": lambda x, y: sum(abs(u - v + eps) for u, v in zip(x, y)),
    }[distance]
    far = min(d(anchor, negative), d(positive, negative)) if swap else d(anchor, negative)
    max(d(anchor, positive) - far + margin, 0)
    """,
    cite="Weinberger & Saul 2009, JMLR 10:207-244; Schroff et al. 2015, arXiv:1503.03832; swap: Balntas et al. 2016",
    same_as={"torch": "eps=1e-06"},
)
def triplet(
    anchor: Vector,
    positive: Vector,
    negative: Vector,
    *,
    margin: Annotated[float, Param("by how much farther than the positive the negative should be", ge=0)] = 1.0,
    distance: _Distance = "euclidean",
    eps: _Eps = 0.0,
    swap: _Swap = False,
) -> Array:
    """The positive should be nearer to the anchor than the negative, by a margin.

    Vectors are taken as they are. FaceNet is `distance=squared,margin=0.2` on unit vectors; pytorch-metric-learning
    normalizes, takes margin 0.05 and averages over the triplets above 0 only; optax adds its eps under the root. The
    slope is 0 at the hinge, at a distance of 0 and at a zero vector.

    >>> triplet([[0.0, 0.0]], [[3.0, 4.0]], [[0.0, 5.5]])
    array([0.5])
    """
    if distance == "cosine":
        far = distance_by_angle(_origin(anchor, positive, negative, distance, eps, swap), negative)
        return np.maximum(distance_by_angle(anchor, positive) - far + margin, 0.0)
    x, y, apart, _ = _legs(anchor, positive, negative, distance, eps, swap)
    return np.maximum(_longer(x, y, apart, distance) + margin, 0.0)


def _length(leg: Array, distance: str) -> Array:
    if distance == "manhattan":
        return np.abs(leg).sum(axis=-1)
    return norm(leg) if distance == "euclidean" else dot(leg, leg)


def _origin(a: Array, p: Array, n: Array, distance: str, eps: float, swap: bool) -> Array:
    """What the negative is measured from: the anchor, with `swap` the positive where that is nearer."""
    if not swap:
        return a
    if distance == "cosine":
        nearer = distance_by_angle(p, n) < distance_by_angle(a, n)
    else:
        eps = 0.0 if distance == "squared" else eps
        nearer = _length(p - n + eps, distance) < _length(a - n + eps, distance)
    return np.where(nearer[:, None], p, a)


def _legs(
    a: Array, p: Array, n: Array, distance: str, eps: float, swap: bool
) -> tuple[Array, Array, Array, Array]:
    """The difference to the positive, to the negative, the first less the second, and whether the row is swapped."""
    eps = 0.0 if distance == "squared" else eps
    origin = _origin(a, p, n, distance, eps, swap)
    swapped = (origin != a).any(axis=-1, keepdims=True)
    x, y = a - p + eps, origin - n + eps
    # n - p directly: where both are far from the anchor, the difference of the legs has lost it.
    return x, y, np.where(swapped, (a - p) - (p - n), n - p), swapped


def _longer(x: Array, y: Array, apart: Array, distance: str) -> Array:
    """By how much x is longer than y, given x - y: |x|^2 - |y|^2 is (x - y)(x + y), which keeps near legs' digits."""
    if distance == "manhattan":
        return (np.abs(x) - np.abs(y)).sum(axis=-1)
    if distance == "squared":
        return dot(apart, x + y)
    total = (norm(x) + norm(y))[..., None]
    return dot(apart / np.where(total > 0, total, 1.0), x + y)


def _way(leg: Array, distance: str) -> Array:
    """The slope of a leg's length by the leg."""
    if distance == "manhattan":
        return np.sign(leg)
    return unit(leg) if distance == "euclidean" else 2 * leg


def _turn(x: Array, y: Array, apart: Array, distance: str) -> Array:
    """The way of x less the way of y, given x - y."""
    if distance == "squared":
        return 2 * apart
    if distance == "manhattan":
        return np.sign(x) - np.sign(y)
    long, short = norm(x)[:, None], norm(y)[:, None]
    safe = np.where(long > 0, long, 1.0)
    near = (apart - unit(y) * _longer(x, y, apart, distance)[:, None]) / safe
    return np.where((long > 0) & (short > 0), near, unit(x) - unit(y))


def _active(value: Array, slope: Array) -> Array:
    return np.where(value[:, None] > 0, slope, 0.0)


@triplet.gradient("anchor")
def _(
    anchor: Array, positive: Array, negative: Array, *, margin: float, distance: str, eps: float, swap: bool
) -> Array:
    given = (anchor, positive, negative)
    value = triplet.kernel(*given, margin=margin, distance=distance, eps=eps, swap=swap)
    if distance == "cosine":
        swapped = (_origin(*given, distance, eps, swap) != anchor).any(axis=-1, keepdims=True)
        far = np.where(swapped, 0.0, cosine_slope(anchor, negative))
        return _active(value, far - cosine_slope(anchor, positive))
    x, y, apart, swapped = _legs(*given, distance, eps, swap)
    return _active(value, np.where(swapped, _way(x, distance), _turn(x, y, apart, distance)))


@triplet.gradient("positive")
def _(
    anchor: Array, positive: Array, negative: Array, *, margin: float, distance: str, eps: float, swap: bool
) -> Array:
    given = (anchor, positive, negative)
    value = triplet.kernel(*given, margin=margin, distance=distance, eps=eps, swap=swap)
    if distance == "cosine":
        swapped = (_origin(*given, distance, eps, swap) != anchor).any(axis=-1, keepdims=True)
        far = np.where(swapped, cosine_slope(positive, negative), 0.0)
        return _active(value, far - cosine_slope(positive, anchor))
    x, y, _, swapped = _legs(*given, distance, eps, swap)
    away = anchor - negative + 2 * (0.0 if distance == "squared" else eps)
    return _active(value, -np.where(swapped, _turn(x, -y, away, distance), _way(x, distance)))


@triplet.gradient("negative")
def _(
    anchor: Array, positive: Array, negative: Array, *, margin: float, distance: str, eps: float, swap: bool
) -> Array:
    given = (anchor, positive, negative)
    value = triplet.kernel(*given, margin=margin, distance=distance, eps=eps, swap=swap)
    if distance == "cosine":
        return _active(value, cosine_slope(negative, _origin(*given, distance, eps, swap)))
    return _active(value, _way(_legs(*given, distance, eps, swap)[1], distance))


@loss(
    formula="1 - dot(unit(pred), unit(target))",
    cite="Salton & McGill 1983, Introduction to Modern Information Retrieval",
    same_as={"optax": ""},
)
def cosine_distance(pred: Vector, target: Vector) -> Array:
    """One minus the cosine between two vectors: 0 for the same direction, 2 for opposite ones.

    A zero vector has cosine 0 with everything, so its distance is 1, and its slope is 0. Keras' cosine similarity
    loss is this less 1.

    >>> cosine_distance([[3.0, 4.0], [0.0, 0.0]], [[4.0, 3.0], [1.0, 0.0]])
    array([0.04, 1.  ])
    """
    return distance_by_angle(pred, target)


@cosine_distance.gradient("pred")
def _(pred: Array, target: Array) -> Array:
    return -cosine_slope(pred, target)


@loss(
    formula="""
    cosines = [max(-1, min(1, dot(unit(embedding), unit(w)))) for w in prototypes]
    own = exp(scale * cos(acos(cosines[target]) + margin))
    -log(own / (own + sum(exp(scale * c) for j, c in enumerate(cosines) if j != target)))
    """,
    cite="Deng, Guo, Xue & Zafeiriou 2019, doi:10.1109/CVPR.2019.00482",
    same_as={"pml": "margin=0.4991641660703783"},
    optimum=None,
)
def arcface(
    embedding: Vector,
    target: ClassId,
    prototypes: Prototypes,
    *,
    margin: Annotated[float, Param("angle in radians that is added to the one to the own class", ge=0)] = 0.5,
    scale: Annotated[float, Param("what cosines are multiplied by", gt=0)] = 64.0,
) -> Array:
    """Cross-entropy over cosines to one prototype a class, the angle to the own one made larger by a margin.

    Plainly cos(angle + margin) at every angle, as InsightFace has it. Beyond pi - margin, where that rises again,
    pytorch-metric-learning goes on with cos(angle) - margin * sin(margin); its margin is given in degrees, 28.6. The
    slope of the angle is 0 at angles 0 and pi, and at a zero vector, whose cosine is 0.

    >>> arcface([[2.0, 0.0]], [0], [[1.0, 1.0], [0.0, 3.0]], scale=1.0).round(6)
    array([0.562253])
    """
    return softplus(log_sum_exp(_lead(embedding, target, prototypes, margin, scale)))


def _sine(a: Array, b: Array) -> Array:
    """The sine of the angle; 1 at a zero vector, whose cosine is 0."""
    c = cosine(a, b)
    return np.where(np.abs(c) < 0.5, np.sqrt((1 - c) * (1 + c)), norm(across(a, b)))


def _lead(embedding: Array, target: Array, prototypes: Array, margin: float, scale: float) -> Array:
    """By how much every other class is ahead of the own one; -inf for the own one."""
    own = prototypes[target]
    # cos and sin of the angle, not the angle: acos has no digits left near 0.
    margined = cosine(embedding, own) * np.cos(margin) - _sine(embedding, own) * np.sin(margin)
    lead = scale * (rows_times(unit(embedding), unit(prototypes)) - margined[:, None])
    lead[np.arange(len(target)), target] = -np.inf
    return lead


def _pulls(
    embedding: Array, target: Array, prototypes: Array, margin: float, scale: float
) -> tuple[Array, Array]:
    """The slope of the value by the cosine to every other class, and by the one to the own class."""
    lead = _lead(embedding, target, prototypes, margin, scale)
    lost = sigmoid(log_sum_exp(lead))
    own = prototypes[target]
    sine = _sine(embedding, own)
    turned = sine * np.cos(margin) + cosine(embedding, own) * np.sin(margin)
    stretch = np.where(sine > 0, turned / np.where(sine > 0, sine, 1.0), 0.0)
    others = scale * lost[:, None] * softmax(lead) if len(prototypes) > 1 else np.zeros_like(lead)
    return others, -scale * lost * stretch


@arcface.gradient("embedding")
def _(embedding: Array, target: Array, prototypes: Array, *, margin: float, scale: float) -> Array:
    others, own = _pulls(embedding, target, prototypes, margin, scale)
    by_others = unit_slope(embedding, rows_times(others, unit(prototypes).T.copy()))
    return by_others + own[:, None] * cosine_slope(embedding, prototypes[target])


@arcface.gradient("prototypes")
def _(embedding: Array, target: Array, prototypes: Array, *, margin: float, scale: float) -> Array:
    others, own = _pulls(embedding, target, prototypes, margin, scale)
    slope = np.empty((len(embedding), *prototypes.shape))
    for j, prototype in enumerate(prototypes):
        turn = cosine_slope(np.broadcast_to(prototype, embedding.shape), embedding)
        slope[:, j] = np.where(target == j, own, others[:, j])[:, None] * turn
    return slope
