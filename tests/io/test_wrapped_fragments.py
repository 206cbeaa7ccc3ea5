"""Fragments around others: columns from folder names, and names in another Unicode form."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

import losscli
from losscli.errors import DataError
from losscli.execution.inspection.sample import read_sample
from losscli.io.column_forms import RenamedFragment, with_column_forms
from losscli.io.files.open import open_source
from losscli.io.files.partition_columns import PartitionedFragment
from losscli.io.source import Fragment, ReadOptions
from losscli.io.wrapped_fragment import WrappedFragment


def test_whatever_is_asked_of_a_fragment_the_one_inside_answers():
    never = {"batches", "is_like", "together"}  # made of splits; asked of small files alone, which it is not
    asked = {name for name in vars(Fragment) if not name.startswith("_")} - never
    assert asked | {"path", "format"} <= set(vars(WrappedFragment))
    assert issubclass(PartitionedFragment, WrappedFragment) and issubclass(RenamedFragment, WrappedFragment)


@pytest.fixture(params=["csv", "parquet"])
def folder(request, tmp_path):
    for name, rows in (("test", [1.0, 2.0, 4.0]), ("train", [5.0, 6.0, 7.0])):
        part = tmp_path / f"split={name}" / "fold=1"
        part.mkdir(parents=True)
        table = pa.table({"y": rows, "p": [row + 0.5 for row in rows], "w": [1, 0, 1]})
        if request.param == "csv":
            pa.csv.write_csv(table, part / "a.csv")
        else:
            pq.write_table(table, part / "a.parquet")
    return tmp_path


def test_a_configuration_is_made_for_folders_with_partition_columns_of_text(folder):
    sample = read_sample([str(folder)], ReadOptions(lenient=True))
    assert set(sample.candidates["split"].texts) == {"test", "train"}
    assert set(sample.candidates["fold"].values.tolist()) == {1.0}
    assert sample.rows == 6


def test_a_text_in_a_folder_name_is_an_error_only_where_a_row_is_used(folder):
    with pytest.raises(DataError, match="'test', from the name of the folder, is not a number"):
        losscli.evaluate(str(folder), "mae", target="y", pred="split")
    with pytest.raises(DataError, match="'test' is not a number") as caught:
        losscli.evaluate(str(folder), "mae", target="y", pred="split", where="split == 'test'")
    assert caught.value.row == 1
    report = losscli.evaluate(str(folder), "mae", target="y", pred="p", where="split == 'test'", by="fold")
    assert [result.value for result in report] == [0.5, 0.5]


def test_columns_that_some_files_lack_are_left_out_of_a_sample(tmp_path):
    (tmp_path / "a.csv").write_text("y,p,q\n1,2,3\n2,2,3\n")
    (tmp_path / "b.csv").write_text("y,p\n1,2\n")
    assert set(read_sample([str(tmp_path)], ReadOptions(lenient=True)).candidates) == {"y", "p"}


def test_a_column_in_another_unicode_form_is_named_as_asked_in_all_answers(tmp_path):
    composed, decomposed = "caf\u00e9", "cafe\u0301"
    np.savez(tmp_path / "a.npz", **{decomposed: np.arange(3.0), "y": np.arange(3.0), "far": np.arange(7.0)})
    source = with_column_forms(open_source([str(tmp_path / "a.npz")], ReadOptions()), [(composed,)])
    (fragment,) = source.fragments
    assert isinstance(fragment, RenamedFragment)
    assert fragment.readable([composed, "y", "far"]) == [composed, "y"]
