"""The chosen rows of a batch are those of Arrow's filter, for every type of column; its compute is not imported."""

from __future__ import annotations

import datetime
import subprocess
import sys
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from losscli.io.arrow.chosen import chosen_rows
from losscli.io.arrow.texts import without_unused

COLUMNS: dict[str, pa.Array] = {
    **{
        str(kind): pa.array([1, 0, None, 3, 4, None, 6, 7, 8, 9], kind)
        for kind in (pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint64(), pa.float32(), pa.float64())
    },
    "half": pa.array(np.arange(10, dtype=np.float16)),
    "bool": pa.array([True, None, False, True, True, False, None, True, False, False]),
    "null": pa.nulls(10),
    "date": pa.array([datetime.date(2024, 1, day) for day in range(1, 11)]),
    "time": pa.array([datetime.datetime(2024, 1, day, tzinfo=datetime.UTC) for day in range(1, 11)]),
    "decimal": pa.array([Decimal(f"{n}.5") for n in range(10)]),
    "text": pa.array(["a", None, "", "b", "c", "a", "d", "e", "f", "g"]),
    "large": pa.array(["a", None, "", "b", "c", "a", "d", "e", "f", "g"], pa.large_string()),
    "coded": pa.array(["a", None, "", "b", "c", "a", "d", "e", "f", "g"]).dictionary_encode(),
    "ordered": pa.DictionaryArray.from_arrays(pa.array([0, 1] * 5, pa.int8()), pa.array(["x", "y"]), ordered=True),
    "list": pa.array([[1.0], None, [], [2.0, 3.0], [None], [4.0], [5.0], [6.0], [7.0], [8.0]]),
    "vector": pa.array([[1.0, 2.0]] * 9 + [None], pa.list_(pa.float64(), 2)),
    "struct": pa.array([{"a": n} for n in range(10)]),
    "uuid": pa.array([b"0123"] * 10, pa.binary(4)),
}


@pytest.mark.parametrize("cut", [slice(0, 10), slice(3, 9), slice(4, 4)])
@pytest.mark.parametrize("name", COLUMNS)
def test_the_chosen_rows_are_those_of_the_filter(name: str, cut: slice) -> None:
    column = COLUMNS[name].slice(cut.start, cut.stop - cut.start)
    data = pa.RecordBatch.from_arrays([column, column], names=["a", "a"])
    for seed in range(4):
        mask = np.random.default_rng(seed).random(len(column)) < (seed / 3)
        found = chosen_rows(data, mask, np.flatnonzero(mask))
        found.validate(full=True)
        assert found.equals(data.filter(pa.array(mask, pa.bool_())))
        assert found.schema == data.schema


def test_names_that_no_cell_uses_are_left_out_wherever_they_stand() -> None:
    late: Any = np.zeros(40_000, np.int64)
    late[-1] = 2
    codes, names = without_unused(late, ["a", "b", "c"])
    assert (names, codes[-1], codes[0]) == (("a", "c"), 1, 0)
    late[-2], late[0] = 1, -1
    codes, names = without_unused(late, ["a", "b", "c"])
    assert names == ("a", "b", "c")
    assert codes.tolist() == late.tolist()
    assert without_unused(np.array([-1, -1]), ["a"])[1] == ()


def test_a_filter_of_numbers_and_texts_imports_no_more_of_arrow(tmp_path: Any) -> None:
    table = pa.table({"y": [1.0, 2.0], "p": [1.5, 1.0], "s": ["a", "b"]})
    path = str(tmp_path / "data.parquet")
    pq.write_table(table, path)
    program = f"""
import sys
from losscli.cli.entry import run
assert run(["eval", {path!r}, "-t", "y", "-p", "p", "-l", "mse", "-q", "--where", 's == "a" and y < 2']) == 0
assert "pyarrow.compute" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("0.25\n", "")
