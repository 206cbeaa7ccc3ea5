"""One run: rows are read once and added up, and the sums become an `Evaluation`."""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from losscli.aggregate.accumulator import RunAccumulator
from losscli.aggregate.chunks import CHUNK
from losscli.aggregate.kernel_calls import kernel_calls
from losscli.aggregate.row_fingerprints import ASPECTS
from losscli.aggregate.slices import SliceIndex
from losscli.binding.label_warnings import class_notes, label_warnings
from losscli.binding.plan import Plan, Table
from losscli.binding.ragged_lists import length_notes
from losscli.binding.read_rows import Reader, ReadRows
from losscli.contract.kinds import Array
from losscli.errors import EmptyError, UsageError
from losscli.execution.engines import Engine
from losscli.execution.engines.threads import Threads
from losscli.execution.forked_work import add_in_forks, fork_plan, has_slices
from losscli.execution.freed_memory import release_freed_memory
from losscli.execution.group_tasks import add_groups
from losscli.execution.prepare import Prepared
from losscli.execution.progress import NO_PROGRESS, ProgressObserver
from losscli.execution.scan import Scan, with_unmatched
from losscli.io.source import DroppedRows
from losscli.lazy import dataclass
from losscli.parallel import available_cores, computing, using_threads
from losscli.results import (
    ComparisonResult,
    Evaluation,
    FormulaResult,
    InfluenceResult,
    LossResult,
    RowCounts,
    SourceResult,
    WarningResult,
)
from losscli.results.columns import notable
from losscli.statistics.estimates import results, undefined_terms

_MANY = 1 << 22  # values that are held, from which on it pays to give back the memory of reading them

if TYPE_CHECKING:
    from losscli.results.diagnostics import Diagnostics
    from losscli.results.worst_slices import WorstSlices


def chunk_rows() -> int:
    """How many rows a kernel takes at once. The environment may change it; no bit of any result depends on it."""
    given = os.environ.get("LOSSCLI_CHUNK_ROWS") or str(CHUNK)
    if not given.isdigit() or int(given) < 1:
        raise UsageError(f"LOSSCLI_CHUNK_ROWS must be a number of rows; got '{given}'", code="USAGE_BAD_VALUE")
    return int(given)


@dataclass(frozen=True)
class RowAccumulation:
    """Adds up the rows of one split."""

    plan: Plan
    tables: Mapping[Table, Array]
    chunk_rows: int
    hashing: bool
    diagnosing: bool = False
    slice_index: SliceIndex | None = None  # shared by the threads of a run; None: every split has its own

    def __call__(self, rows: Iterable[ReadRows]) -> RunAccumulator:
        """The accumulator of the rows of one split."""
        totals = self.begin()
        self.add(rows, totals)
        return totals

    def begin(self) -> RunAccumulator:
        """An accumulator of no rows."""
        return RunAccumulator(self.plan, self.tables, self.chunk_rows, self.slice_index, hashing=self.hashing,
                              diagnosing=self.diagnosing, some=True)  # fmt: skip

    def add(self, rows: Iterable[ReadRows], totals: RunAccumulator) -> None:
        """Add rows to an accumulator."""
        for some in rows:
            with computing():
                for _ in totals.update(some):
                    pass


def _add_rows(scan: Scan, totals: RunAccumulator, engine: Engine, *, may_fork: bool = True) -> str | None:
    """Score rows split by split; gives the reason where forks did not come to an end, and threads must begin anew."""
    forked = fork_plan(engine, scan, totals) if may_fork else None
    statistics = totals.unit_statistics
    if statistics is not None and statistics.required.needs_row_numbers and isinstance(engine, Threads):
        engine = replace(engine, gradual=True)  # rows wait for their numbers: `merge` adds them up
    slice_index = None if forked is not None or engine.is_remote else totals.slice_index
    scoring = RowAccumulation(totals.plan, totals.tables, totals.chunk_rows, totals.hashing,
                              totals.diagnostics is not None, slice_index)  # fmt: skip
    if forked is not None and has_slices(totals.plan):
        return add_in_forks(scan, totals, forked, scoring)
    # No name for the iterator: a traceback would keep it, and with it the engine's work.
    for result in scan.scores(scoring, engine) if forked is None else scan.scores_of_unread(scoring, *forked, engine):
        totals.merge(result.score, before=result.before)
    return None


def total(
    prepared: Prepared,
    engine: Engine,
    *,
    hashing: bool = False,
    diagnosing: bool = False,
    observer: ProgressObserver = NO_PROGRESS,
) -> tuple[RunAccumulator, Scan]:
    """Read all rows once and add them up; the edges of slices are known (`pinned_edges.pinned`)."""
    assert prepared.plan.is_pinned

    def begun() -> tuple[RunAccumulator, Scan]:
        return (
            RunAccumulator(prepared.plan, prepared.arrays, chunk_rows(), hashing=hashing, diagnosing=diagnosing),
            Scan(prepared.plan, prepared.source, observer),
        )

    totals, scan = begun()
    if totals.grouped:
        add_groups(scan, totals, engine, observer)
    elif (reason := _add_rows(scan, totals, engine)) is not None:
        observer.begin_again(reason)
        totals, scan = begun()
        _add_rows(scan, totals, engine, may_fork=False)
    refuse_empty(prepared.plan, scan.counts(), next(iter(scan.files), None))
    return totals, scan


def refuse_empty(plan: Plan, rows: RowCounts, path: str | None) -> None:
    """An EmptyError where no row was used, unless no loss needs rows."""
    if rows.used or rows.weightless or not any(job.spec.loss.source_roles for job in plan.jobs):
        return
    left = f"; {rows.dropped} row{'s were' if rows.dropped > 1 else ' was'} dropped" if rows.dropped else ""
    said = f"none of the {rows.read} rows is left{left}" if rows.read else "0 rows"
    raise EmptyError("there is nothing to score: " + said, path=path, code="EMPTY_NO_ROWS")


def evaluate(
    prepared: Prepared, engine: Engine | None = None, *, hashing: bool = False, diagnosing: bool = False,
    observer: ProgressObserver = NO_PROGRESS,
) -> Evaluation:  # fmt: skip
    """The result of the whole run, by default on all cores of this machine; with its diagnostics if `diagnosing`."""
    engine = engine or Threads(available_cores())
    totals, scan = total(prepared, engine, hashing=hashing, diagnosing=diagnosing, observer=observer)
    doubled = [WarningResult(said, noted=True) for said in prepared.source.doubled]
    sources = tuple(replace(found, sha256=prepared.hashes.get(found.path)) for found in scan.sources())
    with using_threads(engine.count):
        evaluation = conclude(totals, scan.reader, sources, prepared.source.dropped, doubled)
    request = prepared.plan.request
    if request.skill:
        from losscli.execution.best_constants import with_best_constants  # few runs ask for them

        evaluation = with_best_constants(prepared, evaluation, engine, observer, chunk_rows())
    if request.sort == "label":
        return evaluation
    from losscli.results.slice_order import sorted_slices

    return sorted_slices(evaluation, request.sort)


def conclude(
    totals: RunAccumulator,
    reader: Reader,
    sources: tuple[SourceResult, ...],
    dropped: DroppedRows | None = None,
    known: Sequence[WarningResult] = (),
) -> Evaluation:
    """The result of a run whose rows are all added up; `dropped` are those that a join left out.

    `known` are warnings about the sources.
    """
    rows = with_unmatched(reader.counts(), dropped)
    if totals.distinct_rows:
        _release_what_reading_took(totals)
    outcome = results(totals)
    comparisons: tuple[ComparisonResult, ...] = ()
    influence: tuple[InfluenceResult, ...] = ()
    notes: tuple[str, ...] = ()
    if totals.unit_statistics is not None:
        from losscli.statistics.uncertainty import with_uncertainty

        outcome, comparisons, influence, notes = with_uncertainty(totals, outcome)
    warnings = [*known, *(WarningResult(message, count) for message, count in sorted(reader.warned.items()))]
    warnings += [WarningResult(message) for message in undefined_terms(outcome)]
    if totals.plan.request.mean_of is not None:
        from losscli.statistics.group_means import undefined_groups

        warnings += [WarningResult(message) for message in undefined_groups(totals.plan, tuple(outcome))]
        if totals.plan.request.inference.pairs:
            from losscli.statistics.group_comparisons import group_comparisons

            comparisons = group_comparisons(totals)
    if totals.plan.request.skill_against is not None:
        from losscli.statistics.skill import with_skill_against  # few runs ask for it

        outcome, undefined = with_skill_against(outcome, totals.plan.lines, totals.plan.request.skill_against)
        warnings += map(WarningResult, undefined)
    warnings += [*_infinite(totals), *left_out(rows, dropped), *map(WarningResult, notes)]
    warnings += [WarningResult(said, kind="note") for said in (() if dropped is None else dropped.notes)]
    warnings += [
        WarningResult(f"{r.spec}: the means of its terms do not give a finite number") for r in notable(outcome)
        if not math.isfinite(r.value) and r.terms and all(math.isfinite(t.mean) for t in r.terms.values())
    ]  # fmt: skip
    warnings += _overflows(totals, outcome)
    warnings += [WarningResult(said, kind="note") for said in totals.plan.pins]
    warnings += meaning_of_labels(totals.plan, reader)
    _refuse_undefined(outcome)
    searched, untested = _worst_slices(totals)
    warnings += untested
    hashes = totals.fingerprints.hexdigests() if totals.hashing else dict.fromkeys(ASPECTS)
    return Evaluation(
        sources=sources,
        rows=rows,
        results=outcome,
        bindings=_bindings(totals.plan),
        lets=totals.plan.derived.texts(totals.plan.derived.readings, totals.plan.request),
        rows_sha256=hashes["keys"],
        targets_sha256=hashes["targets"],
        weights_sha256=hashes["weights"],
        batches_sha256=hashes["batches"],
        slices_sha256=hashes["slices"],
        comparisons=comparisons,
        influence=influence,
        worst_slices=searched,
        warnings=tuple(warnings),
        formulas=_formulas(totals.plan),
        diagnostics=_diagnostics(totals),
    )


def _release_what_reading_took(totals: RunAccumulator) -> None:
    """Where many rows are held for a loss of the whole table, which takes as much again for its order."""
    held = [
        rows.evaluate() for rows in totals.distinct_rows.values()
    ]  # in one piece each, so that their pieces are free
    if sum(len(keys) for rows in held for keys in rows.keys) >= _MANY:
        release_freed_memory()


def _refuse_undefined(outcome: Sequence[LossResult]) -> None:
    """An EmptyError where no result is defined, for want of rows."""
    if all(result.value != result.value for result in outcome) and any(
        t.count == 0 for r in outcome for t in r.terms.values()
    ):
        # A row that lies in some term and still does not count has no weight.
        weightless = all(r.excluded_count == 0 and not any(t.count for t in r.terms.values()) for r in outcome)
        raise EmptyError("there is nothing to score: " + "; ".join(undefined_terms(outcome)[:3]),
                         hint="all weights are 0" if weightless else None,
                         code="EMPTY_ALL_WEIGHTS_ZERO" if weightless else "EMPTY_NO_ROWS")  # fmt: skip


def _diagnostics(totals: RunAccumulator) -> Diagnostics | None:
    if totals.diagnostics is None:
        return None
    from losscli.statistics.diagnostics.evaluate import diagnostics

    return diagnostics(totals)


def _worst_slices(totals: RunAccumulator) -> tuple[WorstSlices | None, list[WarningResult]]:
    """The slices that are worse than the rest, where they were searched, and notes on losses that have none."""
    if totals.plan.search is None:
        return None, []
    from losscli.statistics.slice_search import worst_slices  # few runs ask for them

    found = worst_slices(totals)
    why = "its slices are not tested, as it is not a mean of row losses"
    specs = dict.fromkeys(line.spec.text for line in totals.plan.lines if line.spec.text not in found.losses)
    return found, [WarningResult(f"{spec}: {why}", kind="note") for spec in specs if found.columns]


def _formulas(plan: Plan) -> tuple[FormulaResult, ...]:
    """What each loss of the run computes, the parts of composite losses too."""
    parts = dict.fromkeys(part for line in plan.lines for _, part in line.spec.parts)
    return tuple(
        FormulaResult(part.text, part.loss.summary, part.loss.formula, part.written_params, part.loss.cite)
        for part in parts
    )


def meaning_of_labels(plan: Plan, reader: Reader) -> list[WarningResult]:
    """What is doubtful in the labels and predictions that were read, then notes on what was bound by position."""
    learned = plan, reader.registry, reader.widths
    said = [*class_notes(*learned), *length_notes(reader.lengths)]
    notes = [WarningResult(message, kind="note") for message in said]
    return [*map(WarningResult, label_warnings(*learned)), *notes]


def _infinite(totals: RunAccumulator) -> list[WarningResult]:
    """How many values of each loss are infinite or NaN."""
    said = []
    for call, accumulator in totals.losses.items():
        for name, term in accumulator.terms.items():
            if non_finite := term.sums.non_finite_count:
                which = f" (term '{name}')" if len(accumulator.terms) > 1 else ""
                columns = ", ".join(
                    side.columns[0] for side in call.inputs if side is not None and not isinstance(side, Table)
                )
                said.append(WarningResult(f"{call.spec.text}{which} of {columns}: non-finite values", non_finite))
    return said


def left_out(rows: RowCounts, dropped: DroppedRows | None) -> Iterator[WarningResult]:
    """Rows that policies and a join left out; what was asked for as such (the filter, weights of 0) is none of them."""
    if rows.dropped:
        listed = ", ".join(f"{n} {reason}" for reason, n in {"missing": rows.missing, "NaN": rows.nan}.items() if n)
        were = "were" if rows.dropped > 1 else "was"
        yield WarningResult(f"{rows.dropped} of {rows.used + rows.dropped} rows {were} dropped: {listed}")
    for side, n in rows.unmatched.items():
        if n and not (side == "targets" and dropped is not None and dropped.targets_may_remain):
            named = side if dropped is not None and dropped.files else f"the {side}"
            yield WarningResult(
                f"{n} row{'s' * (n > 1)} of {named} had no match and {'were' if n > 1 else 'was'} left out"
            )


def _overflows(totals: RunAccumulator, outcome: Sequence[LossResult]) -> list[WarningResult]:
    """Values that are infinite though all values of units are finite numbers, if not doubles."""
    already_said = {
        line.spec.text for line in totals.plan.lines for job in line.jobs for call in kernel_calls(job).values()
        if not all(term.sums.finite for term in totals.losses[call].terms.values())
    }  # fmt: skip
    found = Counter(
        r.spec for r in notable(outcome) if math.isinf(r.value) and r.spec not in already_said
        and (not r.terms or any(math.isinf(term.mean) for term in r.terms.values()))
    )  # fmt: skip
    return [WarningResult(f"{spec}: the value is beyond the largest double", count) for spec, count in found.items()]


def _bindings(plan: Plan) -> dict[str, dict[str, tuple[str, ...]]]:
    """Model -> role -> columns; a run without model names has the one entry ""."""
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for line in plan.lines:
        roles = found.setdefault(line.model or "", {})
        for job in line.jobs:
            for role, side in job.by_role():
                if side is not None:
                    columns = plan.tables[side].columns if isinstance(side, Table) else side.columns
                    roles[role] = tuple(dict.fromkeys((*roles.get(role, ()), *columns)))
    return found
