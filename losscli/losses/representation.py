"""Losses of how the vectors of a batch are distributed: over the sphere, over their dimensions, and in order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import numpy as np

from losscli.contract import kinds
from losscli.contract.kinds import Array, Vector
from losscli.contract.loss import Param, Term, loss
from losscli.contract.presets import without_weights
from losscli.losses._angles import cosine, cosine_slope
from losscli.losses._cosines import Cosines, log_sum
from losscli.losses._math import dot, softplus, unit, unit_slope
from losscli.losses._score_pairs import blocks, slopes_of_pairs

TASKS = ("embeddings",)

_Weight = Annotated[float, Param("the weight of this part", ge=0)]


def _nothing() -> Term:
    """Of a batch that is too small for a value."""
    return Term(np.zeros(1), np.zeros(1, bool))


@loss(
    formula="""
    d = lambda a, b: norm([x - y for x, y in zip(unit(a.embedding), unit(b.embedding))])
    near = [exp(-scale * d(a, b)**2) for i, a in enumerate(everyone) for b in everyone[:i]]
    log(sum(near) / len(near)) if near else skip
    """,
    cite="Wang & Isola 2020, arXiv:2005.10242",
    scope="group",
    unit="group",
    optimum=None,
)
def uniformity(
    embedding: Vector, *, scale: Annotated[float, Param("factor of the squared distances (t)", gt=0)] = 2.0
) -> Array | Term:
    """Uniformity loss: the log of the mean of e^(-t d²) over all pairs of unit vectors. Low is evenly distributed.

    One value a batch. A batch of one row takes no part and is counted. Lightly has a scale of 1.

    >>> uniformity([[1.0, 0.0], [0.0, 2.0], [-1.0, 0.0]]).round(6)
    array([-4.396349])
    """
    if len(embedding) < 2:
        return _nothing()
    return np.array([_log_near(embedding, scale) - np.log(len(embedding) * (len(embedding) - 1) / 2)])


def _log_near(embedding: Array, scale: float) -> float:
    total = -np.inf
    for _, exponents, before in _nearness(embedding, scale):
        total = float(np.logaddexp.reduce(np.append(log_sum(exponents, before), total)))
    return total


def _nearness(embedding: Array, scale: float) -> Iterator[tuple[slice, Array, Array]]:
    for rows, cosines in Cosines(embedding, embedding).blocks():
        yield rows, *_exponents(embedding, scale, rows, cosines)


def _exponents(embedding: Array, scale: float, rows: slice, cosines: Array) -> tuple[Array, Array]:
    """-scale * distance² of some rows to all, and which of these stand before them; a zero vector stays zero."""
    length: Array = np.asarray(embedding.any(axis=1), np.float64)
    squares = np.maximum(length[rows, None] + length - 2 * cosines, 0.0)
    return -scale * squares, np.arange(len(embedding)) < np.arange(rows.start, rows.stop)[:, None]


@uniformity.gradient("embedding")
def _(embedding: Array, *, upstream: Array, scale: float) -> Array:
    total = _log_near(embedding, scale)

    def pulls(rows: slice, cosines: Array) -> Array:
        exponents, before = _exponents(embedding, scale, rows, cosines)
        return np.where(before, np.exp(exponents - total), 0.0) * (2 * scale * upstream[0])

    by_rows, by_columns = Cosines(embedding, embedding).gradients(pulls)
    return by_rows + by_columns


@loss(
    formula="""
    n = len(everyone)
    centred = lambda c: [x - sum(c) / n for x in c]
    columns = lambda view: [centred([row[k] for row in view]) for k in range(len(anchor))]
    cov = lambda a, b: dot(a, b) / (n - 1)
    narrow = lambda cols: sum(max(0, 1 - sqrt(cov(c, c) + eps)) for c in cols) / len(cols)
    joint = lambda cols: sum(cov(a, b)**2 for i, a in enumerate(cols) for j, b in enumerate(cols) if i != j) / len(cols)
    views = [columns([o.anchor for o in everyone]), columns([o.positive for o in everyone])] if n > 1 else []
    apart = sum((x - y)**2 for o in everyone for x, y in zip(o.anchor, o.positive)) / n / len(anchor)
    penalty = variance * sum(narrow(view) for view in views) / 2 + covariance * sum(joint(view) for view in views)
    invariance * apart + penalty if n > 1 else skip
    """,
    cite="Bardes, Ponce & LeCun 2022, arXiv:2105.04906",
    same_as={"lightly": without_weights(), "pml": without_weights()},
    scope="group",
    unit="group",
    optimum=None,
)
def vicreg(
    anchor: Vector,
    positive: Vector,
    *,
    invariance: _Weight = 25.0,
    variance: _Weight = 25.0,
    covariance: _Weight = 1.0,
    eps: Annotated[float, Param("a small number that is added to each variance", ge=0)] = 1e-4,
) -> Array | Term:
    """VICReg loss: two views should agree, every dimension should vary, and no two together.

    One value a batch, of three parts: the mean squared difference; by how much standard deviations miss 1, averaged
    over both views; the squared covariances of different dimensions over their number, summed over both views.
    Covariances are divided by N - 1. A batch of one row takes no part and is counted.

    >>> vicreg([[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]], [[1.0, 0.5], [0.0, 1.0], [0.5, 1.0]]).round(6)
    array([16.725718])
    """
    if len(anchor) < 2:
        return _nothing()
    value = invariance * np.square(anchor - positive).mean()
    for view in (anchor, positive):
        _, _, across, deviation = _spread(view, eps)
        value += variance * np.maximum(1 - deviation, 0.0).mean() / 2
        value += covariance * np.square(across).sum() / anchor.shape[1]
    return np.array([value])


def _spread(view: Array, eps: float) -> tuple[Array, Array, Array, Array]:
    """A view less its mean, its covariances, those of different dimensions alone, and its standard deviations."""
    centred = _centred(view)
    covariances = centred.T @ centred / (len(view) - 1)
    across = covariances - np.diag(np.diag(covariances))
    return centred, covariances, across, np.sqrt(np.diag(covariances) + eps)


def _centred(view: Array) -> Array:
    centred = view - view.mean(axis=0)
    return np.asarray(centred - centred.mean(axis=0))


def _vicreg_slope(
    view: Array, other: Array, upstream: Array, invariance: float, variance: float, covariance: float, eps: float
) -> Array:
    if len(view) < 2:
        return np.zeros_like(view)
    count, width = view.shape
    centred, _, across, deviation = _spread(view, eps)
    slope = 2 * invariance * (view - other) / view.size
    narrow = deviation < 1
    by_variance = np.where(narrow, -1 / np.where(narrow & (deviation > 0), deviation, 1.0), 0.0)
    slope += centred * (variance * by_variance / (2 * width * (count - 1)))
    slope += centred @ across * (4 * covariance / ((count - 1) * width))
    return slope * upstream[0]


@vicreg.gradient("anchor")
def _(
    anchor: Array, positive: Array, *, upstream: Array, invariance: float, variance: float, covariance: float,
    eps: float,
) -> Array:  # fmt: skip
    return _vicreg_slope(anchor, positive, upstream, invariance, variance, covariance, eps)


@vicreg.gradient("positive")
def _(
    anchor: Array, positive: Array, *, upstream: Array, invariance: float, variance: float, covariance: float,
    eps: float,
) -> Array:  # fmt: skip
    return _vicreg_slope(positive, anchor, upstream, invariance, variance, covariance, eps)


@loss(
    formula="""
    n = len(everyone)
    centred = lambda c: [x - sum(c) / n for x in c]
    columns = lambda view: [centred([row[k] for row in view]) for k in range(len(anchor))]
    size = lambda c: sqrt(dot(c, c) / n + eps)
    rows = columns([o.anchor for o in everyone])
    cols = columns([o.positive for o in everyone])
    c = [[dot(a, b) / n / (size(a) * size(b)) for b in cols] for a in rows]
    own = sum((1 - c[i][i])**2 for i in range(len(c)))
    own + redundancy * sum(x**2 for i, row in enumerate(c) for j, x in enumerate(row) if i != j)
    """,
    cite="Zbontar, Jing, Misra, LeCun & Deny 2021, arXiv:2103.03230",
    same_as={"lightly": without_weights()},
    scope="group",
    unit="group",
    optimum=None,
)
def barlow_twins(
    anchor: Vector,
    positive: Vector,
    *,
    redundancy: Annotated[float, Param("the weight of correlations between different dimensions", ge=0)] = 0.005,
    eps: Annotated[float, Param("a small number that is added to each variance, as in batch norm", gt=0)] = 1e-5,
) -> Array:
    """Barlow Twins loss: each dimension of one view correlates with the same of the other view, and with no other.

    One value a batch. Variances are divided by N, as in Lightly; MONAI divides them by N - 1 and products by N.

    >>> barlow_twins([[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]], [[1.0, 0.5], [0.0, 1.0], [0.5, 1.0]]).round(6)
    array([0.042183])
    """
    correlations = _correlations(anchor, positive, eps)[0]
    own = np.diag(correlations)
    across = np.square(correlations - np.diag(own)).sum()
    return np.array([np.square(1 - own).sum() + redundancy * across])


def _correlations(anchor: Array, positive: Array, eps: float) -> tuple[Array, Array, Array, Array, Array]:
    """The correlations of all dimensions, both views less their means, and their standard deviations."""
    a, b = _centred(anchor), _centred(positive)
    sizes = [np.sqrt(np.square(view).mean(axis=0) + eps) for view in (a, b)]
    return a.T @ b / len(a) / np.outer(*sizes), a, b, sizes[0], sizes[1]


def _barlow_slope(view: Array, other: Array, upstream: Array, redundancy: float, eps: float) -> Array:
    correlations, a, b, size, other_size = _correlations(view, other, eps)
    own = np.diag(correlations)
    pulls = 2 * redundancy * (correlations - np.diag(own)) - np.diag(2 * (1 - own))
    slope = (b / other_size) @ pulls.T / size - a * ((pulls * correlations).sum(axis=1) / np.square(size))
    return slope * (upstream[0] / len(view))


@barlow_twins.gradient("anchor")
def _(anchor: Array, positive: Array, *, upstream: Array, redundancy: float, eps: float) -> Array:
    return _barlow_slope(anchor, positive, upstream, redundancy, eps)


@barlow_twins.gradient("positive")
def _(anchor: Array, positive: Array, *, upstream: Array, redundancy: float, eps: float) -> Array:
    return _barlow_slope(positive, anchor, upstream, redundancy, eps)


@loss(
    formula="""
    s = lambda o: scale * dot(unit(o.anchor), unit(o.positive))
    log(1 + sum(exp(s(b) - s(a)) for a in everyone for b in everyone if a.target > b.target))
    """,
    cite="Su 2022, https://kexue.fm/archives/8847",
    same_as={"sentence_transformers": without_weights()},
    scope="group",
    unit="group",
    optimum=None,
)
def cosent(
    anchor: Vector,
    positive: Vector,
    target: kinds.Score,
    *,
    scale: Annotated[float, Param("factor of the cosines", gt=0)] = 20.0,
) -> Array:
    """CoSENT loss: pairs of vectors whose target is higher should have the higher cosine.

    One value a batch, a soft maximum over the pairs of rows in the wrong order. sentence-transformers has the same
    scale.

    >>> cosent([[1.0, 0.0], [0.0, 2.0]], [[3.0, 0.0], [1.0, 0.0]], [0.2, 0.9], scale=2.0).round(6)
    array([2.126928])
    """
    return softplus(np.array([_wrong_way(cosine(anchor, positive), target, scale)]))


def _wrong_way(similar: Array, target: Array, scale: float) -> float:
    """log of the sum of e^(scale * lead) over the pairs of rows whose similarities are in the wrong order."""
    total = -np.inf
    for rows in blocks(len(similar)):
        ahead = target[rows, None] > target
        total = float(np.logaddexp.reduce(np.append(log_sum(-scale * (similar[rows, None] - similar), ahead), total)))
    return total


def _ordered_slope(similar: Array, target: Array, scale: float) -> Array:
    value = float(softplus(np.array([_wrong_way(similar, target, scale)]))[0])

    def of_pairs(rows: slice, lead: Array) -> Array:
        ahead = target[rows, None] > target
        return np.where(ahead, -scale * np.exp(np.where(ahead, -scale * lead, 0.0) - value), 0.0)

    return slopes_of_pairs(similar, of_pairs)


def _by_cosine(anchor: Array, positive: Array, target: Array, upstream: Array, scale: float) -> Array:
    return (_ordered_slope(cosine(anchor, positive), target, scale) * upstream[0])[:, None]


@cosent.gradient("anchor")
def _(anchor: Array, positive: Array, target: Array, *, upstream: Array, scale: float) -> Array:
    return _by_cosine(anchor, positive, target, upstream, scale) * cosine_slope(anchor, positive)


@cosent.gradient("positive")
def _(anchor: Array, positive: Array, target: Array, *, upstream: Array, scale: float) -> Array:
    return _by_cosine(anchor, positive, target, upstream, scale) * cosine_slope(positive, anchor)


@loss(
    formula="""
    half = (len(anchor) + 1) // 2
    turned = lambda v: [-x for x in [*v[half:], *([0] if len(v) % 2 else [])]] + [x for x in v[:len(v) - half]]
    s = lambda o: scale * abs(dot(unit(o.anchor), [x + y for x, y in zip(unit(o.positive), turned(unit(o.positive)))]))
    log(1 + sum(exp(s(b) - s(a)) for a in everyone for b in everyone if a.target > b.target))
    """,
    cite="Li & Li 2023, arXiv:2309.12871",
    same_as={"sentence_transformers": without_weights()},
    scope="group",
    unit="group",
    optimum=None,
)
def angle(
    anchor: Vector,
    positive: Vector,
    target: kinds.Score,
    *,
    scale: Annotated[float, Param("factor of the similarities", gt=0)] = 20.0,
) -> Array:
    """AnglE loss: CoSENT of another similarity, whose gradient does not vanish where vectors are parallel.

    The first half of a vector is the real part of complex numbers and the second half the imaginary one (0 where the
    length is odd); the similarity is the size of the sum of both parts of their inner product. One value a batch.

    >>> angle([[1.0, 0.0], [0.0, 2.0]], [[3.0, 0.0], [1.0, 0.0]], [0.9, 0.2], scale=2.0).round(6)
    array([0.693147])
    """
    return softplus(np.array([_wrong_way(_by_angle(anchor, positive), target, scale)]))


def _turned(vectors: Array, sign: float) -> Array:
    """Complex numbers times -i (sign 1) or i (sign -1), of which the first half of each vector is the real part."""
    width = vectors.shape[1]
    half = (width + 1) // 2
    first, last = vectors[:, :half], np.zeros((len(vectors), half))
    last[:, : width - half] = vectors[:, half:]
    return np.concatenate([-sign * last, sign * first], axis=1)[:, :width]


def _by_angle(anchor: Array, positive: Array) -> Array:
    ends = unit(positive)
    return np.asarray(np.abs(dot(unit(anchor), ends + _turned(ends, 1.0))))


def _angle_slope(anchor: Array, positive: Array, target: Array, upstream: Array, scale: float) -> Array:
    """The slope by the inner product of each row."""
    ends = unit(positive)
    whole = dot(unit(anchor), ends + _turned(ends, 1.0))
    return _ordered_slope(np.abs(whole), target, scale) * upstream[0] * np.sign(whole)


@angle.gradient("anchor")
def _(anchor: Array, positive: Array, target: Array, *, upstream: Array, scale: float) -> Array:
    ends = unit(positive)
    slope = _angle_slope(anchor, positive, target, upstream, scale)
    return unit_slope(anchor, slope[:, None] * (ends + _turned(ends, 1.0)))


@angle.gradient("positive")
def _(anchor: Array, positive: Array, target: Array, *, upstream: Array, scale: float) -> Array:
    ends = unit(anchor)
    slope = _angle_slope(anchor, positive, target, upstream, scale)
    return unit_slope(positive, slope[:, None] * (ends + _turned(ends, -1.0)))
