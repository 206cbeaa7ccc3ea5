"""Standard errors, intervals and comparisons: against formulas written out, against SciPy, and the same in any cut."""

from __future__ import annotations

import dataclasses
import itertools
import json
import math
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
from scipy import stats

import losscli
from losscli.aggregate import hashed_clusters
from losscli.aggregate.paired_outcomes import PairedValues, UnitValuePart, unit_value
from losscli.aggregate.unit_statistics import UnitRequirements, UnitStatistics
from losscli.binding.row_batch import RowBatch
from losscli.cli.entry import run
from losscli.contract.loss import Term
from losscli.errors import DataError, LosscliError, UsageError
from losscli.statistics.comparisons import verdict

N = 600
RNG = np.random.default_rng(20261121)
TARGET = RNG.normal(size=N)
DATA = {
    "y": TARGET,
    "a": TARGET + RNG.normal(size=N) * 0.5,
    "b": TARGET + RNG.normal(size=N) * 0.55,
    "w": RNG.uniform(0, 2, N) * (RNG.uniform(size=N) > 0.1),
    "user": np.arange(N) // 6,
    "site": np.array(["x", "y", "z"])[RNG.integers(0, 3, N)],
    "z": RNG.integers(0, 2, N).astype(float),
    "p": RNG.uniform(0.05, 0.95, N),
    "q": RNG.uniform(0.05, 0.95, N),
    "e": RNG.normal(size=(N, 4)),
    "f": RNG.normal(size=(N, 4)),
}
SQUARES = (DATA["a"] - TARGET) ** 2


def one(loss, **settings):
    settings = {"target": "y", "pred": "a", "interval": True, **settings}
    return next(result for result in losscli.evaluate(DATA, loss, **settings) if not result.by)


# -- against formulas --------------------------------------------------------------------------------------------------


def test_of_a_mean_it_is_the_textbooks():
    found = one("mse", interval_method="t")
    want = SQUARES.std(ddof=1) / math.sqrt(N)
    assert found.stderr == pytest.approx(want, rel=1e-14)
    assert found.interval == pytest.approx(stats.t.interval(0.95, N - 1, SQUARES.mean(), want), rel=1e-13)
    assert (found.uncertainty.method, found.uncertainty.units, found.uncertainty.count) == ("t", "row", N)
    assert found.n_eff is None
    wide = one("mse", level=0.99, interval_method="t")
    assert wide.interval == pytest.approx(stats.t.interval(0.99, N - 1, SQUARES.mean(), want), rel=1e-13)


def test_of_a_root_it_is_the_delta_method():
    root = one("rmse")
    assert root.stderr == pytest.approx(one("mse").stderr / (2 * math.sqrt(SQUARES.mean())), rel=1e-13)


def test_of_a_weighted_mean_it_is_the_sandwich():
    w = DATA["w"]
    found = one("mse", weight="w")
    mean = (w * SQUARES).sum() / w.sum()
    n_eff = w.sum() ** 2 / (w**2).sum()
    want = math.sqrt((w**2 * (SQUARES - mean) ** 2 / (1 - w / w.sum())).sum()) / w.sum()  # HC2
    assert found.n_eff == pytest.approx(n_eff, rel=1e-14)
    assert found.stderr == pytest.approx(want, rel=1e-13)
    assert found.uncertainty.df == pytest.approx(n_eff - 1, rel=1e-3)


def test_of_many_weighted_rows_it_is_corrected_by_the_effective_size():
    data = {name: np.tile(DATA[name], 2) for name in ("y", "a")}
    w = data["w"] = RNG.uniform(0, 2, 2 * N)
    found = losscli.evaluate(data, "mse", target="y", pred="a", weight="w", interval=True)[0]
    squares, n_eff = np.tile(SQUARES, 2), w.sum() ** 2 / (w**2).sum()
    mean = (w * squares).sum() / w.sum()
    want = math.sqrt((w**2 * (squares - mean) ** 2).sum() / w.sum() ** 2 * n_eff / (n_eff - 1))
    assert found.stderr == pytest.approx(want, rel=1e-13)
    assert found.uncertainty.df == pytest.approx(n_eff - 1)


def test_equal_weights_change_nothing():
    data = {**DATA, "two": np.full(N, 2.0)}
    weighted = losscli.evaluate(data, "mse", target="y", pred="a", weight="two", interval=True)[0]
    assert weighted.stderr == one("mse").stderr
    assert weighted.n_eff == N


def test_divided_by_the_count():
    w = DATA["w"]
    used = w > 0
    influence = (w * SQUARES)[used]
    found = one("mse", weight="w", divide_by="count")
    assert found.stderr == pytest.approx(influence.std(ddof=1) / math.sqrt(used.sum()), rel=1e-13)


def test_of_a_sum_it_is_that_of_the_mean_times_its_weight():
    assert one("mse", reduction="sum").stderr == pytest.approx(N * one("mse").stderr, rel=1e-13)


def test_class_weights():
    found = one("bce", target="z", pred="p", class_weight={"0": 1.0, "1": 3.0})
    values = losscli.losses.bce(DATA["p"], DATA["z"])
    w = np.where(DATA["z"] == 1, 3.0, 1.0)
    mean = (w * values).sum() / w.sum()
    n_eff = w.sum() ** 2 / (w**2).sum()
    want = math.sqrt((w**2 * (values - mean) ** 2 / (1 - w / w.sum())).sum()) / w.sum()
    assert found.stderr == pytest.approx(want, rel=1e-13)
    assert found.n_eff == pytest.approx(n_eff, rel=1e-14)


def test_clusters_count_once():
    found = one("mse", cluster="user")
    influence = np.bincount(DATA["user"], SQUARES - SQUARES.mean())
    groups = len(influence)
    want = math.sqrt((influence**2).sum() * groups / (groups - 1)) / N
    assert found.stderr == pytest.approx(want, rel=1e-13)
    assert (found.uncertainty.units, found.uncertainty.count, found.uncertainty.df) == (
        "user",
        groups,
        pytest.approx(groups - 1),
    )
    # A cluster a row is no cluster.
    assert one("mse", cluster="row").stderr == pytest.approx(one("mse").stderr, rel=1e-14)


DATA["row"] = np.arange(N)


def test_clusters_with_class_weights_and_without_weight():
    """The weight of a class counts in each of a cluster's sums; a cluster whose rows weigh nothing is none."""
    values = losscli.losses.bce(DATA["p"], DATA["z"])
    w = np.where(DATA["z"] == 1, 3.0, 1.0)
    found = one("bce", target="z", pred="p", class_weight={"0": 1.0, "1": 3.0}, cluster="user")
    influence = np.bincount(DATA["user"], w * (values - (w * values).sum() / w.sum()))
    shares = np.bincount(DATA["user"], w) / w.sum()
    want = math.sqrt((influence**2 / (1 - shares)).sum()) / w.sum()
    assert found.stderr == pytest.approx(want, rel=1e-13)
    drawn = one("bce", target="z", pred="p", class_weight={"0": 1.0, "1": 3.0}, cluster="user", bootstrap=3000)
    assert drawn.stderr == pytest.approx(want, rel=0.06)
    half = {**DATA, "half": (DATA["user"] % 2).astype(float)}
    found = losscli.evaluate(half, "mse", target="y", pred="a", weight="half", cluster="user")[0]
    kept = losscli.evaluate(half, "mse", target="y", pred="a", where="half == 1", cluster="user")[0]
    assert (found.stderr, found.uncertainty.count) == (kept.stderr, 50)


def test_several_terms_that_share_rows():
    """The standard error of a ratio of two means needs their covariance."""
    found = one("wmape")
    numerator, denominator = np.abs(DATA["a"] - TARGET), np.abs(TARGET)
    ratio = numerator.sum() / denominator.sum()
    assert found.value == pytest.approx(ratio, rel=1e-13)
    influence = (numerator - ratio * denominator) / denominator.mean()
    assert found.stderr == pytest.approx(math.sqrt((influence**2).sum() / N / (N - 1)), rel=1e-12)


def test_terms_of_different_rows():
    found = one("lsgan_discriminator:a=0,b=1,factor=1", target="z", pred="p")
    assert set(found.terms) == {"real", "fake"}
    real = DATA["z"] == 1
    parts = [(DATA["p"][rows] - goal) ** 2 for rows, goal in ((real, 1.0), (~real, 0.0))]
    variance = sum(part.var(ddof=1) / len(part) for part in parts)
    assert found.stderr == pytest.approx(math.sqrt(variance), rel=1e-12)


def test_a_blend_is_one_number():
    found = one("blend=0.7*mse+0.3*mae")
    values = 0.7 * SQUARES + 0.3 * np.abs(DATA["a"] - TARGET)
    assert found.stderr == pytest.approx(values.std(ddof=1) / math.sqrt(N), rel=1e-13)


def test_digits_survive_where_values_hardly_differ():
    """Squares of 1e16 that differ by 1e-3 of their last digits: only exact sums hold that."""
    tiny = 1e8 + RNG.integers(0, 8, 50) * 2.0**-20
    found = losscli.evaluate({"y": np.zeros(50), "p": tiny}, "mae", target="y", pred="p", interval=True)[0]
    values = [Fraction(v) for v in tiny.tolist()]
    mean = sum(values) / 50
    variance = sum((v - mean) ** 2 for v in values) / 49 / 50
    assert found.stderr == pytest.approx(math.sqrt(variance), rel=1e-13)


def test_batches_are_what_is_independent():
    settings = {"columns": {"anchor": "e", "positive": "f"}, "batch_size": 60}
    found = losscli.evaluate(DATA, "nt_xent", interval=True, **settings)[0]
    each = losscli.row_values(DATA, "nt_xent", **settings)["nt_xent"].reshape(-1, 60)
    influence = (each - each.mean()).sum(axis=1)
    assert found.stderr == pytest.approx(math.sqrt((influence**2).sum() * 10 / 9) / N, rel=1e-12)
    assert (found.uncertainty.units, found.uncertainty.count) == ("batch", 10)
    whole = losscli.evaluate(DATA, "nt_xent", interval=True, columns=settings["columns"])
    assert whole[0].stderr is None
    assert any("one batch" in warning.message for warning in whole.warnings)


def test_slices_have_their_own():
    report = losscli.evaluate(DATA, "mse", target="y", pred="a", by="site", interval=True)
    for site in "xyz":
        values = SQUARES[DATA["site"] == site]
        assert report.find("mse", site=site).stderr == pytest.approx(
            values.std(ddof=1) / math.sqrt(len(values)), rel=1e-13
        )
    clustered = losscli.evaluate(DATA, "mse", target="y", pred="a", by="site", cluster="user")
    for site in "xyz":
        rows = DATA["site"] == site
        values = SQUARES[rows]
        influence = np.bincount(DATA["user"][rows], values - values.mean())
        share = np.bincount(DATA["user"][rows], minlength=len(influence)) / len(values)
        want = math.sqrt((influence**2 / (1 - share)).sum()) / len(values)
        assert clustered.find("mse", site=site).stderr == pytest.approx(want, rel=1e-13)


def test_where_there_is_none_it_is_null_and_told():
    report = losscli.evaluate({"y": [1.0], "p": [2.0]}, "mse", target="y", pred="p", interval=True)
    assert report[0].stderr is None and report[0].interval is None
    assert any("one row" in warning.message for warning in report.warnings)
    infinite = losscli.evaluate({"y": [1.0, 0.0], "p": [0.0, 0.5]}, "bce", target="y", pred="p", interval=True)
    assert infinite[0].value == math.inf and infinite[0].stderr is None
    same = losscli.evaluate({"y": [1.0, 2.0, 3.0], "p": [2.0, 3.0, 4.0]}, "mse", target="y", pred="p", interval=True)[0]
    assert (same.stderr, same.interval) == (0.0, None)


@pytest.mark.parametrize(
    "settings",
    [{"level": 1.0}, {"level": 0.0}, {"bootstrap": 1}, {"seed": -1, "bootstrap": 9}, {"cluster": "nobody"}],
    ids=str,
)
def test_what_cannot_be_asked(settings):
    with pytest.raises(LosscliError):
        one("mse", **settings)


def test_batches_have_no_clusters_of_rows():
    with pytest.raises(UsageError, match="its batches are the clusters"):
        losscli.evaluate(DATA, "nt_xent", columns={"anchor": "e", "positive": "f"}, cluster="user")


def test_a_row_without_a_cluster_is_an_error():
    users = pa.array([None if i == 3 else str(i) for i in range(10)])
    table = pa.table({"y": pa.array([1.0] * 10), "p": pa.array([2.0] * 10), "user": users})
    with pytest.raises(DataError, match="'user' has no value"):
        losscli.evaluate(table, "mse", target="y", pred="p", cluster="user")
    kept = losscli.evaluate(table, "mse", target="y", pred="p", cluster="user", missing="drop")
    assert kept.evaluation.rows.dropped == 1


def test_what_is_infinite_elsewhere_takes_nothing_away():
    """A slice whose loss is infinite has no interval; the others keep theirs."""
    data = {"s": np.repeat(["x", "y"], 40), "y": np.tile([0.0, 1.0], 40), "p": RNG.uniform(0.2, 0.8, 80)}
    data["p"][0] = 1.0
    for way in ({}, {"bootstrap": 50}, {"cluster": "s"}):
        report = losscli.evaluate(data, "bce", target="y", pred="p", by="s", interval=True, **way)
        assert report.find("bce", s="x").stderr is None
        assert (report.find("bce", s="y").stderr is None) == ("cluster" in way)  # one cluster has no variance


@pytest.mark.parametrize("size", [1e200, 1.0, 1e-200, 1e-300])
def test_squares_beyond_the_doubles_keep_the_standard_error(size):
    preds = [size, 3 * size]
    found = losscli.evaluate({"y": [0.0, 0.0], "p": preds}, "mae", target="y", pred="p", interval=True)[0]
    assert found.stderr == pytest.approx(size, rel=1e-14)
    assert found.interval == pytest.approx([0.0, 14.706204736174698 * size], rel=1e-12)


def test_class_weights_divided_by_the_count():
    found = one("bce", target="z", pred="p", class_weight={"0": 1.0, "1": 3.0}, divide_by="count")
    influence = np.where(DATA["z"] == 1, 3.0, 1.0) * losscli.losses.bce(DATA["p"], DATA["z"])
    assert found.stderr == pytest.approx(influence.std(ddof=1) / math.sqrt(N), rel=1e-13)


def test_resamples_of_sums_blends_and_weights():
    assert one("mse", bootstrap=400, reduction="sum").stderr == pytest.approx(N * one("mse", bootstrap=400).stderr)
    plain = one("mse", bootstrap=100)
    blend = losscli.evaluate(DATA, "total=1*mse+2*l2_penalty", target="y", pred="a", interval=True, bootstrap=100,
                             tables={"params": np.array([[1.0, 2.0]])})[0]  # fmt: skip
    fixed = blend.parts[1].factor * blend.parts[1].value
    assert fixed > 0
    assert blend.stderr == pytest.approx(plain.stderr, rel=1e-9)
    assert blend.interval == pytest.approx([end + fixed for end in plain.interval], rel=1e-9)
    weighted = one("mse", bootstrap=100, weight="w")
    assert weighted.uncertainty.count == (DATA["w"] > 0).sum()


def test_slices_draw_by_themselves():
    data = {"s": np.repeat(["x", "y"], 50), "y": np.zeros(100), "p": np.tile(RNG.normal(size=50), 2)}
    report = losscli.evaluate(data, "mse", target="y", pred="p", by="s", bootstrap=50)
    assert report.find("mse", s="x").value == report.find("mse", s="y").value
    assert report.find("mse", s="x").interval != report.find("mse", s="y").interval


def test_batches_with_weights_have_no_count_of_rows():
    found = losscli.evaluate(DATA, "nt_xent", columns={"anchor": "e", "positive": "f"}, batch_size=60, weight="w",
                             interval=True)[0]  # fmt: skip
    assert found.stderr is not None and found.n_eff is None


# -- models against each other -----------------------------------------------------------------------------------------


def compared(losses="mse", **settings):
    settings = {"target": "y", "pred": {"a": "a", "b": "b"}, **settings}
    return losscli.compare(DATA, losses, **settings).comparisons


def test_paired_t_is_scipys():
    found = compared()[0]
    mine, theirs = (DATA["b"] - TARGET) ** 2, SQUARES
    want = stats.ttest_rel(mine, theirs)
    assert (found.model, found.against) == ("b", "a")
    assert found.difference == pytest.approx((mine - theirs).mean(), rel=1e-12)
    assert found.t == pytest.approx(want.statistic, rel=1e-12)
    assert found.t_test.p == pytest.approx(want.pvalue, rel=1e-11)
    assert found.interval == pytest.approx(tuple(want.confidence_interval(0.95)), rel=1e-12)
    assert (found.wins, found.losses) == (int((mine < theirs).sum()), int((mine > theirs).sum()))
    assert found.wins + found.losses + found.ties == found.count == N


def test_permutations_are_scipys_permutation_test():
    found = compared(permutations=9_999)[0]
    mine = (DATA["b"] - TARGET) ** 2

    def difference(x, y, axis):
        return np.mean(x - y, axis=axis)

    want = stats.permutation_test((mine, SQUARES), difference, permutation_type="samples", vectorized=True,
                                  n_resamples=9_999, rng=np.random.default_rng(1)).pvalue  # fmt: skip
    noise = math.sqrt(2 * want * (1 - want) / 9_999)
    assert abs(found.permutation.p - want) < 4 * noise
    assert found.permutations == 9_999


def test_bootstrap_is_scipys():
    found = one(["mse"], bootstrap=4000)
    want = stats.bootstrap((SQUARES,), np.mean, n_resamples=4000, rng=np.random.default_rng(2))
    # The noise of a standard error from B resamples is 1 / sqrt(2 B), of an end about three times that.
    assert found.stderr == pytest.approx(want.standard_error, rel=4 / math.sqrt(2 * 4000) * 1.5)
    ends = want.confidence_interval
    assert found.interval == pytest.approx((ends.low, ends.high), abs=0.15 * want.standard_error)
    assert found.uncertainty.method == "bootstrap" and found.uncertainty.resamples == 4000
    root = one("rmse", bootstrap=4000)
    assert root.interval == pytest.approx(tuple(map(math.sqrt, found.interval)), rel=1e-4)  # the same draws


def test_holm_over_several_models():
    found = losscli.compare(DATA, "mse", target="y", pred={"a": "a", "b": "b", "c": "w"}).comparisons
    ps = sorted(each.t_test.p for each in found)
    holms = {each.t_test.p: each.t_test.holm for each in found}
    assert holms[ps[0]] == pytest.approx(2 * ps[0])
    assert holms[ps[1]] == pytest.approx(max(ps[1], 2 * ps[0]))


def test_resamples_of_a_difference():
    found = compared(bootstrap=20_000, permutations=0)[0]
    want = stats.bootstrap((((DATA["b"] - TARGET) ** 2) - SQUARES,), np.mean, n_resamples=20_000, batch=2000,
                           rng=np.random.default_rng(4))  # fmt: skip
    assert found.stderr == pytest.approx(want.standard_error, rel=0.025)
    ends = want.confidence_interval
    assert found.interval == pytest.approx((ends.low, ends.high), abs=0.1 * want.standard_error)
    assert found.t_test == compared()[0].t_test  # that is of the sums, whatever the interval comes from


def test_a_verdict_needs_the_corrected_p_value():
    found = losscli.compare("sample_data/diabetes.csv", "mae", target="progression",
                            pred={name: name for name in ("ridge", "forest", "boosting")}, permutations=0)  # fmt: skip
    forest = found.comparisons[0]
    assert forest.interval[0] > 0 and forest.t_test.p < 0.05 < forest.t_test.holm
    assert forest.verdict == "no difference shown"
    alone = losscli.compare("sample_data/diabetes.csv", "mae", target="progression",
                            pred={name: name for name in ("ridge", "forest")}, permutations=0)  # fmt: skip
    assert alone.comparisons[0].verdict == "worse"
    higher = dataclasses.replace(alone.comparisons[0], direction="higher")
    assert verdict(higher, higher.decision) == "better"


def test_slices_are_families_of_their_own():
    for each in compared(by="site"):
        assert each.t_test.holm == each.t_test.p


def test_a_loss_that_is_no_mean_is_compared_too():
    root, square = compared(["rmse", "mse"])
    assert root.permutation.p == square.permutation.p  # a root keeps the order
    assert root.t == pytest.approx(square.t, rel=0.05)
    assert root.wins == square.wins
    ratio = compared("wmape")[0]
    assert ratio.stderr is not None and ratio.permutation is not None
    assert ratio.wins is None  # no row has a value of it


def test_slices_are_compared_one_by_one():
    found = compared(by="site")
    assert [dict(each.by) for each in found] == [{}, {"site": "x"}, {"site": "y"}, {"site": "z"}]
    rows = DATA["site"] == "y"
    want = stats.ttest_rel((DATA["b"][rows] - TARGET[rows]) ** 2, SQUARES[rows])
    assert found[2].t_test.p == pytest.approx(want.pvalue, rel=1e-11)


def test_a_model_against_itself():
    found = losscli.compare({**DATA, "a2": DATA["a"]}, "mse", target="y", pred={"a": "a", "again": "a2"}).comparisons[0]
    assert (found.difference, found.stderr, found.interval, found.verdict) == (0, 0, None, "no difference shown")
    assert (found.wins, found.losses, found.ties) == (0, 0, N)
    assert found.permutation.p == 1


def test_which_is_better_depends_on_the_loss():
    worse = losscli.compare({**DATA, "far": DATA["a"] + 3}, "mse", target="y", pred={"a": "a", "far": "far"})
    assert worse.comparisons[0].verdict == "worse"
    turned = losscli.compare({**DATA, "far": DATA["a"] + 3}, "mse", target="y", pred={"a": "a", "far": "far"},
                             against="far")  # fmt: skip
    assert turned.comparisons[0].verdict == "better"


def test_batches_are_compared_by_batch():
    report = losscli.compare(DATA, "info_nce", columns={"old:anchor": "e", "new:anchor": "f", "positive": "e"},
                             batch_size=60)  # fmt: skip
    found = report.comparisons[0]
    assert found.uncertainty.units == "batch" and found.uncertainty.count == 10
    assert found.wins + found.losses + found.ties == N


def test_who_wins_a_row():
    weighted = compared(weight="w")[0]
    used = DATA["w"] > 0
    mine, theirs = (DATA["b"] - TARGET) ** 2, SQUARES
    assert (weighted.wins, weighted.losses) == (int((mine < theirs)[used].sum()), int((mine > theirs)[used].sum()))
    assert weighted.wins + weighted.losses == weighted.count == used.sum() < N
    by = compared(by="site", weight="w")
    assert [each.wins for each in by[1:]] == [int((mine < theirs)[used & (DATA["site"] == s)].sum()) for s in "xyz"]


@pytest.mark.parametrize(("higher", "want"), [(False, [0, 2, 1]), (True, [2, 0, 1])])
def test_which_value_wins_depends_on_the_direction(higher, want):
    found = {
        source: {"loss": Term(np.array(values))}
        for source, values in (("one", [1.0, 3.0, 4.0]), ("other", [0.0, 2.0, 4.0]))
    }
    first, second = ((UnitValuePart(1.0, ((source, None),), False),) for source in found)
    required = UnitRequirements(paired_outcomes={(0, 1): PairedValues(first, second, higher)})
    statistics = UnitStatistics(required, False)
    statistics.update(RowBatch(found, np.arange(3)), None)
    assert statistics.outcomes[0, 1].tolist() == [want]


def test_a_unit_has_a_value_where_its_terms_are_not_mixed():
    terms = {"a": (np.array([1.0, 0.0]), np.array([True, False])), "b": (np.array([0.0, 5.0]), np.array([False, True]))}
    values, part = unit_value((UnitValuePart(2.0, (("o", None),), False),), {"o": terms})
    assert (values.tolist(), part.tolist()) == ([2.0, 10.0], [True, True])
    assert (
        unit_value((UnitValuePart(2.0, (("o", None),), True),), {"o": terms}) is None
    )  # only their means make the number
    assert (
        unit_value((UnitValuePart(2.0, (("o", None),), False),), {"o": {**terms, "c": (np.array([1.0, 1.0]), None)}})
        is None
    )


def test_two_models_are_needed():
    with pytest.raises(UsageError, match="two models"):
        losscli.compare(DATA, "mse", target="y", pred="a")
    with pytest.raises(UsageError, match="unknown model 'c'") as error:
        compared(against="c")
    assert "the models are: a, b" in error.value.hint


# -- the same in any cut -----------------------------------------------------------------------------------------------

WAYS = {
    "t": {},
    "cluster": {"cluster": "user"},
    "bootstrap": {"bootstrap": 50},
    "both": {"bootstrap": 50, "cluster": "user"},
    "weighted": {"weight": "w"},
}


def shown(report):
    """All that is not about files."""
    document = json.loads(report.to_json())
    return json.dumps([document["results"], document["comparisons"]])


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cut")
    plain = {name: values for name, values in DATA.items() if values.ndim == 1}
    table = pa.table({name: pa.array(values.tolist()) for name, values in plain.items()})
    for name, rows in {"all": (0, N), "one": (0, 201), "two": (201, N)}.items():
        pa.csv.write_csv(table.slice(rows[0], rows[1] - rows[0]), folder / f"{name}.csv")
    pa.parquet.write_table(table, folder / "all.parquet", row_group_size=77)
    shuffled = table.take(pa.array(np.random.default_rng(5).permutation(N)))
    pa.csv.write_csv(shuffled, folder / "shuffled.csv")
    pa.csv.write_csv(table.select(["row", "y"]), folder / "truth.csv")
    for name, source in (("predictions", table), ("shuffled_predictions", shuffled)):
        pa.csv.write_csv(source.drop_columns(["y"]), folder / f"{name}.csv")
    return folder


@pytest.mark.parametrize("way", WAYS)
def test_same_bits_however_rows_are_cut(files, monkeypatch, way):
    def run(*names, threads=1, chunk="100000"):
        monkeypatch.setenv("LOSSCLI_CHUNK_ROWS", chunk)
        return shown(losscli.compare([str(files / name) for name in names], ["mse", "rmse"], target="y",
                                     pred={"a": "a", "b": "b"}, by="site", permutations=64, threads=threads,
                                     **WAYS[way]))  # fmt: skip

    want = run("all.csv")
    for names, threads, chunk in [
        (["all.csv"], 3, "7"), (["one.csv", "two.csv"], 1, "64"), (["one.csv", "two.csv"], 2, "100000"),
        (["all.parquet"], 2, "10"),
    ]:  # fmt: skip
        assert run(*names, threads=threads, chunk=chunk) == want, (names, threads, chunk)


@pytest.mark.parametrize("way", ["t", "cluster", "both"])
def test_and_in_any_order(files, way):
    runs = [
        losscli.evaluate(str(files / name), ["mse", "rmse"], target="y", pred="a", interval=True, **WAYS[way])
        for name in ("all.csv", "shuffled.csv")
    ]
    assert shown(runs[0]) == shown(runs[1])


def test_keys_make_draws_independent_of_order(files):
    runs = [
        losscli.compare(str(files / name), ["mse"], targets=str(files / "truth.csv"), on="row", target="y",
                        pred={"a": "a", "b": "b"}, bootstrap=50, permutations=64)
        for name in ("predictions.csv", "shuffled_predictions.csv")
    ]  # fmt: skip
    assert shown(runs[0]) == shown(runs[1])


def test_other_seeds_draw_otherwise():
    assert one("mse", bootstrap=50).interval != one("mse", bootstrap=50, seed=1).interval
    assert one("mse", bootstrap=50).interval == one("mse", bootstrap=50).interval


def test_more_units_than_hashed_clusters(files, monkeypatch):
    """Clusters are merged by their hashes: the same ones in any order and cut; the standard error stays what it was."""
    monkeypatch.setattr(hashed_clusters, "MAX_CLUSTERS", 100)
    runs = [
        losscli.evaluate([str(files / name) for name in names], ["mse"], target="y", pred="a", bootstrap=2000, seed=3)
        for names in (["all.csv"], ["one.csv", "two.csv"])
    ]
    assert shown(runs[0]) == shown(runs[1])
    assert 50 <= runs[0][0].uncertainty.count <= 100
    assert runs[0][0].stderr == pytest.approx(one("mse").stderr, rel=0.35)
    clustered = [
        losscli.evaluate(str(files / name), ["mse"], target="y", pred="a", cluster="row")
        for name in ("all.csv", "shuffled.csv")
    ]
    assert shown(clustered[0]) == shown(clustered[1])
    assert clustered[0][0].stderr == pytest.approx(one("mse").stderr, rel=0.35)


def test_models_in_files_of_their_own_are_those_of_one_table(files, tmp_path):
    table = pa.csv.read_csv(files / "all.csv")
    for model in "ab":
        side = table.select(["row", "y", model]).rename_columns(["id", "y", "p"])
        order = np.random.default_rng(ord(model)).permutation(N)
        pa.csv.write_csv(side, tmp_path / f"{model}.csv")
        pa.csv.write_csv(side.take(pa.array(order)), tmp_path / f"{model}_mixed.csv")
    whole = losscli.compare(str(files / "all.csv"), "mse", target="y", pred={"a": "a", "b": "b"}, permutations=99)
    by_place = losscli.compare({m: str(tmp_path / f"{m}.csv") for m in "ab"}, "mse", target="y", pred="p",
                               permutations=99)  # fmt: skip
    assert by_place.comparisons == whole.comparisons
    by_key = losscli.compare({m: str(tmp_path / f"{m}_mixed.csv") for m in "ab"}, "mse", target="y", pred="p", on="id",
                             permutations=0)  # fmt: skip
    assert by_key.comparisons[0].t_test == whole.comparisons[0].t_test
    mixed = {"a": str(tmp_path / "a.csv"), "b": str(tmp_path / "b_mixed.csv")}
    for settings in ({"target": "y"}, {}):  # y is a usual name of targets
        with pytest.raises(DataError, match="more rows differ"):
            losscli.compare(mixed, "mse", pred="p", **settings)


def test_columns_that_files_call_otherwise(tmp_path, capsys):
    for model, name in {"a": "p", "b": "guess"}.items():
        rows = "".join(f"{i},{i % 3},{i % 5 + 1 + (model == 'b')},{'xyz'[i % 3]}\n" for i in range(30))
        (tmp_path / f"{model}.csv").write_text(f"id,y,{name},site\n{rows}")
    named = {model: str(tmp_path / f"{model}.csv") for model in "ab"}
    found = losscli.compare(named, "mse", pred={"b": "guess", "a": "p"}, by="site", permutations=0)
    table = {"id": list(range(30)), "y": [i % 3 for i in range(30)], "p": [float(i % 5 + 2) for i in range(30)],
             "site": ["xyz"[i % 3] for i in range(30)]}  # fmt: skip
    again = losscli.compare({"a": named["a"], "b": table}, "mse", pred="p", by="site", permutations=0)
    assert found.comparisons == again.comparisons
    own = losscli.compare(named, "gaussian_nll", pred={"b": "guess", "a": "p"}, permutations=0,
                          columns={"a:variance": "p", "b:variance": "guess"})  # fmt: skip
    assert [result.value for result in own] == [
        losscli.evaluate(named[m], "gaussian_nll", target="y", pred=p, columns={"variance": p})[0].value
        for m, p in (("a", "p"), ("b", "guess"))
    ]
    files = [f"{model}={path}" for model, path in named.items()]
    assert run(["compare", *files, "-p", "b=guess", "-p", "p", "-l", "mse", "-q"]) == 0
    assert float(capsys.readouterr().out) == found.comparisons[0].difference
    (tmp_path / "c.csv").write_text((tmp_path / "a.csv").read_text().replace("29,2,5,z", "29,2,4,x"))
    with pytest.raises(DataError, match="'site' is 'z'"):
        losscli.compare({"a": named["a"], "c": str(tmp_path / "c.csv")}, "mse", pred="p", by="site")
    with pytest.raises(DataError, match="'p' is 5"):  # weights are the row's, not the model's
        losscli.compare({"a": named["a"], "c": str(tmp_path / "c.csv")}, "mse", pred="id", weight="p")
    with pytest.raises(UsageError, match="no file is named 'c'"):
        losscli.compare(named, "mse", pred={"c": "guess", "a": "p"})
    with pytest.raises(DataError, match="which column holds the predictions"):
        losscli.compare(named, "mse")


def test_shards_keep_what_an_interval_needs(files, tmp_path):
    table = pa.parquet.read_table(files / "all.parquet")
    sites = table.column("site").to_pylist()
    parts = []
    for site in "zyx":  # shards meet their slices in other orders
        parts.append(str(tmp_path / f"{site}.parquet"))
        pa.parquet.write_table(table.take(pa.array([i for i, s in enumerate(sites) if s == site])), parts[-1])
    common = ["eval", *parts, "-t", "y", "-p", "a", "-l", "rmse", "-w", "w", "--by", "site", "--interval"]
    for shard in (1, 2, 3):
        assert run([*common, "--shard", f"{shard}/3", "--state-out", str(tmp_path / f"{shard}.json"), "-q"]) == 0
    merged = losscli.merge([str(tmp_path / f"{shard}.json") for shard in (3, 1, 2)])
    whole = losscli.evaluate(parts, "rmse", target="y", pred="a", weight="w", by="site",
                             interval=True)  # fmt: skip
    assert shown(merged) == shown(whole)


def test_an_interval_changes_no_number():
    plain = losscli.evaluate(DATA, ["mse", "rmse"], target="y", pred="a", weight="w", by="site")
    for way in WAYS.values():
        requested = losscli.evaluate(DATA, ["mse", "rmse"], target="y", pred="a", by="site", **{"weight": "w", **way})
        for one_, other in itertools.zip_longest(plain, requested):
            assert (one_.value, one_.terms) == (other.value, other.terms)
