"""Columns that stand in both files of a join, and errors about the values of the targets."""

from __future__ import annotations

import decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import losscli
from losscli.errors import DataError, LosscliError
from losscli.io.sides import Sides

PREDS = {"id": ["c", "a", "b"], "y": [3.0, 1.0, 5.0], "g": ["u", "v", "u"], "w": [1.0, 1.0, 2.0], "a_1": [0, 1, 0]}
TARGETS = {"id": ["a", "b", "c"], "y": [2.0, 5.0, 7.0], "g": ["s", "s", "t"], "w": [2.0, 4.0, 2.0], "extra": [1, 2, 3]}


def write(folder: Path, name: str, table: dict[str, Any], form: str) -> str:
    frame, path = pd.DataFrame(table), folder / f"{name}.{form}"
    if form == "parquet":
        frame.to_parquet(path)
    elif form == "jsonl":
        frame.to_json(path, orient="records", lines=True)
    else:
        frame.to_csv(path, index=False)
    return str(path)


@pytest.fixture(params=["csv", "parquet", "jsonl", "csv.gz", "memory"])
def ours(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    return PREDS if request.param == "memory" else write(tmp_path, "p", PREDS, request.param)


@pytest.fixture(params=["csv.gz", "parquet"])
def theirs(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    return TARGETS if request.param == "memory" else write(tmp_path, "t", TARGETS, request.param)


def test_the_target_is_that_of_the_targets_and_the_rest_that_of_the_predictions(ours: Any, theirs: Any) -> None:
    settings: dict[str, Any] = {"targets": theirs, "on": "id"}
    # |3 - 7|, |1 - 2|, |5 - 5|: the means, by the slices of either file, and by the weights of either
    report = losscli.evaluate(ours, "mae", target="y", pred="y", **settings)
    assert report["mae"].value == 5 / 3
    assert report.evaluation.bindings == {"y": {"pred": ("y",), "target": ("targets.y",)}}
    spec = "pinball:q=0.75"  # errors above and below count differently, so the sides cannot be exchanged
    swapped = losscli.evaluate(ours, spec, target="preds.y", pred={"m": "targets.y"}, **settings)
    straight = losscli.evaluate(ours, spec, target="targets.y", pred={"m": "preds.y"}, **settings)
    assert swapped[spec].value == 1.25 / 3 and straight[spec].value == 3.75 / 3
    by: dict[str, Any] = {name: losscli.evaluate(ours, "mae", target="y", pred="y", by=name, **settings)
                          for name in ("g", "preds.g", "targets.g")}  # fmt: skip
    assert [(r.by, r.value) for r in by["g"] if r.by] == [({"g": "u"}, 2.0), ({"g": "v"}, 1.0)]
    assert [r.value for r in by["preds.g"] if r.by] == [2.0, 1.0]
    found = {r.by["targets.g"]: r.value for r in by["targets.g"] if r.by}
    assert found == {"s": 0.5, "t": 4.0}
    weighted = [losscli.evaluate(ours, "mae", target="y", pred="y", weight=name, **settings)["mae"].value
                for name in ("w", "preds.w", "targets.w")]  # fmt: skip
    assert weighted == [5 / 4, 5 / 4, (4 * 2 + 2) / 8]
    kept = [
        losscli.evaluate(ours, "mae", target="y", pred="y", where=text, **settings)["mae"].value
        for text in ("g == 'u'", "targets.g == 's'", "y > 2 and targets.y > 6", "preds.g == 'u' and extra == 2")
    ]
    assert kept == [2.0, 0.5, 4.0, 0.0]
    clustered = losscli.evaluate(ours, "mae", target="y", pred="y", cluster="targets.g", **settings)
    assert clustered["mae"].interval is not None
    both = losscli.evaluate(ours, "mae", target="y", pred="y", by=["g", "targets.g"], **settings)
    assert {tuple(r.by.items()) for r in both if len(r.by) == 2} >= {(("g", "u"), ("targets.g", "t"))}


def test_globs_and_lists_take_the_columns_of_their_side() -> None:
    preds = {"id": [1, 2], "p_a": [0.5, 0.25], "p_b": [0.5, 0.75], "y": ["b", "a"]}
    targets = {"id": [2, 1], "p_a": [1.0, 0.0], "p_b": [0.0, 1.0], "z": [1.0, 2.0]}
    for target, pred in [("p_*", "p_*"), ("targets.p_*", "preds.p_*"), ("p_a,p_b", "p_a,p_b"),
                         ("targets.p_a,targets.p_b", "p_a,p_b")]:  # fmt: skip
        report = losscli.evaluate(preds, "cross_entropy", target=target, pred=pred, targets=targets, on="id")
        wanted = losscli.losses.cross_entropy([[0.5, 0.5], [0.25, 0.75]], [[0.0, 1.0], [1.0, 0.0]]).mean()
        assert report["cross_entropy"].value == pytest.approx(wanted, rel=1e-15)
        assert report.evaluation.bindings[pred]["target"] == ("targets.p_a", "targets.p_b")


def test_a_column_of_exactly_that_name_wins() -> None:
    preds = {"id": [1, 2], "p": [1.0, 2.0], "targets.y": [10.0, 20.0]}
    targets = {"id": [1, 2], "y": [0.0, 0.0]}
    assert losscli.evaluate(preds, "mae", target="targets.y", pred="p", targets=targets, on="id")["mae"].value == 13.5
    both = {**targets, "targets.y": [1.0, 1.0]}
    with pytest.raises(DataError, match=r"'targets\.y' can be read in two ways"):
        losscli.evaluate(preds, "mae", target="targets.y", pred="p", targets=both, on="id")
    assert losscli.evaluate(preds, "mae", target="y", pred="p", targets=both, on="id")["mae"].value == 1.5
    only = {"id": [1, 2], "preds.p": [1.0, 2.0], "y": [1.0, 1.0]}
    assert (
        losscli.evaluate({"id": [2, 1]}, "mae", target="y", pred="preds.p", targets=only, on="id")["mae"].value == 0.5
    )


@pytest.mark.parametrize("name", ["targets.q", "preds.y", "targets.p", "targets."])
@pytest.mark.parametrize("setting", ["target", "pred", "by", "weight", "where", "cluster"])
def test_a_name_that_its_side_does_not_have(name: str, setting: str) -> None:
    settings: dict[str, Any] = {"target": "y", "pred": "p", setting: f"{name} == 1" if setting == "where" else name}
    with pytest.raises(LosscliError, match=f"no column '{name}'") as caught:
        losscli.evaluate({"id": [1], "p": [1.0]}, "mae", targets={"id": [1], "y": [1.0]}, on="id", **settings)
    assert caught.value.code == "DATA_MISSING_COLUMN"


def test_columns_in_both_files_that_nothing_uses_do_not_matter(tmp_path: Path) -> None:
    for side, column in (("p", "p"), ("t", "y")):
        folder = tmp_path / side / "split=test"
        folder.mkdir(parents=True)
        (folder / "part.csv").write_text(f"id,{column},note\n1,1,x\n2,3,x\n")
    source, targets = str(tmp_path / "p"), str(tmp_path / "t")
    settings: dict[str, Any] = {"target": "y", "pred": "p", "targets": targets, "on": "id"}
    assert losscli.evaluate(source, "mae", **settings)["mae"].value == 0.0
    assert [r.by for r in losscli.evaluate(source, "mae", by="split", **settings)][-1] == {"split": "test"}


def test_a_solution_and_a_submission_need_no_names() -> None:
    """The one column beside the key that both files have, as in files of a competition."""
    solution = {"Id": [1, 2, 3], "SalePrice": [10.0, 20.0, 40.0], "Usage": ["Public", "Private", "Private"]}
    submission = {"Id": [3, 1, 2], "SalePrice": [41.0, 10.0, 22.0]}
    report = losscli.evaluate(submission, "mae", targets=solution, on="Id", by="Usage")
    assert [r.value for r in report] == [1.0, 1.5, 0.0] or [r.value for r in report] == [1.0, 0.0, 1.5]
    with pytest.raises(LosscliError, match="needs"):
        losscli.evaluate({**submission, "b": [1, 2, 3]}, "mae", targets={**solution, "b": [1, 2, 3]}, on="Id")
    named = losscli.evaluate({**submission, "pred": [0.0, 0.0, 0.0]}, "mae", targets=solution, on="Id")
    assert named["mae"].value == 70 / 3  # a default name comes first


BAD: list[tuple[str, str, dict[str, Any], str, str]] = [
    ("empty", "id,y\nb,1\na,\n", {}, "has no value", "a,"),
    ("NaN", "id,y\nb,1\na,nan\n", {}, "is NaN", "nan"),
    ("infinite", "id,y\nb,1\na,1e999\n", {}, "infin|too large", "1e999"),
    ("infinite name", "id,y\nb,1\na,inf\n", {}, "is infinite", "inf"),
    ("text", "id,y\nb,1\na,x\n", {"where": "p > 0"}, "number", "x"),
    ("out of range", "id,y\nb,1\na,2\n", {"losses": "bce"}, "is not a valid target", "2"),
]


@pytest.mark.parametrize("case", BAD, ids=[name for name, *_ in BAD])
@pytest.mark.parametrize("gz", [False, True])
def test_an_error_in_the_targets_names_their_file_and_line(tmp_path: Path, case: tuple[Any, ...], gz: bool) -> None:
    import gzip

    _, text, settings, message, _ = case
    path = tmp_path / ("t.csv.gz" if gz else "t.csv")
    path.write_bytes(gzip.compress(text.encode()) if gz else text.encode())
    source = {"id": ["a", "b"], "p": [0.5, 0.25]}
    settings = {"losses": "mae", "target": "y", "pred": "p", "on": "id", **settings}
    with pytest.raises(DataError, match=message) as caught:
        losscli.evaluate(source, targets=str(path), **settings)
    error = caught.value
    assert (error.path, error.row, error.line, error.column) == (str(path), 2, 3, "y")


@pytest.mark.parametrize(("columns", "file"), [({"target": "targets.q"}, "t.csv"), ({"pred": "preds.q"}, "p.csv")])
def test_a_column_that_is_missing_is_missing_in_the_file_of_its_side(tmp_path: Path, columns: Any, file: str) -> None:
    (tmp_path / "p.csv").write_text("id,p\n1,2\n")
    (tmp_path / "t.csv").write_text("id,y\n1,2\n")
    with pytest.raises(DataError, match="no column") as caught:
        losscli.evaluate(str(tmp_path / "p.csv"), "mae", targets=str(tmp_path / "t.csv"), on="id",
                         **{"target": "y", "pred": "p", **columns})  # fmt: skip
    assert Path(caught.value.path or "").name == file


def test_errors_far_into_the_targets_and_in_a_column_of_both_files(tmp_path: Path) -> None:
    path, rows = tmp_path / "t.csv", 150_000
    path.write_text("id,y\n" + "".join(f"{i},{'inf' if i == 140_001 else i}\n" for i in range(rows)))
    source = {"id": [str(i) for i in reversed(range(rows))], "y": [0.0] * rows}
    for weight in ({}, {"where": "y == 0"}):
        with pytest.raises(DataError, match=r"'targets\.y' is infinite") as caught:
            losscli.evaluate(source, "mae", target="y", pred="y", targets=str(path), on="id", **weight)
        error = caught.value
        assert (error.path, error.row, error.line, error.column) == (str(path), 140_002, 140_003, "y")
        assert error.value == "inf"


def test_a_key_of_the_targets_that_is_also_a_number_keeps_its_text(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("ID,p\n007,1\n7,2\n")
    (tmp_path / "t.csv").write_text("id,y\n7,2\n007,1\n")
    settings: dict[str, Any] = {"target": "y", "pred": "p", "targets": str(tmp_path / "t.csv"), "on": {"ID": "id"}}
    report = losscli.evaluate(str(tmp_path / "p.csv"), "mae", where="id == 7", **settings)
    assert (report["mae"].value, report["mae"].count) == (0.0, 2)


def test_the_sides_of_names() -> None:
    sides = Sides(("id", "y", "preds.z"), ("id", "y", "q"), "p.csv", "t.csv")
    located = {name: sides.locate(name) for name in ("y", "q", "preds.y", "targets.y", "preds.z", "targets.id", "none")}
    assert located == {
        "y": ("preds", "y"), "q": ("targets", "q"), "preds.y": ("preds", "y"), "targets.y": ("targets", "y"),
        "preds.z": ("preds", "preds.z"), "targets.id": ("targets", "id"), "none": ("preds", "none"),
    }  # fmt: skip
    assert [sides.is_known(name) for name in ("q", "preds.q", "targets.q", "none")] == [True, False, True, False]


HINTS = [
    ("id", {"ID": 1, "p": 1}, {"id": 1, "y": 1}, "did you mean 'ID'? --on ID=id joins by it"),
    ("ID", {"ID": 1, "p": 1}, {"id": 1, "y": 1}, "did you mean 'id'? --on ID=id joins by it"),
    ("key", {"n": 1, "p": 1}, {"key": 1, "y": 1}, "the columns are 'n', 'p'; a key may have another name here: "
                                                  "--on NAME=key"),
]  # fmt: skip


@pytest.mark.parametrize(("on", "ours", "theirs", "hint"), HINTS)
def test_a_key_that_one_side_lacks_has_a_hint(on: str, ours: Any, theirs: Any, hint: str) -> None:
    tables = [{name: [value] for name, value in side.items()} for side in (ours, theirs)]
    with pytest.raises(DataError, match=f"no key column '{on}'") as caught:
        losscli.evaluate(tables[0], "mae", target="y", pred="p", targets=tables[1], on=on)
    assert caught.value.hint == hint


def test_columns_inside_others_have_sides_too(tmp_path: Path) -> None:
    (tmp_path / "p.jsonl").write_text('{"id": 1, "doc": {"gold": 9, "p": 1}}\n{"id": 2, "doc": {"gold": 9, "p": 2}}\n')
    (tmp_path / "t.jsonl").write_text('{"id": 2, "doc": {"gold": 2}}\n{"id": 1, "doc": {"gold": 3}}\n')
    settings: dict[str, Any] = {"targets": str(tmp_path / "t.jsonl"), "on": "id", "pred": "doc.p"}
    for target, value in (("doc.gold", 1.0), ("targets.doc.gold", 1.0), ("preds.doc.gold", 7.5)):
        assert losscli.evaluate(str(tmp_path / "p.jsonl"), "mae", target=target, **settings)["mae"].value == value


def test_a_column_of_texts_here_and_decimals_there_has_one_label_for_both(tmp_path):
    texts = pa.table({"k": [1, 2], "y": [1.0, 2.0], "g": ["1.5", "x"]})
    decimals = pa.array([decimal.Decimal("1.50"), None], pa.decimal128(5, 2))
    (tmp_path / "targets").mkdir()
    pq.write_table(texts, tmp_path / "targets" / "a.parquet")
    pq.write_table(pa.table({"k": [3, 4], "y": [3.0, 4.0], "g": decimals}), tmp_path / "targets" / "b.parquet")
    predictions = pa.table({"k": [1, 2, 3, 4], "p": [1.0, 2.5, 3.0, 5.0]})
    found = losscli.evaluate(
        predictions, "mse", target="y", pred="p", targets=str(tmp_path / "targets"), on="k", by="g"
    )
    assert [(result.by.get("g"), result.value, result.count) for result in found] == [
        (None, 0.3125, 4), ("(null)", 1.0, 1), ("1.5", 0.0, 2), ("x", 0.25, 1)
    ]  # fmt: skip
