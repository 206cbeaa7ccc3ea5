"""Scores: one declaration gives a loss and what people know it by, in every place where losses are named."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest
from click.testing import CliRunner
from conftest import draw, required, spec_of
from files import table

import losscli
from losscli.binding.spec import parse
from losscli.cli import cli
from losscli.contract.scores import Score
from losscli.errors import UsageError
from losscli.losses import REGISTRY

SCORES = sorted(loss.name for loss in REGISTRY.values() if loss.score_of)
RNG = np.random.default_rng(5)
N = 400
Y = (RNG.random(N) < 0.3).astype(float)
DATA = {
    "y": Y,
    "a": np.clip(0.5 + (Y - 0.5) * 0.5 + RNG.normal(0, 0.3, N), 0, 1),
    "b": np.clip(0.5 + (Y - 0.5) * 0.2 + RNG.normal(0, 0.3, N), 0, 1),
    "s": np.array(list("uvw"))[RNG.integers(0, 3, N)],
    "w": RNG.uniform(0.5, 2, N),
}


def evaluate(losses, **settings):
    return losscli.evaluate(DATA, losses, target="y", pred=settings.pop("pred", "a"), **settings)


def command(tmp_path, *args):
    lines = ["y,p"] + [f"{int(y)},{p!r}" for y, p in zip(DATA["y"].tolist(), DATA["a"].tolist(), strict=True)]
    (tmp_path / "t.csv").write_text("\n".join(lines))
    args = [str(tmp_path / "t.csv") if arg == "FILE" else arg for arg in args]
    return CliRunner().invoke(cli, args, standalone_mode=False)


@pytest.mark.parametrize("name", SCORES)
def test_a_score_is_a_constant_less_its_loss(name):
    """Value, standard error, interval and slices: the interval's ends change places."""
    score, loss = REGISTRY[name], REGISTRY[name].score_of
    (made,) = [one for one, other in loss._scores if other is score]
    assert (score.direction, loss.direction) == ("higher", "lower")
    columns = draw(score, 60, np.random.default_rng(5), params=score.settle(required(score)))
    data, settings = table(score, columns)
    data["s"], data["w"] = DATA["s"][:60], DATA["w"][:60]
    spec = spec_of(score)
    settled = ",".join(f"{key}={value}" for key, value in made.params.items())
    of_loss = ":".join(filter(None, (loss.name, ",".join(filter(None, (settled, spec.partition(":")[2]))))))
    settings["interval"] = True
    if score.scope == "row":
        settings["by"] = "s"
    for more in ({},) if score.unit == "group" else ({}, {"weight": "w"}):  # a batch has one weight
        ours, theirs = (losscli.evaluate(data, text, **settings, **more) for text in (spec, of_loss))
        for one, other in zip(ours, theirs, strict=True):
            assert one.count == other.count
            assert one.value == pytest.approx(made.of(other.value), abs=1e-14, nan_ok=True)
            assert (one.interval is None) == (other.interval is None)
            if one.interval is not None:
                low, high = map(made.of, other.interval)
                assert one.stderr == pytest.approx(abs(made.factor) * other.stderr, rel=1e-10)
                assert one.interval == pytest.approx((high, low), abs=1e-12)
                assert one.uncertainty.method == other.uncertainty.method


def test_an_accuracy_and_its_interval_are_mirrored_to_the_last_bits():
    one, other = evaluate(["accuracy", "zero_one"], interval=True)
    assert one.interval == pytest.approx((1 - other.interval[1], 1 - other.interval[0]), abs=2.3e-16)
    assert one.value == 1 - other.value


def test_numbers_are_rounded_once():
    """F1 is a ratio of whole numbers: the double nearest to it, as if nothing had been divided before."""
    said, true = DATA["a"] > 0.5, DATA["y"] == 1
    hits = int((said & true).sum())
    assert evaluate("f1")[0].value == 2 * hits / int(said.sum() + true.sum())
    assert evaluate("f_beta_loss")[0].value == int((said != true).sum()) / int(said.sum() + true.sum())


def test_the_better_model_has_the_higher_score():
    found = losscli.compare(DATA, ["accuracy", "zero_one"], target="y", pred={"a": "a", "b": "b"})
    accuracy, error = (found.find(loss, "b") for loss in ("accuracy", "zero_one"))
    assert (accuracy.direction, error.direction) == ("higher", "lower")
    comparisons = {c.loss: c for c in found.comparisons}
    assert comparisons["accuracy"].difference == pytest.approx(-comparisons["zero_one"].difference, abs=1e-15)
    assert comparisons["accuracy"].verdict == comparisons["zero_one"].verdict


@pytest.mark.parametrize("name", ["precision", "recall", "specificity", "accuracy", "f1", "mcc"])
def test_the_interval_of_a_difference_holds_it(name):
    """Each model has its own rows that it says are positive: of precision, two models are not paired row by row."""
    found = losscli.compare(DATA, name, target="y", pred={"a": "a", "b": "b"})
    (one,) = found.comparisons
    low, high = one.interval
    assert low <= one.difference <= high
    assert one.difference == pytest.approx(found.find(name, "b").value - found.find(name, "a").value, abs=1e-15)


def test_a_row_has_a_score(tmp_path):
    done = command(tmp_path, "rows", "FILE", "-t", "y", "-p", "p", "-l", "accuracy", "-l", "zero_one", "-o", "-")
    lines = [line.split(",")[-2:] for line in done.stdout.splitlines()[1:]]
    assert {tuple(line) for line in lines} == {("1", "0"), ("0", "1")}


def test_gates_know_the_direction(tmp_path):
    done = command(tmp_path, "eval", "FILE", "-t", "y", "-p", "p", "-l", "accuracy", "-l", "f1", "--gate",
                   "accuracy>=0.5", "--gate", "f1>=0.99")  # fmt: skip
    assert done.return_value == 1 or done.exit_code == 1
    assert "pass accuracy>=0.5" in done.stderr
    assert "FAIL f1>=0.99" in done.stderr


def test_undefined_is_said_and_is_no_zero(tmp_path):
    (tmp_path / "none.csv").write_text("y,p\n0,0.1\n0,0.2\n")
    done = CliRunner().invoke(cli, ["eval", str(tmp_path / "none.csv"), "-t", "y", "-p", "p", "-l", "f1", "-l",
                                    "recall", "-l", "accuracy", "-f", "json"], standalone_mode=False)  # fmt: skip
    values = [one["value"] for one in json.loads(done.stdout)["results"]]
    assert values == [None, None, 1.0]
    assert "f1: the means of its terms do not give a finite number" in done.stderr
    assert "recall: term 'loss' has no rows, so the value is undefined" in done.stderr


def test_list_and_show_have_scores_beside_their_losses(tmp_path):
    listed = json.loads(command(tmp_path, "list", "accuracy", "-f", "json").stdout)
    losses = {loss["name"]: loss for loss in listed["losses"]}
    assert losses["zero_one"]["scores"] == ["accuracy"]
    assert {score["name"]: score["score_of"] for score in listed["scores"]}["accuracy"] == "zero_one"
    assert "accuracy" not in losses
    assert "accuracy" in command(tmp_path, "list", "accuracy").stdout
    shown = command(tmp_path, "show", "f1").stdout
    assert "value: (1 + 1**2) * hits / (said + 1**2 * true)" in shown
    assert "Score of\n  f_beta_loss: lower is better" in shown
    assert "f_beta: higher is better" in command(tmp_path, "show", "f_beta_loss").stdout


def test_a_settled_parameter_is_none_of_the_score():
    with pytest.raises(UsageError, match="'f1' has no parameter 'beta'"):
        parse("f1:beta=2")
    assert parse("f_beta:beta=2").text == "f_beta:beta=2"


def test_scores_are_pickled_by_name():
    assert pickle.loads(pickle.dumps(REGISTRY["f1"])) is REGISTRY["f1"]


@pytest.mark.parametrize(
    ("text", "direction"),
    [("2*accuracy+f1", "higher"), ("-1*accuracy+zero_one", "lower"), ("0.7*mse+0.3*mae", "lower"),
     ("mse+-0.5*mae", "lower"), ("-1*zero_one", "higher")],
)  # fmt: skip
def test_the_direction_of_a_composite_loss(text, direction):
    assert parse(text).direction == direction


def test_a_loss_and_a_score_that_pull_apart_are_refused():
    with pytest.raises(UsageError, match="'accuracy' is a score") as caught:
        parse("mse+accuracy")
    assert caught.value.hint == "subtract the score: write its factor as -1*accuracy"


@pytest.mark.parametrize(
    ("formula", "score", "expected"),
    [
        ("r = pred\n1 - r", Score("s", ""), "r = pred\nr"),
        ("a - 1", Score("s", ""), "1 - (a - 1)"),
        ("a", Score("s", "", constant=0.0), "-a"),
        ("a + b", Score("s", "", constant=2.0, factor=-0.5), "2 - 0.5 * (a + b)"),
        ("1 if a else skip", Score("s", ""), "0 if a else skip"),
        ("t: a\nvalue: t + k", Score("s", "", params={"k": 2}), "t: a\nvalue: 1 - (t + 2)"),
    ],
)
def test_the_formula_of_a_score(formula, score, expected):
    assert score.formula(formula) == expected
