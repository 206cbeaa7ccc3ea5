"""Scores of variances and covariances: no digit is lost however far from 0 the data is."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest

import losscli
from losscli.losses._moments import product

RNG = np.random.default_rng(11)
N = 150
# Multiples of 2**-20, so that moving them by 2**27 rounds nothing.
Y = np.round(RNG.normal(0, 1, N) * 2**20) / 2**20
P = Y + np.round(RNG.normal(0.1, 0.5, N) * 2**20) / 2**20
W = RNG.uniform(0.5, 2, N)
LOSSES = ["r2", "pearson", "ccc", "qwk", "relative_squared_error", "correlation_loss", "ccc_loss"]


def evaluate(y, p, losses=LOSSES, **more):
    data = {"y": y, "p": p, "w": W, "c": np.arange(len(y)) // 5}
    return losscli.evaluate(data, losses, target="y", pred="p", interval=True, **more)


def by_mpmath(y, p, w):
    with mp.workdps(60):
        y, p, w = ([mp.mpf(v) for v in column] for column in (y, p, w))
        total = mp.fsum(w)

        def mean(values):
            return mp.fsum(a * b for a, b in zip(w, values, strict=True)) / total

        level, other = mean(y), mean(p)
        vy, vp = mean([(a - level) ** 2 for a in y]), mean([(a - other) ** 2 for a in p])
        both = mean([(a - level) * (b - other) for a, b in zip(y, p, strict=True)])
        error = mean([(a - b) ** 2 for a, b in zip(y, p, strict=True)])
        agreement = 2 * both / (vy + vp + (level - other) ** 2)
        found = {"r2": 1 - error / vy, "pearson": both / mp.sqrt(vy * vp), "ccc": agreement, "qwk": agreement}
        return {name: float(value) for name, value in found.items()}


@pytest.mark.parametrize("offset", [0.0, 1e8, -3e12])
@pytest.mark.parametrize("weighted", [False, True])
def test_values_are_right_to_the_last_bit_far_from_0(offset, weighted):
    y, p = Y + offset, P + offset + 1 / 3
    expected = by_mpmath(y, p, W if weighted else np.ones(N))
    found = {one.loss: one.value for one in evaluate(y, p, weight="w" if weighted else None)}
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=3e-16)


@pytest.mark.parametrize("settings", [{}, {"cluster": "c"}], ids=["rows", "clusters"])
def test_standard_errors_do_not_see_where_0_is(settings):
    near, far = evaluate(Y, P, **settings), evaluate(Y + 2.0**27, P + 2.0**27, **settings)
    for one, other in zip(near, far, strict=True):
        assert one.stderr > 0
        assert (one.value, one.stderr, one.interval) == (other.value, other.stderr, other.interval)


def test_the_standard_error_is_that_of_leaving_rows_out():
    """The delta method beside the jackknife, which knows nothing of gradients."""
    scores = {
        "r2": lambda y, p: 1 - np.mean((y - p) ** 2) / np.var(y),
        "pearson": lambda y, p: np.corrcoef(y, p)[0, 1],
        "ccc": lambda y, p: 2 * np.cov(y, p, ddof=0)[0, 1] / (np.var(y) + np.var(p) + (y.mean() - p.mean()) ** 2),
    }
    for one in evaluate(Y, P, list(scores)):
        left = np.array([scores[one.loss](np.delete(Y, i), np.delete(P, i)) for i in range(N)])
        assert one.stderr == pytest.approx(np.sqrt((N - 1) * np.var(left)), rel=0.05)


@pytest.mark.parametrize("settings", [{"weight": "w"}, {"bootstrap": 50}], ids=["weights", "resamples"])
def test_no_standard_error_is_made_of_rounding(settings):
    """Products with weights, and sums of resamples, are doubles: far from 0, they have lost the spread."""
    assert all(one.stderr > 0 for one in evaluate(Y + 2.0**10, P + 2.0**10, **settings))
    report = evaluate(Y + 2.0**30, P + 2.0**30, **settings)
    assert [one.stderr for one in report] == [None] * len(LOSSES)
    assert len([one for one in report.warnings if "standard error" in one.message]) >= len(LOSSES)


def test_a_constant_target_gives_no_finite_number():
    constant = np.full(N, 0.1)
    found = {one.loss: one.value for one in evaluate(constant, P)}
    assert (found["r2"], found["relative_squared_error"]) == (-np.inf, np.inf)
    assert np.isnan(found["pearson"])
    assert found["ccc"] == 0
    perfect = {one.loss: one.value for one in evaluate(constant, constant)}
    assert np.isnan([perfect[name] for name in ("r2", "pearson", "ccc")]).all()


def test_slices_and_shards_of_rows_have_the_same_bits():
    order = RNG.permutation(N)
    assert [one.value for one in evaluate(Y, P)] == [one.value for one in evaluate(Y[order], P[order])]


def test_a_product_and_its_rest_are_exact():
    x, y = RNG.normal(0, 1e8, 200), RNG.normal(0, 1e-3, 200)
    value, rest = product(x, y)
    with mp.workdps(60):
        exact = [mp.mpf(a) * mp.mpf(b) for a, b in zip(x, y, strict=True)]
        assert all(mp.mpf(a) + mp.mpf(b) == c for a, b, c in zip(value, rest, exact, strict=True))
    with np.errstate(all="ignore"):
        assert product(np.array([1e200]), np.array([1e200]))[1].tolist() == [0.0]
