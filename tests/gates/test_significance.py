"""Gates on significant changes, end to end: the numbers of their tests, and how often they fail by chance."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from scipy import stats

from losscli.cli.entry import run


def judged(tmp_path, data, *arguments):
    """The gates of a run on these columns, from its report."""
    pa.parquet.write_table(pa.table(data), tmp_path / "data.parquet")
    run(["eval", str(tmp_path / "data.parquet"), "-t", "y", *arguments, "-q", "-o", str(tmp_path / "report.json")])
    return json.loads((tmp_path / "report.json").read_text())["gates"]


def ends(gate):
    """The ends of the intervals that the reason shows."""
    return [tuple(map(float, text.split("]")[0].split(", "))) for text in gate["reason"].split("[")[1:]]


def models(n=40, seed=1):
    rng = np.random.default_rng(seed)
    return {"y": np.zeros(n), "a": rng.normal(size=n), "b": 1.2 * rng.normal(size=n)}


def t_interval(values):
    return stats.t.interval(0.95, len(values) - 1, values.mean(), stats.sem(values))


def test_a_relative_margin_is_a_joint_test_row_by_row(tmp_path):
    data = models()
    two = ("-p", "a", "-p", "b", "-l", "mae")
    (gate,) = judged(tmp_path, data, *two, "--gate", "b/mae<=a+20% significant")
    assert ends(gate) == [pytest.approx(t_interval(np.abs(data["b"]) - 1.2 * np.abs(data["a"])), rel=1e-12)]
    (gate,) = judged(tmp_path, data, *two, "--gate", "b/mae<=a+max(1%,5) significant")
    absolute = np.abs(data["b"]) - np.abs(data["a"])
    relative = absolute - 0.01 * np.abs(data["a"])
    assert ends(gate) == [pytest.approx(t_interval(values), rel=1e-12) for values in (relative, absolute)]
    assert "shows no significant worsening beyond 5 (one-sided p = " in gate["reason"]
    (gate,) = judged(tmp_path, data, *two, "--gate", "b/mae<=a+20% significant", "--interval", "--bootstrap", "4000")
    assert ends(gate) == [pytest.approx(t_interval(np.abs(data["b"]) - 1.2 * np.abs(data["a"])), abs=0.06)]


@pytest.mark.parametrize("weighted", [False, True])
def test_a_relative_margin_of_few_rows_is_tested_by_signs(tmp_path, weighted):
    """The interval of a - 1.2 b of ten rows has the numbers that the signs of its rows do not reject."""
    rng = np.random.default_rng(7)
    a, b = rng.uniform(1, 2, 10), rng.uniform(1, 1.5, 10)
    w = rng.uniform(1, 1.5, 10) if weighted else np.ones(10)
    data, two = {"y": np.zeros(10), "a": a, "b": b, "w": w}, ("-p", "a", "-p", "b", "-l", "mae")
    weights = ("-w", "w") if weighted else ()
    (gate,) = judged(tmp_path, data, *two, *weights, "--gate", "a/mae<=b+20% significant")
    share = w / w.sum()

    def p_of(shift):
        moved = share * (a - 1.2 * b - shift)
        return stats.permutation_test((moved,), lambda x, axis: np.sum(x, axis=axis), permutation_type="samples",
                                      vectorized=True, n_resamples=np.inf).pvalue  # fmt: skip

    ((low, high),) = ends(gate)
    assert p_of(low - 1e-9) < 0.05 <= p_of(low + 1e-9) and p_of(high + 1e-9) < 0.05 <= p_of(high - 1e-9)


def test_where_higher_is_better_and_where_the_reference_is_negative(tmp_path):
    rng = np.random.default_rng(2)
    data = {"y": rng.normal(size=30), "a": rng.normal(size=30), "b": rng.normal(size=30)}
    (gate,) = judged(tmp_path, {**data, "s": np.full(30, 0.01)}, "-p", "a", "-p", "b", "-c", "variance=s",
                     "-l", "gaussian_nll", "--gate", "b/gaussian_nll<=a+10% significant")  # fmt: skip
    nll = {name: 0.5 * (np.log(0.01) + (data["y"] - data[name]) ** 2 / 0.01) for name in "ab"}
    multiple = 1.1 if nll["a"].mean() > 0 else 0.9
    assert ends(gate) == [pytest.approx(t_interval(nll["b"] - multiple * nll["a"]), rel=1e-9)]
    same = np.full(30, 0.6) + rng.uniform(0, 0.3, 30)
    small = {"y": data["y"] * 0.1, "a": data["y"] * 0.1 + 0.01 * same, "b": data["y"] * 0.1 - 0.02 * same**2,
             "s": np.full(30, 0.01)}  # fmt: skip
    (gate,) = judged(tmp_path, small, "-p", "a", "-p", "b", "-c", "variance=s",
                     "-l", "gaussian_nll", "--gate", "b/gaussian_nll<=a+10% significant")  # fmt: skip
    nll = {name: 0.5 * (np.log(0.01) + (small["y"] - small[name]) ** 2 / 0.01) for name in "ab"}
    assert nll["a"].mean() < 0
    assert ends(gate) == [pytest.approx(t_interval(nll["b"] - 0.9 * nll["a"]), rel=1e-9)]


def test_a_relative_margin_on_saved_rows(tmp_path):
    data = models(seed=3)
    saved = str(tmp_path / "base.json")
    judged(tmp_path, {"y": data["y"], "p": data["a"]}, "-p", "p", "-l", "mae", "-o", saved,
           "-o", f"rows={tmp_path / 'rows.csv'}")  # fmt: skip
    (gate,) = judged(tmp_path, {"y": data["y"], "p": data["b"]}, "-p", "p", "-l", "mae",
                     "--baseline", saved, "--gate", "mae<=baseline+1% significant")  # fmt: skip
    assert ends(gate) == [pytest.approx(t_interval(np.abs(data["b"]) - 1.01 * np.abs(data["a"])), rel=1e-9)]


def test_at_the_true_boundary_a_relative_margin_is_exceeded_as_often_as_its_level(tmp_path):
    """With the margin taken of an estimate as if it were known, 463 of 1,000 were where 25 should be."""
    samples, n = 1000, 50
    rng = np.random.default_rng(4)
    data = {"y": np.zeros(samples * n), "s": np.repeat(np.arange(samples), n),
            "a": rng.standard_normal(samples * n), "b": 1.2 * rng.standard_normal(samples * n)}  # fmt: skip
    gates = judged(tmp_path, data, "-p", "a", "-p", "b", "-l", "mae", "--gate", "b/mae<=a+20% significant by s")
    assert len(gates) == samples
    beyond = [gate["test"]["p"] < 0.025 for gate in gates]
    assert 10 <= sum(beyond) <= 40  # 25, and three standard deviations of chance
    for gate, exceeded in zip(gates, beyond, strict=True):  # the p-value is that of the interval that is shown
        assert (ends(gate)[0][0] > 0) == exceeded
        assert (gate["state"] == "failed") == (gate["test"]["holm"] < 0.025) and gate["test"]["tests"] == samples


def test_the_test_that_decides_a_gate_can_be_named_also_in_a_suite(tmp_path, monkeypatch, capfd):
    """Of ten rows the permutation test would decide; the interval of t is SciPy's. A test without a gate is told of."""
    data = {one: values[:10] for one, values in models().items()}
    gate = "b/mae<=a significant"
    by_t = t_interval(np.abs(data["b"]) - np.abs(data["a"]))
    (plain,) = judged(tmp_path, data, "-p", "a", "-p", "b", "-l", "mae", "--gate", gate)
    (named,) = judged(tmp_path, data, "-p", "a", "-p", "b", "-l", "mae", "--gate", gate, "--test", "t")
    assert ends(named) == [pytest.approx(by_t, rel=1e-12)]
    assert ends(plain) != [pytest.approx(by_t, rel=1e-3)]
    suite = 'sources = "data.parquet"\ntarget = "y"\npred = ["a", "b"]\nlosses = "mae"\noutputs = "own.json"\n'
    (tmp_path / "losscli.toml").write_text(
        f'[suites.one]\n{suite}test = "t"\ngates = "{gate}"\n[suites.two]\n{suite.replace("own", "two")}test = "wild"\n'
    )
    monkeypatch.chdir(tmp_path)
    run(["check"])
    assert json.loads((tmp_path / "own.json").read_text())["gates"][0]["reason"] == named["reason"]
    assert "--test wild decides nothing: no gate has 'significant' or 'shown'" in capfd.readouterr().err
