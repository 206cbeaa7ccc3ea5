"""Columns inside others: fields of structs, elements of lists, and lists of a label and a number each."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import losscli
from losscli.errors import DataError, LosscliError
from losscli.io.nested.paths import NestedPath, find, find_all

ROWS: list[dict[str, Any]] = [
    {"doc": {"gold": 1.5, "who": {"name": "a"}}, "pred": {"score": 1.0, "n": 3}, "probs": [0.1, 0.9], "g.x": 7.0},
    {"doc": {"gold": 2.5, "who": {"name": "b"}}, "pred": {"score": 3.0, "n": 4}, "probs": [0.8, 0.2], "g.x": 8.0},
    {"doc": {"gold": -1.0, "who": {"name": "a"}}, "pred": {"score": 0.5, "n": 5}, "probs": [0.25, 0.75], "g.x": 9.0},
]


def parquet(rows: list[dict[str, Any]], folder: Path) -> Any:
    pq.write_table(pa.Table.from_pylist(rows), folder / "t.parquet", row_group_size=2)
    return str(folder / "t.parquet")


def arrow(rows: list[dict[str, Any]], folder: Path) -> Any:
    table = pa.Table.from_pylist(rows)
    with pa.ipc.new_file(folder / "t.arrow", table.schema) as file:
        file.write_table(table)
    return str(folder / "t.arrow")


def stream(rows: list[dict[str, Any]], folder: Path) -> Any:
    table = pa.Table.from_pylist(rows)
    with pa.ipc.new_stream(folder / "t.arrows", table.schema) as file:
        file.write_table(table)
    return str(folder / "t.arrows")


def jsonl(rows: list[dict[str, Any]], folder: Path) -> Any:
    (folder / "t.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(folder / "t.jsonl")


def table(rows: list[dict[str, Any]], folder: Path) -> Any:
    return pa.Table.from_pylist(rows).slice(0)


def sliced(rows: list[dict[str, Any]], folder: Path) -> Any:
    return pa.Table.from_pylist([rows[0], *rows, rows[0]]).slice(1, len(rows))


def columns(rows: list[dict[str, Any]], folder: Path) -> Any:
    return {name: [row.get(name) for row in rows] for name in rows[0]}


def frame(rows: list[dict[str, Any]], folder: Path) -> Any:
    return pd.DataFrame(columns(rows, folder))


Written = Callable[[list[dict[str, Any]], Path], Any]
EVERYWHERE: list[Written] = [parquet, arrow, stream, jsonl, table, sliced, columns, frame]
everywhere = pytest.mark.parametrize("written", EVERYWHERE, ids=lambda written: written.__name__)


def value(data: Any, loss: str = "mse", **how: Any) -> float | None:
    return losscli.evaluate(data, loss, **how)[0].value


@everywhere
def test_fields_are_columns(written: Written, tmp_path: Path) -> None:
    data = written(ROWS, tmp_path)
    assert value(data, target="doc.gold", pred="pred.score") == (0.25 + 0.25 + 2.25) / 3


@everywhere
def test_elements_are_columns(written: Written, tmp_path: Path) -> None:
    data = written(ROWS, tmp_path)
    assert value(data, target="probs[0]", pred="probs[1]") == pytest.approx((0.64 + 0.36 + 0.25) / 3, rel=1e-15)
    assert value(written(ROWS, tmp_path), target="probs[0]", pred="probs[-2]") == 0


@everywhere
def test_every_option_takes_them(written: Written, tmp_path: Path) -> None:
    how = {"target": "doc.gold", "pred": "pred.score", "weight": "pred.n", "by": "doc.who.name"}
    report = losscli.evaluate(written(ROWS, tmp_path), "mse", where="`probs[0]` < 0.5 and doc.gold < 9", **how)
    (all_rows, of_a) = report
    assert of_a.by == {"doc.who.name": "a"} and all_rows.value == of_a.value == (3 * 0.25 + 5 * 2.25) / 8


@everywhere
def test_a_column_of_exactly_that_name_wins(written: Written, tmp_path: Path) -> None:
    rows = [{**row, "pred.score": row["doc"]["gold"]} for row in ROWS]
    assert value(written(rows, tmp_path), target="doc.gold", pred="pred.score") == 0
    assert value(written(ROWS, tmp_path), target="g.x", pred="g.x") == 0


@everywhere
def test_fields_are_classes(written: Written, tmp_path: Path) -> None:
    rows = [{"y": "b", "p": {"a": 0.25, "b": 0.75}}, {"y": "a", "p": {"a": 0.5, "b": 0.5}}]
    expected = (-np.log(0.75) - np.log(0.5)) / 2
    assert value(written(rows, tmp_path), "cross_entropy", target="y", pred="p.*") == pytest.approx(expected)
    assert value(written(rows, tmp_path), "cross_entropy", target="y", pred="p.a,p.b", classes=["a", "b"]) == (
        pytest.approx(expected)
    )


@everywhere
def test_a_star_inside_a_path(written: Written, tmp_path: Path) -> None:
    rows = [{"y": "b", "p": {"a": {"prob": 0.25}, "b": {"prob": 0.75}}, "m_1": {"s": 2.0}, "m_2": {"s": 1.0}}]
    data = written(rows, tmp_path)
    assert value(data, "cross_entropy", target="y", pred="p.*.prob") == pytest.approx(-np.log(0.75))
    assert value(written(rows, tmp_path), target="m_*.s", pred="m_*.s") == 0


@everywhere
def test_a_star_is_one_field(written: Written, tmp_path: Path) -> None:
    rows = [{"y_1": 1.0, "y_2": 2.0, "doc": {"z": {"y_3": "x"}}}]
    report = losscli.evaluate(written(rows, tmp_path), "mse", target="y_*", pred="y_*", by="doc.z.y_3")
    assert report[0].value == 0 and report.evaluation.bindings["y_*"]["pred"] == ("y_1", "y_2")


@everywhere
def test_labelled_scores(written: Written, tmp_path: Path) -> None:
    rows = [
        {"y": "NEG", "s": [{"label": "POS", "score": 0.75}, {"label": "NEG", "score": 0.25}]},
        {"y": "POS", "s": [{"label": "NEG", "score": 0.5}, {"label": "POS", "score": 0.5}]},
    ]
    expected = pytest.approx((-np.log(0.25) - np.log(0.5)) / 2)
    assert value(written(rows, tmp_path), "cross_entropy", target="y", pred="s") == expected
    assert value(written(rows, tmp_path), "cross_entropy", target="y", pred="s", classes=["POS", "NEG"]) == expected
    deeper = [{"y": row["y"], "out": {"s": row["s"]}} for row in rows]
    assert value(written(deeper, tmp_path), "cross_entropy", target="y", pred="out.s") == expected
    first = {"target": "s[0].score", "pred": "s[1].score"}
    assert value(written(rows, tmp_path), **first) == 0.125


@everywhere
@pytest.mark.parametrize(
    ("elements", "message"),
    [
        ([{"label": "a", "score": 0.5}], "has no number for the label 'b'"),
        ([{"label": "a", "score": 0.5}, {"label": "a", "score": 0.5}], "has the label 'a' twice"),
        ([{"label": None, "score": 0.5}, {"label": "b", "score": 0.5}], "has an element without a label"),
    ],
)
def test_labelled_scores_that_are_refused(written: Written, elements: list[Any], message: str, tmp_path: Path) -> None:
    good = [{"label": "b", "score": 0.5}, {"label": "a", "score": 0.5}]
    data = written([{"y": "a", "s": good}, {"y": "a", "s": elements}], tmp_path)
    with pytest.raises(DataError, match=message) as caught:
        losscli.evaluate(data, "cross_entropy", target="y", pred="s")
    assert (caught.value.row, caught.value.column) == (2, "s")


def test_a_label_that_only_later_files_have(tmp_path: Path) -> None:
    paths = []
    for number, label in enumerate("ab"):
        paths.append(str(tmp_path / f"{number}.jsonl"))
        Path(paths[-1]).write_text(json.dumps({"y": label, "s": [{"label": label, "score": 1.0}]}) + "\n")
    with pytest.raises(DataError, match="unknown label 'b'") as caught:
        losscli.evaluate(paths, "brier", target="y", pred="s")
    assert caught.value.hint is not None and "--classes" in caught.value.hint


@everywhere
def test_what_is_absent_is_missing(written: Written, tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"y": 1.0, "p": {"s": 2.0}, "l": [1.0, 2.0]},
        {"y": 1.0, "p": None, "l": [1.0, 2.0]},
        {"y": 1.0, "p": {"s": None}, "l": [1.0, 2.0]},
        {"y": 1.0, "p": {"s": 4.0}, "l": [1.0]},
        {"y": 1.0, "p": {"s": 4.0}, "l": None},
    ]
    for pred, row, mean in (("p.s", 2, 19 / 3), ("l[1]", 4, 1.0)):
        with pytest.raises(DataError) as caught:
            losscli.evaluate(written(rows, tmp_path), "mse", target="y", pred=pred)
        assert (caught.value.code, caught.value.row, caught.value.column) == ("DATA_MISSING_VALUE", row, pred)
        report = losscli.evaluate(written(rows, tmp_path), "mse", target="y", pred=pred, missing="drop")
        assert report[0].value == mean and report.evaluation.rows.dropped == 2


@everywhere
def test_a_path_that_is_not_there(written: Written, tmp_path: Path) -> None:
    for path, hint in (("doc.gld", "'doc' has the fields gold, who"), ("doc.gold[0]", "'doc.gold' is double"),
                       ("probs.a", "'probs' is a list; its first element is probs[0]")):  # fmt: skip
        with pytest.raises(DataError) as caught:
            losscli.evaluate(written(ROWS, tmp_path), "mse", target=path, pred="pred.score")
        assert caught.value.code == "DATA_MISSING_COLUMN" and caught.value.hint == hint, path


def test_two_meanings_are_refused(tmp_path: Path) -> None:
    rows = [{"a": {"b.c": 1.0}, "a.b": {"c": 2.0}}]
    with pytest.raises(DataError, match=r"'a.b.c' may be the field 'b.c' of column 'a' or the field 'c' of column 'a"):
        losscli.evaluate(pa.Table.from_pylist(rows), "mse", target="a.b.c", pred="a.b.c")


@pytest.mark.parametrize("written", [jsonl, parquet])
def test_a_file_that_lacks_the_field(written: Written, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    paths = [written(ROWS, tmp_path), written([{"doc": {"gold": 1.0}, "pred": {"n": 3}}], tmp_path / "a")]
    with pytest.raises(DataError) as caught:
        losscli.evaluate(paths, "mse", target="doc.gold", pred="pred.score")
    assert caught.value.path == paths[1] and caught.value.column == "pred.score"


def test_a_value_of_another_kind_in_its_place(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text('{"y": 1, "p": {"s": 1}}\n\n{"y": 1, "p": 3}\n')
    with pytest.raises(DataError, match="'3' is not an object, as other records have there") as caught:
        losscli.evaluate(str(path), "mse", target="y", pred="p.s")
    assert (caught.value.row, caught.value.line, caught.value.column) == (2, 3, "p.s")


def test_mixed_lists_are_read_element_by_element(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text('{"y": 1, "r": [[-1.5, false]], "w": [["a"]]}\n{"y": 0, "r": [[-0.5, true]], "w": [["b"]]}\n')
    report = losscli.evaluate(str(path), "mse", target="y", pred="r[0][0]", by="w[0][0]")
    assert [result.value for result in report] == [3.25, 6.25, 0.25]
    assert value(str(path), target="y", pred="r[0][1]") == 1


def test_a_list_and_its_elements(tmp_path: Path) -> None:
    path = jsonl(ROWS, tmp_path)
    report = losscli.evaluate(path, "mse", target="probs", pred="probs", weight="probs[0]")
    assert report[0].weight == pytest.approx(1.15)


def test_numbers_inside_are_exact(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text('{"y": 0, "p": {"s": 0.1}}\n{"y": 0, "p": {"s": 9007199254740993}}\n')
    with pytest.raises(DataError, match="cannot be held exactly") as caught:
        losscli.evaluate(str(path), "mse", target="y", pred="p.s")
    assert (caught.value.row, caught.value.column) == (2, "p.s")
    path.write_text('{"y": 0, "p": {"s": 1, "s": 2}}\n')
    with pytest.raises(DataError, match="the key occurs twice"):
        losscli.evaluate(str(path), "mse", target="y", pred="p.s")
    path.write_text('{"y": 0, "g": "a", "p": {"s": 1e309}}\n')
    with pytest.raises(LosscliError, match="too large for a float64"):
        losscli.evaluate(str(path), "mse", target="y", pred="p.s")


def test_only_the_fields_on_a_path_are_read(tmp_path: Path) -> None:
    rows = [{"st": {"y": 1.0, "p": 2.0, "text": "x" * 1000}} for _ in range(2000)]
    path = parquet(rows, tmp_path)
    footer = pq.read_metadata(path).row_group(0).column(2)
    damaged = bytearray(Path(path).read_bytes())
    start = footer.dictionary_page_offset or footer.data_page_offset
    damaged[start : start + footer.total_compressed_size] = bytes(footer.total_compressed_size)
    Path(path).write_bytes(damaged)
    assert value(path, target="st.y", pred="st.p") == 1
    with pytest.raises(DataError, match="Parquet"):
        losscli.evaluate(path, "mse", target="st.y", pred="st.p", by="st.text")


def test_joined_sides_have_their_own(tmp_path: Path) -> None:
    (tmp_path / "p.jsonl").write_text('{"m": {"id": "b"}, "o": {"s": 1}}\n{"m": {"id": "a"}, "o": {"s": 5}}\n')
    (tmp_path / "t.jsonl").write_text('{"m": {"id": "a"}, "t": {"y": 2}}\n{"m": {"id": "b"}, "t": {"y": 1}}\n')
    report = losscli.evaluate(str(tmp_path / "p.jsonl"), "mae", target="t.y", pred="o.s",
                              targets=str(tmp_path / "t.jsonl"), on="m.id")  # fmt: skip
    assert report[0].value == 1.5


def test_models_in_files_of_their_own(tmp_path: Path) -> None:
    for name, shift in (("a", 0), ("b", 1)):
        rows = [{"t": {"y": y}, "o": {"s": y + shift}} for y in range(5)]
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    report = losscli.compare({name: str(tmp_path / f"{name}.jsonl") for name in "ab"}, "mae", target="t.y", pred="o.s")
    assert [result.value for result in report] == [0.0, 1.0]


def test_paths_are_read_once_and_named_back() -> None:
    types = {"a": pa.struct([("b", pa.list_(pa.struct([("c", pa.int64())])))]), "a.x": pa.int64()}
    path = find("a.b[3].c", types)
    assert path == NestedPath("a", ("b", 3, "c")) and path.name == "a.b[3].c"
    assert pickle.loads(pickle.dumps(path.name)).cuts == path.name.cuts == (1, 3, 6)
    assert find("a", types) is find("a.x", types) is find("a.b[x]", types) is find("a.b.c", types) is None
    assert [found.name for found in find_all("a.", "", types)] == ["a.b"]
    assert [found.name for found in find_all("a.", "[0].c", types)] == ["a.b[0].c"]


def test_what_a_null_struct_holds_is_missing(tmp_path: Path) -> None:
    child = pa.array([1.0, 9.0, 3.0])
    struct = pa.StructArray.from_arrays([child], names=["s"], mask=pa.array([False, True, False]))
    data = pa.table({"y": [1.0, 1.0, 1.0], "p": struct})
    report = losscli.evaluate(data, "mae", target="y", pred="p.s", missing="drop")
    assert (report[0].value, report[0].count) == (1.0, 2)


SAMPLES: list[dict[str, Any]] = [
    {"id": 0, "y": 1.5, "r": [["-1.25", "False"], ["-0.5", "True"]]},
    {"id": 1, "y": -0.25, "r": [["-0.25", "True"], ["-2.5e-1", "False"]]},
    {"id": 2, "y": 2.0, "r": [["4", "True"], ["1e0", "False"]]},
]


@everywhere
def test_numbers_in_texts_inside(written: Written, tmp_path: Path) -> None:
    """As lm-evaluation-harness writes log-likelihoods: a list of a number and a text is a list of texts."""
    data = written(SAMPLES, tmp_path)
    assert value(data, target="y", pred="r[0][0]") == np.mean([2.75**2, 0.0, 4.0])
    assert value(data, target="r[1][0]", pred="r[0][0]", loss="mae") == np.mean([0.75, 0.0, 3.0])
    assert value(data, target="y", pred="r[0][1]") == np.mean([1.5**2, 1.25**2, 1.0])  # True is 1, as in a CSV file
    report = losscli.evaluate(data, "mae", target="y", pred="r[0][0]", where="id != 1", by="r[1][1]")
    assert [row.value for row in report if row.by] == [2.0, 2.75]


def test_numbers_in_texts_are_judged_where_their_row_is_used(tmp_path: Path) -> None:
    data = jsonl([*SAMPLES, {"id": 3, "y": 0.0, "r": [["x"]]}, {"id": 4, "y": 0.0, "r": [[""]]}], tmp_path)
    with pytest.raises(DataError, match="'x' is not a number") as caught:
        value(data, target="y", pred="r[0][0]")
    assert (caught.value.row, caught.value.column) == (4, "r[0][0]")
    assert value(data, target="y", pred="r[0][0]", where="id < 3") == np.mean([2.75**2, 0.0, 4.0])
    assert value(data, target="y", pred="r[0][0]", where="id != 3", missing="drop") == np.mean([2.75**2, 0.0, 4.0])


@pytest.mark.parametrize(("first", "second", "message"), [
    ("1.5", 2.5, "'2.5' is not text, as the values of other records are"),
    (1.5, "2.5", "'2.5' is not a number"),
])  # fmt: skip
def test_numbers_in_texts_beside_numbers_are_refused(first: Any, second: Any, message: str, tmp_path: Path) -> None:
    data = jsonl([{"y": 1, "p": {"s": first}}, {"y": 2, "p": {"s": second}}], tmp_path)
    with pytest.raises(DataError, match=message) as caught:
        value(data, target="y", pred="p.s")
    assert caught.value.row == 2
    assert value(data, target="y", pred="p.s", where="y == 1") == 0.25


def test_one_word_before_numbers_is_what_is_wrong(tmp_path: Path) -> None:
    data = jsonl([{"y": 1, "p": "2.5"}, {"y": 1, "p": "n.a."}, {"y": 2, "p": 2.5}, {"y": 2, "p": 3.5}], tmp_path)
    with pytest.raises(DataError, match=r"^'n\.a\.' is not a number") as caught:
        value(data, target="y", pred="p")
    assert (caught.value.row, caught.value.line) == (2, 2)


@everywhere
def test_a_column_named_as_a_path_holds_texts_as_any_other(written: Written, tmp_path: Path) -> None:
    data = written([{"y": 1.0, "p[0]": "1.5"}], tmp_path)
    if written is jsonl:
        assert value(data, target="y", pred="p[0]") == 0.25
        return
    with pytest.raises(DataError, match="holds text"):
        value(data, target="y", pred="p[0]")
