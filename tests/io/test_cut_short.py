"""A file that is cut short while it is read ends a run in an error that names it."""

from __future__ import annotations

import os

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from losscli.cli.entry import run
from losscli.io.formats import parquet


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
