"""A table for people at a terminal: six digits, nothing cut, the best model marked by a star and a colour."""

from __future__ import annotations

from collections.abc import Callable

from losscli.report import standings, verdicts
from losscli.report.aligned import Aligned, StyledTexts, aligned, wrapped
from losscli.report.cells import Cells, Column, Layout
from losscli.report.decimals import with_aligned_decimals
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
            note = "\n" + _note(standings.note(evaluation), view)
            blocks.append(_aligned(standings.rankings(evaluation), view).text(view) + note)
        if evaluation.comparisons:
            blocks.append(_comparisons(evaluation, view))
        if evaluation.influence:
            blocks.append(_aligned(influence(evaluation), view).text(view))
        if evaluation.gates:
            why = [_note(f"{word} {view.text(gate)}: {view.text(why, 500)}", view)
                   for word, gate, why in reasons(evaluation)]  # fmt: skip
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
    lets = "".join(_note(f"derived column: {view.text(text, 500)}", view) for text in evaluation.lets)
    return table.text(view) + "\n" + _note(footnotes(evaluation, "* best" if layout.has_best else ""), view) + lets


def _comparisons(evaluation: Evaluation, view: View) -> str:
    """The verdicts of comparisons; with standard errors and p-values where asked for."""
    if view.detailed and not _is_too_wide(table := _aligned(verdicts.comparisons(evaluation), view), view):
        blocks = [table]
    else:
        blocks = [_first_that_fits(verdicts.comparison_verdicts, evaluation, view)]
        blocks += [_first_that_fits(verdicts.comparison_tests, evaluation, view)] if view.detailed else []
    note = "; ".join(filter(None, [verdicts.decision_note(evaluation), "" if view.detailed else "p-values: -v"]))
    return "\n".join([*(block.text(view) for block in blocks), _note(view.text(note, 500), view)])


def _first_that_fits(layout: Callable[[Evaluation, int], Layout], evaluation: Evaluation, view: View) -> Aligned:
    """The table that leaves out least of those that are narrow enough."""
    for brevity in verdicts.BREVITIES:
        table = _aligned(layout(evaluation, brevity), view)
        if table.fits(view.width):
            break
    return table


def _note(text: str, view: View) -> str:
    """A line of text, cut between words where the terminal is too narrow for it."""
    lines = [text] if view.width is None else wrapped(text, view.width)
    return "".join(f"{line}\n" for line in lines)


def _is_too_wide(table: Aligned, view: View) -> bool:
    return view.width is not None and table.width > view.width


def _aligned(layout: Layout, view: View) -> Aligned:
    """The table with decimal points below each other, unless that makes it too wide."""
    titles = [view.text(column.title) for column in layout.columns]
    right, words = ([getattr(one, name) for one in layout.columns] for name in ("number", "fixed_words"))

    def table(decimals: bool) -> Aligned:
        columns = [_styled(*pair, view, decimals) for pair in zip(layout.cells, layout.columns, strict=True)]
        return aligned(titles, right, columns, words)

    wide = table(decimals=True)
    if not _is_too_wide(wide, view):
        return wide
    narrow = table(decimals=False)
    return wide if _is_too_wide(narrow, view) and wide.fits(view.width) else narrow


def _styled(cells: Cells, column: Column, view: View, decimals: bool) -> StyledTexts:
    texts = list(map(view.symbols if column.number or column.fixed_words else view.text, cells.texts))
    if column.number and decimals:
        texts = [text.lstrip(" ") for text in with_aligned_decimals(texts)]
    styles = {}
    for at, cell in cells.marked.items():
        styles[at] = "bold green" if cell.best else "dim" if cell.part else _STYLES[cell.verdict]
        texts[at] = ("* " if cell.best else "  " if cell.part else "") + texts[at]
    return StyledTexts(texts, styles)
