"""--mean-of: the mean over groups of the value of each; groups are units, and undefined ones are counted."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import losscli
from losscli.errors import UsageError
from losscli.execution.engines.threads import Threads
from losscli.execution.merge_states import merge
from losscli.execution.python_run import prepared
from losscli.execution.shards import Shard, score

RNG = np.random.default_rng(8)
ROWS = 200
DATA = {"s": RNG.choice(["a", "b", "c", "d", "e"], ROWS, p=[0.4, 0.3, 0.2, 0.06, 0.04]),
        "g": RNG.choice(["x", "y"], ROWS),
        "y": RNG.normal(size=ROWS), "p": RNG.normal(size=ROWS), "w": RNG.uniform(0.5, 2.0, ROWS)}  # fmt: skip
ROLES = {"target": "y", "pred": "p"}
SPECS = ["mse", "rmse", "pearson", "wmape", "0.5*rmse+mae"]


def by_hand(spec, mask=None, **more):
    """The mean of what runs over each group give."""
    mask = np.ones(ROWS, bool) if mask is None else mask
    groups = sorted(set(DATA["s"][mask]))
    rows = [mask & (DATA["s"] == name) for name in groups]
    values = [losscli.evaluate({k: v[at] for k, v in DATA.items()}, spec, **ROLES, **more)[0].value for at in rows]
    return float(sum(map(Fraction, values)) / len(values)), np.array(values)


@pytest.mark.parametrize("more", [{}, {"weight": "w"}, {"reduction": "sum"}], ids=str)
def test_it_is_the_mean_of_the_runs_over_each_group(more):
    specs = [spec for spec in SPECS if "reduction" not in more or spec == "mse"]
    report = losscli.evaluate(DATA, specs, mean_of="s", by="g", **ROLES, **more)
    assert len(report) == 3 * len(specs)
    for r in report:
        mask = DATA["g"] == r.by["g"] if r.by else None
        want, values = by_hand(r.spec, mask, **more)
        assert r.value == pytest.approx(want, rel=1e-15) if r.parts else r.value == want
        assert (r.count, r.weight, r.excluded_count) == (len(values), len(values), 0)
        assert "|mean-of=s" in r.signature


def test_the_same_bits_however_cut(tmp_path, monkeypatch):
    specs = SPECS[:4]
    want = [r.value.hex() for r in losscli.evaluate(DATA, specs, mean_of="s", by="g", **ROLES)]
    found = []
    for chunk in ("1", "17"):
        monkeypatch.setenv("LOSSCLI_CHUNK_ROWS", chunk)
        order = np.random.default_rng(int(chunk)).permutation(ROWS)
        rows = {name: column[order] for name, column in DATA.items()}
        found.append(losscli.evaluate(rows, specs, mean_of="s", by="g", threads=2, **ROLES))
    parts = []
    for number, cut in enumerate((slice(0, 3), slice(3, 120), slice(120, None))):
        path = tmp_path / f"{number}.csv"
        lines = zip(*(column[cut].tolist() for column in DATA.values()), strict=True)
        path.write_text("\n".join([",".join(DATA), *(",".join(map(str, line)) for line in lines)]) + "\n")
        parts.append(str(path))
    ready = prepared({"source": parts, "losses": specs, "mean_of": "s", "by": "g", **ROLES})
    states = []
    for number in (2, 1):
        states.append(tmp_path / f"{number}.json")
        states[-1].write_text(score(ready, Shard(number, 2), Threads(1)).text)
    found.append(merge(list(map(str, states))).evaluation.results)
    for report in found:
        assert [r.value.hex() for r in report] == want


def test_intervals_have_groups_as_units():
    scipy_t = 2.7764451051977934  # scipy.stats.t.ppf(0.975, 4)
    result = losscli.evaluate(DATA, "rmse", mean_of="s", interval=True, **ROLES)[0]
    mean, values = by_hand("rmse")
    stderr = values.std(ddof=1) / np.sqrt(5)
    assert result.stderr == pytest.approx(stderr, rel=1e-14)
    assert result.interval == pytest.approx((mean - scipy_t * stderr, mean + scipy_t * stderr), rel=1e-12)
    assert (result.uncertainty.units, result.uncertainty.count, result.uncertainty.df) == ("s", 5, 4.0)


def test_groups_without_a_value_are_left_out_counted_and_said():
    data = {
        "s": ["a", "a", "a", "b", "c", "c"],
        "y": [1.0, 2.0, 4.0, 1.0, 3.0, 3.0],
        "p": [1.0, 3.0, 3.5, 2.0, 1.0, 2.0],
    }
    report = losscli.evaluate(data, "pearson", mean_of="s", interval=True, **ROLES)
    own = losscli.evaluate({k: v[:3] for k, v in data.items()}, "pearson", **ROLES)[0].value
    assert (report[0].value, report[0].count, report[0].excluded_count, report[0].interval) == (own, 1, 2, None)
    said = [warning.message for warning in report.warnings]
    assert "pearson: 2 of the 3 groups of 's' have no value, and are left out of the mean" in said
    assert "pearson: the mean of one group of 's' has no standard error" in said
    huge = losscli.evaluate({"s": ["a", "b"], "y": [1e300, 1.0], "p": [-1e300, 1.0]}, "mse", mean_of="s", **ROLES)[0]
    assert (huge.value, huge.count) == (np.inf, 2)


def test_groups_may_be_derived_and_losses_of_batches():
    numbers = {"n": DATA["y"], **DATA}
    by_edges = losscli.evaluate(numbers, "mse", mean_of="n:0", **ROLES)[0].value
    halves = [losscli.evaluate({k: v[at] for k, v in DATA.items()}, "mse", **ROLES)[0].value
              for at in (DATA["y"] < 0, DATA["y"] >= 0)]  # fmt: skip
    assert by_edges == float(sum(map(Fraction, halves)) / 2)
    quartiles = losscli.evaluate(numbers, "mse", mean_of="n:quantile=4", by="g", **ROLES)
    assert [r.count for r in quartiles] == [4, 4, 4]
    views = {"u": RNG.normal(size=(6, 3)), "v": RNG.normal(size=(6, 3)), "k": ["a"] * 4 + ["b"] * 2}
    roles = {"columns": {"anchor": "u", "positive": "v"}, "batch_by": "k"}
    batches = [losscli.evaluate({k: v[at] for k, v in views.items()}, "nt_xent", **roles)[0].value
               for at in (slice(4), slice(4, 6))]  # fmt: skip
    got = losscli.evaluate(views, "nt_xent", mean_of="k", **roles)[0]
    assert got.value == float(sum(map(Fraction, batches)) / 2)


@pytest.mark.parametrize("spec", ["rmse", "pearson", "0.5*rmse+mae", "mse"])
def test_the_gradient_is_the_slope_of_the_mean(spec):
    data = {name: column[:40] for name, column in DATA.items()} | {
        "s": np.array(["a", "b", "c", "c"] * 9 + ["d", "a"] * 2)
    }
    data["y"][data["s"] == "d"] = 1.0  # this group has no correlation
    found = losscli.gradient(data, spec, mean_of="s", weight="w", **ROLES)["p"]
    step = 1e-6
    for row in (0, 2, 3, 36):
        moved = [dict(data, p=data["p"] + sign * step * (np.arange(40) == row)) for sign in (1, -1)]
        up, down = (losscli.evaluate(one, spec, mean_of="s", weight="w", **ROLES)[0].value for one in moved)
        assert found[row] == pytest.approx((up - down) / (2 * step), rel=1e-7, abs=1e-9)


@pytest.mark.parametrize("more", [{"cluster": "g"}, {"bootstrap": 20}, {"between": "rest", "by": "g"}, {"why": True},
                                  {"interval_method": "hall"}])  # fmt: skip
def test_what_is_about_rows_is_refused(more):
    with pytest.raises(UsageError, match="is about rows, and the units of --mean-of 's' are its groups"):
        losscli.evaluate(DATA, "mse", mean_of="s", **ROLES, **more)


def test_reports_tell_groups_apart():
    """Groups of the same names that other rows are in make another number of the same signature."""
    moved = {**DATA, "s": np.roll(DATA["s"], 1)}
    hashes = [losscli.evaluate(data, "mse", mean_of="s", **ROLES).evaluation.slices_sha256 for data in (DATA, moved)]
    assert hashes[0] is not None
    assert hashes[0] != hashes[1]


def test_models_are_compared_by_their_groups():
    scipy_t = {5: 2.7764451051977934}  # scipy.stats.t.ppf(0.975, 4)
    data = {**DATA, "q": DATA["p"] + RNG.normal(scale=0.5, size=ROWS)}
    found = losscli.compare(
        data, ["rmse", "0.5*rmse+mae"], target="y", pred={"p": "p", "q": "q"}, mean_of="s", test="t"
    )
    rows = [DATA["s"] == name for name in "abcde"]
    for one in found.comparisons:
        ours, theirs = (
            np.array([losscli.evaluate({k: v[at] for k, v in data.items()}, one.spec, target="y", pred=name)[0].value
                      for at in rows])
            for name in (one.model, one.against)
        )  # fmt: skip
        gaps = ours - theirs
        stderr = gaps.std(ddof=1) / np.sqrt(5)
        assert (one.count, one.ties) == (5, 0)
        assert one.wins == (gaps < 0).sum()
        assert one.difference == pytest.approx(gaps.mean(), rel=1e-12)
        assert one.stderr == pytest.approx(stderr, rel=1e-12)
        assert one.t == pytest.approx(gaps.mean() / stderr, rel=1e-12)
        ends = gaps.mean() - scipy_t[5] * stderr, gaps.mean() + scipy_t[5] * stderr
        assert one.interval == pytest.approx(ends, rel=1e-10)
        assert (one.decision.test, one.uncertainty.units) == ("t", "s")
    few = losscli.compare(data, "rmse", target="y", pred={"p": "p", "q": "q"}, mean_of="s").comparisons[0]
    signs = np.array(np.meshgrid(*[[1, -1]] * 5)).reshape(5, -1)
    ours, theirs = (by_hand_values(data, name, rows) for name in (few.model, few.against))
    exact = np.mean(np.abs(signs.T @ (ours - theirs)) >= np.abs((ours - theirs).sum()) - 1e-12)
    assert (few.decision.test, few.permutations, few.permutation.p) == ("permutation", 32, pytest.approx(exact))
    with pytest.raises(UsageError, match="--pairs ranks models by their rows"):
        losscli.compare(data, "rmse", target="y", pred={"p": "p", "q": "q"}, mean_of="s", pairs=True)


def by_hand_values(data, name, rows):
    return np.array([np.sqrt(np.mean((data[name] - data["y"])[at] ** 2)) for at in rows])
