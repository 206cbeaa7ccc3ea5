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
    return coverage.covered(runs, loss, true_value, **settings).inside


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


@pytest.mark.parametrize("clusters", [10, 3])
def test_the_samples_that_are_told_of_are_those_that_the_warnings_count(clusters):
    (data,) = coverage.cluster_samples(np.random.default_rng(2), clusters, True, 60)
    found = coverage.covered(iter([data]), "mse", 1.0)
    report = losscli.evaluate(data, "mse", target="y", pred="p", by="sample", cluster="user")
    counts = [int(number) for one in report.warnings for number in re.findall(r"(\d+) of \d+ slices", one.message)]
    assert counts and found.warned == sum(counts) / 60


def test_where_warnings_miss_their_goal_is_told():
    of = {"a": coverage.Coverage(0.9, 1.0, 0.89), "b": coverage.Coverage(0.9, 1.0, 0.9),
          "c": coverage.Coverage(0.95, 1.0, 0.11), "d": coverage.Coverage(0.95, 1.0, 0.1),
          "e": coverage.Coverage(0.93, 1.0, 0.5)}  # fmt: skip
    few, many = ([line for line in coverage.missed(of) if line][at : at + 2] for at in (0, 2))
    assert few == ["Coverage below 0.92, and fewer than 90 % of samples warned of:", "- a: 0.900 (89 %)"]
    assert many == ["Coverage above 0.94, and more than 10 % of samples warned of:", "- c: 0.950 (11 %)"]
    assert coverage.missed({})[2] == "- none"
