"""The frame of a picture: a plane with axes, marks on it, words for those who cannot see it, and its numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from losscli.lazy import dataclass
from losscli.report.cells import listed
from losscli.report.page.markup import details, note, safe, table
from losscli.report.page.scales import Scale, label, place
from losscli.report.view import View

WIDTH, HEIGHT = 360, 250
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
    x_ticks: tuple[tuple[float, str], ...] | None = None

    def axes(self, view: View) -> str:
        """The grid, the axes with their ticks, and what they are of."""
        xs = self.x_ticks or tuple((tick, label(tick)) for tick in self.x.ticks(4))
        ys = [(tick, label(tick)) for tick in self.y.ticks(4)]
        grid = "".join(f"M{_LEFT} {self.y.at(tick)}H{_RIGHT}" for tick, _ in ys)
        ticks = "".join(f"M{self.x.at(tick)} {_BOTTOM}v5" for tick, _ in xs)
        texts = [f'<text x="{self.x.at(tick)}" y="{_BOTTOM + 18}" class="middle">{said}</text>' for tick, said in xs]
        texts += [f'<text x="{_LEFT - 5}" y="{place(self.y.place(tick) + 4)}" class="end">{said}</text>'
                  for tick, said in ys]  # fmt: skip
        texts.append(f'<text x="{_RIGHT}" y="{HEIGHT - 6}" class="end">{safe(self.x_title, view, 60)}</text>')
        return (f'<path class="grid" d="{grid}"/><path class="axis" d="M{_LEFT} {_BOTTOM}H{_RIGHT}{ticks}"/>'
                + "".join(texts))  # fmt: skip

    def line(self, points: Iterable[tuple[float, float]], names: str) -> str:
        """A line through points."""
        return f'<path class="{names}" d="{self.polyline(points)}"/>'

    def polyline(self, points: Iterable[tuple[float, float]]) -> str:
        """The path through points; those at one place are one."""
        found = dict.fromkeys(f"{self.x.at(x)} {self.y.at(y)}" for x, y in points)
        return "M" + "L".join(found) if found else ""

    def band(self, points: Sequence[tuple[float, float, float]]) -> str:
        """The area between two lines: (x, low, high) each."""
        edge = [*((x, low) for x, low, _ in points), *((x, high) for x, _, high in reversed(points))]
        places = "L".join(f"{self.x.at(x)} {self.y.at(y)}" for x, y in edge)
        return f'<path class="band" d="M{places}z"/>' if points else ""

    def bars(self, bars: Iterable[tuple[float, float, float]], names: str = "bar") -> str:
        """Bars from the axis: (left, right, height) each."""
        path = "".join(
            f"M{self.x.at(left)} {self.y.at(0)}V{self.y.at(height)}H{self.x.at(right)}V{self.y.at(0)}z"
            for left, right, height in bars if height
        )  # fmt: skip
        return f'<path class="{names}" d="{path}"/>'

    def points(self, points: Iterable[tuple[float, float]], names: str = "") -> str:
        """Dots, one path for all: small ones, unless `names` are the classes of others."""
        path = "".join(dict.fromkeys(f"M{self.x.at(x)} {self.y.at(y)}h0" for x, y in points))
        return f'<path class="points sa solid{names and " " + names}" d="{path}"/>'


def figure(
    title: str, said: str, plane: Plane, marks: str, numbers: Sequence[str], rows: Iterable[Sequence[str]],
    view: View, legend: Sequence[str] = (),
) -> str:  # fmt: skip
    """A picture with its title, a sentence of what it shows, and its numbers in a table that opens on demand.

    Parameters
    ----------
    title, said
        The title, and the sentence, which readers of screens get too.
    plane, marks
        The axes, and the elements on them.
    numbers, rows
        The titles of the columns of the table, and its rows.
    view
        How texts are shown.
    legend
        The names of the series, in the order of `SERIES`.
    """
    shown = safe(title, view)
    svg = (f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{shown}">'
           f"<desc>{safe(said, view)}</desc>{plane.axes(view)}{marks}</svg>")  # fmt: skip
    items = "".join(
        f'<li><svg viewBox="0 0 28 12" aria-hidden="true"><path class="line s{SERIES[at]}" d="M0 6H28"/></svg>'
        f"{safe(name, view, 60)}</li>"
        for at, name in enumerate(legend)
    )
    keys = f'<ul class="legend">{items}</ul>\n' if items else ""
    layout = listed(numbers, rows, range(len(numbers)))
    inside = table(f"{title}: numbers", layout, view)
    above = f'<p class="above">{safe(plane.y_title, view, 60)}</p>\n'
    below = note(said, view) + details("numbers", inside)
    return f"<figure>\n<figcaption>{shown}</figcaption>\n{above}{svg}\n{keys}{below}</figure>\n"
