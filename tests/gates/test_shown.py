"""Gates that ask for evidence: `shown`, Holm's method over slices, and what the rows could tell."""

from __future__ import annotations

import json
import math

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from scipy import stats

from losscli.cli.entry import run
from losscli.statistics.multiple_testing import holm, simes

TWO = ("-t", "y", "-p", "a", "-p", "b", "-l", "mae")


def judged(tmp_path, data, *arguments, code=None):
    """The gates of a run on these columns, from its report."""
    pa.parquet.write_table(pa.table(data), tmp_path / "data.parquet")
    found = run(["eval", str(tmp_path / "data.parquet"), *arguments, "-q", "-o", str(tmp_path / "report.json")])
    assert code is None or found == code
    return json.loads((tmp_path / "report.json").read_text())["gates"]


def worse_by(differences, start=10.0):
    """Two models whose absolute errors differ by these."""
    differences = np.asarray(differences, float)
    spread = start + np.arange(len(differences)) % 7
    return {"y": np.zeros(len(differences)), "a": spread, "b": spread + differences}


def noise(n, mean=0.0, seed=0):
    """Differences with this mean and a standard deviation of 1."""
    values = np.random.default_rng(seed).normal(size=n)
    return (values - values.mean()) / values.std(ddof=1) + mean


def test_shown_passes_only_within_the_margin_and_significant_fails_only_beyond(tmp_path):
    """The picture of four intervals: the standard error is 0.1, and 0.5 is allowed."""
    gates = ("--gate", "b/mae<=a+0.5 shown", "--gate", "b/mae<=a+0.5 significant")
    picture = {0.0: ("passed", "passed"), 0.25: ("passed", "passed"), 0.45: ("failed", "passed"),
               0.75: ("failed", "failed")}  # fmt: skip
    for change, states in picture.items():
        assert tuple(gate["state"] for gate in judged(tmp_path, worse_by(noise(100, change)), *TWO, *gates)) == states


def test_evidence_is_asked_of_few_rows(tmp_path):
    """Differences of 1, 8 and 0.5 passed `significant`: it is the fewer rows, the easier to pass."""
    data = worse_by([1, 8, 0.5])
    for text in ("b/mae<=a shown", "b/mae<=a+5 shown", "b/mae<=a+20% shown", "b/mae<=a+max(1%,1) shown"):
        (gate,) = judged(tmp_path, data, *TWO, "--gate", text, code=1)
        assert gate["state"] == "failed" and "not enough units: 3 rows" in gate["reason"]
    (gate,) = judged(tmp_path, data, *TWO, "--gate", "b/mae<=a significant", code=1)
    assert "not enough units: 3 rows, of which a one-sided test has p = 0.125 at best" in gate["reason"]
    (gate,) = judged(tmp_path, data, *TWO, "--gate", "b/mae<=a significant if-enough", code=0)
    assert (gate["state"], gate["passed"]) == ("skipped", None)
    (gate,) = judged(tmp_path, worse_by(noise(6)), *TWO, "--gate", "b/mae<=a significant", code=0)
    assert gate["state"] == "passed"  # 2**-6 is below 2.5 %
    (gate,) = judged(tmp_path, worse_by(noise(6)), *TWO, "--gate", "b/mae<=a significant", "--level", "0.99", code=1)
    assert "p = 0.0156 at best, and 0.005 is asked for" in gate["reason"]


def test_p_is_that_of_the_one_sided_t_test(tmp_path):
    data = worse_by(noise(30, 0.2, seed=1))
    differences = np.abs(data["b"]) - np.abs(data["a"])
    shown, significant = judged(tmp_path, data, *TWO, "--gate", "b/mae<=a+0.3 shown",
                                "--gate", "b/mae<=a+0.3 significant")  # fmt: skip
    within = stats.ttest_1samp(differences, 0.3, alternative="less").pvalue
    beyond = stats.ttest_1samp(differences, 0.3, alternative="greater").pvalue
    assert shown["test"]["p"] == pytest.approx(within, rel=1e-10)
    assert significant["test"]["p"] == pytest.approx(beyond, rel=1e-10)
    assert shown["test"]["holm"] is None and significant["test"]["holm"] == significant["test"]["p"]
    (relative,) = judged(tmp_path, data, *TWO, "--gate", "b/mae<=a+5% shown")
    beyond = np.abs(data["b"]) - 1.05 * np.abs(data["a"])
    assert relative["test"]["p"] == pytest.approx(stats.ttest_1samp(beyond, 0, alternative="less").pvalue, rel=1e-9)


def test_holm_is_over_the_slices_of_a_gate(tmp_path):
    slices = [noise(40, mean, seed) for seed, mean in enumerate((0.0, 0.36, 0.7, -0.2))]
    data = {**worse_by(np.concatenate(slices)), "s": np.repeat(list("pqrs"), 40)}
    gates = judged(tmp_path, data, *TWO, "--gate", "b/mae<=a significant by s", "--gate", "b/mae<=a+1 shown by s")
    alone = [stats.ttest_1samp(one, 0, alternative="greater").pvalue for one in slices]
    found = gates[:4]
    assert [gate["test"]["p"] for gate in found] == pytest.approx(alone, rel=1e-8)
    assert [gate["test"]["holm"] for gate in found] == pytest.approx(holm(alone), rel=1e-8)
    assert 0.005 < alone[1] < 0.025 < holm(alone)[1]
    assert [gate["state"] for gate in found] == ["passed", "passed", "failed", "passed"]
    assert "by Holm's method over 4 tests" in found[1]["reason"] and "a significant" not in found[1]["reason"]
    (single,) = judged(tmp_path, worse_by(slices[1]), *TWO, "--gate", "b/mae<=a significant")
    assert single["state"] == "failed"
    assert all(gate["test"]["holm"] is None for gate in gates[4:])


def test_the_larger_of_two_tolerances_is_two_chances(tmp_path):
    """Within either is within the larger; at the boundary of both, each alone would be shown in 2.5 % of samples."""
    data = worse_by(noise(50, 0.0, seed=4), start=0.5)
    (gate,) = judged(tmp_path, data, *TWO, "--gate", "b/mae<=a+max(10%,0.3) shown")
    change = np.abs(data["b"]) - np.abs(data["a"])
    ps = [stats.ttest_1samp(values, margin, alternative="less").pvalue
          for values, margin in ((change - 0.1 * np.abs(data["a"]), 0), (change, 0.3))]  # fmt: skip
    assert gate["test"]["p"] == pytest.approx(min(2 * min(ps), max(ps)), rel=1e-9)
    (gate,) = judged(tmp_path, data, *TWO, "--gate", "b/mae<=a+max(10%,0.3) significant")
    ps = [stats.ttest_1samp(values, margin, alternative="greater").pvalue
          for values, margin in ((change - 0.1 * np.abs(data["a"]), 0), (change, 0.3))]  # fmt: skip
    assert gate["test"]["p"] == pytest.approx(max(ps), rel=1e-9)


def test_simes():
    assert simes([0.02]) == 0.02
    assert simes([0.01, 0.9]) == 0.02
    assert simes([0.02, 0.021]) == 0.021
    assert simes([0.9, 0.03, 0.3]) == pytest.approx(0.09)


def test_not_enough_rows_to_tell(tmp_path):
    """The interval holds no change and the tolerance: the reason says what the rows could tell, and how many would."""
    n = 40
    data = worse_by(noise(n, 0.1, seed=5))
    for kind, state in (("significant", "passed"), ("shown", "failed")):
        (gate,) = judged(tmp_path, data, *TWO, "--gate", f"b/mae<=a+0.2 {kind}")
        test = gate["test"]
        assert gate["state"] == state and not test["enough_rows"]
        least = test["power"]["minimal_detectable_difference"] * math.sqrt(n)
        assert stats.nct.sf(stats.t.ppf(0.975, n - 1), n - 1, least) == pytest.approx(0.8, rel=1e-8)
        needed = test["power"]["units_needed"]
        powers = [stats.nct.sf(stats.t.ppf(0.975, k - 1), k - 1, 0.2 * math.sqrt(k)) for k in (needed - 1, needed)]
        assert powers[0] < 0.8 <= powers[1]
        assert (
            f"not enough rows to tell: 40 rows have a minimal detectable difference of {least / n**0.5:.3g}"
            in (gate["reason"])
        )
        assert gate["reason"].endswith(f"(80 % power), the tolerance is 0.2, so {needed} would be needed")
    (gate,) = judged(tmp_path, data, *TWO, "--gate", "b/mae<=a significant")
    observed = gate["test"]["power"]["units_needed"]
    powers = [stats.nct.sf(stats.t.ppf(0.975, k - 1), k - 1, 0.1 * math.sqrt(k)) for k in (observed - 1, observed)]
    assert powers[0] < 0.8 <= powers[1]
    assert gate["reason"].endswith(f"; {observed} would be needed for the observed change")
    (gate,) = judged(tmp_path, data, *TWO, "--gate", "b/mae<=a+0.5 significant")
    assert gate["test"]["enough_rows"] and "not enough" not in gate["reason"]


def test_clusters_are_the_units(tmp_path):
    data = {**worse_by(noise(60, seed=6)), "c": np.repeat([f"c{i}" for i in range(12)], 5)}
    (gate,) = judged(tmp_path, data, *TWO, "--gate", "b/mae<=a+0.1 significant", "--cluster", "c")
    assert "12 values of 'c' have a minimal detectable difference" in gate["reason"]
    assert gate["test"]["power"]["units"] == 12
    few = {**data, "c": np.repeat(list("pqrst"), 12)}
    (gate,) = judged(tmp_path, few, *TWO, "--gate", "b/mae<=a+0.1 significant", "--cluster", "c")
    assert gate["state"] == "failed" and "not enough units: 5 values of 'c'" in gate["reason"]


def test_where_nothing_varies(tmp_path):
    """A change that is the same in all units has no interval: it shows nothing of how uncertain it is."""
    data = worse_by([1.0] * 30)
    gates = ("b/mae<=a+2 shown", "b/mae<=a significant", "b/mae<=a+2 significant")
    asked = [word for gate in gates for word in ("--gate", gate)]
    shown, significant, allowed = judged(tmp_path, data, *TWO, *asked)
    assert shown["state"] == "failed" and "its uncertainty is unknown" in shown["reason"]
    assert significant["state"] == "failed" and significant["test"]["p"] == 2.0**-30
    assert allowed["state"] == "passed" and allowed["test"]["p"] == 1
    (same,) = judged(tmp_path, worse_by([0.0] * 30), *TWO, "--gate", "b/mae<=a+0.1 shown", code=1)
    assert same["state"] == "failed"


def test_every_format_says_where_a_pass_is_no_evidence(tmp_path, capsys):
    pa.parquet.write_table(pa.table(worse_by(noise(20, seed=7))), tmp_path / "d.parquet")
    given = ["eval", str(tmp_path / "d.parquet"), *TWO, "--gate", "b/mae<=a+0.1 significant"]
    for name in ("table", "markdown", "html", "json", "jsonl", "junit", "github"):
        assert run([*given, "-f", name]) == 0
        assert "not enough rows to tell: 20 rows" in capsys.readouterr().out, name
    for name in ("plain", "csv", "openmetrics"):
        assert run([*given, "-f", name]) == 0
        assert "not enough rows to tell: 20 rows" in capsys.readouterr().err, name
    assert run([*given, "-f", "table"]) == 0
    assert "p (one-sided)" in capsys.readouterr().out


def test_the_gate_of_a_configuration_may_be_a_table(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    pa.parquet.write_table(pa.table(worse_by(noise(20, seed=8))), "d.parquet")
    suite = '[suites.s]\nsources = ["d.parquet"]\ntarget = "y"\npred = ["a", "b"]\nlosses = ["mae"]\n'
    baseline = 'baseline = "before.json"\n'
    gate = '[[suites.s.gate]]\nloss = "mae"\nmodel = "b"\nmax = 20.0\n'
    (tmp_path / "losscli.toml").write_text(suite + gate + "shown = true\n")
    assert run(["check", "--list"]) == 2
    assert "'shown' needs a baseline or a model" in capsys.readouterr().err
    table = gate.replace("max = 20.0", 'max-regression = "1%"')
    for keys, words in (("shown = true", "shown"), ("significant = true\nif-enough = true", "significant if-enough")):
        (tmp_path / "losscli.toml").write_text(f"{suite}{baseline}{table}{keys}\n")
        assert run(["check", "--list"]) == 0
        assert f"b/mae<=baseline+1% {words}" in capsys.readouterr().out
    for keys, says in (("shown = true\nsignificant = true", "not both"), ("if-enough = true", "needs significant")):
        (tmp_path / "losscli.toml").write_text(f"{suite}{table}{keys}\n")
        assert run(["check", "--list"]) == 2
        assert says in capsys.readouterr().err


def test_holm_over_all_suites(tmp_path, monkeypatch, capsys):
    """Equal models in many suites fail as seldom as in one; a suite that ends in an error is out of the family."""
    monkeypatch.chdir(tmp_path)
    suites = []
    for name, mean in (("p", 0.36), ("q", 0.7), ("r", 0.0), ("s", 0.1)):
        pa.parquet.write_table(pa.table(worse_by(noise(40, mean, seed=9))), f"{name}.parquet")
        suites.append(f'[suites.{name}]\nsources = ["{name}.parquet"]\ntarget = "y"\npred = ["a", "b"]\n'
                      'losses = ["mae"]\ngates = ["b/mae<=a significant", "b/mae<=a+5 shown"]\n'
                      f'outputs = ["{name}.json"]\n')  # fmt: skip
    (tmp_path / "losscli.toml").write_text("".join(suites))

    def states(*options, code):
        assert run(["check", "-f", "json", *options]) == code
        found = json.loads(capsys.readouterr().out)["suites"]
        return [(one["report"]["status"], one["report"]["gates"][0]) for one in found]

    alone = states(code=1)
    assert [status for status, _ in alone] == ["failed", "failed", "passed", "passed"]
    assert all(gate["test"]["tests"] == 1 for _, gate in alone)
    together = states("--holm-over", "suites", code=1)
    assert [status for status, _ in together] == ["passed", "failed", "passed", "passed"]
    ps = [gate["test"]["p"] for _, gate in together]
    assert [gate["test"]["holm"] for _, gate in together] == holm(ps)
    assert all("by Holm's method over 4 tests" in gate["reason"] for _, gate in together)
    assert json.loads((tmp_path / "p.json").read_text())["status"] == "passed"
    (tmp_path / "losscli.toml").write_text("".join([*suites[1:], suites[0].replace('"p.parquet"', '"none.parquet"')]))
    assert run(["check", "--holm-over", "suites"]) == 4
    seen = capsys.readouterr().err
    assert "by Holm's method over 3 tests" in seen and "none.parquet" in seen
