"""Losses of a number against a number: several prediction columns are several outputs, averaged within their row."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np

from losscli.contract.kinds import Array, Real
from losscli.contract.loss import Param, Term, loss
from losscli.contract.presets import SEVERAL_OUTPUTS, SINGLE, SINGLE_STEPS, Preset, Refusal, by_rows, without_weights
from losscli.contract.scaled import Scaled, difference
from losscli.losses._math import any_infinite, error_size, residual

TASKS = ("regression",)


@loss(
    formula="(pred - target)**2",
    cite="Gauss 1809, Theoria motus; Hastie, Tibshirani & Friedman 2009, doi:10.1007/978-0-387-84858-7",
    consistent_for="mean(target)",
    same_as={
        "torch": "",
        "keras": by_rows(),
        "sklearn": "",
        "optax": without_weights(),
        "torchmetrics": without_weights(),
        "lightgbm": Preset(notes=SINGLE),
        "gluonts": without_weights(),
    },
    aliases=("mean_squared_error", "l2"),
)
def mse(pred: Real, target: Real) -> Array:
    """Mean squared error: large errors dominate.

    optax and HalfSquaredError halve it. This is the plain square.

    >>> mse([3.0, 1.5], [1.0, 1.0])
    array([4.  , 0.25])
    """
    return np.square(residual(pred, target))


@mse.scaled
def _(pred: Array, target: Array) -> Scaled:
    error = difference(pred, target)
    return error.times(error)


@mse.gradient("pred")
def _(pred: Array, target: Array) -> Array:
    return 2 * (pred - target)


@loss(
    formula="abs(pred - target)",
    cite="Laplace 1774; Willmott & Matsuura 2005, doi:10.3354/cr030079",
    consistent_for="median(target)",
    same_as={
        "xgboost": Preset(notes=SINGLE),
        "torch": "",
        "keras": by_rows(),
        "sklearn": "",
        "torchmetrics": without_weights(),
        "lightgbm": Preset(notes=SINGLE),
        "gluonts": without_weights(),
    },
    aliases=("mean_absolute_error", "l1"),
    first=True,
    revision=2,
)
def mae(pred: Real, target: Real) -> Array:
    """Mean absolute error: every unit of error counts the same. The gradient at no error is 0.

    >>> mae([3.0, 1.5], [1.0, 2.0])
    array([2. , 0.5])
    """
    return error_size(pred, target)


@mae.scaled
def _(pred: Array, target: Array) -> Scaled:
    return difference(pred, target).size()


@mae.gradient("pred")
def _(pred: Array, target: Array) -> Array:
    return np.sign(pred - target)


@loss(
    formula="""
    squared: (pred - target)**2
    value: sqrt(squared)
    """,
    cite="Hastie, Tibshirani & Friedman 2009, doi:10.1007/978-0-387-84858-7",
    consistent_for="mean(target)",
    same_as={
        "torchmetrics": without_weights(),
        "xgboost": Preset(notes=SINGLE_STEPS),
        "keras": "",
        "sklearn": Preset(refuses=(Refusal((SEVERAL_OUTPUTS,), "scikit-learn averages one root for each output"),)),
        "lightgbm": Preset(notes=SINGLE),
        "catboost": Preset(notes=SINGLE),
        "gluonts": without_weights(),
    },
    aliases=("root_mean_squared_error",),
    shares={"squared": mse},
    first=True,
    revision=2,
)
def rmse(pred: Real, target: Real) -> Any:
    """Root mean squared error, in the unit of the target.

    The root is taken once, of the mean over all rows (and outputs), so rows have no value of their own and slices
    do not average. With several outputs, scikit-learn takes one root per output and averages these.

    >>> rmse([3.0, 1.5], [1.0, 1.0])["squared"].values
    array([4.  , 0.25])
    """
    return {"squared": Term(mse.kernel(pred, target))}


@rmse.value
def _(squared: Any) -> Any:
    return np.sqrt(squared)


@rmse.gradient("pred")
def _(pred: Array, target: Array) -> dict[str, Array]:
    return {"squared": 2 * (pred - target)}


@loss(
    formula="""
    r = pred - target
    r**2 / 2 if abs(r) <= delta else delta * (abs(r) - delta / 2)
    """,
    cite="Huber 1964, doi:10.1214/aoms/1177703732",
    same_as={
        "catboost": Preset(notes=SINGLE),
        "torch": by_rows(),
        "keras": by_rows(),
        "optax": without_weights(),
        "lightgbm": Preset("delta=0.9", notes=SINGLE),
    },
    first="heavy_tails",
)
def huber(
    pred: Real,
    target: Real,
    *,
    delta: Annotated[
        float,
        Param(
            "error size where the loss turns from quadratic to linear",
            gt=0,
            per_row=True,
            in_errors=1.345,  # 95 % as efficient as least squares of normal errors (Huber 1964)
        ),
    ] = 1.0,
) -> Array:
    """Huber loss: quadratic for small errors and linear for large ones, so outliers have less influence.

    >>> huber([3.0, 1.2], [1.0, 1.0])
    array([1.5 , 0.02])
    """
    size = error_size(pred, target)
    core = np.minimum(size, delta)
    half = 0.5 * core
    return np.multiply(core, np.subtract(size, half, out=half), out=core)


@huber.gradient("pred")
def _(pred: Array, target: Array, *, delta: float) -> Array:
    return np.clip(pred - target, -delta, delta)


@loss(
    formula="""
    r = abs(pred - target)
    r**2 / (2 * beta) if r < beta else r - beta / 2
    """,
    cite="Girshick 2015, arXiv:1504.08083",
    same_as={"torch": without_weights()},
)
def smooth_l1(
    pred: Real,
    target: Real,
    *,
    beta: Annotated[float, Param("error size where the loss turns linear; 0 gives mae", ge=0, per_row=True)] = 1.0,
) -> Array:
    """Smooth L1 loss: Huber loss divided by its threshold, so the gradient in the tails is 1 for every `beta`.

    >>> smooth_l1([3.0, 1.25], [1.0, 1.0], beta=0.5)
    array([1.75  , 0.0625])
    """
    size = error_size(pred, target)
    core = np.minimum(size, beta)
    half = 0.5 * core
    core /= beta  # exactly 1 in the tail
    if np.any(beta == 0):  # there is nothing but tails
        core = np.where(beta == 0, 1.0, core)
    return np.multiply(core, np.subtract(size, half, out=half), out=core)


@smooth_l1.gradient("pred")
def _(pred: Array, target: Array, *, beta: float) -> Array:
    error = pred - target
    slope = np.clip(error / beta, -1.0, 1.0)
    return np.where(beta == 0, np.sign(error), slope) if np.any(beta == 0) else slope


@loss(
    formula="log(cosh(pred - target))",
    cite="Green 1990, doi:10.1109/42.52985",
    same_as={"keras": by_rows(), "optax": without_weights()},
)
def log_cosh(pred: Real, target: Real) -> Array:
    """Log-cosh loss: a smooth mae, about r^2/2 near zero and |r| - log 2 in the tails.

    torchmetrics computes it from e^r, which overflows: it is infinite from an error of 710 on (89 in single
    precision).

    >>> log_cosh([1.0], [1.0])
    array([0.])
    """
    error = residual(pred, target)
    # |r| + log1p(e^-2|r|) - log 2 loses every digit near 0; log1p(2 sinh^2(r/2)) keeps them at every size.
    value = 0.5 * error
    np.sinh(value, out=value)
    np.square(value, out=value)
    value *= 2
    np.log1p(value, out=value)
    if any_infinite(value):  # the square overflows from |r| = 710 on
        far = np.isinf(value)
        value[far] = np.abs(error[far]) - np.log(2.0)
    return value


@log_cosh.gradient("pred")
def _(pred: Array, target: Array) -> Array:
    return np.tanh(pred - target)


@loss(
    formula="delta**2 * (sqrt(1 + ((pred - target) / delta)**2) - 1)",
    same_as={"xgboost": Preset(notes=SINGLE_STEPS)},
    cite="Charbonnier et al. 1997, doi:10.1109/83.551699; Hartley & Zisserman 2003, A6.8",
)
def pseudo_huber(
    pred: Real,
    target: Real,
    *,
    delta: Annotated[float, Param("error size where the loss bends", gt=0, per_row=True)] = 1.0,
) -> Array:
    """Pseudo-Huber loss: a Huber loss that is smooth everywhere.

    >>> pseudo_huber([1.75], [1.0])
    array([0.25])
    """
    error = residual(pred, target)
    # delta^2 (sqrt(1+a^2) - 1) = r^2 / (1 + sqrt(1+a^2)): no difference of near numbers.
    below = error / delta
    np.square(below, out=below)
    below += 1
    np.sqrt(below, out=below)
    below += 1
    # np.hypot does not overflow, but takes as long as all the rest three times.
    far = np.isinf(below) if any_infinite(below) else None
    value = np.divide(error, below, out=below)
    value *= error
    if far is not None:
        value[far] = delta * np.abs(error[far])
    return value


@pseudo_huber.gradient("pred")
def _(pred: Array, target: Array, *, delta: float) -> Array:
    error = pred - target
    return error / np.hypot(1.0, error / delta)


@loss(
    formula="""
    r = target - pred
    q * r if r >= 0 else (q - 1) * r
    """,
    cite="Koenker & Bassett 1978, doi:10.2307/1913643",
    consistent_for="quantile(target, q)",
    same_as={"xgboost": Preset(notes=SINGLE_STEPS), "sklearn": "", "lightgbm": Preset("q=0.9", notes=SINGLE)},
    aliases=("quantile_loss",),
)
def pinball(
    pred: Real,
    target: Real,
    *,
    q: Annotated[
        float,
        Param("the quantile that is predicted; at 0 and 1 one side is free", ge=0, le=1, per_row=True, level_of="pred"),
    ] = 0.5,
) -> Array:
    """Quantile (pinball) loss: its best constant is the q-quantile. At q = 0.5 it is half the absolute error.

    >>> pinball([1.0, 3.0], [2.0, 2.0], q=0.9)
    array([0.9, 0.1])
    """
    error = residual(pred, target)
    # The side that counts is the one that is not negative; abs turns a -0 that is the larger of two zeros.
    value = (1 - q) * error
    np.maximum(value, -q * error, out=value)
    return np.abs(value, out=value)


@pinball.gradient("pred")
def _(pred: Array, target: Array, *, q: float) -> Array:
    error = target - pred
    return np.where(error > 0, -q, np.where(error < 0, 1 - q, 0.0))


@loss(
    formula="abs(q - (1 if target <= pred else 0)) * (pred - target)**2",
    same_as={"catboost": Preset(notes=SINGLE)},
    cite="Newey & Powell 1987, doi:10.2307/1911031",
    consistent_for="expectile(target, q)",
)
def expectile(
    pred: Real,
    target: Real,
    *,
    q: Annotated[float, Param("the expectile that is predicted", gt=0, lt=1, per_row=True)] = 0.5,
) -> Array:
    """Expectile loss: squared error with different weights for the two sides.

    Its best constant is the q-expectile. At q = 0.5 it is half of mse.

    >>> expectile([1.0, 3.0], [2.0, 2.0], q=0.75)
    array([0.75, 0.25])
    """
    error = residual(pred, target)
    # The side that counts is the one that is not negative.
    value = (1 - q) * error
    np.maximum(value, -q * error, out=value)
    value *= error
    return np.abs(value, out=value)


@expectile.gradient("pred")
def _(pred: Array, target: Array, *, q: float) -> Array:
    error = pred - target
    return 2 * np.where(error >= 0, 1 - q, q) * error


@loss(
    formula="1 if abs(pred - target) > tolerance * (abs(target) if relative else 1) else 0",
    same_as={"catboost": Preset(notes=SINGLE)},
    cite="Conte, Dunsmore & Shen 1986, Software Engineering Metrics and Models (1 less PRED(25))",
    binary=True,
)
def tolerance_error(
    pred: Real,
    target: Real,
    *,
    tolerance: Annotated[float, Param("errors of up to this size count as right", ge=0)],
    relative: Annotated[bool, Param("the tolerance is a share of the size of the target")] = False,
) -> Array:
    """Tolerance error: the share of predictions that miss by more than the tolerance.

    Relative and with a tolerance of 0.25, it is 1 less PRED(25). An error that is the tolerance but for the rounding
    of decimals may count either way. There is no gradient: the value is flat wherever it is smooth.

    >>> tolerance_error([3.0, 1.25], [1.0, 1.0], tolerance=0.25)
    array([1., 0.])
    """
    return (error_size(pred, target) > tolerance * (np.abs(target) if relative else 1.0)).astype(np.float64)
