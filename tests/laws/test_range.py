"""Numbers at the ends of the doubles: where the true value is a double, it is the answer."""

from __future__ import annotations

import json
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import losscli
from losscli.aggregate.exact_sum import ONE, rounded
from losscli.aggregate.wide_sum import WideSums

ENDS = [5e-324, -5e-324, 1e-310, 2.0**-1022, 1e-200, -1e-170, 1e-3, 1.0, -2.5, 1e154, -1e200, 1e308, 1.7e308, -1.7e308]
numbers = st.sampled_from(ENDS) | st.floats(allow_nan=False, allow_infinity=False)
factors = st.sampled_from([abs(end) for end in ENDS] + [0.0]) | st.floats(0, 1.7e308)


def product(value, factor):
    """The product as doubles of any range would round it: to 53 bits."""
    exact = Fraction(value) * Fraction(factor)
    if not exact:
        return exact
    shift = Fraction(2) ** (exact.denominator.bit_length() - abs(exact.numerator).bit_length())
    return Fraction(rounded(exact * shift)) / shift


@settings(max_examples=200)
@given(st.lists(st.tuples(numbers, factors, st.integers(0, 3)), min_size=1, max_size=30), st.integers(0, 30))
def test_sums_of_products_are_exact_in_any_cut_and_slices(rows, cut):
    values, weights = (np.array([row[i] for row in rows]) for i in (0, 1))
    ids = np.array([row[2] for row in rows])
    for slice_ids in (None, ids):
        parts = [WideSums(4), WideSums(4)]
        for sums, at in zip(parts, (slice(cut), slice(cut, None)), strict=True):
            sums.update_products(values[at], weights[at], None if slice_ids is None else slice_ids[at])
        total = WideSums()
        for sums in parts:
            total.merge(WideSums.from_state(json.loads(json.dumps(sums.state()))))
        got = [Fraction(exact) / ONE for exact in total.evaluate()]
        want = [
            sum((product(v, w) for v, w, i in rows if slice_ids is None or i == slice_id), Fraction(0))
            for slice_id in range(4 if slice_ids is not None else 1)
        ]
        assert got[: len(want)] == want


def test_products_that_are_normal_doubles_have_their_plain_bits():
    rng = np.random.default_rng(0)
    values, weights = rng.normal(size=1000), rng.uniform(0.1, 3.0, 1000)
    sums = WideSums()
    sums.update_products(values, weights)
    assert sums.small is None
    assert Fraction(sums.evaluate()[0]) / ONE == sum(map(Fraction, (values * weights).tolist()))


@pytest.mark.parametrize("weight", [5e-324, 1e-310, 1e-200, 1.0, 1e200, 1e308])
@pytest.mark.parametrize("size", [1e-300, 1.0, 1e300])
@pytest.mark.parametrize("slices", [False, True])
def test_weights_of_any_size_cancel(weight, size, slices):
    data = {"y": [0.0] * 4, "p": [size, -3 * size, 2 * size, 4 * size], "w": [weight] * 4, "g": ["a", "b", "a", "b"]}
    report = losscli.evaluate(data, "mae", target="y", pred="p", weight="w", by="g" if slices else ())
    want = [2.5 * size, 1.5 * size, 3.5 * size] if slices else [2.5 * size]
    assert [r.value for r in report] == pytest.approx(want, rel=4e-16)  # each product is rounded
    found = losscli.gradient(data, "mae", target="y", pred="p", weight="w")["p"]
    assert found.tolist() == [0.25, -0.25, 0.25, 0.25]


def test_two_huge_weights_make_a_mean():
    data = {"y": [1.0, 2.0], "p": [2.0, 4.0], "w": [1e308, 1e308]}
    assert losscli.evaluate(data, "mae", target="y", pred="p", weight="w")[0].value == 1.5


@pytest.mark.parametrize("weight", [5e-324, 1e-200, 1e200, 1e308])
def test_gradients_of_batch_losses_and_several_outputs(weight):
    """A common factor of all weights changes nothing: a power of two not one bit."""
    rng = np.random.default_rng(0)
    vectors = {"a": rng.normal(size=(6, 3)), "b": rng.normal(size=(6, 3)), "y": rng.normal(size=(6, 2)),
               "p": rng.normal(size=(6, 2))}  # fmt: skip
    for spec, roles, name in (
        ("nt_xent", {"columns": {"anchor": "a", "positive": "b"}}, "a"), ("mse", {"target": "y", "pred": "p"}, "p"),
    ):  # fmt: skip
        plain = losscli.gradient(vectors, spec, **roles)[name]
        weighted = losscli.gradient({**vectors, "w": np.full(6, weight)}, spec, weight="w", **roles)[name]
        np.testing.assert_allclose(np.asarray(weighted), np.asarray(plain), rtol=1e-14, atol=0)
