"""Paired tests and square roots: outside numbers, exact numbers, laws."""

from __future__ import annotations

import math
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from waiting import PATIENCE

from losscli.statistics.exact_ratio import Ratio, square_root
from losscli.statistics.hypothesis_tests import paired_t

LARGEST = 1.7976931348623157e308


def test_paired_t_is_scipys():
    rng = np.random.default_rng(2)
    x = rng.normal(1, 1, 37)
    for y in (x + rng.normal(0.1, 0.5, 37), x - rng.normal(2, 0.5, 37)):
        d = x - y
        expected = scipy.stats.ttest_rel(x, y)
        found = paired_t(float(d.mean()), float(d.std(ddof=1) / math.sqrt(37)), 36)
        assert found == pytest.approx((float(expected.statistic), float(expected.pvalue)), rel=1e-11, abs=0)


def test_paired_t_where_nothing_varies():
    assert all(map(math.isnan, paired_t(0.5, 0.0, 9)))
    t, p = paired_t(0.0, 0.0, 9)
    assert math.isnan(t) and p == 1
    assert paired_t(0.0, 0.5, 9) == (0.0, 1.0)
    for arguments in ((math.nan, 1, 9), (1, math.nan, 9), (1, 1, 0), (1, 0, 0), (1, 1, math.nan)):
        assert all(map(math.isnan, paired_t(*arguments)))


def rooted(square: Fraction) -> float:
    return square_root(Ratio(square.numerator, square.denominator))


doubles = st.floats(0, allow_infinity=False)


@settings(max_examples=300)
@given(doubles, doubles, st.integers(-1200, 1200))
def test_roots_are_rounded_once(x, y, shift):
    square = Fraction(x) * Fraction(y) * Fraction(2) ** shift
    found = rooted(square)
    if math.isinf(found):
        assert square >= Fraction(LARGEST) ** 2
        return
    # The root lies between the midpoints to the neighbours of what was found.
    below, above = math.nextafter(found, -math.inf), math.nextafter(found, math.inf)
    assert below < 0 or ((Fraction(below) + Fraction(found)) / 2) ** 2 <= square
    if above < math.inf:
        assert square <= ((Fraction(above) + Fraction(found)) / 2) ** 2


@given(doubles)
def test_roots_of_squares(x):
    assert rooted(Fraction(x) ** 2) == x


def test_roots_beside_the_doubles():
    tiny = Fraction(5e-324)
    assert rooted(tiny**2 / 4) == 0  # half the least double: to even
    assert rooted(tiny**2 / 4 + Fraction(1, 10**2000)) == 5e-324
    assert rooted(Fraction(LARGEST) ** 2 * 2) == math.inf
    assert rooted(Fraction(10) ** 5000) == math.inf
    # Halfway between 1 and its neighbour, and a hair to either side: the last bit is decided far beyond 64 bits.
    middle, hair = 1 + Fraction(1, 2**53), Fraction(1, 10**300)
    assert rooted(middle**2) == rooted(middle**2 - hair) == 1
    assert rooted(middle**2 + hair) == 1 + 2**-52
    with pytest.raises(ValueError, match="root"):
        rooted(Fraction(-1))


def test_imports_numpy_and_no_more():
    code = "import numpy, sys; before = set(sys.modules); import losscli.statistics.hypothesis_tests; " \
           "import losscli.statistics.bootstrap; " \
           "print(*{name.partition('.')[0] for name in set(sys.modules) - before})"  # fmt: skip
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=PATIENCE)
    assert set(done.stdout.split()) <= {"losscli", *sys.stdlib_module_names, "numpy"}
