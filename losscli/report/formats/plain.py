r"""Tab-separated lines below a header, for pipes: full precision, nothing cut, no quotes.

A tab or line end in a text is written as an escape, so `cut -f` and `awk -F'\t'` always see whole columns.
A run that compares models only prints its comparisons: a second block with other columns would break those tools.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

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
        blocks = records.comparison_blocks(suites) if records.has_comparisons(suites) else _result_blocks(suites)
        return "".join(line for block in blocks for line in _lines(block, view))


RENDERER = Plain()


def _lines(block: Sequence[tuple[str | list[str], bool]], view: View) -> Iterator[str]:
    columns = [
        [view.text(cell, limit=None) for cell in cells] if isinstance(cells, list) else view.text(cells, limit=None)
        for cells, _ in block
    ]
    lists = [cells for cells in columns if isinstance(cells, list)]
    if not lists:
        return iter(("\t".join(map(str, columns)) + "\n",))
    pattern = "\t".join("%s" if isinstance(cells, list) else cells.replace("%", "%%") for cells in columns) + "\n"
    return map(pattern.__mod__, zip(*lists, strict=True))


def _result_blocks(suites: Sequence[SuiteResult]) -> records.Blocks:
    results = records.examples_of(suites)
    uncertain = any(result.stderr is not None or result.interval is not None for result in results)
    fields = [Field("loss", lambda result: result.spec, from_data=True), records.VALUE, records.COUNT]
    fields += [*(records.INTERVAL if uncertain else ()), *records.optional_fields(suites)]
    front = [records.MODEL] if any(result.model is not None for result in results) else []
    return records.result_blocks(suites, front, fields)
