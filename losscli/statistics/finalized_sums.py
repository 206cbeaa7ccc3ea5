"""Finalized sums: accumulators read out as exact numbers, for each slice with its class weights."""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple

import numpy as np

from losscli.aggregate.accumulator import RunAccumulator
from losscli.aggregate.exact_sum import ONE, rounded
from losscli.aggregate.kernel_calls import KernelCall
from losscli.aggregate.slices import label_of
from losscli.aggregate.term_accumulator import LossAccumulator, TermAccumulator, TermSums
from losscli.aggregate.wide_sum import Exact, WideSums
from losscli.contract.kinds import Array
from losscli.contract.presets import DivideBy
from losscli.errors import DataError
from losscli.results import TermResult

Slice = tuple[str, ...]


NEAR_FROM, NEAR_TO = 1e-250, 1e250  # between these a complex step, and a product of few such numbers, is accurate


class WeightedSliceId(NamedTuple):
    """One id of a slice, and the factor that the weight of its class gives it (None: 1, without class weights).

    `stratum` is the class, where its weight is computed from the data.
    """

    number: int
    factor: Fraction | None = None
    stratum: str | None = None


SliceIds = list[WeightedSliceId]


class ExactMean(NamedTuple):
    """A term's mean as the ratio of its exact sums, in units of 2**-1074; `units` is how many units take part."""

    units: int
    numerator: Exact
    denominator: Exact


class TermEstimate(NamedTuple):
    """The mean of one term on one slice, and the exact denominator of this mean, in units of 2**-1074."""

    result: TermResult
    exact_denominator: Exact
    exact_mean: Fraction | None = None  # where it is far from 1: its double may have lost digits

    @property
    def denominator(self) -> Fraction:
        """The denominator of the mean as an exact fraction, in the units of the weights."""
        return Fraction(self.exact_denominator) / ONE


class FinalizedSums:
    """A term's accumulator read out for all slice ids at once: counts, and exact sums in units of 2**-1074."""

    def __init__(self, accumulator: TermAccumulator, rows: TermAccumulator | None = None) -> None:
        """With `rows`, what the sum is divided by is theirs: it is that of one class among them."""
        self.accumulator, self.sums = accumulator, accumulator.sums  # held, so that its id stays its own
        self.rows, self.finite = rows, accumulator.sums.finite

    @cached_property
    def _read(self) -> TermSums:
        """All slices read out, when the first is asked for: with very many slices, columns serve most results."""
        found = self.accumulator.evaluate()
        if self.rows is None:
            return found
        counts, _, weights, _, weightless = self.rows.evaluate()
        numerators = [*found.sums, *[0] * (len(counts) - len(found.sums))]
        return TermSums(counts, numerators, weights, found.finite, weightless)

    @cached_property
    def counts(self) -> list[int]:
        """How many units take part."""
        return self._read.counts

    @cached_property
    def numerators(self) -> list[Exact]:
        """The sums."""
        return self._read.sums

    @cached_property
    def weights(self) -> list[int] | None:
        """The weights of the units; None: every unit weighs 1."""
        return self._read.weights

    @cached_property
    def weightless(self) -> list[int]:
        """How many units have the weight 0, and take no part."""
        return self._read.weightless

    def estimate(self, slice_ids: SliceIds, divisor: DivideBy, exact: bool = False) -> TermEstimate:
        """The mean over a slice: divided by the weight of its units, by their count, or by that of all rows.

        `exact` keeps the exact mean wherever the double lies.
        """
        if len(slice_ids) == 1 and slice_ids[0].factor is None and self.finite:
            slice_id = slice_ids[0].number
            if slice_id < len(self.counts):
                return self._plain_estimate(slice_id, divisor, exact)
        rows = self._rows(slice_ids)
        slice_ids = self._occurring(slice_ids)
        count = sum([self.counts[c.number] for c in slice_ids])
        numerator, exact_weight = self._sum_and_weight(slice_ids, count)
        weight = rounded(exact_weight, ONE)
        denominator = exact_weight if divisor == "weight" else (count if divisor == "count" else rows) * ONE
        non_finite = non_finite_sum(self.sums, slice_ids) if not self.finite else None
        if not count or denominator == 0:
            return TermEstimate(
                TermResult(math.nan, 0.0 if non_finite is None else non_finite, count, weight), denominator
            )
        mean = non_finite if non_finite is not None else rounded(numerator, denominator)
        total = non_finite if non_finite is not None else rounded(numerator, ONE)
        ratio = None if non_finite is not None else far_ratio(mean, numerator, denominator, exact)
        return TermEstimate(TermResult(mean, total, count, weight), denominator, ratio)

    def _plain_estimate(self, slice_id: int, divisor: DivideBy, exact: bool) -> TermEstimate:
        """`estimate` of a single slice id of finite values: with very many slices, most of the time is spent here."""
        count, numerator = self.counts[slice_id], self.numerators[slice_id]
        exact_count = count * ONE
        weight, exact_weight = float(count), exact_count
        if self.weights is not None:
            exact_weight = self.weights[slice_id]
            weight = rounded(exact_weight, ONE)
        denominator = exact_weight if divisor == "weight" else exact_count
        if divisor == "rows":
            denominator += self.weightless[slice_id] * ONE
        if not count or not denominator:
            return TermEstimate(TermResult(math.nan, 0.0, count, weight), denominator)
        mean = rounded(numerator, denominator)
        result = TermResult(mean, rounded(numerator, ONE), count, weight)
        return TermEstimate(result, denominator, far_ratio(mean, numerator, denominator, exact))

    def _rows(self, slice_ids: SliceIds) -> int:
        """How many units there are, with those whose weight, or that of whose class, is 0."""
        known = [c.number for c in slice_ids if c.number < len(self.counts)]
        return sum([self.counts[number] + self.weightless[number] for number in known])

    def count(self, slice_ids: SliceIds) -> int:
        """How many units of a slice count."""
        if len(slice_ids) == 1 and slice_ids[0].factor is None:
            number = slice_ids[0].number
            return self.counts[number] if number < len(self.counts) else 0
        return sum([self.counts[c.number] for c in self._occurring(slice_ids)])

    def exact_mean(self, slice_ids: SliceIds, divisor: DivideBy) -> ExactMean | None:
        """The exact sums of a slice; None where values are not finite."""
        if len(slice_ids) == 1 and slice_ids[0].factor is None and self.finite:
            return self._plain_exact_mean(slice_ids[0].number, divisor)
        rows = self._rows(slice_ids) if divisor == "rows" else 0
        slice_ids = self._occurring(slice_ids)
        count = sum([self.counts[c.number] for c in slice_ids])
        if not self.finite and non_finite_sum(self.sums, slice_ids) is not None:
            return None
        numerator, weight = self._sum_and_weight(slice_ids, count)
        if divisor == "rows":
            return ExactMean(rows, numerator, rows * ONE)
        return ExactMean(count, numerator, weight if divisor == "weight" else count * ONE)

    def _plain_exact_mean(self, slice_id: int, divisor: DivideBy) -> ExactMean:
        """`exact_mean` of a single slice id of finite values: with very many slices, all are such."""
        count = self.counts[slice_id] if slice_id < len(self.counts) else 0
        if not count:
            return ExactMean(0, 0, 0)
        if divisor == "rows":
            count += self.weightless[slice_id]
        by_weight = self.weights is not None and divisor == "weight"
        weight = self.weights[slice_id] if by_weight and self.weights is not None else count * ONE
        return ExactMean(count, self.numerators[slice_id], weight)

    def _occurring(self, slice_ids: SliceIds) -> SliceIds:
        """The slice ids that have units which count."""
        known = len(self.counts)
        return [c for c in slice_ids if c.number < known and self.counts[c.number] and c.factor != 0]

    def _sum_and_weight(self, slice_ids: SliceIds, count: int) -> tuple[Exact, Exact]:
        """The sum and the weight of these slice ids: integers as long as classes have no weights, for speed."""
        if all(c.factor is None for c in slice_ids):
            numerator = sum([self.numerators[c.number] for c in slice_ids])
            return numerator, count * ONE if self.weights is None else sum([self.weights[c.number] for c in slice_ids])
        factors = [1 if c.factor is None else c.factor for c in slice_ids]
        weights = [self.counts[c.number] * ONE if self.weights is None else self.weights[c.number] for c in slice_ids]
        return (
            sum((f * self.numerators[c.number] for f, c in zip(factors, slice_ids, strict=True)), Fraction(0)),
            sum((f * w for f, w in zip(factors, weights, strict=True)), Fraction(0)),
        )


class FinalizedRun:
    """The finalized sums of all accumulators of a run; each accumulator is read out once."""

    def __init__(self, totals: RunAccumulator) -> None:
        self.totals = totals
        self._finalized: dict[int, FinalizedSums] = {}
        self._over: dict[KernelCall, LossAccumulator] = {}

    @cached_property
    def slices(self) -> dict[Slice, SliceIds]:
        """Slice -> its ids; see `slices`."""
        return slices(self.totals)

    def over(self, call: KernelCall, slice_ids: Array) -> LossAccumulator:
        """What was added up of a kernel call in all slices, which are always the same, as slice 0."""
        if call not in self._over:
            self._over[call] = self.totals.losses[call].over(slice_ids)
        return self._over[call]

    def sums_of(self, accumulator: TermAccumulator, rows: TermAccumulator | None = None) -> FinalizedSums:
        """The finalized sums of an accumulator, over those of `rows`; a second call returns the same object."""
        if id(accumulator) not in self._finalized:
            self._finalized[id(accumulator)] = FinalizedSums(accumulator, rows)
        return self._finalized[id(accumulator)]


def far_ratio(double: float, numerator: Exact, denominator: Exact, always: bool = False) -> Fraction | None:
    """The ratio whose double this is, where that is so far from 1 that computing with it may lose digits, or always."""
    if always:
        return Fraction(numerator) / denominator
    if is_near_1(double) or not numerator:
        return None
    return Fraction(numerator) / denominator


def is_near_1(double: float) -> bool:
    """Whether a mean has all digits that what is computed of it needs."""
    return NEAR_FROM < double < NEAR_TO or NEAR_FROM < -double < NEAR_TO


def non_finite_sum(sums: WideSums, slice_ids: SliceIds) -> float | None:
    """What the infinities and NaN of these slice ids add up to; None where there are none."""
    seen = {non_finite for c in slice_ids if (non_finite := sums.non_finite(c.number)) is not None}
    if not seen:
        return None
    return seen.pop() if len(seen) == 1 else math.nan


def slices(totals: RunAccumulator) -> dict[Slice, SliceIds]:
    """Slice -> its ids; the whole run is the slice () and comes first, then the others in order of their text."""
    names, width = totals.slice_index.names(), len(totals.plan.by)
    if names == [()]:
        return {(): [WeightedSliceId(0)]}
    # The index may know more slices than rows use; and it numbers them as they come, which no result may show.
    used = sorted(np.flatnonzero(totals.counts).tolist(), key=names.__getitem__)
    keys = totals.plan.slice_keys
    if any(key.is_number for key in keys):
        used.sort(key=lambda at: [key.place(label) for key, label in zip(keys, names[at], strict=False)])
    found: dict[Slice, list[int]] = {(): used}
    if width:
        for slice_id in used:
            found.setdefault(names[slice_id][:width], []).append(slice_id)
    if totals.plan.class_column is None:
        return {name: [WeightedSliceId(number) for number in slice_ids] for name, slice_ids in found.items()}
    classes = {number: label_of(names[number][-1]) for number in used}
    return {name: _with_class_weights(totals, slice_ids, classes) for name, slice_ids in found.items()}


def rest_of(totals: RunAccumulator, whole: SliceIds, own: SliceIds) -> SliceIds:
    """The ids of all rows that a slice does not have; balanced class weights are those of these rows.

    Parameters
    ----------
    totals
        Everything that the run added up.
    whole, own
        The ids of the whole run, and of the slice.

    Returns
    -------
    list of WeightedSliceId
        The slice that is left.
    """
    numbers = {one.number for one in own}
    left = [one.number for one in whole if one.number not in numbers]
    if totals.plan.class_column is None:
        return [WeightedSliceId(number) for number in left]
    names = totals.slice_index.names()
    return _with_class_weights(totals, left, {number: label_of(names[number][-1]) for number in left})


def _with_class_weights(totals: RunAccumulator, slice_ids: list[int], classes: Mapping[int, str]) -> SliceIds:
    """The slice ids with their class's weight: as given, or n / (K * n_c) over the rows and classes of this slice."""
    given = totals.plan.request.class_weight
    counts: dict[str, int] = {}
    for slice_id in slice_ids:
        counts[classes[slice_id]] = counts.get(classes[slice_id], 0) + int(totals.counts[slice_id])
    if given == "balanced":
        counts = {name: count for name, count in counts.items() if count}
        rows = sum(counts.values())
        factors = {name: Fraction(rows, len(counts) * count) for name, count in counts.items()}
    else:
        assert isinstance(given, Mapping)
        for name in counts:
            if name not in given:
                raise DataError(
                    f"class '{name}' has no weight", hint=f"--class-weight gives: {', '.join(given)}",
                    column=totals.plan.class_column, value=name,
                    code="DATA_UNKNOWN_CLASS",
                )  # fmt: skip
        factors = {name: Fraction(given[name]) for name in counts}
    return [
        WeightedSliceId(slice_id, factors.get(name, Fraction(0)), name if given == "balanced" else None)
        for slice_id, name in ((slice_id, classes[slice_id]) for slice_id in slice_ids)
    ]
