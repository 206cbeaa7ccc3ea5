"""Pictures of predicted probabilities and classes: reliability, ROC and precision-recall curves, confusion matrices."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

from losscli.report.cells import listed
from losscli.report.page.charts import SERIES, Picture, Plane, x_scale, y_scale
from losscli.report.page.marks import Band, Bars, Dots, Line
from losscli.report.page.markup import table
from losscli.report.page.matrix import Matrix
from losscli.report.page.scales import rounded
from losscli.report.page.strips import Strip, Strips
from losscli.report.view import View, counted, percent, short
from losscli.results.diagnostics import CurvePoint, CurvesResult, Decomposition, Diagnostics, ReliabilityResult

_PICTURES = 9
_ROWS = 12  # of a curve, in its table


def reliability(found: Diagnostics) -> Iterator[Picture]:
    """A reliability diagram of each model."""
    for one in found.reliability[:_PICTURES]:
        yield _diagram(one)


def decompositions(found: Diagnostics, view: View) -> str:
    """What the scores are made of."""
    rows = [
        [one.model or one.pred, split.spec, *(short(number) for _, number in _parts(split))]
        for one in found.reliability for split in one.decompositions
    ]  # fmt: skip
    titles = ("model", "loss", "score", "miscalibration", "discrimination", "uncertainty")
    caption = "Score = miscalibration - discrimination + uncertainty"
    return table(caption, listed(titles, rows, range(2, 6)), view) if rows else ""


def decomposed(found: Diagnostics) -> Iterator[Strips]:
    """The same as bars, a picture for each loss."""
    pairs = [(one, split) for one in found.reliability for split in one.decompositions]
    for spec in dict.fromkeys(split.spec for _, split in pairs):
        rows = [
            Strip(f"{one.model or one.pred}: {name}", number)
            for one, split in pairs if split.spec == spec for name, number in _parts(split)
        ]  # fmt: skip
        title = f"{spec} = miscalibration - discrimination + uncertainty"
        yield Strips("decomposition", title, "part of the score", rows, bars=True)


def _parts(split: Decomposition) -> tuple[tuple[str, float], ...]:
    return (("score", split.score), ("miscalibration", split.miscalibration),
            ("discrimination", split.discrimination), ("uncertainty", split.uncertainty))  # fmt: skip


def curves(found: Diagnostics) -> Iterator[Picture]:
    """The ROC curves of all models, and their precision-recall curves."""
    some = found.curves[: len(SERIES)]
    if not some:
        return
    false, true = "false positive rate", "true positive rate (recall)"
    yield _curves("roc", "ROC curve", some, lambda p: (p.false_rate, p.true_rate), false, true,
                  lambda one: f"area {rounded(one.area)}")  # fmt: skip
    yield _curves("precision-recall", "Precision-recall curve", some, lambda p: (p.true_rate, p.predictive_value), true,
                  "precision of positives", lambda one: f"average precision {rounded(one.mean_precision)}")  # fmt: skip


def confusion(found: Diagnostics) -> Iterator[Matrix]:
    """A confusion matrix of each model."""
    for one in found.confusion[:_PICTURES]:
        by = f" ({one.spec})" if one.spec is not None else ""
        yield Matrix("confusion", f"Confusion matrix of {one.model or 'predictions'}{by}", one.classes, one.counts)


def _diagram(one: ReliabilityResult) -> Picture:
    what = "frequency of the positive label" if one.of == "positive" else "frequency of being right"
    which = "predicted probability" if one.of == "positive" else "probability of the predicted class"
    plane = Plane(x_scale(0, 1), y_scale(0, 1), which, what)
    most = max(each.count for each in one.bins)
    heights = [(each.low, each.high, 0.18 * math.sqrt(each.count / most)) for each in one.bins]
    line = [(x, block.frequency) for block in one.blocks for x in (block.low, block.high)]
    marks = (
        Bars(heights, faint=True),
        Band([(point.x, point.low, point.high) for point in one.band]),
        Line([(0, 0), (1, 1)]),
        Line(line, "a"),
        Dots([(block.mean, block.frequency) for block in one.blocks], large=True),
    )
    said = (f"{counted(one.count, 'row')}; line: isotonic regression; shaded: where {percent(one.level)} of lines of"
            " calibrated predictions are; bars: how many rows have such predictions (root scale)")  # fmt: skip
    rows = [[rounded(b.low), rounded(b.high), rounded(b.mean), rounded(b.frequency), str(b.count)] for b in one.blocks]
    name = one.model or one.pred
    titles = ("from", "to", "mean", "frequency", "rows")
    return Picture("reliability", f"Reliability of {name}", said, plane, marks, titles, rows)


def _curves(
    name: str, title: str, found: Sequence[CurvesResult], at: Callable[[CurvePoint], tuple[float, float]], x: str,
    y: str, said: Callable[[CurvesResult], str],
) -> Picture:  # fmt: skip
    plane = Plane(x_scale(0, 1), y_scale(0, 1), x, y)
    roc, lines, rows = name == "roc", [], []
    for series, one in zip(SERIES, found, strict=False):
        points = [at(point) for point in one.points]
        lines.append(Line([(0.0, 0.0), *points] if roc else points, series))
        step = max(1, len(one.points) // _ROWS)
        rows += [[one.model or one.pred, *map(rounded, (point.threshold, *at(point)))] for point in one.points[::step]]
    share = found[0].positive / found[0].count
    chance = [(0.0, 0.0), (1.0, 1.0)] if roc else [(0.0, share), (1.0, share)]
    names = [f"{one.model or one.pred}: {said(one)}" for one in found]
    count = counted(found[0].count, "row")
    text = f"{count}, {found[0].positive:,} of them positive; dashed: predictions that tell nothing"
    titles = ("model", "threshold", x, y)
    return Picture(name, title, text, plane, (Line(chance), *lines), titles, rows, names)
