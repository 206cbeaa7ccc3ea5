"""Studentised and percentile intervals from bootstrap resamples: against formulas, SciPy and simulations."""

from __future__ import annotations

import json
import math

import jsonschema
import numpy as np
import pytest
from scipy import stats

import losscli
from losscli.cli.entry import run
from losscli.errors import UsageError
from losscli.statistics.bootstrap import bootstrap
from losscli.statistics.intervals import slice_stream
from losscli.statistics.resampling import RandomStream

N = 60
RNG = np.random.default_rng(20261129)
TARGET = RNG.normal(size=N)
DATA = {
    "y": TARGET,
    "a": TARGET + RNG.normal(size=N),
    "b": TARGET + 1.1 * RNG.normal(size=N),
    "w": RNG.uniform(0.2, 2, N),
    "user": np.arange(N) // 3,
}
SQUARES, OTHERS = (DATA["a"] - TARGET) ** 2, (DATA["b"] - TARGET) ** 2
DRAWS = 800
STREAM = slice_stream(())


def one(loss, method="studentised", data=DATA, **settings):
    return losscli.evaluate(data, loss, target="y", pred="a", bootstrap=DRAWS, bootstrap_method=method, **settings)[0]


def by_hand(units, value_and_influence, level=0.95, seed=0):
    """The bootstrap-t interval, one resample after the other: `value_and_influence` of the drawn units."""

    def value_and_error(sample):
        value, influence = value_and_influence(sample)
        return value, math.sqrt(((influence - influence.mean()) ** 2).sum() * len(sample) / (len(sample) - 1))

    value, error = value_and_error(units)
    draws = RandomStream(seed, (1, *STREAM)).indices(DRAWS, len(units))
    drawn = [value_and_error(units[rows]) for rows in draws]
    low, high = np.quantile([(v - value) / e for v, e in drawn], [(1 - level) / 2, (1 + level) / 2])
    return value - high * error, value - low * error


def drawn_order(values, **settings):
    """The positions of these values (of mse, of each unit) in the order in which units are drawn, by a hash."""
    tables = []

    def recorded(sums, *given):
        tables.append(sums)
        return bootstrap(sums, *given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("losscli.statistics.bootstrap.bootstrap", recorded)
        one("mse", **settings)
    (table,) = tables
    column = next(one for one in table.T if np.sort(one) == pytest.approx(np.sort(values), rel=1e-12))
    return np.argsort(values)[np.argsort(np.argsort(column))]


@pytest.fixture(scope="module")
def rows():
    return drawn_order(SQUARES)


def mean(sample):
    """Of values of one weight, or (weighted sum, weight)."""
    top, below = (sample, np.ones(len(sample))) if sample.ndim == 1 else sample.T
    value = top.sum() / below.sum()
    return value, (top - value * below) / below.sum()


def root(sample):
    value, influence = mean(sample)
    return math.sqrt(value), influence / (2 * math.sqrt(value))


def total(sample):
    return sample.sum(), sample


@pytest.mark.parametrize("level", [0.8, 0.95])
def test_of_a_mean_it_is_the_textbooks(level, rows):
    values = SQUARES[rows]
    found = one("mse", level=level)
    assert found.interval == pytest.approx(by_hand(values, mean, level), rel=1e-10)
    error = SQUARES.std(ddof=1) / math.sqrt(N)
    ts = []
    for drawn in RandomStream(0, (1, *STREAM)).indices(DRAWS, N):
        some = values[drawn]
        ts.append((some.mean() - SQUARES.mean()) / (some.std(ddof=1) / math.sqrt(N)))
    high, low = np.quantile(ts, [(1 - level) / 2, (1 + level) / 2])
    assert found.interval == pytest.approx((SQUARES.mean() - low * error, SQUARES.mean() - high * error), rel=1e-10)


def test_of_other_values_it_is_that_of_their_influence(rows):
    assert one("rmse").interval == pytest.approx(by_hand(SQUARES[rows], root), rel=1e-10)
    assert one("mse", reduction="sum").interval == pytest.approx(by_hand(SQUARES[rows], total), rel=1e-10)
    pairs = np.column_stack([DATA["w"] * SQUARES, DATA["w"]])[rows]
    assert one("mse", weight="w").interval == pytest.approx(by_hand(pairs, mean), rel=1e-10)
    assert one("rmse", weight="w").interval == pytest.approx(by_hand(pairs, root), rel=1e-10)


def test_of_a_ratio_of_two_terms_it_is_the_delta_method(rows):
    pairs = np.column_stack([np.abs(DATA["a"] - TARGET), np.abs(TARGET)])[rows]
    assert one("wmape").value == pytest.approx(mean(pairs)[0])
    assert one("wmape").interval == pytest.approx(by_hand(pairs, mean), rel=1e-10)

    def both(sample):
        (m, i), (r, j) = mean(sample[:, 0]), mean(sample)
        return m + 2 * r, i + 2 * j

    assert one("loss=mae+2*wmape").interval == pytest.approx(by_hand(pairs, both), rel=1e-10)


def test_clusters_are_the_units():
    data = {**DATA, "user": np.sort(RNG.integers(0, 25, N))}
    sizes = np.bincount(data["user"])
    kept = sizes > 0
    pairs = np.column_stack([np.bincount(data["user"], SQUARES), sizes])[kept]
    assert len(set(sizes[kept])) > 2
    pairs = pairs[drawn_order(pairs[:, 0], data=data, cluster="user")]
    found = one("mse", data=data, cluster="user")
    assert found.interval == pytest.approx(by_hand(pairs, mean), rel=1e-10)
    assert found.uncertainty.count == len(pairs)


@pytest.mark.parametrize("cluster", [None, "user"])
def test_a_difference_is_that_of_pairs(cluster, rows):
    settings = {} if cluster is None else {"cluster": cluster}
    found = losscli.compare(
        DATA, ["mse", "rmse"], target="y", pred={"a": "a", "b": "b"}, against="b", bootstrap=DRAWS, permutations=0,
        bootstrap_method="studentised", **settings,
    ).comparisons  # fmt: skip
    pairs = np.column_stack([SQUARES, OTHERS])[rows]
    if cluster is not None:  # of one size
        sums = np.column_stack([np.bincount(DATA["user"], column) for column in (SQUARES, OTHERS)])
        pairs = sums[drawn_order(sums[:, 0], cluster=cluster)] / 3

    def roots(sample):
        (a, i), (b, j) = root(sample[:, 0]), root(sample[:, 1])
        return a - b, i - j

    assert found[0].uncertainty.method == "bootstrap-t"
    assert found[0].interval == pytest.approx(by_hand(pairs[:, 0] - pairs[:, 1], mean), rel=1e-9)
    assert found[1].interval == pytest.approx(by_hand(pairs, roots), rel=1e-9)


def test_percentiles_are_quantiles(rows):
    found = one("mse", "percentile")
    draws = RandomStream(0, (1, *STREAM)).indices(DRAWS, N)
    assert found.interval == pytest.approx(np.quantile(SQUARES[rows][draws].mean(axis=1), [0.025, 0.975]), rel=1e-12)
    want = stats.bootstrap((SQUARES,), np.mean, n_resamples=8000, method="percentile", rng=np.random.default_rng(1))
    ends = want.confidence_interval
    assert found.interval == pytest.approx((ends.low, ends.high), abs=0.3 * want.standard_error)


def test_methods_differ_by_their_interval_alone():
    found = {method: one("mse", method) for method in ("bca", "studentised", "percentile")}
    assert len({result.stderr for result in found.values()}) == 1
    assert len({result.interval for result in found.values()}) == 3
    names = {method: result.uncertainty.method for method, result in found.items()}
    assert names == {"bca": "bootstrap", "studentised": "bootstrap-t", "percentile": "bootstrap-percentile"}
    plain = losscli.evaluate(DATA, "mse", target="y", pred="a", bootstrap=DRAWS)[0]
    assert plain.interval == found["bca"].interval


def test_no_digits_are_lost_far_from_0():
    """All values are moved by a large number, and so are the ends."""
    values = np.round(SQUARES * 2**20) / 2**20  # so that the sums have no rounding

    def interval(moved):
        sums = np.column_stack([values + moved, np.ones(N)])
        found = bootstrap(sums, lambda s: s[..., 0] / s[..., 1], DRAWS, 0.95, 0, STREAM, "studentised")
        return found.low - moved, found.high - moved

    assert interval(2.0**24) == pytest.approx(interval(0.0), rel=1e-7)


def test_the_interval_stays_within_the_limits():
    data = {"y": np.zeros(8), "a": np.array([0, 0.1, 0.1, 0.2, 0.1, 0.3, 0.2, 9.0])}
    found = one("mse", data=data)
    assert found.interval[0] == 0


def test_resamples_without_a_standard_error():
    """Of four rows one resample in 64 has a single row; of two errors among 50 decisions one in eight has none."""
    report = losscli.evaluate({"y": np.zeros(4), "a": np.arange(4.0)}, "mse", target="y", pred="a",
                              bootstrap=DRAWS, bootstrap_method="studentised")  # fmt: skip
    assert report[0].stderr > 0 and report[0].interval is None
    draws = np.sort(RandomStream(0, (1, *STREAM)).indices(DRAWS, 4), axis=1)
    alike = int((draws[:, 0] == draws[:, -1]).sum())
    text = f"{alike} of 800 bootstrap resamples have no standard error, so there is no studentised interval"
    assert any(text in warning.message for warning in report.warnings)
    assert report[0].uncertainty.reason == text
    decisions = {"y": np.ones(50), "a": np.where(np.arange(50) < 2, 0.1, 0.9)}
    assert one("zero_one", data=decisions).interval is None
    few = bootstrap(np.column_stack([np.arange(6.0), np.ones(6)]), lambda s: s[..., 0] / s[..., 1], 5000, 0.95, 0,
                    (), "studentised")  # fmt: skip
    assert 0 < few.degenerate < 15 and few.low < 2.5 < few.high


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"bootstrap_method": "studentised"}, "--bootstrap-method is about bootstrap resamples, and there are none"),
        ({"bootstrap_method": "walls", "bootstrap": 9}, "there is no bootstrap_method 'walls'"),
        ({"bootstrap_method": "bca", "bootstrap": 9, "time": "y"}, "--bootstrap-method and --time cannot be used"),
    ],
)
def test_what_makes_no_sense_is_refused(settings, message):
    with pytest.raises(UsageError, match=message):
        losscli.evaluate(DATA, "mse", target="y", pred="a", **settings)


def test_on_the_command_line(tmp_path, capsys):
    path = tmp_path / "rows.csv"
    path.write_text(
        "y,a\n" + "".join(f"{y!r},{a!r}\n" for y, a in zip(TARGET.tolist(), DATA["a"].tolist(), strict=True))
    )
    asked = ["eval", str(path), "-t", "y", "-p", "a", "-l", "mse", "--bootstrap-method", "studentised"]
    assert run([*asked, "--bootstrap", "800", "-f", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, json.loads(losscli.report.schema()))
    found = document["results"][0]
    assert found["uncertainty"]["method"] == "bootstrap-t" and found["uncertainty"]["resamples"] == 800
    assert found["interval"] == pytest.approx(one("mse").interval, rel=1e-12)
    assert run([*asked, "--bootstrap", "800", "-f", "table"]) == 0
    assert "studentised bootstrap (800 resamples, seed 0)" in capsys.readouterr().out
    assert run(asked) == 2
    assert "there are none" in capsys.readouterr().err


def test_coverage_of_ten_squares():
    """1,500 samples with 999 resamples: 0.947 of the studentised intervals hold the true value, 0.859 of BCa."""
    samples = 1000
    errors = np.random.default_rng(5).normal(size=samples * 10)
    data = {"y": np.zeros(samples * 10), "a": errors, "s": np.repeat(np.arange(samples), 10)}

    def coverage(method):
        report = losscli.evaluate(data, "mse", target="y", pred="a", by="s", bootstrap=399, bootstrap_method=method)
        ends = [result.interval for result in report if result.by]
        return np.mean([low <= 1 <= high for low, high in ends])

    assert 0.935 < coverage("studentised") < 0.965
    assert coverage("bca") < 0.89
