"""A weight of 0 leaves a row out before its values are judged, in every reader and wherever rows go."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import losscli
from losscli.cli.entry import run
from losscli.errors import DataError

NAN, INF = float("nan"), float("inf")
UNACCEPTABLE = [NAN, INF, -INF, None]


def sources(table: dict, folder) -> dict:
    """One table in every reader."""
    arrow = pa.Table.from_pydict(table)
    pq.write_table(arrow, folder / "a.parquet")
    rows = [dict(zip(table, row, strict=True)) for row in zip(*table.values(), strict=True)]
    (folder / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    lines = [",".join("" if v is None else str(v) for v in row.values()) for row in rows]
    (folder / "a.csv").write_text("\n".join([",".join(table), *lines, ""]))
    files = {kind: str(folder / f"a.{kind}") for kind in ("csv", "jsonl", "parquet")}
    return {"memory": table, "arrow": arrow, "pandas": pd.DataFrame(table, dtype=object), **files}


@pytest.mark.parametrize("value", UNACCEPTABLE)
@pytest.mark.parametrize("column", ["y", "p"])
def test_values_of_such_rows_are_not_judged(column, value, tmp_path):
    table = {"y": [1.0, 1.0, 3.0], "p": [5.0, 2.0, 3.5], "w": [0, 1, 1]}
    table[column][0] = value
    for name, source in sources(table, tmp_path).items():
        report = losscli.evaluate(source, "mae", target="y", pred="p", weight="w")
        rows = json.loads(report.to_json())["rows"]
        assert (report[0].value, report[0].count, rows["used"], rows["weightless"]) == (0.75, 2, 2, 1), name


def test_cells_that_are_no_number_in_such_rows(tmp_path):
    text = "y,p,w\n1,x,0\n9007199254740993,2,0.0\n1,2,1\n3,1e999,0\n"
    (tmp_path / "a.csv").write_text(text)
    (tmp_path / "comma.csv").write_text("y;p;w\n1,5;2.5;0\n1,5;2,5;1,0\n")
    (tmp_path / "a.jsonl").write_text('{"y":1,"p":"x","w":0}\n{"y":1,"p":2,"w":1}\n')
    for name in ("a.csv", "a.jsonl"):
        assert losscli.evaluate(str(tmp_path / name), "mae", target="y", pred="p", weight="w")[0].value == 1.0
    args = ["--delimiter", ";", "--decimal", ",", "-t", "y", "-p", "p", "-l", "mae", "-w", "w"]
    assert run(["eval", str(tmp_path / "comma.csv"), *args]) == 0
    (tmp_path / "a.csv").write_text(text.replace("1,x,0", "1,x,2"))
    with pytest.raises(DataError, match="'x' is not a number") as raised:
        losscli.evaluate(str(tmp_path / "a.csv"), "mae", target="y", pred="p", weight="w")
    assert (raised.value.row, raised.value.line, raised.value.column) == (1, 2, "p")


def test_labels_and_domains_of_such_rows(tmp_path):
    table = {"y": ["no", "?", "yes", None], "p": [0.5, 0.5, 0.5, 7.0], "w": [1, 0, 1, 0]}
    for name, source in sources(table, tmp_path).items():
        found = losscli.evaluate(source, "bce", target="y", pred="p", positive="yes", weight="w")[0]
        assert (found.value, found.count) == (pytest.approx(np.log(2)), 2), name
    table = {"y": ["a", "zebra", "b"], "p_a": [0.5, 0.5, 0.5], "p_b": [0.5, NAN, 0.5], "w": [1, 0, 1]}
    for name, source in sources(table, tmp_path).items():
        for weights in ({}, {"class_weight": "balanced"}, {"class_weight": {"a": 1, "b": 2}}):
            found = losscli.evaluate(source, "cross_entropy", target="y", pred="p_*", weight="w", **weights)[0]
            assert (found.value, found.count) == (pytest.approx(np.log(2)), 2), (name, weights)


def test_groups_are_formed_of_the_other_rows():
    rng = np.random.default_rng(0)
    a, b, w = rng.standard_normal((9, 3)), rng.standard_normal((9, 3)), np.ones(9)
    w[[2, 5]] = 0
    a[2, 1] = NAN
    kept = w > 0
    columns = {"anchor": "a", "positive": "b"}
    for size in (None, 4):
        weighted = losscli.evaluate({"a": a, "b": b, "w": w}, "nt_xent", columns=columns, weight="w", batch_size=size)
        absent = losscli.evaluate({"a": a[kept], "b": b[kept]}, "nt_xent", columns=columns, batch_size=size)
        assert (weighted[0].value, weighted[0].count) == (absent[0].value, absent[0].count)
        slopes = losscli.gradient({"a": a, "b": b, "w": w}, "nt_xent", columns=columns, weight="w", batch_size=size)
        others = losscli.gradient({"a": a[kept], "b": b[kept]}, "nt_xent", columns=columns, batch_size=size)
        assert slopes["row"].tolist() == list(range(1, 10))
        assert slopes["a"][kept].tobytes() == others["a"].tobytes()
        assert not slopes["a"][~kept].any()


def test_gradients_of_such_rows_are_zero(tmp_path):
    table = {"y": [[0.0, 1.0]] * 5, "p": [[NAN, 0.0], [2.0, 1.0], [0.0, 0.0], None, [1.0, 1.0]], "w": [0, 1, 1, 0, 0]}
    pq.write_table(pa.table(table), tmp_path / "a.parquet", row_group_size=1)
    for source in (table, str(tmp_path / "a.parquet")):
        found = losscli.gradient(source, "mse", target="y", pred="p", weight="w")
        assert found["row"].tolist() == [1, 2, 3, 4, 5]
        assert found["p"].tolist() == [[0, 0], [1, 0], [0, -0.5], [0, 0], [0, 0]]


def test_slices_of_such_rows_alone_are_undefined_and_not_gone():
    table = {"y": [1.0, NAN, 2.0], "p": [2.0, 5.0, 2.0], "w": [1, 0, 0], "g": ["a", "b", "c"]}
    report = losscli.evaluate(table, "mae", target="y", pred="p", weight="w", by="g")
    assert {result.by["g"]: result.count for result in report if result.by} == {"a": 1, "b": 0, "c": 0}


def test_where_all_weights_are_zero(tmp_path, capfd):
    (tmp_path / "a.csv").write_text("y,p,w\n1,nan,0\n1,2,0\n")
    assert run(["eval", str(tmp_path / "a.csv"), "-t", "y", "-p", "p", "-l", "mae", "-w", "w"]) == 5
    assert "all weights are 0" in capfd.readouterr().err


def test_shards_leave_them_out(tmp_path, capfd):
    for part, value in enumerate(("nan", "3")):
        (tmp_path / f"{part}.csv").write_text(f"y,p,w\n1,{value},0\n1,2,1\n")
    args = ["eval", str(tmp_path), "-t", "y", "-p", "p", "-l", "mae", "-w", "w"]
    states = [str(tmp_path.parent / f"{tmp_path.name}.{number}") for number in (1, 2)]
    for number, state in enumerate(states, 1):
        assert run([*args, "--shard", f"{number}/2", "--state-out", state]) == 0
    capfd.readouterr()
    assert run(["merge", *states, "-q"]) == 0
    assert capfd.readouterr().out == "1.0\n"


def test_with_a_mean_over_all_rows_they_are_judged():
    table = {"y": [1.0, 1.0], "p": [NAN, 2.0], "w": [0, 1]}
    with pytest.raises(DataError, match="is NaN"):
        losscli.evaluate(table, "mae", target="y", pred="p", weight="w", divide_by="rows")
    table["p"][0] = 7.0
    assert losscli.evaluate(table, "mae", target="y", pred="p", weight="w", divide_by="rows")[0].value == 0.5


@pytest.mark.parametrize(("weight", "message"), [(NAN, "is NaN"), (None, "has no value"), (-1.0, "is negative")])
def test_weights_themselves_are_judged(weight, message):
    table = {"y": [1.0, 1.0, 1.0], "p": [NAN, 2.0, 2.0], "w": [0, 1, weight]}
    with pytest.raises(DataError, match=message) as raised:
        losscli.evaluate(table, "mae", target="y", pred="p", weight="w")
    assert raised.value.row == 3
