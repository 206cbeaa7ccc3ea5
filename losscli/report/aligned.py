"""Rows of text as lines with the columns below each other, however wide a character is on the screen.

rich has such a table; it measures and wraps each cell several times, about 2 ms a row, which long reports don't have.
Here a cell is measured once, and only one that is too wide for its column is handed to rich to be folded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from losscli.report.view import View

if TYPE_CHECKING:
    from rich.console import Console

# Labels fold at their narrowest to this many places: enough for most specs, as "huber:delta=2" above a "0" misleads.
_NARROWEST_LABEL = 32
_NARROWEST_TITLE = 8
_GAP = 3  # a line between two columns, or a blank, with a blank on either side


@dataclass(frozen=True)
class Piece:
    """A text that is safe to show, in one of rich's styles."""

    text: str
    style: str = ""


@dataclass(frozen=True)
class Aligned:
    """Columns of text and how wide they are: as they stand, and folded as far as they may be."""

    titles: tuple[Piece, ...]
    rows: tuple[tuple[Piece, ...], ...]
    right: tuple[bool, ...]
    natural: tuple[int, ...]
    narrowest: tuple[int, ...]

    @property
    def width(self) -> int:
        """The places that a line takes where nothing is folded."""
        return sum(self.natural) + _GAP * (len(self.natural) - 1)

    def text(self, view: View) -> str:
        """The lines; a terminal too narrow for the numbers breaks them itself, for no digit may be lost."""
        widths = self._widths(view.width)
        draw = _painter(view)
        bar, dash, cross = (" | ", "-", "-+-") if view.ascii_only else (" " * _GAP, "─", "─" * _GAP)
        lines = [bar.join(row) for row in self._drawn(self.titles, widths, draw, foot=True)]
        lines.append(cross.join(dash * width for width in widths))
        for row in self.rows:
            lines += [bar.join(cells) for cells in self._drawn(row, widths, draw)]
        return "".join(line.rstrip() + "\n" for line in lines)

    def _widths(self, limit: int | None) -> tuple[int, ...]:
        """The widest columns give way first, all to the same width, but none below its narrowest."""
        if limit is None or self.width <= limit:
            return self.natural
        room = limit - _GAP * (len(self.natural) - 1)
        for cap in range(max(self.natural), 0, -1):
            widths = self._capped(cap)
            if sum(widths) <= room:
                return widths
        return self.narrowest

    def _capped(self, cap: int) -> tuple[int, ...]:
        pairs = zip(self.natural, self.narrowest, strict=True)
        return tuple(min(width, max(cap, narrowest)) for width, narrowest in pairs)

    def _drawn(
        self, row: Sequence[Piece], widths: Sequence[int], draw: Callable[[str, str], str], foot: bool = False
    ) -> list[list[str]]:
        """The lines of one row; where a neighbour is higher, a cell stands at the top, or at the `foot`."""
        folded = [_folded(piece.text, width) for piece, width in zip(row, widths, strict=True)]
        height = max(map(len, folded))
        for at, (cell, piece) in enumerate(zip(folded, row, strict=True)):
            gap = [""] * (height - len(cell))
            stacked = [*gap, *cell] if foot else [*cell, *gap]
            folded[at] = [draw(_padded(text, widths[at], self.right[at]), piece.style) for text in stacked]
        return [list(line) for line in zip(*folded, strict=True)]


def aligned(titles: Sequence[str], right: Sequence[bool], rows: Sequence[Sequence[Piece]]) -> Aligned:
    """The columns with these titles; those that are `right` hold numbers, which may not fold."""
    from rich.cells import cell_len

    natural, narrowest = [], []
    for at, title in enumerate(titles):
        widest, heading = max((cell_len(row[at].text) for row in rows), default=0), cell_len(title)
        natural.append(max(widest, heading))
        narrowest.append(max(widest if right[at] else min(widest, _NARROWEST_LABEL), min(heading, _NARROWEST_TITLE)))
    heads = tuple(Piece(title, "bold") for title in titles)
    return Aligned(heads, tuple(map(tuple, rows)), tuple(right), tuple(natural), tuple(narrowest))


def _folded(text: str, width: int) -> list[str]:
    """The text in lines of at most this width, broken between words where there are such."""
    from rich.cells import cell_len

    if cell_len(text) <= width:
        return [text]
    from rich.text import Text

    return [line.plain.rstrip() for line in Text(text).wrap(_console(), width, overflow="fold")]


@cache
def _console() -> Console:
    """What rich asks for to fold a text, but looks at only where lines are to be justified."""
    from rich.console import Console

    return Console()


def _padded(text: str, width: int, right: bool) -> str:
    from rich.cells import cell_len

    blank = " " * (width - cell_len(text))
    return blank + text if right else text + blank


def _painter(view: View) -> Callable[[str, str], str]:
    """What puts a text in a style: the view says whether, never the environment."""
    if not view.color:
        return lambda text, style: text
    from rich.color import ColorSystem
    from rich.style import Style

    return lambda text, style: Style.parse(style).render(text, color_system=ColorSystem.STANDARD)
