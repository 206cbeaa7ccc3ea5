"""A table for people at a terminal: six digits, nothing cut, the best model marked by a star and a colour."""

from __future__ import annotations

from collections.abc import Callable

from losscli.report import standings, verdicts, worst_slices
from losscli.report.aligned import Aligned
from losscli.report.cells import Layout
from losscli.report.diagnostics import diagnostics_blocks
from losscli.report.drawn import drawn, is_too_wide, note
from losscli.report.influence import influence
from losscli.report.layout import compares_values, footnotes, layout_of, results_as_rows
from losscli.report.renderer import Renderer
from losscli.report.slice_bars import slice_blocks
from losscli.report.verdicts import gate_counts, reasons
from losscli.report.view import View
from losscli.results import Evaluation
from losscli.results.worst_slices import WorstSlices


class Table(Renderer):
    """Aligned columns, in the width and the colours of the terminal."""

    summary = "For people. The default on a terminal."
    shows_gates = True

    def render(self, evaluation: Evaluation, view: View) -> str:
        """The results, slices and models beside each other, comparisons, and gates last, where a reader looks first."""
        blocks = [_results(evaluation, view)]
        if standings.has_slice_differences(evaluation):
            blocks.append(drawn(standings.slice_differences(evaluation), view).text(view))
        if standings.has_rankings(evaluation):
            under = "\n" + note(standings.note(evaluation), view)
            blocks.append(drawn(standings.rankings(evaluation), view).text(view) + under)
        if evaluation.comparisons:
            blocks.append(_comparisons(evaluation, view))
        if evaluation.worst_slices is not None:
            blocks.append(_worst_slices(evaluation.worst_slices, view))
        if evaluation.influence:
            blocks.append(drawn(influence(evaluation), view).text(view))
        if view.diagnosed:
            blocks += slice_blocks(evaluation, view)
        if view.diagnosed and evaluation.diagnostics is not None:
            blocks += diagnostics_blocks(evaluation.diagnostics, view)
        if evaluation.gates:
            why = [note(f"{word} {view.text(gate)}: {view.text(why, 500)}", view)
                   for word, gate, why in reasons(evaluation)]  # fmt: skip
            blocks.append(drawn(verdicts.gates(evaluation), view).text(view))
            blocks.append("".join(why) + gate_counts(evaluation.gates) + "\n")
        return "\n".join(blocks)


RENDERER = Table()


def _results(evaluation: Evaluation, view: View) -> str:
    layout = layout_of(evaluation)
    table = drawn(layout, view)
    if is_too_wide(table, view):
        layout = layout_of(evaluation, brief=True)
        table = drawn(layout, view)
    if compares_values(evaluation) and is_too_wide(table, view):
        layout = results_as_rows(evaluation)
        table = drawn(layout, view)
        if is_too_wide(table, view):
            layout = results_as_rows(evaluation, brief=True)
            table = drawn(layout, view)
    lets = "".join(note(f"derived column: {view.text(text, 500)}", view) for text in evaluation.lets)
    return table.text(view) + "\n" + note(footnotes(evaluation, "* best" if layout.has_best else ""), view) + lets


def _worst_slices(found: WorstSlices, view: View) -> str:
    blocks = [note(worst_slices.headline(found), view)]
    for whole, brief in zip(worst_slices.tables(found), worst_slices.tables(found, brief=True), strict=True):
        table = drawn(whole[1], view)
        blocks.append(note(view.text(whole[0]), view) + "\n"
                      + (drawn(brief[1], view) if is_too_wide(table, view) else table).text(view))  # fmt: skip
    blocks.append("".join(note(view.text(said, 1000), view) for said in worst_slices.notes(found)))
    return "\n".join(filter(None, blocks))


def _comparisons(evaluation: Evaluation, view: View) -> str:
    """The verdicts of comparisons; with standard errors and p-values where asked for."""
    if view.detailed and not is_too_wide(table := drawn(verdicts.comparisons(evaluation), view), view):
        blocks = [table]
    else:
        blocks = [_first_that_fits(verdicts.comparison_verdicts, evaluation, view)]
        blocks += [_first_that_fits(verdicts.comparison_tests, evaluation, view)] if view.detailed else []
    said = "; ".join(filter(None, [verdicts.decision_note(evaluation), "" if view.detailed else "p-values: -v"]))
    return "\n".join([*(block.text(view) for block in blocks), note(view.text(said, 500), view)])


def _first_that_fits(layout: Callable[[Evaluation, int], Layout], evaluation: Evaluation, view: View) -> Aligned:
    """The table that leaves out least of those that are narrow enough."""
    for brevity in verdicts.BREVITIES:
        table = drawn(layout(evaluation, brevity), view)
        if table.fits(view.width):
            break
    return table
