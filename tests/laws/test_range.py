"""Numbers at the ends of the doubles: where the true value is a double, it is the answer."""

from __future__ import annotations

import json
from fractions import Fraction

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import Formula, exact

import losscli
from losscli.aggregate.exact_sum import ONE, rounded
from losscli.aggregate.wide_sum import WideSums
from losscli.binding.spec import parse
from losscli.execution.packed_arrays import packed, unpacked

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
            total.merge(WideSums.from_state(unpacked(json.loads(json.dumps(packed(sums.state()))))))
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


PAIRS = [
    ([1e308], [9e307]), ([1.7e308], [-1.7e308]), ([1e154], [-1e154]), ([1.0, 2.0], [1.0 + 1e-9, 2.0]),
    ([1e-170, 1e-170], [2e-170, 3e-170]), ([1e200, 1.0], [0.5, 0.25]), ([5e-324], [1e-323]),
    ([1e-310, 1.0], [3e-310, 1.0]),
    ([1.7e308, 1.0, 2.0, 3.0], [-1.7e308, 1.0, 2.0, 3.0]),
]  # fmt: skip
RELATIVE = ["mape", "smape", "wmape", "rmse", "mae", "mape:scale=100", "smape:scale=1e-300", "mse"]


@pytest.mark.parametrize("pair", PAIRS, ids=str)
@pytest.mark.parametrize("spec", RELATIVE)
@pytest.mark.parametrize("weight", [None, 1e-200, 1.7e308])
def test_the_answer_is_the_double_nearest_to_the_true_value(spec, pair, weight):
    y, p = pair
    ((_, part),) = parse(spec).parts
    columns = {"pred": np.array(p), "target": np.array(y)}
    with mp.workdps(800):
        want = Formula(part.loss).final(exact(part.loss, columns), part.params)
        extra = {} if weight is None else {"weight": "w"}
        report = losscli.evaluate({"y": y, "p": p, "w": [weight or 1.0] * len(y)}, spec, target="y", pred="p", **extra)
        if abs(want) >= mp.mpf(2) ** 1024:
            assert report[0].value == np.inf
            assert report.warnings
        else:
            assert abs(report[0].value - want) <= mp.mpf("1e-13") * abs(want) + mp.mpf("5e-324")


@pytest.mark.parametrize(
    ("spec", "y", "p", "want"),
    [
        ("rmse", [0.0], [1e-170], [1.0]), ("rmse", [0.0], [-1e-200], [-1.0]), ("rmse", [0.0], [5e-324], [1.0]),
        ("rmse", [0.0, 0.0], [3e-170, 4e-170], [3 / 50**0.5, 4 / 50**0.5]), ("rmse", [0.0], [1e200], [1.0]),
        ("rmse", [0.0, 0.0], [3e200, 4e200], [3 / 50**0.5, 4 / 50**0.5]), ("rmse", [1.0, 1.0], [1.0, 1.0], [0.0, 0.0]),
        ("rmsle", [0.0], [1e-170], [1.0]), ("wmape", [1e-320], [3e-320], [1 / 1e-320]),
        ("wmape", [1e308], [9e307], [-1e-308]), ("wmape", [1.0, 1e308], [1.0, 0.0], [0.0, -1e-308]),
        ("mape", [1.7e308], [-1.7e308], [-1 / 1.7e308]), ("smape", [1e308], [9e307], [-4e-308 / 1.9 / 1.9]),
        ("mse", [1e154], [-1e154], [-4e154]),
    ],
)  # fmt: skip
def test_gradients(spec, y, p, want):
    got = losscli.gradient({"y": y, "p": p}, spec, target="y", pred="p")["p"]
    assert got.tolist() == pytest.approx(want, rel=1e-13, abs=0)


def test_values_of_rows():
    assert losscli.losses.smape([1e308], [9e307]).tolist() == pytest.approx([2 / 19])
    assert losscli.losses.mape([-1.7e308, 1.0], [1.7e308, 2.0]).tolist() == [2.0, 0.5]
    assert losscli.losses.l2_penalty([[1e200, 3.0]], strength=1e-300).tolist() == pytest.approx([1e100, 9e-300])
    several = losscli.losses.smape([[1e308, 1.0], [1.0, 3.0]], [[9e307, 1.0], [1.0, 1.0]])
    assert several.ravel().tolist() == pytest.approx([2 / 19, 0.0, 0.0, 1.0])


@pytest.mark.parametrize(("params", "spec", "want"), [
    ([[1e200]], "l2_penalty:strength=1e-300", 1e100), ([[1e-200, 1e-200]], "l2_penalty:strength=1e300", 2e-100),
    ([[1e200, -1e-200]], "l1_penalty:strength=1e-300", 1e-100),
])  # fmt: skip
def test_penalties(params, spec, want):
    tables = {"params": np.array(params)}
    assert losscli.evaluate({"y": [1.0]}, spec, tables=tables)[0].value == pytest.approx(want, rel=1e-14)


def test_composite_losses():
    data = {"y": [0.0, 0.0], "p": [1e200, 3e200]}
    got = losscli.evaluate(data, "total=1e-100*mse+2*mae", target="y", pred="p")[0].value
    assert got == pytest.approx(5e300, rel=1e-14)


def test_what_is_beyond_is_said():
    data = {"y": [0.0, 0.0], "p": [1e200, 3e200]}
    report = losscli.evaluate(data, ["mse", "rmse"], target="y", pred="p")
    assert [w.message for w in report.warnings] == ["mse: the value is beyond the largest double"]
    assert report["rmse"].value == pytest.approx(5**0.5 * 1e200)


@pytest.mark.parametrize("size", [1e-170, 1e-300])
def test_no_standard_error_of_squares_that_vanish(size):
    report = losscli.evaluate({"y": [0.0, 0.0], "p": [size, 3 * size]}, "rmse", target="y", pred="p", interval=True)
    assert (report[0].stderr, len(report.warnings)) == (None, 1)


def test_any_cut_gives_the_same_bits(monkeypatch):
    rng = np.random.default_rng(1)
    size = 10.0 ** rng.uniform(-300, 300, 500)
    data = {"y": rng.normal(size=500) * size, "p": rng.normal(size=500) * size, "w": rng.uniform(0, 1, 500) / size,
            "g": rng.integers(0, 3, 500)}  # fmt: skip
    found = set()
    for chunk in ("1", "7", "100", "16384"):
        monkeypatch.setenv("LOSSCLI_CHUNK_ROWS", chunk)
        for order in (slice(None), slice(None, None, -1)):
            rows = {name: column[order] for name, column in data.items()}
            report = losscli.evaluate(rows, ["rmse", "mape", "smape", "wmape", "mae"], target="y", pred="p", weight="w",
                                      by="g", threads=2)  # fmt: skip
            found.add(tuple((r.value, r.by.get("g"), *(t.mean for t in r.terms.values())) for r in report))
    assert len(found) == 1


@pytest.mark.parametrize("name", ["cosine_distance", "info_nce", "nt_xent"])
def test_vectors_longer_than_any_double_have_a_direction(name):
    kernel = getattr(losscli.losses, name)
    a = np.array([[1.5e308, 1.5e308, 0.0], [1.0, 2.0, 3.0], [1.5e308, 1.5e308, 1.5e308]])
    b = np.array([[0.0, 1.5e308, 1.5e308], [2.0, 1.0, 1.0], [1.0, 1.0, 1.0]])
    with np.errstate(all="ignore"):
        assert kernel(a, b).tolist() == kernel(a * 2.0**-40, b * 2.0**-40).tolist()


@pytest.mark.parametrize(
    ("loss", "roles"),
    [
        ("triplet", {"anchor": [1.5e308, 1.5e308], "positive": [-1.5e308, 1.5e308], "negative": [1.5e308, -1.5e308]}),
        ("cross_entropy_with_logits:label_smoothing=0.1", {"target": [0], "pred": [1e308, -1e308]}),
    ],
)
def test_what_is_lost_is_said(loss, roles):
    """Sums of several huge steps may be lost, but never without a word."""
    columns = {role: [f"{role}{i}" for i in range(len(values))] for role, values in roles.items()}
    data = {f"{role}{i}": [value] for role, values in roles.items() for i, value in enumerate(values)}
    report = losscli.evaluate(data, loss, columns=columns)
    assert not np.isfinite(report[0].value)
    assert any("non-finite values" in warning.message for warning in report.warnings)
