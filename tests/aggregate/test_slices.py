"""Ids of slices: the same texts give the same ids, whatever the types, batches and threads."""

from __future__ import annotations

import pickle
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from waiting import PATIENCE

import losscli
from losscli.aggregate import slices
from losscli.aggregate.slices import EMPTY, NULL, SliceIndex, label_of, name_of
from losscli.binding.encoded_labels import EncodedLabels
from losscli.errors import DataError, Location
from losscli.io.arrow.build import strings
from losscli.io.arrow.decode import texts
from losscli.io.arrow.dictionary import DictionaryColumn

LOCATION = Location("here", 1)
RNG = np.random.default_rng(0)


def marks(*columns):
    return [DictionaryColumn.of(column, f"c{i}", LOCATION) for i, column in enumerate(columns)]


def plainly(column):
    """The text of each row, by the way that makes a text of every distinct cell of a batch."""
    coded = EncodedLabels.of(texts(column, "c", LOCATION), "c").canonical()
    found = [NULL if code < 0 else coded.names[code] for code in coded.codes]
    return [EMPTY if cell == "" else name for cell, name in zip(column.to_pylist(), found, strict=True)]


def many(kind, n=9000, distinct=5000):
    """More distinct cells than any small-batch path takes."""
    numbers = RNG.integers(0, distinct, n)
    gaps = RNG.random(n) < 0.01
    made = {
        "small": lambda: pa.array(numbers, mask=gaps),
        "around zero": lambda: pa.array(numbers - distinct // 2),
        "wild": lambda: pa.array(numbers * 0x9E3779B97F4A7C1 - 2**62),
        "unsigned": lambda: pa.array(numbers.astype(np.uint64) + np.uint64(2**64 - 2 * distinct)),
        "bytes": lambda: pa.array((numbers % 256).astype(np.uint8)),
        "whole floats": lambda: pa.array(numbers.astype(float), mask=gaps),
        "floats": lambda: pa.array(np.where(numbers % 7 == 0, -0.0, numbers / 8 - 100)),
        "odd floats": lambda: pa.array(RNG.choice([0.0, -0.0, 1e300, 0.1, np.nan, np.inf, -np.inf, 2.0**60], n)),
        "narrow floats": lambda: pa.array((numbers / 10).astype(np.float32)),
        "booleans": lambda: pa.array(numbers % 2 == 0, mask=gaps),
        "texts": lambda: pa.array([f"é{i}" for i in numbers], mask=gaps),
        "texts of numbers": lambda: pa.array([f"{i}.0" if i % 2 else f"{i}" for i in numbers]),
        "large texts": lambda: pa.array([["", "True", "false", f"{i}"][i % 4] for i in numbers], pa.large_string()),
        "dictionary": lambda: pa.array([f"{i}" for i in numbers], mask=gaps).dictionary_encode(),
        "dictionary with null": lambda: pa.DictionaryArray.from_arrays(
            pa.array(numbers % 3), pa.array(["a", None, ""])),
        "dictionary of numbers": lambda: pa.array(numbers).dictionary_encode(),
        "few texts": lambda: pa.array([f"{i % 5}" for i in numbers[:100]]),
        "nothing": lambda: pa.nulls(50),
        "no rows": lambda: pa.array([], pa.int64()),
    }  # fmt: skip
    return made[kind]()


KINDS = ["small", "around zero", "wild", "unsigned", "bytes", "whole floats", "floats", "odd floats", "narrow floats",
         "booleans", "texts", "texts of numbers", "large texts", "dictionary", "dictionary with null",
         "dictionary of numbers", "few texts", "nothing", "no rows"]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_slice_ids_are_the_texts_in_any_batches(kind):
    column, index = many(kind), SliceIndex(1)
    other = index.ids(marks(many("small")))  # what is known already makes no difference
    for size in (37, 5000, len(column)):
        for start in range(0, min(len(column), 3 * size), max(size, 1)):
            part = column.slice(start, size)
            numbers, names = index.ids(marks(part)), index.names()
            assert [names[number] for number in numbers] == [(text,) for text in plainly(part)]
    assert len(set(index.names())) == len(index) >= len(set(other.tolist()))


def test_one_text_is_one_slice_whatever_its_type():
    index = SliceIndex(1)
    ones = [pa.array([1]), pa.array([1.0]), pa.array([1], pa.uint8()), pa.array(["1"]), pa.array(["1.0"]),
            pa.array(["1"]).dictionary_encode(), pa.array([1.0]).dictionary_encode(),
            pa.array([1], pa.decimal128(5, 2))]  # fmt: skip
    assert {int(index.ids(marks(one))[0]) for one in ones} == {0}
    gaps = [pa.array([None], pa.int64()), pa.nulls(1), pa.array([None], pa.string()),
            pa.array([None], pa.string()).dictionary_encode(), pa.array([None], pa.decimal128(5, 2))]  # fmt: skip
    assert {int(number) for gap in gaps for number in index.ids(marks(gap))} == {1}
    assert index.names() == [("1",), (NULL,)]


@pytest.mark.parametrize("count", [1, 5000])
@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.string_view()])
@pytest.mark.parametrize("encoded", [False, True])
def test_null_the_empty_text_and_texts_like_their_marks_are_different_slices(count, kind, encoded):
    cells = [None, "", "(null)", "(empty)", "\\(null)", "\\\\(empty)", "(NULL)", "\\", "a"]
    column = pa.array(cells * count, kind)
    if encoded and kind != pa.string_view():
        column = column.dictionary_encode()
    index = SliceIndex(1)
    found = index.ids(marks(column))
    assert len(index) == len(cells) and (found.reshape(count, -1) == found[: len(cells)]).all()
    names = [name for (name,) in index.names()]
    assert [names[place] for place in found[: len(cells)]] == [
        NULL, EMPTY, "\\(null)", "\\(empty)", "\\\\(null)", "\\\\\\(empty)", "(NULL)", "\\", "a",
    ]  # fmt: skip
    assert [label_of(name) for name in map(name_of, cells[2:])] == cells[2:]
    again = SliceIndex(1)
    again.restore(index.state())
    assert again.names() == index.names()  # names are not marked twice
    assert len(again) == len(cells) and (again.ids(marks(column)) == found).all()


def test_several_columns():
    columns, index = [many("small"), many("few texts", 90_000, 7), many("booleans")], SliceIndex(3)
    columns = [column.slice(0, 100) for column in columns]
    numbers, names = index.ids(marks(*columns)), index.names()
    assert [names[number] for number in numbers] == list(zip(*map(plainly, columns), strict=True))
    assert set(names) == set(zip(*map(plainly, columns), strict=True))  # no pairs that no row has
    again = SliceIndex(3)
    again.ids(marks(*(column[:7] for column in reversed(columns))))
    at = again.restore(index.state())
    assert [again.names()[place] for place in at] == names
    assert (again.ids(marks(*columns)) == at[numbers]).all()
    sent = pickle.loads(pickle.dumps(index))  # to a worker, which reads the same rows
    assert (sent.ids(marks(*columns)) == numbers).all()
    assert sent.names() == names
    again = SliceIndex(3)
    again.restore(pickle.loads(pickle.dumps(index.named())).named().state())
    assert again.names() == names


@pytest.mark.parametrize("longest", [8, 99])  # texts of more than 63 bytes have no table of words
def test_of_a_state_only_new_names_are_looked_up_one_by_one(longest, monkeypatch):
    asked = []
    own = slices._Column.numbers_of
    monkeypatch.setattr(slices._Column, "numbers_of", lambda self, names: asked.append(len(names)) or own(self, names))
    index, total, rng = SliceIndex(1), [], np.random.default_rng(3)
    for start in (0, 100, 0):  # 6,000 names each, 5,900 of them in common
        names = [f"{at:0{longest}}" for at in range(start, start + 6000)]
        rng.shuffle(names)
        total = list(dict.fromkeys([*total, *names]))
        ids = index.restore([[strings(names), np.arange(6000)]])
        known = index.names()
        assert [known[one] for one in ids] == [(name,) for name in names]
    assert index.names() == [(name,) for name in total]
    assert asked == ([6000, 100] if longest == 8 else [6000, 6000, 6000])


def test_what_is_there_twice_or_not_at_all_is_no_state():
    names, at = strings(["a", "b"]), np.arange(2)
    null = pa.array(["a", None])
    for wrong in ([strings(["a", "a"]), at], [names, at * 0], [names, at - 1], [names, at + 1], [null, at]):
        with pytest.raises(ValueError, match=r"slice|name"):
            SliceIndex(1).restore([wrong])
    for short in (at[:1], np.zeros(3, np.int64), np.zeros((1, 2), np.int64)):
        with pytest.raises(ValueError, match="column of slices"):
            SliceIndex(2).restore([[names, at], [names, short]])
    with pytest.raises(ValueError, match="columns of slices"):
        SliceIndex(2).restore([[names, at]])


def test_no_columns_are_one_slice():
    index = SliceIndex(0)
    assert len(index) == 1 and index.names() == [()]
    assert index.restore(SliceIndex(0).state()).tolist() == [0]


def test_entries_that_no_row_uses_are_no_slices():
    entries = pa.array([f"{i}" for i in range(50_000)])
    index = SliceIndex(1)
    index.ids(marks(pa.DictionaryArray.from_arrays(pa.array([7, 49_999, 7]), entries)))
    assert index.names() == [("7",), ("49999",)]


@pytest.mark.parametrize("kind", ["small", "wild", "texts", "floats"])
def test_threads_learn_one_numbering(kind):
    columns = [many(kind, 20_000) for _ in range(8)]
    index, together = SliceIndex(2), threading.Barrier(4)

    def number(place):
        together.wait(PATIENCE)  # all learn the same texts at the same time
        found = []
        for start in range(0, 20_000, 1000):
            part = columns[place].slice(start, 1000)
            found += index.ids(marks(part, part)).tolist()
        return found

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(number, range(8)))
    names = index.names()
    assert len(set(names)) == len(names)
    for column, numbers in zip(columns, answers, strict=True):
        assert [names[number] for number in numbers] == [(text, text) for text in plainly(column)]


def test_very_many_slices_of_a_file(tmp_path):
    n, groups = 60_000, 20_000
    g = RNG.integers(0, groups, n)
    y, p = RNG.normal(size=n), RNG.normal(size=n)
    table = pa.table({"y": y, "p": p, "g": g, "s": pa.array(g).cast(pa.string())})
    pq.write_table(table, tmp_path / "d.parquet", row_group_size=25_000)
    by_number = losscli.evaluate(str(tmp_path / "d.parquet"), "mse", target="y", pred="p", by="g")
    by_text = losscli.evaluate(str(tmp_path / "d.parquet"), "mse", target="y", pred="p", by="s")
    values = {r.by["g"]: (r.value, r.count) for r in by_number if r.by}
    assert values == {r.by["s"]: (r.value, r.count) for r in by_text if r.by}
    assert [r.by["g"] for r in by_number if r.by] == sorted(set(map(str, g)))
    for group in RNG.choice(g, 20):
        rows = g == group
        one = losscli.evaluate({"y": y[rows], "p": p[rows]}, "mse", target="y", pred="p")[0]
        assert values[str(group)] == (one.value, one.count)
    with pytest.raises(DataError, match="more than 18,000 slices"):
        losscli.evaluate(str(tmp_path / "d.parquet"), "mse", target="y", pred="p", by="g", max_slices=18_000)


def test_the_limit_counts_what_rows_use():
    entries = [f"{i}" for i in range(1000)]
    column = pa.DictionaryArray.from_arrays(pa.array([1, 2, 1]), pa.array(entries))
    table = pa.table({"y": [1.0, 2.0, 3.0], "p": [1.0, 2.0, 5.0], "g": column})
    found = losscli.evaluate(table, "mse", target="y", pred="p", by="g", max_slices=2)
    assert {r.by.get("g"): r.value for r in found} == {None: 4 / 3, "1": 2.0, "2": 0.0}
    with pytest.raises(DataError, match="more than 1 slices"):
        losscli.evaluate(table, "mse", target="y", pred="p", by="g", max_slices=1)


def test_an_entry_or_a_combination_that_no_row_has_is_no_slice():
    words, few = pa.array(["a", "b", "c", "d"]), np.array([3, 1] * 200)
    one, other = (pa.DictionaryArray.from_arrays(pa.array(codes), words) for codes in (few, 3 - few))
    index, pairs = SliceIndex(1), SliceIndex(2)
    assert index.ids(marks(one)).tolist() == [1, 0] * 200 and index.names() == [("b",), ("d",)]
    assert pairs.ids(marks(one, other)).tolist() == [1, 0] * 200 and pairs.names() == [("b", "c"), ("d", "a")]
    every = pa.DictionaryArray.from_arrays(pa.array(np.arange(400) % 4), words)
    assert [index.names()[at] for at in index.ids(marks(every))[:4]] == [("a",), ("b",), ("c",), ("d",)]
    found = pairs.ids(marks(every, one))
    assert [pairs.names()[at] for at in found[:4]] == [("a", "d"), ("b", "b"), ("c", "d"), ("d", "b")]
