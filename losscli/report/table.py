"""A table for people at a terminal: six digits, nothing cut, the better model marked by a star and by colour."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from losscli.report.layout import Cell, Column, Layout, by_loss, by_result, compared, footer, gate_row
from losscli.report.view import View
from losscli.result import Evaluation

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

# Labels fold at their narrowest to this many places: enough for most specs, as "huber:delta=2" above a "0" misleads.
_NARROWEST_LABEL = 32
_NARROWEST_TITLE = 8
_UNBOUNDED = 1_000_000


def render(evaluation: Evaluation, view: View) -> str:
    """The table, the number of rows behind it, and the gates if there are any."""
    blocks = [_main(evaluation, view)]
    if evaluation.gates:
        table = _gates(evaluation, view)
        blocks.append(_print(table, view, _measure(table, view)))
    return "\n".join(blocks)


def _main(evaluation: Evaluation, view: View) -> str:
    side_by_side = compared(evaluation)
    layout = by_loss(evaluation) if side_by_side else by_result(evaluation)
    table = _table(layout, view)
    widths = _measure(table, view)
    if side_by_side and view.width is not None and widths[1] > view.width:
        layout = by_result(evaluation)
        table = _table(layout, view)
        widths = _measure(table, view)
    note = footer(evaluation) + ("; * best" if layout.starred else "")
    return _print(table, view, widths) + "\n" + note + "\n"


def _table(layout: Layout, view: View) -> Table:
    texts = [[_cell(cell, view) for cell in row] for row in layout.rows]
    return _filled(layout.columns, texts, view)


def _gates(evaluation: Evaluation, view: View) -> Table:
    from rich.text import Text

    texts = []
    for gate in evaluation.gates:
        verdict, *others = gate_row(gate)
        style = "green" if gate.passed else "bold red"
        texts.append([Text(verdict, style), *(Text(view.text(text)) for text in others)])
    titles = Column("gate"), Column("limit"), Column("of"), Column("value", number=True)
    return _filled(titles, texts, view)


def _filled(columns: Sequence[Column], texts: Sequence[Sequence[Text]], view: View) -> Table:
    from rich import box
    from rich.cells import cell_len
    from rich.table import Table
    from rich.text import Text

    shape = box.ASCII if view.ascii_only else box.SIMPLE_HEAD
    table = Table(box=shape, show_edge=False, pad_edge=False, header_style="bold")
    for index, column in enumerate(columns):
        title = Text(view.text(column.title))
        widest = max((cell_len(row[index].plain) for row in texts), default=0)
        # A smallest width for numbers, not `no_wrap`: they may not fold, the title above them may.
        narrowest = widest if column.number else min(widest, _NARROWEST_LABEL)
        table.add_column(
            title,
            justify="right" if column.number else "left",
            overflow="fold",
            min_width=max(narrowest, min(cell_len(title.plain), _NARROWEST_TITLE)),
        )
    for row in texts:
        table.add_row(*row)
    return table


def _cell(cell: Cell, view: View) -> Text:
    from rich.text import Text

    # Always Text, never str: rich reads "[red]" and ":smile:" in a str as its own language.
    style = "bold green" if cell.best else "dim" if cell.part else ""
    return Text(("* " if cell.best else "  " if cell.part else "") + view.text(cell.text), style)


def _console(view: View, width: int, stream: io.StringIO) -> Console:
    from rich.console import Console

    # Everything that rich would find out by itself is told: it takes FORCE_COLOR=0 for yes, and TERM=dumb for 80
    # columns unless a height is given too.
    return Console(
        file=stream,
        markup=False,
        emoji=False,
        highlight=False,
        force_terminal=view.color,
        no_color=not view.color,
        color_system="standard" if view.color else None,
        legacy_windows=False,
        width=width,
        height=25,
    )


def _measure(table: Table, view: View) -> tuple[int, int]:
    """The smallest and the natural width; rich takes about a millisecond a row for it, so it is asked once a table."""
    return _console(view, _UNBOUNDED, io.StringIO()).measure(table)


def _print(table: Table, view: View, widths: tuple[int, int]) -> str:
    narrowest, natural = widths
    # A terminal too narrow for the numbers breaks the lines itself; rich would drop digits to make them fit.
    width = natural if view.width is None else max(view.width, narrowest)
    stream = io.StringIO()
    _console(view, width, stream).print(table, crop=False)
    return "".join(line.rstrip() + "\n" for line in stream.getvalue().split("\n")[:-1])
