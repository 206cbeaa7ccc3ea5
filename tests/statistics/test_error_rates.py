"""The simulation of error rates in short, and the power of tests against formulas."""

import math

import error_rates
import numpy as np
import pytest
from scipy import stats

import losscli
from losscli.statistics.hypothesis_tests import paired_t
from losscli.statistics.permutation import permutation_test

SAMPLES = 300
SHORT = ("normal, 10 rows", "skewed, 20 rows", "0/1, 20 rows", "skewed, 5 clusters, log-normal sizes",
         "skewed, 1 cluster of 1,000, 19 of 10", "0/1, 20 clusters, log-normal sizes")  # fmt: skip


@pytest.mark.parametrize("cell", [cell for cell in error_rates.CELLS if cell.name in SHORT], ids=lambda cell: cell.name)
def test_the_test_that_decides_is_wrong_no_more_often_than_it_says(cell):
    most = 0.05 * 1.1 + 3 * math.sqrt(0.05 * 0.95 / SAMPLES)
    found = error_rates.rates(cell, SAMPLES)
    assert found["auto"] <= most and found["permutation"] <= most


def test_the_verdicts_of_a_run_are_those_of_the_simulation():
    """The same in a run of the command, one slice a sample: of 12 rows, of which no two losses are alike."""
    rng = np.random.default_rng(8)
    size = SAMPLES * 12
    data = {"sample": np.repeat(np.arange(SAMPLES), 12), "y": np.zeros(size),
            "a": np.exp(rng.normal(size=size)), "b": np.exp(rng.normal(size=size))}  # fmt: skip
    found = losscli.compare(data, "mae", target="y", pred={"a": "a", "b": "b"}, by="sample", permutations=0).comparisons
    shown = [one.verdict in ("better", "worse") for one in found if one.by]
    assert len(shown) == SAMPLES and {one.decision.test for one in found if one.by} == {"permutation"}
    assert np.mean(shown) <= 0.05 * 1.1 + 3 * math.sqrt(0.05 * 0.95 / SAMPLES)


def test_the_table_is_in_the_page():
    page = error_rates.PAGE.read_text(encoding="utf-8")
    text = page.partition(error_rates.BEGIN)[2].partition(error_rates.END)[0]
    assert all(f"| {cell.losses} | {cell.units} |" in text for cell in error_rates.CELLS)
    decides = [float(part[:-2]) for line in text.splitlines() for part in line.split("**")[1::2]]
    assert len(decides) == len(error_rates.CELLS) and max(decides) <= 5.5 + 0.7  # the noise of 4,000 samples


@pytest.mark.parametrize(("rows", "effect"), [(20, 0.5), (100, 0.3)])
def test_power_is_that_of_the_formula(rows, effect):
    """Power of the paired t test by the noncentral t distribution; of signs, nearly as much for normal differences.

    statsmodels 0.15.0: TTestPower().power(0.5, 20, 0.05) = 0.5645044, (0.3, 100, 0.05) = 0.8439471
    """
    samples = 1500
    rng = np.random.default_rng(rows)
    differences = rng.normal(effect, 1, (samples, rows))
    critical = stats.t.ppf(0.975, rows - 1)
    centre = effect * math.sqrt(rows)
    want = stats.nct.sf(critical, rows - 1, centre) + stats.nct.cdf(-critical, rows - 1, centre)
    assert want == pytest.approx({20: 0.5645044, 100: 0.8439471}[rows], abs=1e-6)
    shown = [paired_t(d.mean(), d.std(ddof=1) / math.sqrt(rows), rows - 1)[1] < 0.05 for d in differences]
    noise = 4 * math.sqrt(want * (1 - want) / samples)
    assert np.mean(shown) == pytest.approx(want, abs=noise)
    signs = [
        permutation_test(d[:, None], -d[:, None], lambda totals: totals[..., 0], 499, 0, (number,)).p < 0.05
        for number, d in enumerate(differences[:400])
    ]
    assert np.mean(signs) == pytest.approx(want, abs=4 * math.sqrt(want * (1 - want) / 400) + 0.015)
