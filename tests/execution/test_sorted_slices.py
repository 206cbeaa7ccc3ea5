"""--sort: the same results in another order, whether slices are columns or single results."""

from __future__ import annotations

import math

import numpy as np
import pytest

import losscli
from losscli.results.columns import SliceColumns, parts_of


def table(slices):
    rng = np.random.default_rng(slices)
    labels = rng.integers(0, slices, 8 * slices)
    return {
        "g": [f"g{label:04d}" for label in labels],
        "y": rng.normal(size=len(labels)), "a": rng.normal(size=len(labels)), "b": rng.normal(size=len(labels)),
        "p": rng.uniform(0.01, 0.99, len(labels)), "z": rng.integers(0, 2, len(labels)).astype(float),
    }  # fmt: skip


def both(sort, slices=300, **more):
    given = {"target": "y", "pred": {"a": "a", "b": "b"}, "by": "g", **more}
    losses = given.pop("losses", ["mse", "rmse", "0.5*mse+2*mae"])
    data = table(slices)
    return [losscli.evaluate(data, losses, sort=one, **given) for one in ("label", sort)]


MEANS = ["mse", "mae"]


@pytest.mark.parametrize(("more", "columns"), [({}, True), ({"losses": MEANS, "interval": True}, True),
                                               ({"losses": MEANS, "between": "rest"}, False)],
                         ids=["values", "intervals", "differences"])  # fmt: skip
def test_the_same_results_in_another_order(more, columns):
    plain, moved = both("mse", **more)
    assert any(isinstance(part, SliceColumns) for part in parts_of(moved.evaluation.results)) == columns
    own = [one for one in plain if one.by and one.model == "a" and one.spec == "mse"]
    order = [one.by["g"] for one in sorted(own, key=lambda one: -one.value)]
    expected = []
    for spec in dict.fromkeys((one.model, one.spec) for one in plain):
        line = [one for one in plain if (one.model, one.spec) == spec]
        expected += [line[0], *sorted(line[1:], key=lambda one: order.index(one.by["g"]))]
    assert list(moved) == expected


def test_by_count_the_largest_first_and_equal_ones_by_label():
    _, moved = both("count")
    found = [(-one.count, one.by["g"]) for one in moved if one.by and one.model == "b" and one.spec == "mse"]
    assert len(found) > 250
    assert found == sorted(found)


@pytest.mark.parametrize(("loss", "worst"), [("roc_auc", min), ("bce", max)])
def test_the_worst_is_the_lowest_where_higher_is_better(loss, worst):
    _, moved = both("loss", 12, losses=loss, target="z", pred="p")
    values = [one.value for one in moved if one.by and not math.isnan(one.value)]
    assert values[0] == worst(values)
    assert values == sorted(values, reverse=worst is max)


def test_the_worst_bias_is_the_farthest_from_zero():
    _, moved = both("loss", 12, losses="mean_error")
    values = [abs(one.value) for one in moved if one.by and one.model == "a"]
    assert values == sorted(values, reverse=True)
    assert any(one.value < 0 for one in moved)


def test_what_has_no_value_comes_first():
    data = {"g": list("aabbcc"), "z": [0.0, 1, 1, 1, 0, 1], "p": [0.2, 0.8, 0.5, 0.6, 0.9, 0.1]}
    moved = losscli.evaluate(data, "roc_auc", target="z", pred="p", by="g", sort="loss")
    assert [one.by.get("g") for one in moved] == [None, "b", "c", "a"]


def test_comparisons_follow():
    data = table(5)
    moved = losscli.compare(data, "mse", target="y", pred={"a": "a", "b": "b"}, by="g", sort="loss")
    order = [one.by.get("g") for one in moved if one.model == "a"]
    assert [one.by.get("g") for one in moved.comparisons] == order
    assert order[1:] != sorted(order[1:])


def test_an_unknown_order_is_refused():
    with pytest.raises(losscli.errors.UsageError, match="no loss of this run"):
        both("lss", 4)
