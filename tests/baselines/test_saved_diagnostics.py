"""The diagnostics of a saved report are read as they were written, and `diff` draws them; whatever else is refused."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import numpy as np
import pytest

import losscli
from losscli.baselines.report_file import read_report
from losscli.cli import entry
from losscli.errors import DataError
from losscli.report.json_diagnostics import diagnostics_object

DRAW = np.random.default_rng(8)
P = DRAW.uniform(size=50)
TABLE = {"y": (DRAW.uniform(size=50) < P).astype(float), "p": P, "c": DRAW.normal(size=50)}


@pytest.fixture(scope="module")
def saved() -> dict:
    report = losscli.evaluate(TABLE, ["bce", "roc_auc", "f1", "mse"], target="y", pred={"m": "p"}, diagnostics=True)
    return report.to_dict()


def read(document: dict, folder: Path) -> losscli.Report:
    (folder / "new.json").write_text(json.dumps(document))
    return losscli.Report(read_report(str(folder / "new.json")))


def test_they_are_read_as_they_were_written(saved: dict, tmp_path: Path) -> None:
    found = read(saved, tmp_path).evaluation.diagnostics
    assert found is not None and diagnostics_object(found) == saved["diagnostics"]
    report = losscli.evaluate(TABLE, ["bce", "roc_auc"], target="y", pred={"m": "p"}, diagnostics=True)
    again = read(report.to_dict(), tmp_path)
    assert again.plot("reliability").svg == report.plot("reliability").svg


def without(document: dict) -> None:
    del document["diagnostics"]["losses"][0]["count"]


def set_to(value: object, *path: str | int):
    def change(document: dict) -> None:
        at = document["diagnostics"]
        for step in path[:-1]:
            at = at[step]
        at[path[-1]] = value

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (without, r"diagnostics.losses\[0\] has no 'count'"),
        (set_to("1", "losses", 0, "count"), r"diagnostics.losses\[0\].count is not"),
        (set_to(True, "losses", 0, "count"), r"diagnostics.losses\[0\].count is not"),
        (set_to(-1, "losses", 0, "count"), "is not a count"),
        (set_to(10**400, "losses", 0, "quantiles", "0.5"), "is too large"),
        (set_to([], "reliability", 0), r"diagnostics.reliability\[0\] is not"),
        (set_to("x", "confusion", 0, "counts", 0, 0), r"counts\[0\]\[0\] is not"),
        (set_to(1, "losses", 0, "model"), "model is not"),
        (set_to(None, "losses"), "diagnostics.losses is not"),
    ],
)
def test_what_is_no_diagnostics_is_refused(saved: dict, change, message: str, tmp_path: Path) -> None:
    document = copy.deepcopy(saved)
    change(document)
    with pytest.raises(DataError, match=message):
        read(document, tmp_path)


def test_a_number_that_was_not_finite_is_nan(saved: dict, tmp_path: Path) -> None:
    document = copy.deepcopy(saved)
    document["diagnostics"]["curves"][0]["points"][0]["threshold"] = None
    found = read(document, tmp_path).evaluation.diagnostics
    assert found is not None and np.isnan(found.curves[0].points[0].threshold)


def test_diff_draws_results_beside_the_baseline_and_rows_of_the_newer_one(saved, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    old = copy.deepcopy(saved)
    del old["diagnostics"]
    for name, document in {"old": old, "new": saved}.items():
        Path(f"{name}.json").write_text(json.dumps(document))
    assert entry.run(["diff", "old.json", "new.json", "-q", "-o", "d.html", "-o", "plot:models=m.json"]) == 0
    page = Path("d.html").read_text()
    assert "Reliability of m" in page and "ring: baseline" in page and "no pictures of rows" not in page
    rings = [one["data"]["values"] for view in json.loads(Path("m.json").read_text())["concat"]
             for one in view["layer"] if one["mark"].get("filled") is False]  # fmt: skip
    assert [one[0]["value"] for one in rings] == [one["value"] for one in old["results"]]
    assert entry.run(["diff", "new.json", "old.json", "-q", "-o", "d.html"]) == 0
    assert "There are no pictures of rows" in Path("d.html").read_text()
    capfd.readouterr()
    for number in ("losses", "reliability"):
        broken = copy.deepcopy(saved)
        broken["diagnostics"][number][0]["bins"] = [{"low": 0.0, "high": 0.0, "count": 0}]
        broken["diagnostics"][number][0]["quantiles"] = {}
        Path("bad.json").write_text(json.dumps(broken))
        assert entry.run(["diff", "old.json", "bad.json", "-q", "-o", "bad.html"]) == 3
        out, err = capfd.readouterr()
        assert out == "" and "error: the diagnostics of the report contradict themselves" in err
        assert not Path("bad.html").exists()


def test_a_page_of_merged_shards_says_what_it_has_not(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    Path("d.csv").write_text("y,a,b,g\n1,1,2,u\n2,2,4,v\n3,5,3,v\n")
    words = ["eval", "d.csv", "-t", "y", "-p", "a", "-p", "b", "-l", "mse", "--by", "g"]
    assert entry.run([*words, "--shard", "1/1", "--state-out", "s.json", "-q"]) == 0
    assert entry.run(["merge", "s.json", "-q", "-o", "m.html", "-o", "plot:slices=s.svg"]) == 0
    page = Path("m.html").read_text()
    assert "There are no pictures of rows" in page and "mse by model" in page and "mse of a by slice" in page
    assert Path("s.svg").read_text().count("by slice") == 4  # two titles, shown and for readers of screens
