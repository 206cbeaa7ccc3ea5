"""What a picture draws, as numbers: a page turns them into SVG, and others into specifications of their own.

Places are in the units of the axes. A `series` is one of the letters of `charts.SERIES`, which tells its colour.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from losscli.lazy import dataclass


@dataclass(frozen=True)
class Line:
    """A line through points (x, y). Without a series it is what others are held against, and dashed."""

    points: Sequence[tuple[float, float]]
    series: str | None = None
    solid: bool = False


@dataclass(frozen=True)
class Band:
    """The area between two lines: (x, low, high)."""

    points: Sequence[tuple[float, float, float]]


@dataclass(frozen=True)
class Bars:
    """Bars from the axis: (left, right, height); faint ones are in the background."""

    bars: Sequence[tuple[float, float, float]]
    faint: bool = False


@dataclass(frozen=True)
class Dots:
    """Dots at (x, y): small ones of many rows, or large ones."""

    points: Sequence[tuple[float, float]]
    large: bool = False


@dataclass(frozen=True)
class Ranges:
    """Vertical lines: (x, low, high)."""

    ranges: Sequence[tuple[float, float, float]]
    series: str = "a"


@dataclass(frozen=True)
class Cells:
    """Rectangles of one shade: (left, right, low, high)."""

    cells: Sequence[tuple[float, float, float, float]]
    opacity: float


Mark: TypeAlias = Line | Band | Bars | Dots | Ranges | Cells
