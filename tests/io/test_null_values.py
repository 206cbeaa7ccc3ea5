"""Which texts stand for no number: in columns of numbers, in those another option reads as text, in 0/1 targets."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typed_request import typed_request

from losscli.errors import DataError, LosscliError
from losscli.execution.evaluate import evaluate
from losscli.execution.prepare import Data, prepare
from losscli.io.arrow.decode import NULL_TEXTS
from losscli.io.source import DEFAULT_NULLS, ReadOptions
from losscli.results import Evaluation

CELLS = ["1", "0", "NA", "", "null", "NULL", "None", "N/A", "<NA>", "1", " NA ", "0", "1"]
PREDICTIONS = [0.75, 0.5, 0.25, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.9, 0.5, 0.1, 0.2]


def score(path: Path, loss: str, nulls: tuple[str, ...] = DEFAULT_NULLS, **more: Any) -> Evaluation:
    settings = {"target": "t", "preds": ("p",), "missing": "drop", **more}
    request = typed_request(loss, **settings)
    return evaluate(prepare(request, Data((str(path),), options=ReadOptions(null_values=nulls))))


def written(folder: Path, cells: list[str]) -> Path:
    path = folder / f"{len(list(folder.iterdir()))}.csv"
    lines = [f"{cell},{p},{5 + n % 2}\n" for n, (cell, p) in enumerate(zip(cells, PREDICTIONS, strict=False))]
    path.write_text("t,p,slice\n" + "".join(lines))
    return path


def typed(folder: Path, cells: list[str], kind: pa.DataType) -> Path:
    path = folder / "a.parquet"
    known = [None if cell.strip() in NULL_TEXTS else int(cell) for cell in cells]
    targets = pa.array([None if k is None else str(k) for k in known] if kind == pa.string() else known, kind)
    pq.write_table(pa.table({"t": targets, "p": pa.array(PREDICTIONS[: len(cells)])}), path)
    return path


def test_a_target_that_is_read_as_text_has_the_same_hint(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        score(written(tmp_path, ["1", "?", "0"]), "mae", by=("t",))
    assert caught.value.hint is not None and "--null-values ',NA,N/A,null,NULL,None,<NA>,?'" in caught.value.hint


def test_there_is_one_list() -> None:
    assert frozenset(DEFAULT_NULLS) == NULL_TEXTS


@pytest.mark.parametrize(
    ("loss", "kind"),
    [("bce", pa.int64()), ("bce", pa.string()), ("brier", pa.float32()), ("mse", pa.int64()), ("mse", pa.float32())],
    ids=str,
)
def test_csv_and_parquet_drop_the_same_rows(tmp_path: Path, loss: str, kind: pa.DataType) -> None:
    text, binary = score(written(tmp_path, CELLS), loss), score(typed(tmp_path, CELLS, kind), loss)
    assert (text.rows.read, text.rows.used, text.rows.dropped) == (13, 5, 8)
    assert text.rows == binary.rows
    assert text.results[0].value == binary.results[0].value
    assert text.results[0].count == binary.results[0].count == 5


@pytest.mark.parametrize("cell", ["NA", "None", " null", ""])
def test_a_target_without_a_value_is_called_that(tmp_path: Path, cell: str) -> None:
    for loss in ("bce", "mse"):
        with pytest.raises(DataError, match="column 't' has no value") as raised:
            score(written(tmp_path, ["1", cell, "0"]), loss, missing="error")
        assert (raised.value.row, raised.value.line) == (2, 3)


def test_another_list_replaces_the_usual_one(tmp_path: Path) -> None:
    path = written(tmp_path, ["1", "-", "0", "0", "-"])
    assert score(path, "bce", ("-",)).rows.dropped == 2
    assert score(path, "mse", ("-", "0")).rows.used == 1
    assert score(path, "bce", ("-", "0")).rows.used == 1
    for loss in ("bce", "mse"):
        with pytest.raises(DataError, match="'-'"):
            score(path, loss)
        with pytest.raises(DataError, match="'NA'"):
            score(written(tmp_path, ["1", "NA"]), loss, ("-",))


@pytest.mark.parametrize("more", [{"by": ("t",)}, {"where": "t is null or t > -5"}, {"where": "slice >= 0"}], ids=str)
@pytest.mark.parametrize("nulls", [DEFAULT_NULLS, ("NA", "0", "")], ids=str)
def test_how_else_a_column_is_read_changes_no_count(tmp_path: Path, more: Any, nulls: tuple[str, ...]) -> None:
    path = written(tmp_path, ["1", "NA", "0", "", " NA", "1"])
    assert score(path, "mse", nulls, **more).rows == score(path, "mse", nulls).rows


def test_an_empty_cell_is_no_number_where_the_list_leaves_it_out(tmp_path: Path) -> None:
    path = written(tmp_path, ["1", "-", "", "0"])
    for more in ({}, {"by": ("t",)}, {"where": "t is null or t > -5"}):
        with pytest.raises(DataError, match="'' is not a number") as raised:
            score(path, "mse", ("-",), **more)
        assert raised.value.row == 3


def test_a_filter_takes_the_same_texts_for_missing(tmp_path: Path) -> None:
    path = written(tmp_path, ["1", "-", "0", "-", "1"])
    # With `by`, the column reaches the filter as text.
    for more in ({}, {"by": ("t",)}):
        assert score(path, "mse", ("-",), where="t != 5", **more).rows.used == 3
        assert score(path, "mse", ("-",), where="not t > 0", **more).rows.used == 1
        assert score(path, "mse", ("-", "1"), where="t < 5", **more).rows.used == 1


def test_the_positive_label_is_never_missing(tmp_path: Path) -> None:
    path = written(tmp_path, ["None", "some", "NA", "", "None"])
    found = score(path, "bce", positive="None")
    assert (found.rows.used, found.rows.dropped) == (3, 2)
    assert found.results[0].value == score(written(tmp_path, ["1", "0", "", "", "1"]), "bce").results[0].value
    with pytest.raises(DataError, match="the positive class label 'yes' does not occur in column 't'") as raised:
        score(path, "bce", positive="yes")
    assert raised.value.hint == "the column contains 'some'"


def test_a_class_is_missing_only_where_it_is_empty(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_text("t,p_NA,p_SE\nNA,0.75,0.25\nSE,0.5,0.5\n,0.5,0.5\n")
    found = score(path, "cross_entropy", preds=("p_*",))
    assert (found.rows.used, found.rows.dropped) == (2, 1)


def test_a_type_decides_where_there_is_one(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"t": ["1", "NA", "0"], "p": [0.5, 0.5, 0.5]}), path)
    with pytest.raises(DataError, match="column 't' contains '0', '1', 'NA'"):
        score(path, "bce")
    pq.write_table(pa.table({"t": [1, 0, 0], "p": [0.5, 0.5, 0.5]}), path)
    assert score(path, "bce", ("0",)).rows.used == 3


def test_a_table_of_numbers_takes_the_list_too(tmp_path: Path) -> None:
    data, table = tmp_path / "d.csv", tmp_path / "w.csv"
    data.write_text("t,p\n1,1\n")
    table.write_text("w\n1\n-\n")
    # As its own class column, `w` reaches the table as text.
    for columns in (("params=w",), ("params=w", "params.class=w")):
        request = typed_request("l2_penalty", tables=(f"params={table}",), columns=columns)
        for nulls, message in [(("-",), "missing or non-finite number"), (DEFAULT_NULLS, "'-' is not a number")]:
            with pytest.raises(DataError, match=message) as raised:
                prepare(request, Data((str(data),), options=ReadOptions(null_values=nulls)))
            assert raised.value.row == 2


def test_a_column_that_is_only_asked_whether_it_is_null_stays_a_number(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text("y,p\n1,0.5\n1,NA\n3,\n2,1.5\n")
    found = score(path, "mse", target="y", where="p is not null")
    assert found.rows.used == 2 and found.results[0].value == 0.25


def test_decimal_commas_are_read_wherever_numbers_are(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text("y;p;s\n0,25;0,5;1\n1;0,5;1\n0;0,5;7,5\n")
    options = ReadOptions(delimiter=";", decimal=",")
    want = -math.log(0.5)
    for where in (None, "s == '1' or s == '7,5'", "s < 8", "p is not null"):
        request = typed_request("bce", target="y", preds=("p",), where=where, by=("p",))
        found = evaluate(prepare(request, Data((str(path),), options=options)))
        assert found.results[0].count == 3 and found.results[0].value == pytest.approx(want)
    with pytest.raises(LosscliError, match="is not a number"):
        path.write_text("y;p\n0;0.5\n")
        request = typed_request("mse", target="y", preds=("p",), by=("p",))
        evaluate(prepare(request, Data((str(path),), options=options)))


@pytest.mark.parametrize("word", ["-Infinity", "+inf", "INF", " Infinity "])
def test_an_infinite_cell_is_shown_as_it_is_written(tmp_path: Path, word: str) -> None:
    (tmp_path / "a.csv").write_text(f't,p\n1,2\n"3",2\n\n1,{word}\n')
    with pytest.raises(DataError, match="is infinite") as caught:
        score(tmp_path / "a.csv", "mae")
    assert (caught.value.value, caught.value.row, caught.value.line) == (word, 3, 5)
    (tmp_path / "a.csv").write_text(f"t,p,k\n1,NA,a\n1,2,b\n1,{word},a\n")
    with pytest.raises(DataError, match="is infinite") as caught:
        score(tmp_path / "a.csv", "mae")
    assert (caught.value.value, caught.value.row) == (word, 3)
