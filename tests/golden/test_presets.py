"""Every library preset against its library: on random inputs, with weights, and at the edges (presets.csv)."""

from __future__ import annotations

import math

import pytest
from conftest import LOSSES
from preset_table import compared, read

import losscli
from losscli.cli.show import text
from losscli.contract.presets import CLASS_WEIGHTS, DISTRIBUTIONS, ROW_WEIGHTS, SEVERAL_OUTPUTS, SINGLE, SINGLE_STEPS
from losscli.errors import DataError, LosscliError, UsageError
from losscli.losses._catalogue import entry

ROWS = read()
# Where a library takes what losscli does not: a domain that is checked, or what a preset says that it refuses.
REFUSED = {
    "bce@keras": {"outside of [0, 1]"},
    "bce@keras:label_smoothing=0.1": {"outside of [0, 1]"},
    "bce@xgboost": {"outside of [0, 1]"},
    "js_divergence@torchmetrics": {"sums other than 1"},
    "kl_divergence@optax": {"sums other than 1"},
    "bce@lightgbm": {"outside of [0, 1]", "soft targets", "soft and certain"},
    "focal@keras": {"outside of [0, 1]"},
    "hinge@keras": {"targets of 0 and 1"},
    "hinge@sklearn": {"targets of 0 and 1"},
    "hinge@optax": {"targets of 0 and 1"},
    "soft_margin@torch": {"targets of 0 and 1"},
    "squared_hinge@keras": {"targets of 0 and 1"},
    "cross_entropy@sklearn": {"a row of zeros"},
    "brier@sklearn": {"a row of zeros"},
    "rmse@sklearn": {"several outputs"},
    "rmsle@sklearn": {"several outputs"},
    "explained_variance@torchmetrics": {"several outputs"},
    "r2@sklearn": {"several outputs"},
    "wmape@torchmetrics": {"several outputs"},
    "info_nce@info_nce": {"tiny vectors"},
    # no triplet: the library says 0, losscli that there is nothing to score
    "batch_all_triplet@pml": {"one class", "all classes distinct", "one row", "two rows of one class"},
    "nt_xent@monai": {"tiny vectors"},
    "nt_xent@pml": {"tiny vectors"},
    "nt_xent@optax": {"tiny vectors"},
    "nt_xent@lightly": {"tiny vectors"},
    # one row has no negatives: the library says -inf, losscli that there is nothing to score
    "dcl@lightly": {"one row", "tiny vectors"},
    # the library divides by 0
    "mape@gluonts": {"tiny", "all targets 0"},
}
SINGLES = {SINGLE: 1e-8, SINGLE_STEPS: 1e-6}
LAST_DIGITS = {"clip=1e-07": 1e-10}  # 1 - (1 - 1e-7) in doubles costs Keras the digits after the eleventh


def preset_of(spec):
    name, _, library = spec.partition(":")[0].partition("@")
    return losscli.losses.REGISTRY[name].same_as[library]


@pytest.mark.parametrize("number", range(len(ROWS)), ids=lambda n: f"{n + 2}:{ROWS[n]['spec']}:{ROWS[n]['kind']}")
def test_the_number_of_the_library(number):
    row = ROWS[number]
    found, preset = compared(row), preset_of(row["spec"])
    random = row["kind"] in ("random", "weights")
    if found.library_has_none:
        assert not random, "random inputs are such that the library has a number"
        return
    assert (found.refused is not None) == (row["kind"] in REFUSED.get(row["spec"], ())), found.refused
    if found.refused is not None:
        return
    single = next((digits for note, digits in SINGLES.items() if note in preset.notes), None)
    digits = single or max((LAST_DIGITS[s] for s in preset.settings.split(",") if s in LAST_DIGITS), default=1e-12)
    assert found.value is not None and found.value <= digits, row["source"]
    if found.gradient is not None and found.gradient > max(digits, 1e-11):
        assert not random and preset.notes, "a gradient that differs by design is told in the notes of the preset"


def test_every_preset_is_compared():
    asked = {row["spec"].partition(":")[0] for row in ROWS}
    assert asked == {f"{loss.name}@{library}" for loss in LOSSES for library in loss.same_as}


@pytest.mark.parametrize(("loss", "library"), [(loss, library) for loss in LOSSES for library in loss.same_as],
                         ids=lambda value: getattr(value, "name", value))  # fmt: skip
def test_what_a_preset_cannot_follow_is_known_and_has_a_reason(loss, library):
    words = {ROW_WEIGHTS, CLASS_WEIGHTS, SEVERAL_OUTPUTS, DISTRIBUTIONS, *loss.params}
    for refusal in loss.same_as[library].refuses:
        assert set(refusal.when) <= words and len(refusal.why) > 10
        assert loss.same_as[library].refusal(refusal.when)


@pytest.mark.parametrize("loss", [loss for loss in LOSSES if loss.same_as], ids=lambda loss: loss.name)
def test_show_lists_what_a_preset_refuses(loss):
    shown, listed = " ".join(text(loss, 80).split()), entry(loss)["presets"]
    for library, preset in loss.same_as.items():
        told = [f"refuses {refused}" for refused in preset.refused] + [preset.notes] * bool(preset.notes)
        assert all(piece in shown for piece in told), library
        assert listed[library]["refuses"] == preset.refused
        assert ("divided by the number of rows" in shown) or preset.divide_by == "weight"


def test_refusals():
    real = {"y": [1.0, 2.0], "p": [0.5, 2.5], "w": [1.0, 2.0]}
    classes = {"y": ["a", "b"], "p_a": [0.25, 2.0], "p_b": [1.0, -2.0], "t_a": [0.5, 1.0], "t_b": [0.5, 0.0]}
    logits = {"target": "y", "pred": "p_*"}
    weights = {"class_weight": {"a": 1, "b": 3}}
    smoothed = "cross_entropy_with_logits@torch:label_smoothing=0.1"
    for data, loss, settings in (
        (real, "mse@optax", {"target": "y", "pred": "p", "weight": "w"}),
        (real, "0.5*mae+mse@torchmetrics", {"target": "y", "pred": "p", "weight": "w"}),
        (real, "poisson_nll@torch:full=true", {"target": "y", "pred": "p"}),
        (classes, smoothed, logits | weights),
        (classes, "cross_entropy_with_logits@optax", logits | weights),
        (classes, "cross_entropy@sklearn", {"target": "t_*", "pred": "t_*"}),
    ):
        with pytest.raises(UsageError, match="cannot follow"):
            losscli.evaluate(data, loss, **settings)
    assert losscli.evaluate(classes, smoothed, **logits)[0].value
    assert losscli.evaluate(classes, "cross_entropy_with_logits@torch", **logits, **weights)[0].value
    # A preset that is asked for beside the loss itself refuses all the same.
    with pytest.raises(UsageError, match="cannot follow optax"):
        losscli.evaluate(real, ["mse", "mse@optax"], target="y", pred="p", weight="w")


def test_parameters_lift_the_checks_that_they_make_needless():
    sums = {"y": ["a", "b"], "p_a": [0.25, 2.0], "p_b": [0.25, 6.0]}
    got = losscli.evaluate(sums, "cross_entropy:renormalize=true", target="y", pred="p_*")[0].value
    assert got == pytest.approx((math.log(2) + math.log(8 / 6)) / 2, rel=1e-14)
    for loss, data in (
        ("cross_entropy", sums),
        ("cross_entropy:renormalize=true", {**sums, "p_a": [0.0, 1.0], "p_b": [0.0, 1.0]}),
        ("cross_entropy:renormalize=true", {**sums, "p_a": [-0.5, 1.0]}),
    ):
        with pytest.raises(DataError):
            losscli.evaluate(data, loss, target="y", pred="p_*")
    flat = {"y": [2.0, 1.0], "p": [1.0, 1.0], "v": [0.0, 0.0]}
    roles = {"target": "y", "pred": "p", "columns": {"variance": "v"}}
    assert losscli.evaluate(flat, "gaussian_nll:eps=1e-6", **roles)[0].value == pytest.approx(249993.0922, rel=1e-9)
    with pytest.raises(DataError):
        losscli.evaluate(flat, "gaussian_nll", **roles)
    ends = {"y": [1.0, 3.0], "p": [2.0, 1.0]}
    assert [losscli.evaluate(ends, f"pinball:q={q}", target="y", pred="p")[0].value for q in (0, 1)] == [0.5, 1.0]
    assert losscli.losses.mape([1.0, 3.0], [0.0, 2.0], floor=0.5).tolist() == [2.0, 0.5]
    assert losscli.losses.msle([-3.0], [1.0], floor=0).tolist() == pytest.approx([math.log(2) ** 2])
    with pytest.raises(LosscliError):
        losscli.losses.msle([-3.0], [1.0])


def test_floors_by_hand():
    """torchmetrics has |y| of at least 1.17e-6, scikit-learn 2.2e-16; Keras clips both sides of msle at 1e-7."""
    roles = {"target": "y", "pred": "p"}
    near = {"y": [1e-8, 1.0], "p": [2e-8, 1.0]}
    for loss, data, want in (
        ("mape@torchmetrics", near, 1e-8 / 1.17e-6 / 2),
        ("mape@sklearn", {"y": [1e-17, 1.0], "p": [1e-9, 1.0]}, (1e-9 - 1e-17) / 2**-52 / 2),
        ("mape@sklearn", {"y": [0.0, 2.0], "p": [1.0, 3.0]}, (2.0**52 + 0.5) / 2),
        ("smape@torchmetrics", {"y": [1e-9, 1.0], "p": [2e-9, 1.0]}, 1e-9 / 1.17e-6),
        ("wmape@torchmetrics", {"y": [0.0, 0.0], "p": [1.0, 2.0]}, 3 / 1.17e-6),
        ("wmape@torchmetrics", {"y": [0.0, 4.0], "p": [1.0, 2.0]}, 0.75),
        ("msle@keras", {"y": [1.0, 2.0, 3.0], "p": [1.0, -0.5, 3.0]}, math.log(3 / (1 + 1e-7)) ** 2 / 3),
        ("msle@keras", {"y": [-0.25], "p": [-0.5]}, 0.0),
    ):
        assert losscli.evaluate(data, loss, **roles)[0].value == pytest.approx(want, rel=1e-13), loss
    # The limit is one of a sum: it is the same in slices, with weights, and where rows are divided by their count.
    data = {"y": [0.0, 0.0, 0.0], "p": [1.0, 2.0, 4.0], "w": [1.0, 0.5, 0.0], "s": ["a", "b", "b"]}
    for settings, want in (
        ({}, [7, 1, 6]),
        ({"weight": "w"}, [2, 1, 1]),
        ({"weight": "w", "divide_by": "rows"}, [2, 1, 1]),
    ):
        report = losscli.evaluate(data, "wmape:floor=0.5", by="s", **roles, **settings)
        assert [result.value for result in report] == pytest.approx([top / 0.5 for top in want], rel=1e-14)
    gradients = losscli.gradient(data, "wmape:floor=0.5", weight="w", **roles)["p"]
    assert gradients.tolist() == pytest.approx([2.0, 1.0, 0.0])
