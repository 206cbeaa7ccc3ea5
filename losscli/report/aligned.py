"""Tables in text: aligned columns, for characters of any width on the screen.

A table of rich measures and wraps each cell several times, which takes about 2 ms per row: too much for long reports.
Here each cell is measured once, and only a cell that is too wide for its column is folded by rich.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from losscli.lazy import dataclass
from losscli.report.view import View

if TYPE_CHECKING:
    from rich.console import Console

# A label is not folded to fewer columns than this. Most specs fit: "huber:delta=2" above a "0" would mislead.
_NARROWEST_LABEL = 32
_NARROWEST_TITLE = 8
_LONGEST_WORD = 13  # of a title; a longer word is broken on a narrow terminal
_NARROWEST_SCREEN = 20  # in less, every number would be broken
_GAP = 3  # between two columns: a bar or a space, with a space on either side


class StyledTexts(NamedTuple):
    """The texts of a column, which are safe to show; `styles` has the style of rich of those that have one."""

    texts: Sequence[str]
    styles: Mapping[int, str]


@dataclass(frozen=True)
class Aligned:
    """A table whose columns are measured.

    Attributes
    ----------
    titles : tuple[str, ...]
        The headings.
    columns : tuple[StyledTexts, ...]
        The cells of each column.
    right : tuple[bool, ...]
        Which columns are aligned to the right.
    natural, narrowest : tuple[int, ...]
        The width of each column where nothing is folded, and where everything is folded that may be.
    """

    titles: tuple[str, ...]
    columns: tuple[StyledTexts, ...]
    right: tuple[bool, ...]
    natural: tuple[int, ...]
    narrowest: tuple[int, ...]

    @property
    def width(self) -> int:
        """The width of a line where nothing is folded."""
        return sum(self.natural) + _GAP * (len(self.natural) - 1)

    def fits(self, limit: int | None) -> bool:
        """Whether lines of `limit` columns are enough, where all is folded that may be."""
        return limit is None or sum(self.narrowest) + _GAP * (len(self.narrowest) - 1) <= limit

    def text(self, view: View) -> str:
        """The lines. Where a terminal is too narrow for the numbers, each cell has a line of its own."""
        draw = _painter(view)
        if view.width is not None and not self.fits(view.width):
            return self._records(view.width, draw)
        widths = self._widths(view.width)
        bar, dash, cross = (" | ", "-", "-+-") if view.ascii_only else (" " * _GAP, "─", "─" * _GAP)
        heads = self._drawn(self.titles, ["bold"] * len(self.titles), widths, draw, foot=True)
        lines = [*map(bar.join, heads), cross.join(dash * width for width in widths)]
        lines += map(bar.join, self._lines(widths, draw))
        return "".join(line.rstrip() + "\n" for line in lines)

    def _lines(self, widths: tuple[int, ...], draw: Callable[[str, str], str]) -> Iterator[Sequence[str]]:
        """The cells of each line below the titles."""
        if widths == self.natural:  # so no cell is folded, and columns can be drawn one after the other
            drawn = (_column(*each, draw) for each in zip(self.columns, widths, self.right, strict=True))
            yield from zip(*drawn, strict=True)
            return
        for at, row in enumerate(zip(*(column.texts for column in self.columns), strict=True)):
            yield from self._drawn(row, [column.styles.get(at, "") for column in self.columns], widths, draw)

    def _records(self, width: int, draw: Callable[[str, str], str]) -> str:
        """Each row as lines of title and cell, with an empty line between two rows. No digit is lost."""
        width = max(width, _NARROWEST_SCREEN)
        titles = max(map(cell_width, self.titles), default=0) + 2
        beside = titles + max(map(_widest_piece, self.columns, self.right), default=0) <= width
        margin = titles if beside else 2
        lines: list[str] = []
        for at, row in enumerate(zip(*(column.texts for column in self.columns), strict=True)):
            lines += [""] * bool(at)
            for title, text, column in zip(self.titles, row, self.columns, strict=True):
                cells = wrapped(text.strip(), width - margin) if text.strip() else []
                heads = [title, *[""] * (len(cells) - 1)] if beside else [""] * len(cells)
                lines += [draw(head, "bold") for head in wrapped(title, width) if cells and not beside]
                for head, cell in zip(heads, cells, strict=False):
                    lines.append(draw(_padded(head, margin, False), "bold") + draw(cell, column.styles.get(at, "")))
        return "".join(line.rstrip() + "\n" for line in lines)

    def _widths(self, limit: int | None) -> tuple[int, ...]:
        """The widths in a line of `limit` columns: the widest columns are narrowed first, to the same width."""
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
        self, row: Sequence[str], styles: Sequence[str], widths: Sequence[int], draw: Callable[[str, str], str],
        foot: bool = False,
    ) -> list[list[str]]:  # fmt: skip
        """The lines of one row. A cell with fewer lines than others is at the top, or at the bottom with `foot`."""
        folded = [wrapped(text, width) for text, width in zip(row, widths, strict=True)]
        height = max(map(len, folded))
        for at, (lines, style) in enumerate(zip(folded, styles, strict=True)):
            gap = [""] * (height - len(lines))
            stacked = [*gap, *lines] if foot else [*lines, *gap]
            folded[at] = [draw(_padded(text, widths[at], self.right[at]), style) for text in stacked]
        return [list(line) for line in zip(*folded, strict=True)]


def aligned(
    titles: Sequence[str], right: Sequence[bool], columns: Sequence[StyledTexts], words: Sequence[bool] | None = None
) -> Aligned:
    """The table with these titles. Columns that are aligned to the right contain numbers, which are never folded.

    Columns of `words` contain words of ours, which are folded between words on a narrow terminal.
    """
    natural, narrowest = [], []
    for at, title in enumerate(titles):
        widest, heading = max(map(_measure(columns[at].texts), columns[at].texts), default=0), cell_width(title)
        natural.append(max(widest, heading))
        word = min(max(map(cell_width, title.split()), default=0), _LONGEST_WORD)
        narrowest_title = min(heading, max(word, _NARROWEST_TITLE))
        if words is not None and words[at]:
            widest = max((cell_width(each) for text in set(columns[at].texts) for each in text.split()), default=0)
        narrowest.append(max(widest if right[at] else min(widest, _NARROWEST_LABEL), narrowest_title))
    return Aligned(tuple(titles), tuple(columns), tuple(right), tuple(natural), tuple(narrowest))


def _measure(texts: Sequence[str]) -> Callable[[str], int]:
    """What measures these texts on the screen: of plain characters, it counts them."""
    from rich.cells import cell_len

    together = "".join(texts)
    return len if together.isascii() and together.isprintable() else cell_len


def _widest_piece(column: StyledTexts, number: bool) -> int:
    """The width of what should not be folded: a number with its interval, or a word."""
    pieces = (piece for text in column.texts for piece in ([text.strip()] if number else text.split()))
    widest = max(map(cell_width, pieces), default=0)
    return widest if number else min(widest, _NARROWEST_LABEL // 2)


def _column(column: StyledTexts, width: int, right: bool, draw: Callable[[str, str], str]) -> list[str]:
    """The cells of a column that is wide enough for them."""
    if _measure(column.texts) is len:
        cells = [text.rjust(width) if right else text.ljust(width) for text in column.texts]
    else:
        cells = [_padded(text, width, right) for text in column.texts]
    for at, style in column.styles.items():
        cells[at] = draw(cells[at], style)
    return cells


def cell_width(text: str) -> int:
    """The columns of a terminal that a text takes."""
    from rich.cells import cell_len

    return cell_len(text)


def wrapped(text: str, width: int) -> list[str]:
    """The text in lines of at most this width, wrapped between words if possible."""
    if cell_width(text) <= width:
        return [text]
    from rich.text import Text

    return [line.plain.rstrip() for line in Text(text).wrap(_console(), width, overflow="fold")]


@cache
def _console() -> Console:
    """The console that rich needs as an argument; it only uses it for justified text."""
    from rich.console import Console

    return Console()


def _padded(text: str, width: int, right: bool) -> str:
    blank = " " * (width - cell_width(text))
    return blank + text if right else text + blank


def _painter(view: View) -> Callable[[str, str], str]:
    """The function that applies a style. Only the view decides about colours, never the environment."""
    if not view.color:
        return lambda text, style: text
    from rich.color import ColorSystem
    from rich.style import Style

    return lambda text, style: Style.parse(style).render(text, color_system=ColorSystem.STANDARD)
