"""Errors beside those of another forecast of the same rows, or beside the size of the target."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np

from losscli.contract.kinds import Array, Real
from losscli.contract.loss import Param, Term, loss
from losscli.contract.presets import SEVERAL_OUTPUTS, Refusal, without_weights
from losscli.contract.scaled import Scaled, difference
from losscli.losses._moments import product
from losscli.losses.regression import mae, mse

TASKS = ("regression",)


_ONE_COLUMN = Refusal((SEVERAL_OUTPUTS,), "the library takes one column of targets")


@loss(
    formula="""
    error: abs(pred - target)
    naive: abs(baseline - target)
    value: error / naive
    """,
    cite="Hyndman & Koehler 2006, doi:10.1016/j.ijforecast.2006.03.001",
    consistent_for="median(target)",
    same_as={"utilsforecast": without_weights("", _ONE_COLUMN)},
    aliases=("rmae",),
)
def relative_mae(pred: Real, target: Real, baseline: Real) -> Any:
    """Relative mean absolute error: that of the prediction over that of the baseline. Below 1 is better than it.

    It is a ratio of two means, not a mean of ratios. It is not Theil's U1.

    >>> terms = relative_mae([3.0, 1.0], [2.0, 4.0], [2.5, 2.0])
    >>> {name: term.values.tolist() for name, term in terms.items()}
    {'error': [1.0, 3.0], 'naive': [0.5, 2.0]}
    """
    return {"error": Term(mae.kernel(pred, target)), "naive": Term(mae.kernel(baseline, target))}


@relative_mae.scaled
def _(pred: Array, target: Array, baseline: Array) -> dict[str, Scaled]:
    return {"error": difference(pred, target).size(), "naive": difference(baseline, target).size()}


@relative_mae.value
def _(error: Any, naive: Any) -> Any:
    return error / naive


@relative_mae.gradient("pred")
def _(pred: Array, target: Array, baseline: Array) -> dict[str, Array]:
    return {"error": np.sign(pred - target), "naive": np.zeros_like(pred)}


@loss(
    formula="""
    error: (pred - target)**2
    naive: (baseline - target)**2
    value: error / naive
    """,
    cite="Theil 1966, Applied Economic Forecasting; Hyndman & Koehler 2006, doi:10.1016/j.ijforecast.2006.03.001",
    consistent_for="mean(target)",
)
def relative_mse(pred: Real, target: Real, baseline: Real) -> Any:
    """Relative mean squared error: that of the prediction over that of the baseline. Below 1 is better than it.

    Its root is Theil's U2 where the baseline is the last known value; 1 less it is the skill against the baseline.

    >>> terms = relative_mse([3.0, 1.0], [2.0, 4.0], [2.5, 2.0])
    >>> {name: term.values.tolist() for name, term in terms.items()}
    {'error': [1.0, 9.0], 'naive': [0.25, 4.0]}
    """
    return {"error": Term(mse.kernel(pred, target)), "naive": Term(mse.kernel(baseline, target))}


@relative_mse.scaled
def _(pred: Array, target: Array, baseline: Array) -> dict[str, Scaled]:
    ours, naive = difference(pred, target), difference(baseline, target)
    return {"error": ours.times(ours), "naive": naive.times(naive)}


@relative_mse.value
def _(error: Any, naive: Any) -> Any:
    return error / naive


@relative_mse.gradient("pred")
def _(pred: Array, target: Array, baseline: Array) -> dict[str, Array]:
    return {"error": 2 * (pred - target), "naive": np.zeros_like(pred)}


@loss(
    formula="""
    squared: (pred - target)**2
    y: target
    yy: double(target**2)
    yy_rest: target**2 - double(target**2)
    value: sqrt(squared / (y**2 if over == "mean" else yy + yy_rest - (y**2 if over == "std" else 0)))
    """,
    cite="Botchkarev 2019, doi:10.28945/4184",
    same_as={
        "torchmetrics": without_weights(
            "",
            Refusal((SEVERAL_OUTPUTS,), "torchmetrics gives one number for each output"),
            notes="the library divides by the mean with its sign",
        )
    },
    consistent_for="mean(target)",
    exact=True,
)
def nrmse(
    pred: Real,
    target: Real,
    *,
    over: Annotated[
        Literal["mean", "std", "rms"], Param("of the target: its mean, standard deviation or root mean square")
    ] = "mean",
) -> Any:
    """Normalized root mean squared error: rmse over the size of the target's mean, or its standard deviation.

    The standard deviation divides by the number of rows, so 1 less the square of `over=std` is R². With the mean it is
    the coefficient of variation of the error, which darts gives in percent. torchmetrics divides by the mean with its
    sign, and with "l2" by the root of the sum of squares, which gives `over=rms` less the root of the number of rows.

    >>> sorted(nrmse([1.0, 2.0], [1.0, 3.0]))
    ['squared', 'y', 'yy', 'yy_rest']
    """
    square, rest = product(target, target)
    return {"squared": Term(np.square(pred - target)), "y": Term(target), "yy": Term(square), "yy_rest": Term(rest)}


@nrmse.value
def _(squared: Any, y: Any, yy: Any, yy_rest: Any, *, over: str) -> Any:
    size = y**2 if over == "mean" else yy + yy_rest - (y**2 if over == "std" else 0)
    return np.sqrt(squared / size)


@nrmse.gradient("pred")
def _(pred: Array, target: Array, *, over: str) -> dict[str, Array]:
    nothing = np.zeros_like(pred)
    return {"squared": 2 * (pred - target), "y": nothing, "yy": nothing, "yy_rest": nothing}
