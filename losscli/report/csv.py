"""One row a result, for spreadsheets and data frames; full precision.

A run that compares models has one row a comparison instead, for a table has one kind of rows.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from losscli.csv_text import guarded
from losscli.report import records
from losscli.report.records import Field
from losscli.report.suites import alone
from losscli.report.view import View, exact
from losscli.results import Evaluation, SuiteResult

_BACK = (
    *(Field("loss", lambda result: result.loss, foreign=True), records.SPEC, records.VALUE, records.COUNT),
    Field("weight", lambda result: exact(result.weight)),
    *(Field("reduction", lambda result: result.reduction), Field("direction", lambda result: result.direction)),
    *records.INTERVAL,
)
_SIGNATURE = Field("signature", lambda result: result.signature, foreign=True)


def render(evaluation: Evaluation, view: View) -> str:
    """RFC 4180 with one line feed a row."""
    return render_suites(alone(evaluation), view)


def render_suites(suites: Sequence[SuiteResult], view: View) -> str:
    """The rows of all suites below one header."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    back = (*_BACK, *records.asked_for(suites), _SIGNATURE)
    comparing = records.comparing(suites)
    for line in records.of_comparisons(suites) if comparing else records.of_results(suites, [records.MODEL], back):
        writer.writerow([_text(cell, view) if foreign else cell for cell, foreign in line])
    return stream.getvalue()


def _text(text: str, view: View) -> str:
    # The guard looks at the text as it came: a tab at its start would not look like one after it was made visible.
    mark = "'" if guarded(text) != text else ""
    return mark + view.text(text, limit=None)
