"""Whether a label is its text or its number: one rule for slices, keys, filters, groups and classes."""

from __future__ import annotations

import json
from decimal import Decimal
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
from losscli.io.arrow.texts import encode
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


LONG = "1234567890" * 7 + "123.456"  # 76 digits
NUMBERS = [
    (pa.decimal128(38, 10), ["1234567890123456789012345678.1111111111", "1234567890123456789012345678.1111111112"]),
    (pa.decimal128(38, 10), ["-1234567890123456789012345678.1111111111", "-0.0000000001", "5.5", "5", "0", "-12.34"]),
    (pa.decimal256(76, 3), [LONG, f"-{LONG}", f"{LONG[:-1]}7", "100"]),
    (pa.decimal128(38, 38), ["0.00000000000000000000000000000000000001", "0", "0.1"]),
    (pa.decimal128(38, 0), ["12345678901234567890123456789012345678", "-1200"]),
    (pa.decimal128(5, -2), ["1200", "0", "-100"]),
    (pa.float32(), ["0.1", "2.5", "-3", "16777216", "1e-10", "inf"]),
    (pa.float16(), ["0.1", "2.5", "65504"]),
    (pa.float64(), ["0.1", "0.10000000149011612", "9007199254740993.0", "1e-05", "-0"]),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "spelled"), NUMBERS)
def test_a_number_has_the_same_label_as_key_and_as_slice_with_all_its_digits(
    kind: pa.DataType, spelled: list[str]
) -> None:
    if pa.types.is_decimal(kind):
        column = pa.array([Decimal(text) for text in spelled], kind)
        labels = spelled
    else:
        column = pa.array(np.array(spelled, kind.to_pandas_dtype()))
        labels = [{"9007199254740993.0": "9007199254740992", "-0": "0"}.get(text, text) for text in spelled]
    keys = key_texts(column, "k", "a.parquet").to_pylist()
    codes, names = encode(column)
    assert keys == [names[code] for code in codes] == labels
    with_null = pa.concat_arrays([column, pa.nulls(1, kind), column])[1:]
    assert key_texts(with_null, "k", "a.parquet").to_pylist() == [*labels[1:], None, *labels]
    if not pa.types.is_decimal(kind):
        assert key_texts(column.dictionary_encode(), "k", "a.parquet").to_pylist() == labels
        nan = pa.array(np.array([np.nan, 1], kind.to_pandas_dtype()))
        assert key_texts(nan, "k", "a.parquet").to_pylist() == [None, "1"]


def test_decimal_keys_join_with_the_same_numbers_and_no_others(tmp_path: Path) -> None:
    def joined(ours: pa.Array, theirs: pa.Array) -> float | None:
        preds, targets = str(tmp_path / "p.parquet"), str(tmp_path / "t.parquet")
        pq.write_table(pa.table({"k": ours, "p": np.arange(2.0)}), preds)
        pq.write_table(pa.table({"k": theirs, "y": np.arange(2.0)[::-1]}), targets)
        return losscli.evaluate(preds, "mae", target="y", pred="p", targets=targets, on="k")["mae"].value

    kind, (first, second) = NUMBERS[0]
    one, other = (pa.array([Decimal(text), Decimal("5.00")], kind) for text in (first, second))
    with pytest.raises(DataError, match="1 of 2 rows: no match"):
        joined(one, other)
    assert joined(one, one[::-1]) == 0
    for fives in (pa.array(["5", first]), pa.array(["5.0", first])):
        assert joined(one, fives) == 0
    short = pa.array([Decimal("7.00"), Decimal("5.00")], pa.decimal128(5, 2))
    for fives in (pa.array([5, 7]), pa.array([5.0, 7.0], pa.float32()), pa.array([5, 7], pa.decimal256(40, 0))):
        assert joined(short, fives) == 0
    floats, shorter = pa.array([0.1, 2.5]), pa.array([2.5, 0.1], pa.float32())
    assert joined(floats, shorter) == joined(shorter, pa.array(["0.1", "2.5"])) == 0


def test_groups_keep_the_order_of_rows_whatever_spells_their_key() -> None:
    column = pa.array(["1", "1.0", None, "1", "2", "1.0", ""])
    key = EncodedLabels.of(texts(column, "k", Location("a.csv", 1)), "k").canonical()
    assert (key.names, key.codes.tolist()) == (("1", "2"), [0, 0, -1, 0, 1, 0, -1])
    groups = Groups("by")
    batch: RowBatch[Any, Any] = RowBatch({"p": np.arange(7.0)}, np.arange(1, 8), None)
    assert not list(groups.feed(batch, key))
    assert [group.arrays["p"].tolist() for group in groups.finish()] == [[2.0, 6.0], [0.0, 1.0, 3.0, 5.0], [4.0]]
