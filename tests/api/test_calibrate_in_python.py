"""Calibration from Python: what it finds is what the command finds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import losscli
from losscli.cli import entry
from losscli.errors import DataError, UsageError

SAMPLE = Path(__file__).parents[2] / "sample_data"
GIVEN: dict[str, Any] = {"target": "malignant", "pred": "logistic_p"}


@pytest.fixture(scope="module")
def found() -> losscli.Calibration:
    return losscli.calibrate(str(SAMPLE / "cancer.csv"), ["bce", "brier"], **GIVEN)


def test_it_is_what_the_command_prints(
    found: losscli.Calibration, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [str(SAMPLE / "cancer.csv"), "-t", "malignant", "-p", "logistic_p", "-l", "bce", "-l", "brier"]
    monkeypatch.chdir(tmp_path)
    assert entry.run(["calibrate", *words, "-f", "json", "--map", "map.json", "-o", "new.csv"]) == 0
    printed = json.loads(capsys.readouterr().out)
    mine = json.loads(found.to_json())
    assert mine["map"] == printed["map"] and mine["descent"] == printed["descent"]
    assert mine["report"]["results"] == printed["report"]["results"]
    found.save("mine.json")
    assert Path("mine.json").read_bytes() == Path("map.json").read_bytes()
    rows = np.loadtxt("new.csv", delimiter=",", skiprows=1)
    np.testing.assert_array_equal(rows.T, [found.predictions["row"], found.predictions["logistic_p"]])


def test_losses_before_and_after_have_intervals(found: losscli.Calibration) -> None:
    assert found.report is not None and found.descent is not None and found.miscalibration is not None
    before, after = (found.report.find("bce", model=name) for name in ("logistic_p", "logistic_p calibrated"))
    assert after.value < before.value and before.interval is not None and after.interval is not None
    assert found.report.comparisons[0].difference == after.value - before.value and found.miscalibration.p < 0.05
    assert found.parameters == dict(found.descent.steps[-1].parameters)
    assert found.sentences[0] in repr(found)
    assert "Descent of bce by platt" in found.to_html()
    assert "malignant" not in found._repr_html_() and "calibrated" in found._repr_html_()


def test_a_map_is_applied_to_rows_without_a_target(found: losscli.Calibration, tmp_path: Path) -> None:
    found.save(tmp_path / "map.json")
    p = found.parameters
    given = np.array([0.2, 0.5, 0.9])
    want = 1 / (1 + np.exp(-(p["slope"] * np.log(given / (1 - given)) + p["bias"])))
    for one in (found, found.map, tmp_path / "map.json"):
        applied = losscli.calibrate({"q": given}, apply=one, pred="q")
        np.testing.assert_allclose(applied.predictions["q"], want, rtol=1e-14)
        assert applied.report is None and applied.descent is None and applied._repr_html_() == ""
    scored = losscli.calibrate({"q": given, "y": [0.0, 1.0, 1.0]}, "brier", apply=found, pred="q", target="y")
    assert scored.report is not None
    np.testing.assert_allclose(scored.report[1].value, np.mean((want - [0, 1, 1]) ** 2), rtol=1e-13)
    assert scored.miscalibration is None


def test_what_is_asked_for_in_vain_is_an_error(found: losscli.Calibration) -> None:
    table = {"y": [0.0, 1.0, 1.0] * 10, "p": [0.5, 0.25, 0.75] * 10}
    with pytest.raises(TypeError, match="unexpected keyword argument 'by'"):
        losscli.calibrate(table, "bce", target="y", pred="p", by="y")
    with pytest.raises(UsageError, match="takes no method"):
        losscli.calibrate(table, apply=found, method="platt", pred="p")
    with pytest.raises(UsageError):
        losscli.calibrate(table, target="y", pred="p")
    with pytest.raises(DataError, match="no end"):
        losscli.calibrate({"y": [0.0, 1.0] * 20, "p": [0.25, 0.75] * 20}, "bce", target="y", pred="p")
