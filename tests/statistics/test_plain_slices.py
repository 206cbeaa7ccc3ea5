"""Slices of one id have a short way to their sums, and disjoint blocks to their degrees of freedom: the same bits."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations_with_replacement
from unittest import mock

import numpy as np
import pytest

import losscli
from losscli.aggregate.cross_products import Contribution, CrossProducts
from losscli.aggregate.third_moments import third_moments
from losscli.statistics import uncertainty
from losscli.statistics.contribution_sums import Column, ContributionSums
from losscli.statistics.degrees_of_freedom import of_alike_units, of_disjoint_blocks, satterthwaite
from losscli.statistics.finalized_sums import WeightedSliceId

RNG = np.random.default_rng(11)
N = 1300  # more weighted rows than are kept
DATA = {
    "y": RNG.normal(size=N), "p": RNG.normal(size=N), "z": (RNG.uniform(size=N) < 0.4).astype(float),
    "w": RNG.lognormal(size=N) * (RNG.uniform(size=N) < 0.9), "s": RNG.integers(0, 5, N),
}  # fmt: skip


def sums_of(loss, **settings):
    kept = []

    def keep(*given):
        kept.append(ContributionSums(*given))
        return kept[-1]

    with mock.patch.object(uncertainty, "ContributionSums", keep):
        losscli.evaluate(DATA, loss, pred="p", by="s", interval=True, **settings)
    return kept[0]


@pytest.mark.parametrize("more", [{}, {"weight": "w"}, {"weight": "w", "divide_by": "count"}, {"divide_by": "rows"}])
@pytest.mark.parametrize(("loss", "target"), [(["mse", "wmape"], "y"), (["lsgan_discriminator"], "z")])
def test_sums_of_one_slice_id_are_those_of_a_list(loss, target, more):
    sums = sums_of(loss, target=target, **more)
    columns = [Column(at) for at in range(len(sums._contributions))]
    seen = 0
    for number in range(5):
        short, long = [WeightedSliceId(number)], [WeightedSliceId(number, Fraction(1))]
        for pair in combinations_with_replacement(columns, 2):
            found = sums.product(*pair, short)
            assert found == sums.product(*pair, long) and found == sums.product(*pair[::-1], short)
            seen += bool(found)
        for some in (every for length in (1, 2, 3) for every in combinations_with_replacement(columns, length)):
            found = sums.third_moment(some, short)
            assert found == sums.third_moment(some, long)
            seen += bool(found)
    assert seen > 20


@pytest.mark.parametrize("size", [1.0, 1e-120, 1e-60, 1e110])
def test_products_with_zeros_are_those_without(size):
    """Rows of 0 change no sum of products, also where products leave the range of doubles."""
    values, taken = RNG.lognormal(size=40) * size, RNG.uniform(size=40) < 0.5
    one, other, both = (Contribution("x", term, False) for term in "abc")
    thirds, seconds = {}, {}
    for rows, name in ((np.arange(40), "all"), (np.flatnonzero(taken), "taken")):
        columns = {one: np.where(taken, values, 0.0)[rows], other: np.where(taken, 0.0, values)[rows],
                   both: values[rows]}  # fmt: skip
        thirds[name], seconds[name] = CrossProducts(), CrossProducts()
        with np.errstate(all="ignore"):
            third_moments(thirds[name], columns, [list(columns)], {}, False, None)
            seconds[name].update((one, both), columns[one], columns[both], len(rows), None)
    for found in (thirds, seconds):
        for key in [key for key in found["all"].sums if one in key]:
            assert found["all"].sums[key].evaluate() == found["taken"].sums[key].evaluate()
    assert thirds["all"].sums[one, one, other].evaluate() == [0] != thirds["all"].sums[one, one, both].evaluate()


def test_degrees_of_freedom_of_disjoint_blocks():
    for _ in range(50):
        variances, shares = RNG.uniform(0.01, 1, 3).tolist(), (1 / RNG.uniform(2, 900, 3)).tolist()
        matrix = [[one if k == m else 0.0 for m in range(3)] for k, one in enumerate(shares)]
        assert of_disjoint_blocks(variances, shares) == satterthwaite(variances, *of_alike_units(matrix))
