"""Sums of squares by dot products of digits, against fractions and against exact products."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from losscli.aggregate import cross_products
from losscli.aggregate.cross_products import Contribution, CrossProducts
from losscli.aggregate.exact_sum import FOLD, Sums
from losscli.aggregate.square_sums import add_squares

PAIR = (Contribution("a", "loss", False),) * 2


def squares(values):
    return sum((Fraction(value) ** 2 for value in values), Fraction(0))


def drawn(kind, n):
    rng = np.random.default_rng(n)
    x = rng.normal(size=n)
    return {
        "ordinary": x, "squares": x * x, "sizes": np.abs(x), "cubes": x**3, "zeros": np.where(x > 1, x, 0.0),
        "wide": x * 2.0 ** rng.integers(-60, 60, n), "single": x.astype(np.float32).astype(float),
        "as large": np.full(n, 1 - 2.0**-53), "one large": np.where(np.arange(n) == n // 2, 2.0**200, x),
        "large": x * 2.0**290, "small": x * 2.0**-280, "alternating": (1 - 2.0**-53) * (-1.0) ** np.arange(n),
    }[kind]  # fmt: skip


KINDS = ["ordinary", "squares", "sizes", "cubes", "zeros", "wide", "single", "as large", "one large", "large", "small",
         "alternating"]  # fmt: skip


@pytest.mark.parametrize("size", [1, 63, 2047, 2048, 5000, FOLD])
@pytest.mark.parametrize("kind", KINDS)
def test_squares_are_those_of_fractions(kind, size):
    x = drawn(kind, size)
    sums = Sums()
    left = add_squares(sums, x.copy())
    assert sums.fraction() + squares([] if left is None else left.tolist()) == squares(x.tolist())
    assert kind == "wide" or left is None or not len(left)


@settings(max_examples=200)
@given(st.lists(st.floats(-1e80, 1e80) | st.floats(allow_nan=False, allow_infinity=False), max_size=80))
def test_any_values(values):
    sums = Sums()
    left = add_squares(sums, np.array(values, float))
    assert sums.fraction() + squares([] if left is None else left.tolist()) == squares(values)


@pytest.mark.parametrize("special", [np.nan, np.inf, -np.inf, 1e200, 1e-200])
def test_what_is_not_finite_or_extreme_is_left_to_exact_products(special):
    x = np.append(drawn("ordinary", 5000), special)
    found, plain = CrossProducts(), CrossProducts()
    with np.errstate(all="ignore"):  # as in a run
        found.update(PAIR, x, x, len(x), None)
        plain.update(PAIR, x, x.copy(), len(x), None)  # two arrays: by exact products
    mine, theirs = (each.sums[PAIR] for each in (found, plain))
    assert mine.evaluate() == theirs.evaluate()
    assert str(mine.non_finite()) == str(theirs.non_finite())
    assert mine.non_finite_count == theirs.non_finite_count


def test_products_are_made_of_few_values_only(monkeypatch):
    made = []
    products = cross_products.exact_products
    monkeypatch.setattr(cross_products, "exact_products", lambda a, b: made.append(len(a)) or products(a, b))
    for kind in ("ordinary", "squares", "sizes", "zeros", "single"):
        x = drawn(kind, FOLD)
        CrossProducts().update(PAIR, x, x, len(x), None)
    assert not made


def test_partial_sums_are_as_large_as_they_can_be():
    """The digits of these are the largest, of one sign: of twice as many in a block, a sum would be no double."""
    x = np.full(FOLD, 1 - 2.0**-22 - 2.0**-44)
    sums = Sums()
    assert add_squares(sums, x) is None
    assert sums.fraction() == FOLD * Fraction(x[0]) ** 2
