"""Several predictions of one target: when they are in order, how they are told apart, and what is refused."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import losscli
from losscli.errors import DataError, LosscliError, UsageError
from losscli.io.join import repeats
from losscli.io.join.repeats import Occurrences, RowHashes, row_hashes

PREDS = {"id": ["a", "a", "b", "b", "c"], "h": [1, 2, 1, 2, 1], "p": [1.0, 2.0, 3.0, 5.0, 8.0]}
TARGETS = {"id": ["c", "b", "a"], "y": [8.0, 4.0, 1.0]}
SETTINGS: dict[str, Any] = {"target": "y", "pred": "p", "targets": TARGETS, "on": "id"}


def write(folder: Path, name: str, table: dict[str, Any], form: str) -> str:
    frame, path = pd.DataFrame(table), folder / f"{name}.{form}"
    if form == "parquet":
        frame.to_parquet(path, row_group_size=2)
    elif form == "jsonl":
        frame.to_json(path, orient="records", lines=True)
    else:
        frame.to_csv(path, index=False)
    return str(path)


def notes(report: losscli.Report) -> list[str]:
    return [warning.message for warning in report.evaluation.warnings if warning.kind == "note"]


@pytest.mark.parametrize("ours", ["csv", "parquet", "jsonl", "csv.gz", "memory"])
@pytest.mark.parametrize("theirs", ["csv", "memory"])
def test_a_used_column_tells_predictions_of_one_target_apart(tmp_path: Path, ours: str, theirs: str) -> None:
    source: Any = PREDS if ours == "memory" else write(tmp_path, "p", PREDS, ours)
    targets: Any = TARGETS if theirs == "memory" else write(tmp_path, "t", TARGETS, theirs)
    settings = {**SETTINGS, "targets": targets}
    report = losscli.evaluate(source, "mae", by="h", **settings)
    assert [r.value for r in report] == [3 / 5, 1 / 3, 1.0]
    assert notes(report) == ["many-to-one: 5 predictions of 3 targets, 1 to 2 of each"]
    assert report.evaluation.rows.used == 5
    every = losscli.evaluate(source, "mae", join="many-to-one", **settings)
    assert every["mae"].value == 3 / 5 and notes(every) == notes(report)
    for told in ({"cluster": "h"}, {"where": "h <= 2"}):
        assert losscli.evaluate(source, "mae", **told, **settings)["mae"].value == 3 / 5
    with pytest.raises(DataError, match="2 rows repeat a key of an earlier row: 'a', 'b'") as caught:
        losscli.evaluate(source, "mae", **settings)
    assert caught.value.row == 2 and "--join many-to-one" in (caught.value.hint or "")
    with pytest.raises(DataError, match="2 rows repeat a key"):
        losscli.evaluate(source, "mae", by="h", join="one-to-one", **settings)


def test_a_column_that_does_not_tell_them_apart() -> None:
    preds = {"id": ["a", "b", "a"], "h": [1, 1, 1], "p": [1.0, 2.0, 3.0]}
    targets = {"id": ["a", "b"], "y": [1.0, 2.0]}
    settings = {**SETTINGS, "targets": targets}
    with pytest.raises(DataError, match="1 row repeats the key and 'h' of an earlier row: 'a'") as caught:
        losscli.evaluate(preds, "mae", by="h", **settings)
    assert (caught.value.row, caught.value.code) == (3, "DATA_DUPLICATE_KEY")
    assert losscli.evaluate(preds, "mae", by="h", join="many-to-one", **settings)["mae"].value == 2 / 3
    # a column of the targets is the same for all predictions of one target, and tells nothing
    with pytest.raises(DataError, match="1 row repeats a key"):
        losscli.evaluate(preds, "mae", by="g", **{**settings, "targets": {**targets, "g": ["u", "v"]}})
    unique = losscli.evaluate({name: cells[:2] for name, cells in preds.items()}, "mae", by="h", **settings)
    assert notes(unique) == []


def test_a_file_that_was_appended_twice_is_refused(tmp_path: Path) -> None:
    text = "id,h,p\na,1,1\na,2,2\nb,1,3\n"
    once, twice = tmp_path / "once.csv", tmp_path / "twice.csv"
    once.write_text(text)
    twice.write_text(text + text.partition("\n")[2])
    settings: dict[str, Any] = {**SETTINGS, "targets": {"id": ["a", "b"], "y": [1.0, 2.0]}}
    assert losscli.evaluate(str(once), "mae", join="many-to-one", **settings)["mae"].value == 2 / 3
    with pytest.raises(DataError, match="3 rows are the same as an earlier row in every column: 'a', 'b'") as caught:
        losscli.evaluate(str(twice), "mae", join="many-to-one", **settings)
    assert (caught.value.path, caught.value.row, caught.value.line) == (str(twice), 4, 5)
    assert "appended twice" in (caught.value.hint or "")
    with pytest.raises(DataError, match="3 rows repeat the key and 'h'"):
        losscli.evaluate(str(twice), "mae", by="h", **settings)
    with pytest.raises(DataError, match="same as an earlier row"):  # the same file under two names
        (tmp_path / "more.csv").write_text(text)
        losscli.evaluate([str(once), str(tmp_path / "more.csv")], "mae", join="many-to-one", **settings)


def test_rows_that_differ_in_a_column_that_is_not_used_are_not_the_same() -> None:
    people = {"id": ["a", "a", "a"], "who": ["x", "y", "z"], "p": [1.0, 1.0, 2.0]}
    targets = {"id": ["a"], "y": [1.0]}
    settings = {**SETTINGS, "targets": targets, "join": "many-to-one"}
    assert losscli.evaluate(people, "mae", **settings)["mae"].value == 1 / 3
    with pytest.raises(DataError, match="1 row is the same as an earlier row in every column"):
        losscli.evaluate({**people, "who": ["x", "x", "z"]}, "mae", **settings)


def test_lists_texts_and_missing_cells_are_compared(tmp_path: Path) -> None:
    table = {"id": ["a", "a", "b", "b"], "p": [[0.5, 0.5], [0.25, 0.75], [0.5, 0.5], [0.5, 0.5]],
             "s": [{"x": 1}, {"x": 1}, {"x": 1}, {"x": 2}]}  # fmt: skip
    pq.write_table(pa.table(table), tmp_path / "p.parquet")
    settings: dict[str, Any] = {"target": "y", "pred": "p", "targets": {"id": ["a", "b"], "y": [0, 1]}, "on": "id",
                                "join": "many-to-one"}  # fmt: skip
    assert losscli.evaluate(str(tmp_path / "p.parquet"), "cross_entropy", **settings)["cross_entropy"].count == 4
    table["s"][3] = {"x": 1}
    pq.write_table(pa.table(table), tmp_path / "q.parquet")
    with pytest.raises(DataError, match="1 row is the same") as caught:
        losscli.evaluate(str(tmp_path / "q.parquet"), "cross_entropy", **settings)
    assert caught.value.row == 4


def test_keys_of_the_targets_are_unique_among_the_rows_that_the_filter_keeps() -> None:
    targets = {"id": ["a", "b", "a", "b"], "y": [9.0, 9.0, 1.0, 3.0], "split": ["train", "train", "test", "test"]}
    preds = {"id": ["a", "b"], "p": [1.0, 2.0]}
    settings = {**SETTINGS, "targets": targets}
    with pytest.raises(DataError, match="2 rows repeat a key of an earlier row"):
        losscli.evaluate(preds, "mae", **settings)
    for where in ("split == 'test'", "targets.split == 'test' and p < 5", "p > 0 and (split == 'test' or y == 3)"):
        report = losscli.evaluate(preds, "mae", where=where, **settings)
        assert (report["mae"].value, report.evaluation.rows.used, report.evaluation.rows.filtered) == (0.5, 2, 0)
    with pytest.raises(DataError, match="1 row repeats a key") as caught:
        losscli.evaluate(preds, "mae", where="y != 9 or split == 'train'",
                         **{**settings, "targets": {**targets, "id": ["a", "b", "c", "b"]}})  # fmt: skip
    assert "--where" in (caught.value.hint or "")
    with pytest.raises(DataError, match="repeat"):  # a condition on both sides is judged when the rows are joined
        losscli.evaluate(preds, "mae", where="split == 'test' or p > 100", **settings)


def test_predictions_that_the_filter_leaves_out_may_repeat_a_key_and_lack_a_target() -> None:
    preds = {"id": ["a", "a", "b", "x"], "split": ["train", "test", "test", "train"], "p": [1.0, 2.0, 3.0, 4.0]}
    targets = {"id": ["a", "b"], "y": [1.0, 1.0]}
    settings = {**SETTINGS, "targets": targets}
    report = losscli.evaluate(preds, "mae", where="split == 'test'", **settings)
    rows = report.evaluation.rows
    assert (report["mae"].value, rows.used, rows.filtered, rows.read, dict(rows.unmatched)) == (
        1.5, 2, 2, 4, {"predictions": 0, "targets": 0},
    )  # fmt: skip
    assert notes(report) == [] and [source.rows for source in report.evaluation.sources] == [4]
    with pytest.raises(DataError, match="no match"):
        losscli.evaluate(preds, "mae", where="p != 1", **settings)
    one = losscli.evaluate(preds, "mae", where="split == 'test'", join="one-to-one", **settings)
    assert one["mae"].value == 1.5


def test_row_values_have_key_and_row(tmp_path: Path) -> None:
    found = losscli.row_values(PREDS, "mae", join="many-to-one", **SETTINGS)
    assert found["id"] == ["a", "a", "b", "b", "c"] and found["row"].tolist() == [1, 2, 3, 4, 5]
    assert found["p/mae"].tolist() == [0.0, 1.0, 1.0, 1.0, 0.0]


def test_bootstrap_resamples_rows_and_not_keys() -> None:
    """Rows of one key are units of their own, and a row that is the only one of its key is the unit it always was."""
    rng = np.random.default_rng(7)
    ids = [str(i) for i in range(200)]
    targets = {"id": ids, "y": np.zeros(200)}
    preds = {"id": ids * 2, "h": [1] * 200 + [2] * 200, "p": rng.normal(size=400)}
    settings: dict[str, Any] = {"target": "y", "pred": "p", "targets": targets, "on": "id", "bootstrap": 2000}
    joined = losscli.evaluate(preds, "mse", join="many-to-one", **settings)["mse"]
    alone = losscli.evaluate({**preds, "y": np.zeros(400)}, "mse", target="y", pred="p", bootstrap=2000)["mse"]
    by_key = losscli.evaluate(preds, "mse", join="many-to-one", cluster="targets.id", **settings)["mse"]
    assert joined.interval is not None and alone.interval is not None and by_key.interval is not None
    widths = [r.interval[1] - r.interval[0] for r in (joined, alone, by_key)]
    assert widths[0] == pytest.approx(widths[1], rel=0.1)
    half = {name: cells[:200] for name, cells in preds.items()}
    one = losscli.evaluate(half, "mse", join="one-to-one", **settings)["mse"].interval
    many = losscli.evaluate(half, "mse", join="many-to-one", **settings)["mse"].interval
    assert one == many


@pytest.mark.parametrize("threads", [1, 2])
def test_threads_chunks_and_order_change_no_bit(tmp_path: Path, monkeypatch: Any, threads: int) -> None:
    rng = random.Random(3)
    ids = [f"k{i}" for i in range(300)]
    rows = [{"id": i, "h": h, "p": rng.uniform(0, 1)} for i in ids for h in range(7)]
    targets = {"id": ids[::-1], "y": [rng.uniform(0, 1) for _ in ids]}
    settings = {**SETTINGS, "targets": targets, "by": "h"}
    want = [r.value for r in losscli.evaluate(pa.Table.from_pylist(rows), "mse", **settings, threads=1)]
    rng.shuffle(rows)
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "p.parquet", row_group_size=100)
    monkeypatch.setenv("LOSSCLI_CHUNK_ROWS", "13")
    report = losscli.evaluate(str(tmp_path / "p.parquet"), "mse", **settings, threads=threads)
    assert sorted(r.value for r in report) == sorted(want)
    assert notes(report) == ["many-to-one: 2,100 predictions of 300 targets, 7 of each"]


def test_the_option_needs_targets() -> None:
    with pytest.raises(UsageError, match="--join needs --targets FILE"):
        losscli.evaluate(PREDS, "mae", target="p", pred="p", join="many-to-one")


def test_from_a_pipe_rows_that_seem_the_same_are_refused(tmp_path: Path) -> None:
    import subprocess
    import sys

    (tmp_path / "t.csv").write_text("id,y\na,1\nb,2\n")
    command = [sys.executable, "-m", "losscli", "eval", "-", "--targets", "t.csv", "--on", "id", "-t", "y", "-p", "p"]
    done = subprocess.run([*command, "-l", "mae", "-q", "--join", "many-to-one"], input=b"id,p\na,1\na,2\nb,2\n",
                          cwd=tmp_path, capture_output=True, check=False)  # fmt: skip
    assert (done.returncode, done.stdout) == (0, f"{1 / 3}\n".encode())
    done = subprocess.run([*command, "-l", "mae", "-q", "--join", "many-to-one"], input=b"id,p\na,1\na,1\nb,2\n",
                          cwd=tmp_path, capture_output=True, check=False)  # fmt: skip
    assert (done.returncode, done.stdout) == (3, b"")
    assert b"1 row is the same as an earlier row" in done.stderr


# -- the parts -------------------------------------------------------------------------------------------------------


def test_occurrences_are_those_of_a_count_row_by_row() -> None:
    rng = np.random.default_rng(1)
    for keys, batches in ((5, 40), (1000, 20), (1, 3)):
        occurrences, counted = Occurrences(keys), np.zeros(keys, int)
        for _ in range(batches):
            ids = rng.integers(0, keys, rng.integers(0, 50))
            want = []
            for i in ids:
                want.append(counted[i])
                counted[i] += 1
            assert occurrences.add(ids).tolist() == want
        assert occurrences.counts.tolist() == counted.tolist()


def test_hashes_are_kept_within_their_bound_and_an_appended_file_is_found() -> None:
    rng = np.random.default_rng(2)
    values = rng.integers(0, 1 << 62, 600_000).astype(np.uint64)
    hashes = row_hashes(values.view(np.int64), [])
    for most, parts in ((1 << 20, 1), (1 << 16, 16)):
        kept = RowHashes(most)
        for piece in np.array_split(hashes, 9):
            kept.add(piece)
        assert not len(kept.repeated()) and kept.parts == parts and len(kept._sorted) <= most
        for piece in np.array_split(hashes, 5):
            kept.add(piece)
        found = kept.repeated()
        assert len(found) > most // 8 and np.isin(found, hashes).all()
    one = RowHashes(1 << 20)
    one.add(np.append(hashes, hashes[77]))
    assert one.repeated().tolist() == [hashes[77]]


def test_a_hash_tells_cells_apart_and_equal_ones_are_equal() -> None:
    ids = np.zeros(4, np.int64)
    columns = [
        pa.array([1.0, 2.0, None, -0.0]), pa.array(["a", "b", None, "ab"]), pa.array([True, False, None, None]),
        pa.array([[1.0], [1.0, 2.0], [2.0, 1.0], None]),
        pa.array([[1.0, 2.0]] * 3 + [[2.0, 1.0]], pa.list_(pa.float64(), 2)),
        pa.array(["a", "b", None, "c"]).dictionary_encode(), pa.array([{"a": 1}, {"a": 2}, None, {"a": 3}]),
        pa.array([1, 2, 3, None], pa.timestamp("us")),
    ]  # fmt: skip
    for column in columns:
        one = row_hashes(ids, [column])
        assert (
            one.tolist()
            == np.concatenate([row_hashes(ids[:2], [column[:2]]), row_hashes(ids[2:], [column[2:]])]).tolist()
        )
        same = [[a == b for b in column.to_pylist()] for a in column.to_pylist()]
        assert (one[:, None] == one[None, :]).tolist() == same
    assert (row_hashes(ids, columns) != row_hashes(ids, columns, 1)).all()
    assert repeats.FEWEST_HASHES * 8 == 32 << 20


def test_filters_are_cut_into_what_each_side_says() -> None:
    from losscli.binding.expressions import parse

    known = {"a", "b"}.__contains__
    assert parse("a > 1 and c == 2 and (b == 1 or a == 3)").only(known).text == "a > 1 and (b == 1 or a == 3)"  # type: ignore[union-attr]
    assert parse("a > 1 or c == 2").only(known) is None
    assert parse("not (a > 1 and c == 2)").only(known) is None
    assert parse("a is null").only(known).text == "a is null"  # type: ignore[union-attr]


def test_bad_targets_are_still_refused() -> None:
    with pytest.raises(LosscliError, match="1 row repeats a key of an earlier row: 'a'"):
        losscli.evaluate(PREDS, "mae", join="many-to-one", by="h",
                         **{**SETTINGS, "targets": {"id": ["a", "b", "c", "a"], "y": [1.0] * 4}})  # fmt: skip
    with pytest.raises(LosscliError, match="1 of 5 rows: no match"):
        losscli.evaluate(PREDS, "mae", by="h", **{**SETTINGS, "targets": {"id": ["a", "b"], "y": [1.0, 1.0]}})
