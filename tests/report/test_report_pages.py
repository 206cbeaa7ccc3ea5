"""Reports for GitHub, GitLab's metrics, DVC and browsers: by their readers, or by a copy of the reader's rule."""

from __future__ import annotations

import hashlib
import importlib.util
import itertools
import json
import math
import re
import secrets
import shlex
import shutil
import subprocess
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from evaluations import (
    COMPARED,
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
    versus,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from test_report_ci import ENEMY, strict
from workflow_commands import read_outputs, runner

from losscli import report
from losscli.report.formats import github
from losscli.report.page.style import STYLE
from losscli.report.suites import single_suite
from losscli.report.view import View
from losscli.results import Evaluation, InfluenceResult, Origin, SuiteResult, WarningResult

VIEW = View()
every_run = pytest.mark.parametrize("evaluation", RUNS.values(), ids=RUNS)


# ------------------------------------------------------------------------------------------------------ OpenMetrics


def samples(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            key = sample.name, tuple(sample.labels.items())
            assert key not in found, "two lines of one name"
            found[key] = sample.value
    return found


def gitlab(text: str) -> dict[str, str]:
    """GitLab's parser of metrics: a line is cut at the first #, split as a shell would, and is a name and a value."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        words = shlex.split(re.sub("#.*$", "", line))
        if words:
            name, value = words
            assert name not in found
            found[name] = value
    return found


def test_openmetrics_has_every_number() -> None:
    text = report.render(GATED, "openmetrics")
    found = samples(text)
    whole = (("model", "ridge"), ("loss", "mse"), ("country", "all"))
    assert found["losscli_loss", whole] == 0.41283917264
    assert found["losscli_loss_baseline", whole] == 0.4011 and found["losscli_stderr", whole] == 0.01
    assert math.isnan(found["losscli_loss", (("model", "ridge"), ("loss", "rmse"), ("country", "FR"))])
    gates = {dict(labels)["gate"]: value for (name, labels), value in found.items() if name == "losscli_gate"}
    assert gates == {"mse_=0.40_03b4df": 0, "mae_=0.5_7905c9": 1, "rmse_=1_by_country_418023": 0}, (
        "a gate that was skipped says nothing"
    )
    assert found["losscli_rows", (("state", "dropped"),)] == 8
    assert text.endswith("\n# EOF\n")
    compared = samples(report.render(COMPARED, "openmetrics"))
    pair = (("model", "b"), ("against", "a"), ("loss", "mse"), ("by_loss", "all"))
    assert compared["losscli_difference", pair] == -0.25


def test_openmetrics_as_gitlab_shows_it() -> None:
    found = gitlab(report.render(GATED, "openmetrics"))
    assert found["losscli_loss{model=ridge,loss=mse,country=all}"] == "0.41283917264"
    assert found["losscli_loss{model=ridge,loss=rmse,country=FR}"] == "NaN"
    ends = run(result(value=math.inf), result("mae", -math.inf))
    assert list(gitlab(report.render(ends, "openmetrics")).values())[:2] == ["+Inf", "-Inf"]


def test_openmetrics_of_suites_keeps_families_together() -> None:
    text = render_suites(SUITES[:3], "openmetrics")
    names = [line.partition("{")[0] for line in text.splitlines() if not line.startswith("#")]
    assert [name for at, name in enumerate(names) if name not in names[:at]] == list(dict.fromkeys(names))
    assert sum(a != b for a, b in itertools.pairwise(names)) == len(set(names)) - 1
    assert samples(text)["losscli_error", (("suite", "broken"), ("code", "data.cell"))] == 1
    assert samples(text)["losscli_loss", (("suite", "fast"), ("model", "none"), ("loss", "mse"), ("country", "all"))]


def test_labels_that_would_look_alike_differ() -> None:
    alike = run(*(result(by={"a b": text, "loss": "x", "1": "y", "a_b": "z"}) for text in ("ü", "ä", "all", "_")))
    found = samples(report.render(alike, "openmetrics"))
    losses = [dict(labels) for name, labels in found if name == "losscli_loss"]
    by = "a_b_c8687a"
    assert [labels[by] for labels in losses] == ["__607474", "__33e6d7", "all_b08878", "_"]
    assert list(losses[0]) == ["loss", by, "by_loss", "by_1", "a_b"]


LIKE = (
    "a.b",
    "a_b",
    "a b",
    "a[b",
    "A_b",
    "a_b_2",
    "by_a_b",
    "rows",
    "slices",
    "all",
    "none",
    "1",
    "by_1",
    "ü",
    "_",
    "",
)


def _named(names: Sequence[str]) -> Evaluation:
    """A run with a model, a loss of a name and a slice for each name."""
    found = [result(name, 1.0, name, by={"k": name}) for name in names]
    return run(*found, *(result(name, 1.0, name) for name in names), *(result(by={name: "x"}) for name in names))


def _openmetrics_names(names: Sequence[str]) -> dict[str, set[str]]:
    labels = [dict(labels) for name, labels in samples(report.render(_named(names), "openmetrics"))]
    found = {key: {one[key] for one in labels if key in one} for key in ("model", "loss", "k")}
    return {**found, "columns": {key for one in labels for key in one}}


def _dvc_names(names: Sequence[str]) -> dict[str, set[str]]:
    models = strict(report.render(_named(names), "dvc"))
    slices = {key for model in models.values() for key in model.get("slices", {})}
    return {"models": set(models) - {"rows", "slices"}, "slices": slices}


def _outputs(names: Sequence[str]) -> dict[str, set[str]]:
    found = read_outputs(github.outputs(single_suite(run(*(result("mse", 1.0, name) for name in names))), VIEW))
    return {"scores": {name.casefold() for name in found if name.startswith("score_")}}


@pytest.mark.parametrize("names", [_openmetrics_names, _dvc_names, _outputs])
def test_safe_names_are_distinct_whatever_else_is_in_the_run(names: Callable[[Sequence[str]], Any]) -> None:
    nothing, every = names(["zz", "yy"]), names([*LIKE, "zz", "yy"])
    for kind, found in every.items():
        assert len(found - nothing[kind]) == len(LIKE), kind
    alone = {kind: set() for kind in every}
    for name in LIKE:
        for kind, found in names([name, "zz", "yy"]).items():
            alone[kind] |= found
            assert len(found - nothing[kind]) == 1, (kind, name)
    if names is not _outputs:  # joined names of GitHub only have a mark where they agree
        assert alone == every, "no name depends on what else is there"
    assert names([*LIKE, "zz", "yy"]) == names(["yy", "zz", *reversed(LIKE)]), "nor on the order"


def test_slices_that_are_spelt_alike_are_different_keys_of_dvc() -> None:
    alike = [{"a": "1,b=2"}, {"a": "1", "b": "2"}, {"a=1,b": "2"}, {"a": "1.b"}, {"a": "1_b"}]
    found = strict(report.render(run(*(result("mse", float(i), by=by) for i, by in enumerate(alike))), "dvc"))["slices"]
    assert sorted(slice["mse"] for slice in found.values()) == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert found["a=1,b=2"] == {"mse": 1.0} and found["a=1_b"] == {"mse": 4.0}


def test_long_texts_that_are_cut_alike_are_different_keys_of_dvc() -> None:
    long = run(*(result("mse", 1.0, "m" * 300 + end) for end in "ab"))
    assert len(strict(report.render(long, "dvc"))) == 2 + 1


@given(ENEMY)
def test_openmetrics_can_be_read_whatever_the_text(text: str) -> None:
    suites = (SuiteResult(text, hostile(text)), SuiteResult(text + "x", PLAIN), SuiteResult("e", None, HOSTILE_ERROR))
    shown = render_suites(suites, "openmetrics")
    assert len(samples(shown)) == len(gitlab(shown)) > 10
    values = re.findall(r'="([^"]*)"', shown)
    assert all(re.fullmatch(r"[A-Za-z0-9_.:/=+-]+", value) for value in values)


# ----------------------------------------------------------------------------------------------------------- GitHub


def test_annotations_point_to_the_gate_in_its_file() -> None:
    commands = runner(report.render(GATED, "github"))
    assert commands == [
        (
            "error",
            {"title": "losscli gate", "file": "losscli.toml", "line": "7"},
            "FAIL mse<=0.40 ridge: mse = 0.41283917264 > 0.4 (over by 0.01283917264)",
        ),
        ("error", {"title": "losscli gate"}, "ERROR rmse<=1 by country ridge country=FR: rmse is not a number"),
        ("warning", {"title": "losscli"}, "probabilities were clipped to the bound (3 times)"),
    ]
    assert runner(report.render(RUNS["passed"], "github")) == [("notice", {"title": "losscli"}, "1 gate passed")]
    assert runner(report.render(PLAIN, "github")) == [("notice", {"title": "losscli"}, "2 results, no gates")]


def test_an_error_is_an_annotation_on_a_file_of_the_project_only() -> None:
    ((_, properties, text),) = runner(render_suites((SuiteResult("s", None, ERROR),), "github"))
    assert properties == {"title": "losscli data.cell"}
    assert text.splitlines() == [
        "s: 'abc' is not a number", "in: d.csv, row 7 (line 8), column 'p', value 'abc'", "hint: --null-values abc",
    ]  # fmt: skip
    usage = replace(ERROR, exit=2, path="losscli.toml", line=3, row=None)
    ((_, properties, _),) = runner(render_suites((SuiteResult("s", None, usage),), "github"))
    assert (properties["file"], properties["line"]) == ("losscli.toml", "3")


def test_percent_signs_come_out_as_they_went_in() -> None:
    odd = "50 % off, 100%25, %0A%3A"
    ((_, properties, text), *_) = runner(
        report.render(run(gates=(gate("g", 1.0, 0.0, "failed", reason=odd, path="a%2C,:b"),)), "github")
    )
    assert (properties["file"], text) == ("a%2C,:b", f"FAIL g: {odd}")


@pytest.mark.parametrize("count", [10, 11, 60])
def test_annotations_are_ten_at_most_and_the_last_counts_the_rest(count: int) -> None:
    many = run(
        gates=tuple(gate(f"mse<={i}", 99.0, float(i), "failed", reason=f"why {i}") for i in range(count)),
        warnings=tuple(WarningResult(f"w{i}") for i in range(count)),
    )
    commands = runner(report.render(many, "github"))
    for kind in ("error", "warning"):
        of_kind = [text for name, _, text in commands if name == kind]
        assert len(of_kind) == 10
        assert (of_kind[-1] == f"and {count - 9} more; the summary has all") == (count > 10)


@given(ENEMY)
def test_the_runner_gets_its_commands_and_no_other(text: str) -> None:
    error = SuiteResult(text, None, replace(HOSTILE_ERROR, message=text))
    suites = (SuiteResult(text, hostile(text)), SuiteResult("", run(result(text, 1.0, text), result(text, 2.0))), error)
    printed = render_suites(suites, "github")
    commands = runner(printed)
    assert len(commands) == len(printed.splitlines()) == 3
    assert [name for name, _, _ in commands] == ["error", "error", "warning"]
    assert set(commands[1][1]) == {"title", "file", "line"}
    found = read_outputs(github.outputs(suites, VIEW))
    assert (found["passed"], found["exit-code"]) == ("false", "3")
    assert len(found) == 5 and sum(name.startswith("score_") for name in found) == 2
    assert len(found["failures"].split("\n")) == 2


def test_outputs_have_a_score_a_loss() -> None:
    found = read_outputs(github.outputs(single_suite(PLAIN), VIEW))
    assert found == {
        "passed": "true", "exit-code": "0", "score_mse": "0.30000000000000004", "score_huber_delta_0_5_e9e38f": "-0.0",
        "failures": "",
    }  # fmt: skip
    assert read_outputs(github.outputs(single_suite(COMPARED), VIEW))["score_b_mse"] == "1.25"
    gated = read_outputs(github.outputs(single_suite(GATED), VIEW, code=4))
    assert gated["exit-code"] == "4" and gated["score_mse"] == "0.41283917264" and "score_rmse" not in gated
    assert gated["failures"].splitlines()[0].startswith("mse<=0.40 ridge: mse = 0.41283917264 > 0.4")
    suites = read_outputs(github.outputs(SUITES[:3], VIEW))
    assert suites["score_fast_mse"] == "0.30000000000000004" and suites["exit-code"] == "3"


def test_a_delimiter_does_not_occur_in_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = iter(["aa", "bb"])
    monkeypatch.setattr(secrets, "token_hex", lambda size: next(drawn))
    text = "a\nlosscli_aa\nb=<<c"
    assert read_outputs(github.heredoc("x", text)) == {"x": text}
    assert next(drawn, None) is None, "the first occurs in the text"


def test_the_summary_is_cut_between_rows_and_counts_them() -> None:
    rows = run(*(result(value=float(i), by={"k": f"slice {i} " + "x" * 150 + "ü" * (i % 8 == 0)}) for i in range(9000)))
    page = github.summary(single_suite(rows), VIEW)
    assert len(page.encode()) <= 900 * 1024
    lines = page.splitlines()
    shown = [line for line in lines if line.startswith("| `slice")]
    left = int(re.match(r"(\d+) more lines found no room", lines[-2])[1])
    assert len(shown) + left == 9000 + 1, "the rows, and the line below the table"
    assert all(line.endswith(" |") for line in shown)
    assert github.summary(single_suite(PLAIN), VIEW, limit=100) == ""
    assert len(github.summary(single_suite(rows), VIEW, limit=1000).encode()) <= 1000
    assert github.summary(single_suite(PLAIN), VIEW) == report.render(PLAIN, "markdown") + "\n"


# -------------------------------------------------------------------------------------------------------------- DVC

NUMBERS: dict[str, Any] = {
    "type": "object",
    "propertyNames": {"pattern": r"^[^.\[\]]+$"},
    "additionalProperties": {"anyOf": [{"type": "number"}, {"$ref": "#"}]},
}


def test_dvc_gets_nested_numbers() -> None:
    assert strict(report.render(PLAIN, "dvc")) == {
        "mse": 0.1 + 0.2, "huber:delta=0_5_e9e38f": -0.0, "rows": {"used": 442, "dropped": 8},
    }  # fmt: skip
    sliced = run(result("mse", 1.0, "a", by={"k": "x.y"}), result("mse", 2.0, "a"), result("mse", 3.0, "rows"))
    assert strict(report.render(sliced, "dvc")) == {
        "a": {"mse": 2.0, "slices": {"k=x_y_4cf2af": {"mse": 1.0}}}, "rows_1bb9c8": {"mse": 3.0},
        "rows": {"used": 442, "dropped": 8},
    }  # fmt: skip
    assert strict(render_suites(SUITES[:3], "dvc"))["gated"]["ridge"] == {"mse": 0.41283917264, "mae": 0.25}


def test_what_is_not_finite_is_left_out_and_named() -> None:
    for format in ("dvc", "dvc-plots"):
        assert report.renderer(format).omitted(GATED) == ["rmse ridge country=FR is nan"]
    assert report.renderer("json").omitted(GATED) == []
    assert len(strict(report.render(GATED, "dvc-plots"))) == 2


def test_plots_are_points() -> None:
    assert strict(report.render(run(result("mse", 1.0, "a", by={"k": "x"}), result("mse", 2.0)), "dvc-plots")) == [
        {"slice": "k=x", "model": "a", "loss": "mse", "value": 1.0},
        {"slice": "all", "model": "", "loss": "mse", "value": 2.0},
    ]
    assert strict(report.render(run(), "dvc-plots")) == []
    assert {point["suite"] for point in strict(render_suites(SUITES[:3], "dvc-plots"))} == {"fast", "gated"}


@given(ENEMY)
def test_dvc_has_numbers_only_whatever_the_text(text: str) -> None:
    found = strict(render_suites((SuiteResult(text, hostile(text)), SuiteResult(text + ".", PLAIN)), "dvc"))
    jsonschema.validate(found, NUMBERS, cls=jsonschema.Draft202012Validator)
    assert len(found) == 2
    for point in strict(report.render(hostile(text), "dvc-plots")):
        assert [type(value) for value in point.values()] == [str, str, str, float]


@pytest.mark.skipif(shutil.which("dvc") is None, reason="there is no dvc on the PATH; .ci/run has one")
def test_dvc_reads_it(tmp_path: Path) -> None:
    for words in (["git", "init", "-q"], ["dvc", "init", "-q"]):
        subprocess.run(words, cwd=tmp_path, check=True)
    (tmp_path / "m.json").write_text(render_suites(SUITES, "dvc"))
    done = subprocess.run(["dvc", "metrics", "show", "--json", "m.json"], cwd=tmp_path, check=True, capture_output=True)
    assert strict(done.stdout.decode())[""]["data"]["m.json"]["data"]["fast"]["mse"] == 0.1 + 0.2
    subprocess.run(["dvc", "metrics", "show", "m.json"], cwd=tmp_path, check=True, capture_output=True)
    (tmp_path / "p.json").write_text(render_suites(SUITES, "dvc-plots"))
    plot = ["dvc", "plots", "show", "--json", "p.json", "-x", "model", "-y", "value", "-t", "bar_horizontal"]
    done = subprocess.run(plot, cwd=tmp_path, check=True, capture_output=True)
    points = strict(done.stdout.decode())["data"]["p.json"][0]["content"]["data"]["values"]
    assert {(point["model"], point["value"]) for point in points} >= {("", 0.1 + 0.2), ("ridge", 0.25)}


# ------------------------------------------------------------------------------------------------------------- HTML


VOID = {"meta", "br"}


class Page(HTMLParser):
    """What a browser would find: elements with their attributes, and the text of each."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.texts.append(data)


TAGS = {
    *(
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "main",
        "h1",
        "h2",
        "h3",
        "h4",
        "p",
        "ul",
        "li",
        "div",
        "table",
    ),
    *("caption", "thead", "tbody", "tfoot", "tr", "th", "td", "strong", "span", "br", "header", "pre", "code"),
    *("figure", "figcaption", "details", "summary", "svg", "desc", "path", "line", "circle", "rect", "text", "g"),
    *("math", "mi", "mn", "mo", "mtext", "mrow", "mfrac", "msup", "msub", "mover", "munder", "msqrt"),
    *("mtable", "mtr", "mtd"),
}
ATTRIBUTES = {
    *("lang", "charset", "http-equiv", "content", "name", "class", "scope", "colspan", "role", "tabindex"),
    *("aria-label", "aria-hidden", "viewbox", "width", "height", "d", "x", "y", "x1", "x2", "y1", "y2", "cx", "cy"),
    *("r", "rx", "fill-opacity", "display", "stretchy", "transform"),
}


def check_page(text: str) -> Page:
    page = Page(text)
    assert {tag for tag, _ in page.elements} <= TAGS
    assert {name for _, attributes in page.elements for name in attributes} <= ATTRIBUTES
    assert "url(" not in STYLE and "@import" not in STYLE
    policy = next(found["content"] for _, found in page.elements if found.get("http-equiv"))
    digest = b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert f"<style>{STYLE}</style>" in text
    tags = [tag for tag, _ in page.elements]
    assert tags.count("table") == tags.count("caption")
    assert all(found.get("scope") in ("row", "col") for tag, found in page.elements if tag == "th")
    return page


@every_run
def test_the_page_is_static_and_closed(evaluation: Evaluation) -> None:
    text = report.render(evaluation, "html")
    check_page(text)
    assert text == report.render(evaluation, "html")
    ascii_page = report.render(evaluation, "html", ascii_only=True)
    assert ascii_page.isascii() and Page(ascii_page).texts == Page(text).texts


def test_the_page_says_verdicts_first_and_in_words() -> None:
    page = check_page(report.render(GATED, "html"))
    text = "\n".join(page.texts)
    places = [text.index(word) for word in (
        "losscli: 1 of 4 gates failed, 1 could not be judged, 1 skipped", "Gates", "FAIL", "Results", "worse",
        "Warnings", "base.json", "450 read, 442 used, 8 dropped", "0" * 64, "mse|rev1|mean",
    )]  # fmt: skip
    assert places == sorted(places)
    assert "Comparisons" in "".join(check_page(report.render(COMPARED, "html")).texts)
    whole = "".join(check_page(render_suites(SUITES, "html")).texts)
    assert "losscli: 3 of 4 suites did not pass" in whole and "'abc' is not a number" in whole
    ended = "".join(check_page(render_suites((SuiteResult(None, None, ERROR),), "html")).texts)
    assert "losscli: the run ended in an error" in ended


def test_the_page_of_very_many_slices_is_small_and_has_the_worst() -> None:
    specs = ["mse", "mae", "rmse", "huber:delta=2"]
    lines = [(spec, model) for spec in specs for model in "abc"]
    slices = [
        result(spec, i / 7, model, by={"region": f"r{i}"}, interval=(i / 9, i / 5))
        for spec, model in lines for i in range(1000)
    ]  # fmt: skip
    gates = [gate(f"mse<={i}", i, i + (i < 995), "passed" if i < 995 else "failed") for i in range(1000)]
    wholes = [result(spec, 70.0, model) for spec, model in lines]
    text = report.render(run(*wholes, *slices, gates=tuple(gates), status="failed"), "html")
    assert len(text.encode()) < 300_000
    page = "\n".join(check_page(text).texts)
    assert "r999 (442)" in page and "r980 (442)" in page and "r0 (442)" in page and "r500 (442)" not in page
    assert "20 worst and 5 best of 1,000 slices; the JSON report has all" in page
    assert page.count("FAIL") == 6 and "100 of 1,000 rows are shown" in page  # the outcome, and each failed gate


def test_slices_stand_in_the_order_of_their_values_from_the_worst() -> None:
    values = {"a": 0.5, "b": math.nan, "c": 0.9, "d": -2.0}
    for direction, order in {"lower": "bcad", "higher": "bdac", "zero": "bdca"}.items():
        some = [result("mse", value, by={"g": name}, direction=direction) for name, value in values.items()]
        texts = check_page(report.render(run(*some), "html")).texts
        assert [text[0] for text in texts if text.endswith(" (442)")] == list(order), direction


def test_the_page_says_what_made_it() -> None:
    made = replace(PLAIN, origin=Origin(("losscli", "eval", "a b.csv", "</pre>"), "2026-01-02 03:04:05 UTC"))
    page = check_page(report.render(made, "html"))
    assert "losscli eval 'a b.csv' '</pre>'" in page.texts and "2026-01-02 03:04:05 UTC" in page.texts


@given(ENEMY)
def test_the_page_shows_any_text_and_obeys_none(text: str) -> None:
    suites = (SuiteResult(text, hostile(text)), SuiteResult(text, None, replace(HOSTILE_ERROR, message=text)))
    page = check_page(render_suites(suites, "html"))
    shown = report.sanitized(text, 200)
    assert not shown.strip() or shown in "".join(page.texts)
    assert len([tag for tag, _ in page.elements if tag == "h2"]) == 2


def luminance(color: str) -> float:
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_colours_can_be_read_by_day_and_night() -> None:
    palettes = [
        dict(re.findall(r"--(\w+): (#\w{6})", block)) for block in re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)
    ]
    assert len(palettes) == 3
    for colours in palettes:
        for ground in ("page", "head"):
            for name in ("text", "soft", "good", "bad"):
                light, dark = sorted((luminance(colours[name]), luminance(colours[ground])), reverse=True)
                assert (light + 0.05) / (dark + 0.05) >= 4.5, (name, ground, colours)


@pytest.mark.skipif(importlib.util.find_spec("html5lib") is None, reason="a second opinion, where it is installed")
@settings(max_examples=20)
@given(st.just(HOSTILE) | ENEMY)
def test_a_strict_reader_of_html_finds_no_fault(text: str) -> None:
    import html5lib

    reader = html5lib.HTMLParser(strict=True)
    reader.parse(render_suites((SuiteResult(text, hostile(text)),), "html"))


# ------------------------------------------------------------------------------------------------- people's formats


def test_digits_grow_until_a_difference_shows() -> None:
    close = run(gates=(gate("mse<=0.4", 0.4000000001, 0.4, "failed", baseline=0.4000000002, reason="why"),))
    row = report.render(close, "markdown").splitlines()[4]
    assert row == "| `mse<=0.4` | 0.4000000001 | ≤ 0.4 | 0.4000000002 |  | **FAIL** |"
    higher = run(gates=(gate("r2>=0.9", 0.5, 0.9, "failed", direction="higher"),))
    assert "≥ 0.9" in report.render(higher, "markdown") and ">= 0.9" in report.render(higher, "table", ascii_only=True)


def test_a_baseline_stands_beside_each_number() -> None:
    lines = report.render(GATED, "markdown").splitlines()
    at = lines.index("| model | `country` | loss | value | SE | df | n_eff | baseline | change | verdict |")
    assert lines[at + 2 : at + 5] == [
        "| `ridge` | `(all)` | `mse` | 0.412839 [0.39, 0.43] | 0.01 | 441 |  | 0.4011 "
        "| +0.0117392 (+2.93 %) | **worse** |",
        "| `ridge` | `(all)` | `mae` | 0.25 |  |  |  | 0.5 | -0.25 (-50 %) | better |",
        "| `ridge` | `FR` | `rmse` | nan |  |  | 17.5 | 0 | nan | **undefined** |",
    ]
    assert lines[-1] == (
        "442 rows of 450, 8 dropped; n_eff: effective sample size (Kish); "
        "95 % confidence intervals (CI): Student's t, unit: row"
    )
    header, *rows = (line.split("\t") for line in report.render(GATED, "plain").splitlines())
    assert header[4:] == ["count", "stderr", "low", "high", "n_eff", "baseline", "change", "verdict"]
    assert rows[0][4:] == ["442", "0.01", "0.39", "0.43", "", "0.4011", "0.01173917264", "worse"]
    assert report.render(GATED, "csv").splitlines()[0].endswith("low,high,n_eff,baseline,change,verdict,signature")


def test_comparisons_are_a_table_for_people_and_the_rows_for_pipes() -> None:
    lines = report.render(COMPARED, "markdown").splitlines()
    assert lines[-4] == (
        "| model | against | verdict | `loss` | loss | difference | SE | df | p (t-test) | p adj. (Holm, t-test) "
        "| p (permutation) | p adj. (Holm, permutation) | win rate | test |"
    )
    assert (
        lines[-2] == "| `b` | `a` | better | `(all)` | `mse` | -0.25 [-0.5, +0] | 0.125 | 441 "
        "| 0.0123 | 0.0246 | 0.0125 | 0.025 | 50 % |  |"
    )
    assert lines[-1].startswith(
        "| `c` | `a` | **worse** | `x` | `mse` | +0.25 [+0, +0.5] | 0.125 | 441 |  |  | 0.0125 |"
    )
    one = replace(COMPARED, comparisons=COMPARED.comparisons[:1])
    brief, detailed = (report.renderer("table").render(one, View(detailed=wanted)) for wanted in (False, True))
    assert "p (t-test)" not in brief and "p (t-test)" in detailed and "Holm" not in brief + detailed
    assert brief.splitlines()[-3].split()[2] == "better", "the verdict is the third column"
    header, *rows = (line.split("\t") for line in report.render(COMPARED, "plain").splitlines())
    assert header[:4] == ["model", "against", "by:loss", "loss"] and [row[0] for row in rows] == ["b", "c"]
    assert dict(zip(header, rows[0], strict=True))["p_t"] == "0.0123"
    assert len(report.render(COMPARED, "csv").splitlines()) == 3
    kinds = [json.loads(line)["kind"] for line in report.render(COMPARED, "jsonl").splitlines()]
    assert kinds == ["result"] * 3 + ["comparison"] * 2
    assert report.quiet(COMPARED) == "-0.25\n0.25\n"


@given(ENEMY)
def test_cells_of_markdown_stay_cells(text: str) -> None:
    lines = report.render(hostile(text), "markdown").splitlines()
    for at, line in enumerate(lines):
        if line.startswith("| ---"):
            width = line.count("|")
            for row in (lines[at - 1], *(r for r in lines[at + 1 :] if r.startswith("|"))):
                if row is not lines[at - 1] and row.count("|") != width:
                    break
                assert row.count("|") == width
    assert all(line == "" or line.startswith(("|", "- ", "## ", "442 rows")) for line in lines)


@pytest.mark.parametrize("width", [20, 40, 60, 80])
@pytest.mark.parametrize("detailed", [False, True])
def test_comparisons_fit_the_terminal_with_the_verdict_third(width: int, detailed: bool) -> None:
    pairs = replace(COMPARED, comparisons=(*COMPARED.comparisons, versus("c", "b", 0.5)))
    for evaluation in (COMPARED, pairs):
        text = report.renderer("table").render(evaluation, View(width, detailed=detailed))
        assert max(map(len, text.splitlines())) <= width
        assert "worse" in text.split()
        heading = next((line for line in text.splitlines() if "difference" in line and "model" in line), None)
        assert width < 80 or (heading is not None and heading.split()[2] == "verdict")


def test_numbers_stand_before_the_influence_on_them_and_behind_comparisons() -> None:
    found = replace(COMPARED, influence=(InfluenceResult("a", None, "mse", "mse", "row", 442, 1.5, ()),))
    page = report.render(found, "html")
    places = [page.index(f"<caption>{title}") for title in
              ("Comparisons of models", "All results", "Influence of single units")]  # fmt: skip
    assert places == sorted(places)
    assert "2 comparisons of models: 1 better, 1 worse" in page
