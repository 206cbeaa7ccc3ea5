"""Skill: 1 - loss / loss of a reference on the same rows and slice."""

from __future__ import annotations

import json
import math
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest

import losscli
from losscli import losses
from losscli.contract.constant_search import Searched, SearchedLoss
from losscli.contract.functionals import Functional
from losscli.errors import UsageError
from losscli.execution import best_constants
from losscli.statistics.best_constants import distinct_targets

TARGET = np.array([3.0, 0.5, 2.0, 7.0, 4.0, 1.0])
MODEL = np.array([2.5, 0.8, 2.0, 8.0, 3.0, 1.5])
DATA = {
    "y": TARGET, "m": MODEL, "mean": np.full(6, TARGET.mean()), "median": np.full(6, np.median(TARGET)),
    "side": np.array(["u", "v"])[[0, 0, 1, 1, 1, 0]], "w": np.array([1.0, 2.0, 0.5, 1.0, 3.0, 1.0]),
    "sure": np.array([0.9, 0.2, 0.8, 0.3, 0.6, 0.4]), "even": np.full(6, 0.5), "hit": np.array([1, 0, 1, 1, 0, 0]),
}  # fmt: skip


def skills(losses, against, target="y", pred="m", **settings):
    given = {"m": pred, "ref": against}
    return losscli.evaluate(DATA, losses, target=target, pred=given, skill_against="ref", **settings)


def test_it_is_one_less_the_ratio_in_each_slice_and_with_weights():
    report = skills(["mse", "mae"], "mean", by="side", weight="w")
    for loss in ("mse", "mae"):
        for side in ("", "u", "v"):
            rows = DATA["side"] == side if side else np.ones(6, bool)
            of = np.square if loss == "mse" else np.abs
            own, theirs = (np.average(of(DATA[p] - TARGET)[rows], weights=DATA["w"][rows]) for p in ("m", "mean"))
            by = {"side": side} if side else {}
            found = {one.model: one for one in report if one.loss == loss and one.by == by}
            assert found["ref"].skill is None
            assert found["m"].skill.reference == "ref"
            assert found["m"].skill.value == found["ref"].value
            assert found["m"].skill.skill == pytest.approx(1 - own / theirs, rel=1e-12)


# scikit-learn 1.9.1: r2_score, d2_absolute_error_score, d2_tweedie_score(power=1), d2_log_loss_score
LIBRARY = (
    ("mse", "mean", "m", "y", 0.9081831610044313),
    ("mae", "median", "m", "y", 0.6857142857142857),
    ("poisson_deviance", "mean", "m", "y", 0.9114127699411505),
    ("bce", "even", "sure", "hit", 0.23471357226007505),
)


@pytest.mark.parametrize(("loss", "against", "pred", "target", "known"), LIBRARY, ids=lambda given: str(given))
def test_against_a_constant_it_is_the_r2_or_d2_of_scikit_learn(loss, against, pred, target, known):
    assert skills(loss, against, target, pred)[0].skill.skill == pytest.approx(known, rel=1e-12)


def test_a_score_is_taken_as_its_loss_and_sizes_count_where_0_is_best():
    accuracy, error = (skills(loss, "even", "hit", "sure")[0].skill.skill for loss in ("accuracy", "zero_one"))
    assert accuracy == pytest.approx(error, rel=1e-12)
    assert error == pytest.approx(1 - (1 / 3) / (1 / 2), rel=1e-12)
    of_bias = skills("bias", "median")[0].skill.skill
    assert of_bias == pytest.approx(1 - abs(np.mean(MODEL - TARGET)) / abs(np.mean(np.median(TARGET) - TARGET)))


def test_where_the_reference_has_no_loss_it_is_undefined_and_this_is_said():
    report = losscli.evaluate(DATA, "mse", target="y", pred={"m": "m", "ref": "y"}, skill_against="ref")
    assert math.isnan(report[0].skill.skill)
    (said,) = [one.message for one in report.evaluation.warnings]
    assert said == "mse: the skill against 'ref' is undefined where the loss of the reference is not above 0"
    assert json.loads(report.to_json())["results"][0]["skill"] == {
        "reference": "ref", "value": 0.0, "nonfinite": None, "skill": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("preds", "code", "said"),
    [({"m": "m", "ref": "mean"}, "USAGE_BAD_VALUE", "unknown model 'rif'"),
     ({"rif": "m"}, "USAGE_INCOMPLETE", "another model")],
)  # fmt: skip
def test_the_reference_is_a_model_beside_others(preds, code, said):
    with pytest.raises(UsageError, match=said) as caught:
        losscli.evaluate(DATA, "mse", target="y", pred=preds, skill_against="rif")
    assert caught.value.code == code


# -- against the best constant ---------------------------------------------------------------------------------------

CLASSES = {
    "label": np.array([0, 1, 2, 1, 1, 2]), "w": DATA["w"],
    "p": np.array([[7, 2, 1], [2, 5, 3], [1, 1, 8], [3, 4, 3], [2, 7, 1], [4, 4, 2]]) / 10,
}  # fmt: skip

# scikit-learn 1.9.1: r2_score, d2_absolute_error_score, d2_pinball_score, d2_tweedie_score, d2_log_loss_score and
# d2_brier_score, without weights and with sample_weight
D2 = (
    ("mse", "y", "m", 0.9081831610044313, 0.8698937040065413),
    ("r2", "y", "m", 0.9081831610044313, 0.8698937040065413),
    ("mae", "y", "m", 0.6857142857142857, 0.6137931034482759),
    ("pinball:q=0.9", "y", "m", 0.3755102040816325, 0.02608695652173898),
    ("poisson_deviance", "y", "m", 0.9114127699411505, 0.8801426192374248),
    ("bce", "hit", "sure", 0.23471357226007505, 0.004347934558803779),
    ("cross_entropy", "label", "p", 0.31524755414159655, 0.20221782771189578),
    ("brier", "label", "p", 0.39454545454545453, 0.26590909090909065),
)


@pytest.mark.parametrize(("loss", "target", "pred", "plain", "weighted"), D2, ids=lambda given: str(given))
def test_it_is_the_d2_of_scikit_learn(loss, target, pred, plain, weighted):
    data = CLASSES if target == "label" else DATA
    for known, settings in ((plain, {}), (weighted, {"weight": "w"})):
        (found,) = losscli.evaluate(data, loss, target=target, pred={"m": pred}, skill=True, **settings)
        assert found.skill.skill == pytest.approx(known, rel=1e-12)


def test_each_slice_has_the_constant_of_its_rows():
    losses = ["mse", "mae", "dawid_sebastiani"]
    report = losscli.evaluate({**DATA, "s": np.full(6, 1.0)}, losses, target="y", pred={"m": "m"},
                              columns={"scale": "s"}, by="side", where="y != 7", weight="w", skill=True)  # fmt: skip
    for side in ("", "u", "v"):
        rows = (TARGET != 7) & ((DATA["side"] == side) if side else True)
        y, w = TARGET[rows], DATA["w"][rows]
        mean = np.average(y, weights=w)
        var = np.average((y - mean) ** 2, weights=w)
        least = min(np.average(abs(y - at), weights=w) for at in y)
        known = {"mse": var, "mae": least, "dawid_sebastiani": 1 + np.log(var)}
        found = {one.loss: one.skill for one in report if one.by == ({"side": side} if side else {})}
        assert {loss: found[loss].value for loss in losses} == pytest.approx(known, rel=1e-12)
    assert found["mse"].reference == "mean(target)"
    assert found["dawid_sebastiani"].reference == "pred: mean(target), scale: sqrt(mean((target - mean(target))**2))"


# SciPy 1.17.1: minimize_scalar of the mean of scipy.special.huber, without weights and with them
HUBER = {None: 1.2916666666666667, "w": 1.2610294117647058}


@pytest.mark.parametrize("weight", HUBER)
def test_a_search_finds_the_constant_that_no_functional_names(weight):
    (found,) = losscli.evaluate(DATA, "huber", target="y", pred="m", skill=True, weight=weight)
    assert found.skill.reference == "best constant found"
    assert found.skill.value == pytest.approx(HUBER[weight], rel=1e-12)


@pytest.mark.parametrize("name", ["mse", "mae", "pinball", "poisson_deviance", "bce_with_logits", "bce"])
def test_the_search_finds_what_losses_declare(name):
    loss = losses.find(name)
    order = np.argsort(DATA["hit"] if name.startswith("bce") else TARGET)
    target = (DATA["hit"].astype(float) if name.startswith("bce") else TARGET)[order]
    one = SearchedLoss(loss, loss.settle({}))
    weights, searched = DATA["w"][order], Searched([one], [loss.roles["pred"].kinds[0]], "lower")
    declared = Functional(loss.consistent_for["pred"]).of_rows(target, weights, loss.settle({}), 0)

    def value(constant):
        arrays = (np.full(6, float(constant)), target)
        return np.average(loss.terms(arrays, loss.settle({}))["loss"].values, weights=weights)

    found = searched.of_rows(target, weights, loss.settle({}), 0)
    assert value(found) == pytest.approx(value(declared), rel=1e-12)


def test_models_and_losses_share_what_is_the_same_for_all(monkeypatch):
    made = []
    monkeypatch.setattr(
        best_constants, "distinct_targets", lambda *given: made.append(given) or distinct_targets(*given)
    )
    report = losscli.evaluate(DATA, ["mae", "pinball:q=0.9"], target="y", pred={"m": "m", "ref": "mean"}, skill=True,
                              threads=1)  # fmt: skip
    assert len(made) == 1
    assert len({(one.spec, one.skill.value) for one in report}) == 2


def test_class_weights_count_in_the_constant():
    (found,) = losscli.evaluate({"y": np.array([1, 0, 0, 0, 1, 0]), "p": DATA["sure"]}, "brier", target="y", pred="p",
                                class_weight="balanced", skill=True)  # fmt: skip
    assert found.skill.value == pytest.approx(0.25, rel=1e-12)  # that of 1/2: each class has half of the weight


def test_no_bit_depends_on_how_the_rows_are_cut(monkeypatch, tmp_path):
    rng = np.random.default_rng(3)
    y, w = np.round(rng.gamma(2, 3, 400), 1), rng.uniform(0, 2, 400)
    data = {"y": y, "p": y + rng.normal(0, 1, 400), "w": w, "g": rng.integers(0, 3, 400).astype(str)}
    settings = {"target": "y", "pred": "p", "weight": "w", "by": "g", "skill": True}
    found = []
    for order, rows, threads in ((slice(None), 30, 1), (slice(None, None, -1), 1000, 2)):
        monkeypatch.setenv("LOSSCLI_CHUNK_ROWS", str(rows))
        turned = {name: values[order] for name, values in data.items()}
        report = losscli.evaluate(turned, ["mse", "mae", "pinball:q=0.3", "huber"], threads=threads, **settings)
        found.append([(one.spec, one.by, one.skill) for one in report])
    assert found[0] == found[1]


def test_where_no_best_constant_is_known_this_is_said():
    losses = ["kge_loss", "0.5*mse+0.5*kge_loss", "mse"]
    report = losscli.evaluate(DATA, losses, target="y", pred="m", skill=True)
    assert [one.skill is None for one in report] == [True, True, False]
    assert [one.message for one in report.evaluation.warnings] == [
        "kge_loss: no best constant is known",
        "0.5*mse+0.5*kge_loss: no best constant is known",
    ]
    labels = {"y": ["a", "b", "a"], "p": ["a", "b", "b"]}
    report = losscli.evaluate(labels, "accuracy", target="y", pred="p", skill=True)
    assert report[0].skill is None
    assert len(report.evaluation.warnings) == 1


def test_what_cannot_be_read_again_is_refused_or_spooled(tmp_path):
    table = pa.table({"y": TARGET, "m": MODEL})
    with pytest.raises(UsageError, match="--skill reads the data three times"):
        losscli.evaluate(table.to_reader(), "mse", target="y", pred="m", skill=True)
    path = tmp_path / "p.csv"
    path.write_text("y,m\n1,2\n3,3\n")
    command = [
        sys.executable,
        "-m",
        "losscli",
        "eval",
        "-",
        "-t",
        "y",
        "-p",
        "m",
        "-l",
        "mse",
        "-l",
        "mae",
        "--skill",
        "-f",
        "csv",
    ]
    with path.open() as stdin:
        piped = subprocess.run(["cat"], stdin=stdin, stdout=subprocess.PIPE, check=True)
    done = subprocess.run(command, input=piped.stdout, capture_output=True, check=True)
    assert done.stderr == b"note: mae: --skill holds each distinct target in memory\n"
    assert b",mean(target),1.0,0.5," in done.stdout


@pytest.mark.parametrize("settings", [{"skill_against": "m"}, {"mean_of": "side"}], ids=lambda given: next(iter(given)))
def test_what_it_does_not_go_with_is_refused(settings):
    with pytest.raises(UsageError) as caught:
        losscli.evaluate(DATA, "mse", target="y", pred={"m": "m", "ref": "mean"}, skill=True, **settings)
    assert caught.value.code == "USAGE_CONFLICT"


TEXTS = sorted({text for loss in losses.every().values() for text in loss.consistent_for.values()})


@pytest.mark.parametrize("text", TEXTS)
def test_a_weight_of_2_is_the_row_twice_in_every_functional(text):
    functional, rng = Functional(text, classes=True), np.random.default_rng(1)
    params = {"q": 0.3, "floor": None, "clip": 0, "label_smoothing": 0, "pos_weight": 1, "temperature": 2.0, "eps": 0.1,
              "levels": (0.2, 0.7), "under": 1.0, "over": 2.0, "asymmetry": 0.5, "renormalize": False}  # fmt: skip
    params |= {"cap": None, "floor": 0} if "floor == 0" in text else {}
    params["floor"] = 0.1 if "maximum" in text else params["floor"]
    target = rng.integers(0, 3, 40) if "shares" in text or "mode" in text else rng.uniform(0.1, 0.9, 40)
    weights = np.where(rng.uniform(size=40) < 0.5, 1.0, 2.0)
    twice = np.repeat(target, weights.astype(int))
    values = functional.of_rows(target, weights, params, 3)
    assert functional.of_rows(twice, np.ones(len(twice)), params, 3) == pytest.approx(values, rel=1e-9)
    if functional.adds_up:
        word = {"mean": lambda v: np.average(v, weights=weights), "sum": lambda v: (v * weights).sum()}
        rows = functional.row_values(target, params)
        totals = [word[name](one) for (name, _), one in zip(functional.totals, rows, strict=True)]
        assert functional.of_totals(totals, params) == pytest.approx(values, rel=1e-9)


# -- of sums of losses, of parameters of rows, of lists, of several outputs ------------------------------------------

# SciPy 1.17.1: minimize_scalar of NumPy's averages, and 1 - loss / that, without weights and with them
FOUND = (
    ("0.5*mse+0.5*mae", "y", "m", (3.2256944444444446, 0.8478363832077502), (2.970588235294118, 0.7964356435643565)),
    ("2*huber+0.5*mse", "y", "m", (4.96875, 0.8696855345911949), (4.646167557932264, 0.8222443890274315)),
    ("rmse+mae", "y", "m", (3.9182686385429477, 0.6919523503464848), (3.7638653746512827, 0.6278188189920152)),
    ("pinball:q={l}", "y", "m", (0.575, 0.5652173913043478), (0.6647058823529411, 0.5309734513274336)),
    ("0.7*bce+0.3*brier", "hit", "sure", (0.5602030263919616, 0.2389914536130715),
     (0.4863419865848343, -0.0016730242310969423)),
)  # fmt: skip
LEVELS = {**DATA, "l": np.array([0.1, 0.5, 0.9, 0.3, 0.5, 0.8])}


@pytest.mark.parametrize(("loss", "target", "pred", "plain", "weighted"), FOUND, ids=lambda given: str(given))
def test_of_sums_of_losses_and_of_parameters_of_rows_the_constant_is_searched(loss, target, pred, plain, weighted):
    for (value, share), weight in ((plain, None), (weighted, "w")):
        (found,) = losscli.evaluate(LEVELS, loss, target=target, pred=pred, skill=True, weight=weight)
        assert found.skill.reference == "best constant found"
        assert (found.skill.value, found.skill.skill) == pytest.approx((value, share), rel=1e-9)


def test_a_parameter_that_all_rows_share_is_that_of_a_number():
    data = {**DATA, "l": np.full(6, 0.9)}
    (by_row,) = losscli.evaluate(data, "pinball:q={l}", target="y", pred="m", skill=True, weight="w")
    (by_number,) = losscli.evaluate(data, "pinball:q=0.9", target="y", pred="m", skill=True, weight="w")
    assert by_row.skill.skill == pytest.approx(by_number.skill.skill, rel=1e-12)


def test_parts_with_one_functional_keep_it():
    for loss in ("2*mse+rmse", "2*mse", "3 - mse"):
        (found,) = losscli.evaluate(DATA, loss, target="y", pred="m", skill=True)
        assert found.skill.reference == "mean(target)"
    (found,) = losscli.evaluate(DATA, "pinball:q=0.9+pinball:q=0.1", target="y", pred="m", skill=True)
    assert found.skill.reference == "best constant found"


def test_of_a_composite_the_share_is_that_of_its_losses_without_the_constant():
    for loss, target, pred, same in (
        ("-1*mse", "y", "m", "mse"), ("7-2*mse", "y", "m", "mse"), ("7+mse", "y", "m", "mse"),
        ("1-zero_one", "hit", "sure", "zero_one"), ("2*accuracy", "hit", "sure", "zero_one"),
        ("zero_one+-1*accuracy", "hit", "sure", "zero_one"),
    ):  # fmt: skip
        found, known = (losscli.evaluate(DATA, one, target=target, pred=pred, skill=True)[0] for one in (loss, same))
        assert found.skill.skill == pytest.approx(known.skill.skill, rel=1e-12), loss
        against, known = (skills(one, "even" if target == "hit" else "median", target, pred)[0] for one in (loss, same))
        assert against.skill.skill == pytest.approx(known.skill.skill, rel=1e-12), loss
        assert against.skill.value == pytest.approx(found.skill.value, rel=1) and known.skill.value > 0


@pytest.mark.parametrize(
    ("loss", "why"),
    [
        ("bce+mse", " for a sum of losses whose targets are of several kinds"),
        ("mse+l2_penalty", " for a sum with a loss of parameters"),
        ("mse+0.5*mae:divide_by=rows", " for a sum of losses whose means are divided by several things"),
    ],
)
def test_sums_without_a_known_constant(loss, why):
    data = {**DATA, "whole": DATA["hit"].astype(float)}
    tables = {"params": np.array([[1.0, 2.0]])} if "penalty" in loss else None
    report = losscli.evaluate(data, loss, target="hit", pred="sure", skill=True, tables=tables, weight="w")
    assert report[0].skill is None
    assert [one.message for one in report.warnings if "constant" in one.message] == [
        f"{report[0].spec}: no best constant is known{why}"
    ]


# SciPy 1.17.1: minimize_scalar of the average of the means of lists
LISTS = {"y": [[1.0, 2.0], [3.0], [0.0, 5.0, 4.0]], "p": [[1.5, 2.0], [2.0], [1.0, 4.0, 4.0]], "w": [1.0, 2.0, 0.5],
         "g": ["a", "b", "a"]}  # fmt: skip
OF_LISTS = (
    ("mse", 2.138888888888889, 1.1972789115646258), ("mae", 1.1666666666666667, 0.7142857142857143),
    ("huber", 0.7839506172839507, 0.4603174603174604),
)  # fmt: skip


@pytest.mark.parametrize(("loss", "plain", "weighted"), OF_LISTS, ids=lambda given: str(given))
@pytest.mark.parametrize("rows", ["1", "100"])
def test_of_lists_the_constant_is_one_number(loss, plain, weighted, rows, monkeypatch):
    monkeypatch.setenv("LOSSCLI_CHUNK_ROWS", rows)
    for value, weight in ((plain, None), (weighted, "w")):
        report = losscli.evaluate(pa.table(LISTS), loss, target="y", pred="p", skill=True, weight=weight, by="g")
        assert report[0].skill.value == pytest.approx(value, rel=1e-12)
        assert report[0].skill.reference.endswith(", of all numbers of all lists")
        alone = {name: column[1:2] for name, column in LISTS.items()}
        one = losscli.evaluate(pa.table(alone), loss, target="y", pred="p", skill=True, weight=weight)[0]
        assert report.find(loss, g="b").skill.value == one.skill.value == 0


def test_lists_of_one_number_are_plain_columns():
    lists = {name: [[value] for value in DATA[name].tolist()] for name in ("y", "m")} | {"w": DATA["w"]}
    for loss in ("mse", "mae", "huber"):
        of_lists, plain = (losscli.evaluate(data, loss, target="y", pred="m", skill=True, weight="w")[0]
                           for data in (pa.table(lists), DATA))  # fmt: skip
        assert of_lists.skill.skill == pytest.approx(plain.skill.skill, rel=1e-12)


def test_of_several_outputs_each_has_its_own_constant():
    data = {"a": TARGET, "b": 10 * TARGET + DATA["hit"], "p": MODEL, "q": 9 * MODEL}
    (found,) = losscli.evaluate(data, "huber", target="a,b", pred={"m": "p,q"}, skill=True)
    each = [losscli.evaluate(data, "huber", target=t, pred=p, skill=True)[0] for t, p in (("a", "p"), ("b", "q"))]
    assert found.skill.value == pytest.approx(sum(one.skill.value for one in each) / 2, rel=1e-12)


def test_frames_have_the_columns_of_csv():
    plain = losscli.evaluate(DATA, "mse", target="y", pred="m").to_frame()
    assert "skill" not in plain.columns
    report = losscli.evaluate(DATA, ["mse", "kge_loss"], target="y", pred="m", skill=True)
    frame = report.to_frame()
    assert frame["skill"].tolist()[0] == report[0].skill.skill and frame["skill"].isna().tolist() == [False, True]
    assert frame["skill_reference"].tolist()[0] == "mean(target)"
    assert frame["skill_value"].tolist()[0] == report[0].skill.value
    assert "| skill |" in report.to_markdown() and "0.908183" in report.to_markdown()
