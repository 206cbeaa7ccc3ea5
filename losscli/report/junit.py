"""JUnit XML, as GitLab, Jenkins and others read it: one test case a gate, model and slice.

A run without gates has one case a result, which passes if its value is finite; an error that ended a run is one case
too, so that a merge request shows it. Readers take only the first of two cases with one name, so each has its own.
What went wrong stands in the content, which is all that GitLab shows. No wall times: the same input, the same bytes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from losscli.report.naming import Unique, about, called
from losscli.report.suites import alone, told
from losscli.report.view import View, exact
from losscli.results import ErrorResult, Evaluation, GateResult, LossResult, SuiteResult

ERRORS = True
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}
_MARKUP = re.compile('[&<>"]')


@dataclass(frozen=True)
class _Case:
    """One test; `outcome` is the element that says how it ended (failure, error, skipped), none for a pass."""

    name: str
    text: tuple[str, ...]
    outcome: str = ""
    kind: str = ""
    file: str | None = None
    line: int | None = None


def render(evaluation: Evaluation, view: View) -> str:
    """The document of one run."""
    return render_suites(alone(evaluation), view)


def render_suites(suites: Sequence[SuiteResult], view: View) -> str:
    """The document, one test suite a suite."""
    names: Unique = Unique("{} ({})")
    named = [(_suite_name(suite), _cases(suite, view)) for suite in suites]
    every = [case for _, cases in named for case in cases]
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f'<testsuites name="losscli" {_counts(every)}>']
    for at, (name, cases) in enumerate(named):
        title = names.of(at, _text(name, view))
        lines.append(f'  <testsuite name="{title}" {_counts(cases)}>')
        own = Unique("{} ({})")
        for number, case in enumerate(cases):
            unique = replace(case, name=own.of(number, _text(case.name, view)))
            lines += _lines(unique, title, view)
        lines.append("  </testsuite>")
    lines.append("</testsuites>")
    return "".join(line + "\n" for line in lines)


def _suite_name(suite: SuiteResult) -> str:
    return "losscli" if suite.name is None else f"losscli.{suite.name}"


def _cases(suite: SuiteResult, view: View) -> list[_Case]:
    cases = [] if suite.error is None else [_of_error(suite.error, view)]
    if suite.evaluation is None:
        return cases
    gates = suite.evaluation.gates
    return cases + ([_of_gate(gate) for gate in gates] or [_of_result(result) for result in suite.evaluation.results])


def _of_gate(gate: GateResult) -> _Case:
    outcome = {"passed": "", "failed": "failure", "skipped": "skipped"}.get(gate.state, "error")
    numbers = [f"expected: {gate.gate}", f"observed: {exact(gate.value)}", f"limit: {exact(gate.limit)}"]
    numbers += [] if gate.baseline is None else [f"baseline: {exact(gate.baseline)}"]
    text = (gate.reason or gate.state, *numbers)
    return _Case(_titled(gate.gate, about(gate.model, gate.by)), text, outcome, "gate", gate.path, gate.line)


def _of_result(result: LossResult) -> _Case:
    word = exact(result.value)
    outcome = "" if math.isfinite(result.value) else "failure"
    reason = f"the value is {word}" if outcome else f"value: {word}"
    text = (reason, f"spec: {result.spec}", f"count: {result.count}")
    return _Case(_titled(called(result), about(result.model, result.by)), text, outcome, "value")


def _of_error(error: ErrorResult, view: View) -> _Case:
    # The place of an error is mostly one in the data; a reader takes `file` for a source file of the project.
    return _Case("run", tuple(told(error, view)), "error", error.code)


def _titled(what: str, whom: list[str]) -> str:
    return f"{what} ({', '.join(whom)})" if whom else what


def _counts(cases: Sequence[_Case]) -> str:
    found = [case.outcome for case in cases]
    counts = {"tests": len(found), "failures": found.count("failure"), "errors": found.count("error")}
    counts["skipped"] = found.count("skipped")
    return " ".join(f'{name}="{count}"' for name, count in counts.items()) + ' time="0"'


def _lines(case: _Case, suite: str, view: View) -> list[str]:
    place = "" if case.file is None else f' file="{_text(case.file, view)}"'
    place += "" if case.line is None else f' line="{int(case.line)}"'
    opening = f'    <testcase classname="{suite}" name="{case.name}"{place} time="0">'
    content = "\n".join(_text(line, view) for line in case.text)
    if case.outcome:
        about = f'type="{_text(case.kind, view)}" message="{_text(case.text[0], view)}"'
        inner = f"      <{case.outcome} {about}>{content}</{case.outcome}>"
    else:
        inner = f"      <system-out>{content}</system-out>"
    return [opening, inner, "    </testcase>"]


def _text(text: str, view: View) -> str:
    """Text for content and for attributes; whatever XML cannot hold is visible instead."""
    return _MARKUP.sub(lambda found: _ESCAPES[found[0]], view.text(text, limit=1000))
