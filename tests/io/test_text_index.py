"""Texts are found by hashes where there are many, and by Arrow's table where there are few: the same places."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from losscli.io.join import text_index
from losscli.io.join.text_index import NOT_FOUND, TextIndex, text_hashes

KEYS = {
    "alike": lambda i: f"user-{i:012d}",
    "of_any_length": lambda i: "é" * (i % 20) + str(i),
    "short": str,
    "of_eight_bytes": lambda i: f"{i:08d}",
    "of_seven_to_nine": lambda i: f"{i:07d}" + "ab"[: i % 3],
}


def texts(values):
    return pa.array(values, pa.large_string())


@pytest.mark.parametrize("name", KEYS)
def test_hashes_find_what_a_dict_finds(name, monkeypatch):
    monkeypatch.setattr(text_index, "MANY", 100)
    keys = [KEYS[name](i) for i in range(2000)]
    rng = np.random.default_rng(3)
    asked = [None if i % 11 == 0 else keys[i] + "x" * int(i % 7 == 0) for i in rng.permutation(2000)]
    for start in (0, 13):  # slices of longer arrays
        index, places = TextIndex.of(texts(["", *keys])[1 + start :])
        assert index.hashes is not None and places.tolist() == list(range(2000 - start))
        known = {key: at for at, key in enumerate(keys[start:])}
        column = texts([*asked, "y"])[5:-1]
        assert index.find(column).tolist() == [known.get(key, NOT_FOUND) for key in asked[5:]]


def test_equal_texts_have_the_place_of_the_first(monkeypatch):
    monkeypatch.setattr(text_index, "MANY", 1)
    index, places = TextIndex.of(texts(["a", "b", "a", "c", "b"]))
    assert (places.tolist(), len(index)) == ([0, 1, 0, 2, 1], 3)
    assert index.find(texts(["c", None, "z", ""])).tolist() == [2, NOT_FOUND, NOT_FOUND, NOT_FOUND]


def test_texts_whose_hashes_collide_are_told_apart(monkeypatch):
    monkeypatch.setattr(text_index, "MANY", 1)
    index, _ = TextIndex.of(texts(["a", "b", "c"]))
    monkeypatch.setattr(text_index, "text_hashes", lambda column: np.full(len(column), index.hashes[0]))
    same = index.known[int(index.places[0])].as_py()
    assert index.find(texts(["a", "b", "c", "d"])).tolist() == [
        int(index.places[0]) if text == same else NOT_FOUND for text in "abcd"
    ]
    colliding, places = TextIndex.of(texts(["a", "b", "a"]))
    assert (colliding.hashes, places.tolist()) == (None, [0, 1, 0])


def test_long_texts_are_left_to_arrow(monkeypatch):
    monkeypatch.setattr(text_index, "MANY", 1)
    assert text_hashes(texts(["a" * 65])) is None and text_hashes(texts([""])) is None
    index, _ = TextIndex.of(texts(["a", "b"]))
    assert index.find(texts(["b", "a" * 65])).tolist() == [1, NOT_FOUND]
