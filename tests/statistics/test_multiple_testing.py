"""Adjusted p-values: outside numbers, laws, and what a family of comparisons is."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from losscli import compare
from losscli.statistics.multiple_testing import adjusted as adjusted_by
from losscli.statistics.multiple_testing import benjamini_hochberg, holm


@pytest.mark.parametrize(
    ("ps", "adjusted"),
    [
        # statsmodels 0.15.0, multipletests(ps, method="holm")[1]
        ([0.01, 0.04, 0.03, 0.005], [0.03, 0.06, 0.06, 0.02]),
        ([0.02, 0.0009, 0.6, 0.02, 0.3, 0.011, 0.049], [0.1, 0.0063, 0.6, 0.1, 0.6, 0.066, 0.147]),
        ([0.9, 0.5, 0.7], [1.0, 1.0, 1.0]),
        ([0.04], [0.04]),
        ([], []),
    ],
)
def test_holm_is_statsmodels(ps, adjusted):
    assert holm(ps) == pytest.approx(adjusted, rel=1e-15)


def test_tests_that_were_not_made_do_not_count():
    found = holm([0.01, None, 0.04, math.nan, 0.03, 0.005])
    assert math.isnan(found[1]) and math.isnan(found[3])
    assert [p for p in found if not math.isnan(p)] == pytest.approx([0.03, 0.06, 0.06, 0.02], rel=1e-15)
    assert math.isnan(holm([None])[0])


@given(st.lists(st.floats(0, 1), max_size=12))
def test_holm_keeps_order_and_lies_between_raw_and_bonferroni(ps):
    found = holm(ps)
    for p, q in zip(ps, found, strict=True):
        assert p <= q <= min(1, len(ps) * p)
    pairs = sorted(zip(ps, found, strict=True))
    assert [q for _, q in pairs] == sorted(found)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_benjamini_hochberg_is_scipys(ps):
    assert benjamini_hochberg(ps) == pytest.approx(scipy.stats.false_discovery_control(ps).tolist(), rel=1e-13)


def test_benjamini_hochberg_is_statsmodels():
    # statsmodels 0.15.0, multipletests(ps, method="fdr_bh")[1]
    ps = [0.021, 0.0013, 0.6, 0.049, 0.0481, 0.012]
    assert benjamini_hochberg(ps) == pytest.approx([0.042, 0.0078, 0.6, 0.0588, 0.0588, 0.036], rel=1e-13)
    found = benjamini_hochberg([None, *ps, math.nan])
    assert math.isnan(found[0]) and math.isnan(found[-1]) and found[1:-1] == benjamini_hochberg(ps)


def test_methods_by_name():
    ps = [0.01, None, 0.04]
    assert adjusted_by(ps, "holm")[0] == 0.02 and adjusted_by(ps, "bh")[2] == 0.04
    assert adjusted_by(ps, "none")[::2] == [0.01, 0.04] and math.isnan(adjusted_by(ps, "none")[1])


def _table(rows=240):
    rng = np.random.default_rng(11)
    y = rng.normal(size=rows)
    models = {name: y + rng.normal(0, spread, rows) for name, spread in (("a", 1.0), ("b", 1.1), ("c", 1.3))}
    return {"y": y, "g": [f"g{i % 6}" for i in range(rows)], **models}


def test_the_family_of_bh_is_all_slices_of_a_loss():
    table = _table()
    given = {"target": "y", "pred": {name: name for name in "abc"}, "by": "g", "permutations": 0}
    found = compare(table, ["mse", "mae"], adjust="bh", **given).comparisons
    for spec in ("mse", "mae"):
        for whole in (True, False):
            family = [c for c in found if c.spec == spec and bool(c.by) != whole]
            assert len(family) == (2 if whole else 12) and {c.adjustment for c in family} == {"bh"}
            expected = scipy.stats.false_discovery_control([c.t_test.p for c in family])
            assert [c.t_test.adjusted for c in family] == pytest.approx(expected.tolist(), rel=1e-13)
    by_holm = compare(table, ["mse", "mae"], **given).comparisons
    assert [c.t_test.holm for c in by_holm] == [c.t_test.holm for c in found]
    assert all(c.t_test.decisive == c.t_test.holm and c.decision.decisive == c.decision.holm for c in by_holm)
    assert all(c.decision.decisive == c.t_test.adjusted for c in found)
    plain = compare(table, ["mse", "mae"], adjust="none", **given).comparisons
    assert all(c.t_test.decisive == c.t_test.p for c in plain)


def test_the_verdict_follows_the_adjustment():
    rng = np.random.default_rng(3)
    y = rng.normal(size=80)
    noise = rng.normal(size=80)
    table = {"y": y, "a": y + noise, "b": y + 0.7 * noise + rng.normal(0, 0.45, 80)}
    table |= {f"c{i}": y + rng.normal(size=80) for i in range(24)}
    given = {"target": "y", "pred": {name: name for name in table if name != "y"}, "permutations": 0}
    verdicts = {
        method: {c.model: (c.verdict, c.t_test) for c in compare(table, "mse", adjust=method, **given).comparisons}
        for method in ("none", "holm")
    }
    (alone, test), (among, _) = verdicts["none"]["b"], verdicts["holm"]["b"]
    assert test.p < 0.05 < test.holm
    assert alone == "better" and among == "no difference shown"
