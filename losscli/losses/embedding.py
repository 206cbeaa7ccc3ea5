"""Losses of vectors against vectors or class prototypes, each row by itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

import numpy as np

from losscli.contract.kinds import Array, ClassId, Prototypes, Vector, vector_of
from losscli.contract.loss import Param, loss
from losscli.contract.presets import without_weights
from losscli.contract.scores import Score
from losscli.lazy import dataclass
from losscli.losses._angles import across, cosine, cosine_slope, distance_by_angle, long_dot
from losscli.losses._math import dot, log_sum_exp, norm, rows_times, sigmoid, softmax, softplus, unit, unit_slope

TASKS = ("embeddings",)

_Distance = Annotated[
    Literal["euclidean", "squared", "cosine", "manhattan"],
    Param("length of the difference, its square, 1 - cosine, or the sum of absolute differences"),
]
_Eps = Annotated[
    float, Param("added to every difference inside a euclidean or manhattan distance, as torch does; else unused", ge=0)
]
_Swap = Annotated[bool, Param("use the negative's distance to the positive if it is smaller")]


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
    same_as={
        "torch": without_weights("eps=1e-06"),
        "sentence_transformers": without_weights("margin=5"),
    },
    first=True,
)
def triplet(
    anchor: Vector,
    positive: Vector,
    negative: Vector,
    *,
    margin: Annotated[
        float, Param("how much farther away than the positive the negative should be", ge=0, per_row=True)
    ] = 1.0,
    distance: _Distance = "euclidean",
    eps: _Eps = 0.0,
    swap: _Swap = False,
) -> Array:
    """Triplet loss: the positive should be closer to the anchor than the negative, by a margin.

    Vectors are used as they are. FaceNet is `distance=squared,margin=0.2` on unit vectors. pytorch-metric-learning
    normalizes, uses margin 0.05 and averages only the triplets above 0. optax adds its eps under the root. The
    gradient is 0 at the hinge, at a distance of 0 and at a zero vector.

    >>> triplet([[0.0, 0.0]], [[3.0, 4.0]], [[0.0, 5.5]])
    array([0.5])
    """
    return np.maximum(_legs(anchor, positive, negative, distance, eps, swap).longer + margin, 0.0)


@dataclass(frozen=True)
class _Legs:
    """The differences x to the positive and y to the negative, and by how much x is longer than y."""

    x: Array
    y: Array
    apart: Array  # x - y, taken from the vectors: legs that are both long have lost it
    swapped: Array  # whether y starts at the positive
    longer: Array


def _legs(a: Array, p: Array, n: Array, distance: str, eps: float, swap: bool) -> _Legs:
    if distance == "cosine":
        near, far = distance_by_angle(a, p), distance_by_angle(a, n)
        crossed = distance_by_angle(p, n) if swap else far
        return _Legs(a, a, a, (crossed < far)[:, None], near - np.minimum(far, crossed))
    eps = 0.0 if distance == "squared" else eps
    x, y = a - p + eps, a - n + eps
    if swap:
        crossed = p - n + eps
        swapped = (_length(crossed, distance) < _length(y, distance))[:, None]
        y, apart = np.where(swapped, crossed, y), np.where(swapped, (a - p) - (p - n), n - p)
    else:
        swapped, apart = np.zeros((len(a), 1), bool), n - p
    if distance == "manhattan":
        return _Legs(x, y, apart, swapped, (np.abs(x) - np.abs(y)).sum(axis=-1))
    # |x|^2 - |y|^2 = (x - y)(x + y), divided by |x| + |y| before it can overflow.
    total = (norm(x) + norm(y))[:, None]
    safe = np.where(total > 0, total, 1.0)
    longer = dot(apart / safe, x + y)
    close = np.abs(longer) < total[:, 0] / 512
    origin = np.where(swapped[close], p[close], a[close])
    longer[close] = _squares_apart(a[close], p[close], origin, n[close], eps) / safe[close, 0]
    return _Legs(x, y, apart, swapped, longer * total[:, 0] if distance == "squared" else longer)


def _squares_apart(a: Array, p: Array, q: Array, n: Array, eps: float) -> Array:
    """|a - p + eps|^2 - |q - n + eps|^2, multiplied out: long sums keep what the differences would round away."""
    left, right = [a, a, p, q, q, n], [a, -2 * p, p, -q, 2 * n, -n]
    if eps:
        left += [np.full_like(a, 2 * eps)] * 4
        right += [a, -p, -q, n]
    return long_dot(np.concatenate(left, axis=-1), np.concatenate(right, axis=-1))


def _length(leg: Array, distance: str) -> Array:
    return np.abs(leg).sum(axis=-1) if distance == "manhattan" else norm(leg)


def _way(leg: Array, distance: str) -> Array:
    """The slope of a leg's length by the leg."""
    if distance == "manhattan":
        return np.sign(leg)
    return unit(leg) if distance == "euclidean" else 2 * leg


def _way_difference(x: Array, y: Array, apart: Array, distance: str) -> Array:
    """The way of x less the way of y, given x - y; near ways keep their digits."""
    if distance == "squared":
        return 2 * apart
    if distance == "manhattan":
        return np.sign(x) - np.sign(y)
    long, short = norm(x)[:, None], norm(y)[:, None]
    # With s the part of x - y across y, and t the part along it: (s - unit(y) |s|^2 / (|x| + |y| + t)) / |x|.
    aside = across(y, apart) * norm(apart)[:, None]
    along = dot(unit(y), apart)[:, None]
    acute = (dot(x, y)[:, None] > 0) & (long > 0) & (short > 0)
    sunk = unit(y) * dot(aside, aside)[:, None] / np.where(acute, long + short + along, 1.0)
    return np.where(acute, (aside - sunk) / np.where(acute, long, 1.0), unit(x) - unit(y))


def _cosine_gap_slope(a: Array, b: Array, c: Array) -> Array:
    """The slope by `a` of its cosine with b less the one with c."""
    turn = across(c, b) - unit(c) * distance_by_angle(b, c)[:, None]  # unit(b) - unit(c), near ones too
    return cosine_slope(a, turn) * norm(turn)[:, None]


def _by_anchor(a: Array, p: Array, n: Array, legs: _Legs, distance: str, eps: float) -> Array:
    if distance == "cosine":
        return np.where(legs.swapped, -cosine_slope(a, p), _cosine_gap_slope(a, n, p))
    return np.where(legs.swapped, _way(legs.x, distance), _way_difference(legs.x, legs.y, legs.apart, distance))


def _by_positive(a: Array, p: Array, n: Array, legs: _Legs, distance: str, eps: float) -> Array:
    if distance == "cosine":
        return np.where(legs.swapped, _cosine_gap_slope(p, n, a), -cosine_slope(p, a))
    both = a - n + 2 * (0.0 if distance == "squared" else eps)  # x + y where y starts at the positive
    return -np.where(legs.swapped, _way_difference(legs.x, -legs.y, both, distance), _way(legs.x, distance))


def _by_negative(a: Array, p: Array, n: Array, legs: _Legs, distance: str, eps: float) -> Array:
    if distance == "cosine":
        return cosine_slope(n, np.where(legs.swapped, p, a))
    return _way(legs.y, distance)


def _slope_by(role: str, part: Callable[..., Array]) -> None:
    def slope(
        anchor: Array, positive: Array, negative: Array, *, margin: float, distance: str, eps: float, swap: bool
    ) -> Array:
        legs = _legs(anchor, positive, negative, distance, eps, swap)
        found = part(anchor, positive, negative, legs, distance, eps)
        return np.where((legs.longer + margin > 0)[:, None], found, 0.0)

    triplet.gradient(role)(slope)


_slope_by("anchor", _by_anchor)
_slope_by("positive", _by_positive)
_slope_by("negative", _by_negative)


@loss(
    formula="""
    near = norm([a - p for a, p in zip(anchor, positive)])
    far = norm([a - n for a, n in zip(anchor, negative)])
    log(1 + exp(near - far))
    """,
    cite="Hermans, Beyer & Leibe 2017, arXiv:1703.07737",
    optimum=None,
)
def soft_triplet(anchor: Vector, positive: Vector, negative: Vector) -> Array:
    """Soft-margin triplet loss: a softplus in the place of the hinge, so that triplets pull however good they are.

    Vectors are used as they are, with euclidean distances. The gradient is 0 at a distance of 0.

    >>> soft_triplet([[0.0, 0.0]], [[3.0, 4.0]], [[0.0, 5.5]]).round(4)
    array([0.4741])
    """
    return softplus(_legs(anchor, positive, negative, "euclidean", 0.0, False).longer)


def _soft_slope_by(role: str, part: Callable[..., Array]) -> None:
    def slope(anchor: Array, positive: Array, negative: Array) -> Array:
        legs = _legs(anchor, positive, negative, "euclidean", 0.0, False)
        return sigmoid(legs.longer)[:, None] * part(anchor, positive, negative, legs, "euclidean", 0.0)

    soft_triplet.gradient(role)(slope)


_soft_slope_by("anchor", _by_anchor)
_soft_slope_by("positive", _by_positive)
_soft_slope_by("negative", _by_negative)


@loss(
    formula="1 - dot(unit(pred), unit(target))",
    cite="Salton & McGill 1983, Introduction to Modern Information Retrieval",
    same_as={"optax": without_weights(notes="for a zero vector optax has NaN, where this is 1")},
    first=True,
    worst=2.0,
    scores=(
        Score(
            "cosine_similarity",
            """Cosine similarity of two vectors: 1 for the same direction, -1 for opposite ones. Higher is better.

            A zero vector has 0 with every vector.

            >>> cosine_similarity([[3.0, 4.0], [0.0, 0.0]], [[4.0, 3.0], [1.0, 0.0]])
            array([0.96, 0.  ])
            """,
            own=cosine,
            same_as={"optax": without_weights(), "keras": ""},
        ),
    ),
)
def cosine_distance(pred: Vector, target: Vector) -> Array:
    """Cosine distance: one minus the cosine between two vectors. 0 for the same direction, 2 for opposite ones.

    A zero vector has cosine 0 with every vector, so its distance is 1 and its gradient is 0. The cosine similarity
    loss of Keras is this loss minus 1.

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
    angle = acos(cosines[target])
    far = beyond == "linear" and angle > pi - margin
    own = exp(scale * (cos(angle) - margin * sin(margin) if far else cos(angle + margin)))
    -log(own / (own + sum(exp(scale * c) for j, c in enumerate(cosines) if j != target)))
    """,
    cite="Deng, Guo, Xue & Zafeiriou 2019, doi:10.1109/CVPR.2019.00482",
    same_as={
        "pml": without_weights(
            "margin=0.4991641660703783,beyond=linear",
            notes="the gradient is 0 at angles of 0 and pi, where the library has infinite ones or NaN",
            kinds=(("embedding", vector_of(1e-12)),),
        )
    },
    optimum=None,
    revision=2,
)
def arcface(
    embedding: Vector,
    target: ClassId,
    prototypes: Prototypes,
    *,
    margin: Annotated[
        float, Param("angle in radians that is added to the angle to the own class", ge=0, per_row=True)
    ] = 0.5,
    scale: Annotated[float, Param("factor of the cosines", gt=0)] = 64.0,
    beyond: Annotated[
        Literal["plain", "linear"],
        Param("at angles above pi - margin: cos(angle + margin), or cos(angle) - margin * sin(margin)"),
    ] = "plain",
) -> Array:
    """ArcFace loss: cross-entropy over cosines to class prototypes, with a margin on the angle to the own class.

    It is cos(angle + margin) at every angle, as in InsightFace. Beyond pi - margin, where this rises again,
    pytorch-metric-learning continues with cos(angle) - margin * sin(margin): `beyond=linear`. Its margin is in
    degrees, 28.6. The gradient of the angle is 0 at angles 0 and pi, and at a zero vector, whose cosine is 0.

    >>> arcface([[2.0, 0.0]], [0], [[1.0, 1.0], [0.0, 3.0]], scale=1.0).round(6)
    array([0.562253])
    """
    return softplus(log_sum_exp(_lead(embedding, target, prototypes, margin, scale, beyond == "linear")))


def _sine(a: Array, b: Array) -> Array:
    """The sine of the angle; 1 at a zero vector, whose cosine is 0."""
    c = cosine(a, b)
    return np.where(np.abs(c) < 0.5, np.sqrt((1 - c) * (1 + c)), norm(across(a, b)))


def _far(cosines: Array, margin: float) -> Array:
    """Which angles are above pi - margin; a margin of pi or more leaves none below."""
    return cosines < (-np.cos(margin) if margin < np.pi else np.inf)


def _lead(embedding: Array, target: Array, prototypes: Array, margin: float, scale: float, linear: bool) -> Array:
    """By how much every other class is ahead of the own one; -inf for the own one."""
    own = prototypes[target]
    # cos and sin of the angle, not the angle: acos has no digits left near 0.
    cosines = cosine(embedding, own)
    margined = cosines * np.cos(margin) - _sine(embedding, own) * np.sin(margin)
    if linear:
        margined = np.where(_far(cosines, margin), cosines - margin * np.sin(margin), margined)
    lead = scale * (rows_times(unit(embedding), unit(prototypes)) - margined[:, None])
    lead[np.arange(len(target)), target] = -np.inf
    return lead


def _pulls(
    embedding: Array, target: Array, prototypes: Array, margin: float, scale: float, linear: bool
) -> tuple[Array, Array]:
    """The slope of the value by the cosine to every other class, and by the one to the own class."""
    lead = _lead(embedding, target, prototypes, margin, scale, linear)
    lost = sigmoid(log_sum_exp(lead))
    own = prototypes[target]
    sine = _sine(embedding, own)
    turned = sine * np.cos(margin) + cosine(embedding, own) * np.sin(margin)
    ratio = np.where(sine > 0, turned / np.where(sine > 0, sine, 1.0), 0.0)
    if linear:
        ratio = np.where(_far(cosine(embedding, own), margin), 1.0, ratio)
    others = scale * lost[:, None] * softmax(lead) if len(prototypes) > 1 else np.zeros_like(lead)
    return others, -scale * lost * ratio


@arcface.gradient("embedding")
def _(embedding: Array, target: Array, prototypes: Array, *, margin: float, scale: float, beyond: str) -> Array:
    others, own = _pulls(embedding, target, prototypes, margin, scale, beyond == "linear")
    by_others = unit_slope(embedding, rows_times(others, unit(prototypes).T.copy()))
    return by_others + own[:, None] * cosine_slope(embedding, prototypes[target])


@arcface.gradient("prototypes")
def _(embedding: Array, target: Array, prototypes: Array, *, margin: float, scale: float, beyond: str) -> Array:
    others, own = _pulls(embedding, target, prototypes, margin, scale, beyond == "linear")
    slope = np.empty((len(embedding), *prototypes.shape))
    for j, prototype in enumerate(prototypes):
        turn = cosine_slope(np.broadcast_to(prototype, embedding.shape), embedding)
        slope[:, j] = np.where(target == j, own, others[:, j])[:, None] * turn
    return slope
