"""One row per result, for spreadsheets and data frames, with full precision.

A run that compares models has one row per comparison instead, as a table has rows of one kind. Where rows of the data
were left out, the last columns count them.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from losscli.csv_text import guarded
from losscli.lazy import pattern
from losscli.report import records
from losscli.report.records import Field
from losscli.report.renderer import Renderer
from losscli.report.view import View, exact, exacts
from losscli.results import SuiteResult

_FIELDS = (
    *(Field("loss", lambda result: result.loss, from_data=True), records.SPEC, records.VALUE, records.COUNT),
    Field("weight", lambda result: exact(result.weight), cells=lambda found: exacts(found.weights)),
    *(Field("reduction", lambda result: result.reduction), Field("direction", lambda result: result.direction)),
    *records.INTERVAL,
)
# Lines that no spreadsheet runs, no terminal obeys and no reader of CSV takes for several cells.
_PLAIN = pattern(r"(?:(?:-[0-9]+|[0-9A-Za-z_.:/(][0-9A-Za-z_.:/() -]*)(?:\n(?!\Z)|\Z))*")
_SIGNATURE = Field("signature", lambda result: result.signature, from_data=True)


class Csv(Renderer):
    """Comma-separated values (RFC 4180), with a line feed after each row."""

    summary = "One result per row."
    suffixes = (".csv",)

    def render_suites(self, suites: Sequence[SuiteResult], view: View) -> str:
        """The rows of all suites below one header."""
        stream = io.StringIO()
        for block in _blocks(suites):
            if any(isinstance(cells, list) for cells, _ in block):
                stream.writelines(_many_lines(block, view))
            else:
                stream.write(_line([_text(str(cell), view) if from_data else str(cell) for cell, from_data in block]))
        return stream.getvalue()


RENDERER = Csv()


def _blocks(suites: Sequence[SuiteResult]) -> records.Blocks:
    if records.has_comparisons(suites):
        return records.comparison_blocks(suites, with_rows=True)
    fields = (*_FIELDS, *records.optional_fields(suites), _SIGNATURE)
    return records.result_blocks(suites, [records.MODEL], fields, with_rows=True)


def _line(cells: Sequence[str]) -> str:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerow(cells)
    return stream.getvalue()


def _many_lines(block: Sequence[tuple[str | list[str], bool]], view: View) -> Iterator[str]:
    """The lines of a block: what they share is written once."""
    pieces, lists = [], []
    for cells, from_data in block:
        if isinstance(cells, list):
            pieces.append("%s")
            lists.append(_quoted(cells, view) if from_data else cells)
        else:
            pieces.append(_one(_text(cells, view) if from_data else cells).replace("%", "%%"))
    return map((",".join(pieces) + "\n").__mod__, zip(*lists, strict=True))


def _quoted(cells: list[str], view: View) -> list[str]:
    """Texts from data as they stand in a line."""
    if _PLAIN.fullmatch("\n".join(cells)):
        return cells  # nothing to escape in any of them
    return [_one(_text(cell, view)) for cell in cells]


def _one(cell: str) -> str:
    """A cell as it stands in a line: quoted where it must be."""
    return _line([cell, ""])[:-2]


def _text(text: str, view: View) -> str:
    # The guard looks at the original text: a tab at its start would not look like one after it was sanitized.
    mark = "'" if guarded(text) != text else ""
    return mark + view.text(text, limit=None)
