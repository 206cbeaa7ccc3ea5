"""A table in GitHub's Markdown, for comments and job summaries.

Text from data stands in code spans: nothing inside one is a link, a mention, an emoji, HTML or emphasis.
"""

from __future__ import annotations

import re

from losscli.report.layout import Layout, by_loss, by_result, compared, footer, gate_row
from losscli.report.view import View
from losscli.result import Evaluation

# Inside a table a bar ends the cell even in a code span, and a backtick ends the span; a span eats a space at its end.
_UNFIT_FOR_SPAN = re.compile(r"[|`]|\A\s|\s\Z")
_PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~\s]")


def render(evaluation: Evaluation, view: View) -> str:
    """The table, the number of rows behind it, and the gates if there are any."""
    layout = by_loss(evaluation) if compared(evaluation) else by_result(evaluation)
    blocks = [_table(layout, view), footer(evaluation) + "\n"]
    if evaluation.gates:
        blocks.append(_gates(evaluation, view))
    return "\n".join(blocks)


def literal(text: str, view: View) -> str:
    """Text that the reader of the page sees exactly as it is.

    >>> literal("a|b", View())
    '<code>a&#124;b</code>'
    """
    shown = view.text(text)
    if not shown:
        return ""
    if not _UNFIT_FOR_SPAN.search(shown):
        return f"`{shown}`"
    return "<code>" + _PUNCTUATION.sub(lambda found: f"&#{ord(found[0])};", shown) + "</code>"


def _table(layout: Layout, view: View) -> str:
    titles = [literal(column.title, view) if column.foreign else column.title for column in layout.columns]
    rows = [titles, ["---:" if column.number else "---" for column in layout.columns]]
    for row in layout.rows:
        cells: list[str] = []
        for cell, column in zip(row, layout.columns, strict=True):
            text = cell.text if column.number else literal(cell.text, view)
            text = f"&nbsp;&nbsp;{text}" if cell.part and not column.number else text
            cells.append(f"**{text}**" if cell.best else text)
        rows.append(cells)
    return _lines(rows)


def _gates(evaluation: Evaluation, view: View) -> str:
    rows = [["gate", "limit", "of", "value"], ["---", "---", "---", "---:"]]
    for gate in evaluation.gates:
        verdict, limit, about, value = gate_row(gate)
        rows.append([verdict if gate.passed else f"**{verdict}**", literal(limit, view), literal(about, view), value])
    return _lines(rows)


def _lines(rows: list[list[str]]) -> str:
    return "".join("| " + " | ".join(row) + " |\n" for row in rows)
