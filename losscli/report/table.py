"""A table for people at a terminal: six digits, nothing cut, the better model marked by a star and by colour."""

from __future__ import annotations

from losscli.report.aligned import Aligned, Piece, aligned
from losscli.report.layout import Cell, Layout, by_loss, by_result, compared, footer, gate_row
from losscli.report.view import View
from losscli.result import Evaluation


def render(evaluation: Evaluation, view: View) -> str:
    """The table, the number of rows behind it, and the gates if there are any."""
    blocks = [_main(evaluation, view)]
    if evaluation.gates:
        blocks.append(_gates(evaluation, view).text(view))
    return "\n".join(blocks)


def _main(evaluation: Evaluation, view: View) -> str:
    side_by_side = compared(evaluation)
    layout = by_loss(evaluation) if side_by_side else by_result(evaluation)
    table = _table(layout, view)
    if side_by_side and view.width is not None and table.width > view.width:
        layout = by_result(evaluation)
        table = _table(layout, view)
    note = footer(evaluation) + ("; * best" if layout.starred else "")
    return table.text(view) + "\n" + note + "\n"


def _table(layout: Layout, view: View) -> Aligned:
    titles = [view.text(column.title) for column in layout.columns]
    rows = [[_piece(cell, view) for cell in row] for row in layout.rows]
    return aligned(titles, [column.number for column in layout.columns], rows)


def _piece(cell: Cell, view: View) -> Piece:
    style = "bold green" if cell.best else "dim" if cell.part else ""
    return Piece(("* " if cell.best else "  " if cell.part else "") + view.text(cell.text), style)


def _gates(evaluation: Evaluation, view: View) -> Aligned:
    rows = []
    for gate in evaluation.gates:
        verdict, *others = gate_row(gate)
        rows.append([Piece(verdict, "green" if gate.passed else "bold red"), *(Piece(view.text(o)) for o in others)])
    return aligned(["gate", "limit", "of", "value"], [False, False, False, True], rows)
