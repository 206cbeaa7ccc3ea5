"""The finalized unit statistics of a run: sums of contributions and of cross products, beside the tables of units.

A slice is a list of slice ids, whose sums are added up; class weights enter at this place.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from losscli.aggregate.accumulator import RunAccumulator
from losscli.aggregate.class_products import ClassProducts
from losscli.aggregate.class_terms import is_of_class
from losscli.aggregate.cross_products import Contribution
from losscli.aggregate.exact_sum import ONE
from losscli.aggregate.paired_outcomes import LinePair
from losscli.aggregate.required import unit_of
from losscli.aggregate.wide_sum import Exact, WideSums
from losscli.binding.limits import Limits, value_limits
from losscli.binding.plan import Input, Line
from losscli.contract.class_terms import name_of
from losscli.contract.kinds import Array
from losscli.results import LossResult
from losscli.statistics.few_clusters import FewClusters
from losscli.statistics.finalized_sums import (
    ExactMean,
    FinalizedRun,
    FinalizedSums,
    Slice,
    SliceIds,
    WeightedSliceId,
    non_finite_sum,
)
from losscli.statistics.interval_methods import EstimateTraits
from losscli.statistics.line_sums import LinePart, LineSums, PartSums, TermMean
from losscli.statistics.skewed_estimates import SkewedEstimates
from losscli.statistics.unit_tables import Column, Columns, UnitTables, ids_of

__all__ = ["Column", "Columns", "ContributionSums"]


class _Products:
    """The cross products of two contributions, for all slice ids; `exact` may be read out when it is asked for."""

    def __init__(self, sums: WideSums, exact: list[Exact] | None = None) -> None:
        self.sums, self.finite = sums, exact is not None or sums.finite
        self._exact = exact

    @property
    def exact(self) -> list[Exact]:
        """The sums, in units of 2**-1074: of very many slices, arrays serve most of them."""
        if self._exact is None:
            self._exact = self.sums.evaluate()
        return self._exact


class _Cells(NamedTuple):
    """A sum for all slice ids, in units of 2**-shift. Those that are not listed are 0."""

    sums: Sequence[Exact]
    shift: int = 0

    def of(self, number: int) -> Exact:
        """That of one slice id, in units of 2**-1074."""
        found = self.sums[number] if number < len(self.sums) else 0
        return found << self.shift if self.shift and isinstance(found, int) else found


class ContributionSums(UnitTables):
    """The finalized unit statistics of a run.

    Lines are named by their positions in the plan; the position -1 - i is that of the baseline of line i.

    Parameters
    ----------
    totals
        Everything that the run added up.
    results
        The estimate of each line over all rows, under the slice ().
    """

    def __init__(self, totals: RunAccumulator, results: Mapping[tuple[int, Slice], LossResult]) -> None:
        super().__init__(totals)
        self.totals, self.results = totals, results
        self.weighted = self.plan.weight is not None or self.plan.class_column is not None
        self.balanced = self.plan.class_column is not None and self.plan.request.class_weight == "balanced"
        self.few_clusters = FewClusters(self.inference.cluster, self.plan.by)
        self.skewed_estimates = SkewedEstimates(self.plan.by)
        self.one = Column(self.unit)
        self._finalized = FinalizedRun(totals)
        self._lines: dict[int, LineSums] = {}
        self._units: dict[int, str | None] = {}
        self._limits: dict[int, Limits] = {}
        self._labelled: dict[int, list[Input]] = {}
        self.traits: dict[int, tuple[EstimateTraits, bool]] = {}  # of a line, for intervals
        self._finalized_of: dict[int, FinalizedSums] = {}
        self._products: dict[tuple[int, int], _Products] = {}
        for pair, sums in self._statistics["row"].cross_products.sums.items():
            one, other = pair
            products = _Products(sums)
            self._products[self._index(one), self._index(other)] = products
            self._products[self._index(other), self._index(one)] = products
        self._not_finite: set[tuple[int, int]] = set()
        self._plain_products: dict[tuple[int, int], _Cells | None] = {}
        self._plain_moments: dict[tuple[int, ...], _Cells | None] = {}
        self._read_class_products(self._statistics["row"].class_products)
        self.moments_of = self._statistics["row"].required.moments_of
        self._third_moments = {
            tuple(sorted(map(self._index, product))): _Products(sums)
            for product, sums in self._statistics["row"].third_moments.sums.items()
        }

    def _read_class_products(self, given: ClassProducts) -> None:
        """The products of pairs of classes, as those of any two contributions."""
        for (one, other), cells in given.cells.items():
            sums = given.products.sums[one, other]
            exact, named = sums.evaluate(), dict[tuple[Contribution, str], int]()
            for (number, *names), at in cells.items():
                for base, name in zip((one, other), names, strict=True):
                    if (base, name) not in named:
                        own = base._replace(term=name_of(base.term, name)) if name else base
                        named[base, name] = self._index(own)
                pair = named[one, names[0]], named[other, names[1]]
                found = self._products.get(pair)
                if found is None:
                    found = self._products[pair] = self._products[pair[::-1]] = _Products(sums, [])
                if not sums.finite:
                    self._not_finite |= {pair, pair[::-1]}
                found.exact.extend([0] * (number + 1 - len(found.exact)))
                found.exact[number] = exact[at]

    def line(self, number: int) -> Line:
        """The line of the plan at this position; a baseline has that of its model in this run."""
        return self.plan.lines[number if number >= 0 else -1 - number]

    def unit_of(self, number: int) -> str | None:
        """The kind of unit of a line's values: "row" or "batch"; None where its parts differ, or read no rows."""
        if number not in self._units:
            self._units[number] = unit_of(self.line(number))
        return self._units[number]

    def at_level(self, level: float) -> ContributionSums:
        """The same statistics, for intervals of another confidence level."""
        other = copy.copy(self)
        other.inference = replace(self.inference, level=level)
        return other

    def limits_of(self, number: int) -> Limits:
        """The limits of a line's value, with its constant and what its parts that read no rows add."""
        if number not in self._limits:
            fixed, (low, high) = self.fixed_value(number), value_limits(self.plan, self.line(number))
            self._limits[number] = Limits(low + fixed, high + fixed)
        return self._limits[number]

    def rarer_label(self, number: int, slice_ids: SliceIds) -> tuple[int, int] | None:
        """How many rows have the rarer of two labels, and how many rows there are; None of a line without labels."""
        counts, sides = self.totals.label_counts, self._labels_of(number)
        return min((counts.rarer(one, (each.number for each in slice_ids)) for one in sides), default=None)

    def labelled_rows(self, number: int, slice_numbers: Array) -> tuple[Array, Array] | None:
        """The same of slices of one id each, as arrays."""
        counts, rare, every = self.totals.label_counts, None, None
        for one in self._labels_of(number):
            own, rows = counts.rarer_of(one, slice_numbers)
            if rare is None or every is None:
                rare, every = own, rows
                continue
            less = (own < rare) | ((own == rare) & (rows < every))
            rare, every = np.where(less, own, rare), np.where(less, rows, every)
        return None if rare is None or every is None else (rare, every)

    def _labels_of(self, number: int) -> list[Input]:
        """The inputs of a line whose labels are counted."""
        if number not in self._labelled:
            inputs = (one for job in self.line(number).jobs for one in job.inputs)
            self._labelled[number] = [one for one in inputs if one in self.totals.label_counts.counts]
        return self._labelled[number]

    # -- sums of terms ---------------------------------------------------------------------------------------------

    def parts(self, number: int, slice_ids: SliceIds) -> list[PartSums] | None:
        """The parts of a line that read rows, with the sums of their terms; None where a term's mean is undefined."""
        return self._line_sums(number).parts(slice_ids)

    def _line_sums(self, number: int) -> LineSums:
        if number not in self._lines:
            line = LineSums(self._finalized, number, self._index, self._plain_sum, self.divisor)
            self._finalized_of.update(line.finalized())
            self._lines[number] = line
        return self._lines[number]

    def fixed_value(self, number: int) -> float:
        """The constant of a line, and what its parts that read no rows add: they are the same in every slice."""
        line = self.line(number)
        parts = self.results[number if number >= 0 else -1 - number, ()].parts or ()
        return sum((part.factor * part.value for part, job in zip(parts, line.jobs, strict=False)
                    if not job.spec.loss.source_roles), line.spec.constant)  # fmt: skip

    # -- classes whose weights are computed from the data ----------------------------------------------------------

    def strata(self, slice_ids: SliceIds) -> dict[str, int]:
        """Class -> its rows; classes without rows are left out."""
        counts: dict[str, int] = {}
        for c in slice_ids:
            if c.stratum is not None:
                counts[c.stratum] = counts.get(c.stratum, 0) + int(self.totals.counts[c.number])
        return {name: count for name, count in counts.items() if count}

    def stratum_sums(self, term: TermMean, stratum: str, slice_ids: SliceIds) -> ExactMean:
        """The exact sums of a term over one class, without class weights."""
        own = ids_of(stratum, slice_ids)
        numerator, denominator = (self._plain_sum(one, own) for one in (term.numerator, term.denominator))
        return ExactMean(0, numerator or 0, denominator or 0)

    # -- cross products --------------------------------------------------------------------------------------------

    def product(self, one: Column, other: Column, slice_ids: SliceIds) -> Exact | None:
        """The sum of the products of two contributions, in units of 2**-1074; None where not finite or not kept.

        Columns of different classes have no unit in common.
        """
        if one.stratum != other.stratum:
            return 0
        first, second, unit = one.contribution, other.contribution, self.unit
        if one.stratum is None and (number := only_number(slice_ids)) is not None:
            if (pair := (first, second)) not in self._plain_products:
                self._plain_products[pair] = self._cells(first, second)
            if (cells := self._plain_products[pair]) is not None:
                return cells.of(number)
        own = ids_of(one.stratum, slice_ids)
        if unit in (first, second):
            return self._plain_sum(first if second == unit else second, own)
        if self._not_finite and (first, second) in self._not_finite:
            return None
        found = self._products.get((first, second))
        if found is None:
            classes = [is_of_class(self._contributions[each]) for each in (first, second)]
            if any(classes) and (all(classes) or self.plan.weight is not None):
                return 0  # no unit contributes to both
            return self._product_with_ones(first, second, own)
        return _added_up(found, own, int(self._has_class_weight(first)) + int(self._has_class_weight(second)))

    def _cells(self, first: int, second: int) -> _Cells | None:
        """What `product` gives for slices of one id without a class weight: with very many slices, all are such.

        None where some are not finite, or it is more than one list.
        """
        if self.unit in (first, second):
            return self._plain_cells(first if second == self.unit else second)
        if (first, second) in self._not_finite:
            return None
        found = self._products.get((first, second))
        if found is not None:
            return _Cells(found.exact) if found.finite else None
        classes = [is_of_class(self._contributions[each]) for each in (first, second)]
        if any(classes) and (all(classes) or self.plan.weight is not None):
            return _Cells(())
        denominators = [one for one in (first, second) if self._contributions[one].is_denominator]
        if not denominators or self.plan.weight is not None or self.plan.class_column is not None:
            return None
        if len(denominators) == 2 and first != second:
            return None
        return self._plain_cells(second if denominators[0] == first else first)

    def _plain_cells(self, contribution: int) -> _Cells | None:
        """The same for `_plain_sum`."""
        sums = self._finalized_of.get(contribution)
        if sums is None:
            found = self._products.get((contribution, self.unit))
            return _Cells(found.exact) if found is not None and found.finite else None
        if not sums.finite or self.divisor == "rows":
            return None
        if not self._contributions[contribution].is_denominator:
            return _Cells(sums.numerators)
        if sums.weights is not None and self.divisor == "weight":
            return _Cells(sums.weights)
        return _Cells(sums.counts, ONE.bit_length() - 1)

    def _product_with_ones(self, first: int, second: int, slice_ids: SliceIds) -> Exact | None:
        """The sum of products with the denominator of a mean of rows without weights, which are not kept."""
        denominators = [one for one in (first, second) if self._contributions[one].is_denominator]
        if self.plan.weight is not None or not denominators:
            return None
        other = second if denominators[0] == first else first
        if (len(denominators) == 1 or first == second) and self.plan.class_column is None:
            return self._plain_sum(other, slice_ids)
        power = int(self._has_class_weight(first)) + int(self._has_class_weight(second))
        total: Exact = 0
        for c in slice_ids:
            only = [WeightedSliceId(c.number)]
            sums = [self._plain_sum(one, only) for one in ([first, second] if len(denominators) == 2 else
                                                           [second if denominators == [first] else first])]  # fmt: skip
            known = [one for one in sums if one is not None]
            if len(known) < len(sums):
                return None
            total += min(known) * (1 if c.factor is None else c.factor**power)  # of two masks, one takes all units
        return total

    def third_moment(self, columns: Columns, slice_ids: SliceIds) -> Exact | None:
        """The sum of the products of one to three contributions, as `product`; of values where rows have weights.

        The three may be one denominator: the cubes of its weights.
        """
        filled = [one.contribution for one in columns] + [self.unit] * (2 - len(columns))
        if columns[0].stratum is None and (number := only_number(slice_ids)) is not None:
            if (key := tuple(filled)) not in self._plain_moments:
                kept = self._third_moments.get(tuple(sorted(filled)))
                self._plain_moments[key] = None if kept is None or not kept.finite else _Cells(kept.exact)
            if (cells := self._plain_moments[key]) is not None:
                return cells.of(number)
        own = ids_of(columns[0].stratum, slice_ids)
        found = self._third_moments.get(tuple(sorted(filled)))
        if found is None:
            return None
        weighted = self._has_class_weight(filled[0])
        if self.moments_of == "values" and not self._contributions[filled[0]].is_denominator:
            weighted = False
        return _added_up(found, own, len(columns) if weighted else 0)

    def varies(self, column: Column) -> bool:
        """Whether units of a block differ in a column: in values, and in weights where shares do not follow them."""
        return not self._contributions[column.contribution].is_denominator or (
            self.moments_of == "numerators and weights" and column.contribution != self.unit
        )

    def _plain_sum(self, contribution: int, slice_ids: SliceIds) -> Exact | None:
        """The sum of a contribution, in units of 2**-1074; None where not finite or not kept."""
        if contribution == self.unit:
            return sum([int(self.totals.counts[c.number]) for c in slice_ids]) * ONE
        if contribution in self._finalized_of:
            sums = self._finalized_of[contribution].exact_mean(slice_ids, self.divisor)
            if sums is None:
                return None
            return sums.denominator if self._contributions[contribution].is_denominator else sums.numerator
        found = self._products.get((contribution, self.unit))
        return None if found is None else _added_up(found, slice_ids, int(self._has_class_weight(contribution)))

    # -- all slices at once ----------------------------------------------------------------------------------------

    def only_part(self, number: int) -> LinePart | None:
        """The part of a line whose value on a slice has the variance of independent rows, by sums alone.

        None where there are several parts, or units, class weights or divisors of another kind.
        """
        parts = self._line_sums(number).line_parts
        plain = self.unit_of(number) == "row" and not self.is_clustered("row") and self.plan.class_column is None
        if len(parts) != 1 or not plain or self.by_count or parts[0].summed or parts[0].job.spec.loss.exact:
            return None
        if any(is_of_class(self._contributions[term.numerator]) or term.sums is None for term in parts[0].terms):
            return None
        kept = self.weighted and self._statistics["row"].kept.complete  # leverages are known, which are no sums
        return None if kept else parts[0]

    def kept_product(self, one: int, other: int) -> WideSums | None:
        """The sums of the products of two contributions on all slices; None where none are kept."""
        found = self._products.get((one, other))
        return None if found is None else found.sums

    def kept_moment(self, contributions: Sequence[int]) -> WideSums | None:
        """The same of products that third moments are made of; the factors of a single one are itself and ones."""
        found = self._third_moments.get(tuple(sorted(contributions)))
        return None if found is None else found.sums

    # -- paired outcomes -------------------------------------------------------------------------------------------

    def paired_outcomes(self, pair: LinePair, unit: str, slice_ids: SliceIds) -> tuple[int, int, int] | None:
        """How many units the first line wins, loses and ties; None where losses have no value a unit."""
        counts = self._statistics[unit].outcomes.get(pair)
        if counts is None:
            return None
        known = [c.number for c in slice_ids if c.number < len(counts)]
        one = counts[known[0]] if len(known) == 1 else counts[known].sum(axis=0)
        wins, losses, ties = one.tolist()
        return wins, losses, ties


def only_number(slice_ids: SliceIds) -> int | None:
    """The number of a slice of one id without a class weight: with very many slices, each is such a one."""
    return slice_ids[0].number if len(slice_ids) == 1 and slice_ids[0].factor is None else None


def _added_up(found: _Products, slice_ids: SliceIds, power: int) -> Exact | None:
    """The sum over slice ids, each times its class weight to a power; None where it is not finite."""
    known = len(found.exact)
    if found.finite and (plain := only_number(slice_ids)) is not None:
        return found.exact[plain] if plain < known else 0
    slice_ids = [c for c in slice_ids if c.number < known]
    if not found.finite and non_finite_sum(found.sums, slice_ids) is not None:
        return None
    if all(c.factor is None for c in slice_ids):
        return sum([found.exact[c.number] for c in slice_ids])
    total: Exact = 0
    for c in slice_ids:
        total += found.exact[c.number] * (1 if c.factor is None else c.factor**power)
    return total
