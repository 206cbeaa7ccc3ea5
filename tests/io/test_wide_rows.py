"""Wide rows: one row group is split between threads, and columns become one matrix; no bit, row or message differs."""

from __future__ import annotations

import errno
import io
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from waiting import PATIENCE

from losscli.errors import DataError, FileError
from losscli.io.arrow.matrix import plain_matrix, side_by_side
from losscli.io.files.open import open_source
from losscli.io.formats import parquet, parquet_columns
from losscli.io.source import ReadAs
from losscli.parallel import using_threads

RNG = np.random.default_rng(20)


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (5000, 3), (2049, 300), (1, 256), (0, 2), (2048, 513)])
def test_columns_stand_side_by_side(rows: int, columns: int) -> None:
    given = [RNG.normal(size=rows).astype(("f4", "f8", "i4")[column % 3]) for column in range(columns)]
    found = side_by_side(given)
    assert found.flags.c_contiguous
    assert found.tobytes() == np.column_stack(given).astype(float).tobytes()


def test_a_matrix_is_made_of_floats_without_a_null_alone() -> None:
    floats = {f"c{i}": pa.array(RNG.normal(size=50), [pa.float32(), pa.float64()][i % 2]) for i in range(4)}
    data = pa.RecordBatch.from_pydict(floats).slice(7, 30)
    found = plain_matrix(data, ["c2", "c0"])
    assert found is not None
    assert found.tolist() == [list(row) for row in zip(data["c2"].to_pylist(), data["c0"].to_pylist(), strict=True)]
    for other in (pa.array([1, 2]), pa.array([1.0, None]), pa.array(["1", "2"]), pa.array([True, False])):
        assert plain_matrix(pa.RecordBatch.from_pydict({"a": pa.array([1.0, 2.0]), "b": other}), ["a", "b"]) is None
    assert plain_matrix(data, ["c0", "absent"]) is None
    twice = pa.RecordBatch.from_arrays([pa.array([1.0]), pa.array([2.0])], names=["a", "a"])
    assert plain_matrix(twice, ["a"]) is None


def wide_file(folder: Path, groups: list[int], columns: int = 40) -> tuple[str, pa.Table]:
    rows = sum(groups)
    table = pa.table(
        {f"p_{i}": RNG.normal(size=rows) for i in range(columns)} | {"name": [f"n{i}" for i in range(rows)]}
    )
    path, start = str(folder / "wide.parquet"), 0
    with pq.ParquetWriter(path, table.schema) as writer:
        for group in groups:
            writer.write_table(table.slice(start, group), row_group_size=max(group, 1))
            start += group
    return path, table


def opened(path: str) -> parquet.ParquetFragment:
    (fragment,) = open_source([path]).fragments
    assert isinstance(fragment, parquet.ParquetFragment)
    return fragment


@pytest.fixture
def small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits that a file of a test reaches."""
    for name, value in (("BATCH_BYTES", 1 << 14), ("SPLIT_ROWS", 100), ("SPLIT_BYTES", 1 << 14)):
        monkeypatch.setattr(parquet, name, value)


@pytest.mark.usefixtures("small_limits")
@pytest.mark.parametrize("heavy", [0, 1 << 40])
@pytest.mark.parametrize("groups", [[700], [300, 300], [1, 2, 3], [0, 500, 1]])
def test_splits_hold_every_row_in_order(
    tmp_path: Path, groups: list[int], heavy: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "HEAVY", heavy)
    path, table = wide_file(tmp_path, groups)
    fragment = opened(path)
    projection: dict[str, ReadAs] = {name: "text" if name == "name" else "number" for name in table.schema.names}
    splits = list(fragment.splits(projection))
    decoded = [split for split in splits if isinstance(split, parquet.DecodedSplit)]
    assert bool(decoded) == (groups == [700] or (heavy == 0 and max(groups) > 100))
    row, found = 1, list[object]()
    for split in splits:
        for _ in range(2):  # a split that raised an error is read again
            batches = list(split.batches(row))
        for batch in batches:
            assert batch.location.error(0, None, "").row == row
            found += batch.data.to_pylist()
            row += batch.data.num_rows
    assert found == table.to_pylist()
    assert sum(split.size for split in splits) <= Path(path).stat().st_size


@pytest.mark.usefixtures("small_limits")
def test_small_row_groups_of_wide_rows_are_combined_by_bytes(tmp_path: Path) -> None:
    path, _ = wide_file(tmp_path, [10] * 20)
    fragment = opened(path)
    projection: dict[str, ReadAs] = {f"p_{i}": "number" for i in range(40)}
    sizes = [split.rows for split in fragment.remote_splits(projection)]
    assert sizes == [50, 50, 50, 50]  # 320 bytes a row, 16 KiB a split
    assert [split.rows for split in fragment.remote_splits({"p_1": "number"})] == [100, 100]


@pytest.mark.usefixtures("small_limits")
def test_a_file_with_fewer_rows_than_it_declares_is_refused_whoever_reads_it(tmp_path: Path) -> None:
    path, _ = wide_file(tmp_path, [700])
    fragment = opened(path)
    (split,) = fragment.remote_splits({"p_0": "number"})
    lying = parquet.RowGroupSplit(split.fragment, split.projection, split.groups, 701, split.row_size, 0, split.footer)
    for read in (lying.batches, lying.decoded):
        with pytest.raises(DataError, match="declares 701 rows from row 5 on but holds 700"):
            list(read(5))


@pytest.fixture
def by_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few columns are very many, and some are decoded after the others."""
    monkeypatch.setattr(parquet_columns, "MANY", 8)
    monkeypatch.setattr(parquet_columns, "TOGETHER", 7)


@pytest.mark.parametrize(
    ("columns", "rows", "is_by_columns"),
    [(15, 100, False), (16, 100, True), (16, 500_000, False), (128, 500_000, True)],
)
def test_some_columns_are_decoded_after_others_where_all_values_are_held(
    columns: int, rows: int, is_by_columns: bool, tmp_path: Path
) -> None:
    """In between, a temporary file would take longer than it saves memory."""
    path = str(tmp_path / "wide.parquet")
    pq.write_table(pa.table({f"p_{i}": pa.array([i / 7] * 10) for i in range(columns)}), path)
    (split,) = opened(path).remote_splits({f"p_{i}": "number" for i in range(columns)})
    assert isinstance(split, parquet.RowGroupSplit)
    assert replace(split, rows=rows).is_by_columns == is_by_columns


@pytest.mark.usefixtures("small_limits", "by_columns")
@pytest.mark.parametrize("held", [0, 1 << 30])
@pytest.mark.parametrize("groups", [[700], [300, 300], [0, 5, 1]])
def test_columns_that_are_decoded_after_others_give_the_same_rows(
    tmp_path: Path, groups: list[int], held: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet_columns, "HELD", held)
    rows = sum(groups)
    table = pa.table({
        "name": pa.array([f"n{i % 50}" for i in range(rows)]),
        **{f"p_{i}": pa.array(RNG.normal(size=rows), mask=RNG.random(rows) < i / 40) for i in range(20)},
        "whole": pa.array(range(rows)), "list": pa.array([[i] * (i % 3) for i in range(rows)], pa.list_(pa.int64())),
        "sure": pa.array([i % 2 == 0 for i in range(rows)]),
    })  # fmt: skip
    path, start = str(tmp_path / "wide.parquet"), 0
    with pq.ParquetWriter(path, table.schema) as writer:
        for group in groups:
            writer.write_table(table.slice(start, group), row_group_size=max(group, 1))
            start += group
    fragment, names = opened(path), [*table.schema.names[::-1]]
    projection: dict[str, ReadAs] = {name: "text" if name == "name" else "number" for name in names}
    splits = list(fragment.splits(projection))
    assert all(split.is_by_columns for split in splits if isinstance(split, parquet.RowGroupSplit))
    row, found = 1, list[object]()
    for split in splits:
        for batch in split.batches(row):
            found += batch.data.to_pylist()
            row += batch.data.num_rows
    assert found == table.select(names).to_pylist()


@pytest.mark.usefixtures("small_limits", "by_columns")
@pytest.mark.parametrize("held", [0, 1 << 30])
def test_threads_decode_the_columns_of_an_only_row_group_side_by_side(
    tmp_path: Path, held: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet_columns, "HELD", held)
    path, table = wide_file(tmp_path, [700])
    decoding, two, read = set(), threading.Event(), pq.ParquetFile.read_row_groups

    def waiting(self: pq.ParquetFile, *args: object, **more: object) -> pa.Table:
        decoding.add((threading.get_ident(), id(self)))
        if len(decoding) > 1:
            two.set()
        assert two.wait(PATIENCE)
        return read(self, *args, **more)

    monkeypatch.setattr(pq.ParquetFile, "read_row_groups", waiting)
    projection: dict[str, ReadAs] = dict.fromkeys(table.schema.names[:-1], "number")
    with using_threads(3):
        splits = list(opened(path).alone().splits(projection))
    found = [row for split in splits for batch in split.batches(1) for row in batch.data.to_pylist()]
    assert found == table.select(list(projection)).to_pylist()
    assert len({thread for thread, _ in decoding}) > 1
    assert len({file for _, file in decoding}) > 1  # no two threads read by one reader


@pytest.mark.usefixtures("small_limits", "by_columns")
def test_a_disk_that_is_full_while_columns_are_copied_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(io.BytesIO):
        def write(self, _: object) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    path, table = wide_file(tmp_path, [700])
    monkeypatch.setattr(parquet_columns, "HELD", 0)
    monkeypatch.setattr("tempfile.TemporaryFile", lambda **_: Full())
    (split,) = opened(path).remote_splits(dict.fromkeys(table.schema.names[:-1], "number"))
    with pytest.raises(FileError, match="could not write a temporary copy: No space left"):
        list(split.batches(1))
