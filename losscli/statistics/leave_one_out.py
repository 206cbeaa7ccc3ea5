"""The influence of single units: what a value, or a difference of two models, would be without each of them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from losscli.aggregate.exact_sum import ONE, rounded
from losscli.aggregate.hashed_clusters import MAX_CLUSTERS
from losscli.aggregate.required import compared_lines
from losscli.aggregate.wide_sum import Exact
from losscli.contract.kinds import Array
from losscli.results import InfluenceResult, LossResult, RemovedUnit
from losscli.statistics.contribution_sums import Column, ContributionSums
from losscli.statistics.finalized_sums import Slice, SliceIds
from losscli.statistics.linearization import linearize
from losscli.statistics.plug_in import PlugIn, plug_in

_SHOWN = 10  # units a value


class _Value(NamedTuple):
    """A value as a function of sums; `weight` is the position of a column that weighs its units."""

    function: PlugIn
    value: float
    unit: str
    weight: int


def influences(
    sums: ContributionSums, slices: Mapping[Slice, SliceIds], results: Mapping[tuple[int, Slice], LossResult]
) -> Iterator[InfluenceResult | str]:
    """For each value, and each difference of two, the units whose removal changes it most: of all rows, then of slices.

    The value without a unit is what the loss makes of the sums without it, each rounded once: no approximation.

    Parameters
    ----------
    sums
        The unit statistics of the run.
    slices
        Slice -> its ids; all rows are the slice ().
    results
        The estimate of each line on each slice.

    Yields
    ------
    InfluenceResult or str
        Up to ten units, by the size of the change; a text why there are none.
    """
    alone: list[InfluenceResult] = []
    for slice_, slice_ids in slices.items():
        for found in _of_slice(sums, slice_ids, {line: one for (line, of), one in results.items() if of == slice_}):
            if found.count == 1:
                alone.append(found)
            else:
                yield found
    if alone:
        are = f"and {len(alone) - 1:,} more are" if len(alone) > 1 else "is"
        yield (f"{_named(alone[0])} {are} of a single unit: without it nothing is left, so no influence is shown")
    if sums.units_are_merged:
        yield (
            f"there are more than {MAX_CLUSTERS:,} units, so the influence of single ones is not known; "
            "--cluster COL makes fewer"
        )


def _of_slice(
    sums: ContributionSums, slice_ids: SliceIds, results: Mapping[int, LossResult]
) -> Iterator[InfluenceResult]:  # fmt: skip
    """Those of one slice, from the estimate of each line there."""
    values = {line: _value(sums, line, slice_ids, result) for line, result in results.items()}
    for line, found in values.items():
        if found is not None:
            removed, count = _removed(sums, found, slice_ids)
            yield _result(sums, results[line], None, found, removed, count)
    for first, second in compared_lines(sums.plan):
        ours = values[first]
        theirs = values[second] if second >= 0 else None  # an earlier run has no result here
        if ours is not None and theirs is not None:
            both = _Value(ours.function.minus(theirs.function), ours.value - theirs.value, ours.unit, ours.weight)
            removed, count = _removed(sums, both, slice_ids)
            yield _result(sums, results[first], results[second].model, both, removed, count)


def _named(found: InfluenceResult) -> str:
    """`mse of a, day=1`, or of the difference of two models `mse of a - b, day=1`."""
    models = " - ".join(filter(None, (found.model, found.against)))
    return f"{found.spec}{f' of {models}' if models else ''}{''.join(f', {k}={v}' for k, v in found.by.items())}"


def _result(
    sums: ContributionSums, result: LossResult, against: str | None, found: _Value,
    removed: list[RemovedUnit], count: int,
) -> InfluenceResult:  # fmt: skip
    units = sums.inference.grouping if found.unit == "row" and sums.inference.grouping is not None else found.unit
    return InfluenceResult(result.model, against, result.loss, result.spec, units, count, found.value, tuple(removed),
                           result.by)  # fmt: skip


def _value(
    sums: ContributionSums, line: int, slice_ids: SliceIds, result: LossResult
) -> _Value | None:  # fmt: skip
    """None where the value is undefined, or its parts are about different units, or of very many."""
    unit, value = sums.unit_of(line), result.value
    linear = linearize(sums, line, slice_ids)
    if unit is None or linear is None or not math.isfinite(value) or sums.units_are_merged:
        return None
    columns = linear.columns
    function = plug_in(sums, line, columns, slice_ids)
    weights = [position for position, one in enumerate(columns) if sums.is_weight(one)]
    return None if function is None or not weights else _Value(function, value, unit, weights[0])


def _removed(sums: ContributionSums, found: _Value, slice_ids: SliceIds) -> tuple[list[RemovedUnit], int]:
    """The units whose removal changes a value most, and how many units take part."""
    columns = found.function.columns
    exact = sums.cluster_columns(columns, found.unit, slice_ids)
    if exact is None:
        return [], 0
    kept = [position for position, row in enumerate(zip(*exact, strict=True)) if any(row)]
    if len(kept) == 1:  # without it nothing is left
        return [], 1
    labels = sums.unit_labels(columns, found.unit, slice_ids)
    without = np.array([_without(column, kept) for column in exact]).T
    values = np.asarray(found.function.statistic(without), np.float64)
    shares = _shares(exact, _weights(sums, columns, found.weight), kept)
    changes = values - found.value
    order = sorted(range(len(kept)), key=lambda at: (-_size(float(changes[at])), labels[kept[at]]))
    shown = [
        RemovedUnit(labels[kept[at]], float(values[at]), float(changes[at]), float(shares[at])) for at in order[:_SHOWN]
    ]
    return shown, len(kept)


def _without(column: list[Exact], kept: list[int]) -> list[float]:
    """The sum of a column without each of the kept units."""
    total = sum(column)
    return [rounded(total - column[position], ONE) for position in kept]


def _weights(sums: ContributionSums, columns: tuple[Column, ...], first: int) -> list[int]:
    """The positions of the columns that weigh the units: that of each class where classes have columns of their own."""
    return [at for at, one in enumerate(columns) if one.contribution == columns[first].contribution]


def _shares(exact: list[list[Exact]], weights: list[int], kept: list[int]) -> Array:
    """The share of each kept unit in the weight."""
    each = [sum(exact[at][position] for at in dict.fromkeys(weights)) for position in kept]
    whole = sum(each)
    return np.array([rounded(one, whole) if whole else math.nan for one in each])


def _size(change: float) -> float:
    """How large a change is; one that leaves the value undefined is the largest."""
    return math.inf if math.isnan(change) else abs(change)
