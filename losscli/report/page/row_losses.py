"""Pictures of rows: the distribution of their losses, the worst of them, and residuals against predictions."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from losscli.report.page.charts import Picture, Plane, x_scale, y_scale
from losscli.report.page.markup import table
from losscli.report.page.scales import rounded
from losscli.report.row_losses import loss_of_rows, worst_rows_table
from losscli.report.view import View, short
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
    marks = plane.bars(bars) + plane.line([(median, 0.0), (median, plane.y.high)], "ref")
    said = f"{one.count:,} rows; median {short(median)} (dashed), 95 % of rows have at most {short(worst)}"
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
    body = _grid(one, plane) if gridded else plane.points((cell.x, cell.y) for cell in one.cells)
    zero = plane.line([(xs[0], 0.0), (xs[1], 0.0)], "ref") if ys[0] < 0 < ys[1] else ""
    middles = [((part.low + part.high) / 2, part) for part in one.trend]
    bars = "".join(
        f"M{plane.x.at(x)} {plane.y.at(part.lower_quartile)}V{plane.y.at(part.upper_quartile)}" for x, part in middles
    )
    trend = f'<path class="line sb solid" d="{bars}"/>' + plane.line([(x, part.mean) for x, part in middles],
                                                                     "line sb solid")  # fmt: skip
    kind = "the darker, the more rows" if gridded else "each dot is a row"
    said = (f"{one.count:,} rows, {kind}; the line is the mean residual in {len(one.trend)} parts of about equal"
            " numbers of rows, the bars are the middle half")  # fmt: skip
    rows = [
        [rounded(part.low), rounded(part.high), str(part.count),
         *(rounded(number) for number in (part.mean, part.lower_quartile, part.upper_quartile))]
        for part in one.trend
    ]  # fmt: skip
    titles = ("from", "to", "rows", "mean residual", "25 %", "75 %")
    return Picture("residuals", f"Residuals of {one.model or one.pred}", said, plane, body + zero + trend, titles, rows)


def _ends(values: Sequence[float], width: float) -> tuple[float, float]:
    low, high = min(values) - width / 2, max(values) + width / 2
    room = (high - low) * 0.03 or abs(low) * 0.1 or 1.0
    return low - room, high + room


def _grid(one: ResidualsResult, plane: Plane) -> str:
    """The cells of a grid in a few shades, one path for each."""
    most = max(cell.count for cell in one.cells)
    paths: dict[int, list[str]] = {}
    for cell in one.cells:
        share = math.log1p(cell.count) / math.log1p(most)
        shade = min(int(share * len(_SHADES)), len(_SHADES) - 1)
        left, right = (plane.x.at(cell.x + side * one.width / 2) for side in (-1, 1))
        low, high = (plane.y.at(cell.y + side * one.height / 2) for side in (-1, 1))
        paths.setdefault(shade, []).append(f"M{left} {low}V{high}H{right}V{low}z")
    return "".join(
        f'<path class="bar" fill-opacity="{_SHADES[shade]}" d="{"".join(path)}"/>'
        for shade, path in sorted(paths.items())
    )
