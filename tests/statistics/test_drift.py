"""Drift: the Wasserstein distance beside SciPy's (drift.csv), the index beside its formula and its distribution."""

from __future__ import annotations

import csv
import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from losscli.statistics.drift import _chi_squared, stability, stability_of_labels, stability_of_numbers, wasserstein

with (Path(__file__).parent / "drift.csv").open(encoding="utf-8") as _file:
    REFERENCE = list(csv.DictReader(_file))


@pytest.mark.parametrize("row", [row for row in REFERENCE if row["what"] == "wasserstein"])
def test_the_distance_is_that_of_scipy(row):
    first, second = (np.array(json.loads(row[name])) for name in ("first", "second"))
    assert wasserstein(first, second) == pytest.approx(float(row["value"]), rel=1e-12)
    assert wasserstein(second, first) == pytest.approx(float(row["value"]), rel=1e-12)


def test_equal_sizes_pair_their_order():
    """Of samples of one size the distance is the mean difference of sorted values: a second way to the number."""
    rng = np.random.default_rng(3)
    first, second = rng.normal(size=40), rng.gumbel(size=40)
    assert wasserstein(first, second) == pytest.approx(np.abs(np.sort(first) - np.sort(second)).mean(), rel=1e-12)


@pytest.mark.parametrize("row", [row for row in REFERENCE if row["what"] == "chi2_95"])
def test_the_critical_value_is_near_that_of_scipy(row):
    assert _chi_squared(int(row["first"])) == pytest.approx(float(row["value"]), rel=0.03)


def test_the_index_by_hand():
    """Bins of 20, 30 and 50 against 40, 40 and 20 rows: (0.2 - 0.4) ln(1/2) + (0.3 - 0.4) ln(3/4) + 0.3 ln(5/2)."""
    index, critical = stability(np.array([20, 30, 50]), np.array([40, 40, 20]))
    expected = -0.2 * np.log(0.5) - 0.1 * np.log(0.75) + 0.3 * np.log(2.5)
    assert index == pytest.approx(expected, rel=1e-12)
    assert critical == pytest.approx(5.991 * float(Fraction(2, 100)), rel=0.01)


def test_an_empty_bin_gets_half_a_row():
    index, _ = stability(np.array([9, 0]), np.array([4, 6]))
    p, q = np.array([9.5, 0.5]) / 10, np.array([4.5, 6.5]) / 11
    assert index == pytest.approx(float(((p - q) * np.log(p / q)).sum()), rel=1e-12)


def test_the_bins_are_tenths_of_the_reference():
    reference = np.arange(1000.0)
    assert stability_of_numbers(reference, reference)[0] == 0
    shifted, _ = stability_of_numbers(reference + 500, reference)
    counts = [np.histogram(each, bins=[-1, *np.quantile(reference, np.arange(0.1, 1, 0.1)), 1e9])[0]
              for each in (reference + 500, reference)]  # fmt: skip
    assert shifted == pytest.approx(stability(*counts)[0], rel=1e-12)
    assert stability_of_numbers(np.full(5, 1.0), np.full(7, 1.0)) == (0, 0)


def test_labels_are_bins():
    assert stability_of_labels(["a"] * 3 + ["b"], ["b", "a"] * 2) == stability(np.array([1, 3]), np.array([2, 2]))


def test_without_drift_one_pair_in_twenty_is_beyond_the_critical_value():
    rng = np.random.default_rng(11)
    beyond = [index > critical for index, critical in
              (stability_of_numbers(rng.normal(size=800), rng.normal(size=800)) for _ in range(400))]  # fmt: skip
    assert 0.02 < np.mean(beyond) < 0.09
