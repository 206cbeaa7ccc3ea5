"""Tables are encoded by several threads: the bytes are those of one, in order, and what fails is raised once."""

from __future__ import annotations

import threading
import time
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from losscli.errors import FileError
from losscli.io.write.ordered import OrderedPieces
from losscli.io.write.tables import ColumnSpec, open_table
from losscli.parallel import using_threads

SPECS = [ColumnSpec("id", "text"), ColumnSpec("row", "int"), ColumnSpec("mse", "float"), ColumnSpec("g", "list", 2)]


def slow_at_first(number: int) -> bytes:
    time.sleep(0.02 if number % 5 == 0 else 0)
    return b"%d " % number


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("pieces", [0, 1, 2, 3, 40])
def test_pieces_are_written_in_their_order(threads: int, pieces: int) -> None:
    written: list[bytes] = []
    ordered = OrderedPieces(written.append, threads)
    for number in range(pieces):
        ordered.add(partial(slow_at_first, number))
    ordered.close()
    assert b"".join(written) == b"".join(b"%d " % number for number in range(pieces))


@pytest.mark.parametrize("threads", [1, 3])
def test_what_a_piece_raises_is_raised_after_those_before_it(threads: int) -> None:
    written: list[bytes] = []

    def encode(number: int) -> bytes:
        if number == 6:
            raise ValueError("six")
        return slow_at_first(number)

    ordered = OrderedPieces(written.append, threads)
    with pytest.raises(ValueError, match="six"):
        try:
            for number in range(40):
                ordered.add(partial(encode, number))
        finally:
            ordered.close()
    assert written[:6] == [b"%d " % number for number in range(6)]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("losscli-write")]


def written_by(path: Path, threads: int, rows: int) -> bytes:
    rng = np.random.default_rng(3)
    with using_threads(threads), open_table(str(path), SPECS) as table:
        for start in range(0, rows, 70_000):
            count = min(70_000, rows - start)
            numbers = {"row": np.arange(start, start + count), "mse": rng.normal(size=count)}
            texts = [f"k{number % 7},\n" for number in range(count)]
            table.write({**numbers, "id": texts, "g": rng.normal(size=(count, 2))}, {"mse": np.arange(count) % 3 == 0})
    return path.read_bytes()


@pytest.mark.parametrize("suffix", ["csv", "tsv", "jsonl", "parquet", "arrow"])
def test_the_bytes_of_a_table_do_not_depend_on_the_threads(suffix: str, tmp_path: Path) -> None:
    one, more = (written_by(tmp_path / f"{threads}.{suffix}", threads, 150_000) for threads in (1, 4))
    assert one == more
    assert len(one) > 1_000_000


def test_a_full_disk_is_one_error_whoever_encoded(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("only Linux has a device that is always full")
    specs = [ColumnSpec("row", "int")]
    rows = np.arange(1_000_000)

    def write() -> None:
        with open_table("/dev/full", specs, "csv") as table:
            table.write({"row": rows})

    with using_threads(3), pytest.raises(FileError, match="No space left"):
        write()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("losscli-write")]


def test_row_numbers_of_parquet_are_differences_and_values_are_the_same(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    specs = [ColumnSpec("row", "int"), ColumnSpec("zero_one", "float"), ColumnSpec("mse", "float")]
    columns = {"row": np.arange(50_000), "zero_one": rng.integers(0, 2, 50_000).astype(float),
               "mse": rng.normal(size=50_000)}  # fmt: skip
    path = str(tmp_path / "rows.parquet")
    with open_table(path, specs) as table:
        table.write(columns)
    group = pq.ParquetFile(path).metadata.row_group(0)
    assert "DELTA_BINARY_PACKED" in group.column(0).encodings
    assert group.column(1).has_dictionary_page  # two values
    assert group.column(1).total_compressed_size < 50_000 // 4
    found = pq.read_table(path)
    for name, values in columns.items():
        assert found[name].to_numpy().tobytes() == values.tobytes()
