"""Distances of two samples of vectors, of which no row of one belongs to a row of the other. One value a batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import numpy as np

from losscli.contract.kinds import Array, Side, Vector
from losscli.contract.loss import Param, Term, loss
from losscli.losses._anchors import Distances

TASKS = ("embeddings", "generative models")

_SAMPLES = """
    d = lambda a, b: norm([s - t for s, t in zip(a.embedding, b.embedding)])
    one, other = [[o for o in everyone if o.domain == side] for side in ("x", "y")]
    mean = lambda of, A, B: sum(of(a, b) for a in A for b in B) / (len(A) * len(B))
"""


def _shares(domain: Array) -> Array | None:
    """1 / n for rows of one sample and -1 / n for rows of the other; None where one of them is empty."""
    counts = np.count_nonzero(domain == 0), np.count_nonzero(domain == 1)
    return np.where(domain == 0, 1 / counts[0], -1 / counts[1]) if all(counts) else None


def _of_pairs(embedding: Array, domain: Array, of: Callable[[Array], Array]) -> Array | Term:
    """The sum over all pairs of both shares and what `of` makes of the distance."""
    shares = _shares(domain)
    if shares is None:
        return Term(np.zeros(1), np.zeros(1, bool))
    distances = Distances(embedding, normalize=False)
    return np.array([sum(shares[i] * float((shares * of(distances.of(i))).sum()) for i in range(len(shares)))])


def _slope(embedding: Array, domain: Array, by_distance: Callable[[Array], Array]) -> Array:
    shares, slope, distances = _shares(domain), np.zeros_like(embedding), Distances(embedding, normalize=False)
    for anchor in range(0 if shares is None else len(shares)):
        assert shares is not None
        distances.add_slopes(anchor, shares[anchor] * shares * by_distance(distances.of(anchor)), slope)
    return slope


@loss(
    formula=f"""{_SAMPLES}
    2 * mean(d, one, other) - mean(d, one, one) - mean(d, other, other) if one and other else skip
    """,
    cite="Székely & Rizzo 2013, doi:10.1016/j.jspi.2013.03.018",
    scope="group",
    unit="group",
    optimum=None,
)
def energy_distance(embedding: Vector, domain: Side) -> Array | Term:
    """Energy distance of two samples: twice their mean distance, less the mean distance inside of each.

    It is 0 for equal samples. `domain` says which sample a row is of. Pairs of a row with itself count, with 0; SciPy
    has the root of this number, of single numbers. Time grows as the square of the rows.

    >>> energy_distance([[0.0], [1.0], [3.0]], [0, 0, 1])
    array([4.5])
    """
    return _of_pairs(embedding, domain, np.negative)


@energy_distance.gradient("embedding")
def _(embedding: Array, domain: Array, *, upstream: Array) -> Array:
    return _slope(embedding, domain, lambda d: np.full(len(d), -1.0)) * upstream[0]


@loss(
    formula=f"""{_SAMPLES}
    k = lambda a, b: exp(-scale * d(a, b)**2)
    mean(k, one, one) + mean(k, other, other) - 2 * mean(k, one, other) if one and other else skip
    """,
    cite="Gretton, Borgwardt, Rasch, Schölkopf & Smola 2012, https://jmlr.org/papers/v13/gretton12a.html",
    scope="group",
    unit="group",
    optimum=None,
)
def mmd(
    embedding: Vector,
    domain: Side,
    *,
    scale: Annotated[float, Param("factor of the squared distances in the kernel", gt=0)] = 1.0,
) -> Array | Term:
    """Maximum mean discrepancy (MMD), squared, of two samples with a Gaussian kernel.

    `domain` says which sample a row is of. This is the biased estimate: pairs of a row with itself count. Time grows
    as the square of the rows.

    >>> mmd([[0.0], [1.0], [3.0]], [0, 0, 1]).round(6)
    array([1.665501])
    """
    return _of_pairs(embedding, domain, lambda d: np.exp(-scale * np.square(d)))


@mmd.gradient("embedding")
def _(embedding: Array, domain: Array, *, upstream: Array, scale: float) -> Array:
    return _slope(embedding, domain, lambda d: -2 * scale * d * np.exp(-scale * np.square(d))) * upstream[0]


@loss(
    formula="""
    one, other = [[o.embedding for o in everyone if o.domain == side] for side in ("x", "y")]
    mean = lambda A, k: sum(v[k] for v in A) / len(A)
    cov = lambda A, j, k: sum((v[j] - mean(A, j)) * (v[k] - mean(A, k)) for v in A) / (len(A) - 1)
    d = range(len(embedding))
    apart = lambda j, k: cov(one, j, k) - cov(other, j, k)
    sum(apart(j, k)**2 for j in d for k in d) / (4 * len(d)**2) if len(one) > 1 and len(other) > 1 else skip
    """,
    cite="Sun & Saenko 2016, arXiv:1607.01719",
    scope="group",
    unit="group",
    optimum=None,
)
def deep_coral(embedding: Vector, domain: Side) -> Array | Term:
    """CORAL loss of domain adaptation (Deep CORAL): the squared distance of the covariances of two samples.

    It is divided by 4 d², where d is the number of dimensions; covariances are divided by N - 1. `domain` says which
    sample a row is of. A batch with fewer than two rows of a sample takes no part and is counted. The `coral` of
    ordered classes is another loss.

    >>> deep_coral([[0.0], [2.0], [0.0], [1.0]], [0, 0, 1, 1])
    array([0.5625])
    """
    sides = _centred_sides(embedding, domain)
    if sides is None:
        return Term(np.zeros(1), np.zeros(1, bool))
    return np.array([np.square(_covariances_apart(*sides)).sum() / (4 * embedding.shape[1] ** 2)])


def _centred_sides(embedding: Array, domain: Array) -> tuple[Array, Array] | None:
    """Both samples less their means; None where one has fewer than two rows."""
    sides = [embedding[domain == side] for side in (0, 1)]
    if min(len(side) for side in sides) < 2:
        return None
    one, other = (side - side.mean(axis=0) for side in sides)
    return one - one.mean(axis=0), other - other.mean(axis=0)  # what the first mean lost is now its own size


def _covariances_apart(one: Array, other: Array) -> Array:
    return one.T @ one / (len(one) - 1) - other.T @ other / (len(other) - 1)


@deep_coral.gradient("embedding")
def _(embedding: Array, domain: Array, *, upstream: Array) -> Array:
    slope, sides = np.zeros_like(embedding), _centred_sides(embedding, domain)
    if sides is not None:
        apart = _covariances_apart(*sides) * (upstream[0] / embedding.shape[1] ** 2)
        for side, (rows, sign) in enumerate(zip(sides, (1.0, -1.0), strict=True)):
            slope[domain == side] = rows @ apart * (sign / (len(rows) - 1))
    return slope
