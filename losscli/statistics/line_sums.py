"""The sums of one line of a report: of its parts that read rows, term by term, for each slice.

What is the same in all slices is looked up once, as there may be very many slices.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from losscli.aggregate.class_terms import ROWS
from losscli.aggregate.cross_products import Contribution
from losscli.aggregate.exact_sum import rounded
from losscli.aggregate.kernel_calls import kernel_calls
from losscli.aggregate.paired_outcomes import ValueSource
from losscli.aggregate.required import BaselinePart
from losscli.aggregate.wide_sum import Exact
from losscli.binding.plan import Job
from losscli.binding.signature import reduction_of
from losscli.contract.presets import DivideBy
from losscli.statistics.combination import Means
from losscli.statistics.finalized_sums import ExactMean, FinalizedRun, FinalizedSums, SliceIds, far_ratio

PlainSum = Callable[[int, SliceIds], Exact | None]
"""The sum of a contribution (by its index) over a slice, in units of 2**-1074."""


class TermMean(NamedTuple):
    """One term on a slice: the indices of its two contributions, and their exact sums."""

    term: str
    numerator: int
    denominator: int
    sums: ExactMean

    @property
    def mean(self) -> float:
        """The mean of the term, rounded once from the exact sums."""
        return rounded(self.sums.numerator, self.sums.denominator)


class PartSums(NamedTuple):
    """One part of a composite loss on a slice (the whole of any other loss); `units` take part in any of its terms.

    `summed` says that its value is the sum of its terms' numerators, not what `combine` makes of their means.
    """

    factor: float
    job: Job
    summed: bool
    terms: list[TermMean]
    units: int

    @property
    def means(self) -> Means:
        """The means of the terms."""
        always = self.job.spec.loss.exact
        exact = {t.term: far_ratio(t.mean, t.sums.numerator, t.sums.denominator, always) for t in self.terms}
        return Means({term.term: term.mean for term in self.terms}, exact, self.terms[0].sums.denominator)


class LineTerm(NamedTuple):
    """One term on all slices; `sums` are None for the row values of an earlier run."""

    term: str
    numerator: int
    denominator: int
    sums: FinalizedSums | None


class LinePart(NamedTuple):
    """One part that reads rows, on all slices; `rows` counts the units that are in any of its terms."""

    factor: float
    job: Job
    summed: bool
    terms: list[LineTerm]
    rows: list[FinalizedSums]


class LineSums:
    """The sums of one line.

    Parameters
    ----------
    finalized
        The finalized sums of the run.
    number
        The position of the line in the plan; -1 - i for the baseline of line i.
    index
        Gives each contribution its index.
    plain_sum
        Adds up a contribution that no accumulator of this run has: row values of an earlier run.
    divisor
        What means are divided by.
    """

    def __init__(
        self, finalized: FinalizedRun, number: int, index: Callable[[Contribution], int], plain_sum: PlainSum,
        divisor: DivideBy,
    ) -> None:  # fmt: skip
        self.line = finalized.totals.plan.lines[number if number >= 0 else -1 - number]
        self._finalized, self._number, self._index = finalized, number, index
        self._plain_sum, self._divisor = plain_sum, divisor
        self.line_parts = [
            self._part(position, factor, job)
            for position, ((factor, _), job) in enumerate(zip(self.line.spec.parts, self.line.jobs, strict=True))
            if job.spec.loss.source_roles
        ]

    def _part(self, position: int, factor: float, job: Job) -> LinePart:
        """A part with its terms; of several kernel calls, each has its own."""
        totals = self._finalized.totals
        terms: list[LineTerm] = []
        rows = []
        for term, call in kernel_calls(job).items():
            counted = totals.losses[call].rows
            if counted is not None:
                rows.append(self._finalized.sums_of(counted))
            for own, accumulator, shared in totals.losses[call].sums():
                source: ValueSource = call
                name, sums = own, None
                if self._number < 0:
                    source, name = BaselinePart(-1 - self._number, position), term or own
                else:
                    sums = self._finalized.sums_of(accumulator, shared)
                numerator = self._index(Contribution(source, name, False))
                denominator = self._index(Contribution(source, name if shared is None else ROWS, True))
                terms.append(LineTerm(term or own, numerator, denominator, sums))
        return LinePart(factor, job, reduction_of(totals.plan, job) == "sum", terms, rows)

    def finalized(self) -> dict[int, FinalizedSums]:
        """The finalized sums of each contribution that an accumulator of this run has, by its index."""
        found = {}
        for part in self.line_parts:
            for term in part.terms:
                if term.sums is not None:
                    found[term.numerator] = found[term.denominator] = term.sums
        return found

    def parts(self, slice_ids: SliceIds) -> list[PartSums] | None:
        """The parts that read rows, with the sums of their terms; None where a term's mean is undefined, or no sum."""
        found = []
        for part in self.line_parts:
            if part.job.spec.loss.sorted_by:
                return None
            terms = []
            units = max([sums.count(slice_ids) for sums in part.rows], default=0)
            for term in part.terms:
                mean = self._exact_mean(term, slice_ids)
                if mean is None or not mean.denominator:
                    return None
                units = max(units, mean.units)
                terms.append(TermMean(term.term, term.numerator, term.denominator, mean))
            found.append(PartSums(part.factor, part.job, part.summed, terms, units))
        return found

    def _exact_mean(self, term: LineTerm, slice_ids: SliceIds) -> ExactMean | None:
        if term.sums is not None:
            return term.sums.exact_mean(slice_ids, self._divisor)
        numerator, denominator = (self._plain_sum(one, slice_ids) for one in (term.numerator, term.denominator))
        return None if numerator is None or denominator is None else ExactMean(0, numerator, denominator)
