"""Rows with a strip of a picture each: values as dots, confidence intervals as whiskers, on one axis.

The numbers stand beside each dot. A page has them as a table, whose strips are as wide as there is room for.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

from losscli.lazy import dataclass
from losscli.report.page.markup import classes, note, safe, scrollable
from losscli.report.page.scales import Scale, label, place, spanning
from losscli.report.view import View, short

_SHORT = 4  # characters of a number of which there is room for three
_LINE = 18  # characters of a label that stays on one line
_NUMBERS = 26  # characters of a value with its interval that stay on one line
_ABOVE, _ROW = 40, 22  # heights: of the words above a drawing, and of a row
_LEFT, _PLOT = 190, 220  # where the strips of a drawing begin, and how wide they are


@dataclass(frozen=True)
class Strip:
    """One row: what it is about, its value, the ends of its interval and the value of the baseline, if any."""

    label: str
    value: float
    interval: tuple[float, float] | None = None
    baseline: float | None = None


@dataclass(frozen=True)
class Strips:
    """Rows on one axis.

    Attributes
    ----------
    name : str
        What kind of picture it is: what `Report.plot` takes.
    title, what : str
        The title, and what the labels are.
    rows : sequence of Strip
        The rows.
    reference : float or None
        The value of all rows, a dashed line.
    gap_after : int or None
        Behind how many rows some are left out.
    left_out : str
        A sentence that says so; empty where all are here.
    bars : bool
        Whether values are bars from 0 in place of dots.
    """

    name: str
    title: str
    what: str
    rows: Sequence[Strip]
    reference: float | None = None
    gap_after: int | None = None
    left_out: str = ""
    bars: bool = False

    width: ClassVar[int] = 560

    @property
    def said(self) -> str:
        """What the dots and lines are, in words."""
        interval = any(row.interval is not None for row in self.rows)
        dashed = "; dashed: all rows" if self.reference is not None and math.isfinite(self.reference) else ""
        ring = "; ring: baseline" if any(row.baseline is not None for row in self.rows) else ""
        more = dashed + ring
        return ("CI" if interval and more else "confidence interval" if interval else "value") + more

    def scale(self, start: float, stop: float) -> Scale:
        """The axis, between these places."""
        ends = [end for row in self.rows for end in (row.value, *(row.interval or ()))]
        more = [*([] if self.reference is None else [self.reference]), *([0.0] if self.bars else []),
                *(row.baseline for row in self.rows if row.baseline is not None)]  # fmt: skip
        return spanning([*ends, *more], start, stop)

    def table(self, view: View) -> str:
        """The rows as a table of the page."""
        scale, title, body = self.scale(3, 97), safe(self.title, view), []
        for at, row in enumerate(self.rows):
            if at == self.gap_after:
                body.append('<tr><td colspan="3" class="note">…</td></tr>\n')
            value, interval = _numbers(row)
            numbers = f"{value} <span>{interval}</span>" if interval else value
            broken = "broken" if len(f"{value} {interval}") > _NUMBERS else ""
            head = f'<th scope="row"{_short(row.label)}>{safe(row.label, view, 80)}</th>'
            body.append(f'<tr>{head}<td{classes("n", broken)}>{numbers}</td>'
                        f'<td class="plot">{self._strip(row, scale)}</td></tr>\n')  # fmt: skip
        ci = " [CI]" if any(row.interval is not None for row in self.rows) else ""
        titles = (f'<th scope="col">{safe(self.what, view)}</th><th scope="col" class="n">value{ci}'
                  f'</th><th scope="col" class="plot"><span class="note">{self.said}</span></th>')  # fmt: skip
        foot = f'<tfoot><tr><td></td><td></td><td class="plot">{_axis(scale)}</td></tr></tfoot>'
        head = f"<caption>{title}</caption>\n<thead><tr>{titles}</tr></thead>"
        rows = "".join(body)
        shown = scrollable(title, f'<table class="strips">\n{head}\n<tbody>\n{rows}</tbody>\n{foot}\n</table>')
        return f"<div>{shown}{note(self.left_out, view)}</div>\n" if self.left_out else shown

    def drawing(self, view: View) -> str:
        """The rows as elements of SVG, `width` wide and `height` high."""
        scale, y = self.scale(3, 97), _ABOVE
        texts = [f'<text class="title" y="16">{safe(self.title, view, 78)}</text>',
                 f'<text x="{_LEFT - 8}" y="34" class="end">{safe(self.what, view, 30)}</text>',
                 f'<text x="{_LEFT}" y="34">{self.said}</text>']  # fmt: skip
        for at, row in enumerate(self.rows):
            if at == self.gap_after:
                texts.append(f'<text x="{_LEFT - 8}" y="{y + 15}" class="end">…</text>')
                y += _ROW
            texts.append(f'<text x="{_LEFT - 8}" y="{y + 15}" class="end">{safe(row.label, view, 30)}</text>')
            texts.append(f'<text x="{self.width}" y="{y + 15}" class="end">{" ".join(_numbers(row))}</text>')
            texts.append(self._strip(row, scale, f'x="{_LEFT}" y="{y}" width="{_PLOT}"'))
            y += _ROW
        left_out = f'<text y="{y + 40}">{safe(self.left_out, view, 100)}</text>' if self.left_out else ""
        return "".join(texts) + _axis(scale, f'x="{_LEFT}" y="{y}" width="{_PLOT}"') + left_out

    @property
    def height(self) -> int:
        """Of the drawing."""
        rows = len(self.rows) + (self.gap_after is not None) + 1
        return _ABOVE + _ROW * rows + (24 if self.left_out else 4)

    def _strip(self, row: Strip, scale: Scale, frame: str = 'width="100%"') -> str:
        # Places are in percent, so that dots and texts have one size however wide the strip is.
        marks = ""
        if self.reference is not None and math.isfinite(self.reference):
            at = scale.at(self.reference)
            marks += f'<line class="ref" x1="{at}%" x2="{at}%" y2="{_ROW}"/>'
        if row.interval is not None and all(map(math.isfinite, row.interval)):
            low, high = map(scale.at, row.interval)
            marks += f'<line class="whisker" x1="{low}%" x2="{high}%" y1="11" y2="11"/>'
            marks += "".join(f'<line class="whisker" x1="{at}%" x2="{at}%" y1="7" y2="15"/>' for at in (low, high))
        if self.bars and math.isfinite(row.value):
            left, right = sorted((scale.place(0.0), scale.place(row.value)))
            marks += f'<rect class="bar" x="{place(left)}%" width="{place(right - left)}%" y="5" height="12"/>'
        elif math.isfinite(row.value):
            marks += f'<circle class="dot" cx="{scale.at(row.value)}%" cy="11" r="4.5"/>'
        if row.baseline is not None and math.isfinite(row.baseline):
            marks += f'<circle class="ring" cx="{scale.at(row.baseline)}%" cy="11" r="6.5"/>'
        return f'<svg {frame} height="{_ROW}" aria-hidden="true">{marks}</svg>'


def _short(label: str) -> str:
    """The attribute of labels that stay on one line."""
    return classes("short" if len(label) <= _LINE else "")


def _axis(scale: Scale, frame: str = 'width="100%"') -> str:
    marks = f'<line class="axis" x1="{place(scale.start)}%" x2="{place(scale.stop)}%" y1="1" y2="1"/>'
    ticks = scale.ticks(3)
    if max(len(label(tick)) for tick in ticks) > _SHORT:
        ticks = [ticks[0], *ticks[1:][-1:]]
    for tick in ticks:
        at = scale.at(tick)
        marks += f'<line class="axis" x1="{at}%" x2="{at}%" y1="1" y2="6"/>'
        marks += f'<text x="{at}%" y="19" class="{_anchor(scale.place(tick))}">{label(tick)}</text>'
    return f'<svg {frame} height="{_ROW}" aria-hidden="true">{marks}</svg>'


def _anchor(at: float) -> str:
    """How a text is aligned so that it stays in the picture."""
    return "end" if at > 85 else "start" if at < 15 else "middle"


def _numbers(row: Strip) -> tuple[str, str]:
    """The value and its interval, which may be empty."""
    if row.interval is None:
        return short(row.value), ""
    low, high = row.interval
    return short(row.value), f"[{low:.4g}, {high:.4g}]"
