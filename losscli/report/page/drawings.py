"""All pictures of a run, for the page and for those who want one alone, as an SVG document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from losscli.report.page import forecasts, probabilities, row_losses
from losscli.report.page.charts import WIDTH, Picture
from losscli.report.page.markup import safe
from losscli.report.page.style import drawing_style
from losscli.report.view import View
from losscli.results.diagnostics import Diagnostics

_GAP, _ACROSS = 16, 3


def pictures(found: Diagnostics) -> Iterator[tuple[str, Iterator[Picture]]]:
    """The headings of a page, and the pictures below each."""
    yield "Losses of rows", row_losses.distributions(found)
    yield "Residuals", row_losses.residuals(found)
    yield "Reliability", probabilities.reliability(found)
    yield "Curves", probabilities.curves(found)
    yield "Murphy diagrams", forecasts.murphy(found)
    yield "Forecasts", forecasts.histograms(found)


def by_name(found: Diagnostics) -> dict[str, list[Picture]]:
    """The pictures that these diagnostics make, by what kind of picture they are."""
    named: dict[str, list[Picture]] = {}
    for _, some in pictures(found):
        for picture in some:
            named.setdefault(picture.name, []).append(picture)
    return named


def document(title: str, some: Sequence[Picture], view: View) -> str:
    """Pictures side by side as an SVG document with its own style, by day and by night."""
    across, high = min(len(some), _ACROSS), max(picture.height for picture in some)
    down = -(-len(some) // across)
    width, height = (count * (size + _GAP) + _GAP for count, size in ((across, WIDTH), (down, high)))
    inside = "".join(
        f'<g transform="translate({_GAP + at % across * (WIDTH + _GAP)} {_GAP + at // across * (high + _GAP)})">'
        f"{picture.drawing(view)}</g>\n"
        for at, picture in enumerate(some)
    )
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
            f'role="img" aria-label="{safe(title, view)}">\n<style>{drawing_style()}</style>\n'
            f'<rect width="100%" height="100%" class="page"/>\n{inside}</svg>\n')  # fmt: skip
