"""Losses of bounding boxes: one predicted and one true box a row."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

import numpy as np

from losscli.contract.kinds import Array
from losscli.contract.loss import Param, loss
from losscli.contract.regions import Box, SizedBox
from losscli.contract.scores import Score
from losscli.losses._sides import Side, by_corners, sides

TASKS = ("overlap of regions",)

_Form = Literal["xyxy", "xywh", "cxcywh"]
_Format = Annotated[
    _Form,
    Param(
        "the four numbers: corners x1, y1, x2, y2; corner and sizes; or centre and sizes",
        lifts=(("pred", SizedBox), ("target", SizedBox)),
    ),
]
_GIOU = "Rezatofighi et al. 2019, arXiv:1902.09630"
_DIOU = "Zheng et al. 2020, arXiv:1911.08287"

_BOXES = """
    corners = lambda b: {
        "xyxy": lambda: b,
        "xywh": lambda: [b[0], b[1], b[0] + b[2], b[1] + b[3]],
        "cxcywh": lambda: [b[0] - b[2] / 2, b[1] - b[3] / 2, b[0] + b[2] / 2, b[1] + b[3] / 2],
    }[format]()
    p = corners(pred)
    t = corners(target)
    shared = max(min(p[2], t[2]) - max(p[0], t[0]), 0) * max(min(p[3], t[3]) - max(p[1], t[1]), 0)
    union = (p[2] - p[0]) * (p[3] - p[1]) + (t[2] - t[0]) * (t[3] - t[1]) - shared
    iou = shared / union if union else 0
"""
_WHOLE = """
    wide = max(p[2], t[2]) - min(p[0], t[0])
    high = max(p[3], t[3]) - min(p[1], t[1])
"""
_CENTRES = """
    apart = ((p[0] + p[2] - t[0] - t[2])**2 + (p[1] + p[3] - t[1] - t[3])**2) / 4
    diagonal = wide**2 + high**2
    far = apart / diagonal if diagonal else 0
"""


class _Areas(NamedTuple):
    """Areas of two boxes: what both cover, and what only one of them does."""

    shared: Array
    alone: Array

    @property
    def union(self) -> Array:
        return self.shared + self.alone


def _areas(x: Side, y: Side) -> _Areas:
    alone = x.both * (y.only_first + y.only_second)
    alone += x.only_first * y.first + x.only_second * y.second
    return _Areas(x.both * y.both, alone)


def _over(part: Array, whole: Array, otherwise: float) -> Array:
    """part / whole, and what the rule says of boxes without any area or extent."""
    return np.where(whole > 0, part / np.where(whole > 0, whole, 1.0), otherwise)


def _empty_around(x: Side, y: Side) -> Array:
    """The area of the enclosing box that neither box covers."""
    touching = x.only_first * y.only_second + x.only_second * y.only_first
    beside = x.first * (y.only_second + y.gap) + x.second * (y.only_first + y.gap) + x.gap * y.whole
    above = y.first * (x.only_second + x.gap) + y.second * (x.only_first + x.gap) + y.gap * x.whole
    return np.where(x.gap > 0, beside, np.where(y.gap > 0, above, touching))


class _BoxGradients(NamedTuple):
    """The gradients of a quantity by the two starts and the two ends of the predicted box."""

    starts: tuple[Array, Array]
    ends: tuple[Array, Array]


def _mixed(*parts: tuple[Array, _BoxGradients]) -> _BoxGradients:
    """The sum of factor * gradients."""
    starts, ends = (
        [sum(factor * gradients[end][axis] for factor, gradients in parts) for axis in (0, 1)] for end in (0, 1)
    )
    return _BoxGradients((starts[0], starts[1]), (ends[0], ends[1]))  # type: ignore[arg-type]


def _shared_gradients(x: Side, y: Side) -> _BoxGradients:
    return _BoxGradients((-y.both * x.inner[0], -x.both * y.inner[0]), (y.both * x.inner[1], x.both * y.inner[1]))


def _area_gradients(x: Side, y: Side) -> _BoxGradients:
    return _BoxGradients((-y.first, -x.first), (y.first, x.first))


def _whole_gradients(x: Side, y: Side, by_width: Array, by_height: Array) -> _BoxGradients:
    """Of what changes so much with width and height of the enclosing box."""
    return _BoxGradients(
        (-by_width * x.outer[0], -by_height * y.outer[0]), (by_width * x.outer[1], by_height * y.outer[1])
    )


def _iou_gradients(x: Side, y: Side) -> _BoxGradients:
    """Of 1 - IoU: shared / union, whose union is area + area - shared."""
    union = _areas(x, y).union
    inverse = np.where(union > 0, 1 / np.where(union > 0, union, 1.0), 0.0)
    iou = x.both * y.both * inverse
    return _mixed((-(1 + iou) * inverse, _shared_gradients(x, y)), (iou * inverse, _area_gradients(x, y)))


def _by_box(gradients: _BoxGradients, form: str) -> Array:
    return by_corners(gradients.starts, gradients.ends, form)


@loss(
    formula=f"""{_BOXES}
    1 - iou
    """,
    cite="Yu et al. 2016, arXiv:1608.01471; IoU: Jaccard 1901, doi:10.5169/seals-266450",
    worst=1.0,
    scores=(
        Score(
            "iou",
            """Intersection over union (IoU) of two boxes: 1 for the same box, 0 for boxes apart. Higher is better.

            Two boxes without an area have 0.

            >>> iou([[0.0, 0.0, 2.0, 2.0]], [[1.0, 0.0, 3.0, 2.0]]).round(4)
            array([0.3333])
            """,
            own=lambda pred, target, *, format: _iou(pred, target, format),
            first=True,
        ),
    ),
    first=True,
)
def iou_loss(pred: Box, target: Box, *, format: _Format = "xyxy") -> Array:
    """IoU loss of boxes: 1 less intersection over union. It is 1 and flat for boxes that do not meet.

    Two boxes without an area have a loss of 1, even where they are the same. A corner box whose end is below its start
    is an error. torchvision adds 1e-7 to what it divides by.

    >>> iou_loss([[0.0, 0.0, 2.0, 2.0]], [[1.0, 0.0, 3.0, 2.0]]).round(4)
    array([0.6667])
    """
    found = _areas(*sides(pred, target, format))
    return _over(found.alone, found.union, 1.0)


def _iou(pred: Array, target: Array, form: str) -> Array:
    found = _areas(*sides(pred, target, form))
    return _over(found.shared, found.union, 0.0)


@iou_loss.gradient("pred")
def _(pred: Array, target: Array, *, format: str) -> Array:
    return _by_box(_iou_gradients(*sides(pred, target, format)), format)


@loss(
    formula=f"""{_BOXES}{_WHOLE}
    1 - iou + ((wide * high - union) / (wide * high) if wide * high else 0)
    """,
    cite=_GIOU,
    worst=2.0,
)
def giou_loss(pred: Box, target: Box, *, format: _Format = "xyxy") -> Array:
    """Generalized IoU loss (GIoU) of boxes: 1 - IoU, plus the empty share of the box that encloses both.

    So boxes that do not meet are the better the nearer they are. Two boxes without an area have an IoU of 0; an
    enclosing box without one adds nothing. torchvision adds 1e-7 to what it divides by.

    >>> giou_loss([[0.0, 0.0, 1.0, 1.0]], [[2.0, 0.0, 3.0, 1.0]]).round(4)
    array([1.3333])
    """
    x, y = sides(pred, target, format)
    found = _areas(x, y)
    return _over(found.alone, found.union, 1.0) + _over(_empty_around(x, y), x.whole * y.whole, 0.0)


@giou_loss.gradient("pred")
def _(pred: Array, target: Array, *, format: str) -> Array:
    x, y = sides(pred, target, format)
    whole = x.whole * y.whole
    inverse = np.where(whole > 0, 1 / np.where(whole > 0, whole, 1.0), 0.0)
    share = _areas(x, y).union * inverse
    around = _mixed(
        (-inverse, _area_gradients(x, y)), (inverse, _shared_gradients(x, y)),
        (share * inverse, _whole_gradients(x, y, y.whole, x.whole)),
    )  # fmt: skip
    return _by_box(_mixed((np.ones_like(share), _iou_gradients(x, y)), (np.ones_like(share), around)), format)


def _far(x: Side, y: Side) -> Array:
    """The squared distance of the centres over the squared diagonal of the enclosing box."""
    return _over((np.square(x.shift) + np.square(y.shift)) / 4, np.square(x.whole) + np.square(y.whole), 0.0)


def _far_gradients(x: Side, y: Side) -> _BoxGradients:
    diagonal = np.square(x.whole) + np.square(y.whole)
    inverse = np.where(diagonal > 0, 1 / np.where(diagonal > 0, diagonal, 1.0), 0.0)
    centres = _BoxGradients((x.shift / 2, y.shift / 2), (x.shift / 2, y.shift / 2))
    return _mixed((inverse, centres), (-_far(x, y) * inverse, _whole_gradients(x, y, 2 * x.whole, 2 * y.whole)))


@loss(
    formula=f"""{_BOXES}{_WHOLE}{_CENTRES}
    1 - iou + far
    """,
    cite=_DIOU,
    worst=2.0,
)
def diou_loss(pred: Box, target: Box, *, format: _Format = "xyxy") -> Array:
    """Distance IoU loss (DIoU) of boxes: 1 - IoU, plus the squared distance of centres over the enclosing diagonal's.

    Two boxes without an area have an IoU of 0; two that are one point add nothing. torchvision adds 1e-7 to what it
    divides by.

    >>> diou_loss([[0.0, 0.0, 1.0, 1.0]], [[2.0, 0.0, 3.0, 1.0]])
    array([1.4])
    """
    x, y = sides(pred, target, format)
    found = _areas(x, y)
    return _over(found.alone, found.union, 1.0) + _far(x, y)


@diou_loss.gradient("pred")
def _(pred: Array, target: Array, *, format: str) -> Array:
    x, y = sides(pred, target, format)
    one = np.ones(len(pred))
    return _by_box(_mixed((one, _iou_gradients(x, y)), (one, _far_gradients(x, y))), format)


def _shape(x: Side, y: Side) -> tuple[Array, Array]:
    """By how much the angles of the diagonals differ, and the term v of it."""
    turned = np.arctan2(x.second, y.second) - np.arctan2(x.first, y.first)
    return turned, 4 / np.pi**2 * np.square(turned)


@loss(
    formula=f"""{_BOXES}{_WHOLE}{_CENTRES}
    turned = atan2(t[2] - t[0], t[3] - t[1]) - atan2(p[2] - p[0], p[3] - p[1])
    v = 4 / pi**2 * turned**2
    1 - iou + far + (v**2 / (1 - iou + v) if v else 0)
    """,
    cite=_DIOU,
    worst=3.0,
)
def ciou_loss(pred: Box, target: Box, *, format: _Format = "xyxy") -> Array:
    """Complete IoU loss (CIoU) of boxes: the DIoU loss, plus a term for another ratio of width to height.

    That term is alpha * v, with alpha = v / (1 - IoU + v). The gradient is that of the value; the paper and torchvision
    hold alpha constant in theirs. torchvision adds 1e-7 to what it divides by.

    >>> ciou_loss([[0.0, 0.0, 2.0, 1.0]], [[0.0, 0.0, 1.0, 2.0]]).round(4)
    array([0.7629])
    """
    x, y = sides(pred, target, format)
    found = _areas(x, y)
    lost = _over(found.alone, found.union, 1.0)
    _, v = _shape(x, y)
    return lost + _far(x, y) + _over(np.square(v), lost + v, 0.0)


@ciou_loss.gradient("pred")
def _(pred: Array, target: Array, *, format: str) -> Array:
    x, y = sides(pred, target, format)
    found = _areas(x, y)
    lost = _over(found.alone, found.union, 1.0)
    turned, v = _shape(x, y)
    alpha = _over(v, lost + v, 0.0)
    squares = np.square(x.first) + np.square(y.first)
    # The angle of the first diagonal grows with its width, and falls with its height.
    by_angle = _over(-8 / np.pi**2 * turned, squares, 0.0)
    angle = _BoxGradients((-y.first, x.first), (y.first, -x.first))
    one = np.ones(len(pred))
    return _by_box(
        _mixed(
            (one - np.square(alpha), _iou_gradients(x, y)), (one, _far_gradients(x, y)),
            ((2 - alpha) * alpha * by_angle, angle),
        ),
        format,
    )  # fmt: skip
