"""Keys that differ in little: counted in the error, and looked over only when asked for."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest

import losscli
from losscli.errors import DataError, EmptyError, LosscliError, UsageError

CASES = [
    ("trim", ["a ", "\u00a0b", "c"], ["a", "b", " c\t"]),
    ("unicode", [unicodedata.normalize("NFD", "é"), "Å", "x"], ["é", unicodedata.normalize("NFD", "Å"), "x"]),
    ("number", ["007", "1.50", "+3"], ["7", "1.5", "3.0"]),
    ("number", ["-0.0", "00", "12"], ["-00", "x", "0012"]),
    ("case", ["ABC", "straÿe", "x"], ["abc", "STRAŸE", "X"]),
]


def tables(ours: list[Any], theirs: list[Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    return {"id": ours, "p": [1.0] * len(ours)}, {"id": theirs, "y": [0.0] * len(theirs)}


def value(ours: list[Any], theirs: list[Any], **settings: Any) -> Any:
    preds, targets = tables(ours, theirs)
    return losscli.evaluate(preds, "mae", target="y", pred="p", targets=targets, on="id", **settings)


@pytest.mark.parametrize(
    ("option", "ours", "theirs"), [case for case in CASES if "x" not in case[2] or case[0] != "number"]
)
def test_each_difference_is_counted_and_looked_over_when_asked(option: str, ours: list[str], theirs: list[str]) -> None:
    with pytest.raises(LosscliError) as caught:
        value(ours, theirs)
    assert f"--key-match {option}" in (caught.value.hint or "") and "but for" in (caught.value.hint or "")
    report = value(ours, theirs, key_match=option)
    assert report["mae"].count == 3
    assert any(w.kind == "note" and "keys were compared without" in w.message for w in report.evaluation.warnings)
    for others in {"trim", "unicode", "number", "case"} - {option}:
        with pytest.raises(LosscliError):
            value(ours, theirs, key_match=others)


def test_the_hint_names_the_fewest_differences_and_counts() -> None:
    with pytest.raises(DataError, match="3 of 4 rows: no match") as caught:
        value(["A ", " B", "c", "zz"], ["a", "b", "c", "q"])
    assert caught.value.hint == "2 of them match but for white space around them and case: --key-match trim,case"
    with pytest.raises(DataError) as caught:
        value(["a", "B", "q"], ["a", "b", "r"], key_match=["trim"])
    assert caught.value.hint == "1 of them matches but for case: --key-match trim,case"
    with pytest.raises(EmptyError) as empty:
        value(["07"], ["7"])
    assert empty.value.hint == "1 of them matches but for zeros of numbers: --key-match number"
    with pytest.raises(DataError) as caught:
        value(["a", "q"], ["a", "r"])
    assert caught.value.hint == "--unmatched drop leaves such rows out"


def test_keys_that_become_alike_are_an_error() -> None:
    with pytest.raises(DataError, match="1 row repeats a key of an earlier row: 'a'") as caught:
        value(["a"], ["a", "A"], key_match="case", unmatched="drop")
    assert (caught.value.row, "--key-match case makes keys alike" in (caught.value.hint or "")) == (2, True)
    with pytest.raises(DataError, match="1 row repeats a key") as caught:
        value(["a", "A "], ["a"], key_match="trim,case")
    assert caught.value.row == 2
    with pytest.raises(DataError, match="1 row has no key"):
        value(["a", "  "], ["a", "b"], key_match="trim")


def test_several_keys_and_models_in_files_of_their_own() -> None:
    preds = {"a": ["X ", "y"], "b": ["01", "2"], "p": [1.0, 2.0]}
    targets = {"a": ["y", "X"], "b": ["2", "1"], "y": [0.0, 0.0]}
    with pytest.raises(DataError) as caught:
        losscli.evaluate(preds, "mae", target="y", pred="p", targets=targets, on=["a", "b"])
    assert "--key-match trim,number" in (caught.value.hint or "")
    settings: dict[str, Any] = {"target": "y", "pred": "p", "key_match": ("number", "trim")}
    assert losscli.evaluate(preds, "mae", targets=targets, on=["a", "b"], **settings)["mae"].value == 1.5
    one, two = {**preds, "y": [0.0, 0.0]}, {"a": ["y", "X"], "b": ["2", "1"], "p": [3.0, 4.0], "y": [0.0, 0.0]}
    compared = losscli.compare({"one": one, "two": two}, "mae", on=["a", "b"], **settings)
    assert [r.value for r in compared] == [1.5, 3.5]


@pytest.mark.parametrize(
    ("given", "message"), [("Trim", "'Trim' is nothing"), ("trim,", "'' is nothing"), ("x", "'x' is")]
)
def test_other_words(given: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        value(["a"], ["a"], key_match=given)


def test_it_needs_keys() -> None:
    with pytest.raises(UsageError, match="--key-match needs --on KEY"):
        losscli.evaluate({"p": [1.0]}, "mae", target="p", pred="p", key_match="trim")
