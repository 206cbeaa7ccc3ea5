"""Pairs of rows in order, counted one by one and in n log n steps; orders and places of rows, in pieces and at once."""

from __future__ import annotations

import numpy as np
import pytest

from losscli.contract.table_scope import SortedTable, ones
from losscli.losses import _order
from losscli.losses._order import at_places, dense_ranks, distinct, places, product
from losscli.losses._ordered_pairs import ascending, like_ordered, tied
from losscli.parallel import using_threads


@pytest.fixture(params=[4, 1 << 13], ids=["pieces of 4", "one piece"], autouse=True)
def size_of_pieces(request, monkeypatch):
    monkeypatch.setattr(_order, "PIECE", request.param)


def one_by_one(x, y, left, weights):
    """The weight of the pairs that ascend in both; alike in y; descending in y; that differ in x, or in y."""
    every, found = range(len(x)), [0] * 5
    for i in every:
        for j in every:
            weight = int(weights[i]) * int(weights[j])
            found[0] += weight * bool(left[i] and x[i] < x[j] and y[i] < y[j])
            found[1] += weight * bool(left[i] and x[i] < x[j] and y[i] == y[j])
            found[2] += weight * bool(x[i] < x[j] and y[i] > y[j])
            found[3] += weight * bool(x[i] < x[j])
            found[4] += weight * bool(y[i] < y[j])
    return found


@pytest.mark.parametrize("kind", ["plain", "whole", "of any size"])
@pytest.mark.parametrize("rows", [0, 1, 2, 7, 16, 33])
def test_pairs_are_those_that_one_by_one_gives(rows, kind):
    rng = np.random.default_rng(rows)
    for most in (2, 5, 1000):
        x, y = (dense_ranks(rng.integers(0, most, rows).astype(float)) for _ in range(2))
        weights = np.ones(rows, np.int64) if kind == "plain" else rng.integers(1, 6, rows)
        weights = weights.astype(object) << 70 if kind == "of any size" else weights
        marked = rng.integers(0, 2, rows) == 1
        above, alike, *_ = one_by_one(x, y, marked, weights)
        assert (ascending(x, y, marked, weights), tied(x, y, marked, weights)) == (above, alike)
        want = one_by_one(x, y, np.ones(rows, bool), weights)
        assert like_ordered(x, y, weights) == (want[0], *want[2:])


VALUES = {
    "different": lambda rng, rows: rng.normal(size=rows),
    "near": lambda rng, rows: 1 + np.round(rng.random(rows) * 20) * 2.0**-52,
    "near and far": lambda rng, rows: np.where(
        rng.random(rows) < 0.1, 1 + rng.random(rows) / 2**48, rng.normal(size=rows)
    ),
    "ends": lambda rng, rows: rng.choice([0.0, -0.0, 5e-324, -5e-324, 1e308, -1e308, np.inf, -np.inf], rows),
}  # fmt: skip


@pytest.mark.parametrize("kind", VALUES)
@pytest.mark.parametrize("rows", [0, 1, 2, 9, 700])
def test_orders_and_places(rows, kind):
    rng = np.random.default_rng(rows)
    values, other = VALUES[kind](rng, rows), VALUES[kind](rng, rows)
    sizes = np.abs(values)
    assert at_places(sizes, range(rows)) == sorted(sizes.tolist())
    known, ranks = np.unique(values + 0.0, return_inverse=True)
    assert dense_ranks(values).tolist() == ranks.tolist()
    weights = np.ones(rows, np.int64)
    below = [int((values < value).sum()) - int((values > value).sum()) for value in values]
    theirs = [int((other < value).sum()) - int((other > value).sum()) for value in other]
    mine, second = places(values, weights), places(other, weights)
    assert mine.at(slice(0, rows)).tolist() == below
    assert mine.square == sum(one * one for one in below)
    assert product(mine, second, weights) == sum(a * b for a, b in zip(below, theirs, strict=True))
    groups = list(distinct(values, weights).groups())
    assert [value for group in groups for value in group.values.tolist()] == known.tolist()
    assert sum(int(group.weights.sum()) for group in groups) == rows


def test_columns_side_by_side_are_those_in_turn():
    rng = np.random.default_rng(5)
    table = SortedTable({name: VALUES[kind](rng, 700) for name, kind in zip("ab", VALUES, strict=False)}, ones(700))
    want = [dense_ranks(table[name]).tolist() for name in "ab"]
    with using_threads(2):
        assert [ranks.tolist() for ranks in _order.of_columns(dense_ranks, table, "ab")] == want
