"""A constant in a composite loss: values, standard errors, gates, rows, gradients, shards, by hand and identities."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import losscli
from losscli.binding.spec import parse
from losscli.cli import cli
from losscli.errors import UsageError

RNG = np.random.default_rng(20)
ROWS = 60
DATA = {
    "y": RNG.integers(0, 2, ROWS), "p": RNG.uniform(0.02, 0.98, ROWS), "q": RNG.uniform(0.02, 0.98, ROWS),
    "w": RNG.uniform(0.5, 2, ROWS), "g": RNG.integers(0, 4, ROWS),
}  # fmt: skip
WRONG = (DATA["p"] > 0.5) != (DATA["y"] == 1)


def command(*words):
    return CliRunner().invoke(cli, [str(word) for word in words], standalone_mode=False)


def evaluated(spec, **more):
    return losscli.evaluate(DATA, spec, target="y", pred="p", **more)[0]


@pytest.mark.parametrize(
    ("text", "canonical", "direction"),
    [
        ("1 - zero_one", "1-zero_one", "higher"),
        ("1-zero_one", "1-zero_one", "higher"),
        ("zero_one+1", "1+zero_one", "lower"),
        ("-1*zero_one + 1", "1-zero_one", "higher"),
        ("acc=1 - zero_one", "acc=1-zero_one", "higher"),
        ("2 - 0.5*bce - 0.25*zero_one", "2-0.5*bce-0.25*zero_one", "higher"),
        ("1 - accuracy", "1-accuracy", "lower"),
        ("1-accuracy+bce", "1-accuracy+bce", "lower"),
        ("zero_one - 1e-3", "-0.001+zero_one", "lower"),
        ("1e+300-bce:clip=1e-7", "1e+300-bce:clip=1e-07", "higher"),
        ("0-zero_one", "-1*zero_one", "higher"),
        ("0+zero_one", "zero_one", "lower"),
        ("mse - 0.5*mae", "mse+-0.5*mae", "lower"),
        ("mse-0.5*mae", "mse+-0.5*mae", "lower"),
        ("1 - -2*accuracy", "1+2*accuracy", "higher"),
        ("1-pinball:q={a-1}", "1-pinball:q={a-1}", "higher"),
    ],
)
def test_text_and_direction(text, canonical, direction):
    spec = parse(text)
    assert (spec.text, spec.direction) == (canonical, direction)
    assert parse(spec.text) == spec
    named = replace(spec, name="total")
    assert parse(named.full) == named


NUMBERS = st.floats(-1e6, 1e6).filter(bool)


@given(NUMBERS, st.lists(st.tuples(NUMBERS.map(abs), st.sampled_from(["mse", "huber:delta=2", "bce@keras", "mae"])),
                         min_size=1, max_size=4), st.booleans(), st.booleans())  # fmt: skip
def test_text_law(constant, parts, minus, named):
    sign = "-" if minus else "+"
    spec = parse(("total=" if named else "") + f"{constant!r}" + "".join(f" {sign} {f!r}*{one}" for f, one in parts))
    assert spec.constant == constant and [f for f, _ in spec.parts] == [-f if minus else f for f, _ in parts]
    assert parse(spec.text) == spec and parse(spec.text).text == spec.text
    assert spec.direction == ("higher" if minus else "lower")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("1", "'1' has no loss: it is a number"),
        ("a=1", "'a=1' has no loss"),
        ("1+2", "has no loss"),
        ("1+mse+2", "several constants"),
        ("1e999-mse", "beyond the largest double"),
        ("1 - mse + mae", "better neither lower nor higher"),
        ("1+mse+accuracy", "'accuracy' is a score"),
        ("1+bias", "'bias' is best at 0"),
        ("1 -", "a component is empty"),
        ("1--mse", "unknown loss '-mse'"),
        ("cross-entropy", "unknown loss 'cross-entropy'"),
        ("f1-score", "unknown loss 'f1-score'"),
        ("bce@sentence-transformers", "no library preset 'sentence-transformers'"),
        ("1_0-mse", "unknown loss '1_0-mse'"),
    ],
)
def test_what_is_refused(text, says):
    with pytest.raises(UsageError) as caught:
        parse(text)
    assert says in caught.value.message


def test_the_value_by_hand():
    assert evaluated("1 - zero_one").value == 1 - WRONG.mean()
    assert evaluated("1 - zero_one").value == pytest.approx(evaluated("accuracy").value, rel=1e-15)
    assert evaluated("1 - accuracy").value == pytest.approx(evaluated("zero_one").value, rel=1e-15)
    brier, weights = (DATA["p"] - DATA["y"]) ** 2, DATA["w"]
    made = evaluated("3-2*brier-0.5*rmse", weight="w")
    mean = math.fsum(brier * weights) / math.fsum(weights)
    assert made.value == pytest.approx(3 - 2 * mean - 0.5 * math.sqrt(mean), rel=1e-14)
    assert (made.constant, made.direction) == (3.0, "higher")
    assert made.value == pytest.approx(made.constant + sum(one.factor * one.value for one in made.parts), rel=1e-15)


def test_a_value_that_sums_to_zero_or_is_tiny():
    one = {"y": [0.0, 0.0], "p": [1.0, 1.0]}
    assert losscli.evaluate(one, "mse-1", target="y", pred="p")[0].value == 0
    tiny = {"y": [0.0, 0.0], "p": [1e-170, 1e-170]}  # its squares are below the normal doubles
    assert losscli.evaluate(tiny, "1e-300+mse", target="y", pred="p")[0].value == 1e-300
    assert losscli.evaluate(tiny, "1-mse", target="y", pred="p")[0].value == 1


@pytest.mark.parametrize("more", [{}, {"weight": "w"}, {"cluster": "g"}, {"bootstrap": 200, "seed": 3}, {"by": "g"},
                                  {"bootstrap": 200, "bootstrap_method": "bca", "seed": 3}])  # fmt: skip
@pytest.mark.parametrize("loss", ["brier", "rmse", "bce"])
def test_standard_errors_do_not_change_and_intervals_are_shifted(loss, more):
    plain = losscli.evaluate(DATA, f"1*{loss}", target="y", pred="p", interval=True, **more)
    shifted = losscli.evaluate(DATA, f"5+{loss}", target="y", pred="p", interval=True, **more)
    turned = losscli.evaluate(DATA, f"5-{loss}", target="y", pred="p", interval=True, **more)
    for one, other, away in zip(plain, shifted, turned, strict=True):
        assert other.stderr == pytest.approx(one.stderr, rel=1e-12) == away.stderr
        assert other.interval == pytest.approx([end + 5 for end in one.interval], rel=1e-12)
        if "bootstrap" not in more:
            assert away.interval == pytest.approx([5 - end for end in one.interval[::-1]], rel=1e-12)


def test_comparisons_have_the_same_difference_and_the_other_winner():
    def compared(spec, **more):
        return losscli.compare(DATA, spec, target="y", pred={"p": "p", "q": "q"}, **more).comparisons[0]

    for more in ({}, {"bootstrap": 100}, {"mean_of": "g"}):
        plain, turned = compared("1*brier", **more), compared("1-brier", **more)
        assert turned.difference == pytest.approx(-plain.difference, rel=1e-12)
        assert turned.stderr == pytest.approx(plain.stderr, rel=1e-12)
        assert (turned.wins, turned.losses, turned.ties) == (plain.wins, plain.losses, plain.ties)
        assert turned.value == pytest.approx(1 - plain.value, rel=1e-12)
        assert turned.direction == "higher"


def test_rows_have_it_and_gradients_have_not():
    found = losscli.row_values(DATA, "1 - zero_one", target="y", pred="p")
    assert found["p/1-zero_one"].tolist() == (1 - WRONG).tolist()
    plain, more = (losscli.gradient(DATA, spec, target="y", pred="p")["p"] for spec in ("-1*brier", "7-brier"))
    assert plain.tolist() == more.tolist()
    assert plain.tolist() == pytest.approx((-2 * (DATA["p"] - DATA["y"]) / ROWS).tolist(), rel=1e-14)


def test_a_sum_has_it_once():
    report = losscli.evaluate(DATA, "1-zero_one", target="y", pred="p", reduction="sum")
    assert report[0].value == 1 - WRONG.sum()


def test_means_over_groups_have_it_once():
    groups = [WRONG[DATA["g"] == g].mean() for g in range(4)]
    assert evaluated("1-zero_one", mean_of="g").value == pytest.approx(1 - np.mean(groups), rel=1e-15)


def test_reports_states_and_baselines_keep_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lines = [f"{y},{p}" for y, p in zip(DATA["y"], DATA["p"], strict=True)]
    (tmp_path / "t.csv").write_text("\n".join(["y,p", *lines]) + "\n")
    same = ["t.csv", "-t", "y", "-p", "p", "-l", "acc=1 - zero_one", "-l", "3-0.5*bce"]
    command("eval", *same, "-o", "whole.json", "-o", "rows=rows.csv")
    results = json.loads((tmp_path / "whole.json").read_text())["results"]
    assert [one["constant"] for one in results] == [1.0, 3.0]
    for shard in (1, 2):
        command("eval", *same, "--shard", f"{shard}/2", "--state-out", f"{shard}.state")
    command("merge", "1.state", "2.state", "-o", "merged.json")
    merged = json.loads((tmp_path / "merged.json").read_text())["results"]
    assert [(one["spec"], one["value"]) for one in merged] == [(one["spec"], one["value"]) for one in results]
    gate = ["--baseline", "whole.json", "--gate", "acc>=baseline"]
    assert command("eval", *same, *gate).exit_code == 0
    assert command("diff", "whole.json", "merged.json").exit_code == 0


def test_gates_know_the_direction(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("y,p\n1,0.9\n0,0.2\n1,0.4\n0,0.7\n")
    same = ["eval", path, "-t", "y", "-p", "p", "-l", "1-zero_one", "--gate"]
    assert command(*same, "1-zero_one>=0.5").exit_code == 0
    assert "higher is better for 1-zero_one" in str(command(*same, "1-zero_one<=0.4").exception)
