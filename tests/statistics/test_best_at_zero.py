"""Losses that are best at 0: their sizes are compared, limited and ranked, whichever side of 0 the values are on."""

from __future__ import annotations

import json

import numpy as np
import pytest

import losscli
from losscli.gates.verdicts import ModelLoss, bind, evaluate_gates, parse_gate

ROWS = 60
METHODS = ({}, {"bootstrap": 200}, {"permutations": 200}, {"cluster": "group"})


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    target = rng.normal(10, 2, ROWS)
    low, near, high = (target + shift + rng.normal(0, 1, ROWS) for shift in (-1.0, 0.3, 1.0))
    return {
        "y": target, "low": low, "near": near, "high": high, "mirrored": 2 * target - low,
        "group": np.arange(ROWS) % 20, "side": np.array(["u", "v"])[np.arange(ROWS) % 2],
    }  # fmt: skip


def of(data, **settings):
    names = {name: name for name in ("low", "near", "high", "mirrored")}
    found = losscli.compare(data, "bias", target="y", pred=names, **settings)
    return {(one.model, one.against): one for one in found.evaluation.comparisons}


@pytest.mark.parametrize("settings", METHODS, ids=str)
def test_a_model_and_its_mirror_image_compare_alike(data, settings):
    """Mirrored errors have the same size of bias on the other side, where sizes are plain values."""
    across = of(data, against="low", **settings)["near", "low"]
    alike = of(data, against="mirrored", **settings)["near", "mirrored"]
    own, theirs = (abs(np.mean(data[name] - data["y"])) for name in ("near", "low"))
    assert across.direction == "zero"
    assert (across.value, across.against_value) == pytest.approx((own, theirs), rel=1e-12)
    assert across.difference == pytest.approx(own - theirs, rel=1e-12)
    assert across.verdict == alike.verdict == "better"
    assert across.wins is None
    if not settings.keys() & {"permutations"}:  # which model a unit is swapped to differs
        assert across.interval == pytest.approx(alike.interval, rel=1e-9)
        assert across.t_test.p == pytest.approx(alike.t_test.p, rel=1e-9)


def test_the_same_size_on_both_sides_is_no_difference(data):
    one = of(data, against="low")["mirrored", "low"]
    assert one.difference == pytest.approx(0, abs=1e-12)
    assert one.verdict == "no difference shown"


def test_a_difference_of_slices_on_both_sides_of_0_is_not_called_better(data):
    turned = np.where(data["side"] == "u", data["low"], data["high"])
    report = losscli.evaluate({**data, "p": turned}, "bias", target="y", pred="p", by="side", between="side=u")
    found = {row.by["side"]: row.between for row in report if row.between is not None}
    assert {one.verdict for one in found.values()} == {"no difference shown"}
    assert all(one.p_adjusted < 1e-6 for one in found.values())


def verdict(data, text, *models):
    run = losscli.evaluate(data, "bias", target="y", pred={name: name for name in models}).evaluation
    losses = [ModelLoss(name, "bias", "bias", "zero") for name in models]
    judged = evaluate_gates(run, bind([parse_gate(text)], losses, (), str))
    return [gate.state for gate in judged.gates]


def test_gates_take_the_size(data):
    assert verdict(data, "bias<=0.5", "near", "low") == ["passed", "failed"]
    assert verdict(data, "bias<0.95", "high", "low") == ["passed", "passed"]
    assert verdict(data, "high/bias<=low", "high", "low") == ["passed"]
    assert verdict(data, "low/bias<=near+10%", "near", "low") == ["failed"]
    with pytest.raises(losscli.LosscliError, match="nearer to 0 is better"):
        verdict(data, "bias>=0.5", "near")


def test_the_best_model_is_the_nearest_to_0(data):
    run = losscli.evaluate(data, "bias", target="y", pred={name: name for name in ("low", "near", "high")})
    marked = [line for line in run.to_markdown().splitlines() if "**" in line]
    assert [line.split("`")[1] for line in marked] == ["near"]
    assert {one["direction"] for one in json.loads(run.to_json())["results"]} == {"zero"}


def test_it_is_no_part_of_a_sum_and_keeps_its_direction_times_a_factor(data):
    with pytest.raises(losscli.LosscliError, match="best at 0, on neither side of it"):
        losscli.evaluate(data, "bias+mae", target="y", pred="low")
    (one,) = losscli.evaluate(data, "-100*bias", target="y", pred="low")
    assert one.direction == "zero"
    assert one.value == pytest.approx(-100 * np.mean(data["low"] - data["y"]))


@pytest.mark.parametrize("settings", [{}, {"permutations": 200}], ids=str)
def test_means_over_groups_are_compared_by_size(data, settings):
    across = of(data, against="low", mean_of="group", **settings)["near", "low"]
    alike = of(data, against="mirrored", mean_of="group", **settings)["near", "mirrored"]
    assert across.difference == pytest.approx(alike.difference, rel=1e-12)
    assert across.difference < 0
    assert across.verdict == alike.verdict == "better"
    assert across.wins is None
    assert across.t_test.p == pytest.approx(alike.t_test.p, rel=1e-9)
