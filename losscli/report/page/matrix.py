"""A confusion matrix: a table of a page, or a drawing of its own."""

from __future__ import annotations

import math
from collections.abc import Sequence

from losscli.lazy import dataclass
from losscli.report.page.markup import classes, safe, scrollable
from losscli.report.view import View

_SHADES = 5
_MARGIN, _TITLES, _LETTER, _SLANTED = 20, 60, 7, 5  # pixels; of a letter, of a slanted one's height
_NAME = 14  # characters of the name of a class
_LEAST, _MOST, _ALL = 18, 48, 420  # pixels: of a cell, and of all in a row
_DIGIT = 8  # pixels of a digit of a count, which is shown where there is room
_DARKEST = 0.55  # on which dark text can be read


@dataclass(frozen=True)
class Matrix:
    """So many rows of each class were predicted to be of each class.

    Attributes
    ----------
    name, title : str
        What kind of picture it is, and the title.
    classes : sequence of str
        The names of the classes.
    counts : sequence of sequence of int
        A row of each class of the target.
    """

    name: str
    title: str
    classes: Sequence[str]
    counts: Sequence[Sequence[int]]

    said = "rows of each class of the target by predicted class; the darker, the larger the share of the class"

    def table(self, view: View) -> str:
        """A table of a page."""
        heads = "".join(f'<th scope="col" class="n">{safe(name, view, 40)}</th>' for name in self.classes)
        rows = []
        for name, counts in zip(self.classes, self.counts, strict=True):
            total = sum(counts)
            cells = "".join(f"<td{classes('n', _shade(count, total))}>{count:,}</td>" for count in counts)
            rows.append(f'<tr><th scope="row">{safe(name, view, 40)}</th>{cells}</tr>\n')
        caption = safe(self.title, view)
        head = f'<thead><tr><th scope="col">target \\ predicted</th>{heads}</tr></thead>'
        body = f"<table>\n<caption>{caption}</caption>\n{head}\n<tbody>\n{''.join(rows)}</tbody>\n</table>"
        return scrollable(caption, body)

    def drawing(self, view: View) -> str:
        """The cells as elements of SVG, `width` wide and `height` high."""
        size, left, above = self._cell, self._left, self._above
        found = [f'<text class="title" y="16">{safe(self.title, view, 60)}</text>',
                 '<text y="34">target, by predicted class</text>']  # fmt: skip
        for at, (name, counts) in enumerate(zip(self.classes, self.counts, strict=True)):
            shown, half, y, total = safe(name, view, _NAME), size / 2, above + at * size, sum(counts)
            slanted = f"translate({left + at * size + half + 4:g} {above - 6}) rotate(-45)"
            found.append(f'<text x="{left - 6}" y="{y + half + 4:g}" class="end">{shown}</text>')
            found.append(f'<text transform="{slanted}">{shown}</text>')
            for x, count in zip(range(left, left + size * len(counts), size), counts, strict=True):
                share = _DARKEST * count / total if total else 0.0
                found.append(f'<rect class="bar" x="{x}" y="{y}" width="{size - 1}" height="{size - 1}" '
                             f'fill-opacity="{share:.3g}"/>')  # fmt: skip
                if count and len(str(count)) * _DIGIT <= size:
                    found.append(f'<text x="{x + half:g}" y="{y + half + 4:g}" class="middle strong">{count}</text>')
        side = size * len(self.classes)
        found.append(f'<rect class="frame" x="{left}" y="{above}" width="{side}" height="{side}"/>')
        return "".join(found)

    @property
    def width(self) -> int:
        """Of the drawing."""
        return max(self._left + self._cell * len(self.classes) + 2 * _MARGIN, 300)

    @property
    def height(self) -> int:
        """Of the drawing."""
        return self._above + self._cell * len(self.classes) + _MARGIN

    @property
    def _left(self) -> int:
        return _MARGIN + _LETTER * self._longest

    @property
    def _above(self) -> int:
        return _TITLES + _SLANTED * self._longest

    @property
    def _longest(self) -> int:
        return min(max(map(len, self.classes), default=0), _NAME)

    @property
    def _cell(self) -> int:
        return min(max(_ALL // max(len(self.classes), 1), _LEAST), _MOST)


def _shade(count: int, total: int) -> str:
    return f"q{math.ceil(_SHADES * count / total)}" if count else ""
