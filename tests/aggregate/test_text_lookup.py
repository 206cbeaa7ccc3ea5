"""Many texts at once as slice ids: the same slices as one text at a time, whatever the texts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import losscli
from losscli.aggregate import text_lookup
from losscli.aggregate.slices import SliceIndex, name_of
from losscli.errors import Location
from losscli.io.arrow.canonical import canonical_label, canonical_labels
from losscli.io.arrow.dictionary import DictionaryColumn
from losscli.io.arrow.words import mostly_differ, spellings, words
from losscli.io.formats import parquet

ROWS = 6000
SPECIAL = ["", "a", "a\0", "a\0\0", "(null)", "(empty)", "1.0", "1", "-0", "True", "2024-01-01T10:00", "x\ny", "ü" * 9]


def texts(rng: np.random.Generator, longest: int) -> list[str | None]:
    letters = np.array(list("ab01 .é漢😀"))
    sizes = rng.integers(0, longest + 1, ROWS)
    drawn = ["".join(letters[rng.integers(0, len(letters), size)]) for size in sizes]
    return [*drawn, *SPECIAL, None, *SPECIAL]


@pytest.mark.parametrize("longest", [3, 8, 15, 16, 40])  # letters have up to four bytes: 40 of them are too long
@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()])
def test_slices_are_those_of_single_texts(longest: int, kind: pa.DataType, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(longest)
    index = SliceIndex(1)
    for number in range(3):
        own = texts(rng, longest)
        column = pa.array(["?", *own, "!"], kind).slice(1, len(own))  # a view: it begins in the middle of its buffers
        ids = index.ids([DictionaryColumn(np.arange(len(own)), column, None, "c")])
        names = index.names()
        assert [names[one][0] for one in ids.tolist()] == [
            name_of(None if t is None else canonical_label(t)) for t in own
        ]
        if number == 0:
            monkeypatch.setattr(text_lookup, "_hashes", lambda found: (found[0] % np.uint64(7)).view(np.int64))


@pytest.mark.parametrize("own", [["a", "", "bc\0", "d e"], ["é", "", "a", "漢字", "b"]])
def test_spellings_are_the_texts_of_rows(own: list[str]) -> None:
    column = pa.array(["?", *own, "!"]).slice(1, len(own))
    assert spellings(column, np.array([3, 0, 2])) == [own[3], own[0], own[2]]


def test_words_of_texts_that_differ_differ() -> None:
    own = sorted({text for text in [*texts(np.random.default_rng(0), 12), *SPECIAL] if text is not None})
    found = words(pa.array(own))
    assert found is not None
    assert len({tuple(column) for column in found.T.tolist()}) == len(own)
    assert words(pa.array(["a" * 64])) is None
    same = words(pa.array(["abcdefghijk", "abcdefghijl", "bbcdefghijk"]))  # all of one length
    mixed = words(pa.array(["abcdefghijk", "abcdefghijl", "bbcdefghijk", ""]))
    assert same is not None
    assert mixed is not None
    assert (same == mixed[:, :3]).all()


def test_canonical_labels_are_those_of_each_text() -> None:
    for own in (
        ["a", "b"],
        ["a", "1.0"],
        ["x\ny", "True"],
        ["2024-01-01T10:00"],
        ["+5."],
        ["tRue"],
        [],
        ["-0"],
        ["0\n.0"],
    ):
        assert canonical_labels(own) == [*map(canonical_label, own)]


def test_texts_of_which_few_differ_are_a_dictionary() -> None:
    assert not mostly_differ(pa.array([f"{at % 50}" for at in range(ROWS)]))
    assert mostly_differ(pa.array([f"{at}" for at in range(ROWS)]))
    found = DictionaryColumn.of(pa.array(["a", "b"] * ROWS), "c", Location("f", 1)).entries
    assert isinstance(found, pa.Array)
    assert found.to_pylist() == ["a", "b"]


def test_a_file_of_many_texts_is_scored_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "MANY_ROWS", 1000)
    monkeypatch.setattr(parquet, "MANY_ENTRIES", 100)
    rng = np.random.default_rng(1)
    names = [None if at % 97 == 0 else f"shop {at}" for at in rng.integers(0, 900, 20_000).tolist()]
    table = pa.table({"y": rng.normal(size=20_000), "p": rng.normal(size=20_000), "g": names})
    plain: list[list[str]] = []
    own = parquet.ParquetFragment._mostly_differing

    def watched(*given: Any) -> list[str]:
        plain.append(own(*given))
        return plain[-1]

    monkeypatch.setattr(parquet.ParquetFragment, "_mostly_differing", watched)
    pq.write_table(table, tmp_path / "t.parquet", row_group_size=6000)
    from_file = losscli.evaluate(tmp_path / "t.parquet", "mse", target="y", pred="p", by="g")
    assert ["g"] in plain
    encoded = table.set_column(2, "g", table.column("g").dictionary_encode())
    in_memory = losscli.evaluate(encoded, "mse", target="y", pred="p", by="g")
    assert from_file.evaluation.results == in_memory.evaluation.results
