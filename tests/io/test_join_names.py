"""Keys that have other names in the targets, and keys in a column without a name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import losscli
from losscli.binding.column_names import read_columns, read_keys, resolve
from losscli.errors import DataError, EmptyError, UsageError

FILES = {
    "p.csv": "ID,day,p\n1,a,2\n2,b,4\n",
    "t.csv": "y,ds,id\n2,b,2\n1,a,1\n",
    "plain.csv": "ID,y\n2,2\n1,1\n",
    "pandas_p.csv": ",p\na,2\nb,4\n",
    "r_t.csv": '"","y"\n"b",2\n"a",1\n',
    "named_t.csv": "id,y\nb,2\na,1\n",
    "two_p.csv": ",,p\na,x,2\nb,x,4\n",
}


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)


def value(source: Any, targets: Any, on: Any, **settings: Any) -> float | None:
    settings = {"target": "y", "pred": "p", **settings}
    return losscli.evaluate(source, "mae", targets=targets, on=on, **settings).find("mae").value


@pytest.mark.parametrize(
    ("text", "ours", "theirs"),
    [
        ("id", ("id",), ("id",)),
        ("a,b", ("a", "b"), ("a", "b")),
        ("ID=id,ds", ("ID", "ds"), ("id", "ds")),
        ("", ("",), ("",)),
        ("=id", ("",), ("id",)),
        ("id=", ("id",), ("",)),
        (r"a\=b,c\,d", ("a=b", "c,d"), ("a=b", "c,d")),
    ],
)
def test_the_grammar_of_keys(text: str, ours: tuple[str, ...], theirs: tuple[str, ...]) -> None:
    assert read_keys(text) == (ours, theirs)


def test_three_names_are_no_pair() -> None:
    with pytest.raises(UsageError, match="'a=b=c' is no pair of key columns"):
        read_keys("a=b=c")


def test_a_key_has_another_name_in_the_targets() -> None:
    assert value("p.csv", "t.csv", {"ID": "id"}) == value("p.csv", "t.csv", {"ID": "id", "day": "ds"}) == 1.5
    assert value("p.csv", "t.csv", {"ID": "id"}, where="ds == 'b' and day == 'b' and id == 2 and ID == 2") == 2.0
    assert value("p.csv", "plain.csv", {"ID": "ID"}) == value("p.csv", "plain.csv", "ID") == 1.5
    frames = pd.read_csv("p.csv"), pd.read_csv("t.csv")
    assert value(*frames, {"ID": "id", "day": "ds"}) == 1.5


def test_a_column_without_a_name_is_a_key() -> None:
    for targets, on in [("r_t.csv", ""), ("r_t.csv", {"": ""}), ("named_t.csv", {"": "id"})]:
        assert value("pandas_p.csv", targets, on) == 1.5
    assert value("named_t.csv", "pandas_p.csv", {"id": ""}, target="p", pred="y") == 1.5


def test_a_glob_does_not_take_the_column_without_a_name() -> None:
    assert resolve(read_columns("*"), ("", "a", "b")).names == ("a", "b")


@pytest.mark.parametrize(
    ("targets", "on", "message"),
    [
        ("t.csv", {"ID": "Id"}, "no key column 'Id'"),
        ("t.csv", {"Id": "id"}, "no key column 'Id'"),
        ("t.csv", {"ID": ""}, "no column ''"),
        ("t.csv", {"": "id"}, "no column ''"),
        ("t.csv", {"ID": "id", "day": "id"}, "a key column is named twice"),
    ],
)
def test_a_key_that_is_not_there(targets: str, on: dict[str, str], message: str) -> None:
    with pytest.raises((DataError, UsageError), match=message):
        value("p.csv", targets, on)


def test_two_columns_without_a_name_are_no_key() -> None:
    with pytest.raises(DataError, match="column '' occurs 2 times"):
        value("two_p.csv", "r_t.csv", "")


def test_errors_name_the_column_of_their_file(tmp_path: Path) -> None:
    (tmp_path / "more.csv").write_text("id,y\n1,1\n2,2\n3,3\n")
    with pytest.raises(DataError, match="1 of 3 rows: no match in p") as caught:
        value("p.csv", "more.csv", {"ID": "id"})
    assert (caught.value.path, caught.value.column, caught.value.row) == ("more.csv", "id", 3)
    (tmp_path / "other.csv").write_text("id,y\n7,1\n")
    with pytest.raises(EmptyError, match="no key in common by ID = id"):
        value("p.csv", "other.csv", {"ID": "id"})
    with pytest.raises(UsageError, match="needs --targets FILE"):
        losscli.compare({"a": "p.csv", "b": "p.csv"}, "mae", target="p", pred="p", on={"ID": "id"})


def test_models_in_files_of_their_own_pair_by_a_column_without_a_name() -> None:
    found = losscli.compare({"a": "pandas_p.csv", "b": "pandas_p.csv"}, "mae", target="p", pred="p", on="")
    assert [result.value for result in found] == [0.0, 0.0]
