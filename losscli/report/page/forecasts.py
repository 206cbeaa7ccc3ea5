"""Pictures of forecasts: Murphy diagrams of numbers; PIT or rank histograms and coverage of the others.

The others are quantiles, ensembles and distributions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from losscli.report.page.charts import SERIES, Picture, Plane, x_scale, y_scale
from losscli.report.page.marks import Bars, Dots, Line, Ranges
from losscli.report.page.scales import rounded
from losscli.report.view import counted
from losscli.results.diagnostics import Coverage, Diagnostics, ForecastResult, MurphyResult

_PICTURES = 9
_STEP = 5  # of the points of a curve, those in its table


def murphy(found: Diagnostics) -> Iterator[Picture]:
    """A Murphy diagram of each functional, with the curves of all models."""
    for functional in dict.fromkeys(one.functional for one in found.murphy):
        yield _diagram(functional, [one for one in found.murphy if one.functional == functional][: len(SERIES)])


def histograms(found: Diagnostics) -> Iterator[Picture]:
    """A PIT or rank histogram of each model, and the coverage of its quantiles and central intervals."""
    for one in found.forecasts[:_PICTURES]:
        yield _histogram(one)
        if one.by_level:
            yield _coverage(one)
        if one.central:
            yield _central(one)


def forecast_name(one: ForecastResult) -> str:
    """What a title calls a forecast; of a distribution also the loss that says which it is."""
    name = one.model or one.pred
    return name if one.spec is None else f"{name}, {one.spec}"


def _diagram(functional: str, some: Sequence[MurphyResult]) -> Picture:
    points = [point for one in some for point in one.points]
    low, high = min(p.threshold for p in points), max(p.threshold for p in points)
    top = max(p.score for p in points) or 1.0
    plane = Plane(x_scale(low, high), y_scale(0, 1.05 * top), "threshold", "mean elementary score")
    marks = [Line([(p.threshold, p.score) for p in one.points], series)
             for series, one in zip(SERIES, some, strict=False)]  # fmt: skip
    rows = [[one.model or one.pred, rounded(p.threshold), rounded(p.score)]
            for one in some for p in one.points[::_STEP]]  # fmt: skip
    said = f"a model whose curve is lower everywhere is better by every loss that is consistent for {functional}"
    names = [one.model or one.pred for one in some]
    titles = ("model", "threshold", "score")
    return Picture("murphy", f"Murphy diagram of {functional}", said, plane, marks, titles, rows, names)


def _histogram(one: ForecastResult) -> Picture:
    heights = [(b.low, b.high, b.count / one.count / (b.high - b.low)) for b in one.bins if b.high > b.low]
    plane = Plane(x_scale(0, 1), y_scale(0, 1.05 * max([1.0, *(height for *_, height in heights)])),
                  "probability (PIT)" if one.by_level else "rank among the members", "density")  # fmt: skip
    marks = (Bars(heights), Line([(0.0, 1.0), (1.0, 1.0)]))
    rows = [[rounded(b.low), rounded(b.high), str(b.count)] for b in one.bins]
    name, kind = ("pit", "PIT histogram") if one.by_level else ("rank", "Rank histogram")
    said = f"{counted(one.count, 'row')}; with calibrated forecasts all bars end at the dashed line"
    return Picture(name, f"{kind} of {forecast_name(one)}", said, plane, marks, ("from", "to", "rows"), rows)


def _coverage(one: ForecastResult) -> Picture:
    plane = Plane(x_scale(0, 1), y_scale(0, 1), "level of the quantile", "share of targets at or below it")
    return _levels("quantile-coverage", f"Coverage of {forecast_name(one)}", plane, one.by_level, one.count)


def _central(one: ForecastResult) -> Picture:
    plane = Plane(x_scale(0, 1), y_scale(0, 1), "level of the central interval", "share of targets in it")
    return _levels("interval-coverage", f"Central intervals of {forecast_name(one)}", plane, one.central, one.count)


def _levels(name: str, title: str, plane: Plane, some: Sequence[Coverage], count: int) -> Picture:
    marks = (Line([(0.0, 0.0), (1.0, 1.0)]), Ranges([(c.level, c.low, c.high) for c in some]),
             Dots([(c.level, c.covered) for c in some], large=True))  # fmt: skip
    rows = [list(map(rounded, (c.level, c.covered, c.low, c.high))) for c in some]
    said = f"{counted(count, 'row')}; dots: observed, with 95 % confidence intervals (Wilson); dashed: as it should be"
    titles = ("level", "observed", "low", "high")
    return Picture(name, title, said, plane, marks, titles, rows)
