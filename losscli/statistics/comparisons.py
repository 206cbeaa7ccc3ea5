"""Comparisons of two models on the same rows: paired differences, their tests, and what they show."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from losscli.aggregate.required import compared_lines
from losscli.results import ComparisonResult, LossResult, PairedTest, Uncertainty
from losscli.statistics.contribution_sums import ContributionSums
from losscli.statistics.delta_method import variance
from losscli.statistics.finalized_sums import Slice, SliceIds
from losscli.statistics.hypothesis_tests import holm, mcnemar, paired_t
from losscli.statistics.intervals import ConfidenceInterval, Estimate, confidence_interval, is_proportion, slice_stream
from losscli.statistics.linearization import Linearization, linearize
from losscli.statistics.permutation import exchanges, permutation_test
from losscli.statistics.plug_in import PlugIn, plug_in, plug_in_value

_NOT_SHOWN, _UNDEFINED = "no difference shown", "undefined"
_FEW_UNITS = 20  # of fewer, the permutation test decides


@dataclass(frozen=True)
class _Pair:
    """Two lines of the plan, by their positions, on one slice."""

    first: int
    second: int
    slice: Slice
    slice_ids: SliceIds


@dataclass(frozen=True)
class _UnadjustedComparison:
    """A comparison whose p-values are not yet adjusted for the other comparisons of its family."""

    result: ComparisonResult
    slice: Slice
    p_t: float | None = None
    p_permutation: float | None = None
    p_mcnemar: float | None = None


def comparisons(
    sums: ContributionSums, found: Mapping[Slice, SliceIds], results: Mapping[tuple[int, Slice], LossResult]
) -> Iterator[ComparisonResult]:
    """The comparisons that a run requests.

    Parameters
    ----------
    sums
        The unit statistics of the run.
    found
        Slice -> its ids.
    results
        The estimate of each line on each slice.

    Yields
    ------
    ComparisonResult
        Each requested pair of models on each slice. The comparisons of one loss on one slice are a family, within
        which p-values are adjusted (Holm).
    """
    unadjusted = [
        _compare(sums, _Pair(first, second, slice_, slice_ids), results)
        for first, second in compared_lines(sums.plan)
        for slice_, slice_ids in found.items()
    ]
    families: dict[tuple[str, Slice], list[_UnadjustedComparison]] = {}
    for comparison in unadjusted:
        families.setdefault((comparison.result.spec, comparison.slice), []).append(comparison)
    adjusted: dict[int, ComparisonResult] = {}
    for family in families.values():
        adjusted.update(zip(map(id, family), _adjusted(family), strict=True))
    return (adjusted[id(comparison)] for comparison in unadjusted)


def _adjusted(family: list[_UnadjustedComparison]) -> Iterator[ComparisonResult]:
    """The comparisons of a family with adjusted p-values and verdicts."""
    adjusted = (holm([getattr(c, name) for c in family]) for name in ("p_t", "p_permutation", "p_mcnemar"))
    for comparison, p_t, p_permutation, p_mcnemar in zip(family, *adjusted, strict=True):
        result = replace(
            comparison.result,
            t_test=_paired_test(comparison.p_t, p_t),
            permutation=_paired_test(comparison.p_permutation, p_permutation),
            mcnemar=_paired_test(comparison.p_mcnemar, p_mcnemar),
        )
        yield replace(result, verdict=verdict(result))


def _paired_test(p: float | None, adjusted: float | None) -> PairedTest | None:
    return None if p is None or adjusted is None else PairedTest(p, adjusted)


def verdict(result: ComparisonResult) -> str:
    """What a comparison shows of its first model.

    Parameters
    ----------
    result
        A comparison with its interval and tests.

    Returns
    -------
    str
        "better" or "worse" where both the confidence interval of the difference leaves out 0 and the p-value of the
        test that decides, adjusted for the other comparisons of its family, is below 1 - level; "undefined" where the
        difference is not finite. Else "no difference shown".
    """
    if not math.isfinite(result.difference):
        return _UNDEFINED
    if result.uncertainty is None or not result.difference:
        return _NOT_SHOWN
    if result.interval is not None and result.interval[0] <= 0 <= result.interval[1]:
        return _NOT_SHOWN
    p = _deciding_p(result, result.uncertainty)
    if p is not None and p >= 1 - result.uncertainty.level:
        return _NOT_SHOWN
    return "better" if (result.difference < 0) == (result.direction == "lower") else "worse"


def _deciding_p(result: ComparisonResult, uncertainty: Uncertainty) -> float | None:
    """The adjusted p-value of the test that decides: McNemar's of losses that are 0 or 1, else Student's t.

    Of few units it is that of the permutation test, which does not ask how their values are distributed. Where all
    units differ by the same, it is 2 / 2**units: that of the exchanges which leave all signs alike.
    """
    few = uncertainty.count < _FEW_UNITS or result.interval is None
    decides = result.mcnemar or (few and result.permutation) or result.t_test
    if decides:
        return decides.holm
    return 2.0 ** (1 - uncertainty.count) if result.interval is None else None


def _compare(
    sums: ContributionSums, pair: _Pair, results: Mapping[tuple[int, Slice], LossResult]
) -> _UnadjustedComparison:
    """Two lines on one slice."""
    result = _difference(sums, pair, results)
    unit = sums.unit_of(pair.first)
    first, second = (linearize(sums, line, pair.slice_ids) for line in (pair.first, pair.second))
    if unit is None or first is None or second is None or not math.isfinite(result.difference):
        return _UnadjustedComparison(result, pair.slice)
    linear = first.minus(second)
    ours = theirs = None
    if sums.inference.bootstrap is not None or sums.inference.permutations:
        ours = plug_in(sums, pair.first, first.columns, pair.slice_ids)
        theirs = plug_in(sums, pair.second, second.columns, pair.slice_ids)
    both = None if ours is None or theirs is None else ours.minus(theirs)
    estimate = Estimate(result.difference, result.count, unit, pair.slice, pair.slice_ids)
    interval = confidence_interval(sums, estimate, linear, both)
    if interval is not None:
        result = replace(
            result, stderr=interval.stderr, interval=interval.interval, uncertainty=interval.uncertainty
        )  # fmt: skip
    result = replace(result, margins=_margins(sums, estimate, result, (first, second), (ours, theirs)))
    permuted = _permuted(sums, pair, unit, ours, theirs)
    if permuted is not None:
        result = replace(result, permutations=permuted[1])
    found = _with_t_test(sums, result, estimate, linear, interval)
    return replace(
        found,
        p_permutation=None if permuted is None else permuted[0],
        p_mcnemar=_mcnemar_p(sums, pair, unit, result),
    )


def _margins(
    sums: ContributionSums, estimate: Estimate, result: ComparisonResult,
    linear: tuple[Linearization, Linearization], functions: tuple[PlugIn | None, PlugIn | None],
) -> dict[Fraction, tuple[float, float]]:  # fmt: skip
    """For each relative margin the interval of the value less that multiple of the other that is so much worse."""
    found = {}
    worse = 1 if (result.direction == "lower") == (result.against_value > 0) else -1
    for margin in sums.inference.margins:
        multiple = 1 + worse * margin if result.against_value else Fraction(1)
        beyond = replace(estimate, value=float(Fraction(result.value) - multiple * Fraction(result.against_value)))
        ours, theirs = functions
        function = None if ours is None or theirs is None else ours.minus(theirs, float(multiple))
        interval = confidence_interval(sums, beyond, linear[0].minus(linear[1], multiple), function)
        if interval is not None and interval.interval is not None:
            found[margin] = interval.interval
    return found


def _difference(
    sums: ContributionSums, pair: _Pair, results: Mapping[tuple[int, Slice], LossResult]
) -> ComparisonResult:
    """The difference of two lines and their paired outcomes; no interval or test yet."""
    ours = results[pair.first, pair.slice]
    if pair.second >= 0:
        theirs, model = results[pair.second, pair.slice].value, sums.plan.lines[pair.second].model
    else:
        assert sums.plan.baseline is not None
        theirs, model = plug_in_value(sums, pair.second, pair.slice_ids), sums.plan.baseline.name
    unit = sums.unit_of(pair.first)
    outcomes = None if unit is None else sums.paired_outcomes((pair.first, pair.second), unit, pair.slice_ids)
    wins, losses, ties = outcomes or (None, None, None)
    return ComparisonResult(
        model=ours.model, against=model, by=ours.by, loss=ours.loss, spec=ours.spec, direction=ours.direction,
        value=ours.value, against_value=theirs, difference=ours.value - theirs, count=ours.count, verdict=_NOT_SHOWN,
        wins=wins, losses=losses, ties=ties,
    )  # fmt: skip


def _with_t_test(
    sums: ContributionSums, result: ComparisonResult, estimate: Estimate, linear: Linearization,
    interval: ConfidenceInterval | None,
) -> _UnadjustedComparison:  # fmt: skip
    """The comparison with its paired t test, which is that of the delta method even beside a bootstrap interval."""
    if interval is not None and interval.uncertainty.df is not None:
        stderr, df = interval.stderr, interval.uncertainty.df
    else:
        found = variance(sums, linear, estimate.unit, estimate.slice_ids)
        if found is None:
            return _UnadjustedComparison(result, estimate.slice)
        stderr, df = found.stderr, found.df
    t, p = paired_t(result.difference, stderr, df)
    result = replace(result, t=t if math.isfinite(t) else None)
    return _UnadjustedComparison(result, estimate.slice, None if math.isnan(p) else p)


def _mcnemar_p(sums: ContributionSums, pair: _Pair, unit: str, result: ComparisonResult) -> float | None:
    """The p-value of McNemar's exact test; None where values are not 0 or 1, or units are weighted or clustered."""
    binary = all(is_proportion(sums, line) for line in (pair.first, pair.second))
    if not binary or sums.weighted or sums.is_clustered(unit) or result.wins is None or result.losses is None:
        return None
    return mcnemar(result.wins, result.losses)


def _permuted(
    sums: ContributionSums, pair: _Pair, unit: str, ours: PlugIn | None, theirs: PlugIn | None
) -> tuple[float, int] | None:
    """The p-value of the permutation test, and how many exchanges it is of.

    None where it is not requested, the two lines have other terms, or units depend on those before: then single ones
    cannot be exchanged.
    """
    inference = sums.inference
    if not inference.permutations or inference.time is not None or ours is None or theirs is None:
        return None
    width = len(ours.columns)
    if width != len(theirs.columns):
        return None
    table = sums.cluster_table([*ours.columns, *theirs.columns], unit, pair.slice_ids)
    if table is None or not len(table):
        return None
    p = permutation_test(
        table[:, :width], table[:, width:], ours.statistic,
        inference.permutations, inference.seed, slice_stream(pair.slice),
    )  # fmt: skip
    return None if p is None else (p, exchanges(len(table), inference.permutations))
