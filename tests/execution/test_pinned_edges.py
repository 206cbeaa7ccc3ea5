"""Slices by quantiles: edges of a first pass over the used rows, and the numbers of a run with these edges."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import losscli
from losscli.aggregate import order_statistics
from losscli.errors import DataError, EmptyError, LosscliError, UsageError
from losscli.execution.engines.threads import Threads
from losscli.execution.python_run import prepared
from losscli.execution.shards import score
from losscli.execution.state_file import Shard

HOW: dict[str, Any] = {"target": "y", "pred": "p"}


def table(rows: int = 401) -> dict[str, Any]:
    rng = np.random.default_rng(2)
    age = rng.normal(40, 15, rows)
    age[::9] = np.nan
    return {"age": age, "few": rng.integers(0, 9, rows), "w": rng.integers(0, 2, rows), "g": rng.integers(0, 2, rows),
            "y": rng.normal(size=rows), "p": np.where(np.arange(rows) % 11, rng.normal(size=rows), np.nan)}  # fmt: skip


def quantiles(values: np.ndarray, parts: int) -> list[float]:
    """The definition: floor(n i / parts) numbers stand before the i-th edge; edges that part nothing are left out."""
    ordered = sorted(values[~np.isnan(values)].tolist())
    edges = {ordered[len(ordered) * part // parts] for part in range(1, parts)}
    return sorted(edge for edge in edges if edge > ordered[0])


def key_of(report: Any) -> str:
    return next(name for result in report for name in result.by)


@pytest.mark.parametrize("parts", [2, 4, 10])
@pytest.mark.parametrize("column", ["age", "few"])
def test_the_edges_are_quantiles_of_the_used_rows(column: str, parts: int, tmp_path: Path) -> None:
    data = table()
    pq.write_table(pa.table(data), tmp_path / "a.parquet", row_group_size=50)
    used = ~np.isnan(data["p"]) & (data["w"] > 0) & (data["g"] == 1)
    edges = quantiles(np.asarray(data[column], float)[used], parts)
    how = {**HOW, "losses": ["mse", "mae"], "where": "g == 1", "weight": "w", "nan": "drop"}
    pinned = f"{column}:{'|'.join(f'{edge:.17g}' if edge % 1 else str(int(edge)) for edge in edges)}"
    for source in (data, str(tmp_path / "a.parquet")):
        report = losscli.evaluate(source, by=f"{column}:quantile={parts}", **how)
        written = key_of(report)
        assert [float(text) for text in written.partition(":")[2].split("|")] == edges
        assert len(pinned.split("|")) == len(edges)
        notes = [w.message for w in report.evaluation.warnings if w.kind == "note"]
        fewer = "" if len(edges) == parts - 1 else f" ({len(edges)} edges, as quantiles are equal)"
        expected = f"the slices of --by '{column}:quantile={parts}' are those of --by '{written}', which pins them"
        assert notes == [expected + fewer]
        again = losscli.evaluate(source, by=written, **how)
        assert json.loads(again.to_json())["results"] == json.loads(report.to_json())["results"]


def test_slices_have_equal_numbers_of_rows() -> None:
    data = {"age": np.random.default_rng(3).permutation(1003) / 7, "y": np.ones(1003), "p": np.zeros(1003)}
    report = losscli.evaluate(data, "mse", by="age:quantile=5", **HOW)
    assert [result.count for result in report] == [1003, 200, 201, 200, 201, 201]


def test_many_distinct_numbers_take_more_passes_and_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    data = table()
    how = {**HOW, "losses": "mse", "nan": "drop", "by": ["age:quantile=4", "few:quantile=3"]}
    expected = losscli.evaluate(data, **how).to_json()
    passes: list[int] = []
    update = order_statistics.ValueCounts.update

    def coarse(self: Any, values: Any) -> None:
        self.most = 20
        passes.append(len(self.within))
        update(self, values)

    monkeypatch.setattr(order_statistics.ValueCounts, "update", coarse)
    assert losscli.evaluate(data, **how).to_json() == expected
    assert len(passes) > 2


def test_threads_chunks_and_comparisons_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pq.write_table(pa.table({**table(), "q": np.arange(401) / 100}), tmp_path / "a.parquet", row_group_size=30)
    path = str(tmp_path / "a.parquet")
    how = {"target": "y", "losses": "mse", "nan": "drop", "by": "age:quantile=3", "permutations": 200}
    reports = set()
    for threads, chunk in ((1, "1000"), (2, "7")):
        monkeypatch.setenv("LOSSCLI_CHUNK_ROWS", chunk)
        report = losscli.compare(path, pred={"a": "p", "b": "q"}, threads=threads, **how)
        assert [one.by for one in report.comparisons[1:]] == [result.by for result in list(report)[1:5]]
        reports.add(report.to_json())
    assert len(reports) == 1


def test_gates_and_differences_use_them() -> None:
    from losscli.gates.grammar import ModelLoss, bind, parse_gate
    from losscli.gates.verdicts import evaluate_gates

    data = table()
    report = losscli.evaluate(data, "mse", by="few:quantile=2", between="rest", nan="drop", **HOW)
    assert all(result.between is not None for result in list(report)[1:])
    gate = parse_gate("mse<=0.5 by few:quantile=2")
    run = [ModelLoss(report[0].model, "mse", "mse", "lower")]
    judged = evaluate_gates(report.evaluation, bind([gate], run, ("few:quantile=2",), str))
    assert [one.by for one in judged.gates] == [result.by for result in list(report)[1:]]
    with pytest.raises(UsageError, match="whose edges are not known yet"):
        losscli.evaluate(data, "mse", by="few:quantile=2", between=r"few:quantile\=2=< 4", nan="drop", **HOW)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([5.0, 5.0, 5.0, 5.0, 9.0], "the quantiles of its numbers are all 5"),
        ([np.nan] * 5, "no used row has a number in it"),
        ([1.0, 2.0, np.inf, np.inf, np.inf], "a quantile of its numbers is infinite"),
    ],
)
def test_numbers_without_quantiles_are_refused(values: list[float], message: str) -> None:
    data = {"age": values, "y": [1.0] * 5, "p": [2.0] * 5}
    with pytest.raises(DataError) as caught:
        losscli.evaluate(data, "mse", by="age:quantile=2", **HOW)
    assert caught.value.message == f"column 'age' makes no slices by 'age:quantile=2': {message}"
    assert "--by 'age:18|65'" in str(caught.value.hint)
    with pytest.raises(EmptyError):
        losscli.evaluate(data, "mse", by="age:quantile=2", where="y > 1", **HOW)


def test_data_that_is_read_once_is_refused() -> None:
    reader = pa.table({"age": [1.0, 2.0], "y": [1.0, 2.0], "p": [1.0, 2.0]}).to_reader()
    with pytest.raises(UsageError) as caught:
        losscli.evaluate(reader, "mse", by="age:quantile=2", **HOW)
    assert caught.value.message == (
        "--by 'age:quantile=2' reads the data twice, and a RecordBatchReader can be read only once"
    )


def test_a_shard_refuses_them(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("age,y,p\n1,2,3\n2,3,4\n")
    run = prepared({"source": [str(path)], "losses": "mse", "by": "age:quantile=2", **HOW})
    with pytest.raises(UsageError, match="the quantiles of --by 'age:quantile=2' are those of all"):
        score(run, Shard(1, 2), Threads(1))


def test_a_column_of_that_name_wins_and_bad_cells_are_told() -> None:
    data = {"age:quantile=2": ["a", "b"], "age": ["x", "2"], "y": [1.0, 2.0], "p": [1.0, 3.0]}
    report = losscli.evaluate(data, "mse", by="age:quantile=2", **HOW)
    assert [result.by.get("age:quantile=2") for result in report] == [None, "a", "b"]
    del data["age:quantile=2"]
    with pytest.raises(LosscliError, match="column 'age' holds text"):
        losscli.evaluate(data, "mse", by="age:quantile=2", **HOW)
    for count in ("0", "1", "1001", "99999999999999999999"):
        with pytest.raises(UsageError, match="quantiles make 2 to 1000 slices"):
            losscli.evaluate(data, "mse", by=f"age:quantile={count}", **HOW)
