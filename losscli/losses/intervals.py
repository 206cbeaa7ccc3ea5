"""Prediction intervals: whether targets are inside, and how wide the intervals are."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np

from losscli.contract.kinds import Array, Positive, Real
from losscli.contract.loss import Param, Term, loss
from losscli.contract.presets import without_weights
from losscli.contract.scores import Score
from losscli.losses.forecast import interval_score

TASKS = ("probabilistic forecasts",)

_Level = Annotated[
    float, Param("the probability that the interval should have", ge=0, lt=1, per_row=True, level_of="lower upper")
]
_RunLevel = Annotated[
    float, Param("the probability that the interval should have", ge=0, lt=1, level_of="lower upper")
]  # fmt: skip
_GNEITING = "Gneiting & Raftery 2007, doi:10.1198/016214506000001437"
_MAKRIDAKIS = "Makridakis, Spiliotis & Assimakopoulos 2020, doi:10.1016/j.ijforecast.2019.04.014"


@loss(
    formula="0 if lower <= target <= upper else 1",
    cite="Christoffersen 1998, doi:10.2307/2527341",
    binary=True,
    scores=(
        Score(
            "coverage",
            """Coverage: the share of targets inside of their prediction intervals, the ends included.

            It should be near the level of the intervals, and not above: `interval_coverage_error` is the distance.

            >>> coverage([1.0, 1.0, 0.0], [3.0, 3.0, 2.0], [2.0, 3.5, 2.0])
            array([1., 0., 1.])
            """,
            aliases=("picp",),
            same_as={"utilsforecast": without_weights()},
            first=True,
        ),
    ),
)
def miscoverage(lower: Real, upper: Real, target: Real) -> Array:
    """Miscoverage: the share of targets outside of their prediction intervals.

    A target at an end is inside. There is no gradient.

    >>> miscoverage([1.0, 1.0, 0.0], [3.0, 3.0, 2.0], [2.0, 3.5, 2.0])
    array([0., 1., 0.])
    """
    return 1.0 - ((lower <= target) & (target <= upper))


@loss(
    formula="""
    covered: 1 if lower <= target <= upper else 0
    value: abs(covered - level)
    """,
    cite="Christoffersen 1998, doi:10.2307/2527341",
    aliases=("average_coverage_error",),
)
def interval_coverage_error(lower: Real, upper: Real, target: Real, *, level: _RunLevel = 0.9) -> Any:
    """Interval coverage error: by how much the share of targets inside of intervals misses the level.

    Names of the columns say the level: lo-90 and hi-90 are intervals of 90 %. There is no gradient.

    >>> interval_coverage_error([1.0, 1.0, 0.0], [3.0, 3.0, 2.0], [2.0, 3.5, 2.0])["covered"].values
    array([1., 0., 1.])
    """
    return {"covered": Term(((lower <= target) & (target <= upper)).astype(np.float64))}


@interval_coverage_error.value
def _(covered: Any, *, level: float) -> Any:
    gap = covered - level
    return np.sqrt(gap * gap)


@loss(
    formula="upper - lower",
    cite=_GNEITING,
    aliases=("sharpness",),
    optimum=None,
)
def interval_width(lower: Real, upper: Real) -> Array:
    """Interval width (sharpness): how wide prediction intervals are.

    Of intervals with the right coverage, the narrower are the better ones.

    >>> interval_width([1.0, 0.0], [3.0, 0.5])
    array([2. , 0.5])
    """
    return upper - lower


@interval_width.gradient("lower")
def _(lower: Array, upper: Array) -> Array:
    return -np.ones_like(lower)


@interval_width.gradient("upper")
def _(lower: Array, upper: Array) -> Array:
    return np.ones_like(lower)


@loss(
    formula="(upper - lower + 2 / (1 - level) * (max(lower - target, 0) + max(target - upper, 0))) / scale",
    cite=_MAKRIDAKIS,
    same_as={"gluonts": without_weights()},
    aliases=("scaled_interval_score",),
    from_history={"scale": "absolute"},
)
def msis(lower: Real, upper: Real, target: Real, scale: Positive, *, level: _Level = 0.95) -> Array:
    """Mean scaled interval score (MSIS): the interval score over the error of a naive forecast in the training data.

    `scale` is the mean of |y[t] - y[t - season]| over the training data of the row's series, as of `mase`: a column, or
    of --table history=FILE. The M4 competition's MSIS is the mean over the series: --mean-of.

    >>> msis([1.0, 1.0], [3.0, 3.0], [2.0, 3.5], [2.0, 2.0], level=0.5)
    array([1., 2.])
    """
    return interval_score.kernel(lower, upper, target, level=level) / scale


@msis.gradient("lower")
def _(lower: Array, upper: Array, target: Array, scale: Array, *, level: float) -> Array:
    return (np.where(target < lower, 2 / (1 - level), 0.0) - 1) / scale


@msis.gradient("upper")
def _(lower: Array, upper: Array, target: Array, scale: Array, *, level: float) -> Array:
    return (1 - np.where(target > upper, 2 / (1 - level), 0.0)) / scale
