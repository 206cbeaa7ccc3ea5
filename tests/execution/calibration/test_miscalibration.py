"""The test of the gradient at the start is Hotelling's, as NumPy and SciPy compute it of the parts of the rows."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import f as f_distribution
from test_calibrate import DATA, calibrated

from losscli.binding.request import Inference
from losscli.execution.calibration.miscalibration import gradient_test


def products(parts):
    whole = np.hstack([parts, np.ones((len(parts), 1))])
    return whole.T @ whole


def hotelling(parts):
    count, size = parts.shape
    mean, covariance = parts.mean(0), np.cov(parts, rowvar=False).reshape(size, size)
    square = count * mean @ np.linalg.solve(covariance, mean)
    value = square * (count - size) / (size * (count - 1))
    return value, f_distribution.sf(value, size, count - size)


def test_the_gradient_of_platt_scaling():
    x, y, weights = DATA["z"], DATA["y"], DATA["w"]
    found = calibrated(DATA, "bce", "platt", target="y", pred="p", weight="w").result.miscalibration
    parts = (weights * (expit(x) - y))[:, None] * np.stack([x, np.ones_like(x)], axis=1)
    assert (found.f, found.p) == pytest.approx(hotelling(parts), rel=1e-9)
    assert (found.df, found.rest_df) == (2, 498)


def test_redundant_and_constant_parts_have_no_degrees_of_freedom():
    rng = np.random.default_rng(3)
    parts = rng.normal(size=(40, 3)) * [1, 1e6, 1e-6] + [0.1, 0, 0]
    redundant = np.hstack([parts, -parts.sum(axis=1, keepdims=True), np.zeros((40, 1))])
    found = gradient_test(products(redundant))
    assert (found.df, found.rest_df) == (3, 37)
    assert (found.f, found.p) == pytest.approx(hotelling(parts), rel=1e-6)
    assert gradient_test(products(np.zeros((40, 2)))) is None
    assert gradient_test(products(parts[:1])) is None


def test_it_is_significant_about_as_often_as_it_says():
    rng = np.random.default_rng(11)
    found = [gradient_test(products(rng.normal(size=(60, 2)))).p for _ in range(1500)]
    assert np.mean(np.array(found) < 0.05) == pytest.approx(0.05, abs=0.02)


def test_rows_of_clusters_and_maps_without_descent_have_none():
    assert calibrated(DATA, "brier", "isotonic", target="y", pred="p").result.miscalibration is None
    source = DATA | {"user": np.arange(500) // 5}
    found = calibrated(source, "bce", inference=Inference(True, cluster="user"), target="y", pred="p").result
    assert found.descent is not None
    assert found.miscalibration is None
