"""A result as text: every format, with names that come from hostile data."""

from __future__ import annotations

import csv
import io
import itertools
import json
import math
import re
import sys
import unicodedata
from dataclasses import replace
from typing import Any

import jsonschema
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

import losscli
from losscli import report
from losscli.csv_text import guarded, unguarded
from losscli.errors import UsageError
from losscli.report.json_document import document
from losscli.report.sanitized import break_workflow_commands, sanitized
from losscli.results import (
    BatchResult,
    Evaluation,
    GateResult,
    LossResult,
    PartResult,
    RowCounts,
    SourceResult,
    TermResult,
    WarningResult,
)

INF, NAN = math.inf, math.nan
HOSTILE = "\x1b[31mred\x1b]0;title\x07 \x9b1m [red]x[/x] [link=u]:smile:\u202eab\u200b|`<img onerror=x>\r\n\tend"


def result(spec: str = "mse", value: float = 1.5, model: str | None = None, **more: Any) -> LossResult:
    count = more.pop("count", 442)
    fields: dict[str, Any] = {
        "by": {},
        "loss": spec.partition(":")[0],
        "params": {},
        "reduction": "mean",
        "terms": {"loss": TermResult(value, value * count, count, float(count))},
        "direction": "lower",
        "revision": 1,
        "signature": f"{spec}|rev1|mean",
    }
    return LossResult(model=model, spec=spec, value=value, count=count, weight=float(count), **{**fields, **more})


def run(*results: LossResult, **more: Any) -> Evaluation:
    rows = RowCounts(read=450, used=442, dropped=8)
    return Evaluation((SourceResult("d.csv", "csv", 450),), rows, results, {}, **more)


PARTS = (PartResult("mse", 0.7, 2900.123456789), PartResult("mae", 0.3, INF))
MODELS = run(
    result("mse", 1.5, "ridge"),
    result("r2", 0.75, "ridge", direction="higher"),
    result("mse", 1.25, "forest"),
    result("r2", 0.5, "forest", direction="higher"),
    result("mse", NAN, "broken"),
    result("r2", 0.75, "broken", direction="higher"),
)
RICH = run(
    result("huber:delta=20", 812.25, "ridge", by={"country": "FR"}, params={"delta": 20.0}, excluded_count=3),
    result("total=0.7*mse+0.3*mae", INF, "ridge", by={"country": "日本"}, parts=PARTS, count=12),
    result("nt_xent", NAN, None, batch=BatchResult("size", 512, None, 7), stderr=0.125, interval=(0.5, INF)),
    status="failed",
    rows_sha256="0" * 64,
    gates=(GateResult("huber<=800", "ridge", {"country": "FR"}, 812.2500000000001, 800.0, "failed"),),
    warnings=(WarningResult("probabilities were clipped to the bound", 3),),
)
ALL = {
    "models": MODELS,
    "rich": RICH,
    "empty": run(),
    "hostile": run(result(HOSTILE, 1.0, HOSTILE, by={HOSTILE: "=1+1"})),
}
every = pytest.mark.parametrize("evaluation", ALL.values(), ids=ALL)


def strict(text: str) -> Any:
    def refuse(word: str) -> float:
        raise AssertionError(f"{word} is not valid JSON")

    return json.loads(text, parse_constant=refuse)


# --- text from data ---------------------------------------------------------------------------------------------


def test_ordinary_text_in_any_script_stays() -> None:
    for text in (
        "Grüße, naïve e\u0301",
        "日本語 العربية हिन्दी ไทย",
        "👍🏽 👨\u200d👩\u200d👧 ❤\ufe0f",
        "می\u200cخواهم",
        "क्\u200dष",
        "C:\\tmp",
    ):
        assert sanitized(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[31mb", r"a\x1b[31mb"),
        ("\0\t\n\r\x07\x7f", r"\x00\t\n\r\x07\x7f"),
        ("\x85\x9b31m", r"\x85\x9b31m"),
        ("a\u202eb\u2066c\u061c", r"a\u202eb\u2066c\u061c"),
        ("a\u200bb\u200dc\u2060\ufeff", r"a\u200bb\u200dc\u2060\ufeff"),
        ("a\u2028b\u2029", r"a\u2028b\u2029"),
        ("a\udc80b", r"a\udc80b"),
        ("tag\U000e0041", r"tag\U000e0041"),
        ("\u3164", r"\u3164"),
        ("👍\u200d", r"👍\u200d"),
    ],
)
def test_what_acts_or_hides_becomes_visible(text: str, shown: str) -> None:
    assert sanitized(text) == shown


def test_marks_are_few_and_length_is_bounded() -> None:
    piled = "a" + "\u0301" * 500
    assert sanitized(piled).startswith("a" + "\u0301" * 4 + r"\u0301")
    assert len(sanitized(piled)) <= 200
    assert sanitized("x" * 201) == "x" * 197 + "..."
    assert sanitized("x" * 200) == "x" * 200
    assert sanitized("x" * 5000, None) == "x" * 5000
    # An escape is shown whole or not at all.
    assert sanitized("ab\x1b\x1b\x1b", 8) == "ab..."


@given(st.text(st.characters(exclude_categories=())), st.integers(0, 50))
def test_nothing_that_acts_comes_through(text: str, limit: int) -> None:
    shown = sanitized(text, limit)
    assert len(shown) <= limit
    shown.encode("utf-8")
    bad = {char for char in shown if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp")}
    assert not bad
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u200b\u200e\u200f\ufeff]", shown)
    assert sanitized(sanitized(text, None), None) == sanitized(text, None)


@pytest.mark.parametrize(
    ("text", "broken"),
    [
        ("::error::x", ": :error::x"),
        (" \t::stop-commands::t", " \t: :stop-commands::t"),
        ("fine\n  ::set-env name=A::b", "fine\n  : :set-env name=A::b"),
        ("a ##[error]b ##[group]c", "a ## [error]b ## [group]c"),
        ("##vso[task.setvariable]x", "##vso [task.setvariable]x"),
        ("section_start:1:x", "section_start :1:x"),
        ("std::vector a::b # [x]", "std::vector a::b # [x]"),
        ("\r::warning::", "\r: :warning::"),
    ],
)
def test_build_servers_see_no_command(text: str, broken: str) -> None:
    assert break_workflow_commands(text) == broken
    assert break_workflow_commands(broken) == broken


# --- every format -----------------------------------------------------------------------------------------------


@every
@pytest.mark.parametrize("format", report.format_names())
@pytest.mark.parametrize("ascii_only", [False, True])
def test_no_format_lets_a_control_character_through(evaluation: Evaluation, format: str, ascii_only: bool) -> None:
    for width in (None, 1, 40):
        text = report.render(evaluation, format, width=width, ascii_only=ascii_only)
        left = text.replace("\n", "").replace("\t", "") if format == "plain" else text.replace("\n", "")
        assert not [char for char in left if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp")]
        assert text.isascii() or not ascii_only
        assert text == report.render(evaluation, format, width=width, ascii_only=ascii_only)
        assert not text or text.endswith("\n")


def test_each_format_is_a_module_and_each_suffix_a_format() -> None:
    suffixes = [suffix for format in report.format_names() for suffix in report.renderer(format).suffixes]
    assert len(suffixes) == len(set(suffixes)), "two formats for one suffix"
    assert all(report.renderer(format).summary.strip() for format in report.format_names())
    with pytest.raises(UsageError) as caught:
        report.render(MODELS, "jsn")
    assert "json" in (caught.value.hint or "")
    found = [
        report.format_of(name) for name in ("r.json", "a.b/R.JSONL", "x.csv", "x.md", "x.txt", "x.tsv", "x.yaml", "-")
    ]
    assert found == ["json", "jsonl", "csv", "markdown", "plain", "plain", None, None]


def test_quiet_is_every_digit_in_order() -> None:
    values = (0.1 + 0.2, INF, -INF, NAN, 1e-300, 3.0)
    text = report.quiet(run(*(result(value=value) for value in values)))
    assert text == "0.30000000000000004\ninf\n-inf\nnan\n1e-300\n3.0\n"


# --- JSON -------------------------------------------------------------------------------------------------------

KEYS = [
    *("schema", "losscli", "status", "sources", "rows", "results", "comparisons", "bindings", "data", "gates"),
    *("baseline", "environment", "warnings"),
]
RESULT_KEYS = (
    *("model", "by", "loss", "spec", "params", "reduction", "value", "nonfinite", "count", "weight", "terms"),
    *("direction", "revision", "parts", "batch", "without_part", "stderr", "interval", "uncertainty"),
    *("n_eff", "baseline", "signature"),
)


@every
def test_json_follows_the_schema(evaluation: Evaluation) -> None:
    schema = json.loads(report.schema())
    jsonschema.Draft202012Validator.check_schema(schema)
    found = strict(report.render(evaluation, "json"))
    jsonschema.validate(found, schema, cls=jsonschema.Draft202012Validator)
    assert list(found) == KEYS
    assert all(tuple(one) == RESULT_KEYS for one in found["results"])


def test_json_holds_what_was_found() -> None:
    found = strict(report.render(RICH, "json"))
    assert (found["schema"], found["losscli"], found["status"]) == ("losscli.report/1", losscli.__version__, "failed")
    huber, total, contrast = found["results"]
    assert huber["value"] == 812.25 and huber["nonfinite"] is None and huber["by"] == {"country": "FR"}
    assert huber["terms"] == {
        "loss": {"mean": 812.25, "sum": 812.25 * 442, "count": 442, "weight": 442.0, "nonfinite": None}
    }
    assert total["value"] is None and total["nonfinite"] == "inf"
    assert total["parts"][1] == {"spec": "mae", "factor": 0.3, "value": None, "nonfinite": "inf"}
    assert contrast["nonfinite"] == "nan" and contrast["interval"] == [0.5, None] and contrast["stderr"] == 0.125
    assert contrast["terms"]["loss"]["nonfinite"] == "nan"
    assert contrast["batch"] == {"how": "size", "size": 512, "by": None, "groups": 7}
    assert found["gates"][0]["value"] == 812.2500000000001 and found["gates"][0]["passed"] is False
    assert found["warnings"] == [{"message": "probabilities were clipped to the bound", "count": 3}]
    assert found["data"] == {
        "rows_sha256": "0" * 64,
        "targets_sha256": None,
        "weights_sha256": None,
        "batches_sha256": None,
        "slices_sha256": None,
        "rows_file": None,
    }


def test_json_text_is_legible_safe_and_exact() -> None:
    text = report.render(RICH, "json")
    assert "日本" in text
    plain = report.render(RICH, "json", ascii_only=True)
    assert plain.isascii() and strict(plain) == strict(text)
    hostile = report.render(run(result(model=HOSTILE + "\udc80\x7f")), "json")
    assert strict(hostile)["results"][0]["model"] == HOSTILE + r"\udc80" + "\x7f"
    # Strict readers refuse an escape of half a pair, so the backslash itself must be escaped.
    assert r"\\udc80" in hostile


def test_json_takes_numpy_numbers_and_endless_parameters() -> None:
    numbers = result(
        value=np.float64(0.5),
        revision=np.int64(2),
        params={"p": INF, "n": np.int32(3), "f": np.float32(0.5), "b": True},
    )
    found = strict(report.render(run(numbers), "json"))["results"][0]
    assert found["params"] == {"p": "inf", "n": 3, "f": 0.5, "b": True}
    assert (found["value"], found["revision"]) == (0.5, 2)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda d: d.update(host="me"),
        lambda d: d.pop("gates"),
        lambda d: d.update(schema="losscli.report/2"),
        lambda d: d["results"][0].update(value="812"),
        lambda d: d["results"][0].update(value=None),
        lambda d: d["results"][0].update(nonfinite="nan"),
        lambda d: d["results"][0].pop("signature"),
        lambda d: d["results"][0].update(direction="up"),
        lambda d: d["results"][0]["terms"]["loss"].update(extra=1),
        lambda d: d["results"][1]["parts"][0].update(value=None),
        lambda d: d["results"][2].update(interval=[1.0]),
        lambda d: d["results"][2]["batch"].update(how="rows"),
        lambda d: d["rows"].update(read=-1),
        lambda d: d["data"].update(rows_sha256="abc"),
    ],
)
def test_the_schema_refuses_what_is_no_report(spoil: Any) -> None:
    found = json.loads(json.dumps(document(RICH)))
    spoil(found)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(found, json.loads(report.schema()), cls=jsonschema.Draft202012Validator)


def test_json_lines_are_the_results() -> None:
    lines = [strict(line) for line in report.render(RICH, "jsonl").splitlines()]
    found = strict(report.render(RICH, "json"))
    assert [line.pop("kind") for line in lines] == ["result"] * 3 + ["gate"]
    assert lines == found["results"] + found["gates"]


# --- CSV, plain, Markdown ---------------------------------------------------------------------------------------


def test_csv_is_exact_and_quoted() -> None:
    one = result("huber:delta=2", 0.1 + 0.2, 'a,"b"', by={"k": "x", "loss": "y"}, stderr=0.25, interval=(-INF, 1.0))
    header, row = csv.reader(io.StringIO(report.render(run(one), "csv")))
    cells = dict(zip(header, row, strict=True))
    assert header[:3] == ["model", "k", "by:loss"]
    assert cells["model"] == 'a,"b"' and cells["loss"] == "huber" and cells["spec"] == "huber:delta=2"
    assert float(cells["value"]) == 0.1 + 0.2 and cells["low"] == "-inf" and cells["stderr"] == "0.25"
    assert "\r" not in report.render(run(one), "csv")


@pytest.mark.parametrize("text", ["=cmd|' /C calc'!A0", "+1+1", "-x", "@SUM(A1)", "\t=1", "\r=1", "\0=1", "＝1"])
def test_a_spreadsheet_runs_no_text(text: str) -> None:
    assert guarded(text) == "'" + text
    cells = list(csv.reader(io.StringIO(report.render(run(result(model=text, by={text: text})), "csv"))))
    assert cells[1][0].startswith("'") and cells[1][1].startswith("'") and cells[0][1].startswith("'")


@given(st.text(st.sampled_from("=+-@\t\r\n\0＝＋－＠19.e ax"), max_size=6))
def test_both_writers_of_csv_guard_alike(text: str) -> None:
    assert unguarded(guarded(text)) == text
    assert guarded("-1.5e3") == "-1.5e3" and guarded("a=b") == "a=b"


def test_plain_has_whole_columns() -> None:
    assert (
        report.render(run(result("mse", 0.1 + 0.2)), "plain") == "loss\tvalue\tcount\nmse\t0.30000000000000004\t442\n"
    )
    text = report.render(RICH, "plain").splitlines()
    assert text[0] == "model\tcountry\tloss\tvalue\tcount\tstderr\tlow\thigh"
    assert text[1] == "ridge\tFR\thuber:delta=20\t812.25\t442\t\t\t"
    assert text[3] == "\t\tnt_xent\tnan\t442\t0.125\t0.5\tinf"
    hostile = report.render(ALL["hostile"], "plain").splitlines()
    assert [line.count("\t") for line in hostile] == [4, 4]
    long = run(result(model="m" * 5000))
    assert "m" * 5000 in report.render(long, "plain")


def test_markdown_shows_text_as_it_is() -> None:
    def cell(text: str) -> str:
        return report.render(run(result(model=text)), "markdown").splitlines()[2].split(" | ")[0].removeprefix("| ")

    assert cell("huber:delta=2 <b>@me :x:") == "`huber:delta=2 <b>@me :x:`"
    assert cell("a|b`c") == "<code>a&#124;b&#96;c</code>"
    assert cell("<img onerror=x>`") == "<code>&#60;img&#32;onerror&#61;x&#62;&#96;</code>"
    assert cell("a|b") == "<code>a&#124;b</code>"
    assert cell("a\nb") == r"`a\nb`"
    lines = report.render(ALL["hostile"], "markdown").splitlines()
    assert {line.count(" | ") for line in lines[:3]} == {2 + 1}
    assert not any(re.search(r"(?<!\\)\|", line.replace(" | ", "").strip("| ")) for line in lines[:3])


def test_markdown_sets_models_side_by_side() -> None:
    text = report.render(MODELS, "markdown").splitlines()
    assert text[:4] == [
        "| model | `mse` | `r2` |",
        "| --- | ---: | ---: |",
        "| `ridge` | 1.5 | **0.75** |",
        "| `forest` | **1.25** | 0.5 |",
    ]
    gates = report.render(RICH, "markdown").splitlines()
    assert gates[:5] == [
        "## losscli: 1 of 1 gate failed",
        "",
        "| gate | model / slice | observed | limit | result |",
        "| --- | --- | ---: | ---: | --- |",
        "| `huber<=800` | `ridge country=FR` | 812.25 | ≤ 800 | **FAIL** |",
    ]


# --- the table --------------------------------------------------------------------------------------------------


def words(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


def test_table_of_one_model_is_a_list() -> None:
    blend = result("total=0.7*mse+0.3*mae", 1234.56789, parts=PARTS)
    text = report.render(run(result("mse", 2900.123456789), blend), "table")
    lines = text.splitlines()
    assert lines[0].split() == ["loss", "value"]
    assert lines[2].split() == ["mse", "2900.12"]
    assert lines[4].startswith("  mse (factor 0.7)") and lines[4].endswith("2900.12")
    assert lines[5].startswith("  mae (factor 0.3)") and lines[5].endswith("inf")
    numbers = zip(lines[2:6], ["2900", "1234", "2900", "inf"], strict=True)
    ends = {line.index(number) + len(number) for line, number in numbers}
    assert len(ends) == 1, "decimal points stand below each other"
    assert lines[-1] == "442 rows of 450, 8 dropped"


def test_table_of_models_marks_the_better_by_its_direction() -> None:
    found = words(report.render(MODELS, "table"))
    assert found[0] == ["model", "mse", "r2"]
    assert found[2:5] == [
        ["ridge", "1.5", "*", "0.75"],
        ["forest", "*", "1.25", "0.5"],
        ["broken", "nan", "*", "0.75"],
    ]
    colored = report.render(MODELS, "table", color=True, width=80)
    assert re.search(r"\x1b\[1;32m *\* 1\.25\x1b", colored)
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored).split() == report.render(MODELS, "table", width=80).split()


def test_equal_models_and_single_ones_have_no_best() -> None:
    assert "*" not in report.render(run(result(model="a"), result(model="b")), "table")
    assert "*" not in report.render(
        run(result(model="a", by={"k": "1"}), result(value=2.0, model="a", by={"k": "2"})), "table"
    )
    # Across slices no model is better: each slice has its own.
    sliced = run(
        *(
            result(value=v, model=m, by={"k": k})
            for m, k, v in [("a", "1", 1.0), ("b", "1", 2.0), ("a", "2", 9.0), ("b", "2", 8.0)]
        )
    )
    assert [line for line in words(report.render(sliced, "table")) if "*" in line and "best" not in line] == [
        ["a", "1", "*", "1"],
        ["b", "2", "*", "8"],
    ]


def test_table_says_counts_where_they_differ() -> None:
    even = run(
        result("mse", 1.0, by={"k": "1"}, count=5),
        result("mae", 2.0, by={"k": "1"}, count=5),
        result("mse", 3.0, by={"k": "2"}, count=7),
    )
    assert words(report.render(even, "table"))[:4:1][2:] == [["1", "1", "2", "5"], ["2", "3", "7"]]
    uneven = run(result("mse", 1.0, "a"), result("ap", 2.0, "a", count=9), result("mse", 3.0, "b"))
    assert words(report.render(uneven, "table"))[0] == ["model", "mse", "count", "ap", "count"]


def test_markup_in_data_is_text() -> None:
    text = report.render(
        run(result(model="[red]x[/x] [link=u]y :smile:"), result(model="b\\")), "table", color=True, width=200
    )
    assert "[red]x[/x] [link=u]y :smile:" in text and "b\\" in text


@pytest.mark.parametrize("width", [1, 20, 40, 60, 79])
def test_narrow_terminals_lose_no_digit(width: int) -> None:
    specs = [f"huber:delta={number}" for number in range(12)]
    values = [123456.0 + number for number in range(12)]
    many = run(*(result(s, v + k, f"model-{k}") for k in range(2) for s, v in zip(specs, values, strict=True)))
    text = report.render(many, "table", width=width)
    found = text.split()
    for k in range(2):
        for value in values:
            assert f"{value + k:.6g}" in found
    assert all(spec in found for spec in specs)
    assert "…" not in text
    if width >= 40:
        assert max(map(len, text.splitlines())) <= 40


def test_a_table_is_never_wider_than_the_terminal() -> None:
    name = "a model of a long name"
    two = run(*(result("huber:delta=0.5", value, name, interval=(-value, value), by={"country": "Liechtenstein"})
                for value in (1e-12 / 3, 1e12 / 3)))  # fmt: skip
    for evaluation in (two, RICH):
        for width, detailed in itertools.product([20, 30, 50, 80, 120], [False, True]):
            view = report.View(width, detailed=detailed)
            assert max(map(len, report.renderer("table").render(evaluation, view).splitlines())) <= width
    lines = report.render(two, "table", width=40).splitlines()
    assert lines[:2] == ["model", "  a model of a long name"]
    assert lines[7:9] == ["  * 3.33333e-13 [-3.33333e-13,", "  3.33333e-13]"]


def test_narrow_terminals_keep_intervals_stars_and_long_names_whole() -> None:
    name = "".join(f"{number:04d}" for number in range(30))
    two = run(result(value=1.5, model=name, interval=(1.25, 1.75)), result(value=2.0, model="b", stderr=0.125))
    short = run(result(value=1.5, model="a", interval=(1.25, 1.75)), result(value=2.0, model="b", stderr=0.125))
    for evaluation in (two, short):
        text = report.render(evaluation, "table", width=10)
        assert "* 1.5 [1.25, 1.75]" in text and "2 (se 0.125)" in text
    text = report.render(two, "table", width=30)
    assert name in "".join(text.split())


def test_wide_characters_and_ascii_stay_aligned() -> None:
    slices = run(*(result(value=v, by={"k": k}) for k, v in [("日本", 1.0), ("ab", 2.0)]))
    lines = report.render(slices, "table", ascii_only=True).splitlines()
    assert lines[2].startswith(r"\u65e5\u672c ")
    assert len({line.index("|") for line in (lines[0], *lines[2:4])}) == 1
    assert "日本   " in report.render(slices, "table")


def test_long_tables_are_quick() -> None:
    """Calls and returns of functions are counted, 220 a row, as seconds say how busy the machine is; rich's own table
    takes thirteen times as many."""
    slices = run(*(result(value=i / 7, model=m, by={"k": f"slice {i}"}) for i in range(2000) for m in "ab"))
    steps = itertools.count()
    sys.setprofile(lambda *_: next(steps))
    try:
        text = report.render(slices, "table", width=100, color=True)
    finally:
        sys.setprofile(None)
    assert next(steps) < 4000 * 500
    assert len(text.splitlines()) == 4004


@pytest.mark.parametrize("width", [90, 100, 120])
def test_folded_tables_fit_and_stay_aligned(width: int) -> None:
    names = ["der schnelle braune Fuchs springt über den faulen Hund", "日本語" * 20, "a👍" * 30, "short"]
    many = run(*(result(value=v / 7, model=n, by={"land": n[::-1]}) for v, n in enumerate(names)), result(model="z"))
    plain = report.render(many, "table", width=width)
    lines = plain.splitlines()[:-2]
    assert max(map(cell_len, lines)) <= width
    shown = re.sub(r"\x1b\[[0-9;]*m", "", report.render(many, "table", width=width, color=True))
    assert [line.split() for line in shown.splitlines()] == [line.split() for line in plain.splitlines()]
    barred = [line for line in report.render(many, "table", ascii_only=True, width=width).splitlines() if "|" in line]
    assert len({tuple(at for at, mark in enumerate(line) if mark == "|") for line in barred}) == 1
    # Where the second column begins, every line has a blank before it, counted in places on the screen.
    edge = cell_len(lines[0][: lines[0].index("land")])
    assert {_at(line, edge - 1) for line in lines[:1] + lines[2:]} <= {" ", ""}
    assert sum(_at(line, edge) not in (" ", "") for line in lines[2:]) >= 5
    assert [word for word in names[0].split() if word not in plain] == []
    assert plain.count("日") == plain.count("語") == 40 and plain.count("👍") == 60


def _at(line: str, place: int) -> str:
    """The character that stands at this place of the screen."""
    for end in range(1, len(line) + 1):
        if cell_len(line[:end]) > place:
            return line[end - 1]
    return ""


def test_table_ignores_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    wide = run(result(model="m" * 100), result(value=2.0, model="n"))
    expected = report.render(wide, "table"), report.render(wide, "table", color=True, width=150)
    for name, value in {"FORCE_COLOR": "1", "NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "7"}.items():
        monkeypatch.setenv(name, value)
        assert (report.render(wide, "table"), report.render(wide, "table", color=True, width=150)) == expected
    assert "\x1b" not in expected[0] and "\x1b" in expected[1]


def test_gates_say_the_verdict_in_words_and_the_digits_that_decided() -> None:
    passed = GateResult("mse<=2", None, {}, 1.9999999999999998, 2.0, "passed")
    gated = replace(RICH, gates=(*RICH.gates, passed))
    found = words(report.render(gated, "table", width=80))
    assert ["huber<=800", "ridge", "country=FR", "812.25", "≤", "800", "FAIL"] in found
    assert ["mse<=2", "1.9999999999999998", "≤", "2", "pass"] in found
    assert found[-1] == ["1", "passed,", "1", "failed"]
    narrow = report.render(gated, "table", width=10).split()
    assert {"FAIL", "huber<=800", "812.25", "1.9999999999999998"} <= set(narrow)
