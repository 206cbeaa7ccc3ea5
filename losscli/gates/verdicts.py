"""The verdicts of gates on the numbers of a run, in exact arithmetic.

Gates fail closed: a value or a limit that is not finite, and a slice or a result that is missing, fail the gate. A run
that cannot be compared with its baseline is an error. Every gate gets a verdict, whatever the others have.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cached_property
from itertools import chain

from losscli.gates.dropped import NO_DROPS, DropLimit, drop_limit, judge_dropped, parse_drop_limit
from losscli.gates.grammar import (
    BASELINE,
    BoundGate,
    Gate,
    ModelLoss,
    Tolerance,
    bind,
    compared_pairs,
    parse_gate,
    relative_margins,
    slice_columns,
)
from losscli.results import ComparisonResult, Evaluation, GateResult, LossResult, RowCounts
from losscli.results.directions import compared

__all__ = ["BASELINE", "NO_DROPS", "BoundGate", "DropLimit", "Gate", "ModelLoss", "Tolerance", "bind",
           "compared_pairs", "drop_limit", "evaluate_gates", "judged_together", "parse_drop_limit", "parse_gate",
           "relative_margins", "slice_columns"]  # fmt: skip


def evaluate_gates(
    evaluation: Evaluation,
    gates: Sequence[BoundGate],
    *,
    without_baseline: str = "error",
    only_in_baseline: Sequence[LossResult] = (),
    max_dropped: DropLimit | None = None,
) -> Evaluation:
    """Add the verdict of every gate to a run.

    Parameters
    ----------
    evaluation
        The run. Where it is compared with a baseline, its results have the baseline's numbers.
    gates
        The gates, bound to the numbers of this run.
    without_baseline
        The state of a gate whose number the baseline does not have: "error" or "skipped".
    only_in_baseline
        Results of the baseline that this run does not have. Gates on such slices fail.
    max_dropped
        How many predictions the run may lose. None: any number. `NO_DROPS` is the limit of other gates.

    Returns
    -------
    Evaluation
        The run with its `gates` and the `status` that follows from them.
    """
    rows = evaluation.rows
    families: dict[Gate, list[GateResult]] = {}  # what one gate tests: its models and slices
    if gates:  # an index of very many slices takes its time
        index = _ResultIndex(evaluation, without_baseline, only_in_baseline)
        for bound in gates:
            families.setdefault(bound.gate, []).extend(index.verdicts(bound))
    judged = (verdict for family in families.values() for verdict in _judged(family))
    verdicts = tuple(_with_rows(verdict, rows) for verdict in judged) if rows.left_out else tuple(judged)
    if max_dropped is not None and (rows.lost or max_dropped.given):
        verdicts = (*verdicts, judge_dropped(rows, max_dropped))
    states = {verdict.state for verdict in verdicts}
    refused = evaluation.baseline is not None and bool(evaluation.baseline.incomparable)
    status = "error" if refused or "error" in states else "failed" if "failed" in states else evaluation.status
    return replace(evaluation, gates=verdicts, status=status)


def judged_together(evaluations: Sequence[Evaluation]) -> list[Evaluation]:
    """Judged runs whose `significant` gates are one family of tests.

    Parameters
    ----------
    evaluations
        Runs with the verdicts of their gates.

    Returns
    -------
    list of Evaluation
        The runs in the same order: the p-values of all their `significant` gates are adjusted together (Holm).
    """
    verdicts = iter(_judged([verdict for evaluation in evaluations for verdict in evaluation.gates]))
    found = []
    for run in evaluations:
        own = [next(verdicts) for _ in run.gates]
        gates = tuple(one if one.test is None else _with_rows(one, run.rows) for one in own)
        status = "failed" if any(one.state == "failed" for one in gates) else "passed"
        found.append(replace(run, gates=gates, status="error" if run.status == "error" else status))
    return found


def _judged(family: list[GateResult]) -> list[GateResult]:
    """The verdicts of one family; those that are no tests stay as they are."""
    if all(verdict.test is None for verdict in family):
        return family
    from losscli.gates.significance import judged

    return judged(family)


def _with_rows(verdict: GateResult, rows: RowCounts) -> GateResult:
    """The verdict, with the rows that its number is about where some were left out."""
    return replace(verdict, reason=f"{verdict.reason}; {rows.text}") if rows.left_out else verdict


_ResultKey = tuple[str | None, str, frozenset[tuple[str, str]]]


def _key(model: str | None, spec: str, by: Mapping[str, str]) -> _ResultKey:
    return model, spec, frozenset(by.items())


class _ResultIndex:
    """The results and comparisons of a run by model, spec and slice."""

    def __init__(self, evaluation: Evaluation, without_baseline: str, only_in_baseline: Sequence[LossResult]) -> None:
        self._comparisons = evaluation.comparisons
        self.slices: dict[tuple[str | None, str], list[LossResult]] = {}
        self.wholes: dict[tuple[str | None, str], LossResult] = {}
        for result in evaluation.results:
            if result.by:
                self.slices.setdefault((result.model, result.spec), []).append(result)
            else:
                self.wholes[result.model, result.spec] = result
        self.baseline = evaluation.baseline
        self.without_baseline, self.only_in_baseline = without_baseline, only_in_baseline

    @cached_property
    def results(self) -> dict[_ResultKey, LossResult]:
        """All results; gates of each slice on a number or the baseline do without."""
        each = chain(self.wholes.values(), *self.slices.values())
        return {_key(result.model, result.spec, result.by): result for result in each}

    @cached_property
    def comparisons(self) -> dict[tuple[str | None, str, frozenset[tuple[str, str]], str | None], ComparisonResult]:
        """All comparisons, which tests read."""
        return {(*_key(c.model, c.spec, c.by), c.against): c for c in self._comparisons}

    def verdicts(self, bound: BoundGate) -> list[GateResult]:
        """The verdict of a gate, or its verdicts on all slices."""
        model, spec = bound.model_loss.model, bound.model_loss.spec
        if not bound.gate.by:
            result = self.wholes.get((model, spec))
            if result is None:
                return [_missing(bound, {}, "this run has no such number")]
            return [self._verdict(bound, result)]
        slices = self.slices.get((model, spec), [])
        names = set(slices[0].by) if slices else set(bound.gate.by)  # where edges were found, the slices have these
        found = [self._verdict(bound, result) for result in slices]
        if bound.reference == BASELINE:
            found += [
                _missing(bound, lost.by, f"the baseline has {_slice(lost.by)}, this run has no row of it", lost.value)
                for lost in self.only_in_baseline
                if (lost.model, lost.spec) == (model, spec) and set(lost.by) == names
            ]
        return found or [_missing(bound, {}, f"there is no slice by {', '.join(bound.gate.by)}")]

    def _verdict(self, bound: BoundGate, result: LossResult) -> GateResult:
        if bound.reference is None:
            assert bound.gate.limit is not None
            return _against_number(bound, result, bound.gate.limit)
        if bound.reference != BASELINE:
            other = self.results.get(_key(bound.reference, result.spec, result.by))
            if other is None:
                return _missing(bound, result.by, f"'{bound.reference}' has no such number")
            return self._against_reference(bound, result, other.value)
        if self.baseline is None:
            return _verdict_of(bound, result, "skipped", f"{_observed(result)}, and there is no baseline")
        if self.baseline.incomparable:
            return _verdict_of(bound, result, "error", f"not comparable: {self.baseline.incomparable[0]}")
        if result.baseline is None:
            state = "error" if self.without_baseline == "error" else "skipped"
            return _verdict_of(bound, result, state, f"{_observed(result)}, and the baseline has no such number")
        return self._against_reference(bound, result, result.baseline.value)

    def _against_reference(self, bound: BoundGate, result: LossResult, reference: float) -> GateResult:
        verdict = _against_value(bound, result, reference)
        if not bound.gate.test or math.isnan(verdict.limit):
            return verdict
        comparison = self.comparisons.get((*_key(result.model, result.spec, result.by), bound.reference))
        from losscli.gates.significance import tested  # slow to import, and few gates are tests

        return tested(bound, verdict, reference, comparison)


def _verdict_of(
    bound: BoundGate, result: LossResult, state: str, reason: str, limit: float = math.nan,
    baseline: float | None = None,
) -> GateResult:  # fmt: skip
    gate = bound.gate
    return GateResult(gate.text, result.model, result.by, result.value, limit, state, result.spec, result.direction,
                      reason, baseline, path=gate.path, line=gate.line)  # fmt: skip


def _missing(bound: BoundGate, by: Mapping[str, str], reason: str, reference: float | None = None) -> GateResult:
    """The verdict on a number that the run should have and does not have: failed, as its value is unknown."""
    model_loss, gate = bound.model_loss, bound.gate
    limit = math.nan if gate.limit is None else gate.limit
    return GateResult(gate.text, model_loss.model, by, math.nan, limit, "failed", model_loss.spec,
                      model_loss.direction, reason, baseline=reference, path=gate.path, line=gate.line)  # fmt: skip


def _against_number(bound: BoundGate, result: LossResult, limit: float) -> GateResult:
    """The verdict of a gate whose limit is a plain number."""
    if not math.isfinite(result.value):
        return _verdict_of(bound, result, "failed", f"{_observed(result)}, which never passes a gate", limit)
    value = compared(result.direction, result.value)
    if (value < limit if bound.sign > 0 else value > limit) or (value == limit and len(bound.gate.op) == 2):
        return _verdict_of(bound, result, "passed", _observed(result), limit)
    excess = bound.sign * (Fraction(value) - Fraction(limit))
    if excess == 0:
        reason = f"{_observed(result)}, and '{bound.gate.op}' does not pass the limit"
        return _verdict_of(bound, result, "failed", reason, limit)
    sign, side = (">", "over") if bound.sign > 0 else ("<", "under")
    reason = f"{_observed(result)} {sign} {limit!r} ({side} by {_digits(excess)})"
    return _verdict_of(bound, result, "failed", reason, limit)


def _against_value(bound: BoundGate, result: LossResult, reference: float) -> GateResult:
    """The verdict against the number of the baseline or of another model; its limit is NaN if that is not finite."""
    owner = _owner(bound)
    if not math.isfinite(result.value) or not math.isfinite(reference):
        reason = f"{_observed(result)}, and {owner} has {reference!r}: a non-finite value never passes a gate"
        return _verdict_of(bound, result, "failed", reason, baseline=reference)
    exact = Fraction(compared(result.direction, reference))
    value = Fraction(compared(result.direction, result.value))
    worsening, allowance = bound.sign * (value - exact), bound.tolerance.allowance(exact)
    passed = worsening < allowance or (worsening == allowance and len(bound.gate.op) == 2)
    limit = _double(exact + bound.sign * allowance)
    reason = (
        f"{_observed(result)}, {owner.removeprefix('the ')} {reference!r}: "
        f"{_change_text(bound, worsening, allowance, passed)}"
    )
    return _verdict_of(bound, result, "passed" if passed else "failed", reason, limit, reference)


def _change_text(bound: BoundGate, worsening: Fraction, allowance: Fraction, passed: bool) -> str:
    """The change and the tolerance, with as many digits as make the two texts differ."""
    by, allowed = _distinct_texts(abs(worsening), allowance)
    change = "the same" if worsening == 0 else f"worse by {by}" if worsening > 0 else f"better by {by}"
    if passed:
        change += ", tolerance"
    else:
        change += " > tolerance" if worsening > allowance else f", which '{bound.gate.op}' does not pass; tolerance"
    return f"{change} {_tolerance_text(bound.tolerance, allowance, allowed)}"


def _tolerance_text(tolerance: Tolerance, allowance: Fraction, digits: str) -> str:
    """The tolerance as typed, with its amount where it is relative."""
    if not tolerance.relative:
        return tolerance.text if allowance else "0"
    if not allowance:
        return f"{tolerance.text} = 0, as the baseline is 0"
    return f"{tolerance.text} = {digits}"


def _owner(bound: BoundGate) -> str:
    return "the baseline" if bound.reference == BASELINE else f"'{bound.reference}'"


# ------------------------------------------------------------------------------------------------- texts of reasons


def _observed(result: LossResult) -> str:
    size = f", of size {abs(result.value)!r}" if result.direction == "zero" and result.value < 0 else ""
    return f"{result.spec} = {result.value!r}{size}"


def _slice(by: Mapping[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in by.items())


def _double(number: Fraction) -> float:
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def _digits(number: Fraction, most: int = 17) -> str:
    """The shortest text of the nearest double; if no double is near, or `most` is larger, `most` significant digits."""
    if most == 17 and math.isfinite(double := _double(number)) and (double or not number):
        return repr(double)
    from decimal import Context

    context = Context(prec=most, Emax=10**6, Emin=-(10**6))
    return f"{context.divide(number.numerator, number.denominator):.{most}g}"


def _distinct_texts(number: Fraction, other: Fraction) -> tuple[str, str]:
    """Both numbers as texts that differ if the numbers do."""
    for most in (17, 20, 30, 50, 100, 1000):
        texts = _digits(number, most), _digits(other, most)
        if texts[0] != texts[1] or number == other:
            break
    return texts
