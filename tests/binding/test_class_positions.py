"""Classes by position: said, counted from where the user says, and never by luck."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import losscli
from losscli.api.report import Report
from losscli.binding.column_names import own_parts
from losscli.cli.entry import run
from losscli.errors import DataError, LosscliError, UsageError

FROM_1 = {"y": [1, 2, 1], "a": [0.8, 0.1, 0.7], "b": [0.1, 0.8, 0.2], "c": [0.1, 0.1, 0.1]}
AS_INDICES, AS_COUNTED = 2.071536032807397, 0.26765401552238394
LISTS = {"p": np.array([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.7, 0.2, 0.1]])}
NEVER_0 = "'y': class 0 (a) never occurs; if the labels count from 1, give --first-class 1"


def score(data: Any, pred: Any = "a,b,c", loss: str = "cross_entropy", **more: Any) -> Report:
    return losscli.evaluate(data, loss, **{"target": "y", "pred": pred, **more})


def said(report: Report) -> list[tuple[str, str]]:
    return [(each.kind, each.message) for each in report.warnings if "dropped" not in each.message]


def test_positions_are_said_and_a_class_that_never_occurs_is_warned_of() -> None:
    report = score(FROM_1)
    assert report[0].value == AS_INDICES
    assert said(report) == [("warning", NEVER_0), ("note", "classes by position: 0 = a, 1 = b, 2 = c")]
    whole = score({**FROM_1, "y": [2, 0, 1]})
    assert said(whole) == [("note", "classes by position: 0 = a, 1 = b, 2 = c")]


def test_the_report_tells_notes_from_warnings(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    found = json.loads(score(FROM_1).to_json())["warnings"]
    assert found == [{"message": NEVER_0, "count": 1},
                     {"message": "classes by position: 0 = a, 1 = b, 2 = c", "count": 1, "kind": "note"}]  # fmt: skip
    path = tmp_path / "t.csv"
    path.write_text("y,a,b\n0,0.5,0.5\n1,0.5,0.5\n")
    assert run(["--error-format", "text", "eval", str(path), "-t", "y", "-p", "a,b", "-l", "brier"]) in (0, 2)
    capsys.readouterr()
    saved = str(tmp_path / "r.json")
    assert run(["eval", str(path), "-t", "y", "-p", "a,b", "-l", "brier", "-o", saved]) == 0
    assert "classes by position: 0 = a, 1 = b" in capsys.readouterr().err
    assert run(["diff", saved, saved, "-q"]) == 0


def test_first_class() -> None:
    report = score(FROM_1, first_class=1)
    assert report[0].value == AS_COUNTED
    assert said(report) == [("warning", "'y': class 3 (c) never occurs"),
                            ("note", "classes by position: 1 = a, 2 = b, 3 = c")]  # fmt: skip
    below = {**FROM_1, "y": [-1, 0, -1]}
    assert score(below, first_class=-1)[0].value == AS_COUNTED
    with pytest.raises(DataError, match="class '0' of 'y' is not a class index: they count from 1"):
        score(below | {"y": [1, 0, 1]}, first_class=1)
    with pytest.raises(DataError, match="class index 4 in 'y' is out of range for 3 class columns"):
        score(below | {"y": [1, 4, 1]}, first_class=1)


def test_labels_beyond_the_columns_hint_at_where_they_begin() -> None:
    with pytest.raises(DataError, match="class index 3 in 'y' is out of range for 3") as raised:
        score({**FROM_1, "y": [1, 2, 3]})
    assert raised.value.hint == "class indices count from 0; if these count from 1, give --first-class 1"
    with pytest.raises(DataError) as raised:
        score({**FROM_1, "y": [1, 2, 4]})
    assert raised.value.hint == "class indices count from 0"


@pytest.mark.parametrize("label", ["01", "+1", "1e0", "00"])
def test_only_a_whole_number_in_its_own_form_is_an_index(label: str) -> None:
    with pytest.raises(DataError, match="is not a class index"):
        score({**FROM_1, "y": ["0", label, "1"]})


def test_lists_have_positions_too() -> None:
    report = score({"y": [1, 2, 1], **LISTS}, "p")
    assert report[0].value == AS_INDICES
    assert said(report) == [
        ("warning", "'y': class 0 never occurs; if the labels count from 1, give --first-class 1"),
        ("note", "classes by position: 0 to 2 in the lists of 'p'"),
    ]
    assert score({"y": [1, 2, 1], **LISTS}, "p", first_class=1)[0].value == AS_COUNTED


@pytest.mark.parametrize("classes", ["cat,dog,cow", ["cat", "dog", "cow"]])
def test_classes_name_what_lists_hold(classes: Any) -> None:
    targets = {"y": ["cat", "dog", "cat"]}
    for data, pred in (({**targets, **LISTS}, "p"), ({**FROM_1, **targets}, "a,b,c")):
        report = score(data, pred, classes=classes)
        assert (report[0].value, said(report)) == (AS_COUNTED, [])
        with pytest.raises(DataError, match="class 'pig' of 'y' is not among the classes cat, dog, cow"):
            score({**data, "y": ["cat", "pig", "dog"]}, pred, classes=classes)
    numbers = score({"y": [7, 9, 7], **LISTS}, "p", classes=[7, 9.0, 8])
    assert numbers[0].value == AS_COUNTED
    by_star = {"y": targets["y"], "p_dog": FROM_1["b"], "p_cow": FROM_1["c"], "p_cat": FROM_1["a"]}
    assert score(by_star, "p_*", classes=classes)[0].value == AS_COUNTED


def test_classes_pair_lists_with_named_columns() -> None:
    soft = {"t_b": [1.0, 0.0], "t_a": [0.0, 1.0], "p": np.array([[0.25, 0.75], [0.5, 0.5]])}
    wanted = -(np.log(0.75) + np.log(0.5)) / 2
    report = losscli.evaluate(soft, "cross_entropy", target="t_*", pred="p", classes="a,b")
    assert report[0].value == pytest.approx(wanted, rel=1e-15) and said(report) == []
    with pytest.raises(UsageError, match="which are not those of --classes"):
        losscli.evaluate(soft | {"t_c": soft["t_b"]}, "cross_entropy", target="t_*", pred="p", classes="a,b")


def test_classes_name_the_rows_of_a_table() -> None:
    data = {"y": ["x", "y"], "e_0": [1.0, 0.0], "e_1": [0.5, 2.0]}
    table = {"prototypes": np.array([[0.0, 1.0], [1.0, 0.0]])}

    def value(labels: Sequence[Any], **more: Any) -> Report:
        return losscli.evaluate({**data, "y": labels}, "arcface", target="y", columns={"embedding": "e_*"},
                                tables=table, **more)  # fmt: skip

    by_index = value([1, 0])
    assert value(["x", "y"], classes="y,x")[0].value == by_index[0].value
    assert [kind for kind, _ in said(by_index)] == ["note"]
    assert value([2, 1], first_class=1)[0].value == by_index[0].value
    assert "class 0 never occurs" in said(value([1, 1]))[0][1]
    with pytest.raises(DataError, match="--classes names 3 classes, but 'prototypes' has 2 rows"):
        value(["x", "y"], classes="y,x,z")


@pytest.mark.parametrize(
    ("more", "wrong"),
    [
        ({"classes": "a,b"}, "--classes names 2 classes, but 'pred' has 3 columns"),
        ({"classes": "x,y,x"}, "contains class 'x' twice"),
        ({"classes": "1,2,1.0"}, "contains class '1' twice"),
        ({"classes": "x,,y"}, "contains a class without a name"),
        ({"classes": "x,y,z", "first_class": 1}, "cannot be used together"),
        ({"loss": "mse", "pred": "a", "classes": "x,y"}, "--classes is for losses of several classes"),
        ({"loss": "mse", "pred": "a", "first_class": 1}, "--first-class is for class indices"),
    ],
)
def test_settings_that_do_not_fit(more: dict[str, Any], wrong: str) -> None:
    with pytest.raises(UsageError, match=wrong):
        score(FROM_1, **more)


def test_settings_that_do_not_fit_a_star() -> None:
    data = {"y": ["a", "b", "a"], "p_a": FROM_1["a"], "p_b": FROM_1["b"], "p_c": FROM_1["c"]}
    with pytest.raises(UsageError, match="the classes have names here"):
        score(data, "p_*", first_class=1)
    with pytest.raises(UsageError, match="are a, b, c, which are not those of --classes"):
        score(data, "p_*", classes="a,b,d")
    with pytest.raises(DataError, match="has 3 elements where 2 are expected"):
        score({"y": ["a"], "p": [[0.5, 0.25, 0.25]]}, "p", classes="a,b")


# -- names ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("names", [("1", "1.0"), ("True", "true"), ("2.", "2.00")])
def test_two_columns_of_one_class_are_an_error(names: tuple[str, str]) -> None:
    for columns, pred in ((names, ",".join(names)), ([f"p_{name}" for name in names], "p_*")):
        data = {"y": ["1", "1"], **{column: [0.5, 0.5] for column in columns}}
        with pytest.raises(DataError, match="have the same name"):
            score(data, pred)
    twice = {"y": ["x", "x"], "a_x": [0.5, 0.5], "b_x": [0.5, 0.5]}
    with pytest.raises(DataError, match="'a_x' and 'b_x' of 'pred' have the same name: 'x'"):
        score(twice, "a_*,b_*")
    outputs = {"a_x": [0.5], "b_x": [1.5], "p_x": [0.5], "q_x": [0.5]}
    with pytest.raises(DataError, match="'p_x' and 'q_x' of 'pred' have the same name"):
        losscli.evaluate(outputs, "mse", target="a_*,b_*", pred="p_*,q_*")


def test_a_list_binds_by_name_or_by_position_as_its_first_target_does(tmp_path: Path) -> None:
    """In whatever batches the rows are read."""
    columns = {"1": [0.5] * 200, "2": [0.25] * 200, "3": [0.25] * 200}
    path = str(tmp_path / "t.parquet")

    def outcome(labels: list[str], **more: Any) -> Any:
        pq.write_table(pa.table({"y": labels, **columns}), path, row_group_size=7)
        try:
            return score(path, "1,2,3", loss="brier", **more)[0].value
        except LosscliError as error:
            return (error.message, error.row)

    named = ["1"] * 100 + ["3"] * 100
    assert {outcome(named, threads=n) for n in (1, 2)} == {0.25 * (0.375 + 0.875) + 0.25 * (0.375 + 0.875)}
    mixed = {outcome(["0"] * 150 + ["2"] * 50, threads=n) for n in (1, 2)}
    assert mixed == {("class '2' of 'y' is the name of a column (1, 2, 3), but the classes before it are class indices",
                      151)}  # fmt: skip
    mixed = {outcome(["2"] * 150 + ["0"] * 50, threads=n) for n in (1, 2)}
    assert mixed == {("class '0' of 'y' is not among the classes 1, 2, 3", 151)}
    assert isinstance(outcome(["1"] * 100 + ["3"] * 100, first_class=1), float)


def test_absent_classes_are_those_of_the_whole_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(tmp_path / "t.csv")
    for labels, absent in (([1] * 4000 + [2] * 4000 + [0], []), ([1] * 8000 + [2], [0]), ([2] * 8001, [0, 1])):
        rows = "".join(f"{label},0.5,0.25,0.25\n" for label in labels)
        Path(path).write_text("y,a,b,c\n" + rows)
        wanted = [f"class 0 ({'a'}) never occurs"] if absent == [0] else ["classes 0 (a), 1 (b) never occur"]
        for threads in (1, 2):
            found = [message for kind, message in said(score(path, threads=threads)) if kind == "warning"]
            assert len(found) == bool(absent) and all(wanted[0] in message for message in found)
        states = [str(tmp_path / f"s{i}.json") for i in (1, 2, 3)]
        for number, state in enumerate(states, 1):
            assert run(["eval", path, "-t", "y", "-p", "a,b,c", "-l", "cross_entropy", "--shard", f"{number}/3",
                        "--state-out", state]) == 0  # fmt: skip
        capsys.readouterr()
        assert run(["merge", *states, "-f", "json"]) == 0
        assert json.loads(capsys.readouterr().out)["warnings"] == json.loads(score(path).to_json())["warnings"]


def test_rows_that_are_left_out_have_no_class() -> None:
    data = pa.table({"y": [0, 1, 2, 99], "a": [0.5, 0.5, None, None], "b": [0.25] * 4, "c": [0.25] * 4})
    found = said(score(data, missing="drop"))
    assert found[0] == ("warning", "'y': class 2 (c) never occurs")


# -- several targets against several predictions ---------------------------------------------------------------------

OUTPUTS = {"t_a": [1.0, 4.0], "t_b": [2.0, 6.0], "p_b": [3.0, 6.0], "p_a": [1.0, 2.0], "x": [3.0, 6.0], "y": [1.0, 2.0]}


@pytest.mark.parametrize(
    ("pred", "value", "note"),
    [
        ("p_a,p_b", 1.25, None),
        ("p_b,p_a", 1.25, "'pred' and 'target' by name: p_b with t_b, p_a with t_a"),
        ("x,y", 6.25, "'pred' and 'target' by position: x with t_a, y with t_b"),
        ("y,x", 1.25, "'pred' and 'target' by position: y with t_a, x with t_b"),
    ],
)
def test_listed_outputs_pair_by_name_or_say_that_they_do_not(pred: str, value: float, note: str | None) -> None:
    report = losscli.evaluate(OUTPUTS, "mse", target="t_a,t_b", pred=pred)
    assert report[0].value == value
    assert said(report) == ([("note", note)] if note else [])


def test_listed_classes_pair_by_name_too() -> None:
    soft = {"t_a": [1.0], "t_b": [0.0], "p_b": [0.25], "p_a": [0.75], "u": [0.75], "v": [0.25], "l": [[0.75, 0.25]]}

    def outcome(target: str, pred: str) -> tuple[float, list[str]]:
        report = losscli.evaluate(pa.table(soft), "cross_entropy", target=target, pred=pred)
        return report[0].value, [message for _, message in said(report)]

    wanted = -np.log(0.75)
    assert outcome("t_*", "p_*") == (wanted, [])
    assert outcome("t_a,t_b", "p_a,p_b") == (wanted, [])
    assert outcome("t_a,t_b", "p_b,p_a") == (wanted, ["classes by name: p_b with t_b, p_a with t_a"])
    assert outcome("t_a,t_b", "u,v") == (wanted, ["classes by position: u with t_a, v with t_b"])
    assert outcome("t_a,t_b", "l") == (wanted, ["classes by position: 0 = t_a, 1 = t_b"])
    assert outcome("l", "l")[1] == ["classes by position: in the lists of 'l'"]


def test_vectors_of_the_same_numbering_say_nothing() -> None:
    data = {**{f"e{i}": [float(i)] for i in range(1, 12)}, **{f"f{i}": [1.0] for i in range(1, 12)}}
    columns = {"a": ",".join(f"e{i}" for i in range(1, 12)), "b": ",".join(f"f{i}" for i in range(1, 12))}
    report = losscli.evaluate(data, "mse", target=columns["a"], pred=columns["b"])
    assert said(report) == []


@pytest.mark.parametrize(
    ("names", "parts"),
    [
        (["t_a", "t_b"], ("a", "b")),
        (["a_true", "b_true"], ("a", "b")),
        (["x_1_pred", "x_20_pred"], ("1", "20")),
        (["y1", "y2"], ("1", "2")),
        (["y10", "y11"], ("10", "11")),
        (["new:cat", "new:car"], ("cat", "car")),
        (["cat", "car"], ("cat", "car")),
        (["cat", "cats"], ("cat", "cats")),
        (["p_", "p_a"], None),
        (["a.b", "a.c"], ("b", "c")),
    ],
)
def test_own_parts(names: list[str], parts: tuple[str, ...] | None) -> None:
    assert own_parts(names) == parts


def test_classes_stand_in_the_signature() -> None:
    def signature(**more: Any) -> str:
        return score({"y": [1, 2, 1], **LISTS}, "p", **more)[0].signature

    found = [signature(), signature(first_class=1), signature(classes="1,2,0"), signature(classes="2,1,0")]
    assert len(set(found)) == 4
    assert found[1].endswith("|first-class=1") and found[2].endswith("|classes=1,2,0")


# -- the other doors -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["rows", "grad"])
@pytest.mark.parametrize("loss", ["cross_entropy", "supcon"])
def test_rows_and_grad_say_it_too(
    command: str, loss: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOSSCLI_ERROR_FORMAT", "text")
    path = tmp_path / "t.csv"
    path.write_text("y,a,b,c,e_0,e_1\n1,0.8,0.1,0.1,1,2\n2,0.1,0.8,0.1,2,1\n1,0.7,0.2,0.1,1,1\n")
    roles = ["-p", "a,b,c"] if loss == "cross_entropy" else ["-c", "embedding=e_*"]
    assert run([command, str(path), "-t", "y", *roles, "-l", loss]) == 0
    heard = capsys.readouterr().err
    wanted = f"warning: {NEVER_0}\nnote: classes by position: 0 = a, 1 = b, 2 = c\n"
    assert heard.endswith(wanted) if loss == "cross_entropy" else "by position" not in heard


def test_a_plan_shows_what_labels_mean(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "t.csv"
    path.write_text("y,a,b\n1,0.5,0.5\n")
    assert run(["eval", str(path), "-t", "y", "-p", "a,b", "-l", "brier", "--first-class", "0", "--plan"]) == 0
    assert "first class index: 0\n" in capsys.readouterr().out
    assert run(["eval", str(path), "-t", "y", "-p", "a", "-l", "bce", "--positive", "1", "--others", "negative",
                "--plan"]) == 0  # fmt: skip
    assert "positive class label: 1\nother labels: negative\n" in capsys.readouterr().out


def test_suites_have_the_same_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Any) -> None:
    (tmp_path / "t.csv").write_text("y,z,a,b\n1,yes,0.75,0.25\n2,?,0.25,0.75\n1,no,0.5,0.5\n")
    pq.write_table(pa.table({"y": ["cat", "dog"], "p": [[0.75, 0.25], [0.25, 0.75]]}), tmp_path / "t.parquet")
    (tmp_path / "losscli.toml").write_text(
        "[suites.counted]\nsources = ['t.csv']\ntarget = 'y'\npreds = ['a,b']\nlosses = ['brier']\nfirst-class = 1\n"
        "gates = ['brier<=0.25']\n"
        "[suites.named]\nsources = ['t.parquet']\ntarget = 'y'\npreds = ['p']\nlosses = ['brier']\n"
        "classes = 'cat,dog'\ngates = ['brier<=0.125']\n"
        "[suites.rest]\nsources = ['t.csv']\ntarget = 'z'\npreds = ['a']\nlosses = ['brier']\npositive = 'yes'\n"
        "others = 'negative'\ngates = ['brier<=0.125']\n"
    )
    monkeypatch.chdir(tmp_path)
    assert run(["check"]) == 0, capfd.readouterr()
