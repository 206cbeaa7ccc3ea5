"""Units of small slices: what one slice asks does not grow with the units of all."""

from __future__ import annotations

import numpy as np
import pytest
from memory import peak_of

from losscli.aggregate.cross_products import UNIT, Contribution
from losscli.aggregate.few_units import FewUnits


def _kept(slices: int, each: int) -> tuple[FewUnits, Contribution]:
    few, one = FewUnits(), Contribution(None, "value", False)
    ids = np.tile(np.arange(slices), each)
    few.update(len(ids), ids, {one: np.arange(len(ids), dtype=float)})
    return few, one


def test_a_slice_gets_its_own_units_and_those_of_several_ids_follow_each_other():
    few, one = _kept(4, 3)
    ids, (values, ones) = few.of([2], [one, UNIT])
    assert (ids.tolist(), values.tolist(), ones.tolist()) == ([2, 2, 2], [2.0, 6.0, 10.0], [1.0, 1.0, 1.0])
    ids, (ones, values) = few.of([3, 1], [UNIT, one])
    assert (ids.tolist(), values.tolist()) == ([3, 3, 3, 1, 1, 1], [3.0, 7.0, 11.0, 1.0, 5.0, 9.0])
    assert ones.tolist() == [1.0] * 6


def test_what_is_kept_is_not_changed_through_what_one_slice_gets():
    few, one = _kept(4, 3)
    ids, (values,) = few.of([2], [one])
    for array in (ids, values):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 7
    few.update(2, np.array([2, 2]), {one: np.array([20.0, 21.0])})
    assert few.of([2], [one])[1][0].tolist() == [2.0, 6.0, 10.0, 20.0, 21.0]


def test_the_units_of_one_slice_take_no_memory_for_those_of_others():
    few, one = _kept(10_000, 10)
    few.of([0], [one, UNIT])  # sorts them, once
    found = few.of([5_000], [one, UNIT])
    assert found is not None and len(found[0]) == 10
    # The ones of all units would be 800,000 bytes.
    assert peak_of(lambda: few.of([5_000], [one, UNIT]), 50_000) < 50_000
