"""GitHub Actions: annotations on standard output, a page for the step summary, outputs for later steps.

The text for standard output consists of workflow commands, so text in them is escaped as the runner expects it. GitHub
keeps ten annotations of a kind per step and drops the others silently, so the tenth says how many more there are. The
page and the outputs are appended to the files that the runner names in the environment. The page ends before the size
at which GitHub refuses all of it. Annotations point to the gate in its configuration file.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import accumulate

from losscli.errors import ExitCode
from losscli.lazy import pattern
from losscli.report.formats import markdown
from losscli.report.naming import display_name, marked, safe_name
from losscli.report.renderer import Renderer
from losscli.report.sanitized import break_workflow_commands
from losscli.report.suites import error_lines, evaluated, exit_code, status
from losscli.report.verdicts import gate_headline, gate_subject, undecided, verdict_word
from losscli.report.view import View, exact
from losscli.results import GateResult, SuiteResult

SUMMARY, OUTPUTS = "GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"
LIMIT = 900 * 1024  # GitHub's limit is 1024 KiB, for all commands of a step
_MOST_ANNOTATIONS = 10
_NOTE_BYTES = 200  # the longest line about omitted lines
_DISALLOWED = pattern("[^A-Za-z0-9_-]")


class GitHub(Renderer):
    """Annotations, step summary and step outputs of GitHub Actions."""

    summary = "Annotations, step summary and step outputs of GitHub Actions."
    shows_gates = True
    shows_errors = True
    prints_workflow_commands = True
    appended_variables = (SUMMARY, OUTPUTS)

    def render_suites(self, suites: Sequence[SuiteResult], view: View) -> str:
        """The annotations of all suites: errors, then warnings, then one line with the outcome."""
        failed = [gate for _, found in evaluated(suites) for gate in found.gates if gate.state in ("failed", "error")]
        errors = [_error(suite, view) for suite in suites if suite.error is not None]
        errors += [_gate(gate, view) for gate in failed]
        warnings = [
            _command(
                "notice" if w.kind == "note" else "warning",
                [_of(name) + w.message + (f" ({w.count} times)" if w.count > 1 else "")],
                view,
            )
            for name, found in evaluated(suites)
            for w in found.warnings
        ]
        unsure = [one for _, found in evaluated(suites) for one in found.gates if one.passed and undecided(one)]
        warnings += [_gate(gate, view, "notice") for gate in unsure]
        lines = [*_first("error", errors), *_first("warning", warnings)]
        if not errors:
            lines.append(_command("notice", ["; ".join(_outcomes(suites))], view))
        return "".join(line + "\n" for line in lines)

    def render_file(self, suites: Sequence[SuiteResult]) -> str:
        """The page that the step summary would get."""
        return summary(suites, View())

    def render_appended(
        self, suites: Sequence[SuiteResult], variable: str, size: int, exit_code: int | None = None
    ) -> str:
        """The page for the step summary, or the outputs."""
        if variable == SUMMARY:
            return summary(suites, View(), max(LIMIT - size, 0))
        return outputs(suites, View(), exit_code)


RENDERER = GitHub()


def summary(suites: Sequence[SuiteResult], view: View, limit: int = LIMIT) -> str:
    """The page, of at most `limit` bytes; lines for which there is no room are counted."""
    lines = markdown.RENDERER.render_suites(suites, view).splitlines(keepends=True)
    ends = list(accumulate(len(line.encode("utf-8", "backslashreplace")) for line in lines))
    if not ends or ends[-1] + 1 <= limit:
        return "".join(lines) + "\n"  # so that what is appended next is a block of its own
    if limit < _NOTE_BYTES:
        return ""
    kept = bisect_right(ends, limit - _NOTE_BYTES)
    left = sum(line.strip() != "" for line in lines[kept:])
    return (
        "".join(lines[:kept]) + f"\n{left} more lines found no room here; `-o` writes the whole report to a file.\n\n"
    )


def outputs(suites: Sequence[SuiteResult], view: View, code: int | None = None) -> str:
    """Lines `name=value`: passed, exit-code, one score per loss (of all rows, not of slices), why gates failed."""
    code = exit_code(suites) if code is None else code
    pairs = {"passed": "true" if status(suites) == "passed" else "false", "exit-code": str(code), **_scores(suites)}
    failures = "\n".join(_reasons(suites, view))
    lines = [f"{name}={value}\n" for name, value in pairs.items()]
    return "".join(lines) + heredoc("failures", failures)


def heredoc(name: str, text: str) -> str:
    """An output of several lines, between two lines of a random delimiter, which the text cannot contain."""
    import secrets

    delimiter = f"losscli_{secrets.token_hex(16)}"
    while delimiter in text:
        delimiter = f"losscli_{secrets.token_hex(16)}"
    return f"{name}<<{delimiter}\n{text}\n{delimiter}\n"


def _first(kind: str, lines: Sequence[str]) -> list[str]:
    """The first ten; the last says how many more there are, as GitHub would drop an eleventh."""
    if len(lines) <= _MOST_ANNOTATIONS:
        return list(lines)
    kept = lines[: _MOST_ANNOTATIONS - 1]
    return [*kept, f"::{kind} title=losscli::and {len(lines) - len(kept)} more; the summary has all"]


def _of(name: str | None) -> str:
    return "" if name is None else f"{name}: "


def _gate(gate: GateResult, view: View, kind: str = "error") -> str:
    message = f"{verdict_word(gate)} {f'{gate.gate} {gate_subject(gate)}'.strip()}: {gate.reason or exact(gate.value)}"
    return _command(kind, [message], view, title="losscli gate", file=gate.path, line=gate.line)


def _error(suite: SuiteResult, view: View) -> str:
    error = suite.error
    assert error is not None
    first, *others = error_lines(error, view)
    lines = [first if suite.name is None else f"{suite.name}: {first}", *others]
    # Only a usage error can be about a file of the project; other errors are about data.
    location = (error.path, error.line) if error.exit == ExitCode.USAGE else (None, None)
    return _command("error", lines, view, f"losscli {error.code}", *location)


def _command(
    kind: str,
    message: Sequence[str],
    view: View,
    title: str = "losscli",
    file: str | None = None,
    line: int | None = None,
) -> str:
    """One workflow command. Text cannot begin another: line ends are escaped, and colons in properties."""
    given = {"title": title, "file": file, "line": None if line is None else str(int(line))}
    properties = ",".join(f"{n}={_property(view.text(v))}" for n, v in given.items() if v is not None)
    lines = [_data(break_workflow_commands(view.text(text, 500))) for text in message]
    return f"::{kind} {properties}::{'%0A'.join(lines)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _outcomes(suites: Sequence[SuiteResult]) -> Iterator[str]:
    for name, evaluation in evaluated(suites):
        count = len(evaluation.results)
        outcome = gate_headline(evaluation) or f"{count} result{'s' * (count != 1)}, no gates"
        yield outcome if name is None else f"{name}: {outcome}"


def _scores(suites: Sequence[SuiteResult]) -> dict[str, str]:
    """`score_<loss>`; if there are several models or suites, their names come before that of the loss."""
    whole = [(name, result) for name, found in evaluated(suites) for result in found.results if not result.by]
    several = len({(name, result.model) for name, result in whole}) > len({name for name, _ in whole})
    scores: dict[str, str] = {}
    named = []
    for name, result in whole:
        parts = [part for part in (name, result.model if several else None, display_name(result)) if part is not None]
        named.append(("_".join(["score", *(safe_name(part, _DISALLOWED) for part in parts)]), parts, result))
    # The runner does not distinguish capitals, and joined names may agree: then none of them has the name alone.
    counts = Counter(name.casefold() for name, _, _ in named)
    for name, parts, result in named:
        scores[name if counts[name.casefold()] == 1 else marked(name, *parts)] = exact(result.value)
    return scores


def _reasons(suites: Sequence[SuiteResult], view: View) -> Iterator[str]:
    for suite in suites:
        front = "" if suite.name is None else f"{view.text(suite.name)}: "
        if suite.error is not None:
            yield front + error_lines(suite.error, view)[0]
        for gate in () if suite.evaluation is None else suite.evaluation.gates:
            if gate.state in ("failed", "error"):
                yield front + view.text(f"{gate.gate} {gate_subject(gate)}".strip() + f": {gate.reason}", 500)
