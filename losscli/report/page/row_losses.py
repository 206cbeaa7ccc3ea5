"""Pictures of rows: the distribution of their losses, the worst of them, and residuals against predictions."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from losscli.report.page.charts import Picture, Plane, x_scale, y_scale
from losscli.report.page.marks import Bars, Cells, Dots, Line, Mark, Ranges
from losscli.report.page.markup import table
from losscli.report.page.scales import rounded
from losscli.report.row_losses import loss_of_rows, worst_rows_table
from losscli.report.view import View, counted, short
from losscli.results.diagnostics import Diagnostics, LossDistributionResult, ResidualsResult

_PICTURES = 9
_TABLES = 6
_SHADES = (0.15, 0.35, 0.55, 0.75, 1.0)


def distributions(found: Diagnostics) -> Iterator[Picture]:
    """A histogram of the losses of rows of each loss and model."""
    for one in found.losses[:_PICTURES]:
        if one.bins:
            yield _histogram(one)


def worst_rows(found: Diagnostics, view: View) -> Iterator[str]:
    """The worst rows of each loss and model."""
    for one in [one for one in found.losses if one.worst][:_TABLES]:
        yield table(f"Rows with the worst {loss_of_rows(one)}", worst_rows_table(one), view)


def residuals(found: Diagnostics) -> Iterator[Picture]:
    """Residuals against predictions of each model."""
    for one in found.residuals[:_PICTURES]:
        yield _residuals(one)


def _histogram(one: LossDistributionResult) -> Picture:
    low, high = one.bins[0].low, one.bins[-1].high
    if low == high:
        low, high = low - (abs(low) / 2 or 0.5), high + (abs(high) / 2 or 0.5)
        bars = [(low + (high - low) / 4, high - (high - low) / 4, float(one.bins[0].count))]
    else:
        bars = [(each.low, each.high, float(each.count)) for each in one.bins]
    if one.log and len(one.bins) > 1:  # the first bin has all that is smaller, which may be 0
        low = one.bins[0].high / (one.bins[1].high / one.bins[1].low)
        bars[0] = (low, *bars[0][1:])
    plane = Plane(x_scale(low, high, log=one.log), y_scale(0, max(bar[2] for bar in bars)), loss_of_rows(one), "rows")
    median, worst = one.quantiles["0.5"], one.quantiles["0.95"]
    marks = (Bars(bars), Line([(median, 0.0), (median, plane.y.high)]))
    said = f"{counted(one.count, 'row')}; median {short(median)} (dashed), 95 % of rows have at most {short(worst)}"
    if one.infinite:
        said += f"; {one.infinite:,} more are infinite"
    if one.log:
        said += "; the axis is logarithmic, and the first bar has all smaller losses"
    rows = [[rounded(each.low), rounded(each.high), str(each.count)] for each in one.bins if each.count]
    title = f"Distribution of {loss_of_rows(one)}"
    return Picture("distribution", title, said, plane, marks, ("from", "to", "rows"), rows)


def _residuals(one: ResidualsResult) -> Picture:
    xs, ys = _ends([cell.x for cell in one.cells], one.width), _ends([cell.y for cell in one.cells], one.height)
    plane = Plane(x_scale(*xs), y_scale(*ys), f"prediction ({one.pred})", "prediction - target")
    gridded = bool(one.width or one.height)
    body = _grid(one) if gridded else [Dots([(cell.x, cell.y) for cell in one.cells])]
    zero = [Line([(xs[0], 0.0), (xs[1], 0.0)])] if ys[0] < 0 < ys[1] else []
    middles = [((part.low + part.high) / 2, part) for part in one.trend]
    trend = (Ranges([(x, part.lower_quartile, part.upper_quartile) for x, part in middles], "b"),
             Line([(x, part.mean) for x, part in middles], "b", solid=True))  # fmt: skip
    marks = (*body, *zero, *trend)
    kind = "the darker, the more rows" if gridded else "each dot is a row"
    parts = counted(len(one.trend), "part")
    said = (f"{counted(one.count, 'row')}, {kind}; the line is the mean residual in {parts} of about equal numbers of"
            " rows, the bars are the middle half")  # fmt: skip
    rows = [
        [rounded(part.low), rounded(part.high), str(part.count),
         *(rounded(number) for number in (part.mean, part.lower_quartile, part.upper_quartile))]
        for part in one.trend
    ]  # fmt: skip
    titles = ("from", "to", "rows", "mean residual", "25 %", "75 %")
    return Picture("residuals", f"Residuals of {one.model or one.pred}", said, plane, marks, titles, rows)


def _ends(values: Sequence[float], width: float) -> tuple[float, float]:
    low, high = min(values) - width / 2, max(values) + width / 2
    room = (high - low) * 0.03 or abs(low) * 0.1 or 1.0
    return low - room, high + room


def _grid(one: ResidualsResult) -> list[Mark]:
    """The cells of a grid in a few shades."""
    most = max(cell.count for cell in one.cells)
    shades: dict[int, list[tuple[float, float, float, float]]] = {}
    for cell in one.cells:
        share = math.log1p(cell.count) / math.log1p(most)
        left, low = cell.x - one.width / 2, cell.y - one.height / 2
        shades.setdefault(min(int(share * len(_SHADES)), len(_SHADES) - 1), []).append(
            (left, left + one.width, low, low + one.height)
        )
    return [Cells(cells, _SHADES[shade]) for shade, cells in sorted(shades.items())]
