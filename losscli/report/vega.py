"""Pictures as specifications of Vega-Lite: plain dicts that hold their numbers, for notebooks, DVC and web pages."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, TypeAlias

from losscli.report.naming import UniqueNames
from losscli.report.page.charts import HEIGHT, SERIES, WIDTH, Picture
from losscli.report.page.drawings import Drawing
from losscli.report.page.marks import Band, Bars, Cells, Dots, Line, Mark
from losscli.report.page.matrix import Matrix
from losscli.report.page.scales import Scale
from losscli.report.page.strips import Strips
from losscli.report.page.style import COLOURS
from losscli.report.view import View

Spec: TypeAlias = dict[str, Any]

SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"
_ACROSS = 3
_DASHES = {"a": [1, 0], "b": [7, 3], "c": [2, 3], "d": [9, 3, 2, 3], "e": [4, 2], "f": [1, 2]}
_REFERENCE = {"color": COLOURS["text"], "strokeDash": [4, 3], "strokeWidth": 1.3}
_TEXT = View()


def specification(title: str, some: Sequence[Drawing]) -> Spec:
    """One picture, or several beside each other.

    Parameters
    ----------
    title : str
        What they show, for those who cannot see them.
    some : sequence of Drawing
        The pictures.
    """
    views = [_view(one) for one in some]
    several = {"description": _words(title), "concat": views, "columns": _ACROSS,
               "resolve": {"scale": {"color": "independent"}}}  # fmt: skip
    config = {"view": {"stroke": None}, "axis": {"gridColor": COLOURS["grid"], "domainColor": COLOURS["soft"]}}
    return {"$schema": SCHEMA, **(views[0] if len(views) == 1 else several), "config": config}


def _view(one: Drawing) -> Spec:
    if isinstance(one, Picture):
        return _plane(one)
    if isinstance(one, Strips):
        return _strips(one)
    assert isinstance(one, Matrix)
    return _matrix(one)


def _words(text: str) -> str:
    return _TEXT.text(text, 500)


def _titled(one: Picture | Strips | Matrix, layers: list[Spec], **more: Any) -> Spec:
    return {"title": {"text": _words(one.title), "anchor": "start"}, "description": _words(one.said), **more,
            "layer": layers}  # fmt: skip


def _layer(values: list[Spec], mark: str, encoding: Spec, **style: Any) -> Spec:
    return {"data": {"values": values}, "mark": {"type": mark, **style}, "encoding": encoding}


# -- a plane ---------------------------------------------------------------------------------------------------------


def _plane(one: Picture) -> Spec:
    x, y = _axis(one.plane.x, one.plane.x_title), _axis(one.plane.y, one.plane.y_title)
    names = UniqueNames(numbered="{} ({})")
    legend = {SERIES[at]: names.name(at, _words(name)) for at, name in enumerate(one.legend)}
    layers = [_mark(mark, x, y, legend) for mark in one.marks]
    return _titled(one, layers, width=WIDTH - 60, height=HEIGHT - 50)


def _axis(scale: Scale, title: str) -> Spec:
    kind: Spec = {"type": "log"} if scale.log else {"zero": False}
    domain = {"domain": [scale.low, scale.high], "nice": False, "clamp": True}
    return {"type": "quantitative", "title": _words(title), "scale": {**kind, **domain},
            "axis": {"tickCount": 5, "labelOverlap": True}}  # fmt: skip


def _mark(mark: Mark, x: Spec, y: Spec, legend: dict[str, str]) -> Spec:
    across, up = {"field": "x", **x}, {"field": "y", **y}
    if isinstance(mark, Line):
        return _line(mark, across, up, legend)
    if isinstance(mark, Band):
        return _layer(_ends(mark.points), "area", {"x": across, "y": {"field": "low", **y}, "y2": {"field": "high"}},
                      color=COLOURS["band"], opacity=1)  # fmt: skip
    if isinstance(mark, Bars):
        bars = [(left, right, 0.0, high) for left, right, high in mark.bars]
        return _rectangles(bars, x, y, COLOURS["line" if mark.faint else "a"], 1)
    if isinstance(mark, Cells):
        return _rectangles(mark.cells, x, y, COLOURS["a"], mark.opacity)
    if isinstance(mark, Dots):
        return _layer([{"x": at, "y": to} for at, to in mark.points], "point", {"x": across, "y": up}, filled=True,
                      size=40 if mark.large else 9, color=COLOURS["a"], opacity=1 if mark.large else 0.55)  # fmt: skip
    return _layer(_ends(mark.ranges), "rule", {"x": across, "y": {"field": "low", **y}, "y2": {"field": "high"}},
                  color=COLOURS[mark.series], strokeWidth=2)  # fmt: skip


def _line(mark: Line, x: Spec, y: Spec, legend: dict[str, str]) -> Spec:
    # The order of points is that of the line: not of x, which several points may share.
    values: list[Spec] = [{"x": at, "y": to, "at": number} for number, (at, to) in enumerate(mark.points)]
    encoding = {"x": x, "y": y, "order": {"field": "at", "type": "quantitative"}}
    if mark.series is None:
        return _layer(values, "line", encoding, **_REFERENCE)
    dash = _DASHES["a" if mark.solid else mark.series]
    if mark.series not in legend:
        return _layer(values, "line", encoding, color=COLOURS[mark.series], strokeDash=dash)
    scale = {"domain": list(legend.values()), "range": [COLOURS[series] for series in legend]}
    color = {"field": "series", "type": "nominal", "title": None, "scale": scale,
             "legend": {"orient": "bottom", "columns": 1, "labelLimit": 300}}  # fmt: skip
    named = [{**value, "series": legend[mark.series]} for value in values]
    return _layer(named, "line", {**encoding, "color": color}, strokeDash=dash)


def _ends(found: Sequence[tuple[float, float, float]]) -> list[Spec]:
    return [{"x": at, "low": low, "high": high} for at, low, high in found]


def _rectangles(
    found: Sequence[tuple[float, float, float, float]], x: Spec, y: Spec, color: str, opacity: float
) -> Spec:
    values: list[Spec] = [dict(zip(("left", "right", "low", "high"), one, strict=True)) for one in found]
    encoding = {"x": {"field": "left", **x}, "x2": {"field": "right"}, "y": {"field": "low", **y},
                "y2": {"field": "high"}}  # fmt: skip
    return _layer(values, "rect", encoding, color=color, opacity=opacity)


# -- rows on one axis ------------------------------------------------------------------------------------------------


def _strips(one: Strips) -> Spec:
    names = UniqueNames(numbered="{} ({})")
    labels = [names.name(at, _words(row.label)) for at, row in enumerate(one.rows)]
    x = _axis(one.scale(0, 1), "value")
    y = {"field": "label", "type": "nominal", "title": _words(one.what), "sort": None, "axis": {"labelLimit": 240}}
    layers = []
    if one.reference is not None and math.isfinite(one.reference):
        layers.append(_layer([{"value": one.reference}], "rule", {"x": {"field": "value", **x}}, **_REFERENCE))
    ranges: list[Spec] = [
        {"label": label, "low": row.interval[0], "high": row.interval[1]}
        for label, row in zip(labels, one.rows, strict=True)
        if row.interval is not None and all(map(math.isfinite, row.interval))
    ]
    if ranges:
        ends = {"x": {"field": "low", **x}, "x2": {"field": "high"}, "y": y}
        layers.append(_layer(ranges, "rule", ends, color=COLOURS["a"], strokeWidth=2))
    values: list[Spec] = [
        {"label": label, "value": row.value if math.isfinite(row.value) else None}
        for label, row in zip(labels, one.rows, strict=True)
    ]  # fmt: skip
    style = {} if one.bars else {"filled": True, "size": 70, "opacity": 1}
    layers.append(_layer(values, "bar" if one.bars else "point", {"x": {"field": "value", **x}, "y": y},
                         color=COLOURS["a"], **style))  # fmt: skip
    baselines: list[Spec] = [
        {"label": label, "value": row.baseline}
        for label, row in zip(labels, one.rows, strict=True)
        if row.baseline is not None and math.isfinite(row.baseline)
    ]
    if baselines:
        layers.append(_layer(baselines, "point", {"x": {"field": "value", **x}, "y": y}, filled=False, size=130,
                             color=COLOURS["text"], opacity=1))  # fmt: skip
    return _titled(one, layers, width=WIDTH - 60, height={"step": 22})


# -- a matrix --------------------------------------------------------------------------------------------------------


def _matrix(one: Matrix) -> Spec:
    names = UniqueNames(numbered="{} ({})")
    shown = [names.name(at, _words(name)) for at, name in enumerate(one.classes)]
    values: list[Spec] = [
        {"target": name, "predicted": other, "rows": count, "share": count / total if total else 0.0}
        for name, counts, total in zip(shown, one.counts, map(sum, one.counts), strict=True)
        for other, count in zip(shown, counts, strict=True)
    ]
    x = {"field": "predicted", "type": "nominal", "sort": None, "axis": {"orient": "top", "labelAngle": -45}}
    y = {"field": "target", "type": "nominal", "sort": None}
    shade = {"field": "share", "type": "quantitative", "title": "share of the class",
             "scale": {"domain": [0, 1], "range": [COLOURS["page"], COLOURS["a"]], "interpolate": "rgb"}}  # fmt: skip
    text = {"field": "rows", "type": "quantitative"}
    light = {"condition": {"test": "datum.share > 0.6", "value": COLOURS["page"]}, "value": COLOURS["text"]}
    counted = [value for value in values if value["rows"]]
    layers = [_layer(values, "rect", {"x": x, "y": y, "color": shade}),
              _layer(counted, "text", {"x": x, "y": y, "text": text, "color": light})]  # fmt: skip
    return _titled(one, layers, width={"step": 40}, height={"step": 30})
