"""What was kept beside the sums, read out: how far the units move a number, and the variance that comes of it.

A number is a function of sums over independent units. Near its sums it is linear: what a unit adds to it is known, and
the spread of those gives the standard error (the delta method; for a weighted mean it is the sandwich of White 1980,
doi:10.2307/1912934, and for clusters that of Liang & Zeger 1986, doi:10.1093/biomet/73.1.13). All of it is computed
from exact sums, so it has the same bits however rows were cut, and no digits are lost where values hardly differ.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from losscli.aggregate.accumulator import RunAccumulator
from losscli.aggregate.buckets import ResamplingTable
from losscli.aggregate.cross_products import UNIT, Contribution
from losscli.aggregate.exact_sum import ONE, Sums, rounded
from losscli.aggregate.kernel_calls import kernel_calls
from losscli.aggregate.required import SavedPart
from losscli.binding.plan import Job
from losscli.binding.request import Inference
from losscli.contract.kinds import Array
from losscli.results import LossResult
from losscli.statistics.estimates import Books, Exact, FinalizedSums, Slice, WeightedSliceId, combine_slopes
from losscli.statistics.hypothesis_tests import Ratio

Shares = Sequence[int]  # by their numbers in a Spread


class Known(NamedTuple):
    """One term of a part of a line: the numbers of its shares, and the tally that adds it up (None: it was saved)."""

    term: str
    top: int
    bottom: int
    book: FinalizedSums | None


class Piece(NamedTuple):
    """The same on some slice ids: how many units, and the sums of its shares in units of 2**-1074."""

    term: str
    top: int
    bottom: int
    units: int
    sums: tuple[Exact, Exact]

    @property
    def mean(self) -> float:
        return rounded(*self.sums)


Parts = list[tuple[float, Job, list[Piece]]]


@dataclass(frozen=True)
class Form:
    """A number near its sums: how far one of each share moves it, as ratios of whole numbers; and its units.

    The ratios are not reduced: numbers of thousands of digits would spend their time on that. `units` is how many rows
    of one weight tell as much as those of its smallest term.
    """

    moves: tuple[tuple[int, int, int], ...]  # share, numerator, denominator
    units: float

    def minus(self, other: Form) -> Form:
        """The form of the difference of two numbers."""
        negative = tuple((share, -top, bottom) for share, top, bottom in other.moves)
        return Form(self.moves + negative, min(self.units, other.units))

    @property
    def shares(self) -> list[int]:
        """The shares, in the order in which they stand."""
        return list(dict.fromkeys(share for share, _, _ in self.moves))

    def scaled(self) -> tuple[dict[int, int], int]:
        """Share -> whole number, over one denominator for all."""
        scale = math.prod({bottom for _, _, bottom in self.moves})
        whole: dict[int, int] = {}
        for share, top, bottom in self.moves:
            whole[share] = whole.get(share, 0) + top * (scale // bottom)
        return {share: number for share, number in whole.items() if number}, scale


class _Products(NamedTuple):
    sums: Sums
    exact: list[int]
    odd: bool


class LossUncertainty:
    """What was kept of a run."""

    def __init__(self, totals: RunAccumulator, results: Mapping[tuple[int, Slice], LossResult]) -> None:
        """`results` are those of each line, by its place, and slice."""
        assert totals.joint is not None
        self.totals, self.plan, self.results = totals, totals.plan, results
        self.asked: Inference = totals.plan.request.inference
        self.by_count = self.plan.request.divide_by == "count"
        self.weighted = self.plan.weight is not None or self.plan.class_column is not None
        self.levels = {"row": totals.joint.rows, "batch": totals.joint.groups}
        self._books = Books(totals)
        self._names: list[Contribution] = []
        self._numbers: dict[Contribution, int] = {}
        self._known: dict[tuple[int, int], list[Known]] = {}
        self._drawers: dict[str, ResamplingTable] = {}
        unit = self._number(UNIT)
        self._products: dict[tuple[int, int], _Products] = {}
        for (one, other), sums in self.levels["row"].moments.sums.items():
            odd = bool(sums.nan.any() or sums.inf.any() or sums.neg_inf.any())
            products = _Products(sums, sums.evaluate(), odd)
            self._products[self._number(one), self._number(other)] = products
            self._products[self._number(other), self._number(one)] = products
        self._unit = unit

    def _number(self, share: Contribution) -> int:
        """The number of a share: to hash its owner takes long."""
        if share not in self._numbers:
            self._numbers[share] = len(self._names)
            self._names.append(share)
        return self._numbers[share]

    # -- sums ------------------------------------------------------------------------------------------------------

    def parts(self, number: int, slice_ids: list[WeightedSliceId]) -> Parts | None:
        """The parts of a line that read rows, with the sums of their terms; None where one is undefined.

        The line -1 - i is the saved one of line i.
        """
        line = self.plan.lines[number if number >= 0 else -1 - number]
        found = []
        for place, ((factor, _), job) in enumerate(zip(line.spec.parts, line.jobs, strict=True)):
            if not job.spec.loss.source_roles:
                continue
            pieces = [self._piece(known, slice_ids) for known in self._terms(number, place, job)]
            if not all(pieces):
                return None
            found.append((factor, job, [piece for piece in pieces if piece is not None]))
        return found

    def _terms(self, number: int, place: int, job: Job) -> list[Known]:
        if (number, place) not in self._known:
            self._known[number, place] = [
                self._saved(term or own, number, place) if number < 0 else Known(
                    term or own, self._number(Contribution(work, own, False)),
                    self._number(Contribution(work, own, True)),
                    self._books.of(tally),
                )
                for term, work in kernel_calls(job).items() for own, tally in self.totals.losses[work].terms.items()
            ]  # fmt: skip
        return self._known[number, place]

    def _saved(self, term: str, number: int, place: int) -> Known:
        owner = SavedPart(-1 - number, place)
        return Known(
            term, self._number(Contribution(owner, term, False)), self._number(Contribution(owner, term, True)), None
        )

    def _piece(self, known: Known, slice_ids: list[WeightedSliceId]) -> Piece | None:
        sums: tuple[int, Exact, Exact] | None = None
        if known.book is not None:
            sums = known.book.exact(slice_ids, self.by_count)
        else:
            tops, bottoms = (self._product(share, self._unit, slice_ids) for share in (known.top, known.bottom))
            if tops is not None and bottoms is not None:
                sums = 0, tops, bottoms
        if sums is None or sums[2] == 0:
            return None
        return Piece(known.term, known.top, known.bottom, sums[0], sums[1:])

    def _power(self, share: int) -> int:
        """Whether the weight of a slice id's class stands in a share."""
        return int(not (self._names[share].bottom and self.by_count))

    def _product(self, one: int, other: int, slice_ids: list[WeightedSliceId]) -> Exact | None:
        """The sum of the products over these ids, in units of 2**-1074; None where it is not finite, or not kept."""
        found = self._products.get((one, other))
        if found is None:
            return None
        known = len(found.exact)
        if found.odd and any(c.number < known and found.sums.non_finite(c.number) is not None for c in slice_ids):
            return None
        if all(slice_id.factor is None for slice_id in slice_ids):
            return sum([found.exact[slice_id.number] for slice_id in slice_ids if slice_id.number < known])
        power = self._power(one) + (0 if other == self._unit else self._power(other))
        total: Exact = 0
        for slice_id in slice_ids:
            if slice_id.number < known:
                total += found.exact[slice_id.number] * (1 if slice_id.factor is None else slice_id.factor**power)
        return total

    def value(self, number: int, slice_ids: list[WeightedSliceId]) -> float:
        """A line's number, where no result has it."""
        parts = self.parts(number, slice_ids)
        total = math.nan if parts is None else self._fixed(number)
        for factor, job, pieces in parts or ():
            means = {piece.term: np.float64(piece.mean) for piece in pieces}
            total += factor * float(job.spec.loss.combine(means, job.spec.params))
        return total

    # -- the linear form -------------------------------------------------------------------------------------------

    def form(self, number: int, slice_ids: list[WeightedSliceId]) -> Form | None:
        """The form of one line's number; None where it has none."""
        moves: list[tuple[int, int, int]] = []
        units = math.inf
        for factor, job, pieces in self.parts(number, slice_ids) or ():
            summed = job.spec.loss.reduction == "sum" or self.plan.request.reduction == "sum"
            slopes = dict.fromkeys([piece.term for piece in pieces], 1.0)
            if job.spec.loss.own_combine and not summed:
                slopes = combine_slopes(job, {piece.term: piece.mean for piece in pieces})
            for piece in pieces:
                if not math.isfinite(slopes[piece.term]):
                    return None
                moves += _moves(piece, factor, slopes[piece.term], summed)
                units = min(units, self._units(piece, slice_ids))
        return Form(tuple(moves), units) if moves else None

    def _units(self, piece: Piece, slice_ids: list[WeightedSliceId]) -> float:
        """How many rows of one weight tell as much as these (Kish 1965, Survey Sampling, 11.7)."""
        squares = self._product(piece.bottom, piece.bottom, slice_ids) if self.weighted and not self.by_count else None
        if not squares:
            return float(piece.units) if piece.units else rounded(piece.sums[1], ONE)
        return rounded(piece.sums[1] ** 2, squares * ONE)

    # -- the spread of a form --------------------------------------------------------------------------------------

    def variance(self, form: Form, unit: str, slice_ids: list[WeightedSliceId]) -> tuple[Ratio, float] | None:
        """The variance of a number, and its degrees of freedom; None where there are too few units."""
        if self.by_parts(unit):
            return self._variance_of_parts(form, unit, slice_ids)
        whole, scale = form.scaled()
        shares = list(whole)
        total: Exact = 0
        for i, one in enumerate(shares):
            for other in shares[i:]:
                product = self._product(one, other, slice_ids)
                if product is None:
                    return None
                total += whole[one] * whole[other] * product * (1 if one == other else 2)
        if form.units <= 1:
            return None
        top, bottom = total.as_integer_ratio()
        units, per = form.units.as_integer_ratio()
        return Ratio(max(top, 0) * units, bottom * scale * scale * ONE * (units - per)), form.units - 1

    def by_parts(self, unit: str) -> bool:
        """Whether what is independent are not single rows."""
        return unit == "batch" or self.asked.cluster is not None

    def _variance_of_parts(self, form: Form, unit: str, slice_ids: list[WeightedSliceId]) -> tuple[Ratio, float] | None:
        whole, scale = form.scaled()
        sums = self.sums_of_parts(form.shares, unit, slice_ids)
        if sums is None:
            return None
        factors = [whole.get(share, 0) for share in form.shares]
        moves = [sum(f * s for f, s in zip(factors, row, strict=True)) for row in zip(*sums, strict=True) if any(row)]
        if len(moves) < 2:
            return None
        top, bottom = sum(move * move for move in moves).as_integer_ratio()
        return Ratio(top * len(moves), bottom * (scale * ONE) ** 2 * (len(moves) - 1)), len(moves) - 1.0

    def sums_of_parts(self, shares: Shares, unit: str, slice_ids: list[WeightedSliceId]) -> list[list[Exact]] | None:
        """Share -> its exact sum in each part; None where one is not finite."""
        drawer, asked = self._drawer(unit), self._asked_of(slice_ids, shares)
        return drawer.units(*asked) if drawer.finite(*asked[:2]) else None

    def _drawer(self, unit: str) -> ResamplingTable:
        if unit not in self._drawers:
            self._drawers[unit] = ResamplingTable(self.levels[unit].buckets)
        return self._drawers[unit]

    def _asked_of(
        self, slice_ids: list[WeightedSliceId], shares: Shares
    ) -> tuple[list[tuple[int, Fraction | None]], list[Contribution], list[bool]]:
        names = [self._names[share] for share in shares]
        return (
            [(slice_id.number, slice_id.factor) for slice_id in slice_ids],
            names,
            [bool(self._power(share)) for share in shares],
        )

    # -- drawing anew ----------------------------------------------------------------------------------------------

    def table(self, shares: Shares, unit: str, slice_ids: list[WeightedSliceId]) -> Array | None:
        """The sums of each part as doubles, one row a part; parts without weight are left out."""
        drawer, asked = self._drawer(unit), self._asked_of(slice_ids, shares)
        if not drawer.finite(*asked[:2]):
            return None
        found = drawer.table(*asked)
        kept: Array = found[(found != 0).any(axis=1)]
        return kept

    def statistic(
        self, number: int, shares: Shares, slice_ids: list[WeightedSliceId]
    ) -> Callable[[Array], Array] | None:
        """What makes a line's number of sums: many numbers at once of sums that stand in the last axis."""
        parts = self.parts(number, slice_ids)
        if parts is None:
            return None
        place = {share: i for i, share in enumerate(shares)}
        fixed = self._fixed(number)

        def value(sums: Array) -> Array:
            total: Any = fixed
            with np.errstate(all="ignore"):
                for factor, job, pieces in parts:
                    means = {p.term: sums[..., place[p.top]] / sums[..., place[p.bottom]] for p in pieces}
                    if job.spec.loss.reduction == "sum" or self.plan.request.reduction == "sum":
                        total = total + factor * sum(means[p.term] * rounded(p.sums[1], ONE) for p in pieces)
                    else:
                        total = total + factor * job.spec.loss.combine(means, job.spec.params)
            return np.asarray(total, np.float64)

        return value

    def _fixed(self, number: int) -> float:
        """What the parts that read no rows add to a number; they are the same in every slice."""
        line = self.plan.lines[number if number >= 0 else -1 - number]
        values = self.results[number if number >= 0 else -1 - number, ()].parts or ()
        return sum(part.factor * part.value for part, job in zip(values, line.jobs, strict=False)
                   if not job.spec.loss.source_roles)  # fmt: skip


def _moves(piece: Piece, factor: float, slope: float, summed: bool) -> list[tuple[int, int, int]]:
    """How far the shares of a term move the number: slope / B for its top, and -slope * T / B**2 for its bottom.

    Of a sum, which is the mean times a weight that is given, it is B times that.
    """
    (f, per_f), (g, per_g) = factor.as_integer_ratio(), slope.as_integer_ratio()
    mean, per_mean = _halved(*piece.sums)
    by, per = f * g, per_f * per_g
    if not summed:
        unit, weight = _halved(ONE, piece.sums[1])  # sums are counted in units of 2**-1074
        by, per = by * unit, per * weight
    return [(piece.top, by * per_mean, per * per_mean), (piece.bottom, -by * mean, per * per_mean)]


def _halved(top: Exact, bottom: Exact) -> tuple[int, int]:
    """A quotient as whole numbers, without the powers of two that both have: nearly all of their digits."""
    (a, per_a), (b, per_b) = top.as_integer_ratio(), bottom.as_integer_ratio()
    over, under = a * per_b, b * per_a
    both = over | under
    twos = (both & -both).bit_length() - 1
    return over >> twos, under >> twos
