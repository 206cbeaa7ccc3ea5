"""Pictures as files: specifications of Vega-Lite that hold the numbers of the report, and PNG."""

from __future__ import annotations

import importlib.util
import json
import math
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from evaluations import result, run

import losscli
from losscli.api.plot import Plot
from losscli.cli import entry
from losscli.errors import UsageError
from losscli.report import picture_files
from losscli.report.page.drawings import by_name
from losscli.report.picture_files import pictures_of

SAMPLES = Path(__file__).parent.parent.parent / "sample_data"


@pytest.fixture(scope="module")
def reports() -> dict[str, losscli.Report]:
    draw = np.random.default_rng(5)
    y = draw.normal(size=60)
    table = {"y": y, **{f"q_{level}": y + 2 * level - 1 + draw.normal(size=60) for level in (0.1, 0.5, 0.9)},
             **{f"m_{at}": draw.normal(size=60) for at in range(4)}}  # fmt: skip
    probabilities = {"logistic": "logistic_p", "forest": "forest_p"}
    return {
        "cancer": losscli.evaluate(SAMPLES / "cancer.csv", ["bce", "roc_auc", "f1"], target="malignant",
                                   pred=probabilities, by="site", interval=True, diagnostics=True),
        "diabetes": losscli.evaluate(SAMPLES / "diabetes.csv", "mse", target="progression",
                                     pred={"ridge": "ridge", "forest": "forest"}, diagnostics=True),
        "digits": losscli.evaluate(SAMPLES / "digits.csv", "cross_entropy", target="digit", pred="p_*",
                                   diagnostics=True),
        "quantiles": losscli.evaluate(table, "crps_quantile", target="y", pred="q_*", diagnostics=True),
        "members": losscli.evaluate(table, "crps_ensemble", target="y", pred="m_*", diagnostics=True),
    }  # fmt: skip


@pytest.fixture(scope="module")
def plots(reports: dict[str, losscli.Report]) -> dict[str, Plot]:
    return {f"{name} {kind}": report.plot(kind) for name, report in reports.items()
            for kind in by_name(report.evaluation)}  # fmt: skip


def layers(spec: dict[str, Any]) -> list[dict[str, Any]]:
    return [layer for view in spec.get("concat", [spec]) for layer in view["layer"]]


def values(spec: dict[str, Any], mark: str, at: int = 0) -> list[dict[str, Any]]:
    return [layer["data"]["values"] for layer in layers(spec) if layer["mark"]["type"] == mark][at]


def test_specifications_hold_the_numbers_of_the_report(reports, plots):
    found = reports["cancer"].to_dict()
    specs = {name: plot.to_vega() for name, plot in plots.items()}
    reliability = found["diagnostics"]["reliability"][0]
    drawn = specs["cancer reliability"]
    assert values(drawn, "point") == [{"x": b["mean"], "y": b["frequency"]} for b in reliability["blocks"]]
    assert values(drawn, "area") == [{"x": b["x"], "low": b["low"], "high": b["high"]} for b in reliability["band"]]
    bars = {(bar["label"], bar["value"]) for bar in values(specs["cancer decomposition"], "bar")}
    parts = ("score", "miscalibration", "discrimination", "uncertainty")
    (split,) = reliability["decompositions"]
    assert {(f"logistic: {part}", split[part]) for part in parts} <= bars
    curve = found["diagnostics"]["curves"][1]["points"]
    assert [(v["x"], v["y"]) for v in values(specs["cancer precision-recall"], "line", 2)] == [
        (p["true_rate"], p["predictive_value"]) for p in curve
    ]
    whole = [r for r in found["results"] if r["loss"] == "bce" and not r["by"]]
    assert {v["label"]: v["value"] for v in values(specs["cancer models"], "point")} == {
        r["model"]: r["value"] for r in whole
    }
    assert {(v["low"], v["high"]) for v in values(specs["cancer models"], "rule")} == {
        tuple(r["interval"]) for r in whole
    }
    logistic = {f"{r['by']['site']} ({r['count']})": r["value"] for r in found["results"]
                if r["by"] and (r["loss"], r["model"]) == ("bce", "logistic")}  # fmt: skip
    assert {v["label"]: v["value"] for v in values(specs["cancer slices"], "point")} == logistic
    (matrix,) = reports["digits"].to_dict()["diagnostics"]["confusion"]
    cells = {(v["target"], v["predicted"]): v["rows"] for v in values(specs["digits confusion"], "rect")}
    assert [[cells[a, b] for b in matrix["classes"]] for a in matrix["classes"]] == matrix["counts"]
    one = reports["diabetes"].to_dict()["diagnostics"]["residuals"][0]
    assert values(specs["diabetes residuals"], "point") == [{"x": c["x"], "y": c["y"]} for c in one["cells"]]


def test_specifications_are_strict_json_of_plain_values(plots):
    for plot in plots.values():
        text = json.dumps(plot.to_vega(), allow_nan=False)
        assert json.loads(text) == plot.to_vega() == plot.to_vega()
        assert plot.to_vega()["$schema"].startswith("https://vega.github.io/schema/vega-lite/")
    odd = run(*(result("mse", value, name) for name, value in {"a": math.nan, "b": math.inf, "c": 1.0}.items()))
    shown = pictures_of([odd], "models").vega
    assert {v["label"]: v["value"] for v in values(shown, "point")} == {"c": 1.0, "b": None, "a": None}


def test_labels_that_are_alike_stay_apart():
    both = run(*(result("mse", value, by={"g": name}) for name, value in {"a": 1.0, "a\x1b": 2.0}.items()),
               *(result("mse", value, "m", by={"g": "b"}) for value in (3.0, 4.0)))  # fmt: skip
    labels = [v["label"] for layer in layers(pictures_of([both], "slices").vega) for v in layer["data"]["values"]]
    assert len(set(labels)) == len(labels) == 4


def test_what_the_results_have_no_rows_for_is_said():
    plain = run(result("mse", 1.0, "a"), result("mse", 2.0, "b"))
    with pytest.raises(
        UsageError, match="these results have no picture 'roc': they have no diagnostics of rows"
    ) as found:
        pictures_of([plain], "roc")
    assert found.value.hint == "they have models"
    with pytest.raises(UsageError, match="did you mean 'residuals'"):
        pictures_of([plain], "residual")


def test_suites_stand_beside_each_other():
    one, two = (run(result("mse", 1.0, "a"), result("mse", 2.0, name)) for name in "bc")
    assert len(pictures_of([one, two], "models").vega["concat"]) == 2


def test_files_are_what_their_names_say(plots, tmp_path):
    for suffix in (".json", ".vl.json"):
        plots["cancer roc"].save(tmp_path / f"roc{suffix}")
        assert json.loads((tmp_path / f"roc{suffix}").read_text()) == plots["cancer roc"].to_vega()
    plots["cancer roc"].save(tmp_path / "roc.SVG")
    assert (tmp_path / "roc.SVG").read_text() == plots["cancer roc"].svg


def test_without_the_extra_a_png_says_what_to_install(plots, monkeypatch, tmp_path):
    monkeypatch.setattr(picture_files, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match="a PNG needs vl-convert") as found:
        plots["cancer roc"].save(tmp_path / "roc.png")
    assert found.value.code == "USAGE_MISSING_PACKAGE" and "pip install 'losscli[plots]'" in str(found.value.hint)
    plots["cancer roc"].save(tmp_path / "roc.svg")


def test_the_command_says_so_before_a_row_is_read(monkeypatch, tmp_path, capfd):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(picture_files, "find_spec", lambda name: None)
    (tmp_path / "bad.csv").write_text("y,p\n1,abc\n")
    assert entry.run(["eval", "bad.csv", "-t", "y", "-p", "p", "-l", "bce", "-o", "plot:reliability=r.png"]) == 2
    out, err = capfd.readouterr()
    assert out == "" and "pip install 'losscli[plots]'" in err and "bad.csv" not in err


@pytest.mark.skipif(importlib.util.find_spec("vl_convert") is None, reason="needs the extra plots")
def test_png_and_specifications_are_drawn(plots, tmp_path, capfd):
    import vl_convert

    for at, (name, plot) in enumerate(plots.items()):
        plot.save(tmp_path / f"{at}.png")
        first = (tmp_path / f"{at}.png").read_bytes()
        plot.save(tmp_path / f"{at}.png")
        assert (tmp_path / f"{at}.png").read_bytes() == first, "the same bytes each time"
        drawings = plot._pictures.drawings
        assert first[:8] == b"\x89PNG\r\n\x1a\n" and struct.unpack(">II", first[16:24]) >= (
            2 * min(3, len(drawings)) * drawings[0].width,
            2 * drawings[0].height,
        )
        drawn = vl_convert.vegalite_to_svg(plot.to_vega(), show_warnings=True)
        assert "NaN" not in drawn and "undefined" not in drawn, name
    assert capfd.readouterr().err == "", "no warnings of Vega-Lite"
