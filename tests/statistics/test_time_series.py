"""Rows in time: the variance of Newey and West, the test of Diebold and Mariano, and the order of times."""

from __future__ import annotations

import datetime
import math

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
from scipy import stats
from scipy.signal import lfilter

import losscli
from losscli.cli.entry import run
from losscli.errors import DataError, UsageError
from losscli.statistics.block_bootstrap import _resampled_totals, block_length
from losscli.statistics.long_run_variance import automatic_lag, bartlett, lagged_sum, persistence, working_model
from losscli.statistics.resampling import RandomStream
from tests.support.series_simulation import simulate

SERIES = np.array([3.1, 2.7, 4.4, 5.0, 4.1, 3.3, 2.2, 2.9, 4.8, 5.6, 5.1, 4.0, 3.6, 2.5, 3.0, 4.2])
OTHER = np.array([2.5, 2.9, 3.9, 5.4, 3.9, 3.4, 2.6, 3.3, 4.1, 5.0, 5.5, 4.6, 3.1, 2.9, 3.5, 4.6])


def autoregression(phi, n, seed=0, start=200):
    return lfilter([1], [1, -phi], np.random.default_rng(seed).standard_normal(n + start))[start:]


def kernel_matrix(weights, n):
    return np.array([[weights[abs(i - j)] if abs(i - j) < len(weights) else 0.0 for j in range(n)] for i in range(n)])


def written_out(influence, shares):
    """The variance and degrees of freedom by their matrices, for the influence of each time and its share."""
    n = len(influence)
    r = influence[1:] @ influence[:-1] / (influence @ influence)
    r = min(max(r + (1 + 3 * r) / n, -0.97), 0.97)
    rest = influence[1:] - r * influence[:-1]
    later = shares[1:] / shares[1:].sum()
    rest = rest - later * rest.sum()
    lag = math.ceil(1.3 * math.sqrt(n - 1)) - 1
    kernel = kernel_matrix([1 - k / (lag + 1) for k in range(lag + 1)], n - 1)
    covariance = np.diag(later) - np.outer(later, later)
    product = kernel @ covariance
    variance = rest @ kernel @ rest / np.trace(product) / shares[1:].sum() / (1 - r) ** 2
    return math.sqrt(variance), np.trace(product) ** 2 / np.trace(product @ product), r, lag


# -- the sums ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lag", "want"), [(0, 0.24767966174829556), (3, 0.26192360219856464), (5, 0.16468955688350237)]
)
def test_the_sum_is_that_of_statsmodels(lag, want):
    """statsmodels 0.15: OLS(y, ones).fit(cov_type="HAC", cov_kwds=dict(maxlags=lag, use_correction=False)).bse."""
    rest = (SERIES - SERIES.mean()) / len(SERIES)
    assert math.sqrt(lagged_sum(rest, bartlett(lag))) == pytest.approx(want, rel=1e-13)


def test_the_working_model_is_that_of_its_matrices():
    rng = np.random.default_rng(0)
    one, other = rng.uniform(size=(2, 23))
    other[:5] = 0
    parts = [(2.0, one / one.sum()), (3.0, other / other.sum())]
    kernel = kernel_matrix(bartlett(6), 23)
    covariance = sum(by / 5 * (np.diag(shares) - np.outer(shares, shares)) for by, shares in parts)
    product = kernel @ covariance
    found = working_model(parts, bartlett(6))
    assert found.expected == pytest.approx(np.trace(product), rel=1e-12)
    assert found.df == pytest.approx(np.trace(product) ** 2 / np.trace(product @ product), rel=1e-12)


def test_without_lags_it_is_that_of_independent_values():
    found = working_model([(1.0, np.full(20, 0.05))], bartlett(0))
    assert (found.expected, found.df) == pytest.approx((0.95, 19), rel=1e-13)


@pytest.mark.parametrize(("count", "lag"), [(2, 1), (29, 7), (100, 12), (1000, 41)])
def test_the_automatic_lag_grows_with_the_root(count, lag):
    assert automatic_lag(count) == lag


def test_persistence_is_bounded_and_corrected():
    assert persistence(np.array([1.0, -1, 1, -1, 1, -1])) == -0.97
    assert persistence(np.array([2.0, 1, -1, -2])) == pytest.approx(0.3 + (1 + 0.9) / 4)
    assert persistence(np.linspace(-1, 1, 200)) == 0.97
    assert persistence(np.zeros(5)) == 0


# -- values ------------------------------------------------------------------------------------------------------------


def series_of(values):
    """Rows whose squared error is the value."""
    return {"a": np.sqrt(values), "y": np.zeros(len(values)), "at": np.arange(len(values))}


def result(data, loss="mse", **settings):
    return next(iter(losscli.evaluate(data, loss, **{"target": "y", "pred": "a", "time": "at", **settings})))


def test_of_a_mean_it_is_the_formula_written_out():
    values = 5 + autoregression(0.6, 80) ** 2
    found = result(series_of(values))
    values = series_of(values)["a"] ** 2
    stderr, df, r, lag = written_out((values - values.mean()) / 80, np.full(80, 1 / 80))
    assert found.stderr == pytest.approx(stderr, rel=1e-11)
    how = found.uncertainty
    assert (how.df, how.autocorrelation) == pytest.approx((df, r), rel=1e-11)
    assert (how.method, how.units, how.count, how.lag, how.kernel) == ("t", "at", 80, lag, "bartlett")
    assert found.interval == pytest.approx(stats.t.interval(0.95, df, values.mean(), stderr), rel=1e-10)


def test_weights_several_rows_of_a_time_and_a_ratio():
    """A panel: the influence values of rmse, weighted, are summed by time."""
    rng = np.random.default_rng(3)
    n = 300
    data = {"y": np.zeros(n), "a": rng.normal(size=n), "w": rng.lognormal(size=n), "at": rng.integers(0, 40, n)}
    found = result(data, "rmse", weight="w")
    squares, w = data["a"] ** 2, data["w"]
    mean = (w * squares).sum() / w.sum()
    influence = w * (squares - mean) / w.sum() / (2 * math.sqrt(mean))
    u, h = (np.bincount(data["at"], by) for by in (influence, w / w.sum()))
    stderr, df, _, _ = written_out(u[h > 0], h[h > 0])
    assert found.stderr == pytest.approx(stderr, rel=1e-11)
    assert found.uncertainty.df == pytest.approx(df, rel=1e-11)


def test_sums_and_balanced_classes_have_a_standard_error():
    rng = np.random.default_rng(4)
    data = {"a": rng.uniform(0.1, 0.9, 90), "y": (rng.uniform(size=90) < 0.3).astype(float), "at": np.arange(90)}
    whole, mean = result(data, "bce", reduction="sum"), result(data, "bce")
    assert whole.stderr == pytest.approx(90 * mean.stderr, rel=1e-11)
    assert result(data, "bce", class_weight="balanced").stderr > 0


def test_each_slice_is_a_series_of_its_own():
    data = {**series_of(20 + autoregression(0.5, 90)), "site": np.arange(90) % 3}
    sliced = [one for one in losscli.evaluate(data, "mse", target="y", pred="a", time="at", by="site") if one.by]
    alone = result({name: column[1::3] for name, column in data.items()})
    (second,) = (one for one in sliced if one.by == {"site": "1"})
    assert (second.stderr, second.uncertainty) == (alone.stderr, alone.uncertainty)


def test_two_times_tell_nothing():
    found = result(series_of(np.array([1.0, 2.0])))
    assert found.stderr is None and found.interval is None


def test_alike_values_have_no_interval():
    found = result(series_of(np.full(30, 4.0)))
    assert (found.stderr, found.interval) == (0, None)


# -- horizons ----------------------------------------------------------------------------------------------------------


def diebold_mariano(d, h, bartlett=False):
    """As forecast::dm.test of R computes it, with the correction of Harvey, Leybourne & Newbold."""
    n, rest = len(d), d - d.mean()
    covariances = [rest[k:] @ rest[: n - k] / n for k in range(h)]
    weights = [1 - k / h if bartlett else 1 for k in range(h)]
    variance = (covariances[0] + 2 * sum(w * c for w, c in zip(weights[1:], covariances[1:], strict=True))) / n
    statistic = d.mean() / math.sqrt(variance) * math.sqrt((n + 1 - 2 * h + h * (h - 1) / n) / n)
    return statistic, 2 * stats.t.sf(abs(statistic), n - 1)


def compared(first, second, **settings):
    data = {"a": first, "b": second, "y": np.zeros(len(first)), "at": np.arange(len(first))}
    return losscli.compare(
        data, "mse", target="y", pred={"a": "a", "b": "b"}, against="b", time="at", **settings
    ).comparisons[0]


@pytest.mark.parametrize("horizon", [1, 2, 3])
def test_a_horizon_is_the_test_of_diebold_and_mariano(horizon):
    first, second = autoregression(0.4, 60, 1), autoregression(0.3, 60, 2)
    found = compared(first, second, horizon=horizon)
    t, p = diebold_mariano(first**2 - second**2, horizon)
    assert (found.t, found.t_test.p) == pytest.approx((t, p), rel=1e-10)
    assert (found.uncertainty.lag, found.uncertainty.kernel, found.uncertainty.df) == (horizon - 1, "rectangular", 59)
    assert found.permutation is None and found.permutations is None


def test_a_horizon_of_one_is_the_paired_t_test():
    found = compared(SERIES, OTHER, horizon=1)
    assert (found.t, found.t_test.p) == pytest.approx(tuple(stats.ttest_rel(SERIES**2, OTHER**2)), rel=1e-11)


def test_where_autocovariances_cancel_they_are_weighted_and_that_is_said():
    first = np.where(np.arange(20) % 2, 2.0, 1.0) + np.linspace(0, 0.1, 20)
    data = {"a": first, "b": np.full(20, 1.4), "y": np.zeros(20), "at": np.arange(20)}
    report = losscli.compare(data, "mse", target="y", pred={"a": "a", "b": "b"}, against="b", time="at", horizon=2)
    (found,) = report.comparisons
    t, p = diebold_mariano(first**2 - 1.4**2, 2, bartlett=True)
    assert (found.t, found.t_test.p) == pytest.approx((t, p), rel=1e-10)
    assert found.uncertainty.kernel == "bartlett"
    assert any("add up to less than 0" in warning.message for warning in report.warnings)


def test_a_horizon_as_long_as_the_series_has_no_test():
    assert compared(SERIES, OTHER, horizon=16).stderr is None


def test_without_a_horizon_differences_have_the_variance_of_newey_and_west():
    first, second = autoregression(0.4, 60, 1), autoregression(0.3, 60, 2)
    found = compared(first, second)
    d = first**2 - second**2
    stderr, df, _, _ = written_out((d - d.mean()) / 60, np.full(60, 1 / 60))
    assert (found.stderr, found.uncertainty.df) == pytest.approx((stderr, df), rel=1e-10)
    assert found.effect_size is None  # a series has no number of units that its standard error is over


# -- the order of times ------------------------------------------------------------------------------------------------


DAYS = [datetime.date(2024, 1, 28) + datetime.timedelta(days=day) for day in range(40)]


@pytest.mark.parametrize("times", [
    list(range(-20, 20)),
    [at / 7 for at in range(40)],
    [1_700_000_000_123_456_789 + at for at in range(40)],
    DAYS,
    [str(day) for day in DAYS],
    [f"{2020 + at // 12}-{at % 12 + 1:02}" for at in range(40)],
    [f"{at}" for at in range(80, 120)],
    [datetime.datetime(2024, 1, 1, at % 24, 0, 30 * (at % 2)) + datetime.timedelta(days=at) for at in range(40)],
    pa.array([at * 10**6 for at in range(40)], pa.timestamp("us", "Europe/Berlin")),
])  # fmt: skip
def test_times_of_any_unit_are_in_order(times):
    values = 20 + autoregression(0.7, 40)
    shuffled = np.random.default_rng(0).permutation(40)
    given = times if isinstance(times, pa.Array) else pa.array(times)
    table = pa.table({**series_of(values), "at": given}).take(pa.array(shuffled))
    found, want = result(table), result(series_of(values))
    assert (found.stderr, found.interval) == (want.stderr, want.interval)


def test_the_same_bits_in_any_cut_order_file_and_thread(tmp_path, monkeypatch, capsys):
    values = 20 + autoregression(0.7, 400)
    rng = np.random.default_rng(1)
    table = pa.table({**series_of(values), "w": rng.uniform(size=400), "site": rng.integers(0, 2, 400),
                      "at": [f"2024-01-{at // 20 + 1:02} {at % 20:02}:00" for at in range(400)]})  # fmt: skip
    mixed = table.take(pa.array(rng.permutation(400)))
    pa.csv.write_csv(table, tmp_path / "all.csv")
    pa.parquet.write_table(mixed, tmp_path / "mixed.parquet", row_group_size=37)
    pa.csv.write_csv(mixed.slice(0, 111), tmp_path / "one.csv")
    pa.csv.write_csv(mixed.slice(111), tmp_path / "two.csv")

    def printed(*names, threads=1, chunk="100000"):
        monkeypatch.setenv("LOSSCLI_CHUNK_ROWS", chunk)
        files = [str(tmp_path / name) for name in names]
        arguments = ["-t", "y", "-p", "a", "-l", "mse", "-w", "w", "--by", "site", "--time", "at", "-f", "csv"]
        assert run(["eval", *files, *arguments, "--threads", str(threads)]) == 0
        return capsys.readouterr().out

    want = printed("all.csv")
    assert printed("mixed.parquet", threads=2, chunk="10") == want
    assert printed("one.csv", "two.csv", threads=2, chunk="7") == want


def test_one_time_has_one_label_however_it_is_spelled(tmp_path):
    rows = [("1", 2.0), ("1.0", 3.0), ("2", 1.0), ("2.50", 4.0), ("25e-1", 0.5), ("3", 1.0), ("10", 2.0)]
    (tmp_path / "a.csv").write_text("at,y,a\n" + "".join(f"{at},0,{a}\n" for at, a in rows))
    found = next(iter(losscli.evaluate(str(tmp_path / "a.csv"), "mse", target="y", pred="a", time="at")))
    assert found.uncertainty.count == 5


def test_what_is_no_time_is_an_error_with_its_place(tmp_path):
    (tmp_path / "a.csv").write_text("at,y,a\n1,0,1\n2,0,1\nlate,0,1\n")
    with pytest.raises(DataError) as error:
        losscli.evaluate(str(tmp_path / "a.csv"), "mse", target="y", pred="a", time="at")
    assert (error.value.row, error.value.line, error.value.column, error.value.value) == (3, 4, "at", "late")


@pytest.mark.parametrize(
    "times", [["1", "2024-01-31"], ["2024-01-31 10:00Z", "2024-01-31 11:00"], ["2024-01", "2024-01-31"]]
)
def test_times_of_different_kinds_have_no_order(times):
    data = pa.table({"a": [1.0, 2.0], "y": [0.0, 0.0], "at": times})
    with pytest.raises(DataError, match="different kinds"):
        losscli.evaluate(data, "mse", target="y", pred="a", time="at")


def test_rows_without_a_time_follow_the_policy():
    data = pa.table({"a": [1.0, 2.0, 3.0, 5.0], "y": [0.0] * 4, "at": [1, None, 3, 4]})
    with pytest.raises(DataError, match="'at'"):
        losscli.evaluate(data, "mse", target="y", pred="a", time="at")
    report = losscli.evaluate(data, "mse", target="y", pred="a", time="at", missing="drop")
    assert report.evaluation.rows.dropped == 1


@pytest.mark.parametrize("settings", [
    {"time": "at", "cluster": "at"}, {"horizon": 2}, {"time": "at", "horizon": 0},
])  # fmt: skip
def test_what_contradicts_is_refused(settings):
    with pytest.raises(UsageError):
        losscli.evaluate(series_of(SERIES), "mse", target="y", pred="a", **settings)


def test_batch_losses_and_shards_are_refused(tmp_path):
    data = {"e": np.ones((4, 2)), "f": np.ones((4, 2)), "at": np.arange(4)}
    with pytest.raises(UsageError, match="batch loss"):
        losscli.evaluate(data, "nt_xent", columns={"anchor": "e", "positive": "f"}, time="at")
    (tmp_path / "a.csv").write_text("at,y,a\n1,0,1\n2,0,1\n")
    arguments = ["-t", "y", "-p", "a", "-l", "mse", "--time", "at", "--shard", "1/2", "--state-out"]
    assert run(["eval", str(tmp_path / "a.csv"), *arguments, str(tmp_path / "s")]) == 2


def test_more_times_than_the_limit_are_an_error(monkeypatch):
    monkeypatch.setattr("losscli.aggregate.hashed_clusters.MAX_TIMES", 10)
    with pytest.raises(DataError, match="more than 10 times"):
        result(series_of(SERIES))


# -- warnings ----------------------------------------------------------------------------------------------------------


def test_a_series_that_forgets_too_slowly_is_warned_of():
    def warned(values):
        report = losscli.evaluate(series_of(values), "mse", target="y", pred="a", time="at")
        return any("effective sample size" in warning.message for warning in report.warnings)

    assert warned(10 + np.cumsum(autoregression(0, 60)) / 10)
    assert not warned(10 + autoregression(0.3, 200))


# -- the bootstrap of blocks -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("phi", "n", "seed", "want"), [
    (0.7, 100, 0, 6.799342630167882), (0.3, 200, 1, 1.4525899149468624),
    (0.9, 1000, 2, 29.518648130915487), (0.0, 50, 3, 2.383977867139015),
])  # fmt: skip
def test_the_length_of_blocks_is_that_of_arch(phi, n, seed, want):
    """arch 7.2: optimal_block_length(x)["circular"], rounded up."""
    assert block_length(autoregression(phi, n, seed)) == math.ceil(want)


def test_resamples_are_blocks_of_successive_times():
    """Counted on totals of unit vectors: each resample is blocks of 3 and one of 1, which may go round."""
    totals = _resampled_totals(np.eye(10), RandomStream(1, (1,)), 50, 3)
    assert (totals.sum(axis=1) == 10).all()
    starts = RandomStream(1, (1,)).indices(50, 10)[:, :4]
    for row, begun in zip(totals, starts, strict=True):
        drawn = [(int(start) + step) % 10 for start in begun for step in range(3)][:10]
        assert row.tolist() == np.bincount(drawn, minlength=10).tolist()


def test_the_bootstrap_of_blocks_agrees_with_the_variance_of_newey_and_west():
    data = series_of(30 + autoregression(0.5, 600, 5))
    found, want = result(data, bootstrap=2000), result(data)
    assert found.stderr == pytest.approx(want.stderr, rel=0.15)
    assert found.uncertainty.method == "bootstrap" and found.uncertainty.block > 3
    assert found.interval == pytest.approx(want.interval, rel=0.01)
    independent = next(iter(losscli.evaluate(data, "mse", target="y", pred="a", bootstrap=2000)))
    assert independent.stderr < 0.75 * found.stderr
    again = result({name: column[::-1] for name, column in data.items()}, bootstrap=2000)
    assert (again.interval, again.uncertainty) == (found.interval, found.uncertainty)


def test_the_bootstrap_of_blocks_of_a_difference_and_of_few_times():
    first, second = autoregression(0.4, 100, 1), autoregression(0.3, 100, 2)
    found = compared(first, second, bootstrap=999)
    assert found.uncertainty.block >= 1 and found.interval[0] < found.difference < found.interval[1]
    assert found.t_test is not None  # that of Newey and West
    few = result(series_of(np.arange(1.0, 7)), bootstrap=99)
    assert few.stderr is None


# -- coverage ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("phi", "n"), [(0.3, 30), (0.7, 100)])
def test_intervals_hold_the_mean_of_an_autoregression(phi, n):
    """The whole table is made by tests/benchmarks/time_series_coverage.py."""
    found = simulate(phi, n, 600, seed=7)
    assert 0.93 <= found.covered <= 0.97
    assert found.warned < 0.2


def test_a_bootstrap_of_a_short_series_is_warned_of():
    """Its intervals hold the mean in 86 % of series of 100 times with an autocorrelation of 0.7."""

    def warned(phi, n):
        data = series_of(20 + autoregression(phi, n, 3))
        report = losscli.evaluate(data, "mse", target="y", pred="a", time="at", bootstrap=50)
        return any("bootstrap of blocks" in warning.message for warning in report.warnings)

    assert warned(0.7, 100)
    assert not warned(0.0, 100) and not warned(0.3, 1000)
