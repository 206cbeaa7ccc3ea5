"""A value as a linear function of sums, near the sums of the run (the delta method).

A value is a function of sums over independent units. Near these sums it is linear, so that what each unit adds to it
(its influence value) is known. The linear function is kept in blocks: a block is about what is estimated of the same
units with the same weights, which is what a variance is corrected by and what degrees of freedom belong to.
docs/design/standard-errors.md derives the formulas.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from losscli.aggregate.exact_sum import ONE, rounded
from losscli.lazy import dataclass
from losscli.statistics.combination import MANY, combine_gradient, keeps_digits
from losscli.statistics.contribution_sums import Column, ContributionSums
from losscli.statistics.exact_ratio import EXACT_BITS, ROUNDING_BITS, quotient
from losscli.statistics.finalized_sums import SliceIds
from losscli.statistics.line_sums import PartSums, TermMean


class Block(NamedTuple):
    """A part of a linear function: an estimate of some units, in which each unit has a share.

    Attributes
    ----------
    coefficients
        Column of sums, and by how much the value changes for each 1 that is added to its sum, times `denominator`.
    denominator
        The one denominator of the coefficients.
    weight
        The column whose share of its sum is the leverage of a unit. None: all `units` have the same share, and the
        estimate is a sum over so many units.
    units
        How many units there are, for a sum.
    effective_size
        The effective sample size (Kish) of the block.
    rounding_bits
        What is smaller than 2**-rounding_bits of what it is the difference of may be rounding.
    """

    coefficients: Mapping[Column, int]
    denominator: int
    weight: Column | None
    units: int
    effective_size: float
    rounding_bits: int = ROUNDING_BITS

    def scaled(self, factor: Fraction) -> Block:
        """The block of a multiple of the value."""
        over, under = factor.as_integer_ratio()
        coefficients = {one: by * over for one, by in self.coefficients.items()}
        return self._replace(coefficients=coefficients, denominator=self.denominator * under)

    def plus(self, others: Sequence[Block]) -> Block:
        """The block of the sum of this estimate and others, with the same shares; coefficients of 0 are left out."""
        blocks = (self, *others)
        denominator = math.prod({block.denominator for block in blocks})
        found: dict[Column, int] = {}
        for block in blocks:
            factor = denominator // block.denominator
            for one, by in block.coefficients.items():
                found[one] = found.get(one, 0) + by * factor
        return self._replace(coefficients={one: by for one, by in found.items() if by}, denominator=denominator)


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

    def times(self, factor: int) -> Linearization:
        """The linearisation of a multiple of this value."""
        return Linearization(tuple(block.scaled(Fraction(factor)) for block in self.blocks), self.effective_size)

    @property
    def columns(self) -> list[Column]:
        """The columns of sums that the value depends on, each once."""
        found = [one for block in self.blocks for one in block.coefficients]
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
    smallest = math.inf
    for part in sums.parts(line, slice_ids) or ():
        derivatives: dict[str, float | Fraction] = dict.fromkeys([term.term for term in part.terms], 1.0)
        if part.job.spec.loss.own_combine and not part.summed:
            derivatives = combine_gradient(part.job, part.means)
            if any(
                isinstance(derivative, float) and not math.isfinite(derivative) for derivative in derivatives.values()
            ):
                return None
            if sums.weighted and not keeps_digits(part.job, part.means):
                return None
        known: dict[int, float] = {}
        for term in part.terms:
            if term.denominator not in known:
                known[term.denominator] = _effective_size(sums, term, slice_ids)
        smallest = min(smallest, *known.values())
        if sums.balanced:
            blocks += _balanced_blocks(sums, part, derivatives, slice_ids)
        elif part.summed:
            blocks.append(_sum_block(part))
        else:
            rounded_derivatives = not part.job.spec.loss.exact or len(part.terms) > MANY
            bits = ROUNDING_BITS if rounded_derivatives else EXACT_BITS
            for denominator, size in known.items():
                terms = [term for term in part.terms if term.denominator == denominator]
                if len(terms) == 1:
                    blocks.append(_mean_block(terms[0], part.factor, derivatives[terms[0].term], size, bits))
                else:
                    blocks.append(_shared_block(terms, part.factor, derivatives, size, bits))
    return Linearization(tuple(blocks), smallest) if blocks else None


def _sum_block(part: PartSums) -> Block:
    """A sum over the units that take part in any of its terms."""
    by, denominator = part.factor.as_integer_ratio()
    coefficients = {Column(term.numerator): by for term in part.terms}
    # The denominators add nothing; they tell a unit whose value is 0 from one that takes no part.
    coefficients.update((Column(term.denominator), 0) for term in part.terms)
    return Block(coefficients, denominator, None, part.units, float(part.units))


def _mean_block(term: TermMean, factor: float, derivative: float | Fraction, size: float, bits: int) -> Block:
    """A mean, for the sums A of its numerators and B of its denominators.

    The coefficients are factor * derivative / B for the numerator, and -factor * derivative * A / B**2 for the
    denominator.
    """
    (f, per_f), (s, per_s) = factor.as_integer_ratio(), derivative.as_integer_ratio()
    mean, per_mean = quotient(term.sums.numerator, term.sums.denominator)
    one, weight = quotient(ONE, term.sums.denominator)  # sums are counted in units of 2**-1074
    by, per = f * s * one, per_f * per_s * weight
    denominator = Column(term.denominator)
    coefficients = {Column(term.numerator): by * per_mean, denominator: -by * mean}
    return Block(coefficients, per * per_mean, denominator, term.sums.units, size, bits)


def _shared_block(
    terms: Sequence[TermMean], factor: float, derivatives: Mapping[str, float | Fraction], size: float, bits: int
) -> Block:
    """The means of one denominator, such as those of classes, as one block.

    Of a thousand classes the product of their denominators would be very long: all coefficients are rounded to one
    denominator, with more bits than derivatives have.
    """
    under = Fraction(terms[0].sums.denominator)
    shared = Column(terms[0].denominator)
    exact: dict[Column, Fraction] = {shared: Fraction(0)}
    for term in terms:
        by = Fraction(factor) * Fraction(derivatives[term.term]) * ONE / under
        exact[Column(term.numerator)] = by
        exact[shared] -= by * Fraction(term.sums.numerator) / under
    largest = max(abs(by) for by in exact.values())
    (over, below), kept = largest.as_integer_ratio(), 2 * EXACT_BITS
    denominator = 1 << max(0, below.bit_length() - over.bit_length() + kept) if over else 1
    coefficients = {one: round(by * denominator) for one, by in exact.items()}
    return Block(coefficients, denominator, shared, terms[0].sums.units, size, bits)


def _balanced_blocks(
    sums: ContributionSums, part: PartSums, derivatives: Mapping[str, float | Fraction], slice_ids: SliceIds
) -> Iterator[Block]:
    """Means and sums in which each class has the weight rows / (classes * rows of the class), a block a class.

    The weights depend on the rows as well, so the rows of a class contribute their deviations from the mean of the
    class: what is estimated is a mean of means of classes, of which each is estimated by its own rows.
    """
    counts = sums.strata(slice_ids)
    rows, summed = sum(counts.values()), part.summed
    for stratum, count in counts.items():
        class_weight = Fraction(rows, len(counts) * count)
        coefficients: dict[Column, Fraction] = {}
        centre = Fraction(0)
        for term in part.terms:
            derivative = Fraction(part.factor) * (1 if summed else Fraction(derivatives[term.term]))
            by = derivative if summed else derivative * ONE / Fraction(term.sums.denominator)
            mean = 0 if summed else Fraction(term.sums.numerator) / Fraction(term.sums.denominator)
            own = sums.stratum_sums(term, stratum, slice_ids)
            if not own.denominator:
                continue
            for index, factor, total in (
                (term.numerator, by * class_weight, own.numerator),
                (term.denominator, -by * mean * (1 if sums.by_count else class_weight), own.denominator),
            ):
                coefficients[Column(index, stratum)] = factor
                centre -= factor * Fraction(total)
        unit = Column(sums.unit, stratum)
        if coefficients:
            coefficients[unit] = centre / count / ONE
        yield _block_of_fractions(coefficients, unit, count)
    if summed and rows:  # what clusters of more rows add to the sum; rows alone add the same each
        total = sum((Fraction(part.factor) * Fraction(t.sums.numerator) for t in part.terms), Fraction(0)) / ONE
        yield _block_of_fractions({Column(sums.unit): total / rows}, None, rows)


def _block_of_fractions(coefficients: Mapping[Column, Fraction], weight: Column | None, units: int) -> Block:
    """A block of alike units, from coefficients with denominators of their own."""
    denominator = math.prod({by.denominator for by in coefficients.values()})
    integers = {one: by.numerator * (denominator // by.denominator) for one, by in coefficients.items()}
    return Block(integers, denominator, weight, units, float(units))


def _effective_size(sums: ContributionSums, term: TermMean, slice_ids: SliceIds) -> float:
    """The effective sample size (sum of weights)**2 / sum of squared weights (Kish 1965, Survey Sampling, 11.7)."""
    is_weighted = sums.weighted and not sums.by_count
    squares = sums.product(Column(term.denominator), Column(term.denominator), slice_ids) if is_weighted else None
    if not squares:
        return float(term.sums.units or rounded(term.sums.denominator, ONE))
    return rounded(term.sums.denominator**2, squares * ONE)
