"""What a mean is divided by: the weights, the rows with weight, or all rows, those of weight 0 included."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from conftest import LOSSES

import losscli
from losscli.binding.spec import parse, settled
from losscli.cli.entry import run
from losscli.errors import LosscliError

ROWS = 60
RNG = np.random.default_rng(5)
DATA = {
    "y": RNG.integers(0, 2, ROWS).astype(float),
    "p": RNG.uniform(0.05, 0.95, ROWS),
    "w": RNG.choice([0.0, 0.25, 0.5, 2.0], ROWS),  # products with these are exact
    "s": np.array(["a", "b", "c"])[RNG.integers(0, 3, ROWS)],
}
DATA["w"][DATA["s"] == "c"] = 0.0
ROLES = {"target": "y", "pred": "p"}


def divided(values, weights, divisor):
    """The mean by the textbook, in exact fractions; where no row has weight there is none."""
    top = sum(Fraction(w) * Fraction(v) for v, w in zip(values, weights, strict=True) if w)
    taking_part = int(np.count_nonzero(weights))
    rows = {"weight": sum(map(Fraction, weights)), "count": taking_part, "rows": len(weights)}[divisor]
    return float(top / Fraction(rows)) if taking_part else math.nan


@pytest.mark.parametrize("divisor", ["weight", "count", "rows"])
@pytest.mark.parametrize("loss", ["mse", "bce", "mse:divide_by={}", "bce:clip=0.1,divide_by={}"])
def test_the_three_divisors(loss, divisor):
    by_spec = "{}" in loss
    loss = loss.format(divisor)
    settings = {} if by_spec else {"divide_by": divisor}
    report = losscli.evaluate(DATA, loss, weight="w", by="s", **ROLES, **settings)
    function = getattr(losscli.losses, loss.partition(":")[0])
    values = function(DATA["p"], DATA["y"], **({"clip": 0.1} if "clip" in loss else {}))
    assert report[0].value == divided(values, DATA["w"], divisor)
    for result in report[1:]:
        rows = DATA["s"] == result.by["s"]
        want = divided(values[rows], DATA["w"][rows], divisor)
        assert result.value == want or (math.isnan(want) and math.isnan(result.value))
    assert f"|by-{divisor}|" in report[0].signature


def test_a_row_of_weight_0_counts_as_one_of_hardly_any(tmp_path):
    """What torch.nn.BCELoss(weight=w) and Keras' sum_over_batch_size give: sum(w * l) / n."""
    y, p = np.ones(3), np.full(3, 0.5)
    for weight in (0.0, 1e-9):
        data = {"y": y, "p": p, "w": np.array([0.1, weight, 0.1])}
        for loss, settings in (("bce", {"divide_by": "rows"}), ("bce@torch", {}), ("bce@keras", {})):
            got = losscli.evaluate(data, loss, weight="w", **ROLES, **settings)[0].value
            assert got == pytest.approx(0.0462098120373297, rel=1e-7)


def test_class_weights_and_batches():
    weighted = losscli.evaluate(DATA, "bce", class_weight={"0": 0, "1": 2}, divide_by="rows", **ROLES)[0].value
    values = losscli.losses.bce(DATA["p"], DATA["y"])
    assert weighted == divided(values, DATA["y"] * 2, "rows")
    rng = np.random.default_rng(1)
    views = {f"{role}_{i}": rng.normal(size=ROWS) for role in "ab" for i in range(3)}
    columns = {"anchor": "a_*", "positive": "b_*"}
    settings = {"columns": columns, "weight": "w", "batch_size": 16}
    weights = DATA["w"] + 0.5  # with weights of 0 the batches would differ: only `rows` has such rows in them
    one, other = (
        losscli.evaluate({**views, "w": weights}, "nt_xent", divide_by=divisor, **settings)[0]
        for divisor in ("rows", "weight")
    )
    assert one.value == pytest.approx(other.value * weights.sum() / ROWS, rel=1e-15)
    assert one.count == other.count == ROWS


@pytest.mark.parametrize("loss", ["mse", "mse@keras"])
def test_where_no_row_has_weight_there_is_no_number_and_no_gate_passes(loss, tmp_path, capsys):
    path = tmp_path / "a.csv"
    path.write_text("y,p,w,s\n1,0.5,0,a\n1,0.5,0,a\n1,0.5,0.1,b\n")
    args = ["eval", str(path), "-t", "y", "-p", "p", "-w", "w", "-l", loss, "--divide-by", "rows"]
    assert run([*args, "--where", 's == "a"', "--gate", "mse<=1"]) == 5
    assert run([*args, "--gate", "mse<=1 by s"]) == 1
    assert "mse = nan, which never passes a gate" in capsys.readouterr().err.replace(":divide_by=rows", "")


def test_terms_that_leave_rows_out_count_their_own():
    data = {"y": np.array([1.0, 1, 0, 0, 0]), "p": np.full(5, 0.5), "w": np.array([1.0, 0, 2, 0, 0])}
    got = losscli.evaluate(data, "gan_discriminator:factor=1", weight="w", divide_by="rows", **ROLES)[0]
    assert got.terms["real"].mean == pytest.approx(math.log(2) / 2)
    assert got.terms["fake"].mean == pytest.approx(2 * math.log(2) / 3)


def test_gradients_divide_by_all_rows():
    slopes = losscli.gradient(DATA, "mse", weight="w", divide_by="rows", **ROLES)["p"]
    np.testing.assert_allclose(slopes, DATA["w"] * 2 * (DATA["p"] - DATA["y"]) / ROWS, rtol=1e-15)


PRODUCTS = {**DATA, "y": np.zeros(ROWS), "p": np.sqrt(DATA["w"]) * (DATA["p"] - DATA["y"])}


@pytest.mark.parametrize("more", [{"by": "g"}, {"cluster": "g"}, {"bootstrap": 200}, {"why": True, "interval": True}])
def test_by_all_rows_the_standard_error_is_that_of_the_plain_mean_of_products(more):
    """Of mse, products of weights and values are squares of errors times roots of weights: a run without weights."""
    settings = {"interval": True, **ROLES, **more}
    group = {"g": RNG.integers(0, 12, ROWS) if "cluster" in more else RNG.integers(0, 2, ROWS)}
    by_rows = losscli.evaluate({**DATA, **group}, ["mse@keras", "rmse:divide_by=rows"], weight="w", **settings)
    plain = losscli.evaluate({**PRODUCTS, **group}, ["mse", "rmse"], **settings)
    for one, other in zip(by_rows, plain, strict=True):
        assert (one.stderr, *one.interval) == pytest.approx((other.stderr, *other.interval), rel=1e-9, abs=1e-12)
        assert (one.uncertainty.df, one.uncertainty.count) == (other.uncertainty.df, other.uncertainty.count)
        assert one.count < other.count
    for one, other in zip(by_rows.influence, plain.influence, strict=True):
        assert [unit.value for unit in one.removed] == pytest.approx([unit.value for unit in other.removed], rel=1e-12)


def test_a_comparison_by_all_rows_is_that_of_products():
    zeros, two = {"y": np.zeros(ROWS), "q": DATA["p"] ** 2}, {"target": "y", "pred": {"a": "p", "b": "q"}}
    ours = losscli.compare({**DATA, **zeros}, "mse", weight="w", divide_by="rows", **two)
    roots = {name: np.sqrt(DATA["w"]) * {**DATA, **zeros}[name] for name in ("p", "q")}
    plain = losscli.compare({**zeros, **roots}, "mse", **two)
    (one,), (other,) = ours.comparisons, plain.comparisons
    assert (one.stderr, *one.interval) == pytest.approx((other.stderr, *other.interval), rel=1e-9)
    assert (one.decision.test, one.uncertainty.count) == (other.decision.test, ROWS)
    assert one.decision.p == pytest.approx(other.decision.p, rel=1e-9)


@pytest.mark.parametrize("more", [{"interval": True}, {"bootstrap": 20}, {"cluster": "s"}])
def test_standard_errors_are_of_one_divisor(more):
    refused = (
        ("0.5*mse+mse:divide_by=count", {}),
        ("mse:divide_by=rows", {"class_weight": "balanced"}),
        ("mse:divide_by=rows", {"reduction": "sum"}),
    )
    for loss, settings in refused:
        with pytest.raises(LosscliError, match="has no standard error"):
            losscli.evaluate(DATA, loss, weight="w", **ROLES, **settings, **more)
    assert losscli.evaluate(DATA, "mse@keras", **ROLES, **more)[0].stderr  # without weights all divisors are one


def test_where_weights_do_not_divide_decisions_are_no_proportion():
    data = {"y": np.zeros(40), "p": (np.arange(40) % 3 == 0) * 1.0, "w": np.full(40, 6.0)}
    (found,) = losscli.evaluate(data, "zero_one", weight="w", divide_by="count", interval=True, **ROLES)
    assert found.uncertainty.method != "wilson" and found.interval[1] > found.value == pytest.approx(2.1)


def test_presets_divide_as_their_library_does():
    loss = "total=mse@keras+mse"
    by_weight, by_rows = (
        losscli.evaluate(DATA, "mse", weight="w", divide_by=divisor, **ROLES)[0] for divisor in ("weight", "rows")
    )
    parts = losscli.evaluate(DATA, loss, weight="w", **ROLES)[0]
    assert [part.value for part in parts.parts] == [by_rows.value, by_weight.value]
    assert parts.parts[0].spec == "mse:divide_by=rows"
    assert "|by-rows+weight|" in parts.signature
    assert losscli.evaluate(DATA, "mse@keras", weight="w", **ROLES)[0].signature == by_rows.signature
    # The run's own word is the last, and without weights there is nothing to divide by.
    said = losscli.evaluate(DATA, "mse@keras", weight="w", divide_by="weight", **ROLES)[0]
    assert (said.value, said.spec) == (by_weight.value, "mse")
    assert losscli.evaluate(DATA, "mse@keras", **ROLES)[0].spec == "mse"


def test_text_of_a_divisor_reads_back():
    for text in ("mse:divide_by=rows", "huber:delta=2,divide_by=count", "a=0.5*mse:divide_by=rows+mae"):
        assert parse(text).text == text
    for wrong in ("mse:divide_by=row", "mse:divide_by=rows,divide_by=count"):
        with pytest.raises(LosscliError):
            parse(wrong)
    specs = [parse("mse@keras"), parse("mse"), parse("mse@torchmetrics")]
    (merged,) = settled(specs, None, weighted=False)
    assert merged.text == "mse" and merged.parts[0][1].presets == ("keras", "torchmetrics")


def test_the_command(tmp_path, capsys):
    path = tmp_path / "a.csv"
    path.write_text("y,p,w\n1,0.5,0.1\n1,0.5,0\n1,0.5,0.1\n")
    args = ["eval", str(path), "-t", "y", "-p", "p", "-w", "w", "-q"]
    assert run([*args, "-l", "bce", "--divide-by", "rows"]) == 0
    assert float(capsys.readouterr().out) == pytest.approx(0.0462098120373297, rel=1e-14)
    # A preset of a library that has no row weights takes none.
    assert run([*args, "-l", "bce_with_logits@optax"]) == 2
    assert "row weights: the library takes none" in capsys.readouterr().err


def test_no_loss_has_a_parameter_of_that_name():
    """Every loss takes `divide_by` beside its own parameters."""
    assert [loss.name for loss in LOSSES if "divide_by" in loss.params] == []


@pytest.mark.parametrize("more", [[], ["-w", "w"], ["-w", "w", "--divide-by", "weight"]])
def test_a_preset_is_found_by_its_name(more, tmp_path, capsys):
    """In gates, in reports and in saved ones, with weights and without."""
    path, saved = tmp_path / "a.csv", str(tmp_path / "report.json")
    path.write_text("y,p,w\n1,0.5,0.1\n1,0.5,0\n1,0.5,0.1\n")
    args = ["eval", str(path), "-t", "y", "-p", "p", *more, "-l", "mse@keras", "-l", "mae", "-o", saved]
    assert run([*args, "--gate", "mse@keras<=1"]) == 0
    assert run([*args, "--gate", "mse@keras<=0"]) == 1
    if "--divide-by" not in more:
        assert run(["diff", saved, saved, "--gate", "mse@keras<=baseline"]) == 0
        settings = {"weight": "w"} if more else {}
        report = losscli.evaluate(str(path), ["mse@keras", "mae"], **ROLES, **settings)
        assert report["mse@keras"].value == report[0].value
    capsys.readouterr()
