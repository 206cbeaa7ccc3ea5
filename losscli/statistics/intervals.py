"""Standard errors and confidence intervals: by the delta method, or by the bootstrap."""

from __future__ import annotations

import math
from dataclasses import replace

from losscli.aggregate.hashing import sha256_words
from losscli.aggregate.required import corrects_skewness
from losscli.binding.plan import Line
from losscli.binding.signature import reduction_of
from losscli.contract.kinds import Array
from losscli.lazy import dataclass
from losscli.results import LossResult, Uncertainty
from losscli.statistics import sequential
from losscli.statistics.contribution_sums import ContributionSums
from losscli.statistics.delta_method import variance
from losscli.statistics.exact_ratio import Ratio
from losscli.statistics.finalized_sums import Slice, SliceIds
from losscli.statistics.interval_methods import (
    OF_A_DIFFERENCE,
    REQUESTED,
    EstimateTraits,
    Method,
    chosen_method,
    mean_interval,
    proportion_interval,
    transformed_mean,
    within,
)
from losscli.statistics.known_variances import KnownVariance
from losscli.statistics.linearization import Linearization, linearize
from losscli.statistics.plug_in import PlugIn, plug_in
from losscli.statistics.serial_variance import with_lags
from losscli.statistics.table_variance import with_table_interval
from losscli.statistics.variance import Variance


@dataclass(frozen=True)
class Estimate:
    """An estimated value on one slice, `count` units of the kind `unit` ("row" or "batch") it is made of.

    `traits` are what decides which interval suits it, by default those of a difference.
    """

    value: float
    count: int
    unit: str
    slice: Slice
    slice_ids: SliceIds
    traits: EstimateTraits = OF_A_DIFFERENCE


@dataclass(frozen=True)
class ConfidenceInterval:
    """A confidence interval, the standard error, and how the two were computed.

    The interval is None where all units are alike: a standard error of 0 does not say how uncertain an estimate is.
    `skewness` is that of the estimate, where it is known and the interval is one that it makes too short.
    """

    stderr: float
    interval: tuple[float, float] | None
    uncertainty: Uncertainty
    variance: Variance | None = None
    skewness: float | None = None


def with_interval(
    sums: ContributionSums, line: int, slice_: Slice, slice_ids: SliceIds, result: LossResult,
    known: KnownVariance | None = None,
) -> tuple[LossResult, str | None]:  # fmt: skip
    """A result with its standard error, confidence interval and effective sample size.

    Parameters
    ----------
    sums
        The unit statistics of the run.
    line
        The position of the line.
    slice_, slice_ids
        The slice: its name and its ids.
    result
        The estimate.
    known
        Its variance, where that is known.

    Returns
    -------
    result : LossResult
        The result; without an interval where there is none.
    note : str or None
        The text of a warning: why there is none; None where no warning is needed.
    """
    planned = sums.line(line)
    unit = sums.unit_of(line)
    if unit is None:
        if any(job.spec.loss.sorted_by for job in planned.jobs):
            return with_table_interval(sums, line, slice_ids, result)
        if any(job.spec.loss.source_roles for job in planned.jobs):
            return result, f"{result.spec}: its components have different units, so it has no standard error"
        return result, None
    linear = linearize(sums, line, slice_ids) if known is None else known.linear
    if linear is None or not math.isfinite(result.value):
        return result, _lost_digits(result) if math.isfinite(result.value) and _asks_exact(planned) else None
    n_eff = linear.effective_size if sums.weighted and unit == "row" and not sums.by_count else None
    traits = _traits(sums, line, slice_ids)
    estimate = Estimate(result.value, units_of(sums, linear, result.count), unit, slice_, slice_ids, traits)
    resampled = sums.inference.bootstrap is not None
    function = plug_in(sums, line, linear.columns, slice_ids) if resampled else None
    if known is None:
        found = confidence_interval(sums, estimate, linear, function)
    else:
        found = _interval_by_variance(sums, estimate, linear, known.variance)
    if found is None and resampled and function is None and _asks_exact(planned):
        return replace(result, n_eff=n_eff), _lost_digits(result)
    if found is None:
        what = unit if sums.inference.grouping is None else f"value of '{sums.inference.grouping}'"
        why = f"there is no standard error with only one {what} or with non-finite values"
        return replace(result, n_eff=n_eff), f"{result.spec}: {why}"
    done = result.with_uncertainty(n_eff, found.stderr, found.interval, found.uncertainty)
    told = sums.few_clusters.add(slice_, found.variance)
    if not told and found.interval is not None:
        labels = sums.rarer_label(line, slice_ids)
        sums.skewed_estimates.add(slice_, result.spec, found.skewness, found.uncertainty, labels)
    if found.interval is None and not slice_:  # slices of few rows are often so
        return done, f"{result.spec}: {_without_interval(found)}"
    return done, None


def units_of(sums: ContributionSums, linear: Linearization, count: int) -> int:
    """How many units an estimate is of, `count` of which take part: where all rows divide, all are units."""
    return max(block.units for block in linear.blocks) if sums.divisor == "rows" else count


def _asks_exact(line: Line) -> bool:
    return any(job.spec.loss.exact for job in line.jobs)


def _lost_digits(result: LossResult) -> str:
    """Why a value that is exact has no standard error from weighted values, or from resamples: they are rounded."""
    far = (
        "the columns are so far from 0 for their standard deviation that the rounding of sums would be all that is left"
    )
    return f"{result.spec}: there is no standard error: {far}; subtract a number near their mean from both"


def _without_interval(found: ConfidenceInterval) -> str:
    """Why there is no interval beside a standard error."""
    if found.stderr and found.uncertainty.reason is not None:
        return found.uncertainty.reason
    return "all values are alike, so there is no confidence interval"


def is_proportion(sums: ContributionSums, line: int) -> bool:
    """Whether the value of a line is a mean of values that are 0 or 1: none where weights do not divide."""
    planned = sums.line(line)
    return (
        len(planned.jobs) == 1
        and not (sums.weighted and sums.by_count)
        and not planned.spec.is_composite
        and planned.jobs[0].spec.loss.binary
        and reduction_of(sums.plan, planned.jobs[0]) == "mean"
    )


def _traits(sums: ContributionSums, line: int, slice_ids: SliceIds) -> EstimateTraits:
    """What decides which interval suits the value of a line; all but a function of a mean is the same in all slices."""
    traits, is_transformed = traits_of(sums, line)
    if not is_transformed:
        return traits
    parts = sums.parts(line, slice_ids) or []
    spec = sums.line(line).spec
    factor = sum(factor for factor, _ in spec.parts)
    return traits._replace(transformed=transformed_mean(parts[0], factor, spec.constant))


def traits_of(sums: ContributionSums, line: int) -> tuple[EstimateTraits, bool]:
    """What all slices of a line share, and whether its value may be a function of one mean."""
    if line not in sums.traits:
        limits = sums.limits_of(line)
        corrected = corrects_skewness(sums.inference.interval_method, limits)
        sums.traits[line] = EstimateTraits(is_proportion(sums, line), corrected, limits), _is_transformed(sums, line)
    return sums.traits[line]


def _is_transformed(sums: ContributionSums, line: int) -> bool:
    """Whether a line's value may be a function of one mean: a composite of one loss is a multiple of it."""
    planned = sums.line(line)
    alike = len({part for _, part in planned.spec.parts}) == 1 and planned.jobs[0].spec.loss.own_combine
    return alike and not sums.balanced and reduction_of(sums.plan, planned.jobs[0]) == "mean"


def confidence_interval(
    sums: ContributionSums, estimate: Estimate, linear: Linearization, function: PlugIn | None
) -> ConfidenceInterval | None:
    """The standard error and confidence interval of an estimate, by the method that the run requests.

    Parameters
    ----------
    sums
        The unit statistics of the run.
    estimate
        The estimated value.
    linear
        Its linearisation, for the delta method.
    function
        The value as a function of sums, for the bootstrap; the delta method does not use it.

    Returns
    -------
    ConfidenceInterval or None
        None where there are fewer than two units, or sums are not finite.
    """
    if sums.inference.sequential:
        return _sequential_interval(sums, estimate, linear)
    if sums.inference.bootstrap is None:
        return _interval_by_sums(sums, estimate, linear)
    if function is None:
        return None
    found = _bootstrap_interval(sums, estimate, function, sums.inference.bootstrap)
    if found is None or found.interval is not None or found.stderr or not estimate.traits.proportion:
        return found
    if sums.is_clustered(estimate.unit):
        return _interval_by_sums(sums, estimate, linear)
    alike = Variance(Ratio(0, 1), linear.effective_size - 1, constant=True)  # of rows, the bootstrap has no products
    method = chosen_method("auto", estimate.traits, alike)
    return _of_variance(sums, estimate, linear, alike, method)


def _interval_by_sums(
    sums: ContributionSums, estimate: Estimate, linear: Linearization
) -> ConfidenceInterval | None:  # fmt: skip
    """By the delta method."""
    return _interval_by_variance(sums, estimate, linear, variance(sums, linear, estimate.unit, estimate.slice_ids))


def _interval_by_variance(
    sums: ContributionSums, estimate: Estimate, linear: Linearization, found: Variance | None
) -> ConfidenceInterval | None:
    if found is None or not math.isfinite(found.stderr):
        return None
    method = chosen_method(sums.inference.interval_method, estimate.traits, found)
    return _of_variance(sums, estimate, linear, found, method)


def _sequential_interval(
    sums: ContributionSums, estimate: Estimate, linear: Linearization
) -> ConfidenceInterval | None:
    """A confidence sequence: exact for independent values that are 0 or 1, else by the mixture of t tests."""
    found = variance(sums, linear, estimate.unit, estimate.slice_ids)
    stderr = math.inf if found is None else found.stderr
    if found is None or not math.isfinite(stderr):
        return None
    level, units = sums.inference.level, _units_name(sums, estimate.unit)
    count = estimate.count if found.clusters is None else found.clusters
    if estimate.traits.proportion and not sums.weighted and not sums.is_clustered(estimate.unit):
        ends = sequential.proportion(round(estimate.value * count), count, level)
        return ConfidenceInterval(stderr, ends, Uncertainty("sequential-exact", level, units, count, found.df), found)
    method = Uncertainty("sequential", level, units, count, found.df)
    if found.constant:
        return ConfidenceInterval(stderr, None, method, found)
    wide = sequential.half_width(found.df, level) * stderr
    return ConfidenceInterval(stderr, (estimate.value - wide, estimate.value + wide), method, found)


def _of_variance(
    sums: ContributionSums, estimate: Estimate, linear: Linearization, found: Variance, method: Method
) -> ConfidenceInterval:  # fmt: skip
    """The interval of an estimate with this variance, by this method."""
    level, value = sums.inference.level, estimate.value
    count = estimate.count if found.clusters is None else found.clusters
    how = Uncertainty(method.name, level, _units_name(sums, estimate.unit), count, found.df,
                      skewness=found.skewness if method.name == "hall" else None, reason=method.reason)  # fmt: skip
    how = with_lags(how, found.lags)
    interval = skewness = None
    if method.name in ("wilson", "clopper-pearson"):
        interval = proportion_interval(method.name, value, found, linear.effective_size, level)
    elif not found.constant:
        interval, skewness = mean_interval(method.name, value, found, estimate.traits, level), found.skewness
    return ConfidenceInterval(found.stderr, interval, how, found, skewness)


def _bootstrap_interval(
    sums: ContributionSums, estimate: Estimate, function: PlugIn, resamples: int
) -> ConfidenceInterval | None:
    """By the bootstrap."""
    from losscli.statistics.bootstrap import bootstrap  # few runs need it

    level, seed = sums.inference.level, sums.inference.seed
    table = sums.cluster_table(function.columns, estimate.unit, estimate.slice_ids)
    if table is None:
        return None
    if sums.inference.time is not None:
        return _block_interval(sums, estimate, function, table)
    how = sums.inference.bootstrap_method or "bca"
    found = bootstrap(table, function.statistic, resamples, level, seed, slice_stream(estimate.slice), how)
    if found is None:
        return None
    method = Uncertainty(
        _BOOTSTRAPS[how], level, _units_name(sums, estimate.unit), len(table), None, resamples, seed,
        reason=None if sums.inference.bootstrap_method is None else REQUESTED,
    )  # fmt: skip
    if math.isnan(found.low):
        why = (
            f"{found.undefined + found.degenerate:,} of {resamples:,} bootstrap resamples have no standard error, "
            "so there is no studentised interval"
        )
        return ConfidenceInterval(found.stderr, None, replace(method, reason=why))
    interval = within((found.low, found.high), estimate.value, estimate.traits.limits) if found.stderr else None
    return ConfidenceInterval(found.stderr, interval, method, skewness=found.skewness)


_BOOTSTRAPS = {"bca": "bootstrap", "studentised": "bootstrap-t", "percentile": "bootstrap-percentile"}


def _block_interval(
    sums: ContributionSums, estimate: Estimate, function: PlugIn, table: Array
) -> ConfidenceInterval | None:
    """By the bootstrap of blocks of times."""
    from losscli.statistics.block_bootstrap import block_bootstrap

    asked = sums.inference
    assert asked.bootstrap is not None and asked.time is not None
    found = block_bootstrap(
        table, function.statistic, asked.bootstrap, asked.level, asked.seed, slice_stream(estimate.slice)
    )
    if found is None:
        return None
    method = Uncertainty("bootstrap", asked.level, asked.time, len(table), None, asked.bootstrap, asked.seed,
                         autocorrelation=found.autocorrelation, block=found.block)  # fmt: skip
    return ConfidenceInterval(found.stderr, (found.low, found.high) if found.stderr else None, method)


def _units_name(sums: ContributionSums, unit: str) -> str:
    """What is taken as a unit: "row", "batch", or the column of clusters or times."""
    cluster = sums.inference.grouping
    return cluster if cluster is not None and unit == "row" else unit


def slice_stream(slice_: Slice) -> tuple[int, ...]:
    """The random stream of a slice.

    Parameters
    ----------
    slice_
        The texts of the slice.

    Returns
    -------
    tuple of int
        Hashes of the texts: the draws of a slice do not depend on what else is scored.
    """
    return tuple(int(word) for word in sha256_words(slice_))
