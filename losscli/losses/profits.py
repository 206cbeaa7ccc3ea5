"""Losses of profits and returns: of what was gained, without a target."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np

from losscli.contract.kinds import Array, Real
from losscli.contract.loss import Param, Term, loss
from losscli.contract.scores import Score
from losscli.losses._moments import product

TASKS = ("profits and returns",)


@loss(
    formula="(exp(-risk_aversion * pred) - 1) / risk_aversion",
    cite="Arrow 1965, Aspects of the Theory of Risk-Bearing; Pratt 1964, doi:10.2307/1913738",
    optimum=None,
)
def utility_loss(
    pred: Real,
    *,
    risk_aversion: Annotated[
        float, Param("Arrow and Pratt's coefficient, in 1 over the unit of the profit", gt=0)
    ] = 1.0,
) -> Array:
    """Utility loss of profits or returns: minus the exponential (CARA) utility. Losses cost more than gains bring.

    A row is a profit. Near 0 it is minus the profit; with little risk aversion it is so everywhere.

    >>> utility_loss([1.0, -1.0]).round(4)
    array([-0.6321,  1.7183])
    """
    return np.expm1(-risk_aversion * pred) / risk_aversion


@utility_loss.gradient("pred")
def _(pred: Array, *, risk_aversion: float) -> Array:
    return -np.exp(-risk_aversion * pred)


@loss(
    formula="""
    r: pred
    rr: double(pred**2)
    rr_rest: pred**2 - double(pred**2)
    value: -sqrt(periods) * r / sqrt(rr + rr_rest - r**2)
    """,
    cite="Sharpe 1966, doi:10.1086/294846; Sharpe 1994, doi:10.3905/jpm.1994.409501",
    optimum=None,
    exact=True,
    scores=(
        Score(
            "sharpe_ratio",
            """Sharpe ratio of returns: their mean over their standard deviation. Higher is better.

            Give excess returns, with the risk-free rate subtracted. The standard deviation is that of the rows (divided
            by their number).

            >>> sorted(sharpe_ratio([0.5, 2.0]))
            ['r', 'rr', 'rr_rest']
            """,
            constant=0.0,
        ),
    ),
)
def sharpe_loss(
    pred: Real,
    *,
    periods: Annotated[float, Param("periods in the time that the ratio is for: 252 makes days a year", gt=0)] = 1.0,
) -> Any:
    """Minus the Sharpe ratio of returns: their mean over their standard deviation, of all rows.

    A row is the return of one period. The standard deviation is divided by the number of rows, not by one less.
    Constant returns have no finite ratio.

    >>> sorted(sharpe_loss([0.5, 2.0]))
    ['r', 'rr', 'rr_rest']
    """
    square, rest = product(pred, pred)
    return {"r": Term(pred), "rr": Term(square), "rr_rest": Term(rest)}


@sharpe_loss.value
def _(r: Any, rr: Any, rr_rest: Any, *, periods: float) -> Any:
    return -np.sqrt(periods) * r / np.sqrt(rr + rr_rest - r**2)


@sharpe_loss.gradient("pred")
def _(pred: Array, *, periods: float) -> dict[str, Array]:
    return {"r": np.ones_like(pred), "rr": np.zeros_like(pred), "rr_rest": 2 * pred}
