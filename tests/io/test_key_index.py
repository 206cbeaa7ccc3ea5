"""Keys are found by a table of hashes: the places that a dict gives, whatever their lengths, repeats and hashes."""

from __future__ import annotations

import random

import numpy as np
import pyarrow as pa
import pytest
from memory import peak_of

from losscli.io.join import key_hashes, key_index
from losscli.io.join.key_hashes import GrowingTexts, TextBytes, fast_hashes, safe_hashes, same_texts
from losscli.io.join.key_index import NOT_FOUND, KeyIndex
from losscli.parallel import using_threads

KEYS = {
    "alike": lambda i: f"user-{i:012d}",
    "of_any_length": lambda i: "é" * (i % 20) + str(i),
    "short": str,
    "of_eight_bytes": lambda i: f"{i:08d}",
    "of_seven_to_nine": lambda i: f"{i:07d}" + "ab"[: i % 3],
    "long": lambda i: "x" * (250 + i % 16) + str(i),
    "mostly_empty": lambda i: "" if i % 3 else str(i),
    "repeating": lambda i: f"k{i % 700}",
}
ALIKE = {"all_bits": 2**64 - 1, "eight_bits": 0xFF, "none": 0}


def texts(values):
    return pa.array(values, pa.large_string())


def numbered(keys):
    """The distinct keys with their ids, and the id of each key."""
    known = {}
    return known, [known.setdefault(key, len(known)) for key in keys]


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("name", KEYS)
def test_keys_are_found_where_a_dict_finds_them(name, threads, monkeypatch):
    monkeypatch.setattr(key_index, "REGION", 256)
    keys = [KEYS[name](i) for i in range(2000)]
    rng = np.random.default_rng(3)
    asked = [None if i % 11 == 0 else keys[i] + "x" * int(i % 7 == 0) for i in rng.permutation(2000)]
    for start in (0, 13):  # slices of longer arrays
        with using_threads(threads):
            index, ids = KeyIndex.of([texts(["", *keys])[1 + start :]])
        known, expected = numbered(keys[start:])
        assert (ids.tolist(), len(index)) == (expected, len(known))
        column = texts([*asked, "y"])[5:-1]
        assert index.find([column]).tolist() == [known.get(key, NOT_FOUND) for key in asked[5:]]


@pytest.mark.parametrize("most", [40, 1000])
@pytest.mark.parametrize("alike", ALIKE)
def test_keys_whose_hashes_collide_are_told_apart(alike, most, monkeypatch):
    monkeypatch.setattr(key_index, "fast_hashes", lambda columns: fast_hashes(columns) & np.uint64(ALIKE[alike]))
    monkeypatch.setattr(key_index, "MANY_ROUNDS", most)
    rng = random.Random(5)
    rows = [(f"a{rng.randint(0, 30)}", str(rng.randint(0, 9)), "é" * rng.randint(0, 3)) for _ in range(600)]
    asked = [*rows[::-1], ("a1", "10", ""), ("", "", ""), ("a1", None, "é"), (None, None, None)]
    index, ids = KeyIndex.of([texts(column) for column in zip(*rows, strict=True)])
    known, expected = numbered(rows)
    assert ids.tolist() == expected
    found = index.find([texts(column) for column in zip(*asked, strict=True)])
    assert found.tolist() == [known.get(key, NOT_FOUND) for key in asked]
    assert index.seeded == (alike != "all_bits" and most == 40)  # then with hashes that nobody can know before


def test_no_key_is_found_among_none():
    index, ids = KeyIndex.of([texts([])])
    assert (len(index), ids.tolist()) == (0, [])
    assert index.find([texts(["a", "", None])]).tolist() == [NOT_FOUND] * 3
    some, _ = KeyIndex.of([texts(["a"])])
    assert some.find([texts([])]).tolist() == []


@pytest.mark.parametrize("hashes_of", [fast_hashes, safe_hashes])
def test_the_hash_of_a_text_depends_on_its_bytes_alone(hashes_of):
    """Not on its neighbours, on where it stands in memory, or on what stands behind it."""
    words = ["", "a", "é", "1234567", "12345678", "123456789", "x" * 16, "x" * 17, "y" * 256, "y" * 257, "z" * 1000]
    together = hashes_of([texts(words)])
    assert len(set(together.tolist())) == len(words)
    for at, word in enumerate(words):
        assert hashes_of([texts([word])])[0] == together[at]
        assert hashes_of([texts(["ab", word, "\0\0", None])[1:]])[0] == together[at]
    assert hashes_of([texts(["a", "b"]), texts(["b", "a"])])[0] != hashes_of([texts(["b"]), texts(["a"])])[0]


def test_texts_that_differ_in_one_byte_are_not_the_same():
    known = texts(["", "abcdefgh" * 5, "q", "abcdefgh" * 5])[1:]
    for column in (texts(["abcdefgh" * 5] * 3), texts(["abcdefgh" * 5, "abcdefgh" * 4 + "abcdefgH", "q"])):
        rows = np.array([0, 2, 1])
        same = same_texts(TextBytes.of(known), rows, TextBytes.of(column), np.arange(3))
        assert same.tolist() == [known[int(row)] == asked for row, asked in zip(rows, column, strict=True)]


def test_parts_are_joined_to_one_array():
    def joined(parts):
        held = GrowingTexts()
        for part in parts:
            held.add(part)
        whole = held.array()
        whole.validate(full=True)
        return whole

    parts = [texts(["", "a", None, "ü"])[1:], texts([]), texts(["b", ""]), texts(["", ""])]
    assert joined(parts).to_pylist() == ["a", None, "ü", "b", "", "", ""]
    assert (joined([texts([])]).to_pylist(), joined([]).to_pylist(), joined(parts[2:]).null_count) == ([], [], 0)


def test_many_keys_in_ascending_order_spread_over_the_table():
    """Numbers in the last bytes of a text are those that most keys differ in."""
    low = key_hashes.fast_hashes([texts([f"user-{i:019d}" for i in range(1 << 15)])]) & np.uint64((1 << 16) - 1)
    assert len(np.unique(low)) > 0.75 * (1 << 15)  # by chance it is 0.787


@pytest.mark.parametrize("odd", [None, 0, 1, 16_383, 16_384, 16_385, 39_999])
def test_texts_have_one_length_where_none_has_another(odd):
    texts = [f"{row:08}" for row in range(40_000)]
    if odd is not None:
        texts[odd] += "+"
    column = pa.array(["before", *texts], pa.large_string()).slice(1)
    assert TextBytes.of(column).one_length == (8 if odd is None else None)


def test_the_lengths_of_a_column_that_is_held_are_not_held():
    column, limit = pa.array([f"{row:08}" for row in range(200_000)], pa.large_string()), 8 * 200_000 // 2
    assert TextBytes.of(column).one_length == 8
    assert peak_of(lambda: TextBytes.of(column).one_length, limit) < limit  # which is kept, so that each has its own
