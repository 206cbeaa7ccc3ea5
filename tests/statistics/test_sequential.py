"""Confidence sequences: at all looks together they miss the value in at most 5 % of samples."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import optimize, special, stats

import losscli
from losscli.cli.entry import run
from losscli.errors import UsageError
from losscli.statistics import sequential
from tests.support.series_simulation import ever_missed, ever_missed_proportion

LEVEL = 0.95
SPREAD = (-2 * math.log(0.05) + math.log(1 - 2 * math.log(0.05))) / 1000


def evaluate(data, loss="mse", **settings):
    return next(iter(losscli.evaluate(data, loss, **{"target": "y", "pred": "a", "sequential": True, **settings})))


# -- against other ways to the same number -----------------------------------------------------------------------------


@pytest.mark.parametrize(("t", "n"), [(0.3, 5), (2.5, 40), (-4.0, 200), (3.1, 3000)])
def test_the_p_value_is_the_bayes_factor_of_two_scaled_t(t, n):
    """With a normal effect size, t = (Z + effect sqrt(n)) / s is that of Student, but wider by sqrt(1 + n spread)."""
    wider = math.sqrt(1 + n * SPREAD)
    evidence = stats.t.pdf(t, n - 1, scale=wider) / stats.t.pdf(t, n - 1)
    assert sequential.p_value(t, n - 1, LEVEL) == pytest.approx(min(1, 1 / evidence), rel=1e-9)


@pytest.mark.parametrize("n", [30, 100, 1000, 10**5])
def test_the_sequence_leaves_out_what_has_a_small_p(n):
    width = sequential.half_width(n - 1, LEVEL)
    assert sequential.p_value(width, n - 1, LEVEL) == pytest.approx(0.05, rel=1e-9)


def test_of_many_units_it_is_robbins_normal_mixture():
    """Waudby-Smith et al. 2024: sqrt((1 + 1 / (n rho^2)) log((1 + n rho^2) / alpha^2))."""
    for n in (10**4, 10**6):
        want = math.sqrt((1 + 1 / (n * SPREAD)) * math.log((1 + n * SPREAD) / 0.05**2))
        assert sequential.half_width(n - 1, LEVEL) == pytest.approx(want, rel=1e-3)


def test_too_few_units_leave_nothing_out():
    assert sequential.half_width(9, LEVEL) == math.inf
    assert sequential.p_value(math.inf, 9, LEVEL) > 0.05
    assert math.isnan(sequential.p_value(1.0, 0, LEVEL))


def likelihood_ratio(ones, count, p):
    mixture = special.betaln(ones + 0.5, count - ones + 0.5) - special.betaln(0.5, 0.5)
    return mixture - special.xlogy(ones, p) - special.xlog1py(count - ones, -p)


@pytest.mark.parametrize(("ones", "count"), [(0, 5), (5, 5), (10, 100), (499, 1000)])
def test_a_proportion_is_left_out_where_the_likelihood_ratio_is_20(ones, count):
    low, high = sequential.proportion(ones, count, LEVEL)
    for end in (low, high):
        if end not in (0.0, 1.0):
            assert likelihood_ratio(ones, count, end) == pytest.approx(math.log(20), rel=1e-9)
    assert low <= ones / count <= high
    assert (low == 0) == (ones == 0) and (high == 1) == (ones == count)


@pytest.mark.parametrize("counts", [(5, 1, 94), (30, 5, 65), (0, 0, 10), (7, 0, 0), (3, 3, 3)])
def test_a_difference_of_proportions_by_scipys_optimizer(counts):
    mixture = sum(special.gammaln(np.array(counts) + 0.5)) - special.gammaln(sum(counts) + 1.5)
    mixture -= 3 * special.gammaln(0.5) - special.gammaln(1.5)

    def evidence(difference):
        def lost(q):
            at = np.array([q + difference, q, 1 - difference - 2 * q])
            return -special.xlogy(counts, np.maximum(at, 0)).sum()

        low, high = max(0.0, -difference), (1 - difference) / 2
        inside = optimize.minimize_scalar(lost, bounds=(low, high), method="bounded", options={"xatol": 1e-12}).fun
        return mixture + min(inside, lost(low), lost(high))

    (low, high), p = sequential.paired_proportions(*counts, LEVEL)
    assert p == pytest.approx(math.exp(-max(evidence(0.0), 0)), rel=1e-6)
    for end in (low, high):
        if abs(end) < 1:
            assert evidence(end) == pytest.approx(math.log(20), rel=1e-6)


# -- results -----------------------------------------------------------------------------------------------------------


def test_a_value_has_its_sequence():
    rng = np.random.default_rng(0)
    data = {"a": rng.normal(size=400), "y": np.zeros(400), "user": np.arange(400) // 4}
    plain, found = (evaluate(data, sequential=on, interval=True) for on in (False, True))
    width = sequential.half_width(399, LEVEL) * plain.stderr
    assert found.interval == pytest.approx((found.value - width, found.value + width), rel=1e-12)
    assert (found.stderr, found.uncertainty.method, found.uncertainty.df) == (plain.stderr, "sequential", 399)
    clustered = evaluate(data, cluster="user")
    assert (clustered.uncertainty.count, clustered.uncertainty.df) == (100, 99)


def test_of_too_few_rows_it_holds_everything():
    found = evaluate({"a": np.array([1.0, 2, 4]), "y": np.zeros(3)})
    assert found.interval == (-math.inf, math.inf)


def test_a_proportion_is_exact_unless_weighted():
    data = {"y": np.zeros(100), "a": np.where(np.arange(100) < 10, 0.9, 0.1), "w": np.linspace(1, 2, 100)}
    found = evaluate(data, "zero_one")
    assert found.interval == sequential.proportion(10, 100, LEVEL)
    assert found.uncertainty.method == "sequential-exact"
    assert evaluate(data, "zero_one", weight="w").uncertainty.method == "sequential"


def compared(first, second, loss="mse", **settings):
    data = {"a": first, "b": second, "y": np.zeros(len(first))}
    pred = {"a": "a", "b": "b"}
    return losscli.compare(data, loss, target="y", pred=pred, against="b", sequential=True, **settings).comparisons[0]


def test_a_difference_has_its_sequence_and_no_other_test():
    rng = np.random.default_rng(1)
    first, second = rng.normal(size=(2, 500)) * [[1.5], [1.0]]
    found = compared(first, second)
    d = first**2 - second**2
    t = d.mean() / (d.std(ddof=1) / math.sqrt(500))
    assert found.t == pytest.approx(t, rel=1e-11)
    assert found.t_test.p == pytest.approx(sequential.p_value(t, 499, LEVEL), rel=1e-9)
    assert found.permutation is None and found.verdict == "worse"
    assert found.interval[0] > 0


def test_a_difference_of_decisions_is_exact():
    first = np.where(np.arange(60) < 20, 0.9, 0.1)
    second = np.where((np.arange(60) >= 15) & (np.arange(60) < 21), 0.9, 0.1)
    found = compared(first, second, "zero_one")
    interval, p = sequential.paired_proportions(15, 1, 44, LEVEL)
    assert found.interval == interval and found.difference == pytest.approx(14 / 60)
    assert (found.t_test.p, found.mcnemar) == (pytest.approx(p), None)
    assert found.uncertainty.method == "sequential-exact"


def test_like_differences_are_judged_by_their_signs():
    assert compared(np.full(5, 2.0), np.full(5, 1.0)).verdict == "not enough units"
    found = compared(np.full(12, 2.0), np.full(12, 1.0))
    assert (found.verdict, found.interval) == ("worse", None)
    evidence = 2.0**12 * special.beta(12.5, 0.5) / special.beta(0.5, 0.5)
    assert found.t_test.p == pytest.approx(1 / evidence, rel=1e-12)


@pytest.mark.parametrize("settings", [{"bootstrap": 99}, {"time": "a"}, {"adjust": "max-t"}])
def test_it_is_of_independent_rows_without_resamples(settings):
    with pytest.raises(UsageError, match="--sequential and"):
        evaluate({"a": np.arange(5.0), "y": np.zeros(5)}, **settings)


def test_one_look_has_no_power():
    with pytest.raises(UsageError, match="--power"):
        compared(np.arange(9.0), np.ones(9), power=0.8)


def test_shards_have_it(tmp_path, capsys):
    rng = np.random.default_rng(2)
    rows = [f"{value},0" for value in rng.normal(size=300)]
    (tmp_path / "all.csv").write_text("a,y\n" + "\n".join(rows) + "\n")
    arguments = [str(tmp_path / "all.csv"), "-t", "y", "-p", "a", "-l", "mse", "--sequential"]
    assert run(["eval", *arguments, "-f", "csv"]) == 0
    want = capsys.readouterr().out
    states = [str(tmp_path / f"{at}.state") for at in (1, 2)]
    for at, state in enumerate(states, 1):
        assert run(["eval", *arguments, "--shard", f"{at}/2", "--state-out", state]) == 0
    capsys.readouterr()
    assert run(["merge", *states, "-f", "csv"]) == 0
    assert capsys.readouterr().out == want


# -- at all looks ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("draw", ["normal", "squares", "difference"])
def test_looking_after_each_of_1000_rows(draw):
    """The interval of fixed size errs in half of the samples."""
    rng = np.random.default_rng(3)
    normal = rng.standard_normal((600, 1000))
    samples, mean = {
        "normal": (normal, 0.0),
        "squares": (normal**2, 1.0),
        "difference": (normal**2 - rng.standard_normal((600, 1000)) ** 2, 0.0),
    }[draw]
    assert ever_missed(samples, mean, lambda df: sequential.half_width(df, LEVEL)) <= 0.05
    assert ever_missed(samples, mean, lambda df: special.stdtrit(df, 0.975)) > 0.35


@pytest.mark.parametrize("p", [0.02, 0.5])
def test_looking_at_a_proportion_after_each_of_1000_rows(p):
    assert ever_missed_proportion(p, 3000, np.random.default_rng(4)) <= 0.05
