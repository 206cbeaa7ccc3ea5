"""What the renderers share about a check of several suites: how it ended, and what of it can be shown side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from losscli.report.view import View
from losscli.results import ErrorResult, Evaluation, SuiteResult

# When several suites ended badly, the first of these is how the whole did: a bug before files, data, usage, nothing.
_WORST = (70, 4, 3, 2, 5, 1)


def alone(evaluation: Evaluation) -> tuple[SuiteResult, ...]:
    """A run as the one suite, without a name, of a check."""
    return (SuiteResult(None, evaluation),)


def status(suites: Sequence[SuiteResult]) -> str:
    """passed, failed or error: the worst of all suites."""
    found = {_status(suite) for suite in suites}
    return next((word for word in ("error", "failed") if word in found), "passed")


def exit_code(suites: Sequence[SuiteResult]) -> int:
    """The code that a process would end with which had only these suites to speak of."""
    found = {_code(suite) for suite in suites}
    return next((code for code in _WORST if code in found), max(found, default=0))


def evaluated(suites: Sequence[SuiteResult]) -> Iterator[tuple[str | None, Evaluation]]:
    """The suites that came to results."""
    return ((suite.name, suite.evaluation) for suite in suites if suite.evaluation is not None)


def headed(
    suites: Sequence[SuiteResult],
    heading: Callable[[SuiteResult], str],
    failure: Callable[[ErrorResult], str],
    body: Callable[[Evaluation], str],
) -> str:
    """Each suite's text below its heading, with a blank line between: for formats that people read."""
    blocks = []
    for suite in suites:
        said = "" if suite.error is None else failure(suite.error)
        shown = "" if suite.evaluation is None else body(suite.evaluation)
        blocks.append(heading(suite) + said + ("\n" if said and shown else "") + shown)
    return "\n".join(blocks)


def told(error: ErrorResult, view: View, limit: int | None = 500) -> list[str]:
    """An error in lines: what is wrong, where, and what would mend it; each is safe to show."""
    lines = [view.text(error.message, limit)]
    row = None if error.row is None else f"row {error.row}" + ("" if error.line is None else f" (line {error.line})")
    line = None if error.line is None or error.row is not None else f"line {error.line}"
    column = None if error.column is None else f"column '{error.column}'"
    value = None if error.value is None else f"value '{error.value}'"
    if where := [piece for piece in (error.path, row, line, column, value) if piece]:
        lines.append("in: " + ", ".join(view.text(piece, limit) for piece in where))
    return lines + ([f"hint: {view.text(error.hint, limit)}"] if error.hint else [])


def _status(suite: SuiteResult) -> str:
    if suite.error is not None or suite.evaluation is None:
        return "error"
    return suite.evaluation.status


def _code(suite: SuiteResult) -> int:
    if suite.error is not None:
        return int(suite.error.exit)
    return {"passed": 0, "failed": 1}.get(_status(suite), 3)
