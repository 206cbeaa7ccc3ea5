"""The elements of the page. Text from data is escaped here and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from losscli.report.cells import Cell, Column, Layout
from losscli.report.view import View

MOST_ROWS = 100
"""So many rows of a table are shown; the JSON report has the others."""


def safe(text: str, view: View, limit: int | None = 1000) -> str:
    """Text that is shown as it is, whatever it contains."""
    return escape(View(view.width, view.color).text(text, limit=limit))


def listing(items: Iterable[str], view: View) -> str:
    """A list of texts; nothing where there are none."""
    found = "".join(f"<li>{safe(item, view)}</li>\n" for item in items)
    return f"<ul>\n{found}</ul>\n" if found else ""


def note(text: str, view: View) -> str:
    """A paragraph of small importance."""
    return f'<p class="note">{safe(text, view)}</p>\n' if text else ""


def scrollable(label: str, body: str) -> str:
    """What may be wider than the screen: the keyboard reaches it, so that it can be scrolled. The label is escaped."""
    return f'<div class="wide" role="group" tabindex="0" aria-label="{label}">{body}</div>\n'


def details(summary: str, body: str) -> str:
    """What is shown on demand."""
    return f"<details><summary>{summary}</summary>\n{body}</details>\n"


def table(caption: str, layout: Layout, view: View, most: int = MOST_ROWS) -> str:
    """A table. Verdicts stand first, where a narrow screen and paper cut nothing off, and the worst rows are shown."""
    order = _verdicts_first(layout)
    columns = [layout.columns[i] for i in order]
    title, shown = safe(caption, view), [layout.row(at) for at in _worst_first(layout, most)]
    titles = "".join(
        f'<th scope="col"{classes("n" if column.number else "")}>{safe(column.title, view)}</th>' for column in columns
    )
    # The first column that says what a row is about is its heading.
    heading = next((at for at, column in enumerate(columns) if not column.fixed_words), 0)
    body = "".join(_row([row[i] for i in order], columns, heading, view) for row in shown)
    head = f"<thead><tr>{titles}</tr></thead>"
    left = "" if len(shown) == layout.height else note(
        f"{len(shown)} of {layout.height:,} rows are shown; the JSON report has all of them", view
    )  # fmt: skip
    whole = f"<table>\n<caption>{title}</caption>\n{head}\n<tbody>\n{body}</tbody>\n</table>"
    return scrollable(title, whole) + left


def classes(*names: str) -> str:
    """The attribute for these classes."""
    found = " ".join(filter(None, names))
    return f' class="{found}"' if found else ""


def _verdicts_first(layout: Layout) -> list[int]:
    """The order of the columns."""
    places = range(len(layout.columns))
    judges = [at for at in places if at and layout.columns[at].fixed_words and _judges(layout, at)][:1]
    return [*judges, *(at for at in places if at not in judges)]


def _judges(layout: Layout, at: int) -> bool:
    return any(cell.verdict for cell in layout.cells[at].marked.values())


def _worst_first(layout: Layout, most: int) -> Sequence[int]:
    """The rows that are shown, in their order; of too many, those with a bad verdict come first."""
    rows = range(layout.height)
    if len(rows) <= most:
        return rows
    bad = {at for column in layout.cells for at, cell in column.marked.items() if cell.verdict == "bad"}
    return sorted(rows, key=lambda at: at not in bad)[:most]


def _row(row: Sequence[Cell], columns: Sequence[Column], heading: int, view: View) -> str:
    cells = []
    for at, (cell, column) in enumerate(zip(row, columns, strict=True)):
        text = safe(cell.text, view)
        kind = "n" if column.number else "w" if column.fixed_words else ""
        names = [kind, "part" if cell.part else "", cell.verdict]
        tag, scope = ("th", ' scope="row"') if at == heading and text else ("td", "")
        best = f"<strong>{text}</strong> (best)" if cell.best else text
        cells.append(f"<{tag}{scope}{classes(*names)}>{best}</{tag}>")
    return f"<tr>{''.join(cells)}</tr>\n"
