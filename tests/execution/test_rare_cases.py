"""Rare cases of binding, counting and reporting that faults made on purpose had passed through unnoticed."""

from __future__ import annotations

import json

import numpy as np
import pytest

import losscli
from losscli.cli.entry import run

NAN = float("nan")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def report(*args, code=0):
    assert run([*args, "-q", "-o", "out.json"]) == code
    with open("out.json", encoding="utf-8") as file:  # noqa: PTH123
        return json.load(file)


@pytest.mark.parametrize("column", [0, 1, 2])
def test_a_row_is_dropped_where_one_of_its_columns_is_nan(folder, column):
    rows = [[0.5, 0.25, 0.25], [0.25, 0.5, 0.25], [0.125, 0.125, 0.75]]
    rows[1][column] = NAN
    text = "y,a,b,c\n" + "".join(f"{i},{','.join(map(str, row))}\n" for i, row in enumerate(rows))
    (folder / "t.csv").write_text(text)
    found = report("eval", "t.csv", "-t", "y", "-p", "a,b,c", "-l", "cross_entropy", "--nan", "drop")
    assert found["rows"]["used"] == 2
    assert found["rows"]["dropped"] == 1
    (result,) = found["results"]
    assert (result["count"], result["value"]) == (2, pytest.approx(-(np.log(0.5) + np.log(0.75)) / 2, rel=1e-15))


@pytest.mark.parametrize("text", ["inf", "-inf", "Infinity", "1e999"])
def test_an_error_about_an_infinite_value_holds_it(folder, capsys, text):
    (folder / "t.csv").write_text(f"y,p\n1,0.5\n1,{text}\n")
    assert run(["eval", "t.csv", "-t", "y", "-p", "p", "-l", "mse", "--error-format", "json"]) == 3
    error = json.loads(capsys.readouterr().err.splitlines()[-1])
    assert error["row"] == 2
    assert error["column"] == "p"
    assert error["value"] == text


@pytest.mark.parametrize("gate", ["mse<=baseline by g", "mse<=baseline+1000% by g"])
def test_a_gate_by_slices_fails_for_one_that_is_gone(folder, gate):
    (folder / "old.csv").write_text("y,p,g\n1,1,a\n1,2,b\n")
    (folder / "new.csv").write_text("y,p,g\n1,1,a\n1,1,a\n")
    score = ["-t", "y", "-p", "p", "-l", "mse", "--by", "g"]
    assert run(["eval", "old.csv", *score, "-o", "base.json", "-q"]) == 0
    found = report("eval", "new.csv", *score, "--baseline", "base.json", "--allow-incomparable", "--gate", gate, code=1)
    assert [(each["by"], each["passed"]) for each in found["gates"]] == [({"g": "a"}, True), ({"g": "b"}, False)]


def test_commas_and_colons_in_annotations(folder, capsys):
    name = "50%, a:b.csv"
    (folder / name).write_text("y,p\n1,inf\n")
    assert run(["eval", name, "-t", "y", "-p", "p", "-l", "mse", "--error-format", "github"]) == 3
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("::error ")]
    properties, _, message = line.removeprefix("::error ").partition("::")
    assert properties.split(",") == ["title=losscli DATA_INFINITE", "file=50%25%2C a%3Ab.csv", "line=2"]
    assert "50%25, a:b.csv" in message


def test_the_same_loss_twice_is_one_result():
    data = {"y": [1.0, 2.0], "p": [1.5, 2.0]}
    once = losscli.evaluate(data, ["mse"], target="y", pred="p")
    twice = losscli.evaluate(data, ["mse", "mse"], target="y", pred="p")
    assert twice.to_json() == once.to_json()
    assert twice["mse"].value == 0.125


@pytest.mark.parametrize("name", ["a:b", ":a", "a:", "a:b:c", "a/b", "a,b"])
def test_a_models_name_may_hold_a_colon(name):
    data = {"y": [1.0, 2.0, 4.0], "p": [1.5, 2.0, 4.0], "q": [2.0, 2.0, 4.0], "v": [1.0, 1.0, 4.0]}
    found = losscli.evaluate(data, ["mse", "gaussian_nll"], target="y", pred={name: "p", "other": "q"},
                             columns={"variance": "v"})  # fmt: skip
    assert found.find(loss="mse", model=name).value == pytest.approx(0.25 / 3, rel=1e-15)
    assert found.find(loss="mse", model="other").value == pytest.approx(1 / 3, rel=1e-15)


def test_a_colon_in_the_name_of_a_model_on_the_command_line(folder):
    (folder / "t.csv").write_text("y,p,v,w\n1,1.5,1,2\n2,2,1,2\n")
    score = ["eval", "t.csv", "-t", "y", "-p", "a:b=p", "-l", "gaussian_nll"]
    one, all_models = report(*score, "-c", "a:b:variance=v"), report(*score, "-c", "variance=v")
    assert one["results"] == all_models["results"]
    assert one["results"][0]["model"] == "a:b"


def test_a_blend_counts_the_rows_of_its_parts():
    data = {"y": [1.0, 0.0, 1.0, 0.0], "p": [0.5, 0.25, 0.75, 0.5], "w": [1.0, 2.0, 1.0, 2.0]}
    blend = losscli.evaluate(data, "b=0.25*mse+0.75*mae", target="y", pred="p", weight="w")["b"]
    part = losscli.evaluate(data, "mae", target="y", pred="p", weight="w")["mae"]
    assert (blend.count, blend.weight) == (part.count, part.weight) == (4, 6.0)
    dropped = losscli.evaluate({**data, "p": [0.5, NAN, 0.75, 0.5]}, "b=0.25*mse+0.75*mae", target="y", pred="p",
                               weight="w", nan="drop")["b"]  # fmt: skip
    assert (dropped.count, dropped.weight) == (3, 4.0)


@pytest.mark.parametrize("label", [0, 1])
def test_balanced_weights_of_one_class_are_one(label):
    data = {"y": [label] * 3, "p": [0.5, 0.25, 0.75]}
    plain = losscli.evaluate(data, "bce", target="y", pred="p")["bce"]
    balanced = losscli.evaluate(data, "bce", target="y", pred="p", class_weight="balanced")["bce"]
    assert balanced.value == plain.value
    assert balanced.weight == 3.0


@pytest.mark.parametrize("suffix", ["parquet", "csv", "jsonl"])
def test_saved_rows_that_take_no_part_are_in_no_difference(folder, suffix):
    """A row whose label is only in one term, and a row of weight 0, are absent from the comparison as from the mean."""
    text = "d,old,new,w\n" + "".join(f"{i % 2},{0.1 * i + 0.3},{0.1 * i + 0.2},{i % 3}\n" for i in range(12))
    (folder / "t.csv").write_text(text)
    score = ["-t", "d", "-w", "w", "-l", "lsgan_discriminator"]
    assert run(["eval", "t.csv", "-p", "m=old", *score, "-o", "base.json", "-o", f"rows=rows.{suffix}", "-q"]) == 0
    found = report("eval", "t.csv", "-p", "m=new", *score, "--baseline", "base.json",
                   "--gate", "lsgan_discriminator<=baseline+900% significant")  # fmt: skip
    want = losscli.compare("t.csv", "lsgan_discriminator", target="d", pred={"old": "old", "new": "new"}, weight="w",
                           permutations=0).comparisons[0]  # fmt: skip
    assert found["gates"][0]["interval"] == pytest.approx(list(want.interval), rel=1e-12)
