"""The kinds of columns that hold a mask, a box or points: one region of an image a row."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from losscli.contract.kinds import NEAR, Array, Kind

Mask: TypeAlias = Annotated[
    Array, Kind("Mask", "a mask: numbers in [0, 1], one a pixel", shape="vector", low=0.0, high=1.0, slack=NEAR,
                link="sigmoid")
]  # fmt: skip
LogitMask: TypeAlias = Annotated[
    Array, Kind("LogitMask", "a mask of logits: any real numbers, one a pixel", shape="vector", logit=True)
]
HardMask: TypeAlias = Annotated[
    Array, Kind("HardMask", "a mask of zeros and ones, one a pixel", shape="vector", low=0.0, high=1.0,
                labels=(("0", 0.0), ("1", 1.0)))
]  # fmt: skip
Box: TypeAlias = Annotated[
    Array, Kind("Box", "a box x1, y1, x2, y2 with x1 <= x2 and y1 <= y2", shape="vector", size=4,
                ordered=((0, 2), (1, 3)), hint="boxes of other forms: format=xywh or format=cxcywh")
]  # fmt: skip
SizedBox: TypeAlias = Annotated[
    Array, Kind("SizedBox", "a box x, y, width, height with sizes of at least 0", shape="vector", size=4,
                at_least_zero=(2, 3), hint="boxes of corners x1, y1, x2, y2: format=xyxy")
]  # fmt: skip
Points: TypeAlias = Annotated[Array, Kind("Points", "points x, y one after the other", shape="vector", multiple=2)]
Points3: TypeAlias = Annotated[
    Array, Kind("Points3", "points x, y, z one after the other", shape="vector", multiple=3,
                hint="points in the plane: dimensions=2")
]  # fmt: skip
Visible: TypeAlias = Annotated[
    Array, Kind("Visible", "a number a point, at least 0: above 0 the point is known", shape="vector", low=0.0, share=2)
]
