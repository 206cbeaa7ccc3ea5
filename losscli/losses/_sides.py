"""The sides of two boxes along each axis: what both cover, what only one does, and the gap between them.

Areas are made of these parts, which are never negative: unions less intersections keep their digits where boxes nearly
agree. Corners are kept as a double and the rest, as x + width may round away what tells two boxes apart.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from losscli.contract.kinds import Array


class Corner(NamedTuple):
    """A coordinate: a double, and what it lacks."""

    value: Array
    rest: Array


class Side(NamedTuple):
    """One axis of two boxes; lengths are at least 0, `shift` is twice the way from the second centre to the first."""

    both: Array
    first: Array  # length of the first box
    second: Array
    only_first: Array
    only_second: Array
    gap: Array
    shift: Array
    inner: tuple[Array, Array]  # whether the start and the end of the first box are those of what both cover, 1 or 0
    outer: tuple[Array, Array]  # whether they are those of the whole

    @property
    def whole(self) -> Array:
        """The length of what encloses both."""
        return self.both + self.only_first + self.only_second + self.gap


def sides(pred: Array, target: Array, form: str) -> tuple[Side, Side]:
    """The horizontal and the vertical side of each pair of boxes."""
    return _side(*_axis(pred, form, 0), *_axis(target, form, 0)), _side(*_axis(pred, form, 1), *_axis(target, form, 1))


def by_corners(start: tuple[Array, Array], end: tuple[Array, Array], form: str) -> Array:
    """The slope by a box in its form, given those by its corners x1, y1 and x2, y2."""
    if form == "xyxy":
        return np.stack([*start, *end], axis=-1)
    moved = [s + e for s, e in zip(start, end, strict=True)]
    grown = [e if form == "xywh" else (e - s) / 2 for s, e in zip(start, end, strict=True)]
    return np.stack([*moved, *grown], axis=-1)


def _axis(boxes: Array, form: str, axis: int) -> tuple[Corner, Corner, Array]:
    """Start, end and length of one side of each box."""
    place, other = boxes[:, axis], boxes[:, axis + 2]
    none = np.zeros_like(place)
    if form == "xyxy":
        return Corner(place, none), Corner(other, none), other - place
    if form == "xywh":
        return Corner(place, none), _sum(place, other), other
    return _sum(place, -other / 2), _sum(place, other / 2), other


def _sum(a: Array, b: Array) -> Corner:
    """a + b without rounding (Knuth's two-sum)."""
    total = a + b
    part = total - a
    return Corner(total, (a - (total - part)) + (b - part))


def _less(a: Corner, b: Corner) -> Array:
    value, rest = _sum(a.value, -b.value)
    return np.asarray(value + (rest + (a.rest - b.rest)))


def _side(s: Corner, e: Corner, first: Array, t: Corner, f: Corner, second: Array) -> Side:
    left, right = _less(s, t), _less(e, f)  # by how much the first box starts later, and ends later
    across, back = _less(e, t), _less(f, s)  # the end of one less the start of the other
    both = np.maximum(np.minimum(np.minimum(across, back), np.minimum(first, second)), 0.0)
    return Side(
        both, first, second,
        np.clip(-left, 0.0, first) + np.clip(right, 0.0, first),
        np.clip(left, 0.0, second) + np.clip(-right, 0.0, second),
        np.maximum(np.maximum(-across, -back), 0.0), left + right,
        (_after(left) * (both > 0), _after(-right) * (both > 0)), (_after(-left), _after(right)),
    )  # fmt: skip


def _after(x: Array) -> Array:
    """1 where x is above 0, and one half at 0: the middle of the slopes on both sides of a kink."""
    return np.heaviside(x, 0.5)
