"""JUnit XML, as GitLab, Jenkins and others read it: one test case per gate, model and slice.

A run without gates has one case per result, which passes if its value is finite. An error that ended a run is a case
too, so that a merge request shows it. Readers ignore the second of two cases with the same name, so names are unique.
What went wrong is in the content, as GitLab shows nothing else. There are no wall times: the same input always gives
the same bytes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from losscli.lazy import dataclass, pattern
from losscli.report.naming import UniqueNames, display_name, subject
from losscli.report.renderer import Renderer
from losscli.report.suites import error_lines
from losscli.report.view import View, exact
from losscli.results import ErrorResult, GateResult, LossResult, SuiteResult

_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}
_MARKUP = pattern('[&<>"]')


@dataclass(frozen=True)
class _Case:
    """One test case; `outcome` is the element for its outcome (failure, error, skipped), empty if it passed."""

    name: str
    text: tuple[str, ...]
    outcome: str = ""
    kind: str = ""
    file: str | None = None
    line: int | None = None


class Junit(Renderer):
    """JUnit XML."""

    summary = "A test case for each gate, for GitLab, Jenkins and others."
    suffixes = (".xml",)
    shows_errors = True

    def render_suites(self, suites: Sequence[SuiteResult], view: View) -> str:
        """The document, with one test suite per suite."""
        names = UniqueNames("{} ({})")
        named = [(_suite_name(suite), _cases(suite, view)) for suite in suites]
        every = [case for _, cases in named for case in cases]
        lines = ['<?xml version="1.0" encoding="UTF-8"?>', f'<testsuites name="losscli" {_counts(every)}>']
        for at, (name, cases) in enumerate(named):
            title = names.name(at, _text(name, view))
            lines.append(f'  <testsuite name="{title}" {_counts(cases)}>')
            case_names = UniqueNames("{} ({})")
            for number, case in enumerate(cases):
                unique = replace(case, name=case_names.name(number, _text(case.name, view)))
                lines += _lines(unique, title, view)
            lines.append("  </testsuite>")
        lines.append("</testsuites>")
        return "".join(line + "\n" for line in lines)


RENDERER = Junit()


def _suite_name(suite: SuiteResult) -> str:
    return "losscli" if suite.name is None else f"losscli.{suite.name}"


def _cases(suite: SuiteResult, view: View) -> list[_Case]:
    cases = [] if suite.error is None else [_of_error(suite.error, view)]
    if suite.evaluation is None:
        return cases
    found = suite.evaluation
    rows = (f"rows: {found.rows.text}",) if found.rows.left_out else ()  # which the reasons of gates have
    return cases + ([_of_gate(gate) for gate in found.gates] or [_of_result(one, rows) for one in found.results])


def _of_gate(gate: GateResult) -> _Case:
    outcome = {"passed": "", "failed": "failure", "skipped": "skipped"}.get(gate.state, "error")
    numbers = [f"expected: {gate.gate}", f"observed: {exact(gate.value)}", f"limit: {exact(gate.limit)}"]
    numbers += [] if gate.baseline is None else [f"baseline: {exact(gate.baseline)}"]
    text = (gate.reason or gate.state, *numbers)
    return _Case(_titled(gate.gate, subject(gate.model, gate.by)), text, outcome, "gate", gate.path, gate.line)


def _of_result(result: LossResult, rows: tuple[str, ...]) -> _Case:
    word = exact(result.value)
    outcome = "" if math.isfinite(result.value) else "failure"
    reason = f"the value is {word}" if outcome else f"value: {word}"
    text = (reason, f"spec: {result.spec}", f"count: {result.count}", *rows)
    return _Case(_titled(display_name(result), subject(result.model, result.by)), text, outcome, "value")


def _of_error(error: ErrorResult, view: View) -> _Case:
    # Errors are mostly about data, but readers take `file` for a source file of the project, so it is not set.
    return _Case("run", tuple(error_lines(error, view)), "error", error.code)


def _titled(title: str, subjects: list[str]) -> str:
    return f"{title} ({', '.join(subjects)})" if subjects else title


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
        attributes = f'type="{_text(case.kind, view)}" message="{_text(case.text[0], view)}"'
        inner = f"      <{case.outcome} {attributes}>{content}</{case.outcome}>"
    else:
        inner = f"      <system-out>{content}</system-out>"
    return [opening, inner, "    </testcase>"]


def _text(text: str, view: View) -> str:
    """Text for content and for attributes, sanitized: characters that XML does not allow are visible escapes."""
    return _MARKUP.sub(lambda found: _ESCAPES[found[0]], view.text(text, limit=1000))
