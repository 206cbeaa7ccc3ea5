"""Intervals of many slices are computed as arrays: all bits are those of exact arithmetic, slice by slice."""

from __future__ import annotations

import random
from contextlib import ExitStack
from fractions import Fraction
from unittest import mock

import numpy as np
import pytest

import losscli
from losscli.aggregate.exact_sum import ONE, Sums
from losscli.statistics import interval_arrays, slice_intervals, uncertainty
from losscli.statistics.degrees_of_freedom import of_disjoint_blocks
from losscli.statistics.digit_sums import DigitSums
from losscli.statistics.double_double import DoubleDouble
from losscli.statistics.skewness import of_mean
from losscli.statistics.slice_variances import mean_skewness, welch

N, SLICES = 1500, 40  # more weighted rows than are kept


def table(seed, size=1.0):
    """Slices of many kinds: of normal values, constants, few and single rows, zeros, integers, and values far away."""
    rng = np.random.default_rng(seed)
    slices = np.sort(rng.integers(0, SLICES, N))
    y, p = rng.normal(size=N) * size, rng.normal(size=N) * size
    weights = rng.lognormal(size=N) * (rng.uniform(size=N) < 0.9)
    for number in range(SLICES):
        rows = np.flatnonzero(slices == number)
        kind = number % 16
        if kind == 1:
            p[rows] = y[rows]
        elif kind == 2:
            p[rows], y[rows] = 0.1 * size, 0.3 * size
        elif kind == 3:
            p[rows], y[rows] = rng.integers(-3, 4, (2, len(rows)))
        elif kind == 4:
            p[rows] = y[rows] + 1e8 * size + 1e-6 * rng.normal(size=len(rows)) * size
        elif kind == 5:
            p[rows], y[rows] = np.float64(rng.choice([1.0, 1e30, 1e-30, 1e120, 1e-120], (2, len(rows))))
        elif kind == 6:
            p[rows[len(rows) // 2 :]] = y[rows[len(rows) // 2 :]]
        elif kind == 7:
            slices[rows[2:]] = (number + 1) % SLICES
        elif kind == 8:
            slices[rows[1:]] = (number + 1) % SLICES
        elif kind == 9:
            weights[rows] = 1.0
        elif kind == 10:
            weights[rows[1:]] = 0.0
        elif kind == 11:
            p[rows[:1]] = 1e6 * size
        elif kind == 12:
            p[rows], y[rows] = rng.standard_cauchy((2, len(rows))) * size
        elif kind == 13:
            weights[rows] = np.float64(rng.choice([1e-12, 1.0, 1e12], len(rows)))
    label = (rng.uniform(size=N) < rng.choice([0.01, 0.5, 1.0, 0.0], SLICES)[slices]).astype(float)
    return {"y": y, "p": p, "w": weights, "s": slices, "label": label, "q": rng.uniform(0.001, 0.999, N)}


def both(data, loss, **settings):
    """The reports with and without arrays, and how many slices were certain."""
    found, computed = [], slice_intervals.slice_intervals

    def counted(*given):
        found.append(computed(*given))
        return found[-1]

    def report():
        found_report = losscli.evaluate(data, loss, by="s", interval=True, **settings)
        return found_report.to_json() + found_report.to_markdown()

    with ExitStack() as patched:
        for module in (uncertainty, slice_intervals):
            patched.enter_context(mock.patch.object(module, "slice_intervals", counted))
        together = report()
    certain = sum(len(one.places) for one in found if one is not None)
    with ExitStack() as patched:
        for module in (uncertainty, slice_intervals):
            patched.enter_context(mock.patch.object(module, "plain_part", lambda *_: None))
        alone = report()
    return together, alone, certain


@pytest.mark.parametrize("more", [{}, {"weight": "w"}, {"level": 0.8, "interval_method": "t"}])
@pytest.mark.parametrize(
    ("loss", "columns", "least"),
    [
        (["mse", "mae", "bias"], {"target": "y", "pred": "p"}, 60),
        (["rmse", "2*mse", "wmape", "mse+mae"], {"target": "y", "pred": "p"}, 40),
        (["msle", "mape"], {"target": "l", "pred": "q"}, 40),
        (["lsgan_discriminator"], {"target": "label", "pred": "p"}, 5),
        (["bce", "zero_one", "brier"], {"target": "label", "pred": "q"}, 60),
    ],
)
def test_intervals_of_all_slices_together_are_those_of_each(loss, columns, least, more):
    data = table(3)
    data["l"] = np.abs(data["y"]) + 0.1
    together, alone, certain = both(data, loss, **columns, **more)
    assert together == alone
    assert certain >= least


@pytest.mark.parametrize("size", [1e-150, 1e-40, 1e-9, 1e7, 1e40, 1e150])
@pytest.mark.parametrize("more", [{}, {"weight": "w"}])
def test_values_of_any_size(size, more):
    together, alone, _ = both(table(4, size), ["mse", "mae", "rmse"], target="y", pred="p", **more)
    assert together == alone


def test_values_that_are_not_finite():
    data = table(5)
    data["q"][::97], data["q"][::89], data["p"][::89] = 0.0, 1.0, 1e200
    together, alone, certain = both(data, ["bce", "brier"], target="label", pred="q")
    assert together == alone and '"value": null' in together
    assert certain > 30
    together, alone, certain = both(data, ["mse", "mae", "rmse"], target="y", pred="p")
    assert together == alone
    assert certain > 30


def test_hardly_any_slice_of_ordinary_values_is_left_to_exact_arithmetic():
    rng = np.random.default_rng(1)
    data = {"y": rng.normal(size=60_000), "p": rng.normal(size=60_000), "s": rng.integers(0, 2000, 60_000),
            "w": rng.lognormal(size=60_000)}  # fmt: skip
    for loss, more in (("mse", {}), ("mse", {"weight": "w"}), ("wmape", {"weight": "w"})):
        together, alone, certain = both(data, loss, target="y", pred="p", **more)
        assert together == alone
        assert certain >= 1998


# -- their parts -------------------------------------------------------------------------------------------------------


def exact(number, at, side=0):
    return Fraction(float(number.high[at])) + Fraction(float(number.low[at])) + side * Fraction(float(number.error[at]))


def numbers_of(rng, count, like=None):
    high = rng.normal(size=count) * 2.0 ** rng.integers(-60, 60, count)
    if like is not None:  # nearly the same, so that their difference has few digits
        high = like.high * (1 + (rng.uniform(size=count) < 0.5) * 2.0**-50)
    low = high * 2.0**-54 * rng.uniform(-1, 1, count) * (rng.uniform(size=count) < 0.7)
    error = np.abs(high) * 2.0 ** -rng.integers(80, 110, count) * (rng.uniform(size=count) < 0.5)
    return DoubleDouble(high, low, error)


@pytest.mark.parametrize("seed", range(8))
def test_each_operation_bounds_its_error(seed):
    rng, chosen = np.random.default_rng(seed), random.Random(seed)
    one = numbers_of(rng, 200)
    operations = (
        (lambda x, y: x + y), (lambda x, y: x - y), (lambda x, y: x * y), (lambda x, y: x / y),
    )  # fmt: skip
    seen = 0
    for other in (numbers_of(rng, 200), numbers_of(rng, 200, one)):
        for operation in operations:
            found = operation(one, other)
            certain = found.is_rounded
            for at in range(200):
                sides = [exact(number, at, chosen.choice((-1, 0, 1))) for number in (one, other)]
                right = operation(*sides)
                assert abs(right - exact(found, at)) <= Fraction(float(found.error[at]))
                if certain[at]:
                    assert float(right) == found.high[at]
                    seen += 1
        root = DoubleDouble(np.abs(one.high), np.where(one.high < 0, -one.low, one.low), one.error).sqrt()
        for at in range(200):
            low, high = exact(root, at, -1), exact(root, at, 1)
            assert low**2 <= abs(exact(one, at)) <= high**2
    assert 200 < seen < 1600  # neither always nor never


def test_what_lost_nothing_is_known_to_be_exact():
    one, three = DoubleDouble(np.array([0.1, 3.0])), DoubleDouble(np.array([3.0, 0.1]))
    assert (one * three - three * one).is_exactly_0.all()
    assert not (one / three - one / three).is_exactly_0.any()
    tiny = DoubleDouble(np.array([1.0, 1.0]), np.array([1e-300, 0.0]))
    assert (tiny - DoubleDouble(np.ones(2))).is_exactly_0.tolist() == [False, True]
    assert not (DoubleDouble(np.array([1e-200])) * DoubleDouble(np.array([1e-200]))).is_rounded.any()


def test_a_mantissa_below_a_power_of_two_is_not_certain():
    below = DoubleDouble(np.array([4.0, 4.0, 5.0]), np.array([-(2.0**-70), 0.0, 0.0]))
    mantissa, exponent, certain = below.mantissas()
    assert certain.tolist() == [False, True, True]
    assert mantissa[1:].tolist() == [1.0, 1.25] and exponent[1:].tolist() == [2, 2]


def test_digits_are_the_sums_and_are_compared_exactly():
    rng = np.random.default_rng(0)
    one, other = Sums(50), Sums(50)
    for _ in range(20):
        values, slices = rng.normal(size=1000) * 10.0 ** rng.integers(-12, 12, 1000), rng.integers(0, 50, 1000)
        one.update(values, slices)
        for some in np.split(rng.permutation(1000), 10):
            other.update(values[some], slices[some])
    numbers = np.arange(60)
    digits, others = DigitSums(one, numbers), DigitSums(other, numbers)
    read, twos = digits.number(), digits.twos
    for at in range(50):
        whole = one.exact(at)
        assert abs(Fraction(whole, ONE) - exact(read, at)) <= Fraction(float(read.error[at]))
        assert twos[at] == (whole & -whole).bit_length() - 1
    assert digits.equals(others).all() and others.equals(digits).all()
    assert digits.is_zero.tolist() == [False] * 50 + [True] * 10
    other.update(np.array([1e-20]), np.array([3]))
    assert not DigitSums(other, numbers).equals(digits)[3]
    other.update(np.array([-1e-20, np.inf]), np.array([3, 4]))
    assert DigitSums(other, numbers).equals(digits).tolist() == [True] * 4 + [False] + [True] * 55


def test_formulas_of_arrays_are_those_of_numbers():
    rng = np.random.default_rng(2)
    skewness, left = rng.normal(size=500) * (rng.uniform(size=500) < 0.9), rng.uniform(0.001, 1, 500)
    units = rng.integers(2, 300, 500)
    every = zip(skewness.tolist(), units.tolist(), left.tolist(), strict=True)
    with np.errstate(all="ignore"):
        assert mean_skewness(skewness, units.astype(float), left).tolist() == [of_mean(*one) for one in every]
    variances, shares = rng.uniform(0.1, 1, (3, 500)), 1 / rng.integers(2, 50, (3, 500))
    for terms in (2, 3):
        each = zip(variances[:terms].T.tolist(), shares[:terms].T.tolist(), strict=True)
        assert welch(variances[:terms], shares[:terms]).tolist() == [of_disjoint_blocks(*one) for one in each]
    assert interval_arrays.powers(skewness, 2).tolist() == [one**2 for one in skewness.tolist()]


def test_a_ratio_of_a_slice_without_weight_is_undefined():
    data = {"y": [1.0, 1.0, 2.0], "p": [2.0, 3.0, 1.0], "w": [0.0, 0.0, 1.0], "s": ["a", "a", "b"]}
    report = losscli.evaluate(data, "wmape", target="y", pred="p", weight="w", by="s")
    assert np.isnan(report.find("wmape", s="a").value) and report.find("wmape", s="b").value == 0.5
