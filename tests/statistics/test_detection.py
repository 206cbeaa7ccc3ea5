"""Effect sizes and detectable differences of comparisons, from data to report."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from scipy import stats

import losscli
from losscli.cli.entry import run
from losscli.errors import UsageError


def models(n=24, seed=5):
    rng = np.random.default_rng(seed)
    return {"y": np.zeros(n), "a": rng.normal(size=n), "b": 1.3 * rng.normal(size=n)}


def compared(data, losses="mae", **settings):
    return losscli.compare(data, losses, target="y", pred={"a": "a", "b": "b"}, permutations=0, **settings).comparisons


def test_the_effect_size_and_the_detectable_difference_of_rows():
    data = models()
    (found,) = compared(data, power=0.8)
    differences = np.abs(data["b"]) - np.abs(data["a"])
    n, d = len(differences), differences.mean() / differences.std(ddof=1)
    hedges = math.gamma((n - 1) / 2) / math.sqrt((n - 1) / 2) / math.gamma((n - 2) / 2)
    assert found.effect_size == pytest.approx(d * hedges, rel=1e-12)
    least = found.detection.minimal_difference / stats.sem(differences)
    critical = stats.t.ppf(0.975, n - 1)
    power = stats.nct.sf(critical, n - 1, least) + stats.nct.cdf(-critical, n - 1, least)
    assert power == pytest.approx(0.8, rel=1e-8)
    needed = found.detection.units_needed
    for units, enough in ((needed - 1, False), (needed, True)):
        shift, critical = abs(d) * math.sqrt(units), stats.t.ppf(0.975, units - 1)
        power = stats.nct.sf(critical, units - 1, shift) + stats.nct.cdf(-critical, units - 1, shift)
        assert (power >= 0.8) == enough


def test_the_units_are_clusters_and_a_smaller_level_needs_fewer():
    data = {**models(60), "c": np.repeat(np.arange(12), 5)}
    (found,) = compared(data, power=0.9, cluster="c")
    differences = np.abs(data["b"]) - np.abs(data["a"])
    means = differences.reshape(12, 5).mean(axis=1)
    assert found.detection.count == 12
    assert found.effect_size * 12**0.5 == pytest.approx(
        stats.ttest_1samp(means, 0).statistic * math.gamma(5.5) / math.sqrt(5.5) / math.gamma(5), rel=1e-12
    )
    (looser,) = compared(data, power=0.9, cluster="c", level=0.8)
    assert looser.detection.units_needed < found.detection.units_needed
    assert looser.detection.minimal_difference < found.detection.minimal_difference
    (resampled,) = compared(data, power=0.9, cluster="c", bootstrap=2000)
    assert resampled.detection.minimal_difference == pytest.approx(found.detection.minimal_difference, rel=0.15)


def test_the_odds_ratio_of_losses_that_are_0_or_1():
    data = {"y": [1] * 20, "a": [1] * 12 + [0] * 8, "b": [1] * 9 + [0] * 3 + [1] * 5 + [0] * 3}
    (found,) = compared(data, "zero_one")
    assert (found.wins, found.losses, found.odds_ratio) == (5, 3, 0.6)
    (other,) = compared(models())
    assert other.odds_ratio is None


def test_without_a_standard_error_there_is_no_effect_size():
    (found,) = compared({"y": [0.0, 0.0], "a": [1.0, 2.0], "b": [2.0, 3.0]}, power=0.8)
    assert found.stderr == 0 and found.effect_size is None and found.detection is None


@pytest.mark.parametrize("power", (0.05, 1.0, -1, math.nan))
def test_a_power_that_is_none(power):
    with pytest.raises(UsageError, match=r"the power must be between 0\.05"):
        compared(models(), power=power)


def test_every_format_has_them(tmp_path, capsys):
    rows = zip(*models().values(), strict=True)
    (tmp_path / "d.csv").write_text("y,a,b\n" + "".join(f"{y},{a},{b}\n" for y, a, b in rows))
    given = ["compare", str(tmp_path / "d.csv"), "-t", "y", "-p", "a", "-p", "b", "-l", "mae", "--permutations", "0"]
    assert run([*given, "--power", "0.8", "-f", "json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["comparisons"]
    assert set(found["power"]) == {"power", "minimal_detectable_difference", "units", "units_needed"}
    assert run([*given, "--power", "0.8", "-f", "csv"]) == 0
    header, line = capsys.readouterr().out.splitlines()
    cells = dict(zip(header.split(","), line.split(","), strict=True))
    assert float(cells["effect_size"]) == found["effect_size"]
    assert float(cells["minimal_detectable"]) == found["power"]["minimal_detectable_difference"]
    assert int(cells["units_needed"]) == found["power"]["units_needed"]
    for name in ("table", "markdown", "html"):
        assert run([*given, "--power", "0.8", "-f", name]) == 0
        text = capsys.readouterr().out
        assert "effect size" in text and "min. detectable (80 %)" in text and f"{int(cells['units_needed']):,}" in text
    assert run([*given, "-f", "json"]) == 0
    (without,) = json.loads(capsys.readouterr().out)["comparisons"]
    assert without["power"] is None and without["effect_size"] == found["effect_size"]
