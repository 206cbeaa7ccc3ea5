"""Gates and comparisons for readers: which number stands where, and what it comes to in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isnan
from typing import Literal

from losscli.report.layout import Cell, Column, Front, Layout, change
from losscli.report.naming import about
from losscli.report.view import apart, percent, short, signed
from losscli.results import ComparisonResult, Evaluation, GateResult, LossResult, PairedTest

_WORDS = {"passed": "pass", "failed": "FAIL", "skipped": "skipped"}
_STATES = ("passed", "failed", "error", "skipped")
_SAID = {"error": "could not be judged"}
_MOODS: dict[str, Literal["good", "bad"]] = {
    "better": "good",
    "worse": "bad",
    "passed": "good",
    "failed": "bad",
    "error": "bad",
}
_Number = tuple[str, Callable[[ComparisonResult], str]]


def tally(gates: Sequence[GateResult]) -> str:
    """How many gates ended how: `2 passed, 1 failed`."""
    found = [gate.state for gate in gates]
    return ", ".join(f"{found.count(state)} {_SAID.get(state, state)}" for state in _STATES if state in found)


def headline(evaluation: Evaluation) -> str:
    """What the gates come to: `1 of 3 gates failed`; empty without gates."""
    gates = evaluation.gates
    if not gates:
        return ""
    noun = f"gate{'s' * (len(gates) > 1)}"
    others = [state for state in _STATES[1:] if any(gate.state == state for gate in gates)]
    if not others:
        return f"{len(gates)} {noun} passed"
    counts = [f"{sum(gate.state == state for gate in gates)}" for state in others]
    first = f"{counts[0]} of {len(gates)} {noun} {_SAID.get(others[0], others[0])}"
    rest = [f"{count} {_SAID.get(state, state)}" for count, state in zip(counts[1:], others[1:], strict=True)]
    return ", ".join([first, *rest])


def word(gate: GateResult) -> str:
    """The verdict of one gate."""
    return _WORDS.get(gate.state, "ERROR")


def whom(gate: GateResult) -> str:
    """The model and slice that a gate is about."""
    return " ".join(about(gate.model, gate.by))


def reasons(evaluation: Evaluation) -> list[tuple[str, str, str]]:
    """Of each gate that did not pass: the verdict, the gate and whom it is about, and why."""
    found = [gate for gate in evaluation.gates if gate.state != "passed" and gate.reason]
    return [(word(gate), f"{gate.gate} {whom(gate)}".strip(), gate.reason) for gate in found]


def gates(evaluation: Evaluation) -> Layout:
    """One row a gate, model and slice, with as many digits as show the difference that decided."""
    found = {_key(result): result for result in evaluation.results}
    meant = any(whom(gate) for gate in evaluation.gates)
    based = any(gate.baseline is not None for gate in evaluation.gates)
    columns = (
        *(Column("gate"), *([Column("of")] if meant else [])),
        *(Column("observed", number=True), Column("limit", number=True)),
        *((Column("baseline", number=True), Column("change", number=True)) if based else ()),
        Column("result", own=True),
    )
    rows = []
    for gate in evaluation.gates:
        bound = "≤" if gate.direction == "lower" else "≥"
        observed, limit, *baseline = apart(gate.value, gate.limit, *([] if gate.baseline is None else [gate.baseline]))
        cells = [Cell(gate.gate), *([Cell(whom(gate))] if meant else []), Cell(observed)]
        cells.append(Cell("" if isnan(gate.limit) else f"{bound} {limit}"))
        if based:
            result = found.get(_key(gate)) if baseline else None
            cells += [Cell(baseline[0] if baseline else ""), Cell("" if result is None else change(result))]
        rows.append((*cells, Cell(word(gate), mood=_MOODS.get(gate.state, ""))))
    return Layout(columns, tuple(rows))


def comparisons(evaluation: Evaluation) -> Layout:
    """One row a comparison; Holm's correction where there is more than one pair of models to correct for."""
    found = evaluation.comparisons
    slices = Front(False, tuple(dict.fromkeys(name for one in found for name in one.by)))
    several = len({(one.model, one.against) for one in found}) > 1
    numbers: list[_Number] = [("difference", _difference)]
    for name, title in (("t_test", "t"), ("permutation", "swaps")):
        if any(getattr(one, name) is not None for one in found):
            numbers.append((f"p ({title})", _tested(name, "p")))
            numbers += [(f"Holm ({title})", _tested(name, "holm"))] * several
    if any(one.wins is not None for one in found):
        numbers.append(("wins", _wins))
    columns = [Column("model"), Column("against"), *slices.columns, Column("loss")]
    columns += [*(Column(title, number=True) for title, _ in numbers), Column("verdict", own=True)]
    rows = []
    for one in found:
        cells = [Cell(one.model or ""), Cell(one.against or ""), *slices.labels(None, one.by), Cell(one.spec)]
        cells += [Cell(text(one)) for _, text in numbers]
        rows.append((*cells, Cell(one.verdict, mood=_MOODS.get(one.verdict, ""))))
    return Layout(tuple(columns), tuple(rows))


def _difference(one: ComparisonResult) -> str:
    if one.interval is not None:
        return f"{signed(one.difference)} [{signed(one.interval[0])}, {signed(one.interval[1])}]"
    return signed(one.difference) + (f" (se {short(one.stderr)})" if one.stderr is not None else "")


def _tested(test: str, which: str) -> Callable[[ComparisonResult], str]:
    def text(one: ComparisonResult) -> str:
        found: PairedTest | None = getattr(one, test)
        return "" if found is None else f"{getattr(found, which):.3g}"

    return text


def _wins(one: ComparisonResult) -> str:
    units = (one.wins or 0) + (one.losses or 0) + (one.ties or 0)
    return "" if one.wins is None or not units else percent(one.wins / units)


def _key(of: LossResult | GateResult) -> tuple[object, ...]:
    return of.spec, of.model, tuple(sorted(of.by.items()))
