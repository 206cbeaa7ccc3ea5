"""Gates and the baseline on a run: what they need of it before a row is read, and the verdicts when it has ended."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from losscli.errors import DataError, FileError, LosscliError
from losscli.gates.verdicts import (
    BASELINE,
    NO_DROPS,
    BoundGate,
    DropLimit,
    Gate,
    ModelLoss,
    bind,
    compared_pairs,
    evaluate_gates,
    relative_margins,
)
from losscli.io.remote.address import redacted
from losscli.lazy import dataclass
from losscli.results import Evaluation, LossResult, WarningResult
from losscli.results.columns import examples

if TYPE_CHECKING:
    from losscli.execution.prepare import Prepared


@dataclass(frozen=True)
class Rules:
    """What a run is judged by.

    Attributes
    ----------
    gates : tuple of Gate
        As typed.
    baseline : Evaluation or None
        The run that this one is compared with.
    path : str
        Where the baseline is; its row values are beside it.
    allow_incomparable : bool
        Whether the baseline may be of other rows or another version of a loss.
    without_baseline : str
        The state of a gate whose number the baseline does not have: "error" or "skipped".
    max_dropped : DropLimit or None
        How many predictions may be left out. By default none where there is a gate, else any number.
    """

    gates: tuple[Gate, ...] = ()
    baseline: Evaluation | None = None
    path: str = ""
    allow_incomparable: bool = False
    without_baseline: str = "error"
    max_dropped: DropLimit | None = None


def gated(prepared: Prepared, rules: Rules) -> tuple[Prepared, tuple[BoundGate, ...], list[str]]:
    """The run with the comparisons that its gates need, the gates bound to its numbers, and notes."""
    request, saved = prepared.plan.request, rules.baseline
    bound = bind(rules.gates, scored(prepared), request.by, request.spelling)
    if saved is not None:
        lines = [(b.model_loss.model, b.model_loss.spec) for b in bound if b.gate.test and b.reference == BASELINE]
        prepared = _with_saved_rows(prepared, saved, rules.path, lines) if lines else prepared
    prepared, notes = _with_pairs(prepared, bound, saved)
    return prepared, bound, notes


def scored(prepared: Prepared) -> list[ModelLoss]:
    """The numbers that a run will have."""
    return [
        ModelLoss(line.model, line.spec.text, line.spec.name or line.jobs[0].spec.loss.name,
               line.spec.direction)
        for line in prepared.plan.lines
    ]  # fmt: skip


def bound_to_results(gates: Sequence[Gate], evaluation: Evaluation) -> tuple[BoundGate, ...]:
    """The gates on a run of which only its numbers are left.

    Raises
    ------
    UsageError
        For a gate on a number or a slice that the run doesn't have, and for a gate on a test of its rows.
    """
    refuse_tests(gates)
    some = [*examples(evaluation.results)]
    by = tuple(dict.fromkeys(name for result in some for name in result.by))
    lines = dict.fromkeys(ModelLoss(one.model, one.spec, one.loss, one.direction) for one in some)
    weighted = any(one.is_weighted for one in some)
    return bind(gates, list(lines), by, lambda text: _spelling(text, weighted))


def refuse_tests(gates: Sequence[Gate]) -> None:
    """A UsageError for a gate on a test of the rows, of which reports and states have none."""
    for gate in gates:
        if gate.test:
            raise gate.error(
                "reports and states contain no rows, so the change has no confidence interval",
                "'losscli eval' judges it",
            )


def _spelling(text: str, weighted: bool) -> str:
    """The text that a loss of a report has, of any spelling of it."""
    from losscli.binding.spec import parse, settled  # loads NumPy, which reports without gates do without

    return settled([parse(text)], None, weighted=weighted)[0].text


def _with_saved_rows(
    prepared: Prepared, saved: Evaluation, path: str, lines: Sequence[tuple[str | None, str]]
) -> Prepared:
    """The run with the row values that were saved beside its baseline."""
    from losscli.baselines.match import baseline_models
    from losscli.baselines.paired_rows import with_baseline_rows
    from losscli.baselines.report_file import check_rows_file
    from losscli.baselines.row_file import read_rows

    rows = read_rows(check_rows_file(saved, path))
    return replace(prepared, plan=with_baseline_rows(prepared.plan, rows, baseline_models(saved, lines), BASELINE))


def _with_pairs(
    prepared: Prepared, bound: Sequence[BoundGate], saved: Evaluation | None
) -> tuple[Prepared, list[str]]:  # fmt: skip
    """The run with the comparisons that its gates need."""
    pairs = compared_pairs(b for b in bound if saved is not None or b.reference != BASELINE)
    request = prepared.plan.request
    if not pairs:
        test = request.inference.test
        unused = f"--test {test} decides nothing: no gate has 'significant' or 'shown'"
        return prepared, [] if test == "auto" else [unused]
    asked = tuple(dict.fromkeys((*request.inference.pairs, *pairs)))
    request = replace(
        request, inference=replace(request.inference, pairs=asked, gated=True, margins=relative_margins(bound))
    )
    return replace(prepared, plan=replace(prepared.plan, request=request)), []


def judge(evaluation: Evaluation, bound: Sequence[BoundGate], rules: Rules) -> tuple[Evaluation, Sequence[str]]:
    """The run beside its baseline, and judged; and notes on what of the two belongs together."""
    absent: Sequence[LossResult] = ()
    notes: Sequence[str] = ()
    if rules.baseline is not None:
        from losscli.baselines.match import match_baseline

        match = match_baseline(evaluation, rules.baseline, redacted(rules.path), rules.allow_incomparable)
        evaluation, absent, notes = match.evaluation, match.absent, match.notes
        _refuse_other_rows(evaluation, redacted(rules.path))
        if rules.allow_incomparable:
            added = [WarningResult(f"not comparable with the baseline: {reason}") for reason in match.reasons]
            evaluation = replace(evaluation, warnings=(*evaluation.warnings, *added))
    limit = rules.max_dropped
    if limit is None and rules.gates:  # the verdict stands where the first gate stands
        limit = replace(NO_DROPS, path=rules.gates[0].path, line=rules.gates[0].line)
    verdicts = evaluate_gates(
        evaluation, bound, without_baseline=rules.without_baseline, only_in_baseline=absent, max_dropped=limit
    )
    # The verdicts hold what the gates needed of the comparisons; the report has none.
    return replace(verdicts, comparisons=()), notes


def _refuse_other_rows(evaluation: Evaluation, path: str) -> None:
    """The row values that were saved beside the baseline must make its numbers, or they are of another run."""
    if not evaluation.comparisons:
        return
    numbers = {(r.model, r.spec, tuple(r.by.items())): r.baseline.value for r in evaluation.results if r.baseline}
    for pair in evaluation.comparisons:
        theirs = numbers.get((pair.model, pair.spec, tuple(pair.by.items())))
        if pair.against != BASELINE or theirs is None or not math.isfinite(theirs):
            continue
        if not math.isclose(pair.against_value, theirs, rel_tol=1e-9):
            raise DataError(
                f"the row values saved with the baseline give {pair.spec} = {pair.against_value!r}; "
                f"the baseline has {theirs!r}",
                path=path, hint="save both in one run: -o BASELINE.json -o rows=FILE", code="DATA_NOT_COMPARABLE",
            )  # fmt: skip


def judged_error(evaluation: Evaluation) -> LosscliError | None:
    """The error to end with, after delivery, where the run could not be held against its baseline."""
    baseline = evaluation.baseline
    if baseline is not None and baseline.incomparable:
        reasons = "; ".join(baseline.incomparable)
        hint = "save a new baseline with -o FILE.json, or --allow-incomparable"
        return DataError(f"not comparable with the baseline: {reasons}", hint, baseline.path,
                         code="DATA_NOT_COMPARABLE")  # fmt: skip
    lacking = [gate for gate in evaluation.gates if gate.state == "error"]
    if not lacking:
        return None
    more = f", nor for {len(lacking) - 1} more" if len(lacking) > 1 else ""
    return FileError(f"the baseline has no number for gate '{lacking[0].gate}'{more}",
                     path=None if baseline is None else baseline.path, code="IO_NOT_FOUND",
                     hint="save a new one with -o FILE.json, or eval with --baseline-missing skip")  # fmt: skip
