"""Comparisons of many slices: what they have in common is made once, and is what each alone would make."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from losscli import compare
from losscli.aggregate import held_tables
from losscli.statistics import permutation
from losscli.statistics.paired_tests import ComparedLines
from losscli.statistics.permutation import permutation_test
from losscli.statistics.resampling import PERMUTATION_STREAM, RandomStream


def _table(slices: int, each: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(2)
    y = rng.normal(size=slices * each)
    noise = {name: y + rng.normal(size=len(y)) for name in "ab"}
    return {"y": y, **noise, "k": np.arange(len(y)) % slices}


def _compared(table):
    return compare(table, "mse", target="y", pred={"a": "a", "b": "b"}, by="k").comparisons


def test_a_slice_is_compared_as_it_would_be_alone():
    table = _table(30, 7)
    together = {one.by["k"]: one for one in _compared(table) if one.by}
    for slice_ in ("0", "17"):
        own = table["k"] == int(slice_)
        (alone,) = (one for one in _compared({name: values[own] for name, values in table.items()}) if one.by)
        assert together[slice_] == alone


def test_what_slices_share_is_made_once(monkeypatch):
    made = {"exchanges": [], "pairs": 0, "differences": []}
    exchanges, pairs = permutation._all_exchanges, held_tables.compared_lines

    def counted(units):
        made["exchanges"].append(units)
        return exchanges(units)

    def listed(plan):
        made["pairs"] += 1
        return pairs(plan)

    monkeypatch.setattr(permutation, "_all_exchanges", counted)
    monkeypatch.setattr(held_tables, "compared_lines", listed)
    permutation._kept_exchanges.cache_clear()
    lists = []
    for slices in (10, 40):
        made["pairs"] = 0
        _compared(_table(slices, 7))
        lists.append(made["pairs"])
    assert made["exchanges"].count(7) == 1
    assert lists[0] == lists[1]


def test_the_linearisation_of_a_difference_is_made_once(monkeypatch):
    found = []
    own = ComparedLines.permutation

    def kept(lines):
        found.append(lines.difference is lines.difference)
        return own(lines)

    monkeypatch.setattr(ComparedLines, "permutation", kept)
    _compared(_table(5, 7))
    assert found
    assert all(found)


@pytest.mark.parametrize("units", [1, 2, 5, 13])
def test_kept_exchanges_are_all_of_them(units):
    (kept,) = permutation._kept_exchanges(units)
    assert kept.dtype == np.float64
    assert np.array_equal(kept, np.concatenate(list(permutation._all_exchanges(units))))


@pytest.mark.parametrize("units", [6, 18])
@pytest.mark.parametrize("layout", ["C", "F"])
def test_sums_moved_by_columns_have_the_bits_of_whole_rows(units, layout):
    rng = np.random.default_rng(units)
    a, b = (np.array(rng.normal(size=(units, 3)) + 3, order=layout) for _ in "ab")
    seen = []

    def statistic(totals):
        seen.append(np.array(totals))
        return totals[..., 0] * totals[..., 1] / totals[..., 2]

    assert permutation_test(a, b, statistic, 500, 0, (1,), np.full(units, 1 / units), Fraction(1, 20)) is not None
    total_a, total_b, ours, theirs = seen[:4]
    exchanged = RandomStream(0, (PERMUTATION_STREAM, 1)).bits(500, units)  # of 18 units: not all exchanges are made
    if units == 6:
        exchanged = np.concatenate(list(permutation._all_exchanges(units)))
    shifts = exchanged.astype(float) @ (np.asfortranarray(b) - np.asfortranarray(a))
    assert np.array_equal(ours, total_a + shifts)
    assert np.array_equal(theirs, total_b - shifts)


@pytest.mark.parametrize("size", [1, 2, 15, 16, 17, 500, 10_001])
@pytest.mark.parametrize("kind", ["normal", "ties", "sorted", "descending", "infinite", "small last"])
def test_a_quantile_by_a_sample_is_that_of_all_values(size, kind):
    rng = np.random.default_rng(size)
    values = rng.normal(size=size)
    if kind == "ties":
        values = np.round(values)
    elif kind in ("sorted", "descending"):
        values = np.sort(values)[:: 1 if kind == "sorted" else -1]
    elif kind == "infinite":
        values[rng.random(size) < 0.2] = -np.inf
    elif kind == "small last":  # where the sample has none of the small ones
        values = np.where(np.arange(size) % 16 == 0, 100.0, values)
    ordered = np.sort(values)
    for nth in {1, 2, size // 20, size // 2, size} - {0}:
        if nth <= size:
            assert permutation._smallest(values.copy(), nth) == ordered[nth - 1]


def test_a_quantile_is_looked_for_among_few_values():
    sizes = []

    class Counted(np.ndarray):
        def partition(self, kth, *more):
            sizes.append(len(self))
            np.asarray(self).partition(kth, *more)

    values = np.random.default_rng(0).normal(size=10_001)
    assert permutation._smallest(values.view(Counted), 501) == np.sort(values)[500]
    assert sum(sizes) < 2_500
