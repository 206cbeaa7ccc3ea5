"""Probabilities given as logits are warned of, and the reverse is refused with the way out that there is."""

from __future__ import annotations

import json
import math
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import losscli
from losscli.cli.entry import run
from losscli.contract.loss import REGISTRY
from losscli.errors import DataError

BINARY = {"y": [1, 0, 1], "p": [0.9, 0.0, 1.0], "z": [0.9, -0.1, 1.0], "large": [0.5, 0.25, 1.5]}
CLASSES = {
    "y": ["a", "b", "b"],
    "p_a": [0.75, 0.5, 0.0], "p_b": [0.25, 0.5, 1.0],
    "z_a": [0.75, 0.5, 0.5], "z_b": [0.25, 0.5, 1.0],
}  # fmt: skip
LOGITS = sorted(name for name in REGISTRY if name.endswith("_with_logits"))


def warnings(data: Any, loss: str, pred: str, **more: Any) -> list[str]:
    found = losscli.evaluate(data, loss, target="y", pred=pred, **more)
    return [warning.message for warning in found.warnings if "dropped" not in warning.message]


@pytest.mark.parametrize("name", LOGITS)
def test_every_loss_of_logits_warns_of_probabilities(name: str) -> None:
    loss = REGISTRY[name]
    assert loss.of_probabilities is not None and loss.of_probabilities.of_logits is loss
    classes = any(kind.classes for kind in loss.roles["pred"].kinds)
    data, pred, other = (CLASSES, "p_*", "z_*") if classes else (BINARY, "p", "z")
    shown = "p_a…p_b" if classes else "p"
    (said,) = warnings(data, name, pred)
    sums = " and every row sums to 1" if classes else ""
    assert said == (f"'{shown}': all values are in [0, 1]{sums}, but '{name}' takes logits; "
                    f"for probabilities use '{loss.of_probabilities.name}'")  # fmt: skip
    assert warnings(data, name, other) == []


def test_losses_without_such_a_pair_say_nothing() -> None:
    assert warnings(BINARY, "mse", "p") == [] and warnings(BINARY, "bce", "p") == []
    assert warnings(CLASSES, "zero_one", "p_*") == []
    assert warnings(BINARY, "bce_with_logits", "large") == []


def test_rounded_rows_still_sum_to_one() -> None:
    data = {"y": [0, 1], "p": np.array([[0.333, 0.333, 0.333], [0.1, 0.8, 0.1]])}
    assert any("every row sums to 1" in said for said in warnings(data, "cross_entropy_with_logits", "p"))


@pytest.mark.parametrize("odd", [None, 0, 500, 999])
def test_one_value_outside_decides_wherever_it_stands(tmp_path: Path, odd: int | None) -> None:
    pred = np.linspace(0.0, 1.0, 1000)
    if odd is not None:
        pred[odd] = 1.5
    path = str(tmp_path / "t.parquet")
    pq.write_table(pa.table({"y": [0.0, 1.0] * 500, "p": pred}), path, row_group_size=100)
    for threads in (1, 2):
        assert len(warnings(path, "bce_with_logits", "p", threads=threads)) == (odd is None)


def test_rows_that_are_left_out_do_not_count() -> None:
    data = pa.table({"y": [1.0, 0.0, None, 1.0], "p": [0.5, 0.25, 7.0, -3.0], "s": [1, 1, 1, 2]})
    assert warnings(data, "bce_with_logits", "p", missing="drop") == []
    assert len(warnings(data, "bce_with_logits", "p", missing="drop", where="s == 1")) == 1


def test_shards_warn_as_one_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(tmp_path / "t.csv")
    rows = "".join(f"{i % 2},{i / 9999}\n" for i in range(10_000))
    for last, expected in (("0,0.5\n", 1), ("0,2\n", 0)):
        Path(path).write_text("y,p\n" + rows + last)
        states = [str(tmp_path / f"s{i}.json") for i in (1, 2)]
        for number, state in enumerate(states, 1):
            assert run(["eval", path, "-t", "y", "-p", "p", "-l", "bce_with_logits", "--shard", f"{number}/2",
                         "--state-out", state]) == 0  # fmt: skip
        capsys.readouterr()
        assert run(["merge", *states, "-f", "json"]) == 0
        merged = capsys.readouterr()
        assert len(json.loads(merged.out)["warnings"]) == expected
        assert merged.err.count("'p': all values are in [0, 1]") == expected


@pytest.mark.parametrize(
    ("loss", "hint"),
    [
        ("bce", "if these are logits, use the loss of the same name with '_with_logits'"),
        ("focal", "if these are logits, use the loss of the same name with '_with_logits'"),
        ("brier", "if these are logits, apply the sigmoid to them first"),
    ],
)
def test_the_hint_names_a_loss_that_there_is(loss: str, hint: str) -> None:
    with pytest.raises(DataError, match="expected a probability") as raised:
        losscli.evaluate({"y": [1, 0], "p": [2.0, -1.0]}, loss, target="y", pred="p")
    assert raised.value.hint == hint


def test_a_value_up_to_100_may_be_a_percentage() -> None:
    said = "if these are percentages: --let 'chance_fraction = chance / 100' -p chance_fraction"
    for value, hint in ((90.0, said), (101.0, "_with_logits")):
        with pytest.raises(DataError, match="expected a probability") as raised:
            losscli.evaluate({"y": [1, 0], "chance": [value, 0.5]}, "bce", target="y", pred="chance")
        assert hint in str(raised.value.hint)


@pytest.mark.parametrize(
    "column", ["p", "fraction", "100 %", "it's", "a b", "in", "w\u00e4rme", "x.y", "a`b", "-p", "p[0]"]
)
def test_what_the_hint_for_percentages_says_can_be_run(
    column: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps({"y": y, column: value}) + "\n" for y, value in ((1, 90.0), (0, 20.0))))
    command = ["eval", str(path), "-t", "y", "-l", "bce", "-f", "json"]
    assert run([*command, f"--pred={column}"]) == 3
    error = json.loads(capsys.readouterr().err)
    _, options = error["hint"].split("if these are percentages: ")
    assert run([*command, *shlex.split(options)]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["results"][0]["value"] == pytest.approx(-(math.log(0.9) + math.log(0.8)) / 2)


def test_the_hint_for_percentages_has_a_command_for_one_column_only() -> None:
    for data, loss, roles in (
        ({"y": ["a", "b"], "p_a": [90.0, 20.0], "p_b": [10.0, 80.0]}, "cross_entropy", {"pred": "p_*"}),
        ({"y": [0, 1], "v": [[90.0, 10.0], [20.0, 80.0]]}, "cross_entropy", {"pred": "v"}),
    ):
        with pytest.raises(DataError) as raised:
            losscli.evaluate(data, loss, target="y", **roles)
        assert str(raised.value.hint).endswith("; if these are percentages, divide them by 100")


def test_the_hint_is_for_all_losses_of_a_column() -> None:
    for losses in (["bce", "brier"], ["brier", "bce"], "x=bce+brier"):
        with pytest.raises(DataError) as raised:
            losscli.evaluate({"y": [1, 0], "p": [2.0, -1.0]}, losses, target="y", pred="p")
        assert raised.value.hint == "if these are logits, apply the sigmoid to them first"
    for loss, hint in (("kl_divergence", "apply the softmax"), ("cross_entropy", "'_with_logits'")):
        with pytest.raises(DataError) as raised:
            losscli.evaluate({"t_a": [1], "t_b": [0], "p_a": [2.0], "p_b": [-1.0]}, loss, target="t_*", pred="p_*")
        assert hint in str(raised.value.hint)
    with pytest.raises(DataError) as raised:  # a target is no logit
        losscli.evaluate({"t_a": [2], "t_b": [-1], "p_a": [0.5], "p_b": [0.5]}, "cross_entropy", target="t_*",
                         pred="p_*")  # fmt: skip
    assert raised.value.hint is None
