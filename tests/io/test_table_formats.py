"""Folders of table formats are refused by name: their own lists say which files count."""

from __future__ import annotations

from pathlib import Path

import pytest

from losscli.errors import DataError
from losscli.io.files.discover import discover
from losscli.io.files.table_formats import table_format_of

MARKS = {
    "Delta Lake": "_delta_log/00000000000000000000.json",
    "Iceberg": "metadata/v1.metadata.json",
    "Hudi": ".hoodie/hoodie.properties",
}
every_format = pytest.mark.parametrize(("name", "mark"), MARKS.items(), ids=MARKS)


def put(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("y,p\n1,2\n")
    return str(path)


def refused(path: Path | str) -> DataError:
    with pytest.raises(DataError) as caught:
        discover([str(path)])
    assert caught.value.hint is not None
    return caught.value


@every_format
def test_a_folder_of_a_table_is_refused_with_the_way_out(tmp_path: Path, name: str, mark: str) -> None:
    put(tmp_path / "t" / "part-0.csv")
    put(tmp_path / "t" / mark)
    for path in (tmp_path / "t", f"{tmp_path / 't'}/", tmp_path / "*"):
        error = refused(path)
        assert f"a table of {name}" in error.message
        assert Path(error.path or "") == tmp_path / "t"
        assert "Parquet" in (error.hint or "")


@every_format
def test_so_are_its_partitions_and_a_folder_that_it_is_in(tmp_path: Path, name: str, mark: str) -> None:
    table = tmp_path / "all" / "t"
    put(table / "region=eu" / "day=1" / "part-0.csv")
    put(table / "data" / "k=1" / "part-0.csv")
    put(table / mark)
    for path in (table / "region=eu", table / "region=eu" / "day=1", table / "data", table / "data" / "k=1", tmp_path):
        assert (name in refused(path).message, Path(refused(path).path or "")) == (True, table)


@every_format
def test_files_that_are_named_are_read_with_a_note(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, mark: str
) -> None:
    file = put(tmp_path / "part-0.csv")
    put(tmp_path / mark)
    monkeypatch.chdir(tmp_path)
    for path in (file, str(tmp_path / "*.csv"), "part-0.csv"):
        found = discover([path])
        assert len(found.files) == 1
        assert [f"is a table of {name}, whose list of files is not read" in note for note in found.notes] == [True]


def test_folders_that_are_only_called_alike_are_read(tmp_path: Path) -> None:
    put(tmp_path / "metadata" / "about.csv")
    put(tmp_path / "data" / "part-0.csv")
    (tmp_path / "_delta_log").write_text("a file")
    for path in (tmp_path, tmp_path / "data"):
        assert not [note for note in discover([str(path)]).notes if "table" in note]


def test_names_of_an_object_store_tell_the_same() -> None:
    def found(*names: str) -> tuple[str, str] | None:
        table = table_format_of(names)
        return None if table is None else (table[0].name, table[1])

    assert found("part-0.parquet", "_delta_log/0.json") == ("Delta Lake", "")
    assert found("a/b/_delta_log/_commits/0.json") == ("Delta Lake", "a/b")
    assert found("x/.hoodie/hoodie.properties") == ("Hudi", "x")
    assert found("x/metadata/00001-a.metadata.json", "x/data/p.parquet") == ("Iceberg", "x")
    assert found("metadata/version-hint.text") == ("Iceberg", "")
    assert found("metadata/about.json", "metadata/x/v1.metadata.json", "_delta_log", "v1.metadata.json") is None
