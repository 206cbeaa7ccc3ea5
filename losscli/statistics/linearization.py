"""A value as a linear function of sums, near the sums of the run (the delta method).

A value is a function of sums over independent units. Near these sums it is linear, so that what each unit adds to it
(its influence value) is known. The linear function is kept in blocks: a block is about what is estimated of the same
units with the same weights, which is what a variance is corrected by and what degrees of freedom belong to.
docs/design/standard-errors.md derives the formulas.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from losscli.aggregate.exact_sum import ONE, rounded
from losscli.aggregate.wide_sum import Exact
from losscli.binding.signature import reduction_of
from losscli.statistics.combination import combine_gradient
from losscli.statistics.contribution_sums import Column, ContributionSums, PartSums, TermMean
from losscli.statistics.exact_ratio import Ratio, quotient
from losscli.statistics.finalized_sums import SliceIds


@dataclass(frozen=True)
class Block:
    """A part of a linear function: an estimate of some units, in which each unit has a share.

    Attributes
    ----------
    coefficients
        Column of sums, and by how much the value changes for each 1 that is added to its sum.
    weight
        The column whose share of its sum is the leverage of a unit. None: all `units` have the same share, and the
        estimate is a sum over so many units.
    units
        How many units there are, for a sum.
    effective_size
        The effective sample size (Kish) of the block.
    """

    coefficients: tuple[tuple[Column, Ratio], ...]
    weight: Column | None
    units: int
    effective_size: Fraction

    @property
    def stratum(self) -> str | None:
        """The class that the block is about; None: all units."""
        return None if self.weight is None else self.weight.stratum

    def integers(self) -> tuple[dict[Column, int], int]:
        """Column -> an integer, and the one denominator of all of them; coefficients of 0 are left out."""
        denominator = math.prod({by.denominator for _, by in self.coefficients})
        found: dict[Column, int] = {}
        for one, by in self.coefficients:
            found[one] = found.get(one, 0) + by.numerator * (denominator // by.denominator)
        return {one: integer for one, integer in found.items() if integer}, denominator

    def scaled(self, factor: Fraction) -> Block:
        """The block of a multiple of the value."""
        over, under = factor.as_integer_ratio()
        return replace(self, coefficients=tuple((one, Ratio(by.numerator * over, by.denominator * under))
                                                for one, by in self.coefficients))  # fmt: skip


@dataclass(frozen=True)
class Linearization:
    """A value as a linear function of sums, near the sums of the run.

    Attributes
    ----------
    blocks
        Its parts.
    effective_size
        The effective sample size (Kish) of the term that has the smallest.
    """

    blocks: tuple[Block, ...]
    effective_size: float

    def minus(self, other: Linearization, factor: Fraction = Fraction(1)) -> Linearization:
        """The linearisation of the difference of this value and a multiple of another."""
        negative = tuple(block.scaled(-factor) for block in other.blocks)
        return Linearization(self.blocks + negative, min(self.effective_size, other.effective_size))

    @property
    def columns(self) -> list[Column]:
        """The columns of sums that the value depends on, each once."""
        found = [one for block in self.blocks for one, _ in block.coefficients]
        return list(dict.fromkeys(found + [block.weight for block in self.blocks if block.weight is not None]))


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
    blocks: list[Block] = []
    effective_size = math.inf
    for part in sums.parts(line, slice_ids) or ():
        summed = reduction_of(sums.plan, part.job) == "sum"
        slopes: dict[str, float | Fraction] = dict.fromkeys([term.term for term in part.terms], 1.0)
        if part.job.spec.loss.own_combine and not summed:
            slopes = combine_gradient(part.job, part.means)
        if any(isinstance(slope, float) and not math.isfinite(slope) for slope in slopes.values()):
            return None
        sizes = {term.term: _effective_size(sums, term, slice_ids) for term in part.terms}
        effective_size = min(effective_size, *map(float, sizes.values()))
        if sums.balanced:
            blocks += _balanced_blocks(sums, part, slopes, slice_ids, summed)
        elif summed:
            blocks.append(_sum_block(part))
        else:
            blocks += [_mean_block(t, part.factor, slopes[t.term], sizes[t.term]) for t in part.terms]
    return Linearization(tuple(blocks), effective_size) if blocks else None


def _sum_block(part: PartSums) -> Block:
    """A sum over the units that take part in any of its terms."""
    coefficients = [(Column(term.numerator), Ratio(*part.factor.as_integer_ratio())) for term in part.terms]
    # The denominators add nothing; they tell a unit whose value is 0 from one that takes no part.
    coefficients += [(Column(term.denominator), Ratio(0, 1)) for term in part.terms]
    return Block(tuple(coefficients), None, part.units, Fraction(part.units))


def _mean_block(term: TermMean, factor: float, slope: float | Fraction, size: Fraction) -> Block:
    """A mean, for the sums A of its numerators and B of its denominators.

    The coefficients are factor * slope / B for the numerator, and -factor * slope * A / B**2 for the denominator.
    """
    (f, per_f), (s, per_s) = factor.as_integer_ratio(), slope.as_integer_ratio()
    mean, per_mean = quotient(term.sums.numerator, term.sums.denominator)
    one, weight = quotient(ONE, term.sums.denominator)  # sums are counted in units of 2**-1074
    by, per = f * s * one, per_f * per_s * weight
    coefficients = (
        (Column(term.numerator), Ratio(by * per_mean, per * per_mean)),
        (Column(term.denominator), Ratio(-by * mean, per * per_mean)),
    )
    return Block(coefficients, Column(term.denominator), term.sums.units, size)


def _balanced_blocks(
    sums: ContributionSums, part: PartSums, slopes: Mapping[str, float | Fraction], slice_ids: SliceIds, summed: bool
) -> Iterator[Block]:
    """Means and sums in which each class has the weight rows / (classes * rows of the class), a block a class.

    The weights depend on the rows as well, so the rows of a class contribute their deviations from the mean of the
    class: what is estimated is a mean of means of classes, of which each is estimated by its own rows.
    """
    counts = sums.strata(slice_ids)
    rows = sum(counts.values())
    for stratum, count in counts.items():
        class_weight = Fraction(rows, len(counts) * count)
        coefficients: list[tuple[Column, Ratio]] = []
        centre = Fraction(0)
        for term in part.terms:
            slope = Fraction(part.factor) * (1 if summed else Fraction(slopes[term.term]))
            by = slope if summed else slope * ONE / Fraction(term.sums.denominator)
            mean = 0 if summed else Fraction(term.sums.numerator) / Fraction(term.sums.denominator)
            own = sums.stratum_sums(term, stratum, slice_ids)
            if not own.denominator:
                continue
            for index, factor, total in (
                (term.numerator, by * class_weight, own.numerator),
                (term.denominator, -by * mean * (1 if sums.by_count else class_weight), own.denominator),
            ):
                coefficients.append((Column(index, stratum), Ratio(*factor.as_integer_ratio())))
                centre -= factor * Fraction(total)
        unit = Column(sums.unit, stratum)
        if coefficients:
            coefficients.append((unit, Ratio(*(centre / count / ONE).as_integer_ratio())))
        yield Block(tuple(coefficients), unit, count, Fraction(count))
    if summed and rows:  # what clusters of more rows add to the sum; rows alone add the same each
        total = sum((Fraction(part.factor) * Fraction(t.sums.numerator) for t in part.terms), Fraction(0)) / ONE
        yield Block(((Column(sums.unit), Ratio(*(total / rows).as_integer_ratio())),), None, rows, Fraction(rows))


def _effective_size(sums: ContributionSums, term: TermMean, slice_ids: SliceIds) -> Fraction:
    """The effective sample size (sum of weights)**2 / sum of squared weights (Kish 1965, Survey Sampling, 11.7)."""
    is_weighted = sums.weighted and not sums.by_count
    squares = sums.product(Column(term.denominator), Column(term.denominator), slice_ids) if is_weighted else None
    if not squares:
        return Fraction(term.sums.units or rounded(term.sums.denominator, ONE))
    return _rounded_fraction(term.sums.denominator**2, squares * ONE)


def _rounded_fraction(over: Exact, under: Exact) -> Fraction:
    """The nearest double of a ratio, as a fraction: few digits for the arithmetic that follows."""
    return Fraction(rounded(over, under))
