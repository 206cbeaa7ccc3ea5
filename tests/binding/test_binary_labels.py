"""`--positive` and `--others`: the same in every format, over all rows of a run, and in the signature."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

import losscli
from losscli.errors import DataError, LosscliError, UsageError

PRED = [0.9, 0.2, 0.7]
ONE_AGAINST_REST = 0.5108256237659906  # (-log 0.9 - log 0.8 - log 0.3) / 3


def bce(data: Any, **more: Any) -> float:
    return losscli.evaluate(data, "bce", target="y", pred="p", **more)[0].value


def written(folder: Path, table: dict[str, list[Any]]) -> list[Any]:
    """The table in every format that holds its types, and in memory."""
    arrow = pa.table(table)
    paths = [folder / name for name in ("t.parquet", "t.arrow", "t.jsonl")]
    pq.write_table(arrow, paths[0])
    pyarrow.feather.write_feather(arrow, paths[1], compression="uncompressed")
    paths[2].write_text("".join(json.dumps(row) + "\n" for row in arrow.to_pylist()))
    found: list[Any] = [*map(str, paths), arrow]
    if not any(isinstance(cell, list) for column in table.values() for cell in column):
        text = ",".join(table) + "\n"
        for row in zip(*table.values(), strict=True):
            text += ",".join(str(cell).lower() if isinstance(cell, bool) else str(cell) for cell in row) + "\n"
        (folder / "t.csv").write_text(text)
        found.append(str(folder / "t.csv"))
    return found


@pytest.mark.parametrize(
    ("labels", "positive", "rest"),
    [
        (["yes", "no", "?"], "yes", "'\\?', 'no'"),
        (["yes", "no", "Yes"], "yes", "'Yes', 'no'"),
        ([2, 1, 0], "2", "'0', '1'"),
        ([1.0, 0.0, 0.5], "1", "'0', '0.5'"),
    ],
)
def test_a_third_label_is_an_error_or_negative(tmp_path: Path, labels: list[Any], positive: str, rest: str) -> None:
    for data in written(tmp_path, {"y": labels, "p": PRED}):
        with pytest.raises(DataError, match=f"'{positive}' is the positive one, and {rest} would all be neg") as raised:
            bce(data, positive=positive)
        assert raised.value.code == "DATA_UNKNOWN_CLASS" and "--others negative" in (raised.value.hint or "")
        assert bce(data, positive=positive, others="negative") == ONE_AGAINST_REST


@pytest.mark.parametrize(("labels", "positive"), [([True, False, False], "True"), ([False, True, True], "false"),
                                                  ([3, -1, -1], "3"), ([0.25, 7.5, 7.5], "0.25")])  # fmt: skip
def test_numbers_and_booleans_are_labels_too(tmp_path: Path, labels: list[Any], positive: str) -> None:
    for data in written(tmp_path, {"y": labels, "p": PRED}):
        assert bce(data, positive=positive) == ONE_AGAINST_REST
        for wrong in ("banana", "1"):
            with pytest.raises(DataError, match=f"the positive class label '{wrong}' does not occur in column 'y'"):
                bce(data, positive=wrong)


@pytest.mark.parametrize(
    ("labels", "positive"),
    [
        ([["a", "b"], ["b", "b"], ["b", "a"]], "a"),
        ([[1, 0], [0, 0], [0, 1]], "1"),
        ([[1.0, 0.0], [0.0, 0.0], [0.0, 1.0]], "1.0"),
        ([[True, False], [False, False], [False, True]], "true"),
        ([[5, 6], [6, 6], [6, 5]], "5"),
    ],
)
def test_lists_of_labels_are_read_like_several_columns(tmp_path: Path, labels: list[Any], positive: str) -> None:
    pred = [[0.9, 0.2], [0.3, 0.4], [0.25, 0.75]]
    columns = {"t_0": [row[0] for row in labels], "t_1": [row[1] for row in labels]}
    columns |= {"q_0": [row[0] for row in pred], "q_1": [row[1] for row in pred]}
    wanted = losscli.evaluate(columns, "bce", target="t_*", pred="q_*", positive=positive)[0].value
    for data in written(tmp_path, {"y": labels, "p": pred}):
        assert bce(data, positive=positive) == wanted
        with pytest.raises(DataError, match="'banana' does not occur in column 'y'"):
            bce(data, positive="banana")


def test_a_third_label_in_lists_is_an_error_or_negative() -> None:
    lists = {"y": [["a", "b"], ["c", "a"]], "p": [[0.5, 0.5], [0.5, 0.5]]}
    with pytest.raises(DataError, match="'a' is the positive one, and 'b', 'c' would"):
        bce(pa.table(lists), positive="a")
    assert bce(pa.table(lists), positive="a", others="negative") == math.log(2)
    array = {"y": np.array([[2, 1], [0, 2]]), "p": np.full((2, 2), 0.5)}
    with pytest.raises(DataError, match="'2' is the positive one, and '0', '1' would"):
        bce(array, positive="2")


def test_lists_of_texts_without_a_positive_label() -> None:
    pred = [[0.5, 0.25]]
    assert bce(pa.table({"y": [["1", "0"]], "p": pred})) == bce(pa.table({"y": [[1, 0]], "p": pred}))
    assert bce(pa.table({"y": [["true", "false"]], "p": pred})) == bce(pa.table({"y": [[1, 0]], "p": pred}))
    with pytest.raises(DataError, match="column 'y' contains '0', '1', 'a', 'b'") as raised:
        bce(pa.table({"y": [None, ["1", "0"], ["b", "a"]], "p": [None, *pred, *pred]}), missing="drop")
    assert raised.value.row == 3 and "--positive" in (raised.value.hint or "")
    with pytest.raises(LosscliError, match="holds list<item: string>, but lists of numbers are needed"):
        losscli.evaluate(pa.table({"y": [["a"]], "p": [[1.0]]}), "cross_entropy", target="y", pred="p")


def test_hinge_takes_lists_of_booleans() -> None:
    data = pa.table({"y": [[True, False]], "p": [[0.5, 0.5]]})
    assert losscli.evaluate(data, "hinge", target="y", pred="p")[0].value == 1.0


def test_labels_of_rows_that_are_left_out_do_not_count() -> None:
    data = {"y": ["yes", "no", "?", "maybe"], "p": [0.5, 0.5, None, 0.5], "s": [1, 1, 1, 2]}
    table = pa.table(data)
    assert bce(table, positive="yes", missing="drop", where="s == 1") == math.log(2)
    with pytest.raises(DataError, match="'maybe', 'no' would"):
        bce(table, positive="yes", missing="drop")


def test_nan_is_no_label() -> None:
    data = {"y": [1.0, 0.0, math.nan], "p": [0.5, 0.5, 0.5]}
    with pytest.raises(DataError, match="'y' is NaN"):
        bce(data, positive="1", others="negative")
    assert bce(data, positive="1", nan="drop") == math.log(2)
    with pytest.raises(DataError, match="'y' is infinite"):
        bce({"y": [1.0, math.inf], "p": [0.5, 0.5]}, positive="1")


def test_labels_are_the_same_over_chunks_and_threads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The positive label, and the third one, may stand anywhere among many."""
    many = [f"c{i:03}" for i in range(300)]
    labels = many * 20
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"y": labels, "p": [0.5] * len(labels)}), path, row_group_size=61)
    said = set()
    for threads in (1, 3):
        assert bce(str(path), positive="c299", others="negative", threads=threads) == math.log(2)
        with pytest.raises(DataError) as raised:
            bce(str(path), positive="c299", threads=threads)
        said.add(str(raised.value))
    assert len(said) == 1 and "'c000', 'c001', 'c002'" in said.pop()


def test_positive_and_others_must_have_a_meaning() -> None:
    data = {"y": [1.0, 0.0], "p": [0.5, 0.5]}
    with pytest.raises(UsageError, match="--positive is for binary targets"):
        losscli.evaluate(data, "mse", target="y", pred="p", positive="1")
    with pytest.raises(UsageError, match="--others is about the labels beside the positive one"):
        bce(data, others="negative")


def test_the_labels_stand_in_the_signature() -> None:
    data = {"y": [1, 0], "p": [0.5, 0.5], "q": [1.0, 2.0]}

    def signature(loss: str = "bce", **more: Any) -> str:
        return losscli.evaluate(data, loss, target="y", pred="p", **more)[0].signature

    found = [signature(), signature(positive="1"), signature(positive="0"),
             signature(positive="0", others="negative")]  # fmt: skip
    assert len(set(found)) == 4
    assert found[1].endswith("|positive=1") and found[3].endswith("|positive=0|others=negative")
    assert signature(positive="1.0") == found[1]
    both = losscli.evaluate(data, ["bce", "mse"], target="y", pred="p", positive="0")
    assert [result.signature.endswith("|positive=0") for result in both] == [True, False]
