"""Results with their standard errors and intervals, and the comparisons that a run was asked for."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from losscli.aggregate.hashing import text_words
from losscli.aggregate.required import unit_of
from losscli.contract.kinds import Array
from losscli.results import LossResult, Uncertainty
from losscli.statistics.bootstrap import bootstrap
from losscli.statistics.delta_method import Form, LossUncertainty
from losscli.statistics.estimates import Slice, WeightedSliceId
from losscli.statistics.hypothesis_tests import root
from losscli.statistics.student_t import t_interval


@dataclass(frozen=True)
class _Spread:
    """The spread of one number."""

    stderr: float
    interval: tuple[float, float]
    uncertainty: Uncertainty


def with_interval(
    spread: LossUncertainty,
    number: int,
    slice_ids: list[WeightedSliceId],
    name: Slice,
    result: LossResult,
    notes: dict[str, None],
) -> LossResult:
    line = spread.plan.lines[number]
    unit = unit_of(line)
    if unit is None:
        if any(job.spec.loss.source_roles for job in line.jobs):
            notes[f"{result.spec}: its components have different units, so it has no standard error"] = None
        return result
    form = spread.form(number, slice_ids)
    if form is None or not math.isfinite(result.value):
        return result
    n_eff = form.units if spread.weighted and unit == "row" and not spread.by_count else None
    shares = form.shares
    asked = Asked(unit, slice_ids, name, result.value, result.count)
    said = spread_of(spread, asked, form, shares, spread.statistic(number, shares, slice_ids))
    if said is None:
        what = unit if spread.asked.cluster is None else f"value of '{spread.asked.cluster}'"
        why = f"there is no standard error with only one {what} or with non-finite values"
        notes[f"{result.spec}: {why}"] = None
        return replace(result, n_eff=n_eff)
    return replace(result, n_eff=n_eff, stderr=said.stderr, interval=said.interval, uncertainty=said.uncertainty)


@dataclass(frozen=True)
class Asked:
    """The number whose spread is asked for: what its units are, where it stands, and what it is."""

    unit: str
    slice_ids: list[WeightedSliceId]
    slice: Slice
    value: float
    count: int


def spread_of(
    spread: LossUncertainty, of: Asked, form: Form, shares: list[int], statistic: Callable[[Array], Array] | None
) -> _Spread | None:
    """The standard error and interval of a number, by the way that was asked for."""
    asked = spread.asked
    units = asked.cluster if asked.cluster is not None and of.unit == "row" else of.unit
    if asked.bootstrap is not None:
        table = spread.table(shares, of.unit, of.slice_ids)
        drawn = None if table is None or statistic is None else bootstrap(
            table, statistic, asked.bootstrap, asked.level, asked.seed, slice_words(of.slice)
        )  # fmt: skip
        if drawn is None or table is None:
            return None
        how = Uncertainty("bootstrap", asked.level, units, len(table), None, asked.bootstrap, asked.seed)
        return _Spread(drawn.stderr, (drawn.low, drawn.high), how)
    found = spread.variance(form, of.unit, of.slice_ids)
    stderr = math.inf if found is None else root(found[0])
    if found is None or not math.isfinite(stderr):
        return None
    count = round(found[1] + 1) if spread.by_parts(of.unit) else of.count
    how = Uncertainty("t", asked.level, units, count, found[1])
    return _Spread(stderr, t_interval(of.value, stderr, found[1], asked.level), how)


def slice_words(name: Slice) -> tuple[int, ...]:
    """Numbers of a slice's texts: each slice draws by itself, whatever else is scored."""
    return tuple(int(word) for word in text_words(name))


# -- models against each other -----------------------------------------------------------------------------------------
