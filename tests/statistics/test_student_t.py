"""Student's t against mpmath on cruel inputs, closed forms, scipy, and its own laws."""

from __future__ import annotations

import math

import mpmath
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from losscli.statistics import student_t
from losscli.statistics.student_t import t_interval, t_p_value, t_quantile

NORMAL = (1e30, 1e300, math.inf)  # degrees of freedom that no double tells from infinitely many


def outside(t, df):
    """P(|T| > |t|) at 40 digits: the incomplete beta function, or the integral of the density where df is large."""
    t = abs(mpmath.mpf(t))
    if df in NORMAL:
        return mpmath.erfc(t / mpmath.sqrt(2))
    df, half = mpmath.mpf(df), mpmath.mpf(1) / 2
    if df <= 1000:
        if t * t < df / 9:
            return 1 - mpmath.betainc(half, df / 2, 0, t * t / (df + t * t), regularized=True)
        return mpmath.betainc(df / 2, half, 0, df / (df + t * t), regularized=True)
    if t < 2:
        return 1 - 2 * mpmath.quad(lambda z: density(z, df), [0, t])
    # The tail falls by e each 1/t, so its 80 e-folds are all there is; relative to its begin, as quad's errors are not.
    begin = density(t, df)
    points = [t + 4 * k / t for k in range(21)]
    return 2 * begin * mpmath.quad(lambda z: density(z, df) / begin, points, method="gauss-legendre")


def density(t, df):
    t = mpmath.mpf(t)
    if df in NORMAL:
        return mpmath.npdf(t)
    df = mpmath.mpf(df)
    log = mpmath.loggamma((df + 1) / 2) - mpmath.loggamma(df / 2) - (df + 1) / 2 * mpmath.log1p(t * t / df)
    return mpmath.exp(log) / mpmath.sqrt(df * mpmath.pi)


@pytest.fixture(autouse=True)
def digits():
    with mpmath.workdps(40):
        yield


@pytest.mark.parametrize("df", [1e-10, 0.5, 1, 2, 7.3, 31.9, 32.1, 441, 1000, 1e7, 1e15, *NORMAL])
def test_p_values_have_13_digits(df):
    for t in (1e-10, 0.5, 1.7, 1.72, 1.74, 2, 5, 20, 37, 1e6, 1e100, 1.7e308):
        if t > 37 and df > 1000:
            assert t_p_value(t, df) == 0
            continue
        expected = outside(t, df)
        found = t_p_value(t, df)
        assert t_p_value(-t, df) == found
        if expected > 1e-307:
            assert abs(found / expected - 1) < 1e-13, (t, df)
        else:
            assert abs(found - expected) < 1e-307


def test_p_values_have_13_digits_where_t_is_large_for_its_df():
    for df in range(300, 900, 60):
        for t in (1.01 * math.sqrt(df), 1.2 * math.sqrt(df)):
            assert abs(t_p_value(t, df) / outside(t, df) - 1) < 1e-13, (t, df)


@pytest.mark.parametrize("t", [1e-10, 0.3, 1.73, 12.7, 1e6, 1e100])
def test_p_values_that_have_a_formula(t):
    """One degree of freedom is Cauchy's distribution; two have a root."""
    exact = mpmath.mpf(t)
    assert t_p_value(t, 1) == pytest.approx(float(2 / mpmath.pi * mpmath.atan(1 / exact)), rel=1e-13)
    root = mpmath.sqrt(2 + exact**2)
    assert t_p_value(t, 2) == pytest.approx(float(2 / (root * (root + exact))), rel=1e-13)


@pytest.mark.parametrize("df", [0.5, 1, 2, 7.3, 31.9, 441, 1e7, *NORMAL])
def test_quantiles_have_13_digits(df):
    for p in (1e-300, 1e-100, 1e-12, 0.001, 0.025, 0.2, 0.2499, 0.25, 0.2501, 0.45, 0.5 - 1e-9, 0.5 - 2.0**-54):
        t = t_quantile(p, df)
        if math.isinf(t):
            assert t < 0 and df == 0.5 and p == 1e-300  # about -1e599
            continue
        error = (outside(t, df) / 2 - mpmath.mpf(p)) / density(t, df)
        assert abs(error / t) < 1e-13, (p, df)
        if 1 - (1 - p) == p:
            assert t_quantile(1 - p, df) == -t


def test_quantiles_at_the_end_of_the_doubles():
    """The logarithm of the least quantile that is a double, and what lies just beyond it."""
    for df in (1e-3, 0.01, 0.5):
        # P(T > t) is C t**-df out there, so the density is C df t**(-df - 1).
        constant = density(mpmath.mpf(1e300), df) * mpmath.mpf(1e300) ** (df + 1) / df
        for t in (1e290, 1.7e308):
            p = float(constant * mpmath.mpf(t) ** -df)
            assert t_quantile(p, df) == pytest.approx(-t, rel=1e-11 / df)
        assert t_quantile(float(constant * mpmath.mpf("1e310") ** -df), df) == -math.inf
    assert t_quantile(0.3, 1e-9) == -math.inf
    assert t_quantile(0.3, 5e-324) == -math.inf


@pytest.mark.parametrize("df", [0.7, 1, 3.5, 12, 441, 1e5, math.inf])
def test_scipy_says_the_same(df):
    for t in (0.01, 0.9, 1.7, 2.5, 6.0):
        assert t_p_value(t, df) == pytest.approx(2 * float(scipy.stats.t.sf(t, df)), rel=1e-11)
    for p in (0.0005, 0.025, 0.3, 0.6, 0.975):
        assert t_quantile(p, df) == pytest.approx(float(scipy.stats.t.ppf(p, df)), rel=1e-9)
    low, high = scipy.stats.t.interval(0.9, df, loc=3.0, scale=0.25)
    assert t_interval(3.0, 0.25, df, 0.9) == pytest.approx((float(low), float(high)), rel=1e-9)


def test_what_is_not_a_number_stays_so():
    nan, inf = math.nan, math.inf
    for t, df in ((nan, 3.0), (1.0, nan), (1.0, 0.0), (1.0, -1.0), (inf, nan)):
        assert math.isnan(t_p_value(t, df))
    for p, df in ((nan, 3.0), (0.5, nan), (0.5, 0.0), (-0.1, 3.0), (1.1, 3.0)):
        assert math.isnan(t_quantile(p, df))
    assert (t_p_value(0.0, 3.0), t_p_value(inf, 3.0), t_p_value(-inf, inf)) == (1.0, 0.0, 0.0)
    assert (t_quantile(0.0, 3.0), t_quantile(0.5, 3.0), t_quantile(1.0, inf)) == (-inf, 0.0, inf)
    for value, stderr, df in ((nan, 1.0, 3.0), (1.0, nan, 3.0), (1.0, 1.0, nan), (1.0, 1.0, 0.0)):
        assert all(map(math.isnan, t_interval(value, stderr, df, 0.95)))


def test_intervals():
    # 1.959963984540054: the 97.5 % quantile of the normal; 2.228139 with 10 degrees of freedom (any table).
    assert t_interval(0.0, 1.0, math.inf, 0.95) == pytest.approx((-1.959963984540054, 1.959963984540054), rel=1e-15)
    assert t_interval(1.0, 2.0, 10, 0.95)[1] == pytest.approx(1 + 2 * 2.228139, abs=1e-6)
    assert t_interval(4.0, 0.0, 1e-9, 0.95) == (4.0, 4.0)
    # (1 + level) / 2 is 1 - 2**-53 here, whose tail is wrong by a fifth.
    level = 1 - 2.0**-52 * 0.5
    assert t_interval(0.0, 1.0, 5, level)[1] == pytest.approx(-t_quantile(2.0**-54, 5), rel=1e-15)


freedoms = st.floats(0.05, 1e9) | st.sampled_from([0.5, 1.0, 2.0, 1e300, math.inf])


@settings(max_examples=200)
@given(st.floats(1e-300, 0.999999), freedoms)
def test_the_quantile_is_the_inverse(p, df):
    t = t_quantile(p / 2, df)
    if math.isfinite(t):
        # A relative error of t counts as many times as the power that the tail falls by.
        assert t_p_value(t, df) == pytest.approx(p, rel=1e-12)


@settings(max_examples=200)
@given(st.floats(0, 1e4), st.floats(1e-6, 2), freedoms)
def test_a_larger_t_is_rarer(t, more, df):
    assert t_p_value(t * (1 + more), df) <= t_p_value(t, df) * (1 + 1e-14)


@settings(max_examples=200)
@given(st.floats(1e-300, 0.49), st.floats(1.0001, 1.02), freedoms)
def test_quantiles_ascend(p, factor, df):
    low, high = t_quantile(p, df), t_quantile(p * factor, df)
    assert low < high or low == -math.inf


def test_quantiles_that_are_prepared_together_have_the_bits_of_single_ones() -> None:
    for p in (0.025, 0.005, 0.9, 0.0001, 0.3):
        dfs = [0.3 * 1.37**power for power in range(50)] + [3.0, 400.0, math.inf]
        student_t.t_quantile.cache_clear()
        student_t.prepare_quantiles(p, [])
        alone = [student_t.t_quantile(p, df) for df in dfs]
        student_t.t_quantile.cache_clear()
        student_t.prepare_quantiles(p, dfs)
        assert len(student_t._prepared) == (0 if p == 0.3 else len(dfs))
        assert [student_t.t_quantile(p, df) for df in dfs] == alone
        student_t.prepare_quantiles(p, [])
