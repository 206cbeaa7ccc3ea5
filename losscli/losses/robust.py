"""Losses of a number against a number in which large errors have little or no pull, or small ones cost nothing."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from losscli.contract.kinds import Array, Real
from losscli.contract.loss import Param, loss
from losscli.contract.presets import SINGLE, Preset
from losscli.losses._math import error_size, log1p_square, log_shortfall

TASKS = ("regression",)

_Bend = Annotated[float, Param("error size where the loss bends", gt=0)]
_Tolerance = Annotated[float, Param("errors of up to this size count as right", ge=0)]


@loss(
    formula="""
    u = (pred - target) / delta
    delta**2 / 6 * (1 - (1 - u**2)**3) if abs(u) <= 1 else delta**2 / 6
    """,
    cite="Beaton & Tukey 1974, doi:10.1080/00401706.1974.10489171",
)
def tukey_biweight(
    pred: Real,
    target: Real,
    *,
    delta: Annotated[float, Param("error size from which the loss is constant", gt=0)] = 4.685,
) -> Array:
    """Tukey's biweight loss: half the square for small errors and constant for large ones, which have no pull at all.

    `delta`, often called c, is in the unit of the target. The usual 4.685 is for errors with a standard deviation of
    1: multiply it by that of the noise (1.4826 times the median absolute error, for one).

    >>> tukey_biweight([3.0, 9.0], [1.0, 1.0], delta=4.0).round(4)
    array([1.5417, 2.6667])
    """
    error = np.minimum(error_size(pred, target), delta)
    square = np.square(error / delta)
    return np.square(error) * (3 - square * (3 - square)) / 6


@tukey_biweight.gradient("pred")
def _(pred: Array, target: Array, *, delta: float) -> Array:
    error = pred - target
    size = np.minimum(np.abs(error), delta)
    return error * np.square((1 - size / delta) * (1 + size / delta))


@loss(
    formula="""
    u = ((pred - target) / delta)**2
    b = abs(exponent - 2)
    u / 2 if exponent == 2 else log(1 + u / 2) if exponent == 0 else b / exponent * ((u / b + 1)**(exponent / 2) - 1)
    """,
    cite="Barron 2019, arXiv:1701.03077",
)
def barron(
    pred: Real,
    target: Real,
    *,
    exponent: Annotated[float, Param("about the power of large errors; below 0 they are bounded")] = 1.0,
    delta: _Bend = 1.0,
) -> Array:
    """Barron's general robust loss: one family from the square to losses that are bounded.

    It is a function of the error divided by `delta`, the paper's c; `exponent` is its alpha. 2 is half the square, 1 a
    pseudo-Huber (Charbonnier) loss, 0 the Cauchy loss, -2 that of Geman and McClure; very negative ones come near
    Welsch's. The value is not multiplied by delta^2, as in the paper.

    >>> barron([3.0, 1.0], [1.0, 1.0], exponent=2.0)
    array([2., 0.])
    """
    ratio = error_size(pred, target) / delta
    if exponent == 2:
        return 0.5 * np.square(ratio)
    if exponent == 0:
        return log1p_square(ratio, 2.0)
    b = abs(exponent - 2)
    return b / exponent * np.expm1(0.5 * exponent * log1p_square(ratio, b))


@barron.gradient("pred")
def _(pred: Array, target: Array, *, exponent: float, delta: float) -> Array:
    error = (pred - target) / delta
    if exponent == 2:
        return error / delta
    return error / delta * np.exp((0.5 * exponent - 1) * log1p_square(np.abs(error), abs(exponent - 2)))


@loss(
    formula="""
    a = abs(pred - target) / delta
    delta**2 * (a - log(1 + a))
    """,
    cite="Fair 1974, Annals of Economic and Social Measurement 3:667-677",
    same_as={"catboost": Preset(notes=SINGLE), "lightgbm": Preset(notes=SINGLE)},
)
def fair(pred: Real, target: Real, *, delta: _Bend = 1.0) -> Array:
    """Fair's loss: half the square for small errors and nearly linear for large ones, with a smooth gradient.

    `delta` is what is often called c.

    >>> fair([3.0, 1.0], [1.0, 1.0]).round(4)
    array([0.9014, 0.    ])
    """
    ratio = error_size(pred, target) / delta
    near = np.minimum(ratio, 1.0)
    return delta**2 * np.where(ratio <= 1, log_shortfall(near), ratio - np.log1p(ratio))


@fair.gradient("pred")
def _(pred: Array, target: Array, *, delta: float) -> Array:
    error = pred - target
    return error / (1 + np.abs(error) / delta)


@loss(
    formula="delta**2 / 2 * log(1 + ((pred - target) / delta)**2)",
    cite="Black & Anandan 1996, doi:10.1006/cviu.1996.0006",
    aliases=("lorentzian",),
)
def cauchy(pred: Real, target: Real, *, delta: _Bend = 1.0) -> Array:
    """Cauchy (Lorentzian) loss: half the square for small errors, and it grows only as a logarithm for large ones.

    `delta` is often called c or gamma. kornia has log(1 + r^2 / 2): `delta=1.4142135623730951`.

    >>> cauchy([3.0, 1.0], [1.0, 1.0]).round(4)
    array([0.8047, 0.    ])
    """
    return 0.5 * delta**2 * log1p_square(error_size(pred, target) / delta, 1.0)


@cauchy.gradient("pred")
def _(pred: Array, target: Array, *, delta: float) -> Array:
    error = pred - target
    return error / (1 + np.square(error / delta))


@loss(
    formula="delta**2 / 2 * (1 - exp(-((pred - target) / delta)**2))",
    cite="Dennis & Welsch 1978, doi:10.1080/03610917808812083",
    aliases=("leclerc",),
)
def welsch(pred: Real, target: Real, *, delta: _Bend = 1.0) -> Array:
    """Welsch's (Leclerc's) loss: half the square for small errors, and never more than delta^2 / 2.

    `delta` is often called c. kornia has 1 - exp(-r^2 / 2): `delta=1.4142135623730951`.

    >>> welsch([1.5, 1.0], [1.0, 1.0]).round(4)
    array([0.1106, 0.    ])
    """
    return -0.5 * delta**2 * np.expm1(-np.square((pred - target) / delta))


@welsch.gradient("pred")
def _(pred: Array, target: Array, *, delta: float) -> Array:
    error = pred - target
    return error * np.exp(-np.square(error / delta))


@loss(
    formula="delta**2 / 2 * (pred - target)**2 / ((pred - target)**2 + delta**2)",
    cite="Geman & McClure 1985, Proceedings of the Statistical Computing Section, ASA, 12-18",
)
def geman_mcclure(pred: Real, target: Real, *, delta: _Bend = 1.0) -> Array:
    """Geman-McClure loss: half the square for small errors, and below delta^2 / 2 for all.

    `delta` is often called c or sigma. kornia has 2 r^2 / (r^2 + 4): `delta=2`.

    >>> geman_mcclure([3.0, 1.0], [1.0, 1.0])
    array([0.4, 0. ])
    """
    error = error_size(pred, target)
    # r^2 / (r^2 + d^2) as the square of r / hypot(r, d) does not overflow.
    return 0.5 * delta**2 * np.square(error / np.hypot(error, delta))


@geman_mcclure.gradient("pred")
def _(pred: Array, target: Array, *, delta: float) -> Array:
    error = pred - target
    return error * np.square(np.square(delta / np.hypot(error, delta)))


@loss(
    formula="""
    r = abs(pred - target)
    width * log(1 + r / curvature) if r < width else r - (width - width * log(1 + width / curvature))
    """,
    cite="Feng, Kittler, Awais, Huber & Wu 2018, arXiv:1711.06753",
)
def wing(
    pred: Real,
    target: Real,
    *,
    width: Annotated[float, Param("error size where the loss turns from a logarithm to linear", gt=0)] = 5.0,
    curvature: Annotated[float, Param("the smaller, the steeper near 0", gt=0)] = 0.5,
) -> Array:
    """Wing loss: small errors pull harder than large ones, as for landmarks that are nearly right.

    The defaults are those of segmentation_models.pytorch; the paper has width 10 and curvature 2. The gradient at no
    error is 0.

    >>> wing([3.0, 8.0], [1.0, 1.0]).round(4)
    array([ 8.0472, 13.9895])
    """
    error = error_size(pred, target)
    return width * np.log1p(np.minimum(error, width) / curvature) + np.maximum(error - width, 0.0)


@wing.gradient("pred")
def _(pred: Array, target: Array, *, width: float, curvature: float) -> Array:
    error = error_size(pred, target)
    return np.sign(pred - target) * np.where(error < width, width / (curvature + error), 1.0)


@loss(
    formula="max(abs(pred - target) - tolerance, 0)",
    cite="Vapnik 1995, The Nature of Statistical Learning Theory, doi:10.1007/978-1-4757-2440-0",
)
def epsilon_insensitive(pred: Real, target: Real, *, tolerance: _Tolerance = 0.1) -> Array:
    """Epsilon-insensitive loss: the absolute error beyond a tolerance. It is what support vector regression minimizes.

    scikit-learn calls the tolerance epsilon. The gradient at the tolerance is 0.

    >>> epsilon_insensitive([3.0, 1.5], [1.0, 1.0], tolerance=0.5)
    array([1.5, 0. ])
    """
    return np.maximum(error_size(pred, target) - tolerance, 0.0)


@epsilon_insensitive.gradient("pred")
def _(pred: Array, target: Array, *, tolerance: float) -> Array:
    error = pred - target
    return np.where(np.abs(error) > tolerance, np.sign(error), 0.0)


@loss(
    formula="max(abs(pred - target) - tolerance, 0)**2",
    cite="Vapnik 1995, The Nature of Statistical Learning Theory, doi:10.1007/978-1-4757-2440-0",
)
def squared_epsilon_insensitive(pred: Real, target: Real, *, tolerance: _Tolerance = 0.1) -> Array:
    """Squared epsilon-insensitive loss: the square of the absolute error beyond a tolerance.

    >>> squared_epsilon_insensitive([3.0, 1.5], [1.0, 1.0], tolerance=0.5)
    array([2.25, 0.  ])
    """
    return np.square(np.maximum(error_size(pred, target) - tolerance, 0.0))


@squared_epsilon_insensitive.gradient("pred")
def _(pred: Array, target: Array, *, tolerance: float) -> Array:
    error = pred - target
    return 2 * np.sign(error) * np.maximum(np.abs(error) - tolerance, 0.0)


@loss(
    formula="sqrt((pred - target)**2 + eps**2)",
    cite="Charbonnier et al. 1994, doi:10.1109/ICIP.1994.413553",
    optimum=None,
)
def charbonnier(
    pred: Real,
    target: Real,
    *,
    eps: Annotated[float, Param("added as a square under the root: the value without an error", gt=0)] = 1e-3,
) -> Array:
    """Charbonnier loss, as papers of image restoration have it: an absolute error that is smooth at 0.

    Its least value is `eps`. kornia's is pseudo_huber, which is 0 there.

    >>> charbonnier([3.0], [0.0], eps=4.0)
    array([5.])
    """
    return np.hypot(pred - target, eps)


@charbonnier.gradient("pred")
def _(pred: Array, target: Array, *, eps: float) -> Array:
    error = pred - target
    return error / np.hypot(error, eps)
