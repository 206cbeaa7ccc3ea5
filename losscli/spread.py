"""How sure the numbers are: standard errors and intervals of results, and models compared on the same rows.

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
from typing import Any

import numpy as np

from losscli.buckets import Drawer
from losscli.columns.plan import Job
from losscli.kinds import Array
from losscli.loop import Totals
from losscli.moments import UNIT, Moments, Share
from losscli.needs import SavedPart
from losscli.reduce import ONE, rounded
from losscli.request import Inference
from losscli.result import LossResult
from losscli.totals import Books, Cell, Slice, combine_slopes
from losscli.works import Work, works

Exact = Fraction | int


@dataclass(frozen=True)
class Piece:
    """One term of a part of a line: where its sums are, and what they are, in units of 2**-1074."""

    term: str
    top: Share
    bottom: Share
    count: int
    sums: tuple[Exact, Exact]

    @property
    def mean(self) -> float:
        return rounded(*self.sums)


@dataclass(frozen=True)
class Form:
    """A number near its sums: how far each share of a unit moves it; and how many units its smallest term has."""

    slopes: Mapping[Share, Fraction]
    units: float

    def minus(self, other: Form) -> Form:
        """The form of the difference of two numbers."""
        slopes = dict(self.slopes)
        for share, slope in other.slopes.items():
            slopes[share] = slopes.get(share, Fraction(0)) - slope
        return Form(slopes, min(self.units, other.units))


class Spread:
    """What was kept of a run, read out."""

    def __init__(self, totals: Totals, results: Mapping[tuple[int, Slice], LossResult]) -> None:
        """`results` are those of each line, by its place, and slice."""
        assert totals.joint is not None
        self.results = results
        self.totals, self.plan, self.books = totals, totals.plan, Books(totals)
        self.asked: Inference = totals.plan.request.inference
        self.joint = totals.joint
        self.by_count = self.plan.request.divide_by == "count"
        self.weighted = self.plan.weight is not None or self.plan.class_column is not None
        self.levels = {"row": self.joint.rows, "batch": self.joint.groups}
        self._exacts: dict[tuple[Share, Share], list[int]] = {}
        self._drawers: dict[str, Drawer] = {}

    # -- sums ------------------------------------------------------------------------------------------------------

    def parts(self, number: int, cells: list[Cell]) -> list[tuple[float, Job, list[Piece]]] | None:
        """The parts of a line that read rows, with the sums of their terms; None where one is undefined.

        The line -1 - i is the saved one of line i.
        """
        line = self.plan.lines[number if number >= 0 else -1 - number]
        found = []
        for place, ((factor, _), job) in enumerate(zip(line.spec.parts, line.jobs, strict=True)):
            if not job.spec.loss.source_roles:
                continue
            pieces = [self._piece(*named, cells) for named in self._terms(number, place, job)]
            if not all(pieces):
                return None
            found.append((factor, job, [piece for piece in pieces if piece is not None]))
        return found

    def _terms(self, number: int, place: int, job: Job) -> list[tuple[str, Share]]:
        named = []
        for term, work in works(job).items():
            for own in self.totals.kept[work].terms:
                owner = work if number >= 0 else SavedPart(-1 - number, place)
                named.append((term or own, Share(owner, own if number >= 0 else term or own, False)))
        return named

    def _piece(self, term: str, top: Share, cells: list[Cell]) -> Piece | None:
        bottom = top._replace(bottom=True)
        if isinstance(top.owner, SavedPart):
            tops, bottoms = (self._moment((share, UNIT), cells, self._power(share)) for share in (top, bottom))
            sums = None if tops is None or bottoms is None else (0, tops, bottoms)
        else:
            assert isinstance(top.owner, Work)
            sums = self.books.of(self.totals.kept[top.owner].terms[top.term]).exact(cells, self.by_count)
        if sums is None or sums[2] == 0:
            return None
        return Piece(term, top, bottom, sums[0], sums[1:])

    def _power(self, *shares: Share) -> int:
        """How often the weight of a cell's class stands in a product of shares."""
        return sum(not (share.bottom and self.by_count) for share in shares)

    def _moment(self, pair: tuple[Share, Share], cells: list[Cell], power: int) -> Exact | None:
        """The sum of the products over these cells, in units of 2**-1074; None where it is not finite."""
        moments: Moments = self.levels["row"].moments
        if pair not in moments.sums:
            return 0
        sums = moments.sums[pair]
        if pair not in self._exacts:
            self._exacts[pair] = sums.exacts()
        exact = self._exacts[pair]
        total: Exact = 0
        for cell in cells:
            if cell.number < len(exact):
                if sums.odd(cell.number) is not None:
                    return None
                total += exact[cell.number] if cell.factor is None else exact[cell.number] * cell.factor**power
        return total

    def value(self, number: int, cells: list[Cell]) -> float:
        """A line's number, where no result has it."""
        parts = self.parts(number, cells)
        total = math.nan if parts is None else self._fixed(number)
        for factor, job, pieces in parts or ():
            means = {piece.term: np.float64(piece.mean) for piece in pieces}
            total += factor * float(job.spec.loss.combine(means, job.spec.params))
        return total

    # -- the linear form -------------------------------------------------------------------------------------------

    def form(self, number: int, cells: list[Cell]) -> Form | None:
        """The form of one line's number; None where it has none."""
        parts = self.parts(number, cells)
        slopes: dict[Share, Fraction] = {}
        units = math.inf
        for factor, job, pieces in parts or ():
            summed = job.spec.loss.reduction == "sum" or self.plan.request.reduction == "sum"
            own = job.spec.loss.own_combine and not summed
            by_mean = (
                combine_slopes(job, {p.term: p.mean for p in pieces})
                if own
                else dict.fromkeys([p.term for p in pieces], 1.0)
            )
            for piece in pieces:
                if not math.isfinite(by_mean[piece.term]):
                    return None
                top, bottom = map(Fraction, piece.sums)
                slope = Fraction(factor) * Fraction(by_mean[piece.term]) / (1 if summed else bottom / ONE)
                for share, by in ((piece.top, slope), (piece.bottom, -slope * top / bottom)):
                    slopes[share] = slopes.get(share, Fraction(0)) + by
                units = min(units, self._units(piece, cells))
        return None if not slopes else Form(slopes, units)

    def _units(self, piece: Piece, cells: list[Cell]) -> float:
        """How many rows of one weight tell as much as these (Kish 1965)."""
        squares = self._moment((piece.bottom, piece.bottom), cells, 2) if self.weighted and not self.by_count else None
        if not squares:
            return float(piece.count) if piece.count else rounded(piece.sums[1], ONE)
        return rounded(piece.sums[1] ** 2, squares * ONE)

    # -- the spread of a form --------------------------------------------------------------------------------------

    def variance(self, form: Form, unit: str, cells: list[Cell]) -> tuple[Fraction, float] | None:
        """The variance of a number, and its degrees of freedom; None where there are too few units."""
        if self.by_parts(unit):
            return self._variance_of_parts(form, unit, cells)
        shares = [share for share, slope in form.slopes.items() if slope]
        total = Fraction(0)
        for i, one in enumerate(shares):
            for other in shares[i:]:
                pair = (one, other) if (one, other) in self.levels["row"].moments.sums else (other, one)
                moment = self._moment(pair, cells, self._power(one, other))
                if moment is None:
                    return None
                total += form.slopes[one] * form.slopes[other] * moment * (1 if one is other else 2)
        if form.units <= 1:
            return None
        n = Fraction(form.units)
        return max(total, Fraction(0)) / ONE * n / (n - 1), form.units - 1

    def by_parts(self, unit: str) -> bool:
        """Whether what is independent are not single rows."""
        return unit == "batch" or self.asked.cluster is not None

    def _variance_of_parts(self, form: Form, unit: str, cells: list[Cell]) -> tuple[Fraction, float] | None:
        shares = list(form.slopes)
        sums = self.sums_of_parts(shares, unit, cells)
        if sums is None:
            return None
        scale = math.lcm(*(slope.denominator for slope in form.slopes.values()))
        factors = [slope.numerator * (scale // slope.denominator) for slope in form.slopes.values()]
        moves = [sum(map(_times, factors, row)) for row in zip(*sums, strict=True) if any(row)]
        if len(moves) < 2:
            return None
        total = Fraction(sum(move * move for move in moves)) / (scale * ONE) ** 2
        return total * len(moves) / (len(moves) - 1), len(moves) - 1.0

    def sums_of_parts(self, shares: Sequence[Share], unit: str, cells: list[Cell]) -> list[list[Exact]] | None:
        """Share -> its exact sum in each part; None where one is not finite."""
        drawer = self._drawers.setdefault(unit, Drawer(self.levels[unit].buckets))
        if any(share in drawer.odd for share in shares):
            return None
        scaled = {share: bool(self._power(share)) for share in shares}
        return drawer.units([(cell.number, cell.factor) for cell in cells], shares, scaled)

    # -- drawing anew ----------------------------------------------------------------------------------------------

    def table(self, shares: Sequence[Share], unit: str, cells: list[Cell]) -> Array | None:
        """The sums of each part as doubles, one row a part; parts without weight are left out."""
        sums = self.sums_of_parts(shares, unit, cells)
        if sums is None:
            return None
        found = np.array([[rounded(value, ONE) for value in column] for column in sums]).reshape(len(shares), -1).T
        kept: Array = found[(found != 0).any(axis=1)]
        return kept

    def statistic(self, number: int, shares: Sequence[Share], cells: list[Cell]) -> Callable[[Array], Array] | None:
        """What makes a line's number of sums: many numbers at once of sums that stand in the last axis."""
        parts = self.parts(number, cells)
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


def _times(a: int, b: Exact) -> Exact:
    return a * b
