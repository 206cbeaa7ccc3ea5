"""Exact sums against fractions: any values, any cut, any order, any slices."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from losscli.aggregate import indexed_addition
from losscli.aggregate.exact_sum import FOLD, Sums, rounded
from losscli.aggregate.hashing import Fingerprint, sha256_words

CRUEL = [1e308, -1e308, 1.7976931348623157e308, 2.0**960, -(2.0**959), 5e-324, -5e-324, 2.2250738585072014e-308, 1e-160,
         -1e160, 1.0, -1.0, 1 - 2.0**-53, 2.0**53 - 1, 1e-17, 0.0, -0.0, 0.1]  # fmt: skip
doubles = st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from(CRUEL)


def total(values):
    return sum(map(Fraction, values), Fraction(0))


@settings(max_examples=200)
@given(st.lists(doubles, min_size=1, max_size=60), st.data())
def test_any_cut_and_order_gives_the_fraction(values, data):
    order = data.draw(st.permutations(values))
    cut = data.draw(st.integers(0, len(values)))
    left, right = Sums(), Sums()
    for part, sums in ((order[:cut], left), (order[cut:], right)):
        sums.update(np.array(part, dtype=float))
    left.merge(right)
    assert left.fraction() == total(values)


@settings(max_examples=200)
@given(st.lists(st.tuples(doubles, st.integers(0, 4)), min_size=1, max_size=60), st.integers(0, 60))
def test_slices(pairs, cut):
    values, slice_ids = np.array([p[0] for p in pairs]), np.array([p[1] for p in pairs])
    one, two = Sums(5), Sums(5)
    one.update(values[:cut], slice_ids[:cut])
    two.update(values[cut:], slice_ids[cut:])
    target = Sums(1)
    moved = np.array([3, 1, 0, 4, 2])  # merging renumbers the slices
    target.merge(one, moved)
    target.merge(two, moved)
    for slice_id in range(5):
        assert target.fraction(int(moved[slice_id])) == total(values[slice_ids == slice_id])


def drawn(kind, n):
    rng = np.random.default_rng(0)
    x = rng.normal(size=n)
    if kind == "wide":
        x *= 2.0 ** rng.integers(-1000, 1000, n)
    elif kind == "denormal":
        x = rng.integers(-5, 5, n) * 5e-324
    elif kind == "huge":
        x *= 1e307
    elif kind == "one sign":
        x = rng.uniform(0.9, 1.0, n)  # the sums of a fold are as large as they can be
    elif kind == "as large":
        x = np.full(n, 2.0**7 * (1 - 2.0**-53))
    elif kind == "one large":
        x[n // 2] = 1e300  # all others lie far below it
    elif kind == "whole":
        x = rng.integers(-(2**53), 2**53, n).astype(float)
    elif kind == "squares":
        x = x * x
    elif kind == "tiny squares":
        x = x * x * 2.0**-1040  # the last bits of some are those of the smallest double
    elif kind == "zeros":
        x = np.where(np.arange(n) % 1000 == 999, x, 0.0)
    elif kind == "cancel":
        x = np.concatenate([x, -x, [1e-300]])
    return x


KINDS = ["wide", "denormal", "huge", "ordinary", "cancel", "one sign", "as large", "one large", "whole", "zeros",
         "squares", "tiny squares"]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_many_values(kind):
    x = drawn(kind, 2 * FOLD + 17)
    sums, celled = Sums(), Sums(7)
    sums.update(x)
    celled.update(x, np.arange(len(x)) % 7)
    expected = total(x)
    assert sums.fraction() == expected
    assert sum(celled.fraction(c) for c in range(7)) == expected


@pytest.mark.parametrize("kind", KINDS)
def test_many_slices_in_parts_that_are_merged_in_any_order(kind):
    x = drawn(kind, FOLD + 5)
    slice_ids = np.random.default_rng(1).integers(0, 1000, len(x))
    slice_ids[: FOLD // 2] = 17  # one slice holds more than all others
    parts = []
    for cut in np.array_split(np.arange(len(x)), 7):
        part = Sums(1000 if len(parts) % 2 else int(slice_ids[cut].max()) + 1)  # a part knows the slices so far
        part.update(x[cut], slice_ids[cut])
        parts.append(pickle.loads(pickle.dumps(part)))
    forth, back = Sums(), Sums()
    for part in parts:
        forth.merge(part)
    for part in reversed(parts):
        back.merge(part, np.arange(part.size)[::-1] + (1000 - part.size))
    assert back.size == forth.size == 1000
    for slice_id in {17, *range(0, 1000, 37)}:
        assert forth.fraction(slice_id) == back.fraction(999 - slice_id) == total(x[slice_ids == slice_id])
    assert sum(map(forth.fraction, range(1000))) == total(x)


@pytest.mark.parametrize("bit", range(38, 51))
def test_remainders_are_as_large_as_they_can_be(bit):
    """One of these lies just below the middle of two whole numbers of the first fold, and all have one sign."""
    value = 1 + 2.0**-bit - 2.0**-52
    values, ones = np.full(2 * FOLD, value), np.ones(2 * FOLD, np.int64)
    sums, sliced, signed = Sums(), Sums(2), Sums(2)
    sums.update(values)
    sliced.update(values, ones)
    signed.update(-values, ones)
    assert sums.fraction() == sliced.fraction(1) == -signed.fraction(1) == 2 * FOLD * Fraction(value)


@pytest.mark.parametrize("apart", [*range(4), *range(33, 47)])
@pytest.mark.parametrize("size", [1, 31, 32, 33, 255, 256, 257, 9000, FOLD, FOLD + 256])
def test_positive_values_however_far_apart(apart, size):
    """Remainders of numbers above 0 are added as doubles, as many as surely fit; these have all their bits."""
    rng = np.random.default_rng(size)
    whole, small = 2**53 - 1 - 2 * rng.integers(0, 2**20, size), rng.random(size) < 0.5  # odd, and the sums are large
    expected = (sum(whole[~small].tolist()) << apart) + sum(whole[small].tolist())
    for exponent in (-1074 + apart, -60, 900):  # of the last bit of the large ones
        values = np.ldexp(whole.astype(float), np.where(small, exponent - apart, exponent))
        sums, sliced = Sums(), Sums(3)
        sums.update(values)
        sliced.update(values, np.full(size, 2))
        assert sums.exact() == sliced.exact(2) == expected << (1074 + exponent - apart)


@pytest.mark.parametrize("bounds", [None, (2.0**-44, 1.5), (2.0**-48, 2.0**9)])
@pytest.mark.parametrize("apart", range(33, 48))
def test_sums_of_remainders_are_as_large_as_they_can_be(apart, bounds):
    x = np.full(FOLD, 1 + 2.0**-46 - 2.0**-52)  # just below the middle of two whole numbers of the first fold
    x[0] = 2.0**-apart  # its last bit decides how many remainders are added at once
    if bounds is not None:  # known from elsewhere, and perhaps too far
        bounds = min(bounds[0], x[0]), bounds[1]
    sums = Sums()
    sums.update(x, bounds=bounds)
    assert sums.fraction() == (FOLD - 1) * Fraction(x[1]) + Fraction(x[0])


def test_threads_fold_apart():
    x = drawn("ordinary", 5 * FOLD)
    one = Sums()
    one.update(x)

    def alone(_):
        sums = Sums()
        sums.update(x)
        return sums.exact()

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(alone, range(8))) == {one.exact()}


def test_one_slice_merges_into_many():
    one, many = Sums(), Sums(3)
    one.update(np.array([-1.25, 1e-30]))
    many.merge(one, np.array([2]))
    assert many.fraction(2) == Fraction(-1.25) + Fraction(1e-30)
    assert many.fraction(0) == 0


def test_many_adds_carry():
    """All in one slice, each as large as a fold takes of them: an int64 overflows after two million."""
    largest = 2.0**18 * (1 - 2.0**-53)
    x, ones = np.full(1 << 19, largest), np.ones(1 << 19, np.int64)
    sums = Sums(FOLD)  # of as many slices as values they are not summed first
    for _ in range(6):
        sums.update(x, ones)
        sums.update(-x, 2 * ones)
    merged = Sums()
    for _ in range(5):
        merged.merge(sums)
    assert merged.fraction(1) == -merged.fraction(2) == 30 * (1 << 19) * Fraction(largest)
    assert merged.fraction(0) == 0
    assert sums.adds > 1 << 17  # they were added one by one
    assert len(merged.levels) < 12  # carries of negative sums end too


def test_not_finite_decides_but_does_not_spoil():
    sums = Sums(3)
    sums.update(np.array([np.inf, 1.0, 2.0, -np.inf, np.nan]), np.array([0, 1, 2, 2, 1]))
    sums.update(np.array([np.inf]), np.array([2]))
    assert sums.non_finite(0) == np.inf
    assert np.isnan(sums.non_finite(1)) and np.isnan(sums.non_finite(2))
    assert sums.fraction(1) == 1 and sums.fraction(2) == 2


def test_rounded():
    assert rounded(Fraction(1, 3)) == 1 / 3
    assert rounded(Fraction(10) ** 400) == np.inf
    assert rounded(-(Fraction(10) ** 400)) == -np.inf
    assert rounded(Fraction(2), 3) == 2 / 3


def test_fingerprint_knows_values_and_counts_but_not_order():
    x = np.random.default_rng(1).normal(size=100)
    a, b, c = Fingerprint(), Fingerprint(), Fingerprint()
    a.update(x)
    half = Fingerprint()
    b.update(x[::-1][:30].copy())
    half.update(x[::-1][30:].copy())
    b.merge(half)
    c.update(np.concatenate([x, x[:1]]))
    assert a.hexdigest() == b.hexdigest() != c.hexdigest()
    pairs, swapped = Fingerprint(), Fingerprint()
    pairs.update(np.array([[1.0, 2.0]]))
    swapped.update(np.array([[2.0, 1.0]]))
    assert pairs.hexdigest() != swapped.hexdigest()
    assert len(set(sha256_words(("a", "b")).tolist())) == 2


def test_arrays_of_another_process_are_added_as_ours_are(monkeypatch):
    """NumPy adds arrays whose types are different objects thirty times as slowly."""
    theirs = pickle.loads(pickle.dumps(np.arange(3)))
    assert theirs.dtype is not np.arange(3).dtype

    class Seen:
        types: ClassVar[list[np.dtype]] = []

        def at(self, mine, ids, numbers):
            self.types += [mine.dtype, numbers.dtype]
            np.add.at(mine, ids, numbers)

    monkeypatch.setattr(indexed_addition, "np", SimpleNamespace(add=Seen()))
    mine = np.zeros(4, np.int64)
    indexed_addition.add_at(mine, np.array([3, 0, 1]), theirs)
    assert mine.tolist() == [1, 2, 0, 0]
    assert Seen.types[0] is Seen.types[1]


@pytest.mark.parametrize("places", [None, np.array([3, 0, 1])])
@pytest.mark.parametrize("wrong", [np.float64, np.uint64, np.int32, bool])
def test_numbers_of_another_type_are_not_added_by_their_bits(wrong, places):
    mine = np.zeros(4, np.int64)
    with pytest.raises(TypeError, match="int64"):
        indexed_addition.add_at(mine, places, np.ones(3, wrong))
    assert not mine.any()


def test_numbers_are_added_at_each_row_of_places():
    mine = np.zeros(3, np.int64)
    indexed_addition.add_at(mine, np.array([[0, 0], [2, 1]]), np.array([5, 7]))
    assert mine.tolist() == [12, 7, 5]
