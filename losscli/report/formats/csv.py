"""One row per result, for spreadsheets and data frames, with full precision.

A run that compares models has one row per comparison instead, as a table has rows of one kind. Where rows of the data
were left out, the last columns count them.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from losscli.csv_text import guarded
from losscli.report import records
from losscli.report.records import Field
from losscli.report.renderer import Renderer
from losscli.report.view import View, exact
from losscli.results import SuiteResult

_FIELDS = (
    *(Field("loss", lambda result: result.loss, from_data=True), records.SPEC, records.VALUE, records.COUNT),
    Field("weight", lambda result: exact(result.weight)),
    *(Field("reduction", lambda result: result.reduction), Field("direction", lambda result: result.direction)),
    *records.INTERVAL,
)
_SIGNATURE = Field("signature", lambda result: result.signature, from_data=True)


class Csv(Renderer):
    """Comma-separated values (RFC 4180), with a line feed after each row."""

    summary = "One result per row."
    suffixes = (".csv",)

    def render_suites(self, suites: Sequence[SuiteResult], view: View) -> str:
        """The rows of all suites below one header."""
        stream = io.StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        for line in _lines(suites):
            writer.writerow([_text(cell, view) if from_data else cell for cell, from_data in line])
        return stream.getvalue()


RENDERER = Csv()


def _lines(suites: Sequence[SuiteResult]) -> records.Lines:
    if records.has_comparisons(suites):
        return records.comparison_lines(suites, with_rows=True)
    fields = (*_FIELDS, *records.optional_fields(suites), _SIGNATURE)
    return records.result_lines(suites, [records.MODEL], fields, with_rows=True)


def _text(text: str, view: View) -> str:
    # The guard looks at the original text: a tab at its start would not look like one after it was sanitized.
    mark = "'" if guarded(text) != text else ""
    return mark + view.text(text, limit=None)
