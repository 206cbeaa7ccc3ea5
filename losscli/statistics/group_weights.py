"""The weights of the groups of a mean over groups, and the standard error of such a mean.

The weight of a group is a number that all of its rows have, as the sales of a series are.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from losscli.aggregate.accumulator import RunAccumulator
from losscli.aggregate.slices import EMPTY, NULL, label_of
from losscli.binding.plan import Plan
from losscli.contract.kinds import Array
from losscli.errors import DataError
from losscli.statistics.degrees_of_freedom import of_shares, satterthwaite


def group_weights(totals: RunAccumulator) -> dict[str, float] | None:
    """Group -> its weight; None where groups have none. Rows of a group with several weights are a DataError."""
    plan, column = totals.plan, totals.plan.request.group_weight
    if column is None:
        return None
    names, place = totals.slice_index.names(), len(plan.by)
    found: dict[str, float] = {}
    for number in np.flatnonzero(totals.counts).tolist():
        group, text = names[number][place : place + 2]
        weight = _weight(plan, column, group, text)
        if found.setdefault(group, weight) != weight:
            raise _error(plan, column, f"group '{group}' has the weights {found[group]:g} and {weight:g}", None,
                         "all rows of a group have its weight")  # fmt: skip
    return found


def _weight(plan: Plan, column: str, group: str, text: str) -> float:
    """The weight that a cell says."""
    if text in (NULL, EMPTY):
        raise _error(plan, column, f"group '{group}' has a row without a weight", None, None)
    label = label_of(text)
    try:
        weight = plan.number_format.number(label) if column in plan.untyped else float(label)
    except ValueError:
        weight = None
    if weight is None or not 0 <= weight < math.inf:
        raise _error(plan, column, f"the weight of group '{group}' is no number of at least 0", label, None)
    return weight


def _error(plan: Plan, column: str, message: str, value: str | None, hint: str | None) -> DataError:
    return DataError(f"--group-weight '{column}': {message} (groups are by '{plan.request.mean_of}')", column=column,
                     value=value, hint=hint, code="DATA_OUT_OF_RANGE")  # fmt: skip


class StandardError(NamedTuple):
    """The standard error of a weighted mean, its degrees of freedom, and the effective number of units."""

    stderr: float
    df: float
    n_eff: float


def standard_error(values: Array, weights: Array) -> StandardError | None:
    """The standard error of a weighted mean of independent values; None where one of them has all of the weight.

    The variance is sum h**2 r**2 / (1 - h) of shares h and residuals r (CR2): with equal weights s**2 / n.
    """
    shares = weights / weights.sum()
    if len(shares) < 2 or (shares == 1).any():
        return None
    residuals = values - weighted_mean(values, weights)
    variance = float((shares**2 * residuals**2 / (1 - shares)).sum())
    n_eff = float(weights.sum() ** 2 / np.square(weights).sum())
    return StandardError(math.sqrt(variance), satterthwaite([1.0], *of_shares([shares])), n_eff)


def weighted_mean(values: Array, weights: Array) -> float:
    """The mean of doubles with weights, rounded once; NaN without weight, and where infinities meet."""
    if not weights.any():
        return math.nan
    if not np.isfinite(values).all():
        return float(np.sum(values[~np.isfinite(values)]))
    total = sum(map(Fraction, weights.tolist()), Fraction(0))
    return float(_products(values, weights) / total)


def weighted_sum(values: Array, weights: Array) -> float:
    """The sum of weight times value, rounded once."""
    if not np.isfinite(values).all():
        return float(np.sum(values))
    return float(_products(values, weights))


def _products(values: Array, weights: Array) -> Fraction:
    pairs: Iterable[tuple[float, float]] = zip(values.tolist(), weights.tolist(), strict=True)
    return sum((Fraction(value) * Fraction(weight) for value, weight in pairs), Fraction(0))
