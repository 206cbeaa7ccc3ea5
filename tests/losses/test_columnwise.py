"""Several outputs with a number of each column: value, gradient and slices of several columns."""

from __future__ import annotations

import numpy as np
import pytest

import losscli

RNG = np.random.default_rng(3)
Y, P, W = RNG.normal(size=(12, 3)), RNG.normal(size=(12, 3)), RNG.uniform(0.5, 2.0, 12)
DATA = {f"{side}_{name}": values[:, at] for side, values in (("y", Y), ("p", P)) for at, name in enumerate("abc")}
DATA |= {"w": W, "s": np.array(["u", "v"] * 6)}
ROLES = {"target": "y_*", "pred": "p_*"}


def by_hand(pred, weights=None, rows=slice(None)):
    roots = np.sqrt(np.average((pred - Y)[rows] ** 2, axis=0, weights=None if weights is None else weights[rows]))
    return roots.mean(), roots


@pytest.mark.parametrize("weight", [None, "w"])
def test_value_terms_and_gradient(weight):
    weights = None if weight is None else W
    result = losscli.evaluate(DATA, "mcrmse", weight=weight, **ROLES)[0]
    want, roots = by_hand(P, weights)
    assert result.value == pytest.approx(want, rel=1e-14)
    assert {name: term.mean for name, term in result.terms.items()} == pytest.approx(
        {f"squared[{name}]": root**2 for name, root in zip("abc", roots, strict=True)}
    )
    found = losscli.gradient(DATA, "mcrmse", weight=weight, **ROLES)
    for at, name in enumerate("abc"):
        for row in (0, 7):
            step = np.zeros_like(P)
            step[row, at] = 1e-6
            slope = (by_hand(P + step, weights)[0] - by_hand(P - step, weights)[0]) / 2e-6
            assert found[f"p_{name}"][row] == pytest.approx(slope, rel=1e-7)


def test_groups_have_columns_of_their_own():
    got = losscli.evaluate(DATA, "mcrmse", mean_of="s", **ROLES)[0]
    assert got.value == pytest.approx(np.mean([by_hand(P, rows=slice(at, None, 2))[0] for at in (0, 1)]), rel=1e-14)
    alone = losscli.evaluate({"y": Y[:, 0], "p": P[:, 0]}, "mcrmse", target="y", pred="p")[0]
    assert alone.value == pytest.approx(by_hand(P)[1][0], rel=1e-15)
