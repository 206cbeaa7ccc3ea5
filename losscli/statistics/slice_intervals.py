"""Standard errors and confidence intervals of one line on very many slices, computed as arrays.

Slice by slice they take a hundred times as long, of which the least is arithmetic. What is not certain to have the bits
of exact arithmetic, and what is not as plain as most lines are, is left to `intervals.with_interval`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np

from losscli.aggregate.exact_sum import ONE
from losscli.contract.kinds import Array
from losscli.results import LossResult, Uncertainty
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
from losscli.statistics.slice_terms import contributions
from losscli.statistics.slice_variances import SliceVariances, slice_variances
from losscli.statistics.variance import Variance

FEWEST = 24  # slices: of fewer, one by one is faster
_TOGETHER = 1 << 13  # slices whose arrays are held at a time

Slices = Sequence[tuple[Slice, SliceIds]]


class _Numbers(NamedTuple):
    """The variance of one slice."""

    stderr: float
    df: float
    skewness: float | None


def slice_intervals(
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
        Slice -> the result with its standard error and interval: all bits are those of `intervals.with_interval`.
    """
    asked = sums.inference
    if asked.bootstrap is not None or asked.sequential or asked.interval_method == "clopper-pearson":
        return {}
    part = sums.only_part(line) if len(found) >= FEWEST else None
    if part is None:
        return {}
    traits, is_transformed = traits_of(sums, line)
    if part.job.spec.loss.own_combine and (part.factor != 1.0 or sums.line(line).spec.is_composite):
        return {}
    slices = [(slice_, ids) for slice_, ids in found.items()
              if slice_ and only_number(ids) is not None and math.isfinite(results[line, slice_].value)]  # fmt: skip
    own = [results[line, slice_] for slice_, _ in slices]
    numbers = np.array([ids[0].number for _, ids in slices], np.int64)
    with np.errstate(all="ignore"):
        slopes = _slopes(part, own)
        variances = _variances(sums, part, numbers, slopes)
        if variances is None:
            return {}
        chosen = np.flatnonzero(variances.certain)
        kept = [own[at] for at in chosen.tolist()]
        at_slices = _Slices(sums, line, traits, kept, variances.at(chosen))
        bounds = at_slices.bounds(part, slopes[0][chosen] if is_transformed and len(part.terms) == 1 else None)
    names = [slices[at][0] for at in chosen.tolist()]
    at_slices.warn(names, numbers[chosen])
    return dict(zip(names, at_slices.results(bounds), strict=True))


def _slopes(part: LinePart, results: Sequence[LossResult]) -> list[Array]:
    """By how much the value of each slice changes with the mean of each term; NaN where that is not known here."""
    if not part.job.spec.loss.own_combine:
        return [np.full(len(results), part.factor) for _ in part.terms]
    slopes = np.full((len(part.terms), len(results)), math.nan)
    for at, result in enumerate(results):
        means = _means(part, result)
        if means is not None:
            gradient = combine_gradient(part.job, means)
            slopes[:, at] = [float(gradient[term.term]) for term in part.terms]
    return list(slopes)


def _means(part: LinePart, result: LossResult) -> Means | None:
    """The means of a slice; None where they are not near 1, so that doubles of them may have lost digits."""
    doubles = {term.term: result.terms[term.term].mean for term in part.terms}
    if not all(map(is_near_1, doubles.values())):
        return None
    over, under = result.terms[part.terms[0].term].weight.as_integer_ratio()
    return Means(doubles, dict.fromkeys(doubles), over * (ONE // under))


def _variances(
    sums: ContributionSums, part: LinePart, numbers: Array, slopes: Sequence[Array]
) -> SliceVariances | None:  # fmt: skip
    """The variances on these slices; None where sums that they need are not kept."""
    done = []
    for start in range(0, len(numbers), _TOGETHER):
        some = slice(start, start + _TOGETHER)
        own, steep = numbers[some], [each[some] for each in slopes]
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
        self, sums: ContributionSums, line: int, traits: EstimateTraits, estimates: Sequence[LossResult],
        variances: SliceVariances,
    ) -> None:  # fmt: skip
        self.sums, self.line, self.traits, self.estimates = sums, line, traits, estimates
        self.variances, self.level = variances, sums.inference.level
        asked, known = sums.inference.interval_method, None if variances.skewness is None else 0.0
        self.varying, self.constant = (
            chosen_method(asked, traits, Variance(Ratio(0, 1), 1.0, skewness=skewness)) for skewness in (known, None)
        )
        self.has_interval = ~variances.constant
        if self.varying.name == "wilson":
            self.has_interval = np.ones(len(estimates), bool)

    def bounds(self, part: LinePart, slopes: Array | None) -> Bounds:
        """The ends of the intervals, where there are any; `slopes` are those of functions of one mean."""
        values = np.array([one.value for one in self.estimates], np.float64)
        stderr, df, constant, size, skewness, _ = self.variances
        if self.varying.name == "wilson":
            return wilson_intervals(values, stderr, constant, size, self.level)
        if self.varying.name != "hall" or skewness is None:
            return t_intervals(values, stderr, df, self.traits.limits, self.level)
        if slopes is None:
            return hall_intervals(values, stderr, df, skewness, self.traits.limits, self.level)
        return self._transformed(part, slopes, skewness)

    def _transformed(self, part: LinePart, slopes: Array, skewness: Array) -> Bounds:
        """Of functions of one mean, which Python computes one by one."""
        quantiles(self.variances.df, self.level)  # together, for all
        low, high = (np.full(len(slopes), math.nan) for _ in range(2))
        numbers = zip(*(each.tolist() for each in (self.variances.stderr, self.variances.df, skewness)), strict=True)
        for at, (result, slope, each) in enumerate(zip(self.estimates, slopes.tolist(), numbers, strict=True)):
            means = _means(part, result)
            if self.has_interval[at] and means is not None:
                traits = self.traits._replace(transformed=transformed(part.job, means, part.factor, 0.0, slope))
                low[at], high[at] = mean_interval("hall", result.value, _Numbers(*each), traits, self.level)
        return low, high

    def warn(self, names: Sequence[Slice], numbers: Array) -> None:
        """Look for estimates that are so skewed that their intervals may undercover."""
        seen, asked = np.flatnonzero(self.has_interval), self.sums.skewed_estimates
        asked.seen.update(names[at] for at in seen.tolist())
        if self.varying.name == "wilson":
            return
        counts = np.array([one.count for one in self.estimates])
        size = np.zeros(len(names)) if self.variances.skewness is None else np.abs(self.variances.skewness)
        labels = self.sums.labelled_rows(self.line, numbers)
        doubtful = may_undercover(size, counts, labels) & self.has_interval
        for at in np.flatnonzero(doubtful).tolist():
            own = None if labels is None else (int(labels[0][at]), int(labels[1][at]))
            how = self._how(at)
            skewness = None if self.variances.skewness is None else float(self.variances.skewness[at])
            asked.add(names[at], self.estimates[at].spec, skewness, how, own)

    def _how(self, at: int) -> Uncertainty:
        """How one interval was computed."""
        method = self.constant if self.variances.constant[at] else self.varying
        skewness = self.variances.skewness
        return Uncertainty(
            method.name, self.level, "row", self.estimates[at].count, float(self.variances.df[at]),
            skewness=float(skewness[at]) if skewness is not None and method.name == "hall" else None,
            reason=method.reason,
        )  # fmt: skip

    def results(self, bounds: Bounds) -> list[LossResult]:
        """The results with their intervals."""
        stderr, size = self.variances.stderr.tolist(), self.variances.effective_size.tolist()
        weighted, (low, high) = self.sums.weighted, (each.tolist() for each in bounds)
        return [
            one.with_uncertainty(size[at] if weighted else None, stderr[at],
                                 (low[at], high[at]) if self.has_interval[at] else None, self._how(at))
            for at, one in enumerate(self.estimates)
        ]  # fmt: skip
