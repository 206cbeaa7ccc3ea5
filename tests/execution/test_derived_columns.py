"""Derived columns in whole runs: the command line and Python, threads, models with files, suites, and baselines."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import losscli
from losscli.cli.entry import run
from losscli.errors import DataError, UsageError
from losscli.execution.python_run import prepared
from losscli.io import batches
from losscli.io.formats import parquet

RNG = np.random.default_rng(3)
DATA: dict[str, Any] = {
    "y": RNG.integers(0, 2, 60), "pct": np.round(RNG.random(60) * 100, 3), "w": RNG.integers(0, 3, 60),
    "logits": RNG.standard_normal((60, 3)) * 4, "k": RNG.integers(0, 3, 60),
    "g": np.array([" A", "a", "B ", "b"])[RNG.integers(0, 4, 60)],
}  # fmt: skip
LET = {"p": "pct / 100", "z": "logits / 1.5", "s": "softmax(z)", "place": "lower(trim(g))", "heavy": "w * 2"}


def softmax(x: Any) -> Any:
    grown = np.exp(x - x.max(axis=1, keepdims=True))
    return grown / grown.sum(axis=1, keepdims=True)


def values(report: losscli.Report) -> list[tuple[str, dict[str, str], float]]:
    return [(result.spec, dict(result.by), result.value) for result in report]


BY_HAND = {**DATA, "p": DATA["pct"] / 100, "s": softmax(DATA["logits"] / 1.5), "heavy": DATA["w"] * 2.0,
           "place": np.char.lower(np.char.strip(DATA["g"]))}  # fmt: skip


@pytest.mark.parametrize("size", [None, 1, 7])
def test_a_derived_column_is_what_a_column_would_be(size: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    if size is not None:
        monkeypatch.setattr(batches, "BATCH_ROWS", size)
    for settings in (
        {"losses": "bce", "target": "y", "pred": "p", "by": "place", "weight": "heavy", "cluster": "place"},
        {"losses": "cross_entropy", "target": "k", "pred": "s", "where": "heavy > 0 and place == 'a'"},
    ):
        report = losscli.evaluate(DATA, **settings, let=LET)
        assert values(report) == values(losscli.evaluate(BY_HAND, **settings))
        assert values(losscli.evaluate(DATA, **settings, let=[f"{k} = {v}" for k, v in LET.items()])) == values(report)
    names = {"p": "pct / 100", "b": "bce"}
    rows = losscli.row_values(DATA, "bce", target="y", pred="p", let={"p": names["p"]})["p/bce"]
    assert rows.tobytes() == losscli.row_values(BY_HAND, "bce", target="y", pred="p")["p/bce"].tobytes()
    slope = losscli.gradient(DATA, "brier", target="y", pred="p", let={"p": names["p"]})["p"]
    assert slope.tobytes() == losscli.gradient(BY_HAND, "brier", target="y", pred="p")["p"].tobytes()


def test_threads_and_formats_give_the_same_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "SPLIT_ROWS", 9)
    flat = {name: column for name, column in DATA.items() if name != "logits"}
    pq.write_table(pa.table(flat), tmp_path / "a.parquet", row_group_size=9)
    lines = [",".join(map(str, row)) for row in zip(*(column.tolist() for column in flat.values()), strict=True)]
    (tmp_path / "a.csv").write_text("\n".join([",".join(flat), *lines, ""]))
    settings = {"target": "y", "pred": "p", "by": "place", "weight": "heavy", "where": "p < 0.9"}
    let = {name: LET[name] for name in ("p", "place", "heavy")}
    found = [json.loads(losscli.evaluate(str(tmp_path / name), "bce", **settings, let=let, threads=n).to_json())
             for name in ("a.csv", "a.parquet") for n in (1, 2)]  # fmt: skip
    assert all(one["results"] == found[0]["results"] for one in found)
    assert found[0]["let"] == ["p = pct / 100", "place = lower(trim(g))", "heavy = w * 2"]
    assert found[0]["results"][0]["signature"].endswith("|let=p = pct / 100; place = lower(trim(g)); heavy = w * 2")


def test_rows_that_are_left_out_are_not_judged() -> None:
    data = {"y": [1.0, 2.0, 3.0], "p": ["1", "x", "2"], "w": [1, 1, 0], "n": [1, 0, 1]}
    with pytest.raises(DataError, match=r"'x' is not a number \(in q = p \* 2\)") as raised:
        losscli.evaluate(data, "mse", target="y", pred="q", let="q = p * 2")
    assert (raised.value.row, raised.value.column, raised.value.value) == (2, "p", "x")
    kept = losscli.evaluate(data, "mse", target="y", pred="q", let="q = p * 2", where="n == 1")
    assert kept["mse"].value == (1 + 1) / 2
    weights = {**data, "w": [1, 0, 1]}
    assert losscli.evaluate(weights, "mse", target="y", pred="q", let="q = p * 2", weight="w")["mse"].value == 1.0


def test_models_with_files_have_derived_columns_each(tmp_path: Path) -> None:
    for name, shift in (("a", 0), ("b", 25)):
        rows = [f"{key},{key / 4},{key * 25 + shift}" for key in range(1, 4)]
        (tmp_path / f"{name}.csv").write_text("\n".join(["id,y,pct", *rows, ""]))
    files = {name: str(tmp_path / f"{name}.csv") for name in "ab"}
    settings = {"target": "t", "pred": "p", "on": "id", "let": ["t = y * 2", "p = pct / 50", "late = id > 1"]}
    report = losscli.compare(files, "mae", **settings, where="late == true", by="late")
    assert [(one.model, one.value) for one in report if not one.by] == [("a", 0.0), ("b", 0.5)]
    assert all(one.signature.endswith("|let=t = y * 2; p = pct / 50; late = id > 1") for one in report)
    truth = tmp_path / "t.csv"
    truth.write_text("id,y\n3,75\n1,25\n2,50\n")
    both = losscli.evaluate(files["a"], "mae", targets=str(truth), on="id", target="t", pred="p",
                            let=["t = targets.y / 100", "p = pct / 100 + preds.y * 0"])  # fmt: skip
    assert both["mae"].value == 0.0
    with pytest.raises(UsageError, match="'k' is derived"):
        losscli.evaluate(files["a"], "mae", targets=str(truth), on="k", target="y", pred="pct", let="k = id + 1")


def test_a_column_and_a_derived_column_of_one_name() -> None:
    with pytest.raises(DataError, match="'p' is a column of the data, and it is derived, too: p = q / 2"):
        losscli.evaluate({"y": [1.0], "p": [1.0], "q": [2.0]}, "mse", target="y", pred="p", let="p = q / 2")
    with pytest.raises(DataError, match=r"no column 'r' \(in z = r / 2\)"):
        losscli.evaluate({"y": [1.0], "q": [2.0]}, "mse", target="y", pred="z", let="z = r / 2")
    with pytest.raises(UsageError, match="no column of the data is used: p = 2; t = 1"):
        losscli.evaluate({"y": [1.0]}, "mse", target="t", pred="p", let=["t = 1", "p = 2"])
    run = prepared({"source": {"y": [1.0]}, "losses": "mse", "target": "y", "pred": "p", "let": ["p = y", "q = y / 2"]})
    assert run.notes == ("q = y / 2 is not used",)
    assert pickle.loads(pickle.dumps(run.plan)).derived.lets["q"].text == "q = y / 2"


def test_a_baseline_of_another_expression_is_not_comparable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.csv").write_text("y,pct\n0.5,60\n0.25,20\n")
    Path("losscli.toml").write_text(
        '[defaults]\nsources = "a.csv"\ntarget = "y"\npred = "p"\nlosses = "mae"\nbaseline = "base.json"\n'
        'gates = "mae<=baseline"\n[suites.same]\nlet = {p = "pct / 100"}\n[suites.other]\nlet = ["p = pct / 101"]\n'
    )
    assert run(["eval", "a.csv", "-t", "y", "-p", "p", "-l", "mae", "--let", "p=pct/100", "-o", "base.json"]) == 0
    capfd.readouterr()
    assert run(["check", "same"]) == 0
    assert run(["check", "other"]) == 3
    assert "--let is p = pct / 101 here, p = pct / 100 in the baseline" in capfd.readouterr().err
    Path("losscli.toml").write_text('[suites.a]\nsources = "a.csv"\nlosses = "mae"\nlet = ["p = pct /"]\n')
    assert run(["check"]) == 2
    assert "invalid expression at position 10" in (err := capfd.readouterr().err)
    assert "losscli.toml:4" in err
