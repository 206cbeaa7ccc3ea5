"""JSON arrays of texts as Arrow arrays: the same as the parser of Python, whatever the texts."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from losscli.io.arrow import json_texts
from losscli.io.arrow.build import strings
from losscli.io.arrow.json_texts import texts_of_json

TEXTS = st.text(st.sampled_from('ab ",\\[]\n\x7f\x00é漢😀'), max_size=6) | st.text(
    st.characters(codec="utf-8"), max_size=6
)


@given(st.lists(TEXTS, max_size=8), st.booleans(), st.booleans())
def test_texts_are_those_that_were_written(texts: list[str], ascii_only: bool, many: bool) -> None:
    least = json_texts._MANY
    json_texts._MANY = 0 if many else least
    try:
        raw = json.dumps(texts, ensure_ascii=ascii_only).encode()
        found = texts_of_json(raw)
        assert found.to_pylist() == texts
        assert found.type == pa.string()
        assert texts_of_json(json.dumps(texts, separators=(",", ":")).encode()).to_pylist() == texts
    finally:
        json_texts._MANY = least


def test_plain_texts_need_no_object_each(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [f"slice {at}, of many" for at in range(9000)]
    raw = json.dumps(texts).encode()
    monkeypatch.setattr(json_texts.json, "loads", lambda _: pytest.fail("each text became an object"))
    assert texts_of_json(raw).to_pylist() == texts


@pytest.mark.parametrize("many", [False, True])
@pytest.mark.parametrize(
    "wrong", ["", "{}", '"a"', "[1]", '["a", 1]', '["a", null]', '["a"', '["a" "b"]', '["a\n"]', '["a", "b"b"]']
)
def test_anything_else_is_refused(wrong: str, many: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if many:
        monkeypatch.setattr(json_texts, "_MANY", 0)
    with pytest.raises(ValueError, match=r"."):
        texts_of_json(wrong.encode())


def test_arrays_of_texts_with_and_without_nulls() -> None:
    for texts in (["a", None, "é", ""], ["a", "bc", ""], ["é", "漢b"], [None], []):
        assert strings(texts).to_pylist() == texts
        assert strings(texts).null_count == texts.count(None)
