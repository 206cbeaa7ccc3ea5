"""What is missing in a filter is the same in every format, whatever the rest of the filter compares."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.ipc as ipc
import pyarrow.parquet as pq
import pytest

import losscli

DATA = {"y": [1.0] * 5, "p": [2.0, 3.0, 4.0, 9.0, 5.0]}
TEXTS = ["NA", "", "null", "5", " NA "]
NUMBERS = [None, None, None, 5.0, None]
COUNTS = {
    "n is null": 4,
    "n is not null": 1,
    "n is null or n > 3": 5,
    "n is not null and n > 0": 1,
    "n is null or n == '5'": 5,
    "n is null and n == '5'": 0,
    "n is not null and n != 'x'": 1,
    "n is null or n in ['5.0', 'x']": 5,
    "not (n is null or n < 0)": 1,
    "n is null and p > 2": 3,
    "n is null or n > p": 4,
    "n != 5": 0,
    "n == 'x' or n is null": 4,
}


def source(folder: Path, kind: str) -> Any:
    form, _, cells = kind.partition(" of ")
    column = TEXTS if cells == "texts" else NUMBERS
    table = pa.table({**DATA, "n": pa.array(column)})
    path = folder / f"a.{form}"
    if form == "csv":
        rows = zip(
            *DATA.values(), TEXTS if cells == "texts" else ["" if n is None else n for n in NUMBERS], strict=True
        )
        path.write_text("y,p,n\n" + "".join(f"{y},{p},{n}\n" for y, p, n in rows))
    elif form == "jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in table.to_pylist()))
    elif form == "parquet":
        pq.write_table(table, path)
    elif form == "arrow":
        with ipc.new_file(path, table.schema) as file:
            file.write_table(table)
    else:
        return table if form == "table" else {**DATA, "n": column}
    return str(path)


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet", "arrow", "table", "dict"])
@pytest.mark.parametrize("cells", ["texts", "numbers"])
def test_every_reader_finds_the_same_rows(tmp_path: Path, form: str, cells: str) -> None:
    given = source(tmp_path, f"{form} of {cells}")
    for where, count in COUNTS.items():
        for nan in ("error", "drop"):
            try:
                report = losscli.evaluate(given, losses="mse", target="y", pred="p", where=where, nan=nan)
                found = report["mse"].count
            except losscli.LosscliError as error:
                assert error.code == "EMPTY_NO_ROWS", where
                found = 0
            assert found == count, where
