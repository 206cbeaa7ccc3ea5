"""A file that is cut short or removed while it is read ends a run in an error that names it."""

from __future__ import annotations

import os
import pickle

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from losscli.cli.entry import run
from losscli.errors import FileError
from losscli.io.files.inputs import find_local
from losscli.io.files.open import open_source
from losscli.io.formats import parquet
from losscli.io.formats.binary import open_for_arrow


@pytest.mark.parametrize("threads", ["1", "2"])
def test_a_parquet_file_that_is_cut_short(threads, tmp_path, monkeypatch, capfd):
    rows, half = 40_000, []
    rng = np.random.default_rng(3)
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"y": rng.normal(size=rows), "p": rng.normal(size=rows)}), path, row_group_size=rows // 8)
    monkeypatch.setattr(parquet, "SPLIT_ROWS", rows // 8)  # each group is a split
    read = parquet.RowGroupSplit.batches

    def cut(split, *given):
        if split.groups == (3,) and not half:
            half.append(path.stat().st_size // 4)
            os.truncate(path, half[0])
        return read(split, *given)

    monkeypatch.setattr(parquet.RowGroupSplit, "batches", cut)
    assert run(["eval", str(path), "-t", "y", "-p", "p", "-l", "mse", "--threads", threads]) == 4
    out, err = capfd.readouterr()
    assert half and out == ""
    assert err.startswith("error: the file changed while it was read\n") and "rows.parquet" in err


@pytest.mark.parametrize("kind", ["parquet", "csv", "arrow", "jsonl", "npy"])
def test_a_file_that_is_removed_before_its_rows_are_read(kind, tmp_path):
    rows = pa.table({"rows": np.arange(50_000.0)})
    path = tmp_path / f"rows.{kind}"
    if kind == "parquet":
        pq.write_table(rows, path)
    elif kind == "arrow":
        with pa.ipc.new_file(path, rows.schema) as writer:
            writer.write_table(rows)
    elif kind == "npy":
        np.save(path, np.arange(50_000.0))
    else:
        line = "%s\n" if kind == "csv" else '{"rows": %s}\n'
        path.write_text("rows\n" * (kind == "csv") + "".join(line % n for n in range(50_000)))
    (fragment,) = open_source([str(path)]).fragments
    path.unlink()
    with pytest.raises(FileError, match="the file disappeared while it was read") as caught:
        sum(batch.data.num_rows for batch in fragment.batches({"rows": "number"}))
    assert (caught.value.path, caught.value.hint, caught.value.code) == (str(path), None, "IO")


def test_a_file_that_another_machine_does_not_have_did_not_disappear(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(b"abc")
    found = find_local(str(path))
    path.unlink()
    ways = [lambda of: of.open(), lambda of: of.open_seekable(), lambda of: open_for_arrow(of).__enter__()]
    for way in ways:
        with pytest.raises(FileError, match="the file disappeared while it was read"):
            way(found)
        with pytest.raises(FileError, match="no such file"):
            way(pickle.loads(pickle.dumps(found)))
