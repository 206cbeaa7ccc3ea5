"""All pictures of a run, for the page and for those who want one alone, as an SVG document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Protocol

from losscli.report.page import forecasts, models_and_slices, probabilities, row_losses
from losscli.report.page.charts import Picture
from losscli.report.page.markup import safe
from losscli.report.page.style import drawing_style
from losscli.report.view import View
from losscli.results import Evaluation
from losscli.results.diagnostics import Diagnostics

NAMES = {
    "models": "each loss of all models, with confidence intervals",
    "slices": "each loss by slice, with confidence intervals",
    "distribution": "how the losses of rows are distributed",
    "residuals": "prediction less target against the prediction",
    "reliability": "predicted probabilities against frequencies",
    "decomposition": "scores as miscalibration - discrimination + uncertainty",
    "roc": "ROC curves",
    "precision-recall": "precision-recall curves",
    "confusion": "confusion matrices",
    "murphy": "Murphy diagrams of point forecasts",
    "pit": "PIT histograms of quantiles and distributions",
    "rank": "rank histograms of ensembles",
    "quantile-coverage": "coverage of quantiles by level",
    "interval-coverage": "coverage of central intervals of distributions",
}
"""The kinds of pictures, and what they show."""
ROW_PICTURES = tuple(name for name in NAMES if name not in ("models", "slices"))
"""Those for which rows must be read."""

_GAP, _ACROSS = 16, 3


class Drawing(Protocol):
    """A picture that can stand alone."""

    @property
    def name(self) -> str:
        """What kind of picture it is: one of `NAMES`."""
        ...

    @property
    def title(self) -> str:
        """What it shows."""
        ...

    @property
    def width(self) -> int:
        """Of the drawing."""
        ...

    @property
    def height(self) -> int:
        """Of the drawing."""
        ...

    def drawing(self, view: View) -> str:
        """The picture with its words as elements of SVG."""
        ...


def pictures(found: Diagnostics) -> Iterator[tuple[str, Iterator[Picture]]]:
    """The headings of a page, and the pictures below each."""
    yield "Losses of rows", row_losses.distributions(found)
    yield "Residuals", row_losses.residuals(found)
    yield "Reliability", probabilities.reliability(found)
    yield "Curves", probabilities.curves(found)
    yield "Murphy diagrams", forecasts.murphy(found)
    yield "Forecasts", forecasts.histograms(found)


def by_name(evaluation: Evaluation) -> dict[str, list[Drawing]]:
    """The pictures of a run, by what kind of picture they are, in the order of `NAMES`."""
    found: list[Drawing] = [*models_and_slices.forest(evaluation), *models_and_slices.slices(evaluation)]
    if (numbers := evaluation.diagnostics) is not None:
        found += chain.from_iterable(some for _, some in pictures(numbers))
        found += [*probabilities.decomposed(numbers), *probabilities.confusion(numbers)]
    named = {name: [one for one in found if one.name == name] for name in NAMES}
    return {name: some for name, some in named.items() if some}


def document(title: str, some: Sequence[Drawing], view: View, *, by_night: bool = True) -> str:
    """Pictures side by side as an SVG document with its own style, by day and, if asked for, by night."""
    wide, high = max(picture.width for picture in some), max(picture.height for picture in some)
    across = min(len(some), _ACROSS)
    down = -(-len(some) // across)
    width, height = (count * (size + _GAP) + _GAP for count, size in ((across, wide), (down, high)))
    inside = "".join(
        f'<g transform="translate({_GAP + at % across * (wide + _GAP)} {_GAP + at // across * (high + _GAP)})">'
        f"{picture.drawing(view)}</g>\n"
        for at, picture in enumerate(some)
    )
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
            f'role="img" aria-label="{safe(title, view)}">\n<style>{drawing_style(by_night)}</style>\n'
            f'<rect width="100%" height="100%" class="page"/>\n{inside}</svg>\n')  # fmt: skip
