"""Predicted labels against true labels, in every reader."""

from __future__ import annotations

import json
from fractions import Fraction

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import losscli
from losscli.binding.encoded_labels import EncodedLabels
from losscli.binding.labels import without_nulls
from losscli.binding.predicted_labels import Predictions
from losscli.errors import DataError, Location
from losscli.io.arrow.decode import texts
from losscli.io.arrow.numbers import NumberFormat

TRUE = ["cat", "dog", "cow", "cat", "dog", "cow", "cat"]
SAID = ["cat", "cat", "cow", "dog", "dog", "pig", "cat"]
WRONG = 3 / 7  # scikit-learn 1.7: zero_one_loss(TRUE, SAID) is 0.4285714285714286


def evaluate(source, losses="zero_one", **more):
    return losscli.evaluate(source, losses, **{"target": "y", "pred": "p", **more})


def value(source, **more):
    return evaluate(source, **more).evaluation.results[0].value


def warned(report):
    return [one.message for one in report.evaluation.warnings]


def every_reader(table: pd.DataFrame, folder, types=None):
    """The table in memory and in files, dictionaries among them."""
    arrow = pa.Table.from_pandas(table, preserve_index=False)
    yield "pandas", table
    yield "arrow", arrow
    yield (
        "dictionaries",
        pa.table({name: arrow[name].combine_chunks().dictionary_encode() for name in arrow.column_names}),
    )
    pq.write_table(arrow, folder / "t.parquet", row_group_size=2)
    table.to_csv(folder / "t.csv", index=False)
    table.to_json(folder / "t.jsonl", orient="records", lines=True)
    for name in ("t.parquet", "t.csv", "t.jsonl"):
        yield name, str(folder / name)


@pytest.mark.parametrize(
    ("target", "pred", "want"),
    [
        (TRUE, SAID, WRONG),
        ([3, 0, 1, 7, 2], [3, 0, 2, 7, 7], 2 / 5),
        ([3, 0, 1, 7, 2], [3.0, 0.0, 2.0, 7.0, 7.0], 2 / 5),
        ([True, False, True, True], [True, True, True, False], 2 / 4),
        ([1, 0, 1, 1], [True, True, True, False], 2 / 4),
        ([1.0, 0.0, 1.0, 1.0], [1, 1, 1, 0], 2 / 4),
        (["01", "1", "10"], ["01", "01", "10"], 1 / 3),
        (["true", "maybe", "false"], ["true", "false", "false"], 1 / 3),
        (["a", " a", "A", "b"], ["a", "a", "a", "b"], 2 / 4),
        ([2**53 + 1, 5], [2**53 + 2, 5], 1 / 2),
    ],
    ids=str,
)
def test_labels_are_right_where_they_are_those_of_the_targets(tmp_path, target, pred, want):
    table = pd.DataFrame({"y": target, "p": pred})
    for name, source in every_reader(table, tmp_path):
        if name == "t.csv" and target == ["01", "1", "10"]:
            (tmp_path / "t.csv").write_text("y,p\n01,01\n1,01\n10,10\n")
        report = evaluate(source, ["zero_one", "accuracy"])
        assert [r.value for r in report.evaluation.results] == [want, float(1 - Fraction(want).limit_denominator(9))], (
            name
        )


def test_a_label_of_one_side_alone_is_said():
    report = evaluate({"y": TRUE, "p": SAID})
    assert "'p': labels that no target in 'y' has: 'pig'" in warned(report)
    assert not any("never predicts" in text for text in warned(report))
    report = evaluate({"y": [1, 2, 3], "p": [1, 2, 2]})
    assert warned(report) == ["'y': labels that 'p' never predicts: '3'"]
    assert warned(evaluate({"y": [1, 0, 1], "p": [1, 1, 1]})) == []


def test_probabilities_are_as_before_and_rows_are_values():
    assert value({"y": [1, 0, 1, 0], "p": [0.9, 0.2, 0.3, 1.0]}) == 0.5
    assert value({"y": ["yes", "no", "yes"], "p": [0.9, 0.2, 0.3]}, positive="yes") == 1 / 3
    assert value({"y": ["yes", "no", "yes"], "p": ["yes", "yes", "no"]}, positive="yes") == 2 / 3
    three = {"y": ["yes", "no", "maybe"], "p": ["yes", "maybe", "no"]}
    assert value(three, positive="yes", others="negative") == 0.0
    assert value(three) == 2 / 3


def test_savetxt_writes_probabilities(tmp_path):
    (tmp_path / "t.csv").write_text("y,p\n1,1.000000e+00\n0,2.500000e-01\n1,0.000000e+00\n")
    assert value(str(tmp_path / "t.csv")) == 1 / 3


@pytest.mark.parametrize(
    ("target", "pred", "says", "row"),
    [
        (["1", "0", "cat"], ["0.3", "1", "cat"], "column 'p' holds probabilities and labels", 3),
        (["1", "cat", "0"], ["1", "cat", "0.3"], "column 'p' holds probabilities and labels", 3),
        (["yes", "no"], ["0.3", "0.7"], "column 'p' holds probabilities and labels", 1),
        (["1", "0", "2"], ["true", "false", "x"], "spell true and 1 differently", 3),
        (["1", "0"], ["-1.5", "3.25"], "column 'p' is not a valid prediction: expected a probability", 1),
        (["yes", "no"], ["1", "0"], "contains 'no', 'yes', and the labels that it is compared with are '0', '1'", None),
        (["1", "0"], ["yes", "no"], "column 'p' contains 'no', 'yes'", None),
    ],
)
def test_what_is_neither_is_an_error(tmp_path, target, pred, says, row):
    table = pd.DataFrame({"y": target, "p": pred})
    table.to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(DataError) as caught:
        evaluate(str(tmp_path / "t.csv"))
    assert says in caught.value.message
    assert (caught.value.row, caught.value.path) == (row, str(tmp_path / "t.csv") if row else caught.value.path)
    assert caught.value.hint


def test_missing_labels_follow_the_policy():
    table = pa.table({"y": ["a", None, "b", "b"], "p": ["a", "a", None, "a"]})
    with pytest.raises(DataError, match="has no value"):
        evaluate(table)
    report = evaluate(table, missing="drop")
    assert (report.evaluation.rows.used, report.evaluation.results[0].value) == (2, 0.5)


@pytest.mark.parametrize(
    ("target", "pred"),
    [
        ([1, 0, 2, 1], [1.0, 0.0, 2.0, 0.3]),
        ([1, 0, 1, 2], [0.3, 0.0, 1.0, 2.0]),
        (["1", "0", "2", "1"], ["1", "0", "2", "true"]),
        (["1", "0", "1", "1"], ["x", "0", "1", "true"]),
        (["1", "0", "true", "1"], ["1", "true", "1", "x"]),
    ],
)
def test_the_same_row_is_wrong_however_rows_are_cut(tmp_path, target, pred):
    table = pa.table({"y": target, "p": pred})
    found = set()
    for size in (1, 2, 3, 4):
        pq.write_table(table, tmp_path / "t.parquet", row_group_size=size)
        with pytest.raises(DataError) as caught:
            evaluate(str(tmp_path / "t.parquet"))
        found.add((caught.value.message, caught.value.row))
    assert len(found) == 1
    assert next(iter(found))[1] == 4


def test_the_same_bits_however_rows_are_cut(tmp_path, monkeypatch):
    """A chunk of nothing but 0 and 1 is read as probabilities, one with a 2 as labels: rows have the same values."""
    rng = np.random.default_rng(4)
    target, pred = np.sort(rng.integers(0, 4, 300)), rng.integers(0, 4, 300)
    table = pa.table({"y": target, "p": np.where(target < 2, pred % 2, pred)})
    pq.write_table(table, tmp_path / "one.parquet")
    pq.write_table(table, tmp_path / "many.parquet", row_group_size=10)
    one, many = (
        json.loads(evaluate(str(tmp_path / name), by="y").to_json()) for name in ("one.parquet", "many.parquet")
    )
    assert one["results"] == many["results"]
    assert one["data"] == many["data"]
    assert one["results"][0]["value"] == float(np.mean(table["y"].to_numpy() != table["p"].to_numpy()))


@pytest.mark.parametrize("coded", [False, True])
@pytest.mark.parametrize(
    "cells",
    [
        ["0.25", "1e-3", "0.9999999999999999"],
        ["0.25", "1", "0", "1.0e+00", "1.0", "01", "+1", "-0", "2", "1e400", "nan", "0.5"],
        ["0.25", None, "0.5", "NA", "", "1"],
        ["0.25", "cat", "1"],
    ],
)
def test_arrow_reads_what_a_look_at_each_text_reads(cells, coded):
    plain = pa.array(cells)
    number_format = NumberFormat(frozenset({"", "NA"}))

    def labels(some):
        found = EncodedLabels.of(texts(some, "p", Location("p.csv", 1)), "p")
        return without_nulls(found, number_format, None).canonical()

    slow = Predictions.of_labels(labels(plain), number_format, None)
    given = plain.dictionary_encode() if coded else plain
    quick = Predictions.of_texts(given, number_format, None, labels)
    for name in ("values", "missing", "is_label", "written"):
        one, other = getattr(quick, name), getattr(slow, name)
        none = np.zeros(len(cells), bool)
        one, other = none if one is None else one, none if other is None else other
        used = none if slow.missing is None else slow.missing
        assert np.array_equal(one[~used] if name == "values" else one, other[~used] if name == "values" else other,
                              equal_nan=True), name  # fmt: skip
    assert quick.labels().texts() == slow.labels().texts()


# scikit-learn 1.8: precision_score(t, s) and so on, where t and s are whether a label is "cat".
OF_CATS = {"precision": 2 / 3, "recall": 2 / 3, "f1": 2 / 3, "balanced_accuracy": 0.7083333333333333,
           "mcc": 0.4166666666666667, "f_beta:beta=2": 2 / 3}  # fmt: skip


def test_scores_of_one_class_take_labels_where_the_positive_one_is_known(tmp_path, monkeypatch):
    found = {}
    for size in ("1", "100"):
        monkeypatch.setenv("LOSSCLI_CHUNK_ROWS", size)
        for name, source in every_reader(pd.DataFrame({"y": TRUE, "p": SAID}), tmp_path):
            report = evaluate(source, list(OF_CATS), positive="cat", others="negative")
            found[name, size] = [result.value for result in report.evaluation.results]
            assert any("labels that no target in 'y' has: 'pig'" in text for text in warned(report))
    assert len({tuple(values) for values in found.values()}) == 1
    assert next(iter(found.values())) == pytest.approx(list(OF_CATS.values()), rel=1e-15)


def test_scores_of_one_class_ask_for_the_positive_label(tmp_path):
    for _, source in every_reader(pd.DataFrame({"y": [1, 0], "p": ["yes", "no"]}), tmp_path):
        with pytest.raises(DataError) as caught:
            evaluate(source, "precision")
        assert caught.value.hint == (
            "where predictions are labels, name the positive class label with --positive LABEL; for several classes, "
            "precision:average=macro"
        )
    with pytest.raises(DataError, match="holds probabilities and labels"):
        evaluate({"y": ["a", "b", "a"], "p": ["a", "0.5", "b"]}, "f1", positive="a")
