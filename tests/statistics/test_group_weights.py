"""--group-weight: the mean over groups with the weight of each, as WRMSSE of M5; its spread, tests and gradient."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

import losscli
from losscli.errors import DataError, EmptyError, UsageError
from losscli.execution.engines.threads import Threads
from losscli.execution.merge_states import merge
from losscli.execution.python_run import prepared
from losscli.execution.shards import Shard, score
from losscli.statistics.group_weights import standard_error

# One row a group, so that its mae is |y - p|
VALUES = np.array([0.66, 1.4, 0.3, 2.2, 0.9])
OTHERS = np.array([0.5, 1.6, 0.4, 1.9, 1.1])
WEIGHTS = np.array([3.0, 1.0, 0.5, 2.0, 4.0])
DATA = {"s": list("abcde"), "y": np.zeros(5), "p": VALUES, "q": OTHERS, "W": WEIGHTS}
SETTINGS = {"target": "y", "pred": "p", "mean_of": "s", "group_weight": "W"}


def test_the_mean_and_its_standard_error_are_those_of_weighted_least_squares():
    found = losscli.evaluate(DATA, "mae", interval=True, **SETTINGS)[0]
    # statsmodels 0.14: WLS of the values on a constant, cov_type="HC2"
    assert found.value == pytest.approx(1.0980952380952382, rel=1e-15)
    assert found.stderr == pytest.approx(0.29661770561018935, rel=1e-13)
    assert found.n_eff == pytest.approx(WEIGHTS.sum() ** 2 / (WEIGHTS**2).sum(), rel=1e-15)
    assert found.uncertainty.df == pytest.approx(degrees_of_freedom(WEIGHTS / WEIGHTS.sum()), rel=1e-12)
    assert (found.count, found.weight) == (5, 10.5)
    assert list(found.terms) == ["mean of s by W"]
    assert "|mean-of=s|group-weight=W" in found.signature


def degrees_of_freedom(shares):
    """tr(G)**2 / tr(G**2) of the covariances of the residuals that the variance is made of, by the whole matrix."""
    x = shares / np.sqrt(1 - shares)
    covariances = np.diag(shares) - np.outer(x, x) + np.diag(x**2)
    return np.trace(covariances) ** 2 / np.trace(covariances @ covariances)


def test_equal_weights_are_the_plain_mean():
    data = {**DATA, "W": np.full(5, 0.3)}
    plain = {name: value for name, value in SETTINGS.items() if name != "group_weight"}
    for spec in ("mae", "rmse", "1-mae"):
        own, known = (losscli.evaluate(data, spec, interval=True, **one)[0] for one in (SETTINGS, plain))
        assert own.value == pytest.approx(known.value, rel=1e-15)
        if known.stderr is not None:
            assert own.stderr == pytest.approx(known.stderr, rel=1e-13)
            assert own.interval == pytest.approx(known.interval, rel=1e-12)
            assert own.uncertainty.df == pytest.approx(4.0, rel=1e-12)


def test_a_weight_of_2_is_not_two_groups_but_the_same_mean():
    twice = {"s": list("aabcdx"), "y": np.zeros(6), "p": np.array([1.0, 3.0, 2.0, 5.0, 4.0, 2.0])}
    weighted = {"s": list("aabcd"), "y": np.zeros(5), "p": twice["p"][:5], "W": [1.0, 1.0, 2.0, 1.0, 1.0]}
    plain = losscli.evaluate(twice, "rmse", target="y", pred="p", mean_of="s")[0]
    assert losscli.evaluate(weighted, "rmse", **SETTINGS)[0].value == pytest.approx(plain.value, rel=1e-15)


def test_comparisons_know_the_weights():
    report = losscli.compare(DATA, "mae", permutations=1000, **{**SETTINGS, "pred": {"p": "p", "q": "q"}})
    found = report.comparisons[0]
    sign = 1 if found.model == "p" else -1
    # statsmodels 0.14: WLS of the differences, HC2
    assert sign * found.difference == pytest.approx(0.002857142857142836, rel=1e-12)
    assert found.stderr == pytest.approx(0.12986209121186787, rel=1e-13)
    assert found.uncertainty.df == pytest.approx(degrees_of_freedom(WEIGHTS / WEIGHTS.sum()), rel=1e-12)
    shares = WEIGHTS / WEIGHTS.sum() * (VALUES - OTHERS)
    signs = np.array([[1 - 2 * (at >> bit & 1) for bit in range(5)] for at in range(32)])
    exact = np.mean(np.abs(signs @ shares) >= abs(shares.sum()) - 1e-12)
    assert found.permutation.p == pytest.approx(exact, rel=1e-12)


ROWS_ = 120
RNG = np.random.default_rng(6)
LONG = {"s": RNG.choice(list("abcdef"), ROWS_), "g": RNG.choice(["x", "y"], ROWS_), "y": RNG.normal(size=ROWS_),
        "p": RNG.normal(size=ROWS_)}  # fmt: skip
LONG["W"] = np.array([{"a": 1.0, "b": 2.5, "c": 0.0, "d": 0.1, "e": 7.0, "f": 3.0}[name] for name in LONG["s"]])


@pytest.mark.parametrize("spec", ["rmse", "pearson", "0.5*rmse+mae", "roc_auc"])
def test_slices_have_the_weights_of_their_groups(spec):
    data = {**LONG, "y": (LONG["y"] > 0).astype(float)} if spec == "roc_auc" else LONG
    report = losscli.evaluate(data, spec, by="g", **SETTINGS)
    for result in report:
        mask = LONG["g"] == result.by["g"] if result.by else np.ones(ROWS_, bool)
        values, weights = [], []
        for name in "abdef":
            at = mask & (LONG["s"] == name)
            values.append(losscli.evaluate({k: v[at] for k, v in data.items()}, spec, target="y", pred="p")[0].value)
            weights.append(LONG["W"][at][0])
        assert result.value == pytest.approx(np.average(values, weights=weights), rel=1e-13)


def test_the_same_bits_however_cut(tmp_path, monkeypatch):
    specs = ["mse", "rmse", "pearson"]
    want = [(r.value, r.stderr) for r in losscli.evaluate(LONG, specs, by="g", interval=True, **SETTINGS)]
    for chunk in ("1", "17"):
        monkeypatch.setenv("LOSSCLI_CHUNK_ROWS", chunk)
        order = np.random.default_rng(int(chunk)).permutation(ROWS_)
        rows = {name: column[order] for name, column in LONG.items()}
        found = losscli.evaluate(rows, specs, by="g", interval=True, threads=2, **SETTINGS)
        assert [(r.value, r.stderr) for r in found] == want
    paths = []
    for number, cut in enumerate((slice(0, 50), slice(50, None))):
        paths.append(str(tmp_path / f"{number}.csv"))
        lines = zip(*(column[cut].tolist() for column in LONG.values()), strict=True)
        text = "\n".join([",".join(LONG), *(",".join(map(str, line)) for line in lines)])
        (tmp_path / f"{number}.csv").write_text(text + "\n")
    ready = prepared({"source": paths, "losses": specs, "by": "g", "interval": True, **SETTINGS})
    states = []
    for number in (2, 1):
        states.append(tmp_path / f"{number}.json")
        states[-1].write_text(score(ready, Shard(number, 2), Threads(1)).text)
    assert [(r.value, r.stderr) for r in merge(list(map(str, states))).evaluation.results] == want


@pytest.mark.parametrize("spec", ["mse", "rmse", "0.5*rmse+mae"])
def test_the_gradient_is_the_slope_of_the_weighted_mean(spec):
    found = losscli.gradient(LONG, spec, **SETTINGS)["p"]
    for row in range(0, ROWS_, 7):
        moved = []
        for step in (1e-6, -1e-6):
            data = {**LONG, "p": LONG["p"].copy()}
            data["p"][row] += step
            moved.append(losscli.evaluate(data, spec, **SETTINGS)[0].value)
        assert found[row] == pytest.approx((moved[0] - moved[1]) / 2e-6, rel=1e-5, abs=1e-9)


def test_a_group_without_a_value_leaves_with_its_weight():
    data = {"s": ["a", "a", "a", "b", "c", "c", "c"], "y": [1.0, 2.0, 4.0, 1.0, 3.0, 1.0, 2.0],
            "p": [1.0, 3.0, 3.5, 2.0, 1.0, 2.0, 2.5], "W": [1.0, 1.0, 1.0, 50.0, 2.0, 2.0, 2.0]}  # fmt: skip
    found = losscli.evaluate(data, "pearson", **SETTINGS)[0]
    each = [np.corrcoef(np.array(data["y"])[at], np.array(data["p"])[at])[0, 1] for at in (slice(0, 3), slice(4, 7))]
    assert found.value == pytest.approx((each[0] + 2 * each[1]) / 3, rel=1e-12)
    assert (found.count, found.weight, found.excluded_count) == (2, 3.0, 1)


def test_one_group_with_all_of_the_weight_has_no_standard_error():
    found = losscli.evaluate({**DATA, "W": [0.0, 0, 3, 0, 0]}, "mae", interval=True, **SETTINGS)[0]
    assert (found.value, found.stderr, found.count) == (0.3, None, 1)
    assert standard_error(np.array([1.0, 2.0]), np.array([1.0, 1e-30])) is None


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        (np.array([1.0, 2.0, 3.0, 4.0, -1.0]), "the weight of group 'e' is no number of at least 0"),
        (["1", "2", "3", "4", "much"], "the weight of group 'e' is no number of at least 0"),
        (np.array([1.0, 2.0, 3.0, 4.0, np.inf]), "the weight of group 'e' is no number of at least 0"),
        ([1.0, 2.0, 3.0, 4.0, None], "group 'e' has a row without a weight"),
    ],
)
def test_what_is_no_weight(weights, said):
    with pytest.raises(DataError, match=said) as caught:
        losscli.evaluate(pa.table({**DATA, "W": weights}), "mae", **SETTINGS)
    assert caught.value.column == "W"


def test_a_group_has_one_weight():
    data = {"s": ["a", "a", "b"], "y": [1.0, 2.0, 3.0], "p": [1.0, 1.0, 1.0], "W": [1.0, 2.0, 1.0]}
    with pytest.raises(DataError, match="group 'a' has the weights 1 and 2"):
        losscli.evaluate(data, "mae", **SETTINGS)
    texts = pa.table({**data, "W": ["1", "1.0", "2"]})  # two spellings of one number
    assert losscli.evaluate(texts, "mae", **SETTINGS)[0].value == pytest.approx((0.5 + 2 * 2) / 3)
    with pytest.raises(EmptyError):
        losscli.evaluate({**data, "W": [0.0, 0.0, 0.0]}, "mae", **SETTINGS)


def test_it_needs_groups():
    with pytest.raises(UsageError, match="--group-weight is the weight of the groups of --mean-of"):
        losscli.evaluate(DATA, "mae", target="y", pred="p", group_weight="W")
    with pytest.raises(DataError, match="no column 'V'"):
        losscli.evaluate(DATA, "mae", **{**SETTINGS, "group_weight": "V"})
