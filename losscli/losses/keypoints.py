"""Losses of keypoints: the joints of a pose or the landmarks of a face, all points of one object a row."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from losscli.contract.kinds import Array, Positive
from losscli.contract.loss import Param, Term, loss
from losscli.contract.regions import Points, Points3, Visible
from losscli.contract.scores import Score
from losscli.losses._math import norm, unit

TASKS = ("regression",)

# Of COCO's 17 keypoints: nose, eyes, ears, shoulders, elbows, wrists, hips, knees, ankles.
_COCO = (
    0.026, 0.025, 0.025, 0.035, 0.035, 0.079, 0.079, 0.072, 0.072, 0.062, 0.062, 0.107, 0.107, 0.087, 0.087, 0.089,
    0.089,
)  # fmt: skip
_COCO_PAPER = (
    "COCO keypoint evaluation, https://cocodataset.org/#keypoints-eval; Ronchi & Perona 2017, arXiv:1707.05388"
)


def _ways(pred: Array, target: Array, dimensions: int = 2) -> Array:
    """The way from each target to its prediction: rows, points, dimensions."""
    return (pred - target).reshape(len(pred), -1, dimensions)


@loss(
    formula="""
    away = [sum((pred[2 * k + d] - target[2 * k + d])**2 for d in range(2)) for k in range(len(visible))]
    lost = [1 - exp(-r / (2 * area * (2 * s)**2)) for r, s in zip(away, sigmas)]
    sum(x for x, v in zip(lost, visible) if v) / sum(1 for v in visible if v) if any(visible) else skip
    """,
    cite=_COCO_PAPER,
    worst=1.0,
)
def oks_loss(
    pred: Points,
    target: Points,
    visible: Visible,
    area: Positive,
    *,
    sigmas: Annotated[
        tuple[float, ...],
        Param("how exactly people place each keypoint, by COCO; a number a keypoint", gt=0, entries_of="visible",
              any_order=True),
    ] = _COCO,
) -> Term:  # fmt: skip
    """OKS loss of keypoints: 1 less the object keypoint similarity of COCO. A row is an object.

    `pred` and `target` hold x, y of all keypoints, `visible` COCO's flag of each (0: not labelled, not counted), and
    `area` is that of the object's segment. The default of `sigmas` is that of COCO's 17 keypoints. An object without a
    labelled keypoint takes no part and is counted; COCO compares such with its box.

    >>> oks_loss([[3.0, 4.0, 0.0, 0.0]], [[0.0, 0.0, 0.0, 0.0]], [[2, 2]], [100.0], sigmas=[0.25, 0.25]).values.round(4)
    array([0.1967])
    """
    known = visible > 0
    count = known.sum(axis=-1)
    lost = -np.expm1(-_exponents(pred, target, area, sigmas))
    return Term(np.where(known, lost, 0.0).sum(axis=-1) / np.maximum(count, 1), count > 0)


def _exponents(pred: Array, target: Array, area: Array, sigmas: tuple[float, ...]) -> Array:
    sizes = np.sqrt(2 * area)[:, None] * (2 * np.array(sigmas))
    return np.asarray(np.square(norm(_ways(pred, target)) / sizes))


@oks_loss.gradient("pred")
def _(pred: Array, target: Array, visible: Array, area: Array, *, sigmas: tuple[float, ...]) -> Array:
    known = visible > 0
    count = np.maximum(known.sum(axis=-1), 1)[:, None]
    kept = np.exp(-_exponents(pred, target, area, sigmas))
    pull = np.where(known, kept, 0.0) / (count * area[:, None] * np.square(2 * np.array(sigmas)))
    return (_ways(pred, target) * pull[:, :, None]).reshape(pred.shape)


_Dimensions = Annotated[int, Param("numbers of a point", ge=2, le=3, lifts=(("pred", Points), ("target", Points)))]


@loss(
    formula="""
    joints = range(0, len(pred), dimensions)
    sum(norm([pred[j + d] - target[j + d] for d in range(dimensions)]) for j in joints) / len(joints)
    """,
    cite="Ionescu, Papava, Olaru & Sminchisescu 2014, doi:10.1109/TPAMI.2013.248",
)
def mpjpe(pred: Points3, target: Points3, *, dimensions: _Dimensions = 3) -> Array:
    """MPJPE (mean per-joint position error): the mean distance of the joints of a pose, in the units of the data.

    A row is a pose: x, y, z of each joint, one after the other; with `dimensions=2` x, y. Poses are compared as they
    are: subtract the root joint from both sides first where the protocol says so. The gradient at a distance of 0 is 0.

    >>> mpjpe([[3.0, 4.0, 0.0, 1.0, 1.0, 1.0]], [[0.0, 0.0, 0.0, 1.0, 1.0, 0.0]])
    array([3.])
    """
    return np.asarray(norm(_ways(pred, target, dimensions)).mean(axis=-1))


@mpjpe.gradient("pred")
def _(pred: Array, target: Array, *, dimensions: int) -> Array:
    ways = _ways(pred, target, dimensions)
    return unit(ways).reshape(pred.shape) / ways.shape[1]


@loss(
    formula="""
    points = len(pred) / 2
    sum(norm([pred[j + d] - target[j + d] for d in range(2)]) for j in range(0, len(pred), 2)) / points / scale
    """,
    cite="Sagonas et al. 2016, 300 Faces In-The-Wild, doi:10.1016/j.imavis.2016.01.002",
)
def nme(pred: Points, target: Points, scale: Positive) -> Array:
    """NME (normalized mean error) of landmarks: their mean distance over a size of the object.

    A row is an object: x, y of each point, one after the other. `scale` is that size: the distance of the eyes (300-W),
    or the root of the box's area.

    >>> nme([[3.0, 4.0, 1.0, 1.0]], [[0.0, 0.0, 1.0, 0.0]], [10.0])
    array([0.3])
    """
    return np.asarray(norm(_ways(pred, target)).mean(axis=-1)) / scale


@nme.gradient("pred")
def _(pred: Array, target: Array, scale: Array) -> Array:
    ways = _ways(pred, target)
    return unit(ways).reshape(pred.shape) / ways.shape[1] / scale[:, None]


@loss(
    formula="""
    wrong = [1 if norm([pred[j + d] - target[j + d] for d in range(2)]) > threshold * scale else 0
             for j in range(0, len(pred), 2)]
    sum(wrong) / len(wrong)
    """,
    cite="Yang & Ramanan 2013, doi:10.1109/TPAMI.2012.261; PCKh: Andriluka et al. 2014, doi:10.1109/CVPR.2014.471",
    worst=1.0,
    scores=(
        Score(
            "pck",
            """PCK: the share of keypoints that are near enough to the target. Higher is better.

            Near is up to `threshold` times the object's `scale`.

            >>> pck([[3.0, 4.0, 1.0, 1.0]], [[0.0, 0.0, 1.0, 0.0]], [10.0])
            array([0.5])
            """,
        ),
    ),
)
def pck_error(
    pred: Points, target: Points, scale: Positive,
    *, threshold: Annotated[float, Param("the distance in units of `scale` up to which a point is right", gt=0)] = 0.2,
) -> Array:  # fmt: skip
    """PCK error: the share of keypoints that are farther from the target than a part of the object's size.

    A row is an object: x, y of each point, one after the other. `scale` is its size: of the larger side of its box for
    PCK, of the head for PCKh (`threshold=0.5`). There is no gradient.

    >>> pck_error([[3.0, 4.0, 1.0, 1.0]], [[0.0, 0.0, 1.0, 0.0]], [10.0])
    array([0.5])
    """
    far = norm(_ways(pred, target)) > (threshold * scale)[:, None]
    return np.asarray(far.mean(axis=-1))
