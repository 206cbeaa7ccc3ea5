"""Lists whose lengths differ from row to row: a row's value is the mean over its own elements."""

from __future__ import annotations

import csv
import json
import random

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import losscli
from losscli.cli.entry import run
from losscli.errors import DataError

DRAW = random.Random(12)
LENGTHS = [2, 1, 0, 7, 30, 2, 7, 0, 1, 300, 2, 30] * 4
TARGETS = [[round(DRAW.gauss(0, 1), 3) for _ in range(length)] for length in LENGTHS]
PREDS = [[round(DRAW.gauss(0, 1), 3) for _ in row] for row in TARGETS]
WEIGHTS = [DRAW.choice([0, 1, 2.5]) for _ in LENGTHS]
TABLE = {"y": TARGETS, "p": PREDS, "w": WEIGHTS, "g": ["ab"[len(row) > 2] for row in TARGETS]}
SQUARES = np.array(
    [np.mean(np.square(np.subtract(y, p))) if y else np.nan for y, p in zip(TARGETS, PREDS, strict=True)]
)


def scored(*losses, **settings):
    return losscli.evaluate(settings.pop("source", TABLE), losses, target="y", pred="p", **settings)


def number(report):
    return next(iter(report)).value


def test_the_number_is_the_mean_over_rows_of_their_means():
    report = scored("mse", "rmse", weight="w", by="g")
    weights = np.array(WEIGHTS)
    for name in (None, "a", "b"):
        chosen = ~np.isnan(SQUARES) & (weights > 0)
        chosen &= np.array([name in (None, group) for group in TABLE["g"]])
        (mse, rmse) = (r for r in report if r.by.get("g") == name)
        expected = np.average(SQUARES[chosen], weights=weights[chosen])
        assert mse.value == pytest.approx(expected, rel=1e-15)
        assert rmse.value == pytest.approx(expected**0.5, rel=1e-15)
        assert mse.count == chosen.sum()
    said = {warning.message: warning.count for warning in report.warnings}
    assert said["rows whose lists are empty take no part"] == sum(
        not row and weight > 0 for row, weight in zip(TARGETS, WEIGHTS, strict=True)
    )
    assert any("the lists in 'p', 'y' have 0 to 300 elements" in message for message in said)


def test_a_row_has_the_bits_that_it_has_among_rows_of_its_length(monkeypatch):
    """Alone as a file of one length, in chunks of any size, and in any order."""
    mixed = losscli.row_values(TABLE, ["log_cosh", "mse"], target="y", pred="p")
    for length in set(LENGTHS) - {0}:
        rows = [at for at, row in enumerate(TARGETS) if len(row) == length]
        alone = {"y": [TARGETS[at] for at in rows], "p": [PREDS[at] for at in rows]}
        for spec in ("log_cosh", "mse"):
            name = next(name for name in mixed if name.endswith(spec))
            values = losscli.row_values(alone, [spec], target="y", pred="p")
            assert mixed[name][rows].tolist() == next(v for k, v in values.items() if k.endswith(spec)).tolist()
    assert all(
        np.isnan(mixed[name][at]) for name in mixed if name != "row" for at, row in enumerate(TARGETS) if not row
    )
    for size in ("1", "5"):
        monkeypatch.setenv("LOSSCLI_CHUNK_ROWS", size)
        again = losscli.row_values({k: v[::-1] for k, v in TABLE.items()}, ["log_cosh", "mse"], target="y", pred="p")
        assert all(np.array_equal(again[k][::-1], mixed[k], equal_nan=True) for k in mixed if k != "row")


@pytest.mark.parametrize("size", [1e200, 1e-200])
def test_squares_that_no_double_holds_keep_their_digits(size):
    lists = {"y": [[3 * size], [3 * size, 5 * size], []], "p": [[size], [size, 3 * size], []]}
    assert number(losscli.evaluate(lists, "rmse", target="y", pred="p")) == pytest.approx(2 * size, rel=1e-15)


@pytest.mark.parametrize("loss", ["mse", "rmse", "huber:delta=0.5"])
def test_the_gradient_is_the_slope_of_the_number(loss):
    gradient = losscli.gradient(TABLE, loss, target="y", pred="p", weight="w")["p"]
    assert [len(row) for row in gradient] == LENGTHS
    for row, element in ((0, 1), (3, 4), (9, 200), (4, 0)):
        values = []
        for step in (1e-6, -1e-6):
            moved = [list(each) for each in PREDS]
            moved[row][element] += step
            values.append(number(scored(loss, source={**TABLE, "p": moved}, weight="w")))
        assert gradient[row][element] == pytest.approx((values[0] - values[1]) / 2e-6, rel=1e-5, abs=1e-9)
    left_out = [at for at, weight in enumerate(WEIGHTS) if weight == 0]
    assert all(not np.any(gradient[at]) for at in left_out)


def test_gradients_are_written_as_lists_by_every_format(tmp_path):
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table(TABLE), path, row_group_size=3)
    wanted = None
    for suffix in ("jsonl", "parquet", "csv"):
        out = tmp_path / f"g.{suffix}"
        command = ["grad", str(path), "-t", "y", "-p", "p", "-w", "w", "-l", "mse", "-o", str(out)]
        assert run(command) == 0
        if suffix == "jsonl":
            found = [json.loads(line)["p"] for line in out.read_text().splitlines()]
        elif suffix == "parquet":
            found = pq.read_table(out)["p"].to_pylist()
        else:
            rows = csv.DictReader(out.read_text().splitlines())
            found = [json.loads(row["p"]) for row in rows]
        wanted = found if wanted is None else wanted
        assert found == wanted
    assert [len(row) for row in wanted] == LENGTHS


def test_labels_in_lists_of_any_length():
    targets = [["yes", "no"], ["yes"], [], ["no", "no", "yes"]]
    probabilities = [[0.9, 0.2], [0.6], [], [0.1, 0.3, 0.8]]
    numbers = [[float(label == "yes") for label in row] for row in targets]
    by_label = losscli.evaluate({"y": targets, "p": probabilities}, "bce", target="y", pred="p", positive="yes")
    by_number = losscli.evaluate({"y": numbers, "p": probabilities}, "bce", target="y", pred="p", interval=True)
    means = [np.mean([-np.log(p if y else 1 - p) for y, p in zip(*pair, strict=True)])
             for pair in zip(numbers, probabilities, strict=True) if pair[0]]  # fmt: skip
    assert number(by_label) == number(by_number) == pytest.approx(np.mean(means), rel=1e-14)
    with pytest.raises(DataError, match="contains '0', '1', 'maybe'") as caught:
        losscli.evaluate({"y": [["1"], ["0", "maybe"]], "p": [[0.5], [0.5, 0.5]]}, "bce", target="y", pred="p")
    assert (caught.value.row, caught.value.value) == (2, "maybe")


BAD = [
    ([[1.0], [2.0, 3.0]], [[1.0], [2.0]], "mse", "'pred' has 1 number in this row, 'target' has 2", 2),
    ([[1.0], [2.0]], [[1.0], []], "mse", "'pred' has 0 numbers in this row, 'target' has 1", 2),
    ([[1.0], [2.0, None]], [[1.0], [2.0, 1.0]], "mse", "column 'y' has no value", 2),
    ([[1.0], [2.0, 1.0]], [[1.0], [2.0, float("nan")]], "mse", "column 'p' is NaN", 2),
    ([[], [2.0, 1.0]], [[], [2.0, float("-inf")]], "mse", "column 'p' is infinite", 2),
    ([[1], [1, 0]], [[0.5], [0.5, 1.5]], "bce", "column 'p' is not a valid prediction", 2),
]


@pytest.mark.parametrize(("targets", "preds", "loss", "message", "row"), BAD, ids=[each[3][:30] for each in BAD])
@pytest.mark.parametrize("size", ["1", "100"])
def test_what_is_wrong_is_said_with_its_row(targets, preds, loss, message, row, size, monkeypatch):
    monkeypatch.setenv("LOSSCLI_CHUNK_ROWS", size)
    with pytest.raises(DataError) as caught:
        losscli.evaluate({"y": targets, "p": preds}, loss, target="y", pred="p")
    assert message in caught.value.message
    assert caught.value.row == row


@pytest.mark.parametrize(
    ("loss", "columns"),
    [("triplet", {"anchor": "a", "positive": "b", "negative": "a"}), ("nt_xent", {"anchor": "a", "positive": "b"})],
)
def test_vectors_of_one_row_or_of_a_batch_have_one_length(loss, columns):
    data = {"a": [[1.0, 0.0], [1.0]], "b": [[1.0, 0.5], [2.0]]}
    with pytest.raises(DataError, match="has 1 elements where 2 are expected") as caught:
        losscli.evaluate(data, loss, columns=columns)
    assert caught.value.hint.startswith("where each element has a value of its own, write a row for each")


def test_files_of_other_lengths_and_shards_give_the_same_bytes(tmp_path):
    """Each file holds lists of one length, but all of them together do not."""
    paths = []
    for number, length in enumerate((1, 2, 300)):
        rows = [at for at, row in enumerate(TARGETS) if len(row) == length]
        paths.append(str(tmp_path / f"{number}.jsonl"))
        lines = [json.dumps({"y": TARGETS[at], "p": PREDS[at]}) for at in rows]
        (tmp_path / f"{number}.jsonl").write_text("\n".join(lines))
    whole = json.loads(scored("mse", "rmse", source=paths).to_json())
    for number in (1, 2):
        state = str(tmp_path / f"{number}.state")
        command = ["eval", *paths, "-t", "y", "-p", "p", "-l", "mse", "-l", "rmse", "--shard", f"{number}/2"]
        assert run([*command, "--state-out", state]) == 0
    merged = json.loads(losscli.merge([tmp_path / "1.state", tmp_path / "2.state"]).to_json())
    assert merged["results"] == whole["results"]
    assert merged["warnings"] == whole["warnings"]
    assert merged["data"] == whole["data"]
