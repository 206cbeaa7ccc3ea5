"""Differences between slices: of each slice and the rest of the rows, or one that all others are compared with."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

import numpy as np

from losscli.binding.request import read_slice
from losscli.errors import UsageError, did_you_mean
from losscli.lazy import dataclass
from losscli.results import LossResult, SliceDifference, Uncertainty
from losscli.results.directions import compared, is_lower_better
from losscli.statistics.clustered_variance import clustered_variance
from losscli.statistics.contribution_sums import Column, ContributionSums
from losscli.statistics.delta_method import variance
from losscli.statistics.estimates import value_on
from losscli.statistics.exact_ratio import scaled_doubles, sum_of_ratios
from losscli.statistics.finalized_sums import Slice, SliceIds, rest_of
from losscli.statistics.hypothesis_tests import paired_t
from losscli.statistics.intervals import is_proportion
from losscli.statistics.linearization import Block, Linearization, linearize
from losscli.statistics.maximum import Maximum
from losscli.statistics.multiple_testing import adjusted
from losscli.statistics.plug_in import plug_in_value
from losscli.statistics.proportions import newcombe, newcombe_p, score_size
from losscli.statistics.simultaneous import Member, maximum, of_all
from losscli.statistics.student_t import prepare_quantiles, t_interval
from losscli.statistics.variance import Variance

Results = Mapping[tuple[int, Slice], LossResult]
Found = Mapping[Slice, SliceIds]
_NOT_SHOWN, _UNDEFINED = "no difference shown", "undefined"
_MOST_SLICES = 2000  # the rest of each is all others, which takes so many squared sums


@dataclass(frozen=True)
class _Side:
    """A line on one slice, or on the rest."""

    value: float
    count: int
    slice_ids: SliceIds
    linear: Linearization | None
    variance: Variance | None
    by: Mapping[str, str] | None = None  # the name of the slice


@dataclass(frozen=True)
class _Difference:
    """A difference without its interval; `interval` makes the interval of a confidence level."""

    result: SliceDifference
    direction: str
    member: Member
    common: float = 0.0  # the part of the variance that is of the other side
    interval: Callable[[float], tuple[float, float]] | None = None


def slice_differences(
    sums: ContributionSums, found: Found, results: Results
) -> dict[tuple[int, Slice], SliceDifference]:
    """The differences between slices that a run requests.

    Parameters
    ----------
    sums
        The unit statistics of the run.
    found
        Slice -> its ids.
    results
        The estimate of each line on each slice.

    Returns
    -------
    dict
        Line and slice -> its difference from the rest of the rows, or from the slice that the request names. The
        differences of a line are a family, within which p-values are adjusted; of two slices, each the rest of the
        other, there is but one.

    Raises
    ------
    UsageError
        The slice that the others are compared with is not there, or there are too many slices.
    """
    between = sums.inference.between
    differences: dict[tuple[int, Slice], SliceDifference] = {}
    if between is None:
        return differences
    slices = [slice_ for slice_ in found if slice_]
    reference = None if between == "rest" else _reference(between, sums.plan.by, slices)
    if len(slices) < 2:
        return differences
    if reference is None and len(slices) > _MOST_SLICES:
        raise UsageError(f"--between rest is for at most {_MOST_SLICES:,} slices; there are {len(slices):,}",
                         hint="--between COL=VALUE compares with one slice", code="USAGE_BAD_VALUE")  # fmt: skip
    compared = [slice_ for slice_ in slices if slice_ != reference]
    for line in range(len(sums.plan.lines)):
        other = None
        if reference is not None:  # once: each slice is compared with it
            named = results[line, reference]
            other = _side(sums, line, found[reference], named.value, named.count, named.by)
        own = [_difference(sums, line, slice_, other, found, results) for slice_ in compared]
        # Of two slices, the one difference is that of the other with another sign.
        families = [[one] for one in own] if reference is None and len(own) == 2 else [own]
        done = [one for family in families for one in _family(sums, family, reference)]
        differences |= {(line, slice_): one for slice_, one in zip(compared, done, strict=True)}
    return differences


def _reference(between: str, by: tuple[str, ...], slices: list[Slice]) -> Slice:
    """The slice that others are compared with."""
    named = read_slice(between)
    wanted = tuple(named[column] for column in by)
    if wanted not in slices:
        known = [",".join(f"{c}={v}" for c, v in zip(by, one, strict=True)) for one in slices]
        raise UsageError(f"--between {between}: there is no such slice", code="USAGE_BAD_VALUE",
                         hint=did_you_mean(between, known, f"the slices are: {'; '.join(known[:10])}"))  # fmt: skip
    return wanted


def _difference(
    sums: ContributionSums, line: int, slice_: Slice, reference: _Side | None, found: Found, results: Results
) -> _Difference:
    """A line on one slice against another, or the rest."""
    ours = results[line, slice_]
    one = _side(sums, line, found[slice_], ours.value, ours.count)
    other = _rest(sums, line, slice_, found, results) if reference is None else reference
    result = SliceDifference(
        against=other.by, value=other.value, count=other.count, difference=ours.value - other.value,
        verdict=_NOT_SHOWN, adjustment=sums.inference.adjust,
    )  # fmt: skip
    unit = sums.unit_of(line)
    nothing = _Difference(result, ours.direction, Member((), unit or "row", line))
    if unit is None or one.linear is None or other.linear is None or not math.isfinite(result.difference):
        return nothing
    return _uncertain(sums, line, unit, nothing, (one, other))


def _rest(sums: ContributionSums, line: int, slice_: Slice, found: Found, results: Results) -> _Side:
    """A line on the rows that a slice does not have."""
    rest = rest_of(sums.totals, found[()], found[slice_])
    count = results[line, ()].count - results[line, slice_].count
    by_table = any(job.spec.loss.sorted_by for job in sums.line(line).jobs)
    value = value_on(sums.totals, sums.line(line), rest) if by_table else plug_in_value(sums, line, rest)
    return _side(sums, line, rest, value, count)


def _side(
    sums: ContributionSums, line: int, slice_ids: SliceIds, value: float, count: int,
    by: Mapping[str, str] | None = None,
) -> _Side:  # fmt: skip
    unit = sums.unit_of(line)
    linear = None if unit is None else linearize(sums, line, slice_ids)
    found = None if unit is None or linear is None else variance(sums, linear, unit, slice_ids)
    return _Side(value, count, slice_ids, linear, found, by)


def _uncertain(
    sums: ContributionSums, line: int, unit: str, nothing: _Difference, sides: tuple[_Side, _Side]
) -> _Difference:
    """The difference with its standard error and p-value."""
    one, other = sides
    assert one.linear is not None
    assert other.linear is not None
    shared = sums.is_clustered(unit) and sums.share_clusters(unit, one.slice_ids, other.slice_ids)
    found = _joint(sums, unit, sides) if shared else _independent(one.variance, other.variance)
    if found is None or not math.isfinite(found.stderr):
        return nothing
    inference, difference = sums.inference, nothing.result.difference
    units = inference.cluster if inference.cluster is not None and unit == "row" else unit
    count = one.count + other.count if found.clusters is None else found.clusters
    how = Uncertainty("t", inference.level, units, count, found.df)
    t: float | None = None
    p: float | None
    interval: Callable[[float], tuple[float, float]] | None = None
    if is_proportion(sums, line) and not shared:
        pair = _scores(one), _scores(other)
        how, p = replace(how, method="newcombe"), newcombe_p(*pair)
        interval = partial(newcombe, *pair)
    elif found.constant:
        p = paired_t(difference, found.stderr, found.df)[1]
        p = None if math.isnan(p) else p
    else:
        t, p = paired_t(difference, found.stderr, found.df)
        interval = partial(t_interval, difference, found.stderr, found.df)
    member, common = nothing.member, 0.0
    if inference.adjust == "max-t":  # nothing else needs them, and of very many slices they fill the memory
        parts = (one.linear, one.slice_ids), (_negative(other.linear), other.slice_ids)
        member = member if found.constant else Member(parts, unit, line)
        if one.variance is not None and other.variance is not None and found.stderr:
            common = min(1.0, (other.variance.stderr / found.stderr) ** 2)
    result = replace(nothing.result, stderr=found.stderr, uncertainty=how, t=t, p=p)
    return _Difference(result, nothing.direction, member, common, interval)


def _scores(side: _Side) -> tuple[float, float, float]:
    """What is compared of a proportion whose units are not those of the other: its value, its size and its df."""
    assert side.variance is not None
    assert side.linear is not None
    size = score_size(side.value, side.variance, side.linear.effective_size)
    return side.value, size, math.inf if side.variance.clusters is None else side.variance.df


def _independent(one: Variance | None, other: Variance | None) -> Variance | None:
    """The variance of a difference of slices without common units, with the degrees of freedom of Welch (1947)."""
    if one is None or other is None:
        return None
    total = sum_of_ratios([one.value, other.value])
    constant = one.constant and other.constant
    first, second = scaled_doubles([one.value, other.value])[0]
    df = min(one.df, other.df)
    if first or second:
        share = first / (first + second)
        df = 1 / (share**2 / one.df + (1 - share) ** 2 / other.df)
    clusters = None if one.clusters is None or other.clusters is None else one.clusters + other.clusters
    return Variance(total, df, constant, clusters)


def _joint(sums: ContributionSums, unit: str, sides: tuple[_Side, _Side]) -> Variance | None:
    """The variance of a difference of slices that share clusters: of each, what it adds to one less to the other."""
    one, other = (side.linear for side in sides)
    assert one is not None
    assert other is not None
    placed = Linearization(tuple(_placed(block) for block in _negative(other).blocks), other.effective_size)
    columns = [(column, sides[0].slice_ids) for column in one.columns]
    columns += [(column, sides[1].slice_ids) for column in placed.columns]
    table = sums.joint_cluster_columns(columns, unit)
    if table is None:
        return None
    return clustered_variance(one.blocks + placed.blocks, dict(zip([c for c, _ in columns], table, strict=True)))


def _negative(linear: Linearization) -> Linearization:
    nothing = Linearization((), linear.effective_size)
    return nothing.minus(linear)


def _placed(block: Block) -> Block:
    """The block of the second slice: its sums are others than those of the first."""

    def placed(column: Column) -> Column:
        return column._replace(place=1)

    return block._replace(coefficients={placed(one): by for one, by in block.coefficients.items()},
                          weight=None if block.weight is None else placed(block.weight))  # fmt: skip


def _family(sums: ContributionSums, family: list[_Difference], reference: Slice | None) -> list[SliceDifference]:
    """The differences of one line with intervals, adjusted p-values and verdicts."""
    level, method = sums.inference.level, sums.inference.adjust
    joint = _maximum(sums, family, reference) if method == "max-t" else None
    found = [one.result.p for one in family]
    by_maximum = None if joint is None else [math.nan if p is None else joint.adjusted(p) for p in found]
    ps = by_maximum or adjusted(found, method)
    pointwise = level if joint is None else joint.pointwise(level)
    hows = [one.result.uncertainty for one in family if one.interval is not None]
    prepare_quantiles((1 - pointwise) / 2, [how.df for how in hows if how is not None and how.df is not None])
    done = []
    for one, p in zip(family, ps, strict=True):
        interval = None if one.interval is None else one.interval(pointwise)
        how = one.result.uncertainty
        if how is not None and joint is not None and interval is not None:
            how = of_all(replace(how, level=pointwise), level, joint.size)
        p_adjusted = None if math.isnan(p) else p
        shown = _verdict(one, interval, p_adjusted, level)
        done.append(replace(one.result, interval=interval, uncertainty=how, p_adjusted=p_adjusted, verdict=shown))
    return done


def _maximum(sums: ContributionSums, family: list[_Difference], reference: Slice | None) -> Maximum:
    """The largest of the differences of a line.

    Those from one slice have its variance in common (Dunnett 1955, doi:10.1080/01621459.1955.10501294). Those from the
    rest have a little of each other in it, which is on the safe side to leave out (Sidak 1967).
    """
    known = [one for one in family if one.interval is not None]
    if known and sums.is_clustered(known[0].member.unit):
        return maximum(sums, [one.member for one in known])
    if reference is None:
        return maximum(sums, [replace(one.member, parts=()) for one in known])
    roots = np.sqrt([one.common for one in known if one.member.parts])
    correlations = np.outer(roots, roots)
    np.fill_diagonal(correlations, 1.0)
    alone = [np.ones((1, 1))] * (len(known) - len(roots))
    return Maximum([*([correlations] if len(roots) else []), *alone], sums.inference.seed, ())


def _verdict(one: _Difference, interval: tuple[float, float] | None, p: float | None, level: float) -> str:
    """What a difference shows of its slice: both the interval and the adjusted p-value must tell."""
    result, direction = one.result, one.direction
    if not math.isfinite(result.difference):
        return _UNDEFINED
    if p is None or p >= 1 - level:
        return _NOT_SHOWN
    if interval is None or interval[0] <= 0 <= interval[1]:
        return _NOT_SHOWN
    value = result.value + result.difference
    if direction == "zero" and (value < 0) != (result.value < 0):  # nothing here tests which is nearer to 0
        return _NOT_SHOWN
    nearer = compared(direction, value) < compared(direction, result.value)
    return "better" if nearer == is_lower_better(direction) else "worse"
