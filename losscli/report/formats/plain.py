r"""Tab-separated lines below a header, for pipes: full precision, nothing cut, no quotes.

A tab or line end in a text is written as an escape, so `cut -f` and `awk -F'\t'` always see whole columns.
A run that compares models only prints its comparisons: a second block with other columns would break those tools.
"""

from __future__ import annotations

from collections.abc import Sequence

from losscli.report import records
from losscli.report.records import Field
from losscli.report.renderer import Renderer
from losscli.report.view import View
from losscli.results import SuiteResult


class Plain(Renderer):
    """Tab-separated values, with a header."""

    summary = "Tab-separated, with a header and every digit. The default in a pipe."
    suffixes = (".txt", ".tsv")

    def render_suites(self, suites: Sequence[SuiteResult], view: View) -> str:
        """Suite, model and slice where there are any, then loss, value, count and what else the run has."""
        lines = records.comparison_lines(suites) if records.has_comparisons(suites) else _result_lines(suites)
        return "".join("\t".join(view.text(cell, limit=None) for cell, _ in line) + "\n" for line in lines)


RENDERER = Plain()


def _result_lines(suites: Sequence[SuiteResult]) -> records.Lines:
    results = records.results_of(suites)
    uncertain = any(result.stderr is not None or result.interval is not None for result in results)
    fields = [Field("loss", lambda result: result.spec, from_data=True), records.VALUE, records.COUNT]
    fields += [*(records.INTERVAL if uncertain else ()), *records.optional_fields(suites)]
    front = [records.MODEL] if any(result.model is not None for result in results) else []
    return records.result_lines(suites, front, fields)
