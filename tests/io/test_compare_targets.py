"""Models in files of their own, whose targets are in another file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import losscli
from losscli.errors import DataError

A = {"id": [3, 1, 2, 4], "p": [3.5, 1.0, 4.0, 9.0], "g": ["u", "u", "v", "v"]}
B = {"p": [4.0, 2.0, 2.0, 9.0], "id": [1, 2, 3, 4], "g": ["u", "v", "u", "v"]}
T = {"id": [1, 2, 3, 4], "y": [2.0, 3.0, 3.0, 8.0], "h": ["s", "s", "t", "t"]}
# |p - y| by id: a 1, 1, 0.5, 1; b 2, 1, 1, 1


@pytest.mark.parametrize("form", ["memory", "csv", "parquet"])
def test_the_target_is_found_in_the_targets(tmp_path: Path, form: str) -> None:
    def given(name: str, table: Any) -> Any:
        path = tmp_path / f"{name}.{form}"
        if form == "csv":
            pd.DataFrame(table).to_csv(path, index=False)
        elif form == "parquet":
            pd.DataFrame(table).to_parquet(path)
        return table if form == "memory" else str(path)

    source, targets = {"a": given("a", A), "b": given("b", B)}, given("t", T)
    report = losscli.compare(source, "mae", target="y", pred="p", targets=targets, on="id")
    assert [(r.model, r.value) for r in report] == [("a", 3.5 / 4), ("b", 5 / 4)]
    assert report.comparisons[0].difference == 1.5 / 4
    assert report.evaluation.bindings["b"] == {"pred": ("b:p",), "target": ("y",)}
    by = losscli.compare(source, "mae", target="y", pred="p", targets=targets, on="id", by=["g", "h"])
    assert {tuple(r.by.values()): r.value for r in by if r.model == "b" and len(r.by) == 2}[("u", "t")] == 1.0
    alone = {name: losscli.evaluate(table, "mae", target="y", pred="p", targets=targets, on="id")["mae"].value
             for name, table in source.items()}  # fmt: skip
    assert alone == {r.model: r.value for r in report}
    renamed = losscli.compare(source, "mae", target="targets.y", pred="p", targets=targets, on={"id": "id"})
    assert [r.value for r in renamed] == [r.value for r in report]


def test_targets_with_other_keys_and_submissions_of_a_competition() -> None:
    solution = {"Id": [1, 2], "SalePrice": [1.0, 2.0], "Usage": ["Public", "Private"]}
    one, two = {"ID": [2, 1], "SalePrice": [3.0, 1.0]}, {"ID": [1, 2], "SalePrice": [5.0, 2.0]}
    report = losscli.compare({"one": one, "two": two}, "mae", targets=solution, on={"ID": "Id"}, by="Usage")
    assert {(r.model, r.by.get("Usage")): r.value for r in report}[("two", "Public")] == 4.0


def test_rows_that_are_in_one_file_only_are_counted_by_file() -> None:
    short, targets = {name: cells[:3] for name, cells in A.items()}, {name: cells[:3] for name, cells in T.items()}
    with pytest.raises(DataError, match="no match"):
        losscli.compare({"a": short, "b": B}, "mae", target="y", pred="p", targets=T, on="id")
    report = losscli.compare({"a": short, "b": B}, "mae", target="y", pred="p", targets=T, on="id", unmatched="drop")
    rows = report.evaluation.rows
    assert (rows.used, dict(rows.unmatched), rows.unmatched_predictions) == (3, {"'a'": 0, "'b'": 1, "targets": 1}, 1)
    report = losscli.compare({"a": A, "b": B}, "mae", target="y", pred="p", targets=targets, on="id", unmatched="drop")
    assert dict(report.evaluation.rows.unmatched) == {"'a'": 1, "'b'": 1, "targets": 0}
    both = {"a": short, "b": {name: cells[:3] for name, cells in B.items()}}
    some = losscli.compare(both, "mae", target="y", pred="p", targets=T, on="id", unmatched="drop-targets")
    assert dict(some.evaluation.rows.unmatched) == {"'a'": 0, "'b'": 0, "targets": 1}


def test_several_predictions_of_one_target_are_paired_by_what_tells_them_apart() -> None:
    one = {"id": [1, 1, 2, 2], "h": [1, 2, 1, 2], "p": [1.0, 2.0, 3.0, 4.0]}
    two = {"id": [2, 2, 1, 1], "h": [2, 1, 2, 1], "p": [4.0, 5.0, 2.0, 0.0]}
    targets = {"id": [1, 2], "y": [1.0, 3.0]}
    settings: dict[str, Any] = {"target": "y", "pred": "p", "targets": targets, "on": "id", "by": "h"}
    report = losscli.compare({"one": one, "two": two}, "mae", join="many-to-one", **settings)
    found = {(r.model, r.by["h"]): r.value for r in report if r.by}
    assert found == {("one", "1"): 0.0, ("two", "1"): 1.5, ("one", "2"): 1.0, ("two", "2"): 1.0}
    with pytest.raises(DataError, match="repeat"):
        losscli.compare({"one": one, "two": two}, "mae", **settings)


def test_a_target_that_no_file_has() -> None:
    with pytest.raises(DataError, match="no column 'q'"):
        losscli.compare({"a": A, "b": B}, "mae", target="q", pred="p", targets=T, on="id")
