"""How far predictions lie above or below the target on average: best at 0, on neither side of it."""

from __future__ import annotations

from typing import Any

import numpy as np

from losscli.contract.kinds import Array, Real
from losscli.contract.loss import Term, loss
from losscli.contract.presets import SEVERAL_OUTPUTS, Refusal, without_weights
from losscli.contract.scaled import Scaled, difference

TASKS = ("regression",)


@loss(
    formula="pred - target",
    cite="Murphy 1988, doi:10.1175/1520-0493(1988)116<2417:SSBOTM>2.0.CO;2; Jolliffe & Stephenson 2012, 5.2",
    direction="zero",
    same_as={
        "utilsforecast": without_weights("", Refusal((SEVERAL_OUTPUTS,), "the library takes one column of targets"))
    },
    aliases=("mean_error",),
)
def bias(pred: Real, target: Real) -> Array:
    """Bias (mean error): above 0 where predictions are too high on average, below where they are too low.

    It is best at 0: gates, rankings and comparisons take its size, and reports its sign too. Predictions of which each
    is far off may have no bias.

    >>> bias([3.0, 1.5], [1.0, 2.0])
    array([ 2. , -0.5])
    """
    return pred - target


@bias.scaled
def _(pred: Array, target: Array) -> Scaled:
    return difference(pred, target)


@bias.gradient("pred")
def _(pred: Array, target: Array) -> Array:
    return np.ones_like(pred)


@loss(
    formula="""
    error: pred - target
    size: target
    value: error / size
    """,
    cite="Moriasi et al. 2007, doi:10.13031/2013.23153; hydroeval.pbias",
    direction="zero",
    aliases=("pbias", "relative_bias"),
)
def percent_bias(pred: Real, target: Real) -> Any:
    """Percent bias: the sum of the errors over the sum of the targets, as a share; above 0 where predictions are high.

    It is best at 0, as bias is. Libraries multiply it by 100, and hydroeval's has the other sign: above 0 is too low.

    >>> {name: term.values.tolist() for name, term in percent_bias([3.0, 1.5], [1.0, 2.0]).items()}
    {'error': [2.0, -0.5], 'size': [1.0, 2.0]}
    """
    return {"error": Term(pred - target), "size": Term(target)}


@percent_bias.scaled
def _(pred: Array, target: Array) -> dict[str, Scaled]:
    return {"error": difference(pred, target)}


@percent_bias.value
def _(error: Any, size: Any) -> Any:
    return error / size


@percent_bias.gradient("pred")
def _(pred: Array, target: Array) -> dict[str, Array]:
    return {"error": np.ones_like(pred), "size": np.zeros_like(pred)}
