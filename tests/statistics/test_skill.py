"""Skill: 1 - loss / loss of a reference on the same rows and slice."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

import losscli
from losscli.errors import UsageError

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
