"""Losses of the similarity of two vectors a row: equal or not, or how similar they should be."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from losscli.contract.kinds import Array, Binary, Real, Vector, vector_of
from losscli.contract.loss import Param, loss
from losscli.contract.presets import without_weights
from losscli.losses._angles import cosine, cosine_slope, distance_by_angle, long_dot
from losscli.losses._math import norm, unit

TASKS = ("embeddings",)

_ZERO = "the gradient at a zero vector is 0, where the library divides by its smallest length"
# The library divides shorter vectors by this length.
_SIDES = (("first", vector_of(1e-12)), ("second", vector_of(1e-12)))
_Distance = Annotated[Literal["euclidean", "cosine"], Param("length of the difference, or 1 - cosine")]


@loss(
    formula="""
    d = norm([a - b for a, b in zip(first, second)]) if distance == "euclidean" else 1 - dot(unit(first), unit(second))
    lost = d**2 if target == 1 else max(margin - d, 0)**2
    lost / 2 if half else lost
    """,
    cite="Hadsell, Chopra & LeCun 2006, doi:10.1109/CVPR.2006.100",
    same_as={"sentence_transformers": without_weights("distance=cosine,margin=0.5", notes=_ZERO, kinds=_SIDES)},
    first=True,
)
def contrastive(
    first: Vector,
    second: Vector,
    target: Binary,
    *,
    margin: Annotated[float, Param("how far apart vectors with target 0 should be", ge=0)] = 1.0,
    distance: _Distance = "euclidean",
    half: Annotated[bool, Param("half of the square, as in the paper")] = True,
) -> Array:
    """Contrastive loss of pairs (Hadsell): near each other where the target is 1, else at least a margin apart.

    Vectors are used as they are. The paper's label is the other way round: its 0 means similar. sentence-transformers
    has `distance=cosine,margin=0.5`; the example of Keras has `half=false`. The gradient at a distance of 0 and at the
    margin is 0.

    >>> contrastive([[3.0, 4.0], [0.0, 0.0]], [[3.0, 3.0], [0.0, 0.5]], [1.0, 0.0])
    array([0.5  , 0.125])
    """
    away, near = _distance(first, second, margin, distance)
    lost = np.square(np.where(target == 1, away, near))
    return lost / 2 if half else lost


def _distance(first: Array, second: Array, margin: float, distance: str) -> tuple[Array, Array]:
    """The distance, and what it lacks of the margin."""
    if distance == "euclidean":
        away = norm(first - second)
        return away, np.maximum(margin - away, 0.0)
    away, similar = distance_by_angle(first, second), cosine(first, second)
    # 1 - cos has lost the digits of a small cosine.
    return away, np.maximum(np.where(similar < 0.5, (margin - 1) + similar, margin - away), 0.0)


def _contrastive_slope(
    first: Array, second: Array, target: Array, *, margin: float, distance: str, half: bool
) -> Array:
    away, near = _distance(first, second, margin, distance)
    way = unit(first - second) if distance == "euclidean" else -cosine_slope(first, second)
    pull = np.where(target == 1, away, -near)
    return (pull if half else 2 * pull)[:, None] * way


@contrastive.gradient("first")
def _(first: Array, second: Array, target: Array, *, margin: float, distance: str, half: bool) -> Array:
    return _contrastive_slope(first, second, target, margin=margin, distance=distance, half=half)


@contrastive.gradient("second")
def _(first: Array, second: Array, target: Array, *, margin: float, distance: str, half: bool) -> Array:
    return _contrastive_slope(second, first, target, margin=margin, distance=distance, half=half)


@loss(
    formula="(dot(unit(first), unit(second)) - target)**2",
    cite="Reimers & Gurevych 2019, arXiv:1908.10084",
    same_as={"sentence_transformers": without_weights(notes=_ZERO, kinds=_SIDES)},
)
def cosine_mse(first: Vector, second: Vector, target: Real) -> Array:
    """Squared error of the cosine of two vectors: it should be the target, such as how alike people find two texts.

    It is CosineSimilarityLoss of sentence-transformers. The cosine of a zero vector is 0.

    >>> cosine_mse([[3.0, 4.0]], [[4.0, 3.0]], [0.5]).round(4)
    array([0.2116])
    """
    return np.square(_cosine_error(first, second, target))


def _cosine_error(first: Array, second: Array, target: Array) -> Array:
    # A cosine near 1 has its digits in the distance.
    near = (1 - target) - distance_by_angle(first, second)
    return np.where(target > 0.5, near, cosine(first, second) - target)


@cosine_mse.gradient("first")
def _(first: Array, second: Array, target: Array) -> Array:
    return 2 * _cosine_error(first, second, target)[:, None] * cosine_slope(first, second)


@cosine_mse.gradient("second")
def _(first: Array, second: Array, target: Array) -> Array:
    return 2 * _cosine_error(first, second, target)[:, None] * cosine_slope(second, first)


@loss(
    formula="(dot(anchor, positive) - dot(anchor, negative) - target)**2",
    cite="Hofstätter et al. 2020, arXiv:2010.02666",
    same_as={"sentence_transformers": without_weights()},
)
def margin_mse(anchor: Vector, positive: Vector, negative: Vector, target: Real) -> Array:
    """Margin MSE loss: the lead of the positive's inner product over the negative's should be that of a teacher.

    `target` is the teacher's lead. It is MarginMSELoss of sentence-transformers.

    >>> margin_mse([[1.0, 2.0]], [[3.0, 1.0]], [[1.0, 1.0]], [1.5])
    array([0.25])
    """
    return np.square(_lead_error(anchor, positive, negative, target))


def _lead_error(anchor: Array, positive: Array, negative: Array, target: Array) -> Array:
    one = np.ones((len(target), 1))
    return long_dot(
        np.concatenate([anchor, anchor, one], axis=-1), np.concatenate([positive, -negative, -target[:, None]], axis=-1)
    )


@margin_mse.gradient("anchor")
def _(anchor: Array, positive: Array, negative: Array, target: Array) -> Array:
    return 2 * _lead_error(anchor, positive, negative, target)[:, None] * (positive - negative)


@margin_mse.gradient("positive")
def _(anchor: Array, positive: Array, negative: Array, target: Array) -> Array:
    return 2 * _lead_error(anchor, positive, negative, target)[:, None] * anchor


@margin_mse.gradient("negative")
def _(anchor: Array, positive: Array, negative: Array, target: Array) -> Array:
    return -2 * _lead_error(anchor, positive, negative, target)[:, None] * anchor


@loss(
    formula="norm([a - b for a, b in zip(unit(anchor), unit(positive))])**exponent",
    cite="Wang & Isola 2020, arXiv:2005.10242",
)
def alignment(
    anchor: Vector,
    positive: Vector,
    *,
    exponent: Annotated[float, Param("power of the distance, the paper's alpha", gt=0)] = 2.0,
) -> Array:
    """Alignment loss: a power of the distance of the unit vectors of an anchor and its positive.

    With the power of 2 it is twice the cosine distance. A zero vector stays zero, at a distance of 1 from others. The
    gradient at a distance of 0 and at a zero vector is 0.

    >>> alignment([[3.0, 4.0]], [[4.0, 3.0]])
    array([0.08])
    """
    return _unit_square(anchor, positive) ** (exponent / 2)


def _unit_square(a: Array, b: Array) -> Array:
    """The squared distance of unit vectors; the zero vector stays where it is."""
    zeros = (~a.any(axis=-1)).astype(float) + ~b.any(axis=-1)
    return np.where(zeros > 0, 2 - zeros, 2 * distance_by_angle(a, b))


def _alignment_slope(a: Array, b: Array, exponent: float) -> Array:
    square = _unit_square(a, b)
    factor = np.where(square > 0, np.where(square > 0, square, 1.0) ** (exponent / 2 - 1), 0.0)
    return -exponent * factor[:, None] * cosine_slope(a, b)


@alignment.gradient("anchor")
def _(anchor: Array, positive: Array, *, exponent: float) -> Array:
    return _alignment_slope(anchor, positive, exponent)


@alignment.gradient("positive")
def _(anchor: Array, positive: Array, *, exponent: float) -> Array:
    return _alignment_slope(positive, anchor, exponent)
