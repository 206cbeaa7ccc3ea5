"""Losses that are a certain error among all, in their order: the median, a quantile, the largest."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Any

import numpy as np

from losscli.contract.kinds import Array, Real
from losscli.contract.loss import Param, loss
from losscli.contract.presets import SEVERAL_OUTPUTS, SINGLE, Preset, Refusal, without_weights
from losscli.contract.table_scope import SortedTable, TableMean, is_plain
from losscli.losses._order import at_places, distinct

TASKS = ("regression",)
_ONE_EACH = Refusal((SEVERAL_OUTPUTS,), "scikit-learn averages one number for each output, or takes one")

_SIZES = """
    e = abs(pred - target)
    below = sum(o.weight for o in everyone if abs(o.pred - o.target) < e)
    within = sum(o.weight for o in everyone if abs(o.pred - o.target) <= e)
"""


def _quantile(table: SortedTable, q: float) -> dict[str, TableMean]:
    """The smallest error with at least a share of q up to it, and the largest with at least 1 - q from it on."""
    errors, weights = table["error"], table.weights
    share = Fraction(float(q * table.total * table.unit)) / table.unit if len(weights) else Fraction(0)
    if not len(weights):
        low = high = 0.0
    elif is_plain(weights):
        last = len(errors) - 1
        places = [min(max(-(-share // 1) - 1, 0), last), min(share // 1, last)]
        low, high = at_places(errors, places)
    else:
        known = distinct(errors, weights)
        values, upto = known.values, np.array(known.upto)
        sides: tuple[tuple[int, Any], ...] = ((-(-share // 1), "left"), (share // 1, "right"))
        places = [int(np.searchsorted(upto[1:], bound, side=side)) for bound, side in sides]
        low, high = (float(values[min(place, len(values) - 1)]) for place in places)
    return {name: _of_rows_at(table, value) for name, value in (("low", low), ("high", high))}


def _of_rows_at(table: SortedTable, value: float) -> TableMean:
    """The mean of the rows with this error: the error."""
    rows = table.take(table["error"] == value)
    return rows.mean(rows.total * Fraction(value)) if np.isfinite(value) else rows.infinite()


def _errors(pred: Array, target: Array) -> dict[str, Array]:
    error = pred - target
    return {"error": np.abs(error, out=error)}


@loss(
    formula=f"""{_SIZES}
    half = sum(o.weight for o in everyone) / 2
    low: e if below < half <= within else skip
    high: e if below <= half < within else skip
    value: (low + high) / 2
    """,
    cite="Rousseeuw & Leroy 1987, Robust Regression and Outlier Detection, doi:10.1002/0471725382",
    same_as={"catboost": without_weights(notes=SINGLE), "sklearn": Preset(refuses=(_ONE_EACH,))},
    scope="table",
    unit="table",
    sorted_by=("error",),
    exact=True,
)
def median_absolute_error(pred: Real, target: Real) -> Any:
    """Median absolute error: half of the rows are off by at most this much.

    Where two errors lie in the middle, it is halfway between them: `low` is the lower, `high` the upper. Half of the
    rows may be as wrong as they like. There is no gradient: it would be that of one or two rows.

    >>> {name: term.values.tolist() for name, term in median_absolute_error([3.0, 1.0, 9.0], [1.0, 1.0, 1.0]).items()}
    {'low': [2.0], 'high': [2.0]}
    """
    return _errors(pred, target)


@median_absolute_error.over_table
def _(table: SortedTable) -> dict[str, TableMean]:
    return _quantile(table, 0.5)


@median_absolute_error.value
def _(low: Any, high: Any) -> Any:
    return (low + high) / 2


@loss(
    formula=f"""{_SIZES}
    share = double(q * sum(o.weight for o in everyone))
    low: e if below < share <= within else skip
    high: e if below <= share < within else skip
    value: (low + high) / 2
    """,
    cite="Hyndman & Fan 1996, doi:10.1080/00031305.1996.10473566",
    scope="table",
    unit="table",
    sorted_by=("error",),
    exact=True,
)
def quantile_absolute_error(
    pred: Real,
    target: Real,
    *,
    q: Annotated[float, Param("the share of rows that are off by at most this", gt=0, lt=1)] = 0.9,
) -> Any:
    """Quantile of the absolute error: a share of q of the rows are off by at most this much.

    Where a share of exactly q lies below a gap between two errors, it is halfway between them (Hyndman and Fan's second
    definition; in NumPy, "averaged_inverted_cdf"). There is no gradient: it would be that of one or two rows.

    >>> errors = [3.0, 1.0, 9.0, 5.0]
    >>> {name: term.values.tolist() for name, term in quantile_absolute_error(errors, [0.0] * 4, q=0.75).items()}
    {'low': [5.0], 'high': [9.0]}
    """
    return _errors(pred, target)


@quantile_absolute_error.over_table
def _(table: SortedTable, *, q: float) -> dict[str, TableMean]:
    return _quantile(table, q)


@quantile_absolute_error.value
def _(low: Any, high: Any) -> Any:
    return (low + high) / 2


@loss(
    formula="""
    e = abs(pred - target)
    largest: e if e == max(abs(o.pred - o.target) for o in everyone) else skip
    value: largest
    """,
    cite="Chebyshev 1854, Théorie des mécanismes connus sous le nom de parallélogrammes",
    same_as={"sklearn": without_weights("", _ONE_EACH)},
    scope="table",
    unit="table",
    sorted_by=("error",),
    exact=True,
)
def max_error(pred: Real, target: Real) -> Any:
    """Maximum error: the largest absolute error of any row.

    One row decides it, whatever its weight above 0. There is no gradient: it would be that of one row.

    >>> max_error([3.0, 1.0, 9.0], [1.0, 1.0, 1.0])["largest"].values
    array([8.])
    """
    return _errors(pred, target)


@max_error.over_table
def _(table: SortedTable) -> dict[str, TableMean]:
    return {"largest": _of_rows_at(table, float(table["error"].max(initial=0.0)))}


@max_error.value
def _(largest: Any) -> Any:
    return largest
