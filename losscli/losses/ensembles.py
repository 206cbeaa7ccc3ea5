"""Forecasts of a number, or of a vector, by the members of an ensemble: draws from the predicted distribution."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal, TypeAlias

import numpy as np

from losscli.contract.kinds import Array, Ensemble, Real, Vector, Vectors
from losscli.contract.loss import Param, loss
from losscli.contract.presets import without_weights
from losscli.losses._math import norm

TASKS = ("probabilistic forecasts",)

Estimator: TypeAlias = Literal["energy", "fair"]
_Estimator = Annotated[
    Estimator,
    Param("energy: of the members as they are; fair: unbiased, as of ever more members like these"),
]  # fmt: skip
_TILE = 1 << 15  # numbers that are sorted together: they stay in the cache
_GNEITING = "Gneiting & Raftery 2007, doi:10.1198/016214506000001437"


def _tiles(pred: Array) -> Iterator[slice]:
    step = max(1, _TILE // max(pred.shape[1], 1))
    return (slice(start, start + step) for start in range(0, len(pred), step))


def _crps(pred: Array, target: Array, estimator: Estimator) -> Array:
    """The integral of (F - 1{y <= x})**2 over x: a sum over the gaps between the members, of terms of at least 0.

    The difference of two mean distances, which the formula is, loses the digits that the two have in common.
    """
    out, members = np.empty(len(pred)), pred.shape[1]
    below = _weights(members, estimator)[:, None]
    for rows in _tiles(pred):
        y = target[rows]
        ascending = np.sort(pred[rows], axis=1).T
        first, last = ascending[0], ascending[-1]
        total = np.maximum(first - y, 0.0)
        total += np.maximum(y - last, 0.0)
        left = np.ascontiguousarray(np.minimum(ascending, y))
        total += ((left[1:] - left[:-1]) * below).sum(axis=0)
        np.maximum(ascending, y, out=left)
        total += ((left[1:] - left[:-1]) * below[::-1]).sum(axis=0)
        out[rows] = total
    return out


def _weights(members: int, estimator: Estimator) -> Array:
    """What a gap with 1, 2, … members below it weighs where the target is above it."""
    count = np.arange(1.0, members)
    if estimator == "energy":
        return np.square(count / members)
    return np.asarray(count * (count - 1) / (members * max(members - 1.0, 1.0)))


def _crps_slope(pred: Array, target: Array, estimator: Estimator) -> Array:
    members = pred.shape[1]
    pairs = members if estimator == "energy" else max(members - 1, 1)
    return np.sign(pred - target[:, None]) / members - _lead(pred) / (members * pairs)


def _lead(pred: Array) -> Array:
    """How many more members are below each than above it."""
    order = np.argsort(pred, axis=1, kind="stable")
    ascending, places = np.take_along_axis(pred, order, axis=1), np.arange(pred.shape[1])
    new = np.ones(pred.shape, bool)
    new[:, 1:] = ascending[:, 1:] > ascending[:, :-1]
    first = np.maximum.accumulate(np.where(new, places, 0), axis=1)
    ends = np.ones(pred.shape, bool)
    ends[:, :-1] = new[:, 1:]
    last = np.minimum.accumulate(np.where(ends, places, len(places))[:, ::-1], axis=1)[:, ::-1]
    found = np.empty(pred.shape)
    np.put_along_axis(found, order, (first + last - (len(places) - 1)).astype(np.float64), axis=1)
    return found


@loss(
    formula="""
    n = len(pred)
    pairs = n * n if estimator == 'energy' else n * max(n - 1, 1)
    sum(abs(x - target) for x in pred) / n - sum(abs(a - b) for a in pred for b in pred) / (2 * pairs)
    """,
    cite=_GNEITING + "; Ferro 2014, doi:10.1002/qj.2270",
    same_as={"torchmetrics": without_weights(), "scoringrules": "", "properscoring": ""},
    first=True,
)
def crps_ensemble(pred: Ensemble, target: Real, *, estimator: _Estimator = "energy") -> Array:
    """CRPS of an ensemble: the continuous ranked probability score of the distribution that its members are drawn of.

    In the unit of the target; of one member, it is the absolute error. `estimator=fair` does not punish small
    ensembles (Ferro 2014), and is what others call pwm. scoringrules calls the estimators nrg and fair, and by default
    takes qd, whose value is that of nrg.

    >>> crps_ensemble([[1.0, 2.0, 4.0], [0.0, 1.0, 2.0]], [3.0, 1.0]).round(4)
    array([0.6667, 0.2222])
    """
    return _crps(pred, target, estimator)


@crps_ensemble.gradient("pred")
def _(pred: Array, target: Array, *, estimator: Estimator) -> Array:
    return _crps_slope(pred, target, estimator)


_Floor = Annotated[float | None, Param("lower limit of members and target; none turns this off")]
_Cap = Annotated[float | None, Param("upper limit of members and target; none turns this off")]


def _clipped(values: Array, floor: float | None, cap: float | None) -> Array:
    values = values if floor is None else np.maximum(values, floor)
    return values if cap is None else np.minimum(values, cap)


@loss(
    formula="""
    a = lambda v: v if floor is None else max(v, floor)
    b = lambda v: a(v) if cap is None else min(a(v), cap)
    n = len(pred)
    pairs = n * n if estimator == 'energy' else n * max(n - 1, 1)
    sum(abs(b(x) - b(target)) for x in pred) / n - sum(abs(b(u) - b(v)) for u in pred for v in pred) / (2 * pairs)
    """,
    cite="Gneiting & Ranjan 2011, doi:10.1198/jbes.2010.08110",
    same_as={"scoringrules": ""},
)
def twcrps_ensemble(
    pred: Ensemble, target: Real, *, floor: _Floor = None, cap: _Cap = None, estimator: _Estimator = "energy"
) -> Array:
    """Threshold-weighted CRPS of an ensemble: only what lies between two limits counts, as beyond a level of danger.

    It is the CRPS of members and target that are moved to the nearer limit where they are beyond it.

    >>> twcrps_ensemble([[1.0, 2.0, 4.0], [0.0, 1.0, 2.0]], [3.0, 1.0], floor=2.0).round(4)
    array([0.5556, 0.    ])
    """
    return _crps(_clipped(pred, floor, cap), _clipped(target, floor, cap), estimator)


@twcrps_ensemble.gradient("pred")
def _(pred: Array, target: Array, *, floor: float | None, cap: float | None, estimator: Estimator) -> Array:
    moved = _clipped(pred, floor, cap)
    return np.where(moved == pred, _crps_slope(moved, _clipped(target, floor, cap), estimator), 0.0)


@loss(
    formula="""
    n = len(pred)
    far = lambda a, b: norm([u - v for u, v in zip(a, b)])
    sum(far(x, target) for x in pred) / n - sum(far(a, b) for a in pred for b in pred) / (2 * n * n)
    """,
    cite=_GNEITING,
    same_as={"scoringrules": ""},
)
def energy_score(pred: Vectors, target: Vector) -> Array:
    """Energy score: the CRPS of an ensemble of vectors, with Euclidean distances.

    `pred` holds the members one after the other, each as long as the target.

    >>> energy_score([[[3.0, 4.0], [0.0, 0.0]]], [[0.0, 0.0]])
    array([1.25])
    """
    members = pred.shape[1]
    value = norm(pred - target[:, None, :]).sum(axis=1) / members
    for member in range(1, members):
        value -= norm(pred[:, member:] - pred[:, : members - member]).sum(axis=1) / (members * members)
    return np.maximum(value, 0.0)


@energy_score.gradient("pred")
def _(pred: Array, target: Array) -> Array:
    members = pred.shape[1]
    slope = _units(pred - target[:, None, :]) / members
    for member in range(members):
        slope[:, member] -= _units(pred[:, member : member + 1] - pred).sum(axis=1) / (members * members)
    return slope


def _units(vectors: Array) -> Array:
    length = norm(vectors)[..., None]
    return vectors / np.where(length > 0, length, 1.0)


@loss(
    formula="""
    v = lambda x, i, j: abs(x[i] - x[j])**p
    d = range(len(target))
    sum((v(target, i, j) - sum(v(x, i, j) for x in pred) / len(pred))**2 for i in d for j in d)
    """,
    cite="Scheuerer & Hamill 2015, doi:10.1175/MWR-D-14-00269.1",
    same_as={"scoringrules": ""},
)
def variogram_score(
    pred: Vectors, target: Vector, *, p: Annotated[float, Param("the power of the differences", gt=0)] = 0.5
) -> Array:
    """Variogram score: how well an ensemble of vectors has the differences between the numbers of the target.

    `pred` holds the members one after the other. Each pair of numbers counts in both orders.

    >>> variogram_score([[[0.0, 4.0], [1.0, 1.0]]], [[0.0, 1.0]], p=1.0)
    array([2.])
    """
    value = np.zeros(len(target))
    for i in range(target.shape[1] - 1):
        value += 2 * np.square(_variogram_gap(pred, target, p, i)).sum(axis=1)
    return value


def _variogram_gap(pred: Array, target: Array, p: float, i: int) -> Array:
    """The variogram of the target less that of the ensemble, between number i and those behind it."""
    seen = np.abs(target[:, i + 1 :] - target[:, i : i + 1]) ** p
    return np.asarray(seen - (np.abs(pred[:, :, i + 1 :] - pred[:, :, i : i + 1]) ** p).mean(axis=1))


@variogram_score.gradient("pred")
def _(pred: Array, target: Array, *, p: float) -> Array:
    slope = np.zeros_like(pred)
    for i in range(target.shape[1] - 1):
        gap = _variogram_gap(pred, target, p, i)[:, None, :]
        step = pred[:, :, i + 1 :] - pred[:, :, i : i + 1]
        size = np.abs(step)
        steep: Any = np.where(size > 0, np.sign(step) * p * np.where(size > 0, size, 1.0) ** (p - 1), 0.0)
        pull = 4 * gap * steep / pred.shape[1]
        slope[:, :, i + 1 :] -= pull
        slope[:, :, i] += pull.sum(axis=2)
    return slope
