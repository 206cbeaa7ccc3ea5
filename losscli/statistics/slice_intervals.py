"""Standard errors and confidence intervals of one line on very many slices, computed as arrays.

Slice by slice they take a hundred times as long, of which the least is arithmetic. What is not certain to have the bits
of exact arithmetic, and what is not as plain as most lines are, is left to `intervals.with_interval`.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import NamedTuple

import numpy as np

from losscli.aggregate.exact_sum import ONE
from losscli.contract.kinds import Array
from losscli.results import LossResult, Uncertainty
from losscli.results.columns import IntervalColumns, SliceColumns
from losscli.statistics.combination import Means, combine_gradient
from losscli.statistics.contribution_sums import ContributionSums, only_number
from losscli.statistics.digit_sums import DigitSums, taken
from losscli.statistics.exact_ratio import Ratio
from losscli.statistics.finalized_sums import Slice, SliceIds, is_near_1
from losscli.statistics.interval_arrays import Bounds, hall_intervals, quantiles, t_intervals, wilson_intervals
from losscli.statistics.interval_methods import EstimateTraits, chosen_method, mean_interval, transformed
from losscli.statistics.intervals import traits_of
from losscli.statistics.line_sums import LinePart, LineTerm
from losscli.statistics.skewed_estimates import may_undercover
from losscli.statistics.slice_columns import floats
from losscli.statistics.slice_terms import contributions
from losscli.statistics.slice_variances import SliceVariances, slice_variances
from losscli.statistics.variance import Variance

FEWEST = 24  # slices: of fewer, one by one is faster
_TOGETHER = 1 << 13  # slices whose arrays are held at a time


class _Numbers(NamedTuple):
    """The variance of one slice."""

    stderr: float
    df: float
    skewness: float | None


class Estimates(NamedTuple):
    """The estimates of a line on some slices: their ids, values and counts, and of each term the means.

    `weights` are those of the units of the first term.
    """

    numbers: Array
    values: Array
    counts: Array
    means: Mapping[str, Array]
    weights: Array

    @classmethod
    def of_results(cls, numbers: Sequence[int], results: Sequence[LossResult]) -> Estimates:
        """Those of results one by one."""
        names = list(results[0].terms) if results else []
        means = {name: np.array([one.terms[name].mean for one in results]) for name in names}
        weights = [one.terms[names[0]].weight if names else one.weight for one in results]
        values, counts = [one.value for one in results], [one.count for one in results]
        return cls(np.array(numbers, np.int64), np.array(values, np.float64), np.array(counts, np.int64), means,
                   np.array(weights, np.float64))  # fmt: skip

    @classmethod
    def of_columns(cls, columns: SliceColumns) -> Estimates:
        """Those of results in columns."""
        terms = {name: np.array(term.means) for name, term in columns.terms.items()}
        weights = next((term.weights for term in columns.terms.values()), columns.weights)
        return cls(np.array(columns.slice_ids), np.array(columns.values), np.array(columns.counts), terms,
                   np.array(weights))  # fmt: skip

    def at(self, places: Array) -> Estimates:
        """Those of some of the slices."""
        means = {name: column[places] for name, column in self.means.items()}
        return Estimates(self.numbers[places], self.values[places], self.counts[places], means, self.weights[places])

    def means_at(self, part: LinePart, at: int) -> Means | None:
        """The means of a slice; None where they are not near 1, so that doubles of them may have lost digits."""
        doubles = {term.term: float(self.means[term.term][at]) for term in part.terms}
        if not all(map(is_near_1, doubles.values())):
            return None
        over, under = float(self.weights[at]).as_integer_ratio()
        return Means(doubles, dict.fromkeys(doubles), over * (ONE // under))


class SliceIntervals(NamedTuple):
    """The intervals of those slices whose bits are certain.

    Attributes
    ----------
    places
        Their positions among the slices that were given.
    counts
        How many units each has.
    variances
        Their variances.
    low, high
        The ends of the intervals; NaN where there is none.
    kinds
        Which entry of `shared` each has: 1 where all units are alike.
    shared
        How intervals are computed; counts, degrees of freedom and skewness are not read.
    """

    places: Array
    counts: Array
    variances: SliceVariances
    low: Array
    high: Array
    kinds: Array
    shared: tuple[Uncertainty, Uncertainty]

    def columns(
        self, weighted: bool, others: Mapping[int, LossResult], size: int | None = None
    ) -> IntervalColumns:  # fmt: skip
        """As columns of so many slices, by default of these alone; `others` are the results of the others."""
        variances, places = self.variances, np.arange(len(self.places)) if size is None else self.places
        count, skewness = len(places) if size is None else size, variances.skewness

        def column(values: Array) -> array[float]:
            every = np.full(count, math.nan)
            every[places] = values
            return floats(every)

        kinds = np.full(count, len(self.shared), np.int8)
        kinds[places] = self.kinds
        return IntervalColumns(
            column(variances.stderr), column(variances.df), column(self.low), column(self.high),
            column(variances.effective_size) if weighted else None, None if skewness is None else column(skewness),
            kinds.tobytes(), self.shared, others,
        )  # fmt: skip


def plain_part(sums: ContributionSums, line: int) -> LinePart | None:
    """The part of a line whose slices can be computed together; None where they cannot."""
    asked = sums.inference
    if asked.bootstrap is not None or asked.sequential or asked.interval_method == "clopper-pearson":
        return None
    part = sums.only_part(line)
    if part is not None and part.job.spec.loss.own_combine:
        return None if part.factor != 1.0 or sums.line(line).spec.is_composite else part
    return part


def slice_intervals(
    sums: ContributionSums, line: int, names: Callable[[int], Slice], estimates: Estimates
) -> SliceIntervals | None:
    """The intervals of a line on slices of one id each: all bits are those of `intervals.with_interval`.

    Parameters
    ----------
    sums
        The unit statistics of the run.
    line
        The position of the line.
    names
        Gives the slice at each position, for warnings.
    estimates
        The estimates on these slices.

    Returns
    -------
    SliceIntervals or None
        None where slices must be computed one by one.
    """
    part = plain_part(sums, line) if len(estimates.numbers) >= FEWEST else None
    if part is None:
        return None
    traits, is_transformed = traits_of(sums, line)
    with np.errstate(all="ignore"):
        derivatives = _derivatives(part, estimates)
        found = _variances(sums, part, estimates.numbers, derivatives)
        if found is None:
            return None
        chosen = np.flatnonzero(found.certain & np.isfinite(estimates.values))
        lines = _Slices(sums, line, traits, estimates.at(chosen), found.at(chosen))
        bounds = lines.bounds(part, derivatives[0][chosen] if is_transformed and len(part.terms) == 1 else None)
    places = chosen.tolist()
    lines.warn(lambda at: names(places[at]))
    return lines.intervals(chosen, bounds)


def with_slice_intervals(
    sums: ContributionSums, line: int, found: Mapping[Slice, SliceIds], results: Mapping[tuple[int, Slice], LossResult]
) -> dict[Slice, LossResult]:
    """The results of a line on those slices whose intervals can be computed together.

    Parameters
    ----------
    sums
        The unit statistics of the run.
    line
        The position of the line.
    found
        All slices: their names and their ids.
    results
        The estimate of each line on each slice.

    Returns
    -------
    dict
        Slice -> the result with its standard error and interval.
    """
    if len(found) < FEWEST or plain_part(sums, line) is None:
        return {}
    slices = [(slice_, ids[0].number) for slice_, ids in found.items() if slice_ and only_number(ids) is not None]
    own = [results[line, slice_] for slice_, _ in slices]
    estimates = Estimates.of_results([number for _, number in slices], own)
    made = slice_intervals(sums, line, lambda at: slices[at][0], estimates)
    if made is None:
        return {}
    columns = made.columns(sums.weighted, {})
    done = {}
    for at, place in enumerate(made.places.tolist()):
        n_eff = None if columns.effective_sizes is None else columns.effective_sizes[at]
        how = columns.uncertainty(at, own[place].count)
        done[slices[place][0]] = own[place].with_uncertainty(n_eff, columns.stderr[at], columns.interval(at), how)
    return done


def _derivatives(part: LinePart, estimates: Estimates) -> list[Array]:
    """By how much the value of each slice changes with the mean of each term; NaN where that is not known here."""
    count = len(estimates.numbers)
    if not part.job.spec.loss.own_combine:
        return [np.full(count, part.factor) for _ in part.terms]
    derivatives = np.full((len(part.terms), count), math.nan)
    for at in range(count):
        means = estimates.means_at(part, at)
        if means is not None:
            gradient = combine_gradient(part.job, means)
            derivatives[:, at] = [float(gradient[term.term]) for term in part.terms]
    return list(derivatives)


def _variances(
    sums: ContributionSums, part: LinePart, numbers: Array, derivatives: Sequence[Array]
) -> SliceVariances | None:  # fmt: skip
    """The variances on these slices; None where sums that they need are not kept."""
    done = []
    for start in range(0, len(numbers), _TOGETHER):
        some = slice(start, start + _TOGETHER)
        own, steep = numbers[some], [each[some] for each in derivatives]
        disjoint, alike = _shared_units(sums, part.terms, own)
        groups: list[list[int]] = [[at] for at in range(len(part.terms))]
        if not disjoint.any() and alike.any():
            groups, disjoint = [list(range(len(part.terms)))], alike
        found = [contributions(sums, [part.terms[at] for at in group], [steep[at] for at in group], own)
                 for group in groups]  # fmt: skip
        known = [each for each in found if each is not None]
        if len(known) < len(groups) or not disjoint.any():
            return None
        done.append(slice_variances(known, disjoint))
    return SliceVariances.joined(done) if done else None


def _shared_units(sums: ContributionSums, terms: Sequence[LineTerm], numbers: Array) -> tuple[Array, Array]:
    """Where no unit is in two terms, and where each is in all of them, with the same weights."""
    disjoint, alike = (np.ones(len(numbers), bool) for _ in range(2))
    for one, other in combinations(terms, 2):
        assert one.sums is not None and other.sums is not None
        kept, weights = sums.kept_product(one.denominator, other.denominator), one.sums.accumulator.weights
        if kept is None:  # both have all units, or one has no more than the other
            disjoint[:] = False
            alike &= weights is None
            continue
        common = DigitSums(kept, numbers)
        disjoint &= common.is_zero
        for term in (one, other):
            own = _squared_weights(sums, term, numbers)
            alike &= common.equals(own) if own is not None else False
    return disjoint, alike


def _squared_weights(sums: ContributionSums, term: LineTerm, numbers: Array) -> DigitSums | None:
    """The sums of the squared weights of a term's units."""
    assert term.sums is not None
    if term.sums.accumulator.weights is None:
        return DigitSums.of_counts(taken(term.sums.accumulator.counts, numbers))
    kept = sums.kept_product(term.denominator, term.denominator)
    return None if kept is None else DigitSums(kept, numbers)


class _Slices:
    """The intervals of some slices of a line whose variances are known."""

    def __init__(
        self, sums: ContributionSums, line: int, traits: EstimateTraits, estimates: Estimates, variances: SliceVariances
    ) -> None:
        self.sums, self.line, self.traits, self.estimates = sums, line, traits, estimates
        self.variances, self.level = variances, sums.inference.level
        asked, known = sums.inference.interval_method, None if variances.skewness is None else 0.0
        methods = [chosen_method(asked, traits, Variance(Ratio(0, 1), 1.0, skewness=each)) for each in (known, None)]
        varying, constant = (
            Uncertainty(one.name, self.level, "row", 0, skewness=0.0 if one.name == "hall" else None, reason=one.reason)
            for one in methods
        )
        self.shared, self.method = (varying, constant), varying.method
        self.has_interval = ~variances.constant
        if self.method == "wilson":
            self.has_interval = np.ones(len(estimates.numbers), bool)

    def bounds(self, part: LinePart, derivatives: Array | None) -> Bounds:
        """The ends of the intervals, where there are any; `derivatives` are those of functions of one mean."""
        values = self.estimates.values
        stderr, df, constant, size, skewness, _ = self.variances
        if self.method == "wilson":
            return wilson_intervals(values, stderr, constant, size, self.level)
        if self.method != "hall" or skewness is None:
            return t_intervals(values, stderr, df, self.traits.limits, self.level)
        if derivatives is None:
            return hall_intervals(values, stderr, df, skewness, self.traits.limits, self.level)
        return self._transformed(part, derivatives, skewness)

    def _transformed(self, part: LinePart, derivatives: Array, skewness: Array) -> Bounds:
        """Of functions of one mean, which Python computes one by one."""
        quantiles(self.variances.df, self.level)  # together, for all
        low, high = (np.full(len(derivatives), math.nan) for _ in range(2))
        columns = (self.estimates.values, derivatives, self.variances.stderr, self.variances.df, skewness)
        for at, (value, derivative, *each) in enumerate(zip(*(column.tolist() for column in columns), strict=True)):
            means = self.estimates.means_at(part, at)
            if self.has_interval[at] and means is not None:
                traits = self.traits._replace(transformed=transformed(part.job, means, part.factor, 0.0, derivative))
                low[at], high[at] = mean_interval("hall", value, _Numbers(*each), traits, self.level)
        return low, high

    def warn(self, names: Callable[[int], Slice]) -> None:
        """Look for estimates that are so skewed that their intervals may undercover."""
        asked = self.sums.skewed_estimates
        asked.seen.update(map(names, np.flatnonzero(self.has_interval).tolist()))
        if self.method == "wilson":
            return
        counts, skewness = self.estimates.counts, self.variances.skewness
        size = np.zeros(len(counts)) if skewness is None else np.abs(skewness)
        labels = self.sums.labelled_rows(self.line, self.estimates.numbers)
        doubtful = may_undercover(size, counts, labels) & self.has_interval
        spec, how = self.sums.line(self.line).spec.text, self.shared[0]
        for at in np.flatnonzero(doubtful).tolist():
            own = None if labels is None else (int(labels[0][at]), int(labels[1][at]))
            known = None if skewness is None else float(skewness[at])
            asked.add(names(at), spec, known, replace(how, count=int(counts[at])), own)

    def intervals(self, places: Array, bounds: Bounds) -> SliceIntervals:
        """All of them together."""
        low, high = (np.where(self.has_interval, each, math.nan) for each in bounds)
        kinds = self.variances.constant.astype(np.int8)
        return SliceIntervals(places, self.estimates.counts, self.variances, low, high, kinds, self.shared)
