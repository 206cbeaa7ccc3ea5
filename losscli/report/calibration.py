"""Calibrations and descents as text: tables, CSV, and JSON documents of their own schemas."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Sequence
from typing import Any

from losscli._version import __version__
from losscli.csv_text import guarded
from losscli.errors import UsageError
from losscli.report import renderer
from losscli.report.aligned import StyledTexts, aligned
from losscli.report.cells import listed
from losscli.report.formats.html import RENDERER as HTML
from losscli.report.json_document import document, dumps
from losscli.report.json_numbers import number, optional
from losscli.report.page.calibration import calibration_section
from losscli.report.page.descent import curve
from losscli.report.picture_files import Pictures
from losscli.report.suites import single_suite
from losscli.report.view import View, distinguishable, exact, short, signed
from losscli.results import ComparisonResult
from losscli.results.calibration import Calibration, DescentResult, DescentStep, MapResult, MiscalibrationTest

CALIBRATION_SCHEMA = "losscli.calibration/1"
DESCENT_SCHEMA = "losscli.descent/1"
MAP_SCHEMA = "losscli.map/1"
DESCENT_FORMATS = ("table", "plain", "csv", "json")
_CURVE = 12  # steps of a curve that a terminal shows at most
_BAR = 24
_NARROW = 72
_ALPHA = 0.05


# -- documents ---------------------------------------------------------------------------------------------------------


def map_text(found: MapResult) -> str:
    """The file of a map."""
    return dumps({"schema": MAP_SCHEMA, "losscli": __version__, **_map_object(found)}, View(), indent=True) + "\n"


def drawn(found: Calibration) -> Pictures:
    """The picture of the descent; a UsageError where there was none."""
    if found.descent is None:
        raise UsageError(f"{found.map.method} makes no descent, so there is none to draw", code="USAGE_CONFLICT")
    return Pictures.of([curve(found.descent)])


def _map_object(found: MapResult) -> dict[str, Any]:
    return {
        "method": found.method,
        "formula": found.formula,
        "link": found.link,
        "roles": list(found.roles),
        "labels": list(found.labels),
        "loss": found.loss,
        "parameters": dict(found.parameters),
        "knots": [list(knot) for knot in found.knots],
        "rows": found.rows,
    }


def _descent_object(found: DescentResult) -> dict[str, Any]:
    return {
        "method": found.method,
        "loss": found.loss,
        "steps": [
            {
                "step": count,
                "parameters": {name: number(value) for name, value in step.parameters.items()},
                "loss": number(step.loss),
                "gradient_norm": number(step.gradient_norm),
                "step_size": optional(step.step_size),
            }
            for count, step in enumerate(found.steps)
        ],
        "converged": found.converged,
        "reason": found.reason,
    }


def _test_object(found: MiscalibrationTest | None) -> dict[str, Any] | None:
    return None if found is None else {"f": number(found.f), "df": found.df, "rest_df": found.rest_df, "p": found.p}


# -- calibrations ------------------------------------------------------------------------------------------------------


def render_calibration(found: Calibration, format: str, view: View) -> str:
    """The losses before and after in any report format; as a table and in JSON also the map and the way to it."""
    if format == "json":
        whole = {
            "schema": CALIBRATION_SCHEMA, "losscli": __version__, "map": _map_object(found.map),
            "descent": None if found.descent is None else _descent_object(found.descent),
            "folds": found.folds, "miscalibration": _test_object(found.miscalibration),
            "report": None if found.evaluation is None else document(found.evaluation),
        }  # fmt: skip
        return dumps(whole, view, indent=True) + "\n"
    if format == "html" and found.evaluation is not None:
        titles, rows, right = _map_rows(found.map)
        first = calibration_section(found, [*sentences(found)], listed(titles, rows, right), view)
        return HTML.page(single_suite(found.evaluation), view, first)
    report = "" if found.evaluation is None else renderer(format).render(found.evaluation, view)
    if format != "table":
        return report
    blocks = [_map_block(found.map, view)]
    if found.descent is not None:
        blocks.append(_curve(found.descent, view))
    said = "".join(f"{view.text(sentence, 500)}\n" for sentence in sentences(found))
    return "\n".join(filter(None, [*blocks, report, said]))


def sentences(found: Calibration) -> Iterator[str]:
    """Whether there is miscalibration, and what the comparison of each loss says of the map."""
    if (test := found.miscalibration) is not None:
        shown, has = "is not significant, so nothing asks for a map", "has no gradient but for chance"
        if test.p < _ALPHA:
            shown, has = "is significant", "has a gradient"
        yield (f"miscalibration {shown}: {found.map.loss} {has} by the map at its start, "
               f"F({test.df}, {test.rest_df}) = {short(test.f)}, p = {test.p:.3g}")  # fmt: skip
    of = f"a map fitted without them ({found.folds} folds)" if found.folds else "the map"
    for one in () if found.evaluation is None else found.evaluation.comparisons:
        yield f"{one.spec}: {one.verdict} on rows mapped by {of}: {_change(one)}"


def _change(one: ComparisonResult) -> str:
    before, after = distinguishable(one.against_value, one.value)
    ends = "" if one.interval is None else f", CI {signed(one.interval[0])} to {signed(one.interval[1])}"
    return f"{before} -> {after} ({signed(one.difference)}{ends})"


def parameters_text(found: MapResult) -> str:
    """The map in one line."""
    if found.knots:
        return f"{found.method}: {len(found.knots)} knots"
    return f"{found.method}: " + ", ".join(f"{name} = {short(value)}" for name, value in found.parameters.items())


def _map_block(found: MapResult, view: View) -> str:
    titles, rows, right = _map_rows(found)
    return f"{found.method}: {found.formula}\n" + _table(titles, rows, view, right)


def _map_rows(found: MapResult) -> tuple[Sequence[str], Sequence[Sequence[str]], Sequence[int]]:
    """The table of a map: titles, rows, and the columns that are numbers."""
    if found.knots:
        pairs = [(short(at), short(value)) for at, value in found.knots]
        shown = pairs if len(pairs) <= _CURVE else [*pairs[: _CURVE // 2], ("…", "…"), *pairs[-_CURVE // 2 :]]
        return ["prediction", "becomes"], shown, (0, 1)
    words = dict.fromkeys(name.partition("[")[0] for name in found.parameters)
    if len(found.labels) == 1 or not any("[" in name for name in found.parameters):
        return ["parameter", "value"], [(name, short(value)) for name, value in found.parameters.items()], (1,)
    rows = [(label, *(short(found.parameters[f"{word}[{label}]"]) for word in words)) for label in found.labels]
    return ["", *words], rows, range(1, len(words) + 1)


def _curve(found: DescentResult, view: View) -> str:
    """The loss by step, with bars between the least and the largest."""
    steps = list(enumerate(found.steps))
    if len(steps) > _CURVE:
        places = sorted({round(at * (len(steps) - 1) / (_CURVE - 1)) for at in range(_CURVE)})
        steps = [steps[at] for at in places]
    losses = [step.loss for _, step in steps if math.isfinite(step.loss)]
    least, most = min(losses), max(losses)
    wide = view.width is None or view.width >= _NARROW
    rows = [
        (str(count), short(one.loss), *([_bar(one.loss, least, most, view)] if wide else [])) for count, one in steps
    ]
    titles = ["step", found.loss, *([""] if wide else [])]
    ended = "converged" if found.converged else "not converged"
    return _table(titles, rows, view) + f"{ended}: {found.reason}\n"


def _bar(value: float, least: float, most: float, view: View) -> str:
    if not math.isfinite(value) or most == least:
        return ""
    return ("#" if view.ascii_only else "█") * round(_BAR * (value - least) / (most - least))


# -- descents ----------------------------------------------------------------------------------------------------------


def render_descent(found: DescentResult, format: str, view: View) -> str:
    """The steps of a descent, a line each."""
    if format == "json":
        whole = {"schema": DESCENT_SCHEMA, "losscli": __version__, **_descent_object(found)}
        return dumps(whole, view, indent=True) + "\n"
    titles = ["step", *found.steps[0].parameters, "loss", "gradient_norm", "step_size"]
    if format == "table":
        rows = [_cells(count, step, short) for count, step in enumerate(found.steps)]
        titles = ["step", *found.steps[0].parameters, found.loss, "gradient norm", "step size"]
        return _table(titles, rows, view, range(len(titles))) + f"{found.reason}\n"
    rows = [_cells(count, step, exact) for count, step in enumerate(found.steps)]
    if format == "plain":
        return "".join("\t".join(view.text(cell, None) for cell in row) + "\n" for row in [titles, *rows])
    if format == "csv":
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([[guarded(title) for title in titles], *rows])
        return text.getvalue()
    raise UsageError(f"unknown format '{format}' here", hint=f"formats: {', '.join(DESCENT_FORMATS)}",
                     code="USAGE_BAD_VALUE")  # fmt: skip


def _cells(count: int, step: DescentStep, text: Any) -> list[str]:
    size = "" if step.step_size is None else text(step.step_size)
    numbers = [*step.parameters.values(), step.loss, step.gradient_norm]
    return [str(count), *map(text, numbers), size]


def _table(
    titles: Sequence[str], rows: Sequence[Sequence[str]], view: View, right: Sequence[int] = (0, 1)
) -> str:  # fmt: skip
    columns = [StyledTexts([view.text(view.symbols(cell)) for cell in cells], {}) for cells in zip(*rows, strict=True)]
    numbers = [at in right for at in range(len(titles))]
    return aligned([view.text(title) for title in titles], numbers, columns).text(view)
