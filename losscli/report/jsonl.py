"""One result a line, each the object that `results` of the JSON report holds."""

from __future__ import annotations

from losscli.report.json import dumps, result_object
from losscli.report.view import View
from losscli.result import Evaluation


def render(evaluation: Evaluation, view: View) -> str:
    """The lines, one a result."""
    return "".join(dumps(result_object(result), view) + "\n" for result in evaluation.results)
