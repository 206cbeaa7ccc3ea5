"""Batches that are read of text: few and large, as each has steps that cost the same for any size."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from losscli.io import batches
from losscli.io.batches import joined_batches
from losscli.io.files.open import open_source
from losscli.io.formats import csv as delimited
from losscli.io.formats import jsonl, text_windows
from losscli.io.formats.in_memory import from_memory
from losscli.io.source import ReadOptions

SCHEMA = pa.schema([("x", pa.float64()), ("t", pa.dictionary(pa.int32(), pa.string()))])


def record_batches(counts: list[int]) -> list[pa.RecordBatch]:
    """Numbers and a text, with dictionaries of their own."""
    parts, start = [], 0
    for count in counts:
        numbers = range(start, start + count)
        texts = pa.array([None if n % 7 == 0 else f"t{n % 5}" for n in numbers], pa.string()).dictionary_encode()
        parts.append(pa.record_batch([pa.array(map(float, numbers), pa.float64()), texts], schema=SCHEMA))
        start += count
    return parts


def chunked(counts: list[int]) -> pa.Table:
    """A table of these batches, as its chunks."""
    return pa.Table.from_batches(record_batches(counts), SCHEMA)


@pytest.mark.parametrize("counts", [[], [0], [4], [3, 0, 4, 5], [0, 0, 4, 0, 9], [10, 1, 1, 1], [30, 2]])
def test_chunks_are_joined_while_they_are_few_rows(counts: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "BATCH_ROWS", 12)
    table = chunked(counts)
    joined = list(joined_batches(table))
    assert [row for batch in joined for row in batch.to_pylist()] == table.to_pylist()
    assert [batch.num_rows for batch in joined] == {
        (): [], (0,): [], (4,): [4], (3, 0, 4, 5): [12], (0, 0, 4, 0, 9): [4, 9],
        (10, 1, 1, 1): [12, 1], (30, 2): [30, 2],
    }[tuple(counts)]  # fmt: skip


def test_many_chunks_without_rows_before_the_first_that_has_some(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "BATCH_BYTES", 40)
    table = chunked([0, 0, 30, 0, 30, 0, 0])
    assert [batch.num_rows for batch in joined_batches(table)] == [30, 30]


def rows_of(path: Path) -> list[dict[str, Any]]:
    (fragment,) = open_source([str(path)], ReadOptions()).fragments
    return [row for batch in fragment.batches({"x": "number", "t": "text"}) for row in batch.data.to_pylist()]


@pytest.mark.parametrize("counts", [[0, 0, 5, 0, 3, 0], [0, 0]])
def test_binary_files_may_hold_batches_without_rows(counts: list[int], tmp_path: Path) -> None:
    texts = pa.schema([("x", pa.float64()), ("t", pa.string())])
    parts = [part.cast(texts) for part in record_batches(counts)]  # `to_batches` of a table leaves out the last
    table = pa.Table.from_batches(parts, texts)
    for name, writer in {"file": pa.ipc.new_file, "stream": pa.ipc.new_stream, "row groups": pq.ParquetWriter}.items():
        with writer(tmp_path / name, texts) as out:
            for part in parts:
                out.write_batch(part)
        assert rows_of(tmp_path / name) == table.to_pylist(), name
    with pa.ipc.open_file(tmp_path / "file") as reader:
        assert reader.num_record_batches == len(counts)
    (fragment,) = from_memory(table).fragments
    assert [row for batch in fragment.batches({"x": "number", "t": "text"}) for row in batch.data.to_pylist()] == (
        table.to_pylist()
    )


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_text_files_may_hold_blocks_of_blank_lines(end: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited, "BLOCK", 100)
    monkeypatch.setattr(jsonl, "BLOCK", 100)
    monkeypatch.setattr(batches, "BATCH_BYTES", 40)
    rows = [{"x": float(row), "t": f"t{row}"} for row in range(20)]
    cells = [f"{row['x']},{row['t']}" for row in rows]
    blank = end * 500
    records = [json.dumps(row) for row in rows]
    for name, lines in {"a.csv": ["x,t", blank, *cells[:9], blank, *cells[9:], blank],
                        "a.jsonl": [records[0], blank, *records[1:9], blank, *records[9:], blank],
                        "a.json": ["[", blank, ",".join(records[:9]), blank, ",", ",".join(records[9:]), blank, "]"],
                       }.items():  # fmt: skip
        (tmp_path / name).write_bytes(end.join(lines).encode())
        assert rows_of(tmp_path / name) == rows, name
    for window in (60, 1000):  # windows of blank lines, of some and of none
        monkeypatch.setattr(text_windows, "WINDOW", window)
        assert rows_of(tmp_path / "a.csv") == rows_of(tmp_path / "a.jsonl") == rows


def test_chunks_are_joined_while_they_are_few_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    table = pa.table({"x": pa.chunked_array([pa.array([1.0] * 10)] * 5)})
    monkeypatch.setattr(batches, "BATCH_BYTES", 200)
    assert [batch.num_rows for batch in joined_batches(table)] == [20, 20, 10]


def test_one_column_of_lists_comes_in_smaller_batches_than_several(tmp_path: Path) -> None:
    lists = pa.array([[1.0] * 1000] * 3000, pa.list_(pa.float32()))
    pq.write_table(pa.table({"x": lists, "y": lists, "z": [1.0] * 3000}), tmp_path / "a.parquet")
    (fragment,) = open_source([str(tmp_path / "a.parquet")], ReadOptions()).fragments
    for names, most in {"x": batches.LIST_BYTES, "xz": batches.LIST_BYTES, "xy": batches.BATCH_BYTES}.items():
        sizes = [batch.data.num_rows for batch in fragment.batches(dict.fromkeys(names, "number"))]
        assert sum(sizes) == 3000
        assert 0.9 * most < sizes[0] * 8000 * (1 + ("y" in names)) <= most


@pytest.mark.parametrize("file", ["a.csv", "a.jsonl"])
def test_a_window_of_many_blocks_is_one_batch(file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited, "BLOCK", 100)
    monkeypatch.setattr(jsonl, "BLOCK", 100)
    if file == "a.csv":
        text = "x,t\n" + "".join(f"{row},text {row % 9}\n" for row in range(500))
    else:
        text = "".join(f'{{"x": {row}, "t": "text {row % 9}"}}\n' for row in range(500))
    (tmp_path / file).write_text(text)
    (fragment,) = open_source([str(tmp_path / file)], ReadOptions()).fragments
    (batch,) = fragment.batches({"x": "number", "t": "text"})
    assert batch.data.to_pydict() == {"x": [*map(float, range(500))], "t": [f"text {row % 9}" for row in range(500)]}
