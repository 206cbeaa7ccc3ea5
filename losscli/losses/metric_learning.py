"""Losses of the distances between all vectors of a batch whose classes are known."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np

from losscli.contract.kinds import Array, ClassId, Vector, vector_of
from losscli.contract.loss import Param, Term, loss
from losscli.contract.presets import without_weights
from losscli.losses._anchors import Distances
from losscli.losses._math import sigmoid, softplus

TASKS = ("embeddings",)

_Margin = Annotated[float, Param("by how much a row of another class should be farther than one of its own", ge=0)]
_Normalize = Annotated[bool, Param("use the unit vectors in the directions of the vectors")]

_DISTANCE = """
    ends = lambda a, b: zip(unit(a), unit(b)) if normalize else zip(a, b)
    d = lambda a, b: norm([x - y for x, y in ends(a, b)])
"""
_TRIPLETS = f"""{_DISTANCE}
    mates = lambda a: [d(a.embedding, o.embedding) for o in everyone if o is not a and o.target == a.target]
    strangers = lambda a: [d(a.embedding, o.embedding) for o in everyone if o.target != a.target]
"""


def _mates(target: Array, anchor: int) -> Array:
    """Which other rows are of the anchor's class."""
    same = target == target[anchor]
    same[anchor] = False
    return same


def _of_batch(total: float, count: int) -> Array | Term:
    """The mean over what a batch has; a batch that has nothing takes no part."""
    return np.array([total / count]) if count else Term(np.zeros(1), np.zeros(1, bool))


@loss(
    formula=f"""{_DISTANCE}
    far = [d(embedding, o.embedding) for o in others if o.target == target]
    near = [d(embedding, o.embedding) for o in others if o.target != target]
    max(max(far) - min(near) + margin, 0) if far and near else skip
    """,
    cite="Hermans, Beyer & Leibe 2017, arXiv:1703.07737",
    scope="group",
    optimum=None,
)
def batch_hard_triplet(
    embedding: Vector, target: ClassId, *, margin: _Margin = 1.0, normalize: _Normalize = False
) -> Term:
    """Batch-hard triplet loss: each row's farthest row of its class against its nearest row of another class.

    Distances are euclidean. A row without another row of its class, or of another class, takes no part and is counted.
    sentence-transformers has a margin of 5 and counts rows without another of their class with a distance of 0.

    >>> term = batch_hard_triplet([[0.0], [1.0], [1.5]], [0, 0, 1])
    >>> term.values[term.where]
    array([0.5, 1.5])
    """
    values, part = np.zeros(len(target)), np.zeros(len(target), bool)
    for anchor, (gap, far, _) in enumerate(_hardest(embedding, target, normalize)):
        part[anchor] = far >= 0
        values[anchor] = max(gap + margin, 0.0)
    return Term(values, part)


def _hardest(embedding: Array, target: Array, normalize: bool) -> list[tuple[float, int, int]]:
    """By how much each row's farthest mate is farther than its nearest stranger, and which these are (-1: none)."""
    distances, found = Distances(embedding, normalize), []
    for anchor in range(len(target)):
        mates, strangers = _mates(target, anchor), target != target[anchor]
        if not (mates.any() and strangers.any()):
            found.append((0.0, -1, -1))
            continue
        own = distances.of(anchor)
        far = int(np.argmax(np.where(mates, own, -np.inf)))
        near = int(np.argmin(np.where(strangers, own, np.inf)))
        found.append((float(own[far] - own[near]), far, near))
    return found


@batch_hard_triplet.gradient("embedding")
def _(embedding: Array, target: Array, *, upstream: Array, margin: float, normalize: bool) -> Array:
    distances, slope = Distances(embedding, normalize), np.zeros_like(embedding)
    for anchor, (gap, far, near) in enumerate(_hardest(embedding, target, normalize)):
        if far >= 0 and gap + margin > 0:
            pulls = np.zeros(len(target))
            pulls[far], pulls[near] = upstream[anchor], -upstream[anchor]
            distances.add_slopes(anchor, pulls, slope)
    return slope


@loss(
    formula=f"""{_DISTANCE}
    far = [d(embedding, o.embedding) for o in others if o.target == target]
    near = [d(embedding, o.embedding) for o in others if o.target != target]
    log(1 + exp(max(far) - min(near))) if far and near else skip
    """,
    cite="Hermans, Beyer & Leibe 2017, arXiv:1703.07737",
    scope="group",
    optimum=None,
)
def batch_hard_soft_triplet(embedding: Vector, target: ClassId, *, normalize: _Normalize = False) -> Term:
    """Batch-hard triplet loss with a soft margin: a softplus in the place of the hinge, so that rows always pull.

    Distances are euclidean. A row without another row of its class, or of another class, takes no part and is counted;
    sentence-transformers counts rows without another of their class with a distance of 0.

    >>> term = batch_hard_soft_triplet([[0.0], [1.0], [1.5]], [0, 0, 1])
    >>> term.values[term.where].round(6)
    array([0.474077, 0.974077])
    """
    found = _hardest(embedding, target, normalize)
    part = np.array([far >= 0 for _, far, _ in found], bool)
    return Term(np.where(part, softplus(np.array([gap for gap, _, _ in found])), 0.0), part)


@batch_hard_soft_triplet.gradient("embedding")
def _(embedding: Array, target: Array, *, upstream: Array, normalize: bool) -> Array:
    distances, slope = Distances(embedding, normalize), np.zeros_like(embedding)
    found = _hardest(embedding, target, normalize)
    strength = upstream * sigmoid(np.array([gap for gap, _, _ in found]))
    for anchor, (_, far, near) in enumerate(found):
        if far >= 0:
            pulls = np.zeros(len(target))
            pulls[far], pulls[near] = strength[anchor], -strength[anchor]
            distances.add_slopes(anchor, pulls, slope)
    return slope


@loss(
    formula=f"""{_TRIPLETS}
    lost = [max(p - n + margin, 0) for a in everyone for p in mates(a) for n in strangers(a)]
    counted = [x for x in lost if x > 0] if positive_only else lost
    sum(counted) / len(counted) if counted else 0 if lost else skip
    """,
    cite="Hermans, Beyer & Leibe 2017, arXiv:1703.07737",
    same_as={
        "pml": without_weights(
            "margin=0.05,normalize=true",
            notes="a batch without a triplet is undefined, where the library has 0; its gradient at equal vectors is 0",
            kinds=(("embedding", vector_of(1e-12)),),
        )
    },
    scope="group",
    unit="group",
    optimum=None,
)
def batch_all_triplet(
    embedding: Vector,
    target: ClassId,
    *,
    margin: _Margin = 1.0,
    positive_only: Annotated[bool, Param("the mean is over the triplets that lose anything, else over all")] = True,
    normalize: _Normalize = False,
) -> Array | Term:
    """Batch-all triplet loss: the mean over all triplets of a batch that lose anything, and 0 where none does.

    One value a batch. Distances are euclidean. sentence-transformers has a margin of 5; pytorch-metric-learning has
    0.05 and `normalize=true`. A batch without a triplet takes no part and is counted. Time grows as N² log N.

    >>> batch_all_triplet([[0.0], [1.0], [1.5]], [0, 0, 1])
    array([1.])
    """
    distances, total, lose, all_ = Distances(embedding, normalize), 0.0, 0, 0
    for anchor in range(len(target)):
        own = distances.of(anchor)
        reach, strangers, sums, below = _reached(own, target, anchor, margin)
        total += float((reach * below - sums[below]).sum())
        lose += int(below.sum())
        all_ += len(reach) * len(strangers)
    if not all_:
        return _of_batch(0.0, 0)
    count = lose if positive_only else all_
    return np.array([total / count if count else 0.0])


def _reached(own: Array, target: Array, anchor: int, margin: float) -> tuple[Array, Array, Array, Array]:
    """How far each mate reaches, the sorted distances of strangers, their sums, and how many are within each reach."""
    reach = own[_mates(target, anchor)] + margin
    strangers = np.sort(own[target != target[anchor]])
    return reach, strangers, np.append(0.0, np.cumsum(strangers)), np.searchsorted(strangers, reach, side="left")


@batch_all_triplet.gradient("embedding")
def _(
    embedding: Array, target: Array, *, upstream: Array, margin: float, positive_only: bool, normalize: bool
) -> Array:
    distances, slope, lose, all_ = Distances(embedding, normalize), np.zeros_like(embedding), 0, 0
    for anchor in range(len(target)):
        own, mates = distances.of(anchor), _mates(target, anchor)
        reach, strangers, _, below = _reached(own, target, anchor, margin)
        pulls = np.zeros(len(target))
        pulls[mates] = below
        others = target != target[anchor]
        pulls[others] = np.searchsorted(np.sort(reach), own[others], side="right") - len(reach)
        distances.add_slopes(anchor, pulls, slope)
        lose += int(below.sum())
        all_ += len(reach) * len(strangers)
    return slope * (upstream[0] / max(lose if positive_only else all_, 1))


@loss(
    formula=f"""{_TRIPLETS}
    pick = lambda p, far: min([n for n in far if n > p]) if max(far) > p else max(far)
    lost = [max(p - pick(p, strangers(a)) + margin, 0) for a in everyone for p in mates(a) if strangers(a)]
    sum(lost) / len(lost) if lost else skip
    """,
    cite="Schroff, Kalenichenko & Philbin 2015, arXiv:1503.03832",
    scope="group",
    unit="group",
    optimum=None,
)
def batch_semihard_triplet(
    embedding: Vector, target: ClassId, *, margin: _Margin = 1.0, normalize: _Normalize = False
) -> Array | Term:
    """Batch semi-hard triplet loss: each pair of a class against the nearest stranger that is farther than the mate.

    One value a batch, the mean over its pairs in both orders. Where all strangers are nearer than the mate, the
    farthest of them counts. Distances are euclidean. A batch without a triplet takes no part and is counted.

    >>> batch_semihard_triplet([[0.0], [1.0], [1.5]], [0, 0, 1])
    array([1.])
    """
    distances, total, pairs = Distances(embedding, normalize), 0.0, 0
    for anchor in range(len(target)):
        own = distances.of(anchor)
        mates, picked = _picked(own, target, anchor)
        total += float(np.maximum(own[mates] - own[picked] + margin, 0.0).sum())
        pairs += len(mates)
    return _of_batch(total, pairs)


def _picked(own: Array, target: Array, anchor: int) -> tuple[Array, Array]:
    """The mates of an anchor, and the stranger that each of them is compared with."""
    strangers = np.flatnonzero(target != target[anchor])
    mates = np.flatnonzero(_mates(target, anchor)) if len(strangers) else np.zeros(0, np.int64)
    if not len(mates):
        return mates, mates
    strangers = strangers[np.argsort(own[strangers], kind="stable")]
    place = np.searchsorted(own[strangers], own[mates], side="right")
    return mates, strangers[np.minimum(place, len(strangers) - 1)]


@batch_semihard_triplet.gradient("embedding")
def _(embedding: Array, target: Array, *, upstream: Array, margin: float, normalize: bool) -> Array:
    distances, slope, pairs = Distances(embedding, normalize), np.zeros_like(embedding), 0
    for anchor in range(len(target)):
        own = distances.of(anchor)
        mates, picked = _picked(own, target, anchor)
        active = own[mates] - own[picked] + margin > 0
        pulls = np.zeros(len(target))
        pulls[mates] = active
        np.add.at(pulls, picked[active], -1.0)
        distances.add_slopes(anchor, pulls, slope)
        pairs += len(mates)
    return slope * (upstream[0] / max(pairs, 1))


@loss(
    formula=f"""{_TRIPLETS}
    near = [max(x - positive_margin, 0) for a in everyone for x in mates(a)]
    far = [max(negative_margin - x, 0) for a in everyone for x in strangers(a)]
    mean = lambda lost: sum(lost) / max(len([x for x in lost if x > 0]), 1)
    positive: mean(near)
    negative: mean(far)
    """,
    cite="Hadsell, Chopra & LeCun 2006, doi:10.1109/CVPR.2006.100",
    scope="group",
    unit="group",
    optimum=None,
)
def contrastive_batch(
    embedding: Vector,
    target: ClassId,
    *,
    positive_margin: Annotated[float, Param("distances of rows of one class up to this cost nothing", ge=0)] = 0.0,
    negative_margin: Annotated[float, Param("distances of rows of two classes from this on cost nothing", gt=0)] = 1.0,
    normalize: _Normalize = True,
) -> Any:
    """Contrastive loss of all pairs of a batch: near each other in a class, and at least a margin apart between two.

    One value a batch, two parts: the mean over the pairs of a class that lose anything, and that over pairs of two
    classes; a part without such a pair is 0. Pairs count in both orders. These are pytorch-metric-learning's defaults.

    >>> terms = contrastive_batch([[0.0], [0.25], [1.0]], [0, 0, 1], normalize=False)
    >>> {name: term.values.tolist() for name, term in terms.items()}
    {'positive': [0.25], 'negative': [0.25]}
    """
    sums, counts = _pair_sums(Distances(embedding, normalize), target, positive_margin, negative_margin)
    return {
        name: Term(np.array([total / max(count, 1)]))
        for name, total, count in zip(("positive", "negative"), sums, counts, strict=True)
    }


def _pair_sums(distances: Distances, target: Array, near: float, far: float) -> tuple[list[float], list[int]]:
    """What the pairs of a class lose and those of two classes, and how many lose anything."""
    sums, counts = [0.0, 0.0], [0, 0]
    for anchor in range(len(target)):
        own = distances.of(anchor)
        parts = own[_mates(target, anchor)] - near, far - own[target != target[anchor]]
        for side, lost in enumerate(parts):
            sums[side] += float(lost[lost > 0].sum())
            counts[side] += int((lost > 0).sum())
    return sums, counts


@contrastive_batch.gradient("embedding")
def _(
    embedding: Array, target: Array, *, upstream: dict[str, Array], positive_margin: float, negative_margin: float,
    normalize: bool,
) -> Array:  # fmt: skip
    distances, slope = Distances(embedding, normalize), np.zeros_like(embedding)
    _, counts = _pair_sums(distances, target, positive_margin, negative_margin)
    near, far = upstream["positive"][0] / max(counts[0], 1), upstream["negative"][0] / max(counts[1], 1)
    for anchor in range(len(target)):
        own = distances.of(anchor)
        pulls = np.where(_mates(target, anchor) & (own > positive_margin), near, 0.0)
        pulls -= np.where((target != target[anchor]) & (own < negative_margin), far, 0.0)
        distances.add_slopes(anchor, pulls, slope)
    return slope
