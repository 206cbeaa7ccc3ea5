"""Calibrations and descents as text: documents follow their schemas, tables fit the terminal."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace

import jsonschema
import pytest
from referencing import Registry, Resource

from losscli import report
from losscli.report.calibration import map_text, render_calibration, render_descent, sentences
from losscli.report.view import View
from losscli.results import ComparisonResult, Evaluation, LossResult, RowCounts, SourceResult, TermResult
from losscli.results.calibration import Calibration, DescentResult, DescentStep, MapResult, MiscalibrationTest

SCHEMAS = {found["$id"]: found for found in (json.loads(report.schema(name)) for name in report.SCHEMAS)}
REGISTRY = Registry().with_resources((name, Resource.from_contents(found)) for name, found in SCHEMAS.items())


def check(text, name):
    found = json.loads(text)
    jsonschema.Draft202012Validator(SCHEMAS[f"urn:losscli:{name}:1"], registry=REGISTRY).validate(found)
    return found


def step(count, loss, size=0.5):
    return DescentStep({"slope": 1.0 + count, "bias": -0.25 * count}, loss, 2.0**-count, size)


STEPS = tuple(step(count, 4.0 / (count + 1)) for count in range(30))
DESCENT = DescentResult("platt", "bce", (*STEPS, step(30, 0.125, None)), True, "the loss falls no further")
MAP = MapResult("platt", "logit -> slope * logit + bias", "sigmoid", ("pred",), ("p",), "bce",
                {"slope": 31.0, "bias": -7.5}, [], 40)  # fmt: skip


def line(model, value):
    term = TermResult(value, value * 40, 40, 40.0)
    return LossResult(model, {}, "bce", "bce", {}, "mean", value, 40, 40.0, {"loss": term}, "lower", 1, "bce|rev1")


def compared(verdict):
    return ComparisonResult("p calibrated", "p", {}, "bce", "bce", "lower", 0.5, 1.0, -0.5, 40, verdict,
                            interval=(-0.75, -0.25))  # fmt: skip


LINES = (line("p", 1.0), line("p calibrated", 0.5))
EVALUATION = Evaluation((SourceResult("p.csv", "csv", 40),), RowCounts(40, 40, 0), LINES, {"p": {"pred": ("p",)}},
                        comparisons=(compared("better"),))  # fmt: skip
FOUND = Calibration(MAP, DESCENT, 5, EVALUATION)
KNOTS = [(at / 50, at / 60) for at in range(50)]
ISOTONIC = Calibration(replace(MAP, method="isotonic", parameters={}, knots=KNOTS), None, None, EVALUATION)


@pytest.mark.parametrize("found", [FOUND, ISOTONIC])
def test_a_calibration_follows_its_schema_and_holds_a_whole_report(found):
    whole = check(render_calibration(found, "json", View()), "calibration")
    assert whole["report"]["results"][1]["value"] == 0.5
    assert whole["map"]["parameters"] == dict(found.map.parameters)
    check(map_text(found.map), "map")
    jsonschema.Draft202012Validator(SCHEMAS["urn:losscli:report:1"], registry=REGISTRY).validate(whole["report"])


def test_without_a_target_there_is_the_map_alone():
    bare = Calibration(MAP, None, None, None)
    assert check(render_calibration(bare, "json", View()), "calibration")["report"] is None
    assert render_calibration(bare, "table", View()).splitlines()[0] == "platt: logit -> slope * logit + bias"
    assert render_calibration(bare, "csv", View()) == ""
    assert [*sentences(bare)] == []


def test_a_descent_follows_its_schema_also_where_it_diverges():
    wild = replace(DESCENT, steps=(*STEPS[:2], step(2, math.inf)))
    whole = check(render_descent(wild, "json", View()), "descent")
    assert [one["loss"] for one in whole["steps"]] == [4.0, 2.0, None]
    assert whole["steps"][1] == {"step": 1, "parameters": {"slope": 2.0, "bias": -0.25}, "loss": 2.0,
                                 "gradient_norm": 0.5, "step_size": 0.5}  # fmt: skip


@pytest.mark.parametrize("name", ["calibration", "descent", "map"])
def test_the_schemas_refuse_other_keys(name):
    texts = {"calibration": render_calibration(FOUND, "json", View()), "map": map_text(MAP),
             "descent": render_descent(DESCENT, "json", View())}  # fmt: skip
    found = {**json.loads(texts[name]), "more": 1}
    with pytest.raises(jsonschema.ValidationError):
        check(json.dumps(found), name)


@pytest.mark.parametrize("found", [FOUND, ISOTONIC])
@pytest.mark.parametrize("width", [40, 80])
def test_the_map_and_the_curve_fit_the_terminal(found, width):
    text = render_calibration(found, "table", View(width=width, ascii_only=True))
    assert text.isascii()
    own = text.partition("model")[0]
    assert all(len(row) <= width for row in own.splitlines())
    assert ("#" * 24 in own) == (width == 80 and found.descent is not None)
    assert len(own.splitlines()) < 40  # of 31 steps and 50 knots, 12 are shown


def test_the_last_sentences_say_whether_it_helps():
    tested = replace(FOUND, miscalibration=MiscalibrationTest(7.25, 2, 38, 0.002))
    assert [*sentences(tested)] == [
        "miscalibration is significant: bce has a gradient by the map at its start, F(2, 38) = 7.25, p = 0.002",
        "bce: better on rows mapped by a map fitted without them (5 folds): 1 -> 0.5 (-0.5, CI -0.75 to -0.25)",
    ]
    assert check(render_calibration(tested, "json", View()), "calibration")["miscalibration"]["df"] == 2
    said, _ = sentences(replace(FOUND, miscalibration=MiscalibrationTest(1.25, 2, 38, 0.3)))
    assert said.startswith("miscalibration is not significant, so nothing asks for a map: ")


@pytest.mark.parametrize("found", [FOUND, ISOTONIC])
def test_the_page_has_the_curve_the_map_and_the_report(found):
    text = render_calibration(found, "html", View())
    assert text.index("<h2>Calibration</h2>") < text.index("better on rows") < text.index("<h2>Results</h2>")
    assert ("Descent of bce by platt" in text) == (found.descent is not None)
    if found.descent is not None:
        (path,) = re.findall('<path class="line sa" d="([^"]*)"', text)
        assert path.count("L") == 30, "a point for each step"
        heights = [float(point.split()[1]) for point in path[1:].split("L")]
        assert heights == sorted(heights) and "the loss falls no further" in text


def test_a_hostile_name_of_a_column_is_harmless():
    evil = replace(MAP, parameters={"bias[p]": 1.0, "bias[\x1b[31m]": 2.0}, labels=("p", "\x1b[31m"))
    for kind in ("table", "html"):
        assert "\x1b" not in render_calibration(replace(FOUND, map=evil), kind, View())
    assert "<img" not in render_calibration(replace(FOUND, map=replace(evil, formula="<img>")), "html", View())
    steps = (DescentStep({"=cmd()": 1.0}, 1.0, 1.0, None),)
    assert render_descent(replace(DESCENT, steps=steps), "csv", View()).startswith("step,'=cmd(),loss")
