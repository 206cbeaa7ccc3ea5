"""A table for people at a terminal: six digits, nothing cut, the best model marked by a star and a colour."""

from __future__ import annotations

from losscli.report import standings, verdicts
from losscli.report.aligned import Aligned, StyledTexts, aligned
from losscli.report.cells import Cells, Column, Layout
from losscli.report.influence import influence
from losscli.report.layout import compares_values, footnotes, layout_of, results_as_rows
from losscli.report.renderer import Renderer
from losscli.report.verdicts import gate_counts, reasons
from losscli.report.view import View
from losscli.results import Evaluation

_STYLES = {"": "", "good": "green", "bad": "bold red"}


class Table(Renderer):
    """Aligned columns, in the width and the colours of the terminal."""

    summary = "For people. The default on a terminal."
    shows_gates = True

    def render(self, evaluation: Evaluation, view: View) -> str:
        """The results, slices and models beside each other, comparisons, and gates last, where a reader looks first."""
        blocks = [_results(evaluation, view)]
        if standings.has_slice_differences(evaluation):
            blocks.append(_aligned(standings.slice_differences(evaluation), view).text(view))
        if standings.has_rankings(evaluation):
            note = "\n" + standings.note(evaluation) + "\n"
            blocks.append(_aligned(standings.rankings(evaluation), view).text(view) + note)
        if evaluation.comparisons:
            note = verdicts.decision_note(evaluation)
            blocks.append(_comparisons(evaluation, view).text(view) + (f"\n{view.text(note, 500)}\n" if note else ""))
        if evaluation.influence:
            blocks.append(_aligned(influence(evaluation), view).text(view))
        if evaluation.gates:
            why = [f"{word} {view.text(gate)}: {view.text(why, 500)}\n" for word, gate, why in reasons(evaluation)]
            blocks.append(_aligned(verdicts.gates(evaluation), view).text(view))
            blocks.append("".join(why) + gate_counts(evaluation.gates) + "\n")
        return "\n".join(blocks)


RENDERER = Table()


def _results(evaluation: Evaluation, view: View) -> str:
    layout = layout_of(evaluation)
    table = _aligned(layout, view)
    if _is_too_wide(table, view):
        layout = layout_of(evaluation, brief=True)
        table = _aligned(layout, view)
    if compares_values(evaluation) and _is_too_wide(table, view):
        layout = results_as_rows(evaluation)
        table = _aligned(layout, view)
        if _is_too_wide(table, view):
            layout = results_as_rows(evaluation, brief=True)
            table = _aligned(layout, view)
    lets = "".join(f"derived column: {view.text(text, 500)}\n" for text in evaluation.lets)
    return table.text(view) + "\n" + footnotes(evaluation, "* best" if layout.has_best else "") + "\n" + lets


def _comparisons(evaluation: Evaluation, view: View) -> Aligned:
    """The table of comparisons, which leaves standard errors out where it would be too wide."""
    table = _aligned(verdicts.comparisons(evaluation), view)
    return _aligned(verdicts.comparisons(evaluation, brief=True), view) if _is_too_wide(table, view) else table


def _is_too_wide(table: Aligned, view: View) -> bool:
    return view.width is not None and table.width > view.width


def _aligned(layout: Layout, view: View) -> Aligned:
    titles = [view.text(column.title) for column in layout.columns]
    columns = [_styled(*pair, view) for pair in zip(layout.cells, layout.columns, strict=True)]
    return aligned(titles, [column.number for column in layout.columns], columns)


def _styled(cells: Cells, column: Column, view: View) -> StyledTexts:
    texts = list(map(view.symbols if column.number or column.fixed_words else view.text, cells.texts))
    styles = {}
    for at, cell in cells.marked.items():
        styles[at] = "bold green" if cell.best else "dim" if cell.part else _STYLES[cell.verdict]
        texts[at] = ("* " if cell.best else "  " if cell.part else "") + texts[at]
    return StyledTexts(texts, styles)
