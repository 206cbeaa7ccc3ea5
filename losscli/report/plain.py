"""Tab-separated lines under a header, for pipes: full precision, nothing cut, no quoting.

A tab or line end inside a text is written as an escape, so `cut -f` and `awk -F'\\t'` always see whole columns.
A run that compares models prints its comparisons only: a second block of other columns would break those tools.
"""

from __future__ import annotations

from collections.abc import Sequence

from losscli.report import records
from losscli.report.suites import alone
from losscli.report.view import View
from losscli.results import Evaluation, SuiteResult


def render(evaluation: Evaluation, view: View) -> str:
    """The lines of one run."""
    return render_suites(alone(evaluation), view)


def render_suites(suites: Sequence[SuiteResult], view: View) -> str:
    """The lines: suite, model and slice where there are such, then loss, value, count and what else was asked for."""
    lines = records.of_comparisons(suites) if records.comparing(suites) else _results(suites)
    return "".join("\t".join(view.text(cell, limit=None) for cell, _ in line) + "\n" for line in lines)


def _results(suites: Sequence[SuiteResult]) -> records.Lines:
    results = records.results_of(suites)
    uncertain = any(result.stderr is not None or result.interval is not None for result in results)
    back = [records.Field("loss", lambda result: result.spec, foreign=True), records.VALUE, records.COUNT]
    back += [*(records.INTERVAL if uncertain else ()), *records.asked_for(suites)]
    front = [records.MODEL] if any(result.model is not None for result in results) else []
    return records.of_results(suites, front, back)
