"""Losses that pick the right pair out of many: one value an anchor, the others of its group are the alternatives."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np

from losscli.contract.kinds import Array, ClassId, Vector, Vectors, vector_of
from losscli.contract.loss import Param, Term, loss
from losscli.contract.presets import without_weights
from losscli.losses._angles import cosine_slope, long_dot
from losscli.losses._math import dot, unit
from losscli.losses._pairs import Pull, back_to, gradients, spread
from losscli.losses._tiles import Pairs, Side

TASKS = ("embeddings",)

_Temperature = Annotated[float, Param("divisor of similarities; with a small one, only the nearest rows matter", gt=0)]
_Normalize = Annotated[bool, Param("use cosine similarity; false uses inner products of the vectors as they are")]
_Precision = Annotated[
    Literal["float64", "float32"],
    Param(
        "precision of similarities and their exponentials; float32 is about twice as fast, sums are always float64",
        in_formula=False,
    ),
]

_ZERO = "the gradient at a zero vector is 0, where the library divides by its smallest length"


def _longer(shortest: float, *roles: str) -> tuple[tuple[str, Any], ...]:
    """The vectors that a library divides by their own length, and not by the smallest that it allows."""
    return tuple((role, vector_of(shortest)) for role in roles)


@loss(
    formula="""
    s = lambda a, b: dot(unit(a), unit(b)) if normalize else dot(a, b)
    own = exp(s(anchor, positive) / temperature)
    forth = -log(own / sum(exp(s(anchor, o.positive) / temperature) for o in everyone))
    back = -log(own / sum(exp(s(o.anchor, positive) / temperature) for o in everyone))
    (forth + back) / 2 if symmetric else forth
    """,
    cite="van den Oord, Li & Vinyals 2018, arXiv:1807.03748; symmetric: Radford et al. 2021, arXiv:2103.00020",
    same_as={
        "info_nce": without_weights(notes=_ZERO, kinds=_longer(1e-12, "anchor", "positive")),
        "sentence_transformers": without_weights(
            "temperature=0.05", notes=_ZERO, kinds=_longer(1e-12, "anchor", "positive")
        ),
    },
    scope="group",
    optimum=None,
)
def info_nce(
    anchor: Vector,
    positive: Vector,
    *,
    temperature: _Temperature = 0.1,
    normalize: _Normalize = True,
    symmetric: Annotated[bool, Param("also let each positive pick its anchor, and take the mean: CLIP")] = False,
    precision: _Precision = "float64",
) -> Array:
    """InfoNCE loss: each anchor picks its positive among the positives of its whole batch.

    It is the cross-entropy over similarities; sentence-transformers calls it multiple negatives ranking loss (MNRL).
    The N-pairs loss (Sohn 2016) is it with `temperature=1`, of unit vectors as in pytorch-metric-learning.
    The value depends on the batch, so compare two numbers only with the same batches. A batch of one row gives 0. A
    zero vector has cosine 0 with every vector.

    >>> info_nce([[1.0, 0.0], [0.0, 2.0]], [[3.0, 0.0], [1.0, 0.0]], temperature=0.5).round(6)
    array([0.693147, 0.693147])
    """
    pairs = _two_sides(anchor, positive, temperature, normalize, symmetric, precision)
    forth, back = spread(pairs)
    return (forth.values + back.values) / 2 if symmetric else forth.values


def _two_sides(rows: Array, columns: Array, temperature: float, normalize: bool, both: bool, precision: str) -> Pairs:
    sides = Side.of(rows, normalize=normalize), Side.of(columns, normalize=normalize)
    return Pairs(*sides, np.arange(len(rows)), temperature, precision, both=both)


@info_nce.gradient("anchor")
def _(
    anchor: Array, positive: Array, *, upstream: Array, temperature: float, normalize: bool, symmetric: bool,
    precision: str,
) -> Array:  # fmt: skip
    pairs = _two_sides(anchor, positive, temperature, normalize, symmetric, precision)
    forth, back = spread(pairs)
    if symmetric:
        pulls = Pull.of(pairs, forth, upstream / 2), Pull.of(pairs, back, upstream / 2)
    else:
        pulls = Pull.of(pairs, forth, upstream), Pull.none(len(upstream))
    slope = gradients(pairs, *pulls, len(anchor))
    return back_to(anchor, slope) if normalize else slope


@info_nce.gradient("positive")
def _(
    anchor: Array, positive: Array, *, upstream: Array, temperature: float, normalize: bool, symmetric: bool,
    precision: str,
) -> Array:  # fmt: skip
    # Rows are what gradients are by, so the positives are the rows here, and it is the columns that pick.
    pairs = _two_sides(positive, anchor, temperature, normalize, True, precision)
    back, forth = spread(pairs)
    if symmetric:
        pulls = Pull.of(pairs, back, upstream / 2), Pull.of(pairs, forth, upstream / 2)
    else:
        pulls = Pull.none(len(upstream)), Pull.of(pairs, forth, upstream)
    slope = gradients(pairs, *pulls, len(positive))
    return back_to(positive, slope) if normalize else slope


@loss(
    formula="""
    s = lambda a, b: dot(unit(a), unit(b)) if normalize else dot(a, b)
    own = exp(s(anchor, positive) / temperature)
    -log(own / (own + sum(exp(s(anchor, k) / temperature) for k in negatives)))
    """,
    cite="van den Oord, Li & Vinyals 2018, arXiv:1807.03748",
    same_as={"info_nce": without_weights(notes=_ZERO, kinds=_longer(1e-12, "anchor", "positive"))},
    optimum=None,
)
def info_nce_negatives(
    anchor: Vector,
    positive: Vector,
    negatives: Vectors,
    *,
    temperature: _Temperature = 0.1,
    normalize: _Normalize = True,
) -> Array:
    """InfoNCE loss with negatives of its own: each anchor picks its positive among the negatives of its row.

    No row sees another row, so the value does not depend on batches. In the PyTorch package this is
    `negative_mode="paired"`.

    >>> info_nce_negatives([[1.0, 0.0]], [[0.5, 0.5]], [[[2.0, 2.0], [-1.0, -1.0]]], temperature=2.0).round(6)
    array([0.913514])
    """
    behind = _behind(anchor, positive, negatives, temperature, normalize)
    grown = np.exp(behind)
    # Taking the top out of the sum leaves log1p its digits; both parts are at least 0, so nothing cancels.
    np.put_along_axis(grown, behind.argmax(axis=-1)[:, None], 0.0, axis=-1)
    return np.log1p(grown.sum(axis=-1)) - behind[:, 0]


def _behind(anchor: Array, positive: Array, negatives: Array, temperature: float, normalize: bool) -> Array:
    """The similarity of the positive (first) and of each negative less the largest of them, by temperature."""
    found = np.concatenate([positive[:, None, :], negatives], axis=1)
    if normalize:
        similar = dot(unit(anchor)[:, None, :], unit(found))
        return (similar - similar.max(axis=-1, keepdims=True)) / temperature
    similar = dot(anchor[:, None, :], found)
    best = np.take_along_axis(found, similar.argmax(axis=-1)[:, None, None], axis=1)[:, 0]
    # Inner products may be large and near one another. One vector at a time, as long sums need memory.
    twice = np.concatenate([anchor, anchor], axis=-1)
    for k in range(found.shape[1]):
        similar[:, k] = long_dot(twice, np.concatenate([found[:, k], -best], axis=-1))
    return (similar - similar.max(axis=-1, keepdims=True)) / temperature


def _chosen(anchor: Array, positive: Array, negatives: Array, temperature: float, normalize: bool) -> Array:
    """The softmax share of each negative, divided by the temperature."""
    grown = np.exp(_behind(anchor, positive, negatives, temperature, normalize))
    return grown[:, 1:] / grown.sum(axis=-1, keepdims=True) / temperature


@info_nce_negatives.gradient("anchor")
def _(anchor: Array, positive: Array, negatives: Array, *, temperature: float, normalize: bool) -> Array:
    chosen = _chosen(anchor, positive, negatives, temperature, normalize)
    if not normalize:
        return (chosen[:, :, None] * (negatives - positive[:, None, :])).sum(axis=1)
    slope = -chosen.sum(axis=-1)[:, None] * cosine_slope(anchor, positive)
    for k in range(negatives.shape[1]):
        slope += chosen[:, k, None] * cosine_slope(anchor, negatives[:, k])
    return slope


@info_nce_negatives.gradient("positive")
def _(anchor: Array, positive: Array, negatives: Array, *, temperature: float, normalize: bool) -> Array:
    chosen = _chosen(anchor, positive, negatives, temperature, normalize)
    return -chosen.sum(axis=-1)[:, None] * (cosine_slope(positive, anchor) if normalize else anchor)


@info_nce_negatives.gradient("negatives")
def _(anchor: Array, positive: Array, negatives: Array, *, temperature: float, normalize: bool) -> Array:
    chosen = _chosen(anchor, positive, negatives, temperature, normalize)
    slope = np.empty_like(negatives)
    for k in range(negatives.shape[1]):
        slope[:, k] = chosen[:, k, None] * (cosine_slope(negatives[:, k], anchor) if normalize else anchor)
    return slope


@loss(
    formula="""
    s = lambda a, b: dot(unit(a), unit(b))
    anchors = [o.anchor for o in everyone]
    positives = [o.positive for o in everyone]
    own = exp(s(anchor, positive) / temperature)
    forth = -log(own / sum(exp(s(anchor, v) / temperature) for v in [o.anchor for o in others] + positives))
    back = -log(own / sum(exp(s(positive, v) / temperature) for v in [o.positive for o in others] + anchors))
    (forth + back) / 2
    """,
    cite="Chen, Kornblith, Norouzi & Hinton 2020, arXiv:2002.05709",
    same_as={
        "monai": without_weights(notes=_ZERO, kinds=_longer(1e-8, "anchor", "positive")),
        "lightly": without_weights(notes=_ZERO, kinds=_longer(1e-12, "anchor", "positive")),
        "pml": without_weights("temperature=0.07", notes=_ZERO, kinds=_longer(1e-12, "anchor", "positive")),
        "optax": without_weights("temperature=0.07", notes=_ZERO, kinds=_longer(2**-26, "anchor", "positive")),
    },
    scope="group",
    optimum=None,
    first=True,
)
def nt_xent(
    anchor: Vector, positive: Vector, *, temperature: _Temperature = 0.5, precision: _Precision = "float64"
) -> Array:
    """NT-Xent loss (SimCLR): each of a row's two views picks the other among all views of the batch, by cosine.

    The value of a row is the mean of its two directions, so the mean over N rows is the published mean over 2N
    views. The value depends on the batch. A batch of one row gives 0. A zero vector has cosine 0 with every vector.
    MONAI and Lightly have the same default temperature; pytorch-metric-learning and optax have 0.07.

    >>> nt_xent([[1.0, 0.0], [0.0, 2.0]], [[3.0, 0.0], [0.0, 1.0]]).round(6)
    array([0.239545, 0.239545])
    """
    values = spread(_views(anchor, positive, temperature, precision))[0].values
    return (values[: len(anchor)] + values[len(anchor) :]) / 2


def _views(first: Array, second: Array, temperature: float, precision: str) -> Pairs:
    views, half = Side.of(first, second, normalize=True), np.arange(len(first))
    mates = np.concatenate([half + len(half), half])
    return Pairs(views, views, mates, temperature, precision, itself=True)


def _nt_xent_slope(by: Array, other: Array, upstream: Array, temperature: float, precision: str) -> Array:
    pairs = _views(by, other, temperature, precision)
    pull = Pull.of(pairs, spread(pairs)[0], np.tile(upstream / 2, 2))
    return back_to(by, gradients(pairs, pull, pull, len(by)))


@nt_xent.gradient("anchor")
def _(anchor: Array, positive: Array, *, upstream: Array, temperature: float, precision: str) -> Array:
    return _nt_xent_slope(anchor, positive, upstream, temperature, precision)


@nt_xent.gradient("positive")
def _(anchor: Array, positive: Array, *, upstream: Array, temperature: float, precision: str) -> Array:
    return _nt_xent_slope(positive, anchor, upstream, temperature, precision)


@loss(
    formula="""
    s = lambda a, b: dot(unit(a), unit(b)) if normalize else dot(a, b)
    mates = [o for o in others if o.target == target]
    total = sum(exp(s(embedding, o.embedding) / temperature) for o in others)
    logs = [log(exp(s(embedding, o.embedding) / temperature) / total) for o in mates]
    labels = [o.target for o in everyone]
    apart = [label for i, label in enumerate(labels) if label not in labels[:i]]
    lone = require_both and not 1 < len(apart) < len(labels)
    0 if lone else -sum(logs) / len(mates) if mates else skip
    """,
    cite="Khosla et al. 2020, arXiv:2004.11362",
    same_as={"pml": without_weights("require_both=true", notes=_ZERO, kinds=_longer(1e-12, "embedding"))},
    revision=2,
    scope="group",
    optimum=None,
    first=True,
)
def supcon(
    embedding: Vector,
    target: ClassId,
    *,
    temperature: _Temperature = 0.1,
    normalize: _Normalize = True,
    require_both: Annotated[
        bool, Param("a batch in which all rows are of one class, or no two are, gives 0, as in pytorch-metric-learning")
    ] = False,
    precision: _Precision = "float64",
) -> Term:
    """Supervised contrastive loss (SupCon): each row picks the rows of its class among all others of its batch.

    The value of a row is the mean of -log softmax over these rows. A row without another row of its class takes no
    part and is counted. The authors' code counts it as 0 in the mean instead, uses vectors as they are
    (`normalize=false`), and has temperature 0.07.

    >>> term = supcon([[1.0, 0.0], [2.0, 0.0], [0.0, 1.0]], [0, 0, 1], temperature=0.5)
    >>> term.values[term.where].round(6)
    array([0.126928, 0.126928])
    """
    if require_both and _is_lone(target):
        return Term(np.zeros(len(target)))
    pairs = _classmates(embedding, target, temperature, normalize, precision)
    part = pairs.mates >= 0
    return Term(spread(pairs)[0].values, part if pairs.classes is None else part | (pairs.classes >= 0))


def _is_lone(target: Array) -> bool:
    """Whether a batch has no two rows of one class, or no two of different classes."""
    return not 1 < len(np.unique(target)) < len(target)


def _classmates(embedding: Array, target: Array, temperature: float, normalize: bool, precision: str) -> Pairs:
    """Rows with one other of their class have a mate; larger classes are numbered."""
    _, code, size = np.unique(target, return_inverse=True, return_counts=True)
    mates = np.full(len(target), -1)
    twos = np.flatnonzero(size[code] == 2)
    twos = twos[np.argsort(code[twos], kind="stable")]
    mates[twos] = twos.reshape(-1, 2)[:, ::-1].ravel()
    side = Side.of(embedding, normalize=normalize)
    classes = np.where(size[code] > 2, code, -1)
    return Pairs(
        side, side, mates, temperature, precision, itself=True, classes=classes if (classes >= 0).any() else None
    )


@supcon.gradient("embedding")
def _(
    embedding: Array, target: Array, *, upstream: Array, temperature: float, normalize: bool, require_both: bool,
    precision: str,
) -> Array:  # fmt: skip
    if require_both and _is_lone(target):
        return np.zeros_like(embedding)
    pairs = _classmates(embedding, target, temperature, normalize, precision)
    pull = Pull.of(pairs, spread(pairs)[0], upstream)
    slope = gradients(pairs, pull, pull, len(embedding))
    return back_to(embedding, slope) if normalize else slope
