"""Batches that are read of text: few and large, as each has steps that cost the same for any size."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from losscli.io import batches
from losscli.io.batches import joined_batches
from losscli.io.files.open import open_source
from losscli.io.formats import csv as delimited
from losscli.io.formats import jsonl
from losscli.io.source import ReadOptions


def chunked(counts: list[int]) -> pa.Table:
    """Numbers and a text, in chunks that have dictionaries of their own."""
    schema = pa.schema([("x", pa.float64()), ("t", pa.dictionary(pa.int32(), pa.string()))])
    parts, start = [], 0
    for count in counts:
        numbers = range(start, start + count)
        texts = pa.array([None if n % 7 == 0 else f"t{n % 5}" for n in numbers], pa.string()).dictionary_encode()
        parts.append(pa.record_batch([pa.array(map(float, numbers), pa.float64()), texts], schema=schema))
        start += count
    return pa.Table.from_batches(parts, schema)


@pytest.mark.parametrize("counts", [[], [4], [3, 0, 4, 5], [10, 1, 1, 1], [30, 2]])
def test_chunks_are_joined_while_they_are_few_rows(counts: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "BATCH_ROWS", 12)
    table = chunked(counts)
    joined = list(joined_batches(table))
    assert [row for batch in joined for row in batch.to_pylist()] == table.to_pylist()
    assert [batch.num_rows for batch in joined] == {
        (): [], (4,): [4], (3, 0, 4, 5): [12], (10, 1, 1, 1): [12, 1], (30, 2): [30, 2],
    }[tuple(counts)]  # fmt: skip


def test_chunks_are_joined_while_they_are_few_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    table = pa.table({"x": pa.chunked_array([pa.array([1.0] * 10)] * 5)})
    monkeypatch.setattr(batches, "BATCH_BYTES", 200)
    assert [batch.num_rows for batch in joined_batches(table)] == [20, 20, 10]


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
