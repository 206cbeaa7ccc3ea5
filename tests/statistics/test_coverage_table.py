"""The simulation that writes the table of docs/statistics.md, in short."""

from __future__ import annotations

import re

import interval_coverage as coverage
import numpy as np
import pytest

import losscli

CASES = {name: (loss, draw, true_value) for name, loss, draw, true_value in coverage.CASES}
SKEWED, HEAVY = "skewed: `mse` of normal errors", "heavy: `mse` of t errors, 3 degrees of freedom"


def of(case, rows, samples=1500, **settings):
    loss, draw, true_value = CASES[case]
    runs = coverage.row_samples(np.random.default_rng(1), draw, rows, samples)
    return coverage.covered(runs, loss, true_value, **settings)[0]


def test_ten_squares_of_normal_errors_are_covered():
    assert 0.93 <= of(SKEWED, 10) <= 0.97
    assert of(SKEWED, 10, interval_method="t") < 0.89


def test_thirty_squares_of_heavy_errors_are_covered():
    assert of(HEAVY, 30) > 0.91 > 0.75 > of(HEAVY, 30, interval_method="t")


def test_the_page_has_the_cases_of_the_simulation():
    page = coverage.PAGE.read_text(encoding="utf-8").split(coverage.BEGIN)[1].split(coverage.END)[0]
    for name, *_ in coverage.CASES:
        (row,) = re.findall(rf"^\| {re.escape(name)} \|(.*)\|$", page, re.MULTILINE)
        assert len(row.split("|")) == len(coverage.SIZES)


@pytest.mark.parametrize("clusters", [3, 5])
def test_few_equal_clusters_are_covered_and_told_of(clusters):
    """Hall's correction alone: 0.889 and 0.907. The warning is there for every sample."""
    (data,) = coverage.cluster_samples(np.random.default_rng(5), clusters, False, 1500)
    report = losscli.evaluate(data, "mse", target="y", pred="p", by="sample", cluster="user")
    found = [result.interval for result in report if result.by]
    assert 0.92 <= sum(low <= 1.0 <= high for low, high in found) / len(found) <= 0.97
    assert any(text.message.startswith("few or unequal clusters in 1,500 of 1,500 slices") for text in report.warnings)
