"""Traits of values: where they hold, and where they do not."""

from __future__ import annotations

import numpy as np
import pytest

from losscli.contract.traits import TRAITS, SampleColumns, trait_of
from losscli.losses import every

ROWS = 200
RNG = np.random.default_rng(4)
RATE = np.exp(RNG.normal(1, 0.5, ROWS))
COUNTS = np.maximum(RNG.poisson(RATE), 0.0)
NORMAL = RNG.normal(50, 5, ROWS)
SIZES = np.exp(RNG.normal(5, 2, ROWS))
AMOUNTS = np.where(RNG.random(ROWS) < 0.5, SIZES, 0.0)
GRADES = RNG.integers(1, 6, ROWS).astype(float)
NEXT = np.clip(GRADES + RNG.integers(-1, 2, ROWS), 1, 5)
MIXED_UP = np.where(RNG.random(ROWS) < 0.7, GRADES, RNG.integers(1, 6, ROWS))
QUERIES = np.repeat(np.arange(ROWS // 10), 10)
HOLDS = {
    "counts": [(RATE, COUNTS)],
    "amounts": [(SIZES + 1, AMOUNTS)],
    "magnitudes": [(SIZES * 1.1, SIZES)],
    "heavy_tails": [(NORMAL + RNG.standard_t(1.5, ROWS), NORMAL)],
    "grades": [(NEXT, GRADES)],
}
FAILS = {
    "counts": [(COUNTS, COUNTS), (NORMAL, np.round(NORMAL)), (RATE - 10, COUNTS), (RATE, COUNTS + 0.5)],
    "amounts": [(SIZES, SIZES), (RATE, COUNTS), (SIZES - 1e4, AMOUNTS)],
    "magnitudes": [(NORMAL, NORMAL), (SIZES, SIZES - 1000)],
    "heavy_tails": [(NORMAL + RNG.normal(0, 1, ROWS), NORMAL), (SIZES * np.exp(RNG.normal(0, 0.5, ROWS)), SIZES)],
    "grades": [(MIXED_UP, GRADES), (NEXT + 0.5, GRADES), (NEXT + 3, GRADES), (NORMAL, NORMAL)],
}


@pytest.mark.parametrize("name", HOLDS)
def test_a_trait_holds_where_it_should_and_nowhere_else(name):
    for wanted, cases in ((True, HOLDS[name]), (False, FAILS[name])):
        for pred, target in cases:
            assert TRAITS[name].holds(SampleColumns({"pred": pred, "target": target})) is wanted
    pred, target = HOLDS[name][0]
    few = SampleColumns({"pred": pred[:5], "target": target[:5]})
    assert not TRAITS[name].holds(few), "five rows tell nothing"
    assert not TRAITS[name].holds(SampleColumns({"anchor": pred}))


def test_queries_are_groups_of_several_rows():
    arrays = {"pred": NORMAL, "target": GRADES}
    assert TRAITS["queries"].holds(SampleColumns(arrays, queries=QUERIES))
    assert not TRAITS["queries"].holds(SampleColumns(arrays))
    assert not TRAITS["queries"].holds(SampleColumns(arrays, queries=np.arange(ROWS)))
    assert not TRAITS["queries"].holds(SampleColumns(arrays | {"target": SIZES}, queries=QUERIES))


def test_classes_are_labels_or_a_number_each():
    assert TRAITS["classes"].holds(SampleColumns({"target": GRADES}, labels=True))
    assert TRAITS["classes"].holds(SampleColumns({"pred": np.ones((4, 3))}))
    assert not TRAITS["classes"].holds(SampleColumns({"pred": NORMAL}))


def test_losses_name_traits_that_there_are_and_each_trait_has_a_loss():
    named = {loss.first for loss in every().values() if isinstance(loss.first, str)}
    assert named == TRAITS.keys()
    assert trait_of("mae", True) is trait_of("mae", False) is None
    with pytest.raises(ValueError, match="'x' is declared first='odd', which is not one of counts, "):
        trait_of("x", "odd")
