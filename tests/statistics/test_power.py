"""Power of t tests against the definition at many digits, SciPy, statsmodels, and simulation."""

from __future__ import annotations

import itertools
import math

import mpmath
import numpy as np
import pytest
from scipy import stats

from losscli.statistics.noncentral_t import upper_tail
from losscli.statistics.power import MOST_UNITS, detectable_shift, power, standardized_difference, units_needed

# statsmodels 0.15.0, statsmodels.stats.power.TTestPower: power(d, n, alpha, alternative=...)
POWERS = (
    (10, 0.5, 0.05, "two-sided", 0.2931756065140767),
    (30, 0.3, 0.05, "two-sided", 0.35546273116552496),
    (5, 1.2, 0.05, "two-sided", 0.5302212511402787),
    (200, 0.2, 0.01, "two-sided", 0.590571018085018),
    (12, 0.8, 0.025, "larger", 0.7136569728380733),
    (50, 0.4, 0.025, "larger", 0.7917860918932763),
)
# solve_power(effect_size=d, power=p, alpha=a, alternative=...): the number of observations
SIZES = (
    (0.5, 0.8, 0.05, "two-sided", 33.36713118431779),
    (0.2, 0.9, 0.05, "two-sided", 264.6136854232749),
    (1.5, 0.8, 0.05, "two-sided", 5.686142097745736),
    (0.05, 0.8, 0.05, "two-sided", 3141.4654741036425),
    (0.3, 0.8, 0.025, "larger", 89.14957763301358),
)
# solve_power(nobs=n, power=p, alpha=a, alternative=...): the effect size
EFFECTS = (
    (10, 0.8, 0.05, "two-sided", 0.9960019107624178),
    (100, 0.8, 0.05, "two-sided", 0.2829117119690806),
    (25, 0.9, 0.025, "larger", 0.6759051151847726),
)


def by_definition(t, df, shift):
    """P(Z + shift > t S) as an integral over S."""
    with mpmath.workdps(20):
        df, t, shift = map(mpmath.mpf, (df, t, shift))
        constant = mpmath.log(2) + df / 2 * mpmath.log(df / 2) - mpmath.loggamma(df / 2)
        width = 1 / mpmath.sqrt(2 * df)

        def density(s):
            return mpmath.exp(constant + (df - 1) * mpmath.log(s) - df * s * s / 2)

        places = {mpmath.mpf(0)} | {max(mpmath.mpf(0), 1 + k * width) for k in (-12, -6, -3, -1, 0, 1, 3, 6, 12, 25)}
        if t > 0:
            places |= {shift / t, shift / t + 1 / t, max(mpmath.mpf(0), (shift - 1) / t)}
        found = mpmath.quad(lambda s: density(s) * mpmath.ncdf(shift - t * s), sorted(places))
        return float(found)


@pytest.mark.parametrize("df", (0.7, 2, 10, 1e4))
def test_the_tail_is_that_of_the_definition(df):
    for t, shift in ((-3, 1), (0.5, 2.8), (2, 0), (12.7, 10)):
        assert upper_tail(t, df, shift).area == pytest.approx(by_definition(t, df, shift), abs=2e-14)


@pytest.mark.parametrize("df", (3, 12, 1e6, 1e12, 1e15, math.inf))
def test_the_tail_is_scipys_and_its_slope_the_difference(df):
    for t, shift in itertools.product((0.5, 2, 4), (0, 1, 2.8)):
        expected = stats.norm.sf(t - shift) if df > 1e11 else stats.nct.sf(t, df, shift)
        found = upper_tail(t, df, shift)
        assert found.area == pytest.approx(expected, rel=1e-9)
        step = 1e-5
        rise = upper_tail(t, df, shift + step).area - upper_tail(t, df, shift - step).area
        assert found.slope == pytest.approx(rise / (2 * step), abs=1e-8)


def test_the_tail_without_a_number():
    assert math.isnan(upper_tail(math.nan, 3, 1).area) and math.isnan(upper_tail(1, 0, 1).area)
    assert upper_tail(math.inf, 3, 1).area == 0 and upper_tail(-math.inf, 3, 1).area == 1
    assert upper_tail(1, 3, math.inf).area == 1 and upper_tail(1, 3, -math.inf).area == 0


@pytest.mark.parametrize(("n", "d", "alpha", "alternative", "expected"), POWERS)
def test_power_is_that_of_statsmodels(n, d, alpha, alternative, expected):
    found = power(d * math.sqrt(n), n - 1, alpha, two_sided=alternative == "two-sided")
    assert found == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize(("d", "target", "alpha", "alternative", "expected"), SIZES)
def test_the_units_needed_are_those_of_statsmodels(d, target, alpha, alternative, expected):
    for count in (4, 50, 100_000):  # however many there are now
        found = units_needed(
            d * math.sqrt(count), count, count - 1, target, alpha, two_sided=alternative == "two-sided"
        )
        assert found == math.ceil(expected)


@pytest.mark.parametrize(("n", "target", "alpha", "alternative", "expected"), EFFECTS)
def test_the_detectable_difference_is_that_of_statsmodels(n, target, alpha, alternative, expected):
    found = detectable_shift(target, n - 1, alpha, two_sided=alternative == "two-sided")
    assert found / math.sqrt(n) == pytest.approx(expected, rel=1e-5)  # where its root finder stops


def test_what_is_detected_with_the_power_has_the_power():
    for target, df, alpha, two in itertools.product((0.05, 0.8, 0.999), (1, 4.4, 60, 1e6), (0.01, 0.025),
                                                    (True, False)):  # fmt: skip
        shift = detectable_shift(target, df, alpha, two_sided=two)
        assert power(shift, df, alpha, two_sided=two) == pytest.approx(target, rel=1e-9)
    assert math.isnan(detectable_shift(0.02, 5, 0.05, two_sided=True))
    assert math.isnan(detectable_shift(0.8, 0, 0.05, two_sided=True))


def test_the_units_needed_are_the_fewest():
    for distance, count, df in ((0.7, 12, 11), (2.5, 40, 13.3), (9, 5, 4), (0.001, 1000, 999)):
        needed = units_needed(distance, count, df, 0.8, 0.025, two_sided=False)
        part = (df + 1) / count
        reached = [power(distance * math.sqrt(n / count), part * n - 1, 0.025, two_sided=False)
                   for n in (needed - 1, needed) if part * n > 1]  # fmt: skip
        assert reached[-1] >= 0.8 and (len(reached) < 2 or reached[0] < 0.8)


def test_units_that_no_number_tells():
    assert units_needed(0, 10, 9, 0.8, 0.05, two_sided=True) is None
    assert units_needed(math.nan, 10, 9, 0.8, 0.05, two_sided=True) is None
    assert units_needed(1e-9, 10, 9, 0.8, 0.05, two_sided=True) is None
    assert units_needed(1e-300, 10, 9, 0.8, 0.05, two_sided=True) is None
    assert units_needed(1e-6, 10, 9, 0.8, 0.05, two_sided=True) < MOST_UNITS
    assert units_needed(2, 10, 9, 0.01, 0.05, two_sided=True) is None
    assert units_needed(1e6, 10, 9, 0.8, 0.05, two_sided=True) == 2


def test_power_is_how_often_a_t_test_finds_the_difference():
    rng = np.random.default_rng(6)
    for n, d in ((6, 1.0), (25, 0.5)):
        samples = rng.normal(d, 1, (20_000, n))
        t = samples.mean(1) / (samples.std(1, ddof=1) / math.sqrt(n))
        often = np.mean(t > stats.t.ppf(0.975, n - 1))
        assert often == pytest.approx(power(d * math.sqrt(n), n - 1, 0.025, two_sided=False), abs=0.012)


def test_the_effect_size_is_unbiased_and_hedges():
    for df in (1.5, 4, 19, 300.5):
        with mpmath.workdps(20):
            factor = mpmath.gamma(mpmath.mpf(df) / 2) / mpmath.gamma((mpmath.mpf(df) - 1) / 2)
            factor /= mpmath.sqrt(mpmath.mpf(df) / 2)
        assert standardized_difference(2.0, df) == pytest.approx(2 / math.sqrt(df + 1) * float(factor), rel=1e-13)
    assert math.isnan(standardized_difference(2.0, 1)) and math.isnan(standardized_difference(2.0, math.inf))
    samples = np.random.default_rng(7).normal(0.8, 1, (40_000, 5))
    t = samples.mean(1) / (samples.std(1, ddof=1) / math.sqrt(5))
    assert np.mean([standardized_difference(one, 4) for one in t]) == pytest.approx(0.8, abs=0.01)
