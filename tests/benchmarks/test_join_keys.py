"""The benchmark of joins runs, and prints what losscli computes."""

from __future__ import annotations

import numpy as np
import pyarrow.parquet as pq

from tests.benchmarks import join_keys


def test_a_short_run(capsys, tmp_path):
    assert join_keys.main(["--rows", "50", "--each", "3", "--runs", "1"]) == 0
    who, value, *_ = capsys.readouterr().out.split("\t")
    join_keys.make(tmp_path, 50, 3)
    table = {name: pq.read_table(tmp_path / f"{name}.parquet").to_pydict() for name in "pt"}
    targets = dict(zip(table["t"]["id"], table["t"]["y"], strict=True))
    errors = [p - targets[key] for key, p in zip(table["p"]["id"], table["p"]["p"], strict=True)]
    assert who == "losscli" and np.isclose(float(value), np.mean(np.square(errors)), rtol=1e-12)
