"""Calibration finds the optimum that SciPy finds, cross-fits honestly, and says where there is none."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import brentq, isotonic_regression, root
from scipy.special import expit, log_softmax, logit, softmax

import losscli
from losscli.binding.python_request import request_of
from losscli.binding.request import Inference
from losscli.errors import DataError, UsageError
from losscli.execution.calibration import rows as rows_module
from losscli.execution.calibration.calibrate import apply, calibrate, descend, objective_of
from losscli.execution.calibration.fit import fit
from losscli.execution.calibration.rows import FOLDS
from losscli.execution.calibration.unlabelled import predictions_alone
from losscli.execution.engines.threads import Threads
from losscli.execution.prepare import prepare
from losscli.execution.python_data import data_of
from losscli.report.calibration import sentences
from losscli.results.calibration import MapResult

SAMPLE = Path(__file__).parents[3] / "sample_data"


def prepared(source, loss, inference=None, **given):
    given = {"losses": [loss] if isinstance(loss, str) else loss, **given}
    request = replace(request_of(given, {}), inference=inference or Inference(True))
    return prepare(request, data_of(given, source, {}, ()))


def calibrated(source, loss, method=None, step=None, threads=1, **given):
    return calibrate(prepared(source, loss, **given), Threads(threads), method, step)


def parameters(source, loss, method=None, step=None, **given):
    """Those that are best on all rows, without cross-fitting."""
    objective = objective_of(prepared(source, loss, **given), Threads(1), method)
    return fit(objective, step, keys=[None]).parameters[None].tolist()


def binary(rows=500, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=rows) * 2
    return {"y": (rng.random(rows) < expit(0.6 * x - 0.4)).astype(float), "p": expit(x), "z": x,
            "w": rng.uniform(0.2, 3, rows)}  # fmt: skip


DATA = binary()


def slope_of(u, y):
    return expit(u) - y


def test_platt_is_the_maximum_of_the_likelihood():
    x, y = DATA["z"], DATA["y"]

    def gradient(w):
        slope = slope_of(w[0] * x + w[1], y)
        return [np.mean(slope * x), np.mean(slope)]

    wanted = root(gradient, [1, 0], tol=1e-14).x
    assert parameters(DATA, "bce", target="y", pred="p") == pytest.approx(wanted, rel=1e-8)
    assert parameters(DATA, "bce_with_logits", target="y", pred="z") == pytest.approx(wanted, rel=1e-8)


def test_beta_is_logistic_regression_on_the_two_logs():
    x, y = np.log([DATA["p"], 1 - DATA["p"]]), DATA["y"]

    def gradient(w):
        slope = slope_of(w[0] * x[0] - w[1] * x[1] + w[2], y)
        return [np.mean(slope * x[0]), -np.mean(slope * x[1]), np.mean(slope)]

    wanted = root(gradient, [1, 1, 0], tol=1e-14).x
    assert parameters(DATA, "bce", "beta", target="y", pred="p") == pytest.approx(wanted, rel=1e-8)


@pytest.mark.parametrize("weight", [None, "w"])
def test_temperature_of_class_probabilities(weight):
    rng = np.random.default_rng(3)
    scores = rng.normal(size=(300, 4)) * 3
    classes = np.array([rng.choice(4, p=row) for row in softmax(scores / 2.5, axis=1)])
    weights = rng.uniform(0.5, 2, 300) if weight else np.ones(300)
    source = {f"p_{at}": softmax(scores, axis=1)[:, at] for at in range(4)} | {"y": classes, "w": weights}

    def gradient(temperature):
        shares = softmax(scores / temperature, axis=1)
        return np.average((shares * scores).sum(1) - scores[np.arange(300), classes], weights=weights)

    given = {"target": "y", "pred": "p_*"} | ({"weight": weight} if weight else {})
    found = parameters(source, "cross_entropy", "temperature", **given)
    assert found == pytest.approx([brentq(gradient, 0.5, 20, xtol=1e-14)], rel=1e-8)
    w = np.array(parameters(source, "cross_entropy", "vector", **given)).reshape(2, 4)
    u = w[0] * log_softmax(scores, axis=1) + w[1]
    pull = (softmax(u, axis=1) - np.eye(4)[classes]) * weights[:, None]
    assert np.abs((pull * log_softmax(scores, axis=1)).mean(0)).max() < 1e-9  # the gradient of the cross entropy is 0
    assert np.abs(pull.mean(0)).max() < 1e-9


def test_affine_is_least_squares_of_any_loss_of_squares():
    rng = np.random.default_rng(4)
    x = rng.normal(size=200) * 40 + 150
    source = {"y": 0.7 * x + 12 + rng.normal(size=200) * 9, "x": x}
    wanted = np.polyfit(x, source["y"], 1)
    assert parameters(source, "mse", target="y", pred="x") == pytest.approx(wanted, rel=1e-8)
    assert parameters(source, "rmse", target="y", pred="x") == pytest.approx(wanted, rel=1e-8)  # has its own combine
    assert parameters(source, "r2", target="y", pred="x") == pytest.approx(wanted, rel=1e-8)  # is raised


def test_the_quantile_shift_is_a_quantile_of_the_residuals():
    rng = np.random.default_rng(5)
    source = {"y": rng.normal(size=101) * 5, "x": rng.normal(size=101)}
    (shift,) = parameters(source, "pinball:q=0.8", "shift", target="y", pred="x")
    residuals = np.sort(source["y"] - source["x"])
    assert shift == pytest.approx(residuals[80], abs=1e-9)  # of 101, that of rank 81 is the only optimum


def test_a_loss_of_batches_goes_downhill_too():
    rng = np.random.default_rng(6)
    scores, rows = rng.normal(size=120) * 4, 120
    relevance = (scores + rng.normal(size=rows) * 6 > 2).astype(float)
    source = {"q": np.arange(rows) // 6, "z": scores, "y": relevance}
    given = {"target": "y", "pred": "z", "batch_by": "q"}
    (scale,) = parameters(source, "listnet", "scale", **given)

    def loss(factor):
        return losscli.evaluate({**source, "z": scores * factor}, losses=["listnet"], **given)["listnet"].value

    assert loss(scale) < min(loss(scale * 1.01), loss(scale * 0.99))


def test_a_composite_loss_and_class_weights():
    source = DATA | {"label": np.where(DATA["y"] == 1, "yes", "no")}
    given = {"target": "label", "pred": "p", "positive": "yes", "class_weight": {"yes": 3.0, "no": 1.0}}
    x, y, weights = DATA["z"], DATA["y"], np.where(DATA["y"] == 1, 3.0, 1.0)

    def gradient(w):
        p = expit(w[0] * x + w[1])
        slope = 0.7 * (p - y) + 0.3 * 2 * (p - y) * p * (1 - p)
        return [np.average(slope * x, weights=weights), np.average(slope, weights=weights)]

    wanted = root(gradient, [1, 0], tol=1e-14).x
    assert parameters(source, "0.7*bce+0.3*brier", **given) == pytest.approx(wanted, rel=1e-8)


@pytest.mark.parametrize("divide_by", ["weight", "rows"])
def test_isotonic_regression_is_that_of_scipy(divide_by):
    order = np.argsort(DATA["p"])
    weights = np.where(np.arange(500) % 50 == 0, 0, DATA["w"])  # rows of weight 0 have no say
    seen = order[weights[order] > 0]
    wanted = isotonic_regression(DATA["y"][seen], weights=weights[seen]).x
    source = DATA | {"w": weights}
    found = calibrated(source, "brier", "isotonic", target="y", pred="p", weight="w", divide_by=divide_by)
    knots = np.array(found.result.map.knots)
    np.testing.assert_allclose(np.interp(DATA["p"][seen], *knots.T), wanted, rtol=1e-12, atol=1e-12)
    assert len(knots) < 60


SKLEARN = json.loads((Path(__file__).parent / "sklearn.json").read_text(encoding="utf-8"))


def test_scikit_learn_finds_the_same():
    """See make_sklearn.py; its searches end at about eight digits."""
    with (SAMPLE / "cancer.csv").open(encoding="utf-8") as file:
        cancer = list(csv.DictReader(file))
    targets = [SKLEARN["sigmoid_targets"][row["malignant"]] for row in cancer]
    scores = {"y": targets, "z": [float(row["svm_score"]) for row in cancer]}
    wanted = [SKLEARN["sigmoid"]["slope"], SKLEARN["sigmoid"]["bias"]]
    assert parameters(scores, "bce_with_logits", "platt", target="y", pred="z") == pytest.approx(wanted, rel=1e-6)
    digits = {"target": "digit", "pred": "z_*"}
    found = parameters(str(SAMPLE / "digits.csv"), "cross_entropy_with_logits", "temperature", **digits)
    assert found == pytest.approx([SKLEARN["temperature"]], rel=1e-8)
    knots = calibrated(str(SAMPLE / "cancer.csv"), "brier", "isotonic", target="malignant", pred="boosting_p")
    np.testing.assert_allclose(np.array(knots.result.map.knots).T, SKLEARN["isotonic_knots"], rtol=1e-14)


def test_a_conformal_offset_is_the_corrected_quantile():
    rng = np.random.default_rng(8)
    truth = rng.normal(size=99)
    source = {"lo": truth - rng.random(99), "hi": truth + rng.random(99) * 2 - 0.5, "y": truth}
    given = {"target": "y", "columns": {"lower": "lo", "upper": "hi"}}
    found = calibrated(source, "interval_score:level=0.9", **given).result
    scores = np.sort(np.maximum(source["lo"] - truth, truth - source["hi"]))
    assert found.map.method == "conformal"
    assert found.map.parameters == {"offset": scores[89]}  # the 90th of 99: ceil(100 * 0.9)
    assert found.descent is None
    few = {name: values[:8] for name, values in source.items()}
    with pytest.raises(DataError, match="8 rows are too few") as caught:
        calibrated(few, "interval_score:level=0.9", **given)
    assert caught.value.hint == "at least 9 are needed"


def test_the_ends_of_intervals_go_downhill_by_the_interval_score():
    rng = np.random.default_rng(9)
    centre = rng.normal(size=300)
    source = {"lo": centre - 0.5, "hi": centre + 0.5, "y": centre + rng.normal(size=300)}
    given = {"target": "y", "columns": {"lower": "lo", "upper": "hi"}}
    lower, upper = parameters(source, "interval_score:level=0.8", "offsets", **given)
    residuals = np.sort(source["y"] - centre)
    # Its optimum are the quantiles at 10 and 90 %, each anywhere between two residuals.
    assert residuals[29] - 1e-9 <= lower - 0.5 <= residuals[30] + 1e-9
    assert residuals[269] - 1e-9 <= upper + 0.5 <= residuals[270] + 1e-9


# ------------------------------------------------------------------------------------------------------- cross-fitting


def test_each_row_is_mapped_without_its_fold():
    run = prepared(DATA, "bce", target="y", pred="p")
    found = calibrate(run, Threads(1))
    numbers = np.arange(1, 501, dtype=np.uint64)
    folds = rows_module.splitmix64(numbers) % np.uint64(FOLDS)
    losses = np.zeros(500)
    for fold in range(FOLDS):
        part = {name: values[folds != fold] for name, values in DATA.items()}
        slope, bias = parameters(part, "bce", target="y", pred="p")
        u = slope * logit(DATA["p"]) + bias
        losses = np.where(folds == fold, np.logaddexp(0, u) - DATA["y"] * u, losses)
    before, after = found.result.evaluation.results
    assert after.value == pytest.approx(losses.mean(), rel=1e-9)
    (comparison,) = found.result.evaluation.comparisons
    assert comparison.difference == pytest.approx(after.value - before.value)
    assert comparison.verdict == "better"
    assert after.interval[0] < after.value < after.interval[1]
    assert np.bincount(folds.astype(int)).min() > 70


def test_clusters_are_never_cut():
    source = DATA | {"user": [f"u{at // 7}" for at in range(500)]}
    run = prepared(source, "bce", Inference(True, cluster="user"), target="y", pred="p")
    (rows,) = rows_module.Rows(run)
    folds = rows_module.folds_of(rows)
    assert all(len(set(folds[start : start + 7].tolist())) == 1 for start in range(0, 500, 7))
    assert set(folds.tolist()) == set(range(FOLDS))
    assert calibrate(run, Threads(1)).result.evaluation.results[0].uncertainty.units == "user"


@pytest.mark.parametrize(("loss", "method"), [("bce", "platt"), ("brier", "isotonic")])
def test_reading_again_and_threads_change_no_bit(monkeypatch, tmp_path, loss, method):
    path = tmp_path / "rows.csv"
    lines = [f"{y},{p!r}" for y, p in zip(DATA["y"].astype(int).tolist(), DATA["p"].tolist(), strict=True)]
    path.write_text("\n".join(["y,p", *lines]), encoding="utf-8")
    given = {"target": "y", "pred": "p"}
    held = calibrated(str(path), loss, method, **given)
    monkeypatch.setattr(rows_module, "HELD", 0)
    again = calibrated(str(path), loss, method, threads=3, **given)
    assert held.notes == []
    assert again.notes == ["more than 0 MiB of rows: each pass reads the source again"]
    assert held.result == again.result


# ------------------------------------------------------------------------------------------------------------- applying


@pytest.mark.parametrize(
    ("loss", "method", "given"),
    [
        ("bce", "platt", {"pred": "p"}),
        ("bce_with_logits", "temperature", {"pred": "z"}),
        ("mse", "affine", {"pred": "z"}),
        ("interval_score:level=0.8", "conformal", {"columns": {"lower": "z", "upper": "w"}}),
    ],
)
def test_rows_without_a_target_are_mapped_as_those_with_one(loss, method, given):
    source = DATA | {"w": DATA["z"] + DATA["w"]}
    found = calibrated(source, loss, method, target="y", **given)
    bare = replace(request_of({"losses": [loss], **given}, {}), losses=(predictions_alone(found.result.map),))
    run = prepare(bare, data_of({}, {name: source[name] for name in ("p", "z", "w")}, {}, ()))
    applied = apply(run, found.result.map, "map.json", scored=False)
    assert applied.result.evaluation is None
    for ours, theirs in zip(applied.predictions(), found.predictions(), strict=True):
        for name, (values, _) in theirs.arrays.items():
            np.testing.assert_array_equal(ours.arrays[name].values, values)


def test_lists_stay_lists():
    path = str(SAMPLE / "digits.parquet")
    found = calibrated(path, "cross_entropy", "temperature", target="digit_id", pred="proba")
    (batch,) = found.predictions()
    assert batch.arrays["proba"].values.shape == (600, 10)
    assert found.result.map.labels == tuple("0123456789")
    named = calibrated(str(SAMPLE / "digits.csv"), "cross_entropy", "temperature", target="digit", pred="p_*")
    assert [*found.result.map.parameters.values()] == pytest.approx([*named.result.map.parameters.values()])


def test_predictions_that_would_leave_their_domain_are_no_way_down():
    rng = np.random.default_rng(2)
    x = rng.uniform(0.05, 3, 200)
    source = {"y": rng.poisson(np.maximum(x - 1, 0)).astype(float), "x": x}
    # Rows with a count of 0 would like rates below 0, and the kernel would not object.
    slope, intercept = parameters(source, "poisson_nll", "affine", target="y", pred="x")
    assert 0 <= (slope * x + intercept).min() < 0.05
    assert intercept < 0
    found = calibrated(source, "poisson_nll", "scale", target="y", pred="x").result.map
    far = MapResult("affine", "", found.link, found.roles, found.labels, found.loss, {"slope": 1.0, "intercept": -1.0},
                    [], 1)  # fmt: skip
    with pytest.raises(DataError, match="to no valid prediction: expected a number of at least 0") as caught:
        apply(prepared(source, "poisson_nll", target="y", pred="x"), far, "map.json")
    assert (caught.value.row, caught.value.column) == (int(np.argmax(x < 1)) + 1, "x")


# ------------------------------------------------------------------------------------------------------- sample data

SAMPLES = [
    ("cancer.csv", "bce", {"target": "malignant", "pred": "logistic_p"}, True),
    ("cancer.csv", "bce", {"target": "malignant", "pred": "forest_p"}, True),
    ("cancer.csv", "bce_with_logits", {"target": "malignant", "pred": "boosting_z"}, False),
    ("cancer.csv", "bce_with_logits", {"target": "malignant", "pred": "svm_score"}, True),
    ("digits.csv", "cross_entropy", {"target": "digit", "pred": "p_*"}, True),
    ("gan.csv", "bce", {"target": "target", "pred": "d_prob"}, True),
    ("diabetes.csv", "mse", {"target": "progression", "pred": "ridge"}, False),
    ("diabetes.csv", "mse", {"target": "progression", "pred": "forest"}, False),
    ("cancer.csv", "bce", {"target": "malignant", "pred": "boosting_p"}, False),
    ("cancer.csv", "bce_with_logits", {"target": "malignant", "pred": "logistic_z"}, True),
    ("digits.csv", "cross_entropy_with_logits", {"target": "digit", "pred": "z_*"}, True),
    ("digits.parquet", "cross_entropy", {"target": "digit_id", "pred": "proba"}, True),
    ("gan.csv", "bce_with_logits", {"target": "target", "pred": "d_logit"}, True),
    ("diabetes.csv", "mse", {"target": "progression", "pred": "boosting"}, False),
    ("diabetes.csv", "mse", {"target": "progression", "pred": "bayes"}, False),
]


@pytest.mark.parametrize(("name", "loss", "given", "significant"), SAMPLES)
def test_sample_files_are_better_on_other_rows_where_miscalibration_is_significant(name, loss, given, significant):
    found = calibrated(str(SAMPLE / name), loss, **given).result
    (one,) = found.evaluation.comparisons
    assert found.descent.converged
    assert (found.miscalibration.p < 0.05) == significant
    said = next(sentences(found))
    if significant:
        assert one.value < one.against_value
        assert said.startswith("miscalibration is significant")
    else:
        assert one.verdict == "no difference shown"
        assert said.startswith("miscalibration is not significant, so nothing asks for a map")


# --------------------------------------------------------------------------------------------------- no end, no start


def raised(kind, *args, **given):
    with pytest.raises(kind) as caught:
        calibrated(*args, **given)
    return caught.value


def test_perfect_separation_is_said():
    source = {"y": DATA["z"] > 0, "p": DATA["p"], "z": DATA["z"]}
    with pytest.raises(DataError) as caught:
        parameters(source, "bce", "temperature", target="y", pred="p")
    assert caught.value.code == "DATA_NO_DESCENT"
    assert caught.value.message == "the descent has no end: the loss keeps falling as 'temperature' goes to 0"
    assert "separate the classes perfectly" in caught.value.hint
    with pytest.raises(DataError, match="has no end"):
        parameters(source, "bce_with_logits", "platt", target="y", pred="z")


def test_an_infinite_loss_is_said():
    source = {"y": [1, *DATA["y"]], "p": [0, *DATA["p"]]}
    error = raised(DataError, source, "bce", target="y", pred="p")
    assert "is not finite on the predictions as they are" in error.message
    assert "clip" in error.hint
    assert calibrated(source, "brier", target="y", pred="p").result.descent.converged  # a bound stays a bound


def test_a_flat_loss_is_said():
    source = {"y": [1, 0, 1, 1] * 20, "p": [0.5] * 80}
    error = raised(DataError, source, "bce", "temperature", target="y", pred="p")
    assert error.message == "no descent is possible: 'bce' does not change with temperature"


@pytest.mark.parametrize(
    ("loss", "method", "given", "says"),
    [
        ("accuracy", "platt", {"pred": "p"}, "'accuracy' has no gradient by 'pred'"),
        ("bce+zero_one", "platt", {"pred": "p"}, "'zero_one' has no gradient by 'pred'"),
        ("bce", "affine", {"pred": "p"}, "--method affine does not suit these predictions"),
        ("bce_with_logits", "platt", {"pred": {"a": "z", "b": "w"}}, "calibration takes one model"),
        ("brier", "isotonic", {"pred": "p", "class_weight": "balanced"}, "takes no class weights"),
    ],
)
def test_what_cannot_be_calibrated(loss, method, given, says):
    assert says in raised(UsageError, DATA, loss, method, target="y", **given).message


def test_a_step_that_is_too_large_diverges():
    source = {"y": [1.0, 2.0, 3.0] * 10, "x": [1.5, 2.0, 3.5] * 10}
    error = raised(DataError, source, "mse", "shift", 1.5, target="y", pred="x")
    assert (error.message, error.hint) == ("the descent diverges: the loss rises", "give a smaller --step")
    (shift,) = parameters(source, "mse", "shift", 0.3, target="y", pred="x")
    assert shift == pytest.approx(-1 / 3, abs=1e-7)


def test_descend_walks_the_steps_of_the_textbook():
    source = {"y": [1.0, 2.0, 3.0, 7.0], "x": [1.5, 2.0, 3.5, 4.0]}
    found = descend(prepared(source, "mse", target="y", pred="x"), Threads(1), "shift", 0.25, 2)
    # The mean residual is 0.5, so the gradient at the shift b is 2 (b - 0.5): steps of 1/4 halve the distance.
    assert [step.parameters["shift"] for step in found.steps] == [0, 0.25, 0.375]
    assert [step.gradient_norm for step in found.steps] == [1, 0.5, 0.25]
    squares = np.square(np.array(source["y"]) - source["x"]).mean()
    assert found.steps[0].loss == squares
    assert found.steps[-1].step_size is None
