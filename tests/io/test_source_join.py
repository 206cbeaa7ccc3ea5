"""Targets in another file: joined by key as text, in the order of the predictions, and never by luck."""

from __future__ import annotations

import datetime
import decimal
import random
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from losscli.errors import DataError, EmptyError, LosscliError, UsageError
from losscli.io.batches import Batch
from losscli.io.files.open import open_source
from losscli.io.formats.in_memory import from_memory
from losscli.io.join.join import join
from losscli.io.source import ReadAs, Source

BOTH: dict[str, ReadAs] = {"id": "text", "p": "number", "y": "number"}


def csv(folder: Any, name: str, text: str) -> Source:
    path = folder / name
    path.write_text(text)
    return open_source([str(path)])


def batches(source: Source, projection: Mapping[str, ReadAs]) -> list[Batch]:
    return [batch for fragment in source.fragments for batch in fragment.batches(projection)]


def rows(source: Source, projection: Mapping[str, ReadAs] = BOTH) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for batch in batches(source, projection) for row in batch.data.to_pylist()]


def refused(source: Source, projection: Mapping[str, ReadAs] = BOTH) -> LosscliError:
    with pytest.raises(LosscliError) as caught:
        batches(source, projection)
    return caught.value


def test_rows_keep_the_order_and_place_of_the_predictions(tmp_path: Any) -> None:
    left = csv(tmp_path, "p.csv", "id,p\n007,1\n8,2\n9,3\n")
    right = csv(tmp_path, "t.csv", "y,id\n30,9\n10,007\n20,8\n")
    source = join(left, right, ["id"])
    assert source.columns == ("id", "p", "y")
    assert rows(source) == [("007", 1.0, 10.0), ("8", 2.0, 20.0), ("9", 3.0, 30.0)]
    assert rows(source, {"y": "number"}) == [(10.0,), (20.0,), (30.0,)]
    assert rows(source, {"p": "number"}) == [(1.0,), (2.0,), (3.0,)]
    (batch,) = batches(source, BOTH)
    error = batch.location.error(1, "p", "no")
    assert (error.path, error.row, error.line) == (str(tmp_path / "p.csv"), 2, 3)
    assert source.dropped is not None
    assert (source.dropped.predictions, source.dropped.targets) == (0, 0)
    assert any("t.csv in memory" in note for note in source.notes)


def test_two_keys_are_not_glued(tmp_path: Any) -> None:
    left = csv(tmp_path, "p.csv", "a,b,p\n1,23,1\n12,3,2\n1,3,3\n")
    right = csv(tmp_path, "t.csv", "b,a,y\n3,1,30\n23,1,10\n3,12,20\n")
    assert rows(join(left, right, ["a", "b"]), {"y": "number"}) == [(10.0,), (20.0,), (30.0,)]
    right = csv(tmp_path, "u.csv", "b,a,y\n3,1,30\n23,12,10\n3,12,20\n")
    error = refused(join(left, right, ["a", "b"]), {"y": "number"})
    assert "1 of 3 rows: no match" in error.message
    assert error.value == "1, 23"


KEYS: list[tuple[str, Any, list[str]]] = [
    ("int", pa.array([7, 2**53 + 1]), ["7", "9007199254740993"]),
    ("uint", pa.array([7, 2**64 - 1], pa.uint64()), ["7", "18446744073709551615"]),
    ("float", pa.array([7.0, 0.1]), ["7", "0.1"]),
    ("bool", pa.array([True, False]), ["true", "false"]),
    ("decimal", pa.array([decimal.Decimal("7.00"), decimal.Decimal("0.10")]), ["7", "0.1"]),
    ("date", pa.array([datetime.date(2026, 1, 2), datetime.date(2026, 1, 3)]), ["2026-01-02", "2026-01-03"]),
    ("text", pa.array(["007", "é"]), ["007", "é"]),
    ("large text", pa.array(["007", "é"], pa.large_string()), ["007", "é"]),
    ("dictionary", pa.array(["b", "a"]).dictionary_encode(), ["b", "a"]),
    ("sliced", pa.array(["x", "b", "a"])[1:], ["b", "a"]),
]


@pytest.mark.parametrize("kind", KEYS, ids=[name for name, _, _ in KEYS])
def test_keys_of_any_type_are_compared_as_text(kind: tuple[str, Any, list[str]]) -> None:
    _, keys, texts = kind
    typed = from_memory(pa.table({"id": keys, "p": [1.0, 2.0]}))
    plain = from_memory({"id": texts[::-1], "y": [20.0, 10.0]})
    projection: dict[str, ReadAs] = {"p": "number", "y": "number"}
    assert rows(join(typed, plain, ["id"]), projection) == [(1.0, 10.0), (2.0, 20.0)]
    assert sorted(rows(join(plain, typed, ["id"]), projection)) == [(1.0, 10.0), (2.0, 20.0)]


def test_different_types_are_noted() -> None:
    source = join(from_memory({"id": [1], "p": [1.0]}), from_memory({"id": ["1"], "y": [2.0]}), ["id"])
    assert any("int64" in note and "string" in note for note in source.notes)
    assert rows(source) == [(1, 1.0, 2.0)]


def test_a_key_that_cannot_be_one() -> None:
    source = join(from_memory({"id": np.ones((1, 2)), "p": [1.0]}), from_memory({"id": ["1"], "y": [2.0]}), ["id"])
    assert "cannot be a key" in refused(source).message


LEFT = {"id": ["a", "b", "c", "d"], "p": [1.0, 2.0, 3.0, 4.0]}

TROUBLE: list[tuple[str, Sequence[Any], Sequence[Any], type[LosscliError], str, str, int]] = [
    (
        "unmatched prediction",
        ["a", "b", "x"],
        ["a", "b"],
        DataError,
        "1 of 3 rows: no match in <memory>: 'x'",
        "x",
        3,
    ),
    ("unmatched target", ["a", "b"], ["a", "x", "b"], DataError, "1 of 3 rows: no match in <memory>: 'x'", "x", 2),
    ("repeated prediction", ["a", "b", "a"], ["a", "b"], DataError, "1 row repeats a key", "a", 3),
    ("repeated target", ["a", "b"], ["a", "b", "b", "a"], DataError, "2 rows repeat a key", "b", 3),
    ("no key in predictions", ["a", None], ["a"], DataError, "1 row has no key", "", 2),
    ("empty key in targets", ["a"], ["a", "", ""], DataError, "2 rows have no key", "", 2),
    ("NaN never matches NaN", [1.0, np.nan], [1.0, np.nan], DataError, "1 row has no key", "", 2),
]


@pytest.mark.parametrize("case", TROUBLE, ids=[case[0] for case in TROUBLE])
def test_trouble(case: Any) -> None:
    _, left, right, kind, words, value, row = case
    source = join(
        from_memory({"id": left, "p": np.arange(len(left)) + 0.5}),
        from_memory({"id": right, "y": np.arange(len(right)) + 0.5}),
        ["id"],
    )
    error = refused(source)
    assert type(error) is kind
    assert words in error.message
    assert (error.value, error.row, error.column) == (value, row, "id")


def test_no_key_in_common_shows_both_sides() -> None:
    source = join(
        from_memory({"id": ["007", "008", "009", "010"], "p": [1.0] * 4}),
        from_memory({"id": [7, 8, 9, 10], "y": [1.0] * 4}),
        ["id"],
        "drop",
    )
    error = refused(source)
    assert isinstance(error, EmptyError)
    assert "'007', '008', '009'" in error.message
    assert "'7', '8', '9'" in error.message
    assert "'10'" not in error.message


def test_dropped_rows_are_counted_and_the_others_keep_their_place(tmp_path: Any) -> None:
    left = csv(tmp_path, "p.csv", 'id,p\nx,0\na,1\n"",2\n"b",3\ny,4\n')
    right = csv(tmp_path, "t.csv", "id,y\nb,30\nz,40\na,10\n,50\n")
    source = join(left, right, ["id"], "drop")
    for _ in range(2):  # counted anew in each pass
        (batch,) = batches(source, BOTH)
        assert batch.data.to_pylist() == [{"id": "a", "p": 1.0, "y": 10.0}, {"id": "b", "p": 3.0, "y": 30.0}]
        assert [(batch.location.error(i, "p", "").row, batch.location.error(i, "p", "").line) for i in (0, 1)] == [
            (2, 3),
            (4, 5),
        ]
        assert source.dropped is not None
        assert (source.dropped.predictions, source.dropped.targets) == (3, 2)


def test_repeated_keys_are_not_dropped() -> None:
    source = join(from_memory(LEFT), from_memory({"id": ["a", "a"], "y": [1.0, 2.0]}), ["id"], "drop")
    assert "repeats a key" in refused(source).message


def test_names(tmp_path: Any) -> None:
    left, right = from_memory({"id": ["a"], "p": [1.0], "z": [1.0]}), from_memory({"id": ["a"], "y": [2.0], "z": [1.0]})
    assert rows(join(left, right, ["id"])) == [("a", 1.0, 2.0)]
    assert rows(join(left, right, ["id"]), {"z": "number"}) == [(1.0,)]
    assert "no column 'q'" in refused(join(left, right, ["id"]), {"q": "number"}).message
    with pytest.raises(DataError, match="no key column 'p'"):
        join(left, right, ["p"])
    with pytest.raises(UsageError):
        join(left, right, [])
    with pytest.raises(UsageError):
        join(left, right, ["id", "id"])


def test_a_key_can_be_asked_for_as_a_number(tmp_path: Any) -> None:
    left, right = csv(tmp_path, "p.csv", "id,p\n07,1\n8,2\n"), csv(tmp_path, "t.csv", "id,y\n8,3\n07,4\n")
    assert rows(join(left, right, ["id"]), {"id": "number", "y": "number"}) == [(7.0, 4.0), (8.0, 3.0)]


def test_one_side_without_rows() -> None:
    none: dict[str, Any] = {"id": np.array([], dtype="U1"), "p": np.array([])}
    assert rows(join(from_memory(none), from_memory({"id": ["a"], "y": [1.0]}), ["id"])) == []
    empty = from_memory({"id": np.array([], dtype="U1"), "y": np.array([])})
    assert isinstance(refused(join(from_memory(LEFT), empty, ["id"])), EmptyError)


def test_text_and_vectors_come_over(tmp_path: Any) -> None:
    (tmp_path / "t").mkdir()
    (tmp_path / "t" / "1.csv").write_text("id,k\na,x\nb,y\n")
    (tmp_path / "t" / "2.csv").write_text("id,k\nc,y\nd,x\n")
    source = join(from_memory(LEFT), open_source([str(tmp_path / "t")]), ["id"])
    assert rows(source, {"k": "text", "p": "number"}) == [("x", 1.0), ("y", 2.0), ("y", 3.0), ("x", 4.0)]
    vectors = from_memory({"id": ["d", "c", "b", "a"], "v": np.arange(8.0).reshape(4, 2)})
    assert rows(join(from_memory(LEFT), vectors, ["id"]), {"v": "number"})[0] == ([6.0, 7.0],)


def test_many_files_are_one_set_of_keys(tmp_path: Any) -> None:
    for name, text in (("p1.csv", "id,p\na,1\nb,2\n"), ("p2.csv", "id,p\nc,3\na,4\n")):
        (tmp_path / name).write_text(text)
    left = open_source([str(tmp_path / "p*.csv")])
    error = refused(join(left, from_memory({"id": ["a", "b", "c"], "y": [1.0, 2.0, 3.0]}), ["id"]))
    assert "1 row repeats a key" in error.message
    assert (error.path, error.row, error.line) == (str(tmp_path / "p2.csv"), 2, 3)


@settings(max_examples=60)
@given(st.data())
def test_like_a_dictionary(data: st.DataObject) -> None:
    """Whatever the keys, the size of a look-up and the number of keys a row, the join is what a dict would give."""
    texts = st.text(alphabet="ab,01é", min_size=1, max_size=3)
    width = data.draw(st.integers(1, 3))
    keys = data.draw(st.lists(st.tuples(*[texts] * width), min_size=1, max_size=12, unique=True))
    extra = data.draw(st.lists(st.tuples(*[texts] * width), max_size=5, unique=True).map(set)) - set(keys)
    shuffled = keys + sorted(extra)
    random.Random(data.draw(st.integers(0, 9))).shuffle(shuffled)
    names = [f"k{i}" for i in range(width)]
    left = {name: [key[i] for key in keys] for i, name in enumerate(names)} | {"p": np.arange(float(len(keys)))}
    right = {name: [key[i] for key in shuffled] for i, name in enumerate(names)}
    targets = {key: float(place) for place, key in enumerate(shuffled)}
    source = join(from_memory(left), from_memory(right | {"y": list(targets.values())}), names, "drop")
    got = rows(source, {"p": "number", "y": "number"})
    assert got == [(float(place), targets[key]) for place, key in enumerate(keys)]
    assert source.dropped is not None
    assert source.dropped.targets == len(extra)


def test_look_ups_of_many_batches() -> None:
    numbers = np.random.default_rng(0).permutation(150_000)
    left = from_memory({"id": np.arange(150_000), "p": np.arange(150_000.0)})
    right = from_memory({"id": numbers, "y": numbers.astype(float)})
    total = 0
    for batch in batches(join(left, right, ["id"]), {"p": "number", "y": "number"}):
        assert batch.data.column(0).equals(batch.data.column(1))
        total += batch.data.num_rows
    assert total == 150_000
