"""Reports for build servers, each read by the reader it is for, or by its rule where that is a few lines."""

from __future__ import annotations

import json
import unicodedata
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from typing import Any

import jsonschema
import junitparser
import pytest
import referencing
from evaluations import (
    ERROR,
    GATED,
    HOSTILE,
    HOSTILE_ERROR,
    PLAIN,
    RUNS,
    SUITES,
    gate,
    hostile,
    render_suites,
    result,
    run,
)
from hypothesis import given
from hypothesis import strategies as st

from losscli import report
from losscli.results import Evaluation, SuiteResult

every_run = pytest.mark.parametrize("evaluation", RUNS.values(), ids=RUNS)
# Pieces that end a string, a cell, a comment or a command somewhere, and whatever else may stand in a file.
ENEMY = st.one_of(
    st.text(st.characters(exclude_categories=()), max_size=12),
    st.lists(st.sampled_from([
        "]]>", "|", "`", "``", "::error::x", "##[error]", "</script>", "<!--", "=cmd|' /C calc'!A0", "\ud800", "\ufffe",
        "\u202e", "\x00", "\x1b[31m", "\r\n", "\n", "\t", "&lt;", '"', "'", "\\", "%0A", ",", ":", "{", "}", "#", "a",
        "EOF", "ghadelimiter", ".", "日本", " ",
    ]), max_size=6).map("".join),
)  # fmt: skip


def strict(text: str) -> Any:
    def refuse(word: str) -> float:
        raise AssertionError(f"{word} is not valid JSON")

    return json.loads(text, parse_constant=refuse)


# ------------------------------------------------------------------------------------------------------------- JSON


def validator(name: str) -> jsonschema.Draft202012Validator:
    ours = {found["$id"]: found for found in (json.loads(report.schema(n)) for n in ("report", "check"))}
    known = referencing.Registry().with_contents(ours.items())
    return jsonschema.Draft202012Validator(ours[name], registry=known)


@every_run
def test_every_report_follows_the_schema(evaluation: Evaluation) -> None:
    validator("urn:losscli:report:1").validate(strict(report.render(evaluation, "json")))


def test_a_check_follows_its_schema_and_holds_whole_reports() -> None:
    found = strict(render_suites(SUITES, "json"))
    validator("urn:losscli:check:1").validate(found)
    assert found["status"] == "error" and [suite["status"] for suite in found["suites"]] == [
        "passed", "error", "error", "failed",
    ]  # fmt: skip
    assert found["suites"][1]["report"] == strict(report.render(GATED, "json"))
    assert found["suites"][2]["report"] is None
    assert found["suites"][2]["error"] == {
        "code": "data.cell", "exit": 3, "message": "'abc' is not a number", "hint": "--null-values abc",
        "path": "d.csv", "row": 7, "line": 8, "column": "p", "value": "abc", "suggestions": ["x"],
    }  # fmt: skip
    assert strict(render_suites(SUITES[:1], "json"))["status"] == "passed"
    assert strict(render_suites(SUITES[3:], "json"))["status"] == "failed"


def test_json_says_what_gates_baseline_and_comparison_found() -> None:
    found = strict(report.render(GATED, "json"))
    first, _, third = found["results"]
    assert first["uncertainty"] == {
        "method": "t", "level": 0.95, "units": "row", "count": 442, "df": 441.0, "resamples": None, "seed": None,
        "lag": None, "kernel": None, "autocorrelation": None, "block": None, "skewness": None, "reason": None,
    }  # fmt: skip
    assert first["baseline"] == {
        "value": 0.4011, "nonfinite": None, "change": 0.01173917264, "relative": 0.029267446, "verdict": "worse",
    }  # fmt: skip
    assert third["n_eff"] == 17.5 and third["baseline"]["change"] is None
    assert [g["passed"] for g in found["gates"]] == [False, True, None, None]
    assert found["gates"][2]["nonfinite"] == "nan" and found["gates"][0]["line"] == 7
    assert found["baseline"] == {"path": "base.json", "absent": ["rmse of forest"], "incomparable": []}
    compared = strict(report.render(RUNS["compared"], "json"))["comparisons"]
    assert compared[0]["t_test"] == {"p": 0.0123, "holm": 0.0246, "adjusted": 0.0246} and compared[1]["t_test"] is None
    assert (compared[0]["wins"], compared[0]["against"], compared[0]["difference"]) == (221, "a", -0.25)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda d: d["gates"][0].update(state="maybe"),
        lambda d: d["gates"][2].update(nonfinite=None),
        lambda d: d["gates"][0].pop("reason"),
        lambda d: d["results"][0]["baseline"].update(verdict="good"),
        lambda d: d["results"][0]["uncertainty"].pop("units"),
        lambda d: d["baseline"].pop("absent"),
        lambda d: d.update(status="empty"),
        lambda d: d["data"].pop("rows_file"),
    ],
)
def test_the_schema_refuses_what_is_no_verdict(spoil: Any) -> None:
    found = strict(report.render(GATED, "json"))
    spoil(found)
    assert not validator("urn:losscli:report:1").is_valid(found)


def test_names_that_a_run_makes_up_are_sorted() -> None:
    """A report that is committed as a baseline does not change with the order of options that make no difference."""
    roles = {"pred": ("p",), "target": ("y",), "anchor": ("a",)}
    one = run(result(params={"b": 1, "a": 2}), bindings={"m": roles, "a": roles})
    other = run(
        result(params={"a": 2, "b": 1}), bindings={"a": dict(reversed(roles.items())), "m": dict(sorted(roles.items()))}
    )
    assert report.render(one, "json") == report.render(other, "json")


# ------------------------------------------------------------------------------------------------------------ JUnit


def read_junit(text: str) -> list[junitparser.TestCase]:
    found = junitparser.JUnitXml.fromstring(text.encode())
    assert isinstance(found, junitparser.JUnitXml)
    cases = [case for suite in found for case in suite]
    outcomes = [type(case.result[0]) if case.result else None for case in cases]
    counts = [outcomes.count(kind) for kind in (junitparser.Failure, junitparser.Error, junitparser.Skipped)]
    assert [found.tests, found.failures, found.errors, found.skipped] == [len(cases), *counts]
    names = [(case.classname, case.name) for case in cases]
    assert len(set(names)) == len(names), "a reader takes only the first of a name"
    return cases


def test_junit_has_a_case_a_gate_with_its_verdict() -> None:
    cases = read_junit(report.render(GATED, "junit"))
    assert [(case.classname, case.name) for case in cases] == [
        ("losscli", "mse<=0.40 (ridge)"),
        ("losscli", "mae<=0.5 (ridge)"),
        ("losscli", "rmse<=1 by country (ridge, country=FR)"),
        ("losscli", "mae<=baseline (ridge)"),
    ]
    failed, passed, error, skipped = cases
    assert isinstance(failed.result[0], junitparser.Failure)
    assert failed.result[0].text.splitlines()[:3] == [
        "mse = 0.41283917264 > 0.4 (over by 0.01283917264)", "expected: mse<=0.40", "observed: 0.41283917264",
    ]  # fmt: skip
    assert "baseline: 0.4011" in failed.result[0].text
    assert failed._elem.get("file") == "losscli.toml" and failed._elem.get("line") == "7"
    assert passed.result == [] and "mae = 0.25" in passed.system_out
    assert isinstance(error.result[0], junitparser.Error) and isinstance(skipped.result[0], junitparser.Skipped)
    assert skipped.result[0].message == "there is no baseline"


def test_junit_without_gates_has_a_case_a_result() -> None:
    cases = read_junit(report.render(run(result("mse", 1.5, "a"), result("mse", float("inf"), "b")), "junit"))
    assert [case.name for case in cases] == ["mse (a)", "mse (b)"]
    assert not cases[0].result and cases[1].result[0].text.startswith("the value is inf")


def test_junit_of_a_check_has_a_suite_a_suite() -> None:
    text = render_suites(SUITES, "junit")
    cases = read_junit(text)
    assert [case.classname for case in cases[:3]] == ["losscli.fast", "losscli.fast", "losscli.gated"]
    broken = next(case for case in cases if case.classname == "losscli.broken")
    assert isinstance(broken.result[0], junitparser.Error) and broken.name == "run"
    assert broken.result[0].type == "data.cell"
    assert broken.result[0].text.splitlines() == [
        "'abc' is not a number",
        "in: d.csv, row 7 (line 8), column 'p', value 'abc'",
        "hint: --null-values abc",
    ]


def test_junit_names_differ_where_gates_look_alike() -> None:
    alike = run(gates=(gate("a\x1b<=1"), gate(r"a\x1b<=1"), gate("b", by={"x": "1"}), gate("b", model="x=1")))
    read_junit(report.render(alike, "junit"))
    read_junit(render_suites((SuiteResult("\x1b", alike), SuiteResult(r"\x1b", alike)), "junit"))


@every_run
def test_junit_is_the_same_each_time_and_tells_no_time(evaluation: Evaluation) -> None:
    text = report.render(evaluation, "junit")
    assert text == report.render(evaluation, "junit")
    root = ElementTree.fromstring(text.encode())
    assert {element.get("time") for element in root.iter() if "time" in element.attrib} <= {"0"}


@given(ENEMY)
def test_junit_is_valid_whatever_the_text(text: str) -> None:
    error = replace(HOSTILE_ERROR, message=text, hint=text, path=text, value=text)
    suites = (SuiteResult(text, hostile(text)), SuiteResult(text, None, error))
    shown = render_suites(suites, "junit")
    assert not {char for char in shown.replace("\n", "") if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp")}
    cases = read_junit(shown)
    assert len(cases) == 3
    assert len(ElementTree.fromstring(shown.encode()).findall("testsuite")) == 2


def test_a_run_that_ended_in_an_error_is_one_case() -> None:
    (case,) = read_junit(render_suites((SuiteResult(None, None, ERROR),), "junit"))
    assert (case.classname, case.name) == ("losscli", "run")
    assert case._elem.get("file") is None, "an annotation belongs on a source file, and this is data"


# ------------------------------------------------------------------------------------------------ suites, everywhere


@pytest.mark.parametrize("format", report.format_names())
def test_every_format_shows_every_suite(format: str) -> None:
    text = render_suites(SUITES, format)
    assert text == render_suites(SUITES, format)
    assert "0.41283917" in text
    left = text.replace("\n", "").replace("\t", "" if format == "plain" else "\t")
    assert not {char for char in left if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp")}
    assert render_suites((SuiteResult(None, PLAIN),), format) == report.render(PLAIN, format) or format == "json"


def test_lines_of_suites_begin_with_the_suite() -> None:
    plain = [line.split("\t") for line in render_suites(SUITES[:3], "plain").splitlines()]
    assert plain[0][:3] == ["suite", "model", "country"]
    assert [line[0] for line in plain[1:]] == ["fast", "fast", "gated", "gated", "gated"]
    assert len({len(line) for line in plain}) == 1
    lines = [strict(line) for line in render_suites(SUITES[:3], "jsonl").splitlines()]
    assert [next(iter(line.items())) for line in lines] == (
        [("suite", "fast")] * 2 + [("suite", "gated")] * 7 + [("suite", "broken")]
    )
    assert lines[-1]["kind"] == "error" and lines[-1]["code"] == "data.cell"
    assert render_suites(SUITES[:3], "csv").splitlines()[1].startswith("fast,,")


def test_headings_name_the_suites() -> None:
    text = render_suites(SUITES[:3], "markdown").splitlines()
    assert [line for line in text if line.startswith("#")] == [
        "## losscli: `fast`",
        "## losscli: `gated`: 1 of 4 gates failed, 1 could not be judged, 1 skipped",
        "## losscli: `broken`: error",
    ]
    assert "- `'abc' is not a number`" in text
    table = render_suites(SUITES[:3], "table").splitlines()
    assert [line for line in table if line in ("fast", "gated", "broken")] == ["fast", "gated", "broken"]
    assert "error: 'abc' is not a number" in table and "1 passed, 1 failed, 1 could not be judged, 1 skipped" in table


def test_hostile_text_is_really_hostile() -> None:
    assert HOSTILE not in report.render(hostile(HOSTILE), "table")
