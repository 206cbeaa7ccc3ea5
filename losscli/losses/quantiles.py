"""Forecasts of several quantiles: a column for each level, with the levels in their names or in a parameter."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

import numpy as np

from losscli.contract.kinds import Array, Quantiles, Real
from losscli.contract.loss import Param, Term, loss
from losscli.contract.presets import without_weights

TASKS = ("probabilistic forecasts",)

Numbers: TypeAlias = tuple[float, ...]
_Levels = Annotated[
    Numbers, Param("the levels of the predicted quantiles, ascending", gt=0, lt=1, level_of="pred", entries_of="pred")
]
_Mirrored = Annotated[
    Numbers,
    Param("the levels of the bounds: p and 1 - p for the interval of 1 - 2 p, with or without the median, 0.5",
          gt=0, lt=1, level_of="pred", entries_of="pred", mirrored=True),
]  # fmt: skip
_GNEITING = "Gneiting & Raftery 2007, doi:10.1198/016214506000001437"
_BRACHER = "Bracher, Ray, Gneiting & Reich 2021, doi:10.1371/journal.pcbi.1008618"


def _pinball(pred: Array, target: Array, levels: Numbers) -> Array:
    """The pinball loss of each quantile: (rows, levels)."""
    q, error = np.asarray(levels), target[:, None] - pred
    return np.abs(np.maximum(q * error, (q - 1) * error))


def _pinball_slope(pred: Array, target: Array, levels: Numbers) -> Array:
    q, error = np.asarray(levels), target[:, None] - pred
    return np.where(error > 0, -q, np.where(error < 0, 1 - q, 0.0))


@loss(
    formula="factor * sum(max(q * (target - p), (q - 1) * (target - p)) for q, p in zip(levels, pred)) / len(levels)",
    cite="Koenker & Bassett 1978, doi:10.2307/1913643; " + _GNEITING,
    same_as={"utilsforecast": without_weights()},
    consistent_for="[quantile(target, q) for q in levels]",
    aliases=("multi_quantile_loss",),
    first=True,
)
def pinball_levels(
    pred: Quantiles,
    target: Real,
    *,
    levels: _Levels,
    factor: Annotated[float, Param("2 makes it an approximation of the CRPS", gt=0)] = 1.0,
) -> Array:
    """Multi-quantile loss: the mean of the pinball losses of several predicted quantiles.

    Names of columns say the levels: q_0.1, q10, median, lo-90, hi-90; those of a list column are given. The factor is 2
    in GluonTS, Darts and pytorch-forecasting.

    >>> pinball_levels([[1.0, 2.0, 4.0], [0.0, 1.0, 2.0]], [3.0, 1.0], levels=(0.1, 0.5, 0.9)).round(4)
    array([0.2667, 0.0667])
    """
    return factor * (_pinball(pred, target, levels).sum(axis=1) / len(levels))


@pinball_levels.gradient("pred")
def _(pred: Array, target: Array, *, levels: Numbers, factor: float) -> Array:
    return factor * (_pinball_slope(pred, target, levels) / len(levels))


@loss(
    formula="""
    w = [1 / len(levels) for q in levels]
    if weights == 'trapezoid':
        n = len(levels)
        w = [(levels[min(k + 1, n - 1)] - levels[max(k - 1, 0)]) / 2 for k in range(n)]
    2 * sum(v * max(q * (target - p), (q - 1) * (target - p)) for v, q, p in zip(w, levels, pred))
    """,
    cite="Laio & Tamea 2007, doi:10.5194/hess-11-1267-2007; " + _GNEITING,
    same_as={"scoringrules": ""},
    consistent_for="[quantile(target, q) for q in levels]",
)
def crps_quantile(
    pred: Quantiles,
    target: Real,
    *,
    levels: _Levels,
    weights: Annotated[
        Literal["mean", "trapezoid"], Param("how much each level counts: all alike, or by the trapezoidal rule")
    ] = "mean",
) -> Array:
    """CRPS of predicted quantiles: twice the integral of the pinball loss over the levels, approximated by a sum.

    With `weights=mean` it is twice the mean over evenly spaced levels, as in the R package scoringutils and in
    scoringrules. The trapezoidal rule takes uneven levels, and leaves out what is below the first and above the last.

    >>> crps_quantile([[1.0, 2.0, 4.0], [0.0, 1.0, 2.0]], [3.0, 1.0], levels=(0.1, 0.5, 0.9)).round(4)
    array([0.5333, 0.1333])
    """
    return 2 * (_pinball(pred, target, levels) * _shares(levels, weights)).sum(axis=1)


def _shares(levels: Numbers, weights: str) -> Array:
    """How much the pinball loss of each level counts."""
    if weights == "mean":
        return np.full(len(levels), 1 / len(levels))
    q = np.asarray(levels)
    return np.asarray(np.append(q[1:], q[-1]) - np.append(q[:1], q[:-1])) / 2


@crps_quantile.gradient("pred")
def _(pred: Array, target: Array, *, levels: Numbers, weights: str) -> Array:
    return 2 * _pinball_slope(pred, target, levels) * _shares(levels, weights)


@loss(
    formula="""
    loss: 2 * sum(max(q * (target - p), (q - 1) * (target - p)) for q, p in zip(levels, pred)) / len(levels)
    size: abs(target)
    value: loss / size
    """,
    cite="Salinas, Flunkert, Gasthaus & Januschowski 2020, doi:10.1016/j.ijforecast.2019.07.001",
    consistent_for="[quantile(target, q) for q in levels]",
    same_as={"gluonts": without_weights()},
    aliases=("wql", "scaled_crps"),
)
def weighted_quantile_loss(pred: Quantiles, target: Real, *, levels: _Levels) -> Any:
    """Weighted quantile loss (wQL): twice the multi-quantile loss, over the sum of |target|.

    Papers on forecasting also call it the normalised CRPS. GluonTS has it as mean_wQuantileLoss, utilsforecast as
    scaled_crps, which is the mean over the series of the wQL of each.

    >>> found = weighted_quantile_loss([[1.0, 2.0, 4.0], [0.0, 1.0, 2.0]], [3.0, 1.0], levels=(0.1, 0.5, 0.9))
    >>> {name: term.values.round(4).tolist() for name, term in found.items()}
    {'loss': [0.5333, 0.1333], 'size': [3.0, 1.0]}
    """
    return {"loss": Term(2 * _pinball(pred, target, levels).sum(axis=1) / len(levels)), "size": Term(np.abs(target))}


@weighted_quantile_loss.value
def _(loss: Any, size: Any) -> Any:
    return loss / size


@weighted_quantile_loss.gradient("pred")
def _(pred: Array, target: Array, *, levels: Numbers) -> dict[str, Array]:
    return {"loss": 2 * _pinball_slope(pred, target, levels) / len(levels), "size": np.zeros_like(pred)}


@loss(
    formula="""
    n = len(levels)
    k = (n - n % 2) // 2
    m = (1 if count_median_twice else 1 / 2) * (n % 2)
    d = k + m
    y = target
    dispersion: sum(levels[i] * (pred[n - 1 - i] - pred[i]) for i in range(k)) / d
    overprediction: (sum(max(pred[i] - y, 0) for i in range(k)) + m * max(pred[k] - y, 0)) / d
    underprediction: (sum(max(y - pred[n - 1 - i], 0) for i in range(k)) + m * max(y - pred[n - 1 - k], 0)) / d
    """,
    cite=_BRACHER,
    aliases=("wis",),
    first=True,
)
def weighted_interval_score(
    pred: Quantiles,
    target: Real,
    *,
    levels: _Mirrored,
    count_median_twice: Annotated[bool, Param("the median counts as an interval of its own, and not half")] = False,
) -> Any:
    """Weighted interval score (WIS): the mean interval score of central intervals and of the median, in three parts.

    The parts are the width of the intervals (dispersion), and how far the target is below them (overprediction) or
    above (underprediction); their sum is the score, which is twice the mean pinball loss of the same quantiles. Columns
    are q_0.05, q_0.5, q_0.95, or lo-90, median, hi-90. scoringrules 0.10's NumPy version gives other numbers.

    >>> found = weighted_interval_score([[1.0, 2.0, 4.0], [0.0, 1.0, 2.0]], [3.0, 1.0], levels=(0.1, 0.5, 0.9))
    >>> found["underprediction"].values.round(4)
    array([0.3333, 0.    ])
    >>> sum(term.values for term in found.values()).round(4)
    array([0.5333, 0.1333])
    """
    k, median, total = _intervals(levels, count_median_twice)
    lower, upper, y = pred[:, :k], pred[:, ::-1][:, :k], target[:, None]
    above, below = np.maximum(lower - y, 0.0).sum(axis=1), np.maximum(y - upper, 0.0).sum(axis=1)
    if median:
        error = pred[:, k] - target
        above, below = above + median * np.maximum(error, 0.0), below + median * np.maximum(-error, 0.0)
    width = ((upper - lower) * np.asarray(levels[:k])).sum(axis=1)
    return {
        "dispersion": Term(width / total),
        "overprediction": Term(above / total),
        "underprediction": Term(below / total),
    }


def _intervals(levels: Numbers, count_median_twice: bool) -> tuple[int, float, float]:
    """The number of intervals, how much the median counts (0: there is none), and the sum of what counts."""
    k, has_median = divmod(len(levels), 2)
    median = (1.0 if count_median_twice else 0.5) * has_median
    return k, median, k + median


@weighted_interval_score.gradient("pred")
def _(pred: Array, target: Array, *, levels: Numbers, count_median_twice: bool) -> dict[str, Array]:
    k, median, total = _intervals(levels, count_median_twice)
    error = pred - target[:, None]
    size = np.ones(len(levels))
    size[k : len(levels) - k] = median
    over, under = size * (error > 0), -size * (error < 0)
    over[:, len(levels) - k :] = 0.0
    under[:, :k] = 0.0
    width = np.zeros_like(pred)
    width[:, :k] = -np.asarray(levels[:k])
    width[:, len(levels) - k :] = np.asarray(levels[:k])[::-1]
    return {"dispersion": width / total, "overprediction": over / total, "underprediction": under / total}


@loss(
    formula="sum(1 for a, b in zip(pred, pred[1:]) if a > b) / max(len(levels) - 1, 1)",
    cite="Chernozhukov, Fernandez-Val & Galichon 2010, doi:10.3982/ECTA7880",
)
def quantile_crossing(pred: Quantiles, *, levels: _Levels) -> Array:
    """Quantile crossing rate: the share of neighbouring levels at which the lower quantile is above the higher one.

    >>> quantile_crossing([[1.0, 2.0, 4.0], [1.0, 0.0, 2.0]], levels=(0.1, 0.5, 0.9))
    array([0. , 0.5])
    """
    return (pred[:, :-1] > pred[:, 1:]).sum(axis=1) / max(len(levels) - 1, 1)
