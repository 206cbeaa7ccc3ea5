"""Terms a class in whole runs: labels as classes, however rows are cut; intervals, slices, weights, comparisons."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner
from files import rows_of, write_csv

import losscli
from losscli.aggregate.class_products import ClassProducts
from losscli.aggregate.class_terms import Classed
from losscli.aggregate.exact_sum import ONE
from losscli.cli import cli
from losscli.contract import class_terms
from losscli.contract.class_terms import PerClass, absolute, averaged, folded, largest
from losscli.errors import LosscliError

RNG = np.random.default_rng(11)
N = 240
NAMES = np.array(["cat", "dog", "emu", "gnu"])
T = RNG.choice(4, N, p=[0.4, 0.35, 0.23, 0.02])
A = np.where(RNG.random(N) < 0.6, T, RNG.integers(0, 4, N))
B = np.where(RNG.random(N) < 0.7, T, RNG.integers(0, 3, N))
W = RNG.uniform(0.5, 2, N)
DATA = {"y": NAMES[T], "a": NAMES[A], "b": NAMES[B], "w": W, "s": np.array(list("uv"))[RNG.integers(0, 2, N)]}


def evaluate(loss="f1:average=macro", data=DATA, **settings):
    return losscli.evaluate(data, loss, target="y", **({"pred": "a"} | settings))


def macro_f1(true, said, w):
    found = []
    for c in np.unique(np.concatenate([true, said])):
        hits, both = w[(true == c) & (said == c)].sum(), w[true == c].sum() + w[said == c].sum()
        found.append(2 * hits / both)
    return np.mean(found)


def sandwich(value, w):
    """The standard error from the derivative of a value by each weight (White's sandwich)."""
    step = 1e-6
    gradients = np.array([
        (value(w + step * one) - value(w - step * one)) / (2 * step) for one in np.eye(len(w))
    ])  # fmt: skip
    n = w.sum() ** 2 / (w**2).sum()
    return np.sqrt(((w * gradients) ** 2).sum() * n / (n - 1))


def bits(report):
    return [(r.value, r.stderr, {n: (t.mean, t.count) for n, t in r.terms.items()}, dict(r.by)) for r in report]


@pytest.mark.parametrize("weight", [None, "w"])
def test_standard_error_is_the_sandwich(weight):
    w = W if weight else np.ones(N)
    data = {name: np.tile(column, 5) for name, column in DATA.items()}  # beyond the rows that are kept one by one
    (got,) = evaluate(data=data, interval=True, weight=weight)
    want = sandwich(lambda w: macro_f1(T, A, w), w)
    assert got.value == pytest.approx(macro_f1(T, A, w), rel=1e-14)
    ess = w.sum() ** 2 / (w**2).sum()
    assert got.stderr == pytest.approx(want * np.sqrt((1 - 1 / ess) / (1 - 1 / (5 * ess)) / 5), rel=1e-6)
    assert got.interval[0] < got.value < got.interval[1] <= 1


def test_same_bits_however_rows_are_cut(tmp_path, monkeypatch):
    settings = {"interval": True, "by": "s", "weight": "w"}
    want = bits(evaluate(**settings))
    assert list(want[0][2])[:4] == ["hits[cat]", "hits[dog]", "hits[emu]", "hits[gnu]"]
    order = np.argsort(DATA["y"], kind="stable")[::-1]  # each class for itself
    assert bits(evaluate(data=rows_of(DATA, order), **settings)) == want
    parts = np.array_split(order, 5)
    files = [write_csv(tmp_path / f"{i}.csv", rows_of(DATA, rows)) for i, rows in enumerate(parts)]
    assert bits(evaluate(data=files, **settings)) == want
    monkeypatch.setenv("LOSSCLI_CHUNK_ROWS", "1")
    assert bits(evaluate(**settings)) == want


@pytest.mark.parametrize("weights", [["-w", "w"], []])  # rows that are kept one by one, and sums of products
def test_shards_of_other_classes_make_the_same_report(tmp_path, weights):
    order = np.argsort(DATA["y"], kind="stable")
    parts = [part[np.argsort(DATA["s"][part], kind="stable")] for part in np.array_split(order, 3)]
    parts[1] = parts[1][::-1]  # where slices come in another order
    files = [write_csv(tmp_path / f"{i}.csv", rows_of(DATA, rows)) for i, rows in enumerate(parts)]
    asked = ["eval", *files, "-t", "y", "-p", "a", "-l", "f1:average=macro", "--interval", "--by", "s", *weights]
    states = [str(tmp_path / f"{i}.state") for i in range(3)]
    for i, state in enumerate(states):
        assert not CliRunner().invoke(cli, [*asked, "--shard", f"{i + 1}/3", "--state-out", state]).exit_code
    whole, merged = (
        json.loads(CliRunner().invoke(cli, [*command, "--format", "json"]).stdout)["results"]
        for command in (asked, ["merge", *states])
    )
    assert merged == whole


def test_slices_have_the_classes_that_occur_in_them():
    data = DATA | {"s": np.where(T == 3, "rare", "other")}
    found = {r.by.get("s"): r for r in evaluate(data=data, by="s", interval=True)}
    part = T != 3
    assert found["other"].value == pytest.approx(macro_f1(T[part], A[part], np.ones(part.sum())), rel=1e-14)
    assert found["rare"].terms["true[cat]"].mean == 0 and found["rare"].terms["true[gnu]"].mean == 1


def test_class_weights_and_rows_of_weight_0():
    counts = np.bincount(T)
    (got,) = evaluate(class_weight="balanced", interval=True)
    assert got.value == pytest.approx(macro_f1(T, A, (N / (4 * counts))[T]), rel=1e-13)
    assert 0 < got.stderr < 0.1
    without = T != 3
    (got,) = evaluate(data=DATA | {"w": without * 1.0}, weight="w")
    assert got.value == evaluate(data=rows_of(DATA, np.flatnonzero(without)))[0].value


def test_a_comparison_is_of_the_same_rows():
    models = {"pred": {"a": "a", "b": "b"}}
    (got,) = losscli.compare(DATA, "f1:average=macro", target="y", **models).comparisons
    want = sandwich(lambda w: macro_f1(T, B, w) - macro_f1(T, A, w), np.ones(N))
    assert got.difference == pytest.approx(macro_f1(T, B, np.ones(N)) - macro_f1(T, A, np.ones(N)), rel=1e-12)
    assert got.stderr == pytest.approx(want, rel=1e-6)


@pytest.mark.parametrize("how", [{"bootstrap": 400}, {"cluster": "c"}])
def test_resamples_and_clusters_without_some_class(how):
    data = DATA | {"c": np.arange(N)}
    (got,) = evaluate(data=data, interval=True, **how)
    assert got.stderr == pytest.approx(sandwich(lambda w: macro_f1(T, A, w), np.ones(N)), rel=0.15)


def test_numbers_are_labels_or_the_probability_of_class_1():
    """Whole numbers are labels; a row of 0 and 1 alone is the same either way, and fractions have a threshold."""
    numbers = {"y": T, "a": A}
    assert evaluate(data=numbers)[0].value == evaluate()[0].value
    y, p = (T > 0).astype(int), RNG.uniform(0, 1, N)
    binary = evaluate(data={"y": y, "a": p})[0]
    assert binary.value == pytest.approx(macro_f1(y, (p > 0.5).astype(int), np.ones(N)), rel=1e-14)
    assert set(binary.terms) == {f"{term}[{c}]" for term in ("hits", "said", "true") for c in (0, 1)}
    with pytest.raises(LosscliError, match="holds probabilities and labels"):
        evaluate(data={"y": T, "a": np.where(T > 1, T, 0.25)})


def test_too_many_classes_are_no_classes(monkeypatch):
    monkeypatch.setattr("losscli.aggregate.class_terms.MAX_CLASSES", 3)
    with pytest.raises(LosscliError, match="more than 3 classes"):
        evaluate()
    assert class_terms.MAX_CLASSES == 1000


def test_slopes_by_many_means_are_those_by_few(monkeypatch):
    few = evaluate("mcc", interval=True, weight="w")[0]
    monkeypatch.setattr("losscli.statistics.combination.MANY", 5)
    monkeypatch.setattr("losscli.statistics.linearization.MANY", 5)
    many = evaluate("mcc", interval=True, weight="w")[0]
    assert many.stderr == pytest.approx(few.stderr, rel=1e-13) and many.stderr > 0


def test_gradient_of_a_mean_a_class():
    """A class that is rare counts as much as others, so each of its rows counts more."""
    data = {"y": [1.0, 1.0, 1.0, 4.0], "p": [1.5, 2.0, 0.0, 3.0], "w": [1.0, 2.0, 1.0, 1.0]}
    got = losscli.gradient(data, "macro_mae", pred="p", target="y", weight="w")["p"]
    assert got.tolist() == [0.125, 0.25, -0.125, -0.5]


def test_labels_of_a_row_are_called_by_their_columns():
    data = {"p_x": [0.9, 0.2, 0.7], "p_z": [0.1, 0.8, 0.6], "t_z": [0, 1, 0], "t_x": [1, 1, 1]}
    (got,) = losscli.evaluate(data, "multilabel_f1", pred="p_*", target="t_*")
    assert got.value == pytest.approx((2 * 2 / 5 + 2 / 3) / 2)
    assert {name: t.mean for name, t in got.terms.items() if name.startswith("hits")} == {
        "hits[x]": pytest.approx(2 / 3), "hits[z]": pytest.approx(1 / 3)
    }  # fmt: skip


def test_rows_have_no_value_of_means_a_class():
    with pytest.raises(LosscliError, match="has no value per row"):
        losscli.row_values(DATA, "mcc", pred="a", target="y")


def test_products_of_classes_merge_by_slice():
    one = Classed("source", "t", np.ones(4), np.array([0, 1, 0, 1]), ["a", "b"])
    ours, theirs = ClassProducts(), ClassProducts()
    ours.update([["source"]], [one], {}, np.array([0, 0, 1, 1]))
    theirs.update([["source"]], [one], {}, np.array([0, 0, 0, 1]))
    ours.merge(theirs, np.array([1, 0]))
    ((pair, cells),) = ours.cells.items()
    sums = ours.products.sums[pair].evaluate()
    found = {cell: sums[at] // ONE for cell, at in cells.items()}
    assert found == {(0, "a", "a"): 1, (0, "b", "b"): 2, (1, "a", "a"): 3, (1, "b", "b"): 2}


def test_words_of_a_value():
    """Numbers, complex steps and arrays of resamples go the same way."""
    over, under = PerClass({"a": 1.0, "b": 0.0, "c": 2.0}), PerClass({"a": 4.0, "b": 0.0, "c": 4.0})
    weight = PerClass({"a": 1.0, "b": 2.0, "c": 3.0})
    assert averaged("macro", over, under, weight=weight) == 0.375
    assert averaged("macro", over, under, weight=weight, undefined=0.0) == 0.25
    assert averaged("weighted", over, under, weight=weight) == 1.75 / 4
    assert averaged("micro", over, under, weight=weight) == 3 / 8
    many = [values.map(lambda x: np.array([x, x])) for values in (over, under)]
    assert averaged("macro", *many, weight=weight).tolist() == [0.375, 0.375]
    moved = averaged("macro", over.map(complex), PerClass({"a": 4 + 1e-20j, "b": 1e-20j, "c": 4.0}), weight=weight)
    assert moved.imag == pytest.approx(-1 / 32 * 1e-20)
    assert absolute(-2 + 1e-20j) == 2 - 1e-20j and largest(PerClass({"a": 1.0, "b": 3.0, "c": 2.0})) == 3.0
    assert absolute(PerClass({"a": np.array([-1.0, 2.0])})).entries["a"].tolist() == [1.0, 2.0]
    assert folded({"x[10]": 1, "x[9]": 2, "y[9]": 3, "z": 4})["y"].entries == {"9": 3, "10": 0}
    with np.errstate(invalid="ignore"):
        assert np.isnan(averaged("macro", *[PerClass({"a": 0.0})] * 2, weight=weight))
