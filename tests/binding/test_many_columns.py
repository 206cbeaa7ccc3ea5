"""Many models by one glob (`-p '*=model_*'`), and levels of quantiles that names of columns say."""

from __future__ import annotations

import pandas as pd
import pytest

import losscli
from losscli.binding.column_names import ColumnSet
from losscli.binding.levels import named_levels
from losscli.binding.spec import parse
from losscli.errors import DataError, LosscliError, UsageError
from losscli.execution.engines.threads import Threads
from losscli.execution.python_run import prepared
from losscli.execution.shards import Shard, score

Y = [2.0, 3.5, 1.25, 4.0]
LOW, MID, HIGH = [1.0, 3.0, 0.5, 3.75], [2.5, 3.25, 1.0, 4.5], [3.0, 5.0, 2.25, 3.5]
# scikit-learn 1.7: mean_pinball_loss(Y, LOW, alpha=0.1), (Y, MID, alpha=0.5), (Y, HIGH, alpha=0.9), and their mean
AT_10, AT_50, AT_90, MEAN = 0.0625, 0.1875, 0.19999999999999998, 0.15
AT_05, AT_95 = 0.03125, 0.16250000000000003  # (Y, LOW, alpha=0.05), (Y, HIGH, alpha=0.95)

MODELS = pd.DataFrame({"y": Y, "model_a": LOW, "model_b": MID, "var_a": HIGH, "var_b": Y, "id": [1, 2, 3, 4]})


def values(report):
    return {(r.model, r.spec): r.value for r in report.evaluation.results}


def notes(report):
    return [w.message for w in report.evaluation.warnings]


def evaluate(data, losses, pred, **more):
    return losscli.evaluate(data, losses, target="y", pred=pred, **more)


def test_each_column_that_matches_is_a_model():
    many = evaluate(MODELS, ["mse", "mae"], {"*": "model_*"})
    apart = evaluate(MODELS, ["mse", "mae"], {"a": "model_a", "b": "model_b"})
    assert values(many) == values(apart)
    assert many.evaluation.bindings == apart.evaluation.bindings
    named = evaluate(MODELS, "gaussian_nll", {"net-*!": "model_*"}, columns={"net-*!:variance": "var_*"})
    apart = evaluate(MODELS, "gaussian_nll", {"net-a!": "model_a", "net-b!": "model_b"},
                     columns={"net-a!:variance": "var_a", "net-b!:variance": "var_b"})  # fmt: skip
    assert values(named) == values(apart)


def test_a_list_or_a_backslash_takes_the_star_of_a_name_as_it_is():
    assert {m for m, _ in values(evaluate(MODELS, "mse", {"*": ["model_a"]}))} == {"*"}
    assert {m for m, _ in values(evaluate(MODELS, "mse", {r"\*": "model_a"}))} == {"*"}


@pytest.mark.parametrize(
    ("pred", "more", "error", "says"),
    [
        ({"*": "x_*"}, {}, DataError, r"no column 'x_\*'"),
        ({"*": "model_a"}, {}, UsageError, "names many models, but 'model_a' is not one glob"),
        ({"*": "model_*,var_*"}, {}, UsageError, "is not one glob"),
        ({"*": "model_*", "a": "var_a"}, {}, UsageError, "the role 'pred' of model 'a' is given more than once"),
        ({"*": "model_*", "**": "var_*"}, {}, UsageError, "contains more than one"),
        ({"*": "model_a*"}, {}, UsageError, "column 'model_a' would be a model without a name"),
        ({"*": "*"}, {}, UsageError, r"'\*=\*' names column 'y', which is the target"),
        ({"*": "*d"}, {"by": "id"}, UsageError, "names column 'id', which is a column of --by"),
        ({"*": "var_*"}, {"weight": "var_b"}, UsageError, "names column 'var_b', which is the weight"),
        ("model_*", {}, DataError, "one is a single number per row"),
    ],
)
def test_clashes_and_what_matches_nothing_are_errors(pred, more, error, says):
    with pytest.raises(error, match=says) as caught:
        evaluate(MODELS, "mse", pred, **more)
    if pred == "model_*":
        assert caught.value.hint == "-p '*=model_*' makes a model of each column"


def quantiles(*names):
    return pd.DataFrame({"y": Y, **dict(zip(names, (LOW, MID, HIGH), strict=True))})


@pytest.mark.parametrize(
    ("names", "pred", "levels"),
    [
        (("q_0.1", "q_0.5", "q_0.9"), "q_*", (AT_10, AT_50, AT_90)),
        (("q10", "q50", "q90"), "q10,q50,q90", (AT_10, AT_50, AT_90)),
        (("TFT-q-0.1", "TFT-q-0.5", "TFT-q-0.9"), "TFT-q-*", (AT_10, AT_50, AT_90)),
        (("TFT-lo-90", "TFT-median", "TFT-hi-90"), "TFT-lo-*,TFT-median,TFT-hi-*", (AT_05, AT_50, AT_95)),
        (("N_ql0.1", "N_ql0.5", "N_ql0.9"), "N_*", (AT_10, AT_50, AT_90)),
        (("P10", "P50", "P90"), "P*", (AT_10, AT_50, AT_90)),
        (("0.1", "0.5", "0.9"), "0.1,0.5,0.9", (AT_10, AT_50, AT_90)),
        (("lower_80.0", "median", "upper_80.0"), "lower_*,median,upper_*", (AT_10, AT_50, AT_90)),
    ],
)
def test_names_say_the_levels(names, pred, levels):
    report = evaluate(quantiles(*names), "pinball", pred)
    *each, mean = report.evaluation.results
    assert [r.value for r in each] == pytest.approx(levels, rel=1e-15)
    assert mean.value == pytest.approx(sum(levels) / 3, rel=1e-15)
    assert mean.loss == "mean_pinball"
    assert report.evaluation.bindings[each[0].model]["pred"] == names
    if levels == (AT_10, AT_50, AT_90):
        assert mean.value == pytest.approx(MEAN, rel=1e-15)
        assert [r.params["q"] for r in each] == [0.1, 0.5, 0.9]
        assert any(note.startswith(f"levels by name of '{pred}': {names[0]} = 0.1, {names[1]} = 0.5") for note in
                   [*notes(report), *prepared_notes(quantiles(*names), pred)])  # fmt: skip


def prepared_notes(table, pred):
    return prepared({"source": table, "losses": "pinball", "target": "y", "pred": pred}).notes


def test_the_levels_of_several_models_and_a_single_level():
    bounds = quantiles("B-lo-80", "B-median", "B-hi-80").drop(columns="y")
    table = pd.concat([quantiles("A-q-10", "A-q-50", "A-q-90"), bounds], axis=1)
    found = values(evaluate(table, "pinball", {"A": "A-q-*", "B": "B-*"}))
    mean = "mean_pinball=" + "+".join(f"{1 / 3!r}*{spec}" for spec in ("pinball:q=0.1", "pinball", "pinball:q=0.9"))
    for model in "AB":
        assert found[model, "pinball:q=0.1"] == AT_10
        assert found[model, mean] == pytest.approx(MEAN, rel=1e-15)
    assert parse(mean).text == mean
    assert values(evaluate(table, mean, {"A": "A-q-*"})) == {("A", mean): found["A", mean]}
    assert values(evaluate(table, "pinball:q=0.9", {"A": "A-q-*"})) == {("A", "pinball:q=0.9"): AT_90}
    assert values(evaluate(table, "pinball:q=0.5", {"A": "A-q-*"})) == {("A", "pinball"): AT_50}
    assert values(evaluate(table, "pinball", {"A": "A-q-90"})) == {
        ("A", "pinball"): losscli.losses.pinball(HIGH, Y).mean()
    }
    assert values(evaluate(table, "pinball", {"A": "A-q-9*"})) == {("A", "pinball:q=0.9"): AT_90}


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (("q10", "x", "q90"), "the name of column 'q10' says a level, that of 'x' does not"),
        (("q10", "q_0.5", "q90"), "the level of 'q_0.5' is a fraction, that of 'q90' in per cent"),
        (("q10", "q50", "p50"), "'q50' and 'p50' have the same level, 0.5"),
        (("q_0.1", "q_0.5", "q_1"), "is a fraction, that of 'q_1' in per cent"),
    ],
)
def test_unclear_levels_are_errors(names, says):
    with pytest.raises(UsageError) as caught:
        evaluate(quantiles(*names), "pinball", ",".join(names))
    assert says in caught.value.message
    assert caught.value.hint


def test_a_level_that_is_not_there_is_an_error_and_names_without_levels_are_outputs():
    with pytest.raises(UsageError, match=r"has no column of the level 0\.3, that of 'pinball:q=0\.3'") as caught:
        evaluate(quantiles("q10", "q50", "q90"), "pinball:q=0.3", "q*")
    assert caught.value.hint == "the levels are: 0.1, 0.5, 0.9"
    with pytest.raises(LosscliError, match="do not match"):
        evaluate(quantiles("a", "b", "c"), "pinball", "a,b,c")
    with pytest.raises(LosscliError, match="do not match"):
        evaluate(quantiles("q10", "q50", "q90"), "mse", "q*")


@pytest.mark.parametrize(
    ("name", "level"),
    [("q_2.5", 0.025), ("q97.5", 0.975), ("q1", 0.01), ("q_1.0", 1.0), ("q0", 0.0), ("q100", 1.0),
     ("y.quantile.0.25", 0.25), ("lo-99.5", 0.0025), ("hi-0.9", 0.95), ("q101", None), ("freq10", None),
     ("seq_0.1", None), ("top10", None),     ("q", None), ("1", None), ("2024", None), ("silo-90", None)],
)  # fmt: skip
def test_levels_of_single_names(name, level):
    found = named_levels(ColumnSet(name, (name,), "one"))
    assert found == (None if level is None else {level: name})


def test_shards_have_the_same_bits(tmp_path):
    quantiles("q10", "q50", "q90").assign(other_a=MID).to_csv(tmp_path / "t.csv", index=False)
    asked = {"source": str(tmp_path / "t.csv"), "losses": ["pinball", "pinball:q=0.5"], "target": "y",
             "pred": {"m": "q*", "*": "other_*"}}  # fmt: skip
    states = []
    for number in (1, 2):
        states.append(tmp_path / f"{number}.state")
        states[-1].write_text(score(prepared(asked), Shard(number, 2), Threads(1)).text)
    whole = losscli.evaluate(asked["source"], asked["losses"], target="y", pred=asked["pred"])
    assert values(losscli.merge(states)) == values(whole)
    assert len(whole.evaluation.results) == 5
