"""A table in GitHub's Markdown, for comments and job summaries.

Text from data is in code spans: nothing in them is a link, a mention, an emoji, HTML or emphasis.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from losscli.lazy import pattern
from losscli.report import standings, verdicts, worst_slices
from losscli.report.cells import Cells, Column, Layout
from losscli.report.influence import influence
from losscli.report.layout import footnotes, layout_of
from losscli.report.renderer import Renderer
from losscli.report.suites import error_lines, sections
from losscli.report.verdicts import gate_headline, reasons
from losscli.report.view import View
from losscli.results import Evaluation, SuiteResult

# In a table a bar ends the cell even in a code span. A backtick ends the span, and spaces at its ends are removed.
_DISALLOWED_IN_SPAN = pattern(r"[|`]|\A\s|\s\Z")
_PUNCTUATION = pattern(r"[!-/:-@\[-`{-~\s]")


class Markdown(Renderer):
    """GitHub Flavored Markdown."""

    summary = "A table for a pull request."
    suffixes = (".md", ".markdown")
    shows_gates = True

    def render_suites(self, suites: Sequence[SuiteResult], view: View) -> str:
        """Each suite below a heading with its outcome: gates, results and their rows, then comparisons."""
        return sections(
            suites,
            lambda suite: _heading(suite, view),
            lambda error: "".join(f"- {literal(line, view)}\n" for line in error_lines(error, view)),
            lambda evaluation: _body(evaluation, view),
        )


RENDERER = Markdown()


def _heading(suite: SuiteResult, view: View) -> str:
    outcome = "error" if suite.evaluation is None else gate_headline(suite.evaluation)
    title = ["losscli", *([] if suite.name is None else [literal(suite.name, view)]), *([outcome] if outcome else [])]
    return f"## {': '.join(title)}\n\n" if len(title) > 1 else ""


def _body(evaluation: Evaluation, view: View) -> str:
    blocks = []
    if evaluation.gates:
        blocks.append(_table(verdicts.gates(evaluation), view))
        why = [
            f"- {word} {literal(gate, view)}: {literal(why, view, 500)}\n" for word, gate, why in reasons(evaluation)
        ]
        blocks += ["".join(why)] if why else []
    blocks += [_table(layout_of(evaluation), view), footnotes(evaluation) + "\n"]
    blocks += ["".join(f"- derived column: {literal(text, view, 500)}\n" for text in evaluation.lets)]
    blocks = [block for block in blocks if block]
    if standings.has_slice_differences(evaluation):
        blocks.append(_table(standings.slice_differences(evaluation), view))
    if standings.has_rankings(evaluation):
        blocks += [_table(standings.rankings(evaluation), view), standings.note(evaluation) + "\n"]
    if evaluation.comparisons:
        blocks.append(_table(verdicts.comparisons(evaluation), view))
        note = literal(verdicts.decision_note(evaluation), view)
        blocks += [note + "\n"] if note else []
    if evaluation.influence:
        blocks.append(_table(influence(evaluation), view))
    if (searched := evaluation.worst_slices) is not None:
        blocks.append(f"- {worst_slices.headline(searched)}\n")
        for title, layout in worst_slices.tables(searched):
            blocks += [f"- {literal(title, view)}\n", _table(layout, view)]
        blocks += ["".join(f"- {literal(said, view, 1000)}\n" for said in worst_slices.notes(searched))]
        blocks = [block for block in blocks if block]
    return "\n".join(blocks)


def literal(text: str, view: View, limit: int | None = None) -> str:
    """Text that the reader of the page sees exactly as it is.

    Examples
    --------
    >>> literal("a|b", View())
    '<code>a&#124;b</code>'
    """
    shown = view.text(text) if limit is None else view.text(text, limit)
    if not shown:
        return ""
    if not _DISALLOWED_IN_SPAN.search(shown):
        return f"`{shown}`"
    return "<code>" + _PUNCTUATION.sub(lambda found: f"&#{ord(found[0])};", shown) + "</code>"


def _table(layout: Layout, view: View) -> str:
    titles = [literal(column.title, view) if column.title_from_data else column.title for column in layout.columns]
    heads = [titles, ["---:" if column.number else "---" for column in layout.columns]]
    rows = zip(*(_cells(*each, view) for each in zip(layout.columns, layout.cells, strict=True)), strict=True)
    return "".join("| " + " | ".join(row) + " |\n" for row in chain(heads, rows))


def _cells(column: Column, cells: Cells, view: View) -> list[str]:
    """The cells of a column as they stand in the table."""
    shown = view.symbols if column.number or column.fixed_words else lambda text: literal(text, view)
    texts = list(map(shown, cells.texts))
    for at, cell in cells.marked.items():
        text = f"&nbsp;&nbsp;{texts[at]}" if cell.part and not column.number else texts[at]
        texts[at] = f"**{text}**" if cell.best or cell.verdict == "bad" else text
    return texts
