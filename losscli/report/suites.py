"""What renderers share about a check of several suites: how it ended, its sections, and its errors in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from losscli.report.view import View
from losscli.results import ErrorResult, Evaluation, SuiteResult

# If several suites did not pass, the first of these codes that occurs is that of the whole: a bug comes before files,
# data, usage, undefined values and failed gates.
_WORST = (70, 4, 3, 2, 5, 1)


def single_suite(evaluation: Evaluation) -> tuple[SuiteResult, ...]:
    """A run as a check of one suite without a name."""
    return (SuiteResult(None, evaluation),)


def status(suites: Sequence[SuiteResult]) -> str:
    """The worst status of all suites: "passed", "failed" or "error"."""
    found = {_status(suite) for suite in suites}
    return next((word for word in ("error", "failed") if word in found), "passed")


def exit_code(suites: Sequence[SuiteResult]) -> int:
    """The exit code of a process that runs these suites."""
    found = {_code(suite) for suite in suites}
    return next((code for code in _WORST if code in found), max(found, default=0))


def evaluated(suites: Sequence[SuiteResult]) -> Iterator[tuple[str | None, Evaluation]]:
    """The name and the results of each suite that has results."""
    return ((suite.name, suite.evaluation) for suite in suites if suite.evaluation is not None)


def sections(
    suites: Sequence[SuiteResult],
    heading: Callable[[SuiteResult], str],
    failure: Callable[[ErrorResult], str],
    body: Callable[[Evaluation], str],
) -> str:
    """Each suite below its heading, with a blank line between suites.

    Parameters
    ----------
    suites : Sequence[SuiteResult]
        The suites.
    heading, failure, body : callable
        Make the text of a suite's heading, of its error and of its results.
    """
    blocks = []
    for suite in suites:
        error = "" if suite.error is None else failure(suite.error)
        results = "" if suite.evaluation is None else body(suite.evaluation)
        blocks.append(heading(suite) + error + ("\n" if error and results else "") + results)
    return "\n".join(blocks)


def error_lines(error: ErrorResult, view: View, limit: int | None = 500) -> list[str]:
    """An error in lines that are safe to show: what is wrong, where, and how to fix it."""
    lines = [view.text(error.message, limit)]
    row = None if error.row is None else f"row {error.row}" + ("" if error.line is None else f" (line {error.line})")
    line = None if error.line is None or error.row is not None else f"line {error.line}"
    column = None if error.column is None else f"column '{error.column}'"
    value = None if error.value is None else f"value '{error.value}'"
    if location := [text for text in (error.path, row, line, column, value) if text]:
        lines.append("in: " + ", ".join(view.text(text, limit) for text in location))
    return lines + ([f"hint: {view.text(error.hint, limit)}"] if error.hint else [])


def _status(suite: SuiteResult) -> str:
    if suite.error is not None or suite.evaluation is None:
        return "error"
    return suite.evaluation.status


def _code(suite: SuiteResult) -> int:
    if suite.error is not None:
        return int(suite.error.exit)
    return {"passed": 0, "failed": 1}.get(_status(suite), 3)
