"""What decides which rows make a number and with what weight: other values are not comparable, another order is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from losscli.cli.entry import run

N = 400
RNG = np.random.default_rng(5)
COLUMNS: dict[str, list[Any]] = {
    "id": [f"k{i}" for i in range(N)],
    "y": RNG.integers(0, 2, N).tolist(),
    "p": RNG.uniform(0.1, 0.9, N).tolist(),
    "w": RNG.uniform(0.5, 2, N).tolist(),
    "site": [("x", "y", "z")[i % 3] for i in range(N)],
    "sex": [("f", "m")[i % 7 % 2] for i in range(N)],
    "group": [f"g{i // 8}" for i in range(N)],
    "a": RNG.normal(size=N).tolist(),
    "b": RNG.normal(size=N).tolist(),
    "domain": ["xy"[i % 2] for i in range(N)],
}
BCE = ["-t", "y", "-p", "p", "-l", "bce"]
PAIRS = ["-c", "embedding=a,b", "-t", "y", "-l", "supcon"]
CYCLE = ["-t", "a,y", "-p", "b,p", "-c", "domain=domain", "-l", "cycle_consistency"]


def write(path: Path, columns: dict[str, list[Any]], order: Any = None) -> str:
    rows = list(zip(*columns.values(), strict=True))
    rows = rows if order is None else [rows[at] for at in order]
    path.write_text("".join(",".join(map(str, row)) + "\n" for row in [tuple(columns), *rows]))
    return str(path)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "a.csv", COLUMNS)
    return tmp_path


def judged(
    args: list[str], other: str, capsys: pytest.CaptureFixture[str], more: list[str] | None = None
) -> tuple[int, str]:
    """The exit code, and what is said, of a run on another file beside the report of the first."""
    assert run(["eval", "a.csv", *args, "-q", "-o", "base.json"]) == 0
    capsys.readouterr()
    code = run(["eval", other, *(args if more is None else more), "-q", "--baseline", "base.json"])
    return code, capsys.readouterr().err


def exchanged(name: str, key: str) -> dict[str, list[Any]]:
    """The columns, with the values of a column exchanged between two rows that differ in it and in `key`."""
    values = list(COLUMNS[name])
    first, second = next(
        (i, j) for i in range(N) for j in range(i) if values[i] != values[j] and COLUMNS[key][i] != COLUMNS[key][j]
    )
    values[first], values[second] = values[second], values[first]
    return {**COLUMNS, name: values}


CASES = {
    "weights": ([*BCE, "-w", "w"], "w", "the weights of the rows differ (sha256 "),
    "slices": ([*BCE, "--by", "site"], "site", "the rows of the slices differ (sha256 "),
    "batches": ([*PAIRS, "--batch-by", "group"], "group", "the rows of the batches differ (sha256 "),
    "batches of a size": ([*PAIRS, "--batch-size", "8"], "y", "the rows of the batches differ (sha256 "),
}
every_case = pytest.mark.parametrize(("args", "column", "says"), CASES.values(), ids=CASES)


@every_case
def test_the_same_values_at_other_rows_are_not_comparable(folder, capsys, args, column, says) -> None:
    code, said = judged(args, write(folder / "b.csv", exchanged(column, "y" if column != "y" else "group")), capsys)
    assert code == 3
    assert said.count("sha256 ") == 1 and says in said, said


@every_case
def test_other_predictions_are_comparable(folder, capsys, args, column, says) -> None:
    others = {**COLUMNS, "p": COLUMNS["p"][::-1], "a": COLUMNS["a"][::-1]}
    assert judged(args, write(folder / "b.csv", others), capsys) == (0, "")


@pytest.mark.parametrize("case", ["weights", "slices", "batches"])
def test_the_order_of_the_rows_makes_no_difference(folder, capsys, case) -> None:
    order = (
        np.argsort([int(group[1:]) for group in COLUMNS["group"]], kind="stable")[::-1]
        if case == "batches"
        else RNG.permutation(N)
    )
    assert judged(CASES[case][0], write(folder / "b.csv", COLUMNS, order), capsys) == (0, "")


def test_other_weights_at_one_row_are_not_comparable(folder, capsys) -> None:
    others = {**COLUMNS, "w": [*COLUMNS["w"][:-1], 3.5]}
    code, said = judged([*BCE, "-w", "w"], write(folder / "b.csv", others), capsys)
    assert (code, "the weights of the rows differ" in said) == (3, True)


def test_the_order_of_slice_columns_makes_no_difference_and_other_columns_are_not_compared(folder, capsys) -> None:
    args = [*BCE, "--by", "site", "--by", "sex"]
    assert judged(args, "a.csv", capsys, [*BCE, "--by", "sex", "--by", "site"]) == (0, "")
    assert run(["eval", "a.csv", *BCE, "-q", "--baseline", "base.json"]) == 0
    assert run(["eval", "a.csv", *BCE, "--by", "site", "-q", "--baseline", "base.json"]) == 0
    assert "differ" not in capsys.readouterr().err


def test_other_targets_are_one_reason_and_not_four(folder, capsys) -> None:
    others = {**COLUMNS, "y": [1 - COLUMNS["y"][0], *COLUMNS["y"][1:]]}
    code, said = judged([*BCE, "-w", "w", "--by", "site"], write(folder / "b.csv", others), capsys)
    assert (code, said.count("sha256 ")) == (3, 1)
    assert "the targets differ" in said


def test_marks_of_the_rows_count_as_targets(folder, capsys) -> None:
    others = {**COLUMNS, "domain": ["y", *COLUMNS["domain"][1:]]}
    code, said = judged(CYCLE, write(folder / "b.csv", others), capsys)
    assert (code, "the targets differ" in said) == (3, True)


@pytest.mark.parametrize("args", [[*BCE, "-w", "w", "--by", "site"], [*PAIRS, "--batch-by", "group", "-w", "w"]])
def test_the_hashes_are_the_same_however_the_rows_are_read(folder, capsys, monkeypatch, args) -> None:
    def data(*more: str) -> dict[str, Any]:
        assert run(["eval", *more, *args, "-f", "json"]) == 0
        return json.loads(capsys.readouterr().out)["data"]

    whole = data("a.csv")
    assert whole["weights_sha256"] and (whole["slices_sha256"] or whole["batches_sha256"])
    half = {name: values[: N // 2] for name, values in COLUMNS.items()}
    rest = {name: values[N // 2 :] for name, values in COLUMNS.items()}
    write(folder / "1.csv", half), write(folder / "2.csv", rest)
    assert data("1.csv", "2.csv", "--threads", "3") == whole
    monkeypatch.setenv("LOSSCLI_CHUNK_ROWS", "7")
    assert data("a.csv", "--threads", "1") == whole
    if "--batch-by" not in args:  # batches are not cut
        for shard in "12":
            cut = ["--shard", f"{shard}/2", "--state-out", f"s{shard}.json"]
            assert run(["eval", "1.csv", "2.csv", *args, *cut]) == 0
        capsys.readouterr()
        assert run(["merge", "s1.json", "s2.json", "-f", "json"]) == 0
        assert json.loads(capsys.readouterr().out)["data"] == whole


def test_classes_are_hashed_by_name_and_not_by_position(folder, capsys) -> None:
    def table(path: str, classes: str, labels: str) -> str:
        probabilities = {"a": "0.7", "b": "0.2", "c": "0.1"}
        head = ",".join(["y", *(f"p_{name}" for name in classes)])
        rows = [",".join([label, *(probabilities[name] for name in classes)]) for label in labels]
        (folder / path).write_text("\n".join([head, *rows]) + "\n")
        return path

    scored = ["-t", "y", "-p", "p_*", "-l", "cross_entropy", "-q"]
    assert run(["eval", table("1.csv", "abc", "aab"), *scored, "-o", "1.json"]) == 0
    assert run(["eval", table("2.csv", "cba", "aba"), *scored, "--baseline", "1.json"]) == 0
    assert capsys.readouterr().err == ""
    # The positions are those of the first file, the classes are not.
    assert run(["eval", table("3.csv", "cba", "ccb"), *scored, "--baseline", "1.json"]) == 3
    assert "the targets differ" in capsys.readouterr().err
