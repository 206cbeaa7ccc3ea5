"""Tallies -> results: slices gathered, class weights applied, means taken and combined. One rounding a number."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from losscli.columns.plan import Job, Line, Plan
from losscli.contract import Value
from losscli.errors import DataError
from losscli.kinds import Array
from losscli.loop import NULL, Kept, Tally, Totals, works
from losscli.reduce import Sums, rounded
from losscli.result import BatchResult, LossResult, PartResult, TermResult

Slice = tuple[str, ...]


@dataclass(frozen=True)
class Cell:
    """One cell of a slice, and the factor that the weight of its class gives it (None: 1, without weights)."""

    number: int
    factor: Fraction | None = None


@dataclass(frozen=True)
class Number:
    """One term of one slice: exact top and bottom of its mean, for those who go on computing."""

    result: TermResult
    bottom: Fraction


def slices(totals: Totals) -> dict[Slice, list[Cell]]:
    """Slice -> its cells; the whole run is the slice () and comes first, then the others in order of their text."""
    width = len(totals.plan.by)
    found: dict[Slice, list[int]] = {(): list(totals.cells.values())}
    if width:
        for key in sorted(totals.cells, key=lambda key: key[:width]):
            found.setdefault(key[:width], []).append(totals.cells[key])
    if totals.plan.class_column is None:
        return {name: [Cell(number) for number in cells] for name, cells in found.items()}
    classes = {number: key[-1] for key, number in totals.cells.items()}
    return {name: _weighted(totals, cells, classes) for name, cells in found.items()}


def _weighted(totals: Totals, cells: list[int], classes: Mapping[int, str]) -> list[Cell]:
    """The cells with their class's weight: as given, or n / (K * n_c) over the rows and classes of this slice."""
    given = totals.plan.request.class_weight
    counts: dict[str, int] = {}
    for cell in cells:
        counts[classes[cell]] = counts.get(classes[cell], 0) + int(totals.counts[cell])
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
                )  # fmt: skip
        factors = {name: Fraction(given[name]) for name in counts}
    return [Cell(cell, factors.get(classes[cell], Fraction(0))) for cell in cells]


def results(totals: Totals) -> tuple[LossResult, ...]:
    """Every line of the report on every slice."""
    plan = totals.plan
    found = slices(totals)
    return tuple(
        _line(totals, line, dict(zip(plan.by, name, strict=False)), cells)
        for line in plan.lines
        for name, cells in found.items()
    )


def _line(totals: Totals, line: Line, by: Mapping[str, str], cells: list[Cell]) -> LossResult:
    singles = [_single(totals, job, line, by, cells) for job in line.jobs]
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
        revision=max(s.revision for s in singles), signature=signature(totals.plan, line),
        parts=tuple(PartResult(s.spec, f, s.value) for s, f in zip(singles, factors, strict=True)),
        batch=next((s.batch for s in singles if s.batch), None),
        without_part=max(s.without_part for s in singles),
    )  # fmt: skip


def _single(totals: Totals, job: Job, line: Line, by: Mapping[str, str], cells: list[Cell]) -> LossResult:
    loss, reduction = job.spec.loss, _reduction(totals.plan, job)
    numbers, kept = term_numbers(totals, job, cells)
    value = combined(job, {name: n.result for name, n in numbers.items()}, reduction)
    own = [Cell(0)] if not loss.source_roles else cells
    count, weight = _rows(kept, own)
    fixed = not loss.source_roles
    return LossResult(
        model=line.model, by=by, loss=loss.name, spec=job.spec.text, params=dict(job.spec.params),
        reduction=reduction, value=value, count=count, weight=weight,
        terms={name: n.result for name, n in numbers.items()}, direction=loss.direction, revision=loss.revision,
        signature=signature(totals.plan, line),
        batch=None if loss.scope == "row" or fixed else batch(totals),
        without_part=sum(_at(kept.apart, cell.number) for cell in own),
    )  # fmt: skip


def term_numbers(totals: Totals, job: Job, cells: list[Cell]) -> tuple[dict[str, Number], Kept]:
    """Term -> its mean, sum and weight on these cells; and what the job's (first) work kept."""
    request = totals.plan.request
    fixed = not job.spec.loss.source_roles
    own = [Cell(0)] if fixed else cells
    numbers: dict[str, Number] = {}
    kept = Kept()
    for term, work in works(job).items():
        kept = totals.kept[work]
        if not kept.terms:  # nothing was read: the terms have no rows
            numbers |= {name: _number(Tally(False), [], False) for name in ([term] if term else ["loss"])}
        for name, tally in kept.terms.items():
            numbers[term or name] = _number(tally, own, request.divide_by == "count" and not fixed)
    return numbers, kept


def _number(tally: Tally, cells: list[Cell], by_count: bool) -> Number:
    cells = [c for c in cells if c.number < len(tally.counts) and tally.counts[c.number] and c.factor != 0]
    count = sum(int(tally.counts[c.number]) for c in cells)
    weight = sum((_factor(c) * _weight(tally, c.number) for c in cells), Fraction(0))
    top = sum((_factor(c) * tally.sums.fraction(c.number) for c in cells), Fraction(0))
    bottom = Fraction(count) if by_count else weight
    odd = _odd(tally.sums, cells)
    total = odd if odd is not None else rounded(top)
    if not count or bottom == 0:
        return Number(TermResult(math.nan, 0.0 if odd is None else odd, count, rounded(weight)), bottom)
    mean = odd if odd is not None else rounded(top, bottom)
    return Number(TermResult(mean, total, count, rounded(weight)), bottom)


def _factor(cell: Cell) -> Fraction:
    return Fraction(1) if cell.factor is None else cell.factor


def _weight(tally: Tally, cell: int) -> Fraction:
    return Fraction(int(tally.counts[cell])) if tally.weights is None else tally.weights.fraction(cell)


def _odd(sums: Sums, cells: list[Cell]) -> float | None:
    """What NaN and infinities in any of the cells make of their sum."""
    seen = {odd for c in cells if (odd := sums.odd(c.number)) is not None}
    if not seen:
        return None
    return seen.pop() if len(seen) == 1 else math.nan


def combined(job: Job, terms: Mapping[str, TermResult], reduction: str) -> float:
    """The loss's number: the sum of its terms' sums, or what `combine` makes of their means."""
    if reduction == "sum":
        return (
            math.nan if any(math.isnan(t.mean) for t in terms.values()) else float(sum(t.sum for t in terms.values()))
        )
    means = {name: np.float64(term.mean) for name, term in terms.items()}
    with np.errstate(all="ignore"):
        return float(job.spec.loss.combine(means, job.spec.params))


def _rows(kept: Kept, cells: list[Cell]) -> tuple[int, float]:
    """How many units take part in any term, and their weight."""
    tally = kept.rows or next(iter(kept.terms.values()), None)
    if tally is None:
        return 0, 0.0
    number = _number(tally, cells, False)
    return number.result.count, number.result.weight


def _at(counts: Array, cell: int) -> int:
    return int(counts[cell]) if cell < len(counts) else 0


def batch(totals: Totals) -> BatchResult:
    """Which rows a group loss saw together."""
    groups = totals.groups
    return BatchResult(groups.how, groups.size, totals.plan.batch_by, groups.formed)


def _reduction(plan: Plan, job: Job) -> str:
    return "sum" if job.spec.loss.reduction == "sum" else plan.request.reduction or "mean"


def signature(plan: Plan, line: Line) -> str:
    """What two numbers must share to be compared: everything that makes the number, but not the rows."""
    request = plan.request
    reduction = _reduction(plan, next((job for job in line.jobs if job.spec.loss.source_roles), line.jobs[0]))
    given = request.class_weight
    shown: Value = given if isinstance(given, str) else None
    if isinstance(given, Mapping):
        shown = ",".join(f"{name}={weight!r}" for name, weight in sorted(given.items()))
    revisions = "+".join(str(job.spec.loss.revision) for job in line.jobs)
    pieces = [line.spec.full, f"rev{revisions}", reduction, f"w={plan.weight or 'none'}", f"cw={shown or 'none'}",
              f"by-{request.divide_by}"]  # fmt: skip
    if any(job.spec.loss.scope != "row" for job in line.jobs):
        size = request.batch_size
        pieces.append(f"batch={f'size:{size}' if size else f'by:{plan.batch_by}' if plan.batch_by else 'table'}")
    pieces.append(f"missing={request.missing}")
    if request.nan != "error":
        pieces.append(f"nan={request.nan}")
    return "|".join(pieces)


def undefined_terms(totals: Totals, outcome: tuple[LossResult, ...]) -> list[str]:
    """A sentence for every term that has no rows."""
    said = []
    for result in outcome:
        where = "".join(f", {k}={NULL if v is None else v}" for k, v in result.by.items())
        for name, term in result.terms.items():
            if term.count == 0:
                said.append(f"{result.spec}{where}: term '{name}' has no rows, so the value is undefined")
    return list(dict.fromkeys(said))
