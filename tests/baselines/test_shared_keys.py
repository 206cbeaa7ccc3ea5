"""Saved row values where several rows have the same keys."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from losscli.baselines.row_file import read_rows
from losscli.binding.encoded_labels import EncodedLabels
from losscli.errors import DataError


def labels(*texts: str) -> EncodedLabels:
    return EncodedLabels(np.arange(len(texts)), texts, "id")


def test_rows_are_found_by_key_where_keys_are_unique_else_by_key_and_row(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("id,row,p/mse\nb,1,1\na,2,2\n")
    unique = read_rows(str(path))
    assert unique.keys == ("id",)
    assert unique.positions(np.array([7, 8, 9]), [labels("a", "b", "c")]).tolist() == [1, 0, -1]
    path.write_text("id,row,p/mse\na,1,1\na,2,2\nb,3,4\n")
    shared = read_rows(str(path))
    assert shared.keys == ("id", "row")
    assert shared.positions(np.array([2, 1, 3, 4]), [labels("a", "a", "b", "b")]).tolist() == [1, 0, 2, -1]
    with pytest.raises(DataError, match="rows were saved by 'id'"):
        shared.check_keys(["other"])
    path.write_text("id,row,p/mse\na,1,1\na,1,2\n")
    with pytest.raises(DataError, match="duplicate key"):
        read_rows(str(path))
