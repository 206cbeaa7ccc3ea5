"""The numbers of pictures, against definitions written another way and against other libraries."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Annotated

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

import losscli
from losscli.aggregate.diagnostics.value_pairs import PairTable, ValuePairs
from losscli.cli.entry import run
from losscli.contract.kinds import Array, Real
from losscli.contract.loss import Param
from losscli.statistics.diagnostics.curves import curves
from losscli.statistics.diagnostics.isotonic import isotonic
from losscli.statistics.diagnostics.reliability import RESAMPLES, reliability

SAMPLES = Path(__file__).parents[2] / "sample_data"


def table(first, second, weights=None) -> PairTable:
    pairs = ValuePairs(both=False)
    pairs.update(np.asarray(first, float), np.asarray(second, float), weights)
    return pairs.evaluate()


def report(words: str, folder: Path) -> dict:
    """The JSON report of a command that also writes a page."""
    page, document = folder / "r.html", folder / "r.json"
    assert run([*words.format(SAMPLES).split(), "-q", "-o", str(page), "-o", str(document)]) == 0
    assert len(page.read_bytes()) < 300_000
    return json.loads(document.read_text())


def test_isotonic_regression_is_that_of_its_min_max_formula():
    random = np.random.default_rng(1)
    for size in (1, 2, 7, 40):
        weights, values = random.integers(1, 5, size).astype(float), random.integers(0, 6, size).astype(float)
        starts = isotonic(values * weights, weights)
        ends = np.append(starts[1:], size)
        fitted = np.concatenate([np.full(b - a, np.average(values[a:b], weights=weights[a:b]))
                                 for a, b in zip(starts, ends, strict=True)])  # fmt: skip
        for at in range(size):  # the largest over starts of the least mean up to an end (Robertson, Wright & Dykstra)
            exact = max(
                min(np.average(values[a:b], weights=weights[a:b]) for b in range(at + 1, size + 1))
                for a in range(at + 1)
            )
            assert fitted[at] == pytest.approx(exact, rel=1e-12)


def test_the_parts_of_a_score_are_those_of_scikit_learn(tmp_path, capfd):
    # IsotonicRegression and brier_score_loss, log_loss of scikit-learn 1.9.
    found = report("eval {}/cancer.csv -t malignant -p logistic_p -l brier -l bce", tmp_path)["diagnostics"]
    (one,) = found["reliability"]
    brier, log = one["decompositions"]
    assert brier["score"] == pytest.approx(0.024170965035283445, rel=1e-14)
    assert brier["miscalibration"] == pytest.approx(0.01017581016123021, rel=1e-12)
    assert brier["discrimination"] == pytest.approx(0.21976987550329302, rel=1e-12)
    assert log["score"] - log["miscalibration"] == pytest.approx(0.052763706316684804, rel=1e-12)
    for part in (brier, log):
        rest = part["miscalibration"] - part["discrimination"] + part["uncertainty"]
        assert part["score"] == pytest.approx(rest, rel=1e-12)
    logits = report("eval {}/cancer.csv -t malignant -p logistic_z -l bce_with_logits", tmp_path)["diagnostics"]
    assert logits["reliability"][0]["decompositions"][0]["discrimination"] == pytest.approx(log["discrimination"])


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans(), st.integers(1, 3)), min_size=1, max_size=30))
def test_no_block_is_empty_and_weights_are_repeated_rows(rows):
    p, y, times = (np.array(column) for column in zip(*rows, strict=True))
    weighted = reliability(table(p / 9, y, times.astype(float)), "m", "p", "positive", [])
    repeated = reliability(table(np.repeat(p, times) / 9, np.repeat(y, times)), "m", "p", "positive", [])
    assert [block.frequency for block in weighted.blocks] == pytest.approx([b.frequency for b in repeated.blocks])
    assert sum(block.count for block in weighted.blocks) == len(rows) == sum(each.count for each in weighted.bins)
    assert all(block.count for block in weighted.blocks)
    frequencies = [block.frequency for block in weighted.blocks]
    assert frequencies == sorted(frequencies)
    assert all(0 <= point.low <= point.high <= 1 for point in weighted.band)


@pytest.mark.parametrize("rows", [3000, 40_000])  # labels that are drawn one by one, and numbers of them
def test_the_band_holds_calibrated_predictions_and_not_others(rows):
    random, inside, outside = np.random.default_rng(5), [], []
    for _ in range(8):
        p = random.beta(0.7, 1.3, rows)
        y = random.random(rows) < p
        for shift, found in ((p, inside), (p**1.5, outside)):
            one = reliability(table(shift, y), "m", "p", "positive", [])
            x, low, high = np.array([(b.x, b.low, b.high) for b in one.band]).T
            mean, frequency = np.array([(b.mean, b.frequency) for b in one.blocks]).T
            fitted = np.interp(x, mean, frequency)
            found.append(np.mean((fitted >= low - 0.01) & (fitted <= high + 0.01)))
    assert RESAMPLES == 100 and np.mean(inside) > 0.8 > 0.6 > np.mean(outside)


def test_areas_under_curves_are_the_losses_of_these_names(tmp_path, capfd):
    words = "eval {}/cancer.csv -t malignant -p logistic_p -p forest_p -l roc_auc -l average_precision"
    for weight in ("", " -w boosting_p"):
        found = report(words + weight, tmp_path)
        values = {(r["model"], r["loss"]): r["value"] for r in found["results"]}
        assert len(found["diagnostics"]["curves"]) == 2
        for one in found["diagnostics"]["curves"]:
            assert one["area"] == pytest.approx(values[one["model"], "roc_auc"], rel=1e-12)
            assert one["mean_precision"] == pytest.approx(values[one["model"], "average_precision"], rel=1e-12)
            assert len(one["points"]) <= 152 and one["points"][-1]["true_rate"] == 1.0


def test_curves_of_equal_scores_have_one_point():
    one = curves(table([0.5] * 4, [1, 0, 1, 0]), "m", "p")
    assert (one.area, one.mean_precision, len(one.points)) == (0.5, 0.5, 1)
    assert curves(table([0.5, 0.6], [1, 1]), "m", "p") is None


def test_confusion_matrices_are_those_of_the_definition(tmp_path, capfd):
    found = report("eval {}/cancer.csv -t malignant -p logistic_p -l f1 -l accuracy:threshold=0.2", tmp_path)
    # confusion_matrix of scikit-learn at a threshold of 0.5, and a count of the file at 0.2
    half, fifth = found["diagnostics"]["confusion"]
    assert half["counts"] == [[356, 1], [13, 199]] and half["spec"] == "f1"
    lines = [line.split(",") for line in (SAMPLES / "cancer.csv").read_text().splitlines()]
    p, y = (np.array([float(line[lines[0].index(name)]) for line in lines[1:]]) for name in ("logistic_p", "malignant"))
    assert fifth["counts"] == [[int(np.sum((y == t) & ((p > 0.2) == s))) for s in (0, 1)] for t in (0, 1)]
    found = report("eval {}/digits.csv -t digit -p p_* -l accuracy -l cross_entropy", tmp_path)
    (matrix,), accuracy = found["diagnostics"]["confusion"], found["results"][0]["value"]
    counts = np.array(matrix["counts"])
    assert np.trace(counts) / counts.sum() == pytest.approx(accuracy) and matrix["classes"][2] == "two"
    (one,) = found["diagnostics"]["reliability"]
    assert one["of"] == "predicted" and sum(block["count"] for block in one["blocks"]) == 600
    right = sum(block["count"] * block["frequency"] for block in one["blocks"])
    assert right / 600 == pytest.approx(accuracy)


def test_murphy_diagrams_are_means_of_the_elementary_losses(tmp_path, capfd):
    words = "eval {}/diabetes.csv -t progression -p ridge -p forest -w exposure -l "
    found = report(words + "mse -l mae -l pinball:q=0.9 -l expectile:q=0.2 -l huber", tmp_path)["diagnostics"]["murphy"]
    functionals = ["mean(target)", "median(target)", "quantile(target, 0.9)", "expectile(target, 0.2)"]
    assert [(one["model"], one["functional"]) for one in found] == [
        (m, f) for m in ("ridge", "forest") for f in functionals
    ]
    kinds = ("elementary_expectile", 0.5), ("elementary_quantile", 0.5), ("elementary_quantile", 0.9)
    for place, (loss, level) in enumerate((*kinds, ("elementary_expectile", 0.2))):
        at, score = (found[place]["points"][23][name] for name in ("threshold", "score"))
        whole = report(f"{words}{loss}:q={level},threshold={at}", tmp_path)["results"][0]
        assert score == pytest.approx(whole["value"], rel=1e-9) and score > 0


def test_coverage_and_pit_of_quantiles_and_ranks_of_ensembles(tmp_path, capfd):
    random = np.random.default_rng(9)
    y = random.normal(size=4000)
    y[:200] = -0.6745  # equal to a quantile
    levels = {"q_0.75": 0.6745, "q_0.25": -0.6745, "q_0.5": 0.0}  # of which the columns are in no order
    members = random.normal(size=(4000, 3))
    head = ",".join(["y", *levels, "m_1", "m_2", "m_3"])
    rows = [[a, *levels.values(), *m] for a, m in zip(y.tolist(), members.tolist(), strict=True)]
    (tmp_path / "f.csv").write_text(head + "\n" + "".join(",".join(map(repr, row)) + "\n" for row in rows))
    found = report(f"eval {tmp_path}/f.csv -t y -p q_* -l crps_quantile", tmp_path)["diagnostics"]["forecasts"]
    (one,) = found
    assert [each["level"] for each in one["by_level"]] == [0.25, 0.5, 0.75]
    for each, bound in zip(one["by_level"], (-0.6745, 0.0, 0.6745), strict=True):
        assert each["covered"] == np.mean(y <= bound) and each["low"] < each["covered"] < each["high"]
    inside = np.sum((y > -0.6745) & (y < 0))
    assert [b["count"] for b in one["bins"]][:2] == [np.sum(y < -0.6745) + 100, inside + 100]
    (ranks,) = report(f"eval {tmp_path}/f.csv -t y -p m_* -l crps_ensemble", tmp_path)["diagnostics"]["forecasts"]
    assert [b["count"] for b in ranks["bins"]] == np.bincount((members < y[:, None]).sum(axis=1), minlength=4).tolist()
    assert ranks["by_level"] == []


def test_both_ends_of_an_interval_are_quantiles_of_its_level(tmp_path):
    rng = np.random.default_rng(4)
    y, low = rng.normal(size=300).round(2), rng.normal(-1, 0.2, 300).round(2)
    high = low + rng.uniform(1, 3, 300).round(2)
    table = {"y": y, "lo": low, "hi": high}
    columns = {"lower": "lo", "upper": "hi"}
    losses = ["interval_score:level=0.8", "miscoverage"]
    report = losscli.evaluate(table, losses, target="y", columns=columns, diagnostics=True)
    (found,) = report.diagnostics.forecasts
    assert (found.pred, found.count) == ("lo, hi", 300)
    assert [(one.level, one.covered) for one in found.by_level] == [(0.1, np.mean(y <= low)), (0.9, np.mean(y <= high))]
    inside = np.count_nonzero((y > low) & (y < high))
    ties = np.count_nonzero((y == low) | (y == high))
    assert inside <= found.bins[1].count <= inside + ties
    assert [(one.low, one.high) for one in found.bins] == [(0.0, 0.1), (0.1, 0.9), (0.9, 1.0)]


def test_intervals_without_a_level_have_no_coverage_of_levels():
    table = {"y": [1.0, 2.0], "lo": [0.0, 1.0], "hi": [2.0, 3.0]}
    report = losscli.evaluate(
        table, "miscoverage", target="y", columns={"lower": "lo", "upper": "hi"}, diagnostics=True
    )
    assert report.diagnostics.forecasts == ()


def normal_forecasts(rows=3000):
    rng = np.random.default_rng(11)
    mean, scale = rng.normal(size=rows), rng.uniform(0.5, 2, rows)
    y = mean + 1.3 * scale * rng.normal(size=rows)
    y[:101] = mean[:101]  # at the level 0.5, where two bins meet
    return {"y": y, "mean": mean, "scale": scale, "variance": scale**2, "w": np.arange(rows) % 4.0}


def of_distribution(table, losses, roles=("scale",), **more):
    columns = {role: role for role in roles}
    report = losscli.evaluate(table, losses, target="y", pred="mean", columns=columns, diagnostics=True, **more)
    return report.diagnostics.forecasts


def test_distributions_have_a_pit_histogram_and_central_intervals():
    table = normal_forecasts()
    (one,) = of_distribution(table, ["crps_gaussian", "mse"])
    pit = scipy.stats.norm.cdf(table["y"], table["mean"], table["scale"])
    assert (one.pred, one.spec, one.count) == ("mean, scale", "crps_gaussian", 3000)
    edges = np.arange(21) / 20
    assert [(each.low, each.high) for each in one.bins] == list(pairwise(edges))
    want = np.histogram(np.delete(pit, slice(101)), edges)[0] + 51 * (edges[1:] == 0.5) + 50 * (edges[:-1] == 0.5)
    assert [each.count for each in one.bins] == want.tolist()
    assert [(each.level, each.covered) for each in one.by_level] == [(a, np.mean(pit <= a)) for a in edges[1:-1]]
    assert [each.level for each in one.central] == [0.5, 0.8, 0.9, 0.95, 0.99]
    for each in one.central:
        half = scipy.stats.norm.ppf((1 + each.level) / 2) * table["scale"]
        assert each.covered == np.mean(np.abs(table["y"] - table["mean"]) <= half)
        ends = scipy.stats.binomtest(round(each.covered * 3000), 3000).proportion_ci(method="wilson")
        assert (each.low, each.high) == pytest.approx((ends.low, ends.high), rel=1e-9)


def test_rows_of_weight_0_take_no_part_in_a_pit_histogram():
    table = normal_forecasts()
    (one,) = of_distribution(table, "crps_gaussian", weight="w", divide_by="rows")
    (kept,) = of_distribution({name: column[table["w"] > 0] for name, column in table.items()}, "crps_gaussian")
    assert one == kept


def test_both_ends_of_a_central_interval_are_in_it():
    levels = [0.0, 0.005, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975, 0.995, 1.0]
    table = {"y": levels, "low": [0.0] * 13, "high": [1.0] * 13}
    columns = {"lower": "low", "upper": "high"}
    report = losscli.evaluate(table, "crps_uniform", target="y", columns=columns, diagnostics=True)
    (one,) = report.diagnostics.forecasts
    assert [round(13 * each.covered) for each in one.central] == [3, 5, 7, 9, 11]
    assert one.pred == "low, high"


def test_losses_of_one_distribution_have_one_histogram():
    table = normal_forecasts(500)
    found = of_distribution(
        table, ["crps_laplace", "laplace_nll", "laplace_nll:floor=1", "gaussian_nll"], ("scale", "variance")
    )
    assert [one.spec for one in found] == ["crps_laplace", "laplace_nll:floor=1", "gaussian_nll"]
    assert found[0].central != found[1].central


def test_threads_and_chunks_change_no_bit_of_a_pit_histogram(tmp_path, monkeypatch):
    table = normal_forecasts()
    losses = ["crps_gaussian", "gaussian_nll", "student_t_nll:df=3", "crps_logistic"]
    plain = of_distribution(table, losses, ("scale", "variance"), threads=1)
    monkeypatch.setenv("LOSSCLI_CHUNK_ROWS", "777")
    assert len(plain) == 4
    assert of_distribution(table, losses, ("scale", "variance"), threads=3) == plain
    file = tmp_path / "t.csv"
    rows = zip(*(column.tolist() for column in table.values()), strict=True)
    file.write_text(",".join(table) + "\n" + "".join(",".join(map(repr, row)) + "\n" for row in rows))
    assert of_distribution(str(file), losses, ("scale", "variance"), threads=2) == plain


def test_pictures_and_numbers_of_distributions_are_in_reports(tmp_path, capfd):
    rows = zip(*(column.tolist() for column in normal_forecasts(200).values()), strict=True)
    (tmp_path / "f.csv").write_text(
        "y,pred,scale,variance,w\n" + "".join(",".join(map(repr, row)) + "\n" for row in rows)
    )
    (one,) = report(f"eval {tmp_path}/f.csv -t y -p pred -c scale=scale -l crps_gaussian", tmp_path)["diagnostics"][
        "forecasts"
    ]
    assert sum(each["count"] for each in one["bins"]) == 200
    assert [each["level"] for each in one["central"]] == [0.5, 0.8, 0.9, 0.95, 0.99]
    page = (tmp_path / "r.html").read_text()
    for title in ("PIT histogram of", "Coverage of", "Central intervals of"):
        assert f"{title} pred, crps_gaussian" in page
    saved = losscli.evaluate(
        str(tmp_path / "f.csv"), "crps_gaussian", target="y", pred="pred", columns={"scale": "scale"}, diagnostics=True
    )
    saved.plot("interval-coverage").save(tmp_path / "i.svg")
    assert "level of the central interval" in (tmp_path / "i.svg").read_text()


def test_a_distribution_may_have_parameters_of_each_row_and_needs_one_number_a_role(temporary):
    @temporary(
        formula="abs(target - pred) / width",
        cite="none",
        cdf=lambda pred, target, *, width: np.clip((target - pred) / width + 0.5, 0, 1),
    )
    def centred(
        pred: Real, target: Real, *, width: Annotated[float, Param("the width", gt=0, per_row=True)] = 1.0
    ) -> Array:
        """Distance from the middle of a uniform distribution."""
        return np.abs(target - pred) / width

    table = normal_forecasts(400)
    (one,) = of_distribution(table, "centred:width={scale}", ())
    inside = np.abs(table["y"] - table["mean"]) <= 0.25 * table["scale"]
    assert one.pred == "mean, scale"
    assert one.central[0].covered == np.mean(inside)
    wide = losscli.evaluate(table, "centred", target="y,mean", pred="scale,variance", diagnostics=True)
    assert wide.diagnostics.forecasts == ()
