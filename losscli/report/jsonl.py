"""One object a line: results, then comparisons, then gates, each the object that the JSON report holds.

`kind` says which it is, so that a reader can pick: `jq 'select(.kind == "result")'`. In a check of suites the name of
the suite stands before it; a suite that ended in an error is a line of the kind "error".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from losscli.report.json import comparison_object, dumps, error_object, gate_object, result_object
from losscli.report.suites import alone
from losscli.report.view import View
from losscli.results import Evaluation, SuiteResult


def render(evaluation: Evaluation, view: View) -> str:
    """The lines of one run."""
    return render_suites(alone(evaluation), view)


def render_suites(suites: Sequence[SuiteResult], view: View) -> str:
    """The lines of all suites."""
    named = any(suite.name is not None for suite in suites)
    lines = []
    for suite in suites:
        front = {"suite": suite.name} if named else {}
        lines += [dumps({**front, **line}, view) + "\n" for line in _objects(suite)]
    return "".join(lines)


def _objects(suite: SuiteResult) -> Iterator[dict[str, Any]]:
    if suite.error is not None:
        yield {"kind": "error", **error_object(suite.error)}
    if suite.evaluation is None:
        return
    for result in suite.evaluation.results:
        yield {"kind": "result", **result_object(result)}
    for comparison in suite.evaluation.comparisons:
        yield {"kind": "comparison", **comparison_object(comparison)}
    for gate in suite.evaluation.gates:
        yield {"kind": "gate", **gate_object(gate)}
