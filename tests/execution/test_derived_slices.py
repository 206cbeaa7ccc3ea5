"""Slices by derived labels wherever columns come from: joins, files of models, columns inside others, suites."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import losscli
from losscli.cli import entry

BY = ["ds:month", "age:3"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    rows = [
        (i, f"2024-{1 + i % 3:02d}-{1 + i % 28:02d}", i % 7, float(i % 5), float(i % 4), float(i % 3))
        for i in range(40)
    ]
    full = pd.DataFrame(rows, columns=["id", "ds", "age", "y", "a", "b"])
    monkeypatch.chdir(tmp_path)
    full.to_csv("full.csv", index=False)
    for name in "ab":
        full[["id", "ds", "age", "y", name]].rename(columns={name: "pred"}).to_csv(f"{name}.csv", index=False)
    full[["id", "a"]].to_csv("preds.csv", index=False)
    full[["id", "ds", "age", "y"]].to_csv("targets.csv", index=False)
    records = [{"doc": {"ds": ds, "age": age}, "y": y, "a": a} for _, ds, age, y, a, _ in rows]
    Path("nested.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    return tmp_path


def slices(report: Any, prefix: str = "", model: str | None = None) -> list[tuple[dict[str, str], float]]:
    return [({name.removeprefix(prefix): label for name, label in result.by.items()}, result.value)
            for result in report if result.by and model in (None, result.model)]  # fmt: skip


@pytest.mark.usefixtures("folder")
def test_they_are_the_same_wherever_the_columns_stand() -> None:
    expected = slices(losscli.evaluate("full.csv", "mse", target="y", pred="a", by=BY))
    frame = pd.read_csv("full.csv")
    error = (frame["y"] - frame["a"]) ** 2
    keys = [frame["ds"].str[:7], frame["age"].map(lambda age: "< 3" if age < 3 else ">= 3")]
    assert [value for _, value in expected] == pytest.approx(error.groupby(keys).mean().tolist(), rel=1e-15)
    joined = {"targets": "targets.csv", "on": "id", "target": "y", "pred": "a"}
    assert slices(losscli.evaluate("preds.csv", "mse", by=BY, **joined)) == expected
    prefixed = losscli.evaluate("preds.csv", "mse", by=[f"targets.{one}" for one in BY], **joined)
    assert slices(prefixed, "targets.") == expected
    nested = losscli.evaluate("nested.jsonl", "mse", target="y", pred="a", by=[f"doc.{one}" for one in BY])
    assert slices(nested, "doc.") == expected
    models = losscli.compare({"A": "a.csv", "B": "b.csv"}, "mse", target="y", pred="pred", on="id", by=BY)
    assert slices(models, model="A") == expected
    assert [one.by for one in models.comparisons[1:]] == [by for by, _ in expected]
    quantiles = losscli.compare({"A": "a.csv", "B": "b.csv"}, "mse", target="y", pred="pred", on="id",
                                by="age:quantile=3")  # fmt: skip
    assert {name for by, _ in slices(quantiles) for name in by} == {"age:2|4"}


@pytest.mark.usefixtures("folder")
def test_a_column_may_be_cut_and_be_more_than_that() -> None:
    report = losscli.evaluate("full.csv", "mse", target="age", pred="y", by=["age", "age:3"], where="age != 6")
    assert [by["age:3"] for by, _ in slices(report)] == ["< 3"] * 3 + [">= 3"] * 3
    between = losscli.evaluate("full.csv", "mse", target="y", pred="a", by="age:3", between="age:3=< 3", cluster="ds")
    differences = [result.between for result in between if result.by]
    assert [one is None for one in differences] == [True, False]


SUITE = """
[suites.months]
sources = ["full.csv"]
target = "y"
pred = "a"
losses = "mse"
by = ["ds:month"]
gates = ["mse<=100 by ds:month"]
baseline = "months.json"
baseline-missing = "create"

[[suites.months.gate]]
loss = "mse"
max-regression = "10%"
slice = "ds:month"

[suites.ages]
sources = ["full.csv"]
target = "y"
pred = "a"
losses = "mse"
by = ["age:EDGES"]
gates = ["mse<=baseline by age:EDGES"]
baseline = "ages.json"
baseline-missing = "create"
"""


@pytest.mark.usefixtures("folder")
def test_suites_and_their_baselines_take_them(capsys: pytest.CaptureFixture[str]) -> None:
    def check(edges: str, missing: str = "error") -> tuple[int, str]:
        Path("losscli.toml").write_text(SUITE.replace("EDGES", edges).replace('"create"', f'"{missing}"'))
        code = entry.run(["check", "-f", "plain"])
        return code, capsys.readouterr().err

    assert check("3", "create")[0] == 0
    assert check("3")[0] == 0
    months = json.loads(Path("months.json").read_text())["results"]
    assert [one["by"].get("ds:month") for one in months] == [None, "2024-01", "2024-02", "2024-03"]
    code, said = check("2")
    assert code == 4, said
    assert "the baseline has no such number" in said
    code, said = check("quantile=2")  # the quantile is 3, so these are the slices of the baseline
    assert code == 0, said
    assert "age:3" in said
