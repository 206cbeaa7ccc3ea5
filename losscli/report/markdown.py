"""A table in GitHub's Markdown, for comments and job summaries.

Text from data stands in code spans: nothing inside one is a link, a mention, an emoji, HTML or emphasis.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from losscli.report import verdicts
from losscli.report.layout import Layout, by_loss, by_result, compared, footer, how_sure
from losscli.report.suites import alone, headed, told
from losscli.report.verdicts import headline, reasons
from losscli.report.view import View
from losscli.results import Evaluation, SuiteResult

GATES = True
# Inside a table a bar ends the cell even in a code span, and a backtick ends the span; a span eats a space at its end.
_UNFIT_FOR_SPAN = re.compile(r"[|`]|\A\s|\s\Z")
_PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~\s]")


def render(evaluation: Evaluation, view: View) -> str:
    """What the gates come to, if there are any, then the numbers and the rows behind them, and what was compared."""
    return render_suites(alone(evaluation), view)


def render_suites(suites: Sequence[SuiteResult], view: View) -> str:
    """Each suite below a heading that says how it ended."""
    return headed(
        suites,
        lambda suite: _heading(suite, view),
        lambda error: "".join(f"- {literal(line, view)}\n" for line in told(error, view)),
        lambda found: _body(found, view),
    )


def _heading(suite: SuiteResult, view: View) -> str:
    said = "error" if suite.evaluation is None else headline(suite.evaluation)
    title = ["losscli", *([] if suite.name is None else [literal(suite.name, view)]), *([said] if said else [])]
    return f"## {': '.join(title)}\n\n" if len(title) > 1 else ""


def _body(evaluation: Evaluation, view: View) -> str:
    blocks = []
    if evaluation.gates:
        blocks.append(_table(verdicts.gates(evaluation), view))
        said = [
            f"- {verdict} {literal(gate, view)}: {literal(why, view)}\n" for verdict, gate, why in reasons(evaluation)
        ]
        blocks += ["".join(said)] if said else []
    layout = by_loss(evaluation) if compared(evaluation) else by_result(evaluation)
    blocks += [_table(layout, view), "; ".join(filter(None, [footer(evaluation), how_sure(evaluation)])) + "\n"]
    if evaluation.comparisons:
        blocks.append(_table(verdicts.comparisons(evaluation), view))
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
            text = view.own(cell.text) if column.number or column.own else literal(cell.text, view)
            text = f"&nbsp;&nbsp;{text}" if cell.part and not column.number else text
            cells.append(f"**{text}**" if cell.best or cell.mood == "bad" else text)
        rows.append(cells)
    return "".join("| " + " | ".join(row) + " |\n" for row in rows)
