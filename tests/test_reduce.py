"""Exact sums against fractions: any values, any cut, any order, any cells."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from losscli.reduce import CHUNK, Fingerprint, Sums, rounded, text_words

doubles = st.floats(allow_nan=False, allow_infinity=False)


def total(values):
    return sum(map(Fraction, values), Fraction(0))


@settings(max_examples=200)
@given(st.lists(doubles, min_size=1, max_size=60), st.data())
def test_any_cut_and_order_gives_the_fraction(values, data):
    order = data.draw(st.permutations(values))
    cut = data.draw(st.integers(0, len(values)))
    left, right = Sums(), Sums()
    for part, sums in ((order[:cut], left), (order[cut:], right)):
        sums.add(np.array(part, dtype=float))
    left.merge(right)
    assert left.fraction() == total(values)


@settings(max_examples=200)
@given(st.lists(st.tuples(doubles, st.integers(0, 4)), min_size=1, max_size=60), st.integers(0, 60))
def test_cells(pairs, cut):
    values, cells = np.array([p[0] for p in pairs]), np.array([p[1] for p in pairs])
    one, two = Sums(5), Sums(5)
    one.add(values[:cut], cells[:cut])
    two.add(values[cut:], cells[cut:])
    target = Sums(1)
    moved = np.array([3, 1, 0, 4, 2])  # merging renumbers the cells
    target.merge(one, moved)
    target.merge(two, moved)
    for cell in range(5):
        assert target.fraction(int(moved[cell])) == total(values[cells == cell])


@pytest.mark.parametrize("kind", ["wide", "denormal", "huge", "ordinary", "cancel", "one sign"])
def test_many_values(kind):
    rng = np.random.default_rng(0)
    n = 3 * CHUNK + 17
    x = rng.normal(size=n)
    if kind == "wide":
        x *= 2.0 ** rng.integers(-1000, 1000, n)
    elif kind == "denormal":
        x = rng.integers(-5, 5, n) * 5e-324
    elif kind == "huge":
        x *= 1e307
    elif kind == "one sign":
        x = rng.uniform(0.9, 1.0, n)  # the sums of a fold are as large as they can be
    elif kind == "cancel":
        x = np.concatenate([x, -x, [1e-300]])
    sums, celled = Sums(), Sums(7)
    sums.add(x)
    celled.add(x, np.arange(len(x)) % 7)
    assert sums.fraction() == total(x)
    assert sum(celled.fraction(c) for c in range(7)) == total(x)


def test_one_cell_merges_into_many():
    one, many = Sums(), Sums(3)
    one.add(np.array([-1.25, 1e-30]))
    many.merge(one, np.array([2]))
    assert many.fraction(2) == Fraction(-1.25) + Fraction(1e-30)
    assert many.fraction(0) == 0


def test_many_adds_carry():
    sums = Sums(2)
    for _ in range(1 << 15):
        sums.add(np.array([1.0, -(2.0**-30)]), np.array([0, 1]))
    assert sums.fraction(0) == 1 << 15
    assert sums.fraction(1) == -(1 << 15) * Fraction(1, 1 << 30)


def test_not_finite_decides_but_does_not_spoil():
    sums = Sums(3)
    sums.add(np.array([np.inf, 1.0, 2.0, -np.inf, np.nan]), np.array([0, 1, 2, 2, 1]))
    sums.add(np.array([np.inf]), np.array([2]))
    assert sums.odd(0) == np.inf
    assert np.isnan(sums.odd(1)) and np.isnan(sums.odd(2))
    assert sums.fraction(1) == 1 and sums.fraction(2) == 2


def test_rounded():
    assert rounded(Fraction(1, 3)) == 1 / 3
    assert rounded(Fraction(10) ** 400) == np.inf
    assert rounded(-(Fraction(10) ** 400)) == -np.inf
    assert rounded(Fraction(2), 3) == 2 / 3


def test_fingerprint_knows_values_and_counts_but_not_order():
    x = np.random.default_rng(1).normal(size=100)
    a, b, c = Fingerprint(), Fingerprint(), Fingerprint()
    a.add(x)
    half = Fingerprint()
    b.add(x[::-1][:30].copy())
    half.add(x[::-1][30:].copy())
    b.merge(half)
    c.add(np.concatenate([x, x[:1]]))
    assert a.hexdigest() == b.hexdigest() != c.hexdigest()
    pairs, swapped = Fingerprint(), Fingerprint()
    pairs.add(np.array([[1.0, 2.0]]))
    swapped.add(np.array([[2.0, 1.0]]))
    assert pairs.hexdigest() != swapped.hexdigest()
    assert len(set(text_words(("a", "b")).tolist())) == 2
