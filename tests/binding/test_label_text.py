"""Whether a label is its text or its number: one rule for slices, keys, filters, groups and classes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import losscli
from losscli.aggregate.batches import Groups
from losscli.binding.encoded_labels import EncodedLabels
from losscli.binding.row_batch import RowBatch
from losscli.errors import DataError, Location
from losscli.io.arrow.canonical import canonical_label
from losscli.io.arrow.decode import texts
from losscli.io.join.keys import key_texts

SPELLINGS = ["1", "1.0", "1.", "+1.00", "01.0"]
OTHERS = ["01", "+1", "1e0", "1.5", "1.50", " 1", "x"]


def by(report: Any, loss: str = "mse") -> dict[str, int]:
    """Rows by slice."""
    results = json.loads(report.to_json())["results"]
    return {next(iter(r["by"].values())): r["count"] for r in results if r["by"] and r["loss"] == loss}


def numbers(texts: list[str]) -> dict[str, Any]:
    return {"y": np.arange(len(texts), dtype=float), "p": np.zeros(len(texts)), "k": texts}


def csv(path: Path, **columns: list[Any]) -> str:
    lines = [",".join(columns), *(",".join(map(str, row)) for row in zip(*columns.values(), strict=True))]
    path.write_text("\n".join(lines) + "\n")
    return str(path)


@pytest.mark.parametrize(
    ("text", "label"),
    [*((text, "1") for text in SPELLINGS), *((text, text) for text in OTHERS), ("-0.0", "0"), ("-0", "0"),
     ("True", "true"), ("FALSE", "false"), ("tRUE", "tRUE"), ("-2.0", "-2"), ("0" * 5000 + "7.0", "7"),
     ("9" * 5000 + ".", "9" * 5000), ("\N{ARABIC-INDIC DIGIT ONE}.0", "\N{ARABIC-INDIC DIGIT ONE}.0")],
)  # fmt: skip
def test_the_label_of_a_text(text: str, label: str) -> None:
    assert canonical_label(text) == label
    assert key_texts(pa.array([text, "1"]), "k", "a.csv").to_pylist() == [label, "1"]


@pytest.mark.parametrize("column", [pa.array([1]), pa.array([1.0]), pa.array([1], pa.uint8()), pa.array(["1.0"])])
def test_a_number_is_the_label_of_its_texts_in_every_place(tmp_path: Path, column: pa.Array) -> None:
    pq.write_table(pa.table({"y": [3.0], "p": [1.0], "k": column}), tmp_path / "a.parquet")
    path = str(tmp_path / "a.parquet")
    assert by(losscli.evaluate(path, losses="mse", target="y", pred="p", by="k")) == {"1": 1}
    for text in SPELLINGS:
        for where in (f"k == '{text}'", f"k in ['{text}']", f"not k != '{text}'"):
            assert losscli.evaluate(path, losses="mse", target="y", pred="p", where=where)["mse"].count == 1
        preds = csv(tmp_path / "p.csv", k=[text], q=[2.0])
        joined = losscli.evaluate(preds, targets=path, on="k", losses="mse", target="y", pred="q")
        assert joined["mse"].value == 1.0


def test_spellings_of_one_number_are_one_slice_key_group_and_class(tmp_path: Path) -> None:
    spelled = [*SPELLINGS, *OTHERS]
    data = numbers(spelled)
    assert by(losscli.evaluate(data, losses="mse", target="y", pred="p", by="k")) == {
        "1": len(SPELLINGS), **dict.fromkeys(OTHERS, 1)
    }  # fmt: skip
    path = csv(tmp_path / "a.csv", **data)
    assert by(losscli.evaluate(path, losses="mse", target="y", pred="p", by="k"))["1"] == len(SPELLINGS)
    for text in SPELLINGS:
        where = f"k == '{text}'"
        assert losscli.evaluate(path, losses="mse", target="y", pred="p", where=where)["mse"].count == len(SPELLINGS)
    truth = csv(tmp_path / "t.csv", k=spelled, t=data["y"].tolist())
    with pytest.raises(DataError, match="repeat a key"):
        losscli.evaluate(path, targets=truth, on="k", losses="mse", target="t", pred="p")
    for text in OTHERS:
        where = f"k == '{text}'"
        assert losscli.evaluate(path, losses="mse", target="y", pred="p", where=where)["mse"].count == 1
    classes = {"t": SPELLINGS, "p_0": [0.25] * 5, "p_1": [0.75] * 5}
    report = losscli.evaluate(classes, losses="brier", target="t", pred="p_*")
    assert report["brier"].value == pytest.approx(0.0625 * 2)


def test_groups_keep_the_order_of_rows_whatever_spells_their_key() -> None:
    column = pa.array(["1", "1.0", None, "1", "2", "1.0", ""])
    key = EncodedLabels.of(texts(column, "k", Location("a.csv", 1)), "k").canonical()
    assert (key.names, key.codes.tolist()) == (("1", "2"), [0, 0, -1, 0, 1, 0, -1])
    groups = Groups("by")
    batch: RowBatch[Any, Any] = RowBatch({"p": np.arange(7.0)}, np.arange(1, 8), None)
    assert not list(groups.feed(batch, key))
    assert [group.arrays["p"].tolist() for group in groups.finish()] == [[2.0, 6.0], [0.0, 1.0, 3.0, 5.0], [4.0]]
