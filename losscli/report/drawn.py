"""Layouts and notes as text in the width, the characters and the colours of the terminal."""

from __future__ import annotations

from losscli.report.aligned import Aligned, StyledTexts, aligned, wrapped
from losscli.report.cells import Cells, Column, Layout
from losscli.report.decimals import with_aligned_decimals
from losscli.report.view import View

_STYLES = {"": "", "good": "green", "bad": "bold red"}


def note(text: str, view: View) -> str:
    """A line of text, cut between words where the terminal is too narrow for it."""
    lines = [text] if view.width is None else wrapped(text, view.width)
    return "".join(f"{line}\n" for line in lines)


def is_too_wide(table: Aligned, view: View) -> bool:
    """Whether the table has longer lines than the terminal, where nothing is folded."""
    return view.width is not None and table.width > view.width


def drawn(layout: Layout, view: View) -> Aligned:
    """The table with decimal points below each other, unless that makes it too wide."""
    titles = [view.text(column.title) for column in layout.columns]
    right, words = ([getattr(one, name) for one in layout.columns] for name in ("number", "fixed_words"))

    def table(decimals: bool) -> Aligned:
        columns = [_styled(*pair, view, decimals) for pair in zip(layout.cells, layout.columns, strict=True)]
        return aligned(titles, right, columns, words)

    wide = table(decimals=True)
    if not is_too_wide(wide, view):
        return wide
    narrow = table(decimals=False)
    return wide if is_too_wide(narrow, view) and wide.fits(view.width) else narrow


def _styled(cells: Cells, column: Column, view: View, decimals: bool) -> StyledTexts:
    texts = list(map(view.symbols if column.number or column.fixed_words else view.text, cells.texts))
    if column.number and decimals:
        texts = [text.lstrip(" ") for text in with_aligned_decimals(texts)]
    styles = {}
    for at, cell in cells.marked.items():
        styles[at] = "bold green" if cell.best else "dim" if cell.part else _STYLES[cell.verdict]
        texts[at] = ("* " if cell.best else "  " if cell.part else "") + texts[at]
    return StyledTexts(texts, styles)
