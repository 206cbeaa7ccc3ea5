"""Losses of directions: angles between vectors, numbers on a circle, and the direction of a change."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from losscli.contract.kinds import Array, Positive, Real, Vector
from losscli.contract.loss import Param, loss
from losscli.contract.presets import without_weights
from losscli.losses._angles import across, cosine
from losscli.losses._math import measured, norm

TASKS = ("regression",)

_Degrees = Annotated[bool, Param("in degrees, not in radians")]


@loss(
    formula="""
    angle = acos(max(-1, min(1, dot(unit(pred), unit(target)))))
    angle * 180 / pi if degrees else angle
    """,
    same_as={"torchmetrics": without_weights()},
    cite="Kruse et al. 1993 (spectral angle mapper), doi:10.1016/0034-4257(93)90013-N",
    aliases=("spectral_angle_mapper",),
)
def angular_error(pred: Vector, target: Vector, *, degrees: _Degrees = False) -> Array:
    """Angular error: the angle between the predicted direction and the true one; lengths do not matter.

    The angle with a zero vector is a right one. The arccosine of the textbook loses half of the digits of small
    angles; here they have all. The gradient of parallel and of opposite vectors is 0.

    >>> angular_error([[3.0, 0.0], [1.0, 1.0]], [[0.0, 2.0], [1.0, 0.0]], degrees=True)
    array([90., 45.])
    """
    some = pred.any(axis=-1) & target.any(axis=-1)
    angle = np.where(some, np.arctan2(norm(across(pred, target)), cosine(pred, target)), np.pi / 2)
    return angle * (180 / np.pi) if degrees else angle


@angular_error.gradient("pred")
def _(pred: Array, target: Array, *, degrees: bool) -> Array:
    turn = across(pred, target)
    sine, length = norm(turn)[..., None], measured(pred)[1]
    slope = np.where((sine > 0) & (length > 0), -turn / np.where(sine > 0, sine, 1.0) / length, 0.0)
    return slope * (180 / np.pi) if degrees else slope


def _apart(pred: Array, target: Array, period: float) -> tuple[Array, Array, Array]:
    """The sign of the error, and its distances from the multiples of the period below it and above it."""
    error = pred - target
    back = pred - error
    lost = (pred - (error + back)) + (back - target)
    sign = np.where(error < 0, -1.0, 1.0)
    # What the difference lost by rounding counts where little is left over a multiple of the period.
    over, lost = np.fmod(np.abs(error), period), sign * lost
    return sign, over + lost, (period - over) - lost


@loss(
    formula="""
    d = abs(pred - target) % period
    min(d, period - d)
    """,
    cite="Mardia & Jupp 2000, Directional Statistics, 2.3, doi:10.1002/9780470316979",
)
def circular_error(
    pred: Real,
    target: Real,
    *,
    period: Annotated[float, Param("where the numbers begin again; 6.283185307179586 for radians", gt=0)] = 360.0,
) -> Array:
    """Circular error: the shorter way round between two numbers on a circle, such as wind directions in degrees.

    The gradient at no error, and half a period away, is 0.

    >>> circular_error([350.0, 90.0], [10.0, 270.0])
    array([ 20., 180.])
    """
    _, below, above = _apart(pred, target, period)
    return np.minimum(np.abs(below), np.abs(above))


@circular_error.gradient("pred")
def _(pred: Array, target: Array, *, period: float) -> Array:
    sign, below, above = _apart(pred, target, period)
    one, other = np.abs(below), np.abs(above)
    return sign * np.where(one < other, np.sign(below), np.where(other < one, -np.sign(above), 0.0))


@loss(
    formula="""
    start = 0 if baseline is None else baseline
    1 if (pred > start) != (target > start) else 0
    """,
    cite="Pesaran & Timmermann 1992, doi:10.1080/07350015.1992.10509922",
    binary=True,
)
def direction_error(pred: Real, target: Real, baseline: Real | None = None) -> Array:
    """Direction error: 1 where a rise is predicted and none comes, or the reverse.

    With `baseline`, such as the last known value, the direction is that of the change from it; else that of the number
    itself, above 0 or not. No change counts as no rise. There is no gradient: the value is flat wherever it is smooth.

    >>> direction_error([0.5, -1.0, 0.0], [2.0, 1.0, -3.0])
    array([0., 1., 0.])
    """
    start = 0.0 if baseline is None else baseline
    return np.asarray((pred > start) != (target > start), float)


@loss(
    formula="log(2 * pi * besseli(0, concentration)) - concentration * cos(target - pred)",
    cite="von Mises 1918; Mardia & Jupp 2000, Directional Statistics, 3.5.4, doi:10.1002/9780470316979",
    optimum=None,
)
def von_mises_nll(pred: Real, target: Real, concentration: Positive) -> Array:
    """Von Mises negative log-likelihood: of an angle in radians, with the predicted direction and concentration.

    A high concentration is a low variance: kappa of the texts, about 1 over the variance. The gradient is by the
    direction only.

    >>> von_mises_nll([0.0, 1.0], [0.0, 4.0], [1.0, 2.0]).round(4)
    array([1.0738, 4.6419])
    """
    return np.log(2 * np.pi * _scaled_bessel(concentration)) + 2 * concentration * np.square(
        np.sin(0.5 * (target - pred))
    )


def _scaled_bessel(k: Array) -> Array:
    """e^-k I_0(k), for k > 0."""
    near = np.minimum(k, 40.0)
    far, part, series = np.maximum(k, 40.0), np.ones_like(k), np.ones_like(k)
    for n in range(1, 13):  # the parts of the asymptotic series; from 40 on those that are left out are below 1e-17
        part = part * (2 * n - 1) ** 2 / (8 * n * far)
        series = series + part
    return np.where(k < 40, np.i0(near) * np.exp(-near), series / np.sqrt(2 * np.pi * far))


@von_mises_nll.gradient("pred")
def _(pred: Array, target: Array, concentration: Array) -> Array:
    return concentration * np.sin(pred - target)
