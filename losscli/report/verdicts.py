"""The tables of gates and comparisons that people read, and their outcome in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isfinite, isnan
from typing import Literal

from losscli.lazy import pattern
from losscli.report.cells import Cell, Column, Layout
from losscli.report.extra_columns import change, degrees_of_freedom, standard_error
from losscli.report.layout import SubjectColumns
from losscli.report.naming import subject
from losscli.report.view import DIGITS, distinguishable, percent, short, signed
from losscli.results import ComparisonResult, Evaluation, GateResult, LossResult, PairedTest

_WORDS = {"passed": "pass", "failed": "FAIL", "skipped": "skipped"}
_STATES = ("passed", "failed", "error", "skipped")
_STATE_WORDS = {"error": "could not be judged"}
_VERDICTS: dict[str, Literal["good", "bad"]] = {
    "better": "good",
    "worse": "bad",
    "passed": "good",
    "failed": "bad",
    "error": "bad",
}
_METHODS = {"holm": "Holm", "bh": "BH", "max-t": "max-t"}
_TESTS = {"t": "t-test", "permutation": "permutation", "mcnemar": "McNemar", "mcnemar-mid-p": "McNemar (mid-p)",
          "wild": "wild bootstrap", "sequential": "sequential"}  # fmt: skip
_ASSUMPTIONS = {
    "permutation": "it assumes that without a difference either sign of a unit's difference is as likely",
}
_FEW_DIGITS = 4  # of differences, where six make a table too wide
_COUNT = pattern(r" \([0-9.e+]+\)$")
_Number = tuple[str, Callable[[ComparisonResult], str]]


def gate_counts(gates: Sequence[GateResult]) -> str:
    """The number of gates of each state: `2 passed, 1 failed`."""
    found = [gate.state for gate in gates]
    return ", ".join(f"{found.count(state)} {_STATE_WORDS.get(state, state)}" for state in _STATES if state in found)


def gate_headline(evaluation: Evaluation) -> str:
    """The outcome of all gates: `1 of 3 gates failed`; empty without gates."""
    gates = evaluation.gates
    if not gates:
        return ""
    noun = f"gate{'s' * (len(gates) > 1)}"
    others = [state for state in _STATES[1:] if any(gate.state == state for gate in gates)]
    if not others:
        return f"{len(gates)} {noun} passed"
    counts = [f"{sum(gate.state == state for gate in gates)}" for state in others]
    first = f"{counts[0]} of {len(gates)} {noun} {_STATE_WORDS.get(others[0], others[0])}"
    rest = [f"{count} {_STATE_WORDS.get(state, state)}" for count, state in zip(counts[1:], others[1:], strict=True)]
    return ", ".join([first, *rest])


def comparison_headline(evaluation: Evaluation) -> str:
    """The verdicts of all comparisons: `2 comparisons of models: 1 worse, 1 no difference shown`; empty without any."""
    found = [one.verdict for one in evaluation.comparisons]
    counted = ", ".join(f"{found.count(verdict)} {verdict}" for verdict in dict.fromkeys(sorted(found)))
    return f"{len(found)} comparison{'s' * (len(found) > 1)} of models: {counted}" if found else ""


def verdict_word(gate: GateResult) -> str:
    """The verdict of one gate."""
    return _WORDS.get(gate.state, "ERROR")


def gate_subject(gate: GateResult) -> str:
    """The model and slice that a gate is about."""
    return " ".join(subject(gate.model, gate.by))


def reasons(evaluation: Evaluation) -> list[tuple[str, str, str]]:
    """For each gate that did not pass, or passed on no evidence: verdict, gate with model and slice, and the reason."""
    found = [gate for gate in evaluation.gates if (gate.state != "passed" or undecided(gate)) and gate.reason]
    return [(verdict_word(gate), f"{gate.gate} {gate_subject(gate)}".strip(), gate.reason) for gate in found]


def undecided(gate: GateResult) -> bool:
    """Whether the test of a gate has not enough rows to tell no change from the tolerance."""
    return gate.test is not None and not gate.test.enough


def gates(evaluation: Evaluation) -> Layout:
    """One row per gate, model and slice, with as many digits as show the difference that decided."""
    has_subjects = any(gate_subject(gate) for gate in evaluation.gates)
    based = any(gate.baseline is not None for gate in evaluation.gates)
    found = {_key(result): result for result in evaluation.results} if based else {}
    tests = [gate.test for gate in evaluation.gates if gate.test is not None]
    adjusted = any(test.family > 1 for test in tests)
    columns = (
        *(Column("gate"), *([Column("model / slice")] if has_subjects else [])),
        *(Column("observed", number=True), Column("limit", number=True)),
        *((Column("baseline", number=True), Column("change", number=True)) if based else ()),
        *([Column("p (one-sided)", number=True)] if tests else []),
        *([Column("p adj. (Holm)", number=True)] if adjusted else []),
        Column("result", fixed_words=True),
    )
    rows = []
    for gate in evaluation.gates:
        bound = {"lower": "≤", "higher": "≥"}.get(gate.direction, "±")
        baselines = [] if gate.baseline is None else [gate.baseline]
        observed, limit, *baseline = distinguishable(gate.value, gate.limit, *baselines)
        cells = [Cell(gate.gate), *([Cell(gate_subject(gate))] if has_subjects else []), Cell(observed)]
        cells.append(Cell("" if isnan(gate.limit) else f"{bound} {limit}"))
        if based:
            result = found.get(_key(gate)) if baseline else None
            cells += [Cell(baseline[0] if baseline else ""), Cell("" if result is None else change(result))]
        test = gate.test
        cells += [Cell("" if test is None else f"{test.p:.3g}")] * bool(tests)
        cells += [Cell("" if test is None or test.holm is None else f"{test.holm:.3g}")] * adjusted
        rows.append((*cells, Cell(verdict_word(gate), verdict=_VERDICTS.get(gate.state, ""))))
    return Layout.of(columns, rows)


BREVITIES = (0, 1, 2)
"""How much a table may leave out on a narrow terminal: nothing, some, more."""


def comparisons(evaluation: Evaluation) -> Layout:
    """One row per comparison, with the tests and their p-values."""
    found = evaluation.comparisons
    numbers = [("difference", _difference), *_errors(found), *_tests(found), *_outcomes(found)]
    return _comparisons(evaluation, numbers, tested=True, paired=True)


def comparison_verdicts(evaluation: Evaluation, brevity: int = 0) -> Layout:
    """One row per comparison, without p-values: the verdict, the difference with its interval, and the win rate.

    Where all comparisons are with one model, the heading of the differences names it. With `brevity` 1 there are fewer
    digits, with 2 no win rates either.
    """
    found = evaluation.comparisons
    paired = len({one.against for one in found}) > 1
    title = "difference" if paired else f"difference from {found[0].against}"
    digits = _FEW_DIGITS if brevity else DIGITS

    def difference(one: ComparisonResult) -> str:
        return _difference_or_error(one, digits)

    numbers = [(title, difference), *(_outcomes(found) if brevity < 2 else [])]
    return _comparisons(evaluation, numbers, tested=False, paired=paired)


def comparison_tests(evaluation: Evaluation, brevity: int = 0) -> Layout:
    """One row per comparison: what stands beside the verdicts where a terminal is wide enough for all.

    With `brevity` only the p-values of the test that decides, with 2 without standard errors.
    """
    found = evaluation.comparisons
    paired = len({one.against for one in found}) > 1
    decided: list[_Number] = [("p", _decision("p")), ("p adj.", _decision("decisive"))]
    numbers = [*(_errors(found) if brevity < 2 else []), *(decided if brevity else _tests(found))]
    return _comparisons(evaluation, numbers, tested=True, paired=paired, judged=False)


def _errors(found: Sequence[ComparisonResult]) -> list[_Number]:
    """The columns of standard errors and their degrees of freedom."""
    known = any(one.stderr is not None for one in found)
    return [("SE", standard_error), ("df", degrees_of_freedom)] if known else []


def _tests(found: Sequence[ComparisonResult]) -> list[_Number]:
    """The columns of p-values, which are also adjusted if there are several in a family."""
    method = _METHODS.get(found[0].adjustment, "")
    several = len({(one.model, one.against) for one in found}) > 1
    adjusts = bool(method) and (several or (len(found) > 1 and found[0].adjustment != "holm"))
    tests = {"t_test": "t-test", "permutation": "permutation", "mcnemar": "McNemar", "wild": "wild bootstrap"}
    shown = [name for name in tests if any(getattr(one, name) is not None for one in found)]
    numbers: list[_Number] = []
    for name in shown:
        numbers.append((f"p ({tests[name]})", _p_value(name, "p")))
        adjusted = f"p adj. ({method})" if len(shown) == 1 else f"p adj. ({method}, {tests[name]})"
        numbers += [(adjusted, _p_value(name, "decisive"))] * adjusts
    return numbers


def _outcomes(found: Sequence[ComparisonResult]) -> list[_Number]:
    """The columns of the win rate, and of what the comparisons could detect."""
    numbers: list[_Number] = [("win rate", _win_rate)] if any(one.wins is not None for one in found) else []
    if powers := {one.detection.power for one in found if one.detection is not None}:
        title = f"min. detectable ({percent(max(powers))})"
        numbers += [("effect size", _effect_size), (title, _detectable), ("units needed", _needed)]
    return numbers


def _comparisons(
    evaluation: Evaluation, numbers: Sequence[_Number], *, tested: bool, paired: bool, judged: bool = True
) -> Layout:
    """The table of comparisons with these columns; the verdict is the third, so that nothing can push it out of sight.

    With the model that each is compared with if `paired`, the test that decides if `tested`, the verdict if `judged`.
    """
    found = evaluation.comparisons
    slices = SubjectColumns(False, tuple(dict.fromkeys(name for one in found for name in one.by)))
    verdict, loss = [Column("verdict", fixed_words=True)] * judged, Column("loss")
    columns = [Column("model"), *([Column("against")] if paired else [loss]), *verdict, *slices.columns]
    columns += [*([loss] if paired else []), *(Column(title, number=True) for title, _ in numbers)]
    columns += [Column("test", fixed_words=True)] * tested
    rows = []
    for one in found:
        word, spec = [Cell(one.verdict, verdict=_VERDICTS.get(one.verdict, ""))] * judged, Cell(one.spec)
        cells = [Cell(one.model or ""), *([Cell(one.against or "")] if paired else [spec]), *word]
        cells += [*slices.labels(None, one.by), *([spec] if paired else []), *(Cell(text(one)) for _, text in numbers)]
        test = "" if one.decision is None else _TESTS.get(one.decision.test, one.decision.test)
        rows.append((*cells, *([Cell(test)] * tested)))
    return Layout.of(columns, rows)


def decision_note(evaluation: Evaluation) -> str:
    """Which test decides and why, and what it assumes; empty without comparisons."""
    found = [one.decision for one in evaluation.comparisons if one.decision is not None]
    several = len(found) > 1  # then how many units there are differs from slice to slice
    why = dict.fromkeys((one.test, _COUNT.sub("", one.reason) if several else one.reason) for one in found)
    notes = [f"{_TESTS.get(test, test)}: {reason}" for test, reason in why]
    notes += [_ASSUMPTIONS[test] for test in dict.fromkeys(one.test for one in found) if test in _ASSUMPTIONS]
    text = f"the test that decides: {'; '.join(notes)}" if notes else ""
    undefined = any(not isfinite(one.difference) for one in evaluation.comparisons)
    why_not = "undefined: a value is not finite, so there is no difference to test" if undefined else ""
    return "; ".join(filter(None, [text, why_not]))


def _difference(one: ComparisonResult, digits: int = DIGITS) -> str:
    difference = signed(one.difference, digits)
    if one.interval is not None:
        return f"{difference} [{signed(one.interval[0], digits)}, {signed(one.interval[1], digits)}]"
    return difference


def _difference_or_error(one: ComparisonResult, digits: int = DIGITS) -> str:
    """The difference, with its standard error in place of an interval that there is not."""
    lone = one.interval is None and one.stderr is not None
    return _difference(one, digits) + (f" (se {standard_error(one)})" if lone else "")


def _p_value(test: str, which: str) -> Callable[[ComparisonResult], str]:
    def text(one: ComparisonResult) -> str:
        found: PairedTest | None = getattr(one, test)
        return "" if found is None else f"{getattr(found, which):.3g}"

    return text


def _decision(which: str) -> Callable[[ComparisonResult], str]:
    return lambda one: "" if one.decision is None else f"{getattr(one.decision, which):.3g}"


def _win_rate(one: ComparisonResult) -> str:
    units = (one.wins or 0) + (one.losses or 0) + (one.ties or 0)
    return "" if one.wins is None or not units else percent(one.wins / units)


def _effect_size(one: ComparisonResult) -> str:
    return "" if one.effect_size is None else signed(one.effect_size)


def _detectable(one: ComparisonResult) -> str:
    found = None if one.detection is None else one.detection.minimal_difference
    return "" if found is None else f"±{short(found)}"


def _needed(one: ComparisonResult) -> str:
    found = one.detection
    return "" if found is None or found.units_needed is None else f"{found.units_needed:,}"


def _key(of: LossResult | GateResult) -> tuple[object, ...]:
    return of.spec, of.model, tuple(sorted(of.by.items()))
