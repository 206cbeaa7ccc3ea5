"""Tallies -> results: slices gathered, class weights applied, means taken and combined. One rounding a number."""

from __future__ import annotations

import gc
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from losscli.aggregate.accumulator import RunAccumulator
from losscli.aggregate.exact_sum import ONE, Sums, rounded
from losscli.aggregate.kernel_calls import kernel_calls
from losscli.aggregate.slices import NULL
from losscli.aggregate.term_accumulator import LossAccumulator, TermAccumulator
from losscli.binding.plan import Job, Line
from losscli.binding.signature import _reduction, signature
from losscli.errors import DataError
from losscli.results import BatchResult, LossResult, PartResult, TermResult

Slice = tuple[str, ...]
Exact = Fraction | int


class WeightedSliceId(NamedTuple):
    """One id of a slice, and the factor that the weight of its class gives it (None: 1, without weights)."""

    number: int
    factor: Fraction | None = None


class Number(NamedTuple):
    """One term of one slice; the exact bottom of its mean, in units of 2**-1074, is for those who go on computing."""

    result: TermResult
    units: Fraction | int

    @property
    def bottom(self) -> Fraction:
        return Fraction(self.units) / ONE


class FinalizedSums:
    """A tally read out, all slice ids at once: counts, and exact sums in units of 2**-1074."""

    def __init__(self, tally: TermAccumulator) -> None:
        self.tally, self.sums = tally, tally.sums
        self.counts, self.tops, self.weights, finite = tally.evaluate()
        self.odd = not finite

    def number(self, slice_ids: list[WeightedSliceId], by_count: bool) -> Number:
        """The mean over these slice ids."""
        if (
            len(slice_ids) == 1
            and slice_ids[0].factor is None
            and not self.odd
            and slice_ids[0].number < len(self.counts)
        ):
            return self._plain(slice_ids[0].number, by_count)
        known = len(self.counts)
        slice_ids = [c for c in slice_ids if c.number < known and self.counts[c.number] and c.factor != 0]
        count = sum([self.counts[c.number] for c in slice_ids])
        top, weight = self._exact(slice_ids, count)
        bottom = count * ONE if by_count else weight
        odd = _odd(self.sums, slice_ids) if self.odd else None
        if not count or bottom == 0:
            return Number(TermResult(math.nan, 0.0 if odd is None else odd, count, rounded(weight, ONE)), bottom)
        mean = odd if odd is not None else rounded(top, bottom)
        return Number(
            TermResult(mean, odd if odd is not None else rounded(top, ONE), count, rounded(weight, ONE)), bottom
        )

    def _plain(self, slice_id: int, by_count: bool) -> Number:
        """The same for one slice id where nothing is special: with very many slices, most of the time is spent here."""
        count, top = self.counts[slice_id], self.tops[slice_id]
        units = count * ONE
        weight, weights = float(count), units
        if self.weights is not None:
            weights = self.weights[slice_id]
            weight = rounded(weights, ONE)
        bottom = units if by_count else weights
        if not count or not bottom:
            return Number(TermResult(math.nan, 0.0, count, weight), bottom)
        return Number(TermResult(rounded(top, bottom), rounded(top, ONE), count, weight), bottom)

    def exact(
        self, slice_ids: list[WeightedSliceId], by_count: bool
    ) -> tuple[int, Fraction | int, Fraction | int] | None:
        """How many units these slice ids hold, the sum and the bottom of their mean; None where they are not finite."""
        known = len(self.counts)
        slice_ids = [c for c in slice_ids if c.number < known and self.counts[c.number] and c.factor != 0]
        count = sum([self.counts[c.number] for c in slice_ids])
        if self.odd and _odd(self.sums, slice_ids) is not None:
            return None
        top, weight = self._exact(slice_ids, count)
        return count, top, count * ONE if by_count else weight

    def _exact(self, slice_ids: list[WeightedSliceId], count: int) -> tuple[Fraction | int, Fraction | int]:
        """The sum and the weight of these slice ids: whole numbers as long as classes have no weights, for speed."""
        if all(c.factor is None for c in slice_ids):
            top = sum([self.tops[c.number] for c in slice_ids])
            return top, count * ONE if self.weights is None else sum([self.weights[c.number] for c in slice_ids])
        factors = [1 if c.factor is None else c.factor for c in slice_ids]
        weights = [self.counts[c.number] * ONE if self.weights is None else self.weights[c.number] for c in slice_ids]
        return (
            sum((f * self.tops[c.number] for f, c in zip(factors, slice_ids, strict=True)), Fraction(0)),
            sum((f * w for f, w in zip(factors, weights, strict=True)), Fraction(0)),
        )


class Books:
    """The tallies of a run, each read out once."""

    def __init__(self, totals: RunAccumulator) -> None:
        self.totals = totals
        self._open: dict[int, FinalizedSums] = {}

    def of(self, tally: TermAccumulator) -> FinalizedSums:
        if id(tally) not in self._open:
            self._open[id(tally)] = FinalizedSums(tally)
        return self._open[id(tally)]


def slices(totals: RunAccumulator) -> dict[Slice, list[WeightedSliceId]]:
    """Slice -> its ids; the whole run is the slice () and comes first, then the others in order of their text."""
    names, width = totals.slice_index.names(), len(totals.plan.by)
    if names == [()]:
        return {(): [WeightedSliceId(0)]}
    # The registry may know more than rows use; and it numbers slices as they come, which no result may show.
    used = sorted(np.flatnonzero(totals.counts).tolist(), key=names.__getitem__)
    found: dict[Slice, list[int]] = {(): used}
    if width:
        for slice_id in used:
            found.setdefault(names[slice_id][:width], []).append(slice_id)
    if totals.plan.class_column is None:
        return {name: [WeightedSliceId(number) for number in slice_ids] for name, slice_ids in found.items()}
    classes = {number: names[number][-1] for number in used}
    return {name: _weighted(totals, slice_ids, classes) for name, slice_ids in found.items()}


def _weighted(totals: RunAccumulator, slice_ids: list[int], classes: Mapping[int, str]) -> list[WeightedSliceId]:
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
    return [WeightedSliceId(slice_id, factors.get(classes[slice_id], Fraction(0))) for slice_id in slice_ids]


def results(totals: RunAccumulator) -> tuple[LossResult, ...]:
    """Every line of the report on every slice."""
    plan, books = totals.plan, Books(totals)
    sheets = [[LineEstimator(books, job, line) for job in line.jobs] for line in plan.lines]
    with _collector_at_rest():
        found = slices(totals)
        return tuple(
            _line(line, sheet, dict(zip(plan.by, name, strict=False)), slice_ids)
            for line, sheet in zip(plan.lines, sheets, strict=True)
            for name, slice_ids in found.items()
        )


@contextmanager
def _collector_at_rest() -> Iterator[None]:
    """Results are kept, every one: looking for garbage among very many is a third of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _line(
    line: Line, sheets: list[LineEstimator], by: Mapping[str, str], slice_ids: list[WeightedSliceId]
) -> LossResult:
    singles = [sheet.result(by, slice_ids) for sheet in sheets]
    if not line.spec.blend:
        return singles[0]
    factors = [factor for factor, _ in line.spec.parts]
    value = sum(factor * single.value for factor, single in zip(factors, singles, strict=True))
    rows = [s for s, job in zip(singles, line.jobs, strict=True) if job.spec.loss.source_roles] or singles
    assert line.spec.name is not None
    return LossResult(
        model=line.model, by=by, loss=line.spec.name, spec=line.spec.text, params={},
        reduction=rows[0].reduction, value=float(value), count=min(s.count for s in rows),
        weight=min(s.weight for s in rows), terms={}, direction=singles[0].direction,
        revision=max(s.revision for s in singles), signature=rows[0].signature,
        parts=tuple(PartResult(s.spec, f, s.value) for s, f in zip(singles, factors, strict=True)),
        batch=next((s.batch for s in singles if s.batch), None),
        excluded_count=max(s.excluded_count for s in singles),
    )  # fmt: skip


class LineEstimator:
    """One job of a line: what all slices share is made once, as there may be very many."""

    def __init__(self, books: Books, job: Job, line: Line) -> None:
        loss, request = job.spec.loss, books.totals.plan.request
        self.job, self.books, self.model = job, books, line.model
        self.fixed = not loss.source_roles  # a loss of tables alone is the same in every slice
        self.by_count = request.divide_by == "count" and not self.fixed
        self.reduction = _reduction(books.totals.plan, job)
        self.signature = signature(books.totals.plan, line)
        self.params, self.spec = dict(job.spec.params), job.spec.text
        self.batch = None if loss.scope == "row" or self.fixed else batch(books.totals)
        self.terms: dict[str, FinalizedSums] = {}
        self.kept = LossAccumulator()
        for term, work in kernel_calls(job).items():
            self.kept = books.totals.losses[work]
            # Where nothing was read, the terms have no rows.
            tallies = self.kept.terms or {term or "loss": TermAccumulator(False)}
            found = {term or name: books.of(tally) for name, tally in tallies.items()}
            self.terms |= found
            self.first = next(iter(found))  # of the last work, as is what was kept
        self.apart: list[int] = self.kept.excluded.tolist() if self.kept.excluded.any() else []

    def numbers(self, slice_ids: list[WeightedSliceId]) -> dict[str, Number]:
        own = [WeightedSliceId(0)] if self.fixed else slice_ids
        return {name: book.number(own, self.by_count) for name, book in self.terms.items()}

    def result(self, by: Mapping[str, str], slice_ids: list[WeightedSliceId]) -> LossResult:
        loss, own = self.job.spec.loss, [WeightedSliceId(0)] if self.fixed else slice_ids
        terms = {name: number.result for name, number in self.numbers(slice_ids).items()}
        count, weight = self._rows(terms, own)
        return LossResult(
            model=self.model, by=by, loss=loss.name, spec=self.spec, params=self.params,
            reduction=self.reduction, value=combined(self.job, terms, self.reduction), count=count, weight=weight,
            terms=terms, direction=loss.direction, revision=loss.revision, signature=self.signature, batch=self.batch,
            excluded_count=sum([self.apart[c.number] for c in own if c.number < len(self.apart)]),
        )  # fmt: skip

    def _rows(self, terms: Mapping[str, TermResult], slice_ids: list[WeightedSliceId]) -> tuple[int, float]:
        """How many units take part in any term, and their weight."""
        if self.kept.rows is not None:
            rows = self.books.of(self.kept.rows).number(slice_ids, False).result
        else:
            rows = terms[self.first]
        return rows.count, rows.weight


def term_numbers(
    totals: RunAccumulator, job: Job, line: Line, slice_ids: list[WeightedSliceId]
) -> tuple[dict[str, Number], LossAccumulator]:
    """Term -> its mean, sum and weight on these slice ids; and what the job's (last) work kept."""
    sheet = LineEstimator(Books(totals), job, line)
    return sheet.numbers(slice_ids), sheet.kept


def _odd(sums: Sums, slice_ids: list[WeightedSliceId]) -> float | None:
    """What NaN and infinities in any of the slice ids make of their sum."""
    seen = {odd for c in slice_ids if (odd := sums.non_finite(c.number)) is not None}
    if not seen:
        return None
    return seen.pop() if len(seen) == 1 else math.nan


def combined(job: Job, terms: Mapping[str, TermResult], reduction: str) -> float:
    """The loss's number: the sum of its terms' sums, or what `combine` makes of their means."""
    if reduction == "sum":
        return (
            math.nan if any(math.isnan(t.mean) for t in terms.values()) else float(sum(t.sum for t in terms.values()))
        )
    if not job.spec.loss.own_combine and len(terms) == 1:
        return 0 + next(iter(terms.values())).mean  # the same as below, for very many slices
    means = {name: np.float64(term.mean) for name, term in terms.items()}
    with np.errstate(all="ignore"):
        return float(job.spec.loss.combine(means, job.spec.params))


def combine_slopes(job: Job, means: Mapping[str, float]) -> dict[str, float]:
    """The derivative of the number by each term mean, by complex step through the loss's own combine."""
    slopes = {}
    with np.errstate(all="ignore"):
        for name, mean in means.items():
            step = 1e-20 * max(abs(mean), 1e-270)
            moved: dict[str, Any] = {other: np.complex128(value) for other, value in means.items()}
            moved[name] = np.complex128(complex(mean, step))
            slopes[name] = float(np.imag(job.spec.loss.combine(moved, job.spec.params)) / step)
    return slopes


def batch(totals: RunAccumulator) -> BatchResult:
    """Which rows a group loss saw together."""
    groups = totals.groups
    return BatchResult(groups.how, groups.size, totals.plan.batch_by, groups.formed)


def undefined_terms(totals: RunAccumulator, outcome: tuple[LossResult, ...]) -> list[str]:
    """A sentence for every term that has no rows."""
    said = []
    for result in outcome:
        for name, term in result.terms.items():
            if term.count == 0:
                where = "".join(f", {k}={NULL if v is None else v}" for k, v in result.by.items())
                said.append(f"{result.spec}{where}: term '{name}' has no rows, so the value is undefined")
    return list(dict.fromkeys(said))
