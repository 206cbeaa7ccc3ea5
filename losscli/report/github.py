"""GitHub Actions: annotations on standard output, a page for the step summary, outputs for later steps.

`render` is what goes to standard output: commands that the runner takes, so the text in them is escaped as the runner
reads it. GitHub keeps ten annotations of a kind a step and drops the rest without a word, so the tenth says how many
more there are. `appended` is what belongs at the end of the files that the runner names in the environment; the summary
ends before the size that makes GitHub refuse the whole. Annotations point to the gate in its configuration file.
"""

from __future__ import annotations

import re
import secrets
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate

from losscli.errors import ExitCode
from losscli.report import markdown
from losscli.report.naming import Unique, called, restricted
from losscli.report.sanitized import break_workflow_commands
from losscli.report.suites import alone, evaluated, exit_code, status, told
from losscli.report.verdicts import headline, whom, word
from losscli.report.view import View, exact
from losscli.results import Evaluation, GateResult, SuiteResult

COMMANDS = GATES = ERRORS = True
SUMMARY, OUTPUTS = "GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"
APPENDS = (SUMMARY, OUTPUTS)
LIMIT = 900 * 1024  # of 1024 KiB; other commands of the step write there too
_MOST = 10
_NOTE = 200  # bytes that the line about what was left out may take
_UNFIT = re.compile("[^A-Za-z0-9_-]")


def render(evaluation: Evaluation, view: View) -> str:
    """The annotations of one run."""
    return render_suites(alone(evaluation), view)


def render_suites(suites: Sequence[SuiteResult], view: View) -> str:
    """The annotations of all suites: errors, then warnings, then in a line what it all comes to."""
    failed = [gate for _, found in evaluated(suites) for gate in found.gates if gate.state in ("failed", "error")]
    errors = [_error(suite, view) for suite in suites if suite.error is not None]
    errors += [_gate(gate, view) for gate in failed]
    warnings = [
        _command("warning", [f"{w.message} ({w.count} times)" if w.count > 1 else w.message], view)
        for _, found in evaluated(suites)
        for w in found.warnings
    ]
    lines = [*_first("error", errors), *_first("warning", warnings)]
    if not errors:
        lines.append(_command("notice", ["; ".join(_said(suites))], view))
    return "".join(line + "\n" for line in lines)


def filed(suites: Sequence[SuiteResult], view: View) -> str:
    """What a file of this format holds: the page that the step summary would get."""
    return summary(suites, view)


def appended(suites: Sequence[SuiteResult], variable: str, size: int, exit: int | None, view: View) -> str:
    """What the file that this variable names gets at its end; `size` is how long it is by now."""
    return summary(suites, view, max(LIMIT - size, 0)) if variable == SUMMARY else outputs(suites, view, exit)


def summary(suites: Sequence[SuiteResult], view: View, limit: int = LIMIT) -> str:
    """The page, of at most `limit` bytes; rows that find no room are counted."""
    lines = markdown.render_suites(suites, view).splitlines(keepends=True)
    ends = list(accumulate(len(line.encode("utf-8", "backslashreplace")) for line in lines))
    if not ends or ends[-1] + 1 <= limit:
        return "".join(lines) + "\n"  # whatever comes after it begins a block of its own
    if limit < _NOTE:
        return ""
    kept = bisect_right(ends, limit - _NOTE)
    left = sum(line.strip() != "" for line in lines[kept:])
    return (
        "".join(lines[:kept]) + f"\n{left} more lines found no room here; `-o` writes the whole report to a file.\n\n"
    )


def outputs(suites: Sequence[SuiteResult], view: View, exit: int | None = None) -> str:
    """`name=value` lines: passed, exit-code, a score a loss (of the whole, not of slices), and why gates failed."""
    code = exit_code(suites) if exit is None else exit
    pairs = {"passed": "true" if status(suites) == "passed" else "false", "exit-code": str(code), **_scores(suites)}
    failures = "\n".join(_reasons(suites, view))
    lines = [f"{name}={value}\n" for name, value in pairs.items()]
    return "".join(lines) + heredoc("failures", failures)


def heredoc(name: str, text: str) -> str:
    """An output of several lines, between two of a delimiter that nobody could have put into the text."""
    delimiter = f"losscli_{secrets.token_hex(16)}"
    while delimiter in text:
        delimiter = f"losscli_{secrets.token_hex(16)}"
    return f"{name}<<{delimiter}\n{text}\n{delimiter}\n"


def _first(kind: str, lines: Sequence[str]) -> list[str]:
    """Ten, of which the last says how many more there are: GitHub would drop an eleventh."""
    if len(lines) <= _MOST:
        return list(lines)
    return [*lines[: _MOST - 1], f"::{kind} title=losscli::and {len(lines) - _MOST + 1} more; the summary has all"]


def _gate(gate: GateResult, view: View) -> str:
    message = f"{word(gate)} {f'{gate.gate} {whom(gate)}'.strip()}: {gate.reason or exact(gate.value)}"
    return _command("error", [message], view, title="losscli gate", file=gate.path, line=gate.line)


def _error(suite: SuiteResult, view: View) -> str:
    error = suite.error
    assert error is not None
    first, *others = told(error, view)
    lines = [first if suite.name is None else f"{suite.name}: {first}", *others]
    # Only an error of usage can be about a file of the project; the others are about data.
    place = (error.path, error.line) if error.exit == ExitCode.USAGE else (None, None)
    return _command("error", lines, view, f"losscli {error.code}", *place)


def _command(
    kind: str,
    message: Sequence[str],
    view: View,
    title: str = "losscli",
    file: str | None = None,
    line: int | None = None,
) -> str:
    """One command of the runner. No text in it can begin another: line ends are escaped, and colons in properties."""
    given = {"title": title, "file": file, "line": None if line is None else str(int(line))}
    properties = ",".join(f"{n}={_property(view.text(v))}" for n, v in given.items() if v is not None)
    lines = [_data(break_workflow_commands(view.text(text, 500))) for text in message]
    return f"::{kind} {properties}::{'%0A'.join(lines)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _said(suites: Sequence[SuiteResult]) -> Iterator[str]:
    for name, evaluation in evaluated(suites):
        count = len(evaluation.results)
        said = headline(evaluation) or f"{count} result{'s' * (count != 1)}, no gates"
        yield said if name is None else f"{name}: {said}"


def _scores(suites: Sequence[SuiteResult]) -> dict[str, str]:
    """`score_<loss>`; where there are several models or suites, their names stand before that of the loss."""
    whole = [(name, result) for name, found in evaluated(suites) for result in found.results if not result.by]
    several = len({(name, result.model) for name, result in whole}) > len({name for name, _ in whole})
    names, scores = Unique(), {}
    for at, (name, result) in enumerate(whole):
        parts = [name, result.model if several else None, called(result)]
        wanted = "_".join(["score", *(restricted(part, _UNFIT) for part in parts if part is not None)])
        scores[names.of(at, wanted)] = exact(result.value)
    return scores


def _reasons(suites: Sequence[SuiteResult], view: View) -> Iterator[str]:
    for suite in suites:
        front = "" if suite.name is None else f"{view.text(suite.name)}: "
        if suite.error is not None:
            yield front + told(suite.error, view)[0]
        for gate in () if suite.evaluation is None else suite.evaluation.gates:
            if gate.state in ("failed", "error"):
                yield front + view.text(f"{gate.gate} {whom(gate)}".strip() + f": {gate.reason}", 500)
