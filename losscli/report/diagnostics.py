"""Diagnostics for a terminal: bars with their numbers, the worst rows, and what becomes of predictions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from losscli.report.cells import Layout, listed
from losscli.report.drawn import drawn, note
from losscli.report.page.forecasts import forecast_name
from losscli.report.page.scales import rounded
from losscli.report.row_losses import loss_of_rows, worst_rows_table
from losscli.report.slice_bars import MOST, room, with_bars
from losscli.report.view import View, counted, short
from losscli.results.diagnostics import (
    Bin,
    Diagnostics,
    ForecastResult,
    LossDistributionResult,
    ReliabilityResult,
    ResidualsResult,
)

_BLOCKS = 20  # lines of a reliability table


def diagnostics_blocks(found: Diagnostics, view: View) -> Iterator[str]:
    """A block of each distribution, list of rows, reliability and trend."""
    for one in found.losses[:MOST]:
        yield _distribution(one, view)
        if one.worst:
            title = note(view.text(f"Rows with the worst {loss_of_rows(one)}", 500), view)
            yield title + "\n" + drawn(worst_rows_table(one), view).text(view)
    for reliable in found.reliability[:MOST]:
        yield _reliability(reliable, view)
    for trend in found.residuals[:MOST]:
        several = sum(trend.model == other.model for other in found.residuals) > 1
        yield _residuals(trend, view, several=several)
    for forecast in found.forecasts[:MOST]:
        yield from _forecast(forecast, view)
    most = max(map(len, (found.losses, found.reliability, found.residuals, found.forecasts)))
    if most > MOST:
        yield note(f"{MOST} tables of each kind are shown; a JSON report has all {most}: -o FILE.json", view)


def _distribution(one: LossDistributionResult, view: View) -> str:
    said = f"Losses of rows: {loss_of_rows(one)}; {counted(one.count, 'row')}"
    if one.quantiles:
        said += f"; median {short(one.quantiles['0.5'])}, 95 % of rows have at most {short(one.quantiles['0.95'])}"
    if one.infinite:
        said += f"; {one.infinite:,} more are infinite"
    if not one.bins:
        return note(view.text(said, 500), view)
    bins = _halved(one.bins)
    rows = [[rounded(each.low), rounded(each.high), f"{each.count:,}"] for each in bins]
    table = listed(["from", "to", "rows"], rows, range(3))
    return _block(said, table, [each.count for each in bins], view)


def _halved(bins: Sequence[Bin]) -> list[Bin]:
    """Two bins as one each, so that they fit a screen."""
    pairs = [bins[at : at + 2] for at in range(0, len(bins), 2)]
    return [Bin(pair[0].low, pair[-1].high, sum(each.count for each in pair)) for pair in pairs]


def _reliability(one: ReliabilityResult, view: View) -> str:
    name = one.model or one.pred
    what = "the positive label" if one.of == "positive" else "the predicted class being right"
    said = f"Reliability of {name}: predicted probability and frequency of {what}, isotonic regression (CORP)"
    blocks = sorted(sorted(one.blocks, key=lambda block: -block.count)[:_BLOCKS], key=lambda block: block.mean)
    if len(blocks) < len(one.blocks):
        said += f"; the {len(blocks)} of {len(one.blocks)} blocks with most rows"
    rows = [[*map(rounded, (b.low, b.high, b.mean, b.frequency)), f"{b.count:,}"] for b in blocks]
    table = listed(["from", "to", "mean", "frequency", "rows"], rows, range(5))
    parts = [
        f"{split.spec} {short(split.score)} = miscalibration {short(split.miscalibration)}"
        f" - discrimination {short(split.discrimination)} + uncertainty {short(split.uncertainty)}"
        for split in one.decompositions
    ]  # fmt: skip
    under = "".join(note(view.text(part, 500), view) for part in parts)
    return _block(said, table, [block.count for block in blocks], view) + ("\n" + under if under else "")


def _residuals(one: ResidualsResult, view: View, *, several: bool) -> str:
    of = one.pred if several or one.model is None else one.model
    said = f"Residuals of {of} (prediction - target) by prediction; {counted(one.count, 'row')}"
    rows = [
        [rounded(part.low), rounded(part.high), f"{part.count:,}",
         *map(rounded, (part.mean, part.lower_quartile, part.upper_quartile))]
        for part in one.trend
    ]  # fmt: skip
    table = listed(["from", "to", "rows", "mean residual", "25 %", "75 %"], rows, range(6))
    return note(view.text(said, 500), view) + "\n" + drawn(table, view).text(view)


def _forecast(one: ForecastResult, view: View) -> Iterator[str]:
    """The PIT or rank histogram, and the coverage of each level, or of central intervals of a distribution."""
    name = forecast_name(one)
    kind = "Levels between which targets are (PIT)" if one.by_level else "Ranks of targets among the members"
    bins = [each for each in one.bins if each.high > each.low]
    rows = [[rounded(each.low), rounded(each.high), f"{each.count:,}", short((each.high - each.low) * one.count)]
            for each in bins]  # fmt: skip
    table = listed(["from", "to", "rows", "if calibrated"], rows, range(4))
    yield _block(f"{kind}: {name}; {counted(one.count, 'row')}", table, [each.count for each in bins], view)
    if levels := one.central or one.by_level:
        rows = [list(map(rounded, (each.level, each.covered, each.low, each.high))) for each in levels]
        table = listed(["level", "covered", "low", "high"], rows, range(4))
        what = "in each central interval" if one.central else "up to each quantile"
        said = f"Coverage of {name}: the share of targets {what}, and its 95 % confidence interval (Wilson)"
        yield note(view.text(said, 500), view) + "\n" + drawn(table, view).text(view)


def _block(said: str, table: Layout, counts: Sequence[int], view: View) -> str:
    """A title and a table, with a bar of each count where there is room for one."""
    return with_bars(said, table, _bars(counts, room(table, view), view), view)


def _bars(counts: Sequence[int], longest: int, view: View) -> list[str]:
    """The largest count is a bar of the whole room, and any count is seen."""
    sign, most = "#" if view.ascii_only else "█", max(counts) or 1
    return [sign * -(-count * longest // most) for count in counts]
