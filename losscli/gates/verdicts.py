"""Is it within the limits? The verdict of gates on the numbers of a run, in exact arithmetic.

A gate that cannot be judged is never passed: a value or a limit that is no number, a slice or a result that is missing
fails it; what cannot be set against the baseline is an error. Every gate is judged, whatever the others say.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from losscli.gates.grammar import BASELINE, Bound, Gate, Scored, Tolerance, bind, pairs_of, parse_gate, slices_of
from losscli.results import ComparisonResult, Evaluation, GateResult, LossResult

__all__ = ["BASELINE", "Bound", "Gate", "Scored", "Tolerance", "bind", "judged", "pairs_of", "parse_gate", "slices_of"]


def judged(
    evaluation: Evaluation,
    bound: Sequence[Bound],
    *,
    lacking: str = "error",
    absent: Sequence[LossResult] = (),
) -> Evaluation:
    """The run with the verdict of every gate.

    `lacking` says what a gate is whose number the baseline does not have: "error", else "skipped". `absent` are
    numbers of the baseline that the run lacks: gates on slices that are gone fail.
    """
    book = _Book(evaluation, lacking, absent)
    gates = tuple(verdict for one in bound for verdict in book.verdicts(one))
    states = {gate.state for gate in gates}
    refused = evaluation.baseline is not None and bool(evaluation.baseline.incomparable)
    status = "error" if refused or "error" in states else "failed" if "failed" in states else evaluation.status
    return replace(evaluation, gates=gates, status=status)


_Place = tuple[str | None, str, frozenset[tuple[str, str]]]


def _place(model: str | None, spec: str, by: Mapping[str, str]) -> _Place:
    return model, spec, frozenset(by.items())


class _Book:
    """The numbers of a run, found by model, loss and slice."""

    def __init__(self, evaluation: Evaluation, lacking: str, absent: Sequence[LossResult]) -> None:
        self.results = {_place(r.model, r.spec, r.by): r for r in evaluation.results}
        self.pairs = {(*_place(c.model, c.spec, c.by), c.against): c for c in evaluation.comparisons}
        self.slices: dict[tuple[str | None, str], list[LossResult]] = {}
        for result in evaluation.results:
            if result.by:
                self.slices.setdefault((result.model, result.spec), []).append(result)
        self.baseline, self.lacking, self.absent = evaluation.baseline, lacking, absent

    def verdicts(self, one: Bound) -> list[GateResult]:
        """One verdict, or one a slice."""
        scored = one.scored
        if not one.gate.by:
            whole = self.results.get(_place(scored.model, scored.spec, {}))
            return [_missing(one, {}, "this run has no such number") if whole is None else self._verdict(one, whole)]
        found = [self._verdict(one, result) for result in self.slices.get((scored.model, scored.spec), [])]
        if one.against == BASELINE:
            found += [
                _missing(one, gone.by, f"the baseline has {_slice(gone.by)}, this run has no row of it", gone.value)
                for gone in self.absent
                if (gone.model, gone.spec) == (scored.model, scored.spec) and set(gone.by) == set(one.gate.by)
            ]
        return found or [_missing(one, {}, f"there is no slice by {', '.join(one.gate.by)}")]

    def _verdict(self, one: Bound, result: LossResult) -> GateResult:
        if one.against is None:
            assert one.gate.limit is not None
            return _against_number(one, result, one.gate.limit)
        if one.against != BASELINE:
            other = self.results.get(_place(one.against, result.spec, result.by))
            if other is None:
                return _missing(one, result.by, f"'{one.against}' has no such number")
            return self._change(one, result, other.value)
        if self.baseline is None:
            return _verdict_of(one, result, "skipped", f"{_said(result)}, and there is no baseline")
        if self.baseline.incomparable:
            return _verdict_of(one, result, "error", f"not comparable: {self.baseline.incomparable[0]}")
        if result.baseline is None:
            state = "error" if self.lacking == "error" else "skipped"
            return _verdict_of(one, result, state, f"{_said(result)}, and the baseline has no such number")
        return self._change(one, result, result.baseline.value)

    def _change(self, one: Bound, result: LossResult, theirs: float) -> GateResult:
        change = _change_of(one, result, theirs)
        if not one.gate.significant or math.isnan(change.limit):
            return change
        pair = self.pairs.get((*_place(result.model, result.spec, result.by), one.against))
        return _significant(one, change, theirs, pair)


def _verdict_of(one: Bound, result: LossResult, state: str, reason: str, limit: float = math.nan) -> GateResult:
    gate = one.gate
    return GateResult(gate.text, result.model, result.by, result.value, limit, state, result.spec, result.direction,
                      reason, path=gate.path, line=gate.line)  # fmt: skip


def _missing(one: Bound, by: Mapping[str, str], reason: str, theirs: float | None = None) -> GateResult:
    """A number that should be there and is not: failed, as nobody knows what it would be."""
    scored, gate = one.scored, one.gate
    limit = math.nan if gate.limit is None else gate.limit
    return GateResult(gate.text, scored.model, by, math.nan, limit, "failed", scored.spec, scored.direction, reason,
                      baseline=theirs, path=gate.path, line=gate.line)  # fmt: skip


def _against_number(one: Bound, result: LossResult, limit: float) -> GateResult:
    if not math.isfinite(result.value):
        return _verdict_of(one, result, "failed", f"{_said(result)}, which never passes a gate", limit)
    over = one.sign * (Fraction(result.value) - Fraction(limit))
    if over < 0 or (over == 0 and len(one.gate.op) == 2):
        return _verdict_of(one, result, "passed", _said(result), limit)
    if over == 0:
        reason = f"{_said(result)}, and '{one.gate.op}' does not pass the limit"
        return _verdict_of(one, result, "failed", reason, limit)
    mark, word = (">", "over") if one.sign > 0 else ("<", "under")
    reason = f"{_said(result)} {mark} {limit!r} ({word} by {_digits(over)})"
    return _verdict_of(one, result, "failed", reason, limit)


def _change_of(one: Bound, result: LossResult, theirs: float) -> GateResult:
    """Against the number of the baseline or of another model; the limit is NaN where that is none."""
    who = "the baseline" if one.against == BASELINE else f"'{one.against}'"
    odd = f"{_said(result)}, and {who} has {theirs!r}: a non-finite value never passes a gate"
    if not math.isfinite(result.value) or not math.isfinite(theirs):
        return replace(_verdict_of(one, result, "failed", odd), baseline=theirs)
    base = Fraction(theirs)
    worse, allowance = one.sign * (Fraction(result.value) - base), one.tolerance.allowance(base)
    passed = worse < allowance or (worse == allowance and len(one.gate.op) == 2)
    limit = _double(base + one.sign * allowance)
    said = f"{_said(result)}, {who.removeprefix('the ')} {theirs!r}: "
    verdict = _verdict_of(one, result, "passed" if passed else "failed", said + _worse(one, worse, base, passed), limit)
    return replace(verdict, baseline=theirs)


def _worse(one: Bound, worse: Fraction, base: Fraction, passed: bool) -> str:
    """By how much, and what was allowed; in digits that tell the two apart."""
    allowance = one.tolerance.allowance(base)
    by, allowed = _apart(abs(worse), allowance)
    how = "the same" if worse == 0 else f"worse by {by}" if worse > 0 else f"better by {by}"
    if passed:
        how += ", tolerance"
    else:
        how += " > tolerance" if worse > allowance else f", which '{one.gate.op}' does not pass; tolerance"
    return f"{how} {_allowed(one.tolerance, allowance, allowed)}"


def _allowed(tolerance: Tolerance, allowance: Fraction, digits: str) -> str:
    """The tolerance as typed, and what it comes to."""
    if not tolerance.relative:
        return tolerance.text if allowance else "0"
    if not allowance:
        return f"{tolerance.text} = 0, as the baseline is 0"
    return f"{tolerance.text} = {digits}"


def _significant(one: Bound, change: GateResult, theirs: float, pair: ComparisonResult | None) -> GateResult:
    """The same, where only a change counts that the paired interval shows: from beyond the allowance on."""
    said = change.reason.partition(": ")[0]
    if pair is None or pair.interval is None or not all(map(math.isfinite, pair.interval)):
        reason = f"{said}: the change has no confidence interval, so it cannot be shown to be no worse"
        return replace(change, state="failed", reason=reason)
    low, high = pair.interval
    least = Fraction(low) if one.sign > 0 else -Fraction(high)  # so much worse at least
    allowance = one.tolerance.allowance(Fraction(theirs))
    failed = least > allowance
    level = "" if pair.uncertainty is None else f"{100 * pair.uncertainty.level:g} % "
    beyond = f" beyond {_allowed(one.tolerance, allowance, _apart(abs(least), allowance)[1])}" if allowance else ""
    worsening = f"{'a' if failed else 'no'} significant worsening{beyond}"
    shown = f"the {level}confidence interval of the change, [{low!r}, {high!r}], shows {worsening}"
    return replace(change, state="failed" if failed else "passed", reason=f"{said}: {shown}", interval=(low, high))


# --------------------------------------------------------------------------------------------------------- words


def _said(result: LossResult) -> str:
    return f"{result.spec} = {result.value!r}"


def _slice(by: Mapping[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in by.items())


def _double(number: Fraction) -> float:
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def _digits(number: Fraction, most: int = 17) -> str:
    """The shortest text of the nearest double; where there is none, so many digits."""
    if most == 17 and math.isfinite(double := _double(number)) and (double or not number):
        return repr(double)
    from decimal import Context

    context = Context(prec=most, Emax=10**6, Emin=-(10**6))
    return f"{context.divide(number.numerator, number.denominator):.{most}g}"


def _apart(one: Fraction, other: Fraction) -> tuple[str, str]:
    """Both as texts that differ where the numbers do."""
    for most in (17, 20, 30, 50, 100, 1000):
        texts = _digits(one, most), _digits(other, most)
        if texts[0] != texts[1] or one == other:
            break
    return texts
