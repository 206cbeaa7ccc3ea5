"""A table for people at a terminal: six digits, nothing cut, the better model marked by a star and by colour."""

from __future__ import annotations

from collections.abc import Sequence

from losscli.report import verdicts
from losscli.report.aligned import Aligned, Piece, aligned
from losscli.report.layout import Cell, Column, Layout, by_loss, by_result, compared, footer, how_sure
from losscli.report.suites import alone, headed, told
from losscli.report.verdicts import reasons, tally
from losscli.report.view import View
from losscli.results import ErrorResult, Evaluation, SuiteResult

GATES = True
_MOODS = {"": "", "good": "green", "bad": "bold red"}


def render(evaluation: Evaluation, view: View) -> str:
    """The numbers and the rows behind them, what was compared, and last, where a reader looks first, the gates."""
    return render_suites(alone(evaluation), view)


def render_suites(suites: Sequence[SuiteResult], view: View) -> str:
    """Each suite below a line with its name."""
    return headed(
        suites,
        lambda suite: "" if suite.name is None else f"{view.text(suite.name)}\n\n",
        lambda error: _failure(error, view),
        lambda found: "\n".join(_blocks(found, view)),
    )


def _failure(error: ErrorResult, view: View) -> str:
    first, *others = told(error, view)
    return "".join(f"{line}\n" for line in (f"error: {first}", *others))


def _blocks(evaluation: Evaluation, view: View) -> list[str]:
    blocks = [_main(evaluation, view)]
    if evaluation.comparisons:
        blocks.append(_table(verdicts.comparisons(evaluation), view).text(view))
    if evaluation.gates:
        why = [f"{verdict} {view.text(gate)}: {view.text(why, 500)}\n" for verdict, gate, why in reasons(evaluation)]
        blocks.append(_table(verdicts.gates(evaluation), view).text(view))
        blocks.append("".join(why) + tally(evaluation.gates) + "\n")
    return blocks


def _main(evaluation: Evaluation, view: View) -> str:
    side_by_side = compared(evaluation)
    layout = by_loss(evaluation) if side_by_side else by_result(evaluation)
    table = _table(layout, view)
    if side_by_side and view.width is not None and table.width > view.width:
        layout = by_result(evaluation)
        table = _table(layout, view)
    notes = [footer(evaluation), "* best" if layout.starred else "", how_sure(evaluation)]
    return table.text(view) + "\n" + "; ".join(filter(None, notes)) + "\n"


def _table(layout: Layout, view: View) -> Aligned:
    titles = [view.text(column.title) for column in layout.columns]
    rows = [[_piece(*pair, view) for pair in zip(row, layout.columns, strict=True)] for row in layout.rows]
    return aligned(titles, [column.number for column in layout.columns], rows)


def _piece(cell: Cell, column: Column, view: View) -> Piece:
    style = "bold green" if cell.best else "dim" if cell.part else _MOODS[cell.mood]
    text = view.own(cell.text) if column.number or column.own else view.text(cell.text)
    return Piece(("* " if cell.best else "  " if cell.part else "") + text, style)
