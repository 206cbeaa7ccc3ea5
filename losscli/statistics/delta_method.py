"""The delta method: a value as a linear function of sums near the sums of the run, and the variance of that.

A value is a function of sums over independent units. Near these sums it is linear, so that what each unit adds to it
(its influence value) is known, and the variance of the influence values gives the standard error. For a weighted mean
this is the sandwich estimator (White 1980, doi:10.2307/1912934); for clusters it is that of Liang and Zeger (1986,
doi:10.1093/biomet/73.1.13). All sums are exact, so the result has the same bits however rows are cut into tasks, and no
digits are lost where values hardly differ. docs/design/standard-errors.md derives the formulas.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from losscli.aggregate.exact_sum import ONE, rounded
from losscli.aggregate.wide_sum import Exact
from losscli.binding.signature import reduction_of
from losscli.statistics.contribution_sums import ContributionSums, TermMean
from losscli.statistics.estimates import combine_gradient
from losscli.statistics.exact_ratio import Ratio, quotient, square_root
from losscli.statistics.finalized_sums import SliceIds


@dataclass(frozen=True)
class Linearization:
    """A value as a linear function of contributions, near the sums of the run.

    Attributes
    ----------
    coefficients
        Contribution (its index), and by how much the value changes for each 1 that is added to its sum.
    effective_size
        The effective sample size (Kish) of the term that has the smallest.
    """

    coefficients: tuple[tuple[int, Ratio], ...]
    effective_size: float

    def minus(self, other: Linearization) -> Linearization:
        """The linearisation of the difference of two values."""
        negative = tuple((one, Ratio(-by.numerator, by.denominator)) for one, by in other.coefficients)
        return Linearization(self.coefficients + negative, min(self.effective_size, other.effective_size))

    @property
    def contributions(self) -> list[int]:
        """The contributions, each once, in the order of their coefficients."""
        return list(dict.fromkeys(one for one, _ in self.coefficients))

    def over_common_denominator(self) -> tuple[dict[int, int], int]:
        """Contribution -> an integer, and the one denominator of all of them; coefficients of 0 are left out."""
        denominator = math.prod({by.denominator for _, by in self.coefficients})
        integers: dict[int, int] = {}
        for one, by in self.coefficients:
            integers[one] = integers.get(one, 0) + by.numerator * (denominator // by.denominator)
        return {one: integer for one, integer in integers.items() if integer}, denominator


class Variance(NamedTuple):
    """The variance of a value, and its degrees of freedom."""

    value: Ratio
    df: float

    @property
    def stderr(self) -> float:
        """The standard error: infinite where no double is that large."""
        return square_root(self.value)


def linearize(sums: ContributionSums, line: int, slice_ids: SliceIds) -> Linearization | None:
    """The linearisation of one line's value on a slice.

    Parameters
    ----------
    sums
        The unit statistics of the run.
    line
        The position of the line; -1 - i for the baseline of line i.
    slice_ids
        The slice.

    Returns
    -------
    Linearization or None
        None where the value is undefined, or has no finite derivative.
    """
    coefficients: list[tuple[int, Ratio]] = []
    effective_size = math.inf
    for factor, job, terms in sums.parts(line, slice_ids) or ():
        summed = reduction_of(sums.plan, job) == "sum"
        gradient = dict.fromkeys([term.term for term in terms], 1.0)
        if job.spec.loss.own_combine and not summed:
            total = rounded(terms[0].sums.denominator, ONE)
            gradient = combine_gradient(job, {term.term: term.mean for term in terms}, total)
        for term in terms:
            if not math.isfinite(gradient[term.term]):
                return None
            coefficients += _term_coefficients(term, factor, gradient[term.term], summed)
            effective_size = min(effective_size, _effective_size(sums, term, slice_ids))
    return Linearization(tuple(coefficients), effective_size) if coefficients else None


def _term_coefficients(term: TermMean, factor: float, slope: float, summed: bool) -> list[tuple[int, Ratio]]:
    """The coefficients of a term's contributions, for the sums A of its numerators and B of its denominators.

    They are factor * slope / B for the numerator, and -factor * slope * A / B**2 for the denominator. A sum is the mean
    times a weight that is given: then they are B times that.
    """
    (f, per_f), (s, per_s) = factor.as_integer_ratio(), slope.as_integer_ratio()
    mean, per_mean = quotient(term.sums.numerator, term.sums.denominator)
    by, per = f * s, per_f * per_s
    if not summed:
        one, weight = quotient(ONE, term.sums.denominator)  # sums are counted in units of 2**-1074
        by, per = by * one, per * weight
    return [
        (term.numerator, Ratio(by * per_mean, per * per_mean)),
        (term.denominator, Ratio(-by * mean, per * per_mean)),
    ]


def _effective_size(sums: ContributionSums, term: TermMean, slice_ids: SliceIds) -> float:
    """The effective sample size (sum of weights)**2 / sum of squared weights (Kish 1965, Survey Sampling, 11.7)."""
    is_weighted = sums.weighted and not sums.by_count
    squares = sums.product(term.denominator, term.denominator, slice_ids) if is_weighted else None
    if not squares:
        return float(term.sums.units) if term.sums.units else rounded(term.sums.denominator, ONE)
    return rounded(term.sums.denominator**2, squares * ONE)


def variance(sums: ContributionSums, linearization: Linearization, unit: str, slice_ids: SliceIds) -> Variance | None:
    """The variance of a value by the delta method.

    Parameters
    ----------
    sums
        The unit statistics of the run.
    linearization
        The value as a linear function of contributions.
    unit
        What the values of the loss are about: "row" or "batch".
    slice_ids
        The slice.

    Returns
    -------
    Variance or None
        None where there are fewer than two units, or sums are not finite.
    """
    if sums.is_clustered(unit):
        return _clustered_variance(sums, linearization, unit, slice_ids)
    coefficients, denominator = linearization.over_common_denominator()
    contributions = list(coefficients)
    total: Exact = 0
    for i, one in enumerate(contributions):
        for other in contributions[i:]:
            product = sums.product(one, other, slice_ids)
            if product is None:
                return None
            total += coefficients[one] * coefficients[other] * product * (1 if one == other else 2)
    if linearization.effective_size <= 1:
        return None
    over, under = total.as_integer_ratio()
    size, per = linearization.effective_size.as_integer_ratio()
    value = Ratio(max(over, 0) * size, under * denominator * denominator * ONE * (size - per))
    return Variance(value, linearization.effective_size - 1)


def _clustered_variance(
    sums: ContributionSums, linearization: Linearization, unit: str, slice_ids: SliceIds
) -> Variance | None:
    """The variance of sums over independent clusters; a cluster without weight is none."""
    coefficients, denominator = linearization.over_common_denominator()
    contributions = linearization.contributions
    columns = sums.cluster_columns(contributions, unit, slice_ids)
    if columns is None:
        return None
    by = [coefficients.get(one, 0) for one in contributions]
    rows = zip(*columns, strict=True)
    influence = [sum(b * s for b, s in zip(by, row, strict=True)) for row in rows if any(row)]
    clusters = len(influence)
    if clusters < 2:
        return None
    over, under = sum(value * value for value in influence).as_integer_ratio()
    value = Ratio(over * clusters, under * (denominator * ONE) ** 2 * (clusters - 1))
    return Variance(value, clusters - 1.0)
