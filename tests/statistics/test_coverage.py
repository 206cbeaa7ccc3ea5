"""Empirical coverage of confidence intervals in simulations: two thousand samples each, as slices of one run.

A 95 % interval must hold the true value in 95 % of the samples, give or take three standard errors of such a share, and
p-values must be uniform where there is no difference. `interval_coverage.py` does it with ten thousand. Squares are
skewed, so their intervals need some hundred rows for that: samples have 500.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import losscli

SAMPLES = 2000
LOW, HIGH = 0.95 + np.array([-3, 3]) * np.sqrt(0.95 * 0.05 / SAMPLES)
PROBABILITIES = (0.1, 0.3, 0.5, 0.8)
WAYS = {"plain": {"interval": True}, "weighted": {"interval": True, "weight": "w"}, "clustered": {"cluster": "user"}}


def sample(rows: int, seed: int, alike: float) -> dict[str, np.ndarray]:
    """Errors and labels, with what goes by the slice, weights that vary fourfold, and users of five rows each.

    The rows of a user are `alike`. There are more users than hashed clusters, so some are merged.
    """
    rng = np.random.default_rng(seed)
    size, own = SAMPLES * rows, np.sqrt(1 - alike**2)
    of_user = np.repeat(rng.normal(size=size // 5), 5)
    error = alike * of_user + own * rng.normal(size=size)
    probability = rng.choice(PROBABILITIES, size)
    return {
        "sample": np.repeat(np.arange(SAMPLES), rows), "user": np.arange(size) // 5, "w": rng.uniform(0.5, 2, size),
        "zero": np.zeros(size), "error": 2 * error,
        "prob": probability, "label": (stats.norm.cdf(error) < probability).astype(float),
        "old": 0.8 * error + 0.6 * rng.normal(size=size), "new": 0.8 * error + 0.6 * rng.normal(size=size),
    }  # fmt: skip


@pytest.fixture(scope="module")
def data():
    """Rows that are independent, and rows that are not."""
    return {way: sample(500, 7, 0.6 if way == "clustered" else 0.0) for way in ("plain", "clustered")}


def made(data, way):
    return data["clustered" if way == "clustered" else "plain"]


def coverage(report, spec, true_value):
    """The share of samples whose interval holds the true value."""
    ends = np.array([result.interval for result in report if result.spec == spec and result.by])
    assert len(ends) == SAMPLES
    return ((ends[:, 0] <= true_value) & (true_value <= ends[:, 1])).mean()


@pytest.mark.parametrize("way", WAYS)
def test_of_mse_and_rmse(data, way):
    found = losscli.evaluate(made(data, way), ["mse", "rmse"], target="zero", pred="error", by="sample", **WAYS[way])
    assert LOW <= coverage(found, "mse", 4.0) <= HIGH
    assert LOW <= coverage(found, "rmse", 2.0) <= HIGH


@pytest.mark.parametrize("way", WAYS)
def test_of_bce(data, way):
    found = losscli.evaluate(made(data, way), "bce", target="label", pred="prob", by="sample", **WAYS[way])
    true_value = np.mean([-(p * np.log(p) + (1 - p) * np.log(1 - p)) for p in PROBABILITIES])
    assert LOW <= coverage(found, "bce", true_value) <= HIGH


def test_clusters_are_needed(data):
    """Without them these intervals are too narrow: the tests above would see it if clusters counted for nothing."""
    some = {name: values[: 500 * 500] for name, values in data["clustered"].items()}
    found = losscli.evaluate(some, "mse", target="zero", pred="error", by="sample", interval=True)
    ends = np.array([result.interval for result in found if result.by])
    assert ((ends[:, 0] <= 4.0) & (ends[:, 1] >= 4.0)).mean() < 0.93


@pytest.mark.parametrize("way", WAYS)
def test_of_a_paired_difference(way):
    """Two models of the same quality whose errors are alike: the interval of the difference, and its p-values."""
    data = sample(200, 2, 0.6 if way == "clustered" else 0.0)
    found = []
    for some in np.array_split(np.arange(len(data["zero"])), 10):  # of which no users are merged
        part = {name: values[some] for name, values in data.items()}
        found += losscli.compare(part, "mse", target="zero", pred={"old": "old", "new": "new"}, by="sample",
                                 permutations=0, **WAYS[way]).comparisons[1:]  # fmt: skip
    inside = np.mean([each.interval[0] <= 0 <= each.interval[1] for each in found])
    assert len(found) == SAMPLES and LOW <= inside <= HIGH
    assert stats.kstest([each.t_test.p for each in found], "uniform").pvalue > 0.001


def test_of_the_permutation_test():
    rng = np.random.default_rng(4)
    samples, rows = 1000, 60
    size = samples * rows
    data = {
        "sample": np.repeat(np.arange(samples), rows), "target": np.zeros(size),
        "old": rng.standard_t(3, size), "new": rng.standard_t(3, size),
    }  # fmt: skip
    found = losscli.compare(data, "mse", target="target", pred={"old": "old", "new": "new"}, by="sample",
                            permutations=399).comparisons[1:]  # fmt: skip
    ps = np.array([each.permutation.p for each in found])
    assert stats.kstest(ps + rng.uniform(-0.5, 0.5, samples) / 400, "uniform").pvalue > 0.001
    assert np.mean(ps <= 0.05) == pytest.approx(0.05, abs=0.02)
