"""The frame of a picture: a plane with axes, marks on it, words for those who cannot see it, and its numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from losscli.lazy import dataclass
from losscli.report.cells import listed
from losscli.report.page.marks import Band, Bars, Dots, Line, Mark, Ranges
from losscli.report.page.markup import details, note, safe, table
from losscli.report.page.scales import Scale, label, place
from losscli.report.view import View

WIDTH, HEIGHT = 360, 250
_ABOVE, _KEY = 40, 18  # the words above the plane of a drawing, and a line of its legend
_LEFT, _RIGHT, _TOP, _BOTTOM = 50, 348, 8, 208
SERIES = "abcdef"
"""The classes of the colours of series, one letter each."""


def x_scale(low: float, high: float, *, log: bool = False) -> Scale:
    """The scale of a horizontal axis."""
    return Scale(low, high, _LEFT, _RIGHT, log)


def y_scale(low: float, high: float) -> Scale:
    """The scale of a vertical axis."""
    return Scale(low, high, _BOTTOM, _TOP)


@dataclass(frozen=True)
class Plane:
    """The plane of a picture: its scales and what they are of."""

    x: Scale
    y: Scale
    x_title: str
    y_title: str

    def axes(self, view: View) -> str:
        """The grid, the axes with their ticks, and what they are of."""
        xs = [(tick, label(tick)) for tick in self.x.ticks(4)]
        ys = [(tick, label(tick)) for tick in self.y.ticks(4)]
        grid = "".join(f"M{_LEFT} {self.y.at(tick)}H{_RIGHT}" for tick, _ in ys)
        ticks = "".join(f"M{self.x.at(tick)} {_BOTTOM}v5" for tick, _ in xs)
        texts = [f'<text x="{self.x.at(tick)}" y="{_BOTTOM + 18}" class="middle">{said}</text>' for tick, said in xs]
        texts += [f'<text x="{_LEFT - 5}" y="{place(self.y.place(tick) + 4)}" class="end">{said}</text>'
                  for tick, said in ys]  # fmt: skip
        texts.append(f'<text x="{_RIGHT}" y="{HEIGHT - 6}" class="end">{safe(self.x_title, view, 60)}</text>')
        return (f'<path class="grid" d="{grid}"/><path class="axis" d="M{_LEFT} {_BOTTOM}H{_RIGHT}{ticks}"/>'
                + "".join(texts))  # fmt: skip

    def drawn(self, mark: Mark) -> str:
        """A mark as an element of SVG."""
        if isinstance(mark, Line):
            names = "ref" if mark.series is None else f"line s{mark.series}" + " solid" * mark.solid
            return f'<path class="{names}" d="{self._polyline(mark.points)}"/>'
        if isinstance(mark, Band):
            edge = [(x, low) for x, low, _ in mark.points] + [(x, high) for x, _, high in reversed(mark.points)]
            return f'<path class="band" d="M{"L".join(map(self._at, edge))}z"/>' if edge else ""
        if isinstance(mark, Bars):
            path = "".join(self._rectangle(*bar[:2], 0, bar[2]) for bar in mark.bars if bar[2])
            return f'<path class="{"counts" if mark.faint else "bar"}" d="{path}"/>'
        if isinstance(mark, Dots):
            path = "".join(dict.fromkeys(f"M{self._at(point)}h0" for point in mark.points))  # one path for all
            return f'<path class="points sa solid{" large" * mark.large}" d="{path}"/>'
        if isinstance(mark, Ranges):
            path = "".join(f"M{self._at((x, low))}V{self.y.at(high)}" for x, low, high in mark.ranges)
            return f'<path class="line s{mark.series} solid" d="{path}"/>'
        path = "".join(self._rectangle(*cell) for cell in mark.cells)
        return f'<path class="bar" fill-opacity="{mark.opacity}" d="{path}"/>'

    def _at(self, point: tuple[float, float]) -> str:
        return f"{self.x.at(point[0])} {self.y.at(point[1])}"

    def _polyline(self, points: Iterable[tuple[float, float]]) -> str:
        """The path through points; those at one place are one."""
        found = dict.fromkeys(map(self._at, points))
        return "M" + "L".join(found) if found else ""

    def _rectangle(self, left: float, right: float, low: float, high: float) -> str:
        bottom = self.y.at(low)
        return f"M{self.x.at(left)} {bottom}V{self.y.at(high)}H{self.x.at(right)}V{bottom}z"


@dataclass(frozen=True)
class Picture:
    """A picture with its title, a sentence of what it shows, and its numbers.

    Attributes
    ----------
    name : str
        What kind of picture it is: what `Report.plot` takes.
    title, said : str
        The title, and the sentence, which readers of screens get too.
    plane, marks : Plane, sequence of Mark
        The axes, and what is drawn on them.
    numbers, rows : sequences
        The titles of the columns of the table of numbers, and its rows.
    legend : sequence of str
        The names of the series, in the order of `SERIES`.
    """

    name: str
    title: str
    said: str
    plane: Plane
    marks: Sequence[Mark]
    numbers: Sequence[str]
    rows: Sequence[Sequence[str]]
    legend: Sequence[str] = ()

    def figure(self, view: View) -> str:
        """The picture on a page: its numbers are in a table that opens on demand."""
        shown = safe(self.title, view)
        svg = f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{shown}">{self._plot(view)}</svg>'
        items = "".join(
            f'<li><svg viewBox="0 0 28 12" aria-hidden="true">{_key(at, 6)}</svg>{safe(name, view, 60)}</li>'
            for at, name in enumerate(self.legend)
        )
        keys = f'<ul class="legend">{items}</ul>\n' if items else ""
        layout = listed(self.numbers, self.rows, range(len(self.numbers)))
        inside = table(f"{self.title}: numbers", layout, view)
        above = f'<p class="above">{safe(self.plane.y_title, view, 60)}</p>\n'
        below = note(self.said, view) + details("numbers", inside)
        return f"<figure>\n<figcaption>{shown}</figcaption>\n{above}{svg}\n{keys}{below}</figure>\n"

    def drawing(self, view: View) -> str:
        """The picture with its words as elements of SVG, `WIDTH` wide and `height` high."""
        legend = "".join(
            f'<g transform="translate({_LEFT} {_ABOVE + HEIGHT + at * _KEY})">{_key(at, 8)}'
            f'<text x="36" y="12">{safe(name, view, 48)}</text></g>'
            for at, name in enumerate(self.legend)
        )
        return (f'<text class="title" y="16">{safe(self.title, view, 48)}</text>'
                f'<text y="34">{safe(self.plane.y_title, view, 56)}</text>'
                f'<g transform="translate(0 {_ABOVE})">{self._plot(view)}</g>{legend}')  # fmt: skip

    @property
    def width(self) -> int:
        """Of the drawing."""
        return WIDTH

    @property
    def height(self) -> int:
        """Of the drawing."""
        return _ABOVE + HEIGHT + _KEY * len(self.legend)

    def _plot(self, view: View) -> str:
        return (
            f"<desc>{safe(self.said, view)}</desc>{self.plane.axes(view)}{''.join(map(self.plane.drawn, self.marks))}"
        )


def _key(at: int, y: int) -> str:
    """The line of a series in the legend."""
    return f'<path class="line s{SERIES[at]}" d="M0 {y}H28"/>'
